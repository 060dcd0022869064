/* SPDX-License-Identifier: MIT */
#include "fs.h"
#include "control.h"
#include "view.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

/*
 * What open() gives: one for every OPEN, CREATE and OPENDIR. dup and fork share it, and its threads may use it at
 * once, hence the shared cursors. fsync of a file looks at its inode's word; fsync of a directory stands for
 * syncfs, which the kernel does not pass on to FUSE daemons, and looks at the superblock's. In Linux syncfs takes a
 * descriptor of any file; here nobody can ask that of a file's handle, but its cursor is there.
 */
struct handle {
	struct inode *inode; /* NULL: the control file */
	/* docs: handle */
	errseq_shared_cursor_t on_inode;      /* for fsync and close of a file */
	errseq_shared_cursor_t on_superblock; /* for fsync of a directory */
	/* docs: end */
	bool writing;
	DIR *dir;
	pthread_mutex_t dir_lock; /* a DIR has a position; taken alone */
	LIST_ENTRY(handle) link;
};

/* Names and attributes come from the daemon each time, for other mounts change them, too. */
static const double no_caching = 0;
static const fuse_ino_t control_ino = 2; /* never the address of an inode */

static struct mount *mount_of(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

static struct inode *inode_of(fuse_req_t req, fuse_ino_t ino)
{
	if (ino == FUSE_ROOT_ID)
		return mount_of(req)->cache->root;
	return (struct inode *)(uintptr_t)ino;
}

static struct handle *handle_of(const struct fuse_file_info *fi)
{
	return (struct handle *)(uintptr_t)fi->fh;
}

/*
 * fuse_reply_err takes an errno, our calls return it negated. What a backing filesystem answers may be no answer
 * for a FUSE kernel: after ENOSYS it would not ask again as long as the mount lives, and an errno that it does not
 * know hangs the caller.
 */
static void reply(fuse_req_t req, int err)
{
	fuse_reply_err(req, err == -ENOSYS || err < -MAX_FUSE_ERRNO ? EIO : -err);
}

/* After a system call. */
static void reply_result(fuse_req_t req, int result)
{
	fuse_reply_err(req, result < 0 ? errno : 0);
}

static bool is_control(fuse_ino_t parent, const char *name)
{
	return parent == FUSE_ROOT_ID && strcmp(name, CONTROL_NAME) == 0;
}

/* What reads and changes data fails in a strict view that has failed. */
static int check_strict(const struct mount *mount)
{
	return mount->view && mount->view->strict ? view_check(mount->view) : 0;
}

/* ---- names: they go straight to the backing directory ------------------------------------------ */

static void control_stat(struct stat *st)
{
	*st = (struct stat){ .st_ino = control_ino, .st_mode = S_IFREG | 0600, .st_nlink = 1 };
}

/* The inode behind an O_PATH descriptor, as a lookup that the kernel will give back by FORGET. */
static int find(fuse_req_t req, int path, struct fuse_entry_param *entry)
{
	struct mount *mount = mount_of(req);
	struct inode *inode;
	int err;

	*entry = (struct fuse_entry_param){ .attr_timeout = no_caching,
					    .entry_timeout = no_caching };
	if (path < 0)
		return -errno;
	inode = inode_find(mount->cache, path, mount->index);
	if (!inode)
		return -errno;
	entry->ino = (uintptr_t)inode;
	err = inode_stat(inode, &entry->attr);
	if (err)
		inode_forget(inode, mount->index, 1);
	return err;
}

static void reply_entry(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	int path = openat(inode_of(req, parent)->path, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct fuse_entry_param entry;
	int err = find(req, path, &entry);

	if (err) {
		reply(req, err);
		return;
	}
	/* not directories: somebody may stand in them */
	if (!S_ISDIR(entry.attr.st_mode))
		names_note(&mount_of(req)->names, parent, inode_of(req, parent), name);
	fuse_reply_entry(req, &entry);
}

static void fs_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	if (is_control(parent, name)) {
		struct fuse_entry_param entry = { .ino = control_ino };

		if (mount_of(req)->view) {
			fuse_reply_err(req, ENOENT);
			return;
		}
		control_stat(&entry.attr);
		fuse_reply_entry(req, &entry);
	} else {
		reply_entry(req, parent, name);
	}
}

static void fs_forget(fuse_req_t req, fuse_ino_t ino, uint64_t lookups)
{
	if (ino != control_ino && ino != FUSE_ROOT_ID)
		inode_forget(inode_of(req, ino), mount_of(req)->index, lookups);
	fuse_reply_none(req);
}

/*
 * What a daemon of root makes is root's; give it to who asked. Where the directory is setgid, its group stays.
 * The file is `name` in `at`, or `at` itself if that is "".
 */
static void give_to_caller(fuse_req_t req, fuse_ino_t parent, int at, const char *name)
{
	const struct fuse_ctx *caller = fuse_req_ctx(req);
	gid_t gid = caller->gid;
	struct stat st;

	if (geteuid() != 0 || (caller->uid == 0 && gid == getegid()))
		return;
	if (fstat(inode_of(req, parent)->path, &st) == 0 && st.st_mode & S_ISGID)
		gid = (gid_t)-1;
	(void)!fchownat(at, name, caller->uid, gid, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH);
}

/* The end of mknod, mkdir and symlink. */
static void reply_made(fuse_req_t req, fuse_ino_t parent, const char *name, int result)
{
	if (result != 0) {
		fuse_reply_err(req, errno);
		return;
	}
	give_to_caller(req, parent, inode_of(req, parent)->path, name);
	reply_entry(req, parent, name);
}

static void fs_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev)
{
	if (is_control(parent, name))
		fuse_reply_err(req, EPERM);
	else
		reply_made(req, parent, name,
			   mknodat(inode_of(req, parent)->path, name, mode, rdev));
}

