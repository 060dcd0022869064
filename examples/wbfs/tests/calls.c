/* SPDX-License-Identifier: MIT */
/*
 * System calls that fail, or come at a bad moment: what wbfs makes of them. The daemon is wbfs-faulty.
 */
#include "mounted.h"

#include <limits.h>
#include <sys/mount.h>
#include <sys/wait.h>

enum {
	MANY = 40
};

static const char eio[] = "5", enospc[] = "28", emfile[] = "24", econnaborted[] = "103",
		  eperm[] = "1", eagain[] = "11", eopnotsupp[] = "95";

static int file(const char *name)
{
	return opened(in_mount(name), O_RDWR | O_CREAT);
}

static int root(void)
{
	return opened(in_mount(""), O_RDONLY | O_DIRECTORY);
}

static void write_all_of(int fd, size_t size)
{
	static const char data[8192] = "data";

	assert_int_equal(pwrite(fd, data, size, 0), size);
}

static int file_contains(const char *path, const char *text)
{
	char data[8192] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	(void)!read(fd, data, sizeof(data) - 1);
	close(fd);
	return strstr(data, text) != NULL;
}

/* ---- errors of the backing filesystem -------------------------------------------------------------- */

static void an_error_of_the_ftruncate_that_shrinks_is_reported(void **state)
{
	int a, b, dir;

	(void)state;
	start_daemon(NULL);
	a = file("x");
	b = file("x");
	dir = root();
	write_all_of(a, 8192);
	assert_fsync(a, 0);
	assert_int_equal(ftruncate(a, 100), 0);
	put_fault("ftruncate", "fails-once", enospc);
	assert_told_once(a, ENOSPC);
	assert_told_once(b, ENOSPC);
	assert_told_once(dir, ENOSPC);
}

static void an_error_of_the_ftruncate_that_grows_is_reported(void **state)
{
	int a, b;

	(void)state;
	start_daemon(NULL);
	a = file("x");
	b = file("x");
	assert_int_equal(ftruncate(a, 10000), 0);
	put_fault("ftruncate", "fails-once", enospc);
	assert_told_once(b, ENOSPC);
	assert_told_once(a, ENOSPC);
}

static void an_error_of_syncfs_is_reported_once_to_each_directory_handle(void **state)
{
	int a, one, other;

	(void)state;
	start_daemon(NULL);
	a = file("x");
	one = root();
	other = root();
	put_fault("syncfs", "fails-once", eio);
	assert_told_once(one, EIO);
	assert_told_once(other, EIO);
	assert_told_once(a, 0);
}

static void an_error_of_fsync_and_fdatasync_is_reported_once_to_each_handle(void **state)
{
	int a, b, dir;

	(void)state;
	start_daemon(NULL);
	a = file("x");
	b = file("x");
	dir = root();
	put_fault("fsync", "fails-once", eio);
	assert_told_once(a, EIO);
	assert_told_once(b, EIO);
	put_fault("fdatasync", "fails-once", enospc);
	assert_int_equal(errno_of(fdatasync(b)), ENOSPC);
	assert_told_once(a, ENOSPC);
	assert_told_once(dir, ENOSPC);
}

/* ---- the moment between clean and recorded ------------------------------------------------------------ */

static pid_t fsync_in_a_child(int fd)
{
	pid_t child = forked();

	if (child == 0)
		_exit(errno_of(fsync(fd)));
	return child;
}

static pid_t write_back_in_a_child(void)
{
	pid_t child = forked();

	if (child == 0)
		_exit(control_errno("sync"));
	return child;
}

static void no_fsync_returns_while_write_back_is_at(const char *place)
{
	pid_t flushing, same_file, all_files;
	int a, b, dir, status;

	a = file("x");
	b = file("x");
	dir = root();
	dirty(a);
	put_fault(place, "stops", "");
	flushing = write_back_in_a_child();
	wait_until_stopped(place);
	same_file = fsync_in_a_child(b);
	all_files = fsync_in_a_child(dir);
	nap(0.2); /* who returns now has not waited for the record */
	assert_int_equal(waitpid(same_file, &status, WNOHANG), 0);
	assert_int_equal(waitpid(all_files, &status, WNOHANG), 0);
	remove_fault(place, "stops");
	assert_int_equal(status_of(flushing), 0);
	assert_int_equal(status_of(same_file), EIO);
	assert_int_equal(status_of(all_files), EIO);
	assert_told_once(a, EIO);
	closed(a);
	closed(b);
	closed(dir);
}

