/* SPDX-License-Identifier: MIT */
/* A monitor sleeps until there is an error, and takes it from nobody. It can be told to end. */
#include "recipe.h"

#include <errseq/wait.h>
#include <time.h>

struct monitored {
	errseq_t errors;
	atomic_bool ends;
	errseq_cursor_t position; /* the monitor's */
	int seen;		  /* the latest error that it saw */
};

/* docs: monitor */
static void look(struct monitored *monitored)
{
	errseq_cursor_t next = errseq_peek(&monitored->errors); /* before the check */
	int err = errseq_check(&monitored->errors, monitored->position);

	monitored->position = next;
	if (err)
		monitored->seen = err; /* raise an alarm */
}

static void *monitor(void *argument)
{
	struct monitored *monitored = (struct monitored *)argument;

	while (!atomic_load(&monitored->ends)) {
		struct timespec deadline; /* so that it looks at the flag */

		clock_gettime(CLOCK_MONOTONIC, &deadline);
		deadline.tv_sec++;
		if (errseq_wait(&monitored->errors, monitored->position, &deadline) == 0)
			look(monitored);
	}
	return NULL;
}
/* docs: end */

static void naive_look(struct monitored *monitored)
{
	int err = errseq_check_and_advance(&monitored->errors, &monitored->position);

	if (err)
		monitored->seen = err;
}

static void scenario(const char *name, void (*function)(struct monitored *), int newcomer)
{
	struct monitored monitored = { .errors = ERRSEQ_INIT };

	printf("%s\n", name);
	errseq_set(&monitored.errors, -EIO);
	function(&monitored);
	expect("  the monitor sees", monitored.seen, -EIO);
	monitored.seen = 0;
	function(&monitored);
	expect("  without a new error it sees", monitored.seen, 0);
	errseq_set(&monitored.errors, -EIO);
	function(&monitored);
	expect("  the same error again: it sees", monitored.seen, -EIO);
	expect("  who opens now gets",
	       errseq_check(&monitored.errors, errseq_sample(&monitored.errors)), newcomer);
}

static void *fail_and_end(void *argument)
{
	struct monitored *monitored = (struct monitored *)argument;

	errseq_set(&monitored->errors, -EIO);
	errseq_wake(&monitored->errors);
	errseq_set(&monitored->errors, -ENOSPC);
	errseq_wake(&monitored->errors);
	atomic_store(&monitored->ends, true);
	return NULL;
}

int main(void)
{
	struct monitored monitored = { .errors = ERRSEQ_INIT };

	scenario("recipe", look, -EIO);
	puts("two threads: the monitor is told to end right after two errors");
	at_once(fail_and_end, monitor, &monitored);
	look(&monitored);
	expect("  it has ended, and the last error that it saw is", monitored.seen, -ENOSPC);
	expect("  who opens now gets",
	       errseq_check(&monitored.errors, errseq_sample(&monitored.errors)), -ENOSPC);
	scenario("naive: a monitor that advances", naive_look, 0);
	return verdict();
}