static void fs_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	if (is_control(parent, name))
		fuse_reply_err(req, EPERM);
	else
		reply_made(req, parent, name, mkdirat(inode_of(req, parent)->path, name, mode));
}

static void fs_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
	if (is_control(parent, name))
		fuse_reply_err(req, EPERM);
	else
		reply_made(req, parent, name, symlinkat(target, inode_of(req, parent)->path, name));
}

static void fs_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char *name)
{
	char source[40];

	if (ino == control_ino || is_control(parent, name)) {
		fuse_reply_err(req, EPERM);
		return;
	}
	snprintf(source, sizeof(source), "/proc/self/fd/%d", inode_of(req, ino)->path);
	if (linkat(AT_FDCWD, source, inode_of(req, parent)->path, name, AT_SYMLINK_FOLLOW) != 0)
		fuse_reply_err(req, errno);
	else
		reply_entry(req, parent, name);
}

static void fs_readlink(fuse_req_t req, fuse_ino_t ino)
{
	char target[PATH_MAX + 1];
	ssize_t size = readlinkat(inode_of(req, ino)->path, "", target, sizeof(target) - 1);

	if (size < 0) {
		fuse_reply_err(req, errno);
		return;
	}
	target[size] = 0;
	fuse_reply_readlink(req, target);
}

static void fs_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	if (is_control(parent, name))
		fuse_reply_err(req, EPERM);
	else
		reply_result(req, unlinkat(inode_of(req, parent)->path, name, 0));
}

static void fs_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	reply_result(req, unlinkat(inode_of(req, parent)->path, name, AT_REMOVEDIR));
}

static void fs_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t new_parent,
		      const char *new_name, unsigned flags)
{
	if (is_control(parent, name) || is_control(new_parent, new_name))
		fuse_reply_err(req, EPERM);
	else
		reply_result(req, renameat2(inode_of(req, parent)->path, name,
					    inode_of(req, new_parent)->path, new_name, flags));
}

