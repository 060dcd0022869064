/* SPDX-License-Identifier: MIT */
/*
 * Signals from a timer, at random moments. The kernel sends them when it is time, where another thread or
 * process, which has to be scheduled first, comes late on a busy machine.
 */
#ifndef ERRSEQ_TESTS_RANDOM_TIMER_H
#define ERRSEQ_TESTS_RANDOM_TIMER_H

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static inline unsigned next_random(unsigned *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

/* Some nanoseconds to a quarter of a millisecond: whatever the machine, some of them fit. */
static inline long random_delay(unsigned *seed)
{
	long longest = 1024L << next_random(seed) % 9;

	return (long)next_random(seed) % longest + 1;
}

/* A timer that sends this signal to the process. */
static inline timer_t new_timer(int number)
{
	struct sigevent event;
	timer_t timer;

	memset(&event, 0, sizeof(event));
	event.sigev_notify = SIGEV_SIGNAL;
	event.sigev_signo = number;
	if (timer_create(CLOCK_MONOTONIC, &event, &timer)) {
		perror("FAIL: no timer could be created");
		_exit(3);
	}
	return timer;
}

/* Once, so many nanoseconds from now; 0 is never. For handlers too. */
static inline void send_after(timer_t timer, long nanoseconds)
{
	struct itimerspec when = { { 0, 0 }, { 0, nanoseconds } };

	if (timer_settime(timer, 0, &when, NULL))
		_exit(3);
}

#endif
