/* SPDX-License-Identifier: MIT */
/*
 * Which results the contract allows. A history of calls is right if each call can be given one moment
 * between its beginning and its return, so that the contract's table (tests/common/spec.h), followed from
 * moment to moment, gives the same results. All orders that are still possible are followed at once: an
 * *explanation* is one of them, as far as it matters for what comes; a set of them has a number, and what
 * a beginning or a return makes of a set is computed once.
 *
 * Each explanation carries a second model beside the table, which knows no counter and no flags: is there
 * an error, was the latest reported to anybody, and which cursors are past it. That the two agree at every
 * moment is what says that the table keeps the guarantees.
 *
 * Two things a shared advance may do other than in one moment. It may mark the word a moment early (the
 * contract allows that); it has done so, too, if a claim moves the cursor first, and then an error is marked
 * as reported that was claimed and not settled. And its move of the cursor may become visible a moment late:
 * if the error was overwritten in between, errseq_shared_cursor_get may still return where the cursor stood.
 */
#include "../common/spec.h"
#include "explore.h"
#include <stdlib.h>
#include <string.h>

enum state {
	AT_REST, /* between calls */
	OPEN,	 /* begun, its moment is to come */
	DONE	 /* its moment was, it will return `result` */
};

/* All are filled with zeroes where they mean nothing, because they are compared byte by byte. */
struct caller {
	int64_t result;
	value_t cursor;	       /* OPEN: before the call; DONE: after it */
	value_t shared_before; /* of an advance that moved it; of a claim, what it got */
	uint8_t knows_before;
	uint8_t state, call;
	uint8_t knows; /* the thread's cursor is past the latest error */
	uint8_t phase; /* of a claim: what comes next; of a shared advance: 1 if a claim came first */
	uint8_t knows_peeked;
	uint8_t pad[2];
};

struct explanation {
	value_t word, shared;
	uint8_t latest; /* errno; 0: nothing was recorded */
	uint8_t told;	/* it was reported to somebody */
	uint8_t knows;	/* the shared cursor is past it */
	uint8_t threads;
	uint8_t pad[4];
	struct caller caller[MAX_THREADS];
};

enum {
	MOST_EXPLANATIONS = 100000,
	MOST_REMEMBERED = 1000000 /* from one program to the next */
};

/* A growing list of different explanations. */
static struct explanation *list;
static size_t list_count, list_room;

static void list_add(const struct explanation *explanation)
{
	size_t i;

	for (i = 0; i < list_count; i++)
		if (memcmp(&list[i], explanation, sizeof(*explanation)) == 0)
			return;
	if (list_count == list_room) {
		list_room = list_room ? 2 * list_room : 64;
		list = grow(list, list_room, sizeof(*list));
	}
	list[list_count++] = *explanation;
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct explanation));
}

/* The sets, and what becomes of them. Number 0 is the empty one. */
static struct table sets, changes;
static explanations_t *change_to;

static explanations_t list_as_set(void)
{
	int is_new;

	if (list_count == 0)
		return 0;
	qsort(list, list_count, sizeof(*list), compare);
	return table_put(&sets, list, list_count * sizeof(*list), &is_new) + 1;
}

static const struct explanation *set_as_list(explanations_t set, size_t *count)
{
	size_t length;
	const void *bytes = table_get(&sets, set - 1, &length);

	*count = length / sizeof(struct explanation);
	return bytes;
}

/* ---- one call's moment ---- */

/* The two models disagree: the contract's table breaks a guarantee. */
static void disagree(enum call call)
{
	walk_blame("contract: the table of calls and the guarantees disagree in %s",
		   call_kinds[call].name);
}

static void look(struct explanation *now, struct caller *me, value_t *cursor, uint8_t *knows,
		 int moves)
{
	struct spec spec = spec_from(now->word);
	int owed = *knows ? 0 : -(int)now->latest;

	if (moves) {
		me->result = spec_check_and_advance(&spec, cursor);
		now->word = spec_value(&spec);
		if (owed)
			now->told = 1;
		*knows = now->latest != 0;
	} else {
		me->result = spec_check(&spec, *cursor);
	}
	if (me->result != owed)
		disagree(me->call);
}

enum {
	TO_GET,
	TO_PEEK,
	TO_MOVE
};