/* ---- attributes ------------------------------------------------------------------------------ */

static void fs_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct stat st;
	int err = 0;

	(void)fi;
	if (ino == control_ino)
		control_stat(&st);
	else
		err = inode_stat(inode_of(req, ino), &st);
	if (err)
		reply(req, err);
	else
		fuse_reply_attr(req, &st, no_caching);
}

static int truncate_to(struct inode *inode, off_t size)
{
	int err = inode_open(inode, true);

	if (err)
		return err;
	err = inode_truncate(inode, size);
	inode_close(inode);
	return err;
}

static int set_attributes(struct inode *inode, const struct stat *st, int what)
{
	int err = 0;

	if (what & (FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID)) {
		uid_t uid = what & FUSE_SET_ATTR_UID ? st->st_uid : (uid_t)-1;
		gid_t gid = what & FUSE_SET_ATTR_GID ? st->st_gid : (gid_t)-1;

		if (fchownat(inode->path, "", uid, gid, AT_EMPTY_PATH) != 0)
			return -errno;
	}
	if (what & FUSE_SET_ATTR_MODE) { /* second, for a chown takes setuid bits away */
		char name[40];		 /* there is no fchmod for O_PATH */

		snprintf(name, sizeof(name), "/proc/self/fd/%d", inode->path);
		if (chmod(name, st->st_mode & 07777) != 0)
			return -errno;
	}
	if (what & FUSE_SET_ATTR_SIZE)
		err = truncate_to(inode, st->st_size);
	if (!err && what & (FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_MTIME)) {
		struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_nsec = UTIME_OMIT } };
		struct timespec now;

		/* our own clock: the backing kernel's may lag behind what we gave to others */
		clock_gettime(CLOCK_REALTIME, &now);
		if (what & FUSE_SET_ATTR_ATIME)
			times[0] = what & FUSE_SET_ATTR_ATIME_NOW ? now : st->st_atim;
		if (what & FUSE_SET_ATTR_MTIME)
			times[1] = what & FUSE_SET_ATTR_MTIME_NOW ? now : st->st_mtim;
		err = inode_set_times(inode, times);
	}
	return err;
}

static void fs_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *st, int what,
		       struct fuse_file_info *fi)
{
	int err;

	if (ino == control_ino) { /* "echo EIO >" truncates it; nothing else is to be had */
		if (what & (FUSE_SET_ATTR_MODE | FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID)) {
			fuse_reply_err(req, EPERM);
			return;
		}
	} else {
		err = what & FUSE_SET_ATTR_SIZE ? check_strict(mount_of(req)) : 0;
		if (!err)
			err = set_attributes(inode_of(req, ino), st, what);
		if (err) {
			reply(req, err);
			return;
		}
	}
	fs_getattr(req, ino, fi);
}

static void fs_statfs(fuse_req_t req, fuse_ino_t ino)
{
	struct statvfs st;

	(void)ino;
	if (fstatvfs(mount_of(req)->cache->upper, &st) != 0)
		fuse_reply_err(req, errno);
	else
		fuse_reply_statfs(req, &st);
}

/* ---- handles --------------------------------------------------------------------------------- */

/* For an inode that is open already, so that nobody evicts its word. NULL: no memory. */
static struct handle *handle_new(struct mount *mount, struct inode *inode, bool writing)
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

/*
 * The cursors go with the handle, whatever they were owed. If that was not told to anybody, it is still in the
 * word, and whoever opens the file next is told.
 */
static void handle_free(struct mount *mount, struct handle *handle)
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

/* The inode is open; it is closed again if there is no memory. */
static int finish_open(struct mount *mount, struct inode *inode, struct fuse_file_info *fi)
{
	struct handle *handle;
	int err = 0;

	if (fi->flags & O_TRUNC) {
		err = check_strict(mount);
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

static void fs_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
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
		err = inode_open(inode_of(req, ino), writing);
		if (!err)
			err = finish_open(mount, inode_of(req, ino), fi);
	}
	if (err)
		reply(req, err);
	else
		fuse_reply_open(req, fi);
}

