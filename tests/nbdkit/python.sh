#!/bin/bash
# SPDX-License-Identifier: MIT
# Runs a test in Python that drives the nbdkit plugin with libnbd.
# usage: python.sh SOURCE_DIR WORK_DIR PLUGIN FAULTS TEST [ARGUMENTS...]
set -eu
source_dir=$1 plugin=$3 faults=$4 test=$5
shift 5
. "$source_dir/tests/common/check.sh"
have nbdkit || skip "nbdkit (Debian: nbdkit) was not found"
for python in python3 /usr/bin/python3; do # Debian's libnbd belongs to Debian's python3
	! "$python" -c 'import nbd' 2>/dev/null || exec "$python" -B "$source_dir/tests/nbdkit/$test" "$plugin" "$faults" "$@"
done
skip "no python3 knows libnbd (Debian: python3-libnbd)"
