/* SPDX-License-Identifier: MIT */
/*
 * Every call that shares a word with others, beside its naive model; the kinds of words and cursors that it can meet;
 * and which outcomes the model allows if one or two other calls happen in the middle of a call.
 */
#ifndef ERRSEQ_TESTS_ACTORS_H
#define ERRSEQ_TESTS_ACTORS_H

#include "spec.h"

/* Where a caller stands: a plain cursor of its own, and the shared one that it uses with the other. */
struct place {
	errseq_cursor_t cursor;
	errseq_shared_cursor_t *shared;
};

/* A call, on the library and on the model. */
struct actor {
	const char *name;
	int (*library)(errseq_t *word, struct place *place);
	int (*model)(struct spec *spec, errseq_cursor_t *cursor, errseq_cursor_t *shared);
	int marks_early;
};

#define ACTOR(name, library_does, model_does)                               \
	static int library_##name(errseq_t *word, struct place *place)      \
	{                                                                   \
		(void)word;                                                 \
		(void)place;                                                \
		return library_does;                                        \
	}                                                                   \
	static int model_##name(struct spec *spec, errseq_cursor_t *cursor, \
				errseq_cursor_t *shared)                    \
	{                                                                   \
		(void)spec;                                                 \
		(void)cursor;                                               \
		(void)shared;                                               \
		return model_does;                                          \
	}

ACTOR(set_a, errseq_set(word, -5), spec_set(spec, -5))
ACTOR(set_b, errseq_set(word, -28), spec_set(spec, -28))
ACTOR(sample, (place->cursor = errseq_sample(word), 0), (*cursor = spec_sample(spec), 0))
ACTOR(peek, (place->cursor = errseq_peek(word), 0), (*cursor = spec_peek(spec), 0))
ACTOR(check, errseq_check(word, place->cursor), spec_check(spec, *cursor))
ACTOR(advance, errseq_check_and_advance(word, &place->cursor), spec_check_and_advance(spec, cursor))
ACTOR(check_shared, errseq_check_shared(word, place->shared), spec_check(spec, *shared))
ACTOR(advance_shared, errseq_check_and_advance_shared(word, place->shared),
      spec_check_and_advance(spec, shared))
ACTOR(settle, errseq_settle(word, place->cursor), spec_settle(spec, *cursor))
/* From the beginning, so that it does not go back; and on, as in errseq.h. */
ACTOR(move, place->cursor != 0 && errseq_shared_cursor_move(place->shared, 0, place->cursor),
      *cursor != 0 && *shared == 0 ? (*shared = *cursor, 1) : 0)

static const struct actor actors[] = {
	{ "set A", library_set_a, model_set_a, 0 },
	{ "set B", library_set_b, model_set_b, 0 },
	{ "sample", library_sample, model_sample, 0 },
	{ "peek", library_peek, model_peek, 0 },
	{ "check", library_check, model_check, 0 },
	{ "advance", library_advance, model_advance, 0 },
	{ "check shared", library_check_shared, model_check_shared, 0 },
	{ "advance shared", library_advance_shared, model_advance_shared, 1 },
	{ "settle", library_settle, model_settle, 0 },
	{ "move", library_move, model_move, 0 },
};

/* One that interferes does one or two things in a row: B, then A again, is how errors get lost. */
struct interferer {
	const struct actor *first, *second; /* second may be missing */
	errseq_t *word;
	struct place place;
	int result[2];
};

static void interfere(void *argument)
{
	struct interferer *self = (struct interferer *)argument;

	self->result[0] = self->first->library(self->word, &self->place);
	if (self->second)
		self->result[1] = self->second->library(self->word, &self->place);
}

struct outcome {
	value_t word;
	errseq_cursor_t cursor, other_cursor, shared;
	int result, other_result[2];
};

static inline int equal(const struct outcome *a, const struct outcome *b)
{
	return a->word == b->word && a->cursor == b->cursor && a->other_cursor == b->other_cursor &&
	       a->shared == b->shared && a->result == b->result &&
	       a->other_result[0] == b->other_result[0] && a->other_result[1] == b->other_result[1];
}

/*
 * The model's outcome with the call after `after` of the interferer's steps, and the word marked before
 * step `early` of them, if the actor is one that marks early and there is something to mark.
 */
static inline struct outcome model(value_t word, struct outcome start, const struct actor *actor,
				   const struct interferer *other, int after, int early)
{
	const struct actor *steps[2] = { other->first, other->second };
	struct outcome outcome = start;
	struct spec spec = spec_from(word);
	int i;

	for (i = 0; i <= 2; i++) {
		if (i == early && actor->marks_early && spec.error != 0)
			spec.observed = spec.reported = 1;
		if (i == after)
			outcome.result = actor->model(&spec, &outcome.cursor, &outcome.shared);
		if (i < 2 && steps[i])
			outcome.other_result[i] =
				steps[i]->model(&spec, &outcome.other_cursor, &outcome.shared);
	}
	outcome.word = spec_value(&spec);
	return outcome;
}

static inline int is_allowed(const struct outcome *seen, value_t word, struct outcome start,
			     const struct actor *actor, const struct interferer *other)
{
	int after, early;

	for (after = 0; after <= 2; after++)
		for (early = -1; early <= (actor->marks_early ? after : -1); early++) {
			struct outcome allowed = model(word, start, actor, other, after, early);

			if (equal(seen, &allowed))
				return 1;
		}
	return 0;
}

static const value_t starts[] = {
	0,
	VALUE(0, NO_FLAG, 5),
	VALUE(0, OBSERVED, 5),
	VALUE(0, BOTH_FLAGS, 5),
	VALUE(1, NO_FLAG, 28),
	VALUE(1, OBSERVED, 28),
	VALUE(1, BOTH_FLAGS, 28),
	VALUE(1, NO_FLAG, 5),
	VALUE(1, BOTH_FLAGS, 5),
	VALUE(LAST_COUNT, BOTH_FLAGS, 5),
};
static const value_t cursors[] = {
	0,
	VALUE(0, OBSERVED, 5),
	VALUE(0, BOTH_FLAGS, 5),
	VALUE(1, OBSERVED, 28),
	VALUE(1, BOTH_FLAGS, 5),
	VALUE(LAST_COUNT, OBSERVED, 5),
};

/* 0, the word itself if it is marked, or a value that it had not long ago. */
static inline int may_stand_there(errseq_cursor_t cursor, value_t word)
{
	value_t behind = (errseq_cursor_count(word) - errseq_cursor_count(cursor)) & LAST_COUNT;

	if (cursor == 0)
		return 1;
	if (word == 0)
		return 0;
	if (behind == 0)
		return word & OBSERVED && (word | BOTH_FLAGS) == (cursor | BOTH_FLAGS);
	return behind == 1;
}

#endif
