/* SPDX-License-Identifier: MIT */
/*
 * Memory as C11 has it, for the memory orders. A place keeps all values that were written to it, in their
 * order, each with a *view*: what its writer made visible with it. A thread has a view too: of each place,
 * the oldest value that it may still read. A load may find any value that is not older than that. An
 * acquire takes the value's view over; a release attaches the thread's own; a read-modify-write finds the
 * latest value and hands on the view that it found (release sequences). A relaxed load keeps the view for
 * an acquire fence that may follow. This is RC11 but for seq_cst, which is taken as no more than acquire
 * and release: the executions in which no read takes its value from its own future.
 *
 * The message that is passed: before each record, its thread writes a *note* of what broke, and before each
 * settle one of how the error was delivered. A view contains the notes that are visible. No thread reads
 * them; it is enough to ask whether it would find them.
 *
 * What is checked is what docs/memory-model.md proves: G6, and those guarantees that rest on the order of
 * the reads. Which results are right when all is seen at once is for the interleavings.
 */
#include "explore.h"
#include <stdatomic.h>
#include <string.h>

enum {
	MOST_VALUES = 14, /* of a place, in one program */
	BEGINNING = -1
};

struct view {
	uint8_t oldest[PLACES]; /* value that may still be read, by its number */
	uint16_t notes;
};

struct written {
	value_t value;
	struct view view;
	uint8_t is_record, is_settled, note; /* the note's number */
	uint8_t pad;
};

struct thread {
	node_t node; /* 0: between calls */
	value_t cursor;
	struct view now, before_fence, released; /* released: by a release fence */
	uint8_t calls;
	uint8_t began;	 /* the oldest word that could be read when the call began */
	uint8_t seen;	 /* the number of the word that the call saw last */
	uint8_t stood;	 /* the number of the shared cursor's value that the call saw last */
	int8_t position; /* the number of the word that the thread's cursor stands on */
	uint8_t pad;
	uint16_t notes; /* visible when that position was taken */
};

struct state {
	uint8_t steps, count[PLACES], pad;
	uint16_t completed; /* records, by the numbers of their notes */
	uint16_t shared_notes;
	struct written written[PLACES][MOST_VALUES];
	struct thread thread[MAX_THREADS];
};

static size_t size_of_state(const struct program *program)
{
	return offsetof(struct state, thread) + (size_t)program->threads * sizeof(struct thread);
}

static void start(const struct program *program, void *space)
{
	struct state *state = space;
	int t;

	memset(state, 0, size_of_state(program));
	state->count[ON_WORD] = state->count[ON_CURSOR] = 1;
	state->written[ON_WORD][0].value = program->word;
	state->written[ON_CURSOR][0].value = program->stands[MAX_THREADS] ? program->word : 0;
	for (t = 0; t < program->threads; t++) {
		state->thread[t].cursor = program->stands[t] ? program->word : 0;
		state->thread[t].position =
			program->stands[t] || program->word == 0 ? 0 : BEGINNING;
	}
}

static void join(struct view *view, const struct view *other)
{
	int i;

	for (i = 0; i < PLACES; i++)
		if (view->oldest[i] < other->oldest[i])
			view->oldest[i] = other->oldest[i];
	view->notes |= other->notes;
}

static int same(value_t a, value_t b)
{
	return (a | BOTH_FLAGS) == (b | BOTH_FLAGS);
}

/* The notes of all records up to a word. */
static unsigned notes_up_to(const struct state *state, int word)
{
	unsigned notes = 0;
	int i;

	for (i = 0; i <= word; i++)
		if (state->written[ON_WORD][i].is_record)
			notes |= 1u << state->written[ON_WORD][i].note;
	return notes;
}

/* The number of the word that a position stands on. */
static int word_of(const struct state *state, value_t position)
{
	int i;

	for (i = state->count[ON_WORD] - 1; i > 0; i--)
		if (state->written[ON_WORD][i].value == position)
			return i;
	return state->written[ON_WORD][0].value == position ? 0 : BEGINNING;
}

static void say_unseen(int t, const char *name)
{
	walk_blame("G6 covered: thread %d's %s returned, but what a recorder did before it "
		   "recorded is not visible, and will not be told again",
		   t + 1, name);
}

