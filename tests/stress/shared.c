/* SPDX-License-Identifier: MIT */
/*
 * Many threads, or processes, advance through one shared cursor at once, while another observer marks the word:
 *
 *	one error after the other, each recorded when the one before was reported:
 *			reports = records
 *	a storm of 4095 errors, each with its own errno, while all look:
 *			no errno is returned twice, and the last one exactly once
 *			after a call, the cursor is past each record that ended before the call
 *
 * In the first, the caller that gets an error has a message and a tally to itself, both plain memory, until it answers.
 * Only the words and the cursor order them, so that a second caller that gets the error is a data race too.
 *
 * THREADS share the cursor.
 */
#include "run.h"

enum {
	LAST_ERRNO = ERRSEQ_MAX_ERRNO
};

/* ---- one after the other ------------------------------------------------------------------------- */

struct desk {
	errseq_t word;
	_Alignas(64) errseq_shared_cursor_t cursor;
	_Alignas(64) errseq_t back;
	_Alignas(64) unsigned long message, tally; /* plain */
	_Alignas(64) atomic_int closed;
	int waits; /* all sleep in errseq_wait, instead of looking again and again */
};

static void record_one_by_one(struct worker *worker)
{
	struct desk *desk = (struct desk *)worker->room;
	errseq_cursor_t seen = 0;

	do {
		desk->message = ++worker->rounds;
		record_error(&desk->word, error_of(worker->rounds), desk->waits);
		must_be(worker, next_error(worker, &desk->back, &seen, desk->waits), -A,
			"the answer", seen);
		must_be(worker, desk->tally, worker->rounds, "the tally of who were told",
			errseq_shared_cursor_get(&desk->cursor));
	} while (goes_on(worker));
	store_relaxed(&desk->closed, 1);
	record_error(&desk->word, -STOP, desk->waits);
}

static void share_a_cursor(struct worker *worker)
{
	struct desk *desk = (struct desk *)worker->room;
	unsigned spins = 0;

	for (;;) {
		int err;

		if (desk->waits)
			wait_for_news(worker, &desk->word, errseq_shared_cursor_get(&desk->cursor));
		err = errseq_check_and_advance_shared(&desk->word, &desk->cursor);
		if (err == -STOP)
			break;
		if (err == 0) {
			give_way(&spins);
			continue;
		}
		worker->reports++;
		desk->tally++;
		must_be(worker, desk->message, desk->tally, "the message to who is told",
			errseq_shared_cursor_get(&desk->cursor));
		must_be(worker, err, error_of(desk->tally), "the error",
			errseq_shared_cursor_get(&desk->cursor));
		record_error(&desk->back, -A, desk->waits);
		dawdle(worker);
	}
	record_error(&desk->word, -STOP, desk->waits); /* to the next of us */
}

static void mark_the_desk(struct worker *worker)
{
	struct desk *desk = (struct desk *)worker->room;
	errseq_cursor_t cursor = 0, before;

	while (!load_relaxed(&desk->closed)) {
		before = cursor;
		if (random_below(worker, 2))
			cursor = errseq_peek(&desk->word);
		else if (errseq_check_and_advance(&desk->word, &cursor))
			must_be(worker, cursor == before, 0, "a cursor that did not move", cursor);
		dawdle(worker);
	}
}

static void serve(unsigned threads, enum kind kind, int waits)
{
	struct crew *crew = new_crew(sizeof(struct desk));
	struct desk *desk = (struct desk *)(void *)crew->room;

	desk->waits = waits;
	add_workers(crew, threads, share_a_cursor);
	add_workers(crew, 1, record_one_by_one);
	add_workers(crew, 1, mark_the_desk);
	let_work(crew, kind, &desk->word);
	must_be(&crew->boss, sum_of(crew, share_a_cursor).reports,
		sum_of(crew, record_one_by_one).rounds, "reports, held against records",
		errseq_shared_cursor_get(&desk->cursor));
	end_crew(crew);
}

STRESS_TEST(of_threads_that_share_a_cursor_exactly_one_is_told, serve(threads, AS_THREADS, 0))
STRESS_TEST(of_processes_that_share_a_cursor_exactly_one_is_told, serve(threads, AS_PROCESSES, 0))
#if HAS_WAIT
STRESS_TEST(of_threads_that_wait_and_share_a_cursor_exactly_one_is_told,
	    serve(threads, AS_THREADS, 1))
#endif

/* ---- a storm --------------------------------------------------------------------------------------- */

