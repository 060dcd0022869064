/* SPDX-License-Identifier: MIT */
/*
 * What nobody asked for: the flusher, which writes back by itself, and the control file.
 */
#include "mounted.h"

enum {
	PAGE = 4096
};

static int file(const char *name)
{
	return opened(in_mount(name), O_RDWR | O_CREAT);
}

static int again(const char *name)
{
	return opened(in_mount(name), O_RDWR);
}

static int root(void)
{
	return opened(in_mount(""), O_RDONLY | O_DIRECTORY);
}

/* The first byte of a file of the upper that is no longer open. */
static char first_byte(const char *path)
{
	char byte = 0;
	int fd = opened(path, O_RDONLY);

	assert_int_equal(read(fd, &byte, 1), 1);
	closed(fd);
	return byte;
}

/* ---- the flusher, which nobody asked ----------------------------------------------------------------- */

/* A look that takes nothing. */
static void wait_until_close_tells(int fd, int expected)
{
	double end = seconds_now() + PATIENCE_SECONDS;
	int error;

	while ((error = errno_of(close(dup(fd)))) == 0 && seconds_now() < end)
		nap(0.005);
	assert_int_equal(error, expected);
}

static void what_is_too_old_is_written_back_and_its_error_told(void **state)
{
	int a, b, dir;

	(void)state;
	start_daemon("--age", "50", NULL);
	a = file("x");
	b = again("x");
	dir = root();
	control("EIO");
	dirty(a);
	wait_until_close_tells(a, EIO);
	control("ok");
	assert_told_once(b, EIO);
	assert_told_once(a, EIO);
	assert_told_once(dir, EIO);
}

static void what_is_too_old_reaches_the_store(void **state)
{
	double end = seconds_now() + PATIENCE_SECONDS;
	struct stat stat_of_upper;
	int a;

	(void)state;
	start_daemon("--age", "50", NULL);
	a = file("x");
	dirty(a);
	do {
		nap(0.005);
		assert_int_equal(stat(in_upper("x"), &stat_of_upper), 0);
	} while (stat_of_upper.st_size == 0 && seconds_now() < end);
	assert_int_equal(stat_of_upper.st_size, PAGE);
	assert_fsync(a, 0);
}

static void what_is_too_much_is_written_back_and_its_error_told(void **state)
{
	static const char block[64 * 1024];
	int a, i;

	(void)state;
	start_daemon("--size", "256", NULL);
	a = file("x");
	control("ENOSPC");
	for (i = 0; i < 16; i++)
		assert_int_equal(write(a, block, sizeof(block)), sizeof(block));
	wait_until_close_tells(a, ENOSPC);
	control("sync");
	control("ok");
	assert_told_once(a, ENOSPC);
}

/*
 * The error is recorded after its data is clean: who is told at the first moment, and asks at once again, is not
 * told of the same write-back a second time.
 */
static void who_is_told_while_the_flusher_works_is_told_once_for_each_write(void **state)
{
	int a, i;

	(void)state;
	start_daemon("--age", "1", NULL);
	a = file("x");
	control("EIO");
	for (i = 0; i < 300; i++) {
		dirty(a);
		if (i % 2)
			nap(0.0005 * (i % 7));
		assert_fsync(a, EIO);
		assert_fsync(a, 0);
	}
}

/* ---- the control file ---------------------------------------------------------------------------------- */

static void expect_control(const char *expected)
{
	char text[32] = "";
	int fd = opened(in_mount(".wbfs-control"), O_RDONLY);

	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	assert_string_equal(text, expected);
	closed(fd);
}

static void the_control_file_says_its_state_and_refuses_what_it_does_not_know(void **state)
{
	static const char *const unknown[] = { "EFOO",	"0", "-5",  "512", "4096",	 "5x",
					       "EIO 5", "",  "eio", "on",  "99999999999" };
	int a = file("x");
	size_t i;

	(void)state;
	expect_control("ok\n");
	control("ENOSPC");
	expect_control("ENOSPC\n");
	for (i = 0; i < COUNT_OF(unknown); i++)
		if (control_errno(unknown[i]) != EINVAL)
			fail_msg("'%s' to .wbfs-control was accepted", unknown[i]);
	expect_control("ENOSPC\n");
	dirty(a);
	control("sync"); /* nobody is told */
	control("ok");
	expect_control("ok\n");
	assert_told_once(a, ENOSPC);
}

static void the_control_file_is_root_s_and_in_the_root_only_and_not_listed(void **state)
{
	struct stat stat_of_control;
	int fd;

	(void)state;
	assert_int_equal(stat(in_mount(".wbfs-control"), &stat_of_control), 0);
	assert_int_equal(stat_of_control.st_mode, S_IFREG | 0600);
	assert_int_equal(stat_of_control.st_uid, 0);
	assert_int_equal(mkdir(in_mount("sub"), 0755), 0);
	assert_int_equal(errno_of(access(in_mount("sub/.wbfs-control"), F_OK)), ENOENT);
	fd = opened(in_upper(".wbfs-control"), O_WRONLY | O_CREAT);
	assert_int_equal(write(fd, "backing", 7), 7);
	expect_control("ok\n");
	assert_true(run("sh", "-c", "ls -A \"$1\" | grep -q wbfs-control", "sh", in_mount(""),
			NULL) == 1);
	control("EIO");
	control("ok");
	assert_int_equal(first_byte(in_upper(".wbfs-control")), 'b');
}

/* An answer of ENOSYS would end all FSYNCs of the mount, and a caller would get 0 (kernel-behaviour, FUSE daemons). */
static void fsync_still_tells_after_write_back_failed_with_enosys(void **state)
{
	int a = file("x");
	char number[16];

	(void)state;
	snprintf(number, sizeof(number), "%d", ENOSYS);
	if (control_errno(number) == 0) {
		dirty(a);
		assert_true(errno_of(fsync(a)) != 0);
	}
	fail_in_background(a, "EIO");
	assert_told_once(a, EIO);
	assert_told_once(root(), EIO);
}

#define WITH_DAEMON(test)  cmocka_unit_test_setup_teardown(test, with_daemon, without_daemon)
#define WITH_NOTHING(test) cmocka_unit_test_setup_teardown(test, with_nothing, without_daemon)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_NOTHING(what_is_too_old_is_written_back_and_its_error_told),
		WITH_NOTHING(what_is_too_old_reaches_the_store),
		WITH_NOTHING(what_is_too_much_is_written_back_and_its_error_told),
		WITH_NOTHING(who_is_told_while_the_flusher_works_is_told_once_for_each_write),
		WITH_DAEMON(the_control_file_says_its_state_and_refuses_what_it_does_not_know),
		WITH_DAEMON(the_control_file_is_root_s_and_in_the_root_only_and_not_listed),
		WITH_DAEMON(fsync_still_tells_after_write_back_failed_with_enosys),
	};

	begin_program();
	return end_program(cmocka_run_group_tests(tests, NULL, NULL));
}
