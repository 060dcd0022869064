/* SPDX-License-Identifier: MIT */
/*
 * wbfs --volatile: a view of the same files that writes nothing back, fails for ever after the first new error,
 * and takes no error from anybody. The rows of the table of overlay filesystems, whose volatile mounts it is modelled
 * on. The number above a case is the row's; where wbfs does better than the kernel, the case says so.
 *
 * usage: view [ERRORS]: for the case that counts them; by default 300
 */
#include "mounted.h"

#include <dirent.h>
#include <pthread.h>

enum {
	THREADS = 32
};

static unsigned long errors = 300;

static int upper_file(const char *name)
{
	return opened(in_mount(name), O_RDWR | O_CREAT);
}

static int upper_root(void)
{
	return opened(in_mount(""), O_RDONLY | O_DIRECTORY);
}

static int view_file(unsigned number, const char *name)
{
	return opened(in_view(number, name), O_RDWR | O_CREAT);
}

static int view_root(unsigned number)
{
	return opened(in_view(number, ""), O_RDONLY | O_DIRECTORY);
}

/* Two handles, each asked again and again, one opened for this. */
static void assert_view_fails_for_ever(unsigned number, int fd)
{
	int late = view_file(number, "x"), dir = view_root(number), i;

	for (i = 0; i < 3; i++) {
		assert_fsync(fd, EIO);
		assert_fsync(late, EIO);
		assert_fsync(dir, EIO);
		assert_int_equal(errno_of(fdatasync(fd)), EIO);
	}
	closed(late);
	closed(dir);
}

static void assert_view_works(unsigned number, int fd)
{
	int late = view_file(number, "x"), dir = view_root(number);

	assert_fsync(fd, 0);
	assert_fsync(late, 0);
	assert_fsync(dir, 0);
	assert_int_equal(errno_of(fdatasync(fd)), 0);
	closed(late);
	closed(dir);
}

/* ---- after an error -------------------------------------------------------------------------------- */

/* O2. The kernel says the error's own errno at fsync and EIO at syncfs; wbfs says EIO. */
static void after_an_error_each_fsync_of_each_handle_fails_for_ever_and_write_and_read_work(
	void **state)
{
	int fd, u = upper_file("x");
	char byte;

	(void)state;
	fd = view_file(0, "x");
	assert_view_works(0, fd);
	fail_in_background(u, "ENOSPC");
	assert_view_fails_for_ever(0, fd);
	assert_int_equal(pwrite(fd, "v", 1, 0), 1);
	assert_int_equal(pread(fd, &byte, 1, 0), 1);
	assert_int_equal(byte, 'v');
	assert_int_equal(errno_of(sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE)), 0);
	assert_view_fails_for_ever(0, fd);
}

/* O2: does the volatile mount consume? */
static void the_view_takes_nothing_from_the_upper(void **state)
{
	int a = upper_file("x"), b = upper_file("x"), dir = upper_root(), dir2 = upper_root();
	int fd;

	(void)state;
	fd = view_file(0, "x");
	fail_in_background(a, "ENOSPC");
	assert_view_fails_for_ever(0, fd);
	assert_told_once(dir, ENOSPC);
	assert_told_once(a, ENOSPC);
	assert_view_fails_for_ever(0, fd);
	/* As if nobody had looked: a handle that is opened now comes after a and dir were told. */
	assert_fsync(upper_file("x"), 0);
	assert_fsync(upper_root(), 0);
	assert_told_once(dir2, ENOSPC);
	assert_told_once(b, ENOSPC);
	assert_view_fails_for_ever(0, fd);
}

/* What the inode's word says is for the upper's handles. */
static void close_in_a_view_says_nothing(void **state)
{
	int a = upper_file("x"), before, after;

	(void)state;
	before = view_file(0, "x");
	fail_in_background(a, "ENOSPC");
	after = view_file(0, "x");
	assert_int_equal(pwrite(before, "v", 1, 0), 1);
	assert_int_equal(errno_of(close(before)), 0);
	closed(before);
	assert_int_equal(errno_of(close(after)), 0);
	closed(after);
	assert_told_once(a, ENOSPC);
}

/* O2: the view's failures do not count as having told somebody. */
static void what_only_the_view_saw_is_owed_to_whoever_opens_in_the_upper(void **state)
{
	int a = upper_file("x"), fd;

	(void)state;
	fd = view_file(0, "x");
	fail_in_background(a, "EIO");
	closed(a);
	assert_view_fails_for_ever(0, fd);
	closed(fd);
	assert_told_once(upper_file("x"), EIO);
	assert_told_once(upper_root(), EIO);
}

/* O2: second error on the upper. The kernel switches to its errno; wbfs says EIO before and after. */
static void after_a_second_error_it_fails_as_before(void **state)
{
	int a = upper_file("x"), fd = view_file(0, "x");

	(void)state;
	fail_in_background(a, "ENOSPC");
	assert_view_fails_for_ever(0, fd);
	fail_in_background(a, "EDQUOT");
	assert_view_fails_for_ever(0, fd);
	assert_told_once(a, EDQUOT);
	assert_view_fails_for_ever(0, fd);
}

