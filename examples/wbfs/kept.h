/* SPDX-License-Identifier: MIT */
/*
 * The unreported errors of inodes that are no longer in memory. An inode in memory costs a descriptor, of which there
 * are few. Its unreported error needs none: it waits here until the file is looked up again.
 *
 * The key is the inode number, and beside it what tells a file from a later one with the same number: the file handle
 * that the backing filesystem gives, or else the time of birth. A file of which neither is known is not kept. What is
 * forgotten is logged by name: the oldest, when there are too many; a file that is gone; all, at the end.
 *
 * The caller holds cache.lock.
 */
#ifndef WBFS_KEPT_H
#define WBFS_KEPT_H

#include <stddef.h>
#include <sys/queue.h>
#include <sys/types.h>

enum {
	KEPT_ERRORS = 65536,
	KEPT_BUCKETS = 4096
};

struct kept {
	size_t count;
	TAILQ_HEAD(kept_list, kept_error) all; /* oldest first */
	LIST_HEAD(kept_bucket, kept_error) buckets[KEPT_BUCKETS];
};

void kept_init(struct kept *kept);
/* `path` is the file's O_PATH descriptor. */
void kept_put(struct kept *kept, dev_t dev, ino_t ino, int path, int err);
/* An errno, or 0; it is the caller's from now on. */
int kept_take(struct kept *kept, dev_t dev, ino_t ino, int path);
void kept_forget_all(struct kept *kept);
/* Logs that nobody will be told. */
void say_forgotten(int path, ino_t ino, int err);

#endif
