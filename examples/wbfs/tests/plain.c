/* SPDX-License-Identifier: MIT */
/*
 * wbfs where nothing fails: it is a filesystem, its cache shows what was written before it is written back, and
 * everything else goes straight to the backing folder.
 */
#include "mounted.h"

#include <dirent.h>
#include <sys/mman.h>
#include <sys/statvfs.h>

enum {
	MANY = 500
};

static int file(const char *name)
{
	return opened(in_mount(name), O_RDWR | O_CREAT);
}

static off_t size_of(const char *path)
{
	struct stat buffer;

	assert_int_equal(stat(path, &buffer), 0);
	return buffer.st_size;
}

static void write_at(int fd, const char *text, off_t at)
{
	assert_int_equal(pwrite(fd, text, strlen(text), at), strlen(text));
}

static void expect_at(int fd, const char *text, off_t at)
{
	char data[64] = "";

	assert_int_equal(pread(fd, data, strlen(text), at), strlen(text));
	assert_string_equal(data, text);
}

static void what_was_written_is_read_and_shows_in_the_size_before_it_is_on_the_store(void **state)
{
	int a = file("x"), b = opened(in_mount("x"), O_RDONLY);

	(void)state;
	write_at(a, "hello", 10000);
	expect_at(b, "hello", 10000);
	assert_int_equal(size_of(in_mount("x")), 10005);
	assert_int_equal(size_of(in_upper("x")), 0);
	assert_fsync(a, 0);
	assert_int_equal(size_of(in_upper("x")), 10005);
}

static void a_hole_and_what_truncate_adds_read_as_zeros(void **state)
{
	int a = file("x"), backing;
	char data[9000];
	size_t i;

	(void)state;
	memset(data, 'x', sizeof(data));
	assert_int_equal(pwrite(a, data, sizeof(data), 0), sizeof(data));
	assert_fsync(a, 0);
	assert_int_equal(ftruncate(a, 100), 0);
	assert_int_equal(size_of(in_mount("x")), 100);
	assert_int_equal(ftruncate(a, 5000), 0);
	write_at(a, "end", 8000);
	assert_int_equal(pread(a, data, sizeof(data), 0), 8003);
	for (i = 0; i < 8000; i++)
		assert_int_equal(data[i], i < 100 ? 'x' : 0);
	assert_fsync(a, 0);
	backing = opened(in_upper("x"), O_RDONLY);
	assert_int_equal(pread(backing, data, sizeof(data), 0), 8003);
	for (i = 0; i < 8000; i++)
		assert_int_equal(data[i], i < 100 ? 'x' : 0);
	assert_memory_equal(data + 8000, "end", 3);
}

static void a_file_by_its_name_is_truncated_too(void **state)
{
	(void)state;
	write_at(file("x"), "hello", 0);
	assert_int_equal(truncate(in_mount("x"), 2), 0);
	assert_int_equal(size_of(in_mount("x")), 2);
	expect_at(file("x"), "he", 0);
	assert_fsync(file("x"), 0);
	assert_int_equal(size_of(in_upper("x")), 2);
	closed(opened(in_mount("x"), O_WRONLY | O_TRUNC));
	assert_int_equal(size_of(in_mount("x")), 0);
	assert_fsync(file("x"), 0);
	assert_int_equal(size_of(in_upper("x")), 0);
}

static void two_handles_that_append_do_not_overwrite_each_other(void **state)
{
	int a = opened(in_mount("x"), O_WRONLY | O_APPEND | O_CREAT),
	    b = opened(in_mount("x"), O_WRONLY | O_APPEND);

	(void)state;
	assert_int_equal(write(a, "one", 3), 3);
	assert_int_equal(write(b, "two", 3), 3);
	assert_int_equal(write(a, "three", 5), 5);
	expect_at(file("x"), "onetwothree", 0);
	assert_fsync(a, 0);
	assert_int_equal(size_of(in_upper("x")), 11);
}

