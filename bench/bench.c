/* SPDX-License-Identifier: MIT */
/*
 * What do I pay for libErrseq, beside what I would write instead, and how does it grow?
 *
 * All contestants do each workload in turn, one after the other, many short turns each: A B C A B C ... What is
 * told of each is the median of its turns, the lowest and the highest; and the median of the ratios to the floor,
 * turn by turn, so that what slows the machine for a while slows both. Every answer is looked at.
 *
 * usage: see usage(), or bench --help
 */
#include "bench.h"

#include <errseq/errseq.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

static const struct contestant *const all[] = {
	&contestant_floor, /* must be the first, and libErrseq the second: the others are compared to them */
	&contestant_errseq,   &contestant_static,
#ifdef BENCH_CALLED
	&contestant_called,
#endif
#ifdef ERRSEQ_HAVE_64
	&contestant_errseq64,
#endif
	&contestant_shared,   &contestant_locked,   &contestant_mutex,
	&contestant_rwlock,   &contestant_spinlock, &contestant_seqlock,
#ifdef ERRSEQ_HAVE_64
	&contestant_packed,
#endif
	&contestant_registry, &contestant_sticky,
};
enum {
	CONTESTANTS = sizeof(all) / sizeof(all[0]),
	HANDLES = 64 /* that a sampler fills in turn */
};

enum sweep {
	ONE_THREAD,
	THREADS,   /* 1, 2, 4 ... all */
	OBSERVERS, /* 1, 10 ... 1000000 of one word */
	WORDS	   /* 1000, 1000000, with an observer each */
};

static const struct workload {
	const char *name, *title;
	enum loop loop;
	enum sweep sweep;
	enum before before;
	int apart; /* a word for each thread */
	unsigned long period;
} workloads[] = {
	{ "check", "check, nothing new; one word for all threads", CHECK, THREADS, NOTHING, 0, 0 },
	{ "check-apart", "check, nothing new; a word for each thread", CHECK, THREADS, NOTHING, 1,
	  0 },
	{ "advance", "check and advance, nothing new; one word for all threads", ADVANCE, THREADS,
	  NOTHING, 0, 0 },
	{ "flags", "check, nothing new; through a peeked cursor, after another was told", CHECK,
	  ONE_THREAD, FLAGS_OF_OTHERS, 0, 0 },
	{ "news", "check that finds an error", CHECK, ONE_THREAD, AN_ERROR, 0, 0 },
	{ "sample", "leave, sample, and keep the position in the handle, as at close and open",
	  SAMPLE, ONE_THREAD, NOTHING, 0, 0 },
	{ "peek", "likewise with peek", PEEK, ONE_THREAD, NOTHING, 0, 0 },
	{ "record", "record the same error again and again, nobody looks; one word for all threads",
	  RECORD, THREADS, NOTHING, 0, 0 },
	{ "record-alternating", "record two errors in turn, nobody looks; one word for all threads",
	  RECORD_ALTERNATING, THREADS, NOTHING, 0, 0 },
	{ "record-advance", "record, then check and advance: told each time (both together)",
	  RECORD_AND_ADVANCE, ONE_THREAD, NOTHING, 0, 0 },
	{ "beside-1000", "check and advance, while another thread records once in 1000 looks",
	  LOOK_BESIDE, THREADS, NOTHING, 0, 1000 },
	{ "beside-1000000", "check and advance, while another thread records once in 1000000 looks",
	  LOOK_BESIDE, THREADS, NOTHING, 0, 1000000 },
	{ "observers", "record, as observers of the word become more", RECORD, OBSERVERS, NOTHING,
	  0, 0 },
	{ "round", "record once, and then all are told; for each observer", ROUND, OBSERVERS,
	  NOTHING, 0, 0 },
	{ "words", "check and advance, nothing new, at one of many words after the other, shuffled",
	  WALK, WORDS, NOTHING, 0, 0 },
};
enum {
	WORKLOADS = sizeof(workloads) / sizeof(workloads[0])
};

