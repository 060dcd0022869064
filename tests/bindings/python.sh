#!/bin/bash
# SPDX-License-Identifier: MIT
# bindings/python: its tests, its types, and the program of its README, by each Python that is here.
# usage: python.sh SOURCE_DIR WORK_DIR LIBRARY PEER PEER64
set -eu
source_dir=$1 work=$2 library=$3 peer=$4 peer64=$5
. "$source_dir/tests/common/check.sh"
. "$source_dir/tests/bindings/readme.sh"
export ERRSEQ_LIBRARY=$library ERRSEQ_PEER=$peer ERRSEQ_PEER64=$peer64 PYTHONDONTWRITEBYTECODE=1
have python3 || skip "python3 is not installed"
rm -rf "$work"
mkdir -p "$work"
cp "$source_dir"/bindings/python/* "$work"
cd "$work"

readme_program python readme.py
for python in $(compilers_for python3 /usr/bin/python3); do
	"$python" -c 'import sys; sys.exit(sys.version_info < (3, 8))' || {
		skip_part "$("$python" --version) is older than 3.8"
		continue
	}
	"$python" -W error -m unittest || fail "$("$python" --version): the tests"
	"$python" readme.py | diff -u expected - || fail "$("$python" --version): the README's program"
	"$python" --version
done
if have mypy; then
	must mypy --cache-dir=mypy --strict errseq.py test_errseq.py test_with_c.py
else
	skip_part "mypy is not installed"
fi
