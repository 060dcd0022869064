/* SPDX-License-Identifier: MIT */
/*
 * Memory as one sequence of steps: every interleaving of the threads' atomic steps. Each history of calls
 * must be one that the contract explains (contract.c). Beside that, the guarantees are watched directly,
 * by nothing but when calls began and returned, so that a mistake in the contract's models does not hide
 * one in the code, and so that what is broken has a name.
 */
#include "explore.h"
#include <stdio.h>
#include <string.h>

/* What is known of a cursor from outside: a set of these. */
enum {
	MUST_TELL = 1, /* G1: an error was recorded after the call that moved it returned */
	MAY_TELL = 2,  /* G2: one was recorded after that call began */
	IS_OWED = 4    /* G3: it was sampled when there was an error that was reported to nobody */
};

/* Errors, as a set. */
enum {
	A = 1,
	B = 2
};

/* States are many, hence small. */
struct thread {
	node_t node; /* 0: between calls */
	value_t cursor;
	unsigned position : 3;
	unsigned calls : 3;  /* done, or begun */
	unsigned sleeps : 2; /* 1, and 2: woken */
	unsigned spurious : 2;
	/* since the call under way began: */
	unsigned at : 3;      /* where the cursor stood when it began */
	unsigned records : 1; /* an error was recorded */
	unsigned untold : 1;  /* the latest error cannot have been reported */
	unsigned alone : 1;   /* no other shared advance was under way */
	unsigned latest : 2;  /* which errors may have been the latest */
	unsigned before : 4; /* of a record: which of state.maybe_latest it will have overwritten */
};

struct state {
	value_t word, shared;
	explanations_t explanations;
	unsigned steps : 8;
	unsigned untold : 1;  /* the latest error cannot have been reported */
	unsigned unwoken : 1; /* an error was recorded after the latest errseq_wake */
	unsigned shared_position : 3;
	unsigned maybe_latest : 8; /* records that may be the latest: 4 of 2 bits, A, B or none */
	struct thread thread[MAX_THREADS];
};

int guarantees_only;

/* Without the threads that there are not. */
static size_t size_of_state(const struct program *program)
{
	return offsetof(struct state, thread) + (size_t)program->threads * sizeof(struct thread);
}

static void start(const struct program *program, void *space)
{
	struct state *state = space;
	const unsigned beginning = program->word != 0 ? MAY_TELL | MUST_TELL : 0;
	value_t cursors[MAX_THREADS];
	int t;

	memset(state, 0, size_of_state(program));
	state->word = program->word;
	if (program->word) {
		state->maybe_latest = A;
		state->untold = !(program->word & REPORTED);
	}
	for (t = 0; t < program->threads; t++) {
		cursors[t] = program->stands[t] ? program->word : 0;
		state->thread[t].cursor = cursors[t];
		state->thread[t].position = (program->stands[t] ? 0 : beginning) & 7;
	}
	state->shared = program->stands[MAX_THREADS] ? program->word : 0;
	state->shared_position = (program->stands[MAX_THREADS] ? 0 : beginning) & 7;
	if (!guarantees_only)
		state->explanations =
			contract_starts(state->word, state->shared, cursors, program->threads);
}

/*
 * Whether a thread other than t is inside a call that may tell somebody; of a record that comes now, too. A
 * settle does not: its position was taken before (G9).
 */
static int may_be_told(const struct program *program, const struct state *state, int t,
		       int shared_only)
{
	int other;

	for (other = 0; other < program->threads; other++) {
		enum call call;

		if (other == t || !state->thread[other].node)
			continue;
		call = call_at(state->thread[other].node);
		if (shared_only ? call_kinds[call].moves
				: call == ADVANCE || call == ADVANCE_SHARED)
			return 1;
	}
	return 0;
}

