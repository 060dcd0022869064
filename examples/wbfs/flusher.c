/* SPDX-License-Identifier: MIT */
#include "cache.h"

#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

/*
 * Needs no lock. What failed is no longer dirty when we get here: whoever gets the error finds the state that it is
 * about.
 */
/* docs: record */
void record_error(struct inode *inode, int err)
{
	errseq_set(&inode->errors, -err);	 /* for fsync of this file */
	errseq_set(&inode->cache->errors, -err); /* for syncfs, and for views */
}
/* docs: end */

/*
 * Counts for the cache how the inode's pages changed since the last call. Returns how many lost pages are too many:
 * they are clean, and clean pages go when memory is short.
 */
size_t count_pages(struct inode *inode)
{
	struct cache *cache = inode->cache;
	size_t excess = 0;
	int state;

	pthread_mutex_lock(&cache->lock);
	for (state = 0; state < PAGE_STATES; state++) {
		cache->in_state[state] += inode->pages.in_state[state] - inode->counted[state];
		inode->counted[state] = inode->pages.in_state[state];
	}
	if (cache->in_state[DIRTY] > cache->page_limit)
		pthread_cond_signal(&cache->work);
	else
		pthread_cond_broadcast(&cache->room);
	cache_shrink(cache, cache->inode_limit);
	if (cache->in_state[LOST] > LOST_PAGES)
		excess = cache->in_state[LOST] - LOST_PAGES;
	pthread_mutex_unlock(&cache->lock);
	return excess;
}

/* ---- dirty inodes ---------------------------------------------------------------------------- */

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The caller holds inode->lock and has changed what is in memory. */
void mark_dirty(struct inode *inode)
{
	struct cache *cache = inode->cache;

	clock_gettime(CLOCK_REALTIME, &inode->mtime);
	inode->ctime = inode->mtime;
	inode->ahead = true;
	if (inode->dirty)
		return;
	pthread_mutex_lock(&cache->lock);
	inode->dirty = true;
	inode->dirty_since = now_ms();
	inode->references++;
	TAILQ_INSERT_TAIL(&cache->dirty, inode, link);
	cache->dirty_count++;
	pthread_cond_signal(&cache->work);
	pthread_mutex_unlock(&cache->lock);
}

enum {
	RUN = 256 /* pages that are written at once: 1 MiB; the limit of an iovec is 1024 */
};

/* How many dirty pages stand in a row in the file, from this position on: at most RUN. */
static size_t run_at(const struct pages *pages, size_t at)
{
	size_t count = 1;

	while (count < RUN && at + count < pages->count &&
	       pages->sorted[at + count]->state == DIRTY &&
	       pages->sorted[at + count]->index == pages->sorted[at]->index + (off_t)count)
		count++;
	return count;
}

/* Writes a run, except what is behind the end of the file. Returns how many bytes; fewer: *err says why. */
static size_t write_run(const struct inode *inode, size_t at, size_t count, int *err)
{
	struct page *const *page = inode->pages.sorted + at;
	off_t limit = inode->cache->size_limit, offset = page[0]->index * PAGE;
	off_t left = (inode->size < limit ? inode->size : limit) - offset;
	size_t size = left < (off_t)(count * PAGE) ? (size_t)left : count * PAGE, done = 0;

	while (done < size) {
		struct iovec parts[RUN];
		size_t i, first = done / PAGE;
		ssize_t n;

		for (i = first; i * PAGE < size; i++) {
			size_t end = size - i * PAGE < PAGE ? size - i * PAGE : PAGE;
			size_t skip = i == first ? done % PAGE : 0;

			parts[i - first] = (struct iovec){ page[i]->data + skip, end - skip };
		}
		n = pwritev(inode->fd, parts, (int)(i - first), offset + (off_t)done);
		if (n > 0) {
			done += (size_t)n;
		} else if (n == 0 || errno != EINTR) {
			*err = n == 0 ? EIO : errno;
			break;
		}
	}
	return done == size ? count * PAGE : done;
}

static void page_is_written(struct inode *inode, struct page *page)
{
	off_t end = (page->index + 1) * PAGE;

	pages_set_state(&inode->pages, page, WRITTEN);
	if (inode->backing_end < end)
		inode->backing_end = end < inode->size ? end : inode->size;
}

/* Brings the backing file up to date as far as possible. Returns the latest error, an errno, or 0. */
static int write_all(struct inode *inode, off_t backing_size)
{
	/* read once: it is the same for all pages */
	int injected = atomic_load_explicit(&inode->cache->injected, memory_order_relaxed);
	int cannot = injected, err;
	size_t i = 0;

	/* first, or bytes that were cut off come back in a hole before a later page */
	if (!cannot && backing_size > inode->backing_end &&
	    ftruncate(inode->fd, inode->backing_end) != 0)
		cannot = errno;
	err = cannot;
	while (i < inode->pages.count) {
		size_t count = 1, written = 0, end;

		if (inode->pages.sorted[i]->state != DIRTY) {
			i++;
			continue;
		}
		count = run_at(&inode->pages, i);
		if (!cannot)
			written = write_run(inode, i, count, &err) / PAGE;
		for (end = i + written; i < end; i++)
			page_is_written(inode, inode->pages.sorted[i]);
		if (cannot) /* nothing of the run */
			for (end = i + count; i < end; i++)
				pages_set_state(&inode->pages, inode->pages.sorted[i], LOST);
		else if (written < count) /* this page; the next one may succeed */
			pages_set_state(&inode->pages, inode->pages.sorted[i++], LOST);
	}
	if (!err && inode->backing_end < inode->size) {
		if (ftruncate(inode->fd, inode->size) == 0)
			inode->backing_end = inode->size;
		else
			err = errno;
	}
	return err;
}

