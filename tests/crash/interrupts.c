/* SPDX-License-Identifier: MIT */
/*
 * unit/interference.c once more, but a signal handler interferes: before each atomic step of each call a signal is
 * raised, and its handler makes the other calls, for all pairs of calls on all kinds of words and cursors. The handler
 * also makes every other call there is, and every call on words of its own. Neither the handler's calls nor the
 * interrupted one touch errno. If a call held a lock, the handler would hang.
 */
#include "reentrant_calls.h" /* before the names of this width mean the other one */

#include "../shim/trace.h"
#include <signal.h>
#include <stdlib.h>

static void begin_to_be_interrupted(int step, void (*interfere)(void *), void *argument);
static const char *end_to_be_interrupted(void);

#define trace_begin begin_to_be_interrupted
#define trace_end   end_to_be_interrupted
#include "../unit/interference.c"
#undef trace_begin
#undef trace_end

enum {
	ERRNO_OF_THE_INTERRUPTED = 4711
};

static void (*do_in_the_handler)(void *);
static void *in_the_handler;
static volatile sig_atomic_t handled;

/* What is wrong ends the process at once: no test goes on after the library has touched errno. */
static void must(int holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "FAIL: %s\n", what);
	abort();
}

static void look_around(errseq_t *word, struct place *place, int also_wait)
{
	value_t before = get(word), at = errseq_shared_cursor_get(place->shared);
	char buf[ERRSEQ_FORMAT_SIZE];

	must(errseq_load(word) == before, "errseq_load returned something else than the word");
	must(errseq_format(before, buf, sizeof(buf)) == (int)strlen(buf),
	     "errseq_format returned another length than that of its text");
	must(errseq_cursor_error(before) == -(int)(before & 4095), "errseq_cursor_error is wrong");
	must(before == 0 || errseq_cursor_error(before) != 0, "a word has flags and no errno");
	must(!errseq_cursor_reported(before) || errseq_cursor_observed(before),
	     "a word is reported and not observed");
	must(at == 0 || errseq_cursor_observed(at), "a shared cursor stands on no observed value");
#if defined ERRSEQ_HAVE_WAIT && !defined TEST_64
	if (also_wait) {
		static const struct timespec long_past = { 0, 0 };
		int expected = errseq_check(word, place->cursor) ? 0 : -ETIMEDOUT;

		errseq_wake(word);
		must(errseq_wait(word, place->cursor, &long_past) == expected,
		     "errseq_wait and errseq_check disagree");
	}
#else
	(void)also_wait;
#endif
	must(get(word) == before && errseq_shared_cursor_get(place->shared) == at,
	     "a call that only looks changed the word or the shared cursor");
}

static void handle(int number)
{
	int saved = errno, also_wait = handled % 16 == 0; /* system calls take their time */

	(void)number;
	do_in_the_handler(in_the_handler);
	if (do_in_the_handler == interfere) {
		struct interferer *self = (struct interferer *)in_the_handler;

		look_around(self->word, &self->place, also_wait);
	}
	must(call_everything_on_own_words(also_wait) == 0,
	     "a call on a word of the handler's own went wrong");
	must(errno == saved, "a call in a signal handler touched errno");
	handled = handled + 1;
}

static void interrupt(void *argument)
{
	sig_atomic_t before = handled;

	must(errno == ERRNO_OF_THE_INTERRUPTED, "a call touched errno before its end");
	in_the_handler = argument;
	must(raise(SIGUSR1) == 0 && handled == before + 1, "the signal was not handled");
}

static void begin_to_be_interrupted(int step, void (*interference)(void *), void *argument)
{
	static int ready;

	if (!ready) {
		struct sigaction action;

		memset(&action, 0, sizeof(action));
		action.sa_handler = handle;
		must(sigaction(SIGUSR1, &action, NULL) == 0, "no signal handler can be set");
		ready = 1;
	}
	if (handled % 1024 == 0)
		restart_alarm();
	do_in_the_handler = interference;
	trace_begin(step, interference ? interrupt : NULL, argument);
	errno = ERRNO_OF_THE_INTERRUPTED;
}

static const char *end_to_be_interrupted(void)
{
	must(errno == ERRNO_OF_THE_INTERRUPTED, "a call touched errno");
	return trace_end();
}