/* Nothing but taking a new position is still done with the thread's cursor. */
static int is_used_again(const struct program *program, const struct state *state, int t)
{
	int i;

	for (i = state->thread[t].calls; i < program->calls[t]; i++) {
		if (program->call[t][i] == ANY_CALL || call_kinds[program->call[t][i]].uses)
			return 1;
		if (call_kinds[program->call[t][i]].takes)
			return 0;
	}
	return 0;
}

static unsigned maybe_latest(const struct state *state, int i)
{
	return state->maybe_latest >> 2 * i & 3;
}

static void begin(const struct program *program, struct state *state, int t, enum call call)
{
	struct thread *me = &state->thread[t];
	int other, i;

	me->calls = (me->calls + 1) & 7;
	me->node = call_begins(call, me->cursor);
	if (!guarantees_only)
		state->explanations = contract_begins(state->explanations, t, call, me->cursor);
	if (call_kinds[call].looks) {
		me->at = call_kinds[call].is_shared ? state->shared_position : me->position;
		me->alone = !may_be_told(program, state, t, 1);
		for (i = 0; i < MAX_THREADS; i++)
			me->latest |= maybe_latest(state, i) & 3;
	}
	if (call_kinds[call].records)
		for (i = 0; i < MAX_THREADS; i++)
			if (maybe_latest(state, i))
				me->before = (me->before | 1u << i) & 15;
	if (call == SAMPLE)
		me->untold = state->untold && !may_be_told(program, state, t, 0);
	if (call == SETTLE)
		me->at = me->position;
	for (other = 0; other < program->threads; other++)
		if (other != t && call_kinds[call].moves)
			state->thread[other].alone = 0;
	if (call == ADVANCE || call == ADVANCE_SHARED ||
	    (call == SETTLE && !(me->at & MUST_TELL))) {
		state->untold = 0;
		for (other = 0; other < program->threads; other++)
			state->thread[other].untold = 0;
	}
}

/* A record is complete. */
static void record(const struct program *program, struct state *state, int t)
{
	unsigned error = call_at(state->thread[t].node) == SET_A ? A : B;
	unsigned gone = state->thread[t].before, left = state->maybe_latest;
	int other, i;

	state->untold = !may_be_told(program, state, t, 0);
	state->unwoken = 1;
	for (i = 0; i < MAX_THREADS; i++)
		if (gone & 1u << i)
			left &= ~(3u << 2 * i);
	for (other = 0; other < program->threads; other++) {
		struct thread *they = &state->thread[other];

		they->before &= ~gone & 15;
		they->position |= MUST_TELL | MAY_TELL;
		if (they->node) {
			they->records = 1;
			if (call_kinds[call_at(state->thread[other].node)].looks)
				they->latest |= error & 3;
		}
	}
	state->shared_position |= MUST_TELL | MAY_TELL;
	for (i = 0; left >> 2 * i & 3; i++)
		; /* one for each thread is enough: one thread's later record overwrites its earlier */
	state->maybe_latest = (left | error << 2 * i) & 255;
}

static int look_is_wrong(const struct state *state, int t, enum call call, int result)
{
	const struct thread *me = &state->thread[t];
	const char *name = call_kinds[call].name;
	int is_alone = me->alone || !call_kinds[call].is_shared;
	char returned[40];
	unsigned error = result == -ERROR_A ? A : result == -ERROR_B ? B : 0;
	/* Of calls that move the shared cursor, each had to find it where the one before left it. */
	unsigned may_tell = call_kinds[call].moves ? state->shared_position & MAY_TELL
						   : (me->at & MAY_TELL) | me->records;

	if (result == LOST)
		return 0;
	describe_result(returned, sizeof(returned), call, result);
	if (result == 0 && me->at & IS_OWED && !call_kinds[call].is_shared)
		walk_blame("G3 owed to somebody, G4 peek takes nothing: thread %d's %s returned 0, "
			   "but there was an error that nobody was told of when its position was "
			   "sampled",
			   t + 1, name);
	else if (result == 0 && me->at & MUST_TELL && is_alone)
		walk_blame("G1 nothing missed: thread %d's %s returned 0, but an error was "
			   "recorded after its position was taken, and before it began",
			   t + 1, name);
	else if (result != 0 && !may_tell)
		walk_blame("G2 once, G5 flags are not news: thread %d's %s returned %s, but "
			   "nothing was recorded after its position",
			   t + 1, name, returned);
	else if (result != 0 && !(error & me->latest))
		walk_blame("G7 latest: thread %d's %s returned %s, which was not the latest error "
			   "at any moment of the call",
			   t + 1, name, returned);
	else
		return 0;
	return 1;
}

