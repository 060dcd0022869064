/* SPDX-License-Identifier: MIT */
#include "names.h"

#include <stdlib.h>
#include <string.h>

struct name {
	STAILQ_ENTRY(name) link;
	fuse_ino_t parent;
	struct inode *directory; /* is held, so that nobody else becomes `parent` */
	char text[];
};

static struct name *take_oldest(struct names *names)
{
	struct name *name = STAILQ_FIRST(&names->list);

	if (name) {
		STAILQ_REMOVE_HEAD(&names->list, link);
		names->count--;
	}
	return name;
}

static void discard(struct name *name)
{
	inode_drop(name->directory);
	free(name);
}

/* A thread of its own: the kernel locks the directory, and may hold it for a request that waits for us. */
static void *forget_oldest(void *argument)
{
	struct names *names = argument;

	pthread_mutex_lock(&names->lock);
	while (!names->stopping) {
		struct name *name;

		if (names->count <= names->limit) {
			pthread_cond_wait(&names->too_many, &names->lock);
			continue;
		}
		name = take_oldest(names);
		pthread_mutex_unlock(&names->lock);
		/* fails if the name is gone, which is as good */
		(void)fuse_lowlevel_notify_inval_entry(names->session, name->parent, name->text,
						       strlen(name->text));
		discard(name);
		pthread_mutex_lock(&names->lock);
	}
	pthread_mutex_unlock(&names->lock);
	return NULL;
}

int names_start(struct names *names, struct fuse_session *session, size_t limit)
{
	names->session = session;
	names->limit = limit;
	STAILQ_INIT(&names->list);
	pthread_mutex_init(&names->lock, NULL);
	pthread_cond_init(&names->too_many, NULL);
	return pthread_create(&names->thread, NULL, forget_oldest, names);
}

void names_note(struct names *names, fuse_ino_t parent, struct inode *directory, const char *text)
{
	size_t size = strlen(text) + 1;
	struct name *name = malloc(sizeof(*name) + size);

	if (!name)
		return;
	name->parent = parent;
	name->directory = directory;
	inode_hold(directory);
	memcpy(name->text, text, size);
	pthread_mutex_lock(&names->lock);
	STAILQ_INSERT_TAIL(&names->list, name, link);
	if (++names->count > names->limit)
		pthread_cond_signal(&names->too_many);
	pthread_mutex_unlock(&names->lock);
}

void names_stop(struct names *names)
{
	struct name *name;

	pthread_mutex_lock(&names->lock);
	names->stopping = true;
	pthread_cond_signal(&names->too_many);
	pthread_mutex_unlock(&names->lock);
	pthread_join(names->thread, NULL);
	while ((name = take_oldest(names)))
		discard(name);
	pthread_cond_destroy(&names->too_many);
	pthread_mutex_destroy(&names->lock);
}
