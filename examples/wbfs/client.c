/* SPDX-License-Identifier: MIT */
#include "client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* Nothing comes until the daemon closes its end, however long that takes. */
static void wait_for_end(int to)
{
	const struct timeval for_ever = { 0 };
	char byte;

	setsockopt(to, SOL_SOCKET, SO_RCVTIMEO, &for_ever, sizeof(for_ever));
	while (recv(to, &byte, 1, 0) < 0 && errno == EINTR)
		;
}

int client_ask(const char *upper, const struct request *request, bool stay,
	       char error[SOCKET_ERROR_SIZE])
{
	char message[MESSAGE_SIZE], reply[SOCKET_ERROR_SIZE];
	size_t size = request_format(request, message);
	struct place place;
	long got;
	int to;

	if (size == 0) {
		snprintf(error, SOCKET_ERROR_SIZE,
			 "VIEW and the state file have names that are too long");
		return -1;
	}
	if (socket_place(&place, upper, error) != 0)
		return -1;
	to = socket_connect(&place);
	if (to < 0) {
		snprintf(error, SOCKET_ERROR_SIZE,
			 "no wbfs of user %u serves '%.200s' (%s); start \"wbfs UPPER MOUNT\" "
			 "first",
			 (unsigned)geteuid(), upper, strerror(errno));
		return -1;
	}
	error[0] = 0;
	got = socket_ask(to, message, size, reply, sizeof(reply));
	if (got < 0)
		snprintf(error, SOCKET_ERROR_SIZE, "the daemon of '%.200s' does not answer: %s",
			 upper, strerror(errno));
	else if (got == 0)
		snprintf(error, SOCKET_ERROR_SIZE, "the daemon of '%.200s' is ending", upper);
	else if (strcmp(reply, "ok") != 0)
		snprintf(error, SOCKET_ERROR_SIZE, "%s", reply);
	else if (stay)
		wait_for_end(to);
	close(to);
	return error[0] ? -1 : 0;
}
