/* SPDX-License-Identifier: MIT */
/*
 * How "wbfs --volatile UPPER VIEW" finds the daemon of UPPER: a socket, named after UPPER's device and inode, in a
 * directory where only the daemon's user can write and search. A lock file beside it keeps a second daemon of that user
 * away; the kernel drops the lock when the daemon dies.
 */
#ifndef WBFS_SOCKET_H
#define WBFS_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/un.h>

enum {
	SOCKET_ERROR_SIZE = 512,
	REPLY_SECONDS = 10
};

struct place {
	struct sockaddr_un address;
	char lock[sizeof(((struct sockaddr_un *)0)->sun_path) + 8];
};

/* The socket of UPPER: 0, or -1 and a line in `error`. Makes the directory if it is not there. */
int socket_place(struct place *place, const char *upper, char error[SOCKET_ERROR_SIZE]);
int socket_new(void); /* with time limits; -1 and errno */
int socket_connect(const struct place *place);
/* Sends a request and waits for the reply. Its length, 0 if the other end closed, -1 and errno (EAGAIN: no answer). */
long socket_ask(int to, const char *request, size_t size, char *reply, size_t room);

/* Whether the other end may ask us: NULL, or why not. */
const char *peer_refusal(int connection);

bool is_inside(const char *path, const char *directory); /* or the same; both are from realpath */

#endif
