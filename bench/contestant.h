/* SPDX-License-Identifier: MIT */
/*
 * A contestant is one way to record errors and to report them to observers: a file of contestants/ with two types and
 * a few short functions, that ends with #include "loops.h". That compiles the loops around its functions, so that
 * what is inline for a user is inline here, and no call through a pointer is measured with it.
 */
#ifndef ERRSEQ_BENCH_CONTESTANT_H
#define ERRSEQ_BENCH_CONTESTANT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* What a contestant promises. The first five are tried out by its try_out(). */
enum gives {
	EACH_ONCE = 1,	     /* each observer gets an error, and gets it once */
	LATEST = 2,	     /* of several errors, the latest */
	AGAIN = 4,	     /* the same error, recorded again, is a new error */
	UNREPORTED = 8,	     /* a new observer gets an error that was reported to nobody yet */
	SKIPS_REPORTED = 16, /* a new observer does not get an error that was reported already */
	NO_LOCK = 32, /* a thread that sleeps or dies stops nobody; signal handlers may call it */
	SHARED_MEMORY = 64 /* words and observers may lie in shared memory and in files */
};

/* Words and their observers, in memory of the contestant's types. Observer i belongs to word i % words. */
struct scene {
	char *word_at, *observer_at;
	size_t word_stride, observer_stride;
	unsigned long words, observers;
	const uint32_t *order; /* the words, shuffled; for WALK */
};

/* One thread's part of a turn. */
struct job {
	void (*loop)(struct job *);
	struct scene *scene;
	void *word, *observer;
	unsigned long times; /* calls to make; of a recorder beside observers: records */
	unsigned long
		period; /* beside observers: one record in so many calls of the first observer */
	atomic_ulong *progress; /* beside observers: calls that the first observer has made */
	/* results */
	unsigned long errors; /* calls that returned an error; of a recorder: records that failed */
	int last;	      /* the last error that was returned */
	double recording;     /* of a recorder beside observers: nanoseconds in its records */
	double nanoseconds;   /* of the whole loop */
};

enum loop {
	CHECK,
	ADVANCE,
	RECORD,
	RECORD_ALTERNATING,
	RECORD_AND_ADVANCE,
	RECORD_SPACED, /* record, and a few hundred nanoseconds of other work */
	SAMPLE,
	PEEK,
	ROUND,	/* record, then every observer advances */
	WALK,	/* advance, at one word after the other */
	BESIDE, /* advance, while another thread records */
	RECORD_BESIDE,
	LOOPS
};

/* What happens to a scene before it is timed. */
enum before {
	NOTHING,
	AN_ERROR,	/* is recorded, and every observer will get it */
	FLAGS_OF_OTHERS /* differ: the observers peeked, then the error was reported to another one */
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

/* The floor is the first: the others are compared to it. Ends with a null pointer. */
extern const struct contestant *const contestants[];

enum {
	MOST_CONTESTANTS = 16,
	FAR_APART =
		128 /* bytes: no two share a cache line, or two lines that are fetched together */
};

/* For the usual result of a check: its code has no jump. */
#define LIKELY(is) __builtin_expect(!!(is), 1)

static inline void relax(void)
{
#if defined __x86_64__ || defined __i386__
	__builtin_ia32_pause();
#endif
}

static inline double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

#endif
