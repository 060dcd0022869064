/* SPDX-License-Identifier: MIT */
/*
 * Each caller marks which call of the library it is in. So whoever finds it dead, or interrupts it, knows whether that
 * was inside a call.
 */
#ifndef ERRSEQ_TESTS_CALL_MARKER_H
#define ERRSEQ_TESTS_CALL_MARKER_H

#include "../common/atomics.h"
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
	IN_SETTLE,
	IN_CLAIM,
	IN_OTHERS,
	CALLS
};

static const char *const call_names[CALLS] = {
	"outside",	  "set",    "sample", "peek",  "check", "advance", "check shared",
	"advance shared", "settle", "claim",  "others"
};

struct call_marker {
	_Alignas(64) atomic_int inside; /* enum call */
	atomic_ulong progress;		/* how often it got on */
};

/* relaxed: a signal or a death comes between two instructions, and they stay in this order */
static inline void begin_call(struct call_marker *slot, enum call call)
{
	store_relaxed(&slot->inside, (int)call);
	atomic_signal_fence(memory_order_seq_cst);
}

static inline void end_call(struct call_marker *slot)
{
	atomic_signal_fence(memory_order_seq_cst);
	store_relaxed(&slot->inside, OUTSIDE);
}

/* One statement, with a call in it. */
#define IN_CALL(marker, call, statement)  \
	do {                              \
		begin_call(marker, call); \
		statement;                \
		end_call(marker);         \
	} while (0)

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
