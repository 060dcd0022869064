/* SPDX-License-Identifier: MIT */
/*
 * One or two other calls come between two atomic steps of a call, at each step and for all calls. The naive model must
 * give the same outcome with one of the two first. Only a shared advance may do more: it marks the word a moment
 * before it moves the cursor.
 */
#include "../common/actors.h"
#include "../common/harness.h"
#include "../shim/trace.h"

static unsigned long cases_seen;

static void try_one(value_t word_at_start, errseq_cursor_t cursor, errseq_cursor_t other_cursor,
		    const struct actor *actor, const struct actor *first,
		    const struct actor *second, int failures)
{
	/* The shared cursor starts where the other's plain one does. */
	const struct outcome start = { word_at_start, cursor, other_cursor,
				       other_cursor,  0,      { 0, 0 } };
	int step;

	for (step = 1;; step++) {
		errseq_shared_cursor_t shared;
		struct place place = { cursor, &shared };
		struct interferer other = {
			first, second, NULL, { other_cursor, &shared }, { 0, 0 }
		};
		struct outcome seen;
		const char *steps;
		errseq_t word;

		put(&word, word_at_start);
		errseq_shared_cursor_init(&shared, other_cursor);
		other.word = &word;
		trace_begin(step, interfere, &other);
		trace_fail_exchanges(failures);
		seen.result = actor->library(&word, &place);
		steps = trace_end();
		if (trace_steps() < step)
			return;
		cases_seen++;
		seen.word = get(&word);
		seen.cursor = place.cursor;
		seen.other_cursor = other.place.cursor;
		seen.shared = errseq_shared_cursor_get(&shared);
		seen.other_result[0] = other.result[0];
		seen.other_result[1] = other.result[1];
		if (!is_allowed(&seen, word_at_start, start, actor, &other))
			fail_msg("%s, with %s%s%s before step %d (%s): word (%s) became (%s), "
				 "cursor (%s) became (%s), returned %d: no order of the two gives "
				 "that",
				 actor->name, first->name, second ? " and " : "",
				 second ? second->name : "", step, steps, text_of(word_at_start),
				 text_of(seen.word), text_of(cursor), text_of(seen.cursor),
				 seen.result);
	}
}

static void try_each(value_t start, errseq_cursor_t cursor, errseq_cursor_t other_cursor)
{
	unsigned a, first, second;
	int failures;

	for (a = 0; a < COUNT_OF(actors); a++)
		for (first = 0; first < COUNT_OF(actors); first++)
			for (second = 0; second <= COUNT_OF(actors); second++)
				/* A move tries once, and its exchange is strong. */
				for (failures = 0;
				     failures < 1 + (actors[a].library != library_move); failures++)
					try_one(start, cursor, other_cursor, &actors[a],
						&actors[first], second ? &actors[second - 1] : NULL,
						failures);
}

TEST(whatever_happens_between_two_steps_one_of_the_two_came_first)
{
	unsigned s, c, o;

	for (s = 0; s < COUNT_OF(starts); s++)
		for (c = 0; c < COUNT_OF(cursors); c++)
			for (o = 0; o < COUNT_OF(cursors); o++)
				if (may_stand_there(cursors[c], starts[s]) &&
				    may_stand_there(cursors[o], starts[s]))
					try_each(starts[s], cursors[c], cursors[o]);
	printf("%lu cases of one call interrupted by one or two others\n", cases_seen);
	assert_true(cases_seen > 5000);
}

TEST(set_tries_again_until_its_exchange_succeeds)
{
	errseq_t word = ERRSEQ_INIT;

	trace_begin(0, NULL, NULL);
	trace_fail_exchanges(1000);
	assert_int_equal(errseq_set(&word, -EIO), 0);
	trace_end();
	assert_int_equal(trace_steps(), 1 + 1000 + 1);
	assert_int_equal(get(&word), EIO);
}

/* As if another caller moved the cursor and back, a thousand times. This call must not give up, nor return 0. */
TEST(shared_advance_that_loses_its_exchange_1000_times_returns_the_error)
{
	errseq_shared_cursor_t cursor = ERRSEQ_SHARED_CURSOR_INIT;
	errseq_t word;

	put(&word, value_of(3, NO_FLAG, EIO));
	trace_begin(0, NULL, NULL);
	trace_fail_exchanges(1000);
	assert_int_equal(errseq_check_and_advance_shared(&word, &cursor), -EIO);
	trace_end();
	assert_int_equal(get(&word), value_of(3, BOTH_FLAGS, EIO));
	assert_int_equal(errseq_shared_cursor_get(&cursor), get(&word));
	assert_int_equal(errseq_check_and_advance_shared(&word, &cursor), 0);
}

struct shared_word {
	errseq_t word;
	errseq_shared_cursor_t cursor;
};

/* The other advances, and then the counter goes once all the way round. */
static void tell_the_other_and_wrap(void *argument)
{
	struct shared_word *both = (struct shared_word *)argument;

	assert_int_equal(errseq_check_and_advance_shared(&both->word, &both->cursor), -EIO);
	put(&both->word, value_of(3, NO_FLAG, EIO));
}

/* The documented limit of the counter, in the second round of the loser: no new error, and nothing is marked. */
TEST(shared_advance_that_loses_and_finds_a_difference_in_flags_is_0)
{
	struct shared_word both;

	put(&both.word, value_of(3, NO_FLAG, EIO));
	errseq_shared_cursor_init(&both.cursor, 0);
	trace_begin(4, tell_the_other_and_wrap, &both);
	assert_int_equal(errseq_check_and_advance_shared(&both.word, &both.cursor), 0);
	trace_end();
	assert_int_equal(get(&both.word), value_of(3, NO_FLAG, EIO));
	assert_int_equal(errseq_shared_cursor_get(&both.cursor), value_of(3, BOTH_FLAGS, EIO));
}

int main(void)
{
	return run_all_tests();
}
