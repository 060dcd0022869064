/* SPDX-License-Identifier: MIT */
/*
 * The harness of the stress programs: crews of workers that start together and stop in time. All are called alike:
 *
 *	PROGRAM [SECONDS [THREADS [SEED]]]
 *
 * THREADS is how many observers there are at a time; recorders and others come on top. Without it, several numbers are
 * tried in turn. A SEED repeats the workers' choices, though not what the scheduler makes of them.
 *
 * The harness hides no race: workers start and stop by relaxed atomics, and each has its own random numbers and
 * counters. Only meet() orders them. Workers never assert: must_be() writes down what was wrong, and the main thread
 * reports it.
 */
#ifndef ERRSEQ_TESTS_RUN_H
#define ERRSEQ_TESTS_RUN_H

#include "../common/atomics.h"
#include "../common/harness.h"
#include "../common/processes.h"
#include "../common/random.h"
#include "../common/word.h"
#if !defined TEST_64 && !defined _WIN32
#include <errseq/wait.h>
#endif
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

enum {
	MOST_THREADS = 256,
	MOST_WORKERS = 2 * MOST_THREADS + 2,
	MOST_COUNTS = 6,
	PATIENCE_SECONDS = 30, /* until workers that should have stopped are said to hang */
	A = EIO,
	B = ENOSPC,
	STOP = ECANCELED
};

/* The error of a round, and the number of the last message. */
static inline int error_of(unsigned long round)
{
	return round % 3 ? -A : -B;
}

static const unsigned long the_end = ~0ul;

/* ---- the program ------------------------------------------------------------------------------- */

static struct {
	const char *name;
	double seconds;
	unsigned counts[MOST_COUNTS], counts_of; /* numbers of observers, one after the other */
	unsigned long seed;
	double began, slice_seconds, slice_end;
	const char *test;
	unsigned threads;	       /* observers at present */
	unsigned long crews;	       /* so far */
	unsigned long rounds, reports; /* of the present test */
} run;

static inline double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Ends the program with status 2 if the arguments are wrong. */
static inline void begin_program(int argc, char **argv)
{
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned cores = online > 0 && online < 120 ? (unsigned)online : 120;
	const unsigned counts[MOST_COUNTS] = { 2, 3, 4, 7, 16, 2 * cores + 2 };
	const char *slash = strrchr(argv[0], '/');
	char *end = argv[0];

	run.name = slash ? slash + 1 : argv[0];
	run.seconds = argc > 1 ? strtod(argv[1], &end) : 1.5;
	if (argc > 4 || (argc > 1 && (end == argv[1] || *end)) || !(run.seconds >= 0.01) ||
	    !(run.seconds <= 86400)) {
		fprintf(stderr, "usage: %s [SECONDS [THREADS [SEED]]], of 0.01 to 86400 seconds\n",
			run.name);
		exit(2);
	}
	memcpy(run.counts, counts, sizeof(counts));
	run.counts_of = MOST_COUNTS;
	if (argc > 2) {
		run.counts_of = 1;
		run.counts[0] = (unsigned)number_from(argv[2], "THREADS", 1, MOST_THREADS);
	}
	run.seed = (unsigned long)(now() * 1000) & 0xffffffff;
	if (argc > 3)
		run.seed = number_from(argv[3], "SEED", 0, 0xffffffff);
	run.began = now();
	run.slice_seconds = run.seconds / (count_tests(all_tests) * run.counts_of);
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("%s: %.2f s, seed %lu\n", run.name, run.seconds, run.seed);
}

/* One test: with each number of observers, `play` again and again until its share of the time is over. */
static inline void play_with_each_count(const char *test, void (*play)(unsigned threads))
{
	unsigned i;

	run.test = test;
	run.rounds = run.reports = 0;
	for (i = 0; i < run.counts_of; i++) {
		run.threads = run.counts[i];
		run.slice_end = now() + run.slice_seconds;
		do
			play(run.threads);
		while (now() < run.slice_end);
	}
	printf("%s: %lu rounds and %lu reports with", test, run.rounds, run.reports);
	for (i = 0; i < run.counts_of; i++)
		printf(" %u%s", run.counts[i], i + 1 < run.counts_of ? "," : " threads\n");
}

