/* SPDX-License-Identifier: MIT */
/* Fast and wrong: whoever looks first takes the error away from all others. Linux did so for a long time. */
#include "../bench.h"

#define CONTESTANT contestant_sticky
#define NAME	   "sticky"
#define ABOUT	   "one sticky atomic flag; wrong: only the first who asks is told"
#define GIVES	   (LATEST | SAME_AGAIN | OWED | PAST | NO_LOCK | FLAT_MEMORY)

typedef atomic_int word_t;
typedef char observer_t; /* has no position */

static inline void word_init(word_t *word)
{
	atomic_init(word, 0);
}

static inline void word_end(word_t *word)
{
	(void)word;
}

static inline int record(word_t *word, int err)
{
	atomic_store_explicit(word, err, memory_order_release);
	return 0;
}

static inline void sample(word_t *word, observer_t *observer)
{
	(void)word;
	*observer = 0;
}

static inline void leave(word_t *word, observer_t *observer)
{
	(void)word;
	(void)observer;
}

static inline int check(word_t *word, observer_t *observer)
{
	(void)observer;
	return atomic_load_explicit(word, memory_order_acquire);
}

static inline int advance(word_t *word, observer_t *observer)
{
	(void)observer;
	if (LIKELY(atomic_load_explicit(word, memory_order_relaxed) == 0))
		return 0;
	return atomic_exchange_explicit(word, 0, memory_order_acquire);
}

#include "../workloads.h"
