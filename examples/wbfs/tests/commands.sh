#!/bin/bash
# SPDX-License-Identifier: MIT
# wbfs from the command line: what is wrong is said in one line, with the value that is wrong, and nothing is mounted.
# usage: commands.sh WORK_DIR WBFS
set -eu
. "$(dirname "$0")/mounted.sh"
begin "$1" "$2"

expect 0 '^usage: wbfs' "$wbfs" --help
expect 0 '^usage: wbfs' "$wbfs" -h
expect 0 'libErrseq [0-9]+\.[0-9]+\.[0-9]+' "$wbfs" --version
echo "help and version are printed"

# refused PATTERN ARGUMENTS...: 2, one line
refused() {
	local pattern=$1
	shift
	expect 2 "$pattern" "$wbfs" "$@"
	[ "$(wc -l <said)" = 1 ] || fail "wbfs $* should say what is wrong in one line:
$(cat said)"
	grep -qE '^(.*/)?wbfs: ' said || fail "wbfs $* should say who speaks:
$(cat said)"
	! mountpoint -q mount || fail "wbfs $* mounted"
}
refused 'UPPER'
refused 'MOUNT' upper
refused 'three|3' upper mount three
refused 'no-such-option' --no-such-option upper mount
refused -- '-x' -x upper mount
for value in abc -1 '' 10x ' ' 99999999999999999999 0x10 1.5; do
	refused "age.*'?${value/./\\.}" --age "$value" upper mount
	refused "size.*'?${value/./\\.}" --size "$value" upper mount
done
refused 'age' upper mount --age
refused 'strict' --strict upper mount
refused 'state' --state file upper mount
refused 'VIEW' --volatile upper
refused 'four|3' --volatile upper view four
refused 'age' --volatile --age 5 upper view
refused 'size' --volatile --size 5 upper view
refused 'state' --volatile upper view --state
refused 'state' --volatile --state '' upper view
refused 'upper' upper upper
[ ! -e file ] || fail "a refusal created the state file"
echo "wrong command lines are refused, and the message names what is wrong"

# What is right on the command line and does not work.
touch a-file
expect '1|2' 'no-such-folder.*(No such|not exist)' "$wbfs" no-such-folder mount
expect '1|2' 'no-such-folder' "$wbfs" upper no-such-folder
expect '1|2' 'a-file.*not a directory' "$wbfs" a-file mount
expect '1|2' 'a-file' "$wbfs" upper a-file
expect '1|2' 'no-such-mount-option' "$wbfs" -o no-such-mount-option upper mount
expect 1 'upper.*|no wbfs' "$wbfs" --volatile upper view
grep -q 'upper' said || fail "it should name the folder that nobody serves: $(cat said)"
expect '1|2' 'no-such-folder' "$wbfs" --volatile no-such-folder view
! mountpoint -q mount || fail "something is mounted"
! mountpoint -q view || fail "something is mounted"
start upper mount
expect '1|2' 'no-such-folder' "$wbfs" --volatile upper no-such-folder
expect '1|2' 'a-file' "$wbfs" --volatile upper a-file
expect '1|2' 'no-such-folder' "$wbfs" --volatile --state no-such-folder/state upper view
! mountpoint -q view || fail "something is mounted"
[ "$(cat mount/.wbfs-control)" = ok ] || fail "the daemon does not serve any more"
stop mount
echo "folders that are not there, or are none, are named"

# Options where they may stand, names with spaces, and relative to where we are.
mkdir "up per" "mo unt" "vi ew"
for order in "-f --age 100 --size 100 -- up_per mo_unt" "up_per mo_unt --foreground --age=100 --size=100" \
	"-f --age 0 up_per mo_unt"; do
	read -ra arguments <<<"$order"
	"$wbfs" "${arguments[@]//_/ }" >>daemon.log 2>&1 9>&- &
	# shellcheck disable=SC2034 # stop uses it
	daemon=$!
	until_true mountpoint -q "mo unt"
	echo data >"mo unt/file"
	must sync "mo unt/file"
	must cmp "mo unt/file" "up per/file"
	expect 0 '' "$wbfs" --volatile "up per" "vi ew"
	must cmp "vi ew/file" "up per/file"
	must fusermount3 -u "vi ew"
	stop "mo unt"
done
start upper mount -o ro
(: >mount/new) 2>/dev/null && fail "a file was created on a mount with -o ro"
must ls mount
stop mount
start upper mount -o noatime,default_permissions
: >mount/new
stop mount
for option in allow_other allow_root user_id=65534 group_id=1; do
	refused "$option.*only the user" -o ro,$option upper mount
	refused "$option.*only the user" -o ro -o "$option" upper mount
done
echo "options may stand before and after the folders, whose names may have spaces"
