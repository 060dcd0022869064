/* SPDX-License-Identifier: MIT */
/* What all contestants do in turn, many short turns each: A B C A B C ... */
#ifndef ERRSEQ_BENCH_WORKLOADS_H
#define ERRSEQ_BENCH_WORKLOADS_H

#include "contestant.h"

enum sweep {
	ONE_THREAD,
	THREADS,   /* 1, 2, 4 ... all */
	OBSERVERS, /* 1, 10 ... 1000000 of one word */
	WORDS	   /* 1000, 1000000, with an observer each */
};

struct workload {
	const char *name, *title;
	enum loop loop;
	enum sweep sweep;
	enum before before;
	int apart; /* a word for each thread */
	unsigned long period;
};

extern const struct workload workloads[]; /* ends with a null name */

/* A workload with all its numbers of threads, observers or words. 0, or 1 if an answer was wrong. */
int run_workload(const struct workload *workload);

#endif
