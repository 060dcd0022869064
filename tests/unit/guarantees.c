/* SPDX-License-Identifier: MIT */
/*
 * The guarantees G1 to G8, each in a short story. Random histories: model/history.c. Between the atomic steps of a
 * call: unit/interference.c. Between threads, G6 too: stress/.
 */
#include "../common/harness.h"
#include "../common/word.h"
#include <errno.h>
#if HAVE_POSIX
#include "../common/processes.h"
#include <time.h>
#endif

enum {
	A = EIO,
	B = ENOSPC
};

TEST(g1_error_after_any_way_to_take_a_position_is_returned)
{
	errseq_t word = ERRSEQ_INIT;
	errseq_cursor_t sampled, peeked, advanced = 0;

	assert_int_equal(errseq_set(&word, -A), 0);
	assert_int_equal(errseq_check_and_advance(&word, &advanced), -A);
	sampled = errseq_sample(&word);
	peeked = errseq_peek(&word);
	assert_int_equal(errseq_set(&word, -A), 0); /* the same again: it is another error */
	assert_int_equal(errseq_check(&word, sampled), -A);
	assert_int_equal(errseq_check(&word, peeked), -A);
	assert_int_equal(errseq_check(&word, advanced), -A);
	assert_int_equal(errseq_check_and_advance(&word, &sampled), -A);
	assert_int_equal(errseq_check_and_advance(&word, &peeked), -A);
	assert_int_equal(errseq_check_and_advance(&word, &advanced), -A);
}

TEST(g1_and_g2_each_of_1000_observers_is_told_exactly_once)
{
	static errseq_cursor_t cursors[1000];
	errseq_t word = ERRSEQ_INIT;
	int told = 0, round;
	unsigned i;

	for (i = 0; i < COUNT_OF(cursors); i++)
		cursors[i] = errseq_sample(&word);
	assert_int_equal(errseq_set(&word, -A), 0);
	for (round = 0; round < 3; round++)
		for (i = 0; i < COUNT_OF(cursors); i++)
			told += errseq_check_and_advance(&word, &cursors[i]) == -A;
	assert_int_equal(told, COUNT_OF(cursors));
}

TEST(g2_several_errors_before_a_look_are_one_report_of_the_latest)
{
	errseq_cursor_t cursor = 0;
	errseq_t word = ERRSEQ_INIT;

	assert_int_equal(errseq_set(&word, -A), 0);
	assert_int_equal(errseq_set(&word, -A), 0);
	assert_int_equal(errseq_set(&word, -B), 0);
	assert_int_equal(errseq_check_and_advance(&word, &cursor), -B);
	assert_int_equal(errseq_check_and_advance(&word, &cursor), 0);
}

TEST(g3_error_nobody_was_told_of_is_told_to_the_next_who_samples)
{
	errseq_cursor_t first, second, third;
	errseq_t word = ERRSEQ_INIT;

	assert_int_equal(errseq_set(&word, -A), 0);
	first = errseq_sample(&word);
	second = errseq_sample(&word); /* sampling does not mark it reported */
	assert_int_equal(errseq_check_and_advance(&word, &first), -A);
	third = errseq_sample(&word); /* advancing does */
	assert_int_equal(errseq_check_and_advance(&word, &third), 0);
	assert_int_equal(errseq_check_and_advance(&word, &second), -A);
}

TEST(g3_check_does_not_settle_the_debt)
{
	errseq_cursor_t newcomer;
	errseq_t word = ERRSEQ_INIT;

	assert_int_equal(errseq_set(&word, -A), 0);
	assert_int_equal(errseq_check(&word, 0), -A);
	newcomer = errseq_sample(&word);
	assert_int_equal(errseq_check_and_advance(&word, &newcomer), -A);
}

/* Two worlds, the same but for peeks at every step, tell every other observer the same. */
TEST(g4_peeks_take_nothing_from_anybody)
{
	errseq_t worlds[2] = { ERRSEQ_INIT, ERRSEQ_INIT };
	int told[2][6], w;

	for (w = 0; w < 2; w++) {
		errseq_t *word = &worlds[w];
		errseq_cursor_t before = errseq_sample(word), between, after;
		volatile errseq_cursor_t peeked;

#define PEEK_IN_ONE_WORLD (peeked = w ? errseq_peek(word) : 0)
		PEEK_IN_ONE_WORLD;
		assert_int_equal(errseq_set(word, -A), 0);
		PEEK_IN_ONE_WORLD;
		between = errseq_sample(word);
		PEEK_IN_ONE_WORLD;
		told[w][0] = errseq_check_and_advance(word, &between);
		PEEK_IN_ONE_WORLD;
		assert_int_equal(errseq_set(word, -A), 0);
		PEEK_IN_ONE_WORLD;
		after = errseq_sample(word);
		PEEK_IN_ONE_WORLD;
		told[w][1] = errseq_check_and_advance(word, &before);
		told[w][2] = errseq_check_and_advance(word, &between);
		PEEK_IN_ONE_WORLD;
		told[w][3] = errseq_check_and_advance(word, &after);
		told[w][4] = errseq_check(word, errseq_sample(word));
		told[w][5] = errseq_check(word, 0);
#undef PEEK_IN_ONE_WORLD
		(void)peeked;
	}
	assert_memory_equal(told[0], told[1], sizeof(told[0]));
	assert_int_equal(told[1][0], -A);
	assert_int_equal(told[1][1], -A);
	assert_int_equal(told[1][2], -A);
	assert_int_equal(told[1][3], -A);
}

