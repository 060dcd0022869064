/* SPDX-License-Identifier: MIT */
/*
 * What the library does to a word, step by step, in one thread. Each atomic operation is written down,
 * and a test may let something else happen to the word just before the n-th of them.
 */
#ifndef ERRSEQ_TESTS_SHIM_TRACE_H
#define ERRSEQ_TESTS_SHIM_TRACE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Forgets the steps so far. Before step `step` (1 is the first), `interfere(argument)` runs once. */
void trace_begin(int step, void (*interfere)(void *), void *argument);

/* Ends it; returns the steps since trace_begin, such as "load relaxed; exchange release/relaxed". */
const char *trace_end(void);

/* How many there were. */
int trace_steps(void);

/* The next `times` exchanges fail although nobody interfered, as weak ones may on some machines. */
void trace_fail_exchanges(int times);

/* All weak ones do. */
void trace_fail_weak_exchanges(int always);

/* Steps on this object are called "cursor load" and so on. */
void trace_call_cursor(const volatile void *object);

uint64_t trace_load(const volatile void *object, unsigned size, int order);
void trace_store(volatile void *object, unsigned size, uint64_t value, int order);

enum trace_change {
	TRACE_EXCHANGE,
	TRACE_OR,
	TRACE_AND,
	TRACE_XOR,
	TRACE_ADD,
	TRACE_SUB
};
uint64_t trace_change(volatile void *object, unsigned size, enum trace_change change,
		      uint64_t operand, int order);
int trace_compare_exchange(volatile void *object, unsigned size, void *expected, uint64_t desired,
			   int is_weak, int success, int failure);
void trace_fence(int order);

#ifdef __cplusplus
}
#endif

#endif
