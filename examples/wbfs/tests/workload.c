/* SPDX-License-Identifier: MIT */
/*
 * A random workload while errors are switched on and off, judged exactly.
 *
 * Data. Each thread has files of its own, with several handles each, and knows of every byte what it should be and
 * when it was last changed, by a write or a truncate. An fsync that returns 0 promises that whatever was changed
 * since that handle was last told of an error is on the backing store: at once, and at the end, after the daemon was
 * unmounted, or killed, so that nothing that it did at its end can help. Through the mount, every byte is always what
 * it should be, for what could not be written back stays in the cache while the file is open.
 *
 * Errors of a thread's own files. When one fails to be written back is not known, but each fsync leaves the file
 * clean, so that the time between two fsyncs of whatever handles is an interval in which it failed or did not. A
 * handle that is told 0 says of each interval since its last fsync that it did not; one that is told an error, that
 * at least one did. These must not contradict each other.
 *
 * Errors of the file that all share. In each round it fails to be written back exactly once, with an errno that says
 * which round it is. Each thread's own handle of it is told of a round at most once, in order, and an fsync that
 * begins after a round was complete must leave it told of that round or a later one. Of the one handle that all threads
 * use together, each round is told at most once, and the last one exactly once. The directory handles are told of each
 * round likewise, except that more failures may come in the same round. And a view, through which some of the writes go,
 * is broken from the first round on.
 *
 * usage: workload [SECONDS [THREADS [SEED]]]; by default 4 seconds, 4 threads, a seed from the clock
 */
#include "mounted.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

enum {
	MOST_THREADS = 32,
	FILES = 2,   /* of each thread */
	HANDLES = 3, /* of each file */
	SIZE = 60000,
	LONGEST_WRITE = 9000,
	MOST_INTERVALS = 256,
	MOST_ROUNDS = 100000
};

enum interval {
	UNKNOWN,
	CLEAN,
	DIRTY
};

/* One thread's file. Time is the number of the operation. */
struct own {
	char name[32];
	int through_view; /* a handle of the view: its writes are the same file's, its fsync is none */
	unsigned time;
	unsigned char now[SIZE];
	unsigned when[SIZE], size_when;
	unsigned char acknowledged[SIZE], size_acknowledged;
	off_t size;
	unsigned last_told; /* when any handle was last told of an error */
	struct {
		int fd;
		unsigned told;	     /* when it was last told of an error; at first: when any was */
		unsigned long from;  /* the first interval that it has not looked at */
		unsigned long round; /* of the last error that it was told of */
	} handles[HANDLES];
	unsigned long interval; /* the present one */
	enum interval intervals[MOST_INTERVALS];
};

struct worker {
	struct own files[FILES];
	int shared, directory;
	unsigned long shared_round, directory_round;
	uint64_t random;
	unsigned long operations, syncs, told, bytes_compared;
	char fault[256];
	pthread_t thread;
};

static double seconds = 4;
static unsigned threads = 4;
static unsigned long seed;
static struct worker *workers;
static int common; /* the handle of the shared file that all threads use */
static atomic_uint common_told[MOST_ROUNDS];
static atomic_ulong begun, completed; /* rounds */
static atomic_int over;

static unsigned below(uint64_t *random, unsigned limit)
{
	uint64_t mix = *random += 0x9e3779b97f4a7c15u;

	mix = (mix ^ mix >> 30) * 0xbf58476d1ce4e5b9u;
	mix = (mix ^ mix >> 27) * 0x94d049bb133111ebu;
	return (unsigned)((mix ^ mix >> 31) >> 32) % limit;
}

/* Ends the workload; the main thread shows it. */
#define FAULT(worker, ...)                                                               \
	do {                                                                             \
		if (!(worker)->fault[0])                                                 \
			snprintf((worker)->fault, sizeof((worker)->fault), __VA_ARGS__); \
		/* relaxed: only a request */                                            \
		atomic_store_explicit(&over, 1, memory_order_relaxed);                   \
	} while (0)

