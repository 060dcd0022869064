/* SPDX-License-Identifier: MIT */
/* Threads that wait for jobs, asleep, and then begin all at once. */
#include "bench.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t to_work = PTHREAD_COND_INITIALIZER, is_done = PTHREAD_COND_INITIALIZER;
static struct job *jobs; /* under the lock, as the next three */
static unsigned wanted, done;
static unsigned long turn;
static atomic_uint at_the_line; /* of this turn: who is awake */

static unsigned size, bound;

static void do_job(struct job *job, unsigned together)
{
	unsigned turns = 0;
	double start;

	atomic_fetch_add_explicit(&at_the_line, 1, memory_order_relaxed);
	while (atomic_load_explicit(&at_the_line, memory_order_relaxed) < together) {
		relax();
		if (++turns % 4096 == 0)
			sched_yield();
	}
	start = now_ns();
	job->loop(job);
	job->nanoseconds = now_ns() - start;
}

static void *work(void *self)
{
	unsigned number = (unsigned)(uintptr_t)self, together;
	unsigned long last = 0;
	struct job *job;

	for (;;) {
		pthread_mutex_lock(&lock);
		while (turn == last || number >= wanted)
			pthread_cond_wait(&to_work, &lock);
		last = turn;
		job = &jobs[number];
		together = wanted;
		pthread_mutex_unlock(&lock);

		do_job(job, together);

		pthread_mutex_lock(&lock);
		if (++done == wanted)
			pthread_cond_signal(&is_done);
		pthread_mutex_unlock(&lock);
	}
	return NULL;
}

void pool_run(struct job *all, unsigned number)
{
	pthread_mutex_lock(&lock);
	jobs = all;
	wanted = number;
	done = 0;
	atomic_store_explicit(&at_the_line, 0, memory_order_relaxed);
	turn++;
	pthread_cond_broadcast(&to_work);
	while (done < number)
		pthread_cond_wait(&is_done, &lock);
	wanted = 0;
	pthread_mutex_unlock(&lock);
}

#ifdef __linux__
/* A processor for each thread, as far as we may choose. */
static unsigned processors(cpu_set_t *each)
{
	cpu_set_t ours;
	unsigned number = 0;
	size_t i;

	if (sched_getaffinity(0, sizeof(ours), &ours) != 0) {
		long online = sysconf(_SC_NPROCESSORS_ONLN);

		/* More processors than fit into a set: as many threads as we have, nowhere in particular. */
		perror("bench: threads are not bound to processors");
		return online < MOST_THREADS ? (unsigned)online : MOST_THREADS;
	}
	for (i = 0; i < CPU_SETSIZE && number < MOST_THREADS; i++)
		if (CPU_ISSET(i, &ours)) {
			CPU_ZERO(&each[number]);
			CPU_SET(i, &each[number]);
			number++;
		}
	return number;
}

static void bind_to(pthread_t thread, const cpu_set_t *processor)
{
	bound += pthread_setaffinity_np(thread, sizeof(*processor), processor) == 0;
}
#else
typedef char cpu_set_t;
#define CPU_COUNT(set) 0

static unsigned processors(cpu_set_t *each)
{
	long number = sysconf(_SC_NPROCESSORS_ONLN);

	(void)each;
	return number < 1 ? 0 : number > MOST_THREADS ? MOST_THREADS : (unsigned)number;
}

static void bind_to(pthread_t thread, const cpu_set_t *processor)
{
	(void)thread;
	(void)processor;
}
#endif

void pool_start(void)
{
	static cpu_set_t each[MOST_THREADS];
	unsigned i;

	size = processors(each);
	/* Two at least: with a single thread, glibc's mutex leaves out its atomic instructions. */
	for (i = 0; i < size || i < 2; i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, work, (void *)(uintptr_t)i) != 0) {
			perror("bench: a thread could not be started");
			exit(1);
		}
		if (i < size && CPU_COUNT(&each[i]) > 0)
			bind_to(thread, &each[i]);
	}
	if (size == 0)
		size = 1;
}

unsigned pool_size(void)
{
	return size;
}

unsigned pool_bound(void)
{
	return bound;
}
