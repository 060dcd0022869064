/* SPDX-License-Identifier: MIT */
/*
 * Runs the shipped code of a call, step by step. A call is a function of its arguments and of what its
 * atomic steps found. So it is run from its beginning with the answers known so far, and when it asks for
 * one more, the question is written down and the call is left by longjmp. Each way to a question is run
 * once and then remembered as a node: from then on the call is a table.
 *
 * The word and the shared cursor lie in memory that cannot be touched. An access that is no operation of
 * <stdatomic.h>, such as `word = value`, ends the program with the call's name.
 */
#include "explore.h"
#include "../shim/trace.h"
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	MOST_STEPS = 64, /* of a call: each one more is due to another thread, and these are few */
	NO_MEMORY_SIZE = 4096
};

struct answer {
	value_t found;
	int success;
};

struct node {
	struct step step;
	enum call call;
	value_t cursor;
	node_t parent; /* where the answer was given */
	struct answer answer;
	node_t next_sibling, first_child;
	unsigned depth;
};

static struct node *nodes;
static node_t node_count, node_room;

/* One begin for each call and cursor. */
static struct table beginnings;
static node_t *beginning_nodes;

static struct {
	struct answer answers[MOST_STEPS];
	struct step asked[MOST_STEPS]; /* when these answers were given */
	unsigned known, given;
	struct step *question;
	enum call call;
	jmp_buf out;
} running;

static unsigned char *no_memory;

static void say(const char *text)
{
	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		_exit(3);
}

static void on_fault(int signal_number)
{
	(void)signal_number;
	say("explore: ");
	say(call_kinds[running.call].name);
	say(" touches a word or a cursor by something else than an operation of <stdatomic.h>\n");
	_exit(1);
}

