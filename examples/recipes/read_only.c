/* SPDX-License-Identifier: MIT */
/* A reader that maps the word read-only sees each error at least once. */
#include "recipe.h"

#include <sys/mman.h>
#include <unistd.h>

/* docs: read-only */
static int look(const errseq_t *word, errseq_cursor_t *since)
{
	errseq_cursor_t now = errseq_load(word); /* before the check */
	int err = errseq_check(word, *since);

	/* A value is a position only if it is marked as observed, and we cannot mark it. */
	if (err && errseq_cursor_observed(now))
		*since = now;
	return err; /* if the cursor stays, the next look returns it again */
}
/* docs: end */

static int naive_look(const errseq_t *word, errseq_cursor_t *since)
{
	int err = errseq_check(word, *since);

	*since = errseq_load(word);
	return err;
}

static void scenario(const char *name, errseq_t *word, const errseq_t *read_only,
		     int (*function)(const errseq_t *, errseq_cursor_t *), int again)
{
	errseq_cursor_t since = errseq_sample(read_only), writer;

	printf("%s\n", name);
	errseq_set(word, -EIO);
	expect("  a look returns", function(read_only, &since), -EIO);
	errseq_set(word, -EIO);
	expect("  the same error came again: a look returns", function(read_only, &since), again);
	writer = errseq_peek(word); /* somebody who may write has marked it */
	function(read_only, &since);
	expect("  once it is marked, a second look returns", function(read_only, &since), 0);
	errseq_set(word, -ENOSPC);
	expect("  after a new error a look returns", function(read_only, &since), -ENOSPC);
	expect("  and takes it from nobody", errseq_check_and_advance(word, &writer), -ENOSPC);
}

int main(void)
{
	FILE *file = tmpfile();
	errseq_t *word;
	const errseq_t *read_only;

	if (!file || ftruncate(fileno(file), sizeof *word) != 0) {
		perror("read_only: a temporary file");
		return 2;
	}
	word = (errseq_t *)mmap(NULL, sizeof *word, PROT_READ | PROT_WRITE, MAP_SHARED,
				fileno(file), 0);
	read_only =
		(const errseq_t *)mmap(NULL, sizeof *word, PROT_READ, MAP_SHARED, fileno(file), 0);
	if (word == MAP_FAILED || read_only == MAP_FAILED) {
		perror("read_only: mmap");
		return 2;
	}
	scenario("recipe", word, read_only, look, -EIO);
	scenario("naive: take the raw word as a position", word, read_only, naive_look, 0);
	return verdict();
}
