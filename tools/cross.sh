#!/bin/bash
# SPDX-License-Identifier: MIT
# The library on other machines: builds it with cross-compilers, runs its tests under an emulator, and looks into
# the machine code for the barriers that the memory orders ask for.
#
# usage: tools/cross.sh [--jobs N] [--table FILE] [TARGET...]     all targets, or these
#        tools/cross.sh --list                                    their names
#        tools/cross.sh --packages [TARGET...]                    the Debian packages that they need
#
# For each target: both kinds of library, the tests that say something about a machine (see `tests` below), and the
# write-behind example. Then, what does not need to run: errseq.o calls nobody at -O2 and -Os, and each call has its
# barriers, as gcc and clang compile it. Lastly clang compiles the library for machines that cannot be run here, and
# must refuse those without lock-free atomics.
#
# A target whose compiler or emulator is missing is skipped, in a line that begins with SKIP. Everything goes to
# build/cross, logs too. cmocka is built for each target, from the source that the machine's own apt sources
# offer, with a state directory of its own: the system stays as it is, and no package is needed for each
# architecture, musl and Windows among them.
#
# --table FILE writes what was seen to that file: docs/evidence/architectures.table.md.
#
# Returns 0 if nothing failed, 1 if something did, 2 if it could not look, 77 if there is no source of cmocka.
set -euo pipefail
export LC_ALL=C WINEDEBUG=-all
source_dir=$(cd "$(dirname "$0")/.." && pwd)
. "$source_dir/tests/common/check.sh"
cd "$source_dir"
out=$source_dir/build/cross

# name, what Debian calls the compiler's target, how qemu calls the machine, how it orders memory.
targets='
aarch64       aarch64-linux-gnu          qemu-aarch64   arm64
armhf         arm-linux-gnueabihf        qemu-arm       arm
riscv64       riscv64-linux-gnu          qemu-riscv64   riscv
ppc64el       powerpc64le-linux-gnu      qemu-ppc64le   power
powerpc       powerpc-linux-gnu          qemu-ppc       power
s390x         s390x-linux-gnu            qemu-s390x     s390
mips64el      mips64el-linux-gnuabi64    qemu-mips64el  mips
mipsel        mipsel-linux-gnu           qemu-mipsel    mips
alpha         alpha-linux-gnu            qemu-alpha     alpha
m68k          m68k-linux-gnu             qemu-m68k      m68k
i686          i686-linux-gnu             ld.so          x86
i686-clang    i686-linux-gnu             ld.so          x86
musl          musl                       -              x86
musl-static   musl                       -              x86
mingw64       x86_64-w64-mingw32         wine           x86
armel         arm-linux-gnueabi          refused        -
'

# Of each kind of machine: the instructions that show, and which of them, in this order, each call must have, in
# the order set, sample, the mark of peek, check, advance. A step is an instruction without its registers; none is
# enough on machines that keep loads in order and stores in order.
declare -A shown=(
	[arm64]='bl <__aarch64|dmb|ldax?r|ldapr|stlx?r|stxr|ldxr|cas|ldset'
	[arm]='dmb|ldrex|strex'
	[riscv]='fence|lr\.|sc\.|amo'
	[power]='l?w?sync|isync|lwarx|ldarx|stwcx|stdcx'
	[mips]='sync|lld? |lld?$|scd? |scd?$'
	[alpha]='mb|ld[lq]_l|st[lq]_c'
	[x86]='lock|mfence'
	[s390]='csg? |csg?$|laog?|bcr'
	[m68k]='cas'
)
declare -A must_have=(
	[arm64]='(__aarch64_cas[48]_rel([^a]|$)|stlxr|casl) (ldar|ldapr) (__aarch64_ldset[48]_acq|ldaxr|ldseta) dmb_ishld (__aarch64_ldset[48]_acq|ldaxr|ldseta).*dmb_ishld|dmb_ishld.*(ldaxr|ldseta|__aarch64_ldset[48]_acq)'
	[arm]='dmb_ish.*strexd? dmb_ish strexd?.*dmb_ish dmb_ish strexd?.*dmb_ish'
	[riscv]='(fence.*sc\.[wd]|sc\.[wd]\.rl) fence (amoor\.[wd]\.aq|lr\.[wd]\.aq) fence (amoor\.[wd]\.aq.*fence|fence.*amoor\.[wd]\.aq)'
	[power]='(lw)?sync.*st[wd]cx (lw|i)sync st[wd]cx.*(lw|i)sync lwsync st[wd]cx.*(lw|i)sync'
	[mips]='sync.*scd? sync scd?.*sync sync scd?.*sync'
	[alpha]='mb.*st[lq]_c mb st[lq]_c.*mb mb st[lq]_c.*mb'
	[x86]='lock_cmpxchg(8b)? .* lock_(cmpxchg(8b)?|or[lq]?) .* lock_(cmpxchg(8b)?|or[lq]?)'
	[s390]='csg? .* (laog?|csg?) .* (laog?|csg?)'
	[m68k]='casl .* casl .* casl'
)

