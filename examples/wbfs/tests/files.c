/* SPDX-License-Identifier: MIT */
/*
 * What becomes of an error in the life of a file: rows of the table of files that was measured on real kernels. The
 * number above a case is the row's.
 *
 * "In the background" is what `sync` to the control file does, unless a case says otherwise. fsync of a directory
 * handle stands for syncfs, which FUSE does not deliver.
 */
#include "mounted.h"

#include <sys/mman.h>
#include <sys/mount.h>

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

/* ------------------------------------------------------------------------------------------------------- */

#define WITH_DAEMON(test) cmocka_unit_test_setup_teardown(test, with_daemon, without_daemon)

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
	};

	begin_program();
	return end_program(cmocka_run_group_tests(tests, NULL, NULL));
}
