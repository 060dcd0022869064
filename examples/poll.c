/* SPDX-License-Identifier: MIT */
/*
 * An event loop around poll() that gets errors at once.
 *
 * poll() waits for file descriptors, and a word is none. So a thread, the watcher, waits for the word and
 * writes to an eventfd when there is a new error. That wakes the loop, which then checks with a cursor of
 * its own. The loop also serves the standard input and a timer. With each tick of the timer it hands a
 * block to a flusher thread. Every other block fails: on a full device, or beyond the file size limit.
 */
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE /* pwrite, fileno and setrlimit beside strict C11 */
#endif
#include <errseq/wait.h>
#ifndef ERRSEQ_HAVE_WAIT
#error "this example waits for a word, which libErrseq offers only where ERRSEQ_HAVE_WAIT is defined"
#endif
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum {
	RIGHT = 0, /* exit status */
	NOT_PRINTED = 2,
	WRONG = 3,
	BLOCKS = 12,
	BLOCK = 4096,
	TICK_NS = 10 * 1000 * 1000
};

static int news, timer, jobs[2]; /* an eventfd, a timerfd, a pipe of blocks to the flusher */

static double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* One line of the timeline, in one piece, whichever thread it comes from. */
#define SAY(who, format, ...) printf("%-8s  " format "\n", who, __VA_ARGS__)

/* ---- the flusher: records and wakes ----------------------------------------------------------- */

static errseq_t errors = ERRSEQ_INIT; /* the word */
static int latest_err; /* what failed, written before the record: whoever gets the error sees it */
static double latest_us;
static atomic_uint failed, finished; /* blocks; only for the verdict */

static struct target {
	const char *name;
	int fd;
	off_t offset;
} targets[4];

static void *flush_in_background(void *unused)
{
	static const char block[BLOCK];
	unsigned char job;

	(void)unused;
	while (read(jobs[0], &job, 1) == 1) { /* until the other end is closed */
		const struct target *target = &targets[job];
		ssize_t n = pwrite(target->fd, block, BLOCK, target->offset);

		if (n != BLOCK) {
			int err = n < 0 ? -errno : -EIO;

			SAY("-", "the flusher cannot write %s: it records %s", target->name,
			    strerror(-err));
			/* relaxed: published by the record, or by `finished` */
			atomic_fetch_add_explicit(&failed, 1, memory_order_relaxed);
			latest_err = err;
			latest_us = now_us();
			errseq_set(&errors, err);
			errseq_wake(&errors);
		}
		/* release: whoever sees that the block is finished sees whether it failed */
		atomic_fetch_add_explicit(&finished, 1, memory_order_release);
	}
	return NULL;
}

/* ---- the watcher: from the word to a file descriptor ------------------------------------------ */

static atomic_bool stopping;

/*
 * The watcher waits for a tenth of a second at most, and then looks whether it should stop. Faster ways
 * fail: a wake without a record does not end a wait; a signal may come just before the wait begins; and
 * a record that is made only to stop the watcher would be an error for every other observer.
 */
static void *watch(void *unused)
{
	errseq_cursor_t position = 0;

	(void)unused;
	/* relaxed: nothing else is read because of this flag */
	while (!atomic_load_explicit(&stopping, memory_order_relaxed)) {
		struct timespec deadline;
		int result;

		clock_gettime(CLOCK_MONOTONIC, &deadline);
		deadline.tv_nsec += 100 * 1000 * 1000;
		deadline.tv_sec += deadline.tv_nsec / 1000000000;
		deadline.tv_nsec %= 1000000000;
		result = errseq_wait(&errors, position, &deadline);
		if (result == 0) {
			/* A peek, which takes nothing from the loop. The loop finds what was
			 * recorded before it; what is recorded later ends the next wait. */
			position = errseq_peek(&errors);
			eventfd_write(news, 1);
		} else if (result != -ETIMEDOUT && result != -EINTR) {
			fprintf(stderr, "poll: cannot wait: %s\n", strerror(-result));
			exit(WRONG);
		}
	}
	return NULL;
}

/* ---- the loop -------------------------------------------------------------------------------- */

static errseq_cursor_t cursor; /* the loop's own; 0: since the beginning */
static unsigned handed, reported, wrong, inputs;

