/* SPDX-License-Identifier: MIT */
/* Test and test-and-set: it waits by reading, and gives the processor away if it waits for long. */
#include "../contestant.h"
#include <sched.h>

#define CONTESTANT contestant_spinlock
#define NAME	   "spinlock"
#define ABOUT	   "a spinlock of one atomic around {errno, generation, reported}"
#define GIVES	   (EACH_ONCE | LATEST | AGAIN | UNREPORTED | SKIPS_REPORTED | SHARED_MEMORY)

typedef atomic_int lock_t;

static inline void spin_lock(lock_t *lock)
{
	int turns = 0;

	while (atomic_exchange_explicit(lock, 1, memory_order_acquire))
		while (atomic_load_explicit(lock, memory_order_relaxed)) {
			relax();
			if (++turns % 1024 == 0)
				sched_yield();
		}
}

static inline void spin_unlock(lock_t *lock)
{
	atomic_store_explicit(lock, 0, memory_order_release);
}

#define lock_init(lock) atomic_init(lock, 0)
#define lock_end(lock)	((void)(lock))
#define lock(of)	spin_lock(of)
#define unlock(of)	spin_unlock(of)

#include "guarded.h"
