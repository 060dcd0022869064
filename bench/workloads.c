/* SPDX-License-Identifier: MIT */
#include "workloads.h"

#include "answers.h"
#include "options.h"
#include "report.h"
#include "run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	HANDLES = 64 /* that SAMPLE and PEEK fill, one after the other */
};

const struct workload workloads[] = {
	{ "check", "check, no new error; one word", CHECK, THREADS, NOTHING, 0, 0 },
	{ "check-apart", "check; a word for each thread", CHECK, THREADS, NOTHING, 1, 0 },
	{ "advance", "check and advance, no new error; one word", ADVANCE, THREADS, NOTHING, 0, 0 },
	{ "flags", "check, only flags are new", CHECK, ONE_THREAD, FLAGS_OF_OTHERS, 0, 0 },
	{ "error", "check that finds an error", CHECK, ONE_THREAD, AN_ERROR, 0, 0 },
	{ "sample", "sample, as at open", SAMPLE, ONE_THREAD, NOTHING, 0, 0 },
	{ "peek", "peek, as at open", PEEK, ONE_THREAD, NOTHING, 0, 0 },
	{ "record", "record the same error; one word", RECORD, THREADS, NOTHING, 0, 0 },
	{ "record-alternating", "record two errors in turn; one word", RECORD_ALTERNATING, THREADS,
	  NOTHING, 0, 0 },
	{ "record-advance", "record, then advance, together", RECORD_AND_ADVANCE, ONE_THREAD,
	  NOTHING, 0, 0 },
	{ "record-spaced", "record, and other work in between", RECORD_SPACED, THREADS, NOTHING, 0,
	  0 },
	{ "beside-1000", "advance, 1 record in 1000 calls", BESIDE, THREADS, NOTHING, 0, 1000 },
	{ "beside-1000000", "advance, 1 record in 1000000 calls", BESIDE, THREADS, NOTHING, 0,
	  1000000 },
	{ "observers", "record; one word has so many observers", RECORD, OBSERVERS, NOTHING, 0, 0 },
	{ "round", "record, then report to each observer", ROUND, OBSERVERS, NOTHING, 0, 0 },
	{ "words", "advance, no new error, shuffled words", WALK, WORDS, NOTHING, 0, 0 },
	{ NULL, NULL, CHECK, ONE_THREAD, NOTHING, 0, 0 },
};

/* ---- one contestant in one workload ---- */

struct entry {
	const struct contestant *who;
	struct scene scene;
	unsigned long calls;	      /* a thread, a turn */
	double times[MOST_TURNS];     /* nanoseconds a call */
	double recording[MOST_TURNS]; /* beside observers: nanoseconds a record */
};

static void *allocate(size_t size)
{
	void *at = NULL;

	if (posix_memalign(&at, FAR_APART, size) != 0) {
		fprintf(stderr, "bench: no memory for %zu bytes\n", size);
		exit(1);
	}
	memset(at, 0, size);
	return at;
}

/* Threads have words and observers on cache lines of their own. */
static size_t stride(size_t size, const struct workload *workload)
{
	return workload->sweep == THREADS ? (size + FAR_APART - 1) / FAR_APART * FAR_APART : size;
}

static void enter(struct entry *entry, const struct contestant *who,
		  const struct workload *workload, unsigned long words, unsigned long observers,
		  const uint32_t *order)
{
	struct scene *scene = &entry->scene;

	entry->who = who;
	scene->words = words;
	scene->observers = observers;
	scene->word_stride = stride(who->word_size, workload);
	scene->observer_stride = stride(who->observer_size, workload);
	scene->word_at = allocate(words * scene->word_stride);
	scene->observer_at = allocate(observers * scene->observer_stride);
	scene->order = order;
	who->set_up(scene, workload->before);
}

static void leave(struct entry *entry)
{
	entry->who->tear_down(&entry->scene);
	free(entry->scene.word_at);
	free(entry->scene.observer_at);
}

/* Without figures, a thousand calls say as much as a million. */
static unsigned long period_of(const struct workload *workload)
{
	return options.is_check && workload->period > 1000 ? 1000 : workload->period;
}

/* The slowest thread's time a call, or -1 if an answer was wrong. */
static double take_turn(const struct workload *workload, struct entry *entry, unsigned threads,
			double *recording)
{
	static struct job jobs[MOST_THREADS + 1];
	static struct {
		_Alignas(FAR_APART) atomic_ulong calls;
	} progress; /* on a cache line of its own */
	const struct contestant *who = entry->who;
	struct scene *scene = &entry->scene;
	unsigned is_beside = workload->loop == BESIDE, i;
	double slowest = 0;

	for (i = 0; i < threads + is_beside; i++) {
		unsigned long word = workload->apart ? i : 0, observer = word;

		if (i < threads && !who->one_observer)
			observer = i;
		jobs[i] = (struct job){ .loop = who->loops[workload->loop],
					.scene = scene,
					.word = scene->word_at + word * scene->word_stride,
					.observer = scene->observer_at +
						    observer * scene->observer_stride,
					.times = entry->calls,
					.period = period_of(workload) };
	}
	if (is_beside) {
		atomic_store_explicit(&progress.calls, 0, memory_order_relaxed);
		jobs[0].progress = jobs[threads].progress = &progress.calls;
		jobs[threads].loop = who->loops[RECORD_BESIDE];
		jobs[threads].times = entry->calls / period_of(workload);
	}
	if (options.is_check && threads + is_beside == 1)
		jobs[0].loop(jobs); /* starting a thread takes long on a busy machine */
	else
		run_jobs(jobs, threads + is_beside);
	for (i = 0; i < threads; i++)
		if (jobs[i].nanoseconds > slowest)
			slowest = jobs[i].nanoseconds;
	if (is_beside)
		*recording = jobs[threads].recording / (double)jobs[threads].times;
	return answers_are_right(workload, who, jobs, threads, entry->calls)
		       ? slowest / (double)entry->calls
		       : -1;
}