static void fs_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
		      struct fuse_file_info *fi)
{
	struct mount *mount = mount_of(req);
	int directory = inode_of(req, parent)->path;
	int flags = O_RDWR | O_NOFOLLOW | O_CLOEXEC;
	struct fuse_entry_param entry;
	char opened[40];
	struct inode *inode;
	bool is_new = true;
	int fd, err;

	if (is_control(parent, name)) {
		fuse_reply_err(req, EPERM);
		return;
	}
	fd = openat(directory, name, flags | O_CREAT | O_EXCL, mode);
	if (fd < 0 && errno == EEXIST && !(fi->flags & O_EXCL)) {
		is_new = false;
		fd = openat(directory, name, flags);
	}
	if (fd < 0) {
		fuse_reply_err(req, errno);
		return;
	}
	if (is_new)
		give_to_caller(req, parent, fd, "");
	/* not by its name, which may be another file's by now */
	snprintf(opened, sizeof(opened), "/proc/self/fd/%d", fd);
	err = find(req, open(opened, O_PATH | O_CLOEXEC), &entry);
	if (err) {
		close(fd);
		reply(req, err);
		return;
	}
	inode = inode_of(req, entry.ino);
	inode_adopt(inode, fd);
	err = finish_open(mount, inode, fi);
	if (err) {
		inode_forget(inode, mount->index, 1);
		reply(req, err);
		return;
	}
	(void)inode_stat(inode, &entry.attr); /* O_TRUNC may have changed it */
	names_note(&mount->names, parent, inode_of(req, parent), name);
	fuse_reply_create(req, &entry, fi);
}

static void fs_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	handle_free(mount_of(req), handle_of(fi));
	fuse_reply_err(req, 0);
}

/* ---- reading and writing ----------------------------------------------------------------------- */

static void fs_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
		    struct fuse_file_info *fi)
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

/* The answer to fsync is not how this write-back went, but what this handle was not told of yet. */
static int sync_file(struct mount *mount, struct handle *handle, bool data_only)
{
	if (mount->view)
		return view_check(mount->view);
	/* docs: fsync */
	inode_sync(handle->inode, data_only); /* whatever fails is recorded before this returns */
	return errseq_check_and_advance_shared(&handle->inode->errors, &handle->on_inode);
	/* docs: end */
}

/*
 * A write is not failed for what happened to earlier ones: that is for fsync to tell. Only O_SYNC makes it a
 * write and an fsync in one.
 */
static ssize_t write_file(fuse_req_t req, const char *data, size_t size, off_t offset,
			  struct fuse_file_info *fi)
{
	struct mount *mount = mount_of(req);
	struct handle *handle = handle_of(fi);
	bool append = fi->flags & O_APPEND && !fi->writepage; /* what was mapped has its place */
	int err = check_strict(mount);
	ssize_t n;

	if (err)
		return err;
	/* docs: write */
	n = inode_write(handle->inode, data, size, offset, append);
	if (n > 0 && fi->flags & (O_SYNC | O_DSYNC))
		err = sync_file(mount, handle, (fi->flags & O_SYNC) != O_SYNC);
	return err ? err : n;
	/* docs: end */
}

static void fs_write(fuse_req_t req, fuse_ino_t ino, const char *data, size_t size, off_t offset,
		     struct fuse_file_info *fi)
{
	ssize_t n = ino == control_ino ? control_write(mount_of(req)->cache, data, size)
				       : write_file(req, data, size, offset, fi);

	if (n < 0)
		reply(req, (int)n);
	else
		fuse_reply_write(req, (size_t)n);
}

static void fs_fsync(fuse_req_t req, fuse_ino_t ino, int data_only, struct fuse_file_info *fi)
{
	reply(req, ino == control_ino ? 0 : sync_file(mount_of(req), handle_of(fi), data_only));
}

