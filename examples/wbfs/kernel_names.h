/* SPDX-License-Identifier: MIT */
/*
 * The kernel remembers names as long as there is memory, and for each file that it knows the daemon keeps a
 * descriptor, of which there are fewer. So the kernel is asked to forget all but the latest names of one mount.
 */
#ifndef WBFS_KERNEL_NAMES_H
#define WBFS_KERNEL_NAMES_H

#include "cache.h"

#define FUSE_USE_VERSION 35
#include <fuse_lowlevel.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/queue.h>

enum {
	NAME_BUCKETS = 16384
};

struct kernel_names {
	struct fuse_session *session;
	size_t limit;
	pthread_mutex_t joining; /* guards the following two */
	pthread_t thread;
	bool started;

	pthread_mutex_t lock; /* guards the following; taken alone */
	pthread_cond_t too_many;
	bool stopping;
	size_t count;
	TAILQ_HEAD(name_list, name) list; /* the one that was used longest ago first */
	LIST_HEAD(name_bucket, name) buckets[NAME_BUCKETS];
};

void kernel_names_init(struct kernel_names *names, struct fuse_session *session, size_t limit);
int kernel_names_start(struct kernel_names *names);
/* The kernel is about to know this name, or to use it again. */
void kernel_names_note(struct kernel_names *names, fuse_ino_t parent, struct inode *directory,
		       const char *text);
/* The name is gone. Returns whether it was known. */
bool kernel_names_remove(struct kernel_names *names, fuse_ino_t parent, const char *text);
/* Ends the thread. False if it is still busy after some seconds. Any thread may call it, and again. */
bool kernel_names_stop(struct kernel_names *names);
void kernel_names_free(struct kernel_names *names); /* after kernel_names_stop */

#endif
