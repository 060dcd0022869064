/* SPDX-License-Identifier: MIT */
/* errseq_check and errseq_check_and_advance: is there a new error? */
#include "../common/harness.h"
#include "../common/spec.h"

TEST(look_at_a_never_set_word_from_the_beginning_is_0)
{
	errseq_t word = ERRSEQ_INIT;
	errseq_cursor_t cursor = 0;

	assert_int_equal(errseq_check(&word, 0), 0);
	assert_int_equal(errseq_check_and_advance(&word, &cursor), 0);
	assert_int_equal(cursor, 0);
	assert_int_equal(get(&word), 0);
}

TEST(check_returns_the_error_again_until_the_cursor_moves)
{
	errseq_t word = ERRSEQ_INIT;
	errseq_cursor_t cursor = errseq_peek(&word);

	assert_int_equal(errseq_set(&word, -EIO), 0);
	assert_int_equal(errseq_check(&word, cursor), -EIO);
	assert_int_equal(errseq_check(&word, cursor), -EIO);
	cursor = errseq_peek(&word);
	assert_int_equal(errseq_check(&word, cursor), 0);
}

TEST(advance_returns_the_error_and_then_0)
{
	errseq_t word = ERRSEQ_INIT;
	errseq_cursor_t cursor = 0;

	assert_int_equal(errseq_set(&word, -EIO), 0);
	assert_int_equal(errseq_check_and_advance(&word, &cursor), -EIO);
	assert_int_equal(errseq_check_and_advance(&word, &cursor), 0);
	assert_int_equal(errseq_check(&word, cursor), 0);
}

TEST(advance_marks_reported_and_observed_and_moves_onto_the_marked_value)
{
	static const value_t flags[] = { NO_FLAG, OBSERVED, BOTH_FLAGS };
	unsigned i;

	for (i = 0; i < COUNT_OF(flags); i++) {
		errseq_cursor_t cursor = 0;
		errseq_t word;

		put(&word, value_of(9, flags[i], EIO));
		assert_int_equal(errseq_check_and_advance(&word, &cursor), -EIO);
		assert_int_equal(get(&word), value_of(9, BOTH_FLAGS, EIO));
		assert_int_equal(cursor, value_of(9, BOTH_FLAGS, EIO));
	}
}

/* Flags in every combination, those that never occur in a word included. */
TEST(difference_in_flags_is_no_news_and_changes_nothing)
{
	value_t a, b;
	unsigned i;

	for (i = 0; i < EDGE_WORDS; i++)
		for (a = 0; a < 4; a++)
			for (b = 0; b < 4; b++) {
				value_t bare = edge_word(i) & ~(value_t)BOTH_FLAGS;
				errseq_cursor_t cursor = bare | b << 12;
				errseq_t word;

				put(&word, bare | a << 12);
				assert_int_equal(errseq_check(&word, cursor), 0);
				assert_int_equal(errseq_check_and_advance(&word, &cursor), 0);
				assert_int_equal(cursor, bare | b << 12);
				assert_int_equal(get(&word), bare | a << 12);
			}
}

TEST(difference_in_any_other_bit_is_news)
{
	const value_t value = value_of(0x15555, BOTH_FLAGS, 0x555);
	unsigned bit;

	for (bit = 0; bit < 8 * sizeof(value_t); bit++) {
		errseq_cursor_t cursor = value ^ (value_t)1 << bit;
		errseq_t word;

		if (bit == 12 || bit == 13)
			continue;
		put(&word, value);
		assert_int_equal(errseq_check(&word, cursor), -0x555);
		assert_int_equal(errseq_check_and_advance(&word, &cursor), -0x555);
		assert_int_equal(cursor, value);
	}
}

/* Each cursor against each state. */
TEST(look_from_every_cursor_at_every_state_does_what_the_contract_says)
{
	unsigned i, j;

	for (i = 0; i < EDGE_WORDS; i++)
		for (j = 0; j < EDGE_WORDS; j++) {
			struct spec spec = spec_from(edge_word(i));
			errseq_cursor_t cursor = edge_word(j), spec_cursor = edge_word(j);
			errseq_t word;

			put(&word, edge_word(i));
			assert_int_equal(errseq_check(&word, cursor), spec_check(&spec, cursor));
			assert_int_equal(get(&word), edge_word(i));
			assert_int_equal(errseq_check_and_advance(&word, &cursor),
					 spec_check_and_advance(&spec, &spec_cursor));
			assert_int_equal(cursor, spec_cursor);
			assert_int_equal(get(&word), spec_value(&spec));
		}
}

/* A cursor from a file, say, that belonged to a word that is gone. */
TEST(advance_with_a_foreign_cursor_on_a_never_set_word_starts_at_the_beginning)
{
	errseq_cursor_t cursor = value_of(3, BOTH_FLAGS, EIO);
	errseq_t word = ERRSEQ_INIT;

	assert_int_equal(errseq_check(&word, cursor), 0);
	assert_int_equal(errseq_check_and_advance(&word, &cursor), 0);
	assert_int_equal(cursor, 0);
	assert_int_equal(get(&word), 0);
	assert_int_equal(errseq_set(&word, -EIO), 0);
	assert_int_equal(errseq_check_and_advance(&word, &cursor), -EIO);
}

int main(void)
{
	return run_all_tests();
}
