/* SPDX-License-Identifier: MIT */
/*
 * What a good engineer writes first: errno and generation in one 64-bit word, which each record changes. There are no
 * flags, so nothing says whether the error was reported: a new observer gets only later errors.
 */
#include "../contestant.h"

#include <errseq/errseq.h> /* which 64-bit atomics there are */
#ifdef ERRSEQ_HAVE_64

#define CONTESTANT contestant_packed
#define NAME	   "packed"
#define ABOUT	   "{generation, errno} in one atomic of 64 bits"
#define GIVES	   (EACH_ONCE | LATEST | AGAIN | SKIPS_REPORTED | NO_LOCK | SHARED_MEMORY)

typedef struct {
	_Atomic(uint64_t) value; /* generation << 16 | errno */
} word_t;
typedef uint64_t observer_t; /* a value */

static inline void word_init(word_t *word)
{
	atomic_init(&word->value, 0);
}

static inline int record(word_t *word, int err)
{
	uint64_t old = atomic_load_explicit(&word->value, memory_order_relaxed);

	while (!atomic_compare_exchange_weak_explicit(&word->value, &old,
						      ((old >> 16) + 1) << 16 | (unsigned)-err,
						      memory_order_release, memory_order_relaxed))
		;
	return 0;
}

static inline void sample(word_t *word, observer_t *observer)
{
	*observer = atomic_load_explicit(&word->value, memory_order_acquire);
}

static inline int error_in(uint64_t value)
{
	return -(int)(value & 0xffff);
}

static inline int advance(word_t *word, observer_t *observer)
{
	uint64_t now = atomic_load_explicit(&word->value, memory_order_relaxed);

	if (LIKELY(now == *observer))
		return 0;
	atomic_thread_fence(memory_order_acquire);
	*observer = now;
	return error_in(now);
}

static inline int check(word_t *word, const observer_t *observer)
{
	observer_t position = *observer;

	return advance(word, &position);
}

#include "loops.h"
#endif
