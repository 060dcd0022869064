/* SPDX-License-Identifier: MIT */
/*
 * Threads that create, write, link, rename, remove, list and sync the same few names at once, through the mount and
 * a view of it, while errors come and go and inodes are evicted. Nobody knows who finds what; but no call fails in a
 * way that it may not, and after that mount, view and backing folder are the same. What a sanitizer has to say about
 * the daemon is its exit status.
 *
 * usage: names [SECONDS]; by default 1.5
 */
#include "mounted.h"

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>

enum {
	THREADS = 6,
	NAMES = 8
};

static double seconds = 1.5;
static atomic_int over;
static atomic_ulong operations;

struct worker {
	uint64_t random;
	char fault[128];
	pthread_t thread;
};

static unsigned below(struct worker *worker, unsigned limit)
{
	uint64_t mix = worker->random += 0x9e3779b97f4a7c15u;

	mix = (mix ^ mix >> 30) * 0xbf58476d1ce4e5b9u;
	mix = (mix ^ mix >> 27) * 0x94d049bb133111ebu;
	return (unsigned)((mix ^ mix >> 31) >> 32) % limit;
}

static const char *any_path(struct worker *worker)
{
	char name[16];
	unsigned number = below(worker, NAMES);

	/* every fourth in a folder, which itself comes and goes */
	snprintf(name, sizeof(name), number % 4 ? "n%u" : "d/n%u", number);
	return below(worker, 3) ? in_mount(name) : in_view(0, name);
}

/* What may become of a call whose names others take away and put back meanwhile. */
static void expect(struct worker *worker, const char *what, long result)
{
	int error = errno_of(result);

	if (error && error != ENOENT && error != EEXIST && error != ENOTEMPTY && error != EXDEV &&
	    !worker->fault[0])
		snprintf(worker->fault, sizeof(worker->fault), "%s failed with %d", what, error);
}

/* The last name of a file may be gone between lookup and open; fsync and close may tell of errors. */
static void use_file(struct worker *worker, const char *path)
{
	char data[6000];
	int fd = open(path,
		      O_RDWR | O_CLOEXEC | (below(worker, 2) ? O_CREAT : 0) |
			      (below(worker, 4) ? 0 : O_TRUNC),
		      0644);
	int error;

	if (fd < 0) {
		if (errno != ESTALE)
			expect(worker, "open", -1);
		return;
	}
	memset(data, 'n', sizeof(data));
	expect(worker, "write",
	       pwrite(fd, data, 1 + below(worker, sizeof(data)), (off_t)below(worker, 20000)));
	expect(worker, "read", pread(fd, data, sizeof(data), (off_t)below(worker, 20000)));
	if (below(worker, 4) == 0)
		expect(worker, "ftruncate", ftruncate(fd, (off_t)below(worker, 20000)));
	error = below(worker, 2) ? errno_of(fsync(fd)) : 0;
	if (error != 0 && error != EIO) {
		errno = error;
		expect(worker, "fsync", -1);
	}
	close(fd);
}

static void list(const char *path)
{
	DIR *dir = opendir(path);

	while (dir && readdir(dir))
		;
	if (dir)
		closedir(dir);
}

static void *work(void *argument)
{
	struct worker *worker = (struct worker *)argument;
	struct stat buffer;
	int fd;

	while (!atomic_load_explicit(&over, memory_order_relaxed)) {
		const char *path = any_path(worker);

		switch (below(worker, 16)) {
		case 0:
			expect(worker, "unlink", unlink(path));
			break;
		case 1:
			/* link(2) of a file whose last name goes at that moment */
			if (link(path, any_path(worker)) != 0 && errno != ESTALE)
				expect(worker, "link", -1);
			break;
		case 2:
			expect(worker, "rename", rename(path, any_path(worker)));
			break;
		case 3:
			expect(worker, "mkdir", mkdir(in_mount("d"), 0755));
			break;
		case 4:
			expect(worker, "rmdir", rmdir(in_mount("d")));
			break;
		case 5:
			list(below(worker, 2) ? in_mount("") : in_view(0, "d"));
			break;
		case 6:
			expect(worker, "stat", stat(path, &buffer));
			break;
		case 7:
			expect(worker, "chmod", chmod(path, 0600 + below(worker, 64)));
			break;
		case 8:
			expect(worker, "truncate", truncate(path, (off_t)below(worker, 20000)));
			break;
		case 9:
			fd = open(in_mount(""), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
			(void)!fsync(fd); /* says whatever it has to */
			close(fd);
			break;
		default:
			use_file(worker, path);
		}
		atomic_fetch_add_explicit(&operations, 1, memory_order_relaxed);
	}
	return NULL;
}

/* diff of all names and contents; the control file is not listed. */
static void assert_same(const char *one, const char *other)
{
	if (run("diff", "-r", one, other, NULL) != 0)
		fail_msg("%s and %s differ", one, other);
}

static void whoever_takes_names_from_whom_mount_view_and_store_are_the_same_in_the_end(void **state)
{
	static const char *const commands[] = { "EIO", "evict", "sync", "ok", "evict" };
	struct worker workers[THREADS];
	double end = seconds_now() + seconds;
	unsigned i, faults = 0;
	int fd;

	(void)state;
	start_daemon("--age", "10", "--size", "64", NULL);
	assert_int_equal(start_view(0, NULL), 0);
	memset(workers, 0, sizeof(workers));
	for (i = 0; i < THREADS; i++) {
		workers[i].random = i;
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	for (i = 0; seconds_now() < end; i++) {
		(void)control_errno(commands[i % COUNT_OF(commands)]);
		nap(0.007);
	}
	(void)control_errno("ok");
	atomic_store_explicit(&over, 1, memory_order_relaxed);
	for (i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		if (workers[i].fault[0]) {
			fprintf(stderr, "FAIL: thread %u: %s\n", i, workers[i].fault);
			faults++;
		}
	}
	printf("%lu operations\n", atomic_load_explicit(&operations, memory_order_relaxed));
	assert_int_equal(faults, 0);
	assert_same(in_mount(""), in_view(0, ""));
	fd = opened(in_mount(""), O_RDONLY | O_DIRECTORY);
	(void)!fsync(fd); /* tells of past errors */
	assert_fsync(fd, 0);
	control("evict"); /* what was lost shows its old contents */
	assert_same(in_mount(""), in_upper(""));
	assert_same(in_mount(""), in_view(0, ""));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			whoever_takes_names_from_whom_mount_view_and_store_are_the_same_in_the_end,
			with_nothing, without_daemon),
	};

	take_seconds(argc, argv, &seconds);
	begin_program();
	return end_program(cmocka_run_group_tests(tests, NULL, NULL));
}
