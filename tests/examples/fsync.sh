#!/bin/bash
# SPDX-License-Identifier: MIT
# The lesson prints its timeline byte for byte, and ends with 0. With --faults: over broken libraries it does not.
# usage: fsync.sh SOURCE_DIR WORK_DIR FSYNC [--faults CC INSTRUMENTED]
set -eu
source_dir=$1 work=$2 fsync=$3
. "$source_dir/tests/common/check.sh"
. "$source_dir/tests/examples/broken.sh"
rm -rf "$work"
mkdir -p "$work"
cd "$work"
[ -c /dev/full ] || skip "there is no /dev/full"

if [ "${4:-}" = --faults ]; then
	faults_of_shared_cursors | over_broken_libraries "$source_dir" "$5" 1 WRONG "$source_dir/examples/fsync.c"
	exit 0
fi

"$fsync" >printed || fail "it ended with $?:
$(cat printed)"
diff "$source_dir/tests/examples/fsync.txt" printed || fail "the timeline is not that of tests/examples/fsync.txt"
status=0
"$fsync" >/dev/full || status=$?
[ $status = 1 ] || fail "its output could not be printed, and it ended with $status, not 1"
echo "the lesson prints its $(grep -c . printed) lines, and says so when it cannot"
