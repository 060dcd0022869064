/* SPDX-License-Identifier: MIT */
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static const char first_line[] = "position of a volatile wbfs view\n";

int state_lifetime(char lifetime[LIFETIME_SIZE], dev_t upper_dev, ino_t upper_ino)
{
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
	char boot[40] = "";
	uint64_t run[2];
	int got = file ? fscanf(file, "%39s", boot) : 0;

	if (file)
		fclose(file);
	if (got != 1 || getrandom(run, sizeof(run), 0) != (ssize_t)sizeof(run))
		return -EIO;
	snprintf(lifetime, LIFETIME_SIZE, "boot %s run %016llx%016llx upper %llu:%llu", boot,
		 (unsigned long long)run[0], (unsigned long long)run[1],
		 (unsigned long long)upper_dev, (unsigned long long)upper_ino);
	return 0;
}

static int refuse(char error[STATE_ERROR_SIZE], const char *path, const char *why)
{
	snprintf(error, STATE_ERROR_SIZE,
		 "the state file '%.200s' %s; sync or rebuild what the view is for, then remove "
		 "the file",
		 path, why);
	return -1;
}

int state_load(const char *path, const char *lifetime, errseq_cursor_t *position,
	       char error[STATE_ERROR_SIZE])
{
	int fd = open(path,
		      O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* of a pipe, too, it returns at once */
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	struct stat st;
	char text[512], written[LIFETIME_SIZE + 1];
	const char *rest = text + strlen(first_line);
	char *end;
	size_t size;

	if (!file && errno == ENOENT)
		return 0;
	if (!file || fstat(fd, &st) != 0) {
		int saved = errno;

		if (file)
			fclose(file);
		else if (fd >= 0)
			close(fd);
		return refuse(error, path, strerror(saved));
	}
	if (!S_ISREG(st.st_mode)) {
		fclose(file);
		return refuse(error, path, "is no regular file");
	}
	size = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[size] = 0;
	end = strchr(rest < text + size ? rest : text, '\n');
	if (strncmp(text, first_line, strlen(first_line)) != 0 || !end || text[size - 1] != '\n' ||
	    end - rest >= LIFETIME_SIZE)
		return refuse(error, path, "is broken, or something else");
	snprintf(written, sizeof(written), "%.*s", (int)(end - rest), rest);
	if (strcmp(written, lifetime) != 0)
		return refuse(error, path,
			      "is from another run of the daemon, another boot or another UPPER, "
			      "and nobody knows what has failed since");
	rest = end + 1;
	if (strcmp(rest, "mounted\n") == 0)
		return refuse(error, path,
			      "says that the view is still mounted, or was not unmounted cleanly");
	if (strcmp(rest, "failed\n") == 0)
		return refuse(error, path,
			      "says that an error was recorded while the view was mounted");
	if (strncmp(rest, "at 0x", 5) != 0 || strspn(rest + 5, "0123456789abcdef") != 8 ||
	    strcmp(rest + 13, "\n") != 0)
		return refuse(error, path, "is broken, or something else");
	*position = (errseq_cursor_t)strtoul(rest + 5, NULL, 16);
	return 1;
}

/* A temporary file, fsync, rename, fsync of the directory: there is always one of the two states. */
int state_save(const char *path, const char *lifetime, enum state_kind kind,
	       errseq_cursor_t position)
{
	char *temporary = NULL, *text = NULL, *copy = strdup(path);
	int fd = -1, directory = -1, err = -ENOMEM, size;

	if (kind == STATE_CLEAN)
		size = asprintf(&text, "%s%s\nat 0x%08lx\n", first_line, lifetime,
				(unsigned long)position);
	else
		size = asprintf(&text, "%s%s\n%s\n", first_line, lifetime,
				kind == STATE_MOUNTED ? "mounted" : "failed");
	if (copy && size > 0 && asprintf(&temporary, "%s.new", path) > 0) {
		directory = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (directory < 0 || fd < 0 || write(fd, text, (size_t)size) != size ||
		    fsync(fd) != 0 || rename(temporary, path) != 0 || fsync(directory) != 0)
			err = errno ? -errno : -EIO;
		else
			err = 0;
	}
	if (fd >= 0)
		close(fd);
	if (directory >= 0)
		close(directory);
	free(temporary);
	free(text);
	free(copy);
	return err;
}
