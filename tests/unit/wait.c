/* SPDX-License-Identifier: MIT */
/*
 * Waiting, against the kernel: by threads, by processes, with deadlines and signals. That no wake-up gets
 * lost is the subject of stress/wakeups.c.
 *
 * Waiters write down what happened to them, and the main thread judges. Whether a waiter is asleep is read
 * from /proc. A test that goes on too early is a weaker test, and never a false alarm. Whatever hangs is
 * ended by an alarm.
 */
#include "../common/harness.h"
#include "../common/word.h"
#include <errno.h>
#include <errseq/wait.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	A = EIO,
	B = ENOSPC,
	SOON = 30,	   /* seconds within which a loaded machine does what takes no time */
	HANGS = 110,	   /* seconds for a whole test */
	OURS = 4321,	   /* an errno that no call sets */
	BAD_CHILD = 99,	   /* an exit status: the child could not do its part */
	MILLION = 1000000, /* nanoseconds in a millisecond */
};

static void call_hangs(int number)
{
	static const char text[] = "FAIL: the test that runs now hangs: a wait did not end\n";

	(void)number;
	_exit(write(STDERR_FILENO, text, sizeof(text) - 1) < 0 ? 3 : 1);
}

static int begin(void **state)
{
	(void)state;
	signal(SIGALRM, call_hangs);
	alarm(HANGS);
	return 0;
}

static struct timespec now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time;
}

static int is_before(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec < b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec < b->tv_nsec);
}

static struct timespec from_now(long nanoseconds)
{
	struct timespec time = now();

	time.tv_sec += nanoseconds / (1000L * MILLION);
	time.tv_nsec += nanoseconds % (1000L * MILLION);
	if (time.tv_nsec >= 1000L * MILLION) {
		time.tv_nsec -= 1000L * MILLION;
		time.tv_sec++;
	}
	return time;
}

/* A deadline that no test lives to see. */
static struct timespec tomorrow(void)
{
	struct timespec time = now();

	time.tv_sec += 24 * 3600;
	return time;
}

static void for_a_moment(void)
{
	struct timespec moment = { 0, MILLION };

	nanosleep(&moment, NULL);
}

/* R is running, S asleep ..., of a thread or a process; 0 if that cannot be told. */
static char state_of(long process, long thread)
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
	if (length <= 0)
		return 0;
	text[length] = '\0';
	end = strrchr(text, ')');
	return end && end[1] ? end[2] : (char)0;
}

/*
 * 1 if it has fallen asleep, 0 if not yet. Two looks, for it might sleep a moment on its way. A waiter
 * that spins is never found asleep.
 */
static int seems_asleep(long process, long thread)
{
	char state = state_of(process, thread);

	if (state == 0)
		for_a_moment(); /* no /proc: hope */
	else if (state != 'S')
		return 0;
	sched_yield();
	return state == 0 || state_of(process, thread) == 'S';
}

/* ---- waiting threads ------------------------------------------------------------------------- */

struct waiter {
	errseq_t *word;
	errseq_cursor_t cursor;
	const struct timespec *deadline;

	pthread_t thread;
	int id;			/* atomic; of the thread, 0 before it is there */
	int returned;		/* atomic; what follows may be read then */
	int result;		/* of errseq_wait */
	int news;		/* what errseq_check said right after */
	int errno_after;	/* OURS, if the call left it alone */
	struct timespec end;	/* when it returned */
	struct timespec copied; /* where the deadline is kept */
};

static void *wait_once(void *argument)
{
	struct waiter *waiter = (struct waiter *)argument;

	errno = OURS;
	__atomic_store_n(&waiter->id, (int)syscall(SYS_gettid), __ATOMIC_RELEASE);
	waiter->result = errseq_wait(waiter->word, waiter->cursor, waiter->deadline);
	waiter->errno_after = errno;
	waiter->end = now();
	waiter->news = errseq_check(waiter->word, waiter->cursor);
	__atomic_store_n(&waiter->returned, 1, __ATOMIC_RELEASE);
	return NULL;
}

static int has_returned(struct waiter *waiter)
{
	return __atomic_load_n(&waiter->returned, __ATOMIC_ACQUIRE);
}