# What clang compiles, freestanding, without a libc of that machine, and what it must refuse.
clang_compiles='armv6-linux-gnueabi thumbv7m-none-eabi thumbv8m.base-none-eabi riscv32-unknown-elf powerpc64-linux-gnu
	mips-linux-gnu mips64-linux-gnu sparcv9-linux-gnu hexagon-unknown-elf ve-linux-gnu aarch64-apple-darwin
	x86_64-apple-darwin x86_64-unknown-freebsd aarch64-w64-windows-gnu i686-w64-windows-gnu'
clang_refuses='armv5te-linux-gnueabi thumbv6m-none-eabi riscv32i-unknown-elf avr-unknown-elf msp430-unknown-elf
	xcore-unknown-elf'

# The tests to build and run: the unit tests of both widths, inlined and through the library's symbols, with the layout
# of a word also in C99 and C++; the long history of calls; calls that die at each step; the short stress.
# Left out, because they would say here what they say on this machine, where .ci/run runs them all:
# - the other unit tests in C99 and C++: the layout is tested, and the operations are the same built-ins;
# - unit.interference, list_proposals, orders and crash.interrupts, which step through the source over a <stdatomic.h>
#   that calls back; likewise the 64-bit crash.die_at_step;
# - model.interleavings and model.executions, where the checker is the memory;
# - crash.signals, kill_* and instructions, which interrupt at random moments or count on ptrace: under an emulator these
#   moments are between its blocks of code, and processes take long to start;
# - model.history and unit.wait through the symbols: other unit tests make these calls, and waiting is never inlined;
# - bench.answers, and the scripts, which compile for this machine.
tests='^(unit\..*\.(c11|(64-)?calls|64)|unit\.word\..*|api\.symbols|model\.history\.(c11|64)|crash\.die_at_step|stress\..*)$'
left_out='^unit\.((interference|list_proposals|orders)\.|wait.*\.calls)|^stress\.weakened'

die() {
	printf 'cross.sh: %s\n' "$*" >&2
	exit 2
}

names() {
	awk 'NF { print $1 }' <<<"$targets"
}

packages_of() {
	case $2 in
	musl) echo musl-tools linux-libc-dev ;;
	*mingw32) echo "g++-mingw-w64-x86-64-posix" ;;
	*) echo "gcc-$2 g++-$2" ;;
	esac
	case $3 in
	qemu-*) echo qemu-user ;;
	wine) echo wine wine64 ;;
	esac
	[ "$1" != i686-clang ] || echo clang
}

jobs=$(nproc)
table=
mode=run
wanted=()
while [ $# -gt 0 ]; do
	case $1 in
	--jobs) jobs=${2:?"--jobs needs a number"} && shift ;;
	--table) table=${2:?"--table needs a file"} && shift ;;
	--list) mode=list ;;
	--packages) mode=packages ;;
	-*) die "no such option: $1; see the top of tools/cross.sh" ;;
	*)
		names | grep -qxF -- "$1" || die "no such target: $1; there are: $(names | tr '\n' ' ')"
		wanted+=("$1")
		;;
	esac
	shift
