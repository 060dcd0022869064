/* SPDX-License-Identifier: MIT */
/*
 * G1 and G2 between threads, in sums. Recorders record as fast as they can, observers advance, each with
 * a cursor of its own, some peek. Each step of the counter stands for one error value that somebody
 * observed, so the values have numbers: counter 0, 1, 2 ... Then, for each observer:
 *
 *	it was never told of the same number twice, nor of a smaller one after a larger	(G2)
 *	after all recorders have stopped, its last report was of the last number	(G1)
 *
 * and with a single observer, and nobody peeking, the sum is exact: reports = counter + 1.
 *
 * usage: sums [TURNS]; each turn of each set of threads is a few milliseconds; the default is 5.
 */
#include "../common/harness.h"
#include "../common/word.h"
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum {
	MOST_THREADS = 16
};

/* By each recorder. Eight times that is less than the wrap, however long an observer sleeps. */
static const unsigned long records = 30000;
static unsigned long turns = 5;

struct storm {
	errseq_t word;
	atomic_uint recording; /* recorders still at work */
};

struct observer {
	pthread_t thread;
	struct storm *storm;
	errseq_cursor_t cursor;
	unsigned long reports, repeated, strange;
	uint64_t number; /* of the last report, counted past the wrap */
};

static void *record(void *argument)
{
	struct storm *storm = (struct storm *)argument;
	unsigned long i;

	for (i = 0; i < records; i++)
		errseq_set(&storm->word, i % 2 ? -EIO : -ENOSPC);
	atomic_fetch_sub_explicit(&storm->recording, 1, memory_order_relaxed);
	return NULL;
}

static void look(struct observer *observer)
{
	uint64_t step, before = observer->cursor;
	int err = errseq_check_and_advance(&observer->storm->word, &observer->cursor);

	if (err == 0)
		return;
	step = (errseq_cursor_count(observer->cursor) -
		errseq_cursor_count((errseq_cursor_t)before)) &
	       LAST_COUNT;
	/* From the beginning any number may be the first; after that, only a later one is news. */
	observer->repeated += before != 0 && step == 0;
	observer->number += step;
	observer->reports++;
	observer->strange +=
		(err != -EIO && err != -ENOSPC) || errseq_cursor_error(observer->cursor) != err;
}

static void *observe(void *argument)
{
	struct observer *observer = (struct observer *)argument;

	while (atomic_load_explicit(&observer->storm->recording, memory_order_relaxed) > 0)
		look(observer);
	look(observer);
	return NULL;
}

static void *only_peek(void *argument)
{
	struct storm *storm = (struct storm *)argument;
	volatile errseq_cursor_t position;

	while (atomic_load_explicit(&storm->recording, memory_order_relaxed) > 0)
		position = errseq_peek(&storm->word);
	(void)position;
	return NULL;
}

static void run(unsigned recorders, unsigned observers, unsigned peekers)
{
	static struct observer all[MOST_THREADS];
	pthread_t threads[2 * MOST_THREADS];
	unsigned long reports = 0;
	struct storm storm;
	unsigned i;

	errseq_init(&storm.word);
	atomic_store_explicit(&storm.recording, recorders, memory_order_relaxed);
	for (i = 0; i < observers; i++) {
		memset(&all[i], 0, sizeof(all[i]));
		all[i].storm = &storm;
		assert_int_equal(pthread_create(&all[i].thread, NULL, observe, &all[i]), 0);
	}
	for (i = 0; i < recorders + peekers; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
						i < recorders ? record : only_peek, &storm),
				 0);
	for (i = 0; i < recorders + peekers; i++)
		pthread_join(threads[i], NULL);
	for (i = 0; i < observers; i++) {
		pthread_join(all[i].thread, NULL);
		reports += all[i].reports;
	}
	printf("%u recorders, %u observers, %u peekers: %lu records, %lu reports, counter at "
	       "%llu\n",
	       recorders, observers, peekers, recorders * records, reports,
	       (unsigned long long)errseq_cursor_count(errseq_load(&storm.word)));
	for (i = 0; i < observers; i++) {
		assert_int_equal(all[i].repeated, 0);
		assert_int_equal(all[i].strange, 0);
		assert_true(all[i].reports >= 1);
		assert_int_equal(all[i].number % (LAST_COUNT + 1),
				 errseq_cursor_count(errseq_load(&storm.word)));
		assert_int_equal(errseq_check(&storm.word, all[i].cursor), 0);
	}
	if (observers == 1 && peekers == 0)
		assert_int_equal(all[0].reports, all[0].number + 1);
}

static void repeat(unsigned recorders, unsigned observers, unsigned peekers)
{
	unsigned long i;

	for (i = 0; i < turns; i++)
		run(recorders, observers, peekers);
}

static void one_observer_is_told_exactly_counter_plus_one_times(void **state)
{
	(void)state;
	repeat(1, 1, 0);
	repeat(3, 1, 0);
	repeat(8, 1, 0);
}

static void no_observer_misses_the_last_error_or_is_told_twice(void **state)
{
	(void)state;
	repeat(1, 4, 0);
	repeat(4, 1, 1);
	repeat(3, 5, 2);
	repeat(8, 8, 1); /* more threads than cores */
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_observer_is_told_exactly_counter_plus_one_times),
		cmocka_unit_test(no_observer_misses_the_last_error_or_is_told_twice),
	};

	if (argc > 1) {
		char *end;

		turns = strtoul(argv[1], &end, 10);
		if (*end || turns < 1) {
			fprintf(stderr, "sums: '%s' is not a number of turns, 1 or more\n",
				argv[1]);
			return 2;
		}
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
