/* SPDX-License-Identifier: MIT */
/*
 * An unreported error outlives its inode: with few descriptors, when the kernel forgets the file, and up to a bound. It
 * is not inherited by another file with the same inode number.
 */
#include "mounted.h"

#include "../kept.h"

enum {
	FILES = 300,
	DESCRIPTORS = 128 /* an eighth of them is for forgotten inodes */
};

static const char *numbered(unsigned number)
{
	static char name[32];

	snprintf(name, sizeof(name), "file%u", number);
	return name;
}

static void fail_one(unsigned number)
{
	int fd = opened(in_mount(numbered(number)), O_RDWR | O_CREAT);

	dirty(fd);
	closed(fd);
}

static void fail_all(unsigned first, unsigned count)
{
	unsigned i;

	control("EIO");
	for (i = first; i < first + count; i++)
		fail_one(i);
	control("sync");
	control("ok");
}

static void start_with_few_descriptors(void)
{
	limit_daemons_descriptors(DESCRIPTORS);
	start_daemon(NULL);
}

static void each_of_more_files_than_there_are_descriptors_reports_its_error(void **state)
{
	unsigned i;

	(void)state;
	start_with_few_descriptors();
	fail_all(0, FILES);
	for (i = 0; i < FILES; i++) {
		int first = opened(in_mount(numbered(i)), O_RDONLY), fd;

		fd = opened(in_mount(numbered(i)), O_RDWR);
		assert_told_once(fd, EIO);
		assert_told_once(first, EIO);
		closed(fd);
		closed(first);
	}
	for (i = 0; i < FILES; i++) { /* and that was the only time */
		int fd = opened(in_mount(numbered(i)), O_RDWR);

		assert_fsync(fd, 0);
		closed(fd);
	}
	assert_told_once(opened(in_mount(""), O_RDONLY | O_DIRECTORY), EIO);
}

static void an_error_outlives_what_the_kernel_forgets(void **state)
{
	int fd;

	(void)state;
	start_daemon(NULL);
	fail_all(0, 3);
	fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "2", 1) != 1)
		SKIP_BECAUSE("the kernel's caches may not be dropped here: %s", strerror(errno));
	close(fd);
	for (unsigned i = 0; i < 3; i++)
		assert_told_once(opened(in_mount(numbered(i)), O_RDWR), EIO);
}

/* Makes new files in the store until one has the number; its name, or NULL. */
static const char *reuse(ino_t number)
{
	static char name[32];
	struct stat st;
	unsigned i;

	for (i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "new%u", i);
		closed(opened(in_upper(name), O_RDWR | O_CREAT));
		assert_int_equal(stat(in_upper(name), &st), 0);
		if (st.st_ino == number)
			return name;
	}
	return NULL;
}

static void a_later_file_with_the_same_number_does_not_inherit_an_error(void **state)
{
	struct stat st;
	const char *name;

	(void)state;
	start_with_few_descriptors();
	fail_all(0, 1);
	assert_int_equal(stat(in_upper(numbered(0)), &st), 0);
	fail_all(1, FILES); /* the first is out of memory now */
	assert_int_equal(unlink(in_upper(numbered(0))), 0);
	name = reuse(st.st_ino);
	if (!name)
		SKIP_BECAUSE("this filesystem does not use inode numbers again");
	assert_fsync(opened(in_mount(name), O_RDWR), 0);
	assert_true(daemon_said("file0"));
	assert_true(daemon_said("forgotten"));
}

static void what_is_forgotten_at_the_end_is_said_by_name(void **state)
{
	char text[64];
	unsigned i;
	int fd;

	(void)state;
	start_with_few_descriptors();
	fail_all(0, FILES);
	fd = opened(in_mount(numbered(7)), O_RDWR);
	assert_told_once(fd, EIO);
	closed(fd);
	fd = opened(in_mount(""), O_RDONLY | O_DIRECTORY);
	assert_told_once(fd, EIO);
	closed(fd);
	closed(opened(in_mount("unharmed"), O_RDWR | O_CREAT));
	assert_int_equal(stop_daemon(), 0);
	for (i = 0; i < FILES; i++) {
		snprintf(text, sizeof(text), "upper/%s'", numbered(i));
		assert_int_equal(daemon_said(text), i != 7);
	}
	assert_false(daemon_said("unharmed"));
}

/* As Linux does when memory is short; nobody asks for it by accident. */
static void evict_forgets_errors_of_closed_files_and_says_so(void **state)
{
	unsigned i;

	(void)state;
	start_with_few_descriptors();
	fail_all(0, FILES);
	control("evict");
	for (i = 0; i < FILES; i++) {
		int fd = opened(in_mount(numbered(i)), O_RDWR);

		assert_fsync(fd, 0);
		closed(fd);
	}
	assert_true(daemon_said("upper/file0'"));
	assert_true(daemon_said("upper/file299'"));
	assert_told_once(opened(in_mount(""), O_RDONLY | O_DIRECTORY), EIO);
}

/* The bound, without a mount. */
static void of_too_many_errors_the_oldest_is_forgotten_and_said(void **state)
{
	static struct kept kept;
	const int fd = opened(in_folder("x"), O_RDWR | O_CREAT);
	const char *said = in_folder("said");
	int saved = dup(STDERR_FILENO), to = opened(said, O_RDWR | O_CREAT);
	char line[512];
	ino_t i;

	(void)state;
	kept_init(&kept);
	dup2(to, STDERR_FILENO);
	for (i = 1; i <= KEPT_ERRORS + 2; i++)
		kept_put(&kept, 1, i, fd, i % 2 ? EIO : ENOSPC);
	dup2(saved, STDERR_FILENO);
	close(saved);
	assert_int_equal(kept.count, KEPT_ERRORS);
	assert_int_equal(kept_take(&kept, 1, 1, fd), 0);
	assert_int_equal(kept_take(&kept, 1, 2, fd), 0);
	assert_int_equal(kept_take(&kept, 2, 3, fd), 0); /* another device */
	assert_int_equal(kept_take(&kept, 1, 3, fd), EIO);
	assert_int_equal(kept_take(&kept, 1, 3, fd), 0);
	assert_int_equal(kept_take(&kept, 1, 4, fd), ENOSPC);
	memset(line, 0, sizeof(line));
	assert_true(pread(to, line, sizeof(line) - 1, 0) > 0);
	assert_non_null(strstr(line, "(inode 1)"));
	assert_non_null(strstr(line, "(inode 2)"));
	assert_null(strstr(line, "(inode 3)"));
	for (i = 5; i <= KEPT_ERRORS + 2; i++)
		assert_true(kept_take(&kept, 1, i, fd) != 0);
	assert_int_equal(kept.count, 0);
}

#define WITH_NOTHING(test) cmocka_unit_test_setup_teardown(test, with_nothing, without_daemon)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_NOTHING(each_of_more_files_than_there_are_descriptors_reports_its_error),
		WITH_NOTHING(an_error_outlives_what_the_kernel_forgets),
		WITH_NOTHING(a_later_file_with_the_same_number_does_not_inherit_an_error),
		WITH_NOTHING(what_is_forgotten_at_the_end_is_said_by_name),
		WITH_NOTHING(evict_forgets_errors_of_closed_files_and_says_so),
		WITH_NOTHING(of_too_many_errors_the_oldest_is_forgotten_and_said),
	};

	begin_program();
	return end_program(cmocka_run_group_tests(tests, NULL, NULL));
}
