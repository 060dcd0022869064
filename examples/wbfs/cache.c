/* SPDX-License-Identifier: MIT */
#include "cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

/* Every page begins and ends within off_t. */
static const off_t largest = INT64_MAX - INT64_MAX % PAGE;

/* A file without a name, or -1. Some filesystems have only files with names. */
static int temporary_file(int directory)
{
	int fd = openat(directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	char name[64];

	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR))
		return fd;
	snprintf(name, sizeof(name), "/proc/self/fd/%d/.wbfs-XXXXXX", directory);
	fd = mkostemp(name, O_CLOEXEC);
	if (fd >= 0)
		unlink(name);
	return fd;
}

/*
 * The largest size that a file can have. A write beyond it would be accepted here, and fail when nobody looks any
 * more. So we ask the backing filesystem: a search for the largest size that ftruncate accepts, of a file that takes
 * no room. The daemon's own RLIMIT_FSIZE counts, too.
 */
static off_t find_size_limit(int upper)
{
	off_t low = 0, high = largest;
	struct rlimit limit;
	int fd;

	if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < (rlim_t)high)
		high = (off_t)limit.rlim_cur;
	fd = temporary_file(upper);
	if (fd < 0) /* a directory in which we may not write; those below it may be others */
		return high;
	if (ftruncate(fd, high) == 0)
		low = high;
	while (high - low > 1) {
		off_t middle = low + (high - low) / 2;

		if (ftruncate(fd, middle) == 0)
			low = middle;
		else
			high = middle;
	}
	close(fd);
	return low;
}

int cache_start(struct cache *cache, const char *upper, int64_t age_ms, size_t page_limit,
		size_t inode_limit)
{
	pthread_condattr_t monotonic;
	int path;

	*cache = (struct cache){ .errors = ERRSEQ_INIT,
				 .age_ms = age_ms,
				 .page_limit = page_limit,
				 .inode_limit = inode_limit };
	TAILQ_INIT(&cache->dirty);
	TAILQ_INIT(&cache->idle);
	kept_init(&cache->kept);
	page_pool_init(&cache->pool, page_limit);
	pthread_mutex_init(&cache->syncing, NULL);
	pthread_mutex_init(&cache->lock, NULL);
	pthread_cond_init(&cache->room, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&cache->work, &monotonic);
	pthread_condattr_destroy(&monotonic);

	cache->upper = open(upper, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cache->upper < 0)
		return -errno;
	cache->size_limit = find_size_limit(cache->upper);
	path = openat(cache->upper, ".", O_PATH | O_CLOEXEC);
	cache->root = path < 0 ? NULL : inode_find(cache, path, 0);
	if (!cache->root)
		return -errno;
	cache->root->lookups[0] = 0; /* ours, and not the kernel's */
	return 0;
}

/* All mounts are gone. Data first; then memory, which leak checkers want to see. */
void cache_stop(struct cache *cache)
{
	flusher_stop(cache);
	cache_sync(cache);
	inode_drop(cache->root);
	pthread_mutex_lock(&cache->lock);
	cache_shrink(cache, 0);
	kept_forget_all(&cache->kept);
	pthread_mutex_unlock(&cache->lock);
	page_pool_free(&cache->pool);
	close(cache->upper);
}
