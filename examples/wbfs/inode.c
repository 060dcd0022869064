/* SPDX-License-Identifier: MIT */
#include "cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- the backing file -------------------------------------------------------------------------- */

void inode_close_backing(struct inode *inode)
{
	if (inode->fd >= 0)
		close(inode->fd);
	inode->fd = -1;
	inode->writable = false;
}

/*
 * The backing file is opened whenever users open theirs. So the backing filesystem decides each time whether they may,
 * and what they may do then, they may do until they close it. O_NONBLOCK: somebody may have a lease on the file, and
 * open would wait for it with the lock held.
 */
static int open_backing(struct inode *inode, bool writing)
{
	char name[40];
	int fd;

	if (!inode->regular)
		return -EINVAL;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", inode->path);
	fd = open(name, (writing ? O_RDWR : O_RDONLY) | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (inode->fd >= 0 && (inode->writable || !writing)) {
		close(fd);
		return 0;
	}
	inode_close_backing(inode);
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
		inode_close_backing(inode);
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
		inode_close_backing(inode);
	pthread_mutex_unlock(&inode->lock);
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

/* ---- attributes ---------------------------------------------------------------------------------- */

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool before(struct timespec a, struct timespec b)
{
	return a.tv_sec != b.tv_sec ? a.tv_sec < b.tv_sec : a.tv_nsec < b.tv_nsec;
}

/* Pages in memory may lie over blocks that the backing file has. Without holes it has at most what its size needs. */
static blkcnt_t blocks_of(const struct inode *inode, blkcnt_t backing)
{
	blkcnt_t all = backing + (blkcnt_t)(inode->pages.count * (PAGE / 512));
	blkcnt_t full = (blkcnt_t)(inode->size / PAGE + (inode->size % PAGE != 0)) * (PAGE / 512);

	if (all <= full)
		return all;
	return full > backing ? full : backing;
}

/*
 * What stat shows. Writing back is no change of the file, so the ctime that it leaves behind is not shown: tar and
 * git would take the file for changed while they read it.
 */
int inode_stat_locked(struct inode *inode, struct stat *st)
{
	if (fstatat(inode->path, "", st, AT_EMPTY_PATH) != 0)
		return -errno;
	if (same_time(st->st_ctim, inode->flushed_ctime) ||
	    (inode->ahead && before(st->st_ctim, inode->ctime)))
		st->st_ctim = inode->ctime;
	if (inode->ahead) {
		st->st_size = inode->size;
		st->st_mtim = inode->mtime;
		st->st_blocks = blocks_of(inode, st->st_blocks);
	}
	return 0;
}

int inode_stat(struct inode *inode, struct stat *st)
{
	int err;

	pthread_mutex_lock(&inode->lock);
	err = inode_stat_locked(inode, st);
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
 * Whoever changes a file's data takes its set-id bits away, root excepted. The kernel does so before most writes, but
 * not before direct ones. It would do so when we write back, which is late.
 */
int inode_drop_set_id(struct inode *inode)
{
	struct stat st;
	mode_t gone;

	if (geteuid() == 0)
		return 0;
	if (fstat(inode->fd, &st) != 0)
		return -errno;
	gone = st.st_mode & S_ISUID;
	if (st.st_mode & S_IXGRP)
		gone |= st.st_mode & S_ISGID;
	if (gone && fchmod(inode->fd, st.st_mode & 07777 & ~gone) != 0)
		return -errno;
	return 0;
}

/* ---- data ---------------------------------------------------------------------------------------- */

/*
 * Whether the backing file can be as large as this. Some have a limit of their own, below their filesystem's; those
 * begin above 2 GiB, so that we need not ask for most files.
 */
static int check_size(const struct inode *inode, off_t size)
{
	if (size > inode->cache->size_limit)
		return -EFBIG;
	if (size > INT32_MAX && lseek(inode->fd, size, SEEK_SET) < 0)
		return -EFBIG;
	return 0;
}

ssize_t inode_read(struct inode *inode, void *data, size_t size, off_t offset)
{
	const struct pages *pages = &inode->pages;
	unsigned char *to = data;
	size_t done = 0, at;
	int err;

	pthread_mutex_lock(&inode->lock);
	err = refresh(inode);
	if (err || offset >= inode->size)
		size = 0;
	else if ((off_t)size > inode->size - offset)
		size = (size_t)(inode->size - offset);
	at = pages_from(pages, offset / PAGE);
	while (!err && done < size) {
		off_t here = offset + (off_t)done;
		size_t count = size - done, skip = (size_t)(here % PAGE);

		if (at < pages->count && pages->sorted[at]->index <= here / PAGE) {
			if (count > PAGE - skip)
				count = PAGE - skip;
			memcpy(to + done, pages->sorted[at++]->data + skip, count);
		} else { /* all that is in front of the next page in memory */
			if (at < pages->count &&
			    (off_t)count > pages->sorted[at]->index * PAGE - here)
				count = (size_t)(pages->sorted[at]->index * PAGE - here);
			err = read_backing(inode, to + done, count, here);
		}
		done += count;
	}
	pthread_mutex_unlock(&inode->lock);
	return err ? err : (ssize_t)size;
}

/* Writes inside of one page. */
static int write_into_page(struct inode *inode, const void *from, size_t count, off_t offset)
{
	unsigned char filled[PAGE];
	off_t index = offset / PAGE;
	size_t at = pages_from(&inode->pages, index);
	struct page *page = pages_at(&inode->pages, at, index);
	int err;

	if (page) {
		pages_set_state(&inode->pages, page, DIRTY);
	} else {
		if (count < PAGE) {
			err = read_backing(inode, filled, PAGE, index * PAGE);
			if (err)
				return err;
		}
		page = pages_insert(&inode->pages, at, index);
		if (!page)
			return -ENOMEM;
		if (count < PAGE)
			memcpy(page->data, filled, PAGE);
	}
	memcpy(page->data + offset % PAGE, from, count);
	return 0;
}

/* Returns whether there was memory, and whether the rest of a page could be read. Past errors are for fsync. */
ssize_t inode_write(struct inode *inode, const void *data, size_t size, off_t offset, bool append)
{
	const off_t limit = inode->cache->size_limit;
	const unsigned char *from = data;
	size_t done = 0;
	int err;

	flusher_wait_for_room(inode->cache);
	pthread_mutex_lock(&inode->lock);
	err = refresh(inode);
	if (append)
		offset = inode->size;
	/* as at RLIMIT_FSIZE: up to the limit, and beyond it EFBIG */
	if (!err && size > 0 && offset >= limit)
		err = -EFBIG;
	if (!err && (off_t)size > limit - offset)
		size = (size_t)(limit - offset);
	if (!err)
		err = check_size(inode, offset + (off_t)size);
	while (!err && done < size) {
		off_t here = offset + (off_t)done;
		size_t count = PAGE - (size_t)(here % PAGE);

		if (count > size - done)
			count = size - done;
		err = write_into_page(inode, from + done, count, here);
		if (!err)
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

int inode_truncate(struct inode *inode, off_t size)
{
	struct pages *pages = &inode->pages;
	size_t at, skip = (size_t)(size % PAGE);
	int err;

	pthread_mutex_lock(&inode->lock);
	err = refresh(inode);
	if (!err && size > inode->size)
		err = check_size(inode, size);
	if (!err) {
		at = pages_from(pages, size / PAGE);
		if (skip && pages_at(pages, at, size / PAGE)) {
			memset(pages->sorted[at]->data + skip, 0, PAGE - skip);
			at++;
		}
		pages_drop(pages, at, DIRTY, SIZE_MAX);
		pages_drop(pages, at, LOST, SIZE_MAX);
		if (inode->backing_end > size)
			inode->backing_end = size;
		inode->size = size;
		mark_dirty(inode);
		(void)count_pages(inode);
	}
	pthread_mutex_unlock(&inode->lock);
	return err;
}

/*
 * Writes the file back and waits until it is on the disk. Of two threads that fsync one file the second waits: it
 * must not see a clean file before the error of the first is recorded. The backing kernel reports an error once to our
 * one descriptor; recording it passes it on to all handles.
 */
void inode_sync(struct inode *inode, bool data_only)
{
	pthread_mutex_lock(&inode->lock);
	write_back(inode);
	if (inode->fd >= 0 && (data_only ? fdatasync(inode->fd) : fsync(inode->fd)) != 0)
		record_error(inode, errno);
	pthread_mutex_unlock(&inode->lock);
}
