/* SPDX-License-Identifier: MIT */
/*
 * A file with a write-behind cache. Threads hand buffers to a background flusher, which writes them with
 * pwrite() and fdatasync(). When that fails, the writing thread has gone on. So the flusher records the
 * error in the file's errseq word, and fsync of each open handle returns it.
 */
#include "writeback.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	QUEUE_LIMIT = 64 /* buffers: a writer that is faster than the disk waits */
};

struct buffer {
	struct buffer *next;
	off_t offset;
	size_t length;
	char data[];
};

/* 0 or a negated errno. */
static int write_all(int fd, const struct buffer *buffer)
{
	size_t done = 0;

	while (done < buffer->length) {
		ssize_t n = pwrite(fd, buffer->data + done, buffer->length - done,
				   buffer->offset + (off_t)done);

		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		done += (size_t)n;
	}
	return 0;
}

static void record(struct file *file, int err)
{
	expect_failure(file, err);
	errseq_set(&file->errors, err);
}

/*
 * Writes a list of buffers, then syncs once. Returns how many there were. As in the kernel's page cache,
 * data that could not be written is dropped, and only then the error is recorded: a newer write by somebody
 * who got the error cannot be dropped with it.
 */
static unsigned flush(struct file *file, struct buffer *buffer)
{
	unsigned count = 0;

	for (; buffer; count++) {
		struct buffer *next = buffer->next;
		off_t offset = buffer->offset;
		int err = write_all(file->fd, buffer);

		free(buffer);
		buffer = next;
		if (err) {
			say("flusher", "pwrite at %lld fails, and it records: %s",
			    (long long)offset, in_words(err));
			record(file, err);
		}
	}
	if (fdatasync(file->fd) != 0 && errno != EINVAL) /* EINVAL: a device, nothing to sync */
		record(file, -errno);
	return count;
}

static void *flush_in_background(void *argument)
{
	struct file *file = argument;

	pthread_mutex_lock(&file->lock);
	while (file->first || !file->ending) {
		struct buffer *batch = file->first;
		unsigned count;

		if (!batch) {
			pthread_cond_wait(&file->changed, &file->lock);
			continue;
		}
		file->first = NULL;
		file->last = &file->first;
		pthread_mutex_unlock(&file->lock);
		count = flush(file, batch);
		pthread_mutex_lock(&file->lock);
		file->flushed +=
			count; /* after the record: an fsync that waits for this must find it */
		pthread_cond_broadcast(&file->changed);
	}
	pthread_mutex_unlock(&file->lock);
	return NULL;
}

void file_start(struct file *file, int fd)
{
	*file = (struct file){ .fd = fd, .errors = ERRSEQ_INIT };
	file->last = &file->first;
	pthread_mutex_init(&file->lock, NULL);
	pthread_cond_init(&file->changed, NULL);
	start_thread(&file->flusher, flush_in_background, file);
}

void file_stop(struct file *file)
{
	pthread_mutex_lock(&file->lock);
	file->ending = true;
	pthread_cond_broadcast(&file->changed);
	pthread_mutex_unlock(&file->lock);
	pthread_join(file->flusher, NULL);
	pthread_cond_destroy(&file->changed);
	pthread_mutex_destroy(&file->lock);
	close(file->fd);
}

/* Waits for the buffers that were handed over so far, and not for those that others hand over meanwhile. */
void file_wait(struct file *file)
{
	uint64_t goal;

	pthread_mutex_lock(&file->lock);
	goal = file->accepted;
	while (file->flushed < goal)
		pthread_cond_wait(&file->changed, &file->lock);
	pthread_mutex_unlock(&file->lock);
}

/* open(): an error that was reported is past; an unreported one will be reported to us, too. */
void handle_open(struct handle *handle, const char *name, struct file *file)
{
	*handle = (struct handle){ .name = name, .file = file };
	errseq_shared_cursor_init(&handle->cursor, errseq_sample(&file->errors));
	handle->knows = file->failures - (file->reported < file->failures);
	say(name, "opens the file");
}

/* write(): hands the data over. Its result does not say whether the data will reach the disk. */
int handle_write(struct handle *handle, const void *data, size_t length, off_t offset)
{
	struct buffer *buffer = malloc(sizeof(*buffer) + length);
	struct file *file = handle->file;

	if (!buffer)
		return -ENOMEM;
	*buffer = (struct buffer){ .offset = offset, .length = length };
	memcpy(buffer->data, data, length);

	pthread_mutex_lock(&file->lock);
	while (file->accepted - file->flushed >= QUEUE_LIMIT)
		pthread_cond_wait(&file->changed, &file->lock);
	file->accepted++;
	*file->last = buffer;
	file->last = &buffer->next;
	pthread_cond_broadcast(&file->changed);
	pthread_mutex_unlock(&file->lock);
	return 0;
}

/* fsync(): wait for the flusher, then return an error that is new to this handle, once. */
int handle_fsync(struct handle *handle)
{
	file_wait(handle->file);
	return errseq_check_and_advance_shared(&handle->file->errors, &handle->cursor);
}

/* For close(), and for a writer that wants to stop early: shows an error, and leaves it to fsync. */
int handle_look(const struct handle *handle)
{
	return errseq_check_shared(&handle->file->errors, &handle->cursor);
}

void view_open(struct view *view, const char *name, struct file *file)
{
	*view = (struct view){ name, file, errseq_peek(&file->errors), file->failures };
	say(name, "peeks: gets a cursor, and takes no error from anybody");
}

/*
 * A volatile observer, say an overlay over this file, wants to see each new error and must not take it
 * from a handle. Peek first, then check with the old cursor: an error between the two may be seen twice,
 * but is never missed.
 */
int view_look(struct view *view)
{
	errseq_cursor_t next = errseq_peek(&view->file->errors);
	int err = errseq_check(&view->file->errors, view->cursor);

	view->cursor = next;
	return err;
}