/* Calls come in steps that the loop can do. */
static unsigned long step_of(const struct workload *workload, const struct scene *scene)
{
	switch (workload->loop) {
	case BESIDE:
		return 2 * period_of(workload);
	case ROUND:
	case SAMPLE:
	case PEEK:
	case WALK:
		return scene->observers;
	default:
		return 2;
	}
}

/* How many calls a thread makes in a turn, so that it takes about as long as asked. Warms up, too. */
static int calibrate(const struct workload *workload, struct entry *entry, unsigned threads)
{
	unsigned long step = step_of(workload, &entry->scene);

	if (options.is_check) { /* enough for threads to meet */
		entry->calls = (4000 + step - 1) / step * step;
		return 1;
	}
	entry->calls = step;
	while (!options.words) {
		double recording, each = take_turn(workload, entry, threads, &recording), has_taken;

		if (each < 0)
			return 0;
		has_taken = each * (double)entry->calls;
		if (has_taken >= options.nanoseconds / 2)
			break;
		/* Short turns say little: eight times as many at the most. */
		entry->calls =
			has_taken < options.nanoseconds / 10
				? entry->calls * 8
				: (unsigned long)(options.nanoseconds / each) / step * step + step;
	}
	return 1;
}

/* ---- all contestants in one workload ---- */

static uint64_t random_number(void)
{
	static uint64_t state = 1;

	state = state * 6364136223846793005u + 1442695040888963407u;
	return state >> 33;
}

static void shuffle(uint32_t *order, uint32_t number)
{
	uint32_t i;

	for (i = 0; i < number; i++) {
		uint32_t other = (uint32_t)(random_number() % (i + 1));

		order[i] = i;
		order[i] = order[other];
		order[other] = i;
	}
}

static int take_all_turns(const struct workload *workload, unsigned threads, struct entry *entries,
			  unsigned number)
{
	uint32_t order[MOST_CONTESTANTS];
	unsigned turn, i;

	for (i = 0; i < number; i++)
		if (!calibrate(workload, &entries[i], threads))
			return 0;
	for (turn = 0; turn < options.turns; turn++) {
		/* in another order each time, so that no contestant always follows the same one */
		shuffle(order, number);
		for (i = 0; i < number; i++) {
			struct entry *entry = &entries[order[i]];

			entry->times[turn] =
				take_turn(workload, entry, threads, &entry->recording[turn]);
			if (entry->times[turn] < 0)
				return 0;
		}
	}
	return 1;
}

static void report(const struct workload *workload, unsigned long shown,
		   const struct entry *entries, unsigned number)
{
	char name[64];
	unsigned i;

	for (i = 0; i < number; i++)
		report_row(workload->name, shown, entries[i].who->name, entries[i].times,
			   entries[0].times, options.turns);
	if (workload->loop != BESIDE)
		return;
	snprintf(name, sizeof(name), "%s-recorder", workload->name);
	report_head(name, "a record, and the clock that is read twice", "thread", shown);
	for (i = 0; i < number; i++)
		report_row(name, shown, entries[i].who->name, entries[i].recording,
			   entries[0].recording, options.turns);
}

/* 0, or 1 if an answer was wrong. @shown: the number that the table is for. */
static int measure(const struct workload *workload, const char *unit, unsigned long shown,
		   unsigned threads, unsigned long words, unsigned long observers)
{
	static struct entry entries[MOST_CONTESTANTS];
	uint32_t *order = allocate(words * sizeof(*order));
	unsigned i, number = 0;
	int is_right;

	shuffle(order, (uint32_t)words);
	report_head(workload->name, workload->title, unit, shown);
	for (i = 0; contestants[i]; i++) {
		const struct contestant *who = contestants[i];

		if (who->loops[workload->loop] &&
		    (workload->before != FLAGS_OF_OTHERS || who->loops[PEEK]))
			enter(&entries[number++], who, workload, words, observers, order);
	}
	is_right = take_all_turns(workload, threads, entries, number);
	if (is_right)
		report(workload, shown, entries, number);
	for (i = 0; i < number; i++)
		leave(&entries[i]);
	free(order);
	return !is_right;
}

static int sweep_threads(const struct workload *workload)
{
	/* A recorder beside them needs a processor, too. */
	unsigned most = options.threads - (workload->loop == BESIDE), threads;

	if (most == 0) {
		fprintf(stderr, "bench: SKIP: %s takes 2 processors\n", workload->name);
		return 0;
	}
	for (threads = options.is_check ? most : 1;;
	     threads = threads * 2 < most ? threads * 2 : most) {
		if (measure(workload, "thread", threads, threads, workload->apart ? threads : 1,
			    threads))
			return 1;
		if (threads == most)
			return 0;
	}
}

int run_workload(const struct workload *workload)
{
	unsigned long most = options.is_check ? 1000 : 1000000, number;

	switch (workload->sweep) {
	case THREADS:
		return sweep_threads(workload);
	case OBSERVERS:
		for (number = options.is_check ? most : 1; number <= most; number *= 10)
			if (measure(workload, "observer", number, 1, 1, number))
				return 1;
		return 0;
	case WORDS:
		if (options.words)
			return measure(workload, "word", options.words, 1, options.words,
				       options.words);
		for (number = 1000; number <= most; number *= 1000)
			if (measure(workload, "word", number, 1, number, number))
				return 1;
		return 0;
	default:
		number = workload->loop == SAMPLE || workload->loop == PEEK ? HANDLES : 1;
		return measure(workload, "thread", 1, 1, 1, number);
	}
}
