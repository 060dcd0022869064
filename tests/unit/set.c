/* SPDX-License-Identifier: MIT */
/* errseq_set: record an error. */
#include "../common/harness.h"
#include "../common/spec.h"
#include <limits.h>

static errseq_t word;

/* Through a variable, because a wrong constant does not compile. */
static int set(errseq_t *eseq, int err)
{
	return errseq_set(eseq, err);
}

TEST(set_records_each_errno_from_1_to_4095)
{
	int err;

	for (err = -1; err >= -4095; err--) {
		errseq_init(&word);
		assert_int_equal(set(&word, err), 0);
		assert_int_equal(get(&word), -err);
	}
	assert_int_equal(ERRSEQ_MAX_ERRNO, 4095);
}

TEST(set_of_anything_else_returns_einval_and_leaves_the_word)
{
	static const int refused[] = { 0,	  1,	      EIO,     ENOSPC,	   4095,
				       4096,	  INT_MAX,    -4096,   -4097,	   -8192,
				       -4096 - 5, -65536 - 5, INT_MIN, INT_MIN + 5 };
	unsigned i, j;

	for (i = 0; i < COUNT_OF(refused); i++)
		for (j = 0; j < EDGE_WORDS; j++) {
			put(&word, edge_word(j));
			assert_int_equal(set(&word, refused[i]), -EINVAL);
			assert_int_equal(get(&word), edge_word(j));
		}
}

TEST(set_on_a_never_set_word_starts_at_count_0)
{
	put(&word, 0);
	assert_int_equal(set(&word, -EIO), 0);
	assert_int_equal(get(&word), value_of(0, NO_FLAG, EIO));
}

TEST(set_on_an_unobserved_error_leaves_the_counter)
{
	put(&word, value_of(3, NO_FLAG, EIO));
	assert_int_equal(set(&word, -ENOSPC), 0);
	assert_int_equal(get(&word), value_of(3, NO_FLAG, ENOSPC));
	assert_int_equal(set(&word, -ENOSPC), 0);
	assert_int_equal(get(&word), value_of(3, NO_FLAG, ENOSPC));
}

TEST(set_on_an_observed_error_moves_the_counter)
{
	put(&word, value_of(3, OBSERVED, EIO));
	assert_int_equal(set(&word, -EIO), 0);
	assert_int_equal(get(&word), value_of(4, NO_FLAG, EIO));
}

TEST(set_on_a_reported_error_moves_the_counter)
{
	put(&word, value_of(3, BOTH_FLAGS, EIO));
	assert_int_equal(set(&word, -EIO), 0);
	assert_int_equal(get(&word), value_of(4, NO_FLAG, EIO));
}

TEST(set_at_the_last_count_wraps_to_0_and_keeps_the_errno)
{
	put(&word, value_of(LAST_COUNT, BOTH_FLAGS, EIO));
	assert_int_equal(set(&word, -4095), 0);
	assert_int_equal(get(&word), value_of(0, NO_FLAG, 4095));
}

TEST(storm_that_nobody_looks_at_costs_no_counter_steps)
{
	int i;

	put(&word, 0);
	for (i = 0; i < 1000000; i++)
		assert_int_equal(set(&word, -1 - i % 4095), 0);
	assert_int_equal(errseq_cursor_count(get(&word)), 0);
}

TEST(set_from_every_state_does_what_the_contract_says)
{
	unsigned i, j;

	for (i = 0; i < EDGE_WORDS; i++)
		for (j = 0; j < COUNT_OF(edge_errors); j++) {
			struct spec spec = spec_from(edge_word(i));

			put(&word, edge_word(i));
			assert_int_equal(set(&word, -(int)edge_errors[j]), 0);
			assert_int_equal(spec_set(&spec, -(int)edge_errors[j]), 0);
			assert_int_equal(get(&word), spec_value(&spec));
		}
}

int main(void)
{
	return run_all_tests();
}