/* Starts a thread that waits. On the heap, so that a waiter outlives a test that failed. */
static struct waiter *start_waiter(errseq_t *word, errseq_cursor_t cursor,
				   const struct timespec *deadline)
{
	struct waiter *waiter = (struct waiter *)calloc(1, sizeof(*waiter));
	sigset_t alarm_only, old;
	int error;

	assert_non_null(waiter);
	waiter->word = word;
	waiter->cursor = cursor;
	if (deadline) {
		waiter->copied = *deadline;
		waiter->deadline = &waiter->copied;
	}
	sigemptyset(&alarm_only);
	sigaddset(&alarm_only, SIGALRM); /* is the main thread's */
	pthread_sigmask(SIG_BLOCK, &alarm_only, &old);
	error = pthread_create(&waiter->thread, NULL, wait_once, waiter);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	assert_int_equal(error, 0);
	return waiter;
}

/* 1 once it is asleep; 0 if it has returned, or does not fall asleep. */
static int sleeps(struct waiter *waiter)
{
	struct timespec end = from_now(0);

	end.tv_sec += SOON;
	do {
		struct timespec time = now();
		int id = __atomic_load_n(&waiter->id, __ATOMIC_ACQUIRE);

		if (id != 0 && seems_asleep(getpid(), id))
			return !has_returned(waiter);
		if (!is_before(&time, &end))
			return 0;
		sched_yield();
	} while (!has_returned(waiter));
	return 0;
}

/* What the wait returned, when it has. */
static int end_of(struct waiter *waiter)
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

static void record_and_wake(errseq_t *word, int err)
{
	assert_int_equal(errseq_set(word, err), 0);
	errseq_wake(word);
}

/* ---- waiting processes ----------------------------------------------------------------------- */

static pid_t fork_child(void)
{
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* does not outlive a test that hangs */
	return child;
}

/* Becomes the exit status: 0, or the errno of what errseq_wait returned. */
static void wait_and_exit(errseq_t *word, errseq_cursor_t cursor, const struct timespec *deadline)
{
	_exit(-errseq_wait(word, cursor, deadline));
}

static int child_sleeps(pid_t child)
{
	time_t end = now().tv_sec + SOON;

	while (!seems_asleep(child, child))
		if (now().tv_sec > end || state_of(child, child) == 'Z')
			return 0;
	return 1;
}

