/* SPDX-License-Identifier: MIT */
/*
 * G8 at random. Processes share words, shared cursors and plain cursors in a mapped file, make calls of all kinds all
 * the time, and are killed at any moment. Replacements inherit their cursors. One process is never killed. The oracle
 * judges each result: no record is missed or returned twice. The dead may leave only this:
 *
 *	set		the record happened or it did not; nothing comes later
 *	peek		the mark, which costs a counter step
 *	advance		the mark, and a cursor that moved or did not. If not, the replacement gets the error again.
 *	advance shared	the mark, and a cursor that moved or did not. If not, the next call through it gets the error.
 *			kill_counted.c shows that never two calls get it.
 *	all others	nothing
 *
 * The parent checks that each word and cursor always has a value that it may have.
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

/* ---- a worker -------------------------------------------------------------------------------------- */

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

static void check_values(const struct arena *arena)
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
			begun += load_acquire(&arena->words[w].oracle.of[r].begun);
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
static void worker_died(struct arena *arena, int slot)
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
				worker_died(arena, slot);
				start_worker(slot);
				i++;
			}
		check_values(arena);
		watch_workers();
		report("killed", i, kills);
	}
	for (slot = 0; slot < SLOTS; slot++)
		kill_worker(slot);
	watch_workers();
	check_values(arena);
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
