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

enum {
	TEXT_SIZE = LIFETIME_SIZE + 128
};

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

static int refuse(char error[STATE_ERROR_SIZE], const struct state_file *file, const char *why)
{
	snprintf(error, STATE_ERROR_SIZE,
		 "the state file '%.200s' %s; sync or rebuild what the view is for, then remove "
		 "the file",
		 file->path, why);
	return -1;
}

int state_open(struct state_file *file, const char *path, char error[STATE_ERROR_SIZE])
{
	char *copy = strdup(path), *copy2 = strdup(path);
	struct stat st;

	file->path = path;
	file->directory = -1;
	if (copy && copy2) {
		snprintf(file->name, sizeof(file->name), "%s", basename(copy2));
		file->directory = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	free(copy);
	free(copy2);
	if (file->directory < 0 || fstat(file->directory, &st) != 0) {
		snprintf(error, STATE_ERROR_SIZE, "the directory of the state file '%.200s': %s",
			 path, strerror(errno));
	} else if ((st.st_uid != geteuid() && st.st_uid != 0) ||
		   (st.st_mode & (S_IWGRP | S_IWOTH) && !(st.st_mode & S_ISVTX))) {
		snprintf(error, STATE_ERROR_SIZE,
			 "others can replace the state file '%.200s'; choose a directory where "
			 "only you can write",
			 path);
	} else {
		return 0;
	}
	state_close(file);
	return -1;
}

void state_close(struct state_file *file)
{
	if (file->directory >= 0)
		close(file->directory);
	file->directory = -1;
}

/* The whole text as it should be; its length. */
static size_t text_of(char text[TEXT_SIZE], const char *lifetime, enum state_kind kind,
		      errseq_cursor_t position)
{
	char end[20] = "mounted";
	int size;

	if (kind == STATE_CLEAN)
		snprintf(end, sizeof(end), "at 0x%08lx", (unsigned long)position);
	else if (kind == STATE_FAILED)
		snprintf(end, sizeof(end), "failed");
	size = snprintf(text, TEXT_SIZE, "%s%s\n%s\n", first_line, lifetime, end);
	return (size_t)size;
}

/* Whether this is a position, and the whole text as we would write it: no byte more or less. */
static bool parse_position(const char *text, size_t size, const char *lifetime,
			   errseq_cursor_t *position)
{
	static const char digits[] = "0123456789abcdef";
	char expected[TEXT_SIZE];
	errseq_cursor_t value = 0;
	size_t i;

	for (i = size - 9; i < size - 1; i++) {
		const char *digit = strchr(digits, text[i]);

		if (!digit)
			return false;
		value = value << 4 | (errseq_cursor_t)(digit - digits);
	}
	*position = value;
	return text_of(expected, lifetime, STATE_CLEAN, value) == size &&
	       memcmp(expected, text, size) == 0;
}

static bool is_text(const char *text, size_t size, const char *lifetime, enum state_kind kind)
{
	char expected[TEXT_SIZE];

	return text_of(expected, lifetime, kind, 0) == size && memcmp(expected, text, size) == 0;
}

/* Whether it is a state file in form, of whatever lifetime. */
static bool has_form(const char *text, size_t size)
{
	size_t first = strlen(first_line), lines = 0, i;

	for (i = 0; i < size; i++) {
		lines += text[i] == '\n';
		if (text[i] == 0)
			return false;
	}
	return size > first && memcmp(text, first_line, first) == 0 && lines == 3 &&
	       text[size - 1] == '\n';
}

int state_load(const struct state_file *file, const char *lifetime, errseq_cursor_t *position,
	       char error[STATE_ERROR_SIZE])
{
	/* O_NONBLOCK: of a pipe, too, it returns at once */
	int fd = openat(file->directory, file->name,
			O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
	char text[TEXT_SIZE + 1] = "";
	struct stat st;
	ssize_t size;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &st) != 0) {
		refuse(error, file, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	size = S_ISREG(st.st_mode) ? read(fd, text, sizeof(text)) : 0;
	close(fd);
	if (!S_ISREG(st.st_mode))
		return refuse(error, file, "is no regular file");
	if (st.st_uid != geteuid() || st.st_mode & (S_IWGRP | S_IWOTH))
		return refuse(error, file, "belongs to somebody else, or others can write to it");
	if (size <= 0 || !has_form(text, (size_t)size))
		return refuse(error, file, "is broken, or something else");
	if (parse_position(text, (size_t)size, lifetime, position))
		return 1;
	if (is_text(text, (size_t)size, lifetime, STATE_MOUNTED))
		return refuse(error, file,
			      "says that the view is still mounted, or was not unmounted cleanly");
	if (is_text(text, (size_t)size, lifetime, STATE_FAILED))
		return refuse(error, file,
			      "says that an error was recorded while the view was mounted");
	if (strncmp(text + strlen(first_line), lifetime, strlen(lifetime)) == 0)
		return refuse(error, file, "is broken, or something else");
	return refuse(error, file,
		      "is from another run of the daemon, another boot or another UPPER, and "
		      "nobody knows what has failed since");
}

static int write_whole(int fd, const char *text, size_t size)
{
	ssize_t n = write(fd, text, size);

	if (n < 0)
		return -errno;
	if ((size_t)n != size)
		return -ENOSPC;
	return fsync(fd) == 0 ? 0 : -errno;
}

/*
 * A new file with a name that nobody can guess, fsync, rename, fsync of the directory: after a crash there is always one
 * of the two states, and what others put beside it changes nothing.
 */
int state_save(const struct state_file *file, const char *lifetime, enum state_kind kind,
	       errseq_cursor_t position)
{
	char text[TEXT_SIZE], temporary[40];
	size_t size = text_of(text, lifetime, kind, position);
	uint64_t random;
	int fd, err;

	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return -EIO;
	snprintf(temporary, sizeof(temporary), ".wbfs-%016llx", (unsigned long long)random);
	fd = openat(file->directory, temporary,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	err = write_whole(fd, text, size);
	close(fd);
	if (!err && renameat(file->directory, temporary, file->directory, file->name) != 0)
		err = -errno;
	if (err)
		unlinkat(file->directory, temporary, 0);
	else if (fsync(file->directory) != 0)
		err = -errno;
	return err;
}
