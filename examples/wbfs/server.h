/* SPDX-License-Identifier: MIT */
/*
 * The daemon's side of the control socket. It is there as long as the daemon.
 */
#ifndef WBFS_SERVER_H
#define WBFS_SERVER_H

#include "message.h"
#include "socket.h"
#include "state.h"
#include "view.h"

struct server {
	struct place place;
	int lock, listening;
	atomic_bool stopping;
	struct mount *upper;
	char lifetime[LIFETIME_SIZE];
	const char *upper_path, *mount_path, *options, *source;
	pthread_t thread;
	struct view *views[MOUNTS]; /* the thread's own, until it has ended; 0 is the upper mount */
};

/* 0, or -1 and a line in `error`. */
int server_bind(struct server *server, const char *upper, char error[MOUNT_ERROR_SIZE]);
int server_start(struct server *server);
void server_stop(struct server *server);   /* ends the views, too; keeps the name */
void server_unbind(struct server *server); /* when UPPER is another daemon's to serve */

#endif
