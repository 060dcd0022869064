/* SPDX-License-Identifier: MIT */
/*
 * Processes that share a file, die at any moment, and are replaced. Each lives in a slot; what the dead leave in
 * the file their successor in the slot finds. Newcomers map the file at an address of their own, some of them
 * after an exec: nothing but the file can be shared then.
 *
 * A process that finds something wrong writes a complaint and goes on; the parent looks
 * for complaints. If one of the living does not get on for long, the parent's watchdog says so.
 */
#ifndef ERRSEQ_TESTS_LIVES_H
#define ERRSEQ_TESTS_LIVES_H

#include "../common/harness.h"
#include "inside.h"
#include "moments.h"
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
struct lives {
	struct slot slots[SLOTS];
	atomic_int complaints;
	char complaint[256]; /* the first */
	uintptr_t address;   /* where the parent has mapped it */
};

/* The file as this process maps it; the program says how large it is and what a life is. */
static struct lives *lives;
static size_t lives_size;
static void live(int slot, unsigned seed);

/* ---- what the living do --------------------------------------------------------------------------- */

static inline void beat(struct slot *slot)
{
	unsigned long beats = atomic_load_explicit(&slot->beats, memory_order_relaxed) + 1;

	atomic_store_explicit(&slot->beats, beats, memory_order_relaxed);
	if (beats % 65536 == 0)
		alarm(2 * PATIENCE_SECONDS); /* not to outlive a parent that was killed */
}

/* `call` on word number `where` returned `result`, which is wrong, for `about`. */
static void complain(const char *call, const char *about, unsigned long where, int result)
{
	/* acq_rel: the first one's text is there when the parent has seen it end */
	if (atomic_fetch_add_explicit(&lives->complaints, 1, memory_order_acq_rel) == 0)
		snprintf(lives->complaint, sizeof(lives->complaint),
			 "%s of word %lu returned %d: %s", call, where, result, about);
}

/* ---- births and deaths, by the parent --------------------------------------------------------------- */

static int lives_file = -1;
static const char *lives_program;
static volatile pid_t pids[SLOTS];
static unsigned long births, killed_inside[CALLS];
static unsigned long beats_at_birth[SLOTS], beats_when_it_got_on[SLOTS];

static inline void *map_lives(void *hint)
{
	void *at = mmap(hint, lives_size, PROT_READ | PROT_WRITE, MAP_SHARED, lives_file, 0);

	if (at == MAP_FAILED) {
		perror("FAIL: the shared file could not be mapped");
		_exit(3);
	}
	return at;
}

static inline void say(const char *text)
{
	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		_exit(3);
}

/* Also what main does in the end, for a failed test leaves the living alone. */
static inline void end_all(void)
{
	int i;

	for (i = 0; i < SLOTS; i++)
		if (pids[i] > 0)
			kill(pids[i], SIGKILL);
}

static inline void lives_hang(int number)
{
	int i;

	(void)number;
	say("FAIL: a process does not get on: a call does not return after another process died in "
	    "one. "
	    "The living are inside:");
	for (i = 0; i < SLOTS; i++)
		if (pids[i] > 0) {
			int inside =
				atomic_load_explicit(&lives->slots[i].inside, memory_order_relaxed);

			say(" ");
			say(inside >= 0 && inside < CALLS ? call_names[inside] : "?");
		}
	say("\n");
	end_all();
	_exit(1);
}

/* Makes the shared file, which ends with us. */
static inline void found_lives(const char *program, size_t size)
{
	FILE *file = tmpfile();

	lives_program = program;
	lives_size = size;
	if (file)
		lives_file = dup(fileno(file)); /* not closed by exec */
	if (!file || lives_file < 0 || ftruncate(lives_file, (off_t)size)) {
		perror("FAIL: no temporary file could be made");
		exit(3);
	}
	fclose(file);
	lives = (struct lives *)map_lives(NULL);
	lives->address = (uintptr_t)lives;
	signal(SIGALRM, lives_hang);
	alarm(PATIENCE_SECONDS);
}

