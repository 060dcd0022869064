/* SPDX-License-Identifier: MIT */
#include "mounted.h"
#include "processes.h"

#include <dirent.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

enum {
	MOST_ARGUMENTS = 24,
	MOST_FDS = 2100,
	PATH_SIZE = PATH_MAX
};

static unsigned long folders;
static const char *wbfs;
static pid_t daemon_pid;
static unsigned long file_limit, descriptor_limit;
static int guard = -1;
static int fds[MOST_FDS], fd_count;

/* ---- the daemon ------------------------------------------------------------------------------------- */

/* A second or later daemon of a test serves the same upper. */
static void new_folder(void)
{
	snprintf(folder, sizeof(folder), "%s/%lu", first_folder, folders++);
	mkdir(folder, 0755);
	mkdir(in_upper(""), 0755);
	mkdir(in_mount(""), 0755);
	mkdir(in_view(0, ""), 0755);
	mkdir(in_view(1, ""), 0755);
}

static void show_log(void)
{
	char line[1024];
	FILE *file = fopen(in_folder("log"), "re");

	while (file && fgets(line, sizeof(line), file))
		fprintf(stderr, "wbfs said: %s", line);
	if (file)
		fclose(file);
}

int daemon_said(const char *text)
{
	char line[1024];
	int found = 0;
	FILE *file = fopen(in_folder("log"), "re");

	while (file && fgets(line, sizeof(line), file))
		found |= strstr(line, text) != NULL;
	if (file)
		fclose(file);
	return found;
}

int is_mounted(const char *path)
{
	struct stat here, above;
	char parent[PATH_SIZE];

	snprintf(parent, sizeof(parent), "%s/..", path);
	return stat(folder, &above) == 0 && stat(path, &here) == 0 && here.st_dev != above.st_dev;
}

/* 0 when it answers. */
static int try_to_start(const char *const *options, size_t count)
{
	const char *arguments[MOST_ARGUMENTS] = { wbfs,	     "-f",     "--age",
						  "3600000", "--size", "1048576" };
	double end = seconds_now() + PATIENCE_SECONDS;
	size_t filled = 6;

	while (count > 0) {
		arguments[filled++] = *options++;
		count--;
	}
	arguments[filled++] = in_upper("");
	arguments[filled++] = in_mount("");
	daemon_pid = spawned(arguments, in_folder("log"), file_limit, descriptor_limit);
	while (!is_mounted(in_mount(""))) {
		int status;

		if (waitpid(daemon_pid, &status, WNOHANG) != 0 || seconds_now() > end) {
			kill(daemon_pid, SIGKILL);
			daemon_pid = 0;
			return -1;
		}
		nap(0.002);
	}
	return 0;
}

static size_t gather(const char **options, const char *option, va_list rest)
{
	size_t count = 0;

	for (; option && count < MOST_ARGUMENTS - 10; option = va_arg(rest, const char *))
		options[count++] = option;
	return count;
}

void start_daemon(const char *option, ...)
{
	const char *options[MOST_ARGUMENTS];
	va_list rest;
	size_t count;

	va_start(rest, option);
	count = gather(options, option, rest);
	va_end(rest);
	if (try_to_start(options, count) < 0) {
		show_log();
		fail_msg("wbfs did not mount %s", in_mount(""));
	}
}

void limit_daemons_files(unsigned long bytes)
{
	file_limit = bytes;
}

void limit_daemons_descriptors(unsigned long count)
{
	descriptor_limit = count;
}

void signal_daemon(int number)
{
	assert_int_equal(kill(daemon_pid, number), 0);
}

int daemon_status(void)
{
	int status = status_of(daemon_pid);

	daemon_pid = 0;
	return status;
}