static void until_an_error_is_recorded_no_fsync_returns(void **state)
{
	(void)state;
	start_daemon(NULL);
	control("EIO");
	no_fsync_returns_while_write_back_is_at("clean");
	no_fsync_returns_while_write_back_is_at("record");
}

/* ---- files that are not what they were ------------------------------------------------------------------ */

/* Opens a new file, and before the daemon makes it, something else has the name. Returns the errno. */
static int open_while(void (*replace)(void), int flags)
{
	pid_t opener;

	put_fault("create", "stops", "");
	opener = forked();
	if (opener == 0) {
		int fd = open(in_mount("raced"), flags | O_CREAT | O_NONBLOCK, 0644);

		_exit(fd < 0 ? errno : 0);
	}
	wait_until_stopped("create");
	replace();
	remove_fault("create", "stops");
	return status_of(opener);
}

static void make_pipe(void)
{
	assert_int_equal(mkfifo(in_upper("raced"), 0644), 0);
}

static void make_link(void)
{
	assert_int_equal(symlink("target", in_upper("raced")), 0);
}

static void make_file(void)
{
	int fd = opened(in_upper("raced"), O_WRONLY | O_CREAT);

	assert_int_equal(write(fd, "theirs", 6), 6);
	closed(fd);
}

static void what_takes_the_place_of_a_new_file_is_opened_as_what_it_is(void **state)
{
	unsigned before, i;
	struct stat st;

	(void)state;
	start_daemon(NULL);
	before = daemon_descriptors();
	for (i = 0; i < 5; i++) {
		assert_int_equal(open_while(make_pipe, O_RDWR), 0);
		assert_int_equal(unlink(in_mount("raced")), 0);
	}
	assert_true(daemon_descriptors() <= before + 2);
	assert_int_equal(open_while(make_file, O_RDWR), 0);
	assert_int_equal(stat(in_mount("raced"), &st), 0);
	assert_int_equal(st.st_size, 6);
	assert_int_equal(unlink(in_mount("raced")), 0);
	assert_int_equal(open_while(make_file, O_WRONLY | O_EXCL), EEXIST);
	assert_int_equal(unlink(in_mount("raced")), 0);
	assert_int_equal(open_while(make_link, O_WRONLY), 0);
	assert_int_equal(access(in_upper("target"), F_OK), 0);
}

/* ---- the state file ------------------------------------------------------------------------------------- */

static void the_state_file_is_written_aside_synced_renamed_and_its_directory_synced(void **state)
{
	static const char *const expected[] = { "openat O_NOFOLLOW temporary\n",
						"fsync file\n",
						"fsync\n",
						"renameat state\n",
						"renameat\n",
						"fsync directory\n" };
	char line[256];
	size_t step = 0;
	FILE *trace;

	(void)state;
	start_daemon(NULL);
	mkdir(in_folder("states"), 0700);
	put_fault("trace", "", "");
	assert_int_equal(rename(in_folder("faults/trace."), in_folder("faults/trace")), 0);
	assert_int_equal(start_view(0, "--state", in_folder("states/state"), NULL), 0);
	trace = fopen(in_folder("faults/trace"), "re");
	assert_non_null(trace);
	while (step < COUNT_OF(expected) && fgets(line, sizeof(line), trace))
		step += strcmp(line, expected[step]) == 0;
	fclose(trace);
	assert_int_equal(step, COUNT_OF(expected));
}

