/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <errseq/errseq.h>
#include <errseq/wait.h>

int main(void)
{
	errseq_t word = ERRSEQ_INIT;
	errseq_cursor_t cursor = errseq_sample(&word), peeked = errseq_peek(&word);
	errseq_shared_cursor_t shared = ERRSEQ_SHARED_CURSOR_INIT;
	char buf[ERRSEQ_FORMAT_SIZE];

	return errseq_set(&word, -EIO) != 0 || errseq_check(&word, peeked) != -EIO ||
	       errseq_check_and_advance(&word, &cursor) != -EIO ||
	       errseq_check_and_advance(&word, &cursor) != 0 ||
	       errseq_check_and_advance_shared(&word, &shared) != -EIO ||
#ifdef ERRSEQ_HAVE_WAIT
	       errseq_wait(&word, 0, NULL) != 0 ||
#endif
	       errseq_format(cursor, buf, sizeof(buf)) != 33;
}