static struct {
	unsigned turns;
	double nanoseconds; /* a turn should take */
	unsigned threads;
	unsigned calls, words; /* if not 0 */
	const char *only, *contestant;
	FILE *csv;
	int is_check;
} options = { 31, 2e6, 0, 0, 0, NULL, NULL, NULL, 0 };

/* ---- figures ---------------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void sorted_ratios(double *sorted, const double *times, const double *to, unsigned turns)
{
	unsigned i;

	for (i = 0; i < turns; i++)
		sorted[i] = times[i] / (to ? to[i] : 1);
	qsort(sorted, turns, sizeof(double), compare);
}

struct figures figures_of(const double *times, const double *of_floor, const double *of_errseq,
			  unsigned turns)
{
	static double sorted[MOST_TURNS];
	struct figures figures;

	sorted_ratios(sorted, times, of_errseq, turns);
	figures.errseq_ratio = sorted[turns / 2];
	sorted_ratios(sorted, times, of_floor, turns);
	figures.ratio = sorted[turns / 2];
	figures.ratio_low = sorted[0];
	figures.ratio_high = sorted[turns - 1];
	sorted_ratios(sorted, times, NULL, turns);
	figures.median = sorted[turns / 2];
	figures.low = sorted[0];
	figures.high = sorted[turns - 1];
	return figures;
}

/* ---- telling ---------------------------------------------------------------------------------------- */

/* Of the table that is being written. */
static unsigned long words_now, observers_now;

static void print_head(const char *name, const char *title, const char *number_of,
		       unsigned long number)
{
	printf("\n%s: %s; %lu %s%s\n", name, title, number, number_of, number == 1 ? "" : "s");
	if (!options.is_check)
		printf("  %-14s %10s %21s %8s %17s %8s\n", "", "ns a call", "lowest - highest",
		       "x floor", "lowest - highest", "x errseq");
	fflush(stdout);
}

void print_row(const char *workload, unsigned threads, const char *contestant, unsigned turns,
	       const struct figures *f)
{
	int digits;

	if (options.is_check) {
		printf("  %-14s right answers\n", contestant);
		return;
	}
	/* a hundredth of a nanosecond says something of a look, and nothing of a wake-up */
	digits = f->median < 1000 ? 3 : 0;
	printf("  %-14s %10.*f %10.*f -%9.*f %8.2f %8.2f -%7.2f %8.2f\n", contestant, digits,
	       f->median, digits, f->low, digits, f->high, f->ratio, f->ratio_low, f->ratio_high,
	       f->errseq_ratio);
	if (options.csv)
		fprintf(options.csv, "%s,%u,%lu,%lu,%s,%u,%.4f,%.4f,%.4f,%.3f,%.3f,%.3f,%.3f\n",
			workload, threads, observers_now, words_now, contestant, turns, f->median,
			f->low, f->high, f->ratio, f->ratio_low, f->ratio_high, f->errseq_ratio);
}

static void print_processor(FILE *out, const char *mark)
{
	char line[256];
	FILE *file = fopen("/proc/cpuinfo", "r");
	const char *name = NULL;

	while (file && !name && fgets(line, sizeof(line), file))
		if (strncmp(line, "model name", 10) == 0 && (name = strchr(line, ':')))
			fprintf(out, "%sprocessor:%s", mark, name + 1);
	if (!name)
		fprintf(out, "%sprocessor: unknown\n", mark);
	if (file)
		fclose(file);
}

