/* SPDX-License-Identifier: MIT */
/*
 * Walks through all states of a program, step by step: all states after one step, after two, and so on.
 * Two ways that end in the same state after as many steps are one from there on, but are counted as two.
 * What is wrong is found on a shortest way.
 */
#include "explore.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

char walk_story[16384];
static char blame[512];

void walk_blame(const char *format, ...)
{
	va_list arguments;

	if (blame[0])
		return; /* the first is the cause */
	va_start(arguments, format);
	vsnprintf(blame, sizeof(blame), format, arguments);
	va_end(arguments);
}

void describe_program(char *text, size_t size, const struct program *program)
{
	size_t used = 0;
	int t, i;

	text[0] = '\0';
	for (t = 0; t < program->threads; t++) {
		if (t > 0)
			used += (size_t)snprintf(text + used, size - used, " | ");
		if (program->stands[t])
			used += (size_t)snprintf(text + used, size - used, "here: ");
		for (i = 0; i < program->calls[t]; i++)
			used += (size_t)snprintf(text + used, size - used, "%s%s", i ? "; " : "",
						 call_kinds[program->call[t][i]].name);
	}
}

/* How each state was reached. */
static struct table states;
static uint64_t *ways;
static struct came {
	uint32_t from;
	uint8_t thread, choice;
	uint16_t steps;
} * came;
static size_t room, size;

static void add(const void *state, uint32_t from, int thread, unsigned choice)
{
	int is_new;
	uint32_t number = table_put(&states, state, size, &is_new);

	if (states.most > room) {
		room = states.most;
		ways = grow(ways, room, sizeof(*ways));
		came = grow(came, room, sizeof(*came));
	}
	if (is_new) {
		ways[number] = 0;
		came[number] = (struct came){ from, (uint8_t)thread, (uint8_t)choice,
					      number == 0 ? 0 : (uint16_t)(came[from].steps + 1) };
	}
	ways[number] += number == 0 ? 1 : ways[from];
}

/* The way to state `last`, and one step more if `thread` is one. */
static void tell(const struct memory *memory, const struct program *program, uint32_t last,
		 int thread, unsigned choice)
{
	enum {
		MOST = 256,
		WIDTH = 48 /* of a thread's column */
	};
	static struct came path[MOST];
	static unsigned char state[2][4096];
	struct program made = *program;
	int steps = 0, at, t, calls_made[MAX_THREADS] = { 0 };
	size_t used = 0;
	char text[512], word[40], cursor[40];
	uint32_t number;
	struct line line;

#define SAY(...)                                                                       \
	do {                                                                           \
		used += (size_t)snprintf(walk_story + used, sizeof(walk_story) - used, \
					 __VA_ARGS__);                                 \
		if (used > sizeof(walk_story) - 1)                                     \
			used = sizeof(walk_story) - 1;                                 \
	} while (0)

	if (thread >= 0)
		path[steps++] = (struct came){ last, (uint8_t)thread, (uint8_t)choice, 0 };
	for (number = last; number != 0 && steps < MOST; number = came[number].from)
		path[steps++] = came[number];

	/* the calls that were tried on this way, for --program */
	memory->start(program, state[0]);
	for (at = 0; at < steps; at++) {
		const struct came *step = &path[steps - 1 - at];
		int *begun = &calls_made[step->thread];

		line.begins = 0;
		memory->move(program, state[at % 2], step->thread, step->choice,
			     state[(at + 1) % 2], &line);
		if (line.begins)
			made.call[step->thread][(*begun)++] = line.call;
	}
	for (t = 0; t < program->threads; t++)
		if (calls_made[t] < made.calls[t] && made.call[t][calls_made[t]] == ANY_CALL)
			made.calls[t] = calls_made[t];
	describe_program(text, sizeof(text), &made);
	SAY("%s\nmemory: %s; again: --program \"%s\" --word %s%s%s\n", blame, memory->name, text,
	    program->word == 0	       ? "never-set"
	    : program->word & REPORTED ? "reported"
	    : program->word & OBSERVED ? "observed"
				       : "set",
	    program->stands[MAX_THREADS] ? " --shared-here" : "",
	    memory == &weak_memory ? " --weak"
	    : guarantees_only	   ? " --guarantees"
				   : "");
	SAY("(count, error, flags): r reported, o observed, - neither\n\n");
	SAY("%4s  %-17s  %-17s", "step", "word", "shared cursor");
	for (t = 0; t < program->threads; t++)
		SAY("  thread %-*d", t + 1 < program->threads ? WIDTH - 9 : 1, t + 1);
	memory->start(program, state[0]);
	memory->show(state[0], word, cursor, sizeof(word));
	SAY("\n%4d  %-17s  %-17s\n", 0, word, cursor);
	for (at = 0; at < steps; at++) {
		const struct came *step = &path[steps - 1 - at];

		line.text[0] = '\0';
		memory->move(program, state[at % 2], step->thread, step->choice,
			     state[(at + 1) % 2], &line);
		memory->show(state[(at + 1) % 2], word, cursor, sizeof(word));
		SAY("%4d  %-17s  %-17s  %*s%s\n", at + 1, word, cursor, WIDTH * step->thread, "",
		    line.text);
	}
#undef SAY
}

int walk(const struct memory *memory, const struct program *program, unsigned most_steps,
	 struct walk *result)
{
	static unsigned char now[4096], next[4096];
	uint32_t number;
	int t;

	table_clear(&states);
	size = memory->size_of_state(program);
	blame[0] = '\0';
	*result = (struct walk){ 0, 0, 0 };
	memory->start(program, now);
	add(now, 0, 0, 0);
	for (number = 0; number < states.count; number++) {
		int moved = 0;

		result->steps = came[number].steps;
		if (result->steps >= most_steps)
			break;
		for (t = 0; t < program->threads; t++) {
			unsigned choice;

			for (choice = 0;; choice++) {
				enum move move;

				memcpy(now, table_get(&states, number, NULL), size);
				move = memory->move(program, now, t, choice, next, NULL);
				if (move == NO_SUCH_MOVE)
					break;
				if (move == NOT_POSSIBLE)
					continue;
				if (move == WRONG || blame[0]) {
					result->steps++;
					tell(memory, program, number, t, choice);
					return -1;
				}
				moved = 1;
				add(next, number, t, choice);
			}
		}
		if (!moved) {
			if (memory->end(program, now) == WRONG) {
				tell(memory, program, number, -1, 0);
				return -1;
			}
			result->ways += ways[number];
		}
	}
	result->states = states.count;
	return 0;
}
