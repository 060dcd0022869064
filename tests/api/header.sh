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
gcc_c="-Wmissing-prototypes -Wstrict-prototypes -Wold-style-definition -Wbad-function-cast -Winline
	-Wduplicated-branches -Wduplicated-cond -Wlogical-op -Wjump-misses-init"
gcc_cxx="-Wold-style-cast -Wuseless-cast -Wzero-as-null-pointer-constant -Wextra-semi -Wnoexcept -Winline"
# -Weverything, but for warnings that no header can please: C++98 is not supported, a macro of its function's
# own name is meant to, and padding is the user's.
clang_all="-Weverything -Wno-c++98-compat -Wno-c++98-compat-pedantic -Wno-disabled-macro-expansion -Wno-padded
	-Wno-declaration-after-statement -Wno-unsafe-buffer-usage -Wno-unknown-warning-option"

standards_c="c99 c11 c2x" standards_cxx="c++11 c++2b"
[ "$how_many" = few ] || standards_c="c99 c11 c17 c2x gnu99 gnu11 gnu17 gnu2x" \
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
[ "$how_many" = few ] || have clang || skip_part "clang is not installed"
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
[ "$how_many" = all ] || exit 0

# Each header by itself, as build systems that check layering compile them.
for compiler in $(compilers_for "$cc" gcc clang); do
	for mode in 'c -std=c99' 'c -std=c17' 'c++ -std=c++11' 'c++ -std=c++20'; do
		supports "$compiler" "${mode#*=}" "${mode%% *}" || continue
		for header in "$source_dir"/include/errseq/*.h; do
			echo "#include \"errseq/${header##*/}\"" >"$work/alone"
			# shellcheck disable=SC2086
			must "$compiler" -x $mode -Wall -Wextra -Werror -I"$source_dir/include" -fsyntax-only "$work/alone"
		done
	done
done
echo "each header compiles alone"

# All of gcc's warnings for C that are a yes or no, but for those that want another language or style, and those
# that need another one to be on.
if have gcc && ! is_clang gcc; then
	mapfile -t everything < <(gcc -Q --help=warnings,^joined | awk '$1 ~ /^-W/ && $1 !~ /[=<]/ { print $1 }' | sort -u |
		grep -vE '^-W(error|fatal-errors|system-headers|abi|traditional.*|c.*-compat|long-long|padded|aggregate-return|unused-macros|declaration-after-statement|suggest.*|inline|tsan|format-.*|templates|namespaces|multiple-inheritance|virtual-inheritance|effc..|stack-usage|noexcept|W)$')
	for standard in c99 c17; do
		must gcc "-std=$standard" -O2 -Wformat "${everything[@]}" -Wno-error=c++-compat -Werror -I"$source_dir/include" \
			-fsyntax-only "$api/uses.c"
	done
	echo "gcc: ${#everything[@]} warnings on, none given"
fi

# As a module of clang, with the headers listed and under an umbrella; as a header unit of g++.
cp -r "$source_dir/include/errseq" "$work/"
printf '#include <errseq/errseq.h>\nint f(errseq_t *word);\nint f(errseq_t *word) { return errseq_set(word, -5); }\n' >"$work/user"
cp "$work/user" "$work/user.c"
if have clang++; then
	for map in 'header "errseq/errseq.h" header "errseq/wait.h"' 'umbrella "errseq" module * { export * }'; do
		printf 'module errseq { %s export * }\n' "$map" >"$work/module.modulemap"
		for language in c c++ objective-c objective-c++; do
			rm -rf "$work/modules"
			must clang++ -x $language -fmodules -fcxx-modules -fmodules-cache-path="$work/modules" \
				-fmodule-map-file="$work/module.modulemap" -I"$work" -c "$work/user" -o "$work/user.o"
		done
	done
	echo "clang++: the headers as a module"
fi
if have g++ && (cd "$work" && g++ -std=c++20 -fmodules-ts -I. -x c++-system-header errseq/errseq.h 2>unit.log); then
	printf 'import <errseq/errseq.h>;\nint f(errseq_t *word) { return errseq_set(word, -5); }\n' >"$work/user.cpp"
	(cd "$work" && must g++ -std=c++20 -fmodules-ts -I. -c user.cpp)
	echo "g++: the header as a header unit"
else
	skip_part "g++ makes no header units here"
fi

# Tools that say that they are gcc, and are not; and others. They call the library for everything.
must "$cc" -std=c99 -U__GCC_ATOMIC_INT_LOCK_FREE -Wall -Wextra -Wundef -Werror -I"$source_dir/include" -x c -c "$work/user" -o "$work/user.o"
nm -u "$work/user.o" | grep -q errseq_set || fail "a compiler without gcc's atomics does not call the library"
for tool in tcc pcc sparse; do
	if have $tool; then
		must $tool -I"$source_dir/include" -c "$work/user.c" -o "$work/user.o"
		echo "$tool takes the header"
	else
		skip_part "$tool is not installed"
	fi
done

# gcc -m32 adds no note about alignment at each include.
for compiler in gcc i686-linux-gnu-gcc; do
	have $compiler || continue
	flags=(-ffreestanding -nostdinc -isystem "$("$compiler" -print-file-name=include)")
	[ $compiler != gcc ] || flags+=(-m32)
	said=$("$compiler" "${flags[@]}" -std=c11 -I"$source_dir/include" -x c -c "$work/user" -o "$work/user.o" 2>&1) ||
		continue
	[ -z "$said" ] || fail "$compiler ${flags[*]} says: $said"
done

# A test double: errseq_set is a macro for gcc, which can be undefined. With ERRSEQ_NO_INLINE, --wrap sees every call.
cat >"$work/double.c" <<'DOUBLE'
#include <errseq/errseq.h>
#undef errseq_set
static int recorded;
int errseq_set(errseq_t *eseq, int err)
{
	(void)eseq;
	recorded = err;
	return 0;
}
int __wrap_errseq_check(const errseq_t *eseq, errseq_cursor_t since);
int __wrap_errseq_check(const errseq_t *eseq, errseq_cursor_t since)
{
	(void)eseq, (void)since;
	return -7;
}
int f(errseq_t *word);
int main(void)
{
	errseq_t word = ERRSEQ_INIT;

	return f(&word) != 0 || recorded != -5 || errseq_check(&word, 0) != -7;
}
DOUBLE
for compiler in $(compilers_for "$cc" gcc clang); do
	must "$compiler" -std=c11 -O2 -DERRSEQ_NO_INLINE -I"$source_dir/include" -Wall -Wextra -Werror \
		-Wl,--wrap=errseq_check "$work/double.c" "$work/user.c" -o "$work/double"
	must "$work/double"
done
echo "errseq_set and errseq_check can be replaced in a test"
