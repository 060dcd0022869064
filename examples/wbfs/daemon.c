/* SPDX-License-Identifier: MIT */
#include "daemon.h"
#include "log.h"
#include "options.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static int parent = -1; /* a pipe */
static pthread_t waiter;
static sigset_t ending;
static int received;
static atomic_bool over;

void daemon_fork(void)
{
	int ends[2];
	char byte;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) != 0 || (child = fork()) < 0)
		give_up(EXIT_FAILED, "the daemon cannot be started: %s", strerror(errno));
	if (child > 0) {
		close(ends[1]);
		/* no byte: the daemon has said what is wrong, and ended */
		exit(read(ends[0], &byte, 1) == 1 ? EXIT_SUCCESS : EXIT_FAILED);
	}
	close(ends[0]);
	parent = ends[1];
	setsid();
}

void daemon_ready(void)
{
	int null, fd;

	if (parent < 0)
		return;
	log_to_syslog();
	(void)!chdir("/");
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (fd = 0; null >= 0 && fd < 3; fd++)
		dup2(null, fd);
	if (null > 2)
		close(null);
	(void)!write(parent, "", 1);
	close(parent);
	parent = -1;
}

static void ignore(int signal)
{
	(void)signal;
}

void signals_block(void)
{
	struct sigaction wake = { .sa_handler = ignore }; /* for mount_tell_to_end */
	int numbers[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR2 };
	size_t i;

	sigaction(SIGUSR1, &wake, NULL);
	signal(SIGUSR2, SIG_DFL); /* for signals_stop */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ,
	       SIG_IGN); /* a limit on file sizes is an error of a call, and not the daemon's end */
	sigemptyset(&ending);
	for (i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		sigaddset(&ending, numbers[i]);
	pthread_sigmask(SIG_BLOCK, &ending, NULL);
}

static void *wait_for_signal(void *argument)
{
	struct mount *mount = argument;
	int number;

	while (sigwait(&ending, &number) != 0)
		;
	/* relaxed: the signal orders them */
	if (number == SIGUSR2 && atomic_load_explicit(&over, memory_order_relaxed))
		return NULL;
	received = number;
	mount_tell_to_end(mount);
	return NULL;
}

int signals_start(struct mount *mount)
{
	return -pthread_create(&waiter, NULL, wait_for_signal, mount);
}

int signals_stop(void)
{
	atomic_store_explicit(&over, true, memory_order_relaxed);
	pthread_kill(waiter, SIGUSR2);
	pthread_join(waiter, NULL);
	return received;
}
