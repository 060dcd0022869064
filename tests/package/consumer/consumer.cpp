// SPDX-License-Identifier: MIT
#include <cerrno>
#include <errseq/errseq.h>

int main(void)
{
	errseq_t word = ERRSEQ_INIT;
	errseq_cursor_t cursor = errseq_sample(&word), peeked = errseq_peek(&word);
	char buf[ERRSEQ_FORMAT_SIZE];

	return errseq_set(&word, -EIO) != 0 || errseq_check(&word, peeked) != -EIO ||
	       errseq_check_and_advance(&word, &cursor) != -EIO ||
	       errseq_check_and_advance(&word, &cursor) != 0 ||
	       errseq_format(cursor, buf, sizeof(buf)) != 33;
}
