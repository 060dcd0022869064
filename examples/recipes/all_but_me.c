/* SPDX-License-Identifier: MIT */
/* A call that fails returns its error to its caller, and all others get it, too. */
#include "recipe.h"

static errseq_t word = ERRSEQ_INIT;
static bool another_fails; /* another thread's error comes right after mine */

static void record(int err)
{
	errseq_set(&word, err);
	if (another_fails)
		errseq_set(&word, -EIO);
}

/* docs: all-but-me */
static int fail(int err, errseq_cursor_t *mine)
{
	record(err); /* errseq_set */
	*mine = errseq_peek(&word);
	/* The cursor is past all errors so far. One may be newer than err: return the latest. */
	return errseq_cursor_error(*mine);
}
/* docs: end */

static int naive_fail(int err, errseq_cursor_t *mine)
{
	errseq_set(&word, err);
	ERRSEQ_DISCARD(
		errseq_check_and_advance(&word, mine)); /* counts as reported, also to newcomers */
	return err;
}

static int newcomer(void)
{
	return errseq_check(&word, errseq_sample(&word));
}

int main(void)
{
	errseq_cursor_t mine = errseq_sample(&word), bob = errseq_sample(&word);

	puts("recipe");
	expect("  my call returns", fail(-ENOSPC, &mine), -ENOSPC);
	expect("  my fsync returns", errseq_check_and_advance(&word, &mine), 0);
	expect("  a newcomer gets", newcomer(), -ENOSPC);
	record(-ENOSPC);
	expect("  the same error comes again: my fsync returns",
	       errseq_check_and_advance(&word, &mine), -ENOSPC);
	expect("  bob's fsync returns", errseq_check_and_advance(&word, &bob), -ENOSPC);
	another_fails = true;
	expect("  another error comes in between: my call returns", fail(-ENOSPC, &mine), -EIO);
	expect("  bob's fsync returns", errseq_check_and_advance(&word, &bob), -EIO);

	puts("naive: record and advance");
	expect("  my call returns", naive_fail(-ENOSPC, &mine), -ENOSPC);
	expect("  a newcomer gets nothing, and nobody else was told", newcomer(), 0);
	return verdict();
}
