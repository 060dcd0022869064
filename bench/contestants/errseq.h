/* SPDX-License-Identifier: MIT */
/*
 * A word of libErrseq with its plain cursor. WIDTH(set) is errseq_set, or errseq64_set. A contestant with ONE_OBSERVER
 * for all threads, as the handle of a file has it, defines observer_t, begin, check and advance itself.
 */
#include <errseq/errseq.h>

#ifndef GIVES
#define GIVES (EACH_ONCE | LATEST | AGAIN | UNREPORTED | SKIPS_REPORTED | NO_LOCK | SHARED_MEMORY)
#endif
#define HAS_PEEK

typedef WIDTH(t) word_t;

static inline void word_init(word_t *word)
{
	WIDTH(init)(word);
}

static inline int record(word_t *word, int err)
{
	return WIDTH(set)(word, err);
}

#ifndef ONE_OBSERVER
typedef WIDTH(cursor_t) observer_t;

#define begin(observer, cursor) ((void)(*(observer) = (cursor)))

static inline int check(word_t *word, const observer_t *observer)
{
	return WIDTH(check)(word, *observer);
}

static inline int advance(word_t *word, observer_t *observer)
{
	return WIDTH(check_and_advance)(word, observer);
}
#endif

static inline void sample(word_t *word, observer_t *observer)
{
	begin(observer, WIDTH(sample)(word));
}

static inline void peek(word_t *word, observer_t *observer)
{
	begin(observer, WIDTH(peek)(word));
}

#include "loops.h"
