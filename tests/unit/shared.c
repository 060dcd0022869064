/* SPDX-License-Identifier: MIT */
/*
 * A shared cursor, one call after the other: it does what a plain cursor does. What happens when several
 * use it at once is shown by unit/interference.c and stress/shared.c.
 */
#include "../common/harness.h"
#include "../common/spec.h"
#if HAVE_POSIX
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

static void initialised_shared_cursor_is_all_zeroes_and_at_the_beginning(void **state)
{
	static errseq_shared_cursor_t stored = ERRSEQ_SHARED_CURSOR_INIT;
	errseq_t word = ERRSEQ_INIT;

	(void)state;
	assert_int_equal(errseq_shared_cursor_get(&stored), 0);
	assert_int_equal(errseq_check_shared(&word, &stored), 0);
	assert_int_equal(errseq_set(&word, -EIO), 0);
	assert_int_equal(errseq_check_shared(&word, &stored), -EIO);
}

static void shared_cursor_stands_where_it_was_put(void **state)
{
	errseq_shared_cursor_t cursor;
	unsigned i;

	(void)state;
	for (i = 0; i < EDGE_WORDS; i++) {
		errseq_shared_cursor_init(&cursor, edge_word(i));
		assert_int_equal(errseq_shared_cursor_get(&cursor), edge_word(i));
	}
}

static void advance_through_a_shared_cursor_returns_the_error_and_then_0(void **state)
{
	errseq_shared_cursor_t cursor = ERRSEQ_SHARED_CURSOR_INIT;
	errseq_t word = ERRSEQ_INIT;

	(void)state;
	assert_int_equal(errseq_set(&word, -EIO), 0);
	assert_int_equal(errseq_check_and_advance_shared(&word, &cursor), -EIO);
	assert_int_equal(errseq_check_and_advance_shared(&word, &cursor), 0);
	assert_int_equal(errseq_check_shared(&word, &cursor), 0);
	assert_int_equal(errseq_shared_cursor_get(&cursor), value_of(0, BOTH_FLAGS, EIO));
	assert_int_equal(errseq_sample(&word), value_of(0, BOTH_FLAGS, EIO));
}

/* Each cursor against each state: the shared calls do what the plain ones do. */
static void look_through_a_shared_cursor_does_what_the_contract_says(void **state)
{
	unsigned i, j;

	(void)state;
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
static void shared_cursor_and_word_in_shared_memory_work_between_processes(void **state)
{
	struct shared {
		errseq_t word;
		errseq_shared_cursor_t cursor;
	} *shared = (struct shared *)mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
					  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status, told = 0, i;

	(void)state;
	assert_true(shared != MAP_FAILED);
	assert_int_equal(errseq_set(&shared->word, -EIO), 0);
	for (i = 0; i < 8; i++) {
		pid_t child = fork();

		assert_true(child >= 0);
		if (child == 0)
			_exit(errseq_check_and_advance_shared(&shared->word, &shared->cursor) ==
			      -EIO);
	}
	for (i = 0; i < 8; i++) {
		assert_true(wait(&status) > 0);
		assert_true(WIFEXITED(status));
		told += WEXITSTATUS(status);
	}
	assert_int_equal(told, 1);
	munmap((void *)shared, sizeof(*shared));
}
#else
SKIPPED_WITHOUT_POSIX(shared_cursor_and_word_in_shared_memory_work_between_processes)
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(initialised_shared_cursor_is_all_zeroes_and_at_the_beginning),
		cmocka_unit_test(shared_cursor_stands_where_it_was_put),
		cmocka_unit_test(advance_through_a_shared_cursor_returns_the_error_and_then_0),
		cmocka_unit_test(look_through_a_shared_cursor_does_what_the_contract_says),
		cmocka_unit_test(shared_cursor_and_word_in_shared_memory_work_between_processes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
