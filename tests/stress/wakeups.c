/* SPDX-License-Identifier: MIT */
/*
 * No wake-up is lost, and G6 through errseq_wait alone. No wait here has a deadline, so that a lost wake-up is a hang,
 * which the harness reports. Messages are plain memory, read right after errseq_wait returned 0: under ThreadSanitizer
 * a missing acquire is a data race.
 *
 * THREADS wait.
 */
#include "run.h"
#include <errseq/wait.h>

enum {
	MOST_PAIRS = MOST_THREADS / 2
};

static void record_and_wake(errseq_t *word, int err)
{
	errseq_set(word, err);
	errseq_wake(word);
}

/* It must return 0, and leave errno alone. */
static void wait_for_news(struct worker *worker, errseq_t *word, errseq_cursor_t since)
{
	errno = 0;
	must_be(worker, errseq_wait(word, since, NULL), 0, "a wait", since);
	must_be(worker, errno, 0, "errno after a wait", since);
}

/* ---- ping-pong: two threads that have nothing but two words ------------------------------------ */

struct line {
	_Alignas(64) errseq_t there, back;
	_Alignas(64) unsigned long message, answer; /* plain; 1, 2, 3 ... the_end */
	int (*next)(errseq_t *word, errseq_cursor_t *cursor);
	atomic_int is_over; /* for the third */
};

/* Two ways to go past the error that ended the wait. */
static int next_by_advance(errseq_t *word, errseq_cursor_t *cursor)
{
	return errseq_check_and_advance(word, cursor);
}

static int next_by_peek(errseq_t *word, errseq_cursor_t *cursor)
{
	int err = errseq_check(word, *cursor);

	*cursor = errseq_peek(word);
	return err;
}

static void serve(struct worker *worker)
{
	struct line *line = (struct line *)worker->room + worker->number;
	errseq_cursor_t cursor = 0;
	unsigned long message;

	do {
		message = goes_on(worker) ? ++worker->rounds : the_end;
		line->message = message;
		record_and_wake(&line->there, error_of(message));
		wait_for_news(worker, &line->back, cursor);
		must_be(worker, line->answer, message, "the answer", cursor);
		must_be(worker, line->next(&line->back, &cursor), -A, "the error back", cursor);
		dawdle(worker);
	} while (message != the_end);
}

static void return_service(struct worker *worker)
{
	struct line *line = (struct line *)worker->room + worker->number;
	errseq_cursor_t cursor = 0;
	unsigned long message;

	do {
		wait_for_news(worker, &line->there, cursor);
		message = line->message;
		if (message != the_end)
			must_be(worker, message, ++worker->reports, "the message", cursor);
		must_be(worker, line->next(&line->there, &cursor), error_of(message),
			"the error there", cursor);
		dawdle(worker);
		line->answer = message;
		record_and_wake(&line->back, -A);
	} while (message != the_end);
	store_relaxed(&line->is_over, 1);
}

/* Another observer. It changes both words all the time, and now and then wakes without a record. */
static void mark(struct worker *worker)
{
	struct line *line = (struct line *)worker->room + worker->number;
	errseq_cursor_t there = 0, back = 0;

	while (!load_relaxed(&line->is_over)) {
		errseq_cursor_t peeked = errseq_peek(&line->there);

		must_be(worker, errseq_cursor_error(peeked) && !errseq_cursor_observed(peeked), 0,
			"an error that peek did not mark", peeked);
		must_be(worker, errseq_cursor_error(errseq_peek(&line->back)) > 0, 0,
			"an error above 0", peeked);
		dawdle(worker);
		if (errseq_check_and_advance(&line->there, &there) == 0)
			sched_yield();
		if (errseq_check_and_advance(&line->back, &back) == 0)
			sched_yield();
		if (random_below(worker, 8) == 0)
			errseq_wake(random_below(worker, 2) ? &line->there : &line->back);
		dawdle(worker);
	}
}

