/* SPDX-License-Identifier: MIT */
/*
 * The write-back cache over a backing directory. No FUSE in here.
 *
 *	pages.c		the data of one file in memory
 *	inode.c		what a file does: read, write, truncate, stat, sync
 *	flusher.c	writing back, and what becomes of an error
 *	table.c		all inodes, who uses them, and when they are forgotten
 *	kept.c		the unreported errors of forgotten inodes
 *	cache.c		start and end
 *
 * write and truncate change memory only. Memory is written back by the flusher, when it is too old or too much, and
 * by inode_sync and cache_sync. An error is recorded in two words: the inode's and the superblock's, which is the
 * cache's. No call in here returns the error of a write-back: who has a cursor on a word asks the word.
 *
 * Locks, in the order in which they are taken:
 *
 *	cache.syncing	one syncfs(2) at a time, until its error is recorded
 *	inode.lock	an inode's data, size and backing file; held while it is written back
 *	cache.lock	the table of inodes, references, the lists of dirty and of idle inodes
 *
 * Nobody holds the locks of two inodes. The locks of other files are each taken alone. errseq_* calls need no lock.
 */
#ifndef WBFS_CACHE_H
#define WBFS_CACHE_H

#include "kept.h"
#include "pages.h"

#include <errseq/errseq.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

enum {
	MOUNTS = 16, /* the upper mount and its views */
	BUCKETS = 16384,
	LOST_PAGES = 16384 /* 64 MiB of data that could not be written back */
};

struct inode {
	/* docs: inode-word */
	errseq_t errors; /* the inode's word: lives as long as the inode; calloc made it valid */
	/* docs: end */
	struct cache *cache;
	dev_t dev;
	ino_t ino;
	bool regular;
	int path; /* O_PATH; as long as it is open, no other file gets this inode number */

	pthread_mutex_t lock; /* guards the following */
	int fd;		      /* the backing file, or -1; open while `opens` or dirty */
	bool writable;	      /* and fd is for writing, too */
	unsigned opens;
	bool ahead;	   /* of the backing file: these sizes and times count, not its own */
	off_t size;	   /* of the file as users see it */
	off_t backing_end; /* what the backing file has beyond this was cut off, and reads as 0 */
	struct timespec mtime, ctime;
	struct timespec flushed_ctime; /* the backing file's ctime, if our own write-back made it */
	struct pages pages;
	size_t counted[PAGE_STATES]; /* how many pages the cache knows of */

	bool dirty; /* is on the list; changed under both locks, read under either */

	/* guarded by cache.lock */
	uint64_t references; /* lookups, being dirty, calls under way; who opens has looked it up */
	uint64_t lookups[MOUNTS]; /* how often each kernel mount knows it */
	int64_t dirty_since;	  /* ms */
	TAILQ_ENTRY(inode) link;  /* in cache.dirty, or in cache.idle */
	LIST_ENTRY(inode) bucket;
};

struct cache {
	/* docs: superblock-word */
	errseq_t errors; /* the superblock's word: outlives every inode */
	/* docs: end */
	atomic_int injected; /* an errno with which write-back fails, or 0 */
	int upper;	     /* the backing directory, for syncfs(2) */
	struct inode *root;  /* its inode */
	off_t size_limit;    /* no file may be larger */
	int64_t age_ms;	     /* what is dirty for longer is written back */
	size_t page_limit;   /* so are the oldest, if there are more dirty pages */
	size_t inode_limit;  /* or more dirty inodes, for each has descriptors */
	pthread_t flusher;

	pthread_mutex_t syncing;
	pthread_mutex_t lock; /* guards the following */
	pthread_cond_t work;  /* for the flusher */
	pthread_cond_t room;  /* for writers */
	bool stopping;
	size_t in_state[PAGE_STATES];	     /* pages of all inodes */
	TAILQ_HEAD(inode_list, inode) dirty; /* oldest first */
	struct inode_list idle;		     /* those without references; longest idle first */
	size_t dirty_count, idle_count, inode_count;
	LIST_HEAD(bucket, inode) buckets[BUCKETS];
	struct kept kept;
	struct page_pool pool; /* has a lock of its own */
};

/* All that return int: 0 or a negated errno. */

/* cache.c */
int cache_start(struct cache *cache, const char *upper, int64_t age_ms, size_t page_limit,
		size_t inode_limit);
void cache_stop(struct cache *cache); /* writes everything back */

/* inode.c */
int inode_open(struct inode *inode, bool writing); /* -EWOULDBLOCK: has a lease; try again */
void inode_adopt(struct inode *inode, int fd); /* opens with a descriptor for reading and writing */
void inode_close(struct inode *inode);
int inode_stat(struct inode *inode, struct stat *st);
int inode_stat_locked(struct inode *inode, struct stat *st); /* the caller holds inode->lock */
ssize_t inode_read(struct inode *inode, void *data, size_t size, off_t offset);
ssize_t inode_write(struct inode *inode, const void *data, size_t size, off_t offset, bool append);
int inode_truncate(struct inode *inode, off_t size); /* is open for writing */
int inode_set_times(struct inode *inode, const struct timespec times[2]);
int inode_drop_set_id(struct inode *inode);
void inode_sync(struct inode *inode, bool data_only);
void inode_close_backing(struct inode *inode); /* the caller holds inode->lock */

/* flusher.c */
int flusher_start(struct cache *cache);
void flusher_stop(struct cache *cache);
void flusher_wait_for_room(struct cache *cache); /* the caller holds no lock */
void cache_sync(struct cache *cache);
void record_error(struct inode *inode, int err);
/* The caller of these holds inode->lock. */
void mark_dirty(struct inode *inode);
size_t count_pages(struct inode *inode);
void write_back(struct inode *inode);

/* table.c */
/* The inode of an O_PATH descriptor, which it takes over. A lookup of that mount. NULL: errno says why. */
struct inode *inode_find(struct cache *cache, int path, unsigned mount);
void inode_forget(struct inode *inode, unsigned mount, uint64_t lookups);
void inode_hold(struct inode *inode); /* keeps it in memory until inode_drop */
void inode_drop(struct inode *inode);
int cache_evict(struct cache *cache);
int cache_forget_mount(struct cache *cache, unsigned mount);
/* The caller of these holds cache.lock. */
struct inode *inode_take(struct inode *inode);
void cache_shrink(struct cache *cache, size_t idle_limit);

#endif