/* Everything that a figure depends on. */
static void print_circumstances(FILE *out, const char *mark)
{
	struct utsname system;
	char date[32] = "";
	time_t now = time(NULL);
	struct tm utc;

	if (uname(&system) != 0)
		strcpy(system.sysname, "unknown");
	if (gmtime_r(&now, &utc))
		strftime(date, sizeof(date), "%Y-%m-%d %H:%M UTC", &utc);
	fprintf(out, "%sdate: %s\n", mark, date);
	print_processor(out, mark);
	fprintf(out, "%ssystem: %s %s, %s\n", mark, system.sysname, system.release, system.machine);
	fprintf(out, "%sthreads: up to %u; %u of %u are bound to a processor each\n", mark,
		options.threads, pool_bound(), pool_size());
	fprintf(out, "%scompiler: %s\n", mark, BENCH_COMPILER);
	fprintf(out, "%sflags: %s\n", mark, BENCH_FLAGS);
	fprintf(out, "%slibErrseq: %d.%d.%d\n", mark, ERRSEQ_VERSION_MAJOR, ERRSEQ_VERSION_MINOR,
		ERRSEQ_VERSION_PATCH);
	if (options.calls)
		fprintf(out, "%sturns: %u of %u calls each\n", mark, options.turns, options.calls);
	else
		fprintf(out, "%sturns: %u of %.1f ms or more each\n", mark, options.turns,
			options.nanoseconds / 2e6);
}

static const struct {
	enum gives gives;
	const char *name;
} promises[] = {
	{ EACH_ONCE, "each once" }, { LATEST, "latest" }, { SAME_AGAIN, "same again" },
	{ OWED, "owed" },	    { PAST, "past" },	  { NO_LOCK, "no lock" },
	{ FLAT_MEMORY, "flat" },
};
enum {
	PROMISES = sizeof(promises) / sizeof(promises[0])
};

static void print_contestants(void)
{
	unsigned i, p;

	puts("Contestants, and what they give:");
	printf("  %-14s", "");
	for (p = 0; p < PROMISES; p++)
		printf(" %10s", promises[p].name);
	printf(" %5s %8s\n", "word", "observer");
	for (i = 0; i < CONTESTANTS; i++) {
		printf("  %-14s", all[i]->name);
		for (p = 0; p < PROMISES; p++)
			printf(" %10s", all[i]->gives & promises[p].gives ? "yes" : "-");
		printf(" %3zu B %6zu B\n", all[i]->word_size, all[i]->observer_size);
	}
	puts("\n  each once: each observer is told of an error, once. latest: of several, the "
	     "latest. same\n"
	     "  again: the same error is news when it comes again. owed: newcomers are told of an "
	     "error that\n"
	     "  nobody was told of. past: not of one that somebody was told of. no lock: who dies "
	     "or is\n"
	     "  interrupted stops nobody. flat: may lie in shared memory and in files. The first "
	     "five were tried\n"
	     "  out just now, the last two are said.\n");
	for (i = 0; i < CONTESTANTS; i++)
		printf("  %-14s %s\n", all[i]->name, all[i]->about);
}

/* ---- answers ---------------------------------------------------------------------------------------- */

static int wrong(const struct workload *workload, const struct contestant *who, const char *what,
		 long got, const char *should)
{
	fprintf(stderr, "bench: %s, %s: %s %ld, and it should have been %s\n", workload->name,
		who->name, what, got, should);
	return 0;
}

/* The first five promises are tried out; for the floor and for sticky, that they are not kept. */
static int promises_hold(const struct contestant *who)
{
	const unsigned tried = EACH_ONCE | LATEST | SAME_AGAIN | OWED | PAST;
	unsigned gives = who->try_out(), p;

	for (p = 0; p < PROMISES; p++) {
		if (!(promises[p].gives & tried))
			continue;
		if ((gives ^ who->gives) & promises[p].gives) {
			fprintf(stderr, "bench: %s says that it %s '%s', and it %s\n", who->name,
				who->gives & promises[p].gives ? "gives" : "does not give",
				promises[p].name, gives & promises[p].gives ? "does" : "does not");
			return 0;
		}
	}
	return 1;
}

/* ---- one contestant in one workload ----------------------------------------------------------------- */

