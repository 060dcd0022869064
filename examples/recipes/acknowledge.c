/* SPDX-License-Identifier: MIT */
/* A repair acknowledges the errors that it has seen, and none that came while it ran. */
#include "recipe.h"

enum {
	BLOCKS = 64,
	ROUNDS = 2000
};

struct store {
	errseq_t errors;
	atomic_bool bad[BLOCKS];	   /* these could not be written */
	void (*meanwhile)(struct store *); /* called when the repair has looked at every block */
	void (*repair)(struct store *, errseq_cursor_t *);
	errseq_cursor_t repaired;
};

static void fail(struct store *store, unsigned block)
{
	atomic_store(&store->bad[block], true); /* first note what failed, */
	errseq_set(&store->errors, -EIO);	/* then record the error (G6) */
}

static void write_bad_blocks_again(struct store *store)
{
	for (unsigned i = 0; i < BLOCKS; i++) {
		atomic_store(&store->bad[i], false);
		if (i % 8 == 0)
			sched_yield(); /* writing takes time */
	}
	if (store->meanwhile)
		store->meanwhile(store);
}

/* docs: acknowledge */
static void repair(struct store *store, errseq_cursor_t *repaired)
{
	errseq_cursor_t at = errseq_peek(&store->errors); /* before looking for what failed */

	if (errseq_cursor_same(at, *repaired))
		return; /* nothing new */
	write_bad_blocks_again(store);
	*repaired = at; /* not where the word is by now */
	errseq_settle(&store->errors, at);
}
/* docs: end */

static void naive_repair(struct store *store, errseq_cursor_t *repaired)
{
	if (errseq_check(&store->errors, *repaired) == 0)
		return;
	write_bad_blocks_again(store);
	ERRSEQ_DISCARD(errseq_check_and_advance(&store->errors, repaired));
}

static long bad_blocks(const struct store *store)
{
	long count = 0;

	for (unsigned i = 0; i < BLOCKS; i++)
		count += atomic_load(&store->bad[i]);
	return count;
}

static void fail_another(struct store *store)
{
	store->meanwhile = NULL; /* once */
	fail(store, 1);
}

static void scenario(const char *name, void (*function)(struct store *, errseq_cursor_t *),
		     long left, int newcomer)
{
	struct store store = { .meanwhile = fail_another };
	errseq_cursor_t repaired = errseq_sample(&store.errors);

	printf("%s: block 1 fails while block 0 is repaired\n", name);
	fail(&store, 0);
	function(&store, &repaired);
	expect("  a newcomer after the first repair gets",
	       errseq_check(&store.errors, errseq_sample(&store.errors)), newcomer);
	function(&store, &repaired);
	expect("  bad blocks after the second repair", bad_blocks(&store), left);
}

static void *fail_some(void *argument)
{
	struct store *store = (struct store *)argument;

	for (unsigned i = 0; i < 3; i++) {
		fail(store, i * 20);
		sched_yield();
	}
	return NULL;
}

static void *repair_twice(void *argument)
{
	struct store *store = (struct store *)argument;

	store->repair(store, &store->repaired);
	store->repair(store, &store->repaired);
	return NULL;
}

/* In how many rounds a block stays bad although the repair ran again after the last failure. */
static long rounds_with_bad_blocks(void (*function)(struct store *, errseq_cursor_t *))
{
	long rounds = 0;

	for (int i = 0; i < ROUNDS; i++) {
		struct store store = { .repair = function };

		at_once(fail_some, repair_twice, &store);
		function(&store, &store.repaired);
		rounds += bad_blocks(&store) > 0;
	}
	return rounds;
}

int main(void)
{
	scenario("recipe", repair, 0, -EIO);
	scenario("naive", naive_repair, 1, 0);
	printf("two threads, %d rounds\n", ROUNDS);
	expect("  recipe: rounds that leave a bad block", rounds_with_bad_blocks(repair), 0);
	printf("%-72s %ld\n", "  naive:  rounds that leave a bad block",
	       rounds_with_bad_blocks(naive_repair));
	return verdict();
}
