/* SPDX-License-Identifier: MIT */
/*
 * The contract's column of memory orders: which atomic steps each call takes, in each of its cases, and
 * in which order. The shipped source runs over a <stdatomic.h> that writes down each step.
 */
#ifdef TRACE_BUILTINS
#include "../shim/builtins.h"
#endif
#include "../common/harness.h"
#include "../common/spec.h"
#include "../shim/trace.h"
#include <errseq/wait.h>

/* ThreadSanitizer does not understand fences: under it the header reads the word again instead. */
#if UNDER_TSAN
#define ACQUIRE_FENCE "load acquire"
#else
#define ACQUIRE_FENCE "fence acquire"
#endif

static errseq_t word;

TEST(init_is_relaxed)
{
	trace_begin(0, NULL, NULL);
	errseq_init(&word);
	assert_string_equal(trace_end(), "store relaxed");
}

TEST(set_is_a_releasing_exchange)
{
	unsigned i;

	for (i = 0; i < EDGE_WORDS; i++) {
		put(&word, edge_word(i));
		trace_begin(0, NULL, NULL);
		assert_int_equal(errseq_set(&word, -EIO), 0);
		assert_string_equal(trace_end(), "load relaxed; exchange release/relaxed");
	}
}

/* G6 needs it: a recorder that only looked would release nothing. */
TEST(set_of_an_equal_error_is_still_an_exchange)
{
	put(&word, value_of(3, NO_FLAG, EIO));
	trace_begin(0, NULL, NULL);
	assert_int_equal(errseq_set(&word, -EIO), 0);
	assert_string_equal(trace_end(), "load relaxed; exchange release/relaxed");
	assert_int_equal(get(&word), value_of(3, NO_FLAG, EIO));
}

TEST(set_of_an_invalid_error_does_not_touch_the_word)
{
	static const int refused[] = { 0, EIO, -4096 };
	unsigned i;

	for (i = 0; i < COUNT_OF(refused); i++) {
		int err = refused[i];

		trace_begin(0, NULL, NULL);
		assert_int_equal(errseq_set(&word, err), -EINVAL);
		assert_string_equal(trace_end(), "");
	}
}

TEST(sample_is_an_acquiring_load)
{
	unsigned i;

	for (i = 0; i < EDGE_WORDS; i++) {
		put(&word, edge_word(i));
		trace_begin(0, NULL, NULL);
		assert_int_equal(errseq_sample(&word) != 0, i != 0 && edge_word(i) & REPORTED);
		assert_string_equal(trace_end(), "load acquire");
	}
}

TEST(peek_acquires_and_marks_only_what_is_not_marked)
{
	unsigned i;

	for (i = 0; i < EDGE_WORDS; i++) {
		int unmarked = edge_word(i) != 0 && !(edge_word(i) & OBSERVED);

		put(&word, edge_word(i));
		trace_begin(0, NULL, NULL);
		assert_int_equal(errseq_peek(&word) != 0, i != 0);
		assert_string_equal(trace_end(),
				    unmarked ? "load acquire; or acquire" : "load acquire");
	}
}

TEST(check_without_news_is_one_relaxed_load)
{
	unsigned i;

	for (i = 0; i < EDGE_WORDS; i++) {
		put(&word, edge_word(i));
		trace_begin(0, NULL, NULL);
		assert_int_equal(errseq_check(&word, edge_word(i) | BOTH_FLAGS), 0);
		assert_string_equal(trace_end(), "load relaxed");
	}
}

TEST(check_acquires_before_it_returns_an_error)
{
	unsigned i;

	for (i = 1; i < EDGE_WORDS; i++) {
		put(&word, edge_word(i));
		trace_begin(0, NULL, NULL);
		assert_int_not_equal(errseq_check(&word, 0), 0);
		assert_string_equal(trace_end(), "load relaxed; " ACQUIRE_FENCE);
	}
}

TEST(advance_without_news_is_one_relaxed_load)
{
	unsigned i;

	for (i = 0; i < EDGE_WORDS; i++) {
		errseq_cursor_t cursor = edge_word(i) | BOTH_FLAGS;

		put(&word, edge_word(i));
		trace_begin(0, NULL, NULL);
		assert_int_equal(errseq_check_and_advance(&word, &cursor), 0);
		assert_string_equal(trace_end(), "load relaxed");
	}
}

