/* SPDX-License-Identifier: MIT */
/*
 * G1, G2 and G3 between threads, in sums. Recorders record, observers advance, each with its own cursor, and some
 * threads only peek and check. Each step of the counter stands for one value that somebody observed. So the values
 * have numbers: counter 0, 1, 2 ... In a storm, where nobody waits for anybody, for each observer:
 *
 *	no number is returned twice			reports <= counter + 1 <= records	(G2)
 *	a record that began after a check, and ended before the next one, is reported by that one	(G1)
 *	after all recorders have stopped, the last report is of the last number				(G1)
 *
 * With a single observer and no watcher the sum is exact: reports = counter + 1. In messages.c, where the recorder waits
 * for all observers, it is exact for each of them: reports = records. Of the newcomers who sample after a record, those
 * whose sample is 0 get the error, and that is at least one (G3).
 *
 * THREADS observe; more record and watch.
 */
#include "run.h"

enum {
	MOST_RECORDERS = MOST_THREADS
};

/* ---- a storm ----------------------------------------------------------------------------------- */

/* By all recorders of one storm: less than the wrap, however long an observer sleeps. */
static const unsigned long most_records = 200000;

struct storm {
	errseq_t word;
	unsigned recorders;
	_Alignas(64) atomic_uint recording; /* recorders still at work */
	struct {
		_Alignas(64) atomic_ulong begun, ended;
	} records[MOST_RECORDERS];
	struct {
		_Alignas(64) errseq_cursor_t cursor;
		uint64_t number; /* of the last report */
	} observers[MOST_THREADS];
};

static void record(struct worker *worker)
{
	struct storm *storm = (struct storm *)worker->room;
	unsigned long most = most_records / storm->recorders;

	do {
		unsigned long i = ++worker->rounds;

		store_relaxed(&storm->records[worker->number].begun, i);
		errseq_set(&storm->word, random_below(worker, 2) ? -A : -B);
		/* release, and acquire where it is read: this record happens before that look */
		store_release(&storm->records[worker->number].ended, i);
	} while (worker->rounds < most && goes_on(worker));
	atomic_fetch_sub_explicit(&storm->recording, 1, memory_order_release);
}

/* Returns whether it got an error. */
static int look(struct worker *worker, int must_be_told)
{
	struct storm *storm = (struct storm *)worker->room;
	errseq_cursor_t *cursor = &storm->observers[worker->number].cursor, before = *cursor;
	int shown = random_below(worker, 4) == 0 && errseq_check(&storm->word, before) != 0;
	int err = errseq_check_and_advance(&storm->word, cursor);
	uint64_t step;

	if (err == 0) {
		must_be(worker, shown, 0,
			"an error that check has just returned, but advance did not", before);
		must_be(worker, must_be_told, 0,
			"a record since the last check, which was not returned", before);
		return 0;
	}
	step = (errseq_cursor_count(*cursor) - errseq_cursor_count(before)) & LAST_COUNT;
	/* From the beginning any number may be the first; after that, only a later one is new. */
	if (before != 0 && step == 0)
		must_be(worker, err, 0, "told of the same number again", before);
	storm->observers[worker->number].number += step;
	worker->reports++;
	must_be(worker, err == -A || err == -B, 1, "an error that was recorded", *cursor);
	must_be(worker, errseq_cursor_error(*cursor), err, "the error of the cursor", *cursor);
	return 1;
}

/*
 * After an observer took a position or advanced: returns whether the next check must return an error. All records that
 * its cursor is past have begun, and G6 makes that visible. Others that end before the next check are new.
 */
static int wait_for_a_record(struct worker *worker)
{
	struct storm *storm = (struct storm *)worker->room;
	unsigned long begun[MOST_RECORDERS];
	unsigned recorders = storm->recorders, i;
	int must_be_told = 0;

	for (i = 0; i < recorders; i++)
		begun[i] = load_relaxed(&storm->records[i].begun);
	if (random_below(worker, 4) == 0)
		dawdle(worker);
	for (i = 0; i < recorders; i++)
		must_be_told |= load_acquire(&storm->records[i].ended) > begun[i];
	return must_be_told;
}

static void observe(struct worker *worker)
{
	struct storm *storm = (struct storm *)worker->room;

	while (load_acquire(&storm->recording) > 0)
		look(worker, wait_for_a_record(worker));
	look(worker, 0);
}