struct entry {
	const struct contestant *who;
	struct scene scene;
	unsigned long calls;	      /* a thread, a turn */
	double times[MOST_TURNS];     /* nanoseconds a call */
	double recording[MOST_TURNS]; /* beside observers: nanoseconds a record */
	unsigned long records, late;  /* likewise: of all turns */
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

static void enter(struct entry *entry, const struct workload *workload, const uint32_t *order)
{
	const struct contestant *who = entry->who;
	struct scene *scene = &entry->scene;
	int is_far = workload->sweep == THREADS;

	scene->words = words_now;
	scene->observers = observers_now;
	scene->word_stride =
		is_far ? (who->word_size + FAR_APART - 1) / FAR_APART * FAR_APART : who->word_size;
	scene->observer_stride =
		is_far ? (who->observer_size + FAR_APART - 1) / FAR_APART * FAR_APART
		       : who->observer_size;
	scene->word_at = allocate(scene->words * scene->word_stride);
	scene->observer_at = allocate(scene->observers * scene->observer_stride);
	scene->order = order;
	who->set_up(scene, workload->before);
	entry->records = entry->late = 0;
}

static void leave(struct entry *entry)
{
	entry->who->tear_down(&entry->scene);
	free(entry->scene.word_at);
	free(entry->scene.observer_at);
}

/* Without figures, a thousand looks say as much as a million. */
static unsigned long period_of(const struct workload *workload)
{
	return options.is_check && workload->period > 1000 ? 1000 : workload->period;
}

/* What an observer is told of now; *error is 0 if it is told of nothing. */
static unsigned long advance_once(struct entry *entry, struct job job, int *error)
{
	job.times = 1;
	entry->who->loops[ADVANCE](&job);
	*error = job.error;
	return job.told;
}

/* All is over: the last that each observer is told of is the last record, and then there is no more. */
static int all_know_the_last(const struct workload *workload, struct entry *entry, struct job *jobs,
			     unsigned threads, unsigned long records)
{
	const struct contestant *who = entry->who;
	unsigned long together = 0;
	unsigned i, know = 0;

	for (i = 0; i < threads; i++) {
		unsigned long told = jobs[i].told;
		int error;

		told += advance_once(entry, jobs[i], &error);
		together += told;
		know += (error ? error : jobs[i].error) == -EDQUOT;
		if (!who->one_observer && (told < 1 || told > records))
			return wrong(workload, who,
				     "errors that an observer was told of:", (long)told,
				     "1 to as many as were recorded");
		if (advance_once(entry, jobs[i], &error))
			return wrong(workload, who, "told again:", error, "0");
	}
	if (together > records * (who->one_observer ? 1 : threads))
		return wrong(workload, who, "errors that all were told of:", (long)together,
			     "no more than were recorded");
	if (know < (who->one_observer ? 1 : threads))
		return wrong(workload, who, "observers who know the last error:", (long)know,
			     "all");
	return 1;
}

/* After a turn. The floor and sticky do not promise to be right. */
static int answers_are_right(const struct workload *workload, struct entry *entry, struct job *jobs,
			     unsigned threads)
{
	const struct contestant *who = entry->who;
	int all_are_told = workload->loop == RECORD_AND_ADVANCE || workload->loop == ROUND ||
			   workload->before == AN_ERROR;
	int is_record = workload->loop == RECORD || workload->loop == RECORD_ALTERNATING;
	unsigned long told = 0;
	unsigned i;
	int error;

	if (!(who->gives & EACH_ONCE))
		return 1;
	if (workload->loop == LOOK_BESIDE) {
		if (jobs[threads].told != 0)
			return wrong(workload, who,
				     "records that failed:", (long)jobs[threads].told, "0");
		return all_know_the_last(workload, entry, jobs, threads, jobs[threads].times);
	}
	for (i = 0; i < threads; i++) {
		told += jobs[i].told;
		if (all_are_told && jobs[i].error != -EIO)
			return wrong(workload, who, "told of", jobs[i].error, "-EIO");
	}
	if (told != (all_are_told ? entry->calls * threads : 0))
		return wrong(workload, who,
			     "looks that found news, or records that failed:", (long)told,
			     all_are_told ? "all" : "0");
	if (is_record) {
		int last = workload->loop == RECORD ? -EIO : -ENOSPC;

		if (!advance_once(entry, jobs[0], &error) || error != last)
			return wrong(workload, who, "after all records, told of", error,
				     last == -EIO ? "-EIO" : "-ENOSPC");
	}
	return 1;
}

/* The slowest thread's time a call, or -1 if an answer was wrong. */
static double take_turn(const struct workload *workload, struct entry *entry, unsigned threads,
			double *recording)
{
	static struct job jobs[MOST_THREADS + 1];
	static struct {
		_Alignas(FAR_APART) atomic_ulong looks;
	} progress; /* on a cache line of its own */
	const struct contestant *who = entry->who;
	double slowest = 0;
	unsigned i, all_threads = threads;

	for (i = 0; i < threads; i++)
		jobs[i] = (struct job){ .loop = who->loops[workload->loop],
					.scene = &entry->scene,
					.word = workload->apart ? i : 0,
					.observer = who->one_observer && !workload->apart ? 0 : i,
					.times = entry->calls,
					.period = period_of(workload) };
	if (workload->loop == LOOK_BESIDE) {
		atomic_store_explicit(&progress.looks, 0, memory_order_relaxed);
		jobs[0].progress = &progress.looks;
		jobs[threads] = (struct job){ .loop = who->loops[RECORD_BESIDE],
					      .scene = &entry->scene,
					      .times = entry->calls / period_of(workload),
					      .period = period_of(workload),
					      .progress = &progress.looks };
		all_threads++;
	}
	pool_run(jobs, all_threads);
	for (i = 0; i < threads; i++)
		if (jobs[i].nanoseconds > slowest)
			slowest = jobs[i].nanoseconds;
	if (workload->loop == LOOK_BESIDE) {
		entry->records += jobs[threads].times;
		entry->late += jobs[threads].late;
		*recording = jobs[threads].recording / (double)jobs[threads].times;
	}
	if (!answers_are_right(workload, entry, jobs, threads))
		return -1;
	return slowest / (double)entry->calls;
}

/* Calls come in steps that the loop can do. */
static unsigned long step_of(const struct workload *workload)
{
	switch (workload->loop) {
	case LOOK_BESIDE:
		return 2 * period_of(workload);
	case ROUND:
		return observers_now;
	case SAMPLE:
	case PEEK:
		return HANDLES;
	case WALK:
		return words_now;
	default:
		return 2;
	}
}

/* How many calls a thread makes in a turn, so that it takes about as long as asked. Warms up, too. */
static int calibrate(const struct workload *workload, struct entry *entry, unsigned threads)
{
	unsigned long step = step_of(workload);

	entry->calls = step;
	if (options.calls) {
		entry->calls = (options.calls + step - 1) / step * step;
		return 1;
	}
	for (;;) {
		double recording, each = take_turn(workload, entry, threads, &recording), has_taken;

		if (each < 0)
			return 0;
		has_taken = each * (double)entry->calls;
		if (has_taken >= options.nanoseconds / 2)
			return 1;
		/* Short turns say little: eight times as many at the most. */
		entry->calls =
			has_taken < options.nanoseconds / 10
				? entry->calls * 8
				: (unsigned long)(options.nanoseconds / each) / step * step + step;
	}
}

/* ---- one table -------------------------------------------------------------------------------------- */

static int takes_part(const struct contestant *who, const struct workload *workload)
{
	if (!who->loops[workload->loop])
		return 0;
	if (workload->before == FLAGS_OF_OTHERS && !who->loops[PEEK])
		return 0;
	/* The floor and libErrseq always do: the others are compared to them. */
	return !options.contestant || strcmp(options.contestant, who->name) == 0 ||
	       (!options.is_check && (who == all[0] || who == all[1]));
}

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
	uint32_t order[CONTESTANTS];
	unsigned turn, i;

