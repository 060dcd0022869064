/* SPDX-License-Identifier: MIT */
/*
 * A write-behind file, and who learns of its errors.
 *
 * Application threads hand buffers to a background flusher, which writes them with pwrite() and
 * fdatasync(). When that fails, the thread that wrote the data is long gone, so the flusher records
 * the error in the file's errseq word. Every open handle has a cursor; fsync() of a handle returns what
 * the word owes it. What a write-back cache needs of this is the section "the write-behind file"; look
 * for errseq_ there.
 *
 * Without arguments it makes real I/O errors happen, without privileges, and shows as a timeline who is
 * told of them. With a file name it copies its standard input to that file, write-behind.
 */
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE /* pwrite, setrlimit and getopt_long beside strict C11 */
#endif
#include <errno.h>
#include <errseq/errseq.h>
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	EXIT_SAFE = 0,
	EXIT_NOT_SAFE = 1,
	EXIT_NOTHING_DONE = 2,
	EXIT_WRONG = 3
};

/* ---- the timeline ---------------------------------------------------------------------------- */

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static double started_ms;

/* One line, in one piece, whichever thread it comes from. */
__attribute__((format(printf, 2, 3))) static void say(const char *who, const char *format, ...)
{
	char line[160];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	printf("%9.2f  %-9s %s\n", now_ms() - started_ms, who, line);
}

static const char *name_of(int err)
{
	static _Thread_local char text[80];

	if (err == 0)
		return "0, nothing new";
	snprintf(text, sizeof(text), "%s (%s)",
		 err == -EFBIG	  ? "EFBIG"
		 : err == -ENOSPC ? "ENOSPC"
		 : err == -EIO	  ? "EIO"
				  : "error",
		 strerror(-err));
	return text;
}

/* ---- the write-behind file ------------------------------------------------------------------- */

enum {
	QUEUE_LIMIT = 64,    /* buffers: a writer that is faster than the disk waits */
	FAILURES_SHOWN = 10, /* lines of the timeline */
};

struct buffer {
	struct buffer *next;
	off_t offset;
	size_t length;
	char data[];
};

struct file {
	int fd;
	errseq_t errors;	/* the word: what went wrong while flushing */
	uint64_t written_bytes; /* the flusher's own */

	pthread_t flusher;
	pthread_mutex_t lock; /* guards all that follows */
	pthread_cond_t changed;
	struct buffer *first, **last;
	uint64_t accepted, flushed; /* buffers, since the start */
	bool closing;

	/* Only for the verdict: what observers ought to be told, counted without errseq. */
	unsigned failures; /* errors recorded */
	unsigned told;	   /* of these, the first so many are known to somebody's caller */
	int latest;	   /* negated errno */
};

/*
 * What open() gives. Threads may share a handle, hence the shared cursor: of several that fsync at once,
 * one is told.
 */
struct handle {
	const char *name;
	struct file *file;
	errseq_shared_cursor_t cursor; /* this handle's position in the word's history */
	unsigned knows;		       /* for the verdict: failures up to here are no news to it */
};

/* What a volatile observer has: a position of its own thread's. */
struct view {
	const char *name;
	struct file *file;
	errseq_cursor_t cursor;
	unsigned knows;
};

/* Writes the buffer to the file; 0 or a negated errno. */
static int write_all(int fd, const struct buffer *buffer)
{
	size_t done = 0;

	while (done < buffer->length) {
		ssize_t n = pwrite(fd, buffer->data + done, buffer->length - done,
				   buffer->offset + (off_t)done);

		if (n > 0)
			done += (size_t)n;
		else if (n == 0)
			return -EIO;
		else if (errno != EINTR)
			return -errno;
	}
	return 0;
}

static int sync_data(int fd)
{
	if (fdatasync(fd) == 0 || errno == EINVAL) /* EINVAL: a device or pipe, nothing to sync */
		return 0;
	return -errno;
}

/*
 * The data of a failed flush is gone, as with the kernel's page cache: only the error is kept. What
 * broke is written down first, so that who is told of the error finds it.
 */
