/* SPDX-License-Identifier: MIT */
/*
 * Each call of the library, marked (call_marker.h) and its result judged by the oracle. A program that includes this
 * defines complain().
 */
#ifndef ERRSEQ_TESTS_CHECKED_CALLS_H
#define ERRSEQ_TESTS_CHECKED_CALLS_H

#include "../common/harness.h"
#include "../common/word.h"
#include "call_marker.h"
#include "oracle.h"
#include <errno.h>
#ifndef TEST_64
#include <errseq/wait.h>
#endif

enum {
	SHARED_CURSORS = 2
};

/* A word and all that is known of it. */
struct subject {
	_Alignas(64) errseq_t word;
	_Alignas(64) errseq_shared_cursor_t cursors[SHARED_CURSORS];
	struct oracle oracle;
	struct claims claims[SHARED_CURSORS];
};

/* `call` on word number `where` returned `result`, which is wrong, as `about` says. */
static void complain(const char *call, const char *about, unsigned long where, int result);

static inline int is_valid(value_t value)
{
	return value == 0 || ((value & 4095) != 0 && (!(value & REPORTED) || value & OBSERVED));
}

static inline int is_valid_cursor(value_t value)
{
	return is_valid(value) && (value == 0 || value & OBSERVED);
}

static inline void complain_if(const char *wrong, const char *call, unsigned w, int result)
{
	if (wrong)
		complain(call, wrong, w, result);
}

/* In all of these, `slot` is the caller's, and `w` is the number of the word. */
static inline void checked_set(struct call_marker *slot, struct subject *words, unsigned w,
			       int recorder)
{
	int err = begin_record(&words[w].oracle, recorder), result;

	IN_CALL(slot, IN_SET, result = errseq_set(&words[w].word, err));
	end_record(&words[w].oracle, recorder);
	complain_if(result ? "it did not record" : NULL, "errseq_set", w, result);
}

static inline void checked_advance(struct call_marker *slot, struct subject *words, unsigned w,
				   struct position *position)
{
	struct snapshot before = snapshot(&words[w].oracle);
	int err;

	IN_CALL(slot, IN_ADVANCE,
		err = errseq_check_and_advance(&words[w].word, &position->cursor));
	complain_if(judge_advance(&words[w].oracle, position, &before, err),
		    "errseq_check_and_advance", w, err);
}

static inline void checked_check(struct call_marker *slot, struct subject *words, unsigned w,
				 const struct position *position)
{
	struct snapshot before = snapshot(&words[w].oracle);
	int err;

	IN_CALL(slot, IN_CHECK, err = errseq_check(&words[w].word, position->cursor));
	complain_if(judge_check(&words[w].oracle, position, &before, err), "errseq_check", w, err);
}

/* Returns whether it got an error. */
static inline int checked_advance_shared(struct call_marker *slot, struct subject *words,
					 unsigned w, unsigned c)
{
	struct snapshot before = snapshot(&words[w].oracle);
	int err;

	IN_CALL(slot, IN_ADVANCE_SHARED,
		err = errseq_check_and_advance_shared(&words[w].word, &words[w].cursors[c]));
	complain_if(judge_advance_shared(&words[w].oracle, &words[w].claims[c], &before, err),
		    "errseq_check_and_advance_shared", w, err);
	return err != 0;
}

static inline void checked_check_shared(struct call_marker *slot, struct subject *words, unsigned w,
					unsigned c)
{
	struct snapshot before = snapshot(&words[w].oracle);
	int err;

	IN_CALL(slot, IN_CHECK_SHARED,
		err = errseq_check_shared(&words[w].word, &words[w].cursors[c]));
	complain_if(judge_check_shared(&words[w].oracle, &before, err), "errseq_check_shared", w,
		    err);
}

/* In two phases, through a shared cursor. The oracle counts a claim as it counts an advance. */
static inline void checked_claim(struct call_marker *slot, struct subject *words, unsigned w,
				 unsigned c)
{
	struct snapshot before = snapshot(&words[w].oracle);
	errseq_cursor_t from, at;
	int err = 0, settled;

	begin_call(slot, IN_CLAIM);
	from = errseq_shared_cursor_get(&words[w].cursors[c]);
	at = errseq_peek(&words[w].word);
	if (!errseq_cursor_same(at, from) &&
	    errseq_shared_cursor_move(&words[w].cursors[c], from, at))
		err = errseq_cursor_error(at);
	end_call(slot);
	complain_if(judge_advance_shared(&words[w].oracle, &words[w].claims[c], &before, err),
		    "errseq_shared_cursor_move", w, err);
	IN_CALL(slot, IN_SETTLE, settled = errseq_settle(&words[w].word, at));
	complain_if((settled | 1) == 1 ? NULL : "neither 0 nor 1", "errseq_settle", w, settled);
}