static void a_state_file_that_cannot_be_synced_is_not_replaced(void **state)
{
	char path[PATH_MAX];

	(void)state;
	start_daemon(NULL);
	snprintf(path, sizeof(path), "%s", in_folder("states/state"));
	mkdir(in_folder("states"), 0700);
	put_fault("fsync", "fails-once", eio);
	assert_int_equal(start_view(0, "--state", path, NULL), 1);
	assert_true(daemon_said("cannot be written"));
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(rmdir(in_folder("states")), 0); /* nothing is left in it */
}

static void a_view_that_is_not_mounted_leaves_no_mounted_in_its_state_file(void **state)
{
	static const char *const calls[] = { "fuse_session_mount", "pthread_create" };
	char path[PATH_MAX];
	size_t i;

	(void)state;
	snprintf(path, sizeof(path), "%s", in_folder("state"));
	start_daemon(NULL);
	for (i = 0; i < COUNT_OF(calls); i++) {
		put_fault(calls[i], "fails-once", eagain);
		assert_int_equal(start_view(0, "--state", path, NULL), 1);
		assert_false(is_mounted(in_view(0, "")));
		assert_true(file_contains(path, "at 0x"));
		assert_false(file_contains(path, "mounted"));
		assert_int_equal(start_view(0, "--state", path, NULL), 0);
		assert_true(file_contains(path, "mounted"));
		stop_view(0);
		WAIT_UNTIL(file_contains(path, "at 0x"));
	}
}

/* ---- the daemon ----------------------------------------------------------------------------------------- */

static void the_control_socket_survives_what_accept_may_fail_with(void **state)
{
	static const char *const errors[] = { emfile, econnaborted, "12" };
	size_t i;

	(void)state;
	start_daemon(NULL);
	for (i = 0; i < COUNT_OF(errors); i++) {
		put_fault("accept4", "fails-once", errors[i]);
		/* the thread is in accept4 already, and comes to the failing call after this one */
		assert_int_equal(start_view(0, NULL), 0);
		stop_view(0);
		assert_int_equal(start_view(0, NULL), 0);
		stop_view(0);
	}
}

static void a_thread_that_cannot_start_fails_the_caller_also_of_a_background_daemon(void **state)
{
	char value[16];
	int skipped;

	(void)state;
	for (skipped = 0; skipped < 4; skipped++) {
		snprintf(value, sizeof(value), "%s %d 1", eagain, skipped);
		put_fault("pthread_create", "fails", value);
		assert_int_equal(start_in_background(), 1);
		assert_false(is_mounted(in_mount("")));
	}
	remove_fault("pthread_create", "fails");
	assert_true(daemon_said("thread"));
	assert_int_equal(start_in_background(), 0);
	assert_int_equal(run("fusermount3", "-u", in_mount(""), NULL), 0);
	wait_for_daemons_end();
}

static void what_is_lost_at_the_end_of_a_background_daemon_is_in_the_system_s_log(void **state)
{
	int a;

	(void)state;
	assert_int_equal(start_in_background(), 0);
	a = file("x");
	control("EIO");
	dirty(a);
	closed(a);
	assert_int_equal(run("fusermount3", "-u", in_mount(""), NULL), 0);
	wait_for_daemons_end();
	assert_true(file_contains(in_folder("faults/syslog"), "last write-back failed"));
	assert_true(file_contains(in_folder("faults/syslog"), "upper/x'"));
}

static void told_to_end_it_ends_also_when_umount_is_refused(void **state)
{
	int a;

	(void)state;
	start_daemon(NULL);
	a = file("x");
	dirty(a);
	put_fault("umount2", "fails", eperm);
	signal_daemon(SIGTERM);
	assert_int_equal(daemon_status(), 0);
	assert_true(daemon_said("could not be unmounted"));
	assert_true(daemon_said("1 open files and directories are given up"));
	assert_fsync(a, ENOTCONN);
	closed(a);
	assert_int_equal(umount2(in_mount(""), MNT_DETACH), 0);
	assert_int_equal(errno_of(access(in_upper("x"), F_OK)), 0);
	a = opened(in_upper("x"), O_RDONLY);
	assert_int_equal(lseek(a, 0, SEEK_END), 4096); /* what was in memory is there */
}

