/* SPDX-License-Identifier: MIT */
/* What the four files of this example share. */
#ifndef WRITEBACK_H
#define WRITEBACK_H

#include <errseq/errseq.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { /* exit status */
	EXIT_SAFE = 0,
	EXIT_NOT_SAFE = 1,
	EXIT_NOTHING_DONE = 2,
	EXIT_WRONG = 3
};

/* ---- file.c: the write-behind file, its open handles, and its volatile observers ---------------- */

struct file {
	int fd;
	errseq_t errors; /* the word: what went wrong while flushing */

	pthread_t flusher;
	pthread_mutex_t lock; /* guards all that follows */
	pthread_cond_t changed;
	struct buffer *first, **last; /* handed over, not yet taken by the flusher */
	uint64_t accepted, flushed;   /* buffers, since the start */
	bool ending;

	/* For verdict.c: what observers should get, counted without errseq. */
	unsigned failures; /* errors recorded */
	unsigned reported; /* of these, the first so many are reported */
	int latest;	   /* negated errno */
};

/* What open() gives. Threads may share a handle, so its cursor is a shared one. */
struct handle {
	const char *name;
	struct file *file;
	errseq_shared_cursor_t cursor;
	unsigned knows; /* for verdict.c: the first so many failures are not new to it */
};

/* What a volatile observer has: a cursor that one thread uses. */
struct view {
	const char *name;
	struct file *file;
	errseq_cursor_t cursor;
	unsigned knows;
};

void file_start(struct file *file, int fd);
void file_stop(struct file *file);
void file_wait(struct file *file);
void handle_open(struct handle *handle, const char *name, struct file *file);
int handle_write(struct handle *handle, const void *data, size_t length, off_t offset);
int handle_fsync(struct handle *handle);
int handle_look(const struct handle *handle);
void view_open(struct view *view, const char *name, struct file *file);
int view_look(struct view *view);

/* ---- verdict.c: the timeline, and whether all observers got what they should --------------------- */

__attribute__((format(printf, 2, 3))) void say(const char *who, const char *format, ...);
const char *in_words(int err);
void start_thread(pthread_t *thread, void *(*function)(void *), void *argument);
void expect_failure(struct file *file, int err); /* to be called before each record */
int fsync_and_judge(struct handle *handle);
void fsync_twice_and_judge(struct handle *handle);
void look_and_judge(struct view *view);
int verdict(void); /* an exit status */

/* ---- demo.c -------------------------------------------------------------------------------------- */

int demonstrate(void); /* an exit status */
off_t limit_file_size(
	off_t limit); /* returns the limit, which is less if the user's own is, or -1 */

#endif
