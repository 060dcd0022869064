/* SPDX-License-Identifier: MIT */
/* Every call and macro of the header, in what C and C++ have in common, for tests/api/header.sh. */
#include <errseq/errseq.h>
#include <errseq/errseq.h>
#include <errno.h>

#if ERRSEQ_VERSION_MAJOR < 0 || ERRSEQ_VERSION_MINOR < 0 || ERRSEQ_VERSION_PATCH < 0
#error "the version is three numbers"
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
};

static errseq_t file_word = ERRSEQ_INIT;

int uses(errseq_t *word, int err)
{
	struct inode inode = { { 0 }, ERRSEQ_INIT };
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
	return result | USES_MORE;
}
