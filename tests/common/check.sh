# SPDX-License-Identifier: MIT
# For the tests that are shell scripts: what they say when something is missing, wrong, or done.
# shellcheck shell=bash

fail() {
	printf 'FAIL: %s\n' "$*" >&2
	exit 1
}

# The whole test cannot run here: ctest shows it as skipped.
skip() {
	printf 'SKIP: %s\n' "$*"
	exit 77
}

# A part of it cannot: .ci/run shows the line.
skip_part() {
	printf 'SKIP (part): %s\n' "$*"
}

have() {
	command -v "$1" >/dev/null 2>&1
}

# Runs a command; shows its output only if it fails.
must() {
	local output
	output=$("$@" 2>&1) || fail "$*
$output"
}

# Runs a command that has to fail, with `pattern` somewhere in what it says (however the lines break).
must_fail_with() {
	local pattern=$1 output
	shift
	if output=$("$@" 2>&1); then
		fail "this should not have worked: $*"
	fi
	tr -s ' \n' ' ' <<<"$output" | grep -qE -- "$pattern" || fail "$* failed, but did not say '$pattern':
$output"
}

# The compilers to try: the build's own, gcc and clang, each once. With how_many=few, the build's own only.
compilers_for() {
	local own=$1 other
	shift
	printf '%s\n' "$own"
	[ "${how_many:-all}" = all ] || return 0
	for other in "$@"; do
		have "$other" || continue
		[ "$(readlink -f "$(command -v "$other")")" = "$(readlink -f "$(command -v "$own")")" ] ||
			printf '%s\n' "$other"
	done
}

is_clang() {
	"$1" --version | grep -qi clang
}

supports() {
	printf '' | "$1" "-std=$2" -x "$3" -fsyntax-only - 2>/dev/null
}

# Of the symbols that nm -u lists, those that are a call to somebody else's code. Not so are the linker's own names;
# PowerPC's helpers to save registers at -Os; and aarch64's, which take whichever of two kinds of atomic instruction
# the machine has and learn that from libc's __getauxval (-mno-outline-atomics does without). Both kinds are a part
# of the compiler's runtime.
calls_elsewhere() {
	nm -u "$@" | awk '$1 == "U" && NF > 1 { sub(/@.*/, "", $2); print $2 }' |
		grep -vxE '_GLOBAL_OFFSET_TABLE_|\.TOC\.|_gp_disp|_(save|rest)gpr[01]?_[0-9]+(_x)?' |
		grep -vxE '__aarch64_(cas|ldset)[48]_(rel|acq)|__getauxval' || true
}