TEST(g5_marking_by_others_is_no_news)
{
	errseq_cursor_t peeked, other = 0;
	errseq_t word = ERRSEQ_INIT;

	assert_int_equal(errseq_set(&word, -A), 0);
	peeked = errseq_peek(&word);
	assert_int_equal(errseq_check_and_advance(&word, &other), -A);
	assert_int_equal(errseq_check(&word, peeked), 0);
	assert_int_equal(errseq_check_and_advance(&word, &peeked), 0);
	assert_int_equal(errseq_set(&word, -A), 0);
	assert_int_equal(errseq_check_and_advance(&word, &peeked), -A);
}

TEST(g7_error_returned_is_the_latest)
{
	errseq_cursor_t cursor = 0;
	errseq_t word = ERRSEQ_INIT;
	int err;

	for (err = -1; err >= -4095; err--) {
		assert_int_equal(errseq_set(&word, err), 0);
		assert_int_equal(errseq_check(&word, cursor), err);
		if (err % 3 == 0)
			assert_int_equal(errseq_check_and_advance(&word, &cursor), err);
	}
}

#if HAVE_POSIX
enum {
	SIGNALS = 2000
};

static errseq_t signal_word = ERRSEQ_INIT;
static errseq_cursor_t signal_cursor;
static volatile sig_atomic_t signals, told_in_handler;
static timer_t timer;

static void every_call_in_a_handler(int number)
{
	const struct itimerspec never = { { 0, 0 }, { 0, 0 } };
	char buf[ERRSEQ_FORMAT_SIZE];
	volatile errseq_cursor_t position;

	(void)number;
	position = errseq_sample(&signal_word);
	position = errseq_peek(&signal_word);
	(void)position;
	if (errseq_set(&signal_word, -A) == 0 && errseq_check(&signal_word, signal_cursor) < 0 &&
	    errseq_check_and_advance(&signal_word, &signal_cursor) < 0)
		told_in_handler = told_in_handler + 1;
	errseq_format(errseq_load(&signal_word), buf, sizeof(buf));
	signals = signals + 1;
	if (signals == SIGNALS)
		timer_settime(timer, 0, &never, NULL);
}

/* The handler runs inside of whatever call the main flow is in. Each gets the errors that are new to it. */
TEST(g8_calls_inside_interrupted_calls)
{
	const struct itimerspec every = { { 0, 20000 }, { 0, 20000 } };
	struct sigevent event;
	errseq_cursor_t cursor = 0;
	int wrong = 0;

	memset(&event, 0, sizeof(event));
	event.sigev_notify = SIGEV_SIGNAL;
	event.sigev_signo = SIGUSR1;
	signal(SIGUSR1, every_call_in_a_handler);
	assert_int_equal(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
	assert_int_equal(timer_settime(timer, 0, &every, NULL), 0);
	while (signals < SIGNALS) {
		wrong += errseq_set(&signal_word, -B) != 0;
		wrong += errseq_check_and_advance(&signal_word, &cursor) == 0;
		wrong += !errseq_cursor_observed(errseq_peek(&signal_word));
	}
	assert_int_equal(timer_delete(timer), 0);
	assert_int_equal(wrong, 0);
	assert_int_equal(told_in_handler, signals);
}

/* A process is killed wherever it happens to be. The word stays valid, and nobody waits for the dead. */
TEST(g8_killed_process_leaves_a_valid_word_and_stops_nobody)
{
	errseq_t *word = (errseq_t *)map_shared(sizeof(*word), -1);
	int i;

	for (i = 0; i < 100; i++) {
		struct timespec moment = { 0, 100000 + rand() % 400000 };
		errseq_cursor_t mine;
		value_t value;
		pid_t child = fork_child();

		if (child == 0) {
			errseq_cursor_t cursor = errseq_sample(word);

			for (;;) {
				volatile errseq_cursor_t position = errseq_peek(word);

				(void)position;
				if (errseq_set(word, -A) ||
				    !errseq_check_and_advance(word, &cursor))
					_exit(1);
			}
		}
		nanosleep(&moment, NULL);
		assert_int_equal(kill(child, SIGKILL), 0);
		assert_int_equal(exit_status_of(child), -1);

		value = get(word);
		assert_true(value == 0 || errseq_cursor_error(value) == -A);
		assert_true(!errseq_cursor_reported(value) || errseq_cursor_observed(value));
		mine = errseq_peek(word);
		assert_int_equal(errseq_set(word, -B), 0);
		assert_int_equal(errseq_check_and_advance(word, &mine), -B);
		assert_int_equal(errseq_check_and_advance(word, &mine), 0);
		assert_int_equal(errseq_set(word, -A), 0);
	}
	munmap((void *)word, sizeof(*word));
}
#else
SKIPPED_WITHOUT_POSIX(g8_calls_inside_interrupted_calls)
SKIPPED_WITHOUT_POSIX(g8_killed_process_leaves_a_valid_word_and_stops_nobody)
#endif

int main(void)
{
	return run_all_tests();
}
