/* SPDX-License-Identifier: MIT */
/*
 * The pages of an inode: its data that is in memory, sorted by place. The caller holds inode->lock for all calls.
 */
#ifndef WBFS_PAGES_H
#define WBFS_PAGES_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum {
	PAGE = 4096
};

/*
 * A page is in memory because it is dirty, or because writing it back failed. As in the kernel's page cache it stays
 * readable then, and nobody tries again: it is no longer dirty. A page that was written back leaves memory; the
 * backing file has it.
 */
enum page_state {
	DIRTY,
	LOST,
	WRITTEN, /* only while its inode is being written back */
	PAGE_STATES
};

struct page {
	union {
		off_t index;
		struct page *next; /* in the pool */
	};
	enum page_state state;
	unsigned char data[PAGE]; /* bytes beyond the end of the file are 0 */
};

/* Free pages, up to a number, for all inodes: a file that is written comes and goes in pages. */
struct page_pool {
	pthread_mutex_t lock; /* taken alone, or last */
	struct page *free;
	size_t count, limit;
};

struct pages {
	struct page_pool *pool;
	struct page **sorted;
	size_t count, room;
	size_t in_state[PAGE_STATES]; /* how many of them */
};

void page_pool_init(struct page_pool *pool, size_t limit);
void page_pool_free(struct page_pool *pool);

/* The position of the first page at or behind `index`. */
size_t pages_from(const struct pages *pages, off_t index);
/* The page at `index`, or NULL; `at` is from pages_from. */
struct page *pages_at(const struct pages *pages, size_t at, off_t index);
/* A new dirty page there, without data. NULL: no memory. */
struct page *pages_insert(struct pages *pages, size_t at, off_t index);
void pages_set_state(struct pages *pages, struct page *page, enum page_state state);
/* Frees the first pages in one state, from a position on: at most `count`. */
void pages_drop(struct pages *pages, size_t from, enum page_state state, size_t count);

#endif
