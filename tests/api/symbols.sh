#!/bin/bash
# SPDX-License-Identifier: MIT
# What the built libraries export and need.
# usage: symbols.sh SOURCE_DIR WORK_DIR CC SHARED_LIBRARY STATIC_LIBRARY SANITIZED
set -eu
source_dir=$1 work=$2 cc=$3 shared=$4 static=$5 instrumented=$6
. "$source_dir/tests/common/check.sh"
have readelf || skip "readelf is not installed"
rm -rf "$work"
mkdir -p "$work"

exported() {
	nm -D --defined-only "$1" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort
}

# Not every machine has all that the version script and the headers list.
macros=$(printf '#include <errseq/errseq.h>\n#include <errseq/wait.h>\n' |
	"$cc" -std=c11 -I"$source_dir/include" -E -dM -x c -)
offered() {
	grep -vE "^($(grep -q 'define ERRSEQ_HAVE_64 1' <<<"$macros" || echo 'errseq64_.*')|$(
		grep -q 'define ERRSEQ_HAVE_WAIT 1' <<<"$macros" || echo 'errseq_wa(it|ke)'
	))$"
}

in_map=$(sed -n 's/^\t\(errseq[0-9]*_[a-z_]*\);$/\1/p' "$source_dir/src/libErrseq.map" | offered | sort)
got=$(exported "$shared")
[ "$got" = "$in_map" ] || fail "$shared exports: $got
the version script lists: $in_map"
# The headers' prototypes: the word before the first parenthesis after ERRSEQ_API_.
in_header=$(cat "$source_dir"/include/errseq/*.h | tr '\n' ' ' | grep -oE 'ERRSEQ_API_ [^;(#]*\(' |
	grep -oE 'errseq[0-9]*_[a-z_]+' | grep -vE '_t$' | offered | sort -u)
[ "$got" = "$in_header" ] || fail "$shared exports: $got
the header declares: $in_header"
readelf -d "$shared" | grep -q 'SONAME.*\[libErrseq\.so\.0\]' || fail "$shared has not the SONAME libErrseq.so.0"
nm -D --defined-only "$shared" | awk '$2 == "T"' | grep -qv '@@LIBERRSEQ_0\.1$' &&
	fail "$shared exports a function outside of the version LIBERRSEQ_0.1"
echo "exported = header = version script: $(wc -l <<<"$got") symbols, SONAME libErrseq.so.0, LIBERRSEQ_0.1"

if [ "$instrumented" = 1 ]; then
	skip_part "built with instrumentation, which needs symbols of its own: undefined symbols are not checked"
else
	# What the compiler's start files bring along is weak; anything else would be a call.
	# Waiting is a system call, and all that is needed of libc.
	needed=$(calls_elsewhere -D "$shared" | grep -vxE 'syscall|__errno_location|___errno_location' || true)
	[ -z "$needed" ] || fail "$shared needs: $needed"
	(cd "$work" && ar x "$static")
	must ls "$work"/errseq*.o
	needed=$(calls_elsewhere "$work"/errseq*.o)
	[ -z "$needed" ] || fail "the core of $static needs: $needed"
	echo "nothing undefined but what waiting needs of libc"

	# Who embeds the static library in a shared object re-exports nothing.
	printf '#include <errseq/errseq.h>\nint f(errseq_t *, errseq_cursor_t *);\nint f(errseq_t *w, errseq_cursor_t *c) { return errseq_check_and_advance(w, c); }\n' \
		>"$work/embeds.c"
	must "$cc" -std=c11 -O0 -fPIC -shared -I"$source_dir/include" "$work/embeds.c" "$static" -o "$work/embeds.so"
	got=$(exported "$work/embeds.so" | grep -vxE '_init|_fini') # musl's start files show theirs
	[ "$got" = f ] || fail "a shared object that embeds $static exports: $got"
	echo "a shared object that embeds the static library exports none of it"
fi
! readelf -d "$shared" | grep -qE 'RPATH|RUNPATH|TEXTREL' || fail "$shared carries a path or text relocations"
if [ "$instrumented" = 0 ]; then
	! nm "$static" | grep -E ' [BbDdCcGgSs] ' || fail "$static has variables: there is no global state"
	! readelf -SW "$static" | grep -E '\.(init_array|ctors)' || fail "$static runs code before main"
	echo "no variables, and nothing that runs before main"
fi
