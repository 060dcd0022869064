/* SPDX-License-Identifier: MIT */
/* An error counts as reported when it was delivered, and not if the process dies before that. */
#include "recipe.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static errseq_t *word;		/* in memory that two processes share */
static int (*deliver)(int err); /* sends the error to a client: 0 if it has arrived */

/* docs: deliver */
static void report(errseq_cursor_t *since)
{
	errseq_cursor_t at = errseq_peek(word); /* marks nothing as reported */

	if (errseq_cursor_same(at, *since))
		return; /* nothing new */
	if (deliver(errseq_cursor_error(at)) != 0)
		return; /* the next call tries again */
	*since = at;
	errseq_settle(word, at); /* a newer error stays unreported */
}
/* docs: end */

static void naive_report(errseq_cursor_t *since)
{
	int err = errseq_check_and_advance(word, since); /* counts as reported from here on */

	if (err)
		deliver(err);
}

static int delivered;

static int arrives(int err)
{
	delivered = err;
	return 0;
}

static int gets_lost(int err)
{
	(void)err;
	return -EPIPE;
}

static int kills_the_sender(int err)
{
	(void)err;
	_exit(0);
}

static int arrives_while_another_fails(int err)
{
	errseq_set(word, -ENOSPC);
	return arrives(err);
}

static int newcomer(void)
{
	return errseq_check(word, errseq_sample(word));
}

static void scenario(const char *name, void (*function)(errseq_cursor_t *), int again, int others)
{
	errseq_cursor_t since = errseq_sample(word);

	printf("%s\n", name);
	errseq_set(word, -EIO);
	deliver = gets_lost;
	function(&since);
	expect("  the reply was lost; a newcomer gets", newcomer(), others);
	deliver = arrives;
	delivered = 0;
	function(&since);
	expect("  the next reply delivers", delivered, again);
	expect("  it has arrived; a newcomer gets", newcomer(), 0);
	delivered = 0;
	function(&since);
	expect("  without a new error, the next reply delivers", delivered, 0);

	errseq_set(word, -EIO);
	fflush(stdout);
	if (fork() == 0) {
		deliver = kills_the_sender;
		function(&since);
		_exit(1);
	}
	wait(NULL);
	expect("  the sender was killed half-way; a newcomer gets", newcomer(), others);

	deliver = arrives_while_another_fails;
	function(&since);
	expect("  another write failed meanwhile; a newcomer gets", newcomer(), -ENOSPC);
	deliver = arrives;
	function(&since);
	expect("  and so does the client", delivered, -ENOSPC);
}

int main(void)
{
	word = (errseq_t *)mmap(NULL, sizeof *word, PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (word == MAP_FAILED) {
		perror("delivered: mmap");
		return 2;
	}
	scenario("recipe", report, -EIO, -EIO);
	scenario("naive", naive_report, 0, 0);
	return verdict();
}
