/* SPDX-License-Identifier: MIT */
/*
 * Threads and processes that wait on a word, for wait.c and wait_processes.c. A waiter writes down what happened to
 * it, and the main thread judges. /proc says whether a waiter is asleep. Nothing here has a limit in time.
 */
#ifndef ERRSEQ_TESTS_WAITERS_H
#define ERRSEQ_TESTS_WAITERS_H

#include "../common/harness.h"
#include "../common/processes.h"
#include "../common/word.h"
#include <errno.h>
#include <errseq/wait.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>

enum {
	A = EIO,
	B = ENOSPC,
	OURS = 4321,	   /* an errno that no call sets */
	MILLION = 1000000, /* nanoseconds in a millisecond */
	WITH_A_DEADLINE =
		2, /* for (d = 0; d < WITH_A_DEADLINE; d++): deadline(d) is none, and one far away */
};

static inline struct timespec from_now(long nanoseconds)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	time.tv_nsec += nanoseconds;
	time.tv_sec += time.tv_nsec / (1000L * MILLION);
	time.tv_nsec %= 1000L * MILLION;
	return time;
}

static inline int is_before(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec < b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec < b->tv_nsec);
}

/* None, or one that no test lives to see. */
static inline const struct timespec *deadline(unsigned is_given)
{
	static struct timespec tomorrow;

	tomorrow = from_now(0);
	tomorrow.tv_sec += 24L * 3600;
	return is_given ? &tomorrow : NULL;
}

static inline void for_a_moment(void)
{
	struct timespec moment = { 0, MILLION };

	nanosleep(&moment, NULL);
}

/* R is running, S asleep, Z a zombie ...; 0 if that is not known. */
static inline char state_of(long process, long thread)
{
	char path[64], text[512], *end;
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "/proc/%ld/task/%ld/stat", process, thread);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	length = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[length > 0 ? length : 0] = '\0';
	end = strrchr(text, ')');
	return end && end[1] ? end[2] : (char)0;
}

/*
 * 1 if it has fallen asleep, 0 if not yet. It looks twice, because a waiter may sleep for a moment on its way. A
 * test that goes on too early is a weaker test, and never a false alarm. A waiter that spins is never found asleep.
 */
static inline int seems_asleep(long process, long thread)
{
	char state = state_of(process, thread);

	if (state == 0)
		for_a_moment(); /* no /proc: hope */
	else if (state != 'S')
		return 0;
	sched_yield();
	return state == 0 || state_of(process, thread) == 'S';
}

/* ---- threads ---------------------------------------------------------------------------------- */

struct waiter {
	errseq_t *word;
	errseq_cursor_t cursor;
	const struct timespec *deadline;
	struct timespec copied; /* where the deadline is kept */

	pthread_t thread;
	int id;		     /* atomic; of the thread, 0 before it is there */
	int returned;	     /* atomic; what follows may be read then */
	int result;	     /* of errseq_wait */
	int news;	     /* what errseq_check said right after */
	int errno_after;     /* OURS, if the call left it alone */
	struct timespec end; /* when it returned */
};

static void *wait_once(void *argument)
{
	struct waiter *waiter = (struct waiter *)argument;

	errno = OURS;
	__atomic_store_n(&waiter->id, (int)syscall(SYS_gettid), __ATOMIC_RELEASE);
	waiter->result = errseq_wait(waiter->word, waiter->cursor, waiter->deadline);
	waiter->errno_after = errno;
	waiter->end = from_now(0);
	waiter->news = errseq_check(waiter->word, waiter->cursor);
	__atomic_store_n(&waiter->returned, 1, __ATOMIC_RELEASE);
	return NULL;
}

static inline int has_returned(struct waiter *waiter)
{
	return __atomic_load_n(&waiter->returned, __ATOMIC_ACQUIRE);
}

/* Starts a thread that waits. On the heap, so that a waiter outlives a test that failed. */
static inline struct waiter *start_waiter(errseq_t *word, errseq_cursor_t cursor,
					  const struct timespec *until)
{
	struct waiter *waiter = (struct waiter *)calloc(1, sizeof(*waiter));

	assert_non_null(waiter);
	waiter->word = word;
	waiter->cursor = cursor;
	if (until) {
		waiter->copied = *until;
		waiter->deadline = &waiter->copied;
	}
	assert_int_equal(pthread_create(&waiter->thread, NULL, wait_once, waiter), 0);
	return waiter;
}

/* 1 once it is asleep; 0 if it has returned. */
static inline int sleeps(struct waiter *waiter)
{
	while (!has_returned(waiter)) {
		int id = __atomic_load_n(&waiter->id, __ATOMIC_ACQUIRE);

		if (id != 0 && seems_asleep(getpid(), id))
			return !has_returned(waiter);
		sched_yield();
	}
	return 0;
}

/* What the wait returned, when it has. */
static inline int end_of(struct waiter *waiter)
{
	struct waiter done;

	pthread_join(waiter->thread, NULL);
	done = *waiter;
	free(waiter);
	assert_int_equal(done.errno_after, OURS);
	if (done.result == 0)
		assert_int_not_equal(done.news, 0);
	if (done.result == -ETIMEDOUT)
		assert_false(is_before(&done.end, &done.copied));
	return done.result;
}

static inline void record_and_wake(errseq_t *word, int err)
{
	assert_int_equal(errseq_set(word, err), 0);
	errseq_wake(word);
}

/* It sleeps until a record ends its wait. */
static inline void is_woken_by(struct waiter *waiter, errseq_t *word, int err)
{
	assert_true(sleeps(waiter));
	record_and_wake(word, err);
	assert_int_equal(end_of(waiter), 0);
}

/* ---- processes -------------------------------------------------------------------------------- */

/* Its exit status is the errno of what errseq_wait returns, or 0. */
static inline pid_t start_waiting_child(errseq_t *word, errseq_cursor_t cursor,
					const struct timespec *until)
{
	pid_t child = fork_child();

	if (child == 0)
		_exit(-errseq_wait(word, cursor, until));
	return child;
}

/* 1 once it is asleep; 0 if it has ended. */
static inline int child_sleeps(pid_t child)
{
	while (!seems_asleep(child, child))
		if (state_of(child, child) == 'Z')
			return 0;
	return 1;
}

static inline void child_is_woken_by(pid_t child, errseq_t *word, int err)
{
	assert_true(child_sleeps(child));
	record_and_wake(word, err);
	assert_int_equal(exit_status_of(child), 0);
}

/* ---- where a waiter may stand ----------------------------------------------------------------- */

typedef errseq_cursor_t position(errseq_t *word);

static inline errseq_cursor_t sampled(errseq_t *word)
{
	return errseq_sample(word);
}

static inline errseq_cursor_t peeked(errseq_t *word)
{
	return errseq_peek(word);
}

static inline errseq_cursor_t advanced(errseq_t *word)
{
	errseq_cursor_t cursor = errseq_peek(word) ^ value_of(1, NO_FLAG, 0);

	assert_true(errseq_check_and_advance(word, &cursor) <= 0);
	return cursor;
}

/* Taken when the word was only observed. */
static inline errseq_cursor_t peeked_before_it_was_reported(errseq_t *word)
{
	return errseq_peek(word) & ~(errseq_cursor_t)REPORTED;
}

static inline errseq_cursor_t foreign_where_never_set(errseq_t *word)
{
	return get(word) == 0 ? value_of(7, BOTH_FLAGS, B) : errseq_peek(word);
}

static position *const positions[] = { sampled, peeked, advanced, peeked_before_it_was_reported,
				       foreign_where_never_set };

#endif
