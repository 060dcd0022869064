/* SPDX-License-Identifier: MIT */
/*
 * How long until those who sleep are awake: from just before the record to the return of each waiter's wait, and
 * how long the recorder is busy. A turn is one record, after all waiters had the time to fall asleep.
 */
#include "bench.h"

#include <errno.h>
#include <errseq/errseq.h>
#include <errseq/wait.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifdef ERRSEQ_HAVE_WAIT
#include <linux/futex.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>

enum {
	MOST_WAITERS = 256
};

/* ---- the floor: one word that the kernel lets threads sleep on ---- */

static _Alignas(FAR_APART) _Atomic(uint32_t) bare;

static void futex(int what, uint32_t value)
{
	syscall(SYS_futex, &bare, what, value, NULL, NULL, 0);
}

static _Alignas(FAR_APART) uint32_t floor_position[MOST_WAITERS];

static int floor_wait(unsigned waiter)
{
	while (atomic_load_explicit(&bare, memory_order_acquire) == floor_position[waiter])
		futex(FUTEX_WAIT_PRIVATE, floor_position[waiter]);
	floor_position[waiter]++;
	return -EIO;
}

static void floor_record(unsigned waiters)
{
	(void)waiters;
	atomic_fetch_add_explicit(&bare, 1, memory_order_release);
	futex(FUTEX_WAKE_PRIVATE, INT32_MAX);
}

/* ---- libErrseq ---- */

static _Alignas(FAR_APART) errseq_t word = ERRSEQ_INIT;
static _Alignas(FAR_APART) errseq_cursor_t cursors[MOST_WAITERS];

static int errseq_wait_for_news(unsigned waiter)
{
	int err = errseq_wait(&word, cursors[waiter], NULL);

	return err ? err : errseq_check_and_advance(&word, &cursors[waiter]);
}

static void errseq_record(unsigned waiters)
{
	(void)waiters;
	errseq_set(&word, -EIO);
	errseq_wake(&word);
}

/* ---- a condition variable ---- */

static _Alignas(FAR_APART) pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t news = PTHREAD_COND_INITIALIZER;
static struct {
	int error;
	unsigned generation;
} guarded;
static _Alignas(FAR_APART) unsigned positions[MOST_WAITERS];

static int condition_wait(unsigned waiter)
{
	int err;

	pthread_mutex_lock(&lock);
	while (guarded.generation == positions[waiter])
		pthread_cond_wait(&news, &lock);
	positions[waiter] = guarded.generation;
	err = guarded.error;
	pthread_mutex_unlock(&lock);
	return err;
}

static void condition_record(unsigned waiters)
{
	(void)waiters;
	pthread_mutex_lock(&lock);
	guarded.error = -EIO;
	guarded.generation++;
	pthread_mutex_unlock(&lock);
	pthread_cond_broadcast(&news);
}

/* ---- an eventfd for each ---- */

static _Alignas(FAR_APART) int event_of[MOST_WAITERS];
static atomic_int event_error;

static int event_wait(unsigned waiter)
{
	uint64_t times;

	if (read(event_of[waiter], &times, sizeof(times)) != sizeof(times))
		return 0;
	return atomic_load_explicit(&event_error, memory_order_acquire);
}

static void event_record(unsigned waiters)
{
	const uint64_t one = 1;
	unsigned i;

	atomic_store_explicit(&event_error, -EIO, memory_order_release);
	for (i = 0; i < waiters; i++)
		if (write(event_of[i], &one, sizeof(one)) != sizeof(one))
			perror("bench: an eventfd could not be written");
}

/* ---- turns ---- */

static const struct way {
	const char *name, *about;
	int (*wait)(unsigned waiter);
	void (*record)(unsigned waiters);
} ways[] = {
	{ "floor", "one futex word, bare", floor_wait, floor_record },
	{ "errseq", "errseq_wait, errseq_wake", errseq_wait_for_news, errseq_record },
	{ "condition", "pthread_cond_broadcast, {errno, generation} under a mutex", condition_wait,
	  condition_record },
	{ "eventfd", "an eventfd for each observer", event_wait, event_record },
};
enum {
	WAYS = sizeof(ways) / sizeof(ways[0])
};

