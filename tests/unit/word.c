/* SPDX-License-Identifier: MIT */
/* The word: what it is made of, and where it may live. */
#include "../common/harness.h"
#include "../common/word.h"
#include <errno.h>
#include <stdlib.h>
#if HAVE_POSIX
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

static void word_and_cursors_are_as_wide_as_their_bits_and_aligned_to_it(void **state)
{
	struct inside {
		char before;
		errseq_t word;
		char between;
		errseq_shared_cursor_t cursor;
	};
	const size_t size = (COUNT_BITS + 14) / 8;

	(void)state;
	assert_int_equal(sizeof(errseq_t), size);
	assert_int_equal(offsetof(struct inside, word), size);
	assert_int_equal(sizeof(errseq_cursor_t), size);
	assert_int_equal(sizeof(errseq_shared_cursor_t), size);
	assert_int_equal(offsetof(struct inside, cursor), 3 * size);
}

/* Whether its users ask by #ifdef or by #if. */
static void word_of_64_bits_is_offered_by_a_macro_that_is_1(void **state)
{
	(void)state;
#ifdef ERRSEQ_HAVE_64
	assert_int_equal(ERRSEQ_HAVE_64, 1);
	assert_int_equal(sizeof(errseq64_t), 8);
#else
	SKIP_BECAUSE("64 bits are not lock-free here");
#endif
}

static errseq_t static_word = ERRSEQ_INIT;

static void initialised_word_is_all_zeroes_and_never_set(void **state)
{
	errseq_t local = ERRSEQ_INIT, cleared;

	(void)state;
	assert_int_equal(get(&static_word), 0);
	assert_int_equal(get(&local), 0);
	memset((void *)&cleared, 0xff, sizeof(cleared));
	errseq_init(&cleared);
	assert_int_equal(get(&cleared), 0);
	assert_int_equal(errseq_check(&cleared, 0), 0);
}

static void init_forgets_the_history(void **state)
{
	errseq_t word;

	(void)state;
	put(&word, value_of(7, BOTH_FLAGS, 5));
	errseq_init(&word);
	assert_int_equal(errseq_load(&word), 0);
}

static void zeroed_memory_holds_valid_words(void **state)
{
	errseq_t *words = (errseq_t *)calloc(3, sizeof(errseq_t));
	errseq_cursor_t cursor;

	(void)state;
	assert_non_null(words);
	cursor = errseq_sample(&words[1]);
	assert_int_equal(errseq_set(&words[1], -5), 0);
	assert_int_equal(errseq_check_and_advance(&words[1], &cursor), -5);
	assert_int_equal(get(&words[0]), 0);
	assert_int_equal(get(&words[2]), 0);
	free(words);
}

static void load_is_a_raw_copy_and_changes_nothing(void **state)
{
	errseq_t word;
	unsigned i;

	(void)state;
	for (i = 0; i < EDGE_WORDS; i++) {
		put(&word, edge_word(i));
		assert_int_equal(errseq_load(&word), edge_word(i));
		assert_int_equal(get(&word), edge_word(i));
	}
}

#if HAVE_POSIX
/* Address-free: the same word, at two addresses, in two processes. */
static void word_in_shared_memory_works_between_processes(void **state)
{
	char name[] = "/tmp/errseq-word-XXXXXX";
	int fd = mkstemp(name), status;
	errseq_t *mine, *other;
	errseq_cursor_t cursor;
	pid_t child;

	(void)state;
	assert_true(fd >= 0);
	unlink(name);
	assert_int_equal(ftruncate(fd, 4096), 0);
	mine = (errseq_t *)mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	other = (errseq_t *)mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(mine != MAP_FAILED && other != MAP_FAILED && mine != other);
	cursor = errseq_sample(mine);

	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(errseq_set(other, -ENOSPC) == 0 ? 0 : 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_int_equal(errseq_check_and_advance(mine, &cursor), -ENOSPC);

	/* The parent was told; a newcomer in another process is not. */
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(errseq_check(other, errseq_sample(other)) == 0 ? 0 : 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	munmap((void *)mine, 4096);
	munmap((void *)other, 4096);
	close(fd);
}
#else
SKIPPED_WITHOUT_POSIX(word_in_shared_memory_works_between_processes)
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(word_and_cursors_are_as_wide_as_their_bits_and_aligned_to_it),
		cmocka_unit_test(word_of_64_bits_is_offered_by_a_macro_that_is_1),
		cmocka_unit_test(initialised_word_is_all_zeroes_and_never_set),
		cmocka_unit_test(init_forgets_the_history),
		cmocka_unit_test(zeroed_memory_holds_valid_words),
		cmocka_unit_test(load_is_a_raw_copy_and_changes_nothing),
		cmocka_unit_test(word_in_shared_memory_works_between_processes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
