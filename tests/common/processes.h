/* SPDX-License-Identifier: MIT */
/* Child processes, and memory that they share with their parent. Children die with the test, also if it is killed. */
#ifndef ERRSEQ_TESTS_PROCESSES_H
#define ERRSEQ_TESTS_PROCESSES_H

#include <stdio.h>
#include <stdlib.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

/* As fork(), and ends the program if that fails. */
static inline pid_t fork_child(void)
{
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child < 0) {
		perror("FAIL: no process could be started");
		exit(3);
	}
#ifdef __linux__
	if (child == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
	return child;
}

/* Waits until the child has ended. Its exit status; -1 if a signal ended it. */
static inline int exit_status_of(pid_t child)
{
	int status = 0;

	while (waitpid(child, &status, 0) != child)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Zeroes, at first. `file` is -1 for memory that only children share. */
static inline void *map_shared(size_t size, int file)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | (file < 0 ? MAP_ANONYMOUS : 0), file, 0);

	if (memory == MAP_FAILED) {
		perror("FAIL: no shared memory could be mapped");
		exit(3);
	}
	return memory;
}

#endif
