#!/bin/bash
# SPDX-License-Identifier: MIT
# wbfs as an ordinary user: mounted by fusermount3, without any capability.
# usage: user.sh WORK_DIR WBFS
# shellcheck disable=SC2016 # what stands in single quotes is for the user's shell
set -eu
. "$(dirname "$0")/own_mounts.sh"
own_mounts "$0" "$1" "$2"
# /tmp is another folder now, and the tests may have been in the old one
. /tmp/tests/mounted.sh
[ "$(stat -c %A /dev/fuse)" = crw-rw-rw- ] || skip "/dev/fuse cannot be made for everybody"
have setpriv || skip "setpriv (Debian: util-linux) was not found"
begin "/tmp/work.$$" /tmp/wbfs

uid=65534
as_user=(setpriv "--reuid=$uid" "--regid=$uid" --clear-groups --inh-caps=-all)
as_user() {
	"${as_user[@]}" "$@"
}
as_user "$wbfs" --version >/dev/null || skip "an ordinary user cannot run $wbfs"
chown -R $uid:$uid upper mount view
mkdir states && chown $uid:$uid states
wait_for_mount() {
	until_true mountpoint_of_user "$1"
}
# Not by looking into it: it is not root's.
mountpoint_of_user() {
	grep -qF " $work/$1 " /proc/self/mountinfo
}
is_no_mountpoint() {
	! mountpoint_of_user "$1"
}
# With its pid in $daemon.
start_user() {
	"${as_user[@]}" "$wbfs" -f --age 3600000 "$work/upper" "$work/mount" >>daemon.log 2>&1 9>&- &
	daemon=$!
	wait_for_mount mount
}
stop_user() {
	must as_user fusermount3 -u mount
	ended "${1:-0}"
}

start_user
as_user bash -eu -c '
	echo one >mount/file
	exec 5<mount/file 6<mount
	echo EIO >mount/.wbfs-control
	echo two >>mount/file
	! sync mount/file || exit 1
	sync mount/file || exit 2
	! sync mount || exit 3
	sync mount || exit 4
	echo ok >mount/.wbfs-control
	[ "$(stat -c %u mount/.wbfs-control)" = "$(id -u)" ] || exit 5' 2>said || fail "it does not report as it should: $(cat said)"
must_fail_with 'ermission denied' ls mount # root is another user
must_fail_with 'no wbfs of user 0' "$wbfs" --volatile "$work/upper" "$work/view"
expect 0 '' "${as_user[@]}" "$wbfs" --volatile --state states/state "$work/upper" "$work/view"
must as_user sync view/file
must as_user fusermount3 -u view
until_true grep -q '^at' states/state
must_fail_with 'already' as_user "$wbfs" "$work/upper" "$work/view"
stop_user
echo "it mounts, reports, has views, and lets root not in"

: >daemon.log
start_user
as_user bash -c 'echo EIO >mount/.wbfs-control; echo lost >mount/lost'
stop_user 1
grep -q "last write-back failed" daemon.log || fail "it should say that the last write-back failed: $(cat daemon.log)"
echo "what is lost at the end is in the exit status"

# What may be opened is decided at each open, as natively; what is open stays so.
start_user
as_user bash -eu -c '
	echo data >mount/closed
	exec 5<>mount/closed
	chmod 0 mount/closed
	! cat mount/closed 2>/dev/null || exit 1
	! : >mount/closed || exit 2
	echo more >&5
	truncate -s 3 /dev/fd/5 2>/dev/null || true
	sync mount/closed 2>/dev/null || true
	chmod 600 mount/closed' 2>said || fail "rights are not as natively: $(cat said)"
expect 0 '' "${as_user[@]}" "$wbfs" --volatile --strict "$work/upper" "$work/view"
for folder in mount view; do
	for change in "printf x 1<>$folder/set" ": >$folder/set" "truncate -s 1 $folder/set"; do
		as_user bash -eu -c "rm -f mount/set; echo program >mount/set; sync mount/set; chmod 6755 mount/set"
		as_user bash -c "$change"
		[ "$(as_user stat -c %a mount/set)" = 755 ] || fail "after '$change' the mode is $(as_user stat -c %a mount/set)"
	done
