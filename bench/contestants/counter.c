/* SPDX-License-Identifier: MIT */
/*
 * A counter of errors: a record is one bare read-modify-write, without the load before it that a compare-exchange
 * needs. It is what a record costs at the least. An observer learns that something failed, not what.
 */
#include "../contestant.h"

#include <errno.h>

#define CONTESTANT contestant_counter
#define NAME	   "counter"
#define ABOUT	   "a counter: one fetch-and-add, without a load before it; no errno"
#define GIVES	   (EACH_ONCE | AGAIN | SKIPS_REPORTED | NO_LOCK | SHARED_MEMORY)

typedef struct {
	_Atomic(uint32_t) value;
} word_t;
typedef uint32_t observer_t;

static inline void word_init(word_t *word)
{
	atomic_init(&word->value, 0);
}

static inline int record(word_t *word, int err)
{
	(void)err;
	atomic_fetch_add_explicit(&word->value, 1, memory_order_release);
	return 0;
}

static inline void sample(word_t *word, observer_t *observer)
{
	*observer = atomic_load_explicit(&word->value, memory_order_acquire);
}

static inline int check(word_t *word, const observer_t *observer)
{
	uint32_t now = atomic_load_explicit(&word->value, memory_order_acquire);

	return LIKELY(now == *observer) ? 0 : -EIO;
}

static inline int advance(word_t *word, observer_t *observer)
{
	uint32_t now = atomic_load_explicit(&word->value, memory_order_acquire);

	if (LIKELY(now == *observer))
		return 0;
	*observer = now;
	return -EIO;
}

#include "loops.h"
