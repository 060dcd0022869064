/* SPDX-License-Identifier: MIT */
/* Short names for the atomic operations of tests. Each names its memory order. */
#ifndef ERRSEQ_TESTS_ATOMICS_H
#define ERRSEQ_TESTS_ATOMICS_H

#include <stdatomic.h>

#define load_relaxed(object)	     atomic_load_explicit(object, memory_order_relaxed)
#define load_acquire(object)	     atomic_load_explicit(object, memory_order_acquire)
#define store_relaxed(object, value) atomic_store_explicit(object, value, memory_order_relaxed)
#define store_release(object, value) atomic_store_explicit(object, value, memory_order_release)
#define add_relaxed(object, value)   atomic_fetch_add_explicit(object, value, memory_order_relaxed)

#endif
