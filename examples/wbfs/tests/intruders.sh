#!/bin/bash
# SPDX-License-Identifier: MIT
# Who must not get in, and what must not be touched: peers of the control socket that could not mount by themselves,
# paths that changed, mounts that are not ours.
# usage: intruders.sh WORK_DIR WBFS
set -eu
. "$(dirname "$0")/own_mounts.sh"
own_mounts "$0" "$1" "$2"
# /tmp is another folder now, and the tests may have been in the old one
. /tmp/tests/mounted.sh
have setpriv || skip "setpriv (Debian: util-linux) was not found"
begin "/tmp/work.$$" /tmp/wbfs

refused() {
	expect 1 "refused: .*$1" "${@:2}" "$wbfs" --volatile "$work/upper" "$work/view"
	! mountpoint -q view || fail "it is refused and mounted"
}
start upper mount
refused 'fewer capabilities' setpriv --bounding-set=-all --inh-caps=-all
refused 'fewer capabilities' setpriv --bounding-set=-sys_admin
refused 'mount namespace' unshare -m
mkdir other-root
mount -t tmpfs wbfs-test other-root
for folder in /*; do
	if [ -L "$folder" ]; then
		cp -P "$folder" other-root/
	elif [ -d "$folder" ]; then
		mkdir -p "other-root$folder"
		mount --rbind "$folder" "other-root$folder"
	fi
done
refused 'root directory' chroot other-root
umount -l other-root
expect 1 'no wbfs of user 5' setpriv --reuid=5 --regid=5 --clear-groups "$wbfs" --volatile "$work/upper" "$work/view"
must "$wbfs" --volatile "$work/upper" "$work/view"
must fusermount3 -u view
stop mount
echo "who could not mount a view is refused one, with the reason"

start upper mount
long=$(printf '%20000s' '' | tr ' ' s)
expect '1|2' 'state' "$wbfs" --volatile --state "$long" upper view
expect '1|2' 'state' "$wbfs" --volatile --state "./${long//ssss/././}" upper view
! mountpoint -q view || fail "mounted with a long name"
[ "$(cat mount/.wbfs-control)" = ok ] || fail "the daemon does not serve any more"
stop mount
echo "names that are too long are refused"

chmod 755 /run/wbfs
expect 1 '/run/wbfs.*0700' "$wbfs" -f "$work/upper" "$work/mount"
chmod 700 /run/wbfs
chown 65534 /run/wbfs
expect 1 '/run/wbfs.*of user 0' "$wbfs" -f "$work/upper" "$work/mount"
chown 0 /run/wbfs
echo "the socket's directory must be ours alone"

expect 1 '/proc' unshare -m bash -c "umount -l /proc && exec '$wbfs' -f '$work/upper' '$work/mount'"
echo "without /proc it does not start, and says so"

# The mount point's parent is renamed, and its name leads to another mount now.
mkdir -p parent/mount elsewhere/mount
start upper parent/mount
mount -t tmpfs wbfs-test elsewhere/mount
mv parent renamed
ln -s elsewhere parent
kill -TERM "$daemon"
ended 0
until_true is_not_mounted renamed/mount
mountpoint -q elsewhere/mount || fail "somebody else's mount went"
umount elsewhere/mount
rm parent
# Something is mounted over ours.
: >daemon.log
start upper mount
mount -t tmpfs wbfs-test mount
kill -TERM "$daemon"
ended 0
mountpoint -q mount || fail "somebody else's mount went"
grep -q 'nothing is unmounted' daemon.log || fail "it should say that it left a mount: $(cat daemon.log)"
umount mount
umount -l mount
echo "it unmounts its own mount, and no other"

# Two that start at the same moment.
for round in 1 2 3 4 5; do
	"$wbfs" -f "$work/upper" "$work/mount" >first.log 2>&1 9>&- &
	first=$!
	"$wbfs" -f "$work/upper" "$work/view" >second.log 2>&1 9>&- &
	second=$!
	one_has_ended() {
		is_gone "$first" || is_gone "$second"
	}
	until_true one_has_ended
	for place in mount view; do
		! mountpoint -q $place || must fusermount3 -u $place
	done
	until_true is_gone "$first"
	until_true is_gone "$second"
	[ "$(cat first.log second.log | grep -c already)" = 1 ] || fail "round $round: one of two should be refused:
$(cat first.log second.log)"
done
echo "of two that start at the same moment, one is refused"
