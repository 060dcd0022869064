/* SPDX-License-Identifier: MIT */
/*
 * What the recipes share. Each recipe is a program that acts out a scenario, first with the recipe, then
 * with the form that comes to mind first ("naive"), and prints what each observer gets. It ends with 1 if
 * the recipe gives something wrong, or if the naive form does not lose what docs/recipes.md says it loses.
 */
#ifndef RECIPE_H
#define RECIPE_H

#include <errno.h>
#include <errseq/errseq.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static int wrong;

/* One line of the scenario. Errors are negated errnos, as everywhere. */
static inline void expect(const char *what, long got, long wanted)
{
	printf("%-72s %ld\n", what, got);
	if (got != wanted) {
		printf("WRONG: this should be %ld\n", wanted);
		wrong++;
	}
}

struct starter {
	void *(*function)(void *);
	void *argument;
	atomic_bool *go;
};

static inline void *start(void *argument)
{
	const struct starter *starter = (const struct starter *)argument;

	atomic_store(starter->go, true);
	return starter->function(starter->argument);
}

/* Runs two functions in two threads, as nearly at once as can be, and waits for both. */
static inline void at_once(void *(*one)(void *), void *(*other)(void *), void *argument)
{
	atomic_bool go = false;
	struct starter starter = { one, argument, &go };
	pthread_t thread;

	if (pthread_create(&thread, NULL, start, &starter) != 0) {
		puts("this recipe needs a second thread, and the system gives none");
		exit(2);
	}
	while (!atomic_load(&go))
		sched_yield();
	other(argument);
	pthread_join(thread, NULL);
}

/* The exit status: 1 also if the lines could not be printed. */
static inline int verdict(void)
{
	return wrong || fflush(stdout) != 0;
}

#endif