TEST(advance_marks_by_an_acquiring_or_and_else_acquires_by_a_fence)
{
	unsigned i;

	for (i = 1; i < EDGE_WORDS; i++) {
		int marked = (edge_word(i) & BOTH_FLAGS) == BOTH_FLAGS;
		errseq_cursor_t cursor = 0;

		put(&word, edge_word(i));
		trace_begin(0, NULL, NULL);
		assert_int_not_equal(errseq_check_and_advance(&word, &cursor), 0);
		assert_string_equal(trace_end(), marked ? "load relaxed; " ACQUIRE_FENCE
							: "load relaxed; or acquire");
	}
}

TEST(advance_over_a_never_set_word_marks_nothing)
{
	errseq_cursor_t foreign = value_of(3, BOTH_FLAGS, EIO);

	errseq_init(&word);
	trace_begin(0, NULL, NULL);
	assert_int_equal(errseq_check_and_advance(&word, &foreign), 0);
	assert_string_equal(trace_end(), "load relaxed; " ACQUIRE_FENCE);
}

static errseq_shared_cursor_t shared;

TEST(shared_cursor_init_is_relaxed_and_get_acquires)
{
	trace_call_cursor(&shared);
	trace_begin(0, NULL, NULL);
	errseq_shared_cursor_init(&shared, 5);
	assert_string_equal(trace_end(), "cursor store relaxed");
	trace_begin(0, NULL, NULL);
	assert_int_equal(errseq_shared_cursor_get(&shared), 5);
	assert_string_equal(trace_end(), "cursor load acquire");
}

TEST(shared_look_without_news_is_two_loads_the_cursor_first)
{
	unsigned i;

	trace_call_cursor(&shared);
	for (i = 0; i < EDGE_WORDS; i++) {
		put(&word, edge_word(i));
		errseq_shared_cursor_init(&shared, edge_word(i) | BOTH_FLAGS);
		trace_begin(0, NULL, NULL);
		assert_int_equal(errseq_check_shared(&word, &shared), 0);
		assert_string_equal(trace_end(), "cursor load acquire; load relaxed");
		trace_begin(0, NULL, NULL);
		assert_int_equal(errseq_check_and_advance_shared(&word, &shared), 0);
		assert_string_equal(trace_end(), "cursor load acquire; load relaxed");
	}
}

TEST(shared_check_acquires_before_it_returns_an_error)
{
	unsigned i;

	trace_call_cursor(&shared);
	errseq_shared_cursor_init(&shared, 0);
	for (i = 1; i < EDGE_WORDS; i++) {
		put(&word, edge_word(i));
		trace_begin(0, NULL, NULL);
		assert_int_not_equal(errseq_check_shared(&word, &shared), 0);
		assert_string_equal(trace_end(),
				    "cursor load acquire; load relaxed; " ACQUIRE_FENCE);
	}
}

TEST(shared_advance_marks_and_then_exchanges_the_cursor)
{
	unsigned i;

	trace_call_cursor(&shared);
	for (i = 1; i < EDGE_WORDS; i++) {
		int marked = (edge_word(i) & BOTH_FLAGS) == BOTH_FLAGS;

		put(&word, edge_word(i));
		errseq_shared_cursor_init(&shared, 0);
		trace_begin(0, NULL, NULL);
		assert_int_not_equal(errseq_check_and_advance_shared(&word, &shared), 0);
		assert_string_equal(trace_end(),
				    marked ? "cursor load acquire; load relaxed; " ACQUIRE_FENCE
					     "; cursor exchange release/relaxed"
					   : "cursor load acquire; load relaxed; or acquire"
					     "; cursor exchange release/relaxed");
	}
}

static void be_faster(void *unused)
{
	(void)unused;
	assert_int_equal(errseq_check_and_advance_shared(&word, &shared), -EIO);
}

TEST(shared_advance_that_loses_looks_again_from_where_the_cursor_is_now)
{
	trace_call_cursor(&shared);
	put(&word, value_of(3, NO_FLAG, EIO));
	errseq_shared_cursor_init(&shared, 0);
	trace_begin(4, be_faster, NULL);
	assert_int_equal(errseq_check_and_advance_shared(&word, &shared), 0);
	assert_string_equal(trace_end(),
			    "cursor load acquire; load relaxed; or acquire; "
			    "cursor exchange release/relaxed; cursor load acquire; load relaxed");
}

