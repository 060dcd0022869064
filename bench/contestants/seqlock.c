/* SPDX-License-Identifier: MIT */
/*
 * A generation that is read without a lock, and the error beside it under a seqlock: odd while somebody writes.
 * Recorders wait for each other, and one that dies in between stops everyone. Nothing says whether the error was
 * reported: a new observer gets only later errors.
 */
#include "../contestant.h"
#include <sched.h>

#define CONTESTANT contestant_seqlock
#define NAME	   "seqlock"
#define ABOUT	   "an atomic generation, and the errno under a seqlock"
#define GIVES	   (EACH_ONCE | LATEST | AGAIN | SKIPS_REPORTED | SHARED_MEMORY)

typedef struct {
	_Atomic(uint32_t) sequence;
	atomic_int error;
} word_t;
typedef uint32_t observer_t; /* a sequence, even */

static inline void word_init(word_t *word)
{
	atomic_init(&word->sequence, 0);
	atomic_init(&word->error, 0);
}

static inline int record(word_t *word, int err)
{
	uint32_t old = atomic_load_explicit(&word->sequence, memory_order_relaxed);
	int turns = 0;

	while (old % 2 != 0 ||
	       !atomic_compare_exchange_weak_explicit(&word->sequence, &old, old + 1,
						      memory_order_acquire, memory_order_relaxed)) {
		relax();
		if (++turns % 1024 == 0)
			sched_yield();
		old = atomic_load_explicit(&word->sequence, memory_order_relaxed);
	}
	atomic_thread_fence(memory_order_release); /* odd, before the error changes */
	atomic_store_explicit(&word->error, err, memory_order_relaxed);
	atomic_store_explicit(&word->sequence, old + 2, memory_order_release);
	return 0;
}

/* The error, and the even sequence that it is of. */
static inline int read_whole(word_t *word, uint32_t *sequence)
{
	for (;;) {
		uint32_t before = atomic_load_explicit(&word->sequence, memory_order_acquire);
		int error = atomic_load_explicit(&word->error, memory_order_relaxed);

		atomic_thread_fence(memory_order_acquire);
		*sequence = atomic_load_explicit(&word->sequence, memory_order_relaxed);
		if (before == *sequence && before % 2 == 0)
			return error;
		relax();
	}
}

/* Before a record that is being written: it is news. */
static inline void sample(word_t *word, observer_t *observer)
{
	*observer = atomic_load_explicit(&word->sequence, memory_order_acquire) & ~1u;
}

static inline int advance(word_t *word, observer_t *observer)
{
	uint32_t now = atomic_load_explicit(&word->sequence, memory_order_relaxed);

	if (LIKELY(now == *observer))
		return 0;
	return read_whole(word, observer);
}

static inline int check(word_t *word, const observer_t *observer)
{
	observer_t position = *observer;

	return advance(word, &position);
}

#include "loops.h"
