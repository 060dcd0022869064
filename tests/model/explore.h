/* SPDX-License-Identifier: MIT */
/*
 * A model checker for the shipped source. src/errseq.c and the inline code of the header are compiled
 * over a <stdatomic.h> (tests/shim) whose operations do not touch memory but ask: *what does this atomic
 * step find?* So a call is a machine that asks and is answered, and the checker plays the memory.
 *
 *	calls.c          the API as a list of such calls
 *	steps.c          runs a call until it asks; the same questions are asked only once
 *	contract.c       which results the contract allows: linearizability, on the fly
 *	interleavings.c  memory as a sequence of steps: every interleaving of some threads' calls
 *	weak.c           memory as C11 has it: every execution with stale reads, for the memory orders
 *	walk.c           walks through all states of a program, with the number of ways to each
 *	table.c          a set of byte strings
 *	explore.c        the command: all programs of a size, or one
 *
 * A program is what each of a few threads does: a list of calls, on one word, one cursor a thread, and one
 * shared cursor. A call begins with its first atomic step and returns with its last: the tightest limits,
 * so the strictest check. A thread that stops for ever in the middle of a call is among the
 * interleavings: the others cannot tell it from one that goes on after they are done.
 */
#ifndef ERRSEQ_TESTS_MODEL_EXPLORE_H
#define ERRSEQ_TESTS_MODEL_EXPLORE_H

#include "../common/word.h"
#include <stddef.h>
#include <stdint.h>

enum {
	MAX_THREADS = 4,
	MAX_CALLS = 4, /* a thread */
	ERROR_A = 5,
	ERROR_B = 28
};

/* ---- calls.c ---- */

enum call {
	SET_A,
	SET_B,
	SAMPLE,
	PEEK,
	CHECK,
	ADVANCE,
	CHECK_SHARED,
	ADVANCE_SHARED,
	GET,
	LOAD,
	SETTLE,
	CLAIM, /* the first phase through the shared cursor: get, peek, same, move */
	WAIT,
	WAKE,
	CALLS,
	ANY_CALL = CALLS
};

struct call_kind {
	const char *name;
	/* Does the call; *cursor is the thread's own. What it returns, as a number. */
	int64_t (*run)(errseq_t *word, errseq_shared_cursor_t *shared, errseq_cursor_t *cursor);
	unsigned records : 1;	/* an error */
	unsigned takes : 1;	/* puts the thread's cursor somewhere, and returns where */
	unsigned looks : 1;	/* returns an error, or 0 */
	unsigned uses : 1;	/* the thread's own cursor */
	unsigned is_shared : 1; /* uses the shared cursor */
	unsigned moves : 1;	/* the shared cursor, if it returns an error */
	unsigned is_here : 1;	/* this build of the library has it */
};

extern const struct call_kind call_kinds[CALLS];

/* What a claim returns if another call moved the shared cursor first. */
enum {
	LOST = 1
};

/* ---- steps.c ---- */

enum operation {
	OP_LOAD,
	OP_STORE,
	OP_EXCHANGE,
	OP_OR,
	OP_AND,
	OP_XOR,
	OP_ADD,
	OP_SUB,
	OP_COMPARE_EXCHANGE,
	OP_FENCE,
	OP_SLEEP, /* FUTEX_WAIT */
	OP_WAKE,
	OP_RETURN
};

enum place {
	ON_WORD,
	ON_CURSOR,
	PLACES
};

/* What a call asks for next. */
struct step {
	enum operation operation;
	enum place place;
	int order, failure_order, is_weak;
	value_t operand, expected;
	int64_t result; /* OP_RETURN */
	value_t cursor;
};

/* A step in words. */
struct line {
	char text[160];
	int begins; /* a call: */
	enum call call;
};

/* Where a call is in its code: a number, never 0. */
typedef uint32_t node_t;

enum call call_at(node_t node);

node_t call_begins(enum call call, value_t cursor);
const struct step *call_asks(node_t node);
/* The atomic step found `found`; an exchange succeeded or not. Returns where the call is then. */
node_t call_finds(node_t node, value_t found, int success);
/* What an operation leaves where it found `found`. */
value_t step_leaves(const struct step *step, value_t found);
/* "(0, A, ro)", as in docs/algorithm.md */
void describe_value(char *text, size_t size, value_t value);
void describe_move(struct line *line, int begins, const struct step *step, value_t found,
		   int success, node_t after);
void describe_result(char *text, size_t size, enum call call, int64_t result);
int acquires(int order);
int releases(int order);

/* ---- contract.c ---- */

/* The orders of the calls so far that explain their results; 0 if there is none. */
typedef uint32_t explanations_t;

explanations_t contract_starts(value_t word, value_t shared, const value_t *cursors, int threads);
explanations_t contract_begins(explanations_t set, int thread, enum call call, value_t cursor);
/* A cursor that is not used again need not be known any more. */
explanations_t contract_returns(explanations_t set, int thread, int64_t result, value_t cursor,
				int is_used_again);
/* With no call under way: is there an order that leaves these? */
int contract_leaves(explanations_t set, value_t word, value_t shared);

/* ---- walk.c ---- */

struct program {
	int threads;
	int calls[MAX_THREADS];			/* how many */
	enum call call[MAX_THREADS][MAX_CALLS]; /* ANY_CALL: each of `any` is tried */
	unsigned any;				/* a set of calls: bits by their numbers */
	value_t word;				/* at the start */
	int stands[MAX_THREADS + 1]; /* the cursors stand on it; the last is the shared one */
	unsigned spurious;	     /* exchanges of a call that may fail for no reason */
};

enum move {
	NO_SUCH_MOVE, /* nor with a larger choice */
	NOT_POSSIBLE,
	MOVED,
	WRONG /* walk_blame says why */
};

/* A memory: how a state looks and moves on. */
struct memory {
	const char *name;
	size_t (*size_of_state)(const struct program *program);
	void (*start)(const struct program *program, void *state);
	/* The thread's next step, if it has one. Choices of a thread are numbered from 0 on. */
	enum move (*move)(const struct program *program, const void *state, int thread,
			  unsigned choice, void *next, struct line *line);
	/* Nobody can move any more. */
	enum move (*end)(const struct program *program, const void *state);
	void (*show)(const void *state, char *word, char *cursor, size_t size);
};

extern const struct memory interleavings, weak_memory;
/* Only what is watched from outside, without the models of contract.c. */
extern int guarantees_only;

struct walk {
	uint64_t states, ways;
	unsigned steps;
};

/*
 * Returns 0, or -1 if something is wrong after at most `most_steps` steps, with the shortest way there in
 * walk_story, and its length in result->steps.
 */
int walk(const struct memory *memory, const struct program *program, unsigned most_steps,
	 struct walk *result);
extern char walk_story[16384];
void walk_blame(const char *format, ...) __attribute__((format(printf, 1, 2)));
void describe_program(char *text, size_t size, const struct program *program);

/* ---- table.c ---- */

struct table {
	unsigned char *bytes;
	size_t *offsets;
	struct slot {
		uint32_t hash, number; /* from 1 on; 0: empty */
	} * slots;
	size_t used, room;
	uint32_t count, most, slot_mask;
};

/* The number of the string, from 0 on; a new one gets the next. */
uint32_t table_put(struct table *table, const void *key, size_t length, int *is_new);
const void *table_get(const struct table *table, uint32_t number, size_t *length);
void table_clear(struct table *table);
/* realloc, or the end. */
void *grow(void *memory, size_t count, size_t size);

#endif
