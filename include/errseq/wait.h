/* SPDX-License-Identifier: MIT */
/*
 * Waiting for an error, for a thread that must act on errors at once and should not poll. The waiter sleeps on
 * the word itself. Programs that never wait pay nothing.
 *
 *	errseq_set(&word, -EIO);				recorder: record first,
 *	errseq_wake(&word);					then wake, if there may be waiters
 *
 *	while (errseq_wait(&word, cursor, NULL) == -EINTR)	observer: sleep until there is a new error
 *		continue;
 *	err = errseq_check_and_advance(&word, &cursor);		it reports the error, as fsync does;
 *
 *	next = errseq_peek(&word);				or it takes nothing from others, as a
 *	err = errseq_check(&word, cursor);			monitor must
 *	cursor = next;
 *
 * To end a waiter, wait with a deadline, such as 100 ms from now, and look at a flag. A wake without a new error
 * does not end the wait.
 *
 * ERRSEQ_HAVE_WAIT is defined where this can be done without polling: on Linux, by a futex. Elsewhere the
 * two calls are not declared. They need libc, unlike everything in <errseq/errseq.h>.
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
 * errseq_wait - sleep until there is a new error for an observer
 * @eseq: the word
 * @since: the observer's position; for a shared cursor, what errseq_shared_cursor_get returned
 * @deadline: when to give up: an absolute time on CLOCK_MONOTONIC, tv_nsec 0 ... 999999999; null for never
 *
 * Changes neither word nor cursor. Returns at once if there is a new error already. No wake-up is lost: a
 * record that a waiter must hear of changes the word, and nobody falls asleep on a word that has changed.
 *
 * Context: any thread, any process that maps the word. Not in signal handlers, because it sleeps.
 * Memory order: acquire before 0 is returned (G6).
 * Return: 0 if errseq_check(eseq, since) would be non-zero now. Without a new error: -ETIMEDOUT if the
 *	deadline passed, -EINTR if a signal handler ran while it slept, whatever its SA_RESTART. -EINVAL if
 *	tv_nsec is out of range, before the word is looked at. Another negated errno if the system refuses to
 *	wait: -EFAULT on a word that is mapped read-only and private, -ENOSYS or -EPERM if a filter forbids
 *	the system call. errno is left alone.
 */
ERRSEQ_NODISCARD_ ERRSEQ_API_ int errseq_wait(errseq_t *eseq, errseq_cursor_t since,
					      const struct timespec *deadline)
	ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_FIRST_;

/*
 * errseq_wake - wake all who wait on a word
 * @eseq: the word
 *
 * For a recorder that may have waiters, after each errseq_set. Each waiter checks for itself, so a wake
 * without a new error does no harm.
 *
 * Context: any thread, any process that maps the word, signal handlers. One system call.
 * Memory order: none. The errseq_set before it is what counts.
 */
ERRSEQ_API_ void errseq_wake(errseq_t *eseq) ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;

#ifdef __cplusplus
}
#endif
#endif

#endif
