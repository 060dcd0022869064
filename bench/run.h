/* SPDX-License-Identifier: MIT */
/* Runs jobs in threads that begin at the same moment, each bound to a processor of its own. */
#ifndef ERRSEQ_BENCH_RUN_H
#define ERRSEQ_BENCH_RUN_H

#include "contestant.h"

enum {
	MOST_THREADS = 256
};

/* How many processors we may use, at most MOST_THREADS. */
unsigned run_processors(void);

/* Can threads be bound to processors here? */
int run_is_bound(void);

/* Each job in a thread of its own. Returns when all are done. Ends the program if a thread cannot be started. */
void run_jobs(struct job *jobs, unsigned number);

#endif