static void record(struct file *file, int err, const char *what)
{
	pthread_mutex_lock(&file->lock);
	file->failures++;
	file->latest = err;
	pthread_mutex_unlock(&file->lock);
	errseq_set(&file->errors, err);
	if (file->failures <= FAILURES_SHOWN)
		say("flusher", "%s fails: %s, recorded", what, name_of(err));
	if (file->failures == FAILURES_SHOWN)
		say("flusher", "further failures are recorded, but not shown");
}

/* Writes a list of buffers, then syncs once. Returns how many there were. */
static unsigned flush(struct file *file, struct buffer *buffer)
{
	unsigned count = 0;
	char what[80];
	int err;

	while (buffer) {
		struct buffer *next = buffer->next;

		err = write_all(file->fd, buffer);
		snprintf(what, sizeof(what), "pwrite of %zu bytes at %lld", buffer->length,
			 (long long)buffer->offset);
		if (err)
			record(file, err, what);
		else
			file->written_bytes += buffer->length;
		free(buffer);
		buffer = next;
		count++;
	}
	err = sync_data(file->fd);
	if (err)
		record(file, err, "fdatasync");
	return count;
}

static void *flush_in_background(void *argument)
{
	struct file *file = argument;
	double next_ms = now_ms() + 1000;

	pthread_mutex_lock(&file->lock);
	while (file->first || !file->closing) {
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
		if (now_ms() > next_ms) { /* a line a second, if it takes that long */
			say("flusher", "%llu bytes written",
			    (unsigned long long)file->written_bytes);
			next_ms = now_ms() + 1000;
		}
		pthread_mutex_lock(&file->lock);
		file->flushed += count;
		pthread_cond_broadcast(&file->changed);
	}
	pthread_mutex_unlock(&file->lock);
	return NULL;
}

/* Waits for what was handed over so far, and not for what others hand over meanwhile. */
static void wait_for_writeback(struct file *file)
{
	uint64_t goal;

	pthread_mutex_lock(&file->lock);
	goal = file->accepted;
	while (file->flushed < goal)
		pthread_cond_wait(&file->changed, &file->lock);
	pthread_mutex_unlock(&file->lock);
}

static void file_start(struct file *file, int fd)
{
	*file = (struct file){ .fd = fd, .errors = ERRSEQ_INIT };
	file->last = &file->first;
	pthread_mutex_init(&file->lock, NULL);
	pthread_cond_init(&file->changed, NULL);
	if (pthread_create(&file->flusher, NULL, flush_in_background, file) != 0) {
		fprintf(stderr, "writeback: the flusher thread could not be started\n");
		exit(EXIT_NOT_SAFE);
	}
}

static void file_stop(struct file *file)
{
	pthread_mutex_lock(&file->lock);
	file->closing = true;
	pthread_cond_broadcast(&file->changed);
	pthread_mutex_unlock(&file->lock);
	pthread_join(file->flusher, NULL);
	pthread_cond_destroy(&file->changed);
	pthread_mutex_destroy(&file->lock);
	close(file->fd);
}

/* open(): past errors that somebody was told of are past; one that nobody was told of is still owed. */
static void handle_open(struct handle *handle, const char *name, struct file *file)
{
	*handle = (struct handle){ .name = name, .file = file };
	errseq_shared_cursor_init(&handle->cursor, errseq_sample(&file->errors));
	handle->knows = file->failures - (file->told < file->failures);
	say(name, "opens the file");
}

