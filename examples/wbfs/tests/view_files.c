/* SPDX-License-Identifier: MIT */
/*
 * A view shows the same files as the upper mount, and what is written through it is written back like anything else.
 */
#include "mounted.h"

#include <dirent.h>

static int upper_file(const char *name)
{
	return opened(in_mount(name), O_RDWR | O_CREAT);
}

static int view_file(unsigned number, const char *name)
{
	return opened(in_view(number, name), O_RDWR | O_CREAT);
}

/* ---- the same files ----------------------------------------------------------------------------------- */

static void what_is_written_through_one_mount_is_read_through_the_other(void **state)
{
	int u = upper_file("x"), v = opened(in_view(0, "x"), O_RDWR);
	char text[8] = "";
	struct stat stat_u, stat_v;

	(void)state;
	assert_int_equal(pwrite(u, "upper", 5, 0), 5);
	assert_int_equal(pread(v, text, 5, 0), 5);
	assert_string_equal(text, "upper");
	assert_int_equal(pwrite(v, "VIEW", 4, 4), 4);
	assert_int_equal(pread(u, text, 8, 0), 8);
	assert_memory_equal(text, "uppeVIEW", 8);
	assert_int_equal(fstat(u, &stat_u), 0);
	assert_int_equal(fstat(v, &stat_v), 0);
	assert_int_equal(stat_u.st_size, 8);
	assert_int_equal(stat_v.st_size, 8);
	assert_int_equal(ftruncate(v, 3), 0);
	assert_int_equal(fstat(u, &stat_u), 0);
	assert_int_equal(stat_u.st_size, 3);
	assert_fsync(v, 0);
	assert_fsync(u, 0);
	assert_int_equal(stat(in_upper("x"), &stat_u), 0);
	assert_int_equal(stat_u.st_size, 3);
}

/* Each mount has a page cache of its own in the kernel, which must not show what is past. */
static void overwritten_in_turns_through_both_mounts_each_reads_the_latest(void **state)
{
	int fd[2] = { upper_file("x"), view_file(0, "x") };
	char text[16], got[16];
	unsigned i;

	(void)state;
	for (i = 0; i < 500; i++) {
		snprintf(text, sizeof(text), "%08u", i);
		assert_int_equal(pwrite(fd[i % 2], text, 8, 0), 8);
		assert_int_equal(pread(fd[1 - i % 2], got, 8, 0), 8);
		assert_memory_equal(got, text, 8);
		assert_int_equal(pread(fd[i % 2], got, 8, 0), 8);
		assert_memory_equal(got, text, 8);
	}
}

static void files_come_and_go_in_both(void **state)
{
	(void)state;
	closed(upper_file("from-the-upper"));
	closed(view_file(0, "from-the-view"));
	assert_int_equal(access(in_view(0, "from-the-upper"), F_OK), 0);
	assert_int_equal(access(in_mount("from-the-view"), F_OK), 0);
	assert_int_equal(unlink(in_view(0, "from-the-upper")), 0);
	assert_int_equal(unlink(in_mount("from-the-view")), 0);
	assert_int_equal(errno_of(open(in_mount("from-the-upper"), O_RDONLY)), ENOENT);
	assert_int_equal(errno_of(open(in_view(0, "from-the-view"), O_RDONLY)), ENOENT);
}

static void a_view_has_no_control_file(void **state)
{
	int fd;

	(void)state;
	assert_int_equal(errno_of(access(in_view(0, ".wbfs-control"), F_OK)), ENOENT);
	/* Whatever a view makes of the name, nothing fails because of it. */
	fd = open(in_view(0, ".wbfs-control"), O_WRONLY | O_CREAT, 0600);
	if (fd >= 0) {
		if (write(fd, "EIO\n", 4) == 4)
			assert_fsync(fd, 0);
		close(fd);
	}
	fd = upper_file("x");
	dirty(fd);
	assert_fsync(fd, 0);
}

/* The kernel knows the end of the file through its own mount only. */
static void handles_of_both_that_append_do_not_overwrite_each_other(void **state)
{
	int u, v;
	char text[16] = "";

	(void)state;
	closed(upper_file("x"));
	u = opened(in_mount("x"), O_WRONLY | O_APPEND);
	v = opened(in_view(0, "x"), O_WRONLY | O_APPEND);
	assert_int_equal(write(u, "one", 3), 3);
	assert_int_equal(write(v, "two", 3), 3);
	assert_int_equal(write(u, "three", 5), 5);
	assert_int_equal(pread(upper_file("x"), text, sizeof(text), 0), 11);
	assert_string_equal(text, "onetwothree");
}

/* "A view that is still mounted is unmounted with it." */
static void a_view_goes_with_the_upper(void **state)
{
	struct stat above, here;

	(void)state;
	closed(view_file(0, "x"));
	assert_int_equal(stop_daemon(), 0);
	assert_int_equal(stat(in_folder(""), &above), 0);
	assert_int_equal(stat(in_view(0, ""), &here), 0);
	assert_true(above.st_dev == here.st_dev);
}

static void the_upper_goes_on_when_a_view_is_unmounted(void **state)
{
	int a = upper_file("x"), fd = view_file(0, "x");

	(void)state;
	dirty(fd);
	closed(fd);
	stop_view(0);
	assert_fsync(a, 0);
	fail_in_background(a, "EIO");
	assert_told_once(a, EIO);
}

#define WITH_VIEW(test) cmocka_unit_test_setup_teardown(test, with_daemon_and_view, without_daemon)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_VIEW(what_is_written_through_one_mount_is_read_through_the_other),
		WITH_VIEW(overwritten_in_turns_through_both_mounts_each_reads_the_latest),
		WITH_VIEW(files_come_and_go_in_both),
		WITH_VIEW(handles_of_both_that_append_do_not_overwrite_each_other),
		WITH_VIEW(a_view_has_no_control_file),
		WITH_VIEW(a_view_goes_with_the_upper),
		WITH_VIEW(the_upper_goes_on_when_a_view_is_unmounted),
	};

	begin_program();
	return end_program(cmocka_run_group_tests(tests, NULL, NULL));
}
