/* SPDX-License-Identifier: MIT */
/*
 * Preloaded into Redis: the first fdatasync of a thread that is not the main one fails, as a disk would let it
 * fail: after a while, namely when the file "go" is there. The others are real. The files "begun" and
 * "succeeded" say how far it is.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

static void touch(const char *name)
{
	close(open(name, O_CREAT | O_WRONLY, 0600));
}

int fdatasync(int fd)
{
	static atomic_flag failed = ATOMIC_FLAG_INIT;

	if (syscall(SYS_gettid) == getpid())
		return (int)syscall(SYS_fdatasync, fd);
	if (!atomic_flag_test_and_set(&failed)) {
		touch("begun");
		while (access("go", F_OK) != 0)
			usleep(10000);
		errno = EIO;
		return -1;
	}
	if (syscall(SYS_fdatasync, fd) != 0)
		return -1;
	touch("succeeded");
	return 0;
}
