/* SPDX-License-Identifier: MIT */
/*
 * errseq_wait and errseq_wake between threads, against the kernel: when a wait ends, when it does not, and what it
 * returns. wait_processes.c has processes and signals. That no wake-up is lost is shown by stress/wakeups.c.
 */
#include "waiters.h"
#include <limits.h>

/* ---- an error that is there already ------------------------------------------------------------ */

TEST(news_returns_0_at_once_whatever_the_kind_of_cursor)
{
	static const int second_errors[] = { A, B };
	unsigned i;

	for (i = 0; i < COUNT_OF(second_errors); i++) {
		errseq_cursor_t after_advance = 0, after_peek, after_sample;
		errseq_t word = ERRSEQ_INIT;

		assert_int_equal(errseq_set(&word, -A), 0);
		assert_int_equal(errseq_wait(&word, 0, NULL), 0);
		after_peek = errseq_peek(&word);
		assert_int_equal(errseq_wait(&word, 0, NULL), 0);
		assert_int_equal(errseq_check_and_advance(&word, &after_advance), -A);
		assert_int_equal(errseq_wait(&word, 0, NULL), 0);
		after_sample = errseq_sample(&word);
		assert_int_equal(errseq_set(&word, -second_errors[i]), 0);
		assert_int_equal(errseq_wait(&word, 0, NULL), 0);
		assert_int_equal(errseq_wait(&word, after_sample, NULL), 0);
		assert_int_equal(errseq_wait(&word, after_peek, NULL), 0);
		assert_int_equal(errseq_wait(&word, after_advance, NULL), 0);
	}
}

/* The second record leaves the word as it was. */
TEST(same_error_again_on_an_unobserved_word_returns_0_at_once)
{
	errseq_t word = ERRSEQ_INIT;
	errseq_cursor_t newcomer;

	assert_int_equal(errseq_set(&word, -A), 0);
	newcomer = errseq_sample(&word);
	record_and_wake(&word, -A);
	assert_int_equal(get(&word), value_of(0, NO_FLAG, A));
	assert_int_equal(errseq_wait(&word, newcomer, NULL), 0);
}

TEST(news_wins_over_a_passed_deadline)
{
	static const struct timespec passed[] = { { 0, 0 }, { 1, 999999999 }, { -1, 0 } };
	errseq_t word = ERRSEQ_INIT;
	unsigned i;

	assert_int_equal(errseq_set(&word, -A), 0);
	for (i = 0; i < COUNT_OF(passed); i++)
		assert_int_equal(errseq_wait(&word, 0, &passed[i]), 0);
}