static void look(void)
{
	int err = errseq_check_and_advance(&errors, &cursor);

	if (err) {
		SAY("eventfd", "%s, %.0f us after the record", strerror(-err),
		    now_us() - latest_us);
		reported++;
		wrong += err != latest_err;
	}
	/* relaxed: the check has acquired it. There is one block at a time, so nothing is missing now. */
	wrong += reported != atomic_load_explicit(&failed, memory_order_relaxed);
}

/* Hands over the next block when the one before is finished and its error reported; false: that was all. */
static bool tick(void)
{
	/* acquire: to see whether the finished block failed; relaxed: because of that acquire */
	unsigned done = atomic_load_explicit(&finished, memory_order_acquire);
	unsigned unreported = atomic_load_explicit(&failed, memory_order_relaxed) - reported;
	unsigned char job = handed % 4;

	if (done < handed || unreported > 0)
		return true;
	if (handed == BLOCKS)
		return false;
	handed++;
	SAY("timer", "block %u goes to the flusher, for %s", handed, targets[job].name);
	return write(jobs[1], &job, 1) == 1;
}

static bool read_input(void) /* false: it has ended */
{
	char buf[BLOCK];
	ssize_t n = read(STDIN_FILENO, buf, sizeof(buf));

	if (n <= 0)
		SAY("input", "%s", n == 0 ? "ends" : strerror(errno));
	else if (++inputs <= 10)
		SAY("input", "%zd bytes%s", n, inputs < 10 ? "" : "; what follows is not shown");
	return n > 0;
}

static void serve(void)
{
	struct pollfd fds[] = { { news, POLLIN, 0 }, { timer, POLLIN, 0 }, { 0, POLLIN, 0 } };
	bool more = true;
	uint64_t count;

	while (more && !wrong) {
		if (poll(fds, 3, -1) < 0)
			continue;
		if (fds[0].revents && read(news, &count, sizeof(count)) > 0)
			look();
		if (fds[1].revents && read(timer, &count, sizeof(count)) > 0)
			more = tick();
		if (fds[2].revents && !read_input())
			fds[2].fd = -1;
	}
}

/* Writing to every other one fails. */
static void find_targets(void)
{
	struct rlimit limit = { 1 << 30, 1 << 30 }; /* high, because the output may go to a file */
	FILE *temporary = tmpfile();
	int file = temporary ? fileno(temporary) : -1;

	if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
		getrlimit(RLIMIT_FSIZE, &limit); /* the user's own is less */
	targets[0] = (struct target){ "a file", file, 0 };
	targets[1] = (struct target){ "a full device", open("/dev/full", O_WRONLY), 0 };
	targets[2] = (struct target){ "a file", file, BLOCK };
	targets[3] = (struct target){ "a file beyond its limit", file, (off_t)limit.rlim_cur };
}

int main(void)
{
	const struct itimerspec every = { { 0, TICK_NS }, { 0, TICK_NS } };
	pthread_t flusher, watcher;
	unsigned count;
	int fd;

	do /* with a standard stream closed, another file would take its place */
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	signal(SIGXFSZ, SIG_IGN); /* writing beyond the limit fails with EFBIG */
	signal(SIGTTIN, SIG_IGN); /* reading in the background fails with EIO */
	setvbuf(stdout, NULL, _IOLBF, 0);
	find_targets();
	timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	news = eventfd(0, EFD_NONBLOCK);
	if (timerfd_settime(timer, 0, &every, NULL) != 0 || news < 0 || pipe(jobs) != 0 ||
	    pthread_create(&flusher, NULL, flush_in_background, NULL) != 0 ||
	    pthread_create(&watcher, NULL, watch, NULL) != 0) {
		perror("poll: cannot start");
		return NOT_PRINTED;
	}
	printf("event     and what the loop does\n");
	serve();
	close(jobs[1]); /* this ends the flusher */
	atomic_store_explicit(&stopping, true, memory_order_relaxed);
	pthread_join(flusher, NULL);
	pthread_join(watcher, NULL);
	count = atomic_load_explicit(&failed, memory_order_relaxed); /* the threads have ended */
	wrong += count < BLOCKS / 2 || count != reported ||
		 errseq_check_and_advance(&errors, &cursor) != 0;
	printf("\nverdict: %s: of %u blocks %u failed, and the loop got %u errors\n",
	       wrong ? "WRONG" : "right", handed, count, reported);
	if (fflush(stdout) != 0 || ferror(stdout))
		perror("poll: not all of the output could be printed");
	return wrong ? WRONG : ferror(stdout) ? NOT_PRINTED : RIGHT;
}