/*
 * Writes the inode back, whoever asked for it. The caller holds inode->lock. So others who want the result wait, and
 * then find nothing dirty and the error recorded. For the same reason the inode leaves the list of dirty ones last:
 * cache_sync, which looks there, must not overtake the record.
 */
void write_back(struct inode *inode)
{
	struct cache *cache = inode->cache;
	size_t excess;
	struct stat st;
	int err;

	if (!inode->dirty)
		return;
	if (inode_stat_locked(inode, &st) == 0)
		inode->ctime = st.st_ctim; /* a chmod may be younger than the last write */
	if (fstat(inode->fd, &st) != 0)
		err = errno;
	else if (st.st_nlink == 0 && inode->opens == 0)
		err = 0; /* deleted, and nobody can read it any more */
	else
		err = write_all(inode, st.st_size);
	if (!err) {
		inode->ahead = inode->pages.in_state[LOST] > 0;
		/* it was changed when it was written to, not now; not all may set this */
		(void)futimens(inode->fd,
			       (struct timespec[2]){ { .tv_nsec = UTIME_OMIT }, inode->mtime });
	}
	if (fstat(inode->fd, &st) == 0)
		inode->flushed_ctime = st.st_ctim;

	/* docs: write-back */
	/* What failed is LOST, which is clean: nothing is dirty when the error is recorded. */
	pages_drop(&inode->pages, 0, WRITTEN, SIZE_MAX);
	pages_drop(&inode->pages, 0, DIRTY, SIZE_MAX); /* of a deleted file */
	if (err)
		record_error(inode, err);
	/* docs: end */
	excess = count_pages(inode);
	if (excess) {
		pages_drop(&inode->pages, 0, LOST, excess);
		(void)count_pages(inode);
	}
	pthread_mutex_lock(&cache->lock);
	inode->dirty = false;
	inode->references--; /* not the last: the caller has one */
	TAILQ_REMOVE(&cache->dirty, inode, link);
	if (--cache->dirty_count == cache->inode_limit)
		pthread_cond_broadcast(&cache->room);
	pthread_mutex_unlock(&cache->lock);
	if (inode->opens == 0)
		inode_close_backing(inode);
}

static void write_back_and_drop(struct inode *inode)
{
	pthread_mutex_lock(&inode->lock);
	write_back(inode);
	pthread_mutex_unlock(&inode->lock);
	inode_drop(inode);
}

static void *flush_in_background(void *argument)
{
	struct cache *cache = argument;
	bool too_much = false;

	pthread_mutex_lock(&cache->lock);
	while (!cache->stopping) {
		struct inode *oldest = TAILQ_FIRST(&cache->dirty);
		int64_t due = oldest ? oldest->dirty_since + cache->age_ms : 0;
		size_t part = too_much ? 2 : 1; /* once at it, down to a half */

		too_much = cache->in_state[DIRTY] > cache->page_limit / part ||
			   cache->dirty_count > cache->inode_limit / part;
		if (oldest && (too_much || due <= now_ms())) {
			inode_take(oldest);
			pthread_mutex_unlock(&cache->lock);
			write_back_and_drop(oldest);
			pthread_mutex_lock(&cache->lock);
		} else if (oldest) {
			struct timespec until = { due / 1000, due % 1000 * 1000000 };

			pthread_cond_timedwait(&cache->work, &cache->lock, &until);
		} else {
			pthread_cond_wait(&cache->work, &cache->lock);
		}
	}
	pthread_mutex_unlock(&cache->lock);
	return NULL;
}

/* A writer that is faster than the disk waits. */
void flusher_wait_for_room(struct cache *cache)
{
	pthread_mutex_lock(&cache->lock);
	while ((cache->in_state[DIRTY] > cache->page_limit ||
		cache->dirty_count > cache->inode_limit) &&
	       !cache->stopping)
		pthread_cond_wait(&cache->room, &cache->lock);
	pthread_mutex_unlock(&cache->lock);
}

/* Writes back all that is dirty now, and not what others write meanwhile. */
static void write_back_all(struct cache *cache)
{
	int64_t start = now_ms();
	struct inode *oldest;

	for (;;) {
		pthread_mutex_lock(&cache->lock);
		oldest = TAILQ_FIRST(&cache->dirty);
		if (oldest && oldest->dirty_since <= start)
			inode_take(oldest);
		else
			oldest = NULL;
		pthread_mutex_unlock(&cache->lock);
		if (!oldest)
			return;
		write_back_and_drop(oldest);
	}
}

/*
 * What syncfs(2) does: all dirty data of all files, then the backing filesystem. One at a time, because the backing
 * kernel reports an error once to our descriptor: a second caller must not get 0 before the first has recorded it.
 */
void cache_sync(struct cache *cache)
{
	write_back_all(cache);
	pthread_mutex_lock(&cache->syncing);
	if (syncfs(cache->upper) != 0)
		errseq_set(&cache->errors, -errno);
	pthread_mutex_unlock(&cache->syncing);
}

int flusher_start(struct cache *cache)
{
	return -pthread_create(&cache->flusher, NULL, flush_in_background, cache);
}

void flusher_stop(struct cache *cache)
{
	pthread_mutex_lock(&cache->lock);
	cache->stopping = true;
	pthread_cond_broadcast(&cache->work);
	pthread_cond_broadcast(&cache->room);
	pthread_mutex_unlock(&cache->lock);
	pthread_join(cache->flusher, NULL);
}
