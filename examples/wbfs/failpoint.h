/* SPDX-License-Identifier: MIT */
/*
 * A place where a test can stop a thread of the daemon. Only in the program wbfs-stoppable, which tests use; in wbfs it
 * is nothing. While the file $WBFS_FAILPOINTS/NAME exists, a thread that comes to FAILPOINT(NAME) makes the file
 * $WBFS_FAILPOINTS/NAME.reached, and waits.
 */
#ifndef WBFS_FAILPOINT_H
#define WBFS_FAILPOINT_H

#ifdef WBFS_WITH_FAILPOINTS
void failpoint_wait(const char *name);
#define FAILPOINT(name) failpoint_wait(name)
#else
#define FAILPOINT(name) ((void)0)
#endif

#endif
