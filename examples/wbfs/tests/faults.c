/* SPDX-License-Identifier: MIT */
/*
 * Real faults of the backing store, with nothing injected: a tmpfs that is full, a limit of the daemon's file
 * size, a backing filesystem that becomes read-only.
 */
#include "mounted.h"

#include <sys/mount.h>
#include <sys/statvfs.h>

enum {
	BLOCK = 64 * 1024
};

static const char zeros[BLOCK];

static int file(const char *name)
{
	return opened(in_mount(name), O_RDWR | O_CREAT);
}

static int root(void)
{
	return opened(in_mount(""), O_RDONLY | O_DIRECTORY);
}

static void write_blocks(int fd, unsigned count)
{
	char block[BLOCK];
	unsigned i;

	for (i = 0; i < count; i++) {
		memset(block, 'a' + (int)i % 26, sizeof(block));
		assert_int_equal(pwrite(fd, block, sizeof(block), (off_t)i * BLOCK), BLOCK);
	}
}

/* Whether the first `count` blocks are there. */
static int has_blocks(const char *path, unsigned count)
{
	char block[BLOCK], expected[BLOCK];
	int fd = opened(path, O_RDONLY), same = 1;
	unsigned i;

	for (i = 0; i < count; i++) {
		memset(expected, 'a' + (int)i % 26, sizeof(expected));
		same &= pread(fd, block, sizeof(block), (off_t)i * BLOCK) == BLOCK &&
			memcmp(block, expected, BLOCK) == 0;
	}
	closed(fd);
	return same;
}

#define NEEDS_TMPFS(options)                                                                  \
	do {                                                                                  \
		if (!put_upper_on_tmpfs(options))                                             \
			SKIP_BECAUSE("a tmpfs may not be mounted here: %s", strerror(errno)); \
		start_daemon(NULL);                                                           \
	} while (0)

/* ---- ENOSPC --------------------------------------------------------------------------------------- */

static void on_a_full_store_write_succeeds_and_each_handle_is_told_enospc_once(void **state)
{
	int a, b, dir, late;

	(void)state;
	NEEDS_TMPFS("size=512k");
	a = file("x");
	b = file("x");
	dir = root();
	write_blocks(a, 16); /* 1 MiB */
	assert_fsync(a, ENOSPC);
	assert_fsync(a, 0);
	late = file("x");
	assert_fsync(late, 0);
	assert_told_once(b, ENOSPC);
	assert_told_once(dir, ENOSPC);
	assert_true(has_blocks(in_mount("x"), 16)); /* still cached */
}

static void a_store_that_fills_up_in_the_background_is_told(void **state)
{
	int a, b, dir;

	(void)state;
	NEEDS_TMPFS("size=512k");
	a = file("x");
	dir = root();
	write_blocks(a, 16);
	control("sync");
	b = file("x");
	assert_told_once(b, ENOSPC);
	assert_told_once(a, ENOSPC);
	assert_told_once(dir, ENOSPC);
}

static void what_fits_is_acknowledged_and_there_and_after_making_room_all_is(void **state)
{
	int small, big;

	(void)state;
	NEEDS_TMPFS("size=512k");
	small = file("small");
	big = file("big");
	write_blocks(small, 2);
	assert_fsync(small, 0);
	write_blocks(big, 16);
	assert_told_once(big, ENOSPC);
	assert_fsync(small, 0);
	assert_true(has_blocks(in_upper("small"), 2));
	assert_int_equal(ftruncate(big, 0), 0);
	assert_fsync(big, 0);
	write_blocks(big, 4);
	assert_fsync(big, 0);
	assert_true(has_blocks(in_upper("big"), 4));
	assert_true(has_blocks(in_upper("small"), 2));
}

/* Directory operations go straight to the store: its errors come at the call. */
static void on_a_store_without_inodes_create_fails_at_once(void **state)
{
	(void)state;
	NEEDS_TMPFS("nr_inodes=4");
	closed(file("1"));
	closed(file("2"));
	closed(file("3"));
	assert_int_equal(errno_of(open(in_mount("4"), O_RDWR | O_CREAT, 0600)), ENOSPC);
	assert_fsync(file("1"), 0);
	assert_fsync(root(), 0);
}

static void a_view_fails_for_ever_after_the_store_was_full(void **state)
{
	int a, v;

	(void)state;
	NEEDS_TMPFS("size=512k");
	assert_int_equal(start_view(0, NULL), 0);
	a = file("x");
	v = opened(in_view(0, "x"), O_RDWR);
	write_blocks(v, 16);
	assert_fsync(v, 0);
	assert_told_once(a, ENOSPC);
	assert_fsync(v, EIO);
	assert_fsync(v, EIO);
	assert_told_once(root(), ENOSPC);
}

