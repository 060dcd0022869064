#!/bin/bash
# SPDX-License-Identifier: MIT
# wbfs --volatile --state FILE: mounted again without a sync, the view is accepted exactly when nothing failed in
# between and the stored position is of this life of this folder's word.
# usage: state.sh WORK_DIR WBFS
set -eu
. "$(dirname "$0")/mounted.sh"
begin "$1" "$2"
mkdir states view2
state=$work/states/state

accepted() {
	expect 0 '' "$wbfs" --volatile --state "$state" "$work/upper" "$work/view"
	mountpoint -q view || fail "the view is not mounted"
}

# refused PATTERN [UPPER]: with 1, the file as it was, and nothing mounted
refused() {
	local before=
	[ ! -f "$state" ] || before=$(md5sum <"$state")
	expect 1 "$1" "$wbfs" --volatile --state "$state" "$work/${2:-upper}" "$work/view2"
	! mountpoint -q view2 || fail "it is refused and mounted"
	[ -z "$before" ] || [ "$before" = "$(md5sum <"$state")" ] || fail "a refusal changed the state file"
}

# Whoever mounts again at once, as scripts do, must find what the unmount left.
unmount_view() {
	must fusermount3 -u view
}

# What comes now comes after the daemon has noticed the unmount, a moment after fusermount3 returned.
settle() {
	until_true grep -qE '^(at|failed)' "$state"
}

works() {
	must sync view/file
	must sync view
}

start upper mount
echo data >mount/file
accepted
works
grep -q mounted "$state" || fail "while it is mounted the file should say so: $(cat "$state")"
refused 'mounted' # by two views at once
for _ in $(seq 20); do
	unmount_view
	accepted
	works
done
unmount_view
settle
[ "$(ls -A states)" = state ] || fail "temporary files are left: $(ls -A states)"
cd states
expect 0 '' "$wbfs" --volatile --state state "$work/upper" "$work/view"
cd ..
unmount_view
settle
ln -s "$state" link
expect 0 '' "$wbfs" --volatile --state link upper view
unmount_view
settle
[ -L link ] || fail "a link to the state file became a file"
echo "mounted again with nothing in between it is accepted"

# An error in between, that nobody was told of. It comes after the daemon has noticed the unmount.
settle
fail_in_background ENOSPC
refused '(ENOSPC|space).*'
grep -qE 'since' said || fail "it should say since when: $(cat said)"
grep -q "$state" said || fail "it should say which file to remove: $(cat said)"
grep -qiE 'remove|delete|rm ' said || fail "it should say what to do: $(cat said)"
refused 'ENOSPC|space'
must_fail_with 'space' sync mount/victim # neither refusal took anything
must_fail_with 'space' sync mount
must sync mount
refused 'ENOSPC|space' # that somebody was told changes nothing
rm "$state"
accepted
works
unmount_view
accepted
unmount_view
settle
# An error that was told at once.
control EIO
echo lost >>mount/file
must_fail_with 'Input/output' sync mount
must_fail_with 'Input/output' sync mount/file
control ok
refused 'EIO|Input/output'
rm "$state"
echo "with an error in between it is refused, for that reason, and nobody loses a report"

# An error that was there, untold, before the first mount is not new, and stays owed.
fail_in_background EIO
accepted
works
unmount_view
accepted
works
unmount_view
must_fail_with 'Input/output' sync mount
must_fail_with 'Input/output' sync mount/victim
accepted # being told is no error
works
unmount_view
echo "an error from before the first mount is not in between"

# An error while it was mounted, whether or not the view has looked.
for looks in 0 1; do
	rm -f "$state"
	accepted
	fail_in_background EIO
	[ $looks = 0 ] || must_fail_with 'Input/output' sync view/file
	unmount_view
	settle
	refused 'EIO|Input/output|mounted'
	grep -qiE 'remove|delete|rm ' said || fail "it should say what to do: $(cat said)"
	must_fail_with 'Input/output' sync mount
done
rm "$state"
echo "after an error while it was mounted it is refused"

