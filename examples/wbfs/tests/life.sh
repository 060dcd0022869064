#!/bin/bash
# SPDX-License-Identifier: MIT
# The life and death of the daemon: mounting, unmounting, signals, kill -9. What an fsync acknowledged is on the
# backing store after each.
# usage: life.sh WORK_DIR WBFS
set -eu
. "$(dirname "$0")/mounted.sh"
begin "$1" "$2"

head -c 1000003 /dev/urandom >data

serves() {
	[ "$(cat mount/.wbfs-control 2>/dev/null)" = ok ]
}

# Whether a daemon that is nobody's child serves our folder.
runs() {
	local process
	for process in /proc/[0-9]*; do
		[ "$(readlink "$process/exe" 2>/dev/null)" = "$wbfs_file" ] || continue
		tr '\0' '\n' 2>/dev/null <"$process/cmdline" | grep -qF "$work/" && return 0
	done
	return 1
}
no_daemon() {
	! runs
}

# Without -f: it returns when the mount answers, and does not hold on to the caller's output.
mkfifo output
cat output >said &
"$wbfs" "$work/upper" "$work/mount" >output 2>&1 9>&- || fail "wbfs did not daemonise: $(cat said)"
serves || fail "wbfs returned before the mount answered"
until_true is_gone $!
runs || fail "the daemon is not found, the checks below are worth nothing"
cp data mount/data
must umount mount
until_true no_daemon
must cmp data upper/data
must_fail_with 'no-such' "$wbfs" "$work/upper" "$work/no-such"
no_daemon || fail "a daemon that could not mount goes on"
echo "it daemonises when the mount answers, and ends when it is unmounted, with all written back"

# A second daemon on the same folder, by whatever name.
start upper mount
mkdir other
ln -s upper symlink
first=$daemon
for name in upper symlink; do
	expect 1 "($name|upper).*already" "$wbfs" "$work/$name" "$work/other"
	expect 1 "($name|upper).*already" "$wbfs" -f "$work/$name" "$work/other"
	is_not_mounted other || fail "a second daemon mounted $name"
done
if mkdir bound && mount --bind upper bound 2>/dev/null; then
	expect 1 "bound.*already" "$wbfs" "$work/bound" "$work/other"
	must umount bound
fi
serves || fail "the first daemon does not serve any more"
daemon=$first
stop mount
start upper other
stop other
echo "a second daemon on one folder is refused, as long as the first lives"

# Signals: the same as unmounting, also while files are open.
for signal in TERM INT HUP; do
	for open in 0 1; do
		# INT is ignored in what a script starts in the background, and stays so; wbfs may respect that.
		[ $signal != INT ] || continue
		start upper mount
		cp data mount/$signal-$open
		[ $open = 0 ] || exec 5<mount/$signal-$open
		kill -s $signal "$daemon"
		ended 0
		exec 5<&-
		until_true is_not_mounted mount
		must cmp data upper/$signal-$open
	done
done
"$wbfs" "$work/upper" "$work/mount" 9>&-
cp data mount/daemonised
for process in /proc/[0-9]*; do
	[ "$(readlink "$process/exe" 2>/dev/null)" != "$wbfs_file" ] ||
		! tr '\0' '\n' <"$process/cmdline" | grep -qF "$work/" || kill -TERM "${process#/proc/}"
done
until_true no_daemon
until_true is_not_mounted mount
must cmp data upper/daemonised
echo "SIGTERM and SIGHUP write back, unmount and end it"

# With few descriptors the daemon asks the kernel to forget names, for which the kernel locks a directory that whoever
# makes files in it holds, until it gets an answer. Who is told to end there, ends.
for round in 1 2 3 4; do
	mkdir -p crowded
	# shellcheck disable=SC2034 # ended uses it
	(
		ulimit -n 128
		exec "$wbfs" -f crowded mount >>daemon.log 2>&1 9>&-
	) &
	daemon=$!
	until_true mountpoint -q mount
	makers=()
	for maker in 1 2 3 4; do
		(
			cd mount || exit
			for ((i = 0; i < 3000; i++)); do
				: >"$round-$maker-$i" || exit
			done
		) >/dev/null 2>&1 9>&- &
		makers+=($!)
	done
	sleep 0.5
	kill -TERM "$daemon"
	ended 0
	wait "${makers[@]}" || true # they are told that the mount is gone
	until_true is_not_mounted mount
done
echo "SIGTERM ends it while others make files faster than it may remember them"

