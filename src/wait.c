/* SPDX-License-Identifier: MIT */
/*
 * Waiting on a word, by Linux's futex. Not private to a process, so that words in shared memory work.
 *
 * Nobody misses a wake-up. The waiter judges one value of the word to be no news, and asks the kernel to
 * sleep only if the word still has that value; the kernel compares and falls asleep in one step with
 * regard to wakes. A record that the waiter must hear of changes the word (its cursor is 0 or stands on
 * an observed value), so it comes either before the comparison, which fails then, or after the waiter is
 * asleep, where the wake that follows the record finds it. Marks of other observers change the word too;
 * whoever is awake on their account looks again.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* syscall() beside strict C11 */
#endif
#include <errseq/wait.h>

#ifdef ERRSEQ_HAVE_WAIT
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

/* 32-bit machines have a second call for 64-bit times, and young ones have no other. */
#ifndef SYS_futex
enum {
	FUTEX = SYS_futex_time64
};
#elif defined SYS_futex_time64
enum {
	FUTEX = sizeof(time_t) > sizeof(long) ? SYS_futex_time64 : SYS_futex
};
#else
enum {
	FUTEX = SYS_futex
};
#endif

/* Leaves errno alone, for the sake of signal handlers; returns 0 or more, or a negated errno. */
static int futex_(errseq_t *eseq, int operation, uint32_t value, const struct timespec *deadline)
{
	int saved = errno;
	long result = syscall(FUTEX, &eseq->word_, operation, value, deadline, NULL,
			      FUTEX_BITSET_MATCH_ANY);

	if (result < 0)
		result = -errno;
	errno = saved;
	return (int)result;
}

int errseq_wait(errseq_t *eseq, errseq_cursor_t since, const struct timespec *deadline)
{
	/*
	 * Never is a time too: without one, the kernel would go on waiting after a handler that was
	 * installed with SA_RESTART.
	 */
	struct timespec until = { INT_MAX, 0 };
	int result = 0;

	if (deadline) {
		if (deadline->tv_nsec < 0 || deadline->tv_nsec > 999999999)
			return -EINVAL;
		if (deadline->tv_sec < 0)
			until.tv_sec = 0; /* long past, which the kernel would call invalid */
		else
			until = *deadline;
	}
	for (;;) {
		/* relaxed: only what is judged to be news is acquired */
		uint32_t now = atomic_load_explicit(&eseq->word_, memory_order_relaxed);

		if (now != 0 && !ERRSEQ_SAME_(now, since)) {
			/* acquire: what the recorder did before the error is visible to who is told */
			ERRSEQ_ACQUIRE_(eseq);
			return 0;
		}
		if (result != 0)
			return result;
		result = futex_(eseq, FUTEX_WAIT_BITSET, now, &until);
		if (result == -EAGAIN)
			result = 0; /* the word changed; look again */
	}
}

void errseq_wake(errseq_t *eseq)
{
	futex_(eseq, FUTEX_WAKE, INT_MAX, NULL);
}
#else
typedef int errseq_no_wait_here_; /* an empty translation unit is not C */
#endif
