/* SPDX-License-Identifier: MIT */
/*
 * What the guarantees allow, for any number of recorders and observers of one word that may die at any moment.
 *
 * Each record has a number, counted by its recorder, and an errno that says who recorded it and the number's
 * last digits. A recorder writes down "I begin number n" before the call and "I completed number n" after it. If it
 * died in between, whoever saw it dead writes "number n is over": it happened before that, or never will.
 * An observer reads all this before and after a look, and knows the record that it may be told of:
 *
 *	G7	not older than the last one that this recorder had completed when the look began;
 *	G2	not over when the last look through this cursor began, for then that one told of it;
 *	-	begun before the look ended.
 *
 * The fewer numbers have an errno of their own, the less is known of which record it was; but only then an equal
 * error is recorded again and again, which none but the counter tells apart.
 *
 * Every record comes after a note with its number, which whoever is told reads (G6). Who is told of nothing
 * must have read the notes of all records that were completed before the look, when it was last told or took its
 * position: else an error was missed (G1), or was told to somebody who did not see its note and was not told
 * again (G6).
 */
#ifndef ERRSEQ_TESTS_ORACLE_H
#define ERRSEQ_TESTS_ORACLE_H

#include "../common/width.h"
#include <stdatomic.h>
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

/* Of each record that was told through a shared cursor, its number. */
struct claims {
	atomic_ulong of[RECORDERS][CLAIMS];
};

/* An observer's plain cursor, and what it knows; it may lie in a file and outlive its owner. */
struct position {
	errseq_cursor_t cursor;
	unsigned long over[RECORDERS]; /* when the last look began */
	unsigned long seen[RECORDERS]; /* notes, after it was last told */
};

/* The ledger as it is now. */
struct snapshot {
	unsigned long completed[RECORDERS], over[RECORDERS];
};

static inline unsigned long read_(const atomic_ulong *number)
{
	return atomic_load_explicit(number, memory_order_acquire);
}

static inline struct snapshot snapshot(const struct oracle *oracle)
{
	struct snapshot moment;
	int r;

	for (r = 0; r < RECORDERS; r++) {
		unsigned long over = read_(&oracle->of[r].over);

		moment.completed[r] = read_(&oracle->of[r].completed);
		moment.over[r] = over > moment.completed[r] ? over : moment.completed[r];
	}
	return moment;
}

/* ---- recorders ------------------------------------------------------------------------------------ */

/* Returns what to record. */
static inline int begin_record(struct oracle *oracle, int recorder)
{
	/* relaxed: only this recorder writes the number, and its predecessor is dead */
	unsigned long n =
		atomic_load_explicit(&oracle->of[recorder].begun, memory_order_relaxed) + 1;

	/* relaxed: it is errseq_set that must make the note visible */
	atomic_store_explicit(&oracle->of[recorder].note, n, memory_order_relaxed);
	atomic_store_explicit(&oracle->of[recorder].begun, n, memory_order_release);
	return -(1 + recorder * NUMBERS + (int)(n % oracle->numbers));
}

static inline void end_record(struct oracle *oracle, int recorder)
{
	unsigned long n = atomic_load_explicit(&oracle->of[recorder].begun, memory_order_relaxed);

	atomic_store_explicit(&oracle->of[recorder].completed, n, memory_order_release);
}

/* The recorder is dead, or will not come back to its call. Returns whether a record was left in the middle. */
static inline int recorder_died(struct oracle *oracle, int recorder)
{
	unsigned long begun = read_(&oracle->of[recorder].begun);

	atomic_store_explicit(&oracle->of[recorder].over, begun, memory_order_release);
	return read_(&oracle->of[recorder].completed) != begun;
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
		return "it is told of an errno that nobody records";
	begun = read_(&oracle->of[*recorder].begun);
	last = before->completed[*recorder];
	last = last > 0 ? last - 1 : 0;
	if (after && after[*recorder] > last)
		last = after[*recorder];
	*number = last + 1 + (digits + numbers - (last + 1) % numbers) % numbers;
	if (*number > begun)
		return "it is told of a record that it was told of before, that was overwritten "
		       "before the "
		       "look began, or that was never begun (G2, G7)";
	return NULL;
}

static inline void read_notes(const struct oracle *oracle, unsigned long *seen)
{
	int r;

	for (r = 0; r < RECORDERS; r++)
		/* relaxed: it is the look that must have made the notes visible */
		seen[r] = atomic_load_explicit(&oracle->of[r].note, memory_order_relaxed);
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
		       ? "it is told of a record and does not see the note before it (G6)"
		       : NULL;
}

static inline const char *judge_nothing(const struct position *position,
					const struct snapshot *before)
{
	int r;

	for (r = 0; r < RECORDERS; r++)
		if (before->completed[r] > position->seen[r])
			return "it is told of nothing, and does not know a record that was "
			       "completed before "
			       "the look began (G1, G6)";
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

/* After errseq_check_and_advance_shared returned an error: of all callers, one is told of a record. */
static inline const char *judge_advance_shared(const struct oracle *oracle, struct claims *claims,
					       const struct snapshot *before, int err)
{
	unsigned long seen[RECORDERS], number, begun;
	int recorder;
	const char *wrong = judge_error(oracle, err, NULL, before, seen);

	if (wrong || number_of(oracle, err, NULL, before, &recorder, &number))
		return wrong;
	begun = read_(&oracle->of[recorder].begun);
	/* If another number with the same digits was begun, nobody knows which one it was. */
	if (number + oracle->numbers <= begun)
		return NULL;
	/* relaxed: who comes second is told so by the exchange itself */
	if (atomic_exchange_explicit(&claims->of[recorder][number % CLAIMS], number,
				     memory_order_relaxed) == number)
		return "a record was told twice through one shared cursor (G2)";
	return NULL;
}

/*
 * The owner of a cursor died, perhaps in a look. Whoever inherits the cursor is told again of what the dead one
 * was being told of, or is not.
 */
static inline void observer_died(const struct oracle *oracle, struct position *position)
{
	int r;

	for (r = 0; r < RECORDERS; r++)
		position->seen[r] = read_(&oracle->of[r].begun);
}

#endif