done
all=no
[ ${#wanted[@]} -gt 0 ] || all=yes
[ "$all" = no ] || mapfile -t wanted < <(names)

row_of() {
	awk -v name="$1" '$1 == name' <<<"$targets"
}

if [ "$mode" = list ]; then
	names
	exit
elif [ "$mode" = packages ]; then
	for target in "${wanted[@]}"; do
		read -r target triple emulator _ < <(row_of "$target")
		packages_of "$target" "$triple" "$emulator" | tr ' ' '\n'
	done | sort -u | tr '\n' ' '
	echo
	exit
fi

for tool in cmake ninja ctest nm objdump apt-get; do
	have $tool || die "$tool is not installed (Debian: apt-get install cmake ninja-build binutils apt)"
done
mkdir -p "$out"
failures=()
failed() {
	printf 'FAIL: %s\n' "$*" >&2
	failures+=("$*")
}

# The source of cmocka: $out/cmocka-source.
fetch_cmocka() {
	local apt=$out/apt
	[ ! -d "$out/cmocka-source" ] || return 0
	rm -rf "$apt"
	mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/source"
	apt-get indextargets --format "\$(IDENTIFIER) \$(ORIGIN) deb-src \$(REPO_URI) \$(RELEASE) \$(COMPONENT)" |
		awk '$1 == "Packages" && $2 == "Debian" { print $3, $4, $5, $6 }' | sort -u >"$apt/sources.list"
	local options=(-q -o "Dir::Etc::sourcelist=$apt/sources.list" -o Dir::Etc::sourceparts=-
		-o "Dir::State::lists=$apt/lists" -o "Dir::Cache=$apt/cache" -o APT::Sandbox::User=)
	if ! apt-get "${options[@]}" update >"$apt/log" 2>&1 ||
		! (cd "$apt/source" && apt-get "${options[@]}" source --download-only cmocka) >>"$apt/log" 2>&1; then
		tail -n 5 "$apt/log"
		echo "SKIP: cross: the source of cmocka could not be fetched with apt-get, see above and $apt/log"
		exit 77
	fi
	mkdir "$out/cmocka-source.new"
	tar -C "$out/cmocka-source.new" --strip-components=1 -xf "$apt"/source/cmocka_*.orig.tar.*z
	mv "$out/cmocka-source.new" "$out/cmocka-source"
}

# The steps of a call that order memory, as "dmb_ish ldrex strex".
steps() {
	local object=$1 function=$2
	"$objdump" -d --no-show-raw-insn "$object" | awk -F '\t' -v call="<$function>:" -v shown="^(${shown[$kind]})" '
		/^[0-9a-f]+ <[^.].*>:$/ { inside = index($0, " " call) > 0 }
		inside && NF > 1 {
			step = $2 ($3 == "" ? "" : " " $3)
			sub(/^bl [ \t]*[0-9a-f]+ /, "bl ", step)
			gsub(/[ \t]+/, " ", step)
			if (step !~ shown)
				next
			n = split(step, word, " ")
			if (word[1] == "bl")
				word[1] = bare(word[2])
			else if (word[1] == "lock" || word[1] == "dmb" || (word[1] == "fence" && n > 1))
				word[1] = word[1] "_" word[2]
			sub(/\.$/, "", word[1])
			printf "%s%s", sep, word[1]
			sep = " "
		}
		function bare(s) { gsub(/[<>]/, "", s); sub(/\+.*/, "", s); return s }'
}

# Looks at an object that $1 compiled; a row for the table of barriers, and failures if one is missing.
barriers() {
	local by=$1 object=$2 width found row calls=(set sample observe_ check advance_) i like
	local -a patterns
	[ -n "${must_have[$kind]:-}" ] || return 0
	read -r -a patterns <<<"${must_have[$kind]}"
	for width in errseq errseq64; do
		[ $width = errseq ] || [ "$have_64" = yes ] || continue
		row="| $name | $by |"
		for i in 0 1 2 3 4; do
			found=$(steps "$object" "${width}_${calls[i]}")
			[[ $found =~ ${patterns[i]} ]] ||
				failed "$name: ${width}_${calls[i]} by $by has no '${patterns[i]}', but '$found'"
			row+=" ${found:+\`}$(sed -E 's/ /, /g; s/(dmb|fence|lock)_/\1 /g' <<<"${found:-none}")${found:+\`} |"
		done
		[ $width = errseq64 ] || barrier_rows+=("$row")
		# These release as set does, and peek loads as sample does.
		for like in advance_shared_:0 settle:0 shared_cursor_move:0 peek:1; do
			found=$(steps "$object" "${width}_${like%:*}")
			[[ $found =~ ${patterns[${like#*:}]} ]] ||
				failed "$name: ${width}_${like%:*} by $by has no '${patterns[${like#*:}]}', but '$found'"
		done
	done
}

# errseq.o at two levels: calls nobody; how long it is.
sizes=
object_alone() {
	local level object calls section bytes
	sizes=
	for level in -O2 -Os; do
		object=$work/errseq$level.o
		must "$cc" -std=c11 $level -Wall -Wextra -Werror -Iinclude -c src/errseq.c -o "$object"
		calls=$(calls_elsewhere "$object")
		[ -z "$calls" ] || failed "$name: errseq.o at $level needs $calls"
		bytes=0
		for section in $("$objdump" -h "$object" | awk '$2 ~ /^\.text/ { print $3 }'); do
			bytes=$((bytes + 16#$section))
		done
		sizes+="${sizes:+ / }$bytes"
	done
}

run_target() {
	local name triple emulator kind started=$SECONDS missing=() objdump=objdump work
	local cc cxx=NOTFOUND system=Linux emulate=() options=() version have_64 macros order bits language folder
	read -r name triple emulator kind < <(row_of "$1")
	work=$out/$name
	case $name in
	musl*)
		cc=musl-gcc
		options+=("-DCMAKE_C_FLAGS=-idirafter $work/kernel") # musl brings no headers of Linux
		[ "$name" = musl ] || {
			system=Generic # which to CMake has no shared libraries
			options+=(-DCMAKE_EXE_LINKER_FLAGS=-static)
		}
		;;
	mingw64)
		cc="$triple-gcc-posix" cxx=$triple-g++-posix system=Windows objdump=$triple-objdump
		options+=(-DCMAKE_EXE_LINKER_FLAGS=-static) # else gcc's own DLLs would have to be found
		;;
	i686-clang)
		cc="$out/bin/$triple-clang" cxx=$out/bin/$triple-clang++ objdump=$triple-objdump
		mkdir -p "$out/bin"
		for language in clang clang++; do # which learns its target from its name
			! have $language || ln -sf "$(command -v $language)" "$out/bin/$triple-$language"
		done
		;;
	*) cc="$triple-gcc" cxx=$triple-g++ objdump=$triple-objdump ;;
	esac
	have "$cc" || missing+=("$cc")
	[ "$name" != i686-clang ] || have "$triple-gcc" || missing+=("$triple-gcc")
	case $emulator in
	qemu-*)
		have "$emulator" || missing+=("$emulator")
		emulate=("$emulator" -L "/usr/$triple")
		;;
	wine)
		have wine || missing+=(wine)
		emulate=(wine)
		export WINEPREFIX=$out/wine
		;;
	ld.so) # an x86-64 kernel runs these programs itself; qemu-i386 7.2 hangs in fork
		emulate=("/usr/$triple/lib/ld-linux.so.2" --library-path "/usr/$triple/lib")
		;;
	esac
	if [ ${#missing[@]} -gt 0 ]; then
		echo "SKIP: cross $name: no ${missing[*]}: apt-get install $(packages_of "$name" "$triple" "$emulator" | tr '\n' ' ')"
		return
	fi
	if is_clang "$cc"; then
		version="clang $("$cc" -dumpversion)"
	else
		version="gcc $("$cc" -dumpfullversion)"
	fi
	printf '\n=== %s: %s\n' "$name" "$version"
	rm -rf "$work"
	mkdir -p "$work"

	if [ "$emulator" = refused ]; then
		must_fail_with 'needs 32-bit atomics that are always lock-free' "$cc" -std=c11 -Iinclude -c src/errseq.c \
			-o "$work/errseq.o"
		echo "$name: refused, as it must be"
		rows+=("| $name | $version | | 32, little | | refused: no lock-free atomics | | |")
		return
	fi
	if [ "$system" = Linux ] && [ "$emulator" = ld.so ] && ! "${emulate[@]}" --version >/dev/null 2>&1; then
		echo "SKIP: cross $name: this kernel does not run 32-bit programs"
		return
	fi
	if [[ $name == musl* ]]; then
		mkdir "$work/kernel"
		for folder in linux asm-generic "$(gcc -dumpmachine)/asm"; do
			ln -s "/usr/include/$folder" "$work/kernel/"
		done
	fi
	macros=$(printf '#include <errseq/errseq.h>\n' | "$cc" -std=c11 -Iinclude -E -dM -x c -)
	have_64=no
	! grep -q 'define ERRSEQ_HAVE_64 1' <<<"$macros" || have_64=yes
	order=big
	! grep -q '__BYTE_ORDER__ __ORDER_LITTLE' <<<"$macros" || order=little
	bits=$(($(awk '$2 == "__SIZEOF_POINTER__" { print $3 }' <<<"$macros") * 8))
	options+=(-G Ninja "-DCMAKE_SYSTEM_NAME=$system" "-DCMAKE_SYSTEM_PROCESSOR=${triple%%-*}"
		"-DCMAKE_C_COMPILER=$cc" "-DCMAKE_CXX_COMPILER=$cxx" -DCMAKE_BUILD_TYPE=RelWithDebInfo)

	must cmake -S "$out/cmocka-source" -B "$work/cmocka" "${options[@]}" -DWITH_STATIC_LIB=ON
	must cmake --build "$work/cmocka" --target cmocka-static --parallel "$jobs"
	printf 'set(CMOCKA_LIBRARIES "%s")\nset(CMOCKA_INCLUDE_DIR "%s")\n' "$(find "$work/cmocka" -name '*cmocka*.a')" \
		"$out/cmocka-source/include" >"$work/cmocka-config.cmake"

	cmake -S . -B "$work/build" "${options[@]}" "-Dcmocka_DIR=$work" -DERRSEQ_BUILD_BENCH=OFF \
		-DCMAKE_COMPILE_WARNING_AS_ERROR=ON -DCMAKE_PROJECT_TOP_LEVEL_INCLUDES=cmake/DeveloperWarnings.cmake \
		"-DCMAKE_CROSSCOMPILING_EMULATOR=$(IFS=';' && echo "${emulate[*]}")" >"$work/configure.log" 2>&1 || {
		tail -n 20 "$work/configure.log"
		failed "$name: cmake, see $work/configure.log"
		return
	}
	grep -E '^-- SKIP' "$work/configure.log" || true
	local passed wrong skips programs
	local choice=(--test-dir "$work/build" --build-config prove -R "$tests" -E "$left_out" -LE 'script|long')
	mapfile -t programs < <(ctest "${choice[@]}" -N | sed -nE 's/^ *Test +#[0-9]+: //p' | grep -v '^api')
	[ "$system" != Linux ] || programs+=(writeback)
	cmake --build "$work/build" --parallel "$jobs" --target errseq_static "${programs[@]}" >"$work/build.log" 2>&1 || {
		grep -E -A 3 'error|undefined' "$work/build.log" | head -n 20
		failed "$name: the build, see $work/build.log"
		return
	}
	[ "$emulator" != wine ] || wine cmd /c exit >/dev/null 2>&1 || true # makes its folder
	ctest "${choice[@]}" --no-tests=error --output-on-failure --parallel "$jobs" >"$work/test.log" 2>&1 || true
	passed=$(grep -cE ' Passed +[0-9.]+ sec' "$work/test.log" || true)
	wrong=$(grep -cE '\*\*\*(Failed|Timeout|Exception|Not Run  )' "$work/test.log" || true)
	skips=$(grep -hcE '^SKIP' "$work/build/Testing/Temporary/LastTest.log" || true)
	grep -q 'tests passed' "$work/test.log" || failed "$name: ctest ran nothing, see $work/test.log"
	if [ "$wrong" -gt 0 ]; then
		grep -E '\*\*\*(Failed|Timeout|Exception)|^FAIL' "$work/test.log" | head -n 20
		failed "$name: $wrong tests, see $work/test.log"
	fi
	if [ -e "$work/build/examples/writeback" ]; then
		(cd "$work" && timeout 60 "${emulate[@]}" "$work/build/examples/writeback") >"$work/demo.log" 2>&1 ||
			failed "$name: examples/writeback, see $work/demo.log"
	fi

	object_alone
	barriers "${version% *}" "$work/errseq-O2.o"
	if [ "$kind" != x86 ] && have clang && clang "--target=$triple" -std=c11 -O2 -fPIC -ffreestanding \
		-mno-outline-atomics -Iinclude -c src/errseq.c -o "$work/clang.o" >"$work/clang.log" 2>&1; then
		barriers clang "$work/clang.o"
	elif [ "$kind" != x86 ]; then
		echo "SKIP: cross $name: clang does not compile for it: its barriers are only looked at as gcc compiles them"
	fi
	if [ "$name" = aarch64 ]; then # what the outlined helpers do, as they stand in the shared library
		local helper
		for helper in __aarch64_cas4_rel:casl.*stlxr __aarch64_ldset4_acq:ldseta.*ldaxr; do
			[[ $(steps "$work/build/libErrseq.so" "${helper%%:*}") =~ ${helper#*:} ]] ||
				failed "$name: ${helper%%:*} in libErrseq.so has no ${helper#*:}"
		done
	fi
	case $emulator in
	qemu-*) emulator="qemu $("$emulator" --version | sed -n '1s/.*version \([0-9.]*\).*/\1/p')" ;;
	wine) emulator=$(wine --version | sed 's/ .*//; s/-/ /') ;;
	*) emulator='none: this CPU' ;;
	esac
	rows+=("| $name | $version | $emulator | $bits, $order | $have_64 | $passed passed, $wrong failed, $skips parts skipped | $sizes | $((SECONDS - started)) |")
	echo "$name: $bits bits, $order-endian, 64-bit word: $have_64; $passed passed, $wrong failed, $skips parts skipped;" \
		"errseq.o $sizes bytes; $((SECONDS - started)) s"
}

compile_only() {
	local target compiled=() refused=() log=$out/clang.log
	have clang || {
		echo "SKIP: cross compile-only: no clang: apt-get install clang"
		return
	}
	printf '\n=== compile only: %s\n' "$(clang --version | head -n 1)"
	for target in $clang_compiles; do
		local flags=("--target=$target")
		[[ $target != riscv32-* ]] || flags+=(-march=rv32ima)
		if clang "${flags[@]}" -std=c11 -O2 -ffreestanding -Wall -Wextra -Wno-unused-command-line-argument -Iinclude -S \
			src/errseq.c -o "$out/clang.s" >"$log" 2>&1; then
			! grep -E '__(atomic|sync)_|__u?divdi3' "$out/clang.s" || failed "$target calls a library for atomics"
			compiled+=("$target")
		else
			cat "$log"
			failed "$target does not compile with clang"
		fi
	done
	for target in $clang_refuses; do
		local flags=("--target=$target")
		[[ $target != riscv32i-* ]] || flags=(--target=riscv32-unknown-elf -march=rv32i)
		must_fail_with 'needs 32-bit atomics that are always lock-free' clang "${flags[@]}" -std=c11 -ffreestanding \
			-Wno-unused-command-line-argument -Iinclude -S src/errseq.c -o "$out/clang.s"
		refused+=("$target")
	done
	compiled_line="Compiled by $(clang --version | sed -n '1s/.*version \([0-9.]*\).*/clang \1/p'), not run: ${compiled[*]}. Refused, as they must be: ${refused[*]}."
	echo "$compiled_line"
}

rows=() barrier_rows=() compiled_line=
started=$SECONDS
fetch_cmocka
for target in "${wanted[@]}"; do
	run_target "$target"
done
[ "$all" = no ] || compile_only

# shellcheck disable=SC2016 # the backquotes are Markdown's
report() {
	printf '# What was seen on other machines\n\nSeen on %s, with `tools/cross.sh%s`, in %d s with %d jobs.\n\n' "$(date -u +%Y-%m-%d)" \
		"$([ "$all" = yes ] || printf ' %s' "${wanted[@]}")" $((SECONDS - started)) "$jobs"
	echo '| target | compiler | emulator | bits, order | 64-bit word | tests | errseq.o, bytes of code at -O2 / -Os | seconds |'
	echo '|---|---|---|---|---|---|---|---|'
	printf '%s\n' ${rows[@]+"${rows[@]}"}
	printf '\n%s\n\n' "$compiled_line"
	echo 'The barriers in the machine code, for the 32-bit word. Those of the 64-bit word are checked, too.'
	echo
	echo '| target | by | `errseq_set` | `errseq_sample` | `errseq_peek`, not observed yet | `errseq_check` | `errseq_check_and_advance`, new error |'
	echo '|---|---|---|---|---|---|---|'
	printf '%s\n' ${barrier_rows[@]+"${barrier_rows[@]}"}
}
printf '\n'
report | tee "$out/report.md"
[ -z "$table" ] || cp "$out/report.md" "$table"
if [ ${#failures[@]} -gt 0 ]; then
	printf '\n%d failures:\n' ${#failures[@]} >&2
	printf '  %s\n' "${failures[@]}" >&2
	exit 1
fi
printf '\nnothing failed, in %d s\n' $((SECONDS - started))
