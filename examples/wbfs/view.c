/* SPDX-License-Identifier: MIT */
#include "view.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

//[view]
/* Before it is mounted: what is in the word already is other people's, and stays owed to them. */
static void take_position(struct view *view)
{
	view->position = errseq_peek(&view->mount.cache->errors);
}

/*
 * A look that changes nothing: not the word, so that others are told as if we were not here, and not the
 * position, so that the answer stays the same. The flag makes "for ever" longer than the word's counter.
 */
int view_check(struct view *view)
{
	/* relaxed: the flag stands for an error that somebody was already told of */
	if (atomic_load_explicit(&view->failed, memory_order_relaxed))
		return -EIO;
	if (errseq_check(&view->mount.cache->errors, view->position) == 0)
		return 0;
	atomic_store_explicit(&view->failed, true, memory_order_relaxed);
	return -EIO;
}
//[/view]

/* ---- its life ---------------------------------------------------------------------------------- */

static void *serve_view(void *argument)
{
	struct view *view = argument;

	(void)mount_serve(&view->mount);
	pthread_mutex_lock(&view->lock);
	view->ending = true;
	pthread_mutex_unlock(&view->lock);
	mount_end(&view->mount);
	close(view->client);
	return NULL;
}

struct view *view_start(struct cache *cache, unsigned index, const struct view_request *request,
			int client, char error[MOUNT_ERROR_SIZE])
{
	struct view *view = calloc(1, sizeof(*view));
	int err;

	if (!view || !(view->at = strdup(request->at))) {
		free(view);
		snprintf(error, MOUNT_ERROR_SIZE, "out of memory");
		return NULL;
	}
	view->mount.cache = cache;
	view->mount.index = index;
	view->mount.view = view;
	view->strict = request->strict;
	view->client = client;
	pthread_mutex_init(&view->lock, NULL);
	take_position(view);
	err = mount_start(&view->mount, request->options, request->source, view->at, error);
	if (!err) {
		err = pthread_create(&view->thread, NULL, serve_view, view);
		if (!err)
			return view;
		snprintf(error, MOUNT_ERROR_SIZE, "a thread could not be started: %s",
			 strerror(err));
		mount_end(&view->mount);
	}
	pthread_mutex_destroy(&view->lock);
	free(view->at);
	free(view);
	return NULL;
}

/* Whether it was unmounted; its thread may be at work on the consequences. */
bool view_is_over(struct view *view)
{
	bool over;

	pthread_mutex_lock(&view->lock);
	over = view->ending;
	if (!over) {
		struct pollfd session = { .fd = fuse_session_fd(view->mount.session) };

		over = poll(&session, 1, 0) == 1 && session.revents & POLLERR;
	}
	pthread_mutex_unlock(&view->lock);
	return over;
}

/* Its thread sleeps in libfuse, which looks at the session's exit flag when a signal wakes it. */
void view_tell_to_end(struct view *view)
{
	const struct timespec moment = { .tv_nsec = 5000000 };
	bool ending = false;

	while (!ending) {
		pthread_mutex_lock(&view->lock);
		ending = view->ending;
		if (!ending) {
			fuse_session_exit(view->mount.session);
			pthread_kill(view->thread, SIGUSR1);
		}
		pthread_mutex_unlock(&view->lock);
		nanosleep(&moment, NULL);
	}
}

void view_free(struct view *view)
{
	pthread_join(view->thread, NULL);
	pthread_mutex_destroy(&view->lock);
	free(view->at);
	free(view);
}
