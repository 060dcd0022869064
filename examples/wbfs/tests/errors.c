/* SPDX-License-Identifier: MIT */
/*
 * Who is told of which error, and how often, through the handles of a mounted wbfs: the rows of the table of files
 * that were measured on real kernels, one by one. The number above a case is the row's.
 *
 * "In the background" is what `sync` to the control file does, unless a case says otherwise. fsync of a directory
 * handle stands for syncfs, which FUSE does not deliver.
 */
#include "mounted.h"

enum {
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

/* ------------------------------------------------------------------------------------------------------- */

#define WITH_DAEMON(test) cmocka_unit_test_setup_teardown(test, with_daemon, without_daemon)

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
	};

	begin_program();
	return end_program(cmocka_run_group_tests(tests, NULL, NULL));
}