/* main of a program that was executed as a newcomer: never returns in that case. */
static inline void live_if_newcomer(int argc, char **argv, size_t size)
{
	if (argc != 5 || strcmp(argv[1], "--newcomer") != 0)
		return;
	alarm(2 * PATIENCE_SECONDS);
	lives_size = size;
	lives_file = atoi(argv[2]);
	lives = (struct lives *)map_lives(NULL);
	if (lives->address == (uintptr_t)lives)
		lives = (struct lives *)map_lives(NULL); /* elsewhere, for that place is taken */
	live(atoi(argv[3]), (unsigned)strtoul(argv[4], NULL, 10));
	_exit(4); /* nobody ends by himself */
}

/*
 * How main begins, with the file's @size. Its argument is how many @what, 100 or more; then it takes the
 * @seconds that it takes, and without one what is set before.
 */
static inline void begin(int argc, char **argv, size_t size, const char *what,
			 unsigned long *number, time_t *seconds)
{
	live_if_newcomer(argc, argv, size);
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
	found_lives(argv[0], size);
}

static inline void give_birth(int slot)
{
	unsigned seed = (unsigned)++births * 2654435761u;
	pid_t pid;

	beats_at_birth[slot] =
		atomic_load_explicit(&lives->slots[slot].beats, memory_order_relaxed);
	fflush(stdout);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		signal(SIGALRM, SIG_DFL);
		alarm(2 * PATIENCE_SECONDS);
		if (births % EXEC_ONE_IN == 0) {
			char file[16], place[16], random[16];

			snprintf(file, sizeof(file), "%d", lives_file);
			snprintf(place, sizeof(place), "%d", slot);
			snprintf(random, sizeof(random), "%u", seed);
			execlp(lives_program, lives_program, "--newcomer", file, place, random,
			       (char *)NULL);
			perror("FAIL: a newcomer could not be executed");
			_exit(3);
		}
		{
			struct lives *old = lives;

			lives = (struct lives *)map_lives(NULL); /* elsewhere */
			munmap((void *)old, lives_size);
		}
		live(slot, seed);
		_exit(4);
	}
	pids[slot] = pid;
}

static inline int has_begun(int slot)
{
	return atomic_load_explicit(&lives->slots[slot].beats, memory_order_relaxed) !=
	       beats_at_birth[slot];
}

static inline void bury_one(int slot, int status)
{
	int inside;

	pids[slot] = 0;
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) {
		fail_msg("a process ended by itself, with status %#x", (unsigned)status);
	}
	inside =
		atomic_exchange_explicit(&lives->slots[slot].inside, OUTSIDE, memory_order_relaxed);
	assert_in_range(inside, OUTSIDE, CALLS - 1);
	killed_inside[inside]++;
}

/* Kills whoever lives in the slot. */
static inline void end_life(int slot)
{
	int status;

	assert_int_equal(kill(pids[slot], SIGKILL), 0);
	assert_int_equal(waitpid(pids[slot], &status, 0), pids[slot]);
	bury_one(slot, status);
}

/* Whether it was killed by another than the parent. */
static inline int is_dead(int slot)
{
	int status;

	if (waitpid(pids[slot], &status, WNOHANG) != pids[slot])
		return 0;
	bury_one(slot, status);
	return 1;
}

/* Tells the watchdog that all is well, if each of the living got on since the last time. */
static inline void watch_lives(void)
{
	int i;

	for (i = 0; i < SLOTS; i++)
		if (pids[i] > 0 &&
		    atomic_load_explicit(&lives->slots[i].beats, memory_order_relaxed) ==
			    beats_when_it_got_on[i])
			return;
	for (i = 0; i < SLOTS; i++)
		beats_when_it_got_on[i] =
			atomic_load_explicit(&lives->slots[i].beats, memory_order_relaxed);
	alarm(PATIENCE_SECONDS);
}

/* `seconds` are none: for ever. */
static inline int time_is_left(time_t start, time_t seconds)
{
	return seconds == 0 || time(NULL) - start < seconds;
}

static inline void no_complaints(void)
{
	if (atomic_load_explicit(&lives->complaints, memory_order_acquire) == 0)
		return;
	fail_msg("%d complaints, the first: %s",
		 atomic_load_explicit(&lives->complaints, memory_order_relaxed),
		 lives->complaint[0] ? lives->complaint : "(it was killed while it wrote)");
}

#endif
