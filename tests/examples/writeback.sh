#!/bin/bash
# SPDX-License-Identifier: MIT
# The write-behind example as its users run it. With --faults: a failing fdatasync, a kill half-way, and broken
# libraries, over which its verdict must be bad.
# usage: writeback.sh SOURCE_DIR WORK_DIR WRITEBACK [--faults CC INSTRUMENTED]
set -eu
source_dir=$1 work=$2 writeback=$3 faults=${4:-} cc=${5:-} instrumented=${6:-}
. "$source_dir/tests/common/check.sh"
. "$source_dir/tests/examples/broken.sh"
rm -rf "$work"
mkdir -p "$work"
cd "$work"

# expect STATUS FILE-FOR-OUTPUT ARGUMENTS...
expect() {
	local want=$1 output=$2 status=0
	shift 2
	"$writeback" "$@" >"$output" 2>&1 || status=$?
	[ "$status" = "$want" ] || fail "writeback $* exited with $status, not $want:
$(cat "$output")"
}

says() {
	grep -qE -- "$2" "$1" || fail "this should say '$2':
$(cat "$1")"
}

# times FILE COUNT PATTERN
times() {
	local got
	got=$(grep -cE -- "$3" "$1" || true)
	[ "$got" = "$2" ] || fail "this should say '$3' $2 times, not $got:
$(cat "$1")"
}

head -c 3000001 /dev/urandom >in

if [ "$faults" = --faults ]; then
	cat >no-sync.c <<'EOT'
#include <errno.h>
int fdatasync(int fd);
int fdatasync(int fd)
{
	(void)fd;
	errno = EIO;
	return -1;
}
EOT
	if [ "$instrumented" = 1 ]; then
		skip_part "instrumented programs do not take LD_PRELOAD: a failing fdatasync is not tried"
	else
		must "$cc" -shared -fPIC no-sync.c -o no-sync.so
		status=0
		LD_PRELOAD="./no-sync.so" "$writeback" unsynced <in >unsynced.log 2>&1 || status=$?
		[ $status = 1 ] || fail "with a failing fdatasync the exit status is $status: $(cat unsynced.log)"
		times unsynced.log 4 'fsync: Input/output error'
		echo "a failing fdatasync is reported to every handle"
	fi

	# What is there after a kill is a beginning of the input.
	mkfifo pipe
	"$writeback" -n 1 killed <pipe >killed.log 2>&1 &
	process=$!
	exec 3>pipe
	head -c 1000000 in >&3
	while [ "$(stat -c %s killed 2>/dev/null || echo 0)" -lt 900000 ]; do
		kill -0 $process || fail "it ended before its input: $(cat killed.log)"
		sleep 0.1
	done
	kill -KILL $process
	wait $process 2>/dev/null || true
	exec 3>&-
	size=$(stat -c %s killed)
	cmp -n "$size" in killed || fail "after a kill the file is not a beginning of the input"
	expect 0 again -o killed <in
	cmp in killed || fail "the run after the kill differs"
	echo "killed half-way, $size bytes were there, and the next run was whole"

	faults_of_shared_cursors | over_broken_libraries "$source_dir" "$cc" 3 '^verdict: WRONG' "$source_dir"/examples/writeback/*.c -D_DEFAULT_SOURCE
	exit 0
fi

expect 0 demo
says demo '^verdict: right: in 23 looks, 11 reports'
# Who gets what: volatile looks after errors three times, alice is reported the first error, and closes on the rest.
for who in 1:alice 2:bob 2:carol 1:dave 1:erin; do
	times demo "${who%:*}" "^${who#*:} +fsync.*: File too large"
done
times demo 3 '^volatile +looks: File too large'
times demo 1 '^latecomer +looks: File too large'
times demo 1 '^alice +closes: File too large'
# Also when its output is a file: the limit must not hit the log. And with a low limit of the user's.
(ulimit -f 2048 && "$writeback" >limited 2>&1) || fail "under ulimit -f 2048: $(cat limited)"
says limited '^verdict: right'
echo "in the demonstration everybody gets what they should"

expect 0 copied out <in
cmp in out || fail "the copy differs"
says copied '^out: every byte is written and synced'
expect 2 kept out <in
says kept '^out: File exists'
cmp in out || fail "a file that was not to be touched was"
expect 0 copied -n 64 -o out < <(cat in)
cmp in out || fail "the copy of a pipe through 64 handles differs"
expect 0 copied empty </dev/null

expect 1 limited -l 100000 -n 5 limited-out <in
times limited 5 '^handle . +fsync: File too large'
times limited 5 '^handle . +fsync: 0'
says limited 'NOT every byte was written'
cmp -n 100000 in limited-out || fail "what fits below the limit should be there"
if [ -c /dev/full ]; then
	expect 1 full -o /dev/full <in
	times full 4 'fsync: No space left on device'
	times full 4 'fsync: 0'
	expect 1 endless -l 1000 endless-out < <(yes) # a writer looks, too, and stops
else
	skip_part "there is no /dev/full"
fi
expect 1 folder folder-out <.
says folder 'cannot go on: Is a directory'
echo "users' files are copied, or every handle gets the error once"

for arguments in '-n 0 x' '-n 65 x' '-n 1X x' '-l -1 x' '-l 99999999999999999999 x' 'x y' '-n 3' '-z x'; do
	# shellcheck disable=SC2086
	expect 2 bad $arguments </dev/null
	says bad 'usage: writeback'
	[ ! -e x ] || fail "writeback $arguments created a file"
done
expect 2 bad no/such/folder/x </dev/null
says bad 'no/such/folder/x: No such file'
(exec >&- && "$writeback" -o out <in) 2>bad && fail "a closed standard output was accepted"
says bad 'not all of the output could be printed'
cmp in out || fail "with its standard output closed it printed to the file"
if [ -c /dev/full ]; then
	status=0
	"$writeback" >/dev/full 2>bad || status=$?
	[ $status = 2 ] || fail "output that could not be printed: exit status $status, not 2"
	says bad 'not all of the output could be printed'
fi
echo "wrong command lines are refused, and nothing is done"
