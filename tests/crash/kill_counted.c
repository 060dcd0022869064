/* SPDX-License-Identifier: MIT */
/*
 * G8 in exact sums. In each round one error is recorded on each of 512 words. Three processes advance over all words,
 * through one shared cursor a word and through a plain cursor of their own, which lies in the file. One of the four,
 * the recorder too, may be killed at any moment and is replaced. After the last record all look once more. Then:
 *
 *	recorded	yes if the call ended, no if it did not begin. If the recorder died in it, the word says which.
 *	the word	holds this round's error if it was recorded, else the one before; it is reported and observed;
 *			its counter moved by one for each error that it held.
 *	the cursors	all stand on the word.
 *	reports		through the shared cursor: one of a recorded error. None is right only if a process was killed
 *			between the beginning of its call and writing down the result. Two are never right.
 *			through each plain cursor: the same.
 *
 * usage: kill_counted [ROUNDS]; by default 2000, or as many as fit into 5 seconds.
 */
#include "worker_processes.h"

#include "../common/word.h"
#include <sched.h>

static unsigned long rounds = 2000;
static time_t seconds = 5;

enum {
	WORDS = 512,
	RECORDER = 0,
	LOOKERS = 3, /* slots 1 to 3 */
	ALL = RECORDER + 1 + LOOKERS
};
_Static_assert((int)ALL <= (int)SLOTS, "each has a slot");

/* How often a cursor returned the error of this round. */
struct told {
	atomic_uint times[WORDS];
};

struct arena {
	struct workers workers;
	_Alignas(64) atomic_ulong round; /* the present one, from 1 */
	atomic_ulong done[ALL];		 /* the last one that this slot has finished */
	atomic_int victim; /* the slot to be killed in this round, and after how many nanoseconds */
	atomic_long delay;
	atomic_uint begun, completed; /* the recorder's calls in this round */
	atomic_uint at_shared[ALL], at_plain[ALL];
	struct told shared_told, plain_told[ALL];
	errseq_cursor_t plain[ALL][WORDS];
	atomic_ulong notes[WORDS];
	errseq_shared_cursor_t shared[WORDS];
	errseq_t words[WORDS];
};

/* Differs from round to round. */
static int error_of(unsigned long round, unsigned w)
{
	return -(int)((round * 37 + w) % ERRSEQ_MAX_ERRNO + 1);
}

/* ---- the workers --------------------------------------------------------------------------------------- */

static void record_once_each(struct arena *arena, unsigned long round)
{
	struct call_marker *slot = &workers->slots[RECORDER];
	unsigned w;
	int result;

	for (w = 0; w < WORDS; w++) {
		/* relaxed: errseq_set must make the note visible */
		store_relaxed(&arena->notes[w], round);
		store_release(&arena->begun, w + 1);
		IN_CALL(slot, IN_SET, result = errseq_set(&arena->words[w], error_of(round, w)));
		store_release(&arena->completed, w + 1);
		if (result != 0)
			complain("errseq_set", "it did not record", w, result);
	}
}

static void write_down(struct arena *arena, struct told *told, const char *call,
		       unsigned long round, unsigned w, int err)
{
	if (err == 0)
		return;
	if (err != error_of(round, w))
		complain(call, "its error is not of this round", w, err);
	/* relaxed: the call must have made the note visible */
	else if (load_relaxed(&arena->notes[w]) != round)
		complain(call, "the note before its record is not visible", w, err);
	/* relaxed: the parent reads it when this slot is done, or dead */
	add_relaxed(&told->times[w], 1);
}

