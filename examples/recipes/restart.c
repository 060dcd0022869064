/* SPDX-License-Identifier: MIT */
/* A cursor that survives a restart is stored beside the identity of its word. */
#include "recipe.h"

/* In shared memory, or in the server. A new word gets a new identity, drawn at random. */
struct volume {
	uint64_t identity;
	errseq64_t errors;
};

/* docs: restart */
struct stored {
	uint64_t identity;
	errseq64_cursor_t since;
};

static struct stored store(const struct volume *volume, errseq64_cursor_t since)
{
	return (struct stored){ volume->identity, since };
}

static errseq64_cursor_t resume(const struct volume *volume, struct stored stored)
{
	if (stored.identity == volume->identity)
		return stored.since; /* and nothing that came meanwhile is missed */
	return 0;		     /* another word: everything in it is new */
}
/* docs: end */

int main(void)
{
	struct volume volume = { 0x8d5c, ERRSEQ_INIT };
	errseq64_cursor_t since = errseq64_sample(&volume.errors), newcomer;
	struct stored stored;

	puts("recipe");
	errseq64_set(&volume.errors, -EIO);
	expect("  the observer gets", errseq64_check_and_advance(&volume.errors, &since), -EIO);
	stored = store(&volume, since);
	since = resume(&volume, stored);
	expect("  after its restart it gets", errseq64_check(&volume.errors, since), 0);
	errseq64_set(&volume.errors, -EIO); /* while the observer does not run */
	newcomer = errseq64_sample(&volume.errors);
	expect("  somebody else gets", errseq64_check_and_advance(&volume.errors, &newcomer), -EIO);
	since = resume(&volume, stored);
	expect("  after a restart during which an error came it gets",
	       errseq64_check_and_advance(&volume.errors, &since), -EIO);

	volume =
		(struct volume){ 0x1ae7, ERRSEQ_INIT }; /* the server starts anew, too, and fails */
	errseq64_set(&volume.errors, -EIO);
	newcomer = errseq64_sample(&volume.errors);
	expect("  a new word has failed: somebody else gets",
	       errseq64_check_and_advance(&volume.errors, &newcomer), -EIO);
	since = resume(&volume, stored);
	expect("  and the observer gets", errseq64_check(&volume.errors, since), -EIO);

	puts("naive: store the cursor alone");
	expect("  a new word has failed, but the observer gets",
	       errseq64_check(&volume.errors, stored.since), 0);
	return verdict();
}
