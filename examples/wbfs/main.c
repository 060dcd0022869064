/* SPDX-License-Identifier: MIT */
/*
 * wbfs: a write-back filesystem over a directory, to show where words and cursors go in a FUSE daemon.
 *
 * Start reading in handles.c: what open, write, flush, fsync and release do. record_error() in flusher.c is the other
 * end. view.c is about an observer that takes nothing from the others.
 */
#include "client.h"
#include "daemon.h"
#include "log.h"
#include "options.h"
#include "server.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Returns how many inodes we can afford. */
static size_t prepare_process(void)
{
	struct rlimit files;

	/* libfuse cancels its threads at the end. glibc loads this then, and aborts if no descriptor is left. */
	(void)dlopen("libgcc_s.so.1", RTLD_NOW);
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

/* Descriptors are opened again, and links made, by their names in /proc. */
static void check_proc(int fd)
{
	char name[40];
	struct stat st;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	if (stat(name, &st) != 0)
		give_up(EXIT_FAILED, "/proc is not mounted here, and wbfs needs it: '%s': %s", name,
			strerror(errno));
}

static void say_what_is_given_up(int signal, unsigned handles)
{
	if (signal)
		log_line("told to end (%s): %u open files and directories are given up",
			 strsignal(signal), handles);
}

/* Nobody is left who could get it. */
static void say_what_is_forgotten(const struct cache *cache)
{
	errseq_cursor_t last = errseq_load(&cache->errors);
	char text[ERRSEQ_FORMAT_SIZE];

	if (!errseq_cursor_error(last) || errseq_cursor_reported(last))
		return;
	errseq_format(last, text, sizeof(text));
	log_line("forgotten: an error that no fsync of a directory has reported (%s)", text);
}

/* Until now somebody could ask. Returns the error of the last write-back, or 0. */
static int stop_cache(struct cache *cache)
{
	errseq_cursor_t now = errseq_peek(&cache->errors);
	int err;

	cache_stop(cache);
	err = errseq_check(&cache->errors, now);
	if (err)
		log_line("the last write-back failed, and data is lost: %s", strerror(-err));
	say_what_is_forgotten(cache);
	return err;
}

static int start_threads(struct cache *cache, struct server *server, struct mount *mount)
{
	int err = flusher_start(cache);

	if (!err)
		err = server_start(server);
	if (!err)
		err = signals_start(mount);
	return err;
}

static int run(const struct settings *settings)
{
	static struct cache cache;
	static struct mount mount = { .cache = &cache, .ready = daemon_ready };
	struct server server = { .upper = &mount,
				 .upper_path = settings->upper,
				 .mount_path = settings->mount,
				 .options = settings->options };
	char error[MOUNT_ERROR_SIZE] = "", *source;
	unsigned given_up;
	int err;

	if (asprintf(&source, "fsname=%s", settings->upper) < 0)
		give_up(EXIT_FAILED, "out of memory");
	server.source = source;
	if (!settings->foreground)
		daemon_fork();
	signals_block();
	if (server_bind(&server, settings->upper, error) != 0)
		give_up(EXIT_FAILED, "%s", error);
	check_proc(server.lock);
	err = cache_start(&cache, settings->upper, settings->age_ms,
			  (size_t)settings->size_kib * 1024 / PAGE, prepare_process());
	if (!err)
		err = state_lifetime(server.lifetime, cache.root->dev, cache.root->ino);
	if (err)
		give_up(EXIT_FAILED, "UPPER '%s': %s", settings->upper, strerror(-err));
	if (mount_start(&mount, settings->options, source, settings->mount, error) != 0)
		give_up(EXIT_FAILED, "%s", error);
	err = start_threads(&cache, &server, &mount);
	if (err) {
		mount_point_unmount(&mount);
		give_up(EXIT_FAILED, "a thread of the daemon could not be started: %s",
			strerror(-err));
	}
	err = mount_serve(&mount);
	if (err)
		log_line("'%s' cannot be served: %s", settings->mount, strerror(-err));
	server_stop(&server);
	given_up = mount_end(&mount);
	say_what_is_given_up(signals_stop(), given_up);
	mount_free(&mount);
	if (stop_cache(&cache) != 0)
		err = -EIO;
	server_unbind(&server);
	free(source);
	return err ? EXIT_FAILED : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct settings settings;
	int status = EXIT_SUCCESS;

	options_parse(argc, argv, &settings);
	if (settings.is_view) {
		const struct request request = { .is_view = true,
						 .at = settings.mount,
						 .state = settings.state,
						 .strict = settings.strict };
		char error[SOCKET_ERROR_SIZE] = "";

		if (client_ask(settings.upper, &request, settings.foreground, error) != 0)
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
