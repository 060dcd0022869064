/* SPDX-License-Identifier: MIT */
/*
 * Processes that share a file, die at any moment, and are replaced. Each lives in a slot; what the dead leave in
 * the file their successor in the slot finds. Newcomers map the file at an address of their own, some of them
 * after an exec: nothing but the file can be shared then.
 *
 * A process that finds something wrong writes a complaint and goes on; the parent looks
 * for complaints. If one of the living does not get on for long, the parent's watchdog says so.
 */
#ifndef ERRSEQ_TESTS_WORKER_PROCESSES_H
#define ERRSEQ_TESTS_WORKER_PROCESSES_H

#include "../common/harness.h"
#include "call_marker.h"
#include "random_timer.h"
#include "watchdog.h"
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	SLOTS = 5,
	EXEC_ONE_IN = 16
};

/* What every shared file begins with. */
struct workers {
	struct call_marker slots[SLOTS];
	atomic_int complaints;
	char complaint[256]; /* the first */
	uintptr_t address;   /* where the parent has mapped it */
};

/* The file as this process maps it; the program says how large it is and what a life is. */
static struct workers *workers;
static size_t shared_size;
static void work(int slot, unsigned seed);

/* ---- what the living do --------------------------------------------------------------------------- */

static inline void heartbeat(struct call_marker *slot)
{
	unsigned long heartbeats =
		atomic_load_explicit(&slot->heartbeats, memory_order_relaxed) + 1;

	atomic_store_explicit(&slot->heartbeats, heartbeats, memory_order_relaxed);
	if (heartbeats % 65536 == 0)
		alarm(2 * PATIENCE_SECONDS); /* not to outlive a parent that was killed */
}

/* `call` on word number `where` returned `result`, which is wrong, for `about`. */
static void complain(const char *call, const char *about, unsigned long where, int result)
{
	/* acq_rel: the first one's text is there when the parent has seen it end */
	if (atomic_fetch_add_explicit(&workers->complaints, 1, memory_order_acq_rel) == 0)
		snprintf(workers->complaint, sizeof(workers->complaint),
			 "%s of word %lu returned %d: %s", call, where, result, about);
}

/* ---- births and deaths, by the parent --------------------------------------------------------------- */

static int shared_file = -1;
static const char *program_name;
static volatile pid_t pids[SLOTS];
static unsigned long started, killed_inside[CALLS];
static unsigned long heartbeats_at_start[SLOTS], heartbeats_last_seen[SLOTS];

static inline void *map_shared_file(void *hint)
{
	void *at = mmap(hint, shared_size, PROT_READ | PROT_WRITE, MAP_SHARED, shared_file, 0);

	if (at == MAP_FAILED) {
		perror("FAIL: the shared file could not be mapped");
		_exit(3);
	}
	return at;
}

static inline void write_text(const char *text)
{
	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		_exit(3);
}

/* Also what main does in the end, for a failed test leaves the living alone. */
static inline void kill_all(void)
{
	int i;

	for (i = 0; i < SLOTS; i++)
		if (pids[i] > 0)
			kill(pids[i], SIGKILL);
}

static inline void workers_hang(int number)
{
	int i;

	(void)number;
	write_text("FAIL: a process does not get on: a call does not return after another process "
		   "died in "
		   "one. "
		   "The living are inside:");
	for (i = 0; i < SLOTS; i++)
		if (pids[i] > 0) {
			int inside = atomic_load_explicit(&workers->slots[i].inside,
							  memory_order_relaxed);

			write_text(" ");
			write_text(inside >= 0 && inside < CALLS ? call_names[inside] : "?");
		}
	write_text("\n");
	kill_all();
	_exit(1);
}

/* Makes the shared file, which ends with us. */
static inline void make_shared_file(const char *program, size_t size)
{
	FILE *file = tmpfile();

	program_name = program;
	shared_size = size;
	if (file)
		shared_file = dup(fileno(file)); /* not closed by exec */
	if (!file || shared_file < 0 || ftruncate(shared_file, (off_t)size)) {
		perror("FAIL: no temporary file could be made");
		exit(3);
	}
	fclose(file);
	workers = (struct workers *)map_shared_file(NULL);
	workers->address = (uintptr_t)workers;
	signal(SIGALRM, workers_hang);
	alarm(PATIENCE_SECONDS);
}