static void an_unlinked_open_file_works_to_its_end(void **state)
{
	int a = file("x");
	struct stat buffer;

	(void)state;
	write_at(a, "before", 0);
	assert_int_equal(unlink(in_mount("x")), 0);
	write_at(a, "after", 6);
	expect_at(a, "beforeafter", 0);
	assert_fsync(a, 0);
	assert_int_equal(fstat(a, &buffer), 0);
	assert_int_equal(buffer.st_size, 11);
	assert_int_equal(buffer.st_nlink, 0);
	assert_int_equal(errno_of(access(in_mount("x"), F_OK)), ENOENT);
	write_at(file("x"), "another", 0);
	expect_at(a, "beforeafter", 0);
}

static void names_come_go_and_change(void **state)
{
	char target[16] = "";
	int a = file("x");
	struct stat buffer;

	(void)state;
	write_at(a, "data", 0);
	assert_int_equal(mkdir(in_mount("sub"), 0750), 0);
	assert_int_equal(rename(in_mount("x"), in_mount("sub/y")), 0);
	expect_at(opened(in_mount("sub/y"), O_RDONLY), "data", 0);
	assert_int_equal(link(in_mount("sub/y"), in_mount("z")), 0);
	expect_at(opened(in_mount("z"), O_RDONLY), "data", 0);
	assert_int_equal(stat(in_mount("z"), &buffer), 0);
	assert_int_equal(buffer.st_nlink, 2);
	assert_int_equal(symlink("sub/y", in_mount("s")), 0);
	assert_int_equal(readlink(in_mount("s"), target, sizeof(target)), 5);
	assert_string_equal(target, "sub/y");
	assert_int_equal(size_of(in_mount("s")), 4); /* through the link */
	assert_int_equal(errno_of(rmdir(in_mount("sub"))), ENOTEMPTY);
	assert_int_equal(rename(in_mount("z"), in_mount("sub/z")), 0);
	assert_int_equal(unlink(in_mount("sub/y")), 0);
	assert_int_equal(unlink(in_mount("sub/z")), 0);
	assert_int_equal(rmdir(in_mount("sub")), 0);
	assert_int_equal(errno_of(access(in_upper("sub"), F_OK)), ENOENT);
	assert_int_equal(mkfifo(in_mount("fifo"), 0600), 0);
	assert_int_equal(lstat(in_upper("fifo"), &buffer), 0);
	assert_true(S_ISFIFO(buffer.st_mode));
}

static void modes_owners_and_times_are_the_store_s(void **state)
{
	const struct timespec times[2] = { { 1000000000, 5 }, { 1100000000, 7 } };
	int a = file("x");
	struct stat buffer;

	(void)state;
	write_at(a, "data", 0);
	assert_int_equal(chmod(in_mount("x"), 0640), 0);
	assert_int_equal(fchown(a, 12, 34), 0);
	assert_int_equal(futimens(a, times), 0);
	assert_int_equal(stat(in_mount("x"), &buffer), 0);
	assert_int_equal(buffer.st_mtim.tv_sec, 1100000000);
	assert_fsync(a, 0); /* written back after the times were set: it does not change them */
	assert_int_equal(stat(in_mount("x"), &buffer), 0);
	assert_int_equal(buffer.st_mode, S_IFREG | 0640);
	assert_int_equal(buffer.st_uid, 12);
	assert_int_equal(buffer.st_gid, 34);
	assert_int_equal(buffer.st_atim.tv_sec, 1000000000);
	assert_int_equal(buffer.st_mtim.tv_sec, 1100000000);
	assert_int_equal(stat(in_upper("x"), &buffer), 0);
	assert_int_equal(buffer.st_mode, S_IFREG | 0640);
	assert_int_equal(buffer.st_mtim.tv_sec, 1100000000);
}

static void writing_changes_the_time_of_modification(void **state)
{
	const struct timespec times[2] = { { 1000000000, 0 }, { 1000000000, 0 } };
	int a = file("x");
	struct stat buffer;

	(void)state;
	assert_int_equal(futimens(a, times), 0);
	write_at(a, "data", 0);
	assert_int_equal(fstat(a, &buffer), 0);
	assert_true(buffer.st_mtim.tv_sec > 1000000000);
}

