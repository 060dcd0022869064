#!/bin/bash
# SPDX-License-Identifier: MIT
# Misuse is caught when the user compiles: at -O0 and -O2, in C and in C++, by gcc and by clang. Each snippet
# that must not compile stands beside one that differs only in being right, and must.
# usage: misuse.sh SOURCE_DIR WORK_DIR few|all CC [CXX]
set -eu
source_dir=$1 work=$2 how_many=$3 cc=$4 cxx=${5:-}
. "$source_dir/tests/common/check.sh"
rm -rf "$work"
mkdir -p "$work"
caught=0

# snippet FILE STATEMENT
snippet() {
	printf '#include <errno.h>\n#include <errseq/errseq.h>\n#include <errseq/wait.h>\nvoid use(errseq_t *word, errseq_cursor_t *cursor, errseq_shared_cursor_t *shared, int err);\nvoid use(errseq_t *word, errseq_cursor_t *cursor, errseq_shared_cursor_t *shared, int err)\n{\n\t(void)word, (void)cursor, (void)shared, (void)err;\n\t%s\n}\n' \
		"$2" >"$1"
}

# refused PATTERN STATEMENT FLAGS...: does not compile and says PATTERN
refused() {
	local pattern=$1 statement=$2
	shift 2
	snippet "$work/wrong.c" "$statement"
	must_fail_with "$pattern" "${compile[@]}" "$@" "$work/wrong.c"
	caught=$((caught + 1))
}

# accepted STATEMENT: compiles, together with all others of its kind
accepted() {
	right+=" $1"
}

try() {
	local level err call
	for level in $levels; do
		right=
		compile=("$@" "$level" -I"$source_dir/include" -c -o "$work/out.o")
		for err in EIO ENOSPC 0 4095 4096 -4096 -4097 5u '5 - 5' INT_MIN; do
			refused 'negated errno|negated_errno' "errseq_set(word, $err);" -include limits.h
		done
		refused 'negated errno|negated_errno' 'errseq64_t big; errseq64_set(&big, EIO);'
		for err in -EIO -ENOSPC -1 -4095 err -err 'err ? -EIO : err'; do
			accepted "errseq_set(word, $err);"
		done
		for call in 'errseq_check_shared(word, shared)' 'errseq_check_and_advance_shared(word, shared)' \
			'errseq_wait(word, *cursor, 0)' 'errseq_check(word, *cursor)' 'errseq_check_and_advance(word, cursor)' \
			'errseq_sample(word)' 'errseq_peek(word)'; do
			refused 'unused|ignor' "$call;" -Werror
			accepted "if ($call) return;"
			accepted "ERRSEQ_DISCARD($call);"
		done
		for call in 'errseq_set(0, -EIO)' 'errseq_init(0)' 'if (errseq_wait(0, *cursor, 0)) return'; do
			refused 'null' "$call;" -Werror -Wnonnull
		done
		# a cursor is not a word, nor the other way round
		refused 'errseq|incompatible|convert|conversion' 'if (errseq_check(cursor, 0)) return;' -Werror
		refused 'errseq|incompatible|convert|conversion' \
			'if (errseq_check_and_advance(word, *cursor)) return;' -Werror
		snippet "$work/right.c" "$right"
		must "${compile[@]}" -Werror -Wnonnull "$work/right.c"
	done
}

levels=-O2 standards_c=c17 standards_cxx=c++11
[ "$how_many" = few ] || levels="-O0 -O2" standards_c="c99 c17" standards_cxx="c++11 c++20"
for compiler in $(compilers_for "$cc" gcc clang); do
	for standard in $standards_c; do
		try "$compiler" "-std=$standard" -x c
	done
done
if [ -n "$cxx" ]; then
	for compiler in $(compilers_for "$cxx" g++ clang++); do
		for standard in $standards_cxx; do
			try "$compiler" "-std=$standard" -x c++
		done
	done
else
	skip_part "no C++ compiler"
fi
[ "$how_many" = few ] || have clang || skip_part "clang is not installed"
echo "$caught misuses were refused by the compiler, their right twins accepted"
