/* SPDX-License-Identifier: MIT */
/*
 * Around each call of the library a caller writes down which one it is in, so that whoever finds it dead, or
 * interrupts it, knows whether that was inside.
 */
#ifndef ERRSEQ_TESTS_CALL_MARKER_H
#define ERRSEQ_TESTS_CALL_MARKER_H

#include <stdatomic.h>
#include <stdio.h>

enum call {
	OUTSIDE,
	IN_SET,
	IN_SAMPLE,
	IN_PEEK,
	IN_CHECK,
	IN_ADVANCE,
	IN_CHECK_SHARED,
	IN_ADVANCE_SHARED,
	IN_OTHERS,
	CALLS
};

static const char *const call_names[CALLS] = {
	"outside", "set",	   "sample",	     "peek",  "check",
	"advance", "check shared", "advance shared", "others"
};

struct call_marker {
	_Alignas(64) atomic_int inside; /* enum call */
	atomic_ulong progress;		/* how often it got on */
};

/* relaxed, in this order for whoever dies: a signal comes between two instructions */
static inline void begin_call(struct call_marker *slot, enum call call)
{
	atomic_store_explicit(&slot->inside, (int)call, memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst);
}

static inline void end_call(struct call_marker *slot)
{
	atomic_signal_fence(memory_order_seq_cst);
	atomic_store_explicit(&slot->inside, OUTSIDE, memory_order_relaxed);
}

/* Prints how often something happened where; returns how often it was inside a call. */
static inline unsigned long count_inside(const char *what, const unsigned long times[CALLS])
{
	unsigned long all = 0, inside = 0;
	int i;

	for (i = 0; i < CALLS; i++) {
		all += times[i];
		inside += i == OUTSIDE ? 0 : times[i];
	}
	printf("%lu %s, %lu of them inside a call:", all, what, inside);
	for (i = OUTSIDE + 1; i < CALLS; i++)
		printf(" %s %lu%s", call_names[i], times[i], i + 1 < CALLS ? "," : "\n");
	return inside;
}

#endif
