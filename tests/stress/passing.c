/* SPDX-License-Identifier: MIT */
/*
 * One message, passed once in a fixed interleaving, for each memory order that must carry it. weakened.sh runs this
 * under ThreadSanitizer: over the library it must give no report, and over the library with one order weakened it must
 * report a race about the message or the word.
 *
 * A scenario is a list of steps. A thread of its own takes each step when it is its turn. Turns are relaxed, so that
 * only the library orders what one step writes and a later one reads. A step may let all others in between two atomic
 * operations of a call (between.h).
 *
 * usage: passing SCENARIO; prints where message and word are. Status 3 if a call did not do what the scenario needs.
 */
#include "between.h"
#include <errno.h>
#include <errseq/errseq.h>
#include <errseq/wait.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	MOST_STEPS = 4
};

static unsigned long message; /* plain */
static errseq_t word;
static errseq_shared_cursor_t cursor;
static atomic_int turn = -1, steps;

static _Thread_local int me;
static _Thread_local int overtaken_at_or, overtaken_at_exchange;

static void must_be(int got, int expected, const char *what)
{
	if (got != expected) {
		fprintf(stderr, "passing: %s is %d instead of %d: not what this is about\n", what,
			got, expected);
		exit(3);
	}
}

static void wait_for_turn(int mine)
{
	while (atomic_load_explicit(&turn, memory_order_relaxed) < mine)
		sched_yield();
}

/* All steps that are left are taken, before this one goes on. */
static void let_others_in(void)
{
	atomic_store_explicit(&turn, me + 1, memory_order_relaxed);
	wait_for_turn(atomic_load_explicit(&steps, memory_order_relaxed));
}

static void let_others_in_once(int *overtaken)
{
	if (*overtaken) {
		*overtaken = 0;
		let_others_in();
	}
}

void before_or(void)
{
	let_others_in_once(&overtaken_at_or);
}

void before_exchange(void)
{
	let_others_in_once(&overtaken_at_exchange);
}

/* ---- steps ------------------------------------------------------------------------------------------- */

#define STEP(name, ...)        \
	static void name(void) \
	{                      \
		__VA_ARGS__;   \
	}
#define NOTE()	       (message = 1)
#define READ_MESSAGE() must_be((int)message, 1, "the message")

/* Those that write. The first position of all is EIO. */
STEP(record, must_be(errseq_set(&word, -EIO), 0, "set"))
STEP(note_and_record, NOTE(); record())
STEP(peek_first,
     must_be(errseq_cursor_error(errseq_peek(&word)), -EIO, "the error of another's peek"))
STEP(advance_first, errseq_cursor_t mine = 0;
     must_be(errseq_check_and_advance(&word, &mine), -EIO, "another's advance"))
STEP(advance_shared_first,
     must_be(errseq_check_and_advance_shared(&word, &cursor), -EIO, "another's advance"))
STEP(note_and_advance_shared, NOTE(); advance_shared_first())
STEP(settle, must_be(errseq_settle(&word, EIO), 1, "settle"))
STEP(note_and_settle, NOTE(); settle())
STEP(note_and_move, errseq_cursor_t at = errseq_peek(&word); NOTE();
     must_be(errseq_shared_cursor_move(&cursor, 0, at), 1, "move"))

/* Those that read */
STEP(sample, must_be(errseq_sample(&word) != 0, 1, "a position from sample"); READ_MESSAGE())
STEP(peek, must_be(errseq_cursor_error(errseq_peek(&word)), -EIO, "the error of peek");
     READ_MESSAGE())
STEP(peek_overtaken, overtaken_at_or = 1; peek(); must_be(overtaken_at_or, 0, "peek without an or"))
STEP(check, must_be(errseq_check(&word, 0), -EIO, "check"); READ_MESSAGE())
STEP(advance, advance_first(); READ_MESSAGE())
STEP(load, must_be(errseq_cursor_error(errseq_load(&word)), -EIO, "the error of load"))
STEP(check_shared_past,
     must_be(errseq_check_shared(&word, &cursor), 0, "check through a cursor that has moved");
     READ_MESSAGE())
