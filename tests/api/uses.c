/* SPDX-License-Identifier: MIT */
/* Every call and macro of the header, in what C and C++ have in common, for tests/api/header.sh. */
#include <errseq/errseq.h>
#include <errseq/errseq.h>
#include <errseq/wait.h>
#include <errseq/wait.h>
#include <errno.h>

#if ERRSEQ_VERSION_MAJOR < 0 || ERRSEQ_VERSION_MINOR < 0 || ERRSEQ_VERSION_PATCH < 0
#error "the version is three numbers"
#endif

#ifdef __cplusplus
#define NO_DEADLINE nullptr
#else
#define NO_DEADLINE NULL
#endif

#ifndef USES_MORE
#define USES_MORE 0
#endif

#ifdef __cplusplus
extern "C" {
#endif
int uses(errseq_t *word, int err);
#ifdef __cplusplus
}
#endif

struct pair {
	int first, second;
};

struct inode {
	char name[3];
	errseq_t errors;
	errseq_shared_cursor_t cursor;
};

static errseq_t file_word = ERRSEQ_INIT;

#ifdef ERRSEQ_HAVE_64
static int uses_64(int err)
{
	errseq64_t word = ERRSEQ_INIT;
	errseq64_shared_cursor_t shared = ERRSEQ_SHARED_CURSOR_INIT;
	errseq64_cursor_t cursor = errseq64_sample(&word);
	char buf[ERRSEQ_FORMAT_SIZE];
	int result = errseq64_peek(&word) != 0;

	result |= errseq64_set(&word, -EIO);
	result |= errseq64_set(&word, err);
	result |= errseq64_check(&word, cursor) != err;
	result |= errseq64_check_and_advance(&word, &cursor) != err;
	result |= errseq64_check_shared(&word, &shared) != err;
	result |= errseq64_check_and_advance_shared(&word, &shared) != err;
	result |= errseq64_shared_cursor_get(&shared) != errseq64_load(&word);
	result |= !errseq64_settle(&word, cursor) ||
		  !errseq64_cursor_same(cursor, errseq64_load(&word));
	result |=
		!errseq64_shared_cursor_move(&shared, errseq64_shared_cursor_get(&shared), cursor);
	result |= errseq64_cursor_error(cursor) != err || errseq64_cursor_count(cursor) != 0;
	result |= !errseq64_cursor_reported(cursor) || !errseq64_cursor_observed(cursor);
	result |= errseq64_format(cursor, buf, sizeof(buf)) < 1;
	errseq64_shared_cursor_init(&shared, cursor);
	errseq64_init(&word);
	return result;
}
#endif

int uses(errseq_t *word, int err)
{
	struct inode inode = { { 0 }, ERRSEQ_INIT, ERRSEQ_SHARED_CURSOR_INIT };
	errseq_shared_cursor_t shared = ERRSEQ_SHARED_CURSOR_INIT;
	char buf[ERRSEQ_FORMAT_SIZE];
	errseq_cursor_t cursor = errseq_sample(word);
	errseq_cursor_t peeked = errseq_peek(&file_word);
	int side_effects = 0, result = 0;

	errseq_init(&inode.errors);
	result |= errseq_set(word, -EIO);
	result |= errseq_set(word, -ERRSEQ_MAX_ERRNO);
	result |= errseq_set(word, err);
	result |= errseq_set(&inode.errors, -(5 + side_effects++));
	result |= errseq_set(&inode.errors, err < 0 ? err : -EIO);
	result |= (errseq_set)(&inode.errors, -EIO);
#ifndef __cplusplus
	result |= errseq_set(&inode.errors,
			     (struct pair){ 1, -5 }.second); /* the preprocessor counts 3 */
#endif
	result |= side_effects != 1; /* the argument is evaluated once */
	result |= errseq_check(word, cursor) != err;
	result |= errseq_check_and_advance(word, &cursor) != err;
	result |= errseq_check(&file_word, peeked);
	result |= errseq_load(word) != cursor;
	result |= errseq_cursor_error(cursor) != err;
	result |= !errseq_cursor_reported(cursor) || !errseq_cursor_observed(cursor);
	result |= errseq_cursor_count(cursor) > 1000;
	result |= errseq_format(cursor, buf, sizeof(buf)) < 1;
	result |= errseq_shared_cursor_get(&shared) != 0;
	result |= errseq_check_shared(word, &shared) != err;
	result |= errseq_check_and_advance_shared(word, &shared) != err;
	result |= !errseq_settle(word, cursor) || !errseq_cursor_same(cursor, errseq_load(word));
	result |= !errseq_shared_cursor_move(&shared, errseq_shared_cursor_get(&shared), cursor);
	errseq_shared_cursor_init(&inode.cursor, errseq_shared_cursor_get(&shared));
	result |= errseq_check_shared(word, &inode.cursor);
#ifdef ERRSEQ_HAVE_WAIT
	result |= errseq_wait(word, 0, NO_DEADLINE);
	errseq_wake(word);
#endif
#ifdef ERRSEQ_HAVE_64
	result |= uses_64(err);
#endif
	return result | USES_MORE;
}