static void a_large_folder_is_listed_whole_and_once(void **state)
{
	static unsigned char seen[MANY];
	struct dirent *entry;
	unsigned i;
	char name[32];
	DIR *dir;

	(void)state;
	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "file-%u", i);
		closed(file(name));
	}
	dir = opendir(in_mount(""));
	assert_non_null(dir);
	memset(seen, 0, sizeof(seen));
	while ((entry = readdir(dir)))
		if (sscanf(entry->d_name, "file-%u", &i) == 1 && i < MANY)
			seen[i]++;
	closedir(dir);
	for (i = 0; i < MANY; i++)
		assert_int_equal(seen[i], 1);
}

static void a_mapping_shows_what_is_written_and_is_written_back(void **state)
{
	int a = file("x");
	char *mapped;

	(void)state;
	assert_int_equal(ftruncate(a, 4096), 0);
	mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, a, 0);
	assert_true(mapped != MAP_FAILED);
	write_at(a, "written", 0);
	assert_memory_equal(mapped, "written", 7);
	memcpy(mapped + 100, "mapped", 6);
	expect_at(a, "mapped", 100);
	assert_int_equal(msync(mapped, 4096, MS_SYNC), 0);
	munmap(mapped, 4096);
	expect_at(opened(in_upper("x"), O_RDONLY), "mapped", 100);
}

static void a_file_that_is_closed_is_written_back_at_unmounting(void **state)
{
	(void)state;
	write_at(file("x"), "data", 0);
	without_daemon(NULL);
	expect_at(opened(in_upper("x"), O_RDONLY), "data", 0);
}

static void what_is_there_already_is_served(void **state)
{
	struct statvfs of_mount, of_upper;

	(void)state;
	closed(opened(in_upper("old"), O_RDWR | O_CREAT));
	write_at(opened(in_upper("old"), O_RDWR), "was here", 0);
	start_daemon(NULL);
	expect_at(opened(in_mount("old"), O_RDONLY), "was here", 0);
	write_at(opened(in_mount("old"), O_WRONLY), "is", 0);
	expect_at(opened(in_mount("old"), O_RDONLY), "iss here", 0);
	expect_at(opened(in_upper("old"), O_RDONLY), "was here", 0);
	assert_int_equal(statvfs(in_mount(""), &of_mount), 0);
	assert_int_equal(statvfs(in_upper(""), &of_upper), 0);
	assert_int_equal(of_mount.f_blocks * of_mount.f_frsize,
			 of_upper.f_blocks * of_upper.f_frsize);
	assert_int_equal(errno_of(open(in_mount("old"), O_RDWR | O_CREAT | O_EXCL, 0600)), EEXIST);
	assert_int_equal(errno_of(open(in_mount("no/such"), O_RDONLY)), ENOENT);
	assert_int_equal(errno_of(open(in_mount(""), O_RDWR)), EISDIR);
}

/* What writes back, forgets or lists inodes must not touch one that is gone. AddressSanitizer sees if it does. */
static void files_are_deleted_while_they_are_open_dirty_and_listed(void **state)
{
	int a, i;

	(void)state;
	for (i = 0; i < 50; i++) {
		a = file("x");
		write_at(a, "before", 0);
		if (i & 1)
			assert_fsync(a, 0);
		assert_int_equal(unlink(in_mount("x")), 0);
		write_at(a, "after", 6);
		if (i & 2)
			control("evict");
		if (i & 4)
			control("sync");
		if (i & 8)
			assert_fsync(a, 0);
		closed(a);
		control(i & 16 ? "sync" : "evict");
	}
	assert_fsync(opened(in_mount(""), O_RDONLY | O_DIRECTORY), 0);
}

