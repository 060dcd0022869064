/* SPDX-License-Identifier: MIT */
#include "fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void fs_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
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
		reply(req, -err);
		return;
	}
	handle->dir = dir;
	fi->fh = (uintptr_t)handle;
	if (fuse_reply_open(req, fi) == -ENOENT) /* the caller is gone: no RELEASE will come */
		handle_free(mount_of(req), handle);
}

/*
 * One entry, with the attributes if the kernel wants them (readdirplus): then it counts as a lookup, and the kernel
 * may use it for a moment, or ls -l would ask for each file at once again. Returns the room that it takes.
 */
static size_t add_entry(fuse_req_t req, char *to, size_t room, fuse_ino_t directory,
			const struct dirent *dirent, bool with_attributes)
{
	struct fuse_entry_param entry = { .attr = { .st_ino = dirent->d_ino,
						    .st_mode = (mode_t)DTTOIF(dirent->d_type) } };
	bool is_dot = strcmp(dirent->d_name, ".") == 0 || strcmp(dirent->d_name, "..") == 0;
	size_t needed;
	int path;

	if (!with_attributes)
		return fuse_add_direntry(req, to, room, dirent->d_name, &entry.attr, dirent->d_off);
	needed = fuse_add_direntry_plus(req, NULL, 0, dirent->d_name, NULL, 0);
	if (needed > room)
		return needed;
	if (!is_dot) {
		path = openat(inode_of(req, directory)->path, dirent->d_name,
			      O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (inode_of_path(req, path, &entry) != 0)
			return 0; /* it is gone */
		entry.attr_timeout = entry.entry_timeout = short_caching;
		if (!S_ISDIR(entry.attr.st_mode))
			kernel_names_note(&mount_of(req)->names, directory,
					  inode_of(req, directory), dirent->d_name);
	}
	return fuse_add_direntry_plus(req, to, room, dirent->d_name, &entry, dirent->d_off);
}

static void read_directory(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
			   struct fuse_file_info *fi, bool with_attributes)
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
		size_t needed;

		errno = 0;
		entry = readdir(handle->dir);
		if (!entry) {
			err = errno;
			break;
		}
		if (is_control(ino, entry->d_name))
			continue;
		needed = add_entry(req, data + used, size - used, ino, entry, with_attributes);
		if (needed > size - used)
			break;
		used += needed;
	}
	pthread_mutex_unlock(&handle->dir_lock);
	if (err && used == 0)
		reply(req, -err);
	else
		fuse_reply_buf(req, data, used);
	free(data);
}

void fs_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
		struct fuse_file_info *fi)
{
	read_directory(req, ino, size, offset, fi, false);
}

void fs_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
		    struct fuse_file_info *fi)
{
	read_directory(req, ino, size, offset, fi, true);
}