/* ---- EFBIG ------------------------------------------------------------------------------------------ */

/* As on any filesystem: the data that is accepted fits, and what does not fit is refused at the call. */
static void above_the_daemon_s_file_limit_write_is_short_and_then_fails(void **state)
{
	static const char block[2 * BLOCK];
	int a;

	(void)state;
	limit_daemons_files(4 * BLOCK);
	start_daemon(NULL);
	a = file("x");
	write_blocks(a, 3);
	assert_int_equal(pwrite(a, block, sizeof(block), 3 * BLOCK), BLOCK);
	assert_int_equal(errno_of(pwrite(a, "x", 1, 4 * BLOCK)), EFBIG);
	assert_int_equal(errno_of(pwrite(a, "x", 1, 9 * BLOCK)), EFBIG);
	assert_int_equal(lseek(a, 0, SEEK_END), 4 * BLOCK);
	assert_fsync(a, 0);
	assert_fsync(root(), 0);
	assert_true(has_blocks(in_upper("x"), 3));
}

static void above_the_daemon_s_file_limit_truncate_fails(void **state)
{
	int a;

	(void)state;
	limit_daemons_files(4 * BLOCK);
	start_daemon(NULL);
	a = file("x");
	assert_int_equal(errno_of(ftruncate(a, 4 * BLOCK + 1)), EFBIG);
	assert_int_equal(ftruncate(a, 4 * BLOCK), 0);
	assert_fsync(a, 0);
}

/* A file that is larger already may be written to below the limit, and made smaller. */
static void a_file_above_the_daemon_s_file_limit_is_written_below_it(void **state)
{
	int a;

	(void)state;
	a = opened(in_upper("x"), O_RDWR | O_CREAT);
	write_blocks(a, 8);
	closed(a);
	limit_daemons_files(4 * BLOCK + 100);
	start_daemon(NULL);
	a = file("x");
	assert_int_equal(pwrite(a, "changed", 7, 4 * BLOCK), 7);
	assert_fsync(a, 0);
	assert_int_equal(lseek(a, 0, SEEK_END), 8 * BLOCK);
	assert_int_equal(ftruncate(a, 6 * BLOCK), 0);
	assert_fsync(a, 0);
	assert_int_equal(errno_of(ftruncate(a, 7 * BLOCK)), EFBIG);
}

/* The largest file of the filesystem, found with the same call that would fail later. */
static void a_size_that_the_store_cannot_have_is_refused_at_the_call(void **state)
{
	const off_t sizes[] = { (off_t)1 << 40, (off_t)1 << 44,		  (off_t)18 << 40,
				(off_t)1 << 62, INT64_MAX - 4096 * 2 + 1, INT64_MAX };
	int a, native, v;
	size_t i;

	(void)state;
	start_daemon(NULL);
	assert_int_equal(start_view(0, NULL), 0);
	a = file("x");
	v = opened(in_view(0, "x"), O_RDWR);
	native = opened(in_upper("native"), O_RDWR | O_CREAT);
	for (i = 0; i < COUNT_OF(sizes); i++) {
		int expected = errno_of(ftruncate(native, sizes[i]));

		if (errno_of(ftruncate(a, sizes[i])) != expected)
			fail_msg("ftruncate to %lld should say %d", (long long)sizes[i], expected);
		expected = errno_of(pwrite(native, "x", 1, sizes[i] - 1));
		if (errno_of(pwrite(a, "x", 1, sizes[i] - 1)) != expected)
			fail_msg("pwrite at %lld should say %d", (long long)sizes[i] - 1, expected);
		assert_fsync(a, 0);
		assert_fsync(v, 0);
	}
	assert_true(pwrite(a, "12345678", 8, INT64_MAX - 3) <= 0);
	assert_fsync(a, 0);
	assert_fsync(root(), 0);
}

/* Another filesystem below UPPER may have smaller files. */
static void a_size_that_a_filesystem_below_the_store_cannot_have_is_refused(void **state)
{
	const off_t size = (off_t)20 << 40;
	int a, native;

	(void)state;
	assert_int_equal(mkdir(in_folder("elsewhere"), 0755), 0);
	native = opened(in_folder("elsewhere/native"), O_RDWR | O_CREAT);
	if (ftruncate(native, size) == 0)
		SKIP_BECAUSE("this filesystem has larger files than 20 TiB");
	NEEDS_TMPFS("size=512k");
	assert_int_equal(mkdir(in_upper("below"), 0755), 0);
	assert_int_equal(mount(in_folder("elsewhere"), in_upper("below"), NULL, MS_BIND, NULL), 0);
	a = file("x");
	assert_int_equal(ftruncate(a, size), 0); /* a tmpfs has such files */
	a = file("below/x");
	assert_int_equal(errno_of(ftruncate(a, size)), EFBIG);
	assert_int_equal(errno_of(pwrite(a, "x", 1, size)), EFBIG);
	assert_fsync(a, 0);
	closed(a);
	control("evict");
	assert_int_equal(umount2(in_upper("below"), MNT_DETACH), 0);
}

