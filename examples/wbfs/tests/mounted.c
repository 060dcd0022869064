/* SPDX-License-Identifier: MIT */
#include "mounted.h"

#include <ftw.h>
#include <limits.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

enum {
	MOST_ARGUMENTS = 24,
	MOST_MOUNTS = 64,
	MOST_FDS = 2100,
	MOST_PATHS = 16,
	PATH_SIZE = PATH_MAX
};

static char folder[PATH_MAX / 4], first_folder[PATH_MAX / 8];
static unsigned long folders;
static const char *wbfs;
static pid_t daemon_pid;
static unsigned long file_limit;
static int guard = -1;
static int fds[MOST_FDS], fd_count;

/* ---- time and processes -------------------------------------------------------------------------- */

double seconds_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

void nap(double seconds)
{
	struct timespec time;

	time.tv_sec = (time_t)seconds;
	time.tv_nsec = (long)((seconds - (double)time.tv_sec) * 1e9);
	nanosleep(&time, NULL);
}

pid_t forked(void)
{
	pid_t process;

	fflush(stdout);
	fflush(stderr);
	process = fork();
	if (process == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return process;
}

/* -1 if it still runs after all our patience. */
static int status_if_it_ends(pid_t process)
{
	double end = seconds_now() + PATIENCE_SECONDS;
	int status;

	for (;;) {
		pid_t ended = waitpid(process, &status, WNOHANG);

		if (ended == process)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		if (ended < 0 || seconds_now() > end)
			return -1;
		nap(0.002);
	}
}

int status_of(pid_t process)
{
	int status = status_if_it_ends(process);

	if (status < 0) {
		kill(process, SIGKILL);
		waitpid(process, NULL, 0);
		fail_msg("a process that should have ended did not");
	}
	return status;
}

/* Starts arguments[0], with both outputs in the file. */
static pid_t spawned(const char *const *arguments, const char *output)
{
	pid_t process = forked();

	if (process == 0) {
		int fd = open(output, O_WRONLY | O_CREAT | O_APPEND, 0600);

		if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0)
			_exit(126);
		if (file_limit && arguments[0] == wbfs) {
			const struct rlimit limit = { file_limit, file_limit };

			setrlimit(RLIMIT_FSIZE, &limit);
		}
		execvp(arguments[0], (char *const *)(uintptr_t)arguments);
		_exit(127);
	}
	return process;
}

int run(const char *program, ...)
{
	const char *arguments[MOST_ARGUMENTS] = { program };
	va_list rest;
	pid_t process;
	int i;

	va_start(rest, program);
	for (i = 1; i < MOST_ARGUMENTS - 1; i++)
		if (!(arguments[i] = va_arg(rest, const char *)))
			break;
	va_end(rest);
	process = spawned(arguments, "/dev/null");
	return process < 0 ? -1 : status_if_it_ends(process);
}

/* ---- paths --------------------------------------------------------------------------------------- */

static const char *path_of(const char *a, const char *b, const char *c)
{
	static _Thread_local char paths[MOST_PATHS][PATH_SIZE];
	static _Thread_local unsigned next;
	char *path = paths[next++ % MOST_PATHS];

	snprintf(path, PATH_SIZE, "%s/%s%s%s", a, b, c[0] ? "/" : "", c);
	return path;
}

const char *in_folder(const char *name)
{
	return path_of(folder, name, "");
}

const char *in_upper(const char *name)
{
	return path_of(folder, "upper", name);
}

const char *in_mount(const char *name)
{
	return path_of(folder, "mount", name);
}

const char *in_view(unsigned number, const char *name)
{
	return path_of(folder, number ? "view1" : "view0", name);
}

/* ---- nothing is left behind ------------------------------------------------------------------------ */

/* mountinfo writes a space as \040. */
static void unescape(char *text)
{
	char *to = text;

	for (; *text; text++)
		if (text[0] == '\\' && text[1] && text[2] && text[3]) {
			*to++ = (char)((text[1] - '0') * 64 + (text[2] - '0') * 8 + text[3] - '0');
			text += 3;
		} else {
			*to++ = *text;
		}
	*to = '\0';
}

/* Whatever is mounted in our folder, the last first. Returns how many there were. */
static unsigned detach_all(void)
{
	static char points[MOST_MOUNTS][PATH_SIZE];
	char line[2 * PATH_SIZE];
	size_t length = strlen(first_folder);
	unsigned count = 0, i;
	FILE *file = fopen("/proc/self/mountinfo", "re");

	while (file && count < MOST_MOUNTS && fgets(line, sizeof(line), file)) {
		char *rest, *word = NULL;
		int field;

		for (field = 0; field < 5; field++)
			word = strtok_r(field ? NULL : line, " ", &rest);
		snprintf(points[count], PATH_SIZE, "%s", word ? word : "");
		unescape(points[count]);
		count += strncmp(points[count], first_folder, length) == 0 &&
			 points[count][length] == '/';
	}
	if (file)
		fclose(file);
	for (i = count; i-- > 0;)
		if (umount2(points[i], MNT_DETACH) < 0)
			run("fusermount3", "-u", "-z", points[i], NULL);
	return count;
}

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *place)
{
	(void)stat;
	(void)type;
	(void)place;
	remove(path);
	return 0;
}

/* FTW_MOUNT: should something still be mounted, its contents are not ours to remove. */
static void remove_all(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_MOUNT | FTW_PHYS);
}

/*
 * A daemon of its own, in a session of its own, that no one who stops the test by its process group or its tree
 * takes with it.
 */
static void post_a_guardian(void)
{
	int ends[2];
	char byte;
	pid_t process;

	if (pipe2(ends, O_CLOEXEC) < 0 || (process = fork()) < 0) {
		perror("FAIL: no guardian");
		exit(1);
	}
	if (process == 0) {
		setsid();
		if (fork() != 0)
			_exit(0);
		signal(SIGINT, SIG_IGN);
		signal(SIGTERM, SIG_IGN);
		signal(SIGHUP, SIG_IGN);
		signal(SIGPIPE, SIG_IGN);
		close(ends[1]);
		while (read(ends[0], &byte, 1) < 0 && errno == EINTR)
			;
		if (access(first_folder, F_OK) == 0) {
			detach_all();
			remove_all(first_folder);
		}
		_exit(0);
	}
	waitpid(process, NULL, 0);
	close(ends[0]);
	guard = ends[1];
}

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

static int is_mounted(const char *path)
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
	daemon_pid = spawned(arguments, in_folder("log"));
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
	status = status_of(spawned(arguments, in_folder("log")));
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

void begin_program(void)
{
	const char *temporary = getenv("TMPDIR");
	struct rlimit limit;
	int fuse;

	setvbuf(stdout, NULL, _IOLBF, 0);
	wbfs = getenv("WBFS") ? getenv("WBFS") : WBFS_PROGRAM;
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
	post_a_guardian();
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
	file_limit = 0;
	status = stop_daemon();
	if (status != 0)
		fprintf(stderr, "FAIL: the daemon ended with %d\n", status);
	umount2(in_upper(""), MNT_DETACH); /* if it was a tmpfs */
	if (status < 0)
		detach_all();
	return status;
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
