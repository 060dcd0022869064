/* SPDX-License-Identifier: MIT */
/*
 * The same tests for both widths: they are written with the names of the 32-bit word, and with TEST_64
 * these names mean the 64-bit one.
 */
#ifndef ERRSEQ_TESTS_WIDTH_H
#define ERRSEQ_TESTS_WIDTH_H

#include <errseq/errseq.h>

#ifdef TEST_64
#ifndef ERRSEQ_HAVE_64
#error "TEST_64 where there is no 64-bit word"
#endif
typedef uint64_t value_t;
#define COUNT_BITS	       50
#define errseq_t	       errseq64_t
#define errseq_cursor_t	       errseq64_cursor_t
#define errseq_shared_cursor_t errseq64_shared_cursor_t
#define errseq_init	       errseq64_init
#undef errseq_set
#define errseq_set			errseq64_set
#define errseq_sample			errseq64_sample
#define errseq_peek			errseq64_peek
#define errseq_check			errseq64_check
#define errseq_check_and_advance	errseq64_check_and_advance
#define errseq_settle			errseq64_settle
#define errseq_load			errseq64_load
#define errseq_format			errseq64_format
#define errseq_cursor_error		errseq64_cursor_error
#define errseq_cursor_reported		errseq64_cursor_reported
#define errseq_cursor_observed		errseq64_cursor_observed
#define errseq_cursor_count		errseq64_cursor_count
#define errseq_cursor_same		errseq64_cursor_same
#define errseq_shared_cursor_init	errseq64_shared_cursor_init
#define errseq_shared_cursor_get	errseq64_shared_cursor_get
#define errseq_shared_cursor_move	errseq64_shared_cursor_move
#define errseq_check_shared		errseq64_check_shared
#define errseq_check_and_advance_shared errseq64_check_and_advance_shared
#else
typedef uint32_t value_t;
#define COUNT_BITS 18
#endif

#define LAST_COUNT (((value_t)1 << COUNT_BITS) - 1)

#endif
