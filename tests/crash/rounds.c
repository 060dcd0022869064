/* SPDX-License-Identifier: MIT */
/*
 * G8 in exact sums. In each round one error is recorded on each of some hundreds of words, while three processes
 * look at all of them, through one shared cursor a word that they use together and through a plain cursor a word
 * that each keeps in the file. One of the four, the recorder too, is killed at some moment, and a newcomer takes
 * its place and its cursors. When everybody has looked after the last record, for each word:
 *
 *	recorded?	yes, if the call ended; no, if it did not begin; and if the recorder died in it, the word
 *			itself says which of the two.
 *	the word	holds this round's error if it was recorded, else the one of before; it is reported and
 *			observed, and the counter has moved by exactly one for each error that it held.
 *	the cursors	all stand on the word.
 *	shared, told	if it was recorded: once, among all who look. If one of them was killed between the
 *			beginning of its call and the moment when it had written down the result: once or
 *			never, for the dead one was told. Twice: never.
 *	plain, told	the same for each cursor and its owners.
 *
 * Who is killed in an advance through the shared cursor may have marked the word and not have moved the cursor
 * (docs/algorithm.md, "Shared cursors"). Then the error is told to the next who looks; "never" is only for
 * those who died after the cursor moved. steps.c tells the two apart.
 *
 * usage: rounds [ROUNDS]; by default 2000, or as many as fit into 5 seconds.
 */
#include "lives.h"

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

/* What a looker writes down about its calls through a cursor; `at` is the word it is at, plus one. */
struct told {
	atomic_uint times[WORDS];
};