	for (i = 0; i < number; i++)
		if (!calibrate(workload, &entries[i], threads))
			return 1;
	for (turn = 0; turn < options.turns; turn++) {
		/* in another order each time: nobody is always behind the same one */
		shuffle(order, number);
		for (i = 0; i < number; i++) {
			struct entry *entry = &entries[order[i]];

			entry->times[turn] =
				take_turn(workload, entry, threads, &entry->recording[turn]);
			if (entry->times[turn] < 0)
				return 1;
		}
	}
	return 0;
}

static int measure(const struct workload *workload, unsigned threads, unsigned long words,
		   unsigned long observers, const uint32_t *order)
{
	static struct entry entries[CONTESTANTS];
	unsigned i, number = 0, of_errseq;
	struct figures figures;
	char name[64];

	words_now = words;
	observers_now = observers;
	for (i = 0; i < CONTESTANTS; i++)
		if (takes_part(all[i], workload)) {
			entries[number].who = all[i];
			enter(&entries[number++], workload, order);
		}
	if (take_all_turns(workload, threads, entries, number))
		return 1;
	of_errseq = number > 1;
	for (i = 0; i < number; i++) {
		figures = figures_of(entries[i].times, entries[0].times, entries[of_errseq].times,
				     options.turns);
		print_row(workload->name, threads, entries[i].who->name, options.turns, &figures);
	}
	if (workload->loop == LOOK_BESIDE) {
		puts("  the recorder: a record, and the clock that is read twice");
		snprintf(name, sizeof(name), "%s-recorder", workload->name);
		for (i = 0; i < number; i++) {
			figures = figures_of(entries[i].recording, entries[0].recording,
					     entries[of_errseq].recording, options.turns);
			print_row(name, threads, entries[i].who->name, options.turns, &figures);
		}
		for (i = 0; i < number; i++)
			if (entries[i].late * 10 > entries[i].records) /* so many that it matters */
				printf("  %s: %lu of %lu records came when the first observer was "
				       "done\n",
				       entries[i].who->name, entries[i].late, entries[i].records);
	}
	for (i = 0; i < number; i++)
		leave(&entries[i]);
	return 0;
}