done
if have setfacl && echo data >upper/denied && chmod 666 upper/denied && setfacl -m u:$uid:rw upper/denied 2>/dev/null; then
	# The kernel does not see ACLs through the mount, and would let him in. The file is open already.
	"${as_user[@]}" bash -c 'exec 5<>mount/denied; : >mount/opened; exec sleep 100' >/dev/null 2>&1 9>&- &
	holds=$!
	until_true as_user test -e mount/opened
	must as_user cat mount/denied
	setfacl -m u:$uid:--- upper/denied
	must_fail_with 'ermission denied' as_user cat mount/denied
	{ kill $holds && wait $holds; } 2>/dev/null || true # it keeps the mount busy until it is gone
else
	skip_part "setfacl (Debian: acl) was not found, or this filesystem has no ACLs"
fi
stop_user
echo "rights and set-id bits are as natively"

# Case by case: told to end, it ends.
start_user
"${as_user[@]}" bash -c 'cd mount && exec sleep 100' >/dev/null 2>&1 9>&- &
inside=$!
"${as_user[@]}" bash -c 'exec 5>mount/open; exec sleep 100' >/dev/null 2>&1 9>&- &
holds=$!
until_true as_user test -e mount/open
sleep 0.1
kill -TERM "$daemon"
ended 0
until_true is_no_mountpoint mount
kill $inside $holds
grep -q "given up" daemon.log || fail "it should say what it gave up: $(cat daemon.log)"
for round in 1 2 3; do
	(
		ulimit -n 128
		exec "${as_user[@]}" "$wbfs" -f "$work/upper" "$work/mount" >>daemon.log 2>&1 9>&-
	) &
	daemon=$!
	wait_for_mount mount
	makers=()
	for maker in 1 2 3 4; do
		"${as_user[@]}" bash -c 'cd mount || exit; for ((i = 0; i < 3000; i++)); do : >"$0-$1-$i" || exit; done' \
			$round $maker >/dev/null 2>&1 9>&- &
		makers+=($!)
	done
	sleep 0.4
	kill -TERM "$daemon"
	ended 0
	wait "${makers[@]}" || true
	until_true is_no_mountpoint mount
done
echo "SIGTERM ends it while others are inside, have files open, or make more files than it may remember"

# The mount point's parent is renamed, and leads to another mount now.
as_user mkdir -p upper/theirs
mkdir parent elsewhere && chown $uid:$uid parent elsewhere
as_user mkdir parent/mount elsewhere/mount
"${as_user[@]}" "$wbfs" -f "$work/upper" "$work/parent/mount" >>daemon.log 2>&1 9>&- &
daemon=$!
wait_for_mount parent/mount
mkdir upper2 && chown $uid:$uid upper2
"${as_user[@]}" "$wbfs" -f "$work/upper2" "$work/elsewhere/mount" >>daemon.log 2>&1 9>&- &
other=$!
wait_for_mount elsewhere/mount
mv parent renamed
ln -s elsewhere parent
kill -TERM $daemon
ended 0
until_true is_no_mountpoint renamed/mount
mountpoint_of_user elsewhere/mount || fail "somebody else's mount went"
daemon=$other
must as_user fusermount3 -u elsewhere/mount
ended 0
echo "it unmounts its own mount, wherever that is now"

# Another user has taken the place of the socket.
rm -rf /tmp/wbfs-$uid
setpriv --reuid=5 --regid=5 --clear-groups mkdir -m 777 /tmp/wbfs-$uid
expect 1 "/tmp/wbfs-$uid.*must be a directory of user $uid" "${as_user[@]}" "$wbfs" -f "$work/upper" "$work/mount"
rmdir /tmp/wbfs-$uid
ln -s "$work/states" /tmp/wbfs-$uid
expect 1 "/tmp/wbfs-$uid.*must be a directory" "${as_user[@]}" "$wbfs" -f "$work/upper" "$work/mount"
rm /tmp/wbfs-$uid
echo "a place that another user made is refused, and named"