static _Alignas(FAR_APART) struct {
	const struct way *way;
	unsigned waiters;
	atomic_uint ready, awake;
	double recorded, woken[MOST_WAITERS], busy;
	int told[MOST_WAITERS];
} present;

static void wait_once(struct job *job)
{
	unsigned self = (unsigned)job->observer;

	atomic_fetch_add_explicit(&present.ready, 1, memory_order_relaxed);
	present.told[self] = present.way->wait(self);
	present.woken[self] = now_ns();
}

static void record_once(struct job *job)
{
	const struct timespec while_they_fall_asleep = { 0, 100000 };

	(void)job;
	while (atomic_load_explicit(&present.ready, memory_order_relaxed) < present.waiters)
		relax();
	nanosleep(&while_they_fall_asleep, NULL);
	present.recorded = now_ns();
	present.way->record(present.waiters);
	present.busy = now_ns() - present.recorded;
}

static int one_turn(const struct way *way, unsigned waiters, double *last, double *busy)
{
	static struct job jobs[MOST_WAITERS + 1];
	unsigned i;

	present.way = way;
	present.waiters = waiters;
	atomic_store_explicit(&present.ready, 0, memory_order_relaxed);
	jobs[0].loop = record_once;
	for (i = 0; i < waiters; i++) {
		jobs[i + 1].loop = wait_once;
		jobs[i + 1].observer = i;
	}
	pool_run(jobs, waiters + 1);
	*last = 0;
	*busy = present.busy;
	for (i = 0; i < waiters; i++) {
		double latency = present.woken[i] - present.recorded;

		if (present.told[i] != -EIO) {
			fprintf(stderr, "bench: wake, %s: waiter %u was told %d instead of %d\n",
				way->name, i, present.told[i], -EIO);
			return 1;
		}
		if (latency > *last)
			*last = latency;
	}
	return 0;
}

int is_way_to_wake(const char *name)
{
	unsigned w;

	for (w = 0; w < WAYS; w++)
		if (strcmp(ways[w].name, name) == 0)
			return 1;
	return 0;
}

/* The floor and libErrseq are always there, for the others are compared to them. */
static int is_asked_for(unsigned w, const char *only)
{
	return w < 2 || !only || strcmp(ways[w].name, only) == 0;
}

int measure_wakes(unsigned waiters, unsigned turns, const char *only)
{
	static double last[WAYS][MOST_TURNS], busy[WAYS][MOST_TURNS];
	struct figures figures;
	unsigned turn, i, w;

	for (i = 0; i < waiters; i++) {
		event_of[i] = eventfd(0, 0);
		if (event_of[i] < 0) {
			perror("bench: no eventfd");
			return 1;
		}
		cursors[i] = errseq_sample(&word);
		positions[i] = guarded.generation;
		floor_position[i] = atomic_load_explicit(&bare, memory_order_relaxed);
	}
	for (turn = 0; turn < turns; turn++)
		for (w = 0; w < WAYS; w++)
			if (is_asked_for(w, only) &&
			    one_turn(&ways[w], waiters, &last[w][turn], &busy[w][turn]))
				return 1;
	for (i = 0; i < waiters; i++)
		close(event_of[i]);
	for (w = 0; w < WAYS; w++) {
		if (!is_asked_for(w, only))
			continue;
		figures = figures_of(last[w], last[0], last[1], turns);
		print_row("wake", waiters, ways[w].name, turns, &figures);
	}
	puts("  the recorder's part of it: record and wake");
	for (w = 0; w < WAYS; w++) {
		if (!is_asked_for(w, only))
			continue;
		figures = figures_of(busy[w], busy[0], busy[1], turns);
		print_row("wake-recorder", waiters, ways[w].name, turns, &figures);
	}
	return 0;
}
#else
int is_way_to_wake(const char *name)
{
	(void)name;
	return 0;
}

int measure_wakes(unsigned waiters, unsigned turns, const char *only)
{
	(void)waiters;
	(void)turns;
	(void)only;
	puts("  SKIP: errseq_wait is not offered here");
	return 0;
}
#endif