static int sweep_threads(const struct workload *workload)
{
	/* A recorder beside them needs a processor, too. */
	unsigned most = options.threads - (workload->loop == LOOK_BESIDE), threads;

	if (most == 0) {
		printf("\n%s: SKIP: it takes 2 processors\n", workload->name);
		return 0;
	}
	for (threads = 1;; threads = threads * 2 < most ? threads * 2 : most) {
		print_head(workload->name, workload->title, "thread", threads);
		if (measure(workload, threads, workload->apart ? threads : 1, threads, NULL))
			return 1;
		if (threads == most)
			return 0;
	}
}

static int sweep_observers(const struct workload *workload)
{
	unsigned long observers, most = options.is_check ? 1000 : 1000000;

	for (observers = 1; observers <= most; observers *= 10) {
		print_head(workload->name, workload->title, "observer", observers);
		if (measure(workload, 1, 1, observers, NULL))
			return 1;
	}
	return 0;
}

static int sweep_words(const struct workload *workload)
{
	unsigned long words = options.words ? options.words : 1000;
	unsigned long most = options.words ? options.words : options.is_check ? 1000 : 1000000;

	for (; words <= most; words *= 1000) {
		uint32_t *order = allocate(words * sizeof(*order));
		int status;

		shuffle(order, (uint32_t)words);
		print_head(workload->name, workload->title, "word", words);
		status = measure(workload, 1, words, words, order);
		free(order);
		if (status)
			return 1;
	}
	return 0;
}

