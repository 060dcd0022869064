#!/bin/bash
# SPDX-License-Identifier: MIT
# wbfs over wbfs: the lower one's fsync(2) really fails, with data that the upper one had handed over long ago, and
# the upper one tells that on.
# usage: stacked.sh WORK_DIR WBFS
set -eu
. "$(dirname "$0")/mounted.sh"
begin "$1" "$2"
mkdir top

start upper mount
lower=$daemon
start mount top
command_top() {
	printf '%s\n' "$1" >top/.wbfs-control
}

# control speaks to the lower one.
echo one >top/file
must sync top/file
must cmp top/file upper/file

# At the fsync itself.
control EIO
echo two >>top/file
must_fail_with 'Input/output' sync top/file
must sync top/file
must_fail_with 'Input/output' sync top
must sync top
[ "$(cat upper/file)" = one ] || fail "what failed is on the store"
control ok
must sync top/file
[ "$(cat top/file)" = "$(printf 'one\ntwo')" ] || fail "the data is not readable any more"

# In the background of the lower one, when the upper one has nothing dirty any more: its own write-back succeeded.
echo three >top/other
exec 5<top/other
command_top sync
control ENOSPC
control sync
control ok
must_fail_with 'No space' sync top/other
must sync top/other
exec 5<&-
echo four >>top/other
must sync top/other
# The lower one knows the largest file, and the upper one asks it, with a file that has a name for a moment.
if truncate -s 20T upper/large 2>/dev/null; then
	skip_part "this filesystem has larger files than 20 TiB"
else
	must_fail_with 'too large' truncate -s 20T top/large
	must sync top/large
	must truncate -s 1T top/large
fi
[ -z "$(find upper -name '.wbfs-*')" ] || fail "temporary files are left: $(ls -A upper)"
stop top
daemon=$lower
stop mount
[ "$(tail -n 1 upper/other)" = four ] || fail "what was acknowledged is not on the store"
echo "a backing filesystem's fsync that fails is told once to each"
