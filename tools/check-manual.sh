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
	*64*) ! grep -q '^#define ERRSEQ_HAVE_64 ' <<<"$macros" ;;
	*_wait | *_wake | *_WAIT) ! grep -q '^#define ERRSEQ_HAVE_WAIT ' <<<"$macros" ;;
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

# The types and macros that are for users.
others=$(grep -hoE '\<errseq[0-9]*(_[a-z]+)*_t\>' "$work"/errseq_*.h | sort -u
	sed -n 's/^#define \(ERRSEQ_[A-Z0-9_]*[A-Z0-9]\)[ (].*/\1/p' <<<"$macros" | grep -v '_H$')
names=$(sed -n 's/^\t\(errseq[0-9]*_[a-z_]*[a-z]\);$/\1/p' "$source_dir/src/libErrseq.map")
[ -n "$names" ] || fail "src/libErrseq.map lists no public name"
documented=$(sed -n '/^\.Sh NAME/,/^\.Nd/s/^\.Nm \([^ ]*\).*/\1/p' -- *.3)
for name in $names $others; do
	[ "$(grep -cxF "$name" <<<"$documented")" = 1 ] ||
		complain "$name should be a .Nm of one page of docs/man, and is so $(grep -cxF "$name" <<<"$documented") times"
done
for name in $documented; do
	grep -qxF "$name" <<<"$names"$'\n'"$others" || is_absent "$name" ||
		complain "docs/man documents $name, which is no function, type or macro for users"
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
	done < <(sed -n '/^\.Sh NAME/,/^\.Nd/s/^\.Nm \(errseq[^ ]*\).*/\1/p' "$page" | grep -v '_t$')
done
grep -hE '^\.Xr errseq' -- *.[37] | sort -u | while read -r _ name section _; do
	grep -qE "^\.Nm $name( |$)" -- *."$section" || echo ".Xr $name $section leads nowhere"
done >"$work/nowhere"
[ ! -s "$work/nowhere" ] || complain "$(cat "$work/nowhere")"

# The bits of a word, in the header and on the two pages that show them: "0-11 errno", and so on.
in_header=$(sed -nE 's/^ \*\t *([0-9]+(-[0-9]+)?)  (errno|reported|observed|counter) .*/\1 \3/p' \
	"$source_dir/include/errseq/errseq.h")
[ "$(wc -l <<<"$in_header")" = 4 ] || complain "errseq.h should show four fields of a word, and shows: $in_header"
for page in errseq.7 errseq64_set.3; do
	in_page=$(sed -nE 's/^\.It ([0-9]+)(\\\(en([0-9]+))? Ta (errno|reported|observed|counter) .*/\1-\3 \4/p' $page | sed 's/- / /')
	[ $page = errseq.7 ] || in_page=${in_page/14-63/14-31}
	[ "$in_page" = "$in_header" ] || complain "$page shows the bits $in_page, the header $in_header"
done

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
