/* SPDX-License-Identifier: MIT */
/*
 * Worker processes that share a file, are killed at any moment, and are replaced. Each works in a slot. A replacement
 * inherits its slot's state from the file. It maps the file at an address of its own, and one in 16 is a new program
 * (exec): so nothing but the file can be shared.
 *
 * A worker that finds something wrong writes a complaint into the file and goes on. The parent looks for complaints.
 */
#ifndef ERRSEQ_TESTS_WORKER_PROCESSES_H
#define ERRSEQ_TESTS_WORKER_PROCESSES_H

#include "../common/harness.h"
#include "../common/processes.h"
#include "call_marker.h"
#include "random_timer.h"
#include <string.h>

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

/* The file as this process maps it. The program says how large it is, and what a worker does. */
static struct workers *workers;
static size_t shared_size;
static void work(int slot, uint64_t seed);

/* ---- for workers ---------------------------------------------------------------------------------- */

static inline void count_progress(struct call_marker *slot)
{
	/* relaxed: a number that the parent compares with the one before */
	add_relaxed(&slot->progress, 1);
}

/* `call` on word number `where` returned `result`, which is wrong, because of `about`. */
static void complain(const char *call, const char *about, unsigned long where, int result)
{
	/* acq_rel: the first one's text is there when the parent has seen it end */
	if (atomic_fetch_add_explicit(&workers->complaints, 1, memory_order_acq_rel) == 0)
		snprintf(workers->complaint, sizeof(workers->complaint),
			 "%s of word %lu returned %d: %s", call, where, result, about);
}

/* ---- for the parent ------------------------------------------------------------------------------- */

static int shared_file = -1;
static const char *program_name;
static volatile pid_t pids[SLOTS];
static unsigned long started, killed_inside[CALLS];
static unsigned long progress_at_start[SLOTS], progress_last_seen[SLOTS];

static inline unsigned long progress_of(int slot)
{
	return load_relaxed(&workers->slots[slot].progress);
}

static inline void map_shared_file(void)
{
	workers = (struct workers *)map_shared(shared_size, shared_file);
}

/* A worker does not get on. Says in which calls they are. */
static inline void end_hanging_workers(int number)
{
	char text[256] = "FAIL: a worker hangs after another was killed. They are inside:";
	int i;

	(void)number;
	for (i = 0; i < SLOTS; i++)
		if (pids[i] > 0) {
			int inside = load_relaxed(&workers->slots[i].inside);

			strcat(strcat(text, " "),
			       inside >= 0 && inside < CALLS ? call_names[inside] : "?");
		}
	strcat(text, "\n");
	_exit(write(STDERR_FILENO, text, strlen(text)) < 0 ? 3 : 1);
}

/*
 * How main begins. If the program was executed as a worker, it never returns. Else it makes the file. An argument is
 * how many times to do `what`, 100 or more; without one, what is set before, and at most so many seconds.
 */
static inline void begin(int argc, char **argv, size_t size, const char *what,
			 unsigned long *number, time_t *seconds)
{
	FILE *file;

	shared_size = size;
	if (argc == 5 && strcmp(argv[1], "--worker") == 0) {
		shared_file = atoi(argv[2]);
		map_shared_file();
		if (workers->address == (uintptr_t)workers)
			map_shared_file(); /* elsewhere, because that place is taken */
		work(atoi(argv[3]), strtoul(argv[4], NULL, 10));
		_exit(4); /* no worker ends by itself */
	}
	if (argc > 1) {
		*number = number_from(argv[1], what, 100, 1000000000);
		*seconds = 0;
	}
	program_name = argv[0];
	file = tmpfile();
	if (file)
		shared_file = dup(fileno(file)); /* not closed by exec */
	if (!file || shared_file < 0 || ftruncate(shared_file, (off_t)size)) {
		perror("FAIL: no temporary file could be made");
		exit(3);
	}
	fclose(file);
	map_shared_file();
	workers->address = (uintptr_t)workers;
}

static inline void start_worker(int slot)
{
	uint64_t seed = ++started * UINT64_C(2654435761);
	struct workers *old = workers;

	progress_at_start[slot] = progress_of(slot);
	pids[slot] = fork_child();
	if (pids[slot] != 0)
		return;
	if (started % EXEC_ONE_IN == 0) {
		char file[16], place[16], random[24];

		snprintf(file, sizeof(file), "%d", shared_file);
		snprintf(place, sizeof(place), "%d", slot);
		snprintf(random, sizeof(random), "%lu", (unsigned long)seed);
		execlp(program_name, program_name, "--worker", file, place, random, (char *)NULL);
		perror("FAIL: a worker could not be executed");
		_exit(3);
	}
	map_shared_file(); /* elsewhere */
	munmap((void *)old, shared_size);
	work(slot, seed);
	_exit(4);
}

static inline int has_begun(int slot)
{
	return progress_of(slot) != progress_at_start[slot];
}

static inline void note_death(int slot, int status)
{
	int inside = atomic_exchange_explicit(&workers->slots[slot].inside, OUTSIDE,
					      memory_order_relaxed);

	pids[slot] = 0;
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		fail_msg("a worker ended by itself, with status %#x", (unsigned)status);
	assert_in_range(inside, OUTSIDE, CALLS - 1);
	killed_inside[inside]++;
}

static inline void kill_worker(int slot)
{
	int status;

	assert_int_equal(kill(pids[slot], SIGKILL), 0);
	assert_int_equal(waitpid(pids[slot], &status, 0), pids[slot]);
	note_death(slot, status);
}

/* Whether it was killed by something else than kill_worker: its own timer. */
static inline int has_died(int slot)
{
	int status;

	if (waitpid(pids[slot], &status, WNOHANG) != pids[slot])
		return 0;
	note_death(slot, status);
	return 1;
}

/* Nothing hangs if each worker got on since the last time. And nothing was wrong if none complained. */
static inline void watch_workers(void)
{
	int i, all = 1;

	for (i = 0; i < SLOTS; i++)
		all &= pids[i] <= 0 || progress_of(i) != progress_last_seen[i];
	if (all) {
		for (i = 0; i < SLOTS; i++)
			progress_last_seen[i] = progress_of(i);
		signal(SIGALRM, end_hanging_workers);
		restart_alarm();
	}
	if (load_acquire(&workers->complaints) > 0)
		fail_msg("%d complaints, the first: %s", load_relaxed(&workers->complaints),
			 workers->complaint[0] ? workers->complaint
					       : "(it was killed while it wrote)");
}

/* `seconds` are none: for ever. */
static inline int time_is_left(time_t start, time_t seconds)
{
	return seconds == 0 || time(NULL) - start < seconds;
}

#endif
