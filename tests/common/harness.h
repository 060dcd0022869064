/* SPDX-License-Identifier: MIT */
/*
 * What every test program includes, in C and in C++: cmocka, TEST(name) { ... }, and run_all_tests() for the end of main.
 * A test that hangs ends the program after 20 minutes. No busy machine needs as long, and ctest's limit is longer.
 */
#ifndef ERRSEQ_TESTS_HARNESS_H
#define ERRSEQ_TESTS_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#ifndef _WIN32
#include <signal.h>
#include <unistd.h>
#endif

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
	TEST(test)                                                   \
	{                                                            \
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

enum {
	MOST_TESTS = 64, /* of a program */
	HANGS_SECONDS = 1200
};

/* A test adds itself to the program. cmocka passes over the entries that stay empty. */
#define TEST(name)                                                \
	static void name(void **state);                           \
	__attribute__((constructor)) static void add_##name(void) \
	{                                                         \
		add_test(all_tests, #name, name);                 \
	}                                                         \
	static void name(void **state __attribute__((unused)))

__attribute__((unused)) static struct CMUnitTest all_tests[MOST_TESTS];

static inline unsigned count_tests(const struct CMUnitTest *tests)
{
	unsigned count = 0;

	while (count < MOST_TESTS && tests[count].name)
		count++;
	return count;
}

/* For a long test that is not hanging. */
static inline void restart_alarm(void)
{
#if HAVE_POSIX
	alarm(HANGS_SECONDS);
#endif
}

#if HAVE_POSIX
static inline void end_hanging_test(int number)
{
	static const char text[] = "FAIL: the test that runs now hangs: a call does not return\n";

	(void)number;
	_exit(write(STDERR_FILENO, text, sizeof(text) - 1) < 0 ? 3 : 1);
}
#endif

static inline int begin_test(void **state)
{
	(void)state;
#if HAVE_POSIX
	signal(SIGALRM, end_hanging_test);
#endif
	restart_alarm();
	return 0;
}

static inline void add_test(struct CMUnitTest *tests, const char *name, CMUnitTestFunction test)
{
	unsigned number = count_tests(tests);

	if (number == MOST_TESTS)
		abort();
	tests[number].name = name;
	tests[number].test_func = test;
	tests[number].setup_func = begin_test;
}

#define run_all_tests() cmocka_run_group_tests(all_tests, NULL, NULL)

/* Progress of a long test, every five seconds. */
static inline void report(const char *what, unsigned long done, unsigned long all)
{
	static time_t last;
	time_t now = time(NULL);

	if (last != 0 && now - last < 5)
		return;
	if (last != 0)
		printf("%lu of %lu %s\n", done, all, what);
	last = now;
	fflush(stdout);
}

/* A program's argument as a number from `least` to `most`; anything else ends the program with status 2. */
static inline unsigned long number_from(const char *text, const char *what, unsigned long least,
					unsigned long most)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || number < least || number > most) {
		fprintf(stderr, "%s is '%s', which is not a whole number from %lu to %lu\n", what,
			text, least, most);
		exit(2);
	}
	return number;
}

#endif
