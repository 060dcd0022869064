/* SPDX-License-Identifier: MIT */
/*
 * The control file, by which root makes write-back fail.
 */
#ifndef WBFS_CONTROL_H
#define WBFS_CONTROL_H

#include "cache.h"

/* The kernel hangs the caller of an operation that is answered with an errno above this. */
enum {
	MAX_FUSE_ERRNO = 511
};

ssize_t control_read(struct cache *cache, char *data, size_t size, off_t offset);
ssize_t control_write(struct cache *cache, const char *data, size_t size);
const char *control_name_of(int err); /* "EIO", or the number: in memory of the thread */

#endif