static void play_ping_pong(unsigned pairs, int (*next)(errseq_t *, errseq_cursor_t *), int marked,
			   enum kind kind)
{
	struct crew *crew = new_crew(MOST_PAIRS * sizeof(struct line));
	struct line *lines = (struct line *)(void *)crew->room;
	unsigned i;

	for (i = 0; i < pairs; i++)
		lines[i].next = next;
	add_workers(crew, pairs, return_service);
	add_workers(crew, pairs, serve);
	if (marked)
		add_workers(crew, pairs, mark);
	let_work(crew, kind, &lines[0].there);
	must_be(&crew->boss, sum_of_reports(crew, return_service), sum_of_rounds(crew, serve),
		"messages received", 0);
	end_crew(crew);
}

STRESS_TEST(ping_pong_of_pairs_who_advance,
	    play_ping_pong((threads + 1) / 2, next_by_advance, 0, AS_THREADS))
STRESS_TEST(ping_pong_of_pairs_who_peek,
	    play_ping_pong((threads + 1) / 2, next_by_peek, 0, AS_THREADS))
STRESS_TEST(ping_pong_while_others_mark_the_words,
	    play_ping_pong((threads + 2) / 3, threads % 2 ? next_by_advance : next_by_peek, 1,
			   AS_THREADS))
STRESS_TEST(ping_pong_between_processes,
	    play_ping_pong((threads + 2) / 3, next_by_advance, 1, AS_PROCESSES))

/* ---- one recorder, many waiters: each of them reads each message ------------------------------- */

struct hall {
	errseq_t word;
	_Alignas(64) unsigned long message; /* plain */
	unsigned readers;
	struct {
		_Alignas(64) errseq_t word;
		errseq_cursor_t seen; /* the speaker's */
	} back[MOST_THREADS];
};

static void read_messages(struct worker *worker)
{
	struct hall *hall = (struct hall *)worker->room;
	errseq_cursor_t cursor = 0;
	unsigned long message;

	do {
		wait_for_news(worker, &hall->word, cursor);
		message = hall->message;
		if (message != the_end)
			must_be(worker, message, ++worker->reports, "the message", cursor);
		must_be(worker, errseq_check_and_advance(&hall->word, &cursor), error_of(message),
			"the error", cursor);
		dawdle(worker);
		record_and_wake(&hall->back[worker->number].word, -A);
	} while (message != the_end);
}

static void speak(struct worker *worker)
{
	struct hall *hall = (struct hall *)worker->room;
	unsigned i;

	do {
		hall->message = goes_on(worker) ? ++worker->rounds : the_end;
		record_and_wake(&hall->word, error_of(hall->message));
		for (i = 0; i < hall->readers; i++) {
			wait_for_news(worker, &hall->back[i].word, hall->back[i].seen);
			must_be(worker,
				errseq_check_and_advance(&hall->back[i].word, &hall->back[i].seen),
				-A, "the answer", hall->back[i].seen);
		}
	} while (hall->message != the_end);
}

static void hold_a_speech(unsigned threads)
{
	struct crew *crew = new_crew(sizeof(struct hall));
	struct hall *hall = (struct hall *)(void *)crew->room;

	hall->readers = threads;
	add_workers(crew, threads, read_messages);
	add_workers(crew, 1, speak);
	let_work(crew, AS_THREADS, &hall->word);
	must_be(&crew->boss, sum_of_reports(crew, read_messages),
		(threads * sum_of_rounds(crew, speak)), "messages received by all", 0);
	end_crew(crew);
}

STRESS_TEST(one_wake_reaches_every_waiter_in_every_round, hold_a_speech(threads))

/* ---- many recorders, many waiters -------------------------------------------------------------- */

struct brew {
	errseq_t word;
	_Alignas(64) atomic_uint recording; /* recorders still at work */
};

/* The last of them records the last error. */
static void record_errors(struct worker *worker)
{
	struct brew *brew = (struct brew *)worker->room;

	do {
		record_and_wake(&brew->word, error_of(++worker->rounds));
		dawdle(worker);
	} while (goes_on(worker));
	if (atomic_fetch_sub_explicit(&brew->recording, 1, memory_order_acq_rel) == 1)
		record_and_wake(&brew->word, -STOP);
}

