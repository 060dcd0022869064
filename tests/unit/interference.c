/* SPDX-License-Identifier: MIT */
/*
 * Something else happens to the word between two atomic steps of a call. Whatever it is and wherever it
 * happens, the outcome must be one that the naive model gives too, with one of the two first.
 */
#include "../common/harness.h"
#include "../common/spec.h"
#include "../shim/trace.h"

/* A call, on the library and on the model. The cursor is the caller's own. */
struct actor {
	const char *name;
	int (*library)(errseq_t *word, errseq_cursor_t *cursor);
	int (*model)(struct spec *spec, errseq_cursor_t *cursor);
};

static int library_set_a(errseq_t *word, errseq_cursor_t *cursor)
{
	(void)cursor;
	return errseq_set(word, -5);
}

static int model_set_a(struct spec *spec, errseq_cursor_t *cursor)
{
	(void)cursor;
	return spec_set(spec, -5);
}

static int library_set_b(errseq_t *word, errseq_cursor_t *cursor)
{
	(void)cursor;
	return errseq_set(word, -28);
}

static int model_set_b(struct spec *spec, errseq_cursor_t *cursor)
{
	(void)cursor;
	return spec_set(spec, -28);
}

static int library_sample(errseq_t *word, errseq_cursor_t *cursor)
{
	*cursor = errseq_sample(word);
	return 0;
}

static int model_sample(struct spec *spec, errseq_cursor_t *cursor)
{
	*cursor = spec_sample(spec);
	return 0;
}

static int library_peek(errseq_t *word, errseq_cursor_t *cursor)
{
	*cursor = errseq_peek(word);
	return 0;
}

static int model_peek(struct spec *spec, errseq_cursor_t *cursor)
{
	*cursor = spec_peek(spec);
	return 0;
}

static int library_check(errseq_t *word, errseq_cursor_t *cursor)
{
	return errseq_check(word, *cursor);
}

static int model_check(struct spec *spec, errseq_cursor_t *cursor)
{
	return spec_check(spec, *cursor);
}

static int library_advance(errseq_t *word, errseq_cursor_t *cursor)
{
	return errseq_check_and_advance(word, cursor);
}

static int model_advance(struct spec *spec, errseq_cursor_t *cursor)
{
	return spec_check_and_advance(spec, cursor);
}

static const struct actor actors[] = {
	{ "set A", library_set_a, model_set_a },    { "set B", library_set_b, model_set_b },
	{ "sample", library_sample, model_sample }, { "peek", library_peek, model_peek },
	{ "check", library_check, model_check },    { "advance", library_advance, model_advance },
};

/* One that interferes does one or two things in a row: B, then A again, is how errors get lost. */
struct interferer {
	const struct actor *first, *second; /* second may be missing */
	errseq_t *word;
	errseq_cursor_t cursor;
	int result[2];
};

static void interfere(void *argument)
{
	struct interferer *self = (struct interferer *)argument;

	self->result[0] = self->first->library(self->word, &self->cursor);
	if (self->second)
		self->result[1] = self->second->library(self->word, &self->cursor);
}

struct outcome {
	uint32_t word;
	errseq_cursor_t cursor, other_cursor;
	int result, other_result[2];
};

static int equal(const struct outcome *a, const struct outcome *b)
{
	return a->word == b->word && a->cursor == b->cursor && a->other_cursor == b->other_cursor &&
	       a->result == b->result && a->other_result[0] == b->other_result[0] &&
	       a->other_result[1] == b->other_result[1];
}

/* The model's outcome with the call after `after` of the interferer's steps. */
static struct outcome model(uint32_t word, errseq_cursor_t cursor, const struct actor *actor,
			    const struct interferer *other, errseq_cursor_t other_cursor, int after)
{
	struct outcome outcome = { 0, cursor, other_cursor, 0, { 0, 0 } };
	struct spec spec = spec_from(word);

	if (after == 0)
		outcome.result = actor->model(&spec, &outcome.cursor);
	outcome.other_result[0] = other->first->model(&spec, &outcome.other_cursor);
	if (after == 1)
		outcome.result = actor->model(&spec, &outcome.cursor);
	if (other->second)
		outcome.other_result[1] = other->second->model(&spec, &outcome.other_cursor);
	if (after == 2)
		outcome.result = actor->model(&spec, &outcome.cursor);
	outcome.word = spec_value(&spec);
	return outcome;
}

static unsigned long cases_seen;

