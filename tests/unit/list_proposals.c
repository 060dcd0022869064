/* SPDX-License-Identifier: MIT */
/*
 * Where the forms proposed on the kernel list go wrong (docs/algorithm.md), and ours must not. The
 * numbers are those of the contract. A and B are two errnos.
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
static void peek_after_interference_returns_what_is_in_the_word(void **state)
{
	errseq_cursor_t cursor;
	errseq_t word;

	(void)state;
	put(&word, value_of(0, NO_FLAG, A));
	trace_begin(2, record_b, &word);
	cursor = errseq_peek(&word);
	trace_end();
	assert_int_equal(cursor, value_of(0, OBSERVED, B));
	assert_int_equal(get(&word), cursor);
	assert_int_equal(errseq_set(&word, -A), 0);
	assert_int_equal(errseq_check(&word, cursor), -A);
}

static void advance_after_interference_returns_what_is_in_the_word(void **state)
{
	errseq_cursor_t cursor = 0;
	errseq_t word;

	(void)state;
	put(&word, value_of(0, NO_FLAG, A));
	trace_begin(2, record_b, &word);
	assert_int_equal(errseq_check_and_advance(&word, &cursor), -B);
	trace_end();
	assert_int_equal(cursor, value_of(0, BOTH_FLAGS, B));
	assert_int_equal(get(&word), cursor);
	assert_int_equal(errseq_set(&word, -A), 0);
	assert_int_equal(errseq_check_and_advance(&word, &cursor), -A);
}

/* 2. Told of an error older than the position. */
static void advance_ignores_flags_set_by_others(void **state)
{
	errseq_cursor_t peeked, other = 0;
	errseq_t word = ERRSEQ_INIT;

	(void)state;
	assert_int_equal(errseq_set(&word, -A), 0);
	peeked = errseq_peek(&word);
	assert_int_equal(errseq_check_and_advance(&word, &other), -A);
	assert_int_equal(errseq_check(&word, peeked), 0);
	assert_int_equal(errseq_check_and_advance(&word, &peeked), 0);
}

/* 3. Once more round the loop, for nothing. */
static void set_stops_after_a_successful_exchange(void **state)
{
	errseq_t word;

	(void)state;
	put(&word, value_of(0, BOTH_FLAGS, A));
	trace_begin(0, NULL, NULL);
	assert_int_equal(errseq_set(&word, -B), 0);
	assert_string_equal(trace_end(), "load relaxed; exchange release/relaxed");
	assert_int_equal(get(&word), value_of(1, NO_FLAG, B));
}

/* 4. A step of the counter burnt for each record and open. */
static void sample_changes_nothing(void **state)
{
	errseq_t word = ERRSEQ_INIT;
	int i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		assert_int_equal(errseq_set(&word, -A), 0);
		assert_int_equal(errseq_sample(&word), 0);
	}
	assert_int_equal(errseq_cursor_count(errseq_load(&word)), 0);
}

/* 5. A recorder that only looks has not told what it did before: G6. */
static void set_of_an_equal_error_is_still_an_exchange(void **state)
{
	errseq_t word;

	(void)state;
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

/* 5, as a history: the observer is told between the recorder's load and its exchange. */
static void error_equal_to_one_just_reported_is_told_again(void **state)
{
	errseq_cursor_t told;
	errseq_t word;

	(void)state;
	put(&word, value_of(0, NO_FLAG, A));
	trace_begin(2, advance_of_the_other, &word);
	assert_int_equal(errseq_set(&word, -A), 0);
	trace_end();
	told = value_of(0, BOTH_FLAGS, A);
	assert_int_equal(errseq_check_and_advance(&word, &told), -A);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(peek_after_interference_returns_what_is_in_the_word),
		cmocka_unit_test(advance_after_interference_returns_what_is_in_the_word),
		cmocka_unit_test(advance_ignores_flags_set_by_others),
		cmocka_unit_test(set_stops_after_a_successful_exchange),
		cmocka_unit_test(sample_changes_nothing),
		cmocka_unit_test(set_of_an_equal_error_is_still_an_exchange),
		cmocka_unit_test(error_equal_to_one_just_reported_is_told_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
