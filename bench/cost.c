/* SPDX-License-Identifier: MIT */
/*
 * What one call costs in a thread that has its word to itself, beside what the machine cannot do
 * without and what one would write instead. All contestants take turns in one run, many short turns
 * each; the median of a contestant's turns is divided by the median of its floor's.
 *
 * usage: cost [TURNS]      (default 61; each takes about four milliseconds)
 */
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE
#endif
#include <errseq/errseq.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	CALLS = 2000000,
	MOST_TURNS = 1001
};

static errseq_t word = ERRSEQ_INIT;
static errseq_cursor_t cursor;	     /* up to date: nothing is new */
static errseq_cursor_t old_position; /* likewise, but taken by peek before the error was reported */

/* ---- looks with nothing new ---- */

static _Atomic(uint32_t) bare;

static unsigned long floor_of_looks(void)
{
	uint32_t since = atomic_load_explicit(&bare, memory_order_relaxed);
	unsigned long news = 0, i;

	for (i = 0; i < CALLS; i++)
		if (atomic_load_explicit(&bare, memory_order_relaxed) != since)
			news++;
	return news;
}

static unsigned long check(void)
{
	errseq_cursor_t since = cursor;
	unsigned long news = 0, i;

	for (i = 0; i < CALLS; i++)
		if (errseq_check(&word, since))
			news++;
	return news;
}

static unsigned long check_with_other_flags(void)
{
	errseq_cursor_t since = old_position;
	unsigned long news = 0, i;

	for (i = 0; i < CALLS; i++)
		if (errseq_check(&word, since))
			news++;
	return news;
}

static unsigned long advance(void)
{
	unsigned long news = 0, i;

	for (i = 0; i < CALLS; i++)
		if (errseq_check_and_advance(&word, &cursor))
			news++;
	return news;
}

static errseq_shared_cursor_t shared;

static unsigned long advance_shared(void)
{
	unsigned long news = 0, i;

	for (i = 0; i < CALLS; i++)
		if (errseq_check_and_advance_shared(&word, &shared))
			news++;
	return news;
}

#ifdef ERRSEQ_HAVE_64
static errseq64_t word64 = ERRSEQ_INIT;
static errseq64_cursor_t cursor64;

static unsigned long advance64(void)
{
	unsigned long news = 0, i;

	for (i = 0; i < CALLS; i++)
		if (errseq64_check_and_advance(&word64, &cursor64))
			news++;
	return news;
}
#endif

static unsigned long sample(void)
{
	errseq_cursor_t since = cursor;
	unsigned long news = 0, i;

	for (i = 0; i < CALLS; i++)
		if (errseq_sample(&word) != since)
			news++;
	return news;
}

static unsigned long check_by_call(void)
{
	int (*volatile function)(const errseq_t *, errseq_cursor_t) = errseq_check;
	int (*call)(const errseq_t *, errseq_cursor_t) = function;
	unsigned long news = 0, i;

	for (i = 0; i < CALLS; i++)
		if (call(&word, cursor))
			news++;
	return news;
}

/* What one would write instead. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	int error;
	unsigned generation;
} guarded;

static int look_under_mutex(unsigned *since)
{
	int err = 0;

	pthread_mutex_lock(&lock);
	if (guarded.generation != *since) {
		*since = guarded.generation;
		err = guarded.error;
	}
	pthread_mutex_unlock(&lock);
	return err;
}

static unsigned long mutex_look(void)
{
	unsigned long news = 0, i;
	unsigned since = guarded.generation;

	for (i = 0; i < CALLS; i++)
		if (look_under_mutex(&since))
			news++;
	return news;
}

/* ---- records ---- */

static unsigned long floor_of_records(void)
{
	uint32_t value = atomic_load_explicit(&bare, memory_order_relaxed);
	unsigned long failed = 0, i;

	for (i = 0; i < CALLS; i++)
		failed += !atomic_compare_exchange_weak_explicit(&bare, &value, value,
								 memory_order_release,
								 memory_order_relaxed);
	return failed;
}

static errseq_t unobserved = ERRSEQ_INIT;

static unsigned long set(void)
{
	unsigned long failed = 0, i;

	for (i = 0; i < CALLS; i++)
		failed += errseq_set(&unobserved, -EIO) != 0;
	return failed;
}

