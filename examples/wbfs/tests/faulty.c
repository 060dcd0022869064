/* SPDX-License-Identifier: MIT */
/*
 * A part of the program wbfs-faulty, which is wbfs with some calls wrapped by the linker (--wrap). A test says what they
 * do by files in the folder $WBFS_FAULTS:
 *
 *	CALL.fails	holds an errno, how many calls succeed before, and how many fail with it (0: all that follow)
 *	CALL.fails-once	the next call fails
 *	PLACE.stops	a thread that comes there makes PLACE.stopped, and waits until PLACE.stops is gone
 *	trace		gets a line for each wrapped call
 */
#include "../pages.h"

#define ERRSEQ_NO_INLINE
#include <errseq/errseq.h>
#undef errseq_set

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FUSE_USE_VERSION 35
#include <fuse_lowlevel.h>

/* The linker's names: the identifiers are reserved for it, and nobody else declares them. */
#define WRAPS(result, name, ...)           \
	result __real_##name(__VA_ARGS__); \
	result __wrap_##name(__VA_ARGS__); \
	result __wrap_##name(__VA_ARGS__)

enum {
	PATH_SIZE = 512,
	CALLS = 32
};

static const char *path_of(char path[PATH_SIZE], const char *name, const char *what)
{
	const char *folder = getenv("WBFS_FAULTS");

	snprintf(path, PATH_SIZE, "%s/%s%s", folder ? folder : "/nonexistent", name, what);
	return path;
}

__attribute__((format(printf, 1, 2))) static void note(const char *format, ...)
{
	char path[PATH_SIZE], line[256];
	int fd = open(path_of(path, "trace", ""), O_WRONLY | O_APPEND | O_CLOEXEC), saved = errno;
	va_list arguments;

	if (fd >= 0) {
		va_start(arguments, format);
		vsnprintf(line, sizeof(line), format, arguments);
		va_end(arguments);
		(void)!write(fd, line, strlen(line));
		close(fd);
	}
	errno = saved;
}

/* Whether this call is to fail, with errno. */
static bool fails(const char *call)
{
	static atomic_int counts[CALLS];
	char path[PATH_SIZE], text[32] = "", *end;
	long error, skipped, failing;
	int fd, number, slot = 0;
	const char *letter;

	note("%s\n", call);
	fd = open(path_of(path, call, ".fails-once"), O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && unlink(path) != 0) { /* another thread has it */
		close(fd);
		return false;
	}
	if (fd < 0)
		fd = open(path_of(path, call, ".fails"), O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	(void)!read(fd, text, sizeof(text) - 1);
	close(fd);
	error = strtol(text, &end, 10);
	skipped = strtol(end, &end, 10);
	failing = strtol(end, NULL, 10);
	for (letter = call; *letter; letter++)
		slot = (slot * 31 + *letter) % CALLS;
	number = atomic_fetch_add_explicit(&counts[slot], 1, memory_order_relaxed);
	if (number < skipped || (failing > 0 && number >= skipped + failing))
		return false;
	errno = (int)error;
	return true;
}

static void stop_at(const char *place)
{
	const struct timespec moment = { .tv_nsec = 2000000 };
	char path[PATH_SIZE], stopped[PATH_SIZE];

	path_of(path, place, ".stops");
	while (access(path, F_OK) == 0) {
		close(open(path_of(stopped, place, ".stopped"), O_WRONLY | O_CREAT | O_CLOEXEC,
			   0600));
		nanosleep(&moment, NULL);
	}
}

static const char *kind_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) ? "directory" : "file";
}

int __real_openat(int directory, const char *name, int flags, ...);
int __wrap_openat(int directory, const char *name, int flags, ...);
int __real_openat64(int directory, const char *name, int flags, ...);
int __wrap_openat64(int directory, const char *name, int flags, ...);

