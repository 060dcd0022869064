#!/bin/bash
# SPDX-License-Identifier: MIT
# What gdb shows of words and cursors with tools/gdb/libErrseq-gdb.py, in programs of all languages and compilers
# that can be had; and that it loads the script by itself with an installed shared library.
# usage: gdb.sh SOURCE_DIR WORK_DIR CC [CXX]
set -eu
source_dir=$1 work=$2 cc=$3 cxx=${4-}
. "$source_dir/tests/common/check.sh"
unset CFLAGS CXXFLAGS LDFLAGS DEBUGINFOD_URLS DESTDIR LD_PRELOAD
export LC_ALL=C
script=$source_dir/tools/gdb/libErrseq-gdb.py
rm -rf "$work"
mkdir -p "$work"
cd -P "$work" # gdb looks libraries up by their real path
work=$PWD

# debug [GDB-ARGUMENT...]: what gdb says, with its complaints, and whatever it returns
debug() {
	gdb -nx -batch -iex 'set auto-load safe-path /' -iex 'set disable-randomization off' "$@" 2>&1 </dev/null || true
}

have gdb || skip "gdb is not installed"
said=$(debug -ex 'python import sys; print("python", sys.version_info >= (3, 6))')
[ "$said" = "python True" ] || skip "gdb has no Python of version 3.6 or later: $said"
printf 'int main(void)\n{\n\treturn 0;\n}\n' >nothing.c
must "$cc" -g nothing.c -o nothing
said=$(debug -ex 'break main' -ex run nothing)
grep -q '^Breakpoint 1, main' <<<"$said" || skip "gdb cannot run a program here: $(tail -n 2 <<<"$said" | paste -s)"

# One program for C11, C99 and C++. Its variables are external, for clang drops what is unused and static. `stop` is
# where gdb looks; `gone` has an argument that is dead by then.
cat >program.c <<'EOF'
#include <errno.h>
#include <errseq/errseq.h>
#include <stdio.h>
#include <string.h>

typedef errseq_cursor_t position_t;

errseq_t never, set, observed, reported, third;
errseq_cursor_t beginning, cursor, largest = 0xffffffffu, flags_only = 0x3000;
extern const volatile position_t renamed;
const volatile position_t renamed = 0xf005;
struct errseq tagged;
uint32_t number = 0x3005;
errseq_shared_cursor_t shared_beginning, shared_cursor;
errseq_t words[2];
errseq_cursor_t cursors[2];
struct file {
	int fd;
	errseq_t word;
	errseq_cursor_t cursor;
	errseq_shared_cursor_t shared;
} file;
const struct file *pointer = &file;
errseq_t *nowhere = (errseq_t *)16;
volatile uint32_t source, sink;
#ifdef ERRSEQ_HAVE_64
errseq64_t never64, reported64;
errseq64_cursor_t beginning64, largest64 = 0xffffffffffffffffu;
errseq64_shared_cursor_t shared_beginning64, shared_cursor64;
#endif
#ifdef __cplusplus
errseq_t &reference = file.word;
const errseq_cursor_t &cursor_reference = file.cursor;
errseq_cursor_t &&rvalue_reference = static_cast<errseq_cursor_t &&>(file.cursor);
errseq_t &reference_to_nowhere = *nowhere;
#endif

__attribute__((noinline)) static void stop(errseq_cursor_t since, errseq_t *word)
{
	sink = since + (word != NULL);
}

__attribute__((noinline)) static void gone(errseq_cursor_t argument)
{
	sink = argument;
	stop(cursor, &reported);
	sink = 1;
}

static void show(errseq_cursor_t value)
{
	char text[ERRSEQ_FORMAT_SIZE];

	errseq_format(value, text, sizeof text);
	puts(text);
}

int main(void)
{
	int i;

	for (i = 0; i < 4; i++) {
		errseq_set(&third, -EIO);
		(void)!errseq_peek(&third);
	}
	(void)!errseq_check_and_advance(&third, &cursor); /* from the beginning */
	errseq_set(&set, -EIO);
	errseq_set(&observed, -ENOSPC);
	(void)!errseq_peek(&observed);
	errseq_set(&reported, -EIO);
	(void)!errseq_check_and_advance_shared(&reported, &shared_cursor);
	memcpy(&tagged, &set, sizeof tagged);
	memcpy(&words[1], &third, sizeof words[1]);
	cursors[1] = cursor;
	memcpy(&file.word, &third, sizeof file.word);
	file.fd = 7;
	file.cursor = cursor;
	errseq_shared_cursor_init(&file.shared, cursor);
#ifdef ERRSEQ_HAVE_64
	errseq64_set(&reported64, -EIO);
	(void)!errseq64_check_and_advance_shared(&reported64, &shared_cursor64);
#endif
	show(errseq_load(&never));
	show(errseq_load(&set));
	show(errseq_load(&observed));
	show(errseq_load(&reported));
	show(errseq_load(&third));
	show(largest);
	show(flags_only);
	source = 1;
	gone(source);
	return 0;
}
EOF

