/* SPDX-License-Identifier: MIT */
/*
 * Two phases: an error is reported when it was delivered, and not before. errseq_settle,
 * errseq_cursor_same and errseq_shared_cursor_move, one call after the other.
 */
#include "../common/harness.h"
#include "../common/spec.h"

enum {
	A = EIO,
	B = ENOSPC
};

TEST(cursors_are_the_same_if_they_differ_in_flags_only)
{
	unsigned i, j;

	for (i = 0; i < EDGE_WORDS; i++)
		for (j = 0; j < EDGE_WORDS; j++) {
			struct spec spec = spec_from(edge_word(i));

			assert_int_equal(errseq_cursor_same(edge_word(i), edge_word(j)),
					 spec_same(&spec, edge_word(j)));
		}
}

/* Each position against each state of a word. */
TEST(settle_does_what_the_contract_says)
{
	unsigned i, j;

	for (i = 0; i < EDGE_WORDS; i++)
		for (j = 0; j < EDGE_WORDS; j++) {
			struct spec spec = spec_from(edge_word(i));
			errseq_t word;

			put(&word, edge_word(i));
			assert_int_equal(errseq_settle(&word, edge_word(j)),
					 spec_settle(&spec, edge_word(j)));
			assert_int_equal(get(&word), spec_value(&spec));
		}
}

TEST(settle_on_a_never_set_word_returns_0_and_changes_nothing)
{
	errseq_t word = ERRSEQ_INIT;

	assert_int_equal(errseq_settle(&word, 0), 0);
	assert_int_equal(errseq_settle(&word, value_of(3, BOTH_FLAGS, A)), 0);
	assert_int_equal(get(&word), 0);
}

TEST(error_that_was_only_peeked_at_is_reported_to_a_newcomer)
{
	errseq_cursor_t at, newcomer;
	errseq_t word = ERRSEQ_INIT;

	assert_int_equal(errseq_set(&word, -A), 0);
	at = errseq_peek(&word);
	assert_int_equal(errseq_cursor_error(at), -A);
	/* whoever peeked dies here */
	newcomer = errseq_sample(&word);
	assert_int_equal(errseq_check_and_advance(&word, &newcomer), -A);
}

TEST(settled_error_is_past_for_newcomers_and_not_for_earlier_observers)
{
	errseq_cursor_t at, newcomer, earlier = 0;
	errseq_t word = ERRSEQ_INIT;

	assert_int_equal(errseq_set(&word, -A), 0);
	at = errseq_peek(&word);
	assert_int_equal(errseq_settle(&word, at), 1);
	newcomer = errseq_sample(&word);
	assert_int_equal(errseq_check(&word, newcomer), 0);
	assert_int_equal(errseq_check(&word, at), 0);
	assert_int_equal(errseq_check_and_advance(&word, &earlier), -A);
}

TEST(settle_again_or_of_an_error_reported_to_another_returns_1)
{
	errseq_cursor_t at, other = 0;
	errseq_t word = ERRSEQ_INIT;

	assert_int_equal(errseq_set(&word, -A), 0);
	at = errseq_peek(&word);
	assert_int_equal(errseq_settle(&word, at), 1);
	assert_int_equal(errseq_settle(&word, at), 1);
	assert_int_equal(errseq_set(&word, -B), 0);
	at = errseq_peek(&word);
	assert_int_equal(errseq_check_and_advance(&word, &other), -B);
	assert_int_equal(errseq_settle(&word, at), 1);
	assert_int_equal(errseq_settle(&word, other), 1);
}

/* G9, also if the newer error is the same errno. */
TEST(settle_does_not_settle_a_newer_error)
{
	static const int newer[] = { A, B };
	unsigned i;

	for (i = 0; i < 2; i++) {
		errseq_cursor_t at, newcomer;
		errseq_t word = ERRSEQ_INIT;
		value_t before;

		assert_int_equal(errseq_set(&word, -A), 0);
		at = errseq_peek(&word);
		assert_int_equal(errseq_set(&word, -newer[i]), 0);
		before = get(&word);
		assert_int_equal(errseq_settle(&word, at), 0);
		assert_int_equal(get(&word), before);
		newcomer = errseq_sample(&word);
		assert_int_equal(errseq_check_and_advance(&word, &newcomer), -newer[i]);
	}
}

TEST(move_succeeds_only_from_exactly_where_the_cursor_stands)
{
	unsigned i, j;

	for (i = 0; i < EDGE_WORDS; i++)
		for (j = 0; j < EDGE_WORDS; j++) {
			errseq_cursor_t to = value_of(77, BOTH_FLAGS, 7);
			errseq_shared_cursor_t cursor;

			errseq_shared_cursor_init(&cursor, edge_word(i));
			assert_int_equal(errseq_shared_cursor_move(&cursor, edge_word(j), to),
					 i == j);
			assert_int_equal(errseq_shared_cursor_get(&cursor),
					 i == j ? to : edge_word(i));
		}
}

/* The recipe of the manual. Deliver fails the first time. */
TEST(two_phases_report_an_error_once_and_when_it_was_delivered)
{
	errseq_cursor_t since = 0;
	errseq_t word = ERRSEQ_INIT;
	int attempt, delivered = 0;

	assert_int_equal(errseq_set(&word, -A), 0);
	for (attempt = 0; attempt < 3; attempt++) {
		errseq_cursor_t at = errseq_peek(&word);

		if (!errseq_cursor_same(at, since) && attempt > 0) {
			delivered++;
			since = at;
			assert_int_equal(errseq_settle(&word, at), 1);
		}
		assert_int_equal(errseq_sample(&word) == 0, attempt == 0);
	}
	assert_int_equal(delivered, 1);
}

TEST(two_phases_through_a_shared_cursor_let_one_caller_claim_the_error)
{
	errseq_shared_cursor_t cursor = ERRSEQ_SHARED_CURSOR_INIT;
	errseq_cursor_t from[2], at[2];
	errseq_t word = ERRSEQ_INIT;
	int i;

	assert_int_equal(errseq_set(&word, -A), 0);
	for (i = 0; i < 2; i++) {
		from[i] = errseq_shared_cursor_get(&cursor);
		at[i] = errseq_peek(&word);
		assert_int_equal(errseq_cursor_same(at[i], from[i]), 0);
	}
	assert_int_equal(errseq_shared_cursor_move(&cursor, from[0], at[0]), 1);
	assert_int_equal(errseq_shared_cursor_move(&cursor, from[1], at[1]), 0);
	assert_int_equal(errseq_check_and_advance_shared(&word, &cursor), 0);
	assert_int_equal(errseq_sample(&word), 0); /* unreported until it is settled */
	assert_int_equal(errseq_settle(&word, at[0]), 1);
	assert_int_equal(errseq_sample(&word), get(&word));
}

int main(void)
{
	return run_all_tests();
}