/* ---- EROFS -------------------------------------------------------------------------------------------- */

static int remount(const char *path, unsigned long flags)
{
	return errno_of(mount(NULL, path, NULL, MS_REMOUNT | flags, NULL));
}

static void on_a_store_that_became_read_only_opening_for_writing_fails_and_reading_works(
	void **state)
{
	int a, reader;
	char byte;

	(void)state;
	NEEDS_TMPFS("size=512k");
	a = file("x");
	dirty(a);
	assert_fsync(a, 0);
	/* The backing file is open for writing as long as somebody has it open: the kernel refuses. */
	assert_int_equal(remount(in_upper(""), MS_RDONLY), EBUSY);
	closed(a);
	control("evict");
	if (remount(in_upper(""), MS_RDONLY) != 0)
		SKIP_BECAUSE("the backing filesystem cannot be remounted read-only: %s",
			     strerror(errno));
	reader = opened(in_mount("x"), O_RDONLY);
	assert_int_equal(read(reader, &byte, 1), 1);
	assert_fsync(reader, 0);
	assert_int_equal(errno_of(open(in_mount("x"), O_RDWR)), EROFS);
	assert_int_equal(errno_of(open(in_mount("new"), O_RDWR | O_CREAT, 0600)), EROFS);
	assert_int_equal(errno_of(mkdir(in_mount("new"), 0700)), EROFS);
	assert_int_equal(errno_of(unlink(in_mount("x"))), EROFS);
	assert_int_equal(remount(in_upper(""), 0), 0);
	dirty(file("x"));
	assert_fsync(file("x"), 0);
}

/* A backing directory made unwritable: what was allowed at open is not failed later. */
static void permissions_that_go_after_the_open_fail_nothing(void **state)
{
	int a;

	(void)state;
	start_daemon(NULL);
	a = file("x");
	assert_int_equal(chmod(in_upper("x"), 0), 0);
	assert_int_equal(chmod(in_upper(""), 0500), 0);
	write_blocks(a, 2);
	assert_fsync(a, 0);
	assert_int_equal(chmod(in_upper(""), 0755), 0);
	assert_true(has_blocks(in_upper("x"), 2));
}

/* A file that somebody removed behind the daemon's back: the open handle still writes to it. */
static void a_backing_file_that_went_away_fails_nothing_that_was_open(void **state)
{
	int a;

	(void)state;
	start_daemon(NULL);
	a = file("x");
	assert_int_equal(unlink(in_upper("x")), 0);
	assert_int_equal(pwrite(a, zeros, sizeof(zeros), 0), sizeof(zeros));
	assert_fsync(a, 0);
}

/* -------------------------------------------------------------------------------------------------------- */

#define WITH_NOTHING(test) cmocka_unit_test_setup_teardown(test, with_nothing, without_daemon)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_NOTHING(on_a_full_store_write_succeeds_and_each_handle_is_told_enospc_once),
		WITH_NOTHING(a_store_that_fills_up_in_the_background_is_told),
		WITH_NOTHING(what_fits_is_acknowledged_and_there_and_after_making_room_all_is),
		WITH_NOTHING(on_a_store_without_inodes_create_fails_at_once),
		WITH_NOTHING(a_view_fails_for_ever_after_the_store_was_full),
		WITH_NOTHING(above_the_daemon_s_file_limit_write_is_short_and_then_fails),
		WITH_NOTHING(above_the_daemon_s_file_limit_truncate_fails),
		WITH_NOTHING(a_file_above_the_daemon_s_file_limit_is_written_below_it),
		WITH_NOTHING(a_size_that_the_store_cannot_have_is_refused_at_the_call),
		WITH_NOTHING(a_size_that_a_filesystem_below_the_store_cannot_have_is_refused),
		WITH_NOTHING(
			on_a_store_that_became_read_only_opening_for_writing_fails_and_reading_works),
		WITH_NOTHING(permissions_that_go_after_the_open_fail_nothing),
		WITH_NOTHING(a_backing_file_that_went_away_fails_nothing_that_was_open),
	};

	begin_program();
	return end_program(cmocka_run_group_tests(tests, NULL, NULL));
}
