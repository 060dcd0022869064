#!/bin/bash
# SPDX-License-Identifier: MIT
# The poll() example as its users run it, whatever becomes of its input and output: it gets each error once, says
# so, and ends. With --faults: over libraries that lose an error, or return it twice, it must not be right.
# usage: poll.sh SOURCE_DIR WORK_DIR POLL [--faults CC INSTRUMENTED]
set -eu
source_dir=$1 work=$2 poll=$3
. "$source_dir/tests/common/check.sh"
. "$source_dir/tests/examples/broken.sh"
rm -rf "$work"
mkdir -p "$work"
cd "$work"

if [ "${4:-}" = --faults ]; then
	over_broken_libraries "$source_dir" "$5" 3 '^verdict: WRONG' "$source_dir/examples/poll.c" "$source_dir/src/wait.c" <<'EOT'
advance returns no error	return ERRSEQ_(cursor_error)(\*since);	return 0;
advance does not move the cursor	return ERRSEQ_(cursor_error)(\*since);	*since = 0; return ERRSEQ_(cursor_error)(seen);
EOT
	exit 0
fi

says() {
	grep -qE -- "$2" "$1" || fail "this should say '$2':
$(head -n 100 "$1")"
}

# times FILE COUNT PATTERN
times() {
	local got
	got=$(grep -cE -- "$3" "$1" || true)
	[ "$got" = "$2" ] || fail "this should say '$3' $2 times, not $got:
$(head -n 100 "$1")"
}

# ended STATUS WANTED FILE-WITH-OUTPUT WHAT
ended() {
	[ "$1" = "$2" ] || fail "$4: it ended with $1, not $2:
$(head -n 100 "$3")"
}

# right FILE-FOR-OUTPUT WHAT, with the input to try
right() {
	local status=0
	"$poll" >"$1" 2>&1 || status=$?
	ended "$status" 0 "$1" "$2"
	says "$1" '^verdict: right: of 12 blocks '
	times "$1" 12 '^timer '
}

printf 'hello, loop\n' >hello
right plain "input from a file" <hello
says plain '^input +12 bytes$'
says plain '^input +ends$'
if [ -c /dev/full ]; then
	says plain '^verdict: right: of 12 blocks 6 failed, and the loop got 6 errors$'
	times plain 3 '^eventfd +No space left on device, [0-9]+ us after the record$'
	times plain 3 '^eventfd +File too large, [0-9]+ us after the record$'
	times plain 6 'the flusher cannot write .*: it records '
else
	skip_part "there is no /dev/full"
fi
echo "timer, input and errors are served by one loop, which gets each error once"

right null "input from /dev/null" </dev/null
right closed "no standard input" <&-
right endless "endless input" </dev/zero
times endless 10 '^input '
right folder "input that cannot be read" <.
mkfifo silent
exec 3<>silent
right silence "input that never comes" <silent
printf 'again\n' >&3
right pipe "input from a pipe" <silent
says pipe '^input +6 bytes$'
exec 3>&-
(ulimit -f 4 && right limited "a low file size limit" </dev/null)
(trap '' TTIN PIPE && right ignored "signals that are ignored" </dev/null)
echo "it ends, and is right, whatever its input is"

# Output that goes nowhere. The verdict is lost, and 0 would be a lie.
status=0
"$poll" </dev/null >&- 2>bad || status=$?
ended $status 2 bad "no standard output"
says bad 'not all of the output could be printed'
status=0
"$poll" </dev/null >&- 2>&- || status=$?
ended $status 2 /dev/null "no standard output and error"
if [ -c /dev/full ]; then
	status=0
	"$poll" </dev/null >/dev/full 2>bad || status=$?
	ended $status 2 bad "a full device as output"
	says bad 'not all of the output could be printed'
fi
# A pipe that nobody reads any more: killed by SIGPIPE, or where that is ignored, as above.
mkfifo unread
closed_pipe() {
	status=0
	exec 3<>unread # so that opening it for writing does not wait
	exec 4>unread
	exec 3>&-
	"$poll" </dev/null >&4 2>bad || status=$?
	exec 4>&-
}
closed_pipe
ended $status 141 bad "a closed pipe as output"
trap '' PIPE
closed_pipe
ended $status 2 bad "a closed pipe as output, SIGPIPE ignored"
echo "it ends when nobody listens"
