/* SPDX-License-Identifier: MIT */
/*
 * Makes the disk of a program fail or wait: a library to preload. It looks into the folder NBD_FAULTS at each
 * pread, pwrite, fdatasync and fallocate. Files there, for example for pwrite:
 *
 *	pwrite		holds an errno as a number: the call fails with it
 *	pwrite.once	likewise, and the call removes the file: one call fails
 *	pwrite.hold	the call is done, makes a file pwrite.held, and returns when pwrite.hold is gone
 *	calls		each call adds a line with its name, when it returns
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int open_file(const char *call, const char *suffix, int flags)
{
	const char *folder = getenv("NBD_FAULTS");
	char path[4096];

	if (!folder)
		return -1;
	snprintf(path, sizeof(path), "%s/%s%s", folder, call, suffix);
	if (flags < 0)
		return unlink(path);
	return open(path, flags | O_CLOEXEC, 0666);
}

/* The errno that the file holds, or 0 if there is none. */
static int errno_in(const char *call, const char *suffix)
{
	char text[16] = "";
	int file = open_file(call, suffix, O_RDONLY);

	if (file < 0)
		return 0;
	if (read(file, text, sizeof(text) - 1) < 0)
		text[0] = 0;
	close(file);
	return atoi(text);
}

/* 1 if the call shall fail, with errno set. */
static int fails(const char *call)
{
	int err = errno_in(call, ".once");

	if (err && open_file(call, ".once", -1) != 0)
		err = 0; /* another thread took it */
	if (!err)
		err = errno_in(call, "");
	errno = err;
	return err != 0;
}

static void hold_and_note(const char *call)
{
	int saved = errno, file, held = 0;
	char line[32];

	while ((file = open_file(call, ".hold", O_RDONLY)) >= 0) {
		close(file);
		if (!held++)
			close(open_file(call, ".held", O_WRONLY | O_CREAT));
		usleep(1000);
	}
	file = open_file("calls", "", O_WRONLY | O_APPEND);
	if (file >= 0) {
		snprintf(line, sizeof(line), "%s\n", call);
		if (write(file, line, strlen(line)) < 0)
			abort();
		close(file);
	}
	errno = saved;
}

/* The same calls have two names: off_t has 64 bits in both. */
/* NOLINTBEGIN(bugprone-macro-parentheses): result is a type */
#define FAULTY(result, call, name, parameters, arguments)  \
	result name parameters;                            \
	result name parameters                             \
	{                                                  \
		result(*real) parameters;                  \
		result got;                                \
                                                           \
		*(void **)&real = dlsym(RTLD_NEXT, #name); \
		got = fails(call) ? -1 : real arguments;   \
		hold_and_note(call);                       \
		return got;                                \
	}
/* NOLINTEND(bugprone-macro-parentheses) */

FAULTY(ssize_t, "pread", pread, (int fd, void *buf, size_t n, off_t at), (fd, buf, n, at))
FAULTY(ssize_t, "pread", pread64, (int fd, void *buf, size_t n, off_t at), (fd, buf, n, at))
FAULTY(ssize_t, "pwrite", pwrite, (int fd, const void *buf, size_t n, off_t at), (fd, buf, n, at))
FAULTY(ssize_t, "pwrite", pwrite64, (int fd, const void *buf, size_t n, off_t at), (fd, buf, n, at))
FAULTY(int, "fallocate", fallocate, (int fd, int mode, off_t at, off_t n), (fd, mode, at, n))
FAULTY(int, "fallocate", fallocate64, (int fd, int mode, off_t at, off_t n), (fd, mode, at, n))
FAULTY(int, "fdatasync", fdatasync, (int fd), (fd))
