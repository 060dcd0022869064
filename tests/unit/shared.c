/* SPDX-License-Identifier: MIT */
/*
 * A shared cursor, one call after the other: it does what a plain cursor does. What happens when several
 * use it at once is shown by unit/interference.c and stress/shared.c.
 */
#include "../common/harness.h"
#include "../common/spec.h"
#if HAVE_POSIX
#include "../common/processes.h"
#endif

TEST(initialised_shared_cursor_is_all_zeroes_and_at_the_beginning)
{
	static errseq_shared_cursor_t stored = ERRSEQ_SHARED_CURSOR_INIT;
	errseq_t word = ERRSEQ_INIT;

	assert_int_equal(errseq_shared_cursor_get(&stored), 0);
	assert_int_equal(errseq_check_shared(&word, &stored), 0);
	assert_int_equal(errseq_set(&word, -EIO), 0);
	assert_int_equal(errseq_check_shared(&word, &stored), -EIO);
}

TEST(shared_cursor_stands_where_it_was_put)
{
	errseq_shared_cursor_t cursor;
	unsigned i;

	for (i = 0; i < EDGE_WORDS; i++) {
		errseq_shared_cursor_init(&cursor, edge_word(i));
		assert_int_equal(errseq_shared_cursor_get(&cursor), edge_word(i));
	}
}

TEST(advance_through_a_shared_cursor_returns_the_error_and_then_0)
{
	errseq_shared_cursor_t cursor = ERRSEQ_SHARED_CURSOR_INIT;
	errseq_t word = ERRSEQ_INIT;

	assert_int_equal(errseq_set(&word, -EIO), 0);
	assert_int_equal(errseq_check_and_advance_shared(&word, &cursor), -EIO);
	assert_int_equal(errseq_check_and_advance_shared(&word, &cursor), 0);
	assert_int_equal(errseq_check_shared(&word, &cursor), 0);
	assert_int_equal(errseq_shared_cursor_get(&cursor), value_of(0, BOTH_FLAGS, EIO));
	assert_int_equal(errseq_sample(&word), value_of(0, BOTH_FLAGS, EIO));
}

/* Each cursor against each state: the shared calls do what the plain ones do. */
TEST(look_through_a_shared_cursor_does_what_the_contract_says)
{
	unsigned i, j;

	for (i = 0; i < EDGE_WORDS; i++)
		for (j = 0; j < EDGE_WORDS; j++) {
			struct spec spec = spec_from(edge_word(i));
			errseq_cursor_t spec_cursor = edge_word(j);
			errseq_shared_cursor_t cursor;
			errseq_t word;

			put(&word, edge_word(i));
			errseq_shared_cursor_init(&cursor, edge_word(j));
			assert_int_equal(errseq_check_shared(&word, &cursor),
					 spec_check(&spec, edge_word(j)));
			assert_int_equal(get(&word), edge_word(i));
			assert_int_equal(errseq_shared_cursor_get(&cursor), edge_word(j));
			assert_int_equal(errseq_check_and_advance_shared(&word, &cursor),
					 spec_check_and_advance(&spec, &spec_cursor));
			assert_int_equal(errseq_shared_cursor_get(&cursor), spec_cursor);
			assert_int_equal(get(&word), spec_value(&spec));
		}
}

#if HAVE_POSIX
TEST(shared_cursor_and_word_in_shared_memory_work_between_processes)
{
	struct shared {
		errseq_t word;
		errseq_shared_cursor_t cursor;
	} *shared = (struct shared *)map_shared(sizeof(*shared), -1);
	pid_t children[8];
	int told = 0;
	unsigned i;

	assert_int_equal(errseq_set(&shared->word, -EIO), 0);
	for (i = 0; i < COUNT_OF(children); i++) {
		children[i] = fork_child();
		if (children[i] == 0)
			_exit(errseq_check_and_advance_shared(&shared->word, &shared->cursor) ==
			      -EIO);
	}
	for (i = 0; i < COUNT_OF(children); i++)
		told += exit_status_of(children[i]);
	assert_int_equal(told, 1);
	munmap((void *)shared, sizeof(*shared));
}
#else
SKIPPED_WITHOUT_POSIX(shared_cursor_and_word_in_shared_memory_work_between_processes)
#endif

int main(void)
{
	return run_all_tests();
}
