/* SPDX-License-Identifier: MIT */
#include "../contestant.h"

#include <errseq/errseq.h> /* which 64-bit atomics there are */

extern const struct contestant contestant_floor, contestant_errseq, contestant_errseq_called,
	contestant_errseq64, contestant_errseq_shared, contestant_mutex, contestant_spinlock,
	contestant_packed, contestant_registry, contestant_sticky, contestant_counter;

const struct contestant *const contestants[] = {
	&contestant_floor,	   &contestant_errseq,
#ifdef BENCH_CALLED
	&contestant_errseq_called,
#endif
#ifdef ERRSEQ_HAVE_64
	&contestant_errseq64,
#endif
	&contestant_errseq_shared, &contestant_mutex,  &contestant_spinlock,
#ifdef ERRSEQ_HAVE_64
	&contestant_packed,
#endif
	&contestant_registry,	   &contestant_sticky, &contestant_counter,  NULL,
};
