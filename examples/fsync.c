/* SPDX-License-Identifier: MIT */
/*
 * The lesson: a file with a write-behind cache, and who gets its errors.
 *
 * A write copies the data into memory and returns. A background thread, the flusher, writes it to the
 * device later. If that fails, no caller is waiting for the result. So the flusher records the error in
 * the file's word (errseq_t). Each open handle has a cursor, a position in the history of the word: fsync
 * returns an error that was recorded after that position, and moves the cursor past it.
 *
 * The device is /dev/full: each write to it fails with ENOSPC, whoever you are. The program prints who
 * does what, and what they get. It exits with 1 if anybody gets something else than expected.
 *
 * Signs: an error is a negated errno, as an argument and as a result: errseq_set(&word, -EIO) records
 * EIO, and a check returns -EIO. 0 means that there is no new error.
 *
 * Without CMake: cc -Iinclude examples/fsync.c src/errseq.c -pthread
 */
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE /* pwrite beside strict C11 */
#endif
#include <errno.h>
#include <errseq/errseq.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

static struct {
	int fd;		      /* the device */
	errseq_t errors;      /* the word, beside the thing that can fail; it needs no lock */
	pthread_mutex_t lock; /* guards all that follows */
	pthread_cond_t changed;
	char page;    /* the cache; one byte will do here */
	bool dirty;   /* the page holds data that the flusher has not taken yet */
	bool writing; /* the flusher has taken it, and has no result yet */
} file = { -1, ERRSEQ_INIT, PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, false, false };

struct handle { /* what open() gives; threads may share it, so its cursor is a shared one */
	errseq_shared_cursor_t cursor;
};

static int wrong;

/* Prints one line of the timeline, and counts what is not as it should be. */
static void line(const char *who, const char *does, int gets, int expected, const char *why)
{
	const char *text = gets == 0 ? "0" : gets == -ENOSPC ? "-ENOSPC" : "another error";

	printf("%-8s  %-16s  %-7s  %s\n", who, does, text, gets == expected ? why : "WRONG");
	wrong += gets != expected;
}

static void *flush_in_background(void *unused)
{
	(void)unused; /* there is one file only */
	pthread_mutex_lock(&file.lock);
	for (;;) {
		char data;
		int err;

		while (!file.dirty)
			pthread_cond_wait(&file.changed, &file.lock);
		/*
		 * The order matters: 1. clean, 2. record, 3. let fsync go on.
		 * Clean before record: somebody who gets the error may write again at once. If we
		 * cleaned the page after that, we would lose the new data, and record nothing.
		 * Record before 3: an fsync that goes on earlier finds no error, and returns 0.
		 */
		data = file.page;
		file.dirty = false; /* 1. from here on, a new write makes it dirty again */
		file.writing = true;
		pthread_mutex_unlock(&file.lock);
		err = pwrite(file.fd, &data, 1, 0) == 1 ? 0 : -errno;
		line("flusher", "writes behind", err, -ENOSPC, "no caller waits: it is recorded");
		if (err)
			errseq_set(&file.errors, err); /* 2. */
		pthread_mutex_lock(&file.lock);
		file.writing = false; /* 3. */
		pthread_cond_broadcast(&file.changed);
	}
	return NULL;
}

static void wait_for_flusher(void)
{
	pthread_mutex_lock(&file.lock);
	while (file.dirty || file.writing)
		pthread_cond_wait(&file.changed, &file.lock);
	pthread_mutex_unlock(&file.lock);
}

/*
 * open(): sample. If the latest error was reported already, the cursor starts after it. If not, the
 * cursor starts at 0, the beginning, and this handle will get the error as well.
 */
static int handle_open(struct handle *handle)
{
	errseq_cursor_t position = errseq_sample(&file.errors);

	errseq_shared_cursor_init(&handle->cursor, position);
	return errseq_cursor_error(position); /* for the timeline: the error it starts after */
}