static void finish_look(const struct state *state, int t, enum call call, int is_news)
{
	const struct thread *me = &state->thread[t];
	const char *name = call_kinds[call].name;
	int position = (int)me->position;

	if (call_kinds[call].is_shared)
		position = word_of(state, state->written[ON_CURSOR][me->stood].value);
	if (is_news && me->seen <= position)
		walk_blame("G2 once: thread %d's %s told of an error that the cursor is past",
			   t + 1, name);
	if (is_news && (notes_up_to(state, me->seen) & ~(unsigned)me->now.notes))
		say_unseen(t, name);
	if (!is_news && notes_up_to(state, me->began) & ~notes_up_to(state, position))
		walk_blame("G1 nothing missed: thread %d's %s returned 0, but an error was "
			   "recorded after the position, and happens before the call",
			   t + 1, name);
}

/* Whoever samples an error as past sees the notes of all who settled it, up to the value that it found. */
static void finish_sample(const struct state *state, int t)
{
	const struct thread *me = &state->thread[t];
	const struct written *written = state->written[ON_WORD];
	int i;

	for (i = me->seen; i > 0 && !written[i].is_record; i--)
		if (written[i].is_settled && !(me->now.notes & 1u << written[i].note))
			walk_blame("G6 covered: thread %d's sample found an error that was "
				   "settled, but how it was delivered is not visible",
				   t + 1);
}

static void finish(struct state *state, int t)
{
	struct thread *me = &state->thread[t];
	const struct step *step = call_asks(me->node);
	enum call call = call_at(me->node);
	int is_news = call == WAIT || (call_kinds[call].looks && step->result < 0);

	me->cursor = step->cursor;
	if (call_kinds[call].records)
		state->completed |= (uint16_t)(1u << (t * MAX_CALLS + me->calls - 1));
	if ((call_kinds[call].looks || call == WAIT) && step->result != LOST)
		finish_look(state, t, call, is_news);
	if (call == SAMPLE && step->result != 0)
		finish_sample(state, t);
	if (call_kinds[call].takes || ((call == ADVANCE || call == CLAIM) && is_news)) {
		me->position = (int8_t)word_of(state, me->cursor);
		me->notes = me->now.notes;
		if (me->cursor && notes_up_to(state, me->position) & ~(unsigned)me->now.notes)
			say_unseen(t, call_kinds[call].name);
	}
	if (call_kinds[call].moves && is_news)
		state->shared_notes |= me->now.notes;
	me->node = 0;
	me->began = me->seen = me->stood = 0;
}

/* A fence acts on the thread alone. */
static void pass_fences(struct thread *me)
{
	for (; call_asks(me->node)->operation == OP_FENCE; me->node = call_finds(me->node, 0, 1)) {
		int order = call_asks(me->node)->order;

		if (acquires(order))
			join(&me->now, &me->before_fence);
		if (releases(order))
			me->released = me->now;
	}
}

static void read_value(struct state *state, int t, const struct step *step, int number, int order)
{
	struct thread *me = &state->thread[t];
	const struct written *written = &state->written[step->place][number];

	me->now.oldest[step->place] = (uint8_t)number;
	join(&me->before_fence, &written->view);
	if (acquires(order))
		join(&me->now, &written->view);
	*(step->place == ON_WORD ? &me->seen : &me->stood) = (uint8_t)number;
}

static enum move write_value(struct state *state, int t, const struct step *step, int continues)
{
	struct thread *me = &state->thread[t];
	int number = state->count[step->place]++, i;
	struct written *written = &state->written[step->place][number];
	enum call call = call_at(me->node);

	if (number == MOST_VALUES) {
		walk_blame("explore: more values than it can keep: take a smaller program");
		return WRONG;
	}
	me->now.oldest[step->place] = (uint8_t)number;
	written->value = step_leaves(step, written[-1].value);
	written->view = releases(step->order) ? me->now : me->released;
	written->view.oldest[step->place] = (uint8_t)number;
	if (continues)
		join(&written->view, &written[-1].view);
	if (step->place == ON_WORD) {
		me->seen = (uint8_t)number;
		written->is_record = call_kinds[call].records;
		written->is_settled = call == SETTLE;
		if (written->is_record || written->is_settled)
			written->note = (uint8_t)(t * MAX_CALLS + me->calls - 1);
	} else {
		for (i = 0; i < number; i++)
			if (same(state->written[ON_CURSOR][i].value, written->value)) {
				walk_blame("G2 once: thread %d's %s moves the shared cursor back",
					   t + 1, call_kinds[call].name);
				return WRONG;
			}
	}
	return MOVED;
}

