/* SPDX-License-Identifier: MIT */
/*
 * The client's side of the control socket: wbfs --volatile.
 */
#ifndef WBFS_CLIENT_H
#define WBFS_CLIENT_H

#include "message.h"
#include "socket.h"

/* Asks the daemon of `upper` for a view; with `stay`, returns when the view has ended. 0, or -1 and a line in `error`. */
int client_ask(const char *upper, const struct request *request, bool stay,
	       char error[SOCKET_ERROR_SIZE]);

#endif