/* write(): hands the data over; says nothing about whether it will reach the disk. */
static int handle_write(struct handle *handle, const void *data, size_t length, off_t offset)
{
	struct buffer *buffer = malloc(sizeof(*buffer) + length);
	struct file *file = handle->file;

	if (!buffer)
		return -ENOMEM;
	buffer->next = NULL;
	buffer->offset = offset;
	buffer->length = length;
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

/* fsync(): wait for the writeback, then return what this handle is owed, once. */
static int handle_fsync(struct handle *handle)
{
	wait_for_writeback(handle->file);
	return errseq_check_and_advance_shared(&handle->file->errors, &handle->cursor);
}

/* close(): looks, and settles nothing, for few programs read its result. */
static int handle_close(const struct handle *handle)
{
	return errseq_check_shared(&handle->file->errors, &handle->cursor);
}

/*
 * A volatile observer (an overlay over this file, say) wants to notice each new error and must not take
 * it from those who are owed it. It peeks. Each look takes the next position first and then checks
 * through the old one: an error between the two would be told twice, and never missed.
 */
static int look_volatile(struct view *view)
{
	errseq_cursor_t next = errseq_peek(&view->file->errors);
	int err = errseq_check(&view->file->errors, view->cursor);

	view->cursor = next;
	return err;
}

/* ---- the verdict ----------------------------------------------------------------------------- */

static unsigned looks, reports, wrong;

/* Holds what an observer was told against what the count of failures says that it is owed. */
static void judge(const char *who, const struct file *file, unsigned *knows, int told)
{
	int owed = file->failures > *knows ? file->latest : 0;

	looks++;
	reports += told != 0;
	if (told != owed) {
		wrong++;
		say(who, "WRONG: %s",
		    told == 0	? "was not told of an error that it is owed"
		    : owed == 0 ? "was told of an error twice"
				: "was told of another error than the latest");
	}
	*knows = file->failures;
}

static int fsync_and_say(struct handle *handle)
{
	int err = handle_fsync(handle);

	say(handle->name, "fsync:  %s", name_of(err));
	judge(handle->name, handle->file, &handle->knows, err);
	if (err)
		handle->file->told = handle->file->failures;
	return err;
}

static void *fsync_in_thread(void *argument)
{
	return (void *)(intptr_t)handle_fsync(argument);
}

/* Two threads fsync one handle at once: between them they are told what the handle is owed, once. */
static void fsync_twice_at_once(struct handle *handle)
{
	pthread_t thread;
	int mine, other;
	void *result;

	if (pthread_create(&thread, NULL, fsync_in_thread, handle) != 0) {
		fprintf(stderr, "writeback: a second thread could not be started\n");
		exit(EXIT_NOT_SAFE);
	}
	mine = handle_fsync(handle);
	pthread_join(thread, &result);
	other = (int)(intptr_t)result;
	say(handle->name, "fsync:  %s, from one thread", name_of(mine));
	say(handle->name, "fsync:  %s, from another at the same time", name_of(other));
	judge(handle->name, handle->file, &handle->knows, mine ? mine : other);
	judge(handle->name, handle->file, &handle->knows, mine ? other : 0);
	if (mine || other)
		handle->file->told = handle->file->failures;
}

static void look_and_say(struct view *view)
{
	int err = look_volatile(view);

	say(view->name, "looks:  %s", name_of(err));
	judge(view->name, view->file, &view->knows, err);
}

static int verdict(void)
{
	if (wrong) {
		printf("\nverdict: WRONG %u times in %u looks: an observer was told twice or not "
		       "at all\n",
		       wrong, looks);
		return EXIT_WRONG;
	}
	printf("\nverdict: right: in %u looks, %u reports; every observer was told of each error "
	       "that it "
	       "was owed once, and of nothing else\n",
	       looks, reports);
	return EXIT_SAFE;
}

/* ---- the demonstration ----------------------------------------------------------------------- */

enum {
	BLOCK = 4096,
	BLOCKS = 4
};

struct writer {
	struct handle *handle;
	off_t offset;
	bool failed;
};

static void *write_blocks(void *argument)
{
	struct writer *writer = argument;
	char block[BLOCK];
	int i;

	for (i = 0; i < BLOCKS; i++) {
		memset(block, writer->handle->name[0], sizeof(block));
		if (handle_write(writer->handle, block, sizeof(block), writer->offset + i * BLOCK))
			writer->failed = true;
	}
	return NULL;
}

/* Two application threads write at the same time, each through its own handle. */
static void write_from_two_threads(struct handle *a, off_t a_offset, struct handle *b,
				   off_t b_offset)
{
	struct writer writers[2] = { { a, a_offset, false }, { b, b_offset, false } };
	pthread_t threads[2];
	int i;

	for (i = 0; i < 2; i++) {
		say(writers[i].handle->name, "writes %d blocks from offset %lld", BLOCKS,
		    (long long)writers[i].offset);
		if (pthread_create(&threads[i], NULL, write_blocks, &writers[i]) != 0) {
			fprintf(stderr, "writeback: a writer thread could not be started\n");
			exit(EXIT_NOT_SAFE);
		}
	}
	for (i = 0; i < 2; i++) {
		pthread_join(threads[i], NULL);
		if (writers[i].failed)
			fprintf(stderr, "writeback: out of memory\n");
	}
}

static void volatile_open(struct view *view, struct file *file)
{
	view->name = "volatile";
	view->file = file;
	view->cursor = errseq_peek(&file->errors);
	view->knows = file->failures;
	say(view->name, "peeks: takes a position and nothing else");
}

static bool holds(int fd, off_t offset, char byte)
{
	char block[BLOCKS * BLOCK];
	size_t i;

	if (pread(fd, block, sizeof(block), offset) != (ssize_t)sizeof(block))
		return false;
	for (i = 0; i < sizeof(block) && block[i] == byte; i++)
		;
	return i == sizeof(block);
}

static void show_file_size_limit(int fd, off_t limit)
{
	struct handle alice, bob, carol, dave;
	struct view view;
	struct file file;
	int failed;

	printf("\nA file that may not grow beyond %lld bytes (setrlimit RLIMIT_FSIZE)\n\n"
	       "       ms  who       does, and learns\n",
	       (long long)limit);
	file_start(&file, fd);
	handle_open(&alice, "alice", &file);
	handle_open(&bob, "bob", &file);
	volatile_open(&view, &file);
	write_from_two_threads(&alice, 0, &bob, BLOCKS * BLOCK);
	failed = fsync_and_say(&alice);
	failed |= fsync_and_say(&bob);
	if (failed) {
		say("demo",
		    "this place has no room for the demonstration: set TMPDIR to another one");
	} else if (holds(fd, 0, 'a') && holds(fd, BLOCKS * BLOCK, 'b')) {
		say("demo", "reads back what both wrote: it is there");
	} else {
		say("demo", "WRONG: fsync returned 0 and the data is not in the file");
		wrong++;
	}

	say("alice", "writes a block across the limit, and goes on with her life");
	handle_write(&alice, (char[BLOCK]){ 0 }, BLOCK, limit - BLOCK / 2);
	wait_for_writeback(&file);
	look_and_say(&view);
	look_and_say(&view);
	handle_open(&carol, "carol", &file);
	say("", "(nobody was told yet, so carol is owed the error, though volatile noticed it)");
	fsync_and_say(&alice);
	fsync_and_say(&alice);
	handle_open(&dave, "dave", &file);
	say("", "(alice was told, so the error is past for dave)");
	fsync_and_say(&dave);
	fsync_and_say(&carol);
	fsync_and_say(&bob);
	fsync_and_say(&carol);
	fsync_and_say(&bob);
	look_and_say(&view);

	say("bob", "writes two blocks beyond the limit: two errors before anybody looks");
	handle_write(&bob, (char[BLOCK]){ 0 }, BLOCK, limit);
	handle_write(&bob, (char[BLOCK]){ 0 }, BLOCK, limit + BLOCK);
	wait_for_writeback(&file);
	look_and_say(&view);
	say("carol", "writes a block beyond the limit, before anybody was told of bob's");
	handle_write(&carol, (char[BLOCK]){ 0 }, BLOCK, limit);
	wait_for_writeback(&file);
	look_and_say(&view);
	fsync_and_say(&dave);
	fsync_and_say(&carol);
	fsync_twice_at_once(&bob);
	look_and_say(&view);
	say("alice", "closes: %s (she was owed it; close looks, and settles nothing)",
	    name_of(handle_close(&alice)));
	fsync_and_say(&dave);
	handle_close(&bob);
	handle_close(&carol);
	handle_close(&dave);
	file_stop(&file);
}

static void show_full_device(int fd)
{
	struct handle erin, frank, grace, heidi;
	struct view view;
	struct file file;

	printf("\nA device that is full (/dev/full)\n\n       ms  who       does, and learns\n");
	file_start(&file, fd);
	handle_open(&erin, "erin", &file);
	say("erin", "writes a block");
	handle_write(&erin, (char[BLOCK]){ 0 }, BLOCK, 0);
	wait_for_writeback(&file);
	volatile_open(&view, &file);
	look_and_say(&view);
	handle_open(&frank, "frank", &file);
	say("", "(the error is older than volatile's position; frank and erin are still owed it)");
	fsync_and_say(&frank);
	fsync_and_say(&erin);
	handle_open(&grace, "grace", &file);
	fsync_and_say(&grace);
	say("grace", "writes a block");
	handle_write(&grace, (char[BLOCK]){ 0 }, BLOCK, 0);
	wait_for_writeback(&file);
	look_and_say(&view);
	say("erin", "closes: %s", name_of(handle_close(&erin)));
	handle_open(&heidi, "heidi", &file);
	say("", "(a close settles nothing, so heidi is owed the error too)");
	fsync_and_say(&heidi);
	fsync_and_say(&grace);
	fsync_and_say(&frank);
	fsync_and_say(&grace);
	look_and_say(&view);
	handle_close(&frank);
	handle_close(&heidi);
	handle_close(&grace);
	file_stop(&file);
}

/* From now on no file of this process grows beyond `limit`, or the user's own limit if that is less. */
static off_t limit_file_size(off_t limit)
{
	struct rlimit rlimit;

	if (getrlimit(RLIMIT_FSIZE, &rlimit) != 0)
		return -1;
	if (rlimit.rlim_cur < (rlim_t)limit)
		limit = (off_t)rlimit.rlim_cur;
	rlimit.rlim_cur = (rlim_t)limit;
	return setrlimit(RLIMIT_FSIZE, &rlimit) == 0 ? limit : -1;
}

static int demonstrate(void)
{
	const char *folder = getenv("TMPDIR");
	char path[4096];
	off_t limit;
	int fd;

	printf("libErrseq: a write-behind file, its real I/O errors, and who learns of them "
	       "when\n");
	snprintf(path, sizeof(path), "%s/errseq-writeback-XXXXXX",
		 folder && *folder ? folder : "/tmp");
	fd = mkstemp(path);
	if (fd < 0) {
		fprintf(stderr,
			"writeback: cannot create %s: %s; set TMPDIR to a folder that you may "
			"write to\n",
			path, strerror(errno));
		return EXIT_NOTHING_DONE;
	}
	unlink(path);
	limit = limit_file_size(
		1 << 30); /* high, so that a log that this output goes to is not hit */
	if (limit < 4 * BLOCKS * BLOCK) {
		fprintf(stderr, "writeback: the limit of file sizes (ulimit -f) is too low to show "
				"anything, or cannot be set\n");
		return EXIT_NOTHING_DONE;
	}
	show_file_size_limit(fd, limit);

	fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	if (fd >= 0)
		show_full_device(fd);
	else
		printf("\nSKIP: /dev/full: %s\n", strerror(errno));
	return verdict();
}

/* ---- on the user's own file ------------------------------------------------------------------ */

enum {
	MOST_HANDLES = 64
};

/* The standard input, shared by the copying threads. */
struct input {
	pthread_mutex_t lock; /* guards reading and the offset */
	off_t offset;
};

/* One copying thread, with a handle of its own. */
struct copier {
	char name[24];
	struct handle handle;
	pthread_t thread;
	struct input *input;
	size_t block;
	uint64_t bytes; /* handed over */
	int err;	/* what ended it early, 0 or a negated errno */
};

static ssize_t read_full(int fd, char *data, size_t length)
{
	size_t done = 0;

	while (done < length) {
		ssize_t n = read(fd, data + done, length - done);

		if (n == 0)
			break;
		if (n > 0)
			done += (size_t)n;
		else if (errno != EINTR)
			return -errno;
	}
	return (ssize_t)done;
}

static void *copy_blocks(void *argument)
{
	struct copier *copier = argument;
	char *block = malloc(copier->block);
	ssize_t n = 1;

	if (!block)
		copier->err = -ENOMEM;
	/* Who writes may look, and stop early; fsync still tells. */
	while (n > 0 && copier->err == 0 &&
	       errseq_check_shared(&copier->handle.file->errors, &copier->handle.cursor) == 0) {
		off_t at;

		pthread_mutex_lock(&copier->input->lock);
		n = read_full(STDIN_FILENO, block, copier->block);
		at = copier->input->offset;
		copier->input->offset += n > 0 ? n : 0;
		pthread_mutex_unlock(&copier->input->lock);
		if (n > 0)
			copier->err = handle_write(&copier->handle, block, (size_t)n, at);
		else
			copier->err = (int)n;
		copier->bytes += copier->err == 0 ? (uint64_t)n : 0;
	}
	free(block);
	return NULL;
}

struct options {
	const char *path;
	unsigned handles;
	size_t block;
	off_t limit; /* 0: none */
	bool overwrite;
};

/* Why not to write to this file; NULL if nothing speaks against it. */
static const char *objection(const struct options *options, const struct stat *target)
{
	struct stat input;

	if (fstat(STDIN_FILENO, &input) != 0 || S_ISDIR(input.st_mode))
		return "the standard input cannot be read";
	if (S_ISFIFO(target->st_mode) || S_ISSOCK(target->st_mode))
		return "it cannot be written at offsets";
	if (S_ISREG(target->st_mode) && input.st_dev == target->st_dev &&
	    input.st_ino == target->st_ino)
		return "it is the standard input";
	if (S_ISREG(target->st_mode) && target->st_size > 0 && !options->overwrite)
		return "it is not empty; give --overwrite to replace what it holds";
	return NULL;
}

/* Nothing of the file is touched before it is clear that it will be written. */
static int open_target(const struct options *options, struct stat *target)
{
	int fd = open(options->path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666);
	const char *reason;

	if (fd < 0 || fstat(fd, target) != 0) {
		fprintf(stderr, "writeback: cannot open %s: %s\n", options->path, strerror(errno));
		return -1;
	}
	reason = objection(options, target);
	if (!reason && S_ISREG(target->st_mode) && ftruncate(fd, 0) != 0)
		reason = strerror(errno);
	if (reason) {
		fprintf(stderr, "writeback: nothing was written to %s: %s\n", options->path,
			reason);
		close(fd);
		return -1;
	}
	fcntl(fd, F_SETFL, 0); /* O_NONBLOCK was for a fifo without a reader */
	return fd;
}

/* Copies with all threads; returns the bytes that were handed over, or -1 if any thread had to stop. */
static int64_t copy_with(struct copier *copiers, unsigned count)
{
	int64_t bytes = 0;
	bool stopped = false;
	unsigned i;

	for (i = 0; i < count; i++)
		if (pthread_create(&copiers[i].thread, NULL, copy_blocks, &copiers[i]) != 0) {
			fprintf(stderr, "writeback: only %u of %u threads could be started\n", i,
				count);
			exit(EXIT_NOT_SAFE);
		}
	for (i = 0; i < count; i++) {
		pthread_join(copiers[i].thread, NULL);
		bytes += (int64_t)copiers[i].bytes;
		if (copiers[i].err) {
			say(copiers[i].name, "cannot go on: %s", name_of(copiers[i].err));
			stopped = true;
		}
	}
	say("all", "handed over %lld bytes", (long long)bytes);
	return stopped ? -1 : bytes;
}

static int copy_to(const struct options *options)
{
	static struct copier copiers[MOST_HANDLES];
	struct input input = { PTHREAD_MUTEX_INITIALIZER, 0 };
	struct file file;
	struct stat stat;
	int64_t bytes;
	unsigned i, round;
	bool safe;
	int fd, result;

	if (options->limit && limit_file_size(options->limit) < 0) {
		fprintf(stderr, "writeback: the file size limit cannot be set: %s\n",
			strerror(errno));
		return EXIT_NOTHING_DONE;
	}
	fd = open_target(options, &stat);
	if (fd < 0)
		return EXIT_NOTHING_DONE;
	if (isatty(STDIN_FILENO))
		fprintf(stderr, "writeback: copying what you type to %s; end it with Ctrl-D\n",
			options->path);
	printf("%s, written behind by %u threads in blocks of %zu bytes\n\n"
	       "       ms  who       does, and learns\n",
	       options->path, options->handles, options->block);
	file_start(&file, fd);
	for (i = 0; i < options->handles; i++) {
		snprintf(copiers[i].name, sizeof(copiers[i].name), "handle %u", i + 1);
		handle_open(&copiers[i].handle, copiers[i].name, &file);
		copiers[i].input = &input;
		copiers[i].block = options->block;
	}
	bytes = copy_with(copiers, options->handles);
	safe = bytes >= 0;
	for (round = 0; round < 2; round++)
		for (i = 0; i < options->handles; i++)
			safe &= fsync_and_say(&copiers[i].handle) == 0;
	say("flusher", "wrote %llu bytes in all", (unsigned long long)file.written_bytes);
	for (i = 0; i < options->handles; i++)
		handle_close(&copiers[i].handle);
	file_stop(&file);
	result = verdict();
	if (result != EXIT_SAFE)
		return result;
	printf("%s: %s\n", options->path,
	       !safe		       ? "NOT every byte was written"
	       : S_ISREG(stat.st_mode) ? "every byte is written and synced"
				       : "every byte is written");
	return safe ? EXIT_SAFE : EXIT_NOT_SAFE;
}

/* ---- the command line ------------------------------------------------------------------------ */

static const char usage[] =
	"usage: writeback                      show who learns of real I/O errors, and when\n"
	"       writeback [options] FILE       copy the standard input to FILE, write-behind\n"
	"\n"
	"  -n, --handles N      threads, each with a handle of its own: 1 to 64 (default 4)\n"
	"  -b, --block BYTES    bytes in a block: 1 to 1M (default 64K); K, M and G are "
	"understood\n"
	"  -l, --limit BYTES    let no file grow beyond this (RLIMIT_FSIZE), to see EFBIG\n"
	"  -o, --overwrite      replace what FILE holds\n"
	"  -h, --help           show this\n"
	"\n"
	"exit status: 0 all is well; 1 not every byte was written; 2 nothing was done, or what "
	"was\n"
	"             done could not be printed; 3 an observer was told twice or not at all\n";

/* A number from 1 to `most`, with K, M or G behind it; 0 if it is not one, after saying so. */
static uint64_t parse_size(const char *what, const char *text, uint64_t most)
{
	unsigned shift = 0;
	uint64_t value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (*end == 'K' || *end == 'M' || *end == 'G') {
		shift = *end == 'K' ? 10 : *end == 'M' ? 20 : 30;
		end++;
	}
	if (text[0] < '0' || text[0] > '9' || errno || *end || value == 0 ||
	    value > most >> shift) {
		fprintf(stderr, "writeback: %s '%s' is not a number from 1 to %llu\n", what, text,
			(unsigned long long)most);
		return 0;
	}
	return value << shift;
}

static int run(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "handles", required_argument, NULL, 'n' },
		{ "block", required_argument, NULL, 'b' },
		{ "limit", required_argument, NULL, 'l' },
		{ "overwrite", no_argument, NULL, 'o' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct options options = { .handles = 4, .block = 64 * 1024 };
	bool okay = true;
	int option;

	while ((option = getopt_long(argc, argv, "n:b:l:oh", long_options, NULL)) != -1) {
		switch (option) {
		case 'n':
			options.handles = (unsigned)parse_size("--handles", optarg, MOST_HANDLES);
			okay &= options.handles != 0;
			break;
		case 'b':
			options.block = (size_t)parse_size("--block", optarg, 1 << 20);
			okay &= options.block != 0;
			break;
		case 'l':
			options.limit = (off_t)parse_size("--limit", optarg, INT64_MAX);
			okay &= options.limit != 0;
			break;
		case 'o':
			options.overwrite = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return EXIT_SAFE;
		default:
			okay = false;
		}
	}
	if (argc == 1)
		return demonstrate();
	if (okay && optind == argc)
		fprintf(stderr, "writeback: options, but no FILE to work on\n");
	else if (okay && optind < argc - 1)
		fprintf(stderr, "writeback: one FILE at a time, not '%s' too\n", argv[optind + 1]);
	else if (okay) {
		options.path = argv[optind];
		return copy_to(&options);
	}
	fputs(usage, stderr);
	return EXIT_NOTHING_DONE;
}

int main(int argc, char **argv)
{
	int result;

	/* With one of these closed, a file that is opened here would take its place. */
	if (fcntl(STDIN_FILENO, F_GETFD) < 0 || fcntl(STDOUT_FILENO, F_GETFD) < 0 ||
	    fcntl(STDERR_FILENO, F_GETFD) < 0) {
		fprintf(stderr, "writeback: standard input, output and error must be open\n");
		return EXIT_NOTHING_DONE;
	}
	signal(SIGXFSZ, SIG_IGN); /* so that writing fails with EFBIG */
	setvbuf(stdout, NULL, _IOLBF, 0);
	started_ms = now_ms();
	result = run(argc, argv);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "writeback: not all of the output could be printed\n");
		return result == EXIT_SAFE ? EXIT_NOTHING_DONE : result;
	}
	return result;
}
