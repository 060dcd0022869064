/* SPDX-License-Identifier: MIT */
/*
 * A volatile view: a second mount of the same cache, for programs that can lose their data in a crash, but must know if
 * some of it was lost before. It never writes back on fsync. From the first error on that is recorded after it was
 * mounted, every fsync fails with EIO, for ever and on every handle.
 *
 * It observes, and takes nothing: every handle of the upper mount gets its errors as if there were no view.
 */
#ifndef WBFS_VIEW_H
#define WBFS_VIEW_H

#include "fs.h"
#include "state.h"

struct view {
	struct mount mount;
	errseq_cursor_t position; /* in the history of the superblock's word; never moves */
	atomic_bool failed;
	bool strict; /* reading and writing fail, too */
	char *at;
	char *state; /* the state file's path, or NULL */
	struct state_file state_file;
	const char *lifetime; /* of the superblock's word */
	int client;	      /* the connection of who asked for it; shut down when it ends */

	pthread_t thread;
	pthread_mutex_t lock; /* guards `ending` */
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
void view_end(struct view *view);  /* ends it, and frees it */
void view_free(struct view *view); /* waits until it is over, and frees it */

int view_check(struct view *view); /* for fsync: 0, or -EIO for ever */

#endif
