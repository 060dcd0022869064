/* SPDX-License-Identifier: MIT */
/*
 * How "wbfs --volatile UPPER VIEW" finds the daemon of UPPER: a socket in the abstract namespace, named after
 * UPPER's device and inode. Its name also is the lock that keeps a second daemon away.
 */
#ifndef WBFS_SERVER_H
#define WBFS_SERVER_H

#include "state.h"
#include "view.h"

struct server {
	int listening;
	struct mount *upper;
	char lifetime[LIFETIME_SIZE];
	const char *upper_path, *mount_path, *options, *source;
	pthread_t thread;
	struct view *views[MOUNTS]; /* the thread's own, until it has ended; 0 is the upper mount */
};

/* The client's side. */
struct wish {
	const char *upper; /* absolute, as all of these */
	const char *at;
	const char *state; /* or NULL */
	bool strict;
	bool stay; /* until the view is unmounted */
};

/* 0, or -1 and a line in `error`. */
int server_bind(struct server *server, const char *upper, char error[MOUNT_ERROR_SIZE]);
int server_start(struct server *server);
void server_stop(struct server *server); /* ends the views, too; keeps the name */
int server_ask(const struct wish *wish, char error[MOUNT_ERROR_SIZE]);

bool is_inside(const char *path, const char *directory); /* or the same; both are from realpath */

#endif
