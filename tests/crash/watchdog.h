/* SPDX-License-Identifier: MIT */
/*
 * A lock that somebody died with is a hang. A watchdog turns it into a failure that says so: whoever gets on
 * says that it does, and if nobody did for long, an alarm ends the process. A forked child has its own.
 */
#ifndef ERRSEQ_TESTS_WATCHDOG_H
#define ERRSEQ_TESTS_WATCHDOG_H

#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum {
	PATIENCE_SECONDS = 30
};

static inline void nobody_gets_on(int number)
{
	static const char text[] = "FAIL: the test that runs now hangs: a call does not return, "
				   "after another one died or was "
				   "interrupted in the middle\n";

	(void)number;
	_exit(write(STDERR_FILENO, text, sizeof(text) - 1) < 0 ? 3 : 1);
}

static inline void get_on(void)
{
	alarm(PATIENCE_SECONDS);
}

/* Set-up and teardown of a cmocka test. */
static inline int begin_watch(void **state)
{
	(void)state;
	signal(SIGALRM, nobody_gets_on);
	get_on();
	return 0;
}

static inline int end_watch(void **state)
{
	(void)state;
	alarm(0);
	return 0;
}

/* Progress, every few seconds. */
static inline void report(const char *what, unsigned long done, unsigned long all)
{
	static time_t last;
	time_t now = time(NULL);

	if (last == 0)
		last = now;
	if (now - last < 5)
		return;
	last = now;
	printf("%lu of %lu %s\n", done, all, what);
	fflush(stdout);
}

#endif