/* Peeks or samples, and checks and advances from there at once. */
static inline void checked_position(struct call_marker *slot, struct subject *words, unsigned w,
				    int by_peek)
{
	struct snapshot before = snapshot(&words[w].oracle);
	const char *call = by_peek ? "errseq_peek" : "errseq_sample";
	struct position position;
	const char *wrong;
	int err;

	IN_CALL(slot, by_peek ? IN_PEEK : IN_SAMPLE,
		position.cursor =
			by_peek ? errseq_peek(&words[w].word) : errseq_sample(&words[w].word));
	err = errseq_cursor_error(position.cursor);
	wrong = judge_position(&words[w].oracle, &position, &before);
	complain_if(is_valid_cursor(position.cursor) ? wrong : "that is no position", call, w, err);
	before = snapshot(&words[w].oracle);
	IN_CALL(slot, IN_SETTLE, err = errseq_settle(&words[w].word, position.cursor));
	/* The error that it settled is the latest, as if a check had returned 0. */
	complain_if(err && judge_nothing(&position, &before)
			    ? "it settled an error that is not at its position (G9)"
			    : NULL,
		    "errseq_settle", w, err);
	checked_check(slot, words, w, &position);
	checked_advance(slot, words, w, &position);
}

/* The calls that only show something; errseq_wait and errseq_wake, which are system calls, if `also_wait`. */
static inline void checked_others(struct call_marker *slot, struct subject *words, unsigned w,
				  unsigned c, const struct position *position, int also_wait)
{
	char buf[ERRSEQ_FORMAT_SIZE];
	value_t value, at;
	int length;

	begin_call(slot, IN_OTHERS);
	value = errseq_load(&words[w].word);
	at = errseq_shared_cursor_get(&words[w].cursors[c]);
	length = errseq_format(value, buf, sizeof(buf));
	end_call(slot);
	complain_if(is_valid(value) ? NULL : "no word may have that value", "errseq_load", w,
		    (int)value);
	complain_if(is_valid_cursor(at) ? NULL : "that is no position", "errseq_shared_cursor_get",
		    w, (int)at);
	complain_if(length == (int)strlen(buf) ? NULL : "its text has another length",
		    "errseq_format", w, length);
#if defined ERRSEQ_HAVE_WAIT && !defined TEST_64
	if (also_wait) {
		static const struct timespec long_past = { 0, 0 };
		int result;

		begin_call(slot, IN_OTHERS);
		result = errseq_wait(&words[w].word, position->cursor, &long_past);
		errseq_wake(&words[w].word);
		end_call(slot);
		complain_if(result == 0 || result == -ETIMEDOUT
				    ? NULL
				    : "neither an error nor the deadline",
			    "errseq_wait", w, result);
	}
#else
	(void)position;
	(void)also_wait;
#endif
}

/* Any call, by an observer with these cursors, who records under this number unless it is -1. */
static inline void checked_any(struct call_marker *slot, struct subject *words, unsigned w,
			       unsigned what, struct position *position, int recorder)
{
	unsigned c = what / 1024 % SHARED_CURSORS;

	switch (what % 32) {
	case 0:
		checked_others(slot, words, w, c, position, what / 4096 % 64 == 0);
		break;
	case 4:
		checked_check(slot, words, w, position);
		break;
	case 12:
		checked_claim(slot, words, w, 1); /* of 0, signals.c knows who advanced it */
		break;
	case 8:
		checked_check_shared(slot, words, w, c);
		break;
	default:
		if (what % 4 == 0 && recorder >= 0)
			checked_set(slot, words, w, recorder);
		else if (what % 4 == 1)
			checked_advance(slot, words, w, position);
		else if (what % 4 == 2)
			checked_advance_shared(slot, words, w, c);
		else
			checked_position(slot, words, w, what / 32 % 2);
	}
}

/* After all that was done to them, the words still work. */
static inline void words_still_work(struct subject *words, unsigned count)
{
	unsigned w;

	for (w = 0; w < count; w++) {
		errseq_t *word = &words[w].word;
		errseq_shared_cursor_t *shared = &words[w].cursors[0];
		errseq_cursor_t cursor = errseq_peek(word);

		assert_true(is_valid(errseq_load(word)));
		assert_true(errseq_check_and_advance_shared(word, shared) <= 0);
		assert_int_equal(errseq_check_and_advance_shared(word, shared), 0);
		assert_int_equal(errseq_check_and_advance(word, &cursor), 0);
		assert_int_equal(errseq_set(word, -EIO), 0);
		assert_int_equal(errseq_check_and_advance(word, &cursor), -EIO);
		assert_int_equal(errseq_check_and_advance(word, &cursor), 0);
		assert_int_equal(errseq_check_and_advance_shared(word, shared), -EIO);
		assert_int_equal(errseq_check_and_advance_shared(word, shared), 0);
	}
}

#endif
