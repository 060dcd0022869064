/* SPDX-License-Identifier: MIT */
/*
 * wbfs: a write-back filesystem over a directory, to show where words and cursors go in a FUSE daemon.
 *
 * Start reading in fs.c: struct handle, and what open, write, flush, fsync and release do. record() in
 * cache.c is the other end. view.c is about an observer that takes nothing from the others.
 */
#include "server.h"

#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
	EXIT_FAILED = 1,
	EXIT_USAGE = 2
};

static const char usage[] =
	"usage: wbfs [OPTION]... UPPER MOUNT\n"
	"  mounts a write-back view of the directory UPPER at MOUNT\n"
	"    -f, --foreground  stay in the foreground\n"
	"    --age MS          write back what is dirty for longer (default 5000)\n"
	"    --size KIB        write back when more is dirty in all (default 16384)\n"
	"    -o OPTIONS        mount options for libfuse: allow_other, ro, ...\n"
	"    -h, --help; --version\n"
	"usage: wbfs --volatile [OPTION]... UPPER VIEW\n"
	"  asks the running wbfs of UPPER for a second mount, at VIEW: it never writes back on "
	"fsync, and every\n"
	"  fsync fails with EIO once an error was recorded after it was mounted\n"
	"    --strict          read and write fail then, too\n"
	"    --state FILE      FILE keeps the view's position while it is not mounted; mounting it "
	"again fails if\n"
	"                      an error was recorded meanwhile\n"
	"    -f, --foreground  stay until VIEW is unmounted\n"
	"It ends when MOUNT is unmounted (fusermount3 -u MOUNT), or by SIGTERM, SIGINT or SIGHUP; "
	"it writes\n"
	"everything back first. In MOUNT/" CONTROL_NAME
	", root says how write-back goes: \"EIO\" (or another\n"
	"errno) makes it fail, \"ok\" heals it, \"sync\" writes back now, \"evict\" forgets what "
	"is clean.\n";

static const char *const hint = "see wbfs --help";

struct settings {
	bool foreground, is_view, strict, for_mount;
	long age_ms, size_kib;
	char *options; /* NULL, or what all -o say */
	char *upper, *mount, *state;
};

__attribute__((format(printf, 2, 3), noreturn)) static void give_up(int status, const char *format,
								    ...)
{
	va_list args;

	fputs("wbfs: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(status);
}

static long number(const char *option, const char *text)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (end == text || *end || errno || value < 0 || value > 1000000000)
		give_up(EXIT_USAGE, "%s takes a number from 0 to 1000000000, not '%s'; %s", option,
			text, hint);
	return value;
}

/* Of a file that need not exist; if it is a link, of what it points to. The daemon is in another directory. */
static char *absolute(const char *path)
{
	char *result = realpath(path, NULL), *copy, *copy2, *directory = NULL;

	if (result)
		return result;
	if (!*path)
		give_up(EXIT_USAGE, "--state takes the name of a file, not ''");
	copy = strdup(path);
	copy2 = strdup(path);
	if (copy && copy2)
		directory = realpath(dirname(copy), NULL);
	if (!directory || asprintf(&result, "%s/%s", directory, basename(copy2)) < 0)
		give_up(EXIT_USAGE, "--state '%s': %s; its directory must exist", path,
			strerror(errno));
	free(directory);
	free(copy);
	free(copy2);
	return result;
}

/* Absolute, for the daemon does not stay in this directory. */
static char *directory(const char *what, const char *path)
{
	char *result = realpath(path, NULL);
	struct stat st;

	if (!result || stat(result, &st) != 0) {
		if (errno == ENOTCONN)
			give_up(EXIT_FAILED,
				"%s '%s': its daemon has died; fusermount3 -u it first", what,
				path);
		give_up(EXIT_USAGE, "%s '%s': %s; it must be a directory", what, path,
			strerror(errno));
	}
	if (!S_ISDIR(st.st_mode))
		give_up(EXIT_USAGE, "%s '%s': not a directory", what, path);
	return result;
}

static void parse(int argc, char **argv, struct settings *settings)
{
	enum {
		AGE = 256,
		SIZE,
		VOLATILE,
		STRICT,
		STATE,
		VERSION
	};
	static const struct option options[] = {
		{ "foreground", no_argument, NULL, 'f' },
		{ "age", required_argument, NULL, AGE },
		{ "size", required_argument, NULL, SIZE },
		{ "volatile", no_argument, NULL, VOLATILE },
		{ "strict", no_argument, NULL, STRICT },
		{ "state", required_argument, NULL, STATE },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, VERSION },
		{ 0 },
	};
	int option;

	*settings = (struct settings){ .age_ms = 5000, .size_kib = 16384 };
	while ((option = getopt_long(argc, argv, "fho:", options, NULL)) != -1) {
		switch (option) {
		case 'f':
			settings->foreground = true;
			break;
		case 'o':
			if (fuse_opt_add_opt(&settings->options, optarg) != 0)
				give_up(EXIT_FAILED, "out of memory");
			settings->for_mount = true;
			break;
		case AGE:
			settings->age_ms = number("--age", optarg);
			settings->for_mount = true;
			break;
		case SIZE:
			settings->size_kib = number("--size", optarg);
			settings->for_mount = true;
			break;
		case VOLATILE:
			settings->is_view = true;
			break;
		case STRICT:
			settings->strict = true;
			break;
		case STATE:
			settings->state = absolute(optarg);
			break;
		case 'h':
			fputs(usage, stdout);
			exit(EXIT_SUCCESS);
		case VERSION:
			printf("wbfs of libErrseq %d.%d.%d, libfuse %s\n", ERRSEQ_VERSION_MAJOR,
			       ERRSEQ_VERSION_MINOR, ERRSEQ_VERSION_PATCH, fuse_pkgversion());
			exit(EXIT_SUCCESS);
		default: /* getopt has said what is wrong */
			exit(EXIT_USAGE);
		}
	}
	if ((settings->strict || settings->state) && !settings->is_view)
		give_up(EXIT_USAGE, "--strict and --state are for --volatile; %s", hint);
	if (settings->for_mount && settings->is_view)
		give_up(EXIT_USAGE, "--age, --size and -o are not for --volatile; %s", hint);
	if (argc - optind != 2)
		give_up(EXIT_USAGE, "two directories are needed, UPPER and %s, not %d; %s",
			settings->is_view ? "VIEW" : "MOUNT", argc - optind, hint);
	settings->upper = directory("UPPER", argv[optind]);
	settings->mount = directory(settings->is_view ? "VIEW" : "MOUNT", argv[optind + 1]);
	if (!settings->is_view && (strcmp(settings->mount, settings->upper) == 0 ||
				   is_inside(settings->mount, settings->upper)))
		give_up(EXIT_USAGE, "MOUNT '%s' is UPPER '%s' or inside it; choose another place",
			settings->mount, settings->upper);
}