# kill -9. What was synced is there; nothing is said of the rest; the mount is dead, and can be had again.
start upper mount
expect 0 '' "$wbfs" --volatile "$work/upper" "$work/view"
cp data mount/synced
sync mount/synced
cp data mount/not-synced
exec 5<mount/synced
kill_daemon
must_fail_with 'not connected' ls mount
must_fail_with 'not connected' ls view
exec 5<&-
must cmp data upper/synced
expect '1' 'mount' "$wbfs" "$work/upper" "$work/mount"
must fusermount3 -u mount
must fusermount3 -u view
start upper mount
must cmp data mount/synced
cp data mount/after
stop mount
must cmp data upper/after
echo "after kill -9 all that was acknowledged is there, and a new daemon mounts"

# While it works. The writer notes which block it begins to write to which file, and that an fsync acknowledged it,
# in a folder that is not there when the mount is gone.
write_and_note() {
	local i file block
	for ((i = 0; i < 100000; i++)); do
		file=$((i % 8)) block=$((i % 100))
		printf 'begins %s %s\n' $file $block
		# dd opens, writes, syncs and closes: any error of those, and it was not acknowledged
		dd if=data of="mount/$1/$file" bs=8192 skip=$block count=1 conv=fsync,notrunc status=none 2>/dev/null ||
			return 0
		printf 'acknowledged %s %s\n' $file $block
	done >"$1.notes"
}
has_noted() {
	[ "$(grep -c acknowledged "$1.notes")" -ge "$2" ]
}
# last WHAT FILE NOTES: the block
last() {
	awk -v what="$1" -v file="$2" '$1 == what && $2 == file { block = $3 } END { print block }' "$3"
}
for how in KILL TERM unmount; do
	start upper mount --age 20 --size 64
	mkdir mount/$how
	: >$how.notes
	write_and_note $how 9>&- &
	writer=$!
	until_true has_noted $how 30
	case $how in
	unmount) must fusermount3 -u -z mount && ended 0 ;;
	KILL) kill_daemon && must fusermount3 -u -z mount ;;
	TERM) kill -TERM "$daemon" && ended 0 ;;
	esac
	until_true is_not_mounted mount
	wait $writer || fail "the writer did not end well"
	for file in 0 1 2 3 4 5 6 7; do
		found=0
		for block in $(last acknowledged $file $how.notes) $(last begins $file $how.notes); do
			! dd if=data bs=8192 skip="$block" count=1 status=none | cmp -s - upper/$how/$file || found=1
		done
		[ $found = 1 ] || fail "upper/$how/$file is not what was acknowledged last, and not what came after that"
	done
done
echo "ended while it works, in three ways, it loses nothing that was acknowledged"

# Unmount while there is much to write back.
start upper mount --age 10 --size 4096
for i in 1 2 3 4; do
	head -c 20000000 /dev/urandom | tee mount/much-$i >much-$i
done
must fusermount3 -u mount
ended 0
for i in 1 2 3 4; do
	must cmp much-$i upper/much-$i
	rm much-$i upper/much-$i
done
start upper mount
head -c 60000000 /dev/zero | tr '\0' x >mount/much
must fusermount3 -u mount
ended 0
[ "$(tr -d x <upper/much | wc -c),$(wc -c <upper/much)" = 0,60000000 ] || fail "not all was written back"
rm upper/much
echo "unmounted with much to write back, it ends, and all is there"

# S15: with an error that nobody was told of it says so, and ends well.
start upper mount
: >daemon.log
fail_in_background EIO
stop mount
grep -qiE 'EIO|input/output|errno=5' daemon.log || fail "it should say on stderr that an error was told to nobody:
$(cat daemon.log)"
: >daemon.log
start upper mount
stop mount
[ ! -s daemon.log ] || fail "with nothing to say it said:
$(cat daemon.log)"
echo "an error that nobody was told of is said at the end"

# The view's client: without -f it returns, with -f it stays until the view is unmounted.
start upper mount
"$wbfs" --volatile -f "$work/upper" "$work/view" >said 2>&1 9>&- &
client=$!
until_true mountpoint -q view
kill -0 $client || fail "with -f the client should stay: $(cat said)"
must fusermount3 -u view
status=0
until_true is_gone $client
wait $client || status=$?
[ $status = 0 ] || fail "the view's client ended with $status: $(cat said)"
expect 0 '' "$wbfs" --volatile "$work/upper" "$work/view"
mountpoint -q view || fail "the client returned before the view was mounted"
expect '1|2' 'view' "$wbfs" --volatile "$work/upper" "$work/view/no-such"
stop mount
until_true is_not_mounted view
echo "the view's client stays or returns, and views go with the daemon"
