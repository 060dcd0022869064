/* SPDX-License-Identifier: MIT */
/*
 * wbfs: a write-back filesystem over a directory, to show where words and cursors go in a FUSE daemon.
 *
 * Start reading in fs.c: struct handle, and what open, write, flush, fsync and release do. record() in
 * cache.c is the other end. view.c is about an observer that takes nothing from the others.
 */
#include "fs.h"

#include <errno.h>
#include <getopt.h>
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
	"    -f, --foreground  stay in the foreground, and say there what happens\n"
	"    --age MS          write back what is dirty for longer (default 5000)\n"
	"    --size KIB        write back when more is dirty in all (default 16384)\n"
	"    -o OPTIONS        mount options for libfuse: allow_other, ro, ...\n"
	"    -h, --help; --version\n"
	"It ends when MOUNT is unmounted (fusermount3 -u MOUNT), or by SIGTERM, SIGINT or SIGHUP; "
	"it writes\n"
	"everything back first. In MOUNT/" CONTROL_NAME
	", root says how write-back goes: \"EIO\" (or another\n"
	"errno) makes it fail, \"ok\" heals it, \"sync\" writes back now, \"evict\" forgets what "
	"is clean.\n";

static const char *const hint = "see wbfs --help";

struct settings {
	bool foreground;
	long age_ms, size_kib;
	const char *options;
	char *upper, *mount;
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

static void parse(int argc, char **argv, struct settings *settings)
{
	enum {
		AGE = 256,
		SIZE,
		VERSION
	};
	static const struct option options[] = {
		{ "foreground", no_argument, NULL, 'f' },  { "age", required_argument, NULL, AGE },
		{ "size", required_argument, NULL, SIZE }, { "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, VERSION }, { 0 },
	};
	int option;

	*settings = (struct settings){ .age_ms = 5000, .size_kib = 16384 };
	while ((option = getopt_long(argc, argv, "fho:", options, NULL)) != -1) {
		switch (option) {
		case 'f':
			settings->foreground = true;
			break;
		case 'o':
			settings->options = optarg;
			break;
		case AGE:
			settings->age_ms = number("--age", optarg);
			break;
		case SIZE:
			settings->size_kib = number("--size", optarg);
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
	if (argc - optind != 2)
		give_up(EXIT_USAGE, "two directories are needed, UPPER and MOUNT, not %d; %s",
			argc - optind, hint);
	/* absolute: the daemon does not stay in this directory */
	settings->upper = realpath(argv[optind], NULL);
	if (!settings->upper)
		give_up(EXIT_USAGE, "UPPER '%s': %s; it must be a directory that exists",
			argv[optind], strerror(errno));
	settings->mount = realpath(argv[optind + 1], NULL);
	if (!settings->mount && errno == ENOTCONN)
		give_up(EXIT_FAILED,
			"'%s' is still the mount of a daemon that died; fusermount3 -u it first",
			argv[optind + 1]);
	if (!settings->mount)
		give_up(EXIT_USAGE, "'%s': %s; it must be a directory that exists",
			argv[optind + 1], strerror(errno));
}

/* In the way of write-back they are errors that it gets and records, not the end of the daemon. */
static void prepare_process(void)
{
	struct rlimit files;

	signal(SIGXFSZ, SIG_IGN);
	umask(0);				     /* the kernel has applied the caller's */
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) { /* one for each inode that is known */
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
}

static int serve(struct mount *mount, struct cache *cache)
{
	sigset_t ours, before;
	int err;

	/* signals go to this thread only, which fuse_set_signal_handlers ends by them */
	sigfillset(&ours);
	pthread_sigmask(SIG_SETMASK, &ours, &before);
	err = cache_start_flusher(cache);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err) {
		fprintf(stderr, "wbfs: the flusher could not be started: %s\n", strerror(-err));
		return EXIT_FAILED;
	}
	err = mount_serve(mount); /* a signal's number if that ended it: no failure */
	return err < 0 ? EXIT_FAILED : EXIT_SUCCESS;
}

/* Unmounting succeeds whatever was lost; nobody is left who could be told. */
static void say_what_is_forgotten(const struct cache *cache)
{
	errseq_cursor_t last = errseq_load(&cache->errors);
	char text[ERRSEQ_FORMAT_SIZE];

	if (!errseq_cursor_error(last) || errseq_cursor_reported(last))
		return;
	errseq_format(last, text, sizeof(text));
	fprintf(stderr,
		"wbfs: forgotten at unmount: an error that no fsync of a directory was told of "
		"(%s)\n",
		text);
}

int main(int argc, char **argv)
{
	static struct cache cache;
	struct settings settings;
	struct mount mount = { .cache = &cache };
	char *source;
	int err, status;

	parse(argc, argv, &settings);
	prepare_process();
	err = cache_start(&cache, settings.upper, settings.age_ms,
			  (size_t)settings.size_kib * 1024 / PAGE);
	if (err)
		give_up(EXIT_FAILED, "UPPER '%s': %s", settings.upper, strerror(-err));
	if (asprintf(&source, "fsname=%s", settings.upper) < 0)
		give_up(EXIT_FAILED, "out of memory");
	err = mount_start(&mount, settings.options, source, settings.mount);
	if (err)
		give_up(EXIT_FAILED, "'%s' could not be mounted", settings.mount);
	if (fuse_set_signal_handlers(mount.session) != 0 ||
	    fuse_daemonize(settings.foreground) != 0) {
		mount_end(&mount);
		give_up(EXIT_FAILED, "signals and daemon: %s", strerror(errno));
	}
	status = serve(&mount, &cache);
	fuse_remove_signal_handlers(mount.session);
	mount_end(&mount);
	cache_stop(&cache);
	say_what_is_forgotten(&cache);
	free(source);
	free(settings.upper);
	free(settings.mount);
	return status;
}
