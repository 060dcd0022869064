/* SPDX-License-Identifier: MIT */
/* A volume stays failed until a repair succeeds. Errors that come during a repair are kept. */
#include "recipe.h"

static struct volume {
	errseq_t errors;
	errseq_shared_cursor_t repaired; /* only a repair moves it */
	int latched;			 /* the naive form's state */
} volume;
static void (*meanwhile)(void); /* runs when a repair has begun */
static int rewriting;		/* what writing the lost data again gives */

static int rewrite_what_was_lost(void)
{
	void (*first)(void) = meanwhile;

	meanwhile = NULL;
	if (first)
		first();
	return rewriting;
}

/* docs: failed */
static int volume_flush(void)
{
	return errseq_check_shared(&volume.errors, &volume.repaired); /* looks, never advances */
}

static int volume_repair(void)
{
	errseq_cursor_t from = errseq_shared_cursor_get(&volume.repaired); /* before the peek */
	errseq_cursor_t at = errseq_peek(&volume.errors);
	int err = rewrite_what_was_lost();

	if (err)
		return err; /* still failed */
	/* If it has moved, another repair was faster. */
	ERRSEQ_DISCARD(errseq_shared_cursor_move(&volume.repaired, from, at));
	return volume_flush(); /* an error that came meanwhile is not repaired */
}
/* docs: end */

static void fail(int err)
{
	errseq_set(&volume.errors, err);
	volume.latched = err;
}

static int naive_repair(void)
{
	int err = rewrite_what_was_lost();

	if (err == 0)
		volume.latched = 0;
	return err;
}

static void fails_again(void)
{
	fail(-EIO);
}

static void another_repair(void)
{
	fail(-ENOSPC);
	expect("    a second repair, inside the first, is complete, and returns", volume_repair(),
	       0);
}

int main(void)
{
	puts("recipe");
	expect("  flush without an error returns", volume_flush(), 0);
	fail(-EIO);
	expect("  flush returns", volume_flush(), -EIO);
	expect("  flush returns again", volume_flush(), -EIO);
	rewriting = -ENOSPC;
	expect("  a repair that fails returns", volume_repair(), -ENOSPC);
	expect("  flush returns", volume_flush(), -EIO);
	rewriting = 0;
	meanwhile = fails_again;
	expect("  a repair during which the same error comes again returns", volume_repair(), -EIO);
	expect("  flush returns", volume_flush(), -EIO);
	expect("  the next repair returns", volume_repair(), 0);
	expect("  flush returns", volume_flush(), 0);
	fail(-EIO);
	meanwhile = another_repair;
	expect("  a repair overtaken by another does not go back, and returns", volume_repair(), 0);

	puts("naive: an int that the repair clears");
	fail(-EIO);
	meanwhile = fails_again;
	expect("  a repair during which an error comes returns", naive_repair(), 0);
	expect("  the second error is lost: flush returns", volume.latched, 0);
	return verdict();
}
