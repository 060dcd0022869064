/* SPDX-License-Identifier: MIT */
/* The word: what it is made of, and where it may live. */
#include "../common/harness.h"
#include "../common/word.h"
#include <errno.h>
#if HAVE_POSIX
#include "../common/processes.h"
#endif

TEST(word_and_cursors_are_as_wide_as_their_bits_and_aligned_to_it)
{
	struct inside {
		char before;
		errseq_t word;
		char between;
		errseq_shared_cursor_t cursor;
	};
	const size_t size = (COUNT_BITS + 14) / 8;

	assert_int_equal(sizeof(errseq_t), size);
	assert_int_equal(offsetof(struct inside, word), size);
	assert_int_equal(sizeof(errseq_cursor_t), size);
	assert_int_equal(sizeof(errseq_shared_cursor_t), size);
	assert_int_equal(offsetof(struct inside, cursor), 3 * size);
}

/* Whether its users ask by #ifdef or by #if. */
TEST(word_of_64_bits_is_offered_by_a_macro_that_is_1)
{
#ifdef ERRSEQ_HAVE_64
	assert_int_equal(ERRSEQ_HAVE_64, 1);
	assert_int_equal(sizeof(errseq64_t), 8);
#else
	SKIP_BECAUSE("64 bits are not lock-free here");
#endif
}

static errseq_t static_word = ERRSEQ_INIT;

TEST(initialised_word_is_all_zeroes_and_never_set)
{
	errseq_t local = ERRSEQ_INIT, cleared;

	assert_int_equal(get(&static_word), 0);
	assert_int_equal(get(&local), 0);
	memset((void *)&cleared, 0xff, sizeof(cleared));
	errseq_init(&cleared);
	assert_int_equal(get(&cleared), 0);
	assert_int_equal(errseq_check(&cleared, 0), 0);
}

TEST(init_forgets_the_history)
{
	errseq_t word;

	put(&word, value_of(7, BOTH_FLAGS, 5));
	errseq_init(&word);
	assert_int_equal(errseq_load(&word), 0);
}

TEST(zeroed_memory_holds_valid_words)
{
	errseq_t *words = (errseq_t *)calloc(3, sizeof(errseq_t));
	errseq_cursor_t cursor;

	assert_non_null(words);
	cursor = errseq_sample(&words[1]);
	assert_int_equal(errseq_set(&words[1], -5), 0);
	assert_int_equal(errseq_check_and_advance(&words[1], &cursor), -5);
	assert_int_equal(get(&words[0]), 0);
	assert_int_equal(get(&words[2]), 0);
	free(words);
}

TEST(load_is_a_raw_copy_and_changes_nothing)
{
	errseq_t word;
	unsigned i;

	for (i = 0; i < EDGE_WORDS; i++) {
		put(&word, edge_word(i));
		assert_int_equal(errseq_load(&word), edge_word(i));
		assert_int_equal(get(&word), edge_word(i));
	}
}

#if HAVE_POSIX
/* Address-free: the same word, at two addresses, in two processes. */
TEST(word_in_shared_memory_works_between_processes)
{
	FILE *file = tmpfile();
	errseq_t *mine, *other;
	errseq_cursor_t cursor;
	pid_t child;

	assert_non_null(file);
	assert_int_equal(ftruncate(fileno(file), 4096), 0);
	mine = (errseq_t *)map_shared(4096, fileno(file));
	other = (errseq_t *)map_shared(4096, fileno(file));
	assert_true(mine != other);
	cursor = errseq_sample(mine);

	child = fork_child();
	if (child == 0)
		_exit(errseq_set(other, -ENOSPC) == 0 ? 0 : 1);
	assert_int_equal(exit_status_of(child), 0);
	assert_int_equal(errseq_check_and_advance(mine, &cursor), -ENOSPC);

	/* It was reported to the parent, so it is past for a newcomer in another process. */
	child = fork_child();
	if (child == 0)
		_exit(errseq_check(other, errseq_sample(other)) == 0 ? 0 : 1);
	assert_int_equal(exit_status_of(child), 0);
	munmap((void *)mine, 4096);
	munmap((void *)other, 4096);
	fclose(file);
}
#else
SKIPPED_WITHOUT_POSIX(word_in_shared_memory_works_between_processes)
#endif

int main(void)
{
	return run_all_tests();
}
