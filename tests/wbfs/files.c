/* SPDX-License-Identifier: MIT */
/*
 * Who is told of which error, and how often, through the handles of a mounted wbfs: the rows of the table of files
 * that were measured on real kernels, one by one. The number above a case is the row's.
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

/* ---- who is told --------------------------------------------------------------------------------- */

/* S01 */
static void each_of_four_handles_is_told_once_the_read_only_one_too(void **state)
{
	int fd[4], i;

	(void)state;
	for (i = 0; i < 3; i++)
		fd[i] = file("x");
	fd[3] = opened(in_mount("x"), O_RDONLY);
	control("EIO");
	for (i = 0; i < 3; i++)
		dirty(fd[i]);
	for (i = 0; i < 4; i++)
		assert_fsync(fd[i], EIO);
	for (i = 0; i < 4; i++)
		assert_fsync(fd[i], 0);
	control("ok");
	for (i = 0; i < 4; i++)
		assert_fsync(fd[i], 0);
}

/* S01, -n 1000 */
static void each_of_1000_handles_is_told_once(void **state)
{
	static int fd[ALL_HANDLES];
	int i;

	(void)state;
	for (i = 0; i < ALL_HANDLES - 1; i++)
		fd[i] = file("x");
	fd[i] = opened(in_mount("x"), O_RDONLY);
	fail_in_background(fd[0], "EIO");
	for (i = 0; i < ALL_HANDLES; i++)
		assert_fsync(fd[i], EIO);
	for (i = 0; i < ALL_HANDLES; i++)
		assert_fsync(fd[i], 0);
}

/* S02 */
static void who_opens_after_an_error_that_nobody_saw_is_told_too(void **state)
{
	int keep = file("x"), late1, late2;

	(void)state;
	fail_in_background(keep, "EIO");
	late1 = again("x");
	late2 = again("x");
	assert_told_once(late1, EIO);
	assert_told_once(late2, EIO);
	assert_told_once(keep, EIO);
}

/* S02 */
static void opening_does_not_mark_an_error_as_seen(void **state)
{
	int keep = file("x"), i;

	(void)state;
	fail_in_background(keep, "EIO");
	for (i = 0; i < 3; i++)
		closed(again("x"));
	assert_told_once(again("x"), EIO);
	assert_told_once(keep, EIO);
}

/* S02: `later` */
static void who_opens_after_somebody_was_told_is_not_though_another_has_not_looked_yet(void **state)
{
	int keep = file("x"), late1, later;

	(void)state;
	fail_in_background(keep, "EIO");
	late1 = again("x");
	assert_fsync(late1, EIO);
	later = again("x");
	assert_fsync(later, 0);
	assert_fsync(late1, 0);
	assert_told_once(keep, EIO);
	assert_fsync(later, 0);
}

/* S03 */
static void an_error_that_somebody_saw_is_past_for_newcomers_and_owed_to_those_before(void **state)
{
	int a = file("x"), b = again("x"), c;

	(void)state;
	control("EIO");
	dirty(a);
	assert_fsync(a, EIO);
	c = again("x");
	assert_fsync(c, 0);
	assert_fsync(b, EIO);
	assert_fsync(a, 0);
	assert_fsync(b, 0);
	assert_fsync(c, 0);
}

/* S04: dup */
static void a_handle_and_its_dup_are_told_once_together(void **state)
{
	int a = file("x"), a2 = dup(a), b = again("x");

	(void)state;
	fail_in_background(a, "EIO");
	assert_fsync(a2, EIO);
	assert_fsync(a, 0);
	assert_fsync(a2, 0);
	close(a2);
	assert_told_once(b, EIO);
}

/* S04: fork */
static void parent_and_child_are_told_once_together(void **state)
{
	int a = file("x");
	pid_t child;

	(void)state;
	fail_in_background(a, "EIO");
	child = forked();
	if (child == 0)
		_exit(errno_of(fsync(a)));
	assert_int_equal(status_of(child), EIO);
	assert_fsync(a, 0);
}

