/* SPDX-License-Identifier: MIT */
/* One thread waits for errors of several files: a word for each, and one as a bell for all. */
#include "recipe.h"

#include <errseq/wait.h>

enum {
	FILES = 3,
	ROUNDS = 2000
};

struct files {
	errseq_t errors[FILES];
	errseq_t bell;
	errseq_cursor_t since[FILES], heard; /* the waiter's */
	int got[FILES];
	void (*meanwhile)(struct files *);
};

/* docs: wait-any */
static void fail(struct files *files, unsigned which, int err)
{
	errseq_set(&files->errors[which], err);
	/* After the file's word: whoever hears the bell finds the error (G6). */
	errseq_set(&files->bell, err);
	errseq_wake(&files->bell);
}

static void wait_for_any(struct files *files)
{
	while (errseq_wait(&files->bell, files->heard, NULL) == -EINTR)
		continue;
	/* Before looking. */
	ERRSEQ_DISCARD(errseq_check_and_advance(&files->bell, &files->heard));
	for (unsigned i = 0; i < FILES; i++) {
		int err = errseq_check_and_advance(&files->errors[i], &files->since[i]);

		if (err)
			files->got[i] = err;
	}
}
/* docs: end */

static void naive_wait_for_any(struct files *files)
{
	while (errseq_wait(&files->bell, files->heard, NULL) == -EINTR)
		continue;
	for (unsigned i = 0; i < FILES; i++) {
		int err = errseq_check_and_advance(&files->errors[i], &files->since[i]);

		if (err)
			files->got[i] = err;
	}
	if (files->meanwhile)
		files->meanwhile(files);
	ERRSEQ_DISCARD(errseq_check_and_advance(&files->bell, &files->heard)); /* after looking */
}

static void *fail_all(void *argument)
{
	for (unsigned i = 0; i < FILES; i++)
		fail((struct files *)argument, i, i == FILES - 1 ? -ENOSPC : -EIO);
	return NULL;
}

static void *wait_for_all(void *argument)
{
	struct files *files = (struct files *)argument;

	while (!files->got[FILES - 1])
		wait_for_any(files);
	return NULL;
}

static void fail_the_first(struct files *files)
{
	files->meanwhile = NULL;
	fail(files, 0, -EIO);
}

int main(void)
{
	struct files files = { .bell = ERRSEQ_INIT };
	long lost = 0;

	puts("recipe");
	fail(&files, 1, -ENOSPC);
	wait_for_any(&files);
	expect("  file 1", files.got[1], -ENOSPC);
	expect("  file 0", files.got[0], 0);
	expect("  the bell is quiet again", errseq_check(&files.bell, files.heard), 0);
	fail(&files, 0, -EIO);
	fail(&files, 2, -EIO);
	wait_for_any(&files);
	expect("  two at once: file 0", files.got[0], -EIO);
	expect("  file 2", files.got[2], -EIO);

	printf("two threads, %d rounds\n", ROUNDS);
	for (int i = 0; i < ROUNDS; i++) {
		struct files shared = { .bell = ERRSEQ_INIT };

		at_once(fail_all, wait_for_all, &shared);
		for (unsigned j = 0; j < FILES; j++)
			lost += shared.got[j] == 0;
	}
	expect("  errors that were lost", lost, 0);

	puts("naive: the bell's cursor advances after the look; file 0 fails in between");
	files = (struct files){ .meanwhile = fail_the_first };
	fail(&files, 1, -ENOSPC);
	naive_wait_for_any(&files);
	expect("  file 1", files.got[1], -ENOSPC);
	expect("  file 0", files.got[0], 0);
	expect("  and the bell does not ring again", errseq_check(&files.bell, files.heard), 0);
	return verdict();
}