/* ---- rounds and errnos ---------------------------------------------------------------------------- */

/* 1 to 511 without ENOSYS, of which a kernel takes notice for itself. */
static int error_of(unsigned long round)
{
	int error = (int)((round - 1) % 510) + 1;

	return error >= ENOSYS ? error + 1 : error;
}

/* The latest round with this error, 0 if there was none. */
static unsigned long round_of(int error)
{
	unsigned long round = atomic_load_explicit(&begun, memory_order_acquire), i;

	for (i = 0; i < 510 && round > 0; i++, round--)
		if (error_of(round) == error)
			return round;
	return 0;
}

/* ---- a thread's own files --------------------------------------------------------------------------- */

static void change(struct own *file, off_t from, const unsigned char *data, size_t length)
{
	size_t i;

	file->time++;
	for (i = 0; i < length; i++) {
		file->now[(size_t)from + i] = data ? data[i] : 0;
		file->when[(size_t)from + i] = file->time;
		file->acknowledged[(size_t)from + i] = 0;
	}
}

static void set_size(struct own *file, off_t size)
{
	file->size = size;
	file->size_when = file->time;
	file->size_acknowledged = 0;
}

static void write_some(struct worker *worker, struct own *file, int fd)
{
	unsigned char data[LONGEST_WRITE];
	size_t length = 1 + below(&worker->random, LONGEST_WRITE), i;
	off_t at = (off_t)below(&worker->random, (unsigned)(SIZE - length));
	unsigned first = below(&worker->random, 256), step = below(&worker->random, 128) * 2 + 1;
	ssize_t result;

	for (i = 0; i < length; i++)
		data[i] = (unsigned char)(first + i * step + i / 256);
	change(file, at, data, length);
	result = pwrite(fd, data, length, at);
	if (result != (ssize_t)length)
		FAULT(worker, "%s: a write of %zu bytes returned %zd, errno %d", file->name, length,
		      result, errno);
	if (at + (off_t)length > file->size)
		set_size(file, at + (off_t)length);
}

static void truncate_it(struct worker *worker, struct own *file, int fd)
{
	off_t size = (off_t)below(&worker->random, SIZE), from = size < file->size ? size : 0;

	if (size < file->size)
		change(file, from, NULL, (size_t)(file->size - from));
	else
		change(file, file->size, NULL, 0);
	set_size(file, size);
	if (ftruncate(fd, size) != 0)
		FAULT(worker, "%s: truncating to %ld failed with %d", file->name, (long)size,
		      errno);
}

static void read_back(struct worker *worker, struct own *file, int fd)
{
	unsigned char data[LONGEST_WRITE];
	off_t at = (off_t)below(&worker->random, SIZE);
	ssize_t expected = 0, result, i;
	struct stat stat;

	if (file->size > at)
		expected = file->size - at < LONGEST_WRITE ? file->size - at : LONGEST_WRITE;
	result = pread(fd, data, sizeof(data), at);
	if (result != expected) {
		FAULT(worker, "%s: a read at %ld of %ld bytes returned %zd instead of %zd",
		      file->name, (long)at, (long)file->size, result, expected);
		return;
	}
	for (i = 0; i < result; i++)
		if (data[i] != file->now[at + i]) {
			FAULT(worker, "%s: byte %ld reads as %d through the mount and should be %d",
			      file->name, (long)(at + i), data[i], file->now[at + i]);
			return;
		}
	worker->bytes_compared += (unsigned long)result;
	if (fstat(fd, &stat) != 0 || stat.st_size != file->size)
		FAULT(worker, "%s: the size is %ld and should be %ld", file->name,
		      (long)stat.st_size, (long)file->size);
}

