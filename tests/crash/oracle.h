/* SPDX-License-Identifier: MIT */
/*
 * Which results the guarantees allow, while any number of recorders and observers of one word may die at any moment.
 *
 * Each record has a number, counted by its recorder, and an errno that says who recorded it and the number's last
 * digits. The recorder writes down "I begin number n" before the call and "I completed number n" after it. If it
 * died in between, whoever saw it dead writes "number n is over": the record happened before that, or never will.
 * An observer reads all this before and after a check. So it knows which record its error may come from:
 *
 *	G7	not older than the last one that this recorder had completed when the check began;
 *	G2	not over when the last advance through this cursor began, because that one returned it;
 *	-	begun before the check ended.
 *
 * With fewer numbers per errno, less is known about which record it was. But only then is an equal error recorded
 * again and again, so that only the counter tells one from the other.
 *
 * Before each record, its recorder leaves a note with the number. Whoever gets the error must see the note (G6).
 * Whoever gets 0 must have seen the notes of all records that were completed before the check: when it last got an
 * error, or took its position. Else an error was missed (G1), or its note was not seen (G6).
 */
#ifndef ERRSEQ_TESTS_ORACLE_H
#define ERRSEQ_TESTS_ORACLE_H

#include "../common/atomics.h"
#include "../common/width.h"
#include <stdio.h>

enum {
	RECORDERS = 4,
	NUMBERS = 1000, /* errnos of a recorder; together at most 4095 */
	CLAIMS = 4 * NUMBERS
};

struct oracle {
	unsigned long numbers; /* that have errnos of their own, 1 to NUMBERS; constant */
	struct {
		atomic_ulong note, begun, completed, over;
	} of[RECORDERS];
};

/* The number of each record that was returned through a shared cursor. */
struct claims {
	atomic_ulong of[RECORDERS][CLAIMS];
};

/* An observer's plain cursor, and what it knows; it may lie in a file and outlive its owner. */
struct position {
	errseq_cursor_t cursor;
	unsigned long over[RECORDERS]; /* when the last call began */
	unsigned long seen[RECORDERS]; /* notes, after it last got an error */
};

/* What is written down at this moment. */
struct snapshot {
	unsigned long completed[RECORDERS], over[RECORDERS];
};

static inline struct snapshot snapshot(const struct oracle *oracle)
{
	struct snapshot moment;
	int r;

	for (r = 0; r < RECORDERS; r++) {
		unsigned long over = load_acquire(&oracle->of[r].over);

		moment.completed[r] = load_acquire(&oracle->of[r].completed);
		moment.over[r] = over > moment.completed[r] ? over : moment.completed[r];
	}
	return moment;
}

/* ---- recorders ------------------------------------------------------------------------------------ */

/* Returns what to record. */
static inline int begin_record(struct oracle *oracle, int recorder)
{
	/* relaxed: only this recorder writes the number, and its predecessor is dead */
	unsigned long n = load_relaxed(&oracle->of[recorder].begun) + 1;

	/* relaxed: it is errseq_set that must make the note visible */
	store_relaxed(&oracle->of[recorder].note, n);
	store_release(&oracle->of[recorder].begun, n);
	return -(1 + recorder * NUMBERS + (int)(n % oracle->numbers));
}

static inline void end_record(struct oracle *oracle, int recorder)
{
	unsigned long n = load_relaxed(&oracle->of[recorder].begun);

	store_release(&oracle->of[recorder].completed, n);
}

/* The recorder is dead, or will not come back to its call. Returns whether a record was left in the middle. */
static inline int recorder_died(struct oracle *oracle, int recorder)
{
	unsigned long begun = load_acquire(&oracle->of[recorder].begun);

	store_release(&oracle->of[recorder].over, begun);
	return load_acquire(&oracle->of[recorder].completed) != begun;
}

/* ---- observers: these return NULL, or what is wrong ------------------------------------------------ */

