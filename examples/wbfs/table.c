/* SPDX-License-Identifier: MIT */
#include "cache.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- forgetting ------------------------------------------------------------------------------ */

struct inode *inode_take(struct inode *inode)
{
	struct cache *cache = inode->cache;

	if (inode->references++ == 0) {
		TAILQ_REMOVE(&cache->idle, inode, link);
		cache->idle_count--;
	}
	return inode;
}

/* An errno, or 0. */
static int unreported_error(const struct inode *inode)
{
	errseq_cursor_t last = errseq_load(&inode->errors);

	return errseq_cursor_reported(last) ? 0 : -errseq_cursor_error(last);
}

/* Then it has no next opener, to whom anything could be reported. */
static bool is_deleted(const struct inode *inode)
{
	struct stat st;

	return fstat(inode->path, &st) != 0 || st.st_nlink == 0;
}

/* The caller holds cache.lock, and nobody has a reference. The inode's word ends here. Its unreported error does not. */
static void destroy(struct inode *inode)
{
	struct cache *cache = inode->cache;
	/* docs: forget */
	int err = unreported_error(inode);

	if (err && !is_deleted(inode))
		kept_put(&cache->kept, inode->dev, inode->ino, inode->path, err);
	/* docs: end */
	LIST_REMOVE(inode, bucket);
	cache->inode_count--;
	cache->in_state[LOST] -= inode->counted[LOST];
	pages_drop(&inode->pages, 0, LOST, SIZE_MAX);
	free(inode->pages.sorted);
	inode_close_backing(inode);
	close(inode->path);
	pthread_mutex_destroy(&inode->lock);
	free(inode);
}

/* Forgets the inodes that nobody used for longest, if there are too many. */
void cache_shrink(struct cache *cache, size_t idle_limit)
{
	struct inode *inode;

	while ((inode = TAILQ_FIRST(&cache->idle)) &&
	       (cache->idle_count > idle_limit || cache->in_state[LOST] > LOST_PAGES)) {
		TAILQ_REMOVE(&cache->idle, inode, link);
		cache->idle_count--;
		destroy(inode);
	}
}

/*
 * Without references an inode stays, idle, if it has something to remember: an unreported error, for whoever opens
 * the file next; lost data; a ctime that is not shown.
 */
static bool worth_keeping(const struct inode *inode)
{
	struct stat st;

	if (fstat(inode->path, &st) != 0 || st.st_nlink == 0)
		return false;
	return inode->ahead || unreported_error(inode) ||
	       (st.st_ctim.tv_sec == inode->flushed_ctime.tv_sec &&
		st.st_ctim.tv_nsec == inode->flushed_ctime.tv_nsec);
}

static void put(struct inode *inode, uint64_t references)
{
	struct cache *cache = inode->cache;

	pthread_mutex_lock(&cache->lock);
	inode->references -= references;
	if (inode->references == 0) {
		if (worth_keeping(inode)) {
			TAILQ_INSERT_TAIL(&cache->idle, inode, link);
			cache->idle_count++;
			cache_shrink(cache, cache->inode_limit);
		} else {
			destroy(inode);
		}
	}
	pthread_mutex_unlock(&cache->lock);
}

/* ---- finding --------------------------------------------------------------------------------- */

static struct bucket *bucket_of(struct cache *cache, dev_t dev, ino_t ino)
{
	return &cache->buckets[(ino ^ dev) % BUCKETS];
}

static struct inode *new_inode(struct cache *cache, int path)
{
	struct inode *inode = calloc(1, sizeof(*inode)); /* zeroes: a word without an error */
	struct stat st;

	if (!inode || fstat(path, &st) != 0) {
		int saved = inode ? errno : ENOMEM;

		free(inode);
		errno = saved;
		return NULL;
	}
	inode->cache = cache;
	inode->pages.pool = &cache->pool;
	inode->dev = st.st_dev;
	inode->ino = st.st_ino;
	inode->regular = S_ISREG(st.st_mode);
	inode->path = path;
	inode->fd = -1;
	pthread_mutex_init(&inode->lock, NULL);
	return inode;
}

