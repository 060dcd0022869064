/* SPDX-License-Identifier: MIT */
/*
 * Counts failures without errseq, and compares with it what each observer gets: the latest error if there
 * was one since the observer last asked, and 0 if not.
 */
#include "writeback.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned looks, reports, wrong;

/* One line, in one piece, whichever thread it comes from. */
void say(const char *who, const char *format, ...)
{
	char line[160];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	printf("%-9s  %s\n", who, line);
}

const char *in_words(int err)
{
	return err ? strerror(-err) : "0, nothing new";
}

void start_thread(pthread_t *thread, void *(*function)(void *), void *argument)
{
	if (pthread_create(thread, NULL, function, argument) != 0) {
		fprintf(stderr, "writeback: a thread could not be started\n");
		exit(EXIT_NOT_SAFE);
	}
}

void expect_failure(struct file *file, int err)
{
	pthread_mutex_lock(&file->lock);
	file->failures++;
	file->latest = err;
	pthread_mutex_unlock(&file->lock);
}

static void judge(const char *who, const struct file *file, unsigned *knows, int got)
{
	int expected = file->failures > *knows ? file->latest : 0;

	looks++;
	reports += got != 0;
	if (got != expected) {
		wrong++;
		say(who, "WRONG: this should be: %s", in_words(expected));
	}
	*knows = file->failures;
}

static void judge_fsync(struct handle *handle, const char *where, int got)
{
	say(handle->name, "fsync%s: %s", where, in_words(got));
	judge(handle->name, handle->file, &handle->knows, got);
	if (got)
		handle->file->reported = handle->file->failures;
}

int fsync_and_judge(struct handle *handle)
{
	int err = handle_fsync(handle);

	judge_fsync(handle, "", err);
	return err;
}

static void *fsync_in_thread(void *argument)
{
	return (void *)(intptr_t)handle_fsync(argument);
}

/* Two threads fsync one handle at once: one of them, either one, gets the error. */
void fsync_twice_and_judge(struct handle *handle)
{
	pthread_t thread;
	int mine, other;
	void *result;

	start_thread(&thread, fsync_in_thread, handle);
	mine = handle_fsync(handle);
	pthread_join(thread, &result);
	other = (int)(intptr_t)result;
	judge_fsync(handle, " in a thread", mine ? mine : other);
	judge_fsync(handle, " in another at once", mine ? other : 0);
}

void look_and_judge(struct view *view)
{
	int err = view_look(view);

	say(view->name, "looks: %s", in_words(err));
	judge(view->name, view->file, &view->knows, err);
}

int verdict(void)
{
	if (wrong)
		printf("\nverdict: WRONG %u times in %u looks\n", wrong, looks);
	else
		printf("\nverdict: right: in %u looks, %u reports; each observer got each error "
		       "that was new to it once, and nothing else\n",
		       looks, reports);
	return wrong ? EXIT_WRONG : EXIT_SAFE;
}