/* The exit status of the child; -1, and it is killed, if it does not end soon. */
static int end_of_child(pid_t child)
{
	time_t end = now().tv_sec + SOON;
	int status;

	while (waitpid(child, &status, WNOHANG) == 0) {
		if (now().tv_sec > end) {
			kill(child, SIGKILL);
			waitpid(child, &status, 0);
			return -1;
		}
		for_a_moment();
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* A page that processes share, of zeroes. */
static errseq_t *shared_page(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_true(page != MAP_FAILED);
	return (errseq_t *)page;
}

/* ---- news at once ---------------------------------------------------------------------------- */

static void news_returns_0_at_once_whatever_the_kind_of_cursor(void **state)
{
	static const int second_errors[] = { A, B };
	unsigned i;

	(void)state;
	for (i = 0; i < COUNT_OF(second_errors); i++) {
		errseq_cursor_t sampled, peeked, advanced = 0;
		errseq_t word = ERRSEQ_INIT;

		assert_int_equal(errseq_set(&word, -A), 0);
		assert_int_equal(errseq_wait(&word, 0, NULL), 0);
		peeked = errseq_peek(&word);
		assert_int_equal(errseq_wait(&word, 0, NULL), 0);
		assert_int_equal(errseq_check_and_advance(&word, &advanced), -A);
		assert_int_equal(errseq_wait(&word, 0, NULL), 0);
		sampled = errseq_sample(&word);
		assert_int_equal(errseq_set(&word, -second_errors[i]), 0);
		assert_int_equal(errseq_wait(&word, 0, NULL), 0);
		assert_int_equal(errseq_wait(&word, sampled, NULL), 0);
		assert_int_equal(errseq_wait(&word, peeked, NULL), 0);
		assert_int_equal(errseq_wait(&word, advanced, NULL), 0);
	}
}

/* The second record leaves the word as it was. */
static void same_error_again_on_an_unobserved_word_returns_0_at_once(void **state)
{
	errseq_t word = ERRSEQ_INIT;
	errseq_cursor_t newcomer;

	(void)state;
	assert_int_equal(errseq_set(&word, -A), 0);
	newcomer = errseq_sample(&word);
	record_and_wake(&word, -A);
	assert_int_equal(get(&word), value_of(0, NO_FLAG, A));
	assert_int_equal(errseq_wait(&word, newcomer, NULL), 0);
}

static void news_wins_over_a_passed_deadline(void **state)
{
	static const struct timespec passed[] = { { 0, 0 }, { 1, 999999999 }, { -1, 0 } };
	errseq_t word = ERRSEQ_INIT;
	unsigned i;

	(void)state;
	assert_int_equal(errseq_set(&word, -A), 0);
	for (i = 0; i < COUNT_OF(passed); i++)
		assert_int_equal(errseq_wait(&word, 0, &passed[i]), 0);
}

/* Every state of a word against every cursor, those of other words' lives included. */
static void wait_sees_news_where_check_does_and_changes_nothing(void **state)
{
	const struct timespec passed = { 0, 0 };
	unsigned i, j, wrong = 0;

	(void)state;
	for (i = 0; i < EDGE_WORDS; i++)
		for (j = 0; j < EDGE_WORDS; j++) {
			errseq_t word;
			int want;

			put(&word, edge_word(i));
			want = errseq_check(&word, edge_word(j)) ? 0 : -ETIMEDOUT;
			errno = OURS;
			wrong += errseq_wait(&word, edge_word(j), &passed) != want;
			wrong += errno != OURS;
			wrong += get(&word) != edge_word(i);
		}
	assert_int_equal(wrong, 0);
}

static void foreign_cursor_on_a_never_set_word_is_no_news(void **state)
{
	errseq_t word = ERRSEQ_INIT;
	struct timespec deadline = from_now(MILLION);

	(void)state;
	assert_int_equal(errseq_wait(&word, value_of(5, BOTH_FLAGS, A), &deadline), -ETIMEDOUT);
	assert_int_equal(get(&word), 0);
}

/* ---- deadlines ------------------------------------------------------------------------------- */

static void passed_deadline_times_out_at_once(void **state)
{
	struct timespec passed[] = { { 0, 0 }, { 0, 1 },	  { 1, 0 }, { -1, 0 },
				     { 0, 0 }, { -1, 999999999 }, { 0, 0 } };
	errseq_t word = ERRSEQ_INIT;
	struct timespec start = now(), end;
	unsigned i, flags;

	(void)state;
	passed[4] = start; /* the very moment */
	passed[6] = start;
	passed[6].tv_sec -=
		start.tv_sec > 0; /* relative to now, that would be an uptime from now */
	for (flags = 0; flags < 2; flags++) {
		errseq_cursor_t cursor = errseq_peek(&word);

		for (i = 0; i < COUNT_OF(passed); i++) {
			errno = OURS;
			assert_int_equal(errseq_wait(&word, cursor, &passed[i]), -ETIMEDOUT);
			assert_int_equal(errno, OURS);
			assert_int_equal(get(&word), cursor);
		}
		assert_int_equal(errseq_set(&word, -A), 0);
	}
	end = now();
	assert_true(end.tv_sec - start.tv_sec < SOON);
}

static void wait_without_news_never_ends_before_the_deadline(void **state)
{
	static const long delays[] = { 0, 1, 1000, 100000, MILLION, 20 * MILLION, 200 * MILLION };
	errseq_t word = ERRSEQ_INIT;
	unsigned i, flags;

	(void)state;
	for (flags = 0; flags < 2; flags++) {
		errseq_cursor_t cursor = errseq_peek(&word);

		for (i = 0; i < COUNT_OF(delays); i++) {
			struct timespec deadline = from_now(delays[i]), end;

			errno = OURS;
			assert_int_equal(errseq_wait(&word, cursor, &deadline), -ETIMEDOUT);
			assert_int_equal(errno, OURS);
			end = now();
			assert_false(is_before(&end, &deadline));
			assert_int_equal(get(&word), cursor);
		}
		assert_int_equal(errseq_set(&word, -A), 0);
	}
}

/* Each sleep has the same end: it does not begin anew with each wake. */
static void deadline_stands_however_often_the_waiter_is_woken(void **state)
{
	struct timespec deadline = from_now(200 * MILLION);
	time_t end = now().tv_sec + SOON;
	errseq_t word = ERRSEQ_INIT;
	struct waiter *waiter;
	int ended;

	(void)state;
	waiter = start_waiter(&word, 0, &deadline);
	while (!has_returned(waiter) && now().tv_sec < end) {
		errseq_wake(&word);
		for_a_moment();
	}
	ended = has_returned(waiter);
	record_and_wake(&word, -A);
	assert_int_equal(end_of(waiter), -ETIMEDOUT);
	assert_true(ended);
}

static void deadline_out_of_range_is_refused(void **state)
{
	static const long nanoseconds[] = { -1, 1000000000, LONG_MAX, LONG_MIN };
	errseq_t word = ERRSEQ_INIT;
	unsigned i, flags;

	(void)state;
	for (flags = 0; flags < 2; flags++) {
		uint32_t before = get(&word);

		for (i = 0; i < COUNT_OF(nanoseconds); i++) {
			struct timespec deadline = now();

			deadline.tv_nsec = nanoseconds[i];
			errno = OURS;
			assert_int_equal(errseq_wait(&word, 0, &deadline), -EINVAL);
			deadline.tv_sec = -1;
			assert_int_equal(errseq_wait(&word, 0, &deadline), -EINVAL);
			assert_int_equal(errno, OURS);
			assert_int_equal(get(&word), before);
		}
		assert_int_equal(errseq_set(&word, -A), 0); /* with news too: it is a mistake */
	}
}

/* ---- woken by a record ----------------------------------------------------------------------- */

static errseq_cursor_t sampled(errseq_t *word)
{
	return errseq_sample(word);
}

static errseq_cursor_t peeked(errseq_t *word)
{
	return errseq_peek(word);
}

static errseq_cursor_t advanced(errseq_t *word)
{
	errseq_cursor_t cursor = errseq_peek(word) ^ value_of(1, NO_FLAG, 0);

	assert_true(errseq_check_and_advance(word, &cursor) <= 0);
	return cursor;
}

/* Taken when the word was only observed. */
static errseq_cursor_t peeked_before_it_was_reported(errseq_t *word)
{
	return errseq_peek(word) & ~(errseq_cursor_t)REPORTED;
}

static errseq_cursor_t foreign_where_never_set(errseq_t *word)
{
	return get(word) == 0 ? value_of(7, BOTH_FLAGS, B) : errseq_peek(word);
}

typedef errseq_cursor_t position(errseq_t *word);
static position *const positions[] = { sampled, peeked, advanced, peeked_before_it_was_reported,
				       foreign_where_never_set };

static void record_ends_the_wait_whatever_the_cursor_the_word_and_the_error(void **state)
{
	const uint32_t words[] = { 0, value_of(0, BOTH_FLAGS, A), value_of(5, BOTH_FLAGS, A),
				   value_of(LAST_COUNT, BOTH_FLAGS, A) };
	const int errors[] = { A, B };
	unsigned w, p, e, d;

	(void)state;
	for (w = 0; w < COUNT_OF(words); w++)
		for (p = 0; p < COUNT_OF(positions); p++)
			for (e = 0; e < COUNT_OF(errors); e++)
				for (d = 0; d < 2; d++) {
					struct timespec deadline = tomorrow();
					struct waiter *waiter;
					errseq_t word;

					put(&word, words[w]);
					waiter = start_waiter(&word, positions[p](&word),
							      d ? &deadline : NULL);
					assert_true(sleeps(waiter));
					record_and_wake(&word, -errors[e]);
					assert_int_equal(end_of(waiter), 0);
				}
}

/* Nobody was told of the error, which was only peeked at: the same one again is news. */
static void same_error_again_ends_the_wait_of_who_peeked(void **state)
{
	errseq_t word = ERRSEQ_INIT;
	struct waiter *waiter;

	(void)state;
	assert_int_equal(errseq_set(&word, -A), 0);
	waiter = start_waiter(&word, errseq_peek(&word), NULL);
	assert_true(sleeps(waiter));
	record_and_wake(&word, -A);
	assert_int_equal(end_of(waiter), 0);
}

static void deadline_beyond_all_time_is_never(void **state)
{
	static const time_t seconds[] = {
		INT_MAX, (time_t)(~(uintmax_t)0 >> (1 + 8 * (sizeof(uintmax_t) - sizeof(time_t))))
	};
	unsigned i;

	(void)state;
	for (i = 0; i < COUNT_OF(seconds); i++) {
		struct timespec deadline = { 0, 999999999 };
		errseq_t word = ERRSEQ_INIT;
		struct waiter *waiter;

		deadline.tv_sec = seconds[i];
		waiter = start_waiter(&word, 0, &deadline);
		assert_true(sleeps(waiter));
		record_and_wake(&word, -A);
		assert_int_equal(end_of(waiter), 0);
	}
}

static void marks_of_others_do_not_end_the_wait(void **state)
{
	unsigned d;

	(void)state;
	for (d = 0; d < 2; d++) {
		struct timespec deadline = tomorrow();
		errseq_cursor_t other = 0;
		errseq_t word = ERRSEQ_INIT;
		struct waiter *waiter;

		assert_int_equal(errseq_set(&word, -A), 0);
		waiter = start_waiter(&word, errseq_peek(&word), d ? &deadline : NULL);
		assert_true(sleeps(waiter));
		assert_int_equal(errseq_check_and_advance(&word, &other), -A);
		assert_int_equal(get(&word), value_of(0, BOTH_FLAGS, A)); /* it changed */
		assert_true(sleeps(waiter));
		errseq_wake(&word);
		assert_true(sleeps(waiter));
		assert_int_equal(errseq_peek(&word), value_of(0, BOTH_FLAGS, A));
		errseq_wake(&word);
		assert_true(sleeps(waiter));
		record_and_wake(&word, -A);
		assert_int_equal(end_of(waiter), 0);
	}
}

/* The word meets a cursor of another life: that is no news, for errseq_check neither. The next record is. */
static void record_and_peek_that_are_no_news_do_not_end_the_wait(void **state)
{
	errseq_t word = ERRSEQ_INIT;
	struct waiter *waiter;

	(void)state;
	waiter = start_waiter(&word, value_of(0, BOTH_FLAGS, A), NULL);
	assert_true(sleeps(waiter));
	record_and_wake(&word, -A);
	assert_true(sleeps(waiter));
	assert_int_equal(errseq_peek(&word), value_of(0, OBSERVED, A));
	errseq_wake(&word);
	assert_true(sleeps(waiter));
	record_and_wake(&word, -A);
	assert_int_equal(end_of(waiter), 0);
}

static void wakes_without_a_record_do_not_end_the_wait(void **state)
{
	const uint32_t words[] = { 0, value_of(1, OBSERVED, A), value_of(1, BOTH_FLAGS, A) };
	unsigned w, i;

	(void)state;
	for (w = 0; w < COUNT_OF(words); w++) {
		struct waiter *waiter;
		errseq_t word;

		put(&word, words[w]);
		waiter = start_waiter(&word, words[w], NULL);
		for (i = 0; i < 50; i++) {
			assert_true(sleeps(waiter));
			errseq_wake(&word);
		}
		assert_int_equal(get(&word), words[w]);
		record_and_wake(&word, -A);
		assert_int_equal(end_of(waiter), 0);
	}
}

/* The record alone changes nothing for who sleeps; it is the wake that ends the wait. And nobody else's. */
static void wake_is_for_those_who_wait_on_this_word(void **state)
{
	errseq_t words[2] = { ERRSEQ_INIT, ERRSEQ_INIT };
	struct waiter *waiters[2];

	(void)state;
	waiters[0] = start_waiter(&words[0], 0, NULL);
	waiters[1] = start_waiter(&words[1], 0, NULL);
	assert_true(sleeps(waiters[0]));
	assert_true(sleeps(waiters[1]));
	record_and_wake(&words[0], -A);
	assert_int_equal(end_of(waiters[0]), 0);
	assert_true(sleeps(waiters[1]));
	record_and_wake(&words[1], -A);
	assert_int_equal(end_of(waiters[1]), 0);
}

static void one_wake_ends_the_wait_of_all(void **state)
{
	const uint32_t words[] = { 0, value_of(3, BOTH_FLAGS, A) };
	struct waiter *waiters[16];
	unsigned w, i;

	(void)state;
	for (w = 0; w < COUNT_OF(words); w++) {
		struct timespec deadline = tomorrow();
		errseq_t word;

		put(&word, words[w]);
		for (i = 0; i < COUNT_OF(waiters); i++)
			waiters[i] = start_waiter(&word, positions[i % COUNT_OF(positions)](&word),
						  i % 3 ? NULL : &deadline);
		for (i = 0; i < COUNT_OF(waiters); i++)
			assert_true(sleeps(waiters[i]));
		record_and_wake(&word, -A);
		for (i = 0; i < COUNT_OF(waiters); i++)
			assert_int_equal(end_of(waiters[i]), 0);
	}
}

static void wait_with_a_shared_cursor_ends_at_a_record(void **state)
{
	errseq_shared_cursor_t cursor = ERRSEQ_SHARED_CURSOR_INIT;
	errseq_t word = ERRSEQ_INIT;
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		struct waiter *waiter =
			start_waiter(&word, errseq_shared_cursor_get(&cursor), NULL);

		assert_true(sleeps(waiter));
		record_and_wake(&word, -A);
		assert_int_equal(end_of(waiter), 0);
		assert_int_equal(errseq_check_and_advance_shared(&word, &cursor), -A);
	}
}

/* ---- between processes ----------------------------------------------------------------------- */

static void record_of_the_parent_ends_the_wait_of_a_child(void **state)
{
	const uint32_t words[] = { 0, value_of(3, BOTH_FLAGS, A) };
	errseq_t *word = shared_page();
	unsigned w, p;

	(void)state;
	for (w = 0; w < COUNT_OF(words); w++)
		for (p = 0; p < COUNT_OF(positions); p++) {
			struct timespec deadline = tomorrow();
			errseq_cursor_t cursor;
			pid_t child;

			put(word, words[w]);
			cursor = positions[p](word);
			child = fork_child();
			if (child == 0)
				wait_and_exit(word, cursor, p % 2 ? &deadline : NULL);
			assert_true(child_sleeps(child));
			errseq_wake(word);
			assert_true(child_sleeps(child));
			record_and_wake(word, -A);
			assert_int_equal(end_of_child(child), 0);
		}
	munmap((void *)word, 4096);
}

static void record_of_a_child_ends_the_wait_of_its_parent(void **state)
{
	errseq_t *word = shared_page();
	errseq_cursor_t cursor = 0;
	int i;

	(void)state;
	for (i = 0; i < 10; i++) {
		pid_t child = fork_child();

		if (child == 0) {
			int status = child_sleeps(getppid()) ? errseq_set(word, -A) : BAD_CHILD;

			errseq_wake(word);
			_exit(status);
		}
		assert_int_equal(errseq_wait(word, cursor, NULL), 0);
		assert_int_equal(errseq_check_and_advance(word, &cursor), -A);
		assert_int_equal(end_of_child(child), 0);
	}
	munmap((void *)word, 4096);
}

static void deadline_passes_in_a_child_too(void **state)
{
	errseq_t *word = shared_page();
	pid_t child = fork_child();

	(void)state;
	if (child == 0) {
		struct timespec deadline = from_now(20 * MILLION), end;
		int result = errseq_wait(word, 0, &deadline);

		end = now();
		_exit(is_before(&end, &deadline) ? BAD_CHILD : -result);
	}
	assert_int_equal(end_of_child(child), ETIMEDOUT);
	munmap((void *)word, 4096);
}

/* A file of two pages with a word somewhere in the second; the words are the same wherever it is mapped. */
enum {
	WORD_AT = 4096 + 12
};

static errseq_t *map_word(int fd, int protection)
{
	void *pages = mmap(NULL, (size_t)2 * 4096, protection, MAP_SHARED, fd, 0);

	return pages == MAP_FAILED ? NULL : (errseq_t *)(void *)((char *)pages + WORD_AT);
}

static void unmap_word(errseq_t *word)
{
	munmap((char *)word - WORD_AT, (size_t)2 * 4096);
}

/* Read-only, the mapping shows too that waiting writes nothing into the word. */
static void record_ends_the_wait_of_a_child_that_maps_the_word_elsewhere(void **state)
{
	const int protections[] = { PROT_READ | PROT_WRITE, PROT_READ };
	FILE *file = tmpfile();
	unsigned i, again;

	(void)state;
	if (!file)
		SKIP_BECAUSE("no temporary file: %s", strerror(errno));
	assert_int_equal(ftruncate(fileno(file), (off_t)2 * 4096), 0);
	for (i = 0; i < COUNT_OF(protections); i++) {
		errseq_t *word = map_word(fileno(file), PROT_READ | PROT_WRITE);

		assert_non_null(word);
		for (again = 0; again < 3; again++) {
			errseq_cursor_t cursor = errseq_peek(word);
			pid_t child = fork_child();

			if (child == 0) {
				errseq_t *mine = map_word(fileno(file), protections[i]);

				if (!mine || mine == word)
					_exit(BAD_CHILD);
				unmap_word(word);
				wait_and_exit(mine, cursor, NULL);
			}
			assert_true(child_sleeps(child));
			record_and_wake(word, -A);
			assert_int_equal(end_of_child(child), 0);
		}
		unmap_word(word);
	}
	fclose(file);
}

static void record_ends_the_wait_of_a_thread_that_uses_another_mapping(void **state)
{
	FILE *file = tmpfile();
	struct waiter *waiter;
	errseq_t *here, *there;

	(void)state;
	if (!file)
		SKIP_BECAUSE("no temporary file: %s", strerror(errno));
	assert_int_equal(ftruncate(fileno(file), (off_t)2 * 4096), 0);
	here = map_word(fileno(file), PROT_READ | PROT_WRITE);
	there = map_word(fileno(file), PROT_READ | PROT_WRITE);
	assert_non_null(here);
	assert_non_null(there);
	waiter = start_waiter(there, 0, NULL);
	assert_true(sleeps(waiter));
	record_and_wake(here, -A);
	assert_int_equal(end_of(waiter), 0);
	unmap_word(here);
	unmap_word(there);
	fclose(file);
}

/* ---- signals --------------------------------------------------------------------------------- */

static volatile sig_atomic_t handled;

static void take_note(int number)
{
	(void)number;
	handled = handled + 1;
}

static void handle_signal(int number, void (*handler)(int), int flags)
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_handler = handler;
	action.sa_flags = flags;
	assert_int_equal(sigaction(number, &action, NULL), 0);
}

