#!/bin/bash
# SPDX-License-Identifier: MIT
# The model checker must be able to fail. Below is a table of faults: each takes a text out of the shipped source
# and puts another in its place, and the checker, built with that, has to find it. If the text is not in the
# source exactly once, the source has changed, and the table has to.
# usage: faults.sh SOURCE_DIR WORK_DIR CC OBJECT ...   (the objects are the checker's, without the library)
set -eu
source_dir=$1 work=$2 cc=$3
shift 3
objects=("$@")
. "$source_dir/tests/common/check.sh"
shopt -u patsub_replacement 2>/dev/null || true # & is & in what takes the place of a text

# fault MEMORY WHAT_BREAKS NAME FILE BEFORE AFTER: to be found by the interleavings ("steps") or in C11's memory
# ("orders"), with words that match WHAT_BREAKS.
memories=() breaks=() names=() files=() befores=() afters=()
fault() {
	memories+=("$1") breaks+=("$2") names+=("$3") files+=("$4") befores+=("$5") afters+=("$6")
}
c=src/errseq_template.h h=include/errseq/errseq_inline.h w=src/wait.c
p=tests/model/calls.c # the program's part: how a claim is made

# ---- record ----
fault steps 'G1|linear' 'set forgets the counter' $c \
'		if (old & ERRSEQ_OBSERVED_)
			next += ERRSEQ_STEP_;' ''
fault steps 'G1|linear' 'set moves the counter if reported, not if observed' $c \
'		if (old & ERRSEQ_OBSERVED_)' '		if (old & ERRSEQ_REPORTED_)'
fault steps linear 'set always moves the counter' $c \
'		if (old & ERRSEQ_OBSERVED_)
' ''
fault steps 'G1|linear' 'set gives up after a failed exchange' $c \
'	} while (!atomic_compare_exchange_weak_explicit(&eseq->word_, &old, next,
							memory_order_release,
							memory_order_relaxed));' \
'	} while (!atomic_compare_exchange_weak_explicit(&eseq->word_, &old, next,
							memory_order_release,
							memory_order_relaxed) && 0);'
fault steps 'G1|linear' 'set stores instead of exchanging' $c \
'	} while (!atomic_compare_exchange_weak_explicit(&eseq->word_, &old, next,
							memory_order_release,
							memory_order_relaxed));' \
'		atomic_store_explicit(&eseq->word_, next, memory_order_release);
	} while (0);'
fault steps 'linear|G3' 'set keeps the flags' $c \
'next = old / ERRSEQ_STEP_ * ERRSEQ_STEP_ + (unsigned)-err;' \
'next = (old & ~(ERRSEQ_(cursor_t))ERRSEQ_ERRNO_) + (unsigned)-err;'
fault steps 'linear|G1' 'set keeps observed' $c \
'next = old / ERRSEQ_STEP_ * ERRSEQ_STEP_ + (unsigned)-err;' \
'next = old / ERRSEQ_STEP_ * ERRSEQ_STEP_ + (unsigned)-err + (old & ERRSEQ_OBSERVED_);'
fault steps 'G1|linear' 'set drops the counter' $c \
'next = old / ERRSEQ_STEP_ * ERRSEQ_STEP_ + (unsigned)-err;' 'next = (unsigned)-err;'
fault steps 'linear' 'set counts twice' $c '			next += ERRSEQ_STEP_;' '			next += 2 * ERRSEQ_STEP_;'
fault steps 'G7|linear' 'set mixes the errnos' $c \
'next = old / ERRSEQ_STEP_ * ERRSEQ_STEP_ + (unsigned)-err;' \
'next = old / ERRSEQ_STEP_ * ERRSEQ_STEP_ + ((old & ERRSEQ_ERRNO_) | (unsigned)-err);'
fault steps 'does it end' 'set keeps its first guess' $c \
'	} while (!atomic_compare_exchange_weak_explicit(&eseq->word_, &old, next,
							memory_order_release,
							memory_order_relaxed));' \
'		ERRSEQ_(cursor_t) guess = old;

		if (atomic_compare_exchange_weak_explicit(&eseq->word_, &guess, next, memory_order_release,
							  memory_order_relaxed))
			break;
	} while (1);'
