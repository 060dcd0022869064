/* SPDX-License-Identifier: MIT */
/* A word of libErrseq, with the plain cursor. WIDTH(set) is errseq_set, or errseq64_set. */
#include <errseq/errseq.h>

#define GIVES (EACH_ONCE | LATEST | SAME_AGAIN | OWED | PAST | NO_LOCK | FLAT_MEMORY)
#define HAS_PEEK

typedef WIDTH(t) word_t;
typedef WIDTH(cursor_t) observer_t;

static inline void word_init(word_t *word)
{
	WIDTH(init)(word);
}

static inline void word_end(word_t *word)
{
	(void)word;
}

static inline int record(word_t *word, int err)
{
	return WIDTH(set)(word, err);
}

static inline void sample(word_t *word, observer_t *observer)
{
	*observer = WIDTH(sample)(word);
}

static inline void peek(word_t *word, observer_t *observer)
{
	*observer = WIDTH(peek)(word);
}

static inline void leave(word_t *word, observer_t *observer)
{
	(void)word;
	(void)observer;
}

static inline int check(word_t *word, observer_t *observer)
{
	return WIDTH(check)(word, *observer);
}

static inline int advance(word_t *word, observer_t *observer)
{
	return WIDTH(check_and_advance)(word, observer);
}

#include "../workloads.h"