# What gdb printed as $1, $2 and so on.
printed() {
	sed -n 's/^[$][0-9]* = //p' "$@"
}

# Cases: a gdb command without its "print", a tab, and what it has to show.
cat >cases <<'EOF'
never	never set
set	errno=5 (EIO) count=0
observed	errno=28 (ENOSPC) observed count=0
reported	errno=5 (EIO) reported observed count=0
third	errno=5 (EIO) reported observed count=3
largest	errno=4095 reported observed count=262143
flags_only	errno=0 reported observed count=0
tagged	errno=5 (EIO) count=0
beginning	at the beginning
cursor	errno=5 (EIO) reported observed count=3
renamed	errno=5 (EIO) reported observed count=3
shared_beginning	at the beginning
shared_cursor	errno=5 (EIO) reported observed count=0
words	{never set, errno=5 (EIO) reported observed count=3}
cursors	{at the beginning, errno=5 (EIO) reported observed count=3}
*pointer	{fd = 7, word = errno=5 (EIO) reported observed count=3, cursor = errno=5 (EIO) reported observed count=3, shared = errno=5 (EIO) reported observed count=3}
number	12293
/r cursor	61445
/r third	{word_ = 61445}
/r shared_cursor	{cursor_ = 12293}
since	errno=5 (EIO) reported observed count=3
*word	errno=5 (EIO) reported observed count=0
nowhere	(errseq_t *) 0x10
*nowhere	Cannot access memory at address 0x10
EOF
# On its own, as a /x stays in force for a /r after it.
echo '/x cursor	0xf005' >last-case
cat >cases64 <<'EOF'
never64	never set
reported64	errno=5 (EIO) reported observed count=0
beginning64	at the beginning
largest64	errno=4095 reported observed count=1125899906842623
shared_beginning64	at the beginning
shared_cursor64	errno=5 (EIO) reported observed count=0
/r reported64	{word_ = 12293}
EOF
cat >cases-c++ <<'EOF'
reference	errno=5 (EIO) reported observed count=3
cursor_reference	errno=5 (EIO) reported observed count=3
rvalue_reference	errno=5 (EIO) reported observed count=3
reference_to_nowhere	(errseq_t &) <error reading variable: Cannot access memory at address 0x10>
EOF

# shows FILE: runs gdb once for all the cases of a file, up to `stop`, and compares
shows() {
	local command arguments=()
	while IFS=$'\t' read -r command _; do
		[ "${command:0:1}" = / ] || command=" $command"
		arguments+=(-ex "echo @" -ex "print$command")
	done <"$1"
	debug -ex "source $script" -ex 'break stop' -ex run "${arguments[@]}" ./program >said
	! grep -E 'Python Exception|Traceback|Error in' said || fail "$what: the printer threw: $(cat said)"
	cut -f 1 "$1" >commands
	sed -n 's/^@//p' said | sed 's/^[$][0-9]* = //' | paste commands - >got
	diff -u "$1" got || fail "$what: gdb does not show what was expected (-): $(cat said)"
}

# checked COMPILER LANGUAGE STANDARD: the printer in that compiler's programs
checked() {
	local compiler=$1 language=$2 standard=$3 flags what="$1 -std=$3"
	supports "$compiler" "$standard" "$language" || {
		skip_part "$what is not supported"
		return
	}
	flags=("-std=$standard" -g -I"$source_dir/include" -x "$language" program.c -x none errseq.o -o program)
	must "$compiler" -O0 "${flags[@]}"
	cat cases >all
	[ "$language" = c ] || cat cases-c++ >>all
	if "$compiler" "-std=$standard" -dM -E -I"$source_dir/include" -x "$language" \
		"$source_dir/include/errseq/errseq.h" | grep -q ERRSEQ_HAVE_64; then
		cat cases64 >>all
	fi
	cat last-case >>all
	shows all

	# The words of the printer are those of errseq_format, but for the errno's name.
	./program >formatted
	head -n 7 cases | cut -f 2 | sed 's/ ([A-Z]*)//' | diff -u formatted - ||
		fail "$what: errseq_format (-) says other things than the printer (+)"

	# Optimised, an argument that is dead has no value, or gdb infers it: gdb says so, nobody throws.
	must "$compiler" -O2 "${flags[@]}"
	debug -ex "source $script" -ex 'break stop' -ex run -ex up -ex 'print argument' -ex 'info locals' \
		-ex 'backtrace full' ./program >said
	! grep -E 'Python Exception|Traceback|Error in' said || fail "$what: the printer threw: $(cat said)"
	case $(printed said) in
	'<optimized out>' | 'errno=1 (EPERM) count=0') ;;
	*) fail "$what: an argument that was optimised out: $(cat said)" ;;
	esac
	echo "$what: $(wc -l <all) values as expected; optimised: $(printed said)"
}

