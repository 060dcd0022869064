/* SPDX-License-Identifier: MIT */
/*
 * What becomes of an error in the life of a file: the rows of the table of files that were measured on real kernels. Then
 * the flusher, which writes back by itself, and the control file. The number above a case is the row's.
 *
 * "In the background" is what `sync` to the control file does, unless a case says otherwise. fsync of a directory
 * handle stands for syncfs, which FUSE does not deliver.
 */
#include "mounted.h"

#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <sys/wait.h>

enum {
	PAGE = 4096,
	ALL_HANDLES = 1000
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

/* ---- the life of an inode ------------------------------------------------------------------------- */

/* S11 */
static void an_error_outlives_all_handles_while_the_inode_is_cached(void **state)
{
	int a = file("x");

	(void)state;
	fail_in_background(a, "EIO");
	closed(a);
	assert_told_once(again("x"), EIO);
}

/* S11 */
static void an_evicted_inode_loses_its_error_and_the_superblock_keeps_it(void **state)
{
	int a = file("x");

	(void)state;
	fail_in_background(a, "EIO");
	closed(a);
	control("evict");
	assert_fsync(again("x"), 0);
	assert_told_once(root(), EIO);
}

/* S13: as drop_caches, it takes the data that was lost, and of an open inode nothing else. */
static void an_open_inode_keeps_its_error_and_not_what_could_not_be_written(void **state)
{
	int a = file("x"), b = again("x");

	(void)state;
	assert_int_equal(pwrite(a, "old", 3, 0), 3);
	assert_fsync(a, 0);
	control("EIO");
	assert_int_equal(pwrite(a, "new", 3, 0), 3);
	control("sync");
	control("ok");
	closed(a);
	control("evict");
	assert_told_once(b, EIO);
	assert_int_equal(first_byte(in_mount("x")), 'o');
}

static void dirty_data_is_not_evicted(void **state)
{
	int a = file("x");
	char byte;

	(void)state;
	assert_int_equal(write(a, "d", 1), 1);
	closed(a);
	control("evict");
	a = again("x");
	assert_int_equal(read(a, &byte, 1), 1);
	assert_int_equal(byte, 'd');
	assert_fsync(a, 0);
	assert_int_equal(first_byte(in_upper("x")), 'd');
}

/* S12 */
static void data_dirtied_by_mmap_only_fails_msync_and_fsync_once_each(void **state)
{
	int a = file("x"), b = again("x");
	char *mapped;

	(void)state;
	assert_int_equal(ftruncate(a, PAGE), 0);
	assert_fsync(a, 0);
	mapped = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, b, 0);
	assert_true(mapped != MAP_FAILED);
	control("EIO");
	memset(mapped, 'm', PAGE);
	assert_int_equal(errno_of(msync(mapped, PAGE, MS_SYNC)), EIO);
	assert_fsync(a, EIO);
	assert_int_equal(errno_of(msync(mapped, PAGE, MS_SYNC)), 0);
	assert_fsync(a, 0);
	assert_fsync(b, 0);
	munmap(mapped, PAGE);
}

/* S13 */
static void after_the_report_the_cache_has_the_new_data_and_the_store_the_old_which_eviction_shows(
	void **state)
{
	int a = file("x");
	char byte;

	(void)state;
	assert_int_equal(pwrite(a, "old", 3, 0), 3);
	assert_fsync(a, 0);
	control("EIO");
	assert_int_equal(pwrite(a, "new", 3, 0), 3);
	assert_told_once(a, EIO);
	control("ok");
	assert_fsync(a, 0); /* clean: it is not written again */
	assert_int_equal(pread(a, &byte, 1, 0), 1);
	assert_int_equal(byte, 'n');
	assert_int_equal(first_byte(in_upper("x")), 'o');
	assert_int_equal(first_byte(in_mount("x")), 'n');
	closed(a);
	control("evict");
	assert_int_equal(first_byte(in_mount("x")), 'o');
	assert_int_equal(first_byte(in_upper("x")), 'o');
}