fault steps 'linear|G1' 'set leaves an error alone that nobody was told of' $c \
'	do {
		/* the counter as it is' \
'	if (old != 0 && !(old & ERRSEQ_REPORTED_))
		return 0;
	do {
		/* the counter as it is'
fault steps 'does it end' 'set waits until somebody looks' $c \
'	do {
		/* the counter as it is' \
'	while (old != 0 && !(old & ERRSEQ_OBSERVED_))
		old = atomic_load_explicit(&eseq->word_, memory_order_relaxed);
	do {
		/* the counter as it is'
fault steps 'memory of its own|linear' 'set remembers in a static variable what it recorded' $c \
'	do {
		/* the counter as it is' \
'	static int latest;

	if (err == latest)
		return 0;
	latest = err;
	do {
		/* the counter as it is'
fault orders G6 'set does not exchange an equal value' $c \
'			next += ERRSEQ_STEP_;' \
'			next += ERRSEQ_STEP_;
		if (next == old)
			return 0;'
fault orders G6 'set: the exchange is relaxed' $c \
'							memory_order_release,
							memory_order_relaxed));' \
'							memory_order_relaxed,
							memory_order_relaxed));'

# ---- sample ----
fault steps 'G3|linear' 'sample returns a value that nobody was told of' $h \
'	return now & ERRSEQ_REPORTED_ ? now : 0;' '	return now;'
fault steps 'G3|linear' 'sample returns a value that was only peeked at' $h \
'	return now & ERRSEQ_REPORTED_ ? now : 0;' '	return now & ERRSEQ_OBSERVED_ ? now : 0;'
fault steps 'linear' 'sample always returns 0' $h \
'	return now & ERRSEQ_REPORTED_ ? now : 0;' '	return now & 0;'
for mark in REPORTED OBSERVED; do
	fault steps 'G3|G8|linear' "sample marks as ${mark,,}" $h \
	'	return now & ERRSEQ_REPORTED_ ? now : 0;' \
	"	if (now != 0)
			atomic_fetch_or_explicit(&((ERRSEQ_(t) *)(uintptr_t)eseq)->word_, ERRSEQ_${mark}_,
						 memory_order_acquire);
		return now & ERRSEQ_REPORTED_ ? now : 0;"
done
fault orders G6 'sample: the load is relaxed' $h \
'	ERRSEQ_(cursor_t) now = ERRSEQ_LOAD_(&eseq->word_, acquire);

	return now & ERRSEQ_REPORTED_' \
'	ERRSEQ_(cursor_t) now = ERRSEQ_LOAD_(&eseq->word_, relaxed);

	return now & ERRSEQ_REPORTED_'

# ---- peek ----
peek_or='	now = atomic_fetch_or_explicit(&eseq->word_, ERRSEQ_OBSERVED_, memory_order_acquire);
	return now | ERRSEQ_OBSERVED_;'
fault steps 'G1|linear' 'peek ignores a failed exchange, as on the list' $c "$peek_or" \
'	now = atomic_load_explicit(&eseq->word_, memory_order_relaxed);
	atomic_compare_exchange_strong_explicit(&eseq->word_, &now, now | ERRSEQ_OBSERVED_,
						memory_order_acquire, memory_order_relaxed);
	return now | ERRSEQ_OBSERVED_;'
fault steps 'G3|linear' 'peek sets reported' $c "$peek_or" \
'	now = atomic_fetch_or_explicit(&eseq->word_, ERRSEQ_FLAGS_, memory_order_acquire);
	return now | ERRSEQ_FLAGS_;'
fault steps 'G1|linear' 'peek does not mark' $c "$peek_or" \
'	now = atomic_load_explicit(&eseq->word_, memory_order_acquire);
	return now | ERRSEQ_OBSERVED_;'
fault steps 'G1|linear' 'peek returns what it loaded, not what it marked' $c "$peek_or" \
'	now = atomic_load_explicit(&eseq->word_, memory_order_relaxed);
	atomic_fetch_or_explicit(&eseq->word_, ERRSEQ_OBSERVED_, memory_order_acquire);
	return now | ERRSEQ_OBSERVED_;'
fault steps 'G1|linear' 'peek stores' $c "$peek_or" \
'	now = atomic_load_explicit(&eseq->word_, memory_order_acquire) | ERRSEQ_OBSERVED_;
	atomic_store_explicit(&eseq->word_, now, memory_order_relaxed);
	return now;'
fault steps 'linear' 'peek clears reported' $c "$peek_or" \
'	now = atomic_fetch_or_explicit(&eseq->word_, ERRSEQ_OBSERVED_, memory_order_acquire);
	now = atomic_fetch_and_explicit(&eseq->word_, ~ERRSEQ_REPORTED_, memory_order_acquire);
	return (now | ERRSEQ_OBSERVED_) & ~(ERRSEQ_(cursor_t))ERRSEQ_REPORTED_;'
fault steps 'G8|linear' 'peek marks a word that was never set' $h \
'	if (now == 0 || now & ERRSEQ_OBSERVED_)' '	if (now & ERRSEQ_OBSERVED_)'
fault orders G6 'peek: the load is relaxed' $h \
'	ERRSEQ_(cursor_t) now = ERRSEQ_LOAD_(&eseq->word_, acquire);

	if (now == 0' \
'	ERRSEQ_(cursor_t) now = ERRSEQ_LOAD_(&eseq->word_, relaxed);

	if (now == 0'
fault orders G6 'peek: the or is relaxed' $c "$peek_or" "${peek_or/acquire/relaxed}"

# ---- check ----
check_compare='	if (ERRSEQ_SAME_(now, since))
		return 0;
	/* acquire: whoever gets the error sees what the recorder did before it */
	ERRSEQ_ACQUIRE_(eseq);'
