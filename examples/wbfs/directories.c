/* SPDX-License-Identifier: MIT */
#include "fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
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

void fs_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
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
		reply(req, -err);
	else
		fuse_reply_buf(req, data, used);
	free(data);
}
