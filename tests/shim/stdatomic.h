/* SPDX-License-Identifier: MIT */
/*
 * Stands before the compiler's <stdatomic.h> on the include path of some tests, so that the shipped
 * source runs as it is, with each of its atomic operations seen by trace.c, or answered by
 * tests/model/steps.c. It has all operations, not only those that the source uses today.
 */
#pragma GCC system_header
#ifndef ERRSEQ_TESTS_SHIM_STDATOMIC_H
#define ERRSEQ_TESTS_SHIM_STDATOMIC_H
#include_next <stdatomic.h>
#include "trace.h"

/* The value in the object's own type; clang casts nothing to an atomic one. */
#define TRACE_AS_WIDE_AS(object, value) \
	__builtin_choose_expr(sizeof(*(object)) == 8, value, (uint32_t)(value))
#define TRACE_CHANGE(object, change, operand, order)                                        \
	TRACE_AS_WIDE_AS(object, trace_change((volatile void *)(object), sizeof(*(object)), \
					      change, operand, order))
#define TRACE_COMPARE(object, expected, desired, is_weak, success, failure)                     \
	trace_compare_exchange((volatile void *)(object), sizeof(*(object)), expected, desired, \
			       is_weak, success, failure)

#undef atomic_load_explicit
#undef atomic_store_explicit
#undef atomic_exchange_explicit
#undef atomic_fetch_or_explicit
#undef atomic_fetch_and_explicit
#undef atomic_fetch_xor_explicit
#undef atomic_fetch_add_explicit
#undef atomic_fetch_sub_explicit
#undef atomic_compare_exchange_weak_explicit
#undef atomic_compare_exchange_strong_explicit
#undef atomic_thread_fence
#define atomic_load_explicit(object, order) \
	TRACE_AS_WIDE_AS(object,            \
			 trace_load((const volatile void *)(object), sizeof(*(object)), order))
#define atomic_store_explicit(object, value, order) \
	trace_store((volatile void *)(object), sizeof(*(object)), value, order)
#define atomic_exchange_explicit(object, value, order) \
	TRACE_CHANGE(object, TRACE_EXCHANGE, value, order)
#define atomic_fetch_or_explicit(object, bits, order)  TRACE_CHANGE(object, TRACE_OR, bits, order)
#define atomic_fetch_and_explicit(object, bits, order) TRACE_CHANGE(object, TRACE_AND, bits, order)
#define atomic_fetch_xor_explicit(object, bits, order) TRACE_CHANGE(object, TRACE_XOR, bits, order)
#define atomic_fetch_add_explicit(object, value, order) \
	TRACE_CHANGE(object, TRACE_ADD, value, order)
#define atomic_fetch_sub_explicit(object, value, order) \
	TRACE_CHANGE(object, TRACE_SUB, value, order)
#define atomic_compare_exchange_weak_explicit(object, expected, desired, success, failure) \
	TRACE_COMPARE(object, expected, desired, 1, success, failure)
#define atomic_compare_exchange_strong_explicit(object, expected, desired, success, failure) \
	TRACE_COMPARE(object, expected, desired, 0, success, failure)
#define atomic_thread_fence(order) trace_fence(order)

#undef atomic_load
#undef atomic_store
#undef atomic_exchange
#undef atomic_fetch_or
#undef atomic_fetch_and
#undef atomic_fetch_xor
#undef atomic_fetch_add
#undef atomic_fetch_sub
#undef atomic_compare_exchange_weak
#undef atomic_compare_exchange_strong
#define atomic_load(object)	       atomic_load_explicit(object, memory_order_seq_cst)
#define atomic_store(object, value)    atomic_store_explicit(object, value, memory_order_seq_cst)
#define atomic_exchange(object, value) atomic_exchange_explicit(object, value, memory_order_seq_cst)
#define atomic_fetch_or(object, bits)  atomic_fetch_or_explicit(object, bits, memory_order_seq_cst)
#define atomic_fetch_and(object, bits) atomic_fetch_and_explicit(object, bits, memory_order_seq_cst)
#define atomic_fetch_xor(object, bits) atomic_fetch_xor_explicit(object, bits, memory_order_seq_cst)
#define atomic_fetch_add(object, value) \
	atomic_fetch_add_explicit(object, value, memory_order_seq_cst)
#define atomic_fetch_sub(object, value) \
	atomic_fetch_sub_explicit(object, value, memory_order_seq_cst)
#define atomic_compare_exchange_weak(object, expected, desired) \
	TRACE_COMPARE(object, expected, desired, 1, memory_order_seq_cst, memory_order_seq_cst)
#define atomic_compare_exchange_strong(object, expected, desired) \
	TRACE_COMPARE(object, expected, desired, 0, memory_order_seq_cst, memory_order_seq_cst)

#endif
