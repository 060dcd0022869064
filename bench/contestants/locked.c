/* SPDX-License-Identifier: MIT */
/* What one would write around the plain cursor if there were no shared one. */
#include <errseq/errseq.h>
#include <pthread.h>

#define CONTESTANT  contestant_errseq_locked
#define NAME	    "errseq-locked"
#define ABOUT	    "libErrseq, one plain cursor for all threads under a pthread_mutex"
#define GIVES	    (EACH_ONCE | LATEST | AGAIN | UNREPORTED | SKIPS_REPORTED)
#define WIDTH(call) errseq_##call
#define ONE_OBSERVER
#define HAS_LEAVE

typedef struct {
	pthread_mutex_t lock;
	errseq_cursor_t cursor;
} observer_t;

static inline void begin(observer_t *observer, errseq_cursor_t cursor)
{
	pthread_mutex_init(&observer->lock, NULL);
	observer->cursor = cursor;
}

static inline void leave(errseq_t *word, observer_t *observer)
{
	(void)word;
	pthread_mutex_destroy(&observer->lock);
}

static inline int check(errseq_t *word, observer_t *observer)
{
	int err;

	pthread_mutex_lock(&observer->lock);
	err = errseq_check(word, observer->cursor);
	pthread_mutex_unlock(&observer->lock);
	return err;
}

static inline int advance(errseq_t *word, observer_t *observer)
{
	int err;

	pthread_mutex_lock(&observer->lock);
	err = errseq_check_and_advance(word, &observer->cursor);
	pthread_mutex_unlock(&observer->lock);
	return err;
}

#include "errseq.h"
