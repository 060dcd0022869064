/* SPDX-License-Identifier: MIT */
/*
 * The FUSE side.
 *
 *	handles.c	open, read, write, flush, fsync, release: where the cursors are
 *	names.c		lookup, create, rename and the like: straight to the backing directory
 *	attributes.c	stat, chmod, truncate and the like
 *	directories.c	listing
 *	mount.c		a mount from its beginning to its end
 *	kernel_names.c	which names the kernel may remember
 *	unmount.c	ending our mount, and no other
 */
#ifndef WBFS_FS_H
#define WBFS_FS_H

#include "kernel_names.h"

#include <dirent.h>
#include <limits.h>

#define CONTROL_NAME ".wbfs-control"

struct view;

enum phase {
	NOT_YET,
	SERVING,
	ENDED
};

/* One place where the kernel shows the cache: the upper mount, or a volatile view of it. */
struct mount {
	struct cache *cache;
	unsigned index;	     /* in inode.lookups */
	struct view *view;   /* NULL: this is the upper mount */
	void (*ready)(void); /* called when the kernel has made contact, or NULL */
	struct fuse_session *session;
	const char *at; /* where it is mounted; the caller keeps it */
	struct kernel_names names;
	errseq_shared_cursor_t on_superblock; /* for SYNCFS, which comes without a handle */

	/* what unmount.c must find again */
	int parent; /* O_PATH: the directory of the mount point */
	char name[NAME_MAX + 1];
	uint64_t mount_id;
	unsigned dev_minor; /* the connection's number */

	pthread_mutex_t lock; /* guards the following; taken alone */
	enum phase phase;     /* of mount_serve */
	pthread_t server;     /* the thread that is in there */
	LIST_HEAD(handles, handle) handles;
};

/*
 * What open() gives: one for every OPEN, CREATE and OPENDIR. dup and fork share it, and its threads may use it at
 * once, hence the shared cursors. fsync of a file checks its inode's word; fsync of a directory stands for syncfs, and
 * checks the superblock's.
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

enum {
	MOUNT_ERROR_SIZE = 512
};

/* mount.c: 0, or -1 and a line in `error` */
int mount_start(struct mount *mount, const char *options, const char *source, const char *at,
		char error[MOUNT_ERROR_SIZE]);
int mount_serve(
	struct mount *mount); /* until it is unmounted, or told to end: 0 or a negated errno */
void mount_tell_to_end(
	struct mount *mount); /* by another thread; waits for the end of mount_serve */
bool mount_is_over(const struct mount *mount); /* in the kernel; not after mount_end */
unsigned mount_end(struct mount *mount);       /* returns how many handles were still open */
void mount_free(struct mount *mount);	       /* last; nobody calls mount_tell_to_end any more */

/* unmount.c */
int mount_point_open(struct mount *mount, const char *at);
const char *mount_point_path(const struct mount *mount, char path[PATH_MAX]); /* for libfuse */
void mount_point_remember(struct mount *mount);
void mount_point_abort(const struct mount *mount);   /* whoever waits for an answer gets an error */
void mount_point_unmount(const struct mount *mount); /* ours, or none */

/* What the operations share. */
static const fuse_ino_t control_ino = 2; /* never the address of an inode */
static const double no_caching = 0;	 /* other mounts change names and attributes, too */
/*
 * Seconds. What readdir listed, until ls has asked for each; and directories, or each path would ask for its directories
 * once more. So another mount may see a change of a directory this much later.
 */
static const double short_caching = 0.1;

static inline struct mount *mount_of(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

static inline struct inode *inode_of(fuse_req_t req, fuse_ino_t ino)
{
	if (ino == FUSE_ROOT_ID)
		return mount_of(req)->cache->root;
	return (struct inode *)(uintptr_t)ino;
}

static inline struct handle *handle_of(const struct fuse_file_info *fi)
{
	return (struct handle *)(uintptr_t)fi->fh;
}

void reply(fuse_req_t req, int err); /* 0 or a negated errno */
bool is_control(fuse_ino_t parent, const char *name);
void control_stat(struct stat *st);
int check_strict(const struct mount *mount); /* what changes or reads data in a strict view */
int open_patiently(fuse_req_t req, struct inode *inode, bool writing);
int inode_of_path(fuse_req_t req, int path, struct fuse_entry_param *entry);

struct handle *handle_new(struct mount *mount, struct inode *inode, bool writing);
void handle_free(struct mount *mount, struct handle *handle);

/* handles.c */
void fs_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void fs_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
	       struct fuse_file_info *fi);
void fs_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi);
void fs_write(fuse_req_t req, fuse_ino_t ino, const char *data, size_t size, off_t offset,
	      struct fuse_file_info *fi);
void fs_fsync(fuse_req_t req, fuse_ino_t ino, int data_only, struct fuse_file_info *fi);
void fs_fsyncdir(fuse_req_t req, fuse_ino_t ino, int data_only, struct fuse_file_info *fi);
void fs_syncfs(fuse_req_t req, fuse_ino_t ino);
void fs_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void fs_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);

/* names.c */
void fs_lookup(fuse_req_t req, fuse_ino_t parent, const char *name);
void fs_forget(fuse_req_t req, fuse_ino_t ino, uint64_t lookups);
void fs_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev);
void fs_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode);
void fs_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name);
void fs_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char *name);
void fs_readlink(fuse_req_t req, fuse_ino_t ino);
void fs_unlink(fuse_req_t req, fuse_ino_t parent, const char *name);
void fs_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name);
void fs_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t new_parent,
	       const char *new_name, unsigned flags);

/* attributes.c */
void fs_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void fs_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *st, int what,
		struct fuse_file_info *fi);
void fs_statfs(fuse_req_t req, fuse_ino_t ino);

/* directories.c */
void fs_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void fs_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
		struct fuse_file_info *fi);
void fs_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
		    struct fuse_file_info *fi);

#endif