# Another run of the daemon.
accepted
unmount_view
stop mount
start upper mount
refused 'daemon|run|restart|lifetime|life|instance'
grep -q "$state" said || fail "it should say which file to remove: $(cat said)"
grep -qiE 'remove|delete|rm ' said || fail "it should say what to do: $(cat said)"
rm "$state"
echo "after another run of the daemon it is refused"

# Another folder, whose daemon runs at the same time.
accepted
unmount_view
mkdir upper2 mount2
first=$daemon
start upper2 mount2
second=$daemon
refused '' upper2
grep -qiE 'remove|delete|rm |other|another|different' said || fail "it should say that it is another's: $(cat said)"
daemon=$second
stop mount2
daemon=$first
accepted
unmount_view
rm "$state"
echo "another folder's state is refused"

# What is no state file.
accepted
unmount_view
settle
cp "$state" good
size=$(wc -c <good)
broken() {
	(refused "$state") || fail "above, with $1"
	grep -qiE 'remove|delete|rm |not a|broken|damaged|no state|cannot' said ||
		fail "$1: it should say what is wrong and what to do: $(cat said)"
}
: >"$state"
broken "empty"
echo "something else" >"$state"
broken "another text"
head -c 4096 /dev/urandom >"$state"
broken "random bytes"
head -c $((size / 2)) good >"$state"
broken "the first half"
cat good good >"$state"
broken "twice"
tr 0-9 a-j <good >"$state"
broken "letters for digits"
{ cat good && printf x; } >"$state"
broken "a byte too many"
tr '\n' '\0' <good >"$state"
broken "zero bytes"
{ cat good && printf '\0garbage'; } >"$state"
broken "a zero byte and garbage"
{ cat good && printf 'garbage\0\n'; } >"$state"
broken "garbage and a zero byte"
sed 's/0x/0X/' good >"$state"
broken "another way to write the number"
yes | head -c 10000000 >"$state"
broken "a large file"
rm "$state"
mkdir "$state"
broken "a folder"
rmdir "$state"
mkfifo "$state"
broken "a pipe"
rm "$state"
cp good "$state"
accepted # it is still good
unmount_view
rm "$state"
echo "a broken file is refused"

# What others may put there.
mkdir open-to-all sticky
chmod 777 open-to-all
chmod 1777 sticky
expect 1 'others can replace' "$wbfs" --volatile --state open-to-all/state upper view
! mountpoint -q view || fail "it is refused and mounted"
expect 0 '' "$wbfs" --volatile --state sticky/state upper view
unmount_view
until_true grep -q '^at' sticky/state
accepted
unmount_view
settle
chown 65534 "$state"
refused 'somebody else'
chown 0 "$state"
chmod 666 "$state"
refused 'others can write'
chmod 600 "$state"
accepted
unmount_view
settle
# Beside the file, where a temporary file might be expected.
for suffix in new tmp; do
	mkfifo "$state.$suffix"
	accepted
	unmount_view
	settle
	[ -p "$state.$suffix" ] || fail "a pipe of somebody else is gone"
	rm "$state.$suffix"
	touch "$state.$suffix"
	chmod 666 "$state.$suffix"
	chown 65534 "$state.$suffix"
	accepted
	unmount_view
	settle
	[ "$(stat -c '%u %a' "$state")" = '0 600' ] || fail "the state file is $(stat -c 'of %u with mode %a' "$state")"
	rm "$state.$suffix"
done
rm "$state"
echo "others can neither forge, replace nor block the state file"

# A crash while it is mounted.
accepted
kill_daemon
must fusermount3 -u view
must fusermount3 -u mount
start upper mount
refused 'mounted|clean|crash|another run'
grep -q "$state" said || fail "it should say which file to remove: $(cat said)"
grep -qiE 'remove|delete|rm ' said || fail "it should say what to do: $(cat said)"
rm "$state"
accepted
works
unmount_view
stop mount
[ "$(ls -A states)" = state ] || fail "temporary files are left: $(ls -A states)"
echo "after a crash it is refused"
