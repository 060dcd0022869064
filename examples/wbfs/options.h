/* SPDX-License-Identifier: MIT */
/*
 * The command line.
 */
#ifndef WBFS_OPTIONS_H
#define WBFS_OPTIONS_H

#include <stdbool.h>

enum {
	EXIT_FAILED = 1,
	EXIT_USAGE = 2
};

struct settings {
	bool foreground, is_view, strict, for_mount;
	long age_ms, size_kib;
	char *options; /* NULL, or what all -o say */
	char *upper, *mount, *state;
};

/* Ends the program if something is wrong, or if only help is wanted. */
void options_parse(int argc, char **argv, struct settings *settings);
__attribute__((format(printf, 2, 3), noreturn)) void give_up(int status, const char *format, ...);

#endif
