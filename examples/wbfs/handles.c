/* SPDX-License-Identifier: MIT */
/*
 * Handles, and what open, read, write, flush, fsync and release do: the places in a FUSE daemon where cursors begin,
 * move and end.
 */
#include "control.h"
#include "fs.h"
#include "view.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	LEASE_SECONDS = 60 /* Linux lets nobody keep a lease for longer than 45 */
};

/*
 * fuse_reply_err takes an errno, our calls return it negated. Not every answer of a backing filesystem is one for a
 * FUSE kernel: after ENOSYS it would not ask again as long as the mount lives, and an errno that it does not know hangs
 * the caller.
 */
void reply(fuse_req_t req, int err)
{
	fuse_reply_err(req, err == -ENOSYS || err < -MAX_FUSE_ERRNO ? EIO : -err);
}

int check_strict(const struct mount *mount)
{
	return mount->view && mount->view->strict ? view_check(mount->view) : 0;
}

/* ---- begin and end ----------------------------------------------------------------------------- */

/* For an inode that is open already, so that nobody evicts its word. NULL: no memory. */
struct handle *handle_new(struct mount *mount, struct inode *inode, bool writing)
{
	struct handle *handle = calloc(1, sizeof(*handle));

	if (!handle)
		return NULL;
	handle->inode = inode;
	handle->writing = writing;
	pthread_mutex_init(&handle->dir_lock, NULL);
	/* docs: open */
	/* A reported error is past. This handle still gets an unreported one. */
	if (inode)
		errseq_shared_cursor_init(&handle->on_inode, errseq_sample(&inode->errors));
	errseq_shared_cursor_init(&handle->on_superblock, errseq_sample(&mount->cache->errors));
	/* docs: end */
	pthread_mutex_lock(&mount->lock);
	LIST_INSERT_HEAD(&mount->handles, handle, link);
	pthread_mutex_unlock(&mount->lock);
	return handle;
}

/* An error that was reported to nobody is still in the word. Whoever opens the file next gets it. */
void handle_free(struct mount *mount, struct handle *handle)
{
	pthread_mutex_lock(&mount->lock);
	LIST_REMOVE(handle, link);
	pthread_mutex_unlock(&mount->lock);
	/* docs: release */
	if (handle->dir)
		closedir(handle->dir);
	else if (handle->inode)
		inode_close(handle->inode);
	pthread_mutex_destroy(&handle->dir_lock);
	/* the cursors are plain memory: nothing has to be deregistered */
	free(handle);
	/* docs: end */
}

/* Opens the backing file. If somebody has a lease on it, waits as open(2) does; nobody else waits meanwhile. */
int open_patiently(fuse_req_t req, struct inode *inode, bool writing)
{
	const struct timespec moment = { .tv_nsec = 20000000 };
	int turns = LEASE_SECONDS * 50, err;

	while ((err = inode_open(inode, writing)) == -EWOULDBLOCK && turns-- > 0) {
		if (fuse_req_interrupted(req) || fuse_session_exited(mount_of(req)->session))
			return -EINTR;
		nanosleep(&moment, NULL);
	}
	return err;
}

/* The inode is open; it is closed again if this fails. */
static int finish_open(struct mount *mount, struct inode *inode, struct fuse_file_info *fi)
{
	struct handle *handle;
	int err = 0;

	if (fi->flags & O_TRUNC) {
		err = check_strict(mount);
		if (!err)
			err = inode_drop_set_id(inode);
		if (!err)
			err = inode_truncate(inode, 0);
	}
	handle = err ? NULL : handle_new(mount, inode, (fi->flags & O_ACCMODE) != O_RDONLY);
	if (!handle) {
		inode_close(inode);
		return err ? err : -ENOMEM;
	}
	fi->fh = (uintptr_t)handle;
	/* a strict view wants to see every read; the kernel would answer some from its own cache */
	fi->direct_io = mount->view && mount->view->strict;
	return 0;
}

void fs_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct mount *mount = mount_of(req);
	bool writing = (fi->flags & O_ACCMODE) != O_RDONLY || fi->flags & O_TRUNC;
	int err;

	if (ino == control_ino) {
		struct handle *handle = handle_new(mount, NULL, writing);

		err = handle ? 0 : -ENOMEM;
		fi->fh = (uintptr_t)handle;
		fi->direct_io = 1; /* its size is 0 */
	} else {
		err = open_patiently(req, inode_of(req, ino), writing);
		if (!err)
			err = finish_open(mount, inode_of(req, ino), fi);
	}
	if (err)
		reply(req, err);
	else if (fuse_reply_open(req, fi) == -ENOENT) /* the caller is gone: no RELEASE will come */
		handle_free(mount, handle_of(fi));
}

/*
 * Makes a new file, or finds the one that another process made since the kernel looked. That one may be anything by
 * now. It is opened through the descriptor by which it was found, if it is a regular file; else ESTALE lets the kernel
 * look again.
 */
static int create(fuse_req_t req, int directory, const char *name, mode_t mode, int flags,
		  struct fuse_entry_param *entry)
{
	int fd = openat(directory, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	char opened[40];
	int err;

	if (fd >= 0) {
		/* not by its name, which may be another file's by now */
		snprintf(opened, sizeof(opened), "/proc/self/fd/%d", fd);
		err = inode_of_path(req, open(opened, O_PATH | O_CLOEXEC), entry);
		if (err)
			close(fd);
		else
			inode_adopt(inode_of(req, entry->ino), fd);
		return err;
	}
	if (errno != EEXIST || flags & O_EXCL)
		return -errno;
	err = inode_of_path(req, openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC), entry);
	if (err)
		return err == -ENOENT ? -ESTALE : err;
	err = inode_of(req, entry->ino)->regular
		      ? open_patiently(req, inode_of(req, entry->ino),
				       (flags & O_ACCMODE) != O_RDONLY || flags & O_TRUNC)
		      : -ESTALE;
	if (err)
		inode_forget(inode_of(req, entry->ino), mount_of(req)->index, 1);
	return err;
}

