/* SPDX-License-Identifier: MIT */
/* errseq_sample and errseq_peek: two ways to take a position. */
#include "../common/harness.h"
#include "../common/spec.h"

static errseq_t word;

TEST(sample_of_a_never_set_word_is_the_beginning)
{
	put(&word, 0);
	assert_int_equal(errseq_sample(&word), 0);
}

TEST(sample_of_an_error_nobody_looked_at_is_the_beginning)
{
	put(&word, value_of(9, NO_FLAG, EIO));
	assert_int_equal(errseq_sample(&word), 0);
}

TEST(sample_of_an_error_only_peeked_at_is_the_beginning)
{
	put(&word, value_of(9, OBSERVED, EIO));
	assert_int_equal(errseq_sample(&word), 0);
}

TEST(sample_of_a_reported_error_is_the_word)
{
	put(&word, value_of(9, BOTH_FLAGS, EIO));
	assert_int_equal(errseq_sample(&word), value_of(9, BOTH_FLAGS, EIO));
}

TEST(sample_from_every_state_changes_nothing)
{
	unsigned i;

	for (i = 0; i < EDGE_WORDS; i++) {
		struct spec spec = spec_from(edge_word(i));

		put(&word, edge_word(i));
		assert_int_equal(errseq_sample(&word), spec_sample(&spec));
		assert_int_equal(get(&word), edge_word(i));
	}
}

TEST(peek_at_a_never_set_word_is_0_and_marks_nothing)
{
	put(&word, 0);
	assert_int_equal(errseq_peek(&word), 0);
	assert_int_equal(get(&word), 0);
}

TEST(peek_marks_observed_and_not_reported)
{
	put(&word, value_of(9, NO_FLAG, EIO));
	assert_int_equal(errseq_peek(&word), value_of(9, OBSERVED, EIO));
	assert_int_equal(get(&word), value_of(9, OBSERVED, EIO));
}

TEST(peek_at_a_marked_error_returns_it_as_it_is)
{
	put(&word, value_of(9, OBSERVED, EIO));
	assert_int_equal(errseq_peek(&word), value_of(9, OBSERVED, EIO));
	put(&word, value_of(9, BOTH_FLAGS, EIO));
	assert_int_equal(errseq_peek(&word), value_of(9, BOTH_FLAGS, EIO));
	assert_int_equal(get(&word), value_of(9, BOTH_FLAGS, EIO));
}

TEST(peek_from_every_state_returns_what_it_leaves_in_the_word)
{
	unsigned i;

	for (i = 0; i < EDGE_WORDS; i++) {
		struct spec spec = spec_from(edge_word(i));

		put(&word, edge_word(i));
		assert_int_equal(errseq_peek(&word), spec_peek(&spec));
		assert_int_equal(get(&word), spec_value(&spec));
	}
}

int main(void)
{
	return run_all_tests();
}
