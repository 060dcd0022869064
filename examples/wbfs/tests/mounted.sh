# SPDX-License-Identifier: MIT
# For the scripts that mount wbfs: what they say when something is missing, wrong, or done; and nothing is left behind,
# whatever becomes of the script.
# shellcheck shell=bash

fail() {
	printf 'FAIL: %s\n' "$*" >&2
	exit 1
}

# The whole test cannot run here: ctest shows it as skipped.
skip() {
	printf 'SKIP: %s\n' "$*"
	exit 77
}

# A part of it cannot.
skip_part() {
	printf 'SKIP (part): %s\n' "$*"
}

have() {
	command -v "$1" >/dev/null 2>&1
}

# Runs a command; shows its output only if it fails.
must() {
	local output
	output=$("$@" 2>&1) || fail "$*
$output"
}

# Runs a command that has to fail, with `pattern` somewhere in what it says.
must_fail_with() {
	local pattern=$1 output
	shift
	if output=$("$@" 2>&1); then
		fail "this should not have worked: $*"
	fi
	tr -s ' \n' ' ' <<<"$output" | grep -qE -- "$pattern" || fail "$* failed, but did not say '$pattern':
$output"
}

patience=30 # seconds until what did not happen is said to hang

# Unmounts all in the folder, ends the daemons that serve it, and removes it.
clean_up() {
	local folder=$1 point process words
	while read -r _ _ _ _ point _; do
		point=$(printf '%b' "${point//\\/\\0}") # \040 is a space
		case $point in "$folder"/*) printf '%s\n' "$point" ;; esac
	done </proc/self/mountinfo | tac | while IFS= read -r point; do
		umount -l "$point" 2>/dev/null || fusermount3 -u -z "$point" 2>/dev/null || true
	done
	# Told to daemonise, they are nobody's children; each is known by its program and by our paths.
	for process in /proc/[0-9]*; do
		[ "$(readlink "$process/exe" 2>/dev/null)" = "$wbfs_file" ] || continue
		words=$(tr '\0' '\n' 2>/dev/null <"$process/cmdline" || true)
		case $words in *"$folder"/*) kill -KILL "${process#/proc/}" 2>/dev/null || true ;; esac
	done
	rm -rf --one-file-system "$folder"
}

# begin WORK_DIR WBFS: a fresh folder to work in, or SKIP. A process of a session of its own waits for the end of
# this one, however that comes about, and cleans up.
begin() {
	work=$1 wbfs=$2
	wbfs_file=$(readlink -f "$wbfs")
	[ "$(id -u)" = 0 ] || skip "only root may tell wbfs to fail"
	(: <>/dev/fuse) 2>/dev/null || skip "/dev/fuse cannot be opened"
	have fusermount3 || skip "fusermount3 (Debian: fuse3) was not found"
	[ ! -e "$work" ] || clean_up "$(readlink -f "$work")"
	mkdir -p "$work"
	work=$(readlink -f "$work")
	export -f clean_up
	export wbfs_file
	mkfifo "$work/guard"
	# shellcheck disable=SC2016 # expanded by the guardian
	setsid bash -c 'trap "" INT TERM HUP PIPE; cat "$1/guard" >/dev/null; clean_up "$1"' \
		guardian "$work" </dev/null >/dev/null 2>&1 &
	guardian=$!
	exec 9>"$work/guard"
	trap 'exec 9>&-; wait $guardian' EXIT # it has cleaned up when we end
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	cd "$work" || exit 1
	mkdir upper mount view
	start upper mount
	stop mount
}

is_gone() {
	! kill -0 "$1" 2>/dev/null
}

is_not_mounted() {
	! mountpoint -q "$1"
}

# start UPPER MOUNT OPTIONS...: a daemon in the foreground, with its pid in $daemon and what it says in daemon.log.
# It returns when the mount answers. Without --age and --size, nothing is written back unless we ask for it.
start() {
	local upper=$1 mount=$2 end=$((SECONDS + patience))
	shift 2
	"$wbfs" -f --age 3600000 --size 1048576 "$@" "$work/$upper" "$work/$mount" >>daemon.log 2>&1 9>&- &
	daemon=$!
	until mountpoint -q "$mount"; do
		if is_gone $daemon || [ $SECONDS -gt $end ]; then
			if grep -qE 'not permitted|ermission denied' daemon.log; then
				skip "mounting is not allowed here"
			fi
			fail "wbfs did not mount:
$(cat daemon.log)"
		fi
		sleep 0.02
	done
}

# ended STATUS: the daemon ends in time, with this status.
ended() {
	local end=$((SECONDS + patience)) status=0
	until is_gone "$daemon"; do
		[ $SECONDS -le $end ] || fail "the daemon did not end:
$(cat daemon.log)"
		sleep 0.02
	done
	wait "$daemon" || status=$?
	[ $status = "$1" ] || fail "the daemon ended with $status, not $1:
$(cat daemon.log)"
}

# stop MOUNT: unmounts; the daemon ends with 0.
stop() {
	must fusermount3 -u "$1"
	ended 0
}

# As a crash. The dead mounts stay.
kill_daemon() {
	{ kill -KILL "$daemon" && wait "$daemon"; } 2>/dev/null || true # bash would say that it was killed
	is_gone "$daemon" || fail "the daemon survived SIGKILL"
}

# until_true COMMAND...: it comes true in time.
until_true() {
	local end=$((SECONDS + patience))
	until "$@"; do
		[ $SECONDS -le $end ] || fail "this did not come true: $*"
		sleep 0.02
	done
}

# expect STATUS PATTERN COMMAND...: it ends in time with this status (or one of 1|2), and says the pattern.
expect() {
	local want=$1 pattern=$2 status=0
	shift 2
	timeout $patience "$@" >"$work/said" 2>&1 9>&- || status=$?
	[[ $status =~ ^($want)$ ]] || fail "$* exited with $status, not $want:
$(cat "$work/said")"
	[ -z "$pattern" ] || grep -qiE -- "$pattern" "$work/said" || fail "$*: this should say '$pattern':
$(cat "$work/said")"
}

control() {
	printf '%s\n' "$1" >mount/.wbfs-control
}

# An error that nobody was told of.
fail_in_background() {
	control "$1"
	printf 'data that will be lost\n' >>mount/victim 2>/dev/null || true # close may tell of an error before
	control sync
	control ok
}