/* One signal may come before the sleep, and is not noticed then; hence many. */
static void handler_interrupts_the_wait_whatever_its_flags_and_the_deadline(void **state)
{
	static const int flags[] = { 0, SA_RESTART };
	unsigned f, d, o;

	(void)state;
	for (f = 0; f < COUNT_OF(flags); f++)
		for (d = 0; d < 2; d++)
			for (o = 0; o < 2; o++) {
				struct timespec deadline = tomorrow();
				time_t end = now().tv_sec + SOON;
				struct waiter *waiter;
				errseq_cursor_t before;
				int interrupted, slept;
				errseq_t word;

				put(&word, o ? value_of(0, BOTH_FLAGS, A) : 0);
				before = get(&word);
				handled = 0;
				handle_signal(SIGUSR1, take_note, flags[f]);
				waiter = start_waiter(&word, before, d ? &deadline : NULL);
				slept = sleeps(waiter);
				while (!has_returned(waiter) && now().tv_sec < end) {
					pthread_kill(waiter->thread, SIGUSR1);
					for_a_moment();
				}
				interrupted = has_returned(waiter);
				assert_int_equal(get(&word), before);
				record_and_wake(&word, -A); /* in any case */
				assert_int_equal(end_of(waiter), -EINTR);
				signal(SIGUSR1, SIG_DFL);
				assert_true(slept);
				assert_true(interrupted);
				assert_true(handled > 0);
			}
}

