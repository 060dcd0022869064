/* SPDX-License-Identifier: MIT */
#include "options.h"
#include "fs.h"
#include "socket.h"

#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
	"usage: wbfs [OPTION]... UPPER MOUNT\n"
	"  mounts a write-back view of the directory UPPER at MOUNT, for the user who calls it\n"
	"    -f, --foreground  stay in the foreground\n"
	"    --age MS          write back what is dirty for longer (default 5000)\n"
	"    --size KIB        write back when more is dirty in all (default 16384)\n"
	"    -o OPTIONS        mount options: ro, noatime, noexec, nosuid, nodev, ...\n"
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
	"everything back first. To MOUNT/" CONTROL_NAME
	" its user writes how write-back goes: \"EIO\" (or\n"
	"another errno) makes it fail, \"ok\" heals it, \"sync\" writes back now, \"evict\" "
	"forgets what is clean.\n";

static const char *const hint = "see wbfs --help";

void give_up(int status, const char *format, ...)
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

/* Absolute, because the daemon does not stay in this directory. */
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

enum {
	FOR_OTHERS,
	KNOWN
};
#define KEY_ONLY ((unsigned long)-1U) /* as in FUSE_OPT_KEY, of which clang warns */

/* For fuse_opt_parse, which knows how libfuse separates options. Discards none: all go on to libfuse. */
static int check_mount_option(void *data, const char *option, int key, struct fuse_args *args)
{
	(void)data;
	(void)args;
	if (key == FOR_OTHERS)
		give_up(EXIT_USAGE,
			"-o %s: wbfs serves only the user who calls it; for others it would act "
			"with that user's rights",
			option);
	if (key == FUSE_OPT_KEY_OPT)
		give_up(EXIT_USAGE, "-o %s: wbfs does not know this option; %s", option, hint);
	return 1;
}

/* What we do not know may let others in. */
static void check_mount_options(const char *options)
{
	static const struct fuse_opt known[] = {
		{ "allow_other", KEY_ONLY, FOR_OTHERS },
		{ "allow_root", KEY_ONLY, FOR_OTHERS },
		{ "user_id=", KEY_ONLY, FOR_OTHERS },
		{ "group_id=", KEY_ONLY, FOR_OTHERS },
		{ "default_permissions", KEY_ONLY, KNOWN },
		{ "ro", KEY_ONLY, KNOWN },
		{ "rw", KEY_ONLY, KNOWN },
		{ "atime", KEY_ONLY, KNOWN },
		{ "noatime", KEY_ONLY, KNOWN },
		{ "diratime", KEY_ONLY, KNOWN },
		{ "nodiratime", KEY_ONLY, KNOWN },
		{ "dev", KEY_ONLY, KNOWN },
		{ "nodev", KEY_ONLY, KNOWN },
		{ "suid", KEY_ONLY, KNOWN },
		{ "nosuid", KEY_ONLY, KNOWN },
		{ "exec", KEY_ONLY, KNOWN },
		{ "noexec", KEY_ONLY, KNOWN },
		{ "max_read=", KEY_ONLY, KNOWN },
		FUSE_OPT_END,
	};
	struct fuse_args args = FUSE_ARGS_INIT(0, NULL);

	if (fuse_opt_add_arg(&args, "wbfs") != 0 || fuse_opt_add_arg(&args, "-o") != 0 ||
	    fuse_opt_add_arg(&args, options) != 0 ||
	    fuse_opt_parse(&args, NULL, known, check_mount_option) != 0)
		give_up(EXIT_FAILED, "-o %s: cannot be parsed", options);
	fuse_opt_free_args(&args);
}

void options_parse(int argc, char **argv, struct settings *settings)
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
	if (settings->options)
		check_mount_options(settings->options);
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
