/* SPDX-License-Identifier: MIT */
/*
 * Stands before the compiler's <stdatomic.h> on the include path of some tests, so that the shipped
 * source runs as it is, with each of its atomic operations seen by trace.c.
 */
#pragma GCC system_header
#ifndef ERRSEQ_TESTS_SHIM_STDATOMIC_H
#define ERRSEQ_TESTS_SHIM_STDATOMIC_H
#include_next <stdatomic.h>
#include "trace.h"

#undef atomic_load_explicit
#undef atomic_store_explicit
#undef atomic_fetch_or_explicit
#undef atomic_compare_exchange_weak_explicit
#undef atomic_compare_exchange_strong_explicit
#undef atomic_thread_fence

/* The value in the object's own type; clang casts nothing to an atomic one. */
#define TRACE_AS_WIDE_AS(object, value) \
	__builtin_choose_expr(sizeof(*(object)) == 8, value, (uint32_t)(value))

#define atomic_load_explicit(object, order) \
	TRACE_AS_WIDE_AS(object,            \
			 trace_load((const volatile void *)(object), sizeof(*(object)), order))
#define atomic_store_explicit(object, value, order) \
	trace_store((volatile void *)(object), sizeof(*(object)), value, order)
#define atomic_fetch_or_explicit(object, bits, order)                                         \
	TRACE_AS_WIDE_AS(object, trace_fetch_or((volatile void *)(object), sizeof(*(object)), \
						bits, order))
#define atomic_compare_exchange_weak_explicit(object, expected, desired, success, failure)       \
	trace_exchange((volatile void *)(object), sizeof(*(object)), expected, desired, success, \
		       failure)
/* A strong one does not fail by itself. */
#define atomic_compare_exchange_strong_explicit(object, expected, desired, success, failure)     \
	trace_exchange((volatile void *)(object), sizeof(*(object)), expected, desired, success, \
		       failure)
#define atomic_thread_fence(order) trace_fence(order)

#endif