static void look_at_each(struct arena *arena, int self, unsigned long round, unsigned start)
{
	struct call_marker *slot = &workers->slots[self];
	unsigned i;

	for (i = 0; i < WORDS; i++) {
		unsigned w = (start + i) % WORDS;
		int err;

		store_relaxed(&arena->at_shared[self], w + 1);
		IN_CALL(slot, IN_ADVANCE_SHARED,
			err = errseq_check_and_advance_shared(&arena->words[w], &arena->shared[w]));
		write_down(arena, &arena->shared_told, "errseq_check_and_advance_shared", round, w,
			   err);
		store_release(&arena->at_shared[self], 0);

		store_relaxed(&arena->at_plain[self], w + 1);
		IN_CALL(slot, IN_ADVANCE,
			err = errseq_check_and_advance(&arena->words[w], &arena->plain[self][w]));
		write_down(arena, &arena->plain_told[self], "errseq_check_and_advance", round, w,
			   err);
		store_release(&arena->at_plain[self], 0);

		/* Peeks and checks in between take nothing from anybody. */
		if (w % 8 == start % 8) {
			errseq_cursor_t position;

			IN_CALL(slot, IN_PEEK, position = errseq_peek(&arena->words[w]));
			IN_CALL(slot, IN_CHECK, err = errseq_check(&arena->words[w], position));
			if (err != 0 && err != error_of(round, w))
				complain("errseq_check", "its error is not of this round", w, err);
		}
	}
}

static void work(int self, uint64_t seed)
{
	struct arena *arena = (struct arena *)workers;
	timer_t timer = new_timer(SIGKILL);
	int is_last = 1;

	for (;;) {
		unsigned long round = load_acquire(&arena->round);

		count_progress(&workers->slots[self]);
		if (load_relaxed(&arena->done[self]) == round) {
			sched_yield();
			continue;
		}
		if (is_last && load_relaxed(&arena->victim) == self)
			send_after(timer, load_relaxed(&arena->delay));
		if (self == RECORDER) {
			record_once_each(arena, round);
			is_last = 1;
		} else {
			/* acquire: after all records of this round, each word is looked at once more */
			is_last = load_acquire(&arena->done[RECORDER]) == round;
			look_at_each(arena, self, round, is_last ? 0 : next_random(&seed) % WORDS);
		}
		if (is_last) {
			send_after(timer, 0);
			store_release(&arena->done[self], round);
		}
	}
}

/* ---- the parent -------------------------------------------------------------------------------------- */

static struct {
	int error;
	value_t count;
	int shared_in_doubt, plain_in_doubt[ALL];
} expected[WORDS];
static unsigned long happened_in_doubt, did_not_happen, told_nobody, told_another;

static int is_done(struct arena *arena, int slot, unsigned long round)
{
	return load_acquire(&arena->done[slot]) == round;
}

static void replace(struct arena *arena, int victim, unsigned long round)
{
	unsigned at;

	if (victim == RECORDER) {
		/* its replacement does not go on with this round */
		store_release(&arena->done[RECORDER], round);
	} else {
		at = atomic_exchange_explicit(&arena->at_shared[victim], 0, memory_order_acquire);
		if (at)
			expected[at - 1].shared_in_doubt = 1;
		at = atomic_exchange_explicit(&arena->at_plain[victim], 0, memory_order_acquire);
		if (at)
			expected[at - 1].plain_in_doubt[victim] = 1;
	}
	start_worker(victim);
}

static void judge_times(unsigned w, const char *cursor, atomic_uint *told, int happened,
			int in_doubt)
{
	unsigned times = atomic_exchange_explicit(told, 0, memory_order_relaxed);

	if (times > (unsigned)happened || (times == 0 && happened && !in_doubt)) {
		fail_msg("the error of word %u was %srecorded, %sand told %u times through %s", w,
			 happened ? "" : "not ", in_doubt ? "somebody died in a look at it, " : "",
			 times, cursor);
	}
	if (in_doubt && happened)
		*(times ? &told_another : &told_nobody) += 1;
}

static void judge_position_of(unsigned w, const char *cursor, value_t at, value_t value)
{
	if (at == value)
		return;
	fail_msg("%s of word %u stands on %#llx and the word is %#llx, after all looked", cursor, w,
		 (unsigned long long)at, (unsigned long long)value);
}