/* S04, and "FLUSH arrives when a child that inherited the descriptor exits". */
static void a_child_that_only_exits_takes_nothing(void **state)
{
	int a = file("x"), i;

	(void)state;
	fail_in_background(a, "EIO");
	for (i = 0; i < 3; i++) {
		pid_t child = forked();

		if (child == 0)
			_exit(0);
		assert_int_equal(status_of(child), 0);
	}
	assert_told_once(a, EIO);
}

/* S04: /proc/self/fd/N */
static void a_handle_reopened_through_proc_is_told_for_itself(void **state)
{
	char name[64];
	int a = file("x"), reopened;

	(void)state;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", a);
	reopened = opened(name, O_RDWR);
	fail_in_background(a, "EIO");
	assert_told_once(a, EIO);
	assert_told_once(reopened, EIO);
}

/* ---- several errors ------------------------------------------------------------------------------ */

/* S05 */
static void of_two_errors_before_a_look_the_latest_is_told_once(void **state)
{
	int a = file("x"), b = again("x");

	(void)state;
	fail_in_background(a, "EIO");
	fail_in_background(b, "ENOSPC");
	assert_told_once(a, ENOSPC);
	assert_told_once(b, ENOSPC);
	fail_in_background(a, "ENOSPC");
	fail_in_background(b, "EIO");
	assert_told_once(a, EIO);
	assert_told_once(b, EIO);
}

/* S05b */
static void who_did_not_look_between_two_errors_is_told_of_the_second_only(void **state)
{
	int a = file("x"), b = again("x");

	(void)state;
	fail_in_background(a, "EIO");
	assert_fsync(a, EIO);
	fail_in_background(a, "ENOSPC");
	assert_told_once(a, ENOSPC);
	assert_told_once(b, ENOSPC);
}

/* S06 */
static void the_same_error_again_is_told_again_to_who_saw_the_first(void **state)
{
	int a = file("x"), b = again("x");

	(void)state;
	fail_in_background(a, "EIO");
	fail_in_background(a, "EIO");
	assert_told_once(a, EIO);
	fail_in_background(a, "EIO");
	assert_told_once(a, EIO);
	assert_told_once(b, EIO);
}

static void any_errno_that_the_kernel_lets_through_is_told_as_it_is(void **state)
{
	static const struct {
		const char *name;
		int error;
	} errors[] = {
		{ "EIO", EIO },	      { "ENOSPC", ENOSPC },   { "EDQUOT", EDQUOT },
		{ "EFBIG", EFBIG },   { "EROFS", EROFS },     { "ENXIO", ENXIO },
		{ "ENODEV", ENODEV }, { "ESTALE", ESTALE },   { "ETIMEDOUT", ETIMEDOUT },
		{ "1", 1 },	      { "ENOLINK", ENOLINK }, { "EREMOTEIO", EREMOTEIO },
		{ "511", 511 },	      { "4", EINTR },	      { "11", EAGAIN },
	};
	int a = file("x"), b = again("x");
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(errors); i++) {
		fail_in_background(a, errors[i].name);
		assert_told_once(a, errors[i].error);
		assert_told_once(b, errors[i].error);
	}
}

/* ---- inode and superblock ------------------------------------------------------------------------ */

/* S07 */
static void every_directory_handle_is_told_of_an_error_in_any_file_and_its_inode_is_told_apart(
	void **state)
{
	int x = file("x"), y = file("y"), dir, dir2, sub, late, later;

	(void)state;
	assert_int_equal(mkdir(in_mount("sub"), 0755), 0);
	dir = root();
	dir2 = root();
	sub = opened(in_mount("sub"), O_RDONLY | O_DIRECTORY);
	fail_in_background(x, "EIO");
	late = root();
	assert_told_once(dir, EIO);
	assert_told_once(sub, EIO);
	assert_told_once(late, EIO);
	later = root();
	assert_fsync(later, 0);
	assert_told_once(x, EIO);
	assert_told_once(dir2, EIO);
	assert_fsync(y, 0);
	assert_fsync(later, 0);
}

