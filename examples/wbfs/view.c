/* SPDX-License-Identifier: MIT */
#include "view.h"
#include "control.h"
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * A check that changes nothing: not the word, so that others get their errors as if we were not here, and not the
 * position, so that the answer stays the same. The flag makes "for ever" longer than the word's counter.
 */
int view_check(struct view *view)
{
	/* relaxed: the caller learns that something was lost, and need not see what */
	if (atomic_load_explicit(&view->failed, memory_order_relaxed))
		return -EIO;
	/* docs: view-fsync */
	if (errseq_check(&view->mount.cache->errors, view->position) == 0)
		return 0;
	/* docs: end */
	atomic_store_explicit(&view->failed, true, memory_order_relaxed);
	return -EIO;
}

/* ---- its state file ------------------------------------------------------------------------------ */

/*
 * What is stored is the position from the mount, not a new one. If nothing failed since, the two say the same;
 * and if something fails between the check and the save, a new peek would step over it.
 */
static int save_state(struct view *view)
{
	return state_save(&view->state_file, view->lifetime,
			  view_check(view) ? STATE_FAILED : STATE_CLEAN, view->position);
}

/*
 * The view was mounted before: it goes on from where it was, if nothing failed meanwhile. Until it is
 * unmounted cleanly, the file says that it was not.
 */
static int resume(struct view *view, char error[MOUNT_ERROR_SIZE])
{
	const errseq_t *word = &view->mount.cache->errors;
	errseq_cursor_t stored;
	int found, err;

	if (state_open(&view->state_file, view->state, error) != 0)
		return -1;
	found = state_load(&view->state_file, view->lifetime, &stored, error);
	if (found < 0)
		return -1;
	err = found == 1 ? errseq_check(word, stored) : 0;
	if (err) {
		snprintf(error, MOUNT_ERROR_SIZE,
			 "an error was recorded since the view was last mounted: %s; sync or "
			 "rebuild what it is for, then remove '%.200s'",
			 control_name_of(-err), view->state);
		return -1;
	}
	if (found == 1)
		view->position = stored;
	err = state_save(&view->state_file, view->lifetime, STATE_MOUNTED, 0);
	if (err)
		snprintf(error, MOUNT_ERROR_SIZE, "'%.200s' cannot be written: %s", view->state,
			 strerror(-err));
	return err;
}

/* ---- its life ---------------------------------------------------------------------------------- */

static void *serve_view(void *argument)
{
	struct view *view = argument;
	int err;

	err = mount_serve(&view->mount);
	if (err)
		log_line("the view at '%s': %s", view->at, strerror(-err));
	pthread_mutex_lock(&view->lock);
	view->ending = true;
	pthread_mutex_unlock(&view->lock);
	if (view->state && save_state(view) != 0)
		log_line("'%s' cannot be written; it still says \"mounted\"", view->state);
	(void)mount_end(&view->mount);
	shutdown(view->client, SHUT_RDWR); /* whoever waits for the end sees it */
	return NULL;
}

static void discard(struct view *view)
{
	state_close(&view->state_file);
	if (view->client >= 0)
		close(view->client);
	pthread_mutex_destroy(&view->lock);
	free(view->state);
	free(view->at);
	free(view);
}

struct view *view_start(struct cache *cache, unsigned index, const struct view_request *request,
			int client, char error[MOUNT_ERROR_SIZE])
{
	struct view *view = calloc(1, sizeof(*view));
	int err;

	if (!view) {
		snprintf(error, MOUNT_ERROR_SIZE, "%s", strerror(ENOMEM));
		return NULL;
	}
	view->mount.cache = cache;
	view->mount.index = index;
	view->mount.view = view;
	view->strict = request->strict;
	view->state_file.directory = -1;
	view->lifetime = request->lifetime;
	view->client = fcntl(client, F_DUPFD_CLOEXEC, 0);
	pthread_mutex_init(&view->lock, NULL);
	view->at = strdup(request->at);
	view->state = request->state ? strdup(request->state) : NULL;
	if (!view->at || (request->state && !view->state)) {
		snprintf(error, MOUNT_ERROR_SIZE, "%s", strerror(ENOMEM));
		discard(view);
		return NULL;
	}
	/* docs: view-mount */
	/* An error that is in the word already stays unreported for others, and is not new for us. */
	view->position = errseq_peek(&cache->errors);
	/* docs: end */
	if (view->state && resume(view, error) != 0) {
		discard(view);
		return NULL;
	}
	if (mount_start(&view->mount, request->options, request->source, view->at, error) == 0) {
		err = pthread_create(&view->thread, NULL, serve_view, view);
		if (!err)
			return view;
		snprintf(error, MOUNT_ERROR_SIZE, "a thread: %s", strerror(err));
		(void)mount_end(&view->mount);
		mount_free(&view->mount);
	}
	if (view->state) /* it was not mounted after all */
		(void)save_state(view);
	discard(view);
	return NULL;
}

/* Whether it was unmounted; its thread may be at work on the consequences. */
bool view_is_over(struct view *view)
{
	bool over;

	pthread_mutex_lock(&view->lock);
	over = view->ending || mount_is_over(&view->mount);
	pthread_mutex_unlock(&view->lock);
	return over;
}

void view_end(struct view *view)
{
	mount_tell_to_end(&view->mount);
	view_free(view);
}

void view_free(struct view *view)
{
	pthread_join(view->thread, NULL);
	mount_free(&view->mount);
	discard(view);
}