for compiler in $(compilers_for "$cc" gcc clang); do
	must "$compiler" -std=c11 -g -I"$source_dir/include" -c "$source_dir/src/errseq.c" -o errseq.o
	checked "$compiler" c c11
	checked "$compiler" c c99
done
if have "$cxx"; then
	for compiler in $(compilers_for "$cxx" g++ clang++); do
		checked "$compiler" c++ c++11
	done
else
	skip_part "no C++ compiler"
fi

# One printer by the name libErrseq, however often it is loaded; it can be disabled, and stays so when it is
# loaded again; it leaves alone what has its names but is something else.
cat >other.c <<'EOF'
typedef int errseq_t;
struct errseq { int other; };
struct errseq_shared_cursor { struct { int inside; } cursor_; };
errseq_t word = 5;
struct errseq tagged = { 5 };
struct errseq_shared_cursor shared = { { 5 } };
int main(void)
{
	return 0;
}
EOF
must "$cc" -g other.c -o other
said=$(debug -ex "source $script" -ex "source $script" -ex 'info pretty-printer' -ex 'print word' -ex 'print tagged' \
	-ex 'print shared' other)
! grep -E 'Exception|Error' <<<"$said" || fail "loading it again: $said"
[ "$(grep -c '^  libErrseq' <<<"$said")" = 1 ] || fail "loaded twice, the printer is not there once: $said"
[ "$(printed <<<"$said")" = '5
{other = 5}
{cursor_ = {inside = 5}}' ] || fail "others' types: $said"
said=$(debug -ex "source $script" -ex 'disable pretty-printer global libErrseq' -ex "source $script" -ex 'print third' \
	-ex 'enable pretty-printer global libErrseq' -ex 'print third' program)
[ "$(printed <<<"$said")" = '{word_ = 0}
never set' ] || fail "disabled, loaded again, printed, enabled, printed: $said"
said=$(debug -ex 'python before = set(globals())' -ex "source $script" \
	-ex 'python print("adds", *[name for name in globals() if name not in before | {"before"}])')
[ "$said" = "adds errseq_register" ] || fail "to the namespace that all scripts share, it $said"
echo "one printer, which can be disabled, and leaves others' types and names alone"

# Installed, gdb loads it along with the shared library. cmake takes CMAKE_GENERATOR from the environment.
have cmake || {
	skip_part "cmake is not installed"
	exit 0
}
configure() {
	must cmake ${CMAKE_GENERATOR:+-G "$CMAKE_GENERATOR"} -S "$source_dir" -B build -DCMAKE_C_COMPILER="$cc" \
		-DERRSEQ_BUILD_TESTS=OFF -DERRSEQ_BUILD_EXAMPLES=OFF -DERRSEQ_BUILD_BENCH=OFF \
		-DCMAKE_BUILD_TYPE=Release "$@"
	must cmake --build build --config Release
}
configure -DCMAKE_INSTALL_PREFIX=/usr
must env DESTDIR="$work/stage" cmake --install build --config Release
ln -s . link # gdb asks for the real path; a staged installation is for a system whose links are not known
must cmake --install build --config Release --prefix "$work/link/prefix"
library=$(find prefix -type f -name 'libErrseq.so.*' ! -name '*.py')
[ -f "prefix/share/gdb/auto-load$work/$library-gdb.py" ] ||
	fail "no script for $work/$library: $(find prefix -name '*-gdb.py')"
[ -f "stage/usr/share/gdb/auto-load/usr/${library#*/}-gdb.py" ] ||
	fail "no script for /usr/${library#*/}: $(find stage -name '*-gdb.py')"
mkdir libraries
configure -DCMAKE_INSTALL_LIBDIR="$work/link/libraries"
must env DESTDIR="$work/stage2" cmake --install build --config Release
[ -f "stage2/usr/share/gdb/auto-load$work/link/libraries/${library##*/}-gdb.py" ] ||
	fail "no script for a library in an absolute directory: $(find stage2 -name '*-gdb.py')"

library_dir=$work/$(dirname "$library")
must "$cc" -g -Iprefix/include program.c -L"$library_dir" -lErrseq -Wl,-rpath,"$library_dir" -o user
load=(-iex "set auto-load scripts-directory $work/prefix/share/gdb/auto-load"
	-iex "set auto-load safe-path $work/prefix" -ex 'break stop' -ex run -ex 'print third')
said=$(debug "${load[@]}" -ex 'disable pretty-printer global libErrseq' -ex run -ex 'print third' \
	-ex 'info pretty-printer' user)
[ "$(printed <<<"$said")" = 'errno=5 (EIO) reported observed count=3
{word_ = 61445}' ] || fail "auto-loaded, printed, disabled, run again, printed: $said"
[ "$(grep -c '^  libErrseq' <<<"$said")" = 1 ] || fail "loaded with the library twice: $said"
echo "installed, gdb loads it by itself for $library"