/* S13: what is written again after a report is written back again */
static void data_written_again_after_the_report_reaches_the_store(void **state)
{
	int a = file("x");

	(void)state;
	control("EIO");
	assert_int_equal(pwrite(a, "1", 1, 0), 1);
	assert_told_once(a, EIO);
	control("ok");
	assert_int_equal(pwrite(a, "2", 1, 0), 1);
	assert_fsync(a, 0);
	assert_int_equal(first_byte(in_upper("x")), '2');
}

/* S14 */
static void a_read_only_and_a_direct_handle_are_told_and_a_path_handle_cannot_ask(void **state)
{
	int a = file("x"), reader = opened(in_mount("x"), O_RDONLY),
	    direct = opened(in_mount("x"), O_RDWR | O_DIRECT), path = opened(in_mount("x"), O_PATH);

	(void)state;
	fail_in_background(a, "EIO");
	assert_told_once(reader, EIO);
	assert_told_once(direct, EIO);
	assert_fsync(path, EBADF);
	assert_told_once(a, EIO);
}

/* S15 */
static void unmounting_with_an_unseen_error_succeeds_and_all_is_forgotten(void **state)
{
	int a = file("x");

	(void)state;
	fail_in_background(a, "EIO");
	closed(a);
	assert_int_equal(stop_daemon(), 0);
	start_daemon(NULL);
	assert_fsync(again("x"), 0);
	assert_fsync(root(), 0);
}

/* S15: what fails at that moment */
static void the_exit_status_says_that_the_last_write_back_failed(void **state)
{
	int a = file("x");

	(void)state;
	control("EIO");
	dirty(a);
	closed(a);
	assert_int_equal(stop_daemon(), 1);
	assert_true(daemon_said("the last write-back failed"));
	assert_true(daemon_said("upper/x'"));
	start_daemon(NULL);
	assert_fsync(again("x"), 0);
	assert_fsync(root(), 0);
}

/* ---- nothing clears it ------------------------------------------------------------------------------ */

/* S16 */
static void unlink_does_not_clear_an_error(void **state)
{
	int a = file("x"), b = again("x");

	(void)state;
	fail_in_background(a, "EIO");
	assert_int_equal(unlink(in_mount("x")), 0);
	assert_told_once(a, EIO);
	assert_told_once(b, EIO);

	/* And an unlinked file goes on to work, and to fail. */
	fail_in_background(a, "ENOSPC");
	assert_told_once(b, ENOSPC);
	assert_told_once(a, ENOSPC);
}

/* S16 */
static void a_hard_link_shares_the_errors(void **state)
{
	int a = file("x"), linked, late;

	(void)state;
	assert_int_equal(link(in_mount("x"), in_mount("y")), 0);
	linked = again("y");
	fail_in_background(a, "EIO");
	late = again("y");
	assert_told_once(linked, EIO);
	assert_told_once(a, EIO);
	assert_told_once(late, EIO);
	assert_fsync(again("y"), 0);
}

/* S16 */
static void ftruncate_does_not_clear_an_error(void **state)
{
	int a = file("x"), b = again("x");

	(void)state;
	fail_in_background(a, "EIO");
	assert_int_equal(ftruncate(a, 0), 0);
	assert_told_once(b, EIO);
	assert_told_once(a, EIO);
}

/* S16 */
static void opening_with_o_trunc_does_not_clear_an_error(void **state)
{
	int a = file("x"), truncating;

	(void)state;
	fail_in_background(a, "EIO");
	truncating = opened(in_mount("x"), O_RDWR | O_TRUNC);
	assert_told_once(truncating, EIO);
	assert_told_once(a, EIO);

	/* creat(2) of a file that is there, and of one that all have closed. */
	fail_in_background(a, "ENOSPC");
	closed(a);
	closed(truncating);
	assert_told_once(opened(in_mount("x"), O_WRONLY | O_CREAT | O_TRUNC), ENOSPC);
}

