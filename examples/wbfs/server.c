/* SPDX-License-Identifier: MIT */
#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	ENDING_SECONDS = 60, /* a daemon that was unmounted has this long to write back */
	REQUEST_SECONDS = 2  /* between a client's connection and its request */
};

static const struct timespec moment = { .tv_nsec = 20000000 };

/* ---- one daemon for an UPPER -------------------------------------------------------------------- */

/* A descriptor that holds the lock; -1 and errno: EWOULDBLOCK if another daemon has it. */
static int take_lock(const char *path)
{
	struct stat st;
	int fd;

	for (;;) {
		fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd < 0)
			return -1;
		if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
			int saved = errno;

			close(fd);
			errno = saved;
			return -1;
		}
		if (fstat(fd, &st) == 0 && st.st_nlink > 0)
			return fd;
		close(fd); /* a daemon that ended has removed it */
	}
}

/* Asks the daemon that has the lock. True: `error` says that it goes on. False: it is about to begin or to end. */
static bool other_goes_on(const struct place *place, const char *upper,
			  char error[MOUNT_ERROR_SIZE])
{
	const struct request where = { 0 };
	char message[MESSAGE_SIZE], reply[MESSAGE_SIZE];
	size_t size = request_format(&where, message);
	int other = socket_connect(place);
	long got;

	if (other < 0)
		return false;
	got = socket_ask(other, message, size, reply, sizeof(reply));
	if (got > 0)
		snprintf(error, MOUNT_ERROR_SIZE,
			 "'%.200s' is mounted already: '%.200s'; unmount that first, or use "
			 "--volatile for a view of it",
			 upper, reply);
	else if (got < 0)
		snprintf(error, MOUNT_ERROR_SIZE,
			 "'%.200s' is served already, by a wbfs that does not answer: %s", upper,
			 strerror(errno));
	close(other);
	return got != 0;
}

static int take_upper(struct server *server, const char *upper, char error[MOUNT_ERROR_SIZE])
{
	int turns = ENDING_SECONDS * 50; /* moments */

	while ((server->lock = take_lock(server->place.lock)) < 0) {
		if (errno != EWOULDBLOCK) {
			snprintf(error, MOUNT_ERROR_SIZE, "'%s': %s", server->place.lock,
				 strerror(errno));
			return -1;
		}
		if (other_goes_on(&server->place, upper, error))
			return -1;
		if (turns-- == 0) {
			snprintf(error, MOUNT_ERROR_SIZE,
				 "'%.200s' is served already, by a wbfs that has been ending for "
				 "%d s",
				 upper, ENDING_SECONDS);
			return -1;
		}
		nanosleep(&moment, NULL);
	}
	return 0;
}

int server_bind(struct server *server, const char *upper, char error[MOUNT_ERROR_SIZE])
{
	const struct sockaddr_un *address = &server->place.address;

	if (socket_place(&server->place, upper, error) != 0 ||
	    take_upper(server, upper, error) != 0)
		return -1;
	unlink(address->sun_path); /* what a daemon that was killed has left */
	server->listening = socket_new();
	if (server->listening >= 0 &&
	    bind(server->listening, (const struct sockaddr *)address, sizeof(*address)) == 0 &&
	    listen(server->listening, 8) == 0)
		return 0;
	snprintf(error, MOUNT_ERROR_SIZE, "the socket '%s': %s", address->sun_path,
		 strerror(errno));
	return -1;
}

void server_unbind(struct server *server)
{
	unlink(server->place.address.sun_path);
	unlink(server->place.lock);
	close(server->listening);
	close(server->lock);
}

/* ---- requests ------------------------------------------------------------------------------------ */

/* A free place. Views that were unmounted leave theirs, and are over in every respect before the next begins. */
static unsigned free_index(struct server *server)
{
	unsigned index, found = MOUNTS;

	for (index = MOUNTS - 1; index > 0; index--) {
		if (server->views[index] && view_is_over(server->views[index])) {
			view_free(server->views[index]);
			server->views[index] = NULL;
		}
		if (!server->views[index])
			found = index;
	}
	return found;
}

static void answer_view(struct server *server, int client, const struct request *wanted)
{
	const struct view_request request = { .options = server->options,
					      .source = server->source,
					      .lifetime = server->lifetime,
					      .strict = wanted->strict,
					      .at = wanted->at,
					      .state = wanted->state };
	char error[MOUNT_ERROR_SIZE] = "";
	unsigned index = free_index(server);
	struct view *view = NULL;

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
		view = server->views[index] =
			view_start(server->upper->cache, index, &request, client, error);
	if (!error[0])
		snprintf(error, sizeof(error), "ok");
	if (send(client, error, strlen(error), MSG_NOSIGNAL) < 0 && view) {
		view_end(view); /* the client gave up, and has said that it failed */
		server->views[index] = NULL;
	}
}

static void answer(struct server *server, int client)
{
	const struct timeval patience = { .tv_sec = REQUEST_SECONDS };
	char message[MESSAGE_SIZE], refusal[SOCKET_ERROR_SIZE];
	struct request request;
	const char *why;
	ssize_t n;

	setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	n = recv(client, message, sizeof(message), MSG_TRUNC);
	if (n <= 0 || mount_is_over(server->upper))
		return;
	if ((size_t)n > sizeof(message) || !request_parse(&request, message, (size_t)n))
		why = "this is no request";
	else
		why = request.is_view ? peer_refusal(client) : NULL;
	if (why) {
		snprintf(refusal, sizeof(refusal), "refused: %s", why);
		(void)!send(client, refusal, strlen(refusal), MSG_NOSIGNAL);
	} else if (request.is_view) {
		answer_view(server, client, &request);
	} else {
		(void)!send(client, server->mount_path, strlen(server->mount_path), MSG_NOSIGNAL);
	}
}

static void *serve(void *argument)
{
	struct server *server = argument;

	/* relaxed: only a request */
	while (!atomic_load_explicit(&server->stopping, memory_order_relaxed)) {
		int client = accept4(server->listening, NULL, NULL, SOCK_CLOEXEC);

		if (client >= 0) {
			answer(server, client);
			close(client);
		} else if (errno != EAGAIN && errno != EINTR) {
			nanosleep(&moment, NULL); /* no descriptor, no memory: there will be some */
		}
	}
	return NULL;
}

int server_start(struct server *server)
{
	return -pthread_create(&server->thread, NULL, serve, server);
}

void server_stop(struct server *server)
{
	unsigned index;

	atomic_store_explicit(&server->stopping, true, memory_order_relaxed);
	shutdown(server->listening, SHUT_RDWR); /* wakes accept4 */
	pthread_join(server->thread, NULL);
	for (index = 1; index < MOUNTS; index++)
		if (server->views[index])
			view_end(server->views[index]);
}
