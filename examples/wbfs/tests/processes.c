/* SPDX-License-Identifier: MIT */
/*
 * Processes, paths, and that nothing is left behind: the half of mounted.h that knows nothing of a daemon.
 */
#include "mounted.h"
#include "processes.h"

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
	MOST_PATHS = 16,
	PATH_SIZE = PATH_MAX
};

char folder[PATH_MAX / 4], first_folder[PATH_MAX / 8];

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
int status_if_it_ends(pid_t process)
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
		kill(process, SIGKILL); /* it may wait for the daemon, and nobody waits for it */
		fail_msg("a process that should have ended did not");
	}
	return status;
}

/* Starts arguments[0], with both outputs in the file. */
pid_t spawned(const char *const *arguments, const char *output, unsigned long file_limit,
	      unsigned long descriptor_limit)
{
	pid_t process = forked();

	if (process == 0) {
		int fd = open(output, O_WRONLY | O_CREAT | O_APPEND, 0600);

		if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0)
			_exit(126);
		if (file_limit)
			setrlimit(RLIMIT_FSIZE, &(struct rlimit){ file_limit, file_limit });
		if (descriptor_limit)
			setrlimit(RLIMIT_NOFILE,
				  &(struct rlimit){ descriptor_limit, descriptor_limit });
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
	process = spawned(arguments, "/dev/null", 0, 0);
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
unsigned detach_all(void)
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
void remove_all(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_MOUNT | FTW_PHYS);
}

/*
 * A daemon of its own, in a session of its own, that no one who stops the test by its process group or its tree
 * takes with it.
 */
int post_a_guardian(void)
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
	return ends[1];
}