static int sweep(const struct workload *workload)
{
	switch (workload->sweep) {
	case THREADS:
		return sweep_threads(workload);
	case OBSERVERS:
		return sweep_observers(workload);
	case WORDS:
		return sweep_words(workload);
	default:
		print_head(workload->name, workload->title, "thread", 1);
		return measure(workload, 1, 1,
			       workload->loop == SAMPLE || workload->loop == PEEK ? HANDLES : 1,
			       NULL);
	}
}

static int sweep_waiters(void)
{
	static const char title[] = "from the record until the last of those who wait is awake";
	unsigned most = options.threads - 1, waiters;
	/* Each turn lets them fall asleep first, so that there may be more of them. */
	unsigned turns = options.is_check		   ? 3
			 : options.turns * 10 < MOST_TURNS ? options.turns * 10
							   : MOST_TURNS;

	if (most == 0) {
		puts("\nwake: SKIP: it takes 2 processors");
		return 0;
	}
	for (waiters = 1;; waiters = most) {
		words_now = 1;
		observers_now = waiters;
		print_head("wake", title, "waiter", waiters);
		if (measure_wakes(waiters, turns, options.contestant))
			return 1;
		if (waiters == most)
			return 0;
	}
}

/* ---- the command line ------------------------------------------------------------------------------- */

static void usage(FILE *out)
{
	fputs("usage: bench [OPTION]...\n"
	      "  --quick            short and few turns: a first look\n"
	      "  --turns N          turns of each contestant, 1 to 1001 (31)\n"
	      "  --threads N        at the most (one for each processor)\n"
	      "  --calls N          calls a turn of each thread, instead of a time\n"
	      "  --words N          of the workload words: one number of words, instead of 1000 "
	      "and 1000000\n"
	      "  --only NAMES       these workloads, separated by commas\n"
	      "  --contestant NAME  this one, beside the floor and libErrseq\n"
	      "  --csv FILE         write the figures there, too\n"
	      "  --check            no figures: does each workload run, are all answers right?\n"
	      "  --list             the workloads and the contestants\n"
	      "In the CSV file, threads are those that look; one more records beside them. Ratios "
	      "are medians.\n"
	      "Returns 0; 1 if an answer was wrong, or the system refused something; 2 if it was "
	      "called wrongly.\n",
	      out);
}

static unsigned number_or_exit(const char *option, const char *text, unsigned most)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	if (*end || number < 1 || number > most) {
		fprintf(stderr, "bench: %s takes a number, 1 to %u, not '%s'\n", option, most,
			text);
		exit(2);
	}
	return (unsigned)number;
}

static int is_wanted(const char *name)
{
	const char *at = options.only;
	size_t length = strlen(name);

	if (!at)
		return 1;
	for (; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (strncmp(at, name, length) == 0 && (at[length] == ',' || at[length] == '\0'))
			return 1;
	}
	return 0;
}

static int is_known_workload(const char *name, size_t length)
{
	unsigned i;

	for (i = 0; i < WORKLOADS; i++)
		if (strncmp(workloads[i].name, name, length) == 0 &&
		    workloads[i].name[length] == '\0')
			return 1;
	return length == 4 && strncmp(name, "wake", 4) == 0;
}

static void list(void)
{
	unsigned i;

	print_contestants();
	puts("\nWorkloads:");
	for (i = 0; i < WORKLOADS; i++)
		printf("  %-18s %s\n", workloads[i].name, workloads[i].title);
	puts("  wake               from the record until the last of those who wait is awake");
}