STEP(advance_shared_past, must_be(errseq_check_and_advance_shared(&word, &cursor), 0,
				  "advance through a cursor that has moved");
     READ_MESSAGE())
STEP(advance_shared, advance_shared_first(); READ_MESSAGE())
STEP(advance_shared_overtaken, overtaken_at_exchange = 1; advance_shared_past();
     must_be(overtaken_at_exchange, 0, "advance without an exchange"))
STEP(advance_shared_overtaken_and_told, overtaken_at_exchange = 1; advance_shared();
     must_be(overtaken_at_exchange, 0, "advance without an exchange"))
STEP(get, must_be(errseq_cursor_error(errseq_shared_cursor_get(&cursor)), -EIO,
		  "the error of the cursor");
     READ_MESSAGE())
#ifdef ERRSEQ_HAVE_WAIT
STEP(wait_for_news, must_be(errseq_wait(&word, 0, NULL), 0, "wait"); READ_MESSAGE())
#endif

/* ---- scenarios ------------------------------------------------------------------------------------- */

static const struct scenario {
	const char *name;
	void (*steps[MOST_STEPS])(void);
} scenarios[] = {
	{ "sample", { note_and_record, advance_first, sample } },
	{ "peek-marked", { note_and_record, peek_first, peek } },
	{ "peek-overtaken", { record, peek_overtaken, note_and_record } },
	{ "check", { note_and_record, check } },
	{ "advance", { note_and_record, advance } },
	{ "advance-marked", { note_and_record, advance_first, advance } },
	{ "equal", { record, note_and_record, advance } },
	{ "load", { record, load } },
	{ "shared-check", { record, note_and_advance_shared, check_shared_past } },
	{ "shared-advance", { record, note_and_advance_shared, advance_shared_past } },
	{ "shared-told", { note_and_record, advance_shared } },
	{ "shared-lost", { record, advance_shared_overtaken, note_and_advance_shared } },
	{ "shared-lost-and-told",
	  { record, advance_shared_overtaken_and_told, advance_shared_first, note_and_record } },
	{ "shared-get", { record, note_and_advance_shared, get } },
	{ "settle", { record, settle } },
	{ "settle-sample", { record, note_and_settle, sample } },
	{ "move", { record, note_and_move, check_shared_past } },
#ifdef ERRSEQ_HAVE_WAIT
	{ "wait", { note_and_record, wait_for_news } },
#endif
};

static const struct scenario *scenario;

static void *take_step(void *number)
{
	me = *(const int *)number;
	wait_for_turn(me);
	scenario->steps[me]();
	if (atomic_load_explicit(&turn, memory_order_relaxed) == me)
		atomic_store_explicit(&turn, me + 1, memory_order_relaxed);
	return NULL;
}

int main(int argc, char **argv)
{
	static int numbers[MOST_STEPS] = { 0, 1, 2, 3 };
	pthread_t threads[MOST_STEPS];
	int i, count;
	size_t s;

	for (s = 0; argc == 2 && s < sizeof(scenarios) / sizeof(scenarios[0]); s++)
		if (strcmp(scenarios[s].name, argv[1]) == 0)
			scenario = &scenarios[s];
	if (!scenario) {
		fprintf(stderr, "usage: passing SCENARIO, one of:");
		for (s = 0; s < sizeof(scenarios) / sizeof(scenarios[0]); s++)
			fprintf(stderr, " %s", scenarios[s].name);
		fprintf(stderr, "\n");
		return 2;
	}
	fprintf(stderr, "message at 0x%012" PRIxPTR "\nword at 0x%012" PRIxPTR "\n",
		(uintptr_t)&message, (uintptr_t)&word);
	for (count = 0; count < MOST_STEPS && scenario->steps[count]; count++)
		;
	atomic_store_explicit(&steps, count, memory_order_relaxed);
	for (i = 0; i < count; i++)
		if (pthread_create(&threads[i], NULL, take_step, &numbers[i])) {
			fprintf(stderr, "passing: no thread could be created\n");
			return 3;
		}
	atomic_store_explicit(&turn, 0, memory_order_relaxed);
	for (i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