/* Compares the backing file with what was acknowledged. */
static void compare(struct worker *worker, struct own *file, const char *path, const char *when)
{
	static _Thread_local unsigned char data[SIZE + 1];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : pread(fd, data, sizeof(data), 0), i;

	if (length < 0) {
		FAULT(worker, "%s: the backing file cannot be read: %d", path, errno);
		return;
	}
	close(fd);
	if (file->size_acknowledged && length != file->size)
		FAULT(worker, "%s, %s: the backing file has %zd bytes, %ld were acknowledged",
		      file->name, when, length, (long)file->size);
	memset(data + length, 0, sizeof(data) - (size_t)length);
	for (i = 0; i < SIZE; i++) {
		worker->bytes_compared += file->acknowledged[i];
		if (file->acknowledged[i] && data[i] != file->now[i]) {
			FAULT(worker,
			      "%s, %s: byte %zd is %d on the backing store, and %d was "
			      "acknowledged",
			      file->name, when, i, data[i], file->now[i]);
			return;
		}
	}
}

/* What one look says of the intervals since the handle's last. */
static void judge(struct worker *worker, struct own *file, int h, int error)
{
	unsigned long k, may_have_failed = 0, which = 0;

	for (k = file->handles[h].from; k <= file->interval; k++) {
		enum interval *interval = &file->intervals[k % MOST_INTERVALS];

		if (error == 0) {
			if (*interval == DIRTY)
				FAULT(worker,
				      "%s: handle %d was not told of an error that another was "
				      "told of",
				      file->name, h);
			*interval = CLEAN;
		} else if (*interval != CLEAN) {
			may_have_failed++;
			which = k;
		}
	}
	if (error != 0 && may_have_failed == 0)
		FAULT(worker, "%s: handle %d was told of error %d, and nothing new had failed",
		      file->name, h, error);
	if (may_have_failed == 1)
		file->intervals[which % MOST_INTERVALS] = DIRTY;
	file->interval++;
	file->intervals[file->interval % MOST_INTERVALS] = UNKNOWN;
	file->handles[h].from = file->interval;
}

static void sync_it(struct worker *worker, struct own *file, int h)
{
	int fd = file->handles[h].fd;
	int error = errno_of(below(&worker->random, 3) ? fsync(fd) : fdatasync(fd));
	unsigned long round = error ? round_of(error) : 0;
	size_t i;

	worker->syncs++;
	judge(worker, file, h, error);
	if (error) {
		if (round == 0 || round < file->handles[h].round)
			FAULT(worker,
			      "%s: handle %d is told of error %d, of round %lu, after round %lu",
			      file->name, h, error, round, file->handles[h].round);
		worker->told++;
		file->handles[h].round = round;
		file->handles[h].told = file->last_told = file->time;
		return;
	}
	for (i = 0; i < SIZE; i++)
		file->acknowledged[i] |= file->when[i] > file->handles[h].told;
	file->size_acknowledged |= file->size_when > file->handles[h].told;
	compare(worker, file, in_upper(file->name), "right after an fsync");
}

/* Each handle in turn: those that were told nothing in between agree. */
static void sync_all(struct worker *worker, struct own *file)
{
	int h;

	for (h = 0; h < HANDLES; h++)
		sync_it(worker, file, h);
}