/* Every state of a word against every cursor, also cursors of other words. */
TEST(wait_sees_news_where_check_does_and_changes_nothing)
{
	const struct timespec passed = { 0, 0 };
	unsigned i, j, wrong = 0;

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

TEST(foreign_cursor_on_a_never_set_word_is_no_news)
{
	errseq_t word = ERRSEQ_INIT;
	struct timespec soon = from_now(MILLION);

	assert_int_equal(errseq_wait(&word, value_of(5, BOTH_FLAGS, A), &soon), -ETIMEDOUT);
	assert_int_equal(get(&word), 0);
}

/* ---- deadlines --------------------------------------------------------------------------------- */

/* Returns without an error, and with word and errno as they were. */
static void times_out(errseq_t *word, errseq_cursor_t cursor, const struct timespec *until)
{
	value_t before = get(word);
	struct timespec end;

	errno = OURS;
	assert_int_equal(errseq_wait(word, cursor, until), -ETIMEDOUT);
	assert_int_equal(errno, OURS);
	end = from_now(0);
	assert_false(is_before(&end, until));
	assert_int_equal(get(word), before);
}

TEST(wait_without_news_never_ends_before_the_deadline)
{
	static const long delays[] = { 0, 1, 1000, 100000, MILLION, 20 * MILLION, 200 * MILLION };
	errseq_t word = ERRSEQ_INIT;
	unsigned i, flags;

	for (flags = 0; flags < 2; flags++) {
		errseq_cursor_t cursor = errseq_peek(&word);

		for (i = 0; i < COUNT_OF(delays); i++) {
			struct timespec until = from_now(delays[i]);

			times_out(&word, cursor, &until);
		}
		assert_int_equal(errseq_set(&word, -A), 0);
	}
}

/* A library that took the last two for times from now on would sleep as long as the machine has been up. */
TEST(passed_deadline_times_out)
{
	struct timespec passed[] = { { 0, 0 },		{ 0, 1 }, { 1, 0 }, { -1, 0 },
				     { -1, 999999999 }, { 0, 0 }, { 0, 0 } };
	errseq_t word = ERRSEQ_INIT;
	unsigned i, flags;

	passed[5] = passed[6] = from_now(0); /* the very moment, and before it */
	passed[6].tv_sec -= passed[6].tv_sec > 0;
	for (flags = 0; flags < 2; flags++) {
		errseq_cursor_t cursor = errseq_peek(&word);

		for (i = 0; i < COUNT_OF(passed); i++)
			times_out(&word, cursor, &passed[i]);
		assert_int_equal(errseq_set(&word, -A), 0);
	}
}

/* Each sleep has the same end: it does not begin anew with each wake. */
TEST(deadline_stands_however_often_the_waiter_is_woken)
{
	struct timespec until = from_now(200 * MILLION);
	errseq_t word = ERRSEQ_INIT;
	struct waiter *waiter = start_waiter(&word, 0, &until);

	while (!has_returned(waiter)) {
		errseq_wake(&word);
		for_a_moment();
	}
	assert_int_equal(end_of(waiter), -ETIMEDOUT);
}

/* A record without a wake is found when the deadline passes. If it came too late for that, the next one has more time. */
TEST(last_look_when_the_deadline_passes_finds_a_record)
{
	long delay = 50 * MILLION;
	int came_in_time, result;

	do {
		struct timespec until = from_now(delay), recorded;
		errseq_t word = ERRSEQ_INIT;
		struct waiter *waiter = start_waiter(&word, 0, &until);

		sleeps(waiter);
		assert_int_equal(errseq_set(&word, -A), 0);
		recorded = from_now(0);
		came_in_time = is_before(&recorded, &until);
		result = end_of(waiter);
		delay *= 2;
	} while (!came_in_time);
	assert_int_equal(result, 0);
}

TEST(deadline_out_of_range_is_refused)
{
	static const long nanoseconds[] = { -1, 1000000000, LONG_MAX, LONG_MIN };
	errseq_t word = ERRSEQ_INIT;
	unsigned i, flags;

	for (flags = 0; flags < 2; flags++) {
		uint32_t before = get(&word);

		for (i = 0; i < COUNT_OF(nanoseconds); i++) {
			struct timespec wrong = from_now(0);

			wrong.tv_nsec = nanoseconds[i];
			errno = OURS;
			assert_int_equal(errseq_wait(&word, 0, &wrong), -EINVAL);
			wrong.tv_sec = -1;
			assert_int_equal(errseq_wait(&word, 0, &wrong), -EINVAL);
			assert_int_equal(errno, OURS);
			assert_int_equal(get(&word), before);
		}
		assert_int_equal(errseq_set(&word, -A), 0); /* with an error in the word, too */
	}
}

TEST(deadline_beyond_all_time_is_never)
{
	static const time_t seconds[] = {
		INT_MAX, (time_t)(~(uintmax_t)0 >> (1 + 8 * (sizeof(uintmax_t) - sizeof(time_t))))
	};
	unsigned i;

	for (i = 0; i < COUNT_OF(seconds); i++) {
		struct timespec until = { 0, 999999999 };
		errseq_t word = ERRSEQ_INIT;

		until.tv_sec = seconds[i];
		if (until.tv_sec < from_now(0).tv_sec) /* far_clock.sh */
			continue;
		is_woken_by(start_waiter(&word, 0, &until), &word, -A);
	}
}

/* ---- what ends the wait ------------------------------------------------------------------------ */

TEST(record_ends_the_wait_whatever_the_cursor_the_word_and_the_error)
{
	const uint32_t words[] = { 0, value_of(0, BOTH_FLAGS, A), value_of(5, BOTH_FLAGS, A),
				   value_of(LAST_COUNT, BOTH_FLAGS, A) };
	const int errors[] = { A, B };
	unsigned w, p, e, d;

	for (w = 0; w < COUNT_OF(words); w++)
		for (p = 0; p < COUNT_OF(positions); p++)
			for (e = 0; e < COUNT_OF(errors); e++)
				for (d = 0; d < WITH_A_DEADLINE; d++) {
					errseq_cursor_t cursor;
					errseq_t word;

					put(&word, words[w]);
					cursor = positions[p](&word);
					is_woken_by(start_waiter(&word, cursor, deadline(d)), &word,
						    -errors[e]);
				}
}

/* The error was reported to nobody, only peeked at: the same one again is new. */
TEST(same_error_again_ends_the_wait_of_who_peeked)
{
	errseq_t word = ERRSEQ_INIT;

	assert_int_equal(errseq_set(&word, -A), 0);
	is_woken_by(start_waiter(&word, errseq_peek(&word), NULL), &word, -A);
}

/* The wake finds a word that was changed twice since the waiter fell asleep. */
TEST(record_that_another_observer_marked_before_the_wake_ends_the_wait)
{
	static position *const marks[] = { peeked, advanced };
	unsigned m, d;

	for (m = 0; m < COUNT_OF(marks); m++)
		for (d = 0; d < WITH_A_DEADLINE; d++) {
			errseq_t word = ERRSEQ_INIT;
			struct waiter *waiter;

			put(&word, value_of(1, BOTH_FLAGS, A));
			waiter = start_waiter(&word, errseq_sample(&word), deadline(d));
			assert_true(sleeps(waiter));
			assert_int_equal(errseq_set(&word, -A), 0);
			assert_true(errseq_cursor_observed(marks[m](&word)));
			errseq_wake(&word);
			assert_int_equal(end_of(waiter), 0);
		}
}

/* And for no other word. */
TEST(wake_is_for_those_who_wait_on_this_word)
{
	errseq_t words[2] = { ERRSEQ_INIT, ERRSEQ_INIT };
	struct waiter *waiters[2];

	waiters[0] = start_waiter(&words[0], 0, NULL);
	waiters[1] = start_waiter(&words[1], 0, NULL);
	assert_true(sleeps(waiters[1]));
	is_woken_by(waiters[0], &words[0], -A);
	is_woken_by(waiters[1], &words[1], -A);
}

TEST(one_wake_ends_the_wait_of_all)
{
	const uint32_t words[] = { 0, value_of(3, BOTH_FLAGS, A) };
	struct waiter *waiters[16];
	unsigned w, i;

	for (w = 0; w < COUNT_OF(words); w++) {
		errseq_t word;

		put(&word, words[w]);
		for (i = 0; i < COUNT_OF(waiters); i++)
			waiters[i] = start_waiter(&word, positions[i % COUNT_OF(positions)](&word),
						  deadline(i % 3 == 0));
		for (i = 0; i < COUNT_OF(waiters); i++)
			assert_true(sleeps(waiters[i]));
		record_and_wake(&word, -A);
		for (i = 0; i < COUNT_OF(waiters); i++)
			assert_int_equal(end_of(waiters[i]), 0);
	}
}

TEST(wait_with_a_shared_cursor_ends_at_a_record)
{
	errseq_shared_cursor_t cursor = ERRSEQ_SHARED_CURSOR_INIT;
	errseq_t word = ERRSEQ_INIT;
	int i;

	for (i = 0; i < 3; i++) {
		is_woken_by(start_waiter(&word, errseq_shared_cursor_get(&cursor), NULL), &word,
			    -A);
		assert_int_equal(errseq_check_and_advance_shared(&word, &cursor), -A);
	}
}

/* ---- what does not end it ---------------------------------------------------------------------- */

TEST(marks_of_others_do_not_end_the_wait)
{
	unsigned d;

	for (d = 0; d < WITH_A_DEADLINE; d++) {
		errseq_cursor_t other = 0;
		errseq_t word = ERRSEQ_INIT;
		struct waiter *waiter;

		assert_int_equal(errseq_set(&word, -A), 0);
		waiter = start_waiter(&word, errseq_peek(&word), deadline(d));
		assert_true(sleeps(waiter));
		assert_int_equal(errseq_check_and_advance(&word, &other), -A);
		assert_int_equal(get(&word), value_of(0, BOTH_FLAGS, A)); /* it changed */
		assert_true(sleeps(waiter));
		errseq_wake(&word);
		assert_true(sleeps(waiter));
		assert_int_equal(errseq_peek(&word), value_of(0, BOTH_FLAGS, A));
		errseq_wake(&word);
		is_woken_by(waiter, &word, -A);
	}
}

/* The word meets a cursor of another word: that is no new error, as errseq_check says too. The next record is. */
TEST(record_and_peek_that_are_no_news_do_not_end_the_wait)
{
	errseq_t word = ERRSEQ_INIT;
	struct waiter *waiter = start_waiter(&word, value_of(0, BOTH_FLAGS, A), NULL);

	assert_true(sleeps(waiter));
	record_and_wake(&word, -A);
	assert_true(sleeps(waiter));
	assert_int_equal(errseq_peek(&word), value_of(0, OBSERVED, A));
	errseq_wake(&word);
	is_woken_by(waiter, &word, -A);
}

TEST(wakes_without_a_record_do_not_end_the_wait)
{
	const uint32_t words[] = { 0, value_of(1, OBSERVED, A), value_of(1, BOTH_FLAGS, A) };
	unsigned w, i;

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
		is_woken_by(waiter, &word, -A);
	}
}

