#!/bin/bash
# SPDX-License-Identifier: MIT
# What the tests reach of src/ and include/: each line, each branch and each function, in each of the two
# readings of the shared text. Fails if something is not reached.
# usage: coverage.sh [BUILD]
# BUILD is a folder of the preset coverage (made with gcc) in which the tests of that preset have run. Without it,
# they are built and run in build/coverage. Those named crash.* are not among them: they leave calls for ever, which
# gcov's arithmetic does not allow for. Exits with 77 if something that it needs is missing.
set -euo pipefail
source_dir=$(cd "$(dirname "$0")/.." && pwd)
. "$source_dir/tests/common/check.sh"

[ $# -le 1 ] || fail "usage: tools/coverage.sh [BUILD]"
for tool in gcov python3; do
	have "$tool" || skip "coverage: $tool is not installed"
done
if [ $# -eq 1 ]; then
	[ -d "$1" ] || fail "no such folder: $1"
	build=$(cd "$1" && pwd)
else
	cd "$source_dir"
	cmake --workflow --preset coverage
	build=$source_dir/build/coverage
fi
compiler=$(sed -n 's/^CMAKE_C_COMPILER:[A-Z]*=//p' "$build/CMakeCache.txt")
! is_clang "$compiler" || skip "coverage: $build was built with clang, whose gcov does not say which function a line is of"
exec python3 "$source_dir/tools/coverage.py" "$source_dir" "$build"
