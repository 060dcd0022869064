/* SPDX-License-Identifier: MIT */
/*
 * Words that no call writes: errno 0 with other bits, or reported without observed. A hostile or broken
 * process may leave them in shared memory. Every call ends, returns what its contract allows, and writes
 * nothing but the word and its own cursor.
 */
#include "../common/harness.h"
#include "../common/word.h"
#include <errno.h>
#include <errseq/wait.h>

static const value_t counts[] = { 0, 1, LAST_COUNT };
static const uint32_t flags[] = { NO_FLAG, REPORTED, OBSERVED, BOTH_FLAGS };
static const uint32_t errors[] = { 0, 1, 5, 4095 };

enum {
	WORDS = 3 * 4 * 4
};

static value_t any_word(unsigned i)
{
	return value_of(counts[i / 16], flags[i / 4 % 4], errors[i % 4]);
}

/* The word and the cursors, and what no call may touch. */
static struct {
	value_t before;
	errseq_t word;
	value_t between;
	errseq_shared_cursor_t shared;
	value_t behind;
} memory;

static void prepare(value_t word, value_t cursor)
{
	memory.before = memory.between = memory.behind = (value_t)-1;
	put(&memory.word, word);
	errseq_shared_cursor_init(&memory.shared, cursor);
}

static void assert_nothing_else_was_written(void)
{
	assert_true(memory.before == (value_t)-1 && memory.between == (value_t)-1 &&
		    memory.behind == (value_t)-1);
}

static void assert_error_or_0(int result)
{
	assert_true(result <= 0 && result >= -4095);
}

TEST(calls_that_only_look_return_what_they_may_and_change_nothing)
{
	unsigned i, j;

	for (i = 0; i < WORDS; i++)
		for (j = 0; j < WORDS; j++) {
			char text[ERRSEQ_FORMAT_SIZE];

			prepare(any_word(i), any_word(j));
			assert_error_or_0(errseq_check(&memory.word, any_word(j)));
			assert_error_or_0(errseq_check_shared(&memory.word, &memory.shared));
			ERRSEQ_DISCARD(errseq_sample(&memory.word));
			assert_true(errseq_load(&memory.word) == any_word(i));
			assert_error_or_0(errseq_cursor_error(any_word(i)));
			assert_in_range(errseq_cursor_same(any_word(i), any_word(j)), 0, 1);
			assert_true(errseq_format(any_word(i), text, sizeof(text)) <
				    ERRSEQ_FORMAT_SIZE);
			assert_true(get(&memory.word) == any_word(i));
			assert_true(errseq_shared_cursor_get(&memory.shared) == any_word(j));
			assert_nothing_else_was_written();
		}
}

TEST(calls_that_write_end_and_return_what_they_may)
{
	unsigned i, j, call;

	for (i = 0; i < WORDS; i++)
		for (j = 0; j < WORDS; j++)
			for (call = 0; call < 6; call++) {
				errseq_cursor_t cursor = any_word(j);

				prepare(any_word(i), any_word(j));
				if (call == 0)
					assert_int_equal(errseq_set(&memory.word, -7), 0);
				else if (call == 1)
					ERRSEQ_DISCARD(errseq_peek(&memory.word));
				else if (call == 2)
					assert_error_or_0(
						errseq_check_and_advance(&memory.word, &cursor));
				else if (call == 3)
					assert_error_or_0(
						errseq_check_and_advance_shared(&memory.word,
										&memory.shared));
				else if (call == 4)
					assert_in_range(errseq_settle(&memory.word, any_word(j)), 0,
							1);
				else
					assert_int_equal(errseq_shared_cursor_move(&memory.shared,
										   any_word(j), 5),
							 1);
				assert_nothing_else_was_written();
			}
}

TEST(set_makes_any_word_valid_again)
{
	unsigned i;

	for (i = 0; i < WORDS; i++) {
		prepare(any_word(i), 0);
		assert_int_equal(errseq_set(&memory.word, -7), 0);
		assert_true((get(&memory.word) & (BOTH_FLAGS | 4095)) == 7);
	}
}

#if defined ERRSEQ_HAVE_WAIT && !defined TEST_64
/* As check does: else wait returns 0, check returns 0, and a loop of both spins. */
TEST(wait_takes_errno_0_for_no_new_error)
{
	const struct timespec passed = { 0, 0 };
	unsigned i;

	for (i = 0; i < WORDS; i++) {
		int is_error;

		prepare(any_word(i), 0);
		is_error = errseq_check(&memory.word, 0) != 0;
		assert_int_equal(errseq_wait(&memory.word, 0, &passed), is_error ? 0 : -ETIMEDOUT);
	}
}
#endif

int main(void)
{
	return run_all_tests();
}
