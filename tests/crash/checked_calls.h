/* SPDX-License-Identifier: MIT */
/*
 * Calls whose results are judged by the ledger, for those who may be interrupted or killed in them. Whoever
 * includes this has a function complain().
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

/* `call` on word number `where` returned `result`, which is wrong, for `about`. */
static void complain(const char *call, const char *about, unsigned long where, int result);

static inline int is_valid(value_t value)
{
	return value == 0 || ((value & 4095) != 0 && (!(value & REPORTED) || value & OBSERVED));
}

static inline int is_valid_cursor(value_t value)
{
	return is_valid(value) && (value == 0 || value & OBSERVED);
}

/* `slot` is the caller's, `w` the number of the word. */
static inline void checked_set(struct call_marker *slot, struct subject *words, unsigned w,
			       int recorder)
{
	int err = begin_record(&words[w].oracle, recorder), result;

	begin_call(slot, IN_SET);
	result = errseq_set(&words[w].word, err);
	end_call(slot);
	end_record(&words[w].oracle, recorder);
	if (result != 0)
		complain("errseq_set", "it did not record", w, result);
}

static inline void checked_advance(struct call_marker *slot, struct subject *words, unsigned w,
				   struct position *position)
{
	struct snapshot before = snapshot(&words[w].oracle);
	const char *wrong;
	int err;

	begin_call(slot, IN_ADVANCE);
	err = errseq_check_and_advance(&words[w].word, &position->cursor);
	end_call(slot);
	wrong = judge_advance(&words[w].oracle, position, &before, err);
	if (wrong)
		complain("errseq_check_and_advance", wrong, w, err);
}

static inline void checked_check(struct call_marker *slot, struct subject *words, unsigned w,
				 const struct position *position)
{
	struct snapshot before = snapshot(&words[w].oracle);
	const char *wrong;
	int err;

	begin_call(slot, IN_CHECK);
	err = errseq_check(&words[w].word, position->cursor);
	end_call(slot);
	wrong = judge_check(&words[w].oracle, position, &before, err);
	if (wrong)
		complain("errseq_check", wrong, w, err);
}

/* Returns whether it was told of an error. */
static inline int checked_advance_shared(struct call_marker *slot, struct subject *words,
					 unsigned w, unsigned c)
{
	struct snapshot before = snapshot(&words[w].oracle);
	const char *wrong;
	int err;

	begin_call(slot, IN_ADVANCE_SHARED);
	err = errseq_check_and_advance_shared(&words[w].word, &words[w].cursors[c]);
	end_call(slot);
	wrong = err ? judge_advance_shared(&words[w].oracle, &words[w].claims[c], &before, err)
		    : NULL;
	if (wrong)
		complain("errseq_check_and_advance_shared", wrong, w, err);
	return err != 0;
}

static inline void checked_check_shared(struct call_marker *slot, struct subject *words, unsigned w,
					unsigned c)
{
	struct snapshot before = snapshot(&words[w].oracle);
	const char *wrong;
	int err;

	begin_call(slot, IN_CHECK_SHARED);
	err = errseq_check_shared(&words[w].word, &words[w].cursors[c]);
	end_call(slot);
	wrong = judge_check_shared(&words[w].oracle, &before, err);
	if (wrong)
		complain("errseq_check_shared", wrong, w, err);
}

/* Peeks or samples, and looks from there at once. */
static inline void checked_position(struct call_marker *slot, struct subject *words, unsigned w,
				    int by_peek)
{
	struct snapshot before = snapshot(&words[w].oracle);
	struct position position;
	const char *wrong;

	begin_call(slot, by_peek ? IN_PEEK : IN_SAMPLE);
	position.cursor = by_peek ? errseq_peek(&words[w].word) : errseq_sample(&words[w].word);
	end_call(slot);
	wrong = judge_position(&words[w].oracle, &position, &before);
	if (!is_valid_cursor(position.cursor))
		wrong = "that is no position";
	if (wrong)
		complain(by_peek ? "errseq_peek" : "errseq_sample", wrong, w,
			 errseq_cursor_error(position.cursor));
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
	if (!is_valid(value))
		complain("errseq_load", "no word may have that value", w, (int)value);
	if (!is_valid_cursor(at))
		complain("errseq_shared_cursor_get", "that is no position", w, (int)at);
	if (length != (int)strlen(buf))
		complain("errseq_format", "its text has another length", w, length);
#if defined ERRSEQ_HAVE_WAIT && !defined TEST_64
	if (also_wait) {
		static const struct timespec long_past = { 0, 0 };

		begin_call(slot, IN_OTHERS);
		length = errseq_wait(&words[w].word, position->cursor, &long_past);
		errseq_wake(&words[w].word);
		end_call(slot);
		if (length != 0 && length != -ETIMEDOUT)
			complain("errseq_wait", "neither news nor the deadline", w, length);
	}
#else
	(void)position;
	(void)also_wait;
#endif
}

/* Any call, on any word, by somebody who looks through these cursors and, unless -1, records under this number. */
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

/* After all that was done to them, the words serve whoever comes. */
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
