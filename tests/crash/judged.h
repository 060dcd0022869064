/* SPDX-License-Identifier: MIT */
/*
 * Calls whose results are judged by the ledger, for those who may be interrupted or killed in them. Whoever
 * includes this has a function complain().
 */
#ifndef ERRSEQ_TESTS_JUDGED_H
#define ERRSEQ_TESTS_JUDGED_H

#include "../common/word.h"
#include "inside.h"
#include "ledger.h"
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
	struct ledger ledger;
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
static inline void record(struct slot *slot, struct subject *words, unsigned w, int recorder)
{
	int err = begin_record(&words[w].ledger, recorder), result;

	enter(slot, IN_SET);
	result = errseq_set(&words[w].word, err);
	leave(slot);
	end_record(&words[w].ledger, recorder);
	if (result != 0)
		complain("errseq_set", "it did not record", w, result);
}

static inline void look(struct slot *slot, struct subject *words, unsigned w,
			struct position *position)
{
	struct moment before = before_a_look(&words[w].ledger);
	const char *wrong;
	int err;

	enter(slot, IN_ADVANCE);
	err = errseq_check_and_advance(&words[w].word, &position->cursor);
	leave(slot);
	wrong = judge_advance(&words[w].ledger, position, &before, err);
	if (wrong)
		complain("errseq_check_and_advance", wrong, w, err);
}

static inline void look_and_stay(struct slot *slot, struct subject *words, unsigned w,
				 const struct position *position)
{
	struct moment before = before_a_look(&words[w].ledger);
	const char *wrong;
	int err;

	enter(slot, IN_CHECK);
	err = errseq_check(&words[w].word, position->cursor);
	leave(slot);
	wrong = judge_check(&words[w].ledger, position, &before, err);
	if (wrong)
		complain("errseq_check", wrong, w, err);
}

/* Returns whether it was told of an error. */
static inline int look_through_shared(struct slot *slot, struct subject *words, unsigned w,
				      unsigned c)
{
	struct moment before = before_a_look(&words[w].ledger);
	const char *wrong;
	int err;

	enter(slot, IN_ADVANCE_SHARED);
	err = errseq_check_and_advance_shared(&words[w].word, &words[w].cursors[c]);
	leave(slot);
	wrong = err ? judge_advance_shared(&words[w].ledger, &words[w].claims[c], &before, err)
		    : NULL;
	if (wrong)
		complain("errseq_check_and_advance_shared", wrong, w, err);
	return err != 0;
}

static inline void look_through_shared_and_stay(struct slot *slot, struct subject *words,
						unsigned w, unsigned c)
{
	struct moment before = before_a_look(&words[w].ledger);
	const char *wrong;
	int err;

	enter(slot, IN_CHECK_SHARED);
	err = errseq_check_shared(&words[w].word, &words[w].cursors[c]);
	leave(slot);
	wrong = judge_check_shared(&words[w].ledger, &before, err);
	if (wrong)
		complain("errseq_check_shared", wrong, w, err);
}

/* Peeks or samples, and looks from there at once. */
static inline void take_a_position(struct slot *slot, struct subject *words, unsigned w,
				   int by_peek)
{
	struct moment before = before_a_look(&words[w].ledger);
	struct position position;
	const char *wrong;

	enter(slot, by_peek ? IN_PEEK : IN_SAMPLE);
	position.cursor = by_peek ? errseq_peek(&words[w].word) : errseq_sample(&words[w].word);
	leave(slot);
	wrong = judge_position(&words[w].ledger, &position, &before);
	if (!is_valid_cursor(position.cursor))
		wrong = "that is no position";
	if (wrong)
		complain(by_peek ? "errseq_peek" : "errseq_sample", wrong, w,
			 errseq_cursor_error(position.cursor));
	look_and_stay(slot, words, w, &position);
	look(slot, words, w, &position);
}

/* The calls that only show something; errseq_wait and errseq_wake, which are system calls, if `also_wait`. */
static inline void call_others(struct slot *slot, struct subject *words, unsigned w, unsigned c,
			       const struct position *position, int also_wait)
{
	char buf[ERRSEQ_FORMAT_SIZE];
	value_t value, at;
	int length;

	enter(slot, IN_OTHERS);
	value = errseq_load(&words[w].word);
	at = errseq_shared_cursor_get(&words[w].cursors[c]);
	length = errseq_format(value, buf, sizeof(buf));
	leave(slot);
	if (!is_valid(value))
		complain("errseq_load", "no word may have that value", w, (int)value);
	if (!is_valid_cursor(at))
		complain("errseq_shared_cursor_get", "that is no position", w, (int)at);
	if (length != (int)strlen(buf))
		complain("errseq_format", "its text has another length", w, length);
#if defined ERRSEQ_HAVE_WAIT && !defined TEST_64
	if (also_wait) {
		static const struct timespec long_past = { 0, 0 };

		enter(slot, IN_OTHERS);
		length = errseq_wait(&words[w].word, position->cursor, &long_past);
		errseq_wake(&words[w].word);
		leave(slot);
		if (length != 0 && length != -ETIMEDOUT)
			complain("errseq_wait", "neither news nor the deadline", w, length);
	}
#else
	(void)position;
	(void)also_wait;
#endif
}

/* Any call, on any word, by somebody who looks through these cursors and, unless -1, records under this number. */
static inline void call_any(struct slot *slot, struct subject *words, unsigned w, unsigned what,
			    struct position *position, int recorder)
{
	unsigned c = what / 1024 % SHARED_CURSORS;

	switch (what % 32) {
	case 0:
		call_others(slot, words, w, c, position, what / 4096 % 64 == 0);
		break;
	case 4:
		look_and_stay(slot, words, w, position);
		break;
	case 8:
		look_through_shared_and_stay(slot, words, w, c);
		break;
	default:
		if (what % 4 == 0 && recorder >= 0)
			record(slot, words, w, recorder);
		else if (what % 4 == 1)
			look(slot, words, w, position);
		else if (what % 4 == 2)
			look_through_shared(slot, words, w, c);
		else
			take_a_position(slot, words, w, what / 32 % 2);
	}
}

#endif