unsigned daemon_descriptors(void)
{
	char name[64];
	unsigned count = 0;
	DIR *dir;

	snprintf(name, sizeof(name), "/proc/%d/fd", (int)daemon_pid);
	dir = opendir(name);
	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

int start_in_background(void)
{
	const char *arguments[] = { wbfs, in_upper(""), in_mount(""), NULL };

	return status_of(spawned(arguments, in_folder("log"), file_limit, descriptor_limit));
}

/* As long as it lives it holds the lock, and a second one waits for its end. */
void wait_for_daemons_end(void)
{
	const char *arguments[] = { wbfs, "-f", in_upper(""), in_folder("other"), NULL };
	pid_t second;

	mkdir(in_folder("other"), 0755);
	second = spawned(arguments, "/dev/null", 0, 0);
	while (!is_mounted(in_folder("other")))
		if (waitpid(second, NULL, WNOHANG) != 0)
			fail_msg("a second daemon did not get the folder");
	kill(second, SIGTERM);
	(void)status_of(second);
}

static int unmount(const char *path)
{
	return run("fusermount3", "-u", path, NULL);
}

int stop_daemon(void)
{
	int unmounted, status;

	if (daemon_pid == 0)
		return 0;
	unmounted = unmount(in_mount(""));
	if (unmounted != 0) {
		fprintf(stderr, "FAIL: fusermount3 -u said %d\n", unmounted);
		umount2(in_mount(""), MNT_DETACH);
	}
	status = status_if_it_ends(daemon_pid);
	if (status < 0) {
		fprintf(stderr, "FAIL: the daemon did not end after it was unmounted\n");
		kill(daemon_pid, SIGKILL);
		waitpid(daemon_pid, NULL, 0);
	}
	daemon_pid = 0;
	if (status != 0)
		show_log();
	return unmounted ? -1 : status;
}

void kill_daemon(void)
{
	unsigned i;

	kill(daemon_pid, SIGKILL);
	waitpid(daemon_pid, NULL, 0);
	daemon_pid = 0;
	for (i = 0; i < VIEWS; i++)
		umount2(in_view(i, ""), MNT_DETACH);
	assert_int_equal(umount2(in_mount(""), MNT_DETACH), 0);
}

int put_upper_on_tmpfs(const char *options)
{
	return mount("wbfs-test", in_upper(""), "tmpfs", 0, options) == 0;
}

int start_view(unsigned number, const char *option, ...)
{
	const char *options[MOST_ARGUMENTS], *arguments[MOST_ARGUMENTS] = { wbfs, "--volatile" };
	va_list rest;
	size_t count, i, filled = 2;
	int status;

	va_start(rest, option);
	count = gather(options, option, rest);
	va_end(rest);
	for (i = 0; i < count; i++)
		arguments[filled++] = options[i];
	arguments[filled++] = in_upper("");
	arguments[filled++] = in_view(number, "");
	status = status_of(spawned(arguments, in_folder("log"), 0, 0));
	/* "Return when it is mounted." */
	if (status == 0)
		assert_true(is_mounted(in_view(number, "")));
	return status;
}

void stop_view(unsigned number)
{
	assert_int_equal(unmount(in_view(number, "")), 0);
}

/* ---- a program and its tests -------------------------------------------------------------------------- */

static void skip_all(const char *why)
{
	printf("SKIP: %s\n", why);
	if (first_folder[0])
		remove_all(first_folder);
	exit(77);
}

void take_seconds(int argc, char **argv, double *seconds)
{
	char *end;

	if (argc < 2)
		return;
	*seconds = strtod(argv[1], &end);
	if (argc > 2 || end == argv[1] || *end || !(*seconds >= 0.01 && *seconds <= 86400)) {
		fprintf(stderr, "usage: %s [SECONDS], 0.01 to 86400, not '%s'\n", argv[0], argv[1]);
		exit(2);
	}
}

static const char *program(void)
{
	return getenv("WBFS") ? getenv("WBFS") : WBFS_PROGRAM;
}

void begin_program(void)
{
	const char *temporary = getenv("TMPDIR");
	struct rlimit limit;
	int fuse;

	setvbuf(stdout, NULL, _IOLBF, 0);
	wbfs = program();
	if (geteuid() != 0)
		skip_all("only root may tell wbfs to fail");
	fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (fuse < 0)
		skip_all("/dev/fuse cannot be opened");
	close(fuse);
	if (run("fusermount3", "--version", NULL) != 0)
		skip_all("fusermount3 (Debian: fuse3) was not found");
	snprintf(first_folder, sizeof(first_folder), "%s/wbfs-test-XXXXXX",
		 temporary ? temporary : "/tmp");
	if (!mkdtemp(first_folder)) {
		perror(first_folder);
		exit(1);
	}
	guard = post_a_guardian();
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max < MOST_FDS + 64 ? limit.rlim_max : MOST_FDS + 64;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	new_folder();
	if (try_to_start(NULL, 0) < 0) {
		show_log();
		if (daemon_said("not permitted") || daemon_said("ermission denied"))
			skip_all("mounting is not allowed here");
		fprintf(stderr, "FAIL: wbfs does not mount\n");
		exit(1);
	}
	if (stop_daemon() != 0)
		exit(1);
}

int end_program(int failed)
{
	unsigned left = detach_all();

	if (left)
		fprintf(stderr, "FAIL: %u mounts were left behind\n", left);
	remove_all(first_folder);
	close(guard);
	return failed || left;
}

int with_nothing(void **state)
{
	if (daemon_pid)
		without_daemon(state); /* cmocka runs no teardown after a set-up that failed */
	new_folder();
	return 0;
}

int with_faulty(void **state)
{
	with_nothing(state);
	wbfs = WBFS_FAULTY;
	mkdir(in_folder("faults"), 0755);
	setenv("WBFS_FAULTS", in_folder("faults"), 1);
	return 0;
}

int with_daemon(void **state)
{
	with_nothing(state);
	start_daemon(NULL);
	return 0;
}

int with_daemon_and_view(void **state)
{
	with_daemon(state);
	assert_int_equal(start_view(0, NULL), 0);
	return 0;
}

int without_daemon(void **state)
{
	int status;

	(void)state;
	while (fd_count > 0)
		close(fds[--fd_count]);
	file_limit = descriptor_limit = 0;
	status = stop_daemon();
	wbfs = program();
	if (status != 0)
		fprintf(stderr, "FAIL: the daemon ended with %d\n", status);
	umount2(in_upper(""), MNT_DETACH); /* if it was a tmpfs */
	if (status < 0)
		detach_all();
	return status;
}

/* ---- faults ------------------------------------------------------------------------------------------ */

static const char *fault_path(const char *call, const char *what)
{
	char name[64];

	snprintf(name, sizeof(name), "faults/%s.%s", call, what);
	return in_folder(name);
}

void put_fault(const char *call, const char *what, const char *value)
{
	const char *path = fault_path(call, what);
	char aside[PATH_SIZE + 8];
	int fd;

	/* a reader finds all of it */
	snprintf(aside, sizeof(aside), "%s.aside", path);
	fd = opened(aside, O_WRONLY | O_CREAT | O_TRUNC);
	assert_int_equal(write(fd, value, strlen(value)), strlen(value));
	closed(fd);
	assert_int_equal(rename(aside, path), 0);
}

void remove_fault(const char *call, const char *what)
{
	unlink(fault_path(call, what));
}

void wait_until_stopped(const char *place)
{
	const char *path = fault_path(place, "stopped");
	double end = seconds_now() + PATIENCE_SECONDS;

	while (access(path, F_OK) != 0) {
		if (seconds_now() > end)
			fail_msg("no thread of the daemon comes to '%s'", place);
		nap(0.002);
	}
	unlink(path);
}

unsigned traced(const char *text)
{
	char line[256];
	unsigned count = 0;
	FILE *file = fopen(in_folder("faults/trace"), "re");

	while (file && fgets(line, sizeof(line), file))
		count += strncmp(line, text, strlen(text)) == 0;
	if (file)
		fclose(file);
	return count;
}

/* ---- files --------------------------------------------------------------------------------------------- */

int opened(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0644);

	if (fd < 0)
		fail_msg("%s does not open: %s", path, strerror(errno));
	assert_true(fd_count < MOST_FDS);
	fds[fd_count++] = fd;
	return fd;
}

void closed(int fd)
{
	int i;

	for (i = 0; i < fd_count; i++)
		if (fds[i] == fd)
			fds[i] = fds[--fd_count];
	close(fd);
}

int control_errno(const char *text)
{
	char line[64];
	int fd = open(in_mount(".wbfs-control"), O_WRONLY | O_TRUNC | O_CLOEXEC), error;

	if (fd < 0)
		return errno;
	snprintf(line, sizeof(line), "%s\n", text);
	error = errno_of(write(fd, line, strlen(line)));
	close(fd);
	return error;
}

void control(const char *text)
{
	int error = control_errno(text);

	if (error != 0)
		fail_msg("'%s' to .wbfs-control: %s", text, strerror(error));
}

void dirty(int fd)
{
	static unsigned times;
	char data[4096];

	memset(data, 'a' + (int)(times % 26), sizeof(data));
	snprintf(data, sizeof(data), "%u", times++);
	assert_int_equal(pwrite(fd, data, sizeof(data), 0), sizeof(data));
}

void fail_in_background(int fd, const char *error)
{
	control(error);
	dirty(fd);
	control("sync");
	control("ok");
}