/* fsync(): wait until the data is written or lost. Then ask the cursor, which gives an error once. */
static int handle_fsync(struct handle *handle)
{
	wait_for_flusher();
	return errseq_check_and_advance_shared(&file.errors, &handle->cursor);
}

static void *fsync_in_thread(void *handle)
{
	return (void *)(intptr_t)handle_fsync(handle);
}

/*
 * close(), also of a duplicate (FLUSH in a FUSE daemon): a check, which may show the error. It must not
 * advance: few programs look at the result of close, and fsync would not return the error any more.
 */
static int handle_close(const struct handle *handle)
{
	return errseq_check_shared(&file.errors, &handle->cursor);
}

/*
 * A volatile observer, such as a health monitor, sees each new error and takes none from the handles.
 * Peek at the next position first, then check with the old one: an error that is recorded in between
 * may be seen twice, but is never missed. One thread uses the cursor, so a plain one will do.
 */
static int look(errseq_cursor_t *position)
{
	errseq_cursor_t next = errseq_peek(&file.errors);
	int err = errseq_check(&file.errors, *position);

	*position = next;
	return err;
}

static void write_and_wait(const char *who, char byte)
{
	pthread_mutex_lock(&file.lock);
	file.page = byte;
	file.dirty = true;
	line(who, "writes", 0, 0, "the data is in memory only");
	pthread_cond_broadcast(&file.changed);
	pthread_mutex_unlock(&file.lock);
	wait_for_flusher(); /* only so that the lines always come in the same order */
}

int main(void)
{
	struct handle alice, bob, carol, dave;
	pthread_t flusher, thread;
	errseq_cursor_t monitor;
	void *result;
	int mine, other;

	file.fd = open("/dev/full", O_WRONLY);
	if (file.fd < 0 || pthread_create(&flusher, NULL, flush_in_background, NULL) != 0) {
		perror("fsync: this needs a thread and /dev/full, a device that is always full");
		return 2;
	}
	pthread_detach(flusher); /* it ends with the program */
	puts("who       does              result   why");
	line("alice", "opens, starts at", handle_open(&alice), 0, "nothing recorded");
	line("bob", "opens, starts at", handle_open(&bob), 0, "nothing recorded");
	monitor = errseq_peek(&file.errors);
	line("monitor", "peeks, starts at", errseq_cursor_error(monitor), 0, "nothing recorded");

	write_and_wait("alice", 'a');
	line("monitor", "looks", look(&monitor), -ENOSPC, "a new error; it stays unreported");
	line("monitor", "looks", look(&monitor), 0, "no newer one");
	write_and_wait("bob", 'b');
	line("monitor", "looks", look(&monitor), -ENOSPC, "the same errno, but a new error");

	line("carol", "opens, starts at", handle_open(&carol), 0, "unreported: she will get it");
	line("alice", "closes a dup", handle_close(&alice), -ENOSPC, "a check does not advance");
	line("alice", "fsync", handle_fsync(&alice), -ENOSPC, "the latest; now it is reported");
	line("alice", "fsync", handle_fsync(&alice), 0, "no newer one");
	line("dave", "opens, starts at", handle_open(&dave), -ENOSPC,
	     "reported: it is past for him");
	line("dave", "fsync", handle_fsync(&dave), 0, "no newer one");
	line("carol", "fsync", handle_fsync(&carol), -ENOSPC, "unreported when she opened");

	/* Two threads fsync bob's handle at once: one of them, either one, gets the error. */
	if (pthread_create(&thread, NULL, fsync_in_thread, &bob) != 0)
		return 2;
	mine = handle_fsync(&bob);
	pthread_join(thread, &result);
	other = (int)(intptr_t)result;
	line("bob", "fsync, a thread", mine ? mine : other, -ENOSPC, "each handle gets it once,");
	line("bob", "fsync, another", mine ? other : 0, 0, "also if threads share it");

	return wrong || fflush(stdout) != 0;
}
