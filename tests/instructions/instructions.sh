#!/bin/bash
# SPDX-License-Identifier: MIT
# How many instructions each path of each call takes on x86-64: of inlined code, and of calls into the shared library.
# callgrind counts them, so that the figures are the same whatever else the machine does. What they have to be stands
# in a table, one for each version of a compiler that we look after; other versions make other code of the same text.
# usage: instructions.sh SOURCE_DIR WORK_DIR CC [--instrumented | --update]
#	--instrumented	skip: the compiler's flags of this build add instructions
#	--update	write the tables of CC, gcc and clang, instead of comparing
set -eu
source_dir=$(cd "$1" && pwd) work=$2 cc=$3 mode=${4:---compare}
. "$source_dir/tests/common/check.sh"
here=$source_dir/tests/instructions
unset CFLAGS CPPFLAGS LDFLAGS LD_PRELOAD LD_LIBRARY_PATH
export LC_ALL=C

case $mode in
--compare | --update) ;;
--instrumented) skip "instructions: the compiler's flags of this build add instructions" ;;
*) fail "instructions.sh knows no $mode" ;;
esac

case $("$cc" -dumpmachine) in
x86_64-*linux*) ;;
*) skip "instructions: the tables are for x86-64 Linux, and $cc compiles for $("$cc" -dumpmachine)" ;;
esac
have valgrind || skip "instructions: valgrind is not installed, whose callgrind counts"
rm -rf "$work"
mkdir -p "$work"
cd "$work"

# callgrind OUTPUT COMMAND...; the dynamic linker looks up all functions at the start, lest a first call pays for it.
callgrind() {
	LD_BIND_NOW=1 valgrind --command-line-only=yes --tool=callgrind --quiet --callgrind-out-file="$1" \
		--compress-strings=no --compress-pos=no "${@:2}"
}
callgrind out.probe true >probe.log 2>&1 ||
	skip "instructions: valgrind cannot run a program here: $(tail -n 1 probe.log)"

# The compiler and its version: gcc-12.2.0, clang-14.0.6
name_of() {
	if is_clang "$1"; then
		echo "clang-$("$1" -dumpversion)"
	else
		echo "gcc-$("$1" -dumpfullversion 2>/dev/null || echo unknown)"
	fi
}

# The flags say what distributions set differently. The library is compiled as CMakeLists.txt has it, and always -O2.
build() {
	local flags=(-std=c11 -O2 -fcf-protection=none -fno-stack-protector -Wall -Wextra -Wpedantic -Werror)
	flags+=("-I$source_dir/include")
	local library=(-fPIC -fvisibility=hidden "$source_dir/src/errseq.c") program=(-fPIE -pie "$here/paths.c")
	must "$1" "${flags[@]}" "${library[@]}" -c -o errseq.o
	must "$1" "${flags[@]}" "${library[@]}" -DERRSEQ_BUILD_OF_SHARED_ -shared -o errseq.so
	must "$1" "${flags[@]}" "${program[@]}" errseq.o -o inline-32
	must "$1" "${flags[@]}" "${program[@]}" -DTEST_64 errseq.o -o inline-64
	must "$1" "${flags[@]}" "${program[@]}" -DERRSEQ_NO_INLINE ./errseq.so -o called-32
	must "$1" "${flags[@]}" "${program[@]}" -DERRSEQ_NO_INLINE -DTEST_64 ./errseq.so -o called-64
}

# count PROGRAM: for each function that the program names, in this order: its name, and what it takes less what the
# first takes, which does nothing. In callgrind's output a call is a line cfn=FUNCTION, a line calls=TIMES ..., and a
# line whose last number is what FUNCTION took, with all that it called.
count() {
	"./$1" >"names.$1" || fail "$1 gave a wrong answer, see above"
	callgrind "out.$1" "./$1" >"names.$1" || fail "$1 failed under callgrind, see above"
	awk 'NR == FNR { name[++names] = $1; next }
		/^cfn=/ { called = substr($0, 5) }
		/^calls=/ { times[called] += substr($1, 7); getline; took[called] += $NF }
		END {
			for (i = 1; i <= names; i++) {
				if (times[name[i]] != 1) {
					print "callgrind saw " times[name[i]] + 0 " calls of " name[i] ", not 1"
					exit 1
				}
				print name[i], took[name[i]] - (i > 1 ? took[name[1]] : 0)
			}
		}' "names.$1" "out.$1" >"counts.$1" || fail "$1: $(tail -n 1 "counts.$1")"
}

# table CC NAME: builds, counts, and writes table.NAME
table() {
	local way
	build "$1"
	for way in inline-32 inline-64 called-32 called-64; do
		count $way
	done
	awk -v compiler="${2/-/ }" '
		!($1 in cells) { name[++names] = $1 }
		{ cells[$1] = cells[$1] sprintf(" | %9d", $2) }
		END {
			print "# SPDX-License-" "Identifier: MIT" # in two parts for reuse, which reads it as ours
			print "# Instructions per call, " compiler " -O2, x86-64; written by instructions.sh --update."
			printf "%-39s | inline 32 | inline 64 | called 32 | called 64\n", "path"
			for (i = 1; i <= names; i++) {
				split(name[i], part, "__")
				gsub(/_/, " ", part[2])
				printf "%-39s%s\n", part[1] ": " part[2], cells[name[i]]
			}
		}' counts.inline-32 counts.inline-64 counts.called-32 counts.called-64 >"table.$2"
}

changed='' compared=0
for compiler in $(compilers_for "$cc" gcc clang); do
	name=$(name_of "$compiler")
	expected=$here/expected.$name
	if [ "$mode" = --update ]; then
		table "$compiler" "$name"
		cp "table.$name" "$expected"
		echo "wrote tests/instructions/expected.$name"
	elif [ ! -e "$expected" ]; then
		skip_part "instructions: there is no table for $compiler, which is ${name/-/ }; --update writes one"
	else
		table "$compiler" "$name"
		found=$(diff -U 0 "$expected" "table.$name" | grep -v '^@@') || true
		[ -z "$found" ] || changed+="
$found"
		compared=$((compared + 1))
		echo "${name/-/ }: $(wc -l <counts.inline-32) paths, inline and called, of 32 and 64 bits"
	fi
done
[ -z "$changed" ] || fail "the number of instructions per call has changed (-: as it was, +: as it is)
$changed

If it should, write the tables anew, and let the commit's message say why:
	bash tests/instructions/instructions.sh . build/instructions $cc --update"
[ "$mode" = --update ] || [ $compared -gt 0 ] || skip "instructions: there is no table for any of the compilers here"