/* Finds the number of the record that an errno stands for: the first above `after` that was begun by now. */
static inline const char *number_of(const struct oracle *oracle, int err,
				    const unsigned long *after, const struct snapshot *before,
				    int *recorder, unsigned long *number)
{
	unsigned long begun, last, digits, numbers = oracle->numbers;

	*recorder = (-err - 1) / NUMBERS;
	digits = (unsigned long)(-err - 1) % NUMBERS;
	if (err > -1 || *recorder >= RECORDERS || digits >= numbers)
		return "it returned an errno that nobody records";
	begun = load_acquire(&oracle->of[*recorder].begun);
	last = before->completed[*recorder];
	last = last > 0 ? last - 1 : 0;
	if (after && after[*recorder] > last)
		last = after[*recorder];
	*number = last + 1 + (digits + numbers - (last + 1) % numbers) % numbers;
	if (*number > begun)
		return "it returned a record again, one that was overwritten before the call, or "
		       "one that was never begun (G2, G7)";
	return NULL;
}

static inline void read_notes(const struct oracle *oracle, unsigned long *seen)
{
	int r;

	for (r = 0; r < RECORDERS; r++)
		/* relaxed: the call must have made the notes visible */
		seen[r] = load_relaxed(&oracle->of[r].note);
}

static inline const char *judge_error(const struct oracle *oracle, int err,
				      const unsigned long *after, const struct snapshot *before,
				      unsigned long *seen)
{
	unsigned long number;
	int recorder;
	const char *wrong = number_of(oracle, err, after, before, &recorder, &number);

	if (wrong)
		return wrong;
	read_notes(oracle, seen);
	return seen[recorder] < number
		       ? "it returned a record, and the note before that record is not visible (G6)"
		       : NULL;
}

static inline const char *judge_nothing(const struct position *position,
					const struct snapshot *before)
{
	int r;

	for (r = 0; r < RECORDERS; r++)
		if (before->completed[r] > position->seen[r])
			return "it returned 0, and a record that was completed before the call is "
			       "not known (G1, G6)";
	return NULL;
}

/* After errseq_check: the position stays. */
static inline const char *judge_check(const struct oracle *oracle, const struct position *position,
				      const struct snapshot *before, int err)
{
	unsigned long seen[RECORDERS];

	return err ? judge_error(oracle, err, position->over, before, seen)
		   : judge_nothing(position, before);
}

/* After errseq_check_and_advance. */
static inline const char *judge_advance(const struct oracle *oracle, struct position *position,
					const struct snapshot *before, int err)
{
	const char *wrong = err ? judge_error(oracle, err, position->over, before, position->seen)
				: judge_nothing(position, before);
	int r;

	for (r = 0; r < RECORDERS; r++)
		position->over[r] = before->over[r];
	return wrong;
}

/* After errseq_sample or errseq_peek, which returned position->cursor. 0 is since the beginning. */
static inline const char *judge_position(const struct oracle *oracle, struct position *position,
					 const struct snapshot *before)
{
	int r;

	for (r = 0; r < RECORDERS; r++) {
		position->over[r] = position->cursor ? before->over[r] : 0;
		position->seen[r] = 0;
	}
	if (position->cursor == 0)
		return NULL;
	return judge_error(oracle, errseq_cursor_error(position->cursor), NULL, before,
			   position->seen);
}

/* After errseq_check_shared. */
static inline const char *judge_check_shared(const struct oracle *oracle,
					     const struct snapshot *before, int err)
{
	unsigned long seen[RECORDERS];

	return err ? judge_error(oracle, err, NULL, before, seen) : NULL;
}

/* After errseq_check_and_advance_shared: one of all callers gets the error. */
static inline const char *judge_advance_shared(const struct oracle *oracle, struct claims *claims,
					       const struct snapshot *before, int err)
{
	unsigned long seen[RECORDERS], number, begun;
	int recorder;
	const char *wrong = err ? judge_error(oracle, err, NULL, before, seen) : NULL;

	if (err == 0 || wrong || number_of(oracle, err, NULL, before, &recorder, &number))
		return wrong;
	begun = load_acquire(&oracle->of[recorder].begun);
	/* If another number with the same digits was begun, nobody knows which one it was. */
	if (number + oracle->numbers <= begun)
		return NULL;
	/* relaxed: the exchange itself says who comes second */
	if (atomic_exchange_explicit(&claims->of[recorder][number % CLAIMS], number,
				     memory_order_relaxed) == number)
		return "a record was returned twice through one shared cursor (G2)";
	return NULL;
}

/* The owner of a cursor died, perhaps in a call. Its heir may get the error of that call again, or not. */
static inline void observer_died(const struct oracle *oracle, struct position *position)
{
	int r;

	for (r = 0; r < RECORDERS; r++)
		position->seen[r] = load_acquire(&oracle->of[r].begun);
}

#endif
