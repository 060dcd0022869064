/* SPDX-License-Identifier: MIT */
/*
 * What a caller that died in the middle of a call may leave, by the naive model; and how all others go on from there.
 */
#ifndef ERRSEQ_TESTS_STATES_AFTER_DEATH_H
#define ERRSEQ_TESTS_STATES_AFTER_DEATH_H

#include "../common/actors.h"
#include "../common/harness.h"
#include "../common/processes.h"
#ifndef TEST_64
#include <errseq/wait.h>
#endif

/* ---- the calls that others cannot notice, beside those of actors.h ------------------------------ */

ACTOR(init, (errseq_init(word), 0), (*spec = spec_from(0), 0))
ACTOR(load, (place->cursor = errseq_load(word), 0), (*cursor = spec_value(spec), 0))
ACTOR(shared_init, (errseq_shared_cursor_init(place->shared, place->cursor), 0),
      (*shared = *cursor, 0))
ACTOR(shared_get, (place->cursor = errseq_shared_cursor_get(place->shared), 0),
      (*cursor = *shared, 0))
#if defined ERRSEQ_HAVE_WAIT && !defined TEST_64
static const struct timespec long_past = { 0, 0 };
ACTOR(wait, errseq_wait(word, place->cursor, &long_past),
      spec_check(spec, *cursor) ? 0 : -ETIMEDOUT)
#endif

static const struct actor more_actors[] = {
	{ "init", library_init, model_init, 0 },
	{ "load", library_load, model_load, 0 },
	{ "shared cursor init", library_shared_init, model_shared_init, 0 },
	{ "shared cursor get", library_shared_get, model_shared_get, 0 },
#if defined ERRSEQ_HAVE_WAIT && !defined TEST_64
	{ "wait", library_wait, model_wait, 0 },
#endif
};

enum {
	ALL_ACTORS = COUNT_OF(actors) + COUNT_OF(more_actors),
	WAIT = COUNT_OF(actors) + 4, /* if it is there */
	MOST_CURSORS = 5
};

static const struct actor *actor_at(unsigned i)
{
	return i < COUNT_OF(actors) ? &actors[i] : &more_actors[i - COUNT_OF(actors)];
}

/* Where an observer of this word may stand; of a word that was never set, also in another word's life. */
static unsigned cursors_of(value_t word, errseq_cursor_t at[MOST_CURSORS])
{
	unsigned n = 0;

	at[n++] = 0;
	if (word == 0) {
		at[n++] = VALUE(3, BOTH_FLAGS, 5);
		return n;
	}
	at[n++] = (word - VALUE(1, 0, 0)) | BOTH_FLAGS;
	at[n++] = value_of(errseq_cursor_count(word) - 1, OBSERVED, word % 4095 + 1);
	if (word & OBSERVED) {
		at[n++] = word;
		at[n++] = word & ~(value_t)REPORTED;
	}
	return n;
}

/* ---- what all share --------------------------------------------------------- */

static struct scene {
	errseq_t word;
	errseq_shared_cursor_t shared;
	struct place dead; /* in shared memory, so that it outlives its owner */
	struct interferer other;
	/* for instructions.c: what the child does now, how far it is, and what came of it */
	const struct actor *actor;
	volatile int is_inside;
	int result, handled, wrong;
} * scene; /* mapped */

struct memory_state {
	value_t word;
	errseq_cursor_t shared, cursor;
};

static void set_up(const struct memory_state *left)
{
	put(&scene->word, left->word);
	errseq_shared_cursor_init(&scene->shared, left->shared);
	scene->dead.cursor = left->cursor;
	scene->dead.shared = &scene->shared;
}

static struct memory_state read_state(void)
{
	struct memory_state left = { get(&scene->word), errseq_shared_cursor_get(&scene->shared),
				     scene->dead.cursor };

	return left;
}

/* ---- what may be left ---------------------------------------------------------------------------- */

enum stage {
	NOTHING = 1, /* the call did not happen */
	MARKED = 2,  /* only the mark of an advance through a shared cursor */
	HAPPENED = 4
};

/* The stages that leave this; several, if the call changes nothing. */
static int stages_of(const struct memory_state *left, const struct memory_state *start,
		     const struct actor *actor)
{
	struct spec spec = spec_from(start->word);
	errseq_cursor_t cursor = start->cursor, shared = start->shared;
	int stages = 0;

	if (left->word == start->word && left->shared == shared && left->cursor == cursor)
		stages |= NOTHING;
	if (actor->marks_early && spec.error != 0 && !spec_same(&spec, shared) &&
	    left->word == (start->word | BOTH_FLAGS) && left->shared == shared &&
	    left->cursor == cursor)
		stages |= MARKED;
	actor->model(&spec, &cursor, &shared);
	if (left->word == spec_value(&spec) && left->shared == shared &&
	    (left->cursor == cursor || left->cursor == start->cursor))
		stages |= HAPPENED;
	return stages;
}

static void fail_after_death(const char *what, const struct actor *actor, int step,
			     const struct memory_state *start, const struct memory_state *left)
{
	fail_msg("%s died before step %d: word (%s) became (%s), shared cursor (%s) became (%s): "
		 "%s",
		 actor->name, step, text_of(start->word), text_of(left->word),
		 text_of(start->shared), text_of(left->shared), what);
}

/* ---- the survivors -------------------------------------------------------------------------------- */

static int call_is_right(const struct actor *actor, struct place *place, struct spec *spec,
			 errseq_cursor_t *cursor, errseq_cursor_t *shared)
{
	int expected = actor->model(spec, cursor, shared);

	return actor->library(&scene->word, place) == expected && place->cursor == *cursor &&
	       errseq_shared_cursor_get(&scene->shared) == *shared &&
	       get(&scene->word) == spec_value(spec);
}

/* From every cursor every call is made, and then, if `pairs`, each of those in actors.h. */
static void survivors_go_on(const struct actor *dead, int step, const struct memory_state *start,
			    const struct memory_state *left, int pairs)
{
	errseq_cursor_t at[MOST_CURSORS];
	unsigned c, count = cursors_of(left->word, at), first, second;

	for (c = 0; c < count; c++)
		for (first = 0; first < ALL_ACTORS; first++)
			for (second = 0; second < (pairs ? COUNT_OF(actors) : 1); second++) {
				struct place place = { at[c], &scene->shared };
				struct spec spec = spec_from(left->word);
				errseq_cursor_t cursor = at[c], shared = left->shared;

				if (first == WAIT && (!pairs || second > 0))
					continue; /* a system call takes its time */
				set_up(left);
				if (!call_is_right(actor_at(first), &place, &spec, &cursor,
						   &shared))
					fail_after_death(actor_at(first)->name, dead, step, start,
							 left);
				if (pairs && !call_is_right(&actors[second], &place, &spec, &cursor,
							    &shared))
					fail_after_death(actors[second].name, dead, step, start,
							 left);
			}
}

#endif