static void signal_without_a_handler_does_not_end_the_wait(void **state)
{
	sigset_t blocked, old;
	unsigned d, i;

	(void)state;
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR2);
	handle_signal(SIGUSR1, SIG_IGN, 0);
	handle_signal(SIGUSR2, take_note, 0);
	handled = 0;
	for (d = 0; d < 2; d++) {
		struct timespec deadline = tomorrow();
		errseq_t word = ERRSEQ_INIT;
		struct waiter *waiter;

		pthread_sigmask(SIG_BLOCK, &blocked, &old);
		waiter = start_waiter(&word, 0, d ? &deadline : NULL);
		pthread_sigmask(SIG_SETMASK, &old, NULL);
		for (i = 0; i < 20; i++) {
			assert_true(sleeps(waiter));
			pthread_kill(waiter->thread, SIGUSR1); /* ignored */
			pthread_kill(waiter->thread, SIGUSR2); /* blocked */
			pthread_kill(waiter->thread, SIGURG);  /* by default, nothing */
		}
		assert_true(sleeps(waiter));
		record_and_wake(&word, -A);
		assert_int_equal(end_of(waiter), 0);
	}
	signal(SIGUSR1, SIG_DFL);
	signal(SIGUSR2, SIG_DFL);
	assert_int_equal(handled, 0);
}

