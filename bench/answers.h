/* SPDX-License-Identifier: MIT */
/* Are the contestants' answers right? A wrong one is printed, and the functions return 0. */
#ifndef ERRSEQ_BENCH_ANSWERS_H
#define ERRSEQ_BENCH_ANSWERS_H

#include "contestant.h"
#include "workloads.h"

extern const struct promise {
	enum gives gives;
	const char *name;
} promises[]; /* ends with a null name */

/* Does it keep the promises that can be tried out, and those only? */
int keeps_promises(const struct contestant *who);

/* After a turn in which each of so many threads made so many calls; a recorder beside them has the next job. */
int answers_are_right(const struct workload *workload, const struct contestant *who,
		      struct job *jobs, unsigned threads, unsigned long calls);

#endif
