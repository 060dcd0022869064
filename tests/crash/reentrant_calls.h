/* SPDX-License-Identifier: MIT */
/*
 * Every function of the library, of both widths, on words that nobody else uses. A signal handler makes these calls
 * while the interrupted thread is inside a call, and gets the answers that it always gets: calls on different words
 * share nothing. Returns how many answers were wrong.
 */
#ifndef ERRSEQ_TESTS_REENTRANT_CALLS_H
#define ERRSEQ_TESTS_REENTRANT_CALLS_H

#include <errno.h>
#include <errseq/errseq.h>
#include <errseq/wait.h>
#include <string.h>

/* `prefix` is errseq or errseq64. */
#define CALL_EVERYTHING(prefix)                                                              \
	static int call_everything_of_##prefix(void)                                         \
	{                                                                                    \
		static const char text[] = "errno=28 observed count=1";                      \
		char buf[ERRSEQ_FORMAT_SIZE];                                                \
		prefix##_cursor_t plain, peeked;                                             \
		prefix##_shared_cursor_t shared;                                             \
		prefix##_t word;                                                             \
		int wrong = 0;                                                               \
                                                                                             \
		prefix##_init(&word);                                                        \
		prefix##_shared_cursor_init(&shared, 0);                                     \
		plain = prefix##_sample(&word);                                              \
		wrong += plain != 0 || prefix##_peek(&word) != 0;                            \
		wrong += prefix##_set(&word, -5) != 0;                                       \
		wrong += prefix##_check(&word, plain) != -5;                                 \
		wrong += prefix##_check_shared(&word, &shared) != -5;                        \
		wrong += prefix##_check_and_advance_shared(&word, &shared) != -5;            \
		wrong += prefix##_check_and_advance_shared(&word, &shared) != 0;             \
		wrong += prefix##_set(&word, -28) != 0;                                      \
		peeked = prefix##_peek(&word);                                               \
		wrong += prefix##_check(&word, peeked) != 0;                                 \
		wrong += prefix##_load(&word) != peeked;                                     \
		wrong += prefix##_shared_cursor_get(&shared) == peeked;                      \
		wrong += prefix##_cursor_error(peeked) != -28;                               \
		wrong += prefix##_cursor_reported(peeked) != 0;                              \
		wrong += prefix##_cursor_observed(peeked) != 1;                              \
		wrong += prefix##_cursor_count(peeked) != 1;                                 \
		wrong += prefix##_format(peeked, buf, sizeof(buf)) != (int)sizeof(text) - 1; \
		wrong += memcmp(buf, text, sizeof(text)) != 0;                               \
		wrong += prefix##_check_and_advance(&word, &plain) != -28;                   \
		wrong += prefix##_check_and_advance(&word, &plain) != 0;                     \
		wrong += prefix##_set(&word, -5) != 0;                                       \
		wrong += prefix##_settle(&word, plain) != 0;                                 \
		plain = prefix##_shared_cursor_get(&shared);                                 \
		peeked = prefix##_peek(&word);                                               \
		wrong += prefix##_cursor_same(peeked, plain) != 0;                           \
		wrong += prefix##_shared_cursor_move(&shared, plain, peeked) != 1;           \
		wrong += prefix##_shared_cursor_move(&shared, plain, peeked) != 0;           \
		wrong += prefix##_sample(&word) != 0;                                        \
		wrong += prefix##_settle(&word, peeked) != 1;                                \
		wrong += prefix##_sample(&word) == 0;                                        \
		return wrong;                                                                \
	}
CALL_EVERYTHING(errseq)
#ifdef ERRSEQ_HAVE_64
CALL_EVERYTHING(errseq64)
#endif

/* Waiting and waking are system calls: they are made if `also_wait`. */
static inline int call_everything_on_own_words(int also_wait)
{
	int wrong = call_everything_of_errseq();

#ifdef ERRSEQ_HAVE_64
	wrong += call_everything_of_errseq64();
#endif
#ifdef ERRSEQ_HAVE_WAIT
	if (also_wait) {
		static const struct timespec long_past = { 0, 0 };
		errseq_t word = ERRSEQ_INIT;

		errseq_wake(&word);
		wrong += errseq_wait(&word, 0, &long_past) != -ETIMEDOUT;
		wrong += errseq_set(&word, -5) != 0;
		errseq_wake(&word);
		wrong += errseq_wait(&word, 0, &long_past) != 0;
	}
#else
	(void)also_wait;
#endif
	return wrong;
}

#endif