fault steps 'G2|linear' 'check compares the flags too' $h "$check_compare" \
"${check_compare/ERRSEQ_SAME_(now, since)/now == since}"
fault steps 'G1|linear' 'check compares the errno only' $h "$check_compare" \
"${check_compare/ERRSEQ_SAME_(now, since)/((now ^ since) & ERRSEQ_ERRNO_) == 0}"
fault steps 'G1|linear' 'check compares the counter only' $h "$check_compare" \
"${check_compare/ERRSEQ_SAME_(now, since)/(now ^ since) < ERRSEQ_STEP_}"
fault steps 'G1|linear' 'check is silent about what others were told of' $h "$check_compare" \
"${check_compare/ERRSEQ_SAME_(now, since)/ERRSEQ_SAME_(now, since) || now & ERRSEQ_REPORTED_}"
fault orders G6 'check: no acquire fence' $h "$check_compare" "${check_compare/'	ERRSEQ_ACQUIRE_(eseq);'/}"

# ---- advance ----
mark_or='	seen = atomic_fetch_or_explicit(&eseq->word_, ERRSEQ_FLAGS_, memory_order_acquire);
	return seen | ERRSEQ_FLAGS_;'
advance_compare='	if (ERRSEQ_SAME_(now, *since))
		return 0;'
fault steps 'G1|linear' 'advance ignores a failed exchange, as on the list' $c "$mark_or" \
'	ERRSEQ_(cursor_t) next = seen | ERRSEQ_FLAGS_;

	atomic_compare_exchange_strong_explicit(&eseq->word_, &seen, next, memory_order_acquire,
						memory_order_relaxed);
	return next;'
