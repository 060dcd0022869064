/* SPDX-License-Identifier: MIT */
/*
 * What the stress programs share: their arguments, crews of workers that start together and stop in
 * time, and what a worker writes down if something is wrong. They are called alike:
 *
 *	PROGRAM [SECONDS [THREADS [SEED]]]
 *
 * SECONDS is how long the program runs, THREADS how many observers it has at a time; recorders and
 * others come on top. Without THREADS it takes odd and even numbers, fewer and more than there are cores.
 * The same SEED repeats the workers' choices, though not what the scheduler makes of them.
 *
 * The harness hides no race: workers start and stop by relaxed atomics, and each has random numbers and
 * counters of its own. Only meet() orders them, where a test asks for that. Workers never assert:
 * must_be() writes down what was wrong, and the main thread, which otherwise only keeps the time, reports it.
 */
#ifndef ERRSEQ_TESTS_RUN_H
#define ERRSEQ_TESTS_RUN_H

#include "../common/harness.h"
#include "../common/word.h"
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

enum {
	MOST_THREADS = 256,
	MOST_WORKERS = 2 * MOST_THREADS + 2,
	MOST_COUNTS = 7,
	PATIENCE_SECONDS = 30, /* until workers that should have stopped are said to hang */
	PROGRESS_SECONDS = 5
};

#define DEFAULT_SECONDS 1.5
#define LONGEST_SECONDS 86400.0

/* ---- the program ------------------------------------------------------------------------------- */

static struct {
	const char *name;
	double seconds;
	unsigned counts[MOST_COUNTS], counts_of; /* numbers of observers, one after the other */
	unsigned long seed;
	double began, spoke, slice_seconds, slice_end;
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

static inline void usage(FILE *file)
{
	fprintf(file,
		"usage: %s [SECONDS [THREADS [SEED]]]\n"
		"  SECONDS  how long to run, 0.01 to %.0f (default %.1f)\n"
		"  THREADS  observers at a time, 1 to %d (default: several numbers in turn)\n"
		"  SEED     of the workers' choices, 0 to 4294967295 (default: from the clock)\n",
		run.name, LONGEST_SECONDS, DEFAULT_SECONDS, MOST_THREADS);
}

static inline void refuse(const char *what, const char *value, const char *allowed)
{
	fprintf(stderr, "%s: %s is '%s', which is not %s\n", run.name, what, value, allowed);
	usage(stderr);
	exit(2);
}

/* A whole number from `least` to `most`, or 0 in *fine. */
static inline unsigned long whole_number(const char *text, unsigned long least, unsigned long most,
					 int *fine)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	*fine = *text >= '0' && *text <= '9' && *end == '\0' && strlen(text) <= 10 &&
		number >= least && number <= most;
	return number;
}

static inline int ascending(const void *a, const void *b)
{
	unsigned left = *(const unsigned *)a, right = *(const unsigned *)b;

	return (left > right) - (left < right);
}

static inline void default_counts(void)
{
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned cores =
		online > 0 && online < MOST_THREADS / 2 ? (unsigned)online : MOST_THREADS / 2 - 1;
	const unsigned all[MOST_COUNTS] = { 2, 3, 4, 7, 16, cores + 1, 2 * cores + 1 };
	unsigned i, sorted[MOST_COUNTS];

	memcpy(sorted, all, sizeof(sorted));
	qsort(sorted, MOST_COUNTS, sizeof(sorted[0]), ascending);
	for (i = 0; i < MOST_COUNTS; i++)
		if (i == 0 || sorted[i] != sorted[i - 1])
			run.counts[run.counts_of++] = sorted[i];
}

/* Ends the program with status 2 if the arguments are wrong. */
static inline void begin_program(int argc, char **argv, size_t tests)
{
	const char *slash = strrchr(argv[0], '/');
	struct timespec time;
	int fine;

	run.name = slash ? slash + 1 : argv[0];
	run.seconds = DEFAULT_SECONDS;
	clock_gettime(CLOCK_REALTIME, &time);
	run.seed = ((unsigned long)time.tv_sec * 1000 + (unsigned long)time.tv_nsec / 1000000) &
		   0xffffffff;
	if (argc > 1 && (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0)) {
		usage(stdout);
		exit(0);
	}
	if (argc > 1) {
		char *end;

		run.seconds = strtod(argv[1], &end);
		if (end == argv[1] || *end || !(run.seconds >= 0.01) ||
		    !(run.seconds <= LONGEST_SECONDS))
			refuse("SECONDS", argv[1], "a decimal number from 0.01 to 86400");
	}
	if (argc > 2) {
		run.counts[run.counts_of++] =
			(unsigned)whole_number(argv[2], 1, MOST_THREADS, &fine);
		if (!fine)
			refuse("THREADS", argv[2], "a whole number from 1 to 256");
	} else {
		default_counts();
	}
	if (argc > 3) {
		run.seed = whole_number(argv[3], 0, 0xffffffff, &fine);
		if (!fine)
			refuse("SEED", argv[3], "a whole number from 0 to 4294967295");
	}
	if (argc > 4)
		refuse("one argument too many", argv[4], "expected");
	run.began = run.spoke = now();
	run.slice_seconds = run.seconds / (double)(tests * run.counts_of);
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("%s: %.2f s, seed %lu\n", run.name, run.seconds, run.seed);
}

static inline void show_progress(void)
{
	double time = now();

	if (time - run.spoke < PROGRESS_SECONDS)
		return;
	run.spoke = time;
	printf("%s: %.0f of %.0f s: %s, %u threads\n", run.name, time - run.began, run.seconds,
	       run.test, run.threads);
}