TEST(settle_is_a_releasing_exchange_where_the_position_is_the_latest)
{
	unsigned i;
	for (i = 0; i < EDGE_WORDS; i++) {
		put(&word, edge_word(i));
		trace_begin(0, NULL, NULL);
		assert_int_equal(errseq_settle(&word, edge_word(i)), i != 0);
		assert_string_equal(trace_end(), i == 0 ? "load relaxed"
							: "load relaxed; exchange release/relaxed");
		trace_begin(0, NULL, NULL);
		assert_int_equal(errseq_settle(&word, edge_word(i) ^ value_of(1, NO_FLAG, 0)), 0);
		assert_string_equal(trace_end(), "load relaxed");
	}
}

/* A valid word gets two marks at one position at most; more is a writer that plays with us. */
TEST(settle_ends_although_its_exchange_fails_for_ever)
{
	put(&word, value_of(3, OBSERVED, EIO));
	trace_fail_exchanges(1000);
	trace_begin(0, NULL, NULL);
	assert_int_equal(errseq_settle(&word, get(&word)), 0);
	assert_int_equal(trace_steps(), 4);
	assert_string_equal(trace_end(),
			    "load relaxed; exchange release/relaxed; exchange release/relaxed; "
			    "exchange release/relaxed");
	trace_fail_exchanges(0);
	assert_int_equal(get(&word), value_of(3, OBSERVED, EIO));
}

TEST(shared_cursor_move_is_one_releasing_exchange)
{
	trace_call_cursor(&shared);
	errseq_shared_cursor_init(&shared, 5);
	trace_begin(0, NULL, NULL);
	assert_int_equal(errseq_shared_cursor_move(&shared, 6, 7), 0);
	assert_string_equal(trace_end(), "cursor exchange release/relaxed");
	trace_begin(0, NULL, NULL);
	assert_int_equal(errseq_shared_cursor_move(&shared, 5, 7), 1);
	assert_string_equal(trace_end(), "cursor exchange release/relaxed");
}

#if defined ERRSEQ_HAVE_WAIT && !defined TEST_64
TEST(wait_judges_a_relaxed_load_and_acquires_before_it_returns_news)
{
	const struct timespec long_past = { 0, 0 };

	put(&word, value_of(3, NO_FLAG, EIO));
	trace_begin(0, NULL, NULL);
	assert_int_equal(errseq_wait(&word, 0, NULL), 0);
	assert_string_equal(trace_end(), "load relaxed; " ACQUIRE_FENCE);
	trace_begin(0, NULL, NULL);
	assert_int_equal(errseq_wait(&word, get(&word) | OBSERVED, &long_past), -ETIMEDOUT);
	assert_string_equal(trace_end(), "load relaxed; load relaxed");
	trace_begin(0, NULL, NULL);
	errseq_wake(&word);
	assert_string_equal(trace_end(), "");
}
#endif

TEST(load_is_relaxed)
{
	trace_begin(0, NULL, NULL);
	assert_int_equal(errseq_load(&word), get(&word));
	assert_string_equal(trace_end(), "load relaxed");
}

TEST(accessors_and_format_touch_no_word)
{
	char buf[ERRSEQ_FORMAT_SIZE];

	trace_begin(0, NULL, NULL);
	assert_int_equal(errseq_cursor_error(5), -5);
	assert_int_equal(errseq_cursor_reported(5), 0);
	assert_int_equal(errseq_cursor_observed(5), 0);
	assert_int_equal(errseq_cursor_count(5), 0);
	assert_int_equal(errseq_cursor_same(5, 5), 1);
	assert_int_equal(errseq_format(5, buf, sizeof(buf)), 15);
	assert_string_equal(trace_end(), "");
}

/* Else an exchange that fails for no reason would be an answer. */
TEST(settle_and_move_succeed_although_each_weak_exchange_fails)
{
	trace_fail_weak_exchanges(1);
	put(&word, value_of(3, OBSERVED, EIO));
	assert_int_equal(errseq_settle(&word, get(&word)), 1);
	errseq_shared_cursor_init(&shared, 5);
	assert_int_equal(errseq_shared_cursor_move(&shared, 5, 7), 1);
	trace_fail_weak_exchanges(0);
}

int main(void)
{
	return run_all_tests();
}