fault steps 'G2|linear' 'advance compares the flags too, as on the list' $h "$advance_compare" \
"${advance_compare/ERRSEQ_SAME_(now, \*since)/now == *since}"
fault steps 'G1|G8|linear' 'advance forgets observed' $c "$mark_or" "${mark_or//FLAGS_/REPORTED_}"
fault steps 'linear' 'advance forgets reported' $c "$mark_or" "${mark_or//FLAGS_/OBSERVED_}"
fault steps 'G1|linear' 'advance does not mark' $c "$mark_or" '	return seen | ERRSEQ_FLAGS_;'
fault steps 'G1|linear' 'advance stores' $c "$mark_or" \
'	seen |= ERRSEQ_FLAGS_;
	atomic_store_explicit(&eseq->word_, seen, memory_order_relaxed);
	return seen;'
fault steps 'G1|linear' 'advance returns what it loaded, not what it marked' $c "$mark_or" \
'	atomic_fetch_or_explicit(&eseq->word_, ERRSEQ_FLAGS_, memory_order_acquire);
	return seen | ERRSEQ_FLAGS_;'
fault steps 'G8|linear' 'advance marks in two steps' $c "$mark_or" \
'	atomic_fetch_or_explicit(&eseq->word_, ERRSEQ_OBSERVED_, memory_order_acquire);
	seen = atomic_fetch_or_explicit(&eseq->word_, ERRSEQ_REPORTED_, memory_order_acquire);
	return seen | ERRSEQ_FLAGS_;'
fault steps 'linear|G3' 'advance does not mark what was peeked at' $c \
'	if (seen == 0 || (seen & ERRSEQ_FLAGS_) == ERRSEQ_FLAGS_) {' \
'	if (seen == 0 || seen & ERRSEQ_OBSERVED_) {'
fault steps 'linear|G2' 'advance does not move the cursor' $c \
'	*since = ERRSEQ_(mark_)(eseq, seen);
	return ERRSEQ_(cursor_error)(*since);' \
'	(void)since;
	return ERRSEQ_(cursor_error)(ERRSEQ_(mark_)(eseq, seen));'
fault steps 'G7|linear' 'advance marks what it finds, and tells of what it loaded' $c \
'	*since = ERRSEQ_(mark_)(eseq, seen);
	return ERRSEQ_(cursor_error)(*since);' \
'	*since = ERRSEQ_(mark_)(eseq, seen);
	return ERRSEQ_(cursor_error)(seen);'
fault orders G6 'advance: the or is relaxed' $c "$mark_or" "${mark_or/acquire/relaxed}"
fault orders G6 'advance: no acquire fence where both flags are set' $c \
'		ERRSEQ_ACQUIRE_(eseq);
		return seen;' '		return seen;'

# ---- shared cursors ----
exchange='		if (atomic_compare_exchange_strong_explicit(&since->cursor_, &at, seen,
							    memory_order_release,
							    memory_order_relaxed))
			return ERRSEQ_(cursor_error)(seen);'
fault steps 'G2|linear' 'shared advance stores the cursor' $c "$exchange" \
'		atomic_store_explicit(&since->cursor_, seen, memory_order_release);
		return ERRSEQ_(cursor_error)(seen);'
fault steps 'something else than' 'shared advance assigns the cursor' $c "$exchange" \
'		since->cursor_ = seen;
		return ERRSEQ_(cursor_error)(seen);'
fault steps 'G1|linear' 'shared advance: who loses returns 0' $c "$exchange" "$exchange
		return 0;"
fault steps 'G2|linear' 'shared advance: who loses tells of the error too' $c "$exchange" "$exchange
		return ERRSEQ_(cursor_error)(seen);"
fault steps 'does it end' 'shared advance: who loses keeps the cursor that it read' $c "$exchange
		/* acquire: the word is read after the cursor, so that it is never older */
		at = atomic_load_explicit(&since->cursor_, memory_order_acquire);" \
"		ERRSEQ_(cursor_t) kept = at;

