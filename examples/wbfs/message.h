/* SPDX-License-Identifier: MIT */
/*
 * What goes over the control socket: one request, one reply. A request is some strings, each with its zero byte; the
 * socket keeps the boundaries of messages.
 */
#ifndef WBFS_MESSAGE_H
#define WBFS_MESSAGE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

enum {
	MESSAGE_SIZE = 2 * PATH_MAX + 64
};

struct request {
	bool is_view;	   /* else it asks where UPPER is mounted */
	bool strict;	   /* this and the following for a view */
	const char *at;	   /* absolute paths */
	const char *state; /* or NULL */
};

/* The length, or 0 if it does not fit. */
size_t request_format(const struct request *request, char message[MESSAGE_SIZE]);
/* False if it is none. The strings stay in the message. */
bool request_parse(struct request *request, const char *message, size_t size);

#endif
