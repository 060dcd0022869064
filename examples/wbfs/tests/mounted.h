/* SPDX-License-Identifier: MIT */
/*
 * For the tests that mount wbfs: a fresh folder with a fresh UPPER, MOUNT and two places for views, a daemon that is
 * watched, and nothing left behind, whatever becomes of the test.
 *
 * The daemon runs in the foreground, as a child: its exit status is known, which under a sanitizer says whether
 * something leaked or raced, and it dies with the test. A guardian process, which no signal to the test reaches,
 * holds the other end of a pipe: when the test has ended, in whatever way, it unmounts what is still mounted in the
 * folder and removes it.
 *
 * There is one daemon at a time. What fails in here fails the running cmocka test.
 */
#ifndef WBFS_TESTS_MOUNTED_H
#define WBFS_TESTS_MOUNTED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Ends the running test as skipped, with a reason. */
#define SKIP_BECAUSE(...)                       \
	do {                                    \
		printf("SKIP: %s: ", __func__); \
		printf(__VA_ARGS__);            \
		printf("\n");                   \
		skip();                         \
	} while (0)

enum {
	VIEWS = 2,
	PATIENCE_SECONDS = 30 /* until what did not happen is said to hang */
};

/* The program takes one argument at the most: how long. Ends the program with status 2 if that is no time. */
void take_seconds(int argc, char **argv, double *seconds);

/*
 * Ends the program with status 77 and a line that begins with SKIP, where FUSE filesystems cannot be mounted.
 * Called once, at the beginning of main. end_program at its end: 0, or 1 if anything was left behind or `failed`.
 */
void begin_program(void);
int end_program(int failed);

/*
 * Options after UPPER and MOUNT are filled in; the last one is NULL. start_daemon returns when the mount answers.
 * Without --age and --size nothing is written back unless a test asks for it.
 */
void start_daemon(const char *option, ...);
/* Unmounts and waits. Returns the daemon's exit status; what it said is printed if that is not 0. */
int stop_daemon(void);
/* As a crash: SIGKILL. The dead mount is unmounted. */
void kill_daemon(void);
/* Whether it said this, on stderr. */
int daemon_said(const char *text);
/* RLIMIT_FSIZE and RLIMIT_NOFILE of the test's daemons; 0: as they are. */
void limit_daemons_files(unsigned long bytes);
void limit_daemons_descriptors(unsigned long count);
void signal_daemon(int number);
/* Waits for its end. Its exit status. */
int daemon_status(void);
/* How many descriptors it has. */
unsigned daemon_descriptors(void);
/* Starts it in the background, where it is nobody's child. The exit status of wbfs. */
int start_in_background(void);
/* Waits until the daemon of this test's UPPER, whoever started it, has ended. */
void wait_for_daemons_end(void);
int is_mounted(const char *path);

/* A tmpfs with these options as the upper, until the daemon is stopped. 0 if that is not allowed here. */
int put_upper_on_tmpfs(const char *options);

/* A volatile view, number 0 to VIEWS - 1. Returns the exit status of `wbfs --volatile`. */
int start_view(unsigned number, const char *option, ...);
void stop_view(unsigned number);

/* Set-up and teardown of a cmocka test. The teardown fails if the daemon's exit status is not 0. */
int with_daemon(void **state);
int with_daemon_and_view(void **state);
int with_nothing(void **state); /* the test starts the daemon itself */
int with_faulty(void **state);	/* likewise; the daemon is wbfs-faulty */
int without_daemon(void **state);

/* Paths; each is good for the next 16 calls. */
const char *in_folder(const char *name);
const char *in_upper(const char *name);
const char *in_mount(const char *name);
const char *in_view(unsigned number, const char *name);

/* For wbfs-faulty: faulty.c says which. A `what` of "fails" takes an errno. */
void put_fault(const char *call, const char *what, const char *value);
void remove_fault(const char *call, const char *what);
/* Waits until a thread of the daemon has stopped there. */
void wait_until_stopped(const char *place);
/* How many lines of the trace begin with this text. */
unsigned traced(const char *text);

/* Opens, with mode 0644, and closes at the end of the test if the test does not. */
int opened(const char *path, int flags);
void closed(int fd);
/* Says something to the control file of the upper mount. control_errno: what became of the write. */
void control(const char *text);
int control_errno(const char *text);

/* 0, or the errno of a call that returned -1. */
static inline int errno_of(long result)
{
	return result == -1 ? errno : 0;
}

/* What an fsync says. Of a directory handle it stands for syncfs, which FUSE does not deliver. */
#define assert_fsync(fd, expected) assert_int_equal(errno_of(fsync(fd)), expected)
/* The error is told once, and not again. */
#define assert_told_once(fd, expected)      \
	do {                                \
		assert_fsync(fd, expected); \
		assert_fsync(fd, 0);        \
	} while (0)

/* Fails the test if it does not come true in time. */
#define WAIT_UNTIL(condition)                                               \
	do {                                                                \
		double end_ = seconds_now() + PATIENCE_SECONDS;             \
                                                                            \
		while (!(condition)) {                                      \
			if (seconds_now() > end_)                           \
				fail_msg("did not come true: " #condition); \
			nap(0.002);                                         \
		}                                                           \
	} while (0)

/* New data at the beginning of the file; it is never the same twice. */
void dirty(int fd);
/* Data that is written back in the background, where nobody asks for a result, and fails with this error. */
void fail_in_background(int fd, const char *error);
/* A child that ends when the test does. */
pid_t forked(void);
/* Its exit status, or 128 + its signal. */
int status_of(pid_t process);
/* Runs a program, without its output. Its exit status. */
int run(const char *program, ...);

double seconds_now(void);
void nap(double seconds);

#endif