static void judge(struct arena *arena, unsigned long round)
{
	unsigned begun = load_acquire(&arena->begun), completed = load_acquire(&arena->completed),
		 w;

	for (w = 0; w < WORDS; w++) {
		value_t value = errseq_load(&arena->words[w]), should;
		int error = -error_of(round, w), happened = w < completed, slot;

		if (w == completed && w < begun) {
			happened = errseq_cursor_error(value) == -error;
			*(happened ? &happened_in_doubt : &did_not_happen) += 1;
		}
		if (happened) {
			if (expected[w].error)
				expected[w].count = (expected[w].count + 1) & LAST_COUNT;
			expected[w].error = error;
		}
		should = expected[w].error ? value_of(expected[w].count, BOTH_FLAGS,
						      (value_t)expected[w].error)
					   : 0;
		if (value != should) {
			fail_msg("word %u is %#llx and should be %#llx, after round %lu", w,
				 (unsigned long long)value, (unsigned long long)should, round);
		}
		judge_position_of(w, "the shared cursor",
				  errseq_shared_cursor_get(&arena->shared[w]), value);
		judge_times(w, "the shared cursor", &arena->shared_told.times[w], happened,
			    expected[w].shared_in_doubt);
		expected[w].shared_in_doubt = 0;
		for (slot = RECORDER + 1; slot < ALL; slot++) {
			judge_position_of(w, "a plain cursor", arena->plain[slot][w], value);
			judge_times(w, "a plain cursor", &arena->plain_told[slot].times[w],
				    happened, expected[w].plain_in_doubt[slot]);
			expected[w].plain_in_doubt[slot] = 0;
		}
		/* A newcomer: the error is past. */
		if (errseq_sample(&arena->words[w]) != value) {
			fail_msg("a newcomer's sample of word %u is not what is there", w);
		}
	}
	store_relaxed(&arena->begun, 0);
	store_relaxed(&arena->completed, 0);
}

static void play(struct arena *arena, unsigned long round, uint64_t *seed)
{
	int victim = (int)(next_random(seed) % (ALL + 2)), slot;

	if (victim >= ALL)
		victim = RECORDER; /* its work is short, so that it is seldom hit */
	store_relaxed(&arena->victim, victim);
	store_relaxed(&arena->delay, random_delay(seed));
	/* release: the sums are zero before anyone counts */
	store_release(&arena->round, round);
	for (slot = 0; slot < ALL; slot++)
		while (!is_done(arena, slot, round)) {
			if (has_died(victim)) {
				/* its replacement is not killed */
				store_relaxed(&arena->victim, -1);
				replace(arena, victim, round);
			}
			watch_workers();
			sched_yield();
		}
}

static int enough_died(void)
{
	return happened_in_doubt + did_not_happen > 0 && told_another + told_nobody > 0;
}

TEST(each_error_is_told_once_through_each_cursor_whoever_is_killed)
{
	struct arena *arena = (struct arena *)workers;
	time_t start = time(NULL);
	uint64_t seed = 1;
	unsigned long round;
	int i;

	for (i = 0; i < ALL; i++)
		start_worker(i);
	for (round = 1; round <= rounds && (time_is_left(start, seconds) || !enough_died());
	     round++) {
		play(arena, round, &seed);
		judge(arena, round);
		report("rounds", round, rounds);
	}
	for (i = 0; i < ALL; i++)
		kill_worker(i);
	printf("of the records whose recorder died in the call, %lu happened, %lu did not\n",
	       happened_in_doubt, did_not_happen);
	printf("of the errors at which somebody died in a look, %lu were told to another, %lu to "
	       "the dead\n",
	       told_another, told_nobody);
	printf("%lu rounds\n", round - 1);
	assert_true(count_inside("killed", killed_inside) > round / 100);
	assert_true(enough_died());
}

int main(int argc, char **argv)
{
	begin(argc, argv, sizeof(struct arena), "rounds", &rounds, &seconds);
	return run_all_tests();
}
