/* SPDX-License-Identifier: MIT */
/*
 * The counter has 18 bits, or 50. What that means at its edge, exactly. The 32-bit word is driven all the
 * way round; the 64-bit one, which would take years, is put near the end of the way.
 */
#include "../common/harness.h"
#include "../common/word.h"
#include <errno.h>

enum {
	A = EIO,
	B = ENOSPC
};

static const value_t turns = LAST_COUNT + 1;
static errseq_t word;
static errseq_cursor_t sleeper, other;

/* Errors that are reported to somebody else, one by one. */
static void record_and_report(value_t times)
{
	if (COUNT_BITS > 18 && times > 1000) {
		value_t count = errseq_cursor_count(get(&word)) + times - 1000;

		put(&word, value_of(count & LAST_COUNT, BOTH_FLAGS, A));
		other = get(&word);
		times = 1000;
	}
	for (; times > 0; times--) {
		assert_int_equal(errseq_set(&word, -A), 0);
		assert_int_equal(errseq_check_and_advance(&word, &other), -A);
	}
}

/* A word with a history, an observer at its latest error, and another that keeps up. */
static void begin(void)
{
	errseq_init(&word);
	other = 0;
	record_and_report(1);
	sleeper = errseq_sample(&word);
	assert_int_not_equal(sleeper, 0);
}

TEST(check_after_one_error_less_than_the_wrap_returns_it)
{
	begin();
	record_and_report(turns - 1);
	assert_int_equal(errseq_check(&word, sleeper), -A);
}

/* The documented limit, not a feature. */
TEST(check_after_exactly_the_wrap_and_the_same_errno_is_0)
{
	begin();
	record_and_report(turns);
	assert_int_equal(errseq_check(&word, sleeper), 0);
	record_and_report(1);
	assert_int_equal(errseq_check(&word, sleeper), -A);
}

TEST(check_after_exactly_the_wrap_and_another_errno_returns_it)
{
	begin();
	record_and_report(turns - 1);
	assert_int_equal(errseq_set(&word, -B), 0);
	assert_int_equal(errseq_check_and_advance(&word, &sleeper), -B);
}

TEST(cursor_at_the_beginning_is_told_after_the_wrap_too)
{
	begin();
	record_and_report(turns - 1);
	assert_int_equal(errseq_cursor_count(errseq_load(&word)), LAST_COUNT);
	assert_int_equal(errseq_check(&word, 0), -A);
	record_and_report(1);
	assert_int_equal(errseq_cursor_count(errseq_load(&word)), 0);
	assert_int_equal(errseq_check(&word, 0), -A);
}

/* Errors that nobody looks at do not bring the wrap any closer. */
TEST(check_after_the_wrap_in_unobserved_errors_returns_the_latest)
{
	int i;

	begin();
	for (i = 0; i < 1 << 18; i++)
		assert_int_equal(errseq_set(&word, -A), 0);
	assert_int_equal(errseq_check(&word, sleeper), -A);
}

int main(void)
{
	return run_all_tests();
}
