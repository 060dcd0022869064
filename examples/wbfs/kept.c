/* SPDX-License-Identifier: MIT */
#include "kept.h"
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

enum {
	GENERATION_SIZE = 32
};

/* Tells a file from an earlier or later one with the same number; of length 0 if that is not known. */
struct generation {
	unsigned length;
	unsigned char bytes[GENERATION_SIZE];
};

struct kept_error {
	dev_t dev;
	ino_t ino;
	struct generation generation;
	int err;
	TAILQ_ENTRY(kept_error) link;
	LIST_ENTRY(kept_error) bucket;
	char name[];
};

static void get_generation(int path, struct generation *generation)
{
	union {
		struct file_handle head;
		char room[sizeof(struct file_handle) + GENERATION_SIZE];
	} handle = { .head = { .handle_bytes = GENERATION_SIZE } };
	struct statfs fs;
	struct statx st;
	int mount_id;

	*generation = (struct generation){ 0 };
	/* another FUSE daemon's handles do not outlive its memory */
	if (fstatfs(path, &fs) == 0 && fs.f_type != FUSE_SUPER_MAGIC &&
	    name_to_handle_at(path, "", &handle.head, &mount_id, AT_EMPTY_PATH) == 0) {
		generation->length = handle.head.handle_bytes;
		memcpy(generation->bytes, handle.head.f_handle, generation->length);
	} else if (statx(path, "", AT_EMPTY_PATH, STATX_BTIME, &st) == 0 &&
		   st.stx_mask & STATX_BTIME) {
		generation->length = sizeof(st.stx_btime.tv_sec) + sizeof(st.stx_btime.tv_nsec);
		memcpy(generation->bytes, &st.stx_btime.tv_sec, sizeof(st.stx_btime.tv_sec));
		memcpy(generation->bytes + sizeof(st.stx_btime.tv_sec), &st.stx_btime.tv_nsec,
		       sizeof(st.stx_btime.tv_nsec));
	}
}

static bool same_generation(const struct generation *a, const struct generation *b)
{
	return a->length == b->length && memcmp(a->bytes, b->bytes, a->length) == 0;
}

static struct kept_bucket *bucket_of(struct kept *kept, dev_t dev, ino_t ino)
{
	return &kept->buckets[(ino ^ dev) % KEPT_BUCKETS];
}

static void get_name(int path, char name[PATH_MAX])
{
	char link[40];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", path);
	length = readlink(link, name, PATH_MAX - 1);
	name[length > 0 ? length : 0] = 0;
}

static void say(const char *name, ino_t ino, int err)
{
	log_line("forgotten: an error of '%s' (inode %llu) that was reported to nobody: %s", name,
		 (unsigned long long)ino, strerror(err));
}

void say_forgotten(int path, ino_t ino, int err)
{
	char name[PATH_MAX];

	get_name(path, name);
	say(name, ino, err);
}

static void discard(struct kept *kept, struct kept_error *error)
{
	TAILQ_REMOVE(&kept->all, error, link);
	LIST_REMOVE(error, bucket);
	kept->count--;
	free(error);
}

static void forget(struct kept *kept, struct kept_error *error)
{
	say(error->name, error->ino, error->err);
	discard(kept, error);
}

void kept_init(struct kept *kept)
{
	TAILQ_INIT(&kept->all); /* zeroes are valid buckets */
}

void kept_put(struct kept *kept, dev_t dev, ino_t ino, int path, int err)
{
	struct generation generation;
	struct kept_error *error = NULL;
	char name[PATH_MAX];

	get_generation(path, &generation);
	get_name(path, name);
	if (generation.length > 0)
		error = malloc(sizeof(*error) + strlen(name) + 1);
	if (!error) {
		say(name, ino, err);
		return;
	}
	error->dev = dev;
	error->ino = ino;
	error->generation = generation;
	error->err = err;
	memcpy(error->name, name, strlen(name) + 1);
	TAILQ_INSERT_TAIL(&kept->all, error, link);
	LIST_INSERT_HEAD(bucket_of(kept, dev, ino), error, bucket);
	if (++kept->count > KEPT_ERRORS)
		forget(kept, TAILQ_FIRST(&kept->all));
}

int kept_take(struct kept *kept, dev_t dev, ino_t ino, int path)
{
	struct kept_error *error = LIST_FIRST(bucket_of(kept, dev, ino));
	struct generation generation;
	int err;

	while (error && (error->ino != ino || error->dev != dev))
		error = LIST_NEXT(error, bucket);
	if (!error)
		return 0;
	get_generation(path, &generation);
	if (!same_generation(&generation, &error->generation)) {
		forget(kept,
		       error); /* that file is gone; this one is new, and nothing of it failed */
		return 0;
	}
	err = error->err;
	discard(kept, error);
	return err;
}

void kept_forget_all(struct kept *kept)
{
	struct kept_error *error, *next;

	for (error = TAILQ_FIRST(&kept->all); error; error = next) {
		next = TAILQ_NEXT(error, link);
		forget(kept, error);
	}
}