int __wrap_openat(int directory, const char *name, int flags, ...)
{
	mode_t mode = 0;

	if (flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))) {
		va_list rest;

		va_start(rest, flags);
		mode = va_arg(rest, mode_t);
		va_end(rest);
	}
	if (flags & O_EXCL) {
		note("openat %s%s\n", flags & O_NOFOLLOW ? "O_NOFOLLOW " : "",
		     strncmp(name, ".wbfs-", 6) == 0 ? "temporary" : name);
		stop_at("create");
	}
	return __real_openat(directory, name, flags, mode);
}

int __wrap_openat64(int directory, const char *name, int flags, ...)
{
	mode_t mode = 0;

	if (flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))) {
		va_list rest;

		va_start(rest, flags);
		mode = va_arg(rest, mode_t);
		va_end(rest);
	}
	return __wrap_openat(directory, name, flags, mode);
}

WRAPS(int, ftruncate, int fd, off_t size)
{
	return fails("ftruncate") ? -1 : __real_ftruncate(fd, size);
}

WRAPS(int, ftruncate64, int fd, off_t size)
{
	return fails("ftruncate") ? -1 : __real_ftruncate64(fd, size);
}

WRAPS(int, fsync, int fd)
{
	note("fsync %s\n", kind_of(fd));
	return fails("fsync") ? -1 : __real_fsync(fd);
}

WRAPS(int, fdatasync, int fd)
{
	return fails("fdatasync") ? -1 : __real_fdatasync(fd);
}

WRAPS(int, syncfs, int fd)
{
	return fails("syncfs") ? -1 : __real_syncfs(fd);
}

WRAPS(int, renameat, int from, const char *name, int to, const char *new_name)
{
	note("renameat %s\n", new_name);
	return fails("renameat") ? -1 : __real_renameat(from, name, to, new_name);
}

WRAPS(int, accept4, int listening, struct sockaddr *address, socklen_t *size, int flags)
{
	return fails("accept4") ? -1 : __real_accept4(listening, address, size, flags);
}

WRAPS(int, umount2, const char *at, int flags)
{
	return fails("umount2") ? -1 : __real_umount2(at, flags);
}

WRAPS(int, name_to_handle_at, int fd, const char *name, struct file_handle *handle, int *mount,
      int flags)
{
	return fails("name_to_handle_at")
		       ? -1
		       : __real_name_to_handle_at(fd, name, handle, mount, flags);
}

WRAPS(int, pthread_create, pthread_t *thread, const pthread_attr_t *attributes,
      void *(*start)(void *), void *argument)
{
	return fails("pthread_create") ? errno
				       : __real_pthread_create(thread, attributes, start, argument);
}

WRAPS(int, fuse_session_mount, struct fuse_session *session, const char *at)
{
	return fails("fuse_session_mount") ? -1 : __real_fuse_session_mount(session, at);
}

WRAPS(int, fuse_lowlevel_notify_inval_entry, struct fuse_session *session, fuse_ino_t parent,
      const char *name, size_t length)
{
	note("notify_inval_entry\n");
	return __real_fuse_lowlevel_notify_inval_entry(session, parent, name, length);
}

/* Between "clean" and "recorded": at the beginning of that moment, and at its end. */
WRAPS(void, pages_drop, struct pages *pages, size_t from, enum page_state state, size_t count)
{
	__real_pages_drop(pages, from, state, count);
	if (state == DIRTY)
		stop_at("clean");
}

WRAPS(int, errseq_set, errseq_t *word, int err)
{
	stop_at("record");
	return __real_errseq_set(word, err);
}

/* Called by libfuse's loop: the linker wraps only our own calls, but a program's symbol comes before libc's. */
int sem_wait(sem_t *semaphore)
{
	int (*real)(sem_t *);

	*(void **)&real = dlsym(RTLD_NEXT, "sem_wait");
	stop_at("sleep"); /* which a signal does not end */
	return real(semaphore);
}

__attribute__((format(printf, 2, 3))) void __wrap_syslog(int priority, const char *format, ...);
void __wrap_syslog(int priority, const char *format, ...)
{
	char path[PATH_SIZE], line[2048];
	int fd = open(path_of(path, "syslog", ""), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	va_list arguments;

	(void)priority;
	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (fd >= 0) {
		(void)!write(fd, line, strlen(line));
		close(fd);
	}
}