/* S16 */
static void rename_does_not_clear_an_error(void **state)
{
	int a = file("x"), z = file("z");

	(void)state;
	fail_in_background(a, "EIO");
	assert_int_equal(rename(in_mount("x"), in_mount("z")), 0);
	assert_told_once(again("z"), EIO);
	assert_told_once(a, EIO);
	assert_fsync(z, 0); /* the one that was replaced */
}

/* S16 */
static void a_bind_mount_shows_the_same_errors(void **state)
{
	char bound[64];
	int a = file("x"), b;

	(void)state;
	assert_int_equal(mkdir(in_folder("bound"), 0755), 0);
	if (mount(in_mount(""), in_folder("bound"), NULL, MS_BIND, NULL) < 0)
		SKIP_BECAUSE("bind mounts are not allowed here");
	snprintf(bound, sizeof(bound), "bound/x");
	b = opened(in_folder(bound), O_RDONLY);
	fail_in_background(a, "EIO");
	assert_told_once(b, EIO);
	assert_told_once(a, EIO);
	closed(b);
	assert_int_equal(umount2(in_folder("bound"), 0), 0);
}

/* ---- coreutils --------------------------------------------------------------------------------------- */

/* S18. `sync -f` calls syncfs, of which wbfs never hears; `sync DIRECTORY` is what it can answer. */
static void coreutils_sync_says_what_its_own_handle_is_told(void **state)
{
	int a = file("x"), dir = root();

	(void)state;
	if (run("sync", "--version", NULL) != 0)
		SKIP_BECAUSE("there is no sync of coreutils");
	fail_in_background(a, "EIO");
	assert_int_equal(run("sync", in_mount("x"), NULL), 1);
	assert_int_equal(run("sync", in_mount("x"), NULL), 0);
	assert_int_equal(run("sync", in_mount(""), NULL), 1);
	assert_int_equal(run("sync", in_mount(""), NULL), 0);
	assert_told_once(a, EIO);
	assert_told_once(dir, EIO);
	fail_in_background(a, "EIO");
	assert_int_equal(run("sync", NULL), 0); /* asks for no result */
	assert_told_once(a, EIO);
	assert_told_once(dir, EIO);
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

/* ------------------------------------------------------------------------------------------------------- */

#define WITH_DAEMON(test)  cmocka_unit_test_setup_teardown(test, with_daemon, without_daemon)
#define WITH_NOTHING(test) cmocka_unit_test_setup_teardown(test, with_nothing, without_daemon)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DAEMON(an_error_outlives_all_handles_while_the_inode_is_cached),
		WITH_DAEMON(an_evicted_inode_loses_its_error_and_the_superblock_keeps_it),
		WITH_DAEMON(an_open_inode_keeps_its_error_and_not_what_could_not_be_written),
		WITH_DAEMON(dirty_data_is_not_evicted),
		WITH_DAEMON(data_dirtied_by_mmap_only_fails_msync_and_fsync_once_each),
		WITH_DAEMON(
			after_the_report_the_cache_has_the_new_data_and_the_store_the_old_which_eviction_shows),
		WITH_DAEMON(data_written_again_after_the_report_reaches_the_store),
		WITH_DAEMON(a_read_only_and_a_direct_handle_are_told_and_a_path_handle_cannot_ask),
		WITH_DAEMON(unmounting_with_an_unseen_error_succeeds_and_all_is_forgotten),
		WITH_DAEMON(the_exit_status_says_that_the_last_write_back_failed),
		WITH_DAEMON(unlink_does_not_clear_an_error),
		WITH_DAEMON(a_hard_link_shares_the_errors),
		WITH_DAEMON(ftruncate_does_not_clear_an_error),
		WITH_DAEMON(opening_with_o_trunc_does_not_clear_an_error),
		WITH_DAEMON(rename_does_not_clear_an_error),
		WITH_DAEMON(a_bind_mount_shows_the_same_errors),
		WITH_DAEMON(coreutils_sync_says_what_its_own_handle_is_told),
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
