/* SPDX-License-Identifier: MIT */
/*
 * The kernel remembers names as long as there is memory, and for each file that it knows the daemon keeps a
 * descriptor, of which there are fewer. So it is asked to forget all but the latest names of one mount.
 */
#ifndef WBFS_NAMES_H
#define WBFS_NAMES_H

#include "cache.h"

#define FUSE_USE_VERSION 35
#include <fuse_lowlevel.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/queue.h>

struct names {
	struct fuse_session *session;
	size_t limit;
	pthread_t thread;
	pthread_mutex_t lock; /* guards the following; taken alone */
	pthread_cond_t too_many;
	bool stopping;
	size_t count;
	STAILQ_HEAD(name_list, name) list; /* oldest first */
};

int names_start(struct names *names, struct fuse_session *session, size_t limit);
/* The kernel is about to know it. */
void names_note(struct names *names, fuse_ino_t parent, struct inode *directory, const char *text);
void names_stop(struct names *names);

#endif