static unsigned long mutex_record(void)
{
	unsigned long i;

	for (i = 0; i < CALLS; i++) {
		pthread_mutex_lock(&lock);
		guarded.error = -EIO;
		guarded.generation++;
		pthread_mutex_unlock(&lock);
	}
	return 0;
}

/* ---- turns ---- */

static struct contestant {
	const char *name;
	unsigned long (*run)(void);
	int is_floor; /* of those that follow */
	double turns[MOST_TURNS];
} contestants[] = {
	{ "look, nothing new: bare relaxed load, compare, branch (floor)",
	  floor_of_looks,
	  1,
	  { 0 } },
	{ "  errseq_check, inline", check, 0, { 0 } },
	{ "  errseq_check, inline, flags of the cursor differ", check_with_other_flags, 0, { 0 } },
	{ "  errseq_check_and_advance, inline", advance, 0, { 0 } },
	{ "  errseq_check_and_advance_shared, inline", advance_shared, 0, { 0 } },
#ifdef ERRSEQ_HAVE_64
	{ "  errseq64_check_and_advance, inline", advance64, 0, { 0 } },
#endif
	{ "  errseq_sample, inline", sample, 0, { 0 } },
	{ "  errseq_check, called through a pointer", check_by_call, 0, { 0 } },
	{ "  pthread_mutex around {errno, generation}", mutex_look, 0, { 0 } },
	{ "record: one uncontended compare-exchange (floor)", floor_of_records, 1, { 0 } },
	{ "  errseq_set, nobody looks", set, 0, { 0 } },
	{ "  pthread_mutex around {errno, generation}", mutex_record, 0, { 0 } },
};
enum {
	CONTESTANTS = sizeof(contestants) / sizeof(contestants[0])
};

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* With a single thread, glibc's mutex leaves out its atomic instructions: not what servers pay. */
static void *sleep_for_ever(void *unused)
{
	for (;;)
		pause();
	return unused;
}

int main(int argc, char **argv)
{
	unsigned long turns = 61, turn, i;
	pthread_t sleeper;
	double floor = 0;
	errseq_cursor_t told = 0;

	if (argc > 1) {
		char *end;

		turns = strtoul(argv[1], &end, 10);
		if (*end || turns < 1 || turns > MOST_TURNS) {
			fprintf(stderr, "cost: '%s' is not a number of turns, 1 to %d\n", argv[1],
				MOST_TURNS);
			return 2;
		}
	}
	if (pthread_create(&sleeper, NULL, sleep_for_ever, NULL) != 0) {
		fprintf(stderr, "cost: no second thread could be started\n");
		return 1;
	}
	/* A word with a past: peeked at, then reported to somebody else. */
	errseq_set(&word, -EIO);
	old_position = errseq_peek(&word);
	if (errseq_check_and_advance(&word, &told) != -EIO)
		return 1;
	cursor = errseq_sample(&word);
	errseq_shared_cursor_init(&shared, cursor);
#ifdef ERRSEQ_HAVE_64
	errseq64_set(&word64, -EIO);
	if (errseq64_check_and_advance(&word64, &cursor64) != -EIO)
		return 1;
#endif
	atomic_store_explicit(&bare, cursor, memory_order_relaxed);

	for (turn = 0; turn < turns; turn++)
		for (i = 0; i < CONTESTANTS; i++) {
			double start = now_ns();

			if (contestants[i].run() != 0) {
				fprintf(stderr, "cost: '%s' gave a wrong answer\n",
					contestants[i].name);
				return 1;
			}
			contestants[i].turns[turn] = (now_ns() - start) / CALLS;
		}
	for (i = 0; i < CONTESTANTS; i++)
		qsort(contestants[i].turns, turns, sizeof(double), compare);

	printf("one thread calls, another sleeps; %lu turns of %d calls each, in turn; less is "
	       "better\n\n",
	       turns, CALLS);
	printf("%-64s %8s %17s %8s\n", "", "median", "lowest - highest", "ratio to");
	printf("%-64s %8s %17s %8s\n", "", "ns/call", "ns/call", "floor");
	for (i = 0; i < CONTESTANTS; i++) {
		const struct contestant *c = &contestants[i];
		double median = c->turns[turns / 2];

		if (c->is_floor)
			floor = median;
		printf("%-64s %8.3f %8.3f -%7.3f %8.2f\n", c->name, median, c->turns[0],
		       c->turns[turns - 1], median / floor);
	}
	return 0;
}
