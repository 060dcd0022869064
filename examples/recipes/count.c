/* SPDX-License-Identifier: MIT */
/* How many errors there were, and the first: a counter of the program's own, beside the word. */
#include "recipe.h"

enum {
	ROUNDS = 2000,
	FAILURES = 50
};

struct file {
	errseq_t errors;
	atomic_ulong count;
	atomic_int first;
	errseq_cursor_t since;
	unsigned long seen;
};

/* docs: count */
static void fail(struct file *file, int err)
{
	int none = 0;

	atomic_compare_exchange_strong_explicit(&file->first, &none, err, memory_order_relaxed,
						memory_order_relaxed);
	atomic_fetch_add_explicit(&file->count, 1, memory_order_relaxed);
	/* Last: whoever gets the error sees all of the above (G6). */
	errseq_set(&file->errors, err);
}

static int look(struct file *file)
{
	int err = errseq_check_and_advance(&file->errors, &file->since); /* first */

	if (err)
		file->seen = atomic_load_explicit(&file->count, memory_order_relaxed);
	return err;
}
/* docs: end */

static void *fail_often(void *argument)
{
	for (int i = 0; i < FAILURES; i++)
		fail((struct file *)argument, i ? -EIO : -ENOSPC);
	return NULL;
}

static void *look_often(void *argument)
{
	for (int i = 0; i < FAILURES; i++)
		look((struct file *)argument);
	return NULL;
}

int main(void)
{
	struct file file = { .errors = ERRSEQ_INIT };
	long short_of = 0;

	puts("recipe");
	fail(&file, -ENOSPC);
	fail(&file, -EIO);
	fail(&file, -EIO);
	expect("  look returns the latest", look(&file), -EIO);
	expect("  of so many", (long)file.seen, 3);
	expect("  of which the first was", atomic_load(&file.first), -ENOSPC);

	printf("two threads, %d rounds\n", ROUNDS);
	for (int i = 0; i < ROUNDS; i++) {
		struct file shared = { .errors = ERRSEQ_INIT };

		at_once(fail_often, look_often, &shared);
		look(&shared);
		short_of += shared.seen != FAILURES || atomic_load(&shared.first) != -ENOSPC;
	}
	expect("  rounds at whose end not all were counted", short_of, 0);

	puts("naive: count after errseq_set, and an observer looks in between");
	file = (struct file){ .errors = ERRSEQ_INIT };
	errseq_set(&file.errors, -EIO);
	expect("  look returns", look(&file), -EIO);
	expect("  of so many", (long)file.seen, 0);
	atomic_fetch_add(&file.count, 1);
	expect("  and is never told of the count", look(&file), 0);
	return verdict();
}