/* libfuse looks at its exit flag, and sleeps then. What comes in between must not be lost. */
static void a_signal_just_before_the_loop_sleeps_ends_it(void **state)
{
	(void)state;
	put_fault("sleep", "stops", "");
	start_daemon(NULL);
	wait_until_stopped("sleep");
	signal_daemon(SIGTERM);
	nap(0.1);
	remove_fault("sleep", "stops");
	assert_int_equal(daemon_status(), 0);
	assert_false(is_mounted(in_mount("")));
}

/* ---- names that the kernel remembers -------------------------------------------------------------------- */

static void names_are_forgotten_only_when_there_are_too_many(void **state)
{
	struct stat st;
	char name[16], new_name[16];
	unsigned before;
	int i;

	(void)state;
	limit_daemons_descriptors(128); /* 16 names */
	start_daemon(NULL);
	put_fault("trace", "", "");
	assert_int_equal(rename(in_folder("faults/trace."), in_folder("faults/trace")), 0);
	closed(file("x"));
	for (i = 0; i < 500; i++)
		assert_int_equal(stat(in_mount("x"), &st), 0);
	for (i = 0; i < MANY; i++) { /* one at a time */
		snprintf(name, sizeof(name), "gone%d", i);
		closed(file(name));
		assert_int_equal(rename(in_mount(name), in_mount("renamed")), 0);
		assert_int_equal(unlink(in_mount("renamed")), 0);
	}
	assert_int_equal(traced("notify_inval_entry"), 0);
	before = daemon_descriptors();
	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "many%d", i);
		closed(file(name));
		snprintf(new_name, sizeof(new_name), "renamed%d", i);
		assert_int_equal(rename(in_mount(name), in_mount(new_name)), 0);
	}
	WAIT_UNTIL(daemon_descriptors() <= before + 16 + 4);
	assert_true(traced("notify_inval_entry") >= MANY - 20);
}

/* ---- unreported errors of forgotten inodes --------------------------------------------------------------- */

/* Where the backing filesystem has no file handles, the time of birth tells files apart. */
static void without_file_handles_errors_outlive_their_inodes_too(void **state)
{
	char name[16];
	int fd, i;

	(void)state;
	limit_daemons_descriptors(128);
	start_daemon(NULL);
	put_fault("name_to_handle_at", "fails", eopnotsupp);
	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "file%d", i);
		fd = file(name);
		fail_in_background(fd, "EIO");
		closed(fd);
	}
	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "file%d", i);
		fd = file(name);
		assert_told_once(fd, EIO);
		closed(fd);
	}
}

#define FAULTY(test) cmocka_unit_test_setup_teardown(test, with_faulty, without_daemon)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAULTY(an_error_of_the_ftruncate_that_shrinks_is_reported),
		FAULTY(an_error_of_the_ftruncate_that_grows_is_reported),
		FAULTY(an_error_of_syncfs_is_reported_once_to_each_directory_handle),
		FAULTY(an_error_of_fsync_and_fdatasync_is_reported_once_to_each_handle),
		FAULTY(until_an_error_is_recorded_no_fsync_returns),
		FAULTY(what_takes_the_place_of_a_new_file_is_opened_as_what_it_is),
		FAULTY(the_state_file_is_written_aside_synced_renamed_and_its_directory_synced),
		FAULTY(a_state_file_that_cannot_be_synced_is_not_replaced),
		FAULTY(a_view_that_is_not_mounted_leaves_no_mounted_in_its_state_file),
		FAULTY(the_control_socket_survives_what_accept_may_fail_with),
		FAULTY(a_thread_that_cannot_start_fails_the_caller_also_of_a_background_daemon),
		FAULTY(what_is_lost_at_the_end_of_a_background_daemon_is_in_the_system_s_log),
		FAULTY(told_to_end_it_ends_also_when_umount_is_refused),
		FAULTY(a_signal_just_before_the_loop_sleeps_ends_it),
		FAULTY(names_are_forgotten_only_when_there_are_too_many),
		FAULTY(without_file_handles_errors_outlive_their_inodes_too),
	};

	begin_program();
	return end_program(cmocka_run_group_tests(tests, NULL, NULL));
}