void fs_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
	       struct fuse_file_info *fi)
{
	struct mount *mount = mount_of(req);
	struct inode *directory = inode_of(req, parent), *inode;
	struct fuse_entry_param entry = { 0 };
	int err = is_control(parent, name)
			  ? -EPERM
			  : create(req, directory->path, name, mode, fi->flags, &entry);

	if (err) {
		reply(req, err);
		return;
	}
	inode = inode_of(req, entry.ino);
	err = finish_open(mount, inode, fi);
	if (err) {
		inode_forget(inode, mount->index, 1);
		reply(req, err);
		return;
	}
	(void)inode_stat(inode, &entry.attr); /* O_TRUNC may have changed it */
	kernel_names_note(&mount->names, parent, directory, name);
	if (fuse_reply_create(req, &entry, fi) == -ENOENT) {
		handle_free(mount, handle_of(fi));
		inode_forget(inode, mount->index, 1);
	}
}

void fs_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	handle_free(mount_of(req), handle_of(fi));
	fuse_reply_err(req, 0);
}

/* ---- reading and writing ----------------------------------------------------------------------- */

void fs_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi)
{
	struct mount *mount = mount_of(req);
	int err = check_strict(mount);
	char *data = err ? NULL : malloc(size ? size : 1);
	ssize_t n;

	if (!data) {
		reply(req, err ? err : -ENOMEM);
		return;
	}
	if (ino == control_ino)
		n = control_read(mount->cache, data, size, offset);
	else
		n = inode_read(handle_of(fi)->inode, data, size, offset);
	if (n < 0)
		reply(req, (int)n);
	else
		fuse_reply_buf(req, data, (size_t)n);
	free(data);
}

/* fsync does not return how this write-back went, but what was not yet reported through this handle. */
static int sync_file(struct mount *mount, struct handle *handle, bool data_only)
{
	if (mount->view)
		return view_check(mount->view);
	/* docs: fsync */
	inode_sync(handle->inode, data_only); /* whatever fails is recorded before this returns */
	return errseq_check_and_advance_shared(&handle->inode->errors, &handle->on_inode);
	/* docs: end */
}

/* A write does not fail because of an earlier error: fsync reports that. Only O_SYNC makes it a write and an fsync. */
static ssize_t write_file(struct mount *mount, const char *data, size_t size, off_t offset,
			  const struct fuse_file_info *fi)
{
	struct handle *handle = handle_of(fi);
	bool append = fi->flags & O_APPEND && !fi->writepage; /* what was mapped has its place */
	int err = check_strict(mount);
	ssize_t n;

	if (!err && mount->view && mount->view->strict) /* is direct */
		err = inode_drop_set_id(handle->inode);
	if (err)
		return err;
	/* docs: write */
	n = inode_write(handle->inode, data, size, offset, append);
	if (n > 0 && fi->flags & (O_SYNC | O_DSYNC))
		err = sync_file(mount, handle, (fi->flags & O_SYNC) != O_SYNC);
	return err ? err : n;
	/* docs: end */
}

void fs_write(fuse_req_t req, fuse_ino_t ino, const char *data, size_t size, off_t offset,
	      struct fuse_file_info *fi)
{
	struct mount *mount = mount_of(req);
	ssize_t n = ino == control_ino ? control_write(mount->cache, data, size)
				       : write_file(mount, data, size, offset, fi);

	if (n < 0)
		reply(req, (int)n);
	else
		fuse_reply_write(req, (size_t)n);
}

/* ---- where errors are reported -------------------------------------------------------------------- */

void fs_fsync(fuse_req_t req, fuse_ino_t ino, int data_only, struct fuse_file_info *fi)
{
	reply(req, ino == control_ino ? 0 : sync_file(mount_of(req), handle_of(fi), data_only));
}

static int sync_all(struct mount *mount, errseq_shared_cursor_t *since)
{
	struct cache *cache = mount->cache;

	if (mount->view)
		return view_check(mount->view);
	/* docs: fsyncdir */
	cache_sync(cache);
	return errseq_check_and_advance_shared(&cache->errors, since);
	/* docs: end */
}

/* Stands for syncfs, to which most kernels answer 0 by themselves. */
void fs_fsyncdir(fuse_req_t req, fuse_ino_t ino, int data_only, struct fuse_file_info *fi)
{
	(void)ino;
	(void)data_only;
	reply(req, sync_all(mount_of(req), &handle_of(fi)->on_superblock));
}

/*
 * Where libfuse and the kernel know it. No handle comes with it, so all callers of syncfs share the mount's one cursor:
 * one of them gets the error. Directory handles have their own, and get it as well.
 */
void fs_syncfs(fuse_req_t req, fuse_ino_t ino)
{
	(void)ino;
	reply(req, sync_all(mount_of(req), &mount_of(req)->on_superblock));
}

/*
 * close(), of any of the handle's descriptors. It checks and must not advance: few programs read its result, and fsync
 * of another descriptor must still report. As with NFS, only writers want to know. In a view, the inode's word is not
 * for its users.
 */
void fs_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	const struct handle *handle = handle_of(fi);
	int err = 0;

	(void)ino;
	/* docs: flush */
	if (handle->inode && handle->writing && !mount_of(req)->view)
		err = errseq_check_shared(&handle->inode->errors, &handle->on_inode);
	/* docs: end */
	reply(req, err);
}
