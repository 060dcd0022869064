/* SPDX-License-Identifier: MIT */
/*
 * The state file of a view: the position of its cursor while it is not mounted.
 *
 * A cursor means something only as long as its word lives. The superblock's word lives as long as the daemon, so its
 * lifetime stands beside the position: the kernel's boot, a random number of the daemon's run, and UPPER.
 *
 * Whoever can change the file can hide an error. So it must be ours, in a directory where others cannot replace it.
 */
#ifndef WBFS_STATE_H
#define WBFS_STATE_H

#include <errseq/errseq.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum {
	LIFETIME_SIZE = 160,
	STATE_ERROR_SIZE = 512
};

struct state_file {
	const char *path; /* for messages; the caller keeps it */
	int directory;
	char name[NAME_MAX + 1];
};

int state_lifetime(char lifetime[LIFETIME_SIZE], dev_t upper_dev, ino_t upper_ino);

/* 0, or -1 and a line in `error`. The file need not exist. */
int state_open(struct state_file *file, const char *path, char error[STATE_ERROR_SIZE]);
void state_close(struct state_file *file);

/*
 * 1 and the position; 0 if there is no such file; -1 and a line in `error` if there is one that holds no position of
 * this lifetime.
 */
int state_load(const struct state_file *file, const char *lifetime, errseq_cursor_t *position,
	       char error[STATE_ERROR_SIZE]);

enum state_kind {
	STATE_CLEAN,   /* unmounted, and stands at the position */
	STATE_MOUNTED, /* what a crash leaves behind */
	STATE_FAILED   /* unmounted after an error */
};

/* Replaces the file in one step. 0, or a negated errno. */
int state_save(const struct state_file *file, const char *lifetime, enum state_kind kind,
	       errseq_cursor_t position);

#endif
