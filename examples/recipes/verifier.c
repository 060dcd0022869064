/* SPDX-License-Identifier: MIT */
/* An NFS server's write verifier: changes when written data may be lost, and only then. */
#include "recipe.h"

static errseq_t word = ERRSEQ_INIT;

/* docs: verifier */
static uint64_t verifier(uint32_t boot) /* a number that each start of the server draws anew */
{
	errseq_cursor_t at = errseq_peek(&word); /* a position: the next error changes it */
	uint32_t error = (uint32_t)-errseq_cursor_error(at);

	/* Count and error, without the flags: those change when somebody is told of an old error. */
	return (uint64_t)boot << 32 | errseq_cursor_count(at) << 12 | error;
}
/* docs: end */

static uint64_t naive_verifier(uint32_t boot)
{
	return (uint64_t)boot << 32 | errseq_load(&word);
}

static void scenario(const char *name, uint64_t (*function)(uint32_t), int quiet, int again)
{
	errseq_cursor_t client = errseq_peek(&word);
	uint64_t first = function(1), next;

	printf("%s\n", name);
	expect("  changes after a restart of the server", function(2) != first, 1);
	errseq_set(&word, -EIO);
	expect("  changes after an error", (next = function(1)) != first, 1);
	ERRSEQ_DISCARD(errseq_check_and_advance(&word, &client));
	expect("  changes when an observer is told of it", function(1) != next, quiet);
	errseq_set(&word, -ENOSPC);
	expect("  changes after another error", function(1) != next, 1);
	next = function(1);
	errseq_set(&word, -ENOSPC);
	expect("  changes after the same error once more", function(1) != next, again);
}

int main(void)
{
	scenario("recipe", verifier, 0, 1);
	scenario("naive: the raw word", naive_verifier, 1, 0);
	return verdict();
}