/* A claim is three calls, each with a moment of its own; `result` is the peeked position before the last. */
static void claim(struct explanation *now, struct caller *me)
{
	struct spec spec = spec_from(now->word);
	value_t at = (value_t)me->result;
	int t;

	switch (me->phase++) {
	case TO_GET:
		me->shared_before = now->shared;
		me->knows_before = now->knows;
		me->state = OPEN;
		return;
	case TO_PEEK:
		at = spec_peek(&spec);
		now->word = spec_value(&spec);
		me->knows_peeked = now->latest != 0;
		if (spec_same(&spec, me->shared_before) != (me->knows_before || !now->latest))
			disagree(me->call);
		if (spec_same(&spec, me->shared_before)) {
			me->result = 0;
			return;
		}
		me->result = (int64_t)at;
		me->state = OPEN;
		return;
	default:
		me->result = LOST;
		if (now->shared != me->shared_before)
			return;
		if (now->knows && !me->knows_peeked) /* the cursor goes back */
			disagree(me->call);
		for (t = 0; t < now->threads; t++)
			if (now->caller[t].call == ADVANCE_SHARED && now->caller[t].state == OPEN)
				now->caller[t].phase = 1;
		now->shared = me->cursor = at;
		now->knows = me->knows = me->knows_peeked;
		me->result = -(int64_t)(at % 4096);
	}
}

/* Returns 0 if the call cannot happen now. */
static int happens(struct explanation *now, int thread)
{
	struct caller *me = &now->caller[thread];
	struct spec spec = spec_from(now->word);
	int err = me->call == SET_A ? ERROR_A : ERROR_B, t;

	me->state = DONE;
	switch ((enum call)me->call) {
	case SET_A:
	case SET_B:
		me->result = spec_set(&spec, -err);
		now->word = spec_value(&spec);
		now->latest = (uint8_t)err;
		now->told = now->knows = 0;
		for (t = 0; t < now->threads; t++)
			now->caller[t].knows = now->caller[t].knows_before =
				now->caller[t].knows_peeked = 0;
		break;
	case SAMPLE:
		me->cursor = spec_sample(&spec);
		me->result = (int64_t)me->cursor;
		/* G3: an error that was reported to nobody is still to come */
		me->knows = now->told;
		if ((me->cursor != 0) != now->told)
			disagree(me->call);
		break;
	case PEEK:
		me->cursor = spec_peek(&spec);
		me->result = (int64_t)me->cursor;
		now->word = spec_value(&spec);
		me->knows = now->latest != 0;
		break;
	case CHECK:
		look(now, me, &me->cursor, &me->knows, 0);
		break;
	case ADVANCE:
		look(now, me, &me->cursor, &me->knows, 1);
		break;
	case CHECK_SHARED:
		look(now, me, &now->shared, &now->knows, 0);
		break;
	case ADVANCE_SHARED:
		me->shared_before = now->shared;
		me->knows_before = now->knows;
		look(now, me, &now->shared, &now->knows, 1);
		break;
	case GET:
		me->cursor = now->shared;
		me->result = (int64_t)me->cursor;
		me->knows = now->knows;
		break;
	case LOAD:
		me->result = (int64_t)now->word;
		break;
	case SETTLE: /* G9: the error at this position, and no newer one */
		me->result = spec_settle(&spec, me->cursor);
		now->word = spec_value(&spec);
		if (me->result)
			now->told = 1;
		if (me->result != (me->knows && now->latest))
			disagree(me->call);
		break;
	case CLAIM:
		claim(now, me);
		break;
	case WAIT: /* returns when there is a new error */
		if (spec_check(&spec, me->cursor) == 0)
			return 0;
		me->result = 0;
		break;
	case WAKE:
		me->result = 0;
		break;
	case CALLS:
		abort();
	}
	return 1;
}

/* A shared advance marks the word a moment before it moves the cursor. */
static int happens_early(struct explanation *now, int thread)
{
	struct spec spec = spec_from(now->word);

	if (now->caller[thread].call != ADVANCE_SHARED || spec.error == 0 ||
	    (spec.observed && spec.reported) ||
	    (spec_same(&spec, now->shared) && now->caller[thread].phase == 0))
		return 0;
	spec.observed = spec.reported = 1;
	now->word = spec_value(&spec);
	now->told = 1;
	return 1;
}

/* A get, or a claim's, that sees where the cursor stood before an advance that has not returned. */
static int happens_with_old_cursor(struct explanation *now, int thread, int advancing)
{
	struct caller *me = &now->caller[thread], *other = &now->caller[advancing];

	if (other->state != DONE || other->call != ADVANCE_SHARED)
		return 0;
	if (me->call == CLAIM && me->phase == TO_GET) {
		me->shared_before = other->shared_before;
		me->knows_before = other->knows_before;
		me->phase = TO_PEEK;
		return 1;
	}
	if (me->call != GET)
		return 0;
	me->state = DONE;
	me->cursor = other->shared_before;
	me->result = (int64_t)me->cursor;
	me->knows = other->knows_before;
	return 1;
}

