#!/bin/bash
# SPDX-License-Identifier: MIT
# The write-behind example as its users run it, and its verdict, which must be able to be bad.
# usage: writeback.sh SOURCE_DIR WORK_DIR CC WRITEBACK INSTRUMENTED
set -eu
source_dir=$1 work=$2 cc=$3 writeback=$4 instrumented=$5
. "$source_dir/tests/common/check.sh"
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

expect 0 demo
says demo '^verdict: right'
says demo 'reads back what both wrote'
# Who is told what in the first part: three times before a look of volatile's, twice before one of
# the others'; alice was told of the first, and closed on the rest.
times demo 1 '  alice +fsync:  EFBIG'
times demo 2 '  bob +fsync:  EFBIG'
times demo 2 '  carol +fsync:  EFBIG'
times demo 1 '  dave +fsync:  EFBIG'
times demo 3 '  volatile +looks:  EFBIG'
times demo 1 '  alice +closes: EFBIG'
if [ -c /dev/full ]; then
	times demo 1 '  erin +fsync:  ENOSPC'
	times demo 1 '  erin +closes: ENOSPC'
	times demo 1 '  heidi +fsync:  ENOSPC'
	times demo 2 '  frank +fsync:  ENOSPC'
	times demo 1 '  grace +fsync:  ENOSPC'
	times demo 1 '  volatile +looks:  ENOSPC'
fi
# Also when its output is a file: the limit must not hit the log. And with a low limit of the user's.
(ulimit -f 2048 && "$writeback" >limited 2>&1) || fail "under ulimit -f 2048: $(cat limited)"
says limited '^verdict: right'
echo "the demonstration tells everybody what they are owed"

head -c 3000001 /dev/urandom >in
expect 0 copied out <in
cmp in out || fail "the copy differs"
says copied '^out: every byte is written and synced'
expect 2 kept out <in
says kept 'nothing was written to out: it is not empty'
cmp in out || fail "a file that was not to be touched was"
expect 0 copied --handles 1 --block 1 --overwrite small < <(head -c 1000 in)
cmp -n 1000 in small || fail "the copy in blocks of one byte differs"
expect 0 copied --handles 64 --block 1K --overwrite out <in
cmp in out || fail "the copy through 64 handles differs"
expect 0 copied empty </dev/null

expect 1 limited --limit 100K --handles 5 limited-out <in
times limited 5 'fsync:  EFBIG'
times limited 5 'fsync:  0'
says limited 'NOT every byte was written'
cmp -n 100000 in limited-out || fail "what fits below the limit should be there"
if [ -c /dev/full ]; then
	expect 1 full /dev/full <in
	times full 4 'fsync:  ENOSPC'
	times full 4 'fsync:  0'
	expect 1 endless --limit 1K endless-out < <(yes) # who writes looks too, and stops
else
	skip_part "there is no /dev/full"
fi
echo "users' files are copied, or every handle is told once that they are not"

for arguments in '--handles 0 x' '--handles 65 x' '--block 0 x' '--block 1025K x' '--block 1X x' '--limit -1 x' \
	'--limit 99999999999999999999 x' '--limit 16777216T x' 'x y' '--handles 3' '--no-such-option x'; do
	# shellcheck disable=SC2086
	expect 2 bad $arguments </dev/null
	says bad 'usage: writeback'
	[ ! -e x ] || fail "writeback $arguments created a file"
done
expect 2 bad no/such/folder/x </dev/null
says bad 'cannot open no/such/folder/x: No such file'
expect 2 bad --overwrite out <.
says bad 'the standard input cannot be read'
# shellcheck disable=SC2094 # that is the point
expect 2 bad --overwrite out <out
says bad 'it is the standard input'
cmp in out || fail "a refusal touched the file"
mkfifo nobody-reads
expect 2 bad nobody-reads <in
(exec >&- && "$writeback" --overwrite out <in) 2>bad && fail "a closed standard output was accepted"
says bad 'must be open'
cmp in out || fail "with its standard output closed it wrote to the file"
if [ -c /dev/full ]; then
	status=0
	"$writeback" >/dev/full 2>bad || status=$?
	[ $status = 2 ] || fail "output that could not be printed: exit status $status, not 2"
	says bad 'not all of the output could be printed'
