/* SPDX-License-Identifier: MIT */
/*
 * A volatile view: a second mount of the same cache, for those who can do without their data after a crash,
 * but not without knowing that some of it was lost before. It never writes back on fsync. From the first error
 * on that is recorded after it was mounted, every fsync fails with EIO, for ever and on every handle.
 *
 * It observes, and takes nothing from anybody: who is owed an error by the upper mount is told as if there
 * were no view.
 */
#ifndef WBFS_VIEW_H
#define WBFS_VIEW_H

#include "fs.h"

struct view {
	struct mount mount;
	errseq_cursor_t position; /* in the history of the superblock's word; never moves */
	atomic_bool failed;
	bool strict; /* reading and writing fail, too */
	char *at;
	char *state;	      /* the state file, or NULL */
	const char *lifetime; /* of the superblock's word */
	int client;	      /* the connection of who asked for it; shut down when it ends */

	pthread_t thread;
	pthread_mutex_t lock; /* guards `ending`; taken alone */
	bool ending;	      /* its session's descriptor is about to be closed */
};

/* What a client asks for. */
struct view_request {
	const char *at;
	const char *state; /* or NULL */
	const char *lifetime;
	bool strict;
	const char *options; /* mount options, or NULL */
	const char *source;
};

/* NULL: `error` says why. A thread serves the view until it is unmounted. */
struct view *view_start(struct cache *cache, unsigned index, const struct view_request *request,
			int client, char error[MOUNT_ERROR_SIZE]);
bool view_is_over(struct view *view);
void view_tell_to_end(struct view *view); /* before view_free, if it is not over */
void view_free(struct view *view);	  /* waits until it is over */

int view_check(struct view *view); /* for fsync: 0, or -EIO for ever */

#endif