struct arena {
	struct lives lives;
	_Alignas(64) atomic_ulong round; /* the present one, from 1 */
	atomic_ulong done[ALL];		 /* the last one that this slot has finished */
	atomic_int victim; /* who is to die in this round, and after how many nanoseconds */
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

/* ---- lives ------------------------------------------------------------------------------------------- */

static void record_once_each(struct arena *arena, unsigned long round)
{
	struct slot *slot = &lives->slots[RECORDER];
	unsigned w;
	int result;

	for (w = 0; w < WORDS; w++) {
		/* relaxed: errseq_set must make the note visible */
		atomic_store_explicit(&arena->notes[w], round, memory_order_relaxed);
		atomic_store_explicit(&arena->begun, w + 1, memory_order_release);
		enter(slot, IN_SET);
		result = errseq_set(&arena->words[w], error_of(round, w));
		leave(slot);
		atomic_store_explicit(&arena->completed, w + 1, memory_order_release);
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
		complain(call, "it is told of an error that is not of this round", w, err);
	/* relaxed: the look must have made the note visible */
	else if (atomic_load_explicit(&arena->notes[w], memory_order_relaxed) != round)
		complain(call, "it is told of an error and does not see the note before it", w,
			 err);
	/* relaxed: the parent reads it when this slot is done, or dead */
	atomic_fetch_add_explicit(&told->times[w], 1, memory_order_relaxed);
}

static void look_at_each(struct arena *arena, int self, unsigned long round, unsigned start)
{
	struct slot *slot = &lives->slots[self];
	unsigned i;

	for (i = 0; i < WORDS; i++) {
		unsigned w = (start + i) % WORDS;
		int err;

		atomic_store_explicit(&arena->at_shared[self], w + 1, memory_order_relaxed);
		enter(slot, IN_ADVANCE_SHARED);
		err = errseq_check_and_advance_shared(&arena->words[w], &arena->shared[w]);
		leave(slot);
		write_down(arena, &arena->shared_told, "errseq_check_and_advance_shared", round, w,
			   err);
		atomic_store_explicit(&arena->at_shared[self], 0, memory_order_release);

		atomic_store_explicit(&arena->at_plain[self], w + 1, memory_order_relaxed);
		enter(slot, IN_ADVANCE);
		err = errseq_check_and_advance(&arena->words[w], &arena->plain[self][w]);
		leave(slot);
		write_down(arena, &arena->plain_told[self], "errseq_check_and_advance", round, w,
			   err);
		atomic_store_explicit(&arena->at_plain[self], 0, memory_order_release);

		/* Whatever peeks and checks say in between, they take nothing from anybody. */
		if (w % 8 == start % 8) {
			errseq_cursor_t position;

			enter(slot, IN_PEEK);
			position = errseq_peek(&arena->words[w]);
			leave(slot);
			enter(slot, IN_CHECK);
			err = errseq_check(&arena->words[w], position);
			leave(slot);
			if (err != 0 && err != error_of(round, w))
				complain("errseq_check",
					 "it shows an error that is not of this round", w, err);
		}
	}
}

static void live(int self, unsigned seed)
{
	struct arena *arena = (struct arena *)lives;
	timer_t timer = new_timer(SIGKILL);
	int is_last = 1;

	for (;;) {
		unsigned long round = atomic_load_explicit(&arena->round, memory_order_acquire);

		beat(&lives->slots[self]);
		if (atomic_load_explicit(&arena->done[self], memory_order_relaxed) == round) {
			sched_yield();
			continue;
		}
		if (is_last && atomic_load_explicit(&arena->victim, memory_order_relaxed) == self)
			send_after(timer,
				   atomic_load_explicit(&arena->delay, memory_order_relaxed));
		if (self == RECORDER) {
			record_once_each(arena, round);
			is_last = 1;
		} else {
			/* acquire: after all records of this round, one look at each is the last */
			is_last = atomic_load_explicit(&arena->done[RECORDER],
						       memory_order_acquire) == round;
			look_at_each(arena, self, round, is_last ? 0 : next_random(&seed) % WORDS);
		}
		if (is_last) {
			send_after(timer, 0);
			atomic_store_explicit(&arena->done[self], round, memory_order_release);
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
	return atomic_load_explicit(&arena->done[slot], memory_order_acquire) == round;
}

static void replace(struct arena *arena, int victim, unsigned long round)
{
	unsigned at;

	if (victim == RECORDER) {
		/* Nobody goes on with its round. */
		atomic_store_explicit(&arena->done[RECORDER], round, memory_order_release);
	} else {
		at = atomic_exchange_explicit(&arena->at_shared[victim], 0, memory_order_acquire);
		if (at)
			expected[at - 1].shared_in_doubt = 1;
		at = atomic_exchange_explicit(&arena->at_plain[victim], 0, memory_order_acquire);
		if (at)
			expected[at - 1].plain_in_doubt[victim] = 1;
	}
	give_birth(victim);
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
	end_all();
	fail_msg("%s of word %u stands on %#llx and the word is %#llx, after all looked", cursor, w,
		 (unsigned long long)at, (unsigned long long)value);
}

static void judge(struct arena *arena, unsigned long round)
{
	unsigned begun = atomic_load_explicit(&arena->begun, memory_order_acquire),
		 completed = atomic_load_explicit(&arena->completed, memory_order_acquire), w;

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
	atomic_store_explicit(&arena->begun, 0, memory_order_relaxed);
	atomic_store_explicit(&arena->completed, 0, memory_order_relaxed);
}

static void play(struct arena *arena, unsigned long round, unsigned *seed)
{
	int victim = (int)(next_random(seed) % (ALL + 2)), slot;

	if (victim >= ALL)
		victim = RECORDER; /* it needs the least time, and is seldom hit */
	atomic_store_explicit(&arena->victim, victim, memory_order_relaxed);
	atomic_store_explicit(&arena->delay, a_moment(seed), memory_order_relaxed);
	/* release: the sums are zero before anyone counts */
	atomic_store_explicit(&arena->round, round, memory_order_release);
	for (slot = 0; slot < ALL; slot++)
		while (!is_done(arena, slot, round)) {
			if (is_dead(victim)) {
				/* its successor lives */
				atomic_store_explicit(&arena->victim, -1, memory_order_relaxed);
				replace(arena, victim, round);
			}
			watch_lives();
			sched_yield();
		}
}

static int enough_died(void)
{
	return happened_in_doubt + did_not_happen > 0 && told_another + told_nobody > 0;
}

static void each_error_is_told_once_through_each_cursor_whoever_is_killed(void **state)
{
	struct arena *arena = (struct arena *)lives;
	time_t start = time(NULL);
	unsigned seed = 1;
	unsigned long round;
	int i;

	(void)state;
	for (i = 0; i < ALL; i++)
		give_birth(i);
	for (round = 1; round <= rounds && (time_is_left(start, seconds) || !enough_died());
	     round++) {
		play(arena, round, &seed);
		no_complaints();
		judge(arena, round);
		report("rounds", round, rounds);
	}
	for (i = 0; i < ALL; i++)
		end_life(i);
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
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_error_is_told_once_through_each_cursor_whoever_is_killed),
	};

	int failed;

	begin(argc, argv, sizeof(struct arena), "rounds", &rounds, &seconds);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	end_all();
	return failed;
}