/*
 * For ever: also when the word has come round to the value at which the view was mounted, after exactly 2^18 errors
 * that the upper was told of each. That many take a minute or two: the long version.
 */
static void it_fails_after_so_many_errors_that_the_upper_was_told_of(void **state)
{
	int a, dir, fd;
	unsigned long i;

	(void)state;
	(void)put_upper_on_tmpfs("size=16m"); /* if it may be: syncfs is faster there */
	start_daemon(NULL);
	a = upper_file("x");
	dir = upper_root();
	fail_in_background(a, "EIO");
	assert_fsync(dir, EIO);
	assert_int_equal(start_view(0, NULL), 0);
	fd = view_file(0, "x");
	assert_view_works(0, fd);
	control("EIO");
	for (i = 0; i < errors; i++) {
		dirty(a);
		assert_fsync(a, EIO);
		assert_fsync(dir, EIO);
		if (i == 0)
			assert_view_fails_for_ever(0, fd);
	}
	assert_view_fails_for_ever(0, fd);
	control("ok");
	assert_view_fails_for_ever(0, fd);
}

/* O5 */
static void an_error_in_a_file_that_the_view_never_opened_breaks_it_too(void **state)
{
	int fd = view_file(0, "x");

	(void)state;
	fail_in_background(upper_file("elsewhere"), "EIO");
	assert_view_fails_for_ever(0, fd);
}

static void *look(void *fd)
{
	return (void *)(intptr_t)errno_of(fsync(*(int *)fd));
}

/* O8 */
static void it_writes_nothing_back_and_fails_when_somebody_else_did(void **state)
{
	int fd = view_file(0, "x"), i;
	pthread_t threads[THREADS];
	struct stat stat_of_upper;

	(void)state;
	control("EIO");
	dirty(fd);
	assert_view_works(0, fd);
	assert_int_equal(stat(in_upper("x"), &stat_of_upper), 0);
	assert_int_equal(stat_of_upper.st_size, 0);
	control("sync");
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, look, &fd), 0);
	for (i = 0; i < THREADS; i++) {
		void *result;

		pthread_join(threads[i], &result);
		assert_int_equal((intptr_t)result, EIO);
	}
	control("ok");
	assert_view_fails_for_ever(0, fd);
}

/* O8, with nothing that fails: its data reaches the store by others' doing only. */
static void its_fsync_is_no_write_back(void **state)
{
	int fd = view_file(0, "x"), sync;
	struct stat stat_of_upper;

	(void)state;
	dirty(fd);
	assert_view_works(0, fd);
	sync = opened(in_view(0, "x"), O_WRONLY | O_SYNC);
	assert_int_equal(pwrite(sync, "s", 1, 0), 1);
	assert_int_equal(stat(in_upper("x"), &stat_of_upper), 0);
	assert_int_equal(stat_of_upper.st_size, 0);
	assert_fsync(upper_file("x"), 0);
	assert_int_equal(stat(in_upper("x"), &stat_of_upper), 0);
	assert_int_equal(stat_of_upper.st_size, 4096);
}

/* ---- mounting -------------------------------------------------------------------------------------- */

/* O10 */
static void a_second_view_after_the_error_was_seen_works_until_the_next_and_the_first_stays_broken(
	void **state)
{
	int a = upper_file("x"), fd = view_file(0, "x"), fd1;

	(void)state;
	fail_in_background(a, "EIO");
	assert_told_once(a, EIO);
	assert_told_once(upper_root(), EIO);
	assert_int_equal(start_view(1, NULL), 0);
	fd1 = view_file(1, "x");
	assert_view_works(1, fd1);
	assert_view_fails_for_ever(0, fd);
	fail_in_background(a, "EIO");
	assert_view_fails_for_ever(0, fd);
	assert_view_fails_for_ever(1, fd1);
	closed(fd1);
	stop_view(1);
}

/* O3. The kernel refuses to mount; wbfs peeks instead. */
static void it_mounts_over_an_error_that_nobody_saw_which_stays_owed_to_the_upper(void **state)
{
	int a = upper_file("x"), dir = upper_root(), fd, fd1;

	(void)state;
	fail_in_background(a, "EIO");
	assert_int_equal(start_view(0, NULL), 0);
	fd = view_file(0, "x");
	assert_view_works(0, fd);
	assert_int_equal(start_view(1, NULL), 0);
	fd1 = view_file(1, "x");
	assert_told_once(upper_root(), EIO);
	assert_told_once(dir, EIO);
	assert_fsync(upper_root(), 0);
	assert_told_once(a, EIO);
	assert_view_works(0, fd);
	assert_view_works(1, fd1);
	fail_in_background(a, "EIO"); /* the same one again is news */
	assert_view_fails_for_ever(0, fd);
	assert_view_fails_for_ever(1, fd1);
	closed(fd1);
	stop_view(1);
}