${exchange/&at/&kept}"
fault steps 'G1|G2|linear' 'shared advance: who loses keeps the word that it read' $c \
'		seen = atomic_load_explicit(&eseq->word_, memory_order_relaxed);
	} while (!ERRSEQ_SAME_(seen, at));' \
'	} while (!ERRSEQ_SAME_(seen, at));'
fault steps 'G1|G2|linear' 'shared advance moves the cursor and marks the word then' $c \
'		seen = ERRSEQ_(mark_)(eseq, seen);
		ERRSEQ_RELEASE_();
		/* release: whoever reads the cursor reads no older word. relaxed: a loser reloads */
'"$exchange" \
'		if (atomic_compare_exchange_strong_explicit(&since->cursor_, &at, seen | ERRSEQ_FLAGS_,
							    memory_order_release,
							    memory_order_relaxed)) {
			ERRSEQ_(mark_)(eseq, seen);
			return ERRSEQ_(cursor_error)(seen);
		}'
fault steps 'G8' 'shared advance keeps an unmarked value in the cursor' $c "$exchange" \
"${exchange/&at, seen,/&at, seen & ~(ERRSEQ_(cursor_t))ERRSEQ_FLAGS_,}"
fault steps 'G1|G2|linear' 'shared advance does not mark the word' $c \
'		seen = ERRSEQ_(mark_)(eseq, seen);' '		seen |= ERRSEQ_FLAGS_;'
fault steps 'G2|linear' 'shared advance reads the word before the cursor' $h \
'	ERRSEQ_(cursor_t) at = ERRSEQ_LOAD_(&since->cursor_, acquire);
	/* relaxed: "no new error" promises nothing about other memory */
	ERRSEQ_(cursor_t) now = ERRSEQ_LOAD_(&eseq->word_, relaxed);' \
'	ERRSEQ_(cursor_t) now = ERRSEQ_LOAD_(&eseq->word_, acquire);
	ERRSEQ_(cursor_t) at = ERRSEQ_LOAD_(&since->cursor_, acquire);'
fault steps 'G2|linear' 'shared advance, once more, reads the word before the cursor' $c \
'		at = atomic_load_explicit(&since->cursor_, memory_order_acquire);
		/* relaxed: "no new error" promises nothing about other memory */
		seen = atomic_load_explicit(&eseq->word_, memory_order_relaxed);' \
'		seen = atomic_load_explicit(&eseq->word_, memory_order_acquire);
		at = atomic_load_explicit(&since->cursor_, memory_order_acquire);'
fault steps 'G2|linear' 'shared check reads the word before the cursor' $h \
'	ERRSEQ_(cursor_t) at = ERRSEQ_LOAD_(&since->cursor_, acquire);

	return ERRSEQ_(check)(eseq, at);' \
'	ERRSEQ_(cursor_t) now = ERRSEQ_LOAD_(&eseq->word_, acquire);
	ERRSEQ_(cursor_t) at = ERRSEQ_LOAD_(&since->cursor_, acquire);

	return ERRSEQ_SAME_(now, at) ? 0 : ERRSEQ_(cursor_error)(now);'
fault orders G2 'shared check: the load of the cursor is relaxed' $h \
'	ERRSEQ_(cursor_t) at = ERRSEQ_LOAD_(&since->cursor_, acquire);

	return ERRSEQ_(check)(eseq, at);' \
'	ERRSEQ_(cursor_t) at = ERRSEQ_LOAD_(&since->cursor_, relaxed);

	return ERRSEQ_(check)(eseq, at);'
