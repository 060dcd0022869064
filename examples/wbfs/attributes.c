/* SPDX-License-Identifier: MIT */
/*
 * Attributes. Size and times of a file with data in memory are in memory, too; everything else is the backing file's.
 */
#include "fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <unistd.h>

void control_stat(struct stat *st)
{
	*st = (struct stat){ .st_ino = control_ino,
			     .st_mode = S_IFREG | 0600,
			     .st_nlink = 1,
			     .st_uid = geteuid(),
			     .st_gid = getegid() };
}

void fs_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
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
		fuse_reply_attr(req, &st, S_ISDIR(st.st_mode) ? short_caching : no_caching);
}

/* With a handle: what it was opened for stays allowed. */
static int set_size(fuse_req_t req, struct inode *inode, off_t size,
		    const struct fuse_file_info *fi)
{
	int err;

	if (fi)
		return inode_truncate(inode, size);
	err = open_patiently(req, inode, true);
	if (err)
		return err;
	err = inode_truncate(inode, size);
	inode_close(inode);
	return err;
}

static int set_times(struct inode *inode, const struct stat *st, int what)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_nsec = UTIME_OMIT } };
	struct timespec now;

	/* our own clock: the backing kernel's may lag behind the times that we gave to others */
	clock_gettime(CLOCK_REALTIME, &now);
	if (what & FUSE_SET_ATTR_ATIME)
		times[0] = what & FUSE_SET_ATTR_ATIME_NOW ? now : st->st_atim;
	if (what & FUSE_SET_ATTR_MTIME)
		times[1] = what & FUSE_SET_ATTR_MTIME_NOW ? now : st->st_mtim;
	return inode_set_times(inode, times);
}

static int set_attributes(fuse_req_t req, struct inode *inode, const struct stat *st, int what,
			  const struct fuse_file_info *fi)
{
	int err = 0;

	if (what & (FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID)) {
		uid_t uid = what & FUSE_SET_ATTR_UID ? st->st_uid : (uid_t)-1;
		gid_t gid = what & FUSE_SET_ATTR_GID ? st->st_gid : (gid_t)-1;

		if (fchownat(inode->path, "", uid, gid, AT_EMPTY_PATH) != 0)
			return -errno;
	}
	if (what & FUSE_SET_ATTR_MODE) { /* second, because a chown takes setuid bits away */
		char name[40];		 /* there is no fchmod for O_PATH */

		snprintf(name, sizeof(name), "/proc/self/fd/%d", inode->path);
		if (chmod(name, st->st_mode & 07777) != 0)
			return -errno;
	}
	if (what & FUSE_SET_ATTR_SIZE)
		err = set_size(req, inode, st->st_size, fi);
	if (!err && what & (FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_MTIME))
		err = set_times(inode, st, what);
	return err;
}

void fs_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *st, int what,
		struct fuse_file_info *fi)
{
	int err = 0;

	if (ino == control_ino) { /* "echo EIO >" truncates it; nothing else is possible */
		if (what & (FUSE_SET_ATTR_MODE | FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID))
			err = -EPERM;
	} else {
		if (what & FUSE_SET_ATTR_SIZE)
			err = check_strict(mount_of(req));
		if (!err)
			err = set_attributes(req, inode_of(req, ino), st, what, fi);
	}
	if (err)
		reply(req, err);
	else
		fs_getattr(req, ino, fi);
}

void fs_statfs(fuse_req_t req, fuse_ino_t ino)
{
	struct statvfs st;

	(void)ino;
	if (fstatvfs(mount_of(req)->cache->upper, &st) != 0)
		reply(req, -errno);
	else
		fuse_reply_statfs(req, &st);
}
