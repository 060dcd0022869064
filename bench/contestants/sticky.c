/* SPDX-License-Identifier: MIT */
/* Fast and wrong: the first check takes the error away from all other observers. Linux did so for a long time. */
#include "../contestant.h"

#define CONTESTANT contestant_sticky
#define NAME	   "sticky"
#define ABOUT	   "one sticky atomic flag; wrong: only the first observer gets the error"
#define GIVES	   (LATEST | AGAIN | UNREPORTED | SKIPS_REPORTED | NO_LOCK | SHARED_MEMORY)

typedef atomic_int word_t;
typedef char observer_t; /* has no position */

static inline void word_init(word_t *word)
{
	atomic_init(word, 0);
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

static inline int check(word_t *word, const observer_t *observer)
{
	(void)observer;
	return atomic_load_explicit(word, memory_order_acquire);
}

static inline int advance(word_t *word, const observer_t *observer)
{
	(void)observer;
	if (LIKELY(atomic_load_explicit(word, memory_order_relaxed) == 0))
		return 0;
	return atomic_exchange_explicit(word, 0, memory_order_acquire);
}

#include "loops.h"