/* main of a program that was executed as a newcomer: never returns in that case. */
static inline void work_if_newcomer(int argc, char **argv, size_t size)
{
	if (argc != 5 || strcmp(argv[1], "--newcomer") != 0)
		return;
	alarm(2 * PATIENCE_SECONDS);
	shared_size = size;
	shared_file = atoi(argv[2]);
	workers = (struct workers *)map_shared_file(NULL);
	if (workers->address == (uintptr_t)workers)
		workers = (struct workers *)map_shared_file(
			NULL); /* elsewhere, for that place is taken */
	work(atoi(argv[3]), (unsigned)strtoul(argv[4], NULL, 10));
	_exit(4); /* nobody ends by himself */
}

/*
 * How main begins, with the file's @size. Its argument is how many @what, 100 or more; then it takes the
 * @seconds that it takes, and without one what is set before.
 */
static inline void begin(int argc, char **argv, size_t size, const char *what,
			 unsigned long *number, time_t *seconds)
{
	work_if_newcomer(argc, argv, size);
	if (argc > 1) {
		char *end;

		*number = strtoul(argv[1], &end, 10);
		*seconds = 0;
		if (*end || *number < 100) {
			fprintf(stderr, "%s: '%s' is not a number of %s, 100 or more\n", argv[0],
				argv[1], what);
			exit(2);
		}
	}
	make_shared_file(argv[0], size);
}

static inline void start_worker(int slot)
{
	unsigned seed = (unsigned)++started * 2654435761u;
	pid_t pid;

	heartbeats_at_start[slot] =
		atomic_load_explicit(&workers->slots[slot].heartbeats, memory_order_relaxed);
	fflush(stdout);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		signal(SIGALRM, SIG_DFL);
		alarm(2 * PATIENCE_SECONDS);
		if (started % EXEC_ONE_IN == 0) {
			char file[16], place[16], random[16];

			snprintf(file, sizeof(file), "%d", shared_file);
			snprintf(place, sizeof(place), "%d", slot);
			snprintf(random, sizeof(random), "%u", seed);
			execlp(program_name, program_name, "--newcomer", file, place, random,
			       (char *)NULL);
			perror("FAIL: a newcomer could not be executed");
			_exit(3);
		}
		{
			struct workers *old = workers;

			workers = (struct workers *)map_shared_file(NULL); /* elsewhere */
			munmap((void *)old, shared_size);
		}
		work(slot, seed);
		_exit(4);
	}
	pids[slot] = pid;
}

static inline int has_begun(int slot)
{
	return atomic_load_explicit(&workers->slots[slot].heartbeats, memory_order_relaxed) !=
	       heartbeats_at_start[slot];
}

static inline void note_death(int slot, int status)
{
	int inside;

	pids[slot] = 0;
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) {
		fail_msg("a process ended by itself, with status %#x", (unsigned)status);
	}
	inside = atomic_exchange_explicit(&workers->slots[slot].inside, OUTSIDE,
					  memory_order_relaxed);
	assert_in_range(inside, OUTSIDE, CALLS - 1);
	killed_inside[inside]++;
}

/* Kills whoever lives in the slot. */
static inline void kill_worker(int slot)
{
	int status;

	assert_int_equal(kill(pids[slot], SIGKILL), 0);
	assert_int_equal(waitpid(pids[slot], &status, 0), pids[slot]);
	note_death(slot, status);
}

/* Whether it was killed by another than the parent. */
static inline int has_died(int slot)
{
	int status;

	if (waitpid(pids[slot], &status, WNOHANG) != pids[slot])
		return 0;
	note_death(slot, status);
	return 1;
}

/* Tells the watchdog that all is well, if each of the living got on since the last time. */
static inline void watch_workers(void)
{
	int i;

	for (i = 0; i < SLOTS; i++)
		if (pids[i] > 0 &&
		    atomic_load_explicit(&workers->slots[i].heartbeats, memory_order_relaxed) ==
			    heartbeats_last_seen[i])
			return;
	for (i = 0; i < SLOTS; i++)
		heartbeats_last_seen[i] =
			atomic_load_explicit(&workers->slots[i].heartbeats, memory_order_relaxed);
	alarm(PATIENCE_SECONDS);
}

/* `seconds` are none: for ever. */
static inline int time_is_left(time_t start, time_t seconds)
{
	return seconds == 0 || time(NULL) - start < seconds;
}

static inline void assert_no_complaints(void)
{
	if (atomic_load_explicit(&workers->complaints, memory_order_acquire) == 0)
		return;
	fail_msg("%d complaints, the first: %s",
		 atomic_load_explicit(&workers->complaints, memory_order_relaxed),
		 workers->complaint[0] ? workers->complaint : "(it was killed while it wrote)");
}

#endif