/* One test: with each number of observers, `play` again and again until its share of the time is over. */
#define PLAY(play) play_with_each_count(__func__, play)

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
	unsigned number; /* 0, 1, 2 ... among those who do the same work */
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
	void *memory;

	crew_size = sizeof(struct crew) + room_size;
	memory = mmap(NULL, crew_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(memory != MAP_FAILED);
	((struct crew *)memory)->boss.crew = (struct crew *)memory;
	return (struct crew *)memory;
}

/* Random numbers of the worker's own (splitmix64). */
static inline unsigned random_below(struct worker *worker, unsigned limit)
{
	uint64_t mix = worker->random += 0x9e3779b97f4a7c15u;

	mix = (mix ^ mix >> 30) * 0xbf58476d1ce4e5b9u;
	mix = (mix ^ mix >> 27) * 0x94d049bb133111ebu;
	return (unsigned)((mix ^ mix >> 31) >> 32) % limit;
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
	return !atomic_load_explicit(&worker->crew->over, memory_order_relaxed);
}

/* In a loop that waits for others, who may need this core. */
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
	while (atomic_load_explicit(&worker->crew->met, memory_order_acquire) < goal)
		give_way(&spins);
}

static inline void write_down(struct worker *worker, const char *what, const char *relation,
			      long long got, long long expected, errseq_cursor_t cursor)
{
	if (worker->faults++ == 0) {
		const struct fault fault = {
			what,	  relation,	  got,
			expected, worker->rounds, errseq_load(worker->crew->word),
			cursor
		};

		worker->first = fault;
	}
}

/* `cursor` is shown beside the word. */
static inline void must_be(struct worker *worker, long long got, long long expected,
			   const char *what, errseq_cursor_t cursor)
{
	if (got != expected)
		write_down(worker, what, "", got, expected, cursor);
}

static inline void must_be_at_most(struct worker *worker, unsigned long long got,
				   unsigned long long most, const char *what,
				   errseq_cursor_t cursor)
{
	if (got > most)
		write_down(worker, what, "at most ", (long long)got, (long long)most, cursor);
}

static inline void say_where(void)
{
	fprintf(stderr, "FAIL: %s: %s: %u threads, seed %lu (again: %s %g %u %lu): ", run.name,
		run.test, run.threads, run.seed, run.name, run.seconds, run.threads, run.seed);
}

static inline void say_faults(const struct worker *worker, const char *who, unsigned number)
{
	char word[ERRSEQ_FORMAT_SIZE], cursor[ERRSEQ_FORMAT_SIZE];

	if (worker->faults == 0)
		return;
	errseq_format(worker->first.word, word, sizeof(word));
	errseq_format(worker->first.cursor, cursor, sizeof(cursor));
	say_where();
	fprintf(stderr,
		"%s %u, %lu times, at first in round %lu: %s: %lld instead of %s%lld\n"
		"      the word was '%s', the cursor '%s'\n",
		who, number, worker->faults, worker->first.round, worker->first.what,
		worker->first.got, worker->first.relation, worker->first.expected, word, cursor);
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

	atomic_fetch_add_explicit(&worker->crew->arrived, 1, memory_order_relaxed);
	while (atomic_load_explicit(&worker->crew->arrived, memory_order_relaxed) <
	       worker->crew->count)
		give_way(&spins);
	worker->work(worker);
	atomic_fetch_add_explicit(&worker->crew->finished, 1, memory_order_relaxed);
	return NULL;
}

static inline void start_process(struct worker *worker)
{
	pid_t process = fork(); /* not yet in the crew's memory, where both would write it */

	assert_true(process >= 0);
	if (process == 0) {
#ifdef __linux__
		prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
		be_worker(worker);
		_exit(0);
	}
	worker->process = process;
}

static inline void give_up(struct crew *crew, enum kind kind, unsigned finished)
{
	char word[ERRSEQ_FORMAT_SIZE];
	unsigned i;

	errseq_format(errseq_load(crew->word), word, sizeof(word));
	say_where();
	fprintf(stderr,
		"%u of %u workers still wait %d s after the end: a report or a wake-up was lost\n"
		"      the word is '%s'\n",
		crew->count - finished, crew->count, PATIENCE_SECONDS, word);
	say_all_faults(crew);
	for (i = 0; kind == AS_PROCESSES && i < crew->count; i++)
		kill(crew->workers[i].process, SIGKILL);
	_exit(1);
}

/* The main thread's part: the time. */
static inline void wait_for(struct crew *crew, enum kind kind)
{
	const struct timespec nap = { 0, 300000 };
	unsigned finished;

	while ((finished = atomic_load_explicit(&crew->finished, memory_order_relaxed)) <
	       crew->count) {
		double time = now();

		if (time >= run.slice_end)
			atomic_store_explicit(&crew->over, 1, memory_order_relaxed);
		if (time >= run.slice_end + PATIENCE_SECONDS)
			give_up(crew, kind, finished);
		show_progress();
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

/* Of all who do this work. */
static inline unsigned long sum_of_reports(const struct crew *crew,
					   void (*work)(struct worker *worker))
{
	unsigned long sum = 0;
	unsigned i;

	for (i = 0; i < crew->count; i++)
		if (crew->workers[i].work == work)
			sum += crew->workers[i].reports;
	return sum;
}

static inline unsigned long sum_of_rounds(const struct crew *crew,
					  void (*work)(struct worker *worker))
{
	unsigned long sum = 0;
	unsigned i;

	for (i = 0; i < crew->count; i++)
		if (crew->workers[i].work == work)
			sum += crew->workers[i].rounds;
	return sum;
}

#endif