/*
 * What ends a wait is returned by advance, and the last error is never missed. From the beginning, because a sample
 * might come after the last error was reported.
 */
static void wait_and_advance(struct worker *worker)
{
	struct brew *brew = (struct brew *)worker->room;
	errseq_cursor_t cursor = 0;
	int err;

	do {
		wait_for_news(worker, &brew->word, cursor);
		err = errseq_check_and_advance(&brew->word, &cursor);
		must_be(worker, err == -A || err == -B || err == -STOP, 1,
			"news at the end of a wait", cursor);
		worker->reports++;
		if (random_below(worker, 4) == 0)
			dawdle(worker);
	} while (err != -STOP);
}

static void brew_with(unsigned recorders, unsigned waiters)
{
	struct crew *crew = new_crew(sizeof(struct brew));
	struct brew *brew = (struct brew *)(void *)crew->room;
	unsigned i;

	store_relaxed(&brew->recording, recorders);
	add_workers(crew, waiters, wait_and_advance);
	add_workers(crew, recorders, record_errors);
	let_work(crew, AS_THREADS, &brew->word);
	for (i = 0; i < waiters; i++)
		must_be_at_most(&crew->workers[i], crew->workers[i].reports,
				sum_of_rounds(crew, record_errors) + 1,
				"reports, held against records", 0);
	end_crew(crew);
}

STRESS_TEST(no_waiter_misses_the_last_error, brew_with(1, threads))
STRESS_TEST(no_waiter_misses_the_last_error_of_many_recorders, brew_with(threads / 2 + 1, threads))

/* ---- waiters that share a cursor: one gets the error, the others wait on------------------------- */

struct desk {
	errseq_t word;
	_Alignas(64) errseq_t back;
	_Alignas(64) errseq_shared_cursor_t cursor;
	/* plain; the caller that gets an error has them to itself */
	_Alignas(64) unsigned long message, tally;
};

static void share_the_work(struct worker *worker)
{
	struct desk *desk = (struct desk *)worker->room;
	int err;

	do {
		errseq_cursor_t at = errseq_shared_cursor_get(&desk->cursor);

		wait_for_news(worker, &desk->word, at);
		err = errseq_check_and_advance_shared(&desk->word, &desk->cursor);
		if (err == -A) {
			worker->reports++;
			must_be(worker, desk->message, ++desk->tally, "the message to who is told",
				at);
			record_and_wake(&desk->back, -A);
		}
		dawdle(worker);
	} while (err != -STOP);
	record_and_wake(&desk->word, -STOP); /* to the next of us */
}

static void give_work(struct worker *worker)
{
	struct desk *desk = (struct desk *)worker->room;
	errseq_cursor_t cursor = 0;

	do {
		desk->message = ++worker->rounds;
		record_and_wake(&desk->word, -A);
		wait_for_news(worker, &desk->back, cursor);
		must_be(worker, errseq_check_and_advance(&desk->back, &cursor), -A, "the answer",
			cursor);
	} while (goes_on(worker));
	record_and_wake(&desk->word, -STOP);
}

static void work_at_a_desk(unsigned threads)
{
	struct crew *crew = new_crew(sizeof(struct desk));
	struct desk *desk = (struct desk *)(void *)crew->room;

	add_workers(crew, threads, share_the_work);
	add_workers(crew, 1, give_work);
	let_work(crew, AS_THREADS, &desk->word);
	must_be(&crew->boss, sum_of_reports(crew, share_the_work), sum_of_rounds(crew, give_work),
		"reports, held against records", errseq_shared_cursor_get(&desk->cursor));
	end_crew(crew);
}

STRESS_TEST(each_error_is_told_to_one_of_those_who_share_a_cursor, work_at_a_desk(threads))

int main(int argc, char **argv)
{
	begin_program(argc, argv);
	return run_all_tests();
}