/* The caller holds cache.lock. */
static void insert(struct cache *cache, struct inode *inode)
{
	int err = kept_take(&cache->kept, inode->dev, inode->ino, inode->path);

	if (err) /* recorded in the superblock's word long ago */
		errseq_set(&inode->errors, -err);
	inode->references = 1;
	LIST_INSERT_HEAD(bucket_of(cache, inode->dev, inode->ino), inode, bucket);
	cache->inode_count++;
}

/* Hard links have one inode between them. */
struct inode *inode_find(struct cache *cache, int path, unsigned mount)
{
	struct inode *fresh = new_inode(cache, path), *inode;

	if (!fresh) {
		int saved = errno;

		close(path);
		errno = saved;
		return NULL;
	}
	pthread_mutex_lock(&cache->lock);
	inode = LIST_FIRST(bucket_of(cache, fresh->dev, fresh->ino));
	while (inode && (inode->ino != fresh->ino || inode->dev != fresh->dev))
		inode = LIST_NEXT(inode, bucket);
	if (inode) {
		inode_take(inode);
	} else {
		inode = fresh;
		insert(cache, inode);
	}
	inode->lookups[mount]++;
	pthread_mutex_unlock(&cache->lock);
	if (inode != fresh) {
		close(path);
		pthread_mutex_destroy(&fresh->lock);
		free(fresh);
	}
	return inode;
}

void inode_forget(struct inode *inode, unsigned mount, uint64_t lookups)
{
	pthread_mutex_lock(&inode->cache->lock);
	inode->lookups[mount] -= lookups;
	pthread_mutex_unlock(&inode->cache->lock);
	put(inode, lookups);
}

void inode_hold(struct inode *inode)
{
	pthread_mutex_lock(&inode->cache->lock);
	inode_take(inode);
	pthread_mutex_unlock(&inode->cache->lock);
}

void inode_drop(struct inode *inode)
{
	put(inode, 1);
}

/* ---- all of them ------------------------------------------------------------------------------ */

/* Calls a function for every inode, without cache.lock, which comes after the locks that it takes. */
static int for_each(struct cache *cache, void (*visit)(struct inode *, unsigned), unsigned argument)
{
	struct inode *inode, **all;
	size_t count = 0, i;

	pthread_mutex_lock(&cache->lock);
	all = malloc(cache->inode_count * sizeof(void *));
	for (i = 0; all && i < BUCKETS; i++)
		for (inode = LIST_FIRST(&cache->buckets[i]); inode;
		     inode = LIST_NEXT(inode, bucket))
			all[count++] = inode_take(inode);
	pthread_mutex_unlock(&cache->lock);
	if (!all)
		return -ENOMEM;
	for (i = 0; i < count; i++) {
		visit(all[i], argument);
		put(all[i], 1);
	}
	free(all);
	return 0;
}

/*
 * What memory pressure does in Linux: lost data goes, and so does what is remembered of a file that is not open, its
 * error included. The superblock's word remembers.
 */
static void evict(struct inode *inode, unsigned unused)
{
	(void)unused;
	pthread_mutex_lock(&inode->lock);
	if (!inode->dirty) {
		pages_drop(&inode->pages, 0, LOST, SIZE_MAX);
		(void)count_pages(inode);
		inode->ahead = false;
		if (inode->opens == 0) {
			int err = unreported_error(inode);

			if (err && !is_deleted(inode))
				say_forgotten(inode->path, inode->ino, err);
			/* allowed: without a handle there is no cursor, and recorders hold the lock */
			errseq_init(&inode->errors);
			inode->flushed_ctime = (struct timespec){ 0 };
		}
	}
	pthread_mutex_unlock(&inode->lock);
}

int cache_evict(struct cache *cache)
{
	pthread_mutex_lock(&cache->lock);
	kept_forget_all(&cache->kept);
	pthread_mutex_unlock(&cache->lock);
	return for_each(cache, evict, 0);
}

static void forget_mount(struct inode *inode, unsigned mount)
{
	uint64_t lookups;

	pthread_mutex_lock(&inode->cache->lock);
	lookups = inode->lookups[mount];
	pthread_mutex_unlock(&inode->cache->lock);
	inode_forget(inode, mount, lookups);
}

/* A kernel that unmounts does not say what it forgets: everything. */
int cache_forget_mount(struct cache *cache, unsigned mount)
{
	return for_each(cache, forget_mount, mount);
}
