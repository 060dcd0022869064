/* SPDX-License-Identifier: MIT */
/*
 * An error and its generation under a lock, which is defined before this: lock_t, lock_init, lock_end, lock and
 * unlock. An observer's position is a generation. Like libErrseq it remembers whether the
 * error was reported, for new observers.
 */
#define HAS_END
#include "../contestant.h"

typedef struct {
	lock_t lock;
	int error, is_reported;
	uint32_t generation;
} word_t;
typedef uint32_t observer_t;

static inline void word_init(word_t *word)
{
	lock_init(&word->lock);
	word->error = 0;
	word->is_reported = 1;
	word->generation = 0;
}

static inline void word_end(word_t *word)
{
	lock_end(&word->lock);
}

static inline int record(word_t *word, int err)
{
	lock(&word->lock);
	word->error = err;
	word->is_reported = 0;
	word->generation++;
	unlock(&word->lock);
	return 0;
}

static inline void sample(word_t *word, observer_t *observer)
{
	lock(&word->lock);
	*observer = word->generation - !word->is_reported;
	unlock(&word->lock);
}

static inline int check(word_t *word, observer_t *observer)
{
	int err;

	lock(&word->lock);
	err = word->generation == *observer ? 0 : word->error;
	unlock(&word->lock);
	return err;
}

static inline int advance(word_t *word, observer_t *observer)
{
	int err = 0;

	lock(&word->lock);
	if (!LIKELY(word->generation == *observer)) {
		err = word->error;
		word->is_reported = 1;
		*observer = word->generation;
	}
	unlock(&word->lock);
	return err;
}

#include "loops.h"