static void stopped_and_continued_process_goes_on_waiting(void **state)
{
	errseq_t *word = shared_page();
	unsigned d, i;

	(void)state;
	for (d = 0; d < 2; d++) {
		struct timespec deadline = tomorrow();
		errseq_cursor_t cursor = errseq_peek(word);
		pid_t child = fork_child();

		if (child == 0)
			wait_and_exit(word, cursor, d ? &deadline : NULL);
		for (i = 0; i < 5; i++) {
			int status;

			assert_true(child_sleeps(child));
			assert_int_equal(kill(child, SIGSTOP), 0);
			assert_int_equal(waitpid(child, &status, WUNTRACED), child);
			assert_true(WIFSTOPPED(status));
			assert_int_equal(kill(child, SIGCONT), 0);
		}
		assert_true(child_sleeps(child));
		record_and_wake(word, -A);
		assert_int_equal(end_of_child(child), 0);
	}
	munmap((void *)word, 4096);
}

/* What comes while it is stopped is not missed. */
static void record_while_the_process_is_stopped_ends_its_wait(void **state)
{
	errseq_t *word = shared_page();
	pid_t child = fork_child();
	int status;

	(void)state;
	if (child == 0)
		wait_and_exit(word, 0, NULL);
	assert_true(child_sleeps(child));
	assert_int_equal(kill(child, SIGSTOP), 0);
	assert_int_equal(waitpid(child, &status, WUNTRACED), child);
	record_and_wake(word, -A);
	assert_int_equal(kill(child, SIGCONT), 0);
	assert_int_equal(end_of_child(child), 0);
	munmap((void *)word, 4096);
}