/* Returns how many inodes we can afford. */
static size_t prepare_process(void)
{
	struct rlimit files;

	/* a limit on file sizes shall be an error of write-back, and not the end of the daemon */
	signal(SIGXFSZ, SIG_IGN);
	/* the kernel has applied the caller's */
	umask(0);
	/*
	 * Each inode in memory has a descriptor, and one more while it is open or dirty. Of all that we may have, an
	 * eighth for each of those that are dirty, idle, or known to the kernel leaves enough for open files.
	 */
	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return 64;
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	return files.rlim_max < 1000000 ? (size_t)files.rlim_max / 8 : 125000;
}

static void ignore(int signal)
{
	(void)signal;
}

/* The thread that calls this is the only one to get the signals that end the daemon. */
static int start_threads(struct cache *cache, struct server *server)
{
	struct sigaction wake = { .sa_handler = ignore }; /* for view_tell_to_end */
	sigset_t most, before;
	int err;

	sigaction(SIGUSR1, &wake, NULL);
	sigfillset(&most);
	sigdelset(&most, SIGUSR1);
	pthread_sigmask(SIG_SETMASK, &most, &before);
	err = cache_start_flusher(cache);
	if (!err)
		err = server_start(server);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return err;
}

/* Unmounting succeeds whatever was lost; nobody is left who could be told. */
static void say_what_is_forgotten(const struct cache *cache)
{
	errseq_cursor_t last = errseq_load(&cache->errors);
	char text[ERRSEQ_FORMAT_SIZE];

	if (!errseq_cursor_error(last) || errseq_cursor_reported(last))
		return;
	errseq_format(last, text, sizeof(text));
	fprintf(stderr, "wbfs: forgotten: an error that no fsync of a directory was told of (%s)\n",
		text);
}

static int run(const struct settings *settings)
{
	static struct cache cache;
	struct mount mount = { .cache = &cache };
	struct server server = { .upper = &mount,
				 .upper_path = settings->upper,
				 .mount_path = settings->mount,
				 .options = settings->options };
	char error[MOUNT_ERROR_SIZE] = "", *source;
	size_t inode_limit;
	int err;

	inode_limit = prepare_process();
	err = cache_start(&cache, settings->upper, settings->age_ms,
			  (size_t)settings->size_kib * 1024 / PAGE, inode_limit);
	if (!err)
		err = state_lifetime(server.lifetime, cache.root->dev, cache.root->ino);
	if (err)
		give_up(EXIT_FAILED, "UPPER '%s': %s", settings->upper, strerror(-err));
	if (asprintf(&source, "fsname=%s", settings->upper) < 0)
		give_up(EXIT_FAILED, "out of memory");
	server.source = source;
	if (server_bind(&server, settings->upper, error) != 0 ||
	    mount_start(&mount, settings->options, source, settings->mount, error) != 0)
		give_up(EXIT_FAILED, "%s", error);
	/* threads do not survive a fork: the daemon's begin after it */
	if (fuse_set_signal_handlers(mount.session) != 0 ||
	    fuse_daemonize(settings->foreground) != 0 ||
	    (err = start_threads(&cache, &server)) != 0) {
		mount_end(&mount);
		give_up(EXIT_FAILED, "the daemon could not be started: %s",
			strerror(err ? -err : errno));
	}
	err = mount_serve(&mount); /* > 0: a signal ended it, which is no failure */
	server_stop(&server);
	fuse_remove_signal_handlers(mount.session);
	mount_end(&mount);
	cache_stop(&cache);
	say_what_is_forgotten(&cache);
	free(source);
	return err < 0 ? EXIT_FAILED : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct settings settings;
	int status = EXIT_SUCCESS;

	parse(argc, argv, &settings);
	if (settings.is_view) {
		struct wish wish = { .upper = settings.upper,
				     .at = settings.mount,
				     .state = settings.state,
				     .strict = settings.strict,
				     .stay = settings.foreground };
		char error[MOUNT_ERROR_SIZE] = "";

		if (server_ask(&wish, error) != 0)
			give_up(EXIT_FAILED, "%s", error);
	} else {
		status = run(&settings);
	}
	free(settings.upper);
	free(settings.mount);
	free(settings.state);
	free(settings.options);
	return status;
}