static void open_it(struct own *file, int h)
{
	file->handles[h].fd = open(in_mount(file->name), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	/* An error that somebody was told of is past; any other is still owed. */
	file->handles[h].told = file->last_told;
	file->handles[h].from = file->interval;
	file->handles[h].round = 0;
}

static void work_on_own_file(struct worker *worker)
{
	struct own *file = &worker->files[below(&worker->random, FILES)];
	int h = (int)below(&worker->random, HANDLES);
	int fd = below(&worker->random, 6) ? file->handles[h].fd : file->through_view;

	switch (below(&worker->random, 20)) {
	case 0:
		truncate_it(worker, file, fd);
		break;
	case 1:
	case 2:
	case 3:
		read_back(worker, file, fd);
		break;
	case 4:
	case 5:
	case 6:
		sync_it(worker, file, h);
		break;
	case 7:
		sync_all(worker, file);
		break;
	case 8:
		close(file->handles[h]
			      .fd); /* what it says is no answer to anything that we asked */
		open_it(file, h);
		if (file->handles[h].fd < 0)
			FAULT(worker, "%s does not open: %d", file->name, errno);
		break;
	default:
		write_some(worker, file, fd);
	}
	/* No interval is overwritten before all have looked at it. */
	for (h = 0; h < HANDLES; h++)
		if (file->interval - file->handles[h].from > MOST_INTERVALS - 4)
			sync_it(worker, file, h);
}

/* ---- what all share --------------------------------------------------------------------------------- */

/*
 * A look through a handle that only this thread uses. `once`: each round is told at most once. The error may come
 * from a round that ended a while ago only if no later one was complete before the look.
 */
static void look(struct worker *worker, int fd, const char *what, unsigned long *last, int once)
{
	unsigned long before = atomic_load_explicit(&completed, memory_order_acquire), round;
	int error = errno_of(fsync(fd));

	worker->syncs++;
	if (error) {
		worker->told++;
		round = round_of(error);
		if (round < before || round < *last || (once && round == *last))
			FAULT(worker,
			      "%s is told of error %d, of round %lu, after it was told of round "
			      "%lu, and round %lu was complete",
			      what, error, round, *last, before);
		*last = round;
	} else if (*last < before) {
		FAULT(worker,
		      "%s is told 0, was last told of round %lu, and round %lu was complete", what,
		      *last, before);
	}
}

static void look_through_the_common_handle(struct worker *worker)
{
	int error = errno_of(fsync(common));
	unsigned long round = round_of(error);

	worker->syncs++;
	if (!error)
		return;
	worker->told++;
	if (round == 0 ||
	    atomic_fetch_add_explicit(&common_told[round], 1, memory_order_relaxed) != 0)
		FAULT(worker, "the common handle is told of error %d, of round %lu, twice", error,
		      round);
}

static void *work(void *argument)
{
	struct worker *worker = (struct worker *)argument;

	while (!atomic_load_explicit(&over, memory_order_relaxed)) {
		switch (below(&worker->random, 24)) {
		case 0:
			look(worker, worker->shared, "a handle of the shared file",
			     &worker->shared_round, 1);
			break;
		case 1:
			look(worker, worker->directory, "a directory handle",
			     &worker->directory_round, 0);
			break;
		case 2:
			look_through_the_common_handle(worker);
			break;
		default:
			work_on_own_file(worker);
		}
		worker->operations++;
	}
	return NULL;
}

/* ---- the main thread --------------------------------------------------------------------------------- */

static struct worker boss; /* its notes */

static void expect_look(int fd, int expected, const char *what)
{
	int error = errno_of(fsync(fd));

	if (error != expected)
		FAULT(&boss, "%s is told %d and should be told %d", what, error, expected);
}

static void expect_control(const char *text)
{
	int error = control_errno(text);

	if (error != 0)
		FAULT(&boss, "'%s' to .wbfs-control failed with %d", text, error);
}

/* Rounds of errors. */
static void switch_errors_on_and_off(double end, int writer, int view)
{
	uint64_t random = (uint64_t)seed << 32 | 0xffff;
	char data[100], number[16];

	/* relaxed: this thread alone begins and completes rounds */
	while (seconds_now() < end && !atomic_load_explicit(&over, memory_order_relaxed)) {
		unsigned long round = atomic_load_explicit(&begun, memory_order_relaxed) + 1;
		unsigned asks = below(&random, 2);

		assert_true(round < MOST_ROUNDS);
		snprintf(number, sizeof(number), "%d", error_of(round));
		memset(data, (int)round, sizeof(data));
		atomic_store_explicit(&begun, round, memory_order_release);
		expect_control(number);
		if (pwrite(writer, data, sizeof(data), 0) != sizeof(data))
			FAULT(&boss, "a write to the shared file failed with %d", errno);
		nap(below(&random, 20) / 1000.0); /* the flusher may be faster */
		if (asks)
			expect_look(writer, error_of(round), "who wrote to the shared file");
		else
			expect_control("sync");
		/* release: who sees that it is complete comes after the record */
		atomic_store_explicit(&completed, round, memory_order_release);
		expect_look(view, EIO, "the view");
		nap(below(&random, 10) / 1000.0);
		expect_control("ok");
		if (!asks)
			expect_look(writer, error_of(round), "who wrote to the shared file");
		expect_look(writer, 0, "who was just told of the shared file's error");
		nap(below(&random, 40) / 1000.0);
	}
	expect_control("ok");
}

/* Everybody looks for the last time; after that everybody has been told what they were owed. */
static void judge_the_end(void)
{
	unsigned long last = atomic_load_explicit(&completed, memory_order_relaxed), i;
	unsigned f, times;
	int h;

	for (i = 0; i < threads; i++) {
		struct worker *worker = &workers[i];

		look(worker, worker->shared, "a handle of the shared file", &worker->shared_round,
		     1);
		look(worker, worker->directory, "a directory handle", &worker->directory_round, 0);
		for (f = 0; f < FILES; f++) {
			sync_all(worker, &worker->files[f]);
			for (h = 0; h < HANDLES; h++)
				expect_look(worker->files[f].handles[h].fd, 0,
					    "who was just told of its own file");
		}
		expect_look(worker->shared, 0, "who was just told of the shared file");
		expect_look(worker->directory, 0, "who was just told of all files");
	}
	look_through_the_common_handle(&boss);
	times = atomic_load_explicit(&common_told[last], memory_order_relaxed);
	if (times != 1)
		FAULT(&boss, "the common handle was told of the last round, %lu, %u times", last,
		      times);
}

static void begin_work(void)
{
	unsigned i, f;
	int h;

	workers = calloc(threads, sizeof(*workers));
	assert_non_null(workers);
	memset(&boss, 0, sizeof(boss));
	memset(common_told, 0, sizeof(common_told));
	atomic_store_explicit(&begun, 0, memory_order_relaxed);
	atomic_store_explicit(&completed, 0, memory_order_relaxed);
	atomic_store_explicit(&over, 0, memory_order_relaxed);
	for (i = 0; i < threads; i++) {
		struct worker *worker = &workers[i];

		worker->random = (uint64_t)seed << 32 | i;
		worker->shared = opened(in_mount("shared"), O_RDONLY | O_CREAT);
		worker->directory = opened(in_mount(""), O_RDONLY | O_DIRECTORY);
		for (f = 0; f < FILES; f++) {
			snprintf(worker->files[f].name, sizeof(worker->files[f].name), "own-%u-%u",
				 i, f);
			for (h = 0; h < HANDLES; h++) {
				open_it(&worker->files[f], h);
				assert_true(worker->files[f].handles[h].fd >= 0);
			}
			worker->files[f].through_view =
				opened(in_view(0, worker->files[f].name), O_RDWR);
		}
	}
	common = opened(in_mount("shared"), O_RDONLY);
}

static void close_all(void)
{
	unsigned i, f;
	int h;

	for (i = 0; i < threads; i++) {
		closed(workers[i].shared);
		closed(workers[i].directory);
		for (f = 0; f < FILES; f++) {
			closed(workers[i].files[f].through_view);
			for (h = 0; h < HANDLES; h++)
				close(workers[i].files[f].handles[h].fd);
		}
	}
	closed(common);
}

static void play(int by_kill)
{
	unsigned long operations = 0, syncs = 0, told = 0, compared = 0;
	unsigned i, f, faults = 0;
	double end = seconds_now() + seconds / 2;
	int writer, view;

	start_daemon("--age", "15", "--size", "128", NULL);
	assert_int_equal(start_view(0, NULL), 0);
	begin_work();
	writer = opened(in_mount("shared"), O_WRONLY);
	view = opened(in_view(0, "shared"), O_RDONLY);
	for (i = 0; i < threads; i++)
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	switch_errors_on_and_off(end, writer, view);
	atomic_store_explicit(&over, 1, memory_order_relaxed);
	for (i = 0; i < threads; i++)
		pthread_join(workers[i].thread, NULL);
	judge_the_end();
	if (by_kill)
		kill_daemon();
	close_all();
	closed(writer);
	closed(view);
	if (!by_kill)
		assert_int_equal(stop_daemon(), 0);
	for (i = 0; i < threads; i++) {
		struct worker *worker = &workers[i];

		for (f = 0; f < FILES; f++)
			compare(worker, &worker->files[f], in_upper(worker->files[f].name),
				by_kill ? "after the daemon was killed" : "after unmounting");
		operations += worker->operations;
		syncs += worker->syncs;
		told += worker->told;
		compared += worker->bytes_compared;
		faults += worker->fault[0] != 0;
		if (worker->fault[0])
			fprintf(stderr, "FAIL: thread %u: %s\n", i, worker->fault);
	}
	if (boss.fault[0])
		fprintf(stderr, "FAIL: %s\n", boss.fault);
	printf("%u threads, seed %lu: %lu rounds of errors, %lu operations, %lu fsyncs, %lu told "
	       "of "
	       "an error, %lu bytes compared\n",
	       threads, seed, atomic_load_explicit(&begun, memory_order_relaxed), operations, syncs,
	       told, compared);
	free(workers);
	assert_int_equal(faults + (boss.fault[0] != 0), 0);
}

static void what_was_acknowledged_is_on_the_store_after_unmounting_and_each_is_told_what_it_is_owed(
	void **state)
{
	(void)state;
	play(0);
}

static void what_was_acknowledged_is_on_the_store_after_a_kill_and_each_is_told_what_it_is_owed(
	void **state)
{
	(void)state;
	play(1);
}

static int usage(const char *name, const char *what, const char *value)
{
	fprintf(stderr,
		"%s: %s is '%s'\nusage: %s [SECONDS [THREADS [SEED]]]: 0.1 to 86400, 1 to %d, 0 to "
		"4294967295\n",
		name, what, value, name, MOST_THREADS);
	return 2;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			what_was_acknowledged_is_on_the_store_after_unmounting_and_each_is_told_what_it_is_owed,
			with_nothing, without_daemon),
		cmocka_unit_test_setup_teardown(
			what_was_acknowledged_is_on_the_store_after_a_kill_and_each_is_told_what_it_is_owed,
			with_nothing, without_daemon),
	};
	struct timespec time;
	char *end;

	clock_gettime(CLOCK_REALTIME, &time);
	seed = ((unsigned long)time.tv_sec * 1000 + (unsigned long)time.tv_nsec / 1000000) &
	       0xffffffff;
	if (argc > 1) {
		seconds = strtod(argv[1], &end);
		if (end == argv[1] || *end || !(seconds >= 0.1 && seconds <= 86400))
			return usage(argv[0], "SECONDS", argv[1]);
	}
	if (argc > 2) {
		threads = (unsigned)strtoul(argv[2], &end, 10);
		if (*argv[2] < '0' || *argv[2] > '9' || *end || threads < 1 ||
		    threads > MOST_THREADS)
			return usage(argv[0], "THREADS", argv[2]);
	}
	if (argc > 3) {
		seed = strtoul(argv[3], &end, 10);
		if (*argv[3] < '0' || *argv[3] > '9' || *end || seed > 0xffffffff)
			return usage(argv[0], "SEED", argv[3]);
	}
	if (argc > 4)
		return usage(argv[0], "one argument too many", argv[4]);
	begin_program();
	return end_program(cmocka_run_group_tests(tests, NULL, NULL));
}