/* Stands for syncfs, to which the kernel answers 0 by itself. */
static void fs_fsyncdir(fuse_req_t req, fuse_ino_t ino, int data_only, struct fuse_file_info *fi)
{
	struct mount *mount = mount_of(req);
	struct handle *handle = handle_of(fi);
	struct cache *cache = mount->cache;
	int err;

	(void)ino;
	(void)data_only;
	if (mount->view) {
		reply(req, view_check(mount->view));
		return;
	}
	/* docs: fsyncdir */
	cache_sync(cache);
	err = errseq_check_and_advance_shared(&cache->errors, &handle->on_superblock);
	/* docs: end */
	reply(req, err);
}

/*
 * close(), of any of the handle's descriptors: it looks and must not advance, for few programs read its result,
 * and whoever has another of them is still to be told by fsync. As with NFS, only writers want to know. In a view,
 * what the inode's word says is not for its users.
 */
static void fs_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
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

/* ---- directories ------------------------------------------------------------------------------- */

static void fs_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct inode *inode = inode_of(req, ino);
	int fd = openat(inode->path, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct handle *handle = dir ? handle_new(mount_of(req), inode, false) : NULL;

	if (!handle) {
		int err = dir ? ENOMEM : errno;

		if (dir)
			closedir(dir);
		else if (fd >= 0)
			close(fd);
		fuse_reply_err(req, err);
		return;
	}
	handle->dir = dir;
	fi->fh = (uintptr_t)handle;
	fuse_reply_open(req, fi);
}

static void fs_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
		       struct fuse_file_info *fi)
{
	struct handle *handle = handle_of(fi);
	char *data = malloc(size);
	size_t used = 0;
	int err = 0;

	if (!data) {
		fuse_reply_err(req, ENOMEM);
		return;
	}
	pthread_mutex_lock(&handle->dir_lock);
	seekdir(handle->dir, offset); /* what did not fit the last time is read again */
	for (;;) {
		struct dirent *entry;
		struct stat st = { 0 };
		size_t needed;

		errno = 0;
		entry = readdir(handle->dir);
		if (!entry) {
			err = errno;
			break;
		}
		if (is_control(ino, entry->d_name))
			continue;
		st.st_ino = entry->d_ino;
		st.st_mode = (mode_t)DTTOIF(entry->d_type);
		needed = fuse_add_direntry(req, data + used, size - used, entry->d_name, &st,
					   entry->d_off);
		if (needed > size - used)
			break;
		used += needed;
	}
	pthread_mutex_unlock(&handle->dir_lock);
	if (err && used == 0)
		fuse_reply_err(req, err);
	else
		fuse_reply_buf(req, data, used);
	free(data);
}

/* ---- mounts ------------------------------------------------------------------------------------ */

static void fs_init(void *userdata, struct fuse_conn_info *conn)
{
	(void)userdata;
	/* the kernel has to take setuid bits away at a write: we write as the daemon, and later */
	conn->want &= ~(unsigned)FUSE_CAP_HANDLE_KILLPRIV;
	/* its page cache is good for as long as mtime and size, which other mounts change, too, stay the same */
	conn->want |= conn->capable & (unsigned)FUSE_CAP_AUTO_INVAL_DATA;
	/* the kernel's own write-back cache would remember errors by itself, and tell of them twice */
	conn->want &= ~(unsigned)FUSE_CAP_WRITEBACK_CACHE;
}

/*
 * FSYNC, FSYNCDIR and FLUSH are all there. If one were not, or answered ENOSYS, the kernel would never ask again
 * and return 0 to everybody for as long as the mount lives.
 */