/* A test is one statement, which says what to do with so many `threads`. */
#define STRESS_TEST(name, ...)                            \
	static void play_##name(unsigned threads)         \
	{                                                 \
		__VA_ARGS__;                              \
	}                                                 \
	TEST(name)                                        \
	{                                                 \
		play_with_each_count(#name, play_##name); \
	}

/* ---- a crew ------------------------------------------------------------------------------------ */

struct fault {
	const char *what, *relation;
	long long got, expected;
	unsigned long round;
	value_t word, cursor;
};

struct worker {
	_Alignas(64) void (*work)(struct worker *worker);
	struct crew *crew;
	void *room;	 /* what the crew shares, zeroed at first */
	unsigned number; /* 0, 1, 2 ... among those that do the same work */
	uint64_t random;
	unsigned long rounds, reports; /* shown; the tests make sums of them */
	unsigned long meetings;
	unsigned long faults;
	struct fault first;
	pthread_t thread;
	pid_t process;
};

/* In memory that forked workers share. */
struct crew {
	unsigned count;
	const errseq_t *word; /* to be shown if something is wrong */
	atomic_uint arrived, finished;
	atomic_ulong met;
	atomic_int over;
	struct worker boss; /* the main thread's notes */
	struct worker workers[MOST_WORKERS];
	_Alignas(64) unsigned char room[];
};

enum kind {
	AS_THREADS,
	AS_PROCESSES
};

static size_t crew_size;

static inline struct crew *new_crew(size_t room_size)
{
	struct crew *crew;

	crew_size = sizeof(struct crew) + room_size;
	crew = (struct crew *)map_shared(crew_size, -1);
	crew->boss.crew = crew;
	return crew;
}

static inline unsigned random_below(struct worker *worker, unsigned limit)
{
	return next_random(&worker->random) % limit;
}

static inline void add_workers(struct crew *crew, unsigned count,
			       void (*work)(struct worker *worker))
{
	unsigned i;

	assert_true(crew->count + count <= MOST_WORKERS);
	for (i = 0; i < count; i++) {
		struct worker *worker = &crew->workers[crew->count];

		worker->work = work;
		worker->crew = crew;
		worker->room = crew->room;
		worker->number = i;
		worker->random = (uint64_t)run.seed << 32 | (run.crews << 12 | crew->count);
		crew->count++;
	}
}

/* Whether the worker should begin another round. */
static inline int goes_on(struct worker *worker)
{
	return !load_relaxed(&worker->crew->over);
}

/* In a loop that waits for others, which may need this core. */
static inline void give_way(unsigned *spins)
{
	if (++*spins % 64 == 0)
		sched_yield();
}

/* Now and then for a while, so that the workers' steps fall differently each time. */
static inline void dawdle(struct worker *worker)
{
	volatile unsigned spins = random_below(worker, 512);

	if (spins % 16 == 0)
		sched_yield();
	else
		while (spins > 0)
			spins = spins - 1;
}

/* Waits until the whole crew is here. This orders what was done before with what comes after. */
static inline void meet(struct worker *worker)
{
	unsigned long goal = ++worker->meetings * worker->crew->count;
	unsigned spins = 0;

	atomic_fetch_add_explicit(&worker->crew->met, 1, memory_order_acq_rel);
	while (load_acquire(&worker->crew->met) < goal)
		give_way(&spins);
}

static inline void compare(struct worker *worker, const char *what, const char *relation,
			   long long got, long long expected, errseq_cursor_t cursor)
{
	int is_right = *relation ? got <= expected : got == expected;

	if (!is_right && worker->faults++ == 0) {
		const struct fault fault = {
			what,	  relation,	  got,
			expected, worker->rounds, errseq_load(worker->crew->word),
			cursor
		};

		worker->first = fault;
	}
}

/* `cursor` is shown beside the word. */
#define must_be(worker, got, expected, what, cursor) \
	compare(worker, what, "", (long long)(got), (long long)(expected), cursor)
#define must_be_at_most(worker, got, most, what, cursor) \
	compare(worker, what, "at most ", (long long)(got), (long long)(most), cursor)

/* ---- polling and waiting ------------------------------------------------------------------------- */

/* Waits have no deadline here, so that a lost wake-up is a hang. The word of 64 bits has no wait. */
#ifdef ERRSEQ_HAVE_WAIT
#define HAS_WAIT 1
/* It must return 0, and leave errno alone. */
static inline void wait_for_news(struct worker *worker, errseq_t *word, errseq_cursor_t since)
{
	errno = 0;
	must_be(worker, errseq_wait(word, since, NULL), 0, "a wait", since);
	must_be(worker, errno, 0, "errno after a wait", since);
}
#else
#define HAS_WAIT			   0
#define wait_for_news(worker, word, since) ((void)(worker))
#define errseq_wake(word)		   ((void)(word))
#endif

/* The next error. After a wait, it is there at once. */
static inline int next_error(struct worker *worker, errseq_t *word, errseq_cursor_t *cursor,
			     int waits)
{
	unsigned spins = 0;
	int err;

	if (waits)
		wait_for_news(worker, word, *cursor);
	while ((err = errseq_check_and_advance(word, cursor)) == 0 && !waits)
		give_way(&spins);
	return err;
}

static inline void record_error(errseq_t *word, int err, int wakes)
{
	errseq_set(word, err);
	if (wakes)
		errseq_wake(word);
}

/* ---- reports and the end --------------------------------------------------------------------------- */

static inline void say_where(void)
{
	fprintf(stderr, "FAIL: %s: %s: %u threads, seed %lu (again: %s %g %u %lu): ", run.name,
		run.test, run.threads, run.seed, run.name, run.seconds, run.threads, run.seed);
}

static inline void say_faults(const struct worker *worker, const char *who, unsigned number)
{
	if (worker->faults == 0)
		return;
	say_where();
	fprintf(stderr,
		"%s %u, %lu times, at first in round %lu: %s: %lld instead of %s%lld\n"
		"      the word was '%s', the cursor '%s'\n",
		who, number, worker->faults, worker->first.round, worker->first.what,
		worker->first.got, worker->first.relation, worker->first.expected,
		text_of(worker->first.word), text_of(worker->first.cursor));
}

static inline unsigned long say_all_faults(struct crew *crew)
{
	unsigned long faults = crew->boss.faults;
	unsigned i;

	say_faults(&crew->boss, "the whole crew of", crew->count);
	for (i = 0; i < crew->count; i++) {
		faults += crew->workers[i].faults;
		say_faults(&crew->workers[i], "worker", i);
	}
	return faults;
}

static inline void *be_worker(void *argument)
{
	struct worker *worker = (struct worker *)argument;
	unsigned spins = 0;

	add_relaxed(&worker->crew->arrived, 1);
	while (load_relaxed(&worker->crew->arrived) < worker->crew->count)
		give_way(&spins);
	worker->work(worker);
	add_relaxed(&worker->crew->finished, 1);
	return NULL;
}

static inline void start_process(struct worker *worker)
{
	pid_t process = fork_child(); /* not yet in the crew's memory, where both would write it */

	if (process == 0) {
		be_worker(worker);
		_exit(0);
	}
	worker->process = process;
}

static inline void give_up(struct crew *crew, enum kind kind, unsigned finished)
{
	unsigned i;

	say_where();
	fprintf(stderr,
		"%u of %u workers still wait %d s after the end: a report or a wake-up was lost\n"
		"      the word is '%s'\n",
		crew->count - finished, crew->count, PATIENCE_SECONDS,
		text_of(errseq_load(crew->word)));
	say_all_faults(crew);
	for (i = 0; kind == AS_PROCESSES && i < crew->count; i++)
		kill(crew->workers[i].process, SIGKILL);
	_exit(1);
}

/* The main thread's part: the time. */
static inline void wait_for(struct crew *crew, enum kind kind)
{
	const struct timespec nap = { 0, 300000 };
	unsigned finished, naps = 0;

	while ((finished = load_relaxed(&crew->finished)) < crew->count) {
		double time = now();

		if (time >= run.slice_end)
			store_relaxed(&crew->over, 1);
		if (time >= run.slice_end + PATIENCE_SECONDS)
			give_up(crew, kind, finished);
		if (++naps % 1024 == 0) {
			restart_alarm();
			report("seconds", (unsigned long)(time - run.began),
			       (unsigned long)run.seconds);
		}
		nanosleep(&nap, NULL);
	}
}

/* `word` is what to show if something is wrong. */
static inline void let_work(struct crew *crew, enum kind kind, const errseq_t *word)
{
	unsigned i;

	crew->word = word;
	run.crews++;
	for (i = 0; i < crew->count; i++)
		if (kind == AS_PROCESSES)
			start_process(&crew->workers[i]);
		else
			assert_int_equal(pthread_create(&crew->workers[i].thread, NULL, be_worker,
							&crew->workers[i]),
					 0);
	wait_for(crew, kind);
	for (i = 0; i < crew->count; i++) {
		int status = 0;

		if (kind == AS_THREADS)
			pthread_join(crew->workers[i].thread, NULL);
		else
			waitpid(crew->workers[i].process, &status, 0);
		must_be(&crew->boss, status, 0, "wait status of a worker process", 0);
		run.rounds += crew->workers[i].rounds;
		run.reports += crew->workers[i].reports;
	}
}

/* Reports what is wrong, and asserts that nothing is. */
static inline void end_crew(struct crew *crew)
{
	unsigned long faults = say_all_faults(crew);

	munmap((void *)crew, crew_size);
	assert_int_equal(faults, 0);
}

struct sums {
	unsigned long rounds, reports;
};

/* Of all workers that do this work. */
static inline struct sums sum_of(const struct crew *crew, void (*work)(struct worker *worker))
{
	struct sums sums = { 0, 0 };
	unsigned i;

	for (i = 0; i < crew->count; i++)
		if (crew->workers[i].work == work) {
			sums.rounds += crew->workers[i].rounds;
			sums.reports += crew->workers[i].reports;
		}
	return sums;
}

#endif