static void overwriting_adds_no_blocks_and_new_data_does(void **state)
{
	static char data[1 << 20];
	struct stat st, backing;
	int a = file("x");

	(void)state;
	memset(data, 'x', sizeof(data));
	assert_int_equal(pwrite(a, data, sizeof(data), 0), sizeof(data));
	assert_int_equal(fstat(a, &st), 0);
	assert_true(st.st_blocks >= 2048); /* 0 would say that it is all holes */
	assert_fsync(a, 0);
	assert_int_equal(stat(in_upper("x"), &backing), 0);
	assert_int_equal(pwrite(a, data, sizeof(data), 0), sizeof(data));
	assert_int_equal(fstat(a, &st), 0);
	assert_int_equal(st.st_blocks, backing.st_blocks);
	assert_int_equal(pwrite(a, data, sizeof(data), sizeof(data)), sizeof(data));
	assert_int_equal(fstat(a, &st), 0);
	assert_true(st.st_blocks >= 4096 && st.st_blocks <= backing.st_blocks + 2048);
}

/* Returns the errno of a try by nobody. */
static int as_nobody(const char *path, int flags)
{
	pid_t process = forked();
	int fd;

	if (process == 0) {
		if (setgid(65534) != 0 || setuid(65534) != 0)
			_exit(255);
		fd = open(path, flags, 0600);
		_exit(fd < 0 ? errno : 0);
	}
	return status_of(process);
}

static void other_users_are_not_served_and_never_command_the_daemon(void **state)
{
	(void)state;
	start_daemon(NULL);
	closed(file("public"));
	assert_int_equal(chmod(in_mount("public"), 0666), 0);
	assert_int_equal(chmod(in_folder(""), 0755), 0);
	assert_int_equal(chmod(in_folder(".."), 0755), 0);
	if (as_nobody(in_upper("public"), O_RDONLY) != 0)
		SKIP_BECAUSE("nobody cannot reach %s", in_folder(""));
	assert_int_equal(as_nobody(in_mount("public"), O_RDONLY), EACCES);
	assert_int_equal(as_nobody(in_mount("public"), O_WRONLY), EACCES);
	assert_int_equal(as_nobody(in_mount("new"), O_WRONLY | O_CREAT), EACCES);
	assert_int_equal(as_nobody(in_mount(".wbfs-control"), O_RDONLY), EACCES);
	assert_int_equal(as_nobody(in_mount(".wbfs-control"), O_WRONLY), EACCES);
}

static void the_control_file_cannot_be_removed(void **state)
{
	(void)state;
	assert_int_equal(errno_of(unlink(in_mount(".wbfs-control"))), EPERM);
	assert_int_equal(errno_of(rename(in_mount(".wbfs-control"), in_mount("x"))), EPERM);
	assert_int_equal(access(in_mount(".wbfs-control"), F_OK), 0);
}

#define WITH_DAEMON(test) cmocka_unit_test_setup_teardown(test, with_daemon, without_daemon)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DAEMON(
			what_was_written_is_read_and_shows_in_the_size_before_it_is_on_the_store),
		WITH_DAEMON(a_hole_and_what_truncate_adds_read_as_zeros),
		WITH_DAEMON(a_file_by_its_name_is_truncated_too),
		WITH_DAEMON(two_handles_that_append_do_not_overwrite_each_other),
		WITH_DAEMON(an_unlinked_open_file_works_to_its_end),
		WITH_DAEMON(names_come_go_and_change),
		WITH_DAEMON(modes_owners_and_times_are_the_store_s),
		WITH_DAEMON(writing_changes_the_time_of_modification),
		WITH_DAEMON(a_large_folder_is_listed_whole_and_once),
		WITH_DAEMON(a_mapping_shows_what_is_written_and_is_written_back),
		WITH_DAEMON(files_are_deleted_while_they_are_open_dirty_and_listed),
		WITH_DAEMON(overwriting_adds_no_blocks_and_new_data_does),
		WITH_DAEMON(a_file_that_is_closed_is_written_back_at_unmounting),
		cmocka_unit_test_setup_teardown(what_is_there_already_is_served, with_nothing,
						without_daemon),
		cmocka_unit_test_setup_teardown(
			other_users_are_not_served_and_never_command_the_daemon, with_nothing,
			without_daemon),
		WITH_DAEMON(the_control_file_cannot_be_removed),
	};

	begin_program();
	return end_program(cmocka_run_group_tests(tests, NULL, NULL));
}
