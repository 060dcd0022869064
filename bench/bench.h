/* SPDX-License-Identifier: MIT */
/*
 * Contestants and how they are run.
 *
 * A contestant is one way to record errors and to be told of them: a file of contestants/, with two types and a
 * few short functions, that ends with #include "../workloads.h". That compiles the loops around its functions,
 * so that what is inline for a user is inline here, and no call by pointer is measured with it.
 */
#ifndef ERRSEQ_BENCH_H
#define ERRSEQ_BENCH_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* What somebody may be promised. The first five are tried out by each contestant's try_out(). */
enum gives {
	EACH_ONCE = 1,	 /* each observer is told of an error, and told once */
	LATEST = 2,	 /* of several errors, the latest */
	SAME_AGAIN = 4,	 /* an error that comes again is news again */
	OWED = 8,	 /* a newcomer is told of an error that nobody was told of yet */
	PAST = 16,	 /* a newcomer is not told of an error that somebody was told of */
	NO_LOCK = 32,	 /* whoever sleeps or dies stops nobody; may be used in signal handlers */
	FLAT_MEMORY = 64 /* words and observers may be copied into shared memory and files */
};

/* Words and their observers, in memory of the contestant's types. Observer i is one of word i % words. */
struct scene {
	char *word_at, *observer_at;
	size_t word_stride, observer_stride;
	unsigned long words, observers;
	const uint32_t *order; /* the words, shuffled; for walks */
};

/* One thread's part of a turn. */
struct job {
	void (*loop)(struct job *);
	struct scene *scene;
	unsigned long word, observer;
	unsigned long times; /* calls to make; of a recorder beside observers: records */
	unsigned long
		told; /* out: how many looks found news; of a recorder: how many records failed */
	int error;    /* out: the last that it was told of */
	unsigned long period;	/* one record in so many looks of the first observer */
	atomic_ulong *progress; /* of the first observer */
	double nanoseconds;	/* out */
	double recording;   /* out: of a recorder beside observers, nanoseconds in its records */
	unsigned long late; /* out: likewise, records that came when the first observer was done */
};

enum loop {
	CHECK,
	ADVANCE,
	RECORD,
	RECORD_ALTERNATING,
	RECORD_AND_ADVANCE,
	SAMPLE,
	PEEK,
	ROUND,	     /* record, then all observers are told */
	WALK,	     /* advance, at one word after the other */
	LOOK_BESIDE, /* advance, while another thread records */
	RECORD_BESIDE,
	LOOPS
};

/* What is done to a scene before it is timed. */
enum before {
	NOTHING,
	AN_ERROR,	/* is recorded: every observer has news */
	FLAGS_OF_OTHERS /* differ: the observers have peeked, then another was told */
};

struct contestant {
	const char *name, *about;
	unsigned gives;
	size_t word_size, observer_size;
	int one_observer; /* for all threads */
	unsigned (*try_out)(void);
	void (*set_up)(struct scene *scene, enum before before);
	void (*tear_down)(struct scene *scene);
	void (*loops[LOOPS])(struct job *); /* null: it has no such call */
};

extern const struct contestant contestant_floor, contestant_errseq, contestant_static,
	contestant_called, contestant_errseq64, contestant_shared, contestant_locked,
	contestant_mutex, contestant_rwlock, contestant_spinlock, contestant_seqlock,
	contestant_packed, contestant_sticky, contestant_registry;

/* ---- threads (pool.c) ------------------------------------------------------------------------------- */

enum {
	MOST_THREADS = 256
};

/* One for each processor that we may use, each bound to its own where that is allowed. Ends the program if it fails. */
void pool_start(void);
unsigned pool_size(void);
unsigned pool_bound(void); /* how many are bound */

/* Each job by a thread of its own, all beginning at once. */
void pool_run(struct job *jobs, unsigned number);

static inline double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* For everybody's looks with nothing new: the code of the usual case without a jump. */
#define LIKELY(is) __builtin_expect(!!(is), 1)

static inline void relax(void)
{
#if defined __x86_64__ || defined __i386__
	__builtin_ia32_pause();
#endif
}

/* ---- figures (bench.c) ------------------------------------------------------------------------------ */

enum {
	MOST_TURNS = 1001,
	FAR_APART =
		128 /* bytes, so that no two share a cache line, or two that are fetched together */
};

/* One cell of a table: a contestant in a workload. */
struct figures {
	double median, low, high; /* nanoseconds a call */
	double ratio, ratio_low,
		ratio_high;  /* to the floor's, turn by turn: median, lowest, highest */
	double errseq_ratio; /* to libErrseq's, inline, likewise: the median */
};

/* Of @turns times of this contestant, of the floor and of libErrseq. Leaves them as they are. */
struct figures figures_of(const double *times, const double *of_floor, const double *of_errseq,
			  unsigned turns);

/* One row of a table and of the CSV file. */
void print_row(const char *workload, unsigned threads, const char *contestant, unsigned turns,
	       const struct figures *figures);

/* ---- waking (wake.c) -------------------------------------------------------------------------------- */

/* So many waiters, one recorder. @only is a contestant's name, or null. 0, or 1 if an answer was wrong. */
int measure_wakes(unsigned waiters, unsigned turns, const char *only);
int is_way_to_wake(const char *name);

#endif
