/* SPDX-License-Identifier: MIT */
/*
 * Where the forms proposed on the kernel list go wrong, and this library must not. The numbers are those of
 * docs/algorithm.md. A and B are two errnos.
 */
#include "../common/harness.h"
#include "../common/spec.h"
#include "../shim/trace.h"

enum {
	A = EIO,
	B = ENOSPC
};

static void record_b(void *word)
{
	assert_int_equal(errseq_set((errseq_t *)word, -B), 0);
}

/* 1. A cursor that was never in the word: the next A would not differ from it. */
TEST(peek_after_interference_returns_what_is_in_the_word)
{
	errseq_cursor_t cursor;
	errseq_t word;

	put(&word, value_of(0, NO_FLAG, A));
	trace_begin(2, record_b, &word);
	cursor = errseq_peek(&word);
	trace_end();
	assert_int_equal(cursor, value_of(0, OBSERVED, B));
	assert_int_equal(get(&word), cursor);
	assert_int_equal(errseq_set(&word, -A), 0);
	assert_int_equal(errseq_check(&word, cursor), -A);
}

TEST(advance_after_interference_returns_what_is_in_the_word)
{
	errseq_cursor_t cursor = 0;
	errseq_t word;

	put(&word, value_of(0, NO_FLAG, A));
	trace_begin(2, record_b, &word);
	assert_int_equal(errseq_check_and_advance(&word, &cursor), -B);
	trace_end();
	assert_int_equal(cursor, value_of(0, BOTH_FLAGS, B));
	assert_int_equal(get(&word), cursor);
	assert_int_equal(errseq_set(&word, -A), 0);
	assert_int_equal(errseq_check_and_advance(&word, &cursor), -A);
}

/* 2. An error that is older than the position is returned. */
TEST(advance_ignores_flags_set_by_others)
{
	errseq_cursor_t peeked, other = 0;
	errseq_t word = ERRSEQ_INIT;

	assert_int_equal(errseq_set(&word, -A), 0);
	peeked = errseq_peek(&word);
	assert_int_equal(errseq_check_and_advance(&word, &other), -A);
	assert_int_equal(errseq_check(&word, peeked), 0);
	assert_int_equal(errseq_check_and_advance(&word, &peeked), 0);
}

/* 3. One more round of the loop, without need. */
TEST(set_stops_after_a_successful_exchange)
{
	errseq_t word;

	put(&word, value_of(0, BOTH_FLAGS, A));
	trace_begin(0, NULL, NULL);
	assert_int_equal(errseq_set(&word, -B), 0);
	assert_string_equal(trace_end(), "load relaxed; exchange release/relaxed");
	assert_int_equal(get(&word), value_of(1, NO_FLAG, B));
}

/* 4. A step of the counter burnt for each record and open. */
TEST(sample_changes_nothing)
{
	errseq_t word = ERRSEQ_INIT;
	int i;

	for (i = 0; i < 1000; i++) {
		assert_int_equal(errseq_set(&word, -A), 0);
		assert_int_equal(errseq_sample(&word), 0);
	}
	assert_int_equal(errseq_cursor_count(errseq_load(&word)), 0);
}

/* 5. A recorder that only loads releases nothing of what it did before: G6. */
TEST(set_of_an_equal_error_is_still_an_exchange)
{
	errseq_t word;

	put(&word, value_of(0, NO_FLAG, A));
	trace_begin(0, NULL, NULL);
	assert_int_equal(errseq_set(&word, -A), 0);
	assert_string_equal(trace_end(), "load relaxed; exchange release/relaxed");
}

static void advance_of_the_other(void *word)
{
	errseq_cursor_t cursor = 0;

	assert_int_equal(errseq_check_and_advance((errseq_t *)word, &cursor), -A);
}

/* 5, as a history: the observer advances between the recorder's load and its exchange. */
TEST(error_equal_to_one_just_reported_is_told_again)
{
	errseq_cursor_t told;
	errseq_t word;

	put(&word, value_of(0, NO_FLAG, A));
	trace_begin(2, advance_of_the_other, &word);
	assert_int_equal(errseq_set(&word, -A), 0);
	trace_end();
	told = value_of(0, BOTH_FLAGS, A);
	assert_int_equal(errseq_check_and_advance(&word, &told), -A);
}

int main(void)
{
	return run_all_tests();
}
