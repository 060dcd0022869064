#!/bin/bash
# SPDX-License-Identifier: MIT
# The poll() example as its users run it, whatever becomes of its input and output: it notices every error
# once, says so, and ends.
# usage: poll.sh SOURCE_DIR WORK_DIR POLL
set -eu
source_dir=$1 work=$2 poll=$3
. "$source_dir/tests/common/check.sh"
rm -rf "$work"
mkdir -p "$work"
cd "$work"

# ended STATUS FILE-WITH-OUTPUT WHAT; the status of the last run is in $status, 124 if it did not end in time
ended() {
	[ "$status" = "$1" ] || fail "$3: it ended with $status, not $1:
$(head -n 100 "$2")"
}

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

run() {
	status=0
	timeout 60 "$poll" || status=$?
}

right() {
	ended 0 "$1" "$2"
	says "$1" '^verdict: right: of 12 blocks '
	times "$1" 12 '  timer '
}

{ printf 'hello\n' && sleep 0.5 && printf 'again, friend\n'; } | { run >plain 2>&1 && right plain "input from a pipe"; } ||
	exit 1
says plain '  input +6 bytes$'
says plain '  input +14 bytes$'
says plain '  input +ends$'
if [ -c /dev/full ]; then
	says plain '^verdict: right: of 12 blocks 6 failed, and the loop was told of 6$'
	times plain 3 '  eventfd +No space left on device, [0-9]+ us after the record$'
	times plain 3 '  eventfd +File too large, [0-9]+ us after the record$'
	times plain 6 'the flusher cannot write .*: it records '
else
	skip_part "there is no /dev/full"
fi
echo "timer, input and errors are served by one loop, and each error is noticed once"

run </dev/null >null 2>&1
right null "input from /dev/null"
run <&- >closed 2>&1
right closed "no standard input"
run </dev/zero >endless 2>&1
right endless "endless input"
times endless 10 '  input '
run <. >folder 2>&1
right folder "input that cannot be read"
mkfifo silent
exec 3<>silent
run <silent >silence 2>&1
exec 3>&-
right silence "input that never comes"
(ulimit -f 4 && run </dev/null >limited 2>&1 && right limited "a low file size limit")
(
	trap '' TTIN PIPE ALRM
	run </dev/null >ignored 2>&1
	right ignored "signals that are ignored"
)
echo "it ends, and is right, whatever its input is"

# Output that goes nowhere. The verdict is lost, and 0 would be a lie.
status=0
timeout 60 "$poll" </dev/null >&- 2>bad || status=$?
ended 2 bad "no standard output"
says bad 'not all of the output could be printed'
status=0
timeout 60 "$poll" </dev/null >&- 2>&- || status=$?
ended 2 /dev/null "no standard output and error"
if [ -c /dev/full ]; then
	status=0
	timeout 60 "$poll" </dev/null >/dev/full 2>bad || status=$?
	ended 2 bad "a full device as output"
	says bad 'not all of the output could be printed'
fi
# A pipe that nobody reads any more: killed by SIGPIPE, or where that is ignored, as above.
{ timeout 60 "$poll" </dev/null 2>bad || echo $? >status; } | true
status=$(cat status)
ended 141 bad "a closed pipe as output"
rm status
(
	trap '' PIPE
	{ timeout 60 "$poll" </dev/null 2>bad || echo $? >status; } | true
)
status=$(cat status)
ended 2 bad "a closed pipe as output, SIGPIPE ignored"
echo "it ends when nobody listens"