/* S08 */
static void a_sync_of_all_that_fails_itself_tells_its_directory_handle_and_all_others(void **state)
{
	int x = file("x"), y = file("y"), dir = root(), other = root();

	(void)state;
	control("EIO");
	dirty(x);
	dirty(y);
	assert_fsync(dir, EIO);
	assert_fsync(dir, 0);
	assert_fsync(other, EIO);
	assert_fsync(x, EIO);
	assert_fsync(y, EIO);
	assert_fsync(other, 0);
	assert_fsync(x, 0);
	assert_fsync(y, 0);
}

/* S08: "after fsync consumed a new error" */
static void what_a_file_handle_was_told_is_still_owed_to_directory_handles(void **state)
{
	int x = file("x"), dir = root();

	(void)state;
	control("EIO");
	dirty(x);
	assert_told_once(x, EIO);
	assert_told_once(root(), EIO);
	assert_told_once(dir, EIO);
}

static void a_sync_of_all_writes_all_back(void **state)
{
	int x = file("x"), y = file("y");

	(void)state;
	dirty(x);
	dirty(y);
	assert_fsync(root(), 0);
	assert_true(first_byte(in_upper("x")) >= '0');
	assert_true(first_byte(in_upper("y")) >= '0');
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
static void unmounting_while_write_back_fails_succeeds(void **state)
{
	int a = file("x");

	(void)state;
	control("EIO");
	dirty(a);
	closed(a);
	assert_int_equal(stop_daemon(), 0);
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
		WITH_DAEMON(each_of_four_handles_is_told_once_the_read_only_one_too),
		WITH_DAEMON(each_of_1000_handles_is_told_once),
		WITH_DAEMON(who_opens_after_an_error_that_nobody_saw_is_told_too),
		WITH_DAEMON(opening_does_not_mark_an_error_as_seen),
		WITH_DAEMON(
			who_opens_after_somebody_was_told_is_not_though_another_has_not_looked_yet),
		WITH_DAEMON(
			an_error_that_somebody_saw_is_past_for_newcomers_and_owed_to_those_before),
		WITH_DAEMON(a_handle_and_its_dup_are_told_once_together),
		WITH_DAEMON(parent_and_child_are_told_once_together),
		WITH_DAEMON(a_child_that_only_exits_takes_nothing),
		WITH_DAEMON(a_handle_reopened_through_proc_is_told_for_itself),
		WITH_DAEMON(of_two_errors_before_a_look_the_latest_is_told_once),
		WITH_DAEMON(who_did_not_look_between_two_errors_is_told_of_the_second_only),
		WITH_DAEMON(the_same_error_again_is_told_again_to_who_saw_the_first),
		WITH_DAEMON(any_errno_that_the_kernel_lets_through_is_told_as_it_is),
		WITH_DAEMON(
			every_directory_handle_is_told_of_an_error_in_any_file_and_its_inode_is_told_apart),
		WITH_DAEMON(
			a_sync_of_all_that_fails_itself_tells_its_directory_handle_and_all_others),
		WITH_DAEMON(what_a_file_handle_was_told_is_still_owed_to_directory_handles),
		WITH_DAEMON(a_sync_of_all_writes_all_back),
		WITH_DAEMON(fdatasync_tells_and_takes),
		WITH_DAEMON(a_write_to_an_o_sync_handle_tells_and_takes),
		WITH_DAEMON(a_write_to_an_o_dsync_handle_tells_and_takes),
		WITH_DAEMON(msync_tells_and_takes),
		WITH_DAEMON(sync_sync_file_range_munmap_read_write_and_stat_take_nothing),
		WITH_DAEMON(close_tells_and_does_not_take),
		WITH_DAEMON(an_error_that_only_closes_saw_is_owed_to_whoever_opens_next),
		WITH_DAEMON(write_does_not_fail_because_of_a_past_error),
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
		WITH_DAEMON(unmounting_while_write_back_fails_succeeds),
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
