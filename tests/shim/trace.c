/* SPDX-License-Identifier: MIT */
#include "trace.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char text[1024];
static int on, steps, interfere_at, failures;
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

static const char *name_of(int order)
{
	static const char *const names[] = { "relaxed", "consume", "acquire",
					     "release", "acq_rel", "seq_cst" };

	if (order < 0 || order > 5)
		abort();
	return names[order];
}

static void step(const char *operation, const char *order, const char *other_order)
{
	size_t used = strlen(text);

	if (!on)
		return;
	steps++;
	snprintf(text + used, sizeof(text) - used, "%s%s %s%s%s", used ? "; " : "", operation,
		 order, other_order ? "/" : "", other_order ? other_order : "");
	if (steps == interfere_at && interference) {
		on = 0;
		interference(interference_argument);
		on = 1;
	}
	if (steps > 100) {
		fprintf(stderr, "a call that does not end: %s ...\n", text);
		abort();
	}
}

uint32_t trace_load(const volatile void *object, int order)
{
	step("load", name_of(order), NULL);
	return *(const volatile uint32_t *)object;
}

void trace_store(volatile void *object, uint32_t value, int order)
{
	step("store", name_of(order), NULL);
	*(volatile uint32_t *)object = value;
}

uint32_t trace_fetch_or(volatile void *object, uint32_t bits, int order)
{
	uint32_t old;

	step("or", name_of(order), NULL);
	old = *(volatile uint32_t *)object;
	*(volatile uint32_t *)object = old | bits;
	return old;
}

int trace_exchange(volatile void *object, uint32_t *expected, uint32_t desired, int success,
		   int failure)
{
	uint32_t old;

	step("exchange", name_of(success), name_of(failure));
	old = *(volatile uint32_t *)object;
	if (old == *expected && !(on && failures > 0 && failures--)) {
		*(volatile uint32_t *)object = desired;
		return 1;
	}
	*expected = old;
	return 0;
}

void trace_fence(int order)
{
	step("fence", name_of(order), NULL);
}
