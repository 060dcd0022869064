/* SPDX-License-Identifier: MIT */
/*
 * A program that was compiled with the header of version 0.1: its inlined code, written down here as it is in
 * such a program, and the functions that this code calls, with the arguments that it gives them. While the
 * SONAME is the same, every later library must serve it. So this file includes no header of the library, and
 * does not change with it.
 */
#include "../common/harness.h"
#include <errno.h>
#include <stdatomic.h>

#ifdef TEST_64
typedef uint64_t position_t;
#define CALL(name) errseq64_##name
#else
typedef uint32_t position_t;
#define CALL(name) errseq_##name
#endif
typedef _Atomic(position_t) word_t;

/* The exported functions, private ones too: word, cursor, and numbers. */
int CALL(set)(word_t *word, int err);
int CALL(advance_)(word_t *word, position_t *since, position_t seen);
int CALL(advance_shared_)(word_t *word, word_t *since, position_t at, position_t seen);
position_t CALL(observe_)(word_t *word);

enum {
	ERROR_BITS = 0x0fff,
	REPORTED = 0x1000,
	OBSERVED = 0x2000,
	FLAGS = 0x3000,
	STEP = 0x4000
};

static position_t load(word_t *word)
{
	return atomic_load_explicit(word, memory_order_acquire);
}

static int same(position_t a, position_t b)
{
	return a == b || (a | FLAGS) == (b | FLAGS);
}

static position_t sample(word_t *word)
{
	return load(word) & REPORTED ? load(word) : 0;
}

static position_t peek(word_t *word)
{
	position_t now = load(word);

	return now == 0 || now & OBSERVED ? now : CALL(observe_)(word);
}

static int check(word_t *word, position_t since)
{
	return same(load(word), since) ? 0 : -(int)(load(word) & ERROR_BITS);
}

static int check_and_advance(word_t *word, position_t *since)
{
	position_t now = load(word);

	return same(now, *since) ? 0 : CALL(advance_)(word, since, now);
}

static int check_and_advance_shared(word_t *word, word_t *since)
{
	position_t at = load(since), now = load(word);

	return same(now, at) ? 0 : CALL(advance_shared_)(word, since, at, now);
}

TEST(error_is_reported_once_to_each_cursor_of_an_old_program)
{
	position_t alice = 0, bob = 0;
	word_t word = 0, shared = 0;

	assert_int_equal(CALL(set)(&word, -EIO), 0);
	assert_int_equal(load(&word), EIO);
	assert_int_equal(check(&word, alice), -EIO);
	assert_int_equal(check_and_advance(&word, &alice), -EIO);
	assert_int_equal(alice, FLAGS | EIO);
	assert_int_equal(load(&word), FLAGS | EIO);
	assert_int_equal(check_and_advance(&word, &alice), 0);
	assert_int_equal(check_and_advance_shared(&word, &shared), -EIO);
	assert_int_equal(load(&shared), FLAGS | EIO);
	assert_int_equal(check_and_advance_shared(&word, &shared), 0);
	assert_int_equal(check_and_advance(&word, &bob), -EIO);
	assert_int_equal(sample(&word), FLAGS | EIO);
}

TEST(old_program_peeks_and_takes_nothing)
{
	word_t word = 0, shared = 0;
	position_t position, newcomer;

	assert_int_equal(peek(&word), 0);
	assert_int_equal(CALL(set)(&word, -EIO), 0);
	position = peek(&word);
	assert_int_equal(position, OBSERVED | EIO);
	assert_int_equal(peek(&word), position);
	assert_int_equal(check(&word, position), 0);
	newcomer = sample(&word);
	assert_int_equal(newcomer, 0);
	assert_int_equal(CALL(set)(&word, -EIO), 0);
	assert_int_equal(load(&word), STEP | EIO);
	assert_int_equal(check(&word, position), -EIO);
	assert_int_equal(check_and_advance_shared(&word, &shared), -EIO);
	assert_int_equal(check_and_advance(&word, &newcomer), -EIO);
}

/* What the inlined code has loaded may be gone when the library is called. */
TEST(library_returns_what_is_in_the_word_and_not_what_an_old_program_saw)
{
	position_t cursor = 0;
	word_t word = 0, shared = 0;

	assert_int_equal(CALL(set)(&word, -ENOSPC), 0);
	assert_int_equal(CALL(advance_)(&word, &cursor, EIO), -ENOSPC);
	assert_int_equal(cursor, FLAGS | ENOSPC);
	assert_int_equal(CALL(set)(&word, -EIO), 0);
	assert_int_equal(CALL(advance_shared_)(&word, &shared, 0, ENOSPC), -EIO);
	assert_int_equal(load(&shared), STEP | FLAGS | EIO);
	/* the cursor has moved since: there is no newer error */
	assert_int_equal(CALL(advance_shared_)(&word, &shared, 0, load(&word)), 0);
	/* a cursor of another word, on a word that was never set */
	atomic_store_explicit(&word, 0, memory_order_relaxed);
	assert_int_equal(CALL(advance_)(&word, &cursor, 0), 0);
	assert_int_equal(cursor, 0);
}

int main(void)
{
	return run_all_tests();
}
