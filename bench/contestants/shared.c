/* SPDX-License-Identifier: MIT */
#include <errseq/errseq.h>

#define CONTESTANT  contestant_errseq_shared
#define NAME	    "errseq-shared"
#define ABOUT	    "libErrseq, one shared cursor for all threads, inline"
#define WIDTH(call) errseq_##call
#define ONE_OBSERVER
#define begin errseq_shared_cursor_init
#define check errseq_check_shared

typedef errseq_shared_cursor_t observer_t;

static inline int advance(errseq_t *word, observer_t *observer)
{
	return errseq_check_and_advance_shared(word, observer);
}

#include "errseq.h"
