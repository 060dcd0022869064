/* SPDX-License-Identifier: MIT */
#include "trace.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char text[1024];
static int on, steps, interfere_at, failures, weak_fail;
static void (*interference)(void *);
static void *interference_argument;

void trace_begin(int step, void (*interfere)(void *), void *argument)
{
	text[0] = '\0';
	steps = 0;
	interfere_at = step;
	interference = interfere;
	interference_argument = argument;
	on = 1;
}

const char *trace_end(void)
{
	on = 0;
	failures = 0;
	return text;
}

int trace_steps(void)
{
	return steps;
}

void trace_fail_exchanges(int times)
{
	failures = times;
}

void trace_fail_weak_exchanges(int always)
{
	weak_fail = always;
}

static const char *name_of(int order)
{
	static const char *const names[] = { "relaxed", "consume", "acquire",
					     "release", "acq_rel", "seq_cst" };

	if (order < 0 || order > 5)
		abort();
	return names[order];
}

static const volatile void *cursor;

void trace_call_cursor(const volatile void *object)
{
	cursor = object;
}

static void step(const volatile void *object, const char *operation, const char *order,
		 const char *other_order)
{
	size_t used = strlen(text);

	if (!on)
		return;
	steps++;
	snprintf(text + used, sizeof(text) - used, "%s%s%s %s%s%s", used ? "; " : "",
		 object && object == cursor ? "cursor " : "", operation, order,
		 other_order ? "/" : "", other_order ? other_order : "");
	if (steps == interfere_at && interference) {
		on = 0;
		interference(interference_argument);
		on = 1;
	}
	if (steps > 100000) {
		fprintf(stderr, "a call that does not end: %s ...\n", text);
		abort();
	}
}

static uint64_t read_object(const volatile void *object, unsigned size)
{
	if (size == 8)
		return *(const volatile uint64_t *)object;
	return *(const volatile uint32_t *)object;
}

static void write_object(volatile void *object, unsigned size, uint64_t value)
{
	if (size == 8)
		*(volatile uint64_t *)object = value;
	else
		*(volatile uint32_t *)object = (uint32_t)value;
}

uint64_t trace_load(const volatile void *object, unsigned size, int order)
{
	step(object, "load", name_of(order), NULL);
	return read_object(object, size);
}

void trace_store(volatile void *object, unsigned size, uint64_t value, int order)
{
	step(object, "store", name_of(order), NULL);
	write_object(object, size, value);
}

uint64_t trace_change(volatile void *object, unsigned size, enum trace_change change,
		      uint64_t operand, int order)
{
	static const char *const names[] = { "swap", "or", "and", "xor", "add", "sub" };
	uint64_t old;

	step(object, names[change], name_of(order), NULL);
	old = read_object(object, size);
	switch (change) {
	case TRACE_EXCHANGE:
		write_object(object, size, operand);
		break;
	case TRACE_OR:
		write_object(object, size, old | operand);
		break;
	case TRACE_AND:
		write_object(object, size, old & operand);
		break;
	case TRACE_XOR:
		write_object(object, size, old ^ operand);
		break;
	case TRACE_ADD:
		write_object(object, size, old + operand);
		break;
	case TRACE_SUB:
		write_object(object, size, old - operand);
		break;
	}
	return old;
}

int trace_compare_exchange(volatile void *object, unsigned size, void *expected, uint64_t desired,
			   int is_weak, int success, int failure)
{
	uint64_t old;

	step(object, "exchange", name_of(success), name_of(failure));
	old = read_object(object, size);
	if (old == read_object(expected, size) && !(on && failures > 0 && failures--) &&
	    !(is_weak && weak_fail)) {
		write_object(object, size, desired);
		return 1;
	}
	write_object(expected, size, old);
	return 0;
}

void trace_fence(int order)
{
	step(NULL, "fence", name_of(order), NULL);
}