static void try_one(uint32_t start, errseq_cursor_t cursor, errseq_cursor_t other_cursor,
		    const struct actor *actor, const struct actor *first,
		    const struct actor *second, int failures)
{
	int step;

	for (step = 1;; step++) {
		struct interferer other = { first, second, NULL, other_cursor, { 0, 0 } };
		struct outcome seen, allowed;
		int after, ok = 0;
		const char *steps;
		errseq_t word;

		put(&word, start);
		other.word = &word;
		seen.cursor = cursor;
		trace_begin(step, interfere, &other);
		trace_fail_exchanges(failures);
		seen.result = actor->library(&word, &seen.cursor);
		steps = trace_end();
		if (trace_steps() < step)
			return;
		cases_seen++;
		seen.word = get(&word);
		seen.other_cursor = other.cursor;
		seen.other_result[0] = other.result[0];
		seen.other_result[1] = other.result[1];
		for (after = 0; after <= 2 && !ok; after++) {
			allowed = model(start, cursor, actor, &other, other_cursor, after);
			ok = equal(&seen, &allowed);
		}
		if (!ok) {
			char from[ERRSEQ_FORMAT_SIZE], to[ERRSEQ_FORMAT_SIZE],
				at[ERRSEQ_FORMAT_SIZE], then[ERRSEQ_FORMAT_SIZE];

			errseq_format(start, from, sizeof(from));
			errseq_format(seen.word, to, sizeof(to));
			errseq_format(cursor, at, sizeof(at));
			errseq_format(seen.cursor, then, sizeof(then));
			fail_msg("%s, with %s%s%s before step %d (%s): word (%s) became (%s), "
				 "cursor (%s) became (%s), returned %d: no order of the two gives "
				 "that",
				 actor->name, first->name, second ? " and " : "",
				 second ? second->name : "", step, steps, from, to, at, then,
				 seen.result);
		}
	}
}

static void try_each(uint32_t start, errseq_cursor_t cursor, errseq_cursor_t other_cursor)
{
	unsigned a, first, second;
	int failures;

	for (a = 0; a < COUNT_OF(actors); a++)
		for (first = 0; first < COUNT_OF(actors); first++)
			for (second = 0; second <= COUNT_OF(actors); second++)
				for (failures = 0; failures < 2; failures++)
					try_one(start, cursor, other_cursor, &actors[a],
						&actors[first], second ? &actors[second - 1] : NULL,
						failures);
}

static const uint32_t starts[] = {
	0,
	0 << 14 | 5,
	0 << 14 | OBSERVED | 5,
	0 << 14 | BOTH_FLAGS | 5,
	1 << 14 | 28,
	1 << 14 | OBSERVED | 28,
	1 << 14 | BOTH_FLAGS | 28,
	1 << 14 | 5,
	1 << 14 | BOTH_FLAGS | 5,
	(uint32_t)LAST_COUNT << 14 | BOTH_FLAGS | 5,
};
static const uint32_t cursors[] = {
	0,
	0 << 14 | OBSERVED | 5,
	0 << 14 | BOTH_FLAGS | 5,
	1 << 14 | OBSERVED | 28,
	1 << 14 | BOTH_FLAGS | 5,
	(uint32_t)LAST_COUNT << 14 | OBSERVED | 5,
};

/* 0, the word itself if it is marked, or a value that it had not long ago. */
static int may_stand_there(errseq_cursor_t cursor, uint32_t word)
{
	uint32_t behind = (errseq_cursor_count(word) - errseq_cursor_count(cursor)) & LAST_COUNT;

	if (cursor == 0)
		return 1;
	if (word == 0)
		return 0;
	if (behind == 0)
		return word & OBSERVED && (word | BOTH_FLAGS) == (cursor | BOTH_FLAGS);
	return behind == 1;
}

static void whatever_happens_between_two_steps_one_of_the_two_came_first(void **state)
{
	unsigned s, c, o;

	(void)state;
	for (s = 0; s < COUNT_OF(starts); s++)
		for (c = 0; c < COUNT_OF(cursors); c++)
			for (o = 0; o < COUNT_OF(cursors); o++)
				if (may_stand_there(cursors[c], starts[s]) &&
				    may_stand_there(cursors[o], starts[s]))
					try_each(starts[s], cursors[c], cursors[o]);
	printf("%lu cases of one call interrupted by one or two others\n", cases_seen);
	assert_true(cases_seen > 5000);
}

static void set_tries_again_until_its_exchange_succeeds(void **state)
{
	errseq_t word = ERRSEQ_INIT;

	(void)state;
	trace_begin(0, NULL, NULL);
	trace_fail_exchanges(7);
	assert_int_equal(errseq_set(&word, -EIO), 0);
	trace_end();
	assert_int_equal(trace_steps(), 1 + 7 + 1);
	assert_int_equal(get(&word), EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_tries_again_until_its_exchange_succeeds),
		cmocka_unit_test(whatever_happens_between_two_steps_one_of_the_two_came_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
