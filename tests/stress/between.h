/* SPDX-License-Identifier: MIT */
/*
 * Calls the test before each *or* and each exchange of the library, which is compiled with -include between.h. The
 * macros have the names of the built-in functions in which gcc's and clang's <stdatomic.h> end. The operations stay as
 * they are.
 */
#ifndef ERRSEQ_TESTS_BETWEEN_H
#define ERRSEQ_TESTS_BETWEEN_H

void before_or(void);
void before_exchange(void);

#ifdef __clang__
#define __c11_atomic_fetch_or(...) (before_or(), __c11_atomic_fetch_or(__VA_ARGS__))
#define __c11_atomic_compare_exchange_strong(...) \
	(before_exchange(), __c11_atomic_compare_exchange_strong(__VA_ARGS__))
#else
#define __atomic_fetch_or(...)	       (before_or(), __atomic_fetch_or(__VA_ARGS__))
#define __atomic_compare_exchange(...) (before_exchange(), __atomic_compare_exchange(__VA_ARGS__))
#endif

#endif