static int settle_is_wrong(const struct thread *me, int t, int result)
{
	if (result ? !(me->at & MUST_TELL) : me->at & MAY_TELL || me->records || !me->cursor)
		return 0;
	walk_blame("G9 settled by name: thread %d's settle returned %d, but the error at its "
		   "position is %s",
		   t + 1, result, result ? "not the latest" : "the latest");
	return 1;
}

static enum move finish(const struct program *program, struct state *state, int t)
{
	struct thread *me = &state->thread[t];
	const struct step *step = call_asks(me->node);
	enum call call = call_at(state->thread[t].node);
	const struct call_kind *kind = &call_kinds[call];
	int used_again = is_used_again(program, state, t);

	if (!kind->takes && call != ADVANCE && call != CLAIM && me->cursor != step->cursor) {
		walk_blame("thread %d's %s moved its cursor", t + 1, kind->name);
		return WRONG;
	}
	me->cursor = step->cursor;
	if (kind->looks && look_is_wrong(state, t, call, (int)step->result))
		return WRONG;
	if (call == SETTLE && settle_is_wrong(me, t, (int)step->result))
		return WRONG;
	if ((call == ADVANCE || call == CLAIM) && step->result < 0)
		me->position = me->records ? MAY_TELL : 0;
	if (kind->moves && step->result < 0)
		state->shared_position &= me->records ? MAY_TELL : 0;
	if (kind->takes)
		me->position = ((call != PEEK || me->records ? MAY_TELL : 0u) |
				(me->untold ? IS_OWED : 0u)) &
			       7;

	if (!guarantees_only) {
		state->explanations = contract_returns(state->explanations, t, step->result,
						       me->cursor, used_again);
		if (!state->explanations) {
			char result[40];

			describe_result(result, sizeof(result), call, step->result);
			walk_blame("not linearizable: no order of the calls explains that thread "
				   "%d's %s returned %s",
				   t + 1, kind->name, result);
			return WRONG;
		}
	}
	if (kind->records)
		record(program, state, t);
	if (call == WAKE)
		state->unwoken = 0;

	/* What is not needed any more is forgotten, so that more ways lead to the same state. */
	*me = (struct thread){
		.calls = me->calls,
		.cursor = used_again ? me->cursor : 0,
		.position = used_again ? me->position : 0,
	};
	return MOVED;
}

/* G8: at every moment, because a thread may die at any moment. */
static int is_invalid(value_t value)
{
	return (value % 4096 == 0 && value != 0) || (value & REPORTED && !(value & OBSERVED));
}

/* A fence is no step: nothing that others do can come between. */
static node_t past_fences(node_t node)
{
	while (call_asks(node)->operation == OP_FENCE)
		node = call_finds(node, 0, 1);
	return node;
}

static enum move after_step(const struct program *program, struct state *state, int t)
{
	int i, idle = 1;

	if (is_invalid(state->word)) {
		walk_blame("G8 anywhere: whoever dies now leaves the word %#llx, which is not "
			   "valid",
			   (unsigned long long)state->word);
		return WRONG;
	}
	if (state->shared && (is_invalid(state->shared) || !(state->shared & OBSERVED))) {
		walk_blame("G8 anywhere: whoever dies now leaves the shared cursor %#llx, which is "
			   "no position",
			   (unsigned long long)state->shared);
		return WRONG;
	}
	if (call_asks(state->thread[t].node)->operation != OP_RETURN)
		return MOVED;
	if (finish(program, state, t) == WRONG)
		return WRONG;
	for (i = 0; i < program->threads; i++)
		idle &= !state->thread[i].node;
	if (idle && !guarantees_only &&
	    !contract_leaves(state->explanations, state->word, state->shared)) {
		walk_blame("not linearizable: no order of the calls leaves this word and this "
			   "shared cursor");
		return WRONG;
	}
	return MOVED;
}

