/* SPDX-License-Identifier: MIT */
/*
 * G8 at random: processes share words, shared cursors and even plain ones in a mapped file, are inside calls of
 * all kinds all the time, and are killed by SIGKILL at any moment, thousands of times. Newcomers take their
 * places and inherit their cursors. One survives all.
 *
 * Every result is judged, by oracle.h: nothing that a completed call recorded is missed through any cursor, none
 * is told twice, none is older than it may be, and the recorder's note is seen. What the dead may leave:
 *
 *	set		the record happened or it did not; that is settled when its owner is dead.
 *	peek		the mark, which only costs a counter step.
 *	advance		the mark, and a cursor that moved or did not. If it moved, its successor is not told
 *			again, for the dead one was; if not, it is.
 *	advance shared	the mark; and if it died before the cursor moved, the next call through it is told;
 *			after that, the dead one was told. Nobody else can tell the two apart, but never are two
 *			told: in exact sums, see kill_counted.c.
 *	all others	nothing.
 *
 * The parent looks on: at any moment each word and each cursor has a value that it may have.
 *
 * A cursor meets its own value again after exactly 2^18 steps of the counter if the errno fits as well; that
 * somebody sleeps exactly that long we leave to chance.
 *
 * usage: kill_random [KILLS]; by default 3000, or as many as fit into 5 seconds.
 */
#include "worker_processes.h"

#include "checked_calls.h"

static unsigned long kills = 3000;
static time_t seconds = 5;

enum {
	WORDS = 3,
	SURVIVOR = SLOTS - 1 /* observes only */
};
_Static_assert((int)SURVIVOR == (int)RECORDERS,
	       "each of those who are killed records under a number of its own");

struct arena {
	struct workers workers;
	struct subject words[WORDS];
	struct position positions[SLOTS][WORDS]; /* each one's plain cursors */
};

/* ---- a life ---------------------------------------------------------------------------------------- */

static void work(int self, uint64_t seed)
{
	struct arena *arena = (struct arena *)workers;

	/* Every other one dies soon after it began, the others when the parent comes. */
	count_progress(&workers->slots[self]);
	if (self != SURVIVOR && next_random(&seed) % 2)
		send_after(new_timer(SIGKILL), random_delay(&seed));
	for (;;) {
		unsigned what = next_random(&seed), w = what / 65536 % WORDS;

		count_progress(&workers->slots[self]);
		checked_any(&workers->slots[self], arena->words, w, what,
			    &arena->positions[self][w], self == SURVIVOR ? -1 : self);
	}
}

/* ---- the parent ------------------------------------------------------------------------------------- */

static void look_on(const struct arena *arena)
{
	unsigned w, c;

	for (w = 0; w < WORDS; w++) {
		value_t value = errseq_load(&arena->words[w].word);
		unsigned long begun = 0;
		int r;

		if (!is_valid(value))
			fail_msg("word %u has the value %#llx, which is none", w,
				 (unsigned long long)value);
		for (r = 0; r < RECORDERS; r++)
			begun += read_(&arena->words[w].oracle.of[r].begun);
		if (errseq_cursor_count(value) > begun)
			fail_msg("the counter of word %u is %llu after %lu records", w,
				 (unsigned long long)errseq_cursor_count(value), begun);
		for (c = 0; c < SHARED_CURSORS; c++) {
			value = errseq_shared_cursor_get(&arena->words[w].cursors[c]);
			if (!is_valid_cursor(value))
				fail_msg("a shared cursor of word %u has the value %#llx, which is "
					 "no position",
					 w, (unsigned long long)value);
		}
	}
}

static unsigned long records_in_the_middle;

/* Writes down what the dead leave; their cursors stay where they are. */
static void bury(struct arena *arena, int slot)
{
	unsigned w;

	for (w = 0; w < WORDS; w++) {
		struct position *position = &arena->positions[slot][w];

		records_in_the_middle += (unsigned)recorder_died(&arena->words[w].oracle, slot);
		if (!is_valid_cursor(position->cursor))
			fail_msg("the plain cursor of a dead process has the value %#llx",
				 (unsigned long long)position->cursor);
		observer_died(&arena->words[w].oracle, position);
	}
}

TEST(processes_killed_at_any_moment_stop_nobody_and_nothing_is_missed_or_told_twice)
{
	struct arena *arena = (struct arena *)workers;
	time_t start = time(NULL);
	uint64_t seed = 1;
	unsigned long i;
	unsigned w;
	int slot;

	for (w = 0; w < WORDS; w++)
		arena->words[w].oracle.numbers = w == 0 ? NUMBERS : 1;
	for (slot = 0; slot < SLOTS; slot++)
		start_worker(slot);
	for (i = 0; i < kills && time_is_left(start, seconds);) {
		int victim = (int)(next_random(&seed) % SURVIVOR);

		if (next_random(&seed) % 4 == 0 && has_begun(victim) && !has_died(victim))
			kill_worker(victim);
		for (slot = 0; slot < SURVIVOR; slot++)
			if (pids[slot] == 0 || has_died(slot)) {
				bury(arena, slot);
				start_worker(slot);
				i++;
			}
		look_on(arena);
		watch_workers();
		report("killed", i, kills);
	}
	for (slot = 0; slot < SLOTS; slot++)
		kill_worker(slot);
	watch_workers();
	look_on(arena);
	words_still_work(arena->words, WORDS);
	printf("%lu records were left in the middle\n", records_in_the_middle);
	assert_true(count_inside("killed", killed_inside) >= i / 20);
	assert_true(records_in_the_middle > 0);
}

int main(int argc, char **argv)
{
	begin(argc, argv, sizeof(struct arena), "kills", &kills, &seconds);
	return run_all_tests();
}
