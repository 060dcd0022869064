# SPDX-License-Identifier: MIT
# For the scripts beside this one: the program in a binding's README.
# shellcheck shell=bash

# readme_program LANGUAGE FILE: writes the first program of README.md to FILE, and what it says that it prints to `expected`
readme_program() {
	awk -v language="$1" '
		substr($0, 4) == language && !started { started = inside = 1; next }
		inside && length($0) == 3 && index($0, "\140") { exit }
		inside { print }
	' README.md >"$2"
	sed -n 's,.*\(#\|//\) prints: ,,p' "$2" >expected
	[ -s expected ] || fail "the README's program does not say what it prints"
}