struct storm {
	errseq_t word;
	unsigned recorders;
	_Alignas(64) errseq_shared_cursor_t cursor;
	_Alignas(64) atomic_uint recording; /* recorders still at work */
	struct {
		_Alignas(64) atomic_uint latest; /* errno whose record has ended */
	} records[MOST_THREADS];
	_Alignas(64) atomic_uint told[LAST_ERRNO + 1];
};

/* The recorders share the errnos, so that each is recorded once. */
static void record_a_storm(struct worker *worker)
{
	struct storm *storm = (struct storm *)worker->room;
	unsigned e;

	for (e = worker->number + 1; e <= LAST_ERRNO; e += storm->recorders) {
		errseq_set(&storm->word, -(int)e);
		store_release(&storm->records[worker->number].latest, e);
		worker->rounds++;
		if (random_below(worker, 16) == 0)
			dawdle(worker);
	}
	/* release, and acquire where it is read: all records happen before the last looks */
	atomic_fetch_sub_explicit(&storm->recording, 1, memory_order_release);
}

/*
 * Whatever it returns, after the call the cursor is past all records that had ended before it. This shows for the
 * recorder whose errno the cursor holds.
 */
static int look_once(struct worker *worker)
{
	struct storm *storm = (struct storm *)worker->room;
	unsigned i = 0, latest[MOST_THREADS], e;
	errseq_cursor_t cursor;
	int err;

	do
		latest[i] = load_acquire(&storm->records[i].latest);
	while (++i < storm->recorders);
	err = errseq_check_and_advance_shared(&storm->word, &storm->cursor);
	cursor = errseq_shared_cursor_get(&storm->cursor);
	e = (unsigned)-errseq_cursor_error(cursor);
	i = e ? (e - 1) % storm->recorders : 0;
	must_be_at_most(worker, latest[i], e, "an errno recorded before, held against the cursor's",
			cursor);
	return err;
}

static void look_in_a_storm(struct worker *worker)
{
	struct storm *storm = (struct storm *)worker->room;
	unsigned spins = 0;
	int more = 1;

	while (more) {
		int err;

		give_way(&spins);
		more = load_acquire(&storm->recording) > 0;
		err = look_once(worker);
		if (err) {
			worker->reports++;
			add_relaxed(&storm->told[-err], 1);
		}
	}
	must_be(worker, errseq_check_shared(&storm->word, &storm->cursor), 0,
		"a look after the last", errseq_shared_cursor_get(&storm->cursor));
}

static void mark_in_a_storm(struct worker *worker)
{
	struct storm *storm = (struct storm *)worker->room;
	errseq_cursor_t cursor = 0;

	while (load_relaxed(&storm->recording) > 0) {
		if (random_below(worker, 2))
			cursor = errseq_peek(&storm->word);
		else
			worker->meetings += errseq_check_and_advance(&storm->word, &cursor) != 0;
		dawdle(worker);
	}
}

static void rage(unsigned threads, enum kind kind)
{
	struct crew *crew = new_crew(sizeof(struct storm));
	struct storm *storm = (struct storm *)(void *)crew->room;
	errseq_cursor_t cursor;
	int e, last;

	storm->recorders = threads / 4 + 1;
	store_relaxed(&storm->recording, storm->recorders);
	add_workers(crew, threads, look_in_a_storm);
	add_workers(crew, storm->recorders, record_a_storm);
	add_workers(crew, 1, mark_in_a_storm);
	let_work(crew, kind, &storm->word);
	cursor = errseq_shared_cursor_get(&storm->cursor);
	last = -errseq_cursor_error(errseq_load(&storm->word));
	for (e = 1; e <= LAST_ERRNO; e++)
		must_be_at_most(&crew->boss, load_relaxed(&storm->told[e]), 1,
				"how often one errno of a storm was told", cursor);
	must_be(&crew->boss, load_relaxed(&storm->told[last]), 1,
		"how often the last errno of a storm was told", cursor);
	must_be_at_most(&crew->boss, sum_of(crew, look_in_a_storm).reports,
			errseq_cursor_count(errseq_load(&storm->word)) + 1,
			"reports, held against counter + 1", cursor);
	must_be_at_most(&crew->boss, errseq_cursor_count(errseq_load(&storm->word)) + 1, LAST_ERRNO,
			"counter + 1, held against the records", cursor);
	end_crew(crew);
}

STRESS_TEST(in_a_storm_no_error_is_told_twice_to_threads_and_the_last_is_told,
	    rage(threads, AS_THREADS))
STRESS_TEST(in_a_storm_no_error_is_told_twice_to_processes_and_the_last_is_told,
	    rage(threads, AS_PROCESSES))

int main(int argc, char **argv)
{
	begin_program(argc, argv);
	return run_all_tests();
}
