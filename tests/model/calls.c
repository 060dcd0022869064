/* SPDX-License-Identifier: MIT */
/* The API as a list of calls, with the header's inline code. */
#include "explore.h"
#ifndef TEST_64
#include <errseq/wait.h>
#endif

/* As in errseq.h, with the cursor moved before the delivery: 0 if there is no new error, LOST, or the error. */
static int claim(errseq_t *word, errseq_shared_cursor_t *shared, errseq_cursor_t *cursor)
{
	errseq_cursor_t from = errseq_shared_cursor_get(shared);
	errseq_cursor_t at = errseq_peek(word);

	if (errseq_cursor_same(at, from))
		return 0;
	if (!errseq_shared_cursor_move(shared, from, at))
		return LOST;
	*cursor = at;
	return errseq_cursor_error(at);
}

#define CALL(name, does)                                                           \
	static int64_t call_##name(errseq_t *word, errseq_shared_cursor_t *shared, \
				   errseq_cursor_t *cursor)                        \
	{                                                                          \
		(void)word;                                                        \
		(void)shared;                                                      \
		(void)cursor;                                                      \
		return (int64_t)(does);                                            \
	}

CALL(set_a, errseq_set(word, -ERROR_A))
CALL(set_b, errseq_set(word, -ERROR_B))
CALL(sample, *cursor = errseq_sample(word))
CALL(peek, *cursor = errseq_peek(word))
CALL(check, errseq_check(word, *cursor))
CALL(advance, errseq_check_and_advance(word, cursor))
CALL(check_shared, errseq_check_shared(word, shared))
CALL(advance_shared, errseq_check_and_advance_shared(word, shared))
CALL(get, *cursor = errseq_shared_cursor_get(shared))
CALL(load, errseq_load(word))
CALL(settle, errseq_settle(word, *cursor))
CALL(claim, claim(word, shared, cursor))

#if defined ERRSEQ_HAVE_WAIT && !defined TEST_64
#define WAITING 1
CALL(wait, errseq_wait(word, *cursor, NULL))
CALL(wake, (errseq_wake(word), 0))
#else
#define WAITING	  0
#define call_wait NULL
#define call_wake NULL
#endif

const struct call_kind call_kinds[CALLS] = {
	[SET_A] = { "set A", call_set_a, .records = 1, .is_here = 1 },
	[SET_B] = { "set B", call_set_b, .records = 1, .is_here = 1 },
	[SAMPLE] = { "sample", call_sample, .takes = 1, .is_here = 1 },
	[PEEK] = { "peek", call_peek, .takes = 1, .is_here = 1 },
	[CHECK] = { "check", call_check, .looks = 1, .uses = 1, .is_here = 1 },
	[ADVANCE] = { "advance", call_advance, .looks = 1, .uses = 1, .is_here = 1 },
	[CHECK_SHARED] = { "check_shared", call_check_shared, .looks = 1, .is_shared = 1,
			   .is_here = 1 },
	[ADVANCE_SHARED] = { "advance_shared", call_advance_shared, .looks = 1, .is_shared = 1,
			     .moves = 1, .is_here = 1 },
	[GET] = { "get", call_get, .takes = 1, .is_shared = 1, .is_here = 1 },
	[LOAD] = { "load", call_load, .is_here = 1 },
	[SETTLE] = { "settle", call_settle, .uses = 1, .is_here = 1 },
	[CLAIM] = { "claim", call_claim, .looks = 1, .is_shared = 1, .moves = 1, .is_here = 1 },
	[WAIT] = { "wait", call_wait, .uses = 1, .is_here = WAITING },
	[WAKE] = { "wake", call_wake, .is_here = WAITING },
};
