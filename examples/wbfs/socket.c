/* SPDX-License-Identifier: MIT */
#include "socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

bool is_inside(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	return strncmp(path, directory, length) == 0 &&
	       (path[length] == '/' || path[length] == 0 || directory[length - 1] == '/');
}

/* The same for all processes of a user, whatever their environment. */
static void directory_of_user(char path[40])
{
	if (geteuid() == 0)
		snprintf(path, 40, "/run/wbfs");
	else
		snprintf(path, 40, "/tmp/wbfs-%u", (unsigned)geteuid());
}

/* Another user may have made it before us. */
static bool is_ours_alone(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
	       (st.st_mode & 077) == 0;
}

int socket_place(struct place *place, const char *upper, char error[SOCKET_ERROR_SIZE])
{
	char directory[40];
	struct stat st;

	if (stat(upper, &st) != 0) {
		snprintf(error, SOCKET_ERROR_SIZE, "'%.200s': %s", upper, strerror(errno));
		return -1;
	}
	directory_of_user(directory);
	if (mkdir(directory, 0700) != 0 && errno != EEXIST) {
		snprintf(error, SOCKET_ERROR_SIZE, "the directory '%s' for the socket: %s",
			 directory, strerror(errno));
		return -1;
	}
	if (!is_ours_alone(directory)) {
		snprintf(error, SOCKET_ERROR_SIZE,
			 "'%s' must be a directory of user %u with mode 0700; remove what is there",
			 directory, (unsigned)geteuid());
		return -1;
	}
	place->address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(place->address.sun_path, sizeof(place->address.sun_path), "%s/%llu-%llu",
		 directory, (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	snprintf(place->lock, sizeof(place->lock), "%s.lock", place->address.sun_path);
	return 0;
}

int socket_new(void)
{
	const struct timeval patience = { .tv_sec = REPLY_SECONDS };
	int made = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (made >= 0) {
		setsockopt(made, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		setsockopt(made, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	}
	return made;
}

int socket_connect(const struct place *place)
{
	int to = socket_new(), saved;

	if (to < 0 ||
	    connect(to, (const struct sockaddr *)&place->address, sizeof(place->address)) == 0)
		return to;
	saved = errno;
	close(to);
	errno = saved;
	return -1;
}

long socket_ask(int to, const char *request, size_t size, char *reply, size_t room)
{
	ssize_t n;

	if (send(to, request, size, MSG_NOSIGNAL) < 0)
		return errno == EPIPE ? 0 : -1;
	do
		n = recv(to, reply, room - 1, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == ECONNRESET)
		n = 0;
	reply[n > 0 ? n : 0] = 0;
	return n;
}