/* How often the thread has given up its processor of itself, to sleep; -1 if /proc does not say. */
static long sleeps_of(const struct waiter *waiter)
{
	char path[64], line[128];
	long count = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/status", waiter->id);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "voluntary_ctxt_switches: %ld", &count) == 1)
			break;
	if (file)
		fclose(file);
	return count;
}

/* A waiter that sleeps does nothing, however busy the machine is. It may have been found a moment too early: 2. */
TEST(sleeping_waiter_does_not_poll)
{
	const struct timespec half_a_second = { 0, 500 * MILLION };
	unsigned d;

	for (d = 0; d < WITH_A_DEADLINE; d++) {
		errseq_t word = ERRSEQ_INIT;
		struct waiter *waiter = start_waiter(&word, 0, deadline(d));
		long before, after;

		assert_true(sleeps(waiter));
		before = sleeps_of(waiter);
		nanosleep(&half_a_second, NULL);
		after = sleeps_of(waiter);
		is_woken_by(waiter, &word, -A);
		if (before < 0)
			SKIP_BECAUSE("/proc does not count context switches here");
		assert_in_range(after - before, 0, 2);
	}
}

/* ---- errno ------------------------------------------------------------------------------------- */

/* The kernel refuses memory on which no waiter can sleep. (end_of looks at the errno of waits.) */
TEST(errno_is_left_alone_by_wake)
{
	void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	errseq_t word = ERRSEQ_INIT;

	assert_true(page != MAP_FAILED);
	errno = OURS;
	errseq_wake(&word);
	assert_int_equal(errno, OURS);
	errseq_wake((errseq_t *)page);
	assert_int_equal(errno, OURS);
	munmap(page, 4096);
}

int main(void)
{
	return run_all_tests();
}