static void check_names(void)
{
	const char *at = options.only;
	unsigned i, known = 0;

	if (at && !*at) {
		fputs("bench: --only takes names; see bench --list\n", stderr);
		exit(2);
	}
	while (at && *at) {
		size_t length = strcspn(at, ",");

		if (!is_known_workload(at, length)) {
			fprintf(stderr, "bench: no workload is called '%.*s'; see bench --list\n",
				(int)length, at);
			exit(2);
		}
		at += length + (at[length] == ',');
	}
	for (i = 0; options.contestant && i < CONTESTANTS; i++)
		known |= strcmp(options.contestant, all[i]->name) == 0;
	known |= options.contestant && is_way_to_wake(options.contestant);
	if (options.contestant && !known) {
		fprintf(stderr, "bench: no contestant is called '%s'; see bench --list\n",
			options.contestant);
		exit(2);
	}
}

static void read_options(int argc, char **argv)
{
	static const struct option names[] = {
		{ "calls", required_argument, NULL, 'a' },
		{ "words", required_argument, NULL, 'w' },
		{ "quick", no_argument, NULL, 'q' },
		{ "turns", required_argument, NULL, 't' },
		{ "threads", required_argument, NULL, 'n' },
		{ "only", required_argument, NULL, 'o' },
		{ "contestant", required_argument, NULL, 'c' },
		{ "csv", required_argument, NULL, 'f' },
		{ "check", no_argument, NULL, 'k' },
		{ "list", no_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *csv = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1)
		switch (option) {
		case 'q':
			options.turns = 5;
			options.nanoseconds = 5e5;
			break;
		case 't':
			options.turns = number_or_exit("--turns", optarg, MOST_TURNS);
			break;
		case 'a':
			options.calls = number_or_exit("--calls", optarg, 1000000000);
			break;
		case 'w':
			options.words = number_or_exit("--words", optarg, 100000000);
			break;
		case 'n':
			options.threads = number_or_exit("--threads", optarg, MOST_THREADS);
			break;
		case 'o':
			options.only = optarg;
			break;
		case 'c':
			options.contestant = optarg;
			break;
		case 'f':
			csv = optarg;
			break;
		case 'k':
			options.is_check = 1;
			options.turns = 1;
			options.nanoseconds = 1e4;
			break;
		case 'l':
			list();
			exit(0);
		case 'h':
			usage(stdout);
			exit(0);
		default:
			usage(stderr);
			exit(2);
		}
	if (optind < argc) {
		fprintf(stderr, "bench: what is '%s'?\n", argv[optind]);
		usage(stderr);
		exit(2);
	}
	check_names();
	if (csv && !(options.csv = fopen(csv, "w"))) {
		perror(csv);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	unsigned i;

	read_options(argc, argv);
	pool_start();
	if (options.threads == 0 || options.threads > pool_size())
		options.threads = pool_size();

	print_circumstances(stdout, "");
	putchar('\n');
	print_contestants();
	for (i = 0; i < CONTESTANTS; i++)
		if (!promises_hold(all[i]))
			return 1;
	if (!options.is_check)
		puts("\nLess is better everywhere. x floor: the median, over the turns, of the "
		     "ratio to the "
		     "bare instructions;\nx errseq: to libErrseq inline.");
	if (options.csv) {
		print_circumstances(options.csv, "# ");
		for (i = 0; i < CONTESTANTS; i++)
			fprintf(options.csv, "# bytes: %s, word %zu, observer %zu\n", all[i]->name,
				all[i]->word_size, all[i]->observer_size);
		fputs("workload,threads,observers,words,contestant,turns,ns,ns_low,ns_high,"
		      "floor_ratio,floor_ratio_low,floor_ratio_high,errseq_ratio\n",
		      options.csv);
	}
	for (i = 0; i < WORKLOADS; i++)
		if (is_wanted(workloads[i].name) && sweep(&workloads[i]))
			return 1;
	if (is_wanted("wake") && sweep_waiters())
		return 1;
	if (options.csv && (ferror(options.csv) | fclose(options.csv))) {
		perror("bench: the CSV file could not be written");
		return 1;
	}
	if (ferror(stdout) | fflush(stdout)) {
		perror("bench: the tables could not be written");
		return 1;
	}
	return 0;
}