fault orders G2 'shared advance: the load of the cursor is relaxed' $h \
'	ERRSEQ_(cursor_t) at = ERRSEQ_LOAD_(&since->cursor_, acquire);
	/* relaxed:' \
'	ERRSEQ_(cursor_t) at = ERRSEQ_LOAD_(&since->cursor_, relaxed);
	/* relaxed:'
fault orders 'G2|G6' 'shared advance: the exchange of the cursor is relaxed' $c "$exchange" \
"${exchange/memory_order_release/memory_order_relaxed}"
fault orders G2 'shared advance: the second load of the cursor is relaxed' $c \
'		at = atomic_load_explicit(&since->cursor_, memory_order_acquire);' \
'		at = atomic_load_explicit(&since->cursor_, memory_order_relaxed);'
fault orders 'G2|G6' 'get: the load is relaxed' $c \
'	return atomic_load_explicit(&cursor->cursor_, memory_order_acquire);' \
'	return atomic_load_explicit(&cursor->cursor_, memory_order_relaxed);'

# ---- two phases ----
settle_exchange='		if (atomic_compare_exchange_strong_explicit(&eseq->word_, &now, now | ERRSEQ_FLAGS_,
							    memory_order_release,
							    memory_order_relaxed))
			return 1;'
settle_compare='now != 0 && ERRSEQ_SAME_(now, at)'
fault steps 'G3|G9|linear' 'settle marks by an or' $c "$settle_exchange" \
'		{
			atomic_fetch_or_explicit(&eseq->word_, ERRSEQ_FLAGS_, memory_order_release);
			return 1;
		}'
fault steps 'G9|linear' 'settle stores' $c "$settle_exchange" \
'		{
			atomic_store_explicit(&eseq->word_, now | ERRSEQ_FLAGS_, memory_order_release);
			return 1;
		}'
fault steps 'G9|linear' 'settle compares the flags too' $c "$settle_compare" 'now != 0 && now == at'
fault steps 'G9|linear' 'settle compares the errno only' $c "$settle_compare" \
'now != 0 && ((now ^ at) & ERRSEQ_ERRNO_) == 0'
fault steps 'G9|linear' 'settle does not look at its position' $c "$settle_compare" 'now != 0'
# Of a strong one this is no fault: the error was the latest a moment ago, and what replaced it is unmarked.
fault steps 'G9|linear' 'settle ignores that a weak exchange failed' $c "$settle_exchange" \
"${settle_exchange/strong/weak}
		else
			return 1;"
fault steps 'G9|linear' 'settle gives up after a failed exchange' $c 'tries < 3' 'tries < 1'
fault steps 'G8|linear' 'settle marks a word that was never set' $c "$settle_compare" 'ERRSEQ_SAME_(now, at)'
fault steps 'linear' 'settle marks observed only' $c "$settle_exchange" "${settle_exchange/FLAGS_/OBSERVED_}"
fault orders G6 'settle: the exchange is relaxed' $c "$settle_exchange" \
"${settle_exchange/memory_order_release/memory_order_relaxed}"
move='	return atomic_compare_exchange_strong_explicit(&cursor->cursor_, &from, to,
						       memory_order_release, memory_order_relaxed);'
fault steps 'G2|linear' 'move stores the cursor' $c "$move" \
'	atomic_store_explicit(&cursor->cursor_, to, memory_order_release);
	return 1;'
fault steps 'G2|linear' 'move swaps the cursor, and compares then' $c "$move" \
'	return atomic_exchange_explicit(&cursor->cursor_, to, memory_order_release) == from;'
fault steps 'G1|G2|linear' 'move compares without the flags, in two steps' $c "$move" \
'	if (!ERRSEQ_SAME_(atomic_load_explicit(&cursor->cursor_, memory_order_relaxed), from))
		return 0;
	atomic_store_explicit(&cursor->cursor_, to, memory_order_release);
	return 1;'
fault steps 'G2|linear' 'move returns 1 though it lost' $c "$move" "${move/return/(void)}
	return 1;"
fault steps 'linear' 'move returns 0 though it won' $c "$move" "${move/return/return !}"
fault orders 'G2|G6' 'move: the exchange is relaxed' $c "$move" "${move/release/relaxed}"
fault steps 'G2|linear' 'a claim peeks before it gets the cursor' $p \
'	errseq_cursor_t from = errseq_shared_cursor_get(shared);
	errseq_cursor_t at = errseq_peek(word);' \
'	errseq_cursor_t at = errseq_peek(word);
	errseq_cursor_t from = errseq_shared_cursor_get(shared);'
fault steps 'G2|linear' 'cursor_same compares the flags too' $h \
'	return ERRSEQ_SAME_(a, b);' '	return a == b;'

# ---- waiting ----
sleep='		result = futex_(eseq, WAIT_UNTIL, now, seconds, nanoseconds);'
fault steps 'wake-up is lost' 'wait sleeps on a value that it did not judge' $w "$sleep" \
'		now = atomic_load_explicit(&eseq->word_, memory_order_relaxed);
'"$sleep"
fault steps 'linear' 'wait does not look again' $w "$sleep" "$sleep
		return 0;"
fault steps 'wake-up is lost' 'wake wakes nobody' $w \
'	futex_(eseq, WAKE, INT_MAX, 0, 0);' '	(void)eseq;'
fault orders G6 'wait: no acquire fence' $w '			ERRSEQ_ACQUIRE_(eseq);
' ''

# ---- try them ----
rm -rf "$work"
mkdir -p "$work"

compile() {
	local tree=$1
	"$cc" -std=c11 -D_DEFAULT_SOURCE -Dsyscall=explore_syscall -O1 -w -I"$source_dir/tests/shim" \
		-I"$source_dir/tests/model" -I"$tree/include" -o "$tree/explore" "$tree/src/errseq.c" "$tree/src/wait.c" \
		"$tree/$p" "${objects[@]}"
}

try() {
	local i=$1 tree=$work/$1 text rest option=()
	mkdir -p "$tree/${p%/*}"
	cp -r "$source_dir/include" "$source_dir/src" "$tree"
	cp "$source_dir/$p" "$tree/$p"
	text=$(cat "$tree/${files[i]}")
	rest=${text#*"${befores[i]}"}
	if [ "$rest" = "$text" ] || [ "${rest#*"${befores[i]}"}" != "$rest" ]; then
		fail "${names[i]}: the source has changed: this is not in ${files[i]} exactly once:
${befores[i]}"
	fi
	printf '%s\n' "${text/"${befores[i]}"/"${afters[i]}"}" >"$tree/${files[i]}"
	compile "$tree" >"$tree/log" 2>&1 || fail "${names[i]}: does not compile: $(cat "$tree/log")"
	[ "${memories[i]}" = steps ] || option=(--weak)
	if "$tree/explore" --jobs 1 "${option[@]}" >"$tree/log" 2>&1; then
		fail "${names[i]}: NOT FOUND. The changed source and the checker's output are in $tree"
	fi
	verdict_of "$tree/log" >"$tree/verdict"
	grep -qE "${breaks[i]}" "$tree/verdict" ||
		fail "${names[i]}: found, but not as expected (${breaks[i]}): $(cat "$tree/log")"
	text=$(line "${memories[i]}" "${names[i]}" "$tree/log")
	if [ "${memories[i]}" = steps ] && ! "$tree/explore" --jobs 1 --small --guarantees >"$tree/log" 2>&1; then
		text+=$'\n'$(line '' '   by the guarantees alone' "$tree/log")
	fi
	printf '%s\n' "$text"
	rm -rf "$tree"
}

# How many steps it takes, and what is broken then.
line() {
	printf '%-6s  %-58s  %5s  %s' "$1" "$2" "$(sed -n 's/^WRONG, after \([0-9]*\) steps:/\1/p' "$3")" \
		"$(verdict_of "$3" | cut -d : -f 1)"
}

verdict_of() {
	grep -A 1 '^WRONG' "$1" | sed -n 2p | grep . || sed -n 's/^explore: //p' "$1" | head -n 1
}

printf '%-6s  %-58s  %5s  %s\n' 'memory' 'fault' 'steps' 'what is broken'
running=0 status=0
for i in "${!names[@]}"; do
	try "$i" &
	running=$((running + 1))
	if [ "$running" -ge 2 ]; then
		wait -n || status=1
		running=$((running - 1))
	fi
done
while [ "$running" -gt 0 ]; do
	wait -n || status=1
	running=$((running - 1))
done
[ "$status" = 0 ] || fail "not every fault was found, see above"
printf '%d faults, all found\n' "${#names[@]}"