static enum move move(const struct program *program, const void *from, int t, unsigned choice,
		      void *to, struct line *line)
{
	struct state *state = to;
	struct thread *me = &state->thread[t];
	const struct written *written;
	struct step step;
	int begins, success = 1, latest, number;
	enum call call;

	/* A choice is a call, if any can be begun here, and then which value is read. */
	memcpy(state, from, size_of_state(program));
	begins = !me->node;
	if (begins) {
		if (me->calls == program->calls[t] || choice >= CALLS * (MOST_VALUES + 2))
			return NO_SUCH_MOVE;
		call = program->call[t][me->calls];
		if (call == ANY_CALL) {
			call = (enum call)(choice % CALLS);
			choice /= CALLS;
			if (!(program->any & 1u << call))
				return NOT_POSSIBLE;
		}
		me->calls++;
		me->began = me->now.oldest[ON_WORD];
		if (call_kinds[call].records || call == SETTLE)
			me->now.notes |= (uint16_t)(1u << (t * MAX_CALLS + me->calls - 1));
		me->node = call_begins(call, me->cursor);
		pass_fences(me);
	} else if (choice > MOST_VALUES) {
		return NO_SUCH_MOVE;
	}
	state->steps++;
	step = *call_asks(me->node);
	written = state->written[step.place];
	latest = state->count[step.place] - 1;
	number = latest;
	switch (step.operation) {
	case OP_LOAD:
		number = me->now.oldest[step.place] + (int)choice;
		if (number > latest)
			return NOT_POSSIBLE;
		read_value(state, t, &step, number, step.order);
		break;
	case OP_STORE: /* as the latest: enough for a faulty library */
	case OP_RETURN:
		if (choice > 0)
			return NOT_POSSIBLE;
		if (step.operation == OP_STORE && write_value(state, t, &step, 0) == WRONG)
			return WRONG;
		break;
	case OP_COMPARE_EXCHANGE:
		if (choice > 0) { /* a failure, which may read an older value */
			success = 0;
			number = me->now.oldest[step.place] + (int)choice - 1;
			if (number > latest || written[number].value == step.expected)
				return NOT_POSSIBLE;
			read_value(state, t, &step, number, step.failure_order);
			break;
		}
		if (written[latest].value != step.expected)
			return NOT_POSSIBLE;
		read_value(state, t, &step, latest, step.order);
		if (write_value(state, t, &step, 1) == WRONG)
			return WRONG;
		break;
	case OP_SLEEP: /* the kernel looks at the latest, in the name of this thread */
		success = 0;
		if (choice > 0 || written[latest].value == step.expected)
			return NOT_POSSIBLE;
		read_value(state, t, &step, latest, memory_order_relaxed);
		break;
	case OP_WAKE:
		if (choice > 0)
			return NOT_POSSIBLE;
		break;
	default:
		if (choice > 0)
			return NOT_POSSIBLE;
		read_value(state, t, &step, latest, step.order);
		if (write_value(state, t, &step, 1) == WRONG)
			return WRONG;
	}
	if (step.operation != OP_RETURN)
		me->node = call_finds(me->node, written[number].value, success);
	pass_fences(me);
	if (line) {
		describe_move(line, begins, &step, written[number].value, success, me->node);
		if (number < latest)
			strncat(line->text, " (an old one)",
				sizeof(line->text) - strlen(line->text) - 1);
	}
	if (call_asks(me->node)->operation == OP_RETURN)
		finish(state, t);
	return MOVED;
}

/* When all has become visible: a thread that did not see a note gets an error again. */
static enum move end(const struct program *program, const void *at)
{
	const struct state *state = at;
	value_t word = state->written[ON_WORD][state->count[ON_WORD] - 1].value;
	value_t shared = state->written[ON_CURSOR][state->count[ON_CURSOR] - 1].value;
	int t;

	for (t = 0; t < program->threads; t++)
		if (state->completed & ~state->thread[t].notes && state->thread[t].cursor &&
		    same(word, state->thread[t].cursor)) {
			walk_blame("G6 covered: what a recorder did was not visible when thread "
				   "%d's position was taken, and the record is no news to it",
				   t + 1);
			return WRONG;
		}
	if (state->completed & ~state->shared_notes && shared && same(word, shared)) {
		walk_blame("G6 covered: what a recorder did was not visible to those who were told "
			   "through the shared cursor, and the record is no news to it");
		return WRONG;
	}
	return MOVED;
}

static void show(const void *at, char *word, char *cursor, size_t size)
{
	const struct state *state = at;

	describe_value(word, size, state->written[ON_WORD][state->count[ON_WORD] - 1].value);
	describe_value(cursor, size, state->written[ON_CURSOR][state->count[ON_CURSOR] - 1].value);
}

const struct memory weak_memory = {
	"C11's, with stale reads", size_of_state, start, move, end, show,
};
