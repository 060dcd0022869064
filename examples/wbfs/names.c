/* SPDX-License-Identifier: MIT */
/*
 * Names. They go straight to the backing directory, and their errors are returned at the call. The daemon serves only
 * its own user, so that whatever it makes belongs to the one who asked.
 */
#include "fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* After a system call. */
static void reply_result(fuse_req_t req, int result)
{
	reply(req, result < 0 ? -errno : 0);
}

bool is_control(fuse_ino_t parent, const char *name)
{
	return parent == FUSE_ROOT_ID && strcmp(name, CONTROL_NAME) == 0;
}

/* The inode of an O_PATH descriptor, as a lookup that the kernel will give back by FORGET. */
int inode_of_path(fuse_req_t req, int path, struct fuse_entry_param *entry)
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
	else if (S_ISDIR(entry->attr.st_mode))
		entry->attr_timeout = entry->entry_timeout = short_caching;
	return err;
}

static void reply_entry(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	int path = openat(inode_of(req, parent)->path, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct fuse_entry_param entry;
	int err = inode_of_path(req, path, &entry);

	if (err) {
		reply(req, err);
		return;
	}
	/* not directories: some process may be in them */
	if (!S_ISDIR(entry.attr.st_mode))
		kernel_names_note(&mount_of(req)->names, parent, inode_of(req, parent), name);
	if (fuse_reply_entry(req, &entry) == -ENOENT) /* the caller is gone: no FORGET will come */
		inode_forget(inode_of(req, entry.ino), mount_of(req)->index, 1);
}

void fs_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
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

void fs_forget(fuse_req_t req, fuse_ino_t ino, uint64_t lookups)
{
	if (ino != control_ino && ino != FUSE_ROOT_ID)
		inode_forget(inode_of(req, ino), mount_of(req)->index, lookups);
	fuse_reply_none(req);
}

/* The end of mknod, mkdir and symlink. */
static void reply_made(fuse_req_t req, fuse_ino_t parent, const char *name, int result)
{
	if (result != 0)
		reply_result(req, result);
	else
		reply_entry(req, parent, name);
}

void fs_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev)
{
	if (is_control(parent, name))
		fuse_reply_err(req, EPERM);
	else
		reply_made(req, parent, name,
			   mknodat(inode_of(req, parent)->path, name, mode, rdev));
}

void fs_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	if (is_control(parent, name))
		fuse_reply_err(req, EPERM);
	else
		reply_made(req, parent, name, mkdirat(inode_of(req, parent)->path, name, mode));
}

void fs_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
	if (is_control(parent, name))
		fuse_reply_err(req, EPERM);
	else
		reply_made(req, parent, name, symlinkat(target, inode_of(req, parent)->path, name));
}

void fs_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char *name)
{
	char source[40];

	if (ino == control_ino || is_control(parent, name)) {
		fuse_reply_err(req, EPERM);
		return;
	}
	snprintf(source, sizeof(source), "/proc/self/fd/%d", inode_of(req, ino)->path);
	reply_made(req, parent, name,
		   linkat(AT_FDCWD, source, inode_of(req, parent)->path, name, AT_SYMLINK_FOLLOW));
}

void fs_readlink(fuse_req_t req, fuse_ino_t ino)
{
	char target[PATH_MAX + 1];
	ssize_t size = readlinkat(inode_of(req, ino)->path, "", target, sizeof(target) - 1);

	if (size < 0) {
		reply_result(req, -1);
		return;
	}
	target[size] = 0;
	fuse_reply_readlink(req, target);
}

void fs_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	int result;

	if (is_control(parent, name)) {
		fuse_reply_err(req, EPERM);
		return;
	}
	result = unlinkat(inode_of(req, parent)->path, name, 0);
	if (result == 0)
		(void)kernel_names_remove(&mount_of(req)->names, parent, name);
	reply_result(req, result);
}

void fs_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	reply_result(req, unlinkat(inode_of(req, parent)->path, name, AT_REMOVEDIR));
}

void fs_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t new_parent,
	       const char *new_name, unsigned flags)
{
	int result;

	if (is_control(parent, name) || is_control(new_parent, new_name)) {
		fuse_reply_err(req, EPERM);
		return;
	}
	result = renameat2(inode_of(req, parent)->path, name, inode_of(req, new_parent)->path,
			   new_name, flags);
	/* the kernel knows the file by its new name now */
	if (result == 0 && !(flags & RENAME_EXCHANGE) &&
	    kernel_names_remove(&mount_of(req)->names, parent, name))
		kernel_names_note(&mount_of(req)->names, new_parent, inode_of(req, new_parent),
				  new_name);
	reply_result(req, result);
}