static errseq_t signal_word;

static void record_and_wake_in_handler(int number)
{
	(void)number;
	errseq_set(&signal_word, -A);
	errseq_wake(&signal_word);
	handled = handled + 1;
}

static void record_and_wake_in_a_handler_end_the_wait_of_another_thread(void **state)
{
	errseq_cursor_t cursor = 0;
	int i;

	(void)state;
	errseq_init(&signal_word);
	handled = 0;
	handle_signal(SIGUSR1, record_and_wake_in_handler, 0);
	for (i = 1; i <= 20; i++) {
		struct waiter *waiter = start_waiter(&signal_word, cursor, NULL);

		assert_true(sleeps(waiter));
		errno = OURS;
		raise(SIGUSR1);
		assert_int_equal(errno, OURS);
		assert_int_equal(end_of(waiter), 0);
		assert_int_equal(handled, i);
		assert_int_equal(errseq_check_and_advance(&signal_word, &cursor), -A);
	}
	signal(SIGUSR1, SIG_DFL);
}

/* It was interrupted, but there is news: 0. ThreadSanitizer runs handlers later than that. */
static void record_in_a_handler_of_the_waiter_itself_ends_the_wait(void **state)
{
	unsigned d;

	(void)state;
	handle_signal(SIGUSR1, record_and_wake_in_handler, SA_RESTART);
	for (d = 0; d < 2; d++) {
		struct timespec deadline = tomorrow();
		struct waiter *waiter;
		int result;

		errseq_init(&signal_word);
		waiter = start_waiter(&signal_word, 0, d ? &deadline : NULL);
		assert_true(sleeps(waiter));
		pthread_kill(waiter->thread, SIGUSR1);
		result = end_of(waiter);
		assert_true(result == 0 || (UNDER_TSAN && result == -EINTR));
		assert_int_equal(errseq_check(&signal_word, 0), -A);
	}
	signal(SIGUSR1, SIG_DFL);
}