/* ---- sets ---- */

static explanations_t remembered(const void *key, size_t size, explanations_t **where)
{
	uint32_t room = changes.most, number;
	int is_new;

	number = table_put(&changes, key, size, &is_new);
	if (changes.most != room)
		change_to = grow(change_to, changes.most, sizeof(*change_to));
	if (is_new)
		change_to[number] = UINT32_MAX;
	*where = &change_to[number];
	return change_to[number];
}

explanations_t contract_starts(value_t word, value_t shared, const value_t *cursors, int threads)
{
	struct explanation start;
	int i;

	if (changes.count > MOST_REMEMBERED) {
		table_clear(&sets);
		table_clear(&changes);
	}
	memset(&start, 0, sizeof(start));
	start.word = word;
	start.shared = shared;
	start.latest = (uint8_t)(word % 4096);
	start.told = (word & REPORTED) != 0;
	start.knows = shared != 0;
	start.threads = (uint8_t)threads;
	for (i = 0; i < threads; i++)
		start.caller[i].knows = cursors[i] != 0;
	list_count = 0;
	list_add(&start);
	return list_as_set();
}

explanations_t contract_begins(explanations_t set, int thread, enum call call, value_t cursor)
{
	struct {
		value_t cursor;
		value_t what;
		explanations_t set;
		uint32_t thread;
	} key = { cursor, call, set, 0x100 + (uint32_t)thread };
	explanations_t *where, result = remembered(&key, sizeof(key), &where);
	const struct explanation *all;
	size_t count, i;

	if (result != UINT32_MAX)
		return result;
	all = set_as_list(set, &count);
	list_count = 0;
	for (i = 0; i < count; i++) {
		struct explanation now = all[i];

		now.caller[thread].state = OPEN;
		now.caller[thread].call = (uint8_t)call;
		now.caller[thread].cursor = cursor;
		list_add(&now);
	}
	*where = list_as_set();
	return *where;
}

explanations_t contract_returns(explanations_t set, int thread, int64_t result, value_t cursor,
				int is_used_again)
{
	struct {
		int64_t result;
		value_t cursor;
		explanations_t set;
		uint32_t thread;
	} key;
	explanations_t *where, known;
	const struct explanation *all;
	size_t count, i, fitting = 0;
	int t, other;

	memset(&key, 0, sizeof(key));
	key.result = result;
	key.cursor = cursor;
	key.set = set;
	key.thread = (uint32_t)(thread + (is_used_again ? 0 : MAX_THREADS));
	known = remembered(&key, sizeof(key), &where);
	if (known != UINT32_MAX)
		return known;

	/* All that can have happened by now, in any order; the list grows while it is read. */
	all = set_as_list(set, &count);
	list_count = 0;
	for (i = 0; i < count; i++)
		list_add(&all[i]);
	for (i = 0; i < list_count && list_count < MOST_EXPLANATIONS; i++) {
		for (t = 0; t < list[i].threads; t++) {
			struct explanation now = list[i];

			if (now.caller[t].state != OPEN)
				continue;
			/* What comes after the call's moment is for later returns to explain. */
			if (list[i].caller[thread].state != DONE) {
				if (happens(&now, t))
					list_add(&now);
				now = list[i];
				if (happens_early(&now, t))
					list_add(&now);
			}
			for (other = 0; other < list[i].threads; other++) {
				now = list[i];
				if (happens_with_old_cursor(&now, t, other))
					list_add(&now);
			}
		}
	}
	if (list_count >= MOST_EXPLANATIONS)
		abort();

	/* Those in which the call returns what it did. */
	for (i = 0; i < list_count; i++) {
		struct caller *me = &list[i].caller[thread];

		if (me->state != DONE || me->result != result || me->cursor != cursor)
			continue;
		me->state = AT_REST;
		me->call = 0;
		me->result = 0;
		me->cursor = 0;
		me->shared_before = 0;
		me->knows_before = 0;
		me->phase = 0;
		me->knows_peeked = 0;
		if (!is_used_again)
			me->knows = 0;
		list[fitting++] = list[i];
	}
	count = fitting;
	list_count = 0;
	for (i = 0; i < count; i++) {
		struct explanation one = list[i]; /* list_add may write where it is */

		list_add(&one);
	}
	*where = list_as_set();
	return *where;
}

int contract_leaves(explanations_t set, value_t word, value_t shared)
{
	size_t count, i;
	const struct explanation *all = set_as_list(set, &count);

	for (i = 0; i < count; i++)
		if (all[i].word == word && all[i].shared == shared)
			return 1;
	return 0;
}