fi
expect 0 help --help
says help 'exit status'
echo "what is wrong on the command line is said, and nothing is done"

# What fdatasync says counts as much as what pwrite says.
cat >no-sync.c <<'EOF'
#include <errno.h>
int fdatasync(int fd);
int fdatasync(int fd)
{
	(void)fd;
	errno = EIO;
	return -1;
}
EOF
if [ "$instrumented" = 1 ]; then
	skip_part "instrumented programs do not take LD_PRELOAD: a failing fdatasync is not tried"
else
	must "$cc" -shared -fPIC no-sync.c -o no-sync.so
	status=0
	LD_PRELOAD=$work/no-sync.so "$writeback" unsynced <in >unsynced.log 2>&1 || status=$?
	[ $status = 1 ] || fail "with a failing fdatasync the exit status is $status: $(cat unsynced.log)"
	times unsynced.log 4 'fsync:  EIO'
	echo "a failing fdatasync is told to every handle"
fi

# Killed half-way: what is there is a beginning of the input, and a second run with --overwrite is whole.
mkfifo pipe
"$writeback" --handles 1 killed <pipe >killed.log 2>&1 &
process=$!
exec 3>pipe
head -c 1000000 in >&3
for _ in $(seq 100); do
	[ "$(stat -c %s killed 2>/dev/null || echo 0)" -lt 900000 ] || break
	sleep 0.1
done
kill -KILL $process
wait $process 2>/dev/null || true
exec 3>&-
size=$(stat -c %s killed)
[ "$size" -gt 0 ] || fail "nothing was written behind before the kill: $(cat killed.log)"
cmp -n "$size" in killed || fail "after a kill the file is not a beginning of the input"
expect 0 again --overwrite killed <in
cmp in killed || fail "the run after the kill differs"
echo "killed half-way, $size bytes were there, and the next run was whole"

# The verdict can be bad: the same program over a library with one fault each.
broken() {
	local what=$1 pattern=$2 replacement=$3 status=0
	shift 3
	mkdir -p broken
	sed "s/$pattern/$replacement/" "$source_dir/src/errseq.c" >broken/errseq.c # it includes itself
	! cmp -s broken/errseq.c "$source_dir/src/errseq.c" ||
		fail "nothing to break: '$pattern' is not in errseq.c"
	must "$cc" -std=c11 -DERRSEQ_NO_INLINE -I"$source_dir/include" "$source_dir/examples/writeback.c" \
		broken/errseq.c -o broken/writeback -pthread
	broken/writeback >broken.log 2>&1 || status=$?
	[ $status = 3 ] || fail "$what: the demonstration ended with $status, not 3:
$(cat broken.log)"
	says broken.log "WRONG"
	says broken.log '^verdict: WRONG'
}
broken "a cursor that does not move" 'if (atomic_compare_exchange_strong_explicit(&since->cursor_, &at, seen,' \
	'if (atomic_compare_exchange_strong_explicit(\&since->cursor_, \&at, at,'
broken "set that does not move the counter" 'next += ERRSEQ_STEP_;' ';'
broken "set that records nothing" 'next = old .*;' 'next = old;'
broken "advance that forgets to mark reported" 'seen = atomic_fetch_or_explicit(&eseq->word_, ERRSEQ_FLAGS_' \
	'seen = atomic_fetch_or_explicit(\&eseq->word_, ERRSEQ_OBSERVED_'
broken "peek that consumes" 'atomic_fetch_or_explicit(&eseq->word_, ERRSEQ_OBSERVED_' \
	'atomic_fetch_or_explicit(\&eseq->word_, ERRSEQ_FLAGS_'
broken "peek that marks nothing" 'now = atomic_fetch_or_explicit(.*;' ';'
echo "the verdict is bad over six broken libraries"
