/* SPDX-License-Identifier: MIT */
/*
 * Waiting for an error, for a daemon that must fail fast and should not poll. The word itself is what a
 * waiter sleeps on; it and errseq_set stay as they are and cost nothing more for those who never wait.
 *
 *	errseq_set(&word, -EIO);                          recorder: records,
 *	errseq_wake(&word);                               and wakes, if it has waiters
 *
 *	while (errseq_wait(&word, cursor, NULL) == -EINTR)  observer: sleeps until there is news
 *		;
 *	err = errseq_check_and_advance(&word, &cursor);
 *
 * ERRSEQ_HAVE_WAIT is defined where this can be done without polling: on Linux, by a futex. Elsewhere
 * the two calls are not declared. They need libc, unlike all of <errseq/errseq.h>.
 */
#ifndef ERRSEQ_WAIT_H
#define ERRSEQ_WAIT_H

#include <errseq/errseq.h>

#ifdef __linux__
#define ERRSEQ_HAVE_WAIT 1

#include <time.h>

struct timespec; /* strict C99 hides it in <time.h> */

#ifdef __cplusplus
extern "C" {
#endif

/*
 * errseq_wait - sleep until there is news for an observer
 * @eseq: the word
 * @since: the observer's position; for a shared cursor, what errseq_shared_cursor_get returned
 * @deadline: when to give up: absolute, on CLOCK_MONOTONIC, tv_nsec 0 ... 999999999; null for never
 *
 * Changes neither word nor cursor. Returns at once if there is news already. No wake-up is lost: a
 * record that a waiter must hear of changes the word, for a cursor is 0 or stands on an observed value,
 * and nobody falls asleep on a word that has changed.
 *
 * Context: any thread, any process that maps the word; not in signal handlers, for it sleeps.
 * Memory order: acquire before 0 is returned (G6).
 * Return: 0 if errseq_check(eseq, since) would be non-zero now; -ETIMEDOUT if the deadline passed,
 *	-EINTR if a signal handler ran while it slept, whatever its SA_RESTART, both without news; -EINVAL
 *	if tv_nsec is out of range; another negated errno if the system refuses to wait, say on a word
 *	that is mapped read-only and private. errno is left alone.
 */
ERRSEQ_NODISCARD_ ERRSEQ_API_ int errseq_wait(errseq_t *eseq, errseq_cursor_t since,
					      const struct timespec *deadline)
	ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_FIRST_;

/*
 * errseq_wake - wake all who wait on a word
 * @eseq: the word
 *
 * For a recorder that has waiters, after each errseq_set. Each waiter looks for itself, so that a wake
 * without news does no harm.
 *
 * Context: any thread, any process that maps the word, signal handlers. One system call.
 * Memory order: none; errseq_set before it is what counts.
 */
ERRSEQ_API_ void errseq_wake(errseq_t *eseq) ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;

#ifdef __cplusplus
}
#endif
#endif

#endif
