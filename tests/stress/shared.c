/* SPDX-License-Identifier: MIT */
/*
 * Many threads, or processes, advance through one shared cursor at once. In sums:
 *
 *	one error a round, eight look	reports = rounds
 *	a storm of 4095 errors a round, each with an errno of its own, while all look:
 *					no errno is reported twice, the last one exactly once
 *
 * usage: shared [ROUNDS]; the default takes a few seconds at most.
 */
#include "../common/harness.h"
#include "../common/word.h"
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	LOOKERS = 8,
	LAST_ERRNO = ERRSEQ_MAX_ERRNO
};

static unsigned long rounds = 2000;

struct arena {
	errseq_t word;
	errseq_shared_cursor_t cursor;
	pthread_barrier_t barrier;
	atomic_ulong reports;
	atomic_uint told[LAST_ERRNO + 1]; /* how often each errno was reported in this round */
	atomic_int storm;
};

static struct arena *new_arena(int lookers)
{
	struct arena *arena = (struct arena *)mmap(NULL, sizeof(*arena), PROT_READ | PROT_WRITE,
						   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_barrierattr_t attributes;

	assert_true(arena != MAP_FAILED);
	pthread_barrierattr_init(&attributes);
	pthread_barrierattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	assert_int_equal(pthread_barrier_init(&arena->barrier, &attributes, (unsigned)lookers + 1),
			 0);
	return arena;
}

static void *look_once_a_round(void *argument)
{
	struct arena *arena = (struct arena *)argument;
	unsigned long i;

	for (i = 0; i < rounds; i++) {
		pthread_barrier_wait(&arena->barrier);
		if (errseq_check_and_advance_shared(&arena->word, &arena->cursor))
			atomic_fetch_add_explicit(&arena->reports, 1, memory_order_relaxed);
		pthread_barrier_wait(&arena->barrier);
	}
	return NULL;
}

/* Records one error a round; counts the rounds in which it was not reported exactly once. */
static unsigned long record_once_a_round(struct arena *arena)
{
	unsigned long i, before, wrong = 0;

	for (i = 0; i < rounds; i++) {
		before = atomic_load_explicit(&arena->reports, memory_order_relaxed);
		errseq_set(&arena->word, i % 3 ? -EIO : -ENOSPC);
		pthread_barrier_wait(&arena->barrier);
		pthread_barrier_wait(&arena->barrier);
		wrong += atomic_load_explicit(&arena->reports, memory_order_relaxed) != before + 1;
	}
	return wrong;
}

static void *look_in_a_storm(void *argument)
{
	struct arena *arena = (struct arena *)argument;
	unsigned long i;

	for (i = 0; i < rounds / 20 + 1; i++) {
		int more = 1;

		pthread_barrier_wait(&arena->barrier);
		while (more) {
			int err;

			more = atomic_load_explicit(&arena->storm, memory_order_acquire);
			err = errseq_check_and_advance_shared(&arena->word, &arena->cursor);
			if (err)
				atomic_fetch_add_explicit(&arena->told[-err], 1,
							  memory_order_relaxed);
		}
		pthread_barrier_wait(&arena->barrier);
	}
	return NULL;
}

static unsigned long record_a_storm(struct arena *arena)
{
	unsigned long i, wrong = 0;

	for (i = 0; i < rounds / 20 + 1; i++) {
		int e;

		for (e = 0; e <= LAST_ERRNO; e++)
			atomic_store_explicit(&arena->told[e], 0, memory_order_relaxed);
		atomic_store_explicit(&arena->storm, 1, memory_order_relaxed);
		pthread_barrier_wait(&arena->barrier);
		for (e = 1; e <= LAST_ERRNO; e++)
			errseq_set(&arena->word, -e);
		atomic_store_explicit(&arena->storm, 0, memory_order_release);
		pthread_barrier_wait(&arena->barrier);
		for (e = 1; e < LAST_ERRNO; e++)
			wrong += atomic_load_explicit(&arena->told[e], memory_order_relaxed) > 1;
		wrong += atomic_load_explicit(&arena->told[LAST_ERRNO], memory_order_relaxed) != 1;
	}
	return wrong;
}

static unsigned long with_threads(void *(*look)(void *), unsigned long (*record)(struct arena *),
				  unsigned long *reports)
{
	struct arena *arena = new_arena(LOOKERS);
	pthread_t threads[LOOKERS];
	unsigned long wrong;
	int i;

	for (i = 0; i < LOOKERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, look, arena), 0);
	wrong = record(arena);
	for (i = 0; i < LOOKERS; i++)
		pthread_join(threads[i], NULL);
	*reports = atomic_load_explicit(&arena->reports, memory_order_relaxed);
	munmap((void *)arena, sizeof(*arena));
	return wrong;
}

static unsigned long with_processes(void *(*look)(void *), unsigned long (*record)(struct arena *),
				    unsigned long *reports)
{
	struct arena *arena = new_arena(LOOKERS);
	unsigned long wrong;
	int i;

	for (i = 0; i < LOOKERS; i++) {
		pid_t child = fork();

		assert_true(child >= 0);
		if (child == 0) {
			look(arena);
			_exit(0);
		}
	}
	wrong = record(arena);
	for (i = 0; i < LOOKERS; i++)
		assert_true(wait(NULL) > 0);
	*reports = atomic_load_explicit(&arena->reports, memory_order_relaxed);
	munmap((void *)arena, sizeof(*arena));
	return wrong;
}

static void of_eight_threads_exactly_one_is_told(void **state)
{
	unsigned long reports,
		wrong = with_threads(look_once_a_round, record_once_a_round, &reports);

	(void)state;
	printf("%lu rounds, %lu reports to 8 threads\n", rounds, reports);
	assert_int_equal(wrong, 0);
	assert_int_equal(reports, rounds);
}

static void of_eight_processes_exactly_one_is_told(void **state)
{
	unsigned long reports,
		wrong = with_processes(look_once_a_round, record_once_a_round, &reports);

	(void)state;
	printf("%lu rounds, %lu reports to 8 processes\n", rounds, reports);
	assert_int_equal(wrong, 0);
	assert_int_equal(reports, rounds);
}

static void in_a_storm_no_error_is_told_twice_to_threads_and_the_last_is_told(void **state)
{
	unsigned long reports;

	(void)state;
	assert_int_equal(with_threads(look_in_a_storm, record_a_storm, &reports), 0);
}

static void in_a_storm_no_error_is_told_twice_to_processes_and_the_last_is_told(void **state)
{
	unsigned long reports;

	(void)state;
	assert_int_equal(with_processes(look_in_a_storm, record_a_storm, &reports), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_eight_threads_exactly_one_is_told),
		cmocka_unit_test(of_eight_processes_exactly_one_is_told),
		cmocka_unit_test(in_a_storm_no_error_is_told_twice_to_threads_and_the_last_is_told),
		cmocka_unit_test(
			in_a_storm_no_error_is_told_twice_to_processes_and_the_last_is_told),
	};

	if (argc > 1) {
		char *end;

		rounds = strtoul(argv[1], &end, 10);
		if (*end || rounds < 1) {
			fprintf(stderr, "shared: '%s' is not a number of rounds, 1 or more\n",
				argv[1]);
			return 2;
		}
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