static enum move move(const struct program *program, const void *from, int t, unsigned choice,
		      void *to, struct line *line)
{
	struct state *state = to;
	struct thread *me = &state->thread[t];
	struct step step;
	value_t *place, found;
	int success = 1, begins, i;
	enum call call;

	/* A choice is a call, if any can be begun here, and then whether an exchange fails spuriously. */
	if (choice > 2 * CALLS)
		return NO_SUCH_MOVE;
	memcpy(state, from, size_of_state(program));
	begins = !me->node;
	if (begins) {
		if (me->calls == program->calls[t])
			return NO_SUCH_MOVE;
		call = program->call[t][me->calls];
		if (call == ANY_CALL) {
			call = (enum call)(choice % CALLS);
			choice /= CALLS;
			if (!(program->any & 1u << call))
				return NOT_POSSIBLE;
		}
		begin(program, state, t, call);
		me->node = past_fences(me->node);
	}
	if (choice > 1)
		return NO_SUCH_MOVE;
	call = call_at(me->node);
	state->steps = (state->steps + 1) & 255;
	step = *call_asks(me->node);
	if (choice == 1 && !(step.operation == OP_COMPARE_EXCHANGE && step.is_weak &&
			     me->spurious < program->spurious))
		return begins ? NOT_POSSIBLE : NO_SUCH_MOVE;
	place = step.place == ON_CURSOR ? &state->shared : &state->word;
	found = *place;
	switch (step.operation) {
	case OP_RETURN: /* a call without an atomic step */
		return after_step(program, state, t);
	case OP_SLEEP:
		if (me->sleeps == 1)
			return NO_SUCH_MOVE;
		success = me->sleeps == 2;
		me->sleeps = 0;
		if (!success && found == step.expected) {
			me->sleeps = 1;
			if (line) {
				line->begins = begins;
				line->call = call;
				snprintf(line->text, sizeof(line->text), "%ssleep",
					 begins ? "wait: " : "  ");
			}
			return MOVED;
		}
		break;
	case OP_WAKE:
		for (i = 0; i < program->threads; i++)
			if (state->thread[i].sleeps == 1)
				state->thread[i].sleeps = 2;
		break;
	case OP_COMPARE_EXCHANGE:
		success = found == step.expected;
		if (choice == 1) {
			if (!success)
				return NO_SUCH_MOVE;
			me->spurious = (me->spurious + 1) & 3;
			success = 0;
		}
		if (success)
			*place = step.operand;
		break;
	default:
		*place = step_leaves(&step, found);
	}
	me->node = past_fences(call_finds(me->node, found, success));
	if (line)
		describe_move(line, begins, &step, found, success, me->node);
	return after_step(program, state, t);
}

static enum move end(const struct program *program, const void *at)
{
	const struct state *state = at;
	int t;

	for (t = 0; t < program->threads; t++)
		if (state->thread[t].sleeps == 1 && !state->unwoken && state->word != 0 &&
		    (state->word | BOTH_FLAGS) != (state->thread[t].cursor | BOTH_FLAGS)) {
			walk_blame("a wake-up is lost: thread %d sleeps for ever though there is "
				   "news",
				   t + 1);
			return WRONG;
		}
	return MOVED;
}

static void show(const void *at, char *word, char *cursor, size_t size)
{
	const struct state *state = at;

	describe_value(word, size, state->word);
	describe_value(cursor, size, state->shared);
}

const struct memory interleavings = {
	"every interleaving", size_of_state, start, move, end, show,
};
