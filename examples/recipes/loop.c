/* SPDX-License-Identifier: MIT */
/* An event loop (poll, epoll, libuv): an eventfd wakes it, the word says what happened. */
#include "recipe.h"

#include <poll.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
	ROUNDS = 2000
};

struct watch {
	errseq_t errors;
	int event; /* non-blocking */
	errseq_cursor_t since;
	int got;
	void (*meanwhile)(struct watch *);
};

/* docs: loop */
static void fail(struct watch *watch, int err)
{
	uint64_t one = 1;

	errseq_set(&watch->errors, err); /* first record, then wake */
	while (write(watch->event, &one, sizeof one) < 0 && errno == EINTR)
		continue; /* EAGAIN: it is readable already */
}

static void on_readable(struct watch *watch)
{
	uint64_t count;
	int err;

	while (read(watch->event, &count, sizeof count) < 0 && errno == EINTR)
		continue; /* first make it unreadable, then look */
	err = errseq_check_and_advance(&watch->errors, &watch->since);
	if (err)
		watch->got = err;
}
/* docs: end */

static void naive_on_readable(struct watch *watch)
{
	uint64_t count;
	int err = errseq_check_and_advance(&watch->errors, &watch->since);

	if (err)
		watch->got = err;
	if (watch->meanwhile)
		watch->meanwhile(watch);
	if (read(watch->event, &count, sizeof count) < 0)
		return;
}

static bool readable(const struct watch *watch)
{
	struct pollfd poll_fd = { watch->event, POLLIN, 0 };

	return poll(&poll_fd, 1, 0) == 1;
}

static void open_watch(struct watch *watch)
{
	*watch = (struct watch){ .event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC) };
	if (watch->event < 0) {
		perror("loop: eventfd");
		exit(2);
	}
}

static void *fail_often(void *argument)
{
	for (int i = 0; i < 20; i++)
		fail((struct watch *)argument, i == 19 ? -ENOSPC : -EIO);
	return NULL;
}

static void *run_loop(void *argument)
{
	for (int i = 0; i < 20; i++)
		if (readable((struct watch *)argument))
			on_readable((struct watch *)argument);
	return NULL;
}

static void fail_once_more(struct watch *watch)
{
	fail(watch, -ENOSPC);
}

int main(void)
{
	struct watch watch;
	long lost = 0;

	open_watch(&watch);
	puts("recipe");
	expect("  without an error the loop sleeps", readable(&watch), false);
	fail(&watch, -EIO);
	expect("  an error wakes it", readable(&watch), true);
	on_readable(&watch);
	expect("  it gets", watch.got, -EIO);
	expect("  and sleeps again", readable(&watch), false);
	close(watch.event);

	printf("two threads, %d rounds\n", ROUNDS);
	for (int i = 0; i < ROUNDS; i++) {
		open_watch(&watch);
		at_once(fail_often, run_loop, &watch);
		if (readable(&watch))
			on_readable(&watch);
		lost += watch.got != -ENOSPC;
		close(watch.event);
	}
	expect("  rounds in which the last error was lost", lost, 0);

	puts("naive: first look, then make it unreadable; an error comes in between");
	open_watch(&watch);
	watch.meanwhile = fail_once_more;
	fail(&watch, -EIO);
	naive_on_readable(&watch);
	expect("  it gets", watch.got, -EIO);
	expect("  and sleeps, although there is", readable(&watch), false);
	expect("  another error", errseq_check(&watch.errors, watch.since), -ENOSPC);
	close(watch.event);
	return verdict();
}