static const struct fuse_lowlevel_ops operations = {
	.init = fs_init,
	.lookup = fs_lookup,
	.forget = fs_forget,
	.getattr = fs_getattr,
	.setattr = fs_setattr,
	.readlink = fs_readlink,
	.mknod = fs_mknod,
	.mkdir = fs_mkdir,
	.unlink = fs_unlink,
	.rmdir = fs_rmdir,
	.symlink = fs_symlink,
	.rename = fs_rename,
	.link = fs_link,
	.open = fs_open,
	.create = fs_create,
	.read = fs_read,
	.write = fs_write,
	.flush = fs_flush,
	.fsync = fs_fsync,
	.release = fs_release,
	.opendir = fs_opendir,
	.readdir = fs_readdir,
	.releasedir = fs_release,
	.fsyncdir = fs_fsyncdir,
	.statfs = fs_statfs,
};

/* libfuse says what is wrong in its log, in pieces, and often nowhere else. */
static _Thread_local char last_message[200];

__attribute__((format(printf, 2, 0))) static void keep_message(enum fuse_log_level level,
							       const char *format, va_list args)
{
	size_t length = strlen(last_message);

	(void)level;
	vsnprintf(last_message + length, sizeof(last_message) - length, format, args);
	last_message[strcspn(last_message, "\n")] = 0;
}

int mount_start(struct mount *mount, const char *options, const char *source, const char *at,
		char error[MOUNT_ERROR_SIZE])
{
	struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
	char *own = NULL;

	pthread_mutex_init(&mount->lock, NULL);
	LIST_INIT(&mount->handles);
	fuse_set_log_func(keep_message);
	last_message[0] = 0;
	/* default_permissions: the kernel compares modes and owners; we would act as the daemon's user */
	if (fuse_opt_add_arg(&args, "wbfs") == 0 &&
	    fuse_opt_add_opt(&own, "default_permissions,subtype=wbfs") == 0 &&
	    fuse_opt_add_opt_escaped(&own, source) == 0 &&
	    (!options || fuse_opt_add_opt(&own, options) == 0) &&
	    fuse_opt_add_arg(&args, "-o") == 0 && fuse_opt_add_arg(&args, own) == 0)
		mount->session = fuse_session_new(&args, &operations, sizeof(operations), mount);
	free(own);
	fuse_opt_free_args(&args);
	mount->at = at;
	if (mount->session && fuse_session_mount(mount->session, at) == 0)
		return 0;
	snprintf(error, MOUNT_ERROR_SIZE, "'%.200s' cannot be mounted: %s", at,
		 last_message[0] ? last_message : "libfuse does not say why");
	if (mount->session)
		fuse_session_destroy(mount->session);
	pthread_mutex_destroy(&mount->lock);
	return -1;
}

/*
 * We are told to end, and nobody answers any more. Who waits for an answer gets an error: the thread of names may
 * be waiting for a directory that is locked until then. If the mount is gone, that has happened by itself.
 */
static void abort_requests(const struct mount *mount)
{
	struct pollfd device = { .fd = fuse_session_fd(mount->session) };

	if (poll(&device, 1, 0) == 0 || !(device.revents & POLLERR))
		(void)umount2(mount->at, MNT_FORCE | MNT_DETACH);
}

int mount_serve(struct mount *mount)
{
	struct fuse_loop_config config = { .max_idle_threads = 10 };
	int err = names_start(&mount->names, mount->session, mount->cache->inode_limit);

	if (err)
		return -err;
	err = fuse_session_loop_mt(mount->session, &config);
	abort_requests(mount);
	names_stop(&mount->names);
	return err;
}

/*
 * The kernel sends neither RELEASE nor FORGET for what is still open or known when a mount ends, nor for a reply that
 * came too late for it.
 */
void mount_end(struct mount *mount)
{
	struct handle *handle;

	fuse_session_unmount(mount->session);
	fuse_session_destroy(mount->session);
	while ((handle = LIST_FIRST(&mount->handles)))
		handle_free(mount, handle);
	(void)cache_forget_mount(mount->cache, mount->index);
	pthread_mutex_destroy(&mount->lock);
}