static void begin_no_memory(void)
{
	struct sigaction action = { .sa_handler = on_fault };

	no_memory = mmap(NULL, NO_MEMORY_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (no_memory == MAP_FAILED) {
		perror("explore: mmap");
		exit(2);
	}
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
}

/* ---- what the code asks ---- */

static int is_same(const struct step *a, const struct step *b)
{
	return a->operation == b->operation && a->place == b->place && a->order == b->order &&
	       a->failure_order == b->failure_order && a->is_weak == b->is_weak &&
	       a->operand == b->operand && a->expected == b->expected;
}

static struct answer ask(struct step step, const volatile void *object)
{
	if (object == no_memory + 64)
		step.place = ON_CURSOR;
	else if (object == no_memory)
		step.place = ON_WORD;
	else
		abort();
	if (running.given < running.known) {
		if (!is_same(&step, &running.asked[running.given])) {
			fprintf(stderr,
				"explore: %s does something else when it is called again in the "
				"same way: has it a memory of its own?\n",
				call_kinds[running.call].name);
			exit(1);
		}
		return running.answers[running.given++];
	}
	*running.question = step;
	longjmp(running.out, 1);
}

uint64_t trace_load(const volatile void *object, unsigned size, int order)
{
	(void)size;
	return ask((struct step){ .operation = OP_LOAD, .order = order }, object).found;
}

void trace_store(volatile void *object, unsigned size, uint64_t value, int order)
{
	(void)size;
	ask((struct step){ .operation = OP_STORE, .order = order, .operand = (value_t)value },
	    object);
}

uint64_t trace_change(volatile void *object, unsigned size, enum trace_change change,
		      uint64_t operand, int order)
{
	static const enum operation operations[] = { OP_EXCHANGE, OP_OR,  OP_AND,
						     OP_XOR,	  OP_ADD, OP_SUB };

	(void)size;
	return ask((struct step){ .operation = operations[change],
				  .order = order,
				  .operand = (value_t)operand },
		   object)
		.found;
}

int trace_compare_exchange(volatile void *object, unsigned size, void *expected, uint64_t desired,
			   int is_weak, int success, int failure)
{
	struct step step = { .operation = OP_COMPARE_EXCHANGE,
			     .order = success,
			     .failure_order = failure,
			     .is_weak = is_weak,
			     .operand = (value_t)desired };
	struct answer answer;

	memcpy(&step.expected, expected, size);
	answer = ask(step, object);
	if (!answer.success)
		memcpy(expected, &answer.found, size);
	return answer.success;
}

void trace_fence(int order)
{
	ask((struct step){ .operation = OP_FENCE, .order = order }, no_memory);
}

/* The futex, as src/wait.c calls it (compiled with -Dsyscall=explore_syscall). */
long explore_syscall(long number, ...);
long explore_syscall(long number, ...)
{
	struct step step = { .operation = OP_SLEEP };
	const void *object;
	va_list arguments;

	(void)number;
	va_start(arguments, number);
	object = va_arg(arguments, const void *);
	if ((va_arg(arguments, int) & 127) == 1) /* FUTEX_WAKE */
		step.operation = OP_WAKE;
	step.expected = va_arg(arguments, uint32_t);
	va_end(arguments);
	if (ask(step, object).success)
		return 0;
	errno = EAGAIN;
	return -1;
}

/* ---- the nodes ---- */

static node_t new_node(struct node node)
{
	struct node *self;

	if (node_count == node_room) {
		node_room = node_room ? 2 * node_room : 1024;
		nodes = grow(nodes, node_room, sizeof(*nodes));
		if (node_count == 0)
			node_count = 1; /* 0 is no node */
	}
	if (node.depth == MOST_STEPS) {
		fprintf(stderr, "explore: %s takes more than %d steps: does it end?\n",
			call_kinds[node.call].name, MOST_STEPS);
		exit(1);
	}
	self = &nodes[node_count];
	*self = node;

	/* The answers on the way here, then the code until it asks for one more. */
	running.known = node.depth;
	running.given = 0;
	running.question = &self->step;
	running.call = node.call;
	if (node.depth > 0) {
		const struct node *on_the_way = self;
		unsigned i;

		for (i = node.depth; i-- > 0; on_the_way = &nodes[on_the_way->parent]) {
			running.answers[i] = on_the_way->answer;
			running.asked[i] = nodes[on_the_way->parent].step;
		}
	}
	if (setjmp(running.out) == 0) {
		static errseq_cursor_t cursor;
		int64_t result;

		cursor = node.cursor;
		result = call_kinds[node.call].run((errseq_t *)(void *)no_memory,
						   (errseq_shared_cursor_t *)(void *)(no_memory +
										      64),
						   &cursor);
		nodes[node_count].step =
			(struct step){ .operation = OP_RETURN, .result = result, .cursor = cursor };
	}
	return node_count++;
}

node_t call_begins(enum call call, value_t cursor)
{
	struct {
		value_t cursor;
		value_t call;
	} key = { cursor, call };
	uint32_t room = beginnings.most, number;
	int is_new;

	if (!no_memory)
		begin_no_memory();
	number = table_put(&beginnings, &key, sizeof(key), &is_new);
	if (beginnings.most != room)
		beginning_nodes = grow(beginning_nodes, beginnings.most, sizeof(*beginning_nodes));
	if (is_new)
		beginning_nodes[number] = new_node((struct node){ .call = call, .cursor = cursor });
	return beginning_nodes[number];
}

enum call call_at(node_t node)
{
	return nodes[node].call;
}

const struct step *call_asks(node_t node)
{
	return &nodes[node].step;
}

node_t call_finds(node_t node, value_t found, int success)
{
	node_t child;

	for (child = nodes[node].first_child; child; child = nodes[child].next_sibling)
		if (nodes[child].answer.found == found && nodes[child].answer.success == success)
			return child;
	child = new_node((struct node){ .call = nodes[node].call,
					.cursor = nodes[node].cursor,
					.parent = node,
					.answer = { found, success },
					.next_sibling = nodes[node].first_child,
					.depth = nodes[node].depth + 1 });
	nodes[node].first_child = child;
	return child;
}

value_t step_leaves(const struct step *step, value_t found)
{
	switch (step->operation) {
	case OP_STORE:
	case OP_EXCHANGE:
	case OP_COMPARE_EXCHANGE:
		return step->operand;
	case OP_OR:
		return found | step->operand;
	case OP_AND:
		return found & step->operand;
	case OP_XOR:
		return found ^ step->operand;
	case OP_ADD:
		return found + step->operand;
	case OP_SUB:
		return found - step->operand;
	default:
		return found;
	}
}

int acquires(int order)
{
	return order == memory_order_acquire || order == memory_order_acq_rel ||
	       order == memory_order_seq_cst || order == memory_order_consume;
}

int releases(int order)
{
	return order == memory_order_release || order == memory_order_acq_rel ||
	       order == memory_order_seq_cst;
}

/* ---- in words ---- */

void describe_value(char *text, size_t size, value_t value)
{
	value_t error = value % 4096;
	char name[16];

	if (value == 0) {
		snprintf(text, size, "never set");
		return;
	}
	snprintf(name, sizeof(name),
		 error == ERROR_A   ? "A"
		 : error == ERROR_B ? "B"
				    : "errno %u",
		 (unsigned)error);
	snprintf(text, size, "(%llu, %s, %s%s%s)", (unsigned long long)(value >> 14), name,
		 value & REPORTED ? "r" : "", value & OBSERVED ? "o" : "",
		 value & BOTH_FLAGS ? "" : "-");
}

static void describe_step(char *text, size_t size, const struct step *step, value_t found,
			  int success)
{
	static const char *const names[] = { "load",  "store", "swap",	"or",	    "and",
					     "xor",   "add",   "sub",	"exchange", "fence",
					     "sleep", "wake",  "return" };
	static const char *const orders[] = { "relaxed", "consume", "acquire",
					      "release", "acq_rel", "seq_cst" };
	char before[40], after[40];

	describe_value(before, sizeof(before), found);
	describe_value(after, sizeof(after), step_leaves(step, found));
	switch (step->operation) {
	case OP_LOAD:
		snprintf(text, size, "%s%s %s finds %s", step->place == ON_CURSOR ? "cursor " : "",
			 names[step->operation], orders[step->order], before);
		break;
	case OP_COMPARE_EXCHANGE:
		if (!success) {
			snprintf(text, size, "%sexchange %s fails, finds %s",
				 step->place == ON_CURSOR ? "cursor " : "",
				 orders[step->failure_order], before);
			break;
		}
		/* fall through */
	default:
		snprintf(text, size, "%s%s %s: %s -> %s", step->place == ON_CURSOR ? "cursor " : "",
			 names[step->operation], orders[step->order], before, after);
		break;
	case OP_SLEEP:
		snprintf(text, size, success ? "is woken" : "sleep: no, the word is %s", before);
		break;
	case OP_WAKE:
		snprintf(text, size, "wake");
		break;
	}
}

void describe_result(char *text, size_t size, enum call call, int64_t result)
{
	if (call_kinds[call].takes || call == LOAD)
		describe_value(text, size, (value_t)result);
	else
		snprintf(text, size, "%s%s", result < 0 ? "-" : "",
			 result == -ERROR_A   ? "A"
			 : result == -ERROR_B ? "B"
			 : result == 1	      ? "1"
			 : result	      ? "?"
					      : "0");
}

void describe_move(struct line *line, int begins, const struct step *step, value_t found,
		   int success, node_t after)
{
	char what[100], returned[44] = "";
	const struct step *last = call_asks(after);

	line->begins = begins;
	line->call = call_at(after);
	describe_step(what, sizeof(what), step, found, success);
	if (last->operation == OP_RETURN)
		describe_result(returned, sizeof(returned), line->call, last->result);
	snprintf(line->text, sizeof(line->text), "%s%s%s%s%s",
		 begins ? call_kinds[line->call].name : "", begins ? ": " : "  ", what,
		 returned[0] ? ", returns " : "", returned);
}
