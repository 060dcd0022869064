/* SPDX-License-Identifier: MIT */
/*
 * The FUSE side: mounts, handles, and what open, write, flush, fsync and release do.
 */
#ifndef WBFS_FS_H
#define WBFS_FS_H

#include "cache.h"
#include "names.h"

#define CONTROL_NAME ".wbfs-control"

struct view;

/* One place where the kernel shows the cache: the upper mount, or a volatile view of it. */
struct mount {
	struct cache *cache;
	unsigned index;	   /* in inode.lookups */
	struct view *view; /* NULL: this is the upper mount */
	struct fuse_session *session;
	const char *at;	    /* where it is mounted; the caller keeps it */
	struct names names; /* while it is served */

	pthread_mutex_t lock; /* guards the list; taken alone */
	LIST_HEAD(handles, handle) handles;
};

enum {
	MOUNT_ERROR_SIZE = 512
};

/* 0, or -1 and a line in `error`. */
int mount_start(struct mount *mount, const char *options, const char *source, const char *at,
		char error[MOUNT_ERROR_SIZE]);
int mount_serve(struct mount *mount); /* until it is unmounted, or told to exit */
void mount_end(struct mount *mount);

#endif
