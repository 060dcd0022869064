#!/bin/bash
# SPDX-License-Identifier: MIT
# Header, manual and version script never disagree. Each exported public name has a page, with the prototype of the
# header that the page includes; references lead somewhere; the program in EXAMPLES has at most 30 lines, compiles
# without a warning and returns 0. (api.symbols holds the header, the version script and the library together.)
# usage: check-manual.sh SOURCE_DIR WORK_DIR CC
set -eu
export LC_ALL=C
source_dir=$(cd "$1" && pwd) work=$2 cc=$3
. "$source_dir/tests/common/check.sh"
rm -rf "$work"
mkdir -p "$work"
work=$(cd "$work" && pwd)
cd "$source_dir/docs/man"
complaints=0

complain() {
	printf '%s\n' "$*" >&2
	complaints=$((complaints + 1))
}

# Both headers as the compiler sees them, with single spaces; and their macros.
for header in errseq wait; do
	must "$cc" -std=c11 -I"$source_dir/include" -DERRSEQ_NO_INLINE -E -P "$source_dir/include/errseq/$header.h" \
		-o "$work/$header.i"
	tr -s ' \t\n' ' ' <"$work/$header.i" | sed 's/( /(/g' >"$work/errseq_$header.h"
done
macros=$("$cc" -std=c11 -I"$source_dir/include" -E -dM -include errseq/errseq.h -include errseq/wait.h -x c - </dev/null)

# Not every machine has all that is documented.
is_absent() {
	case $1 in
	*64_*) ! grep -q '^#define ERRSEQ_HAVE_64 ' <<<"$macros" ;;
	*_wait | *_wake) ! grep -q '^#define ERRSEQ_HAVE_WAIT ' <<<"$macros" ;;
	*) false ;;
	esac
}

# synopsis PAGE: its prototypes, one a line: "int errseq_set(errseq_t *eseq, int err)"
synopsis() {
	sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESCRIPTION/p' "$1" | awk '
	function prototype(name, arguments) {
		print type (type ~ /\*$/ ? "" : " ") name "(" arguments ")"
	}
	/^\.Ft / { type = substr($0, 5) }
	/^\.Fo / { name = $2; arguments = "" }
	/^\.Fa / { gsub(/^\.Fa "?|"$/, ""); arguments = arguments (arguments == "" ? "" : ", ") $0 }
	/^\.Fc/ { prototype(name, arguments) }
	/^\.Fn / { name = $2; sub(/^\.Fn [^ ]+ "?/, ""); gsub(/" "/, ", "); sub(/"$/, ""); prototype(name, $0) }'
}

names=$(sed -n 's/^\t\(errseq[0-9]*_[a-z_]*[a-z]\);$/\1/p' "$source_dir/src/libErrseq.map")
[ -n "$names" ] || fail "src/libErrseq.map lists no public name"
documented=$(sed -n '/^\.Sh NAME/,/^\.Nd/s/^\.Nm \([^ ]*\).*/\1/p' -- *.3)
for name in $names $(sed -n 's/^#define \(ERRSEQ_HAVE_[A-Z0-9]*\) .*/\1/p' <<<"$macros"); do
	[ "$(grep -cxF "$name" <<<"$documented")" = 1 ] ||
		complain "$name should be a .Nm of one page of docs/man, and is so $(grep -cxF "$name" <<<"$documented") times"
done
for name in $documented; do
	grep -qxF "$name" <<<"$names" || is_absent "$name" || grep -q "^#define $name\>" <<<"$macros" ||
		[ "$name" = ERRSEQ_HAVE_64 ] || [ "$name" = ERRSEQ_HAVE_WAIT ] ||
		complain "docs/man documents $name, which is neither exported nor a macro"
done

for page in *.3; do
	header=$(sed -n 's/^\.In errseq\/\(.*\)\.h/errseq_\1.h/p' "$page" | tail -n 1)
	[ -e "$work/$header" ] || fail "$page: SYNOPSIS has no .In of errseq/errseq.h or errseq/wait.h"
	synopsis "$page" >"$work/prototypes"
	while read -r prototype; do
		name=$(sed -E 's/.*[ *](errseq[0-9]*_[a-z_]+)\(.*/\1/' <<<"$prototype")
		is_absent "$name" || grep -qF " $prototype" "$work/$header" ||
			complain "$page: '$prototype' is not what include/errseq says; it says:$(grep -oE "[^;]*[ *]$name\([^)]*\)" "$work/$header")"
	done <"$work/prototypes"
	while read -r name; do
		grep -q "[ *]$name(" "$work/prototypes" || complain "$page: SYNOPSIS does not show $name"
	done < <(sed -n '/^\.Sh NAME/,/^\.Nd/s/^\.Nm \(errseq[^ ]*\).*/\1/p' "$page")
done
grep -hE '^\.Xr errseq' -- *.[37] | sort -u | while read -r _ name section _; do
	grep -qE "^\.Nm $name( |$)" -- *."$section" || echo ".Xr $name $section leads nowhere"
done >"$work/nowhere"
[ ! -s "$work/nowhere" ] || complain "$(cat "$work/nowhere")"

programs=0
for page in *.[37]; do
	program=$work/${page//./-}
	sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/p' "$page" | sed -n '/^\.Bd -literal/,/^\.Ed/p' |
		sed -e '/^\.[BE]d/d' -e 's/\\&//g; s/\\-/-/g; s/\\(aq/'"'"'/g; s/\\e/\\/g' >"$program.c"
	lines=$(wc -l <"$program.c")
	if [ "$lines" = 0 ] || [ "$lines" -gt 30 ]; then
		complain "$page: the program in EXAMPLES should have 1 to 30 lines, and has $lines"
	fi
	if is_absent "$(sed -n '/^\.Sh NAME/,/^\.Nd/s/^\.Nm \([^ ]*\).*/\1/p' "$page" | head -n 1)"; then
		skip_part "the program of $page was not built: this machine lacks the call"
		continue
	fi
	must "$cc" -std=c11 -Wall -Wextra -Werror -I"$source_dir/include" "$program.c" "$source_dir"/src/*.c -pthread \
		-o "$program"
	"$program" >/dev/null || complain "$page: the program in EXAMPLES returned $?"
	programs=$((programs + 1))
done

if have mandoc; then
	mandoc -T lint -W warning -- *.[37] || complain "mandoc -T lint is not content"
else
	skip_part "mandoc is not installed: the pages were not linted"
fi
[ $complaints = 0 ] || fail "$complaints disagreements"
echo "$(wc -w <<<"$names") functions, $(printf "%s\n" *.[37] | wc -l) pages and $programs programs agree"
