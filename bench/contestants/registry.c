/* SPDX-License-Identifier: MIT */
/*
 * All observers are in a list under a lock, and an error is pushed to each of them, as a network filesystem's client
 * does: a check is cheap, and the cost of a record grows with the number of observers.
 */
#include "../contestant.h"
#include <pthread.h>

#define HAS_END
#define HAS_LEAVE
#define CONTESTANT contestant_registry
#define NAME	   "registry"
#define ABOUT	   "a list of observers under a pthread_mutex; each error is pushed to all"
#define GIVES	   (EACH_ONCE | LATEST | AGAIN | SKIPS_REPORTED)

typedef struct observer {
	struct observer *next, **link; /* what points here */
	atomic_int error;	       /* not reported to this observer yet */
} observer_t;
typedef struct {
	pthread_mutex_t lock;
	observer_t *first;
} word_t;

static inline void word_init(word_t *word)
{
	pthread_mutex_init(&word->lock, NULL);
	word->first = NULL;
}

static inline void word_end(word_t *word)
{
	pthread_mutex_destroy(&word->lock);
}

static inline int record(word_t *word, int err)
{
	observer_t *observer;

	pthread_mutex_lock(&word->lock);
	for (observer = word->first; observer; observer = observer->next)
		atomic_store_explicit(&observer->error, err, memory_order_release);
	pthread_mutex_unlock(&word->lock);
	return 0;
}

static inline void sample(word_t *word, observer_t *observer)
{
	atomic_init(&observer->error, 0);
	pthread_mutex_lock(&word->lock);
	observer->next = word->first;
	observer->link = &word->first;
	if (observer->next)
		observer->next->link = &observer->next;
	word->first = observer;
	pthread_mutex_unlock(&word->lock);
}

static inline void leave(word_t *word, observer_t *observer)
{
	pthread_mutex_lock(&word->lock);
	*observer->link = observer->next;
	if (observer->next)
		observer->next->link = observer->link;
	pthread_mutex_unlock(&word->lock);
}

static inline int check(word_t *word, observer_t *observer)
{
	(void)word;
	return atomic_load_explicit(&observer->error, memory_order_acquire);
}

static inline int advance(word_t *word, observer_t *observer)
{
	(void)word;
	if (LIKELY(atomic_load_explicit(&observer->error, memory_order_relaxed) == 0))
		return 0;
	return atomic_exchange_explicit(&observer->error, 0, memory_order_acquire);
}

#include "loops.h"
