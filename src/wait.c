/* SPDX-License-Identifier: MIT */
/*
 * Waiting on a word, by Linux's futex. Not private to a process, so that words in shared memory work.
 *
 * No wake-up is lost. The waiter looks at one value of the word, finds no new error, and asks the kernel to
 * sleep only if the word still has that value. The kernel compares and falls asleep in one step, as seen by
 * wakes. A record that the waiter must hear of changes the word, because its cursor is 0 or stands on an
 * observed value. So the record comes before the comparison, which fails then, or after the waiter fell
 * asleep, and then the wake that follows the record finds it. Marks of other observers change the word, too:
 * a waiter that wakes because of them looks again.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* syscall() beside strict C11 */
#endif
#include <errseq/wait.h>

#ifdef ERRSEQ_HAVE_WAIT
#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel's numbers. Its headers are not needed, and musl does not bring them. */
enum {
	WAKE = 1,	/* FUTEX_WAKE */
	WAIT_UNTIL = 9, /* FUTEX_WAIT_BITSET: the time is absolute, on CLOCK_MONOTONIC */
};
#define ANY_BIT 0xffffffffu /* FUTEX_BITSET_MATCH_ANY */

/* When no clock ever arrives: the kernel's own limit is 2^63 nanoseconds. */
#define NEVER ((int64_t)1 << 62)

/*
 * Sleeps until the time, or wakes. Leaves errno alone, for the sake of signal handlers; returns 0 or more, or
 * a negated errno.
 *
 * 32-bit machines have two system calls, one for times of 64 bits and one for times of 32. Old kernels lack
 * the first, young machines the second, and a seccomp filter may refuse either. A wake that fails silently
 * is a lost wake-up, so both are tried.
 */
static int futex_(errseq_t *eseq, int operation, uint32_t value, int64_t seconds, long nanoseconds)
{
	int saved = errno;
	long result;

#ifdef SYS_futex_time64
	{
		const int64_t until[2] = { seconds, nanoseconds };

		result = syscall(SYS_futex_time64, &eseq->word_, operation, value, until, NULL,
				 ANY_BIT);
	}
#endif
#if defined SYS_futex_time64 && defined SYS_futex
	if (result < 0 && (errno == ENOSYS || errno == EPERM))
#endif
#ifdef SYS_futex
	{
		const long until[2] = { (long)seconds, nanoseconds };

		/* A time that does not fit is never. */
		result = syscall(SYS_futex, &eseq->word_, operation, value,
				 seconds > LONG_MAX ? NULL : until, NULL, ANY_BIT);
	}
#endif
	if (result < 0)
		result = -errno;
	errno = saved;
	return (int)result;
}

int errseq_wait(errseq_t *eseq, errseq_cursor_t since, const struct timespec *deadline)
{
	/*
	 * Always with a time: without one the kernel restarts the wait after an SA_RESTART handler, instead
	 * of returning EINTR.
	 */
	int64_t seconds = NEVER;
	long nanoseconds = 0;
	int result = 0;

	if (deadline) {
		if (deadline->tv_nsec < 0 || deadline->tv_nsec > 999999999)
			return -EINVAL;
		seconds = deadline->tv_sec;
		nanoseconds = (long)deadline->tv_nsec;
		if (seconds < 0)
			seconds = nanoseconds = 0; /* long past; the kernel would call it invalid */
		if (seconds > NEVER)
			seconds = NEVER;
	}
	for (;;) {
		/* relaxed: only a new error is acquired */
		uint32_t now = atomic_load_explicit(&eseq->word_, memory_order_relaxed);

		if (now & ERRSEQ_ERRNO_ && !ERRSEQ_SAME_(now, since)) {
			/* acquire: whoever gets the error sees what the recorder did before it */
			ERRSEQ_ACQUIRE_(eseq);
			return 0;
		}
		if (result != 0)
			return result;
		result = futex_(eseq, WAIT_UNTIL, now, seconds, nanoseconds);
		if (result == -EAGAIN)
			result = 0; /* the word changed; look again */
	}
}

void errseq_wake(errseq_t *eseq)
{
	futex_(eseq, WAKE, INT_MAX, 0, 0);
}
#else
typedef int errseq_no_wait_here_; /* an empty translation unit is not C */
#endif
