/* SPDX-License-Identifier: MIT */
/*
 * Into the background, and what signals do there.
 *
 * Threads do not survive a fork. So the daemon forks before it starts any, and its parent waits until it is ready: what
 * fails until then, fails the caller.
 */
#ifndef WBFS_DAEMON_H
#define WBFS_DAEMON_H

#include "fs.h"

void daemon_fork(void);	 /* returns in the child */
void daemon_ready(void); /* lets the parent return; nothing if there is none */

/* Blocks the signals that end the daemon, for all threads that are started after this. */
void signals_block(void);
/* A thread that ends the mount when one of them comes. 0 or a negated errno. */
int signals_start(struct mount *mount);
int signals_stop(void); /* the signal that ended the mount, or 0 */

#endif
