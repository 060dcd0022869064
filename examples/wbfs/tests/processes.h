/* SPDX-License-Identifier: MIT */
/*
 * What processes.c and mounted.c share.
 */
#ifndef WBFS_TESTS_PROCESSES_H
#define WBFS_TESTS_PROCESSES_H

#include <limits.h>
#include <sys/types.h>

/* The folder of the running test, and the one that has all of the program's. */
extern char folder[PATH_MAX / 4], first_folder[PATH_MAX / 8];

/* Starts arguments[0], with both outputs in the file, and with these limits, if they are not 0. */
pid_t spawned(const char *const *arguments, const char *output, unsigned long file_limit,
	      unsigned long descriptor_limit);
/* -1 if it still runs after all our patience. */
int status_if_it_ends(pid_t process);
/* Whatever is mounted in our folder, the last first. Returns how many there were. */
unsigned detach_all(void);
void remove_all(const char *path);
/* A descriptor: when it is closed, by whatever end of this process, another process cleans up. */
int post_a_guardian(void);

#endif
