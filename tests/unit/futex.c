/* SPDX-License-Identifier: MIT */
/* Which system calls wait and wake make, and when they try the second one: a function takes the kernel's place. */
#include "../common/harness.h"

#include <errno.h>
#include <errseq/wait.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#undef SYS_futex_time64
#undef SYS_futex
#define SYS_futex_time64 9001
#define SYS_futex	 9002

static long answer[2]; /* of either: 0, or an errno */
static struct {
	int calls, operation;
	uint32_t value, bits;
	const volatile void *word;
	int64_t seconds;
	long nanoseconds;
} seen[2];
static void (*meanwhile)(void);

static long instead_of_the_kernel(long number, ...)
{
	int which = number != SYS_futex_time64;
	const void *until;
	va_list list;

	va_start(list, number);
	seen[which].calls++;
	seen[which].word = va_arg(list, const volatile void *);
	seen[which].operation = va_arg(list, int);
	seen[which].value = va_arg(list, uint32_t);
	until = va_arg(list, const void *);
	assert_null(va_arg(list, const void *));
	seen[which].bits = va_arg(list, uint32_t);
	va_end(list);
	assert_non_null(until);
	seen[which].seconds = which ? *(const long *)until : *(const int64_t *)until;
	seen[which].nanoseconds =
		which ? ((const long *)until)[1] : (long)((const int64_t *)until)[1];
	if (meanwhile)
		meanwhile();
	if (!answer[which])
		return 0;
	errno = (int)answer[which];
	return -1;
}
#define syscall instead_of_the_kernel
#include "../../src/wait.c"

static errseq_t word;

static void begin(long first, long second)
{
	memset(seen, 0, sizeof(seen));
	answer[0] = first;
	answer[1] = second;
	meanwhile = NULL;
	errseq_init(&word);
	errno = EXDEV;
}

static void record_now(void)
{
	errseq_set(&word, -EIO);
}

TEST(wait_sleeps_on_the_word_until_an_absolute_time)
{
	const struct timespec deadline = { 7, 8 };

	begin(ETIMEDOUT, 0);
	assert_int_equal(errseq_wait(&word, 0, &deadline), -ETIMEDOUT);
	assert_int_equal(seen[0].calls, 1);
	assert_int_equal(seen[0].operation,
			 9); /* FUTEX_WAIT_BITSET, not private, CLOCK_MONOTONIC */
	assert_true(seen[0].word == &word.word_);
	assert_int_equal(seen[0].value, 0);
	assert_int_equal(seen[0].bits, 0xffffffff);
	assert_int_equal(seen[0].seconds, 7);
	assert_int_equal(seen[0].nanoseconds, 8);
	assert_int_equal(errno, EXDEV);
}

TEST(wake_wakes_all)
{
	begin(0, 0);
	errseq_wake(&word);
	assert_int_equal(seen[0].calls, 1);
	assert_int_equal(seen[0].operation, 1); /* FUTEX_WAKE */
	assert_int_equal(seen[0].value, INT_MAX);
	assert_int_equal(errno, EXDEV);
}

TEST(the_second_call_is_made_only_if_the_first_is_missing_or_forbidden)
{
	static const int errors[] = { ENOSYS, EPERM, EINTR, ETIMEDOUT, EFAULT, EINVAL };
	const struct timespec deadline = { 7, 8 };
	unsigned i;

	for (i = 0; i < COUNT_OF(errors); i++) {
		int is_refused = errors[i] == ENOSYS || errors[i] == EPERM;

		begin(errors[i], ETIMEDOUT);
		assert_int_equal(errseq_wait(&word, 0, &deadline),
				 is_refused ? -ETIMEDOUT : -errors[i]);
		assert_int_equal(seen[1].calls, is_refused);
		begin(errors[i], 0);
		errseq_wake(&word);
		assert_int_equal(seen[1].calls, is_refused);
	}
	begin(0, 0);
	errno = ENOSYS; /* of somebody else's call */
	errseq_wake(&word);
	assert_int_equal(seen[1].calls, 0);
}

TEST(the_second_call_waits_for_the_same_in_times_of_its_own)
{
	const struct timespec deadline = { 7, 8 };

	begin(ENOSYS, EINTR);
	assert_int_equal(errseq_wait(&word, 0, &deadline), -EINTR);
	assert_int_equal(seen[1].operation, 9);
	assert_true(seen[1].word == &word.word_);
	assert_int_equal(seen[1].bits, 0xffffffff);
	assert_int_equal(seen[1].seconds, 7);
	assert_int_equal(seen[1].nanoseconds, 8);
}

TEST(an_error_that_comes_while_wait_goes_to_sleep_is_returned_whatever_the_kernel_says)
{
	static const int errors[] = { 0, EAGAIN, EINTR, ETIMEDOUT };
	unsigned i;

	for (i = 0; i < COUNT_OF(errors); i++) {
		begin(errors[i], 0);
		meanwhile = record_now;
		assert_int_equal(errseq_wait(&word, 0, NULL), 0);
		assert_int_equal(seen[0].calls, 1);
	}
}

int main(void)
{
	return run_all_tests();
}
