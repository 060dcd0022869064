#!/bin/bash
# SPDX-License-Identifier: MIT
# The header in every language mode, with all warnings as errors; then objects of all of these modes in one
# program, sharing one word.
# usage: header.sh SOURCE_DIR WORK_DIR few|all CC [CXX]
set -eu
source_dir=$1 work=$2 how_many=$3 cc=$4 cxx=${5:-}
. "$source_dir/tests/common/check.sh"
rm -rf "$work"
mkdir -p "$work"
api=$source_dir/tests/api

warnings="-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wcast-qual -Wcast-align -Wundef
	-Wredundant-decls -Wvla -Wdouble-promotion -Wwrite-strings -Wswitch-default -Werror"
gcc_c="-Wmissing-prototypes -Wstrict-prototypes -Wold-style-definition -Wbad-function-cast -Winline"
gcc_cxx="-Wold-style-cast -Wuseless-cast -Wzero-as-null-pointer-constant -Wextra-semi -Wnoexcept -Winline"
# -Weverything, but for warnings that no header can please: C++98 is not supported, a macro of its function's
# own name is meant to, and padding is the user's.
clang_all="-Weverything -Wno-c++98-compat -Wno-c++98-compat-pedantic -Wno-disabled-macro-expansion -Wno-padded
	-Wno-declaration-after-statement -Wno-unsafe-buffer-usage -Wno-unknown-warning-option"

standards_c="c99 c11 c2x" standards_cxx="c++11 c++2b"
[ $how_many = few ] || standards_c="c99 c11 c17 c2x gnu99 gnu11 gnu17 gnu2x" \
	standards_cxx="c++11 c++14 c++17 c++20 c++2b gnu++11 gnu++17 gnu++2b"

modes=0
objects=()
calls=
prototypes=

# compile COMPILER LANGUAGE STANDARD SOURCE EXTRA-FLAGS...
compile() {
	local compiler=$1 language=$2 standard=$3 source=$4 level object name
	shift 4
	if ! supports "$compiler" "$standard" "$language"; then
		skip_part "$compiler does not know -std=$standard"
		return
	fi
	for level in -O0 -O2; do
		name=uses_$modes
		object=$work/$name.o
		# shellcheck disable=SC2086
		must "$compiler" -x "$language" "-std=$standard" $level $warnings "$@" -I"$source_dir/include" \
			-I"$api" "-Duses=$name" "-Dstorage=storage_$modes" -c "$source" -o "$object"
		objects+=("$object")
		prototypes="$prototypes int $name(errseq_t *, int);"
		calls="$calls if ($name(&word, -28)) return puts(\"$compiler -std=$standard $level\"), 1;"
		modes=$((modes + 1))
	done
}

for compiler in $(compilers_for "$cc" gcc clang); do
	extra=$gcc_c
	is_clang "$compiler" && extra=$clang_all
	for standard in $standards_c; do
		# shellcheck disable=SC2086
		compile "$compiler" c $standard "$api/uses.c" $extra
	done
done
if [ -n "$cxx" ]; then
	for compiler in $(compilers_for "$cxx" g++ clang++); do
		extra=$gcc_cxx
		is_clang "$compiler" && extra=$clang_all
		for standard in $standards_cxx; do
			# shellcheck disable=SC2086
			compile "$compiler" c++ $standard "$api/uses.c" $extra
			# shellcheck disable=SC2086
			compile "$compiler" c++ $standard "$api/uses.cpp" $extra
		done
	done
else
	skip_part "no C++ compiler"
fi
[ $how_many = few ] || have clang || skip_part "clang is not installed"
echo "$modes objects from the header in all language modes, all warnings on, none given"

# One program of all of them.
cat >"$work/main.c" <<EOF
#include <errseq/errseq.h>
#include <stdio.h>
$prototypes
int main(void)
{
	errseq_t word = ERRSEQ_INIT;
	$calls
	return errseq_cursor_count(errseq_load(&word)) == 0;
}
EOF
link=$cc
[ -n "$cxx" ] && link=$cxx
must "$cc" -std=c11 -O2 -I"$source_dir/include" -c "$source_dir/src/errseq.c" -o "$work/errseq.o"
must "$cc" -std=c11 -O2 -I"$source_dir/include" -c "$source_dir/src/wait.c" -o "$work/wait.o"
must "$cc" -std=c11 -O2 -I"$source_dir/include" -c "$work/main.c" -o "$work/main.o"
must "$link" "$work/main.o" "${objects[@]}" "$work/errseq.o" "$work/wait.o" -o "$work/mixed"
must "$work/mixed"
echo "all $modes in one program share a word and agree"

# A link-time optimiser sees the C11, C99 and C++ views of the word at once.
for compiler in $(compilers_for "$cc" gcc clang); do
	plus=$cxx
	if is_clang "$compiler"; then
		plus=clang++
		[ "$(command -v ld.lld || command -v lld || command -v ld.gold)" ] || continue
	elif [ -n "$cxx" ] && is_clang "$cxx"; then
		plus=g++
	fi
	if [ -z "$plus" ] || ! have "$plus"; then
		continue
	fi
	is_clang "$compiler" && ! "$compiler" -flto -fuse-ld=lld -x c - -o "$work/probe" 2>/dev/null \
		<<<'int main(void){return 0;}' && { skip_part "$compiler -flto does not link here"; continue; }
	lto=-flto
	is_clang "$compiler" && lto="-flto -fuse-ld=lld"
	cat >"$work/lto.c" <<EOF
#include <errseq/errseq.h>
int c99(errseq_t *, int);
int cxx(errseq_t *, int);
int main(void)
{
	errseq_t word = ERRSEQ_INIT;
	return c99(&word, -28) | cxx(&word, -28);
}
EOF
	# shellcheck disable=SC2086
	{
		must "$compiler" -std=c99 -O2 $lto -Dc99=c99 -Duses=c99 -I"$source_dir/include" -c "$api/uses.c" -o "$work/lto-c99.o"
		must "$plus" -x c++ -std=c++17 -O2 $lto -Duses=cxx -I"$source_dir/include" -c "$api/uses.c" -o "$work/lto-cxx.o"
		must "$compiler" -std=c11 -O2 $lto -I"$source_dir/include" -c "$work/lto.c" -o "$work/lto-main.o"
		must "$compiler" -std=c11 -O2 $lto -I"$source_dir/include" -c "$source_dir/src/errseq.c" -o "$work/lto-lib.o"
		must "$compiler" -std=c11 -O2 $lto -I"$source_dir/include" -c "$source_dir/src/wait.c" -o "$work/lto-wait.o"
		must "$plus" -O2 $lto -Werror "$work"/lto-{main,c99,cxx,lib,wait}.o -o "$work/lto"
		must "$work/lto"
	}
	echo "$compiler and $plus with -flto agree too"
done
