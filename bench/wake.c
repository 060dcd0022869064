/* SPDX-License-Identifier: MIT */
/*
 * From just before the record until each waiting thread has returned, and how long the recorder is busy. A turn is
 * one record, after all waiters had the time to fall asleep.
 */
#include "wake.h"

#include "contestant.h"
#include "options.h"
#include "report.h"
#include "run.h"

#include <errno.h>
#include <errseq/errseq.h>
#include <errseq/wait.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#ifdef ERRSEQ_HAVE_WAIT
#include <linux/futex.h>
#include <sys/syscall.h>

/* The floor: one word that the kernel lets threads sleep on. */
static _Alignas(FAR_APART) _Atomic(uint32_t) bare;
static _Alignas(FAR_APART) uint32_t positions[MOST_THREADS];

static void futex(int what, uint32_t value)
{
	syscall(SYS_futex, &bare, what, value, NULL, NULL, 0);
}

static int floor_wait(unsigned waiter)
{
	while (atomic_load_explicit(&bare, memory_order_acquire) == positions[waiter])
		futex(FUTEX_WAIT_PRIVATE, positions[waiter]);
	positions[waiter]++;
	return -EIO;
}

static void floor_record(void)
{
	atomic_fetch_add_explicit(&bare, 1, memory_order_release);
	futex(FUTEX_WAKE_PRIVATE, INT32_MAX);
}

static _Alignas(FAR_APART) errseq_t word = ERRSEQ_INIT;
static _Alignas(FAR_APART) errseq_cursor_t cursors[MOST_THREADS];

static int errseq_wait_and_advance(unsigned waiter)
{
	int err = errseq_wait(&word, cursors[waiter], NULL);

	return err ? err : errseq_check_and_advance(&word, &cursors[waiter]);
}

static void errseq_record(void)
{
	errseq_set(&word, -EIO);
	errseq_wake(&word);
}

static const struct way {
	const char *name;
	int (*wait)(unsigned waiter);
	void (*record)(void);
} ways[] = {
	{ "floor", floor_wait, floor_record }, /* the first, as in contestants[] */
	{ "errseq", errseq_wait_and_advance, errseq_record },
};
enum {
	WAYS = sizeof(ways) / sizeof(ways[0])
};

static _Alignas(FAR_APART) struct {
	const struct way *way;
	unsigned waiters;
	atomic_uint ready;
	double recorded, woken[MOST_THREADS], busy;
	int result[MOST_THREADS];
} present;

static void wait_once(struct job *job)
{
	unsigned self = (unsigned)job->times;

	atomic_fetch_add_explicit(&present.ready, 1, memory_order_relaxed);
	present.result[self] = present.way->wait(self);
	present.woken[self] = now_ns();
}

static void record_once(struct job *job)
{
	const struct timespec while_they_fall_asleep = { 0, 100000 };

	(void)job;
	while (atomic_load_explicit(&present.ready, memory_order_relaxed) < present.waiters)
		sched_yield();
	nanosleep(&while_they_fall_asleep, NULL);
	present.recorded = now_ns();
	present.way->record();
	present.busy = now_ns() - present.recorded;
}

static int one_turn(const struct way *way, unsigned waiters, double *last, double *busy)
{
	static struct job jobs[MOST_THREADS];
	unsigned i;

	present.way = way;
	present.waiters = waiters;
	atomic_store_explicit(&present.ready, 0, memory_order_relaxed);
	jobs[0].loop = record_once;
	for (i = 0; i < waiters; i++) {
		jobs[i + 1].loop = wait_once;
		jobs[i + 1].times = i; /* which waiter */
	}
	run_jobs(jobs, waiters + 1);
	*last = 0;
	*busy = present.busy;
	for (i = 0; i < waiters; i++) {
		double latency = present.woken[i] - present.recorded;

		if (present.result[i] != -EIO) {
			fprintf(stderr, "bench: wake, %s: waiter %u got %d instead of %d\n",
				way->name, i, present.result[i], -EIO);
			return 0;
		}
		if (latency > *last)
			*last = latency;
	}
	return 1;
}

static int take_all_turns(unsigned waiters, unsigned turns)
{
	static double last[WAYS][MOST_TURNS], busy[WAYS][MOST_TURNS];
	unsigned turn, i, w;

	for (i = 0; i < waiters; i++) {
		cursors[i] = errseq_sample(&word);
		positions[i] = atomic_load_explicit(&bare, memory_order_relaxed);
	}
	for (turn = 0; turn < turns; turn++)
		for (w = 0; w < WAYS; w++)
			if (!one_turn(&ways[w], waiters, &last[w][turn], &busy[w][turn]))
				return 0;
	report_head("wake", WAKE_TITLE, "waiter", waiters);
	for (w = 0; w < WAYS; w++)
		report_row("wake", waiters, ways[w].name, last[w], last[0], turns);
	report_head("wake-recorder", "the recorder's part of it: record and wake", "waiter",
		    waiters);
	for (w = 0; w < WAYS; w++)
		report_row("wake-recorder", waiters, ways[w].name, busy[w], busy[0], turns);
	return 1;
}

int run_wakes(void)
{
	unsigned most = options.threads - 1, turns = options.turns * 10;

	if (most == 0) {
		fputs("bench: SKIP: wake takes 2 processors\n", stderr);
		return 0;
	}
	/* Each turn lets them fall asleep first, and is short: there may be more turns. */
	turns = options.is_check ? 3 : turns < MOST_TURNS ? turns : MOST_TURNS;
	return !take_all_turns(1, turns) || (most > 1 && !take_all_turns(most, turns));
}
#else
int run_wakes(void)
{
	fputs("bench: SKIP: errseq_wait is not offered here\n", stderr);
	return 0;
}
#endif
