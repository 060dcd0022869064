/* SPDX-License-Identifier: MIT */
/*
 * The floor: the bare instructions of libErrseq's design. A check is a relaxed load, a compare and a branch. A record
 * is one compare-exchange, and so is the first report of an error; a later report is a load and a store. The word
 * counts errors, and is odd when the error was reported. It holds no errno, and an observer that samples an even word
 * misses the next error: worth nothing as an algorithm.
 */
#include "../contestant.h"

#include <errno.h>

#define CONTESTANT contestant_floor
#define NAME	   "floor"
#define ABOUT	   "the bare instructions: load, compare, branch; or one compare-exchange"
#define GIVES	   (AGAIN | SKIPS_REPORTED | NO_LOCK | SHARED_MEMORY)
#define HAS_PEEK

typedef struct {
	_Atomic(uint32_t) value;
} word_t;
typedef uint32_t observer_t;

static inline void word_init(word_t *word)
{
	atomic_init(&word->value, 1);
}

static inline int record(word_t *word, int err)
{
	uint32_t old = atomic_load_explicit(&word->value, memory_order_relaxed);

	(void)err;
	while (!atomic_compare_exchange_weak_explicit(&word->value, &old, old + old % 2,
						      memory_order_release, memory_order_relaxed))
		;
	return 0;
}

static inline void sample(word_t *word, observer_t *observer)
{
	*observer = atomic_load_explicit(&word->value, memory_order_relaxed);
}

/* The value, odd from now on. */
static inline uint32_t mark(word_t *word, uint32_t now)
{
	while (now % 2 == 0 &&
	       !atomic_compare_exchange_weak_explicit(&word->value, &now, now + 1,
						      memory_order_acquire, memory_order_relaxed))
		;
	return now | 1;
}

static inline void peek(word_t *word, observer_t *observer)
{
	*observer = mark(word, atomic_load_explicit(&word->value, memory_order_relaxed));
}

static inline int check(word_t *word, const observer_t *observer)
{
	uint32_t now = atomic_load_explicit(&word->value, memory_order_relaxed);

	return LIKELY(now == *observer) ? 0 : -EIO;
}

static inline int advance(word_t *word, observer_t *observer)
{
	uint32_t now = atomic_load_explicit(&word->value, memory_order_relaxed);

	if (LIKELY(now == *observer))
		return 0;
	*observer = mark(word, now);
	return -EIO;
}

#include "loops.h"
