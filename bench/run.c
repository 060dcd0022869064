/* SPDX-License-Identifier: MIT */
#include "run.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static unsigned bound;
static size_t processor[MOST_THREADS]; /* so many, for threads to be bound to */

/* Of this turn. */
static struct job *jobs_of_turn;
static unsigned wanted;
static atomic_uint at_the_line; /* threads that are ready to begin */

unsigned run_processors(void)
{
	long online = sysconf(_SC_NPROCESSORS_ONLN);
#ifdef __linux__
	cpu_set_t ours;
	size_t i;

	bound = 0;
	if (sched_getaffinity(0, sizeof(ours), &ours) == 0)
		for (i = 0; i < CPU_SETSIZE && bound < MOST_THREADS; i++)
			if (CPU_ISSET(i, &ours))
				processor[bound++] = i;
#endif
	if (bound)
		return bound;
	return online > 0 && online < MOST_THREADS ? (unsigned)online : 1;
}

static void bind_thread(size_t to)
{
#ifdef __linux__
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(to, &one);
	if (sched_setaffinity(0, sizeof(one), &one) != 0)
		perror("bench: a thread is not bound to its processor");
#else
	(void)to;
#endif
}

int run_is_bound(void)
{
	return bound != 0;
}

static void *work(void *at)
{
	struct job *job = at;
	unsigned number = (unsigned)(job - jobs_of_turn), spins = 0;
	double start;

	if (number < bound)
		bind_thread(processor[number]);
	atomic_fetch_add_explicit(&at_the_line, 1, memory_order_relaxed);
	while (atomic_load_explicit(&at_the_line, memory_order_relaxed) < wanted) {
		relax();
		if (++spins % 4096 == 0)
			sched_yield();
	}
	start = now_ns();
	job->loop(job);
	job->nanoseconds = now_ns() - start;
	return NULL;
}

/* Also with one job there are two threads: as long as there is only one, glibc's mutex is not atomic. */
void run_jobs(struct job *jobs, unsigned number)
{
	pthread_t threads[MOST_THREADS + 1];
	unsigned i;

	jobs_of_turn = jobs;
	wanted = number;
	atomic_store_explicit(&at_the_line, 0, memory_order_relaxed);
	for (i = 0; i < number; i++)
		if (pthread_create(&threads[i], NULL, work, &jobs[i]) != 0) {
			fputs("bench: a thread could not be started\n", stderr);
			exit(1);
		}
	for (i = 0; i < number; i++)
		pthread_join(threads[i], NULL);
}
