/* SPDX-License-Identifier: MIT */
/*
 * Random histories of recorders and observers, each step compared with two models: the contract's table
 * (common/spec.h), value by value; and the guarantees themselves, which know no counter and no flags,
 * only the errors in the order in which they were recorded, and to whom each was reported.
 *
 * usage: history [OPERATIONS [SEED]]; the default is five million operations from a fixed seed.
 */
#include "../common/harness.h"
#include "../common/random.h"
#include "../common/spec.h"
#include <limits.h>

enum {
	OBSERVERS = 7,
	ERRNOS = 3
};

static unsigned long operations = 5000000;
static uint64_t seed = 20261122;

static unsigned random_below(unsigned limit)
{
	return next_random(&seed) % limit;
}

/* Errors have numbers: 1, 2, 3 ... */
struct story {
	unsigned long recorded; /* the latest error's number, 0: none yet */
	unsigned long told;	/* the latest that was reported to anybody */
	int latest;		/* its errno, negative */
};

/* Some observers have a plain cursor, some a shared one. */
struct observer {
	errseq_cursor_t cursor;
	errseq_shared_cursor_t shared;
	int is_shared;
	unsigned long knows; /* the latest error that it got, or that its position is past */
};

static void stand(struct observer *observer, errseq_cursor_t at)
{
	observer->cursor = at;
	errseq_shared_cursor_init(&observer->shared, at);
}

static int check(const errseq_t *word, const struct observer *observer)
{
	if (observer->is_shared)
		return errseq_check_shared(word, &observer->shared);
	return errseq_check(word, observer->cursor);
}

static int check_and_advance(errseq_t *word, struct observer *observer)
{
	int err;

	if (!observer->is_shared)
		return errseq_check_and_advance(word, &observer->cursor);
	err = errseq_check_and_advance_shared(word, &observer->shared);
	observer->cursor = errseq_shared_cursor_get(&observer->shared);
	return err;
}

/* The observer's claim, in two phases: 0 or the error, of which nobody was told yet. */
static int claim(errseq_t *word, struct observer *observer)
{
	errseq_cursor_t from = observer->is_shared ? errseq_shared_cursor_get(&observer->shared)
						   : observer->cursor;
	errseq_cursor_t at = errseq_peek(word);

	if (errseq_cursor_same(at, from))
		return 0;
	if (observer->is_shared && !errseq_shared_cursor_move(&observer->shared, from, at))
		return 1;
	observer->cursor = at;
	return errseq_cursor_error(at);
}

static int owed(const struct story *story, const struct observer *observer)
{
	return story->recorded > observer->knows ? story->latest : 0;
}

TEST(every_step_of_a_random_history_does_what_contract_and_guarantees_say)
{
	static const int errnos[ERRNOS] = { -1, -5, -4095 };
	static struct observer observers[OBSERVERS];
	struct story story = { 0, 0, 0 };
	struct spec spec = spec_from(0);
	errseq_t word = ERRSEQ_INIT;
	unsigned long reports = 0, news = 0, i;

	for (i = 0; i < OBSERVERS; i++) {
		stand(&observers[i], 0);
		observers[i].knows = 0;
		observers[i].is_shared = i % 2 == 0;
	}
	printf("%lu operations from seed %llu\n", operations, (unsigned long long)seed);
	for (i = 0; i < operations; i++) {
		struct observer *observer = &observers[random_below(OBSERVERS)];
		errseq_cursor_t model_cursor = observer->cursor;
		int err, expected;

		if (i % 1000000 == 0) {
			restart_alarm();
			report("operations", i, operations);
		}
		switch (random_below(10)) {
		case 0:
		case 1:
			err = errnos[random_below(ERRNOS)];
			assert_int_equal(errseq_set(&word, err), spec_set(&spec, err));
			story.recorded++;
			story.latest = err;
			break;
		case 2:
			stand(observer, errseq_sample(&word));
			assert_int_equal(observer->cursor, spec_sample(&spec));
			/* G3: an error that was reported to nobody is still to come */
			observer->knows =
				story.told == story.recorded ? story.recorded : story.recorded - 1;
			break;
		case 3:
			stand(observer, errseq_peek(&word));
			assert_int_equal(observer->cursor, spec_peek(&spec));
			observer->knows = story.recorded;
			break;
		case 4:
		case 5:
			err = check(&word, observer);
			assert_int_equal(err, spec_check(&spec, observer->cursor));
			assert_int_equal(err, owed(&story, observer));
			news += err != 0;
			break;
		case 6:
			expected = owed(&story, observer);
			assert_int_equal(claim(&word, observer), expected);
			model_cursor = spec_peek(&spec);
			if (expected)
				assert_int_equal(observer->cursor, model_cursor);
			observer->knows = story.recorded;
			/* from where it does not stand: nothing moves */
			assert_int_equal(errseq_shared_cursor_move(&observer->shared,
								   observer->cursor ^ OBSERVED,
								   model_cursor),
					 0);
			break;
		case 7: /* G9: what this observer knows of, and no newer error */
			expected = story.recorded > 0 && owed(&story, observer) == 0;
			assert_int_equal(errseq_settle(&word, observer->cursor), expected);
			assert_int_equal(spec_settle(&spec, observer->cursor), expected);
			if (expected)
				story.told = story.recorded;
			break;
		default:
			expected = owed(&story, observer);
			err = check_and_advance(&word, observer);
			assert_int_equal(err, spec_check_and_advance(&spec, &model_cursor));
			assert_int_equal(observer->cursor, model_cursor);
			assert_int_equal(err, expected);
			if (err) {
				story.told = story.recorded;
				reports++;
			}
			observer->knows = story.recorded;
			break;
		}
		assert_int_equal(get(&word), spec_value(&spec));
	}
	printf("%lu errors recorded, %lu reports, %lu looks with news, counter at %llu\n",
	       story.recorded, reports, news,
	       (unsigned long long)errseq_cursor_count(errseq_load(&word)));
	assert_true(reports > operations / 100 && news > operations / 100);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		operations = number_from(argv[1], "OPERATIONS", 1000, ULONG_MAX);
	if (argc > 2)
		seed = number_from(argv[2], "SEED", 0, ULONG_MAX);
	return run_all_tests();
}
