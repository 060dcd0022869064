/* SPDX-License-Identifier: MIT */
/*
 * Who may ask the daemon to mount something: a process that could do so by itself. It has the daemon's user, at least
 * the daemon's capabilities, and the daemon's mount and user namespaces and root directory, in which the paths that it
 * names mean the same.
 */
#include "socket.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77 /* since Linux 6.5 */
#endif

static bool same_file(int process, const char *name, const char *own)
{
	struct stat theirs, ours;

	return fstatat(process, name, &theirs, 0) == 0 && stat(own, &ours) == 0 &&
	       theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino;
}

/* The effective capabilities in a "status" file of /proc. All, if it cannot be read: `missing` is what that means. */
static unsigned long long capabilities(int process, unsigned long long missing)
{
	int fd = openat(process, "status", O_RDONLY | O_CLOEXEC);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	unsigned long long found = missing;
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, "CapEff:", 7) == 0)
			found = strtoull(line + 7, NULL, 16);
	if (file)
		fclose(file);
	else if (fd >= 0)
		close(fd);
	return found;
}

static const char *look_at(int process)
{
	int self = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	unsigned long long ours = capabilities(self, ~0ull), theirs = capabilities(process, 0);

	if (self >= 0)
		close(self);
	if (ours & ~theirs)
		return "you have fewer capabilities than the daemon";
	if (!same_file(process, "ns/mnt", "/proc/self/ns/mnt"))
		return "you are in another mount namespace than the daemon";
	if (!same_file(process, "ns/user", "/proc/self/ns/user"))
		return "you are in another user namespace than the daemon";
	if (!same_file(process, "root", "/proc/self/root"))
		return "you have another root directory than the daemon";
	return NULL;
}

/* Whether the process that connected still lives. Then its number was not given to another one. */
static bool is_alive(int connection)
{
	int pidfd;
	socklen_t size = sizeof(pidfd);
	bool alive;

	if (getsockopt(connection, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &size) != 0)
		return errno == ENOPROTOOPT; /* an old kernel */
	alive = syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0) == 0;
	close(pidfd);
	return alive;
}

const char *peer_refusal(int connection)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);
	char name[40];
	const char *why;
	int process;

	if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 ||
	    peer.uid != geteuid())
		return "you are another user than the daemon's";
	snprintf(name, sizeof(name), "/proc/%d", (int)peer.pid);
	process = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (process < 0)
		return "the daemon cannot find you in /proc";
	why = look_at(process);
	close(process);
	if (!why && !is_alive(connection))
		why = "you have ended";
	return why;
}
