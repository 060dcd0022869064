/* SPDX-License-Identifier: MIT */
/* A word of libErrseq, and one cursor for all threads, as the handle of a file has it. */
#include <errseq/errseq.h>

#define HAS_PEEK
#define ONE_OBSERVER

typedef errseq_t word_t;

static inline void word_init(word_t *word)
{
	errseq_init(word);
}

static inline void word_end(word_t *word)
{
	(void)word;
}

static inline int record(word_t *word, int err)
{
	return errseq_set(word, err);
}
