/* SPDX-License-Identifier: MIT */
#define CONTESTANT  contestant_errseq_shared
#define NAME	    "errseq-shared"
#define ABOUT	    "libErrseq, one shared cursor for all threads, inline"
#define WIDTH(call) errseq_##call
#define ONE_OBSERVER
#include "errseq.h"

typedef errseq_shared_cursor_t observer_t;

static inline void sample(word_t *word, observer_t *observer)
{
	errseq_shared_cursor_init(observer, errseq_sample(word));
}

static inline void peek(word_t *word, observer_t *observer)
{
	errseq_shared_cursor_init(observer, errseq_peek(word));
}

static inline int check(word_t *word, observer_t *observer)
{
	return errseq_check_shared(word, observer);
}

static inline int advance(word_t *word, observer_t *observer)
{
	return errseq_check_and_advance_shared(word, observer);
}

#include "loops.h"
