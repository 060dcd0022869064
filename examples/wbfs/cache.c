/* SPDX-License-Identifier: MIT */
#include "cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- errors ---------------------------------------------------------------------------------- */

/*
 * Needs no lock, and does not care who is looking. What failed is no longer dirty when we get here, so that
 * who is told of the error finds the state that it is about.
 */
/* docs: record */
static void record(struct inode *inode, int err)
{
	errseq_set(&inode->errors, -err);	 /* for fsync of this file */
	errseq_set(&inode->cache->errors, -err); /* for syncfs, and for views */
}
/* docs: end */

/* ---- pages ----------------------------------------------------------------------------------- */

/* The first page at or behind `index`: a position in inode->pages. */
static size_t page_from(const struct inode *inode, off_t index)
{
	size_t low = 0, high = inode->page_count;

	/* mostly, files are written from the front to the back */
	if (high > 0 && inode->pages[high - 1]->index < index)
		return high;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (inode->pages[middle]->index < index)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The page at `index`, if it is in memory; `at` is from page_from. */
static struct page *page_at(const struct inode *inode, size_t at, off_t index)
{
	if (at < inode->page_count && inode->pages[at]->index == index)
		return inode->pages[at];
	return NULL;
}

/* Reads from the backing file what counts of it; everything else is 0. */
static int read_backing(const struct inode *inode, unsigned char *data, size_t size, off_t offset)
{
	while (size > 0 && offset < inode->backing_end) {
		off_t left = inode->backing_end - offset;
		ssize_t n =
			pread(inode->fd, data, (off_t)size < left ? size : (size_t)left, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		data += n;
		size -= (size_t)n;
		offset += n;
	}
	memset(data, 0, size);
	return 0;
}

/* A new page at that place, with the file's present content, unless all of it is about to be overwritten. */
static struct page *page_insert(struct inode *inode, size_t at, off_t index, bool fill)
{
	struct page *page;
	int err;

	if (inode->page_count == inode->page_room) {
		size_t room = inode->page_room ? 2 * inode->page_room : 16;
		struct page **pages = realloc(inode->pages, room * sizeof(void *));

		if (!pages) {
			errno = ENOMEM;
			return NULL;
		}
		inode->pages = pages;
		inode->page_room = room;
	}
	page = malloc(sizeof(*page));
	if (!page) {
		errno = ENOMEM;
		return NULL;
	}
	page->index = index;
	page->state = DIRTY;
	err = fill ? read_backing(inode, page->data, PAGE, index * PAGE) : 0;
	if (err) {
		free(page);
		errno = -err;
		return NULL;
	}
	memmove(inode->pages + at + 1, inode->pages + at,
		(inode->page_count - at) * sizeof(void *));
	inode->pages[at] = page;
	inode->page_count++;
	inode->in_state[DIRTY]++;
	return page;
}

static void set_state(struct inode *inode, struct page *page, enum page_state state)
{
	inode->in_state[page->state]--;
	page->state = state;
	inode->in_state[state]++;
}

/* Takes the first pages of one state, from the position `from` on, out of memory: at most `count`. */
static void drop_pages(struct inode *inode, size_t from, enum page_state state, size_t count)
{
	size_t kept = from, i;

	for (i = from; i < inode->page_count; i++) {
		struct page *page = inode->pages[i];

		if (page->state == state && count > 0) {
			inode->in_state[state]--;
			count--;
			free(page);
		} else {
			inode->pages[kept++] = page;
		}
	}
	inode->page_count = kept;
}

static void close_backing(struct inode *inode)
{
	if (inode->fd >= 0)
		close(inode->fd);
	inode->fd = -1;
	inode->writable = false;
}

/* The caller holds cache->lock, and nobody has a reference. What the inode's word says ends here. */
static void destroy(struct inode *inode)
{
	struct cache *cache = inode->cache;

	LIST_REMOVE(inode, bucket);
	cache->inode_count--;
	cache->in_state[LOST] -= inode->counted[LOST];
	drop_pages(inode, 0, LOST, SIZE_MAX);
	free(inode->pages);
	close_backing(inode);
	close(inode->path);
	pthread_mutex_destroy(&inode->lock);
	free(inode);
}

/* Forgets those that nobody used for longest, if there are too many. The caller holds cache->lock. */
static void shrink(struct cache *cache, size_t idle_limit)
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
 * Tells the cache how the inode's pages changed since it was told last. Returns how many lost ones are too
 * many: they are clean, and clean pages go when memory is short.
 */
static size_t count_pages(struct inode *inode)
{
	struct cache *cache = inode->cache;
	size_t excess = 0;
	int state;

	pthread_mutex_lock(&cache->lock);
	for (state = 0; state < PAGE_STATES; state++) {
		cache->in_state[state] += inode->in_state[state] - inode->counted[state];
		inode->counted[state] = inode->in_state[state];
	}
	if (cache->in_state[DIRTY] > cache->page_limit)
		pthread_cond_signal(&cache->work);
	else
		pthread_cond_broadcast(&cache->room);
	shrink(cache, cache->inode_limit);
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
static void mark_dirty(struct inode *inode)
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

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool before(struct timespec a, struct timespec b)
{
	return a.tv_sec != b.tv_sec ? a.tv_sec < b.tv_sec : a.tv_nsec < b.tv_nsec;
}

/*
 * What stat shows. Writing back is no change of the file, so the ctime that it leaves behind is not shown:
 * tar and git would take the file for changed while they read it. The caller holds inode->lock.
 */
static int stat_locked(struct inode *inode, struct stat *st)
{
	if (fstatat(inode->path, "", st, AT_EMPTY_PATH) != 0)
		return -errno;
	if (same_time(st->st_ctim, inode->flushed_ctime) ||
	    (inode->ahead && before(st->st_ctim, inode->ctime)))
		st->st_ctim = inode->ctime;
	if (inode->ahead) {
		st->st_size = inode->size;
		st->st_mtim = inode->mtime;
		st->st_blocks += (blkcnt_t)(inode->page_count * (PAGE / 512));
	}
	return 0;
}

/* Makes size and backing_end true; they are the backing file's own unless we are ahead of it. */
static int refresh(struct inode *inode)
{
	struct stat st;

	if (inode->ahead)
		return 0;
	if (fstat(inode->fd, &st) != 0)
		return -errno;
	inode->size = st.st_size;
	inode->backing_end = st.st_size;
	return 0;
}

/* ---- write-back ------------------------------------------------------------------------------ */

static int write_page(const struct inode *inode, const struct page *page)
{
	off_t offset = page->index * PAGE, left = inode->size - offset;
	size_t size = left < PAGE ? (size_t)left : PAGE, done = 0;

	while (done < size) {
		ssize_t n = pwrite(inode->fd, page->data + done, size - done, offset + (off_t)done);

		if (n > 0)
			done += (size_t)n;
		else if (n == 0)
			return EIO;
		else if (errno != EINTR)
			return errno;
	}
	return 0;
}

/* Brings the backing file up to date as far as possible. Returns the latest error, an errno, or 0. */
static int write_all(struct inode *inode, off_t backing_size)
{
	/* one look: a page is not written by other rules than its neighbour */
	int injected = atomic_load_explicit(&inode->cache->injected, memory_order_relaxed);
	int cannot = injected, err;
	size_t i;

	/* what was cut off must not come back between what is written behind it */
	if (!cannot && backing_size > inode->backing_end &&
	    ftruncate(inode->fd, inode->backing_end) != 0)
		cannot = errno;
	err = cannot;
	for (i = 0; i < inode->page_count; i++) {
		struct page *page = inode->pages[i];
		off_t end = (page->index + 1) * PAGE;
		int page_err;

		if (page->state != DIRTY)
			continue;
		page_err = cannot ? cannot : write_page(inode, page);
		set_state(inode, page, page_err ? LOST : WRITTEN);
		if (page_err)
			err = page_err;
		else if (inode->backing_end < end)
			inode->backing_end = end < inode->size ? end : inode->size;
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
 * Writes the inode back, whoever asked for it. The caller holds inode->lock, so others who want to see the
 * result wait for the end of it: they find nothing dirty and the error recorded. That is also why the inode
 * leaves the list of dirty ones last: cache_sync, which looks there, must not overtake the record.
 */
static void write_back(struct inode *inode)
{
	struct cache *cache = inode->cache;
	size_t excess;
	struct stat st;
	int err;

	if (!inode->dirty)
		return;
	if (stat_locked(inode, &st) == 0)
		inode->ctime = st.st_ctim; /* a chmod may be younger than the last write */
	if (fstat(inode->fd, &st) != 0)
		err = errno;
	else if (st.st_nlink == 0 && inode->opens == 0)
		err = 0; /* deleted, and nobody can read it any more */
	else
		err = write_all(inode, st.st_size);
	if (!err) {
		inode->ahead = inode->in_state[LOST] > 0;
		/* it was changed when it was written to, not now; who may not say so leaves it */
		(void)futimens(inode->fd,
			       (struct timespec[2]){ { .tv_nsec = UTIME_OMIT }, inode->mtime });
	}
	if (fstat(inode->fd, &st) == 0)
		inode->flushed_ctime = st.st_ctim;

	/* docs: write-back */
	/* What failed is LOST, which is clean: nothing is dirty when the error is recorded. */
	drop_pages(inode, 0, WRITTEN, SIZE_MAX);
	drop_pages(inode, 0, DIRTY, SIZE_MAX); /* of a deleted file */
	if (err)
		record(inode, err);
	/* docs: end */
	excess = count_pages(inode);
	if (excess) {
		drop_pages(inode, 0, LOST, excess);
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
		close_backing(inode);
}

/* ---- references ------------------------------------------------------------------------------ */

static struct inode *take(struct inode *inode)
{
	struct cache *cache = inode->cache;

	if (inode->references++ == 0) {
		TAILQ_REMOVE(&cache->idle, inode, link);
		cache->idle_count--;
	}
	return inode;
}

/*
 * Without references an inode stays, idle, if it has something to remember: an error that nobody was told
 * of, which is owed to whoever opens the file next; lost data; a ctime that is not shown.
 */
static bool worth_keeping(const struct inode *inode)
{
	errseq_cursor_t last = errseq_load(&inode->errors);
	struct stat st;

	if (fstat(inode->path, &st) != 0 || st.st_nlink == 0)
		return false;
	return inode->ahead || same_time(st.st_ctim, inode->flushed_ctime) ||
	       (errseq_cursor_error(last) && !errseq_cursor_reported(last));
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
			shrink(cache, cache->inode_limit);
		} else {
			destroy(inode);
		}
	}
	pthread_mutex_unlock(&cache->lock);
}

/* ---- the flusher ------------------------------------------------------------------------------ */

static void write_back_and_put(struct inode *inode)
{
	pthread_mutex_lock(&inode->lock);
	write_back(inode);
	pthread_mutex_unlock(&inode->lock);
	put(inode, 1);
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
			take(oldest);
			pthread_mutex_unlock(&cache->lock);
			write_back_and_put(oldest);
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
static void wait_for_room(struct cache *cache)
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
			take(oldest);
		else
			oldest = NULL;
		pthread_mutex_unlock(&cache->lock);
		if (!oldest)
			return;
		write_back_and_put(oldest);
	}
}

/* ---- what files do --------------------------------------------------------------------------- */

/* The backing file is opened when users open theirs: what they may do then, they may do until they close it. */
static int open_backing(struct inode *inode, bool writing)
{
	char name[40];
	int fd;

	if (inode->fd >= 0 && (inode->writable || !writing))
		return 0;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", inode->path);
	fd = open(name, (writing ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	close_backing(inode);
	inode->fd = fd;
	inode->writable = writing;
	return 0;
}

int inode_open(struct inode *inode, bool writing)
{
	int err;

	pthread_mutex_lock(&inode->lock);
	err = open_backing(inode, writing);
	if (!err)
		inode->opens++;
	pthread_mutex_unlock(&inode->lock);
	return err;
}

void inode_adopt(struct inode *inode, int fd)
{
	pthread_mutex_lock(&inode->lock);
	if (inode->writable) {
		close(fd);
	} else {
		close_backing(inode);
		inode->fd = fd;
		inode->writable = true;
	}
	inode->opens++;
	pthread_mutex_unlock(&inode->lock);
}

void inode_close(struct inode *inode)
{
	pthread_mutex_lock(&inode->lock);
	if (--inode->opens == 0 && !inode->dirty)
		close_backing(inode);
	pthread_mutex_unlock(&inode->lock);
}

int inode_stat(struct inode *inode, struct stat *st)
{
	int err;

	pthread_mutex_lock(&inode->lock);
	err = stat_locked(inode, st);
	pthread_mutex_unlock(&inode->lock);
	return err;
}

ssize_t inode_read(struct inode *inode, void *data, size_t size, off_t offset)
{
	unsigned char *to = data;
	size_t done = 0, at;
	int err;

	pthread_mutex_lock(&inode->lock);
	err = refresh(inode);
	if (err || offset >= inode->size)
		size = 0;
	else if ((off_t)size > inode->size - offset)
		size = (size_t)(inode->size - offset);
	at = page_from(inode, offset / PAGE);
	while (!err && done < size) {
		off_t here = offset + (off_t)done;
		size_t count = size - done, skip = (size_t)(here % PAGE);

		if (at < inode->page_count && inode->pages[at]->index <= here / PAGE) {
			if (count > PAGE - skip)
				count = PAGE - skip;
			memcpy(to + done, inode->pages[at++]->data + skip, count);
		} else { /* all that is in front of the next page in memory */
			if (at < inode->page_count &&
			    (off_t)count > inode->pages[at]->index * PAGE - here)
				count = (size_t)(inode->pages[at]->index * PAGE - here);
			err = read_backing(inode, to + done, count, here);
		}
		done += count;
	}
	pthread_mutex_unlock(&inode->lock);
	return err ? err : (ssize_t)size;
}

/* Says whether there was memory, and whether the rest of a page could be read; nothing about the past. */
ssize_t inode_write(struct inode *inode, const void *data, size_t size, off_t offset, bool append)
{
	const unsigned char *from = data;
	size_t done = 0;
	int err;

	wait_for_room(inode->cache);
	pthread_mutex_lock(&inode->lock);
	err = refresh(inode);
	if (append)
		offset = inode->size;
	while (!err && done < size) {
		off_t here = offset + (off_t)done, index = here / PAGE;
		size_t skip = (size_t)(here % PAGE), count = PAGE - skip;
		size_t at = page_from(inode, index);
		struct page *page = page_at(inode, at, index);

		if (count > size - done)
			count = size - done;
		if (page)
			set_state(inode, page, DIRTY);
		else
			page = page_insert(inode, at, index, count < PAGE);
		if (!page) {
			err = -errno;
			break;
		}
		memcpy(page->data + skip, from + done, count);
		done += count;
	}
	if (done > 0) {
		if (inode->size < offset + (off_t)done)
			inode->size = offset + (off_t)done;
		mark_dirty(inode);
		(void)count_pages(inode);
	}
	pthread_mutex_unlock(&inode->lock);
	return done > 0 ? (ssize_t)done : err;
}

/* The caller has opened the inode for writing. */
int inode_truncate(struct inode *inode, off_t size)
{
	size_t at, skip = (size_t)(size % PAGE);
	int err;

	pthread_mutex_lock(&inode->lock);
	err = refresh(inode);
	if (!err) {
		at = page_from(inode, size / PAGE);
		if (skip && page_at(inode, at, size / PAGE)) {
			memset(inode->pages[at]->data + skip, 0, PAGE - skip);
			at++;
		}
		drop_pages(inode, at, DIRTY, SIZE_MAX);
		drop_pages(inode, at, LOST, SIZE_MAX);
		if (inode->backing_end > size)
			inode->backing_end = size;
		inode->size = size;
		mark_dirty(inode);
		(void)count_pages(inode);
	}
	pthread_mutex_unlock(&inode->lock);
	return err;
}

int inode_set_times(struct inode *inode, const struct timespec times[2])
{
	int err = 0;

	pthread_mutex_lock(&inode->lock);
	if (utimensat(inode->path, "", times, AT_EMPTY_PATH) != 0)
		err = -errno;
	else if (times[1].tv_nsec != UTIME_OMIT)
		inode->mtime = times[1]; /* what write-back will set */
	pthread_mutex_unlock(&inode->lock);
	return err;
}

/*
 * Writes the file back and waits until it is on the disk. Of two threads that fsync one file the second waits:
 * it must not see a clean file before the error of the first is recorded. The backing kernel tells our one
 * descriptor of an error once; recording it passes it on to all handles.
 */
void inode_sync(struct inode *inode, bool data_only)
{
	pthread_mutex_lock(&inode->lock);
	write_back(inode);
	if (inode->fd >= 0 && (data_only ? fdatasync(inode->fd) : fsync(inode->fd)) != 0)
		record(inode, errno);
	pthread_mutex_unlock(&inode->lock);
}

/* ---- the table of inodes --------------------------------------------------------------------- */

static struct bucket *bucket_of(struct cache *cache, dev_t dev, ino_t ino)
{
	return &cache->buckets[(ino ^ dev) % BUCKETS];
}

/*
 * The inode behind an O_PATH descriptor; hard links have one between them. Each find is a lookup of that
 * mount, to be given back by inode_forget. NULL: errno says why.
 */
struct inode *inode_find(struct cache *cache, int path, unsigned mount)
{
	struct inode *inode, *fresh;
	struct stat st;

	fresh = calloc(1, sizeof(*fresh)); /* zeroes: a word that never saw an error */
	if (!fresh || fstat(path, &st) != 0) {
		int saved = fresh ? errno : ENOMEM;

		free(fresh);
		close(path);
		errno = saved;
		return NULL;
	}
	fresh->cache = cache;
	fresh->dev = st.st_dev;
	fresh->ino = st.st_ino;
	fresh->path = path;
	fresh->fd = -1;
	pthread_mutex_init(&fresh->lock, NULL);

	pthread_mutex_lock(&cache->lock);
	inode = LIST_FIRST(bucket_of(cache, st.st_dev, st.st_ino));
	while (inode && (inode->ino != st.st_ino || inode->dev != st.st_dev))
		inode = LIST_NEXT(inode, bucket);
	if (inode) {
		take(inode);
	} else {
		inode = fresh;
		inode->references = 1;
		LIST_INSERT_HEAD(bucket_of(cache, st.st_dev, st.st_ino), inode, bucket);
		cache->inode_count++;
		fresh = NULL;
	}
	inode->lookups[mount]++;
	pthread_mutex_unlock(&cache->lock);
	if (fresh) {
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
	take(inode);
	pthread_mutex_unlock(&inode->cache->lock);
}

void inode_drop(struct inode *inode)
{
	put(inode, 1);
}

/* Calls a function for every inode, without cache->lock, which comes after the locks that it takes. */
static int for_each(struct cache *cache, void (*visit)(struct inode *, unsigned), unsigned argument)
{
	struct inode *inode, **all;
	size_t count = 0, i;

	pthread_mutex_lock(&cache->lock);
	all = malloc(cache->inode_count * sizeof(void *));
	for (i = 0; all && i < BUCKETS; i++)
		for (inode = LIST_FIRST(&cache->buckets[i]); inode;
		     inode = LIST_NEXT(inode, bucket))
			all[count++] = take(inode);
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
 * What memory pressure does to a kernel's caches: lost data goes, and so does what is remembered of a file
 * that is not open, its error included. The superblock's word remembers.
 */
static void evict(struct inode *inode, unsigned unused)
{
	(void)unused;
	pthread_mutex_lock(&inode->lock);
	if (!inode->dirty) {
		drop_pages(inode, 0, LOST, SIZE_MAX);
		(void)count_pages(inode);
		inode->ahead = false;
		if (inode->opens == 0) {
			/* allowed, for without a handle there is no cursor, and recorders hold the lock */
			errseq_init(&inode->errors);
			inode->flushed_ctime = (struct timespec){ 0 };
		}
	}
	pthread_mutex_unlock(&inode->lock);
}

int cache_evict(struct cache *cache)
{
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

/* ---- the whole ------------------------------------------------------------------------------- */

/*
 * What syncfs(2) does: all dirty data of all files, then the backing filesystem. One at a time, for the
 * backing kernel tells us of an error once: a second caller must not find nothing before the first has
 * recorded it.
 */
void cache_sync(struct cache *cache)
{
	write_back_all(cache);
	pthread_mutex_lock(&cache->syncing);
	if (syncfs(cache->upper) != 0)
		errseq_set(&cache->errors, -errno);
	pthread_mutex_unlock(&cache->syncing);
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
	path = openat(cache->upper, ".", O_PATH | O_CLOEXEC);
	cache->root = path < 0 ? NULL : inode_find(cache, path, 0);
	if (!cache->root)
		return -errno;
	cache->root->lookups[0] = 0; /* ours, and not the kernel's */
	return 0;
}

int cache_start_flusher(struct cache *cache)
{
	return -pthread_create(&cache->flusher, NULL, flush_in_background, cache);
}

/* All mounts are gone. Data first; then memory, which leak checkers want to see. */
void cache_stop(struct cache *cache)
{
	pthread_mutex_lock(&cache->lock);
	cache->stopping = true;
	pthread_cond_broadcast(&cache->work);
	pthread_cond_broadcast(&cache->room);
	pthread_mutex_unlock(&cache->lock);
	pthread_join(cache->flusher, NULL);
	cache_sync(cache);

	put(cache->root, 1);
	pthread_mutex_lock(&cache->lock);
	shrink(cache, 0);
	pthread_mutex_unlock(&cache->lock);
	close(cache->upper);
}
