/* SPDX-License-Identifier: MIT */
#include "server.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	MESSAGE_SIZE = 2 * 4096 + 64 /* two paths and some words */
};

bool is_inside(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	return strncmp(path, directory, length) == 0 &&
	       (path[length] == '/' || path[length] == 0 || directory[length - 1] == '/');
}

/* Both ends: a socket, and the address that belongs to UPPER. Messages keep their boundaries. */
static int new_socket(const char *upper, struct sockaddr_un *address, socklen_t *size)
{
	struct stat st;
	int length;

	if (stat(upper, &st) != 0)
		return -1;
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	/* the name begins with a zero byte: it is in no directory, and goes when the daemon dies */
	length = snprintf(address->sun_path + 1, sizeof(address->sun_path) - 1, "wbfs-%llu-%llu",
			  (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	*size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
	return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
}

/* Anybody may use an abstract name. */
static bool is_trusted(int connection)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
	       (peer.uid == geteuid() || peer.uid == 0);
}

/* Connects to the daemon of UPPER: a socket, or -1 with errno. */
static int connect_to(const char *upper)
{
	struct sockaddr_un address;
	socklen_t size;
	int to = new_socket(upper, &address, &size), saved;

	if (to < 0)
		return -1;
	if (connect(to, (struct sockaddr *)&address, size) == 0) {
		if (is_trusted(to))
			return to;
		errno = EPERM;
	}
	saved = errno;
	close(to);
	errno = saved;
	return -1;
}

/* Sends a message and gets one: its length, 0 if the other end is gone. */
static size_t exchange(int to, const char *message, size_t size, char *reply, size_t room)
{
	ssize_t n;

	if (send(to, message, size, MSG_NOSIGNAL) < 0)
		return 0;
	do
		n = recv(to, reply, room - 1, 0);
	while (n < 0 && errno == EINTR);
	reply[n > 0 ? n : 0] = 0;
	return n > 0 ? (size_t)n : 0;
}

/* ---- the daemon's side --------------------------------------------------------------------------- */

static bool is_unmounted(const struct mount *mount)
{
	struct pollfd session = { .fd = fuse_session_fd(mount->session) };

	return poll(&session, 1, 0) == 1 && session.revents & POLLERR;
}

/* Makes the name ours. A daemon whose mount is gone may still be writing back: then we wait for its end. */
int server_bind(struct server *server, const char *upper, char error[MOUNT_ERROR_SIZE])
{
	const struct timespec moment = { .tv_nsec = 20000000 };
	struct sockaddr_un address;
	char where[MESSAGE_SIZE];
	socklen_t size;

	server->listening = new_socket(upper, &address, &size);
	if (server->listening < 0) {
		snprintf(error, MOUNT_ERROR_SIZE, "socket: %s", strerror(errno));
		return -1;
	}
	while (bind(server->listening, (struct sockaddr *)&address, size) != 0) {
		int other = errno == EADDRINUSE ? connect_to(upper) : -1;

		if (other >= 0 && exchange(other, "where", 6, where, sizeof(where)) > 0)
			snprintf(error, MOUNT_ERROR_SIZE,
				 "'%.200s' is mounted at '%.200s' already; unmount that first, or "
				 "use --volatile for a view of it",
				 upper, where);
		else if (errno != EADDRINUSE && errno != ECONNREFUSED && other < 0)
			snprintf(error, MOUNT_ERROR_SIZE, "the socket of '%.200s': %s", upper,
				 strerror(errno));
		else
			error[0] = 0;
		if (other >= 0)
			close(other);
		if (error[0])
			return -1;
		nanosleep(&moment, NULL);
	}
	if (listen(server->listening, 8) == 0)
		return 0;
	snprintf(error, MOUNT_ERROR_SIZE, "listen: %s", strerror(errno));
	return -1;
}

/* The next of the strings in a message, each with its zero byte; "" behind the last. */
static const char *next_string(const char **message, const char *end)
{
	const char *string = *message;

	if (string >= end)
		return "";
	*message += strlen(string) + 1;
	return string;
}

/* "view", "strict" or not, the place, and the state file or nothing. */
static void answer_view(struct server *server, int client, const char *message, size_t size)
{
	struct view_request request = { .options = server->options,
					.source = server->source,
					.lifetime = server->lifetime };
	char error[MOUNT_ERROR_SIZE] = "";
	const char *end = message + size;
	unsigned index;

	(void)next_string(&message, end);
	request.strict = strcmp(next_string(&message, end), "strict") == 0;
	request.at = next_string(&message, end);
	request.state = next_string(&message, end);
	if (!*request.state)
		request.state = NULL;

	/* those that were unmounted leave their places, and are over in every respect, before the next begins */
	for (index = 1; index < MOUNTS; index++) {
		if (server->views[index] && view_is_over(server->views[index])) {
			view_free(server->views[index]);
			server->views[index] = NULL;
		}
	}
	for (index = 1; index < MOUNTS && server->views[index]; index++)
		;
	if (index == MOUNTS)
		snprintf(error, sizeof(error), "there are %d views already; unmount one",
			 MOUNTS - 1);
	else if (is_inside(request.at, server->upper_path) ||
		 is_inside(request.at, server->mount_path))
		snprintf(error, sizeof(error),
			 "'%.200s' is inside UPPER or its mount; choose another place", request.at);
	else if (request.state && (is_inside(request.state, server->mount_path) ||
				   is_inside(request.state, request.at)))
		snprintf(error, sizeof(error),
			 "the state file '%.200s' is inside a mount that it is about; choose "
			 "another place",
			 request.state);
	else
		server->views[index] =
			view_start(server->upper->cache, index, &request, client, error);
	if (!error[0])
		snprintf(error, sizeof(error), "ok");
	(void)!send(client, error, strlen(error), MSG_NOSIGNAL);
}

static void *answer(void *argument)
{
	struct server *server = argument;
	const struct timeval patience = { .tv_sec = 5 };
	char message[MESSAGE_SIZE];
	int client;
	ssize_t n;

	/* fails when server_stop shuts the socket down */
	while ((client = accept4(server->listening, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		n = is_trusted(client) ? recv(client, message, sizeof(message) - 1, 0) : -1;
		if (n > 0)
			message[n] = 0;
		if (n > 0 && !is_unmounted(server->upper)) {
			if (strcmp(message, "view") == 0)
				answer_view(server, client, message, (size_t)n);
			else
				(void)!send(client, server->mount_path, strlen(server->mount_path),
					    MSG_NOSIGNAL);
		}
		close(client);
	}
	return NULL;
}

int server_start(struct server *server)
{
	return -pthread_create(&server->thread, NULL, answer, server);
}

void server_stop(struct server *server)
{
	unsigned index;

	shutdown(server->listening, SHUT_RDWR);
	pthread_join(server->thread, NULL);
	for (index = 1; index < MOUNTS; index++) {
		if (!server->views[index])
			continue;
		view_tell_to_end(server->views[index]);
		view_free(server->views[index]);
	}
}

/* ---- the client's side ----------------------------------------------------------------------------- */

int server_ask(const struct wish *wish, char error[MOUNT_ERROR_SIZE])
{
	char message[MESSAGE_SIZE], reply[MOUNT_ERROR_SIZE];
	int to = connect_to(wish->upper);
	size_t got;
	int size;

	if (to < 0) {
		snprintf(error, MOUNT_ERROR_SIZE,
			 "no wbfs serves '%.200s' (%s); start \"wbfs UPPER MOUNT\" first",
			 wish->upper, strerror(errno));
		return -1;
	}
	size = snprintf(message, sizeof(message), "view%c%s%c%s%c%s", 0,
			wish->strict ? "strict" : "", 0, wish->at, 0,
			wish->state ? wish->state : "");
	got = exchange(to, message, (size_t)size + 1, reply, sizeof(reply));
	if (got == 0)
		snprintf(error, MOUNT_ERROR_SIZE, "the daemon of '%.200s' is ending", wish->upper);
	else if (strcmp(reply, "ok") != 0)
		snprintf(error, MOUNT_ERROR_SIZE, "%s", reply);
	else if (wish->stay)
		(void)!recv(to, reply, sizeof(reply), 0); /* nothing comes until its end */
	close(to);
	return error[0] ? -1 : 0;
}
