/* SPDX-License-Identifier: MIT */
/* A part of the program wbfs-stoppable. */
#include "../failpoint.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

void failpoint_wait(const char *name)
{
	const struct timespec moment = { .tv_nsec = 2000000 };
	const char *directory = getenv("WBFS_FAILPOINTS");
	char path[512], reached[520];

	if (!directory)
		return;
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	snprintf(reached, sizeof(reached), "%s.reached", path);
	while (access(path, F_OK) == 0) {
		close(open(reached, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
		nanosleep(&moment, NULL);
	}
}