/* Takes nothing: peeks for a position, and checks what came after it. */
static void watch(struct worker *worker)
{
	struct storm *storm = (struct storm *)worker->room;

	while (load_relaxed(&storm->recording) > 0) {
		errseq_cursor_t position = errseq_peek(&storm->word), next;
		int must_be_told = wait_for_a_record(worker);
		int err = errseq_check(&storm->word, position);

		must_be(worker, position == 0 || errseq_cursor_observed(position), 1,
			"the observed flag of what peek returned", position);
		must_be(worker, must_be_told && err == 0, 0,
			"a record since the peek, which check did not show", position);
		next = errseq_peek(&storm->word);
		must_be(worker,
			err && errseq_cursor_count(next) == errseq_cursor_count(position) &&
				errseq_cursor_error(next) == errseq_cursor_error(position),
			0, "a new error, though only flags differ", position);
	}
}

static void storm_over(unsigned recorders, unsigned observers, unsigned watchers)
{
	struct crew *crew = new_crew(sizeof(struct storm));
	struct storm *storm = (struct storm *)(void *)crew->room;
	unsigned long long steps;
	unsigned i;

	storm->recorders = recorders;
	store_relaxed(&storm->recording, recorders);
	add_workers(crew, observers, observe);
	add_workers(crew, recorders, record);
	add_workers(crew, watchers, watch);
	let_work(crew, AS_THREADS, &storm->word);
	steps = errseq_cursor_count(errseq_load(&storm->word));
	must_be_at_most(&crew->boss, steps + 1, sum_of(crew, record).rounds,
			"counter + 1, held against the records", 0);
	for (i = 0; i < observers; i++) {
		struct worker *observer = &crew->workers[i];
		errseq_cursor_t cursor = storm->observers[i].cursor;

		must_be_at_most(observer, observer->reports, steps + 1,
				"reports, held against counter + 1", cursor);
		must_be(observer, storm->observers[i].number, steps,
			"the number of the last report", cursor);
		must_be(observer, errseq_check(&storm->word, cursor), 0, "a look after the last",
			cursor);
	}
	if (observers == 1 && watchers == 0)
		must_be(&crew->boss, crew->workers[0].reports, steps + 1,
			"reports to the only observer, held against counter + 1",
			storm->observers[0].cursor);
	end_crew(crew);
}

STRESS_TEST(one_observer_is_told_exactly_counter_plus_one_times, storm_over(threads, 1, 0))
STRESS_TEST(no_observer_misses_an_error_or_is_told_twice,
	    storm_over(threads / 2 + 1, threads, threads / 3))

/* ---- newcomers ----------------------------------------------------------------------------------- */

struct door {
	errseq_t word;
	int is_last;
	_Alignas(64) atomic_ulong told; /* in this round */
};

static void record_before_they_come(struct worker *worker)
{
	struct door *door = (struct door *)worker->room;

	do {
		errseq_cursor_t late;

		door->is_last = !goes_on(worker);
		errseq_set(&door->word, error_of(++worker->rounds));
		must_be(worker, errseq_sample(&door->word) != 0, 0,
			"a sample that lets go of what nobody was told of", 0);
		store_relaxed(&door->told, 0);
		meet(worker);
		meet(worker);
		must_be(worker, load_relaxed(&door->told) > 0, 1,
			"an error that one of the newcomers was told of", 0);
		late = errseq_sample(&door->word);
		must_be(worker, errseq_check(&door->word, late), 0,
			"owed to who comes after somebody was told", late);
	} while (!door->is_last);
}

/* Sampling again, and peeking, do not mark the error as reported. */
static void come_and_look(struct worker *worker)
{
	struct door *door = (struct door *)worker->room;
	int is_last;

	do {
		errseq_cursor_t cursor, start;
		int err;

		meet(worker);
		is_last = door->is_last;
		if (random_below(worker, 2))
			must_be(worker, errseq_cursor_observed(errseq_peek(&door->word)), 1,
				"the observed flag of what peek returned", 0);
		do
			start = cursor = errseq_sample(&door->word);
		while (random_below(worker, 2));
		err = errseq_check_and_advance(&door->word, &cursor);
		worker->rounds++;
		must_be(worker, err, start ? 0 : error_of(worker->rounds),
			"told, unless somebody else had been", start);
		if (err) {
			worker->reports++;
			add_relaxed(&door->told, 1);
		}
		meet(worker);
	} while (!is_last);
}

static void through_the_door(unsigned threads)
{
	struct crew *crew = new_crew(sizeof(struct door));
	struct door *door = (struct door *)(void *)crew->room;

	add_workers(crew, threads, come_and_look);
	add_workers(crew, 1, record_before_they_come);
	let_work(crew, AS_THREADS, &door->word);
	end_crew(crew);
}

STRESS_TEST(an_error_that_nobody_was_told_of_is_told_to_a_newcomer, through_the_door(threads))

int main(int argc, char **argv)
{
	begin_program(argc, argv);
	return run_all_tests();
}