/* O3: the next error comes while the first is still unseen. Without the observed flag it would look like it. */
static void the_same_error_again_over_one_that_nobody_saw_breaks_it(void **state)
{
	int a = upper_file("x"), dir = upper_root(), fd;

	(void)state;
	fail_in_background(a, "EIO");
	assert_int_equal(start_view(0, NULL), 0);
	fd = view_file(0, "x");
	assert_view_works(0, fd);
	fail_in_background(a, "EIO");
	assert_view_fails_for_ever(0, fd);
	assert_told_once(dir, EIO);
	assert_told_once(a, EIO);
}

/* O4 */
static void it_mounts_over_an_error_that_only_an_fsync_was_told_of(void **state)
{
	int a = upper_file("x"), fd;

	(void)state;
	control("EIO");
	dirty(a);
	assert_told_once(a, EIO);
	control("ok");
	assert_int_equal(start_view(0, NULL), 0);
	fd = view_file(0, "x");
	assert_view_works(0, fd);
	assert_told_once(upper_root(), EIO);
	assert_view_works(0, fd);
}

/* O6: a remount forgets. With --state it need not: see state.sh. */
static void unmounted_and_mounted_again_it_starts_at_the_present(void **state)
{
	int a = upper_file("x"), fd = view_file(0, "x");

	(void)state;
	fail_in_background(a, "EIO");
	assert_view_fails_for_ever(0, fd);
	closed(fd);
	stop_view(0);
	assert_int_equal(start_view(0, NULL), 0);
	fd = view_file(0, "x");
	assert_view_works(0, fd);
	assert_told_once(a, EIO);
}

/* ---- --strict --------------------------------------------------------------------------------------- */

static void with_strict_read_and_write_fail_too_after_an_error(void **state)
{
	int a = upper_file("x"), fd, late;
	char byte;

	(void)state;
	assert_int_equal(start_view(0, "--strict", NULL), 0);
	fd = view_file(0, "x");
	assert_int_equal(pwrite(fd, "v", 1, 0), 1);
	assert_int_equal(pread(fd, &byte, 1, 0), 1);
	fail_in_background(a, "ENOSPC");
	assert_view_fails_for_ever(0, fd);
	assert_int_equal(errno_of(pwrite(fd, "w", 1, 0)), EIO);
	late = opened(in_view(0, "x"), O_RDWR);
	assert_int_equal(errno_of(pread(late, &byte, 1, 0)), EIO);
	assert_int_equal(errno_of(pwrite(late, "w", 1, 0)), EIO);
	/* The upper's handles go on, with what was written before. */
	assert_told_once(a, ENOSPC);
	assert_int_equal(pread(a, &byte, 1, 0), 1);
	assert_true(byte != 'w');
	assert_told_once(upper_root(), ENOSPC);
}

/* --------------------------------------------------------------------------------------------------------- */

#define WITH_VIEW(test)	  cmocka_unit_test_setup_teardown(test, with_daemon_and_view, without_daemon)
#define WITH_DAEMON(test) cmocka_unit_test_setup_teardown(test, with_daemon, without_daemon)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WITH_VIEW(
			after_an_error_each_fsync_of_each_handle_fails_for_ever_and_write_and_read_work),
		WITH_VIEW(the_view_takes_nothing_from_the_upper),
		WITH_VIEW(close_in_a_view_says_nothing),
		WITH_VIEW(what_only_the_view_saw_is_owed_to_whoever_opens_in_the_upper),
		WITH_VIEW(after_a_second_error_it_fails_as_before),
		cmocka_unit_test_setup_teardown(
			it_fails_after_so_many_errors_that_the_upper_was_told_of, with_nothing,
			without_daemon),
		WITH_VIEW(an_error_in_a_file_that_the_view_never_opened_breaks_it_too),
		WITH_VIEW(it_writes_nothing_back_and_fails_when_somebody_else_did),
		WITH_VIEW(its_fsync_is_no_write_back),
		WITH_VIEW(
			a_second_view_after_the_error_was_seen_works_until_the_next_and_the_first_stays_broken),
		WITH_DAEMON(it_mounts_over_an_error_that_nobody_saw_which_stays_owed_to_the_upper),
		WITH_DAEMON(the_same_error_again_over_one_that_nobody_saw_breaks_it),
		WITH_DAEMON(it_mounts_over_an_error_that_only_an_fsync_was_told_of),
		WITH_VIEW(unmounted_and_mounted_again_it_starts_at_the_present),
		WITH_DAEMON(with_strict_read_and_write_fail_too_after_an_error),
	};

	if (argc > 1) {
		char *end;

		errors = strtoul(argv[1], &end, 10);
		if (argc > 2 || *argv[1] < '1' || *argv[1] > '9' || *end) {
			fprintf(stderr, "usage: %s [ERRORS], a whole number, not '%s'\n", argv[0],
				argv[1]);
			return 2;
		}
	}
	begin_program();
	return end_program(cmocka_run_group_tests(tests, NULL, NULL));
}