/* ---- errno ----------------------------------------------------------------------------------- */

/* The kernel refuses memory where no wake could ever be due. (That waits leave it alone: see end_of.) */
static void errno_is_left_alone_by_wake(void **state)
{
	void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	errseq_t word = ERRSEQ_INIT;

	(void)state;
	assert_true(page != MAP_FAILED);
	errno = OURS;
	errseq_wake(&word);
	assert_int_equal(errno, OURS);
	errseq_wake((errseq_t *)page);
	assert_int_equal(errno, OURS);
	munmap(page, 4096);
}

#define TEST(function) cmocka_unit_test_setup(function, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(news_returns_0_at_once_whatever_the_kind_of_cursor),
		TEST(same_error_again_on_an_unobserved_word_returns_0_at_once),
		TEST(news_wins_over_a_passed_deadline),
		TEST(wait_sees_news_where_check_does_and_changes_nothing),
		TEST(foreign_cursor_on_a_never_set_word_is_no_news),
		TEST(passed_deadline_times_out_at_once),
		TEST(wait_without_news_never_ends_before_the_deadline),
		TEST(deadline_stands_however_often_the_waiter_is_woken),
		TEST(deadline_out_of_range_is_refused),
		TEST(record_ends_the_wait_whatever_the_cursor_the_word_and_the_error),
		TEST(same_error_again_ends_the_wait_of_who_peeked),
		TEST(deadline_beyond_all_time_is_never),
		TEST(marks_of_others_do_not_end_the_wait),
		TEST(record_and_peek_that_are_no_news_do_not_end_the_wait),
		TEST(wakes_without_a_record_do_not_end_the_wait),
		TEST(wake_is_for_those_who_wait_on_this_word),
		TEST(one_wake_ends_the_wait_of_all),
		TEST(wait_with_a_shared_cursor_ends_at_a_record),
		TEST(record_of_the_parent_ends_the_wait_of_a_child),
		TEST(record_of_a_child_ends_the_wait_of_its_parent),
		TEST(deadline_passes_in_a_child_too),
		TEST(record_ends_the_wait_of_a_child_that_maps_the_word_elsewhere),
		TEST(record_ends_the_wait_of_a_thread_that_uses_another_mapping),
		TEST(handler_interrupts_the_wait_whatever_its_flags_and_the_deadline),
		TEST(signal_without_a_handler_does_not_end_the_wait),
		TEST(stopped_and_continued_process_goes_on_waiting),
		TEST(record_while_the_process_is_stopped_ends_its_wait),
		TEST(record_and_wake_in_a_handler_end_the_wait_of_another_thread),
		TEST(record_in_a_handler_of_the_waiter_itself_ends_the_wait),
		TEST(errno_is_left_alone_by_wake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
