/* SPDX-License-Identifier: MIT */
/*
 * Which calls report an error, which of them move the cursor, and which do neither. The number above a case is the row's in
 * the table that was measured on real kernels.
 */
#include "mounted.h"

#include <sys/mman.h>
#include <sys/statfs.h>

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

/* ---- which calls tell, and which take ------------------------------------------------------------- */

/* S10 */
static void fdatasync_tells_and_takes(void **state)
{
	int a = file("x"), b = again("x");

	(void)state;
	fail_in_background(a, "EIO");
	assert_int_equal(errno_of(fdatasync(a)), EIO);
	assert_int_equal(errno_of(fdatasync(a)), 0);
	assert_fsync(a, 0);
	assert_fsync(b, EIO);
	assert_int_equal(errno_of(fdatasync(b)), 0);
	assert_int_equal(errno_of(fdatasync(root())), EIO);
	assert_fsync(root(), 0);
}

static void a_write_through_tells_and_takes(int flag)
{
	int a = opened(in_mount("x"), O_RDWR | O_CREAT | flag), b = again("x");
	char data[16] = "synchronous";

	control("EIO");
	assert_int_equal(errno_of(pwrite(a, data, sizeof(data), 0)), EIO);
	control("ok");
	assert_fsync(a, 0);
	assert_told_once(b, EIO);

	/* What failed in the background, too. */
	fail_in_background(b, "ENOSPC");
	assert_int_equal(errno_of(pwrite(a, data, sizeof(data), 0)), ENOSPC);
	assert_int_equal(pwrite(a, data, sizeof(data), 0), sizeof(data));
	assert_fsync(a, 0);
	assert_told_once(b, ENOSPC);
	assert_int_equal(first_byte(in_upper("x")), 's');
}

/* S10 */
static void a_write_to_an_o_sync_handle_tells_and_takes(void **state)
{
	(void)state;
	a_write_through_tells_and_takes(O_SYNC);
}

/* S10 */
static void a_write_to_an_o_dsync_handle_tells_and_takes(void **state)
{
	(void)state;
	a_write_through_tells_and_takes(O_DSYNC);
}

/* S10 */
static void msync_tells_and_takes(void **state)
{
	int a = file("x"), b = again("x");
	char *mapped;

	(void)state;
	dirty(a);
	assert_fsync(a, 0);
	mapped = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, a, 0);
	assert_true(mapped != MAP_FAILED);
	control("EIO");
	mapped[0] = 'm';
	assert_int_equal(errno_of(msync(mapped, PAGE, MS_SYNC)), EIO);
	control("ok");
	assert_int_equal(errno_of(msync(mapped, PAGE, MS_SYNC)), 0);
	assert_fsync(a, 0);
	assert_told_once(b, EIO);
	munmap(mapped, PAGE);
}

/* S10: not these */
static void sync_sync_file_range_munmap_read_write_and_stat_take_nothing(void **state)
{
	int a = file("x");
	char byte;
	char *mapped;
	struct stat stat;
	struct statfs statfs;

	(void)state;
	fail_in_background(a, "EIO");
	assert_int_equal(errno_of(sync_file_range(a, 0, 0, SYNC_FILE_RANGE_WRITE)), 0);
	control("sync");
	mapped = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, a, 0);
	assert_true(mapped != MAP_FAILED);
	assert_int_equal(mapped[1], mapped[1]);
	munmap(mapped, PAGE);
	assert_int_equal(pread(a, &byte, 1, 0), 1);
	dirty(a);
	assert_int_equal(fstat(a, &stat), 0);
	assert_int_equal(fstatfs(a, &statfs), 0);
	assert_told_once(a, EIO);
	assert_told_once(root(), EIO);
}

/* S10: close. Of wbfs it may look. */
static void close_tells_and_does_not_take(void **state)
{
	int a = file("x"), b = again("x");

	(void)state;
	fail_in_background(a, "EIO");
	assert_int_equal(errno_of(close(dup(a))), EIO);
	assert_int_equal(errno_of(close(dup(a))), EIO);
	assert_told_once(a, EIO);
	assert_int_equal(errno_of(close(dup(a))), 0);
	assert_int_equal(errno_of(close(dup(b))), EIO);
	closed(b); /* was not told by an fsync: that settles nothing for a newcomer, whom a has settled */
	assert_fsync(again("x"), 0);
}

/* S10: who only closes */
static void an_error_that_only_closes_saw_is_owed_to_whoever_opens_next(void **state)
{
	int a = file("x");

	(void)state;
	fail_in_background(a, "EIO");
	closed(a);
	assert_told_once(again("x"), EIO);
}

static void write_does_not_fail_because_of_a_past_error(void **state)
{
	int a = file("x"), i;

	(void)state;
	control("EIO");
	for (i = 0; i < 3; i++) {
		dirty(a);
		control("sync");
	}
	control("ok");
	dirty(a);
	assert_told_once(a, EIO);
	assert_true(first_byte(in_upper("x")) >= '0');
}

#define WITH_DAEMON(test) cmocka_unit_test_setup_teardown(test, with_daemon, without_daemon)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DAEMON(fdatasync_tells_and_takes),
		WITH_DAEMON(a_write_to_an_o_sync_handle_tells_and_takes),
		WITH_DAEMON(a_write_to_an_o_dsync_handle_tells_and_takes),
		WITH_DAEMON(msync_tells_and_takes),
		WITH_DAEMON(sync_sync_file_range_munmap_read_write_and_stat_take_nothing),
		WITH_DAEMON(close_tells_and_does_not_take),
		WITH_DAEMON(an_error_that_only_closes_saw_is_owed_to_whoever_opens_next),
		WITH_DAEMON(write_does_not_fail_because_of_a_past_error),
	};

	begin_program();
	return end_program(cmocka_run_group_tests(tests, NULL, NULL));
}
