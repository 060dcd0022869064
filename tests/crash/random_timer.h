/* SPDX-License-Identifier: MIT */
/*
 * A timer that sends a signal to this process after a random time. The kernel sends it on time also on a busy
 * machine, where another thread or process would have to be scheduled first.
 */
#ifndef ERRSEQ_TESTS_RANDOM_TIMER_H
#define ERRSEQ_TESTS_RANDOM_TIMER_H

#include "../common/random.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Some nanoseconds to a quarter of a millisecond: on every machine some of these hit the middle of a call. */
static inline long random_delay(uint64_t *seed)
{
	long longest = 1024L << next_random(seed) % 9;

	return (long)(next_random(seed) % (unsigned)longest) + 1;
}

static inline timer_t new_timer(int signal_number)
{
	struct sigevent event;
	timer_t timer;

	memset(&event, 0, sizeof(event));
	event.sigev_notify = SIGEV_SIGNAL;
	event.sigev_signo = signal_number;
	if (timer_create(CLOCK_MONOTONIC, &event, &timer)) {
		perror("FAIL: no timer could be created");
		_exit(3);
	}
	return timer;
}

/* Once, so many nanoseconds from now; 0 is never. Handlers may call it. */
static inline void send_after(timer_t timer, long nanoseconds)
{
	struct itimerspec when = { { 0, 0 }, { 0, nanoseconds } };

	if (timer_settime(timer, 0, &when, NULL))
		_exit(3);
}

#endif
