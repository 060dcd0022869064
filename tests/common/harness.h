/* SPDX-License-Identifier: MIT */
/* What every cmocka test begins with, in C and in C++. */
#ifndef ERRSEQ_TESTS_HARNESS_H
#define ERRSEQ_TESTS_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif
#include <cmocka.h>
#ifdef __cplusplus
}
#endif

/* Ends the running test as skipped, with a reason that .ci/run repeats at its end. */
#define SKIP_BECAUSE(...)                       \
	do {                                    \
		printf("SKIP: %s: ", __func__); \
		printf(__VA_ARGS__);            \
		printf("\n");                   \
		skip();                         \
	} while (0)

/* Processes, mappings and signals. Where they are missing, what needs them is SKIPPED_WITHOUT_POSIX. */
#ifdef _WIN32
#define HAVE_POSIX 0
#else
#define HAVE_POSIX 1
#endif
#define SKIPPED_WITHOUT_POSIX(test)                                  \
	static void test(void **state)                               \
	{                                                            \
		(void)state;                                         \
		SKIP_BECAUSE("no POSIX processes and signals here"); \
	}

#if defined __SANITIZE_THREAD__
#define UNDER_TSAN 1
#elif defined __has_feature
#if __has_feature(thread_sanitizer)
#define UNDER_TSAN 1
#endif
#endif
#ifndef UNDER_TSAN
#define UNDER_TSAN 0
#endif

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
