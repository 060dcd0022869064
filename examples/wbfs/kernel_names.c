/* SPDX-License-Identifier: MIT */
#include "kernel_names.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	PATIENCE_SECONDS = 5
};

struct name {
	TAILQ_ENTRY(name) link;
	LIST_ENTRY(name) bucket;
	fuse_ino_t parent;
	struct inode *directory; /* is held, so that no other inode becomes `parent` */
	char text[];
};

/* FNV-1a */
static struct name_bucket *bucket_of(struct kernel_names *names, fuse_ino_t parent,
				     const char *text)
{
	uint64_t hash = 0xcbf29ce484222325u ^ parent;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
	return &names->buckets[hash % NAME_BUCKETS];
}

static struct name *find(struct kernel_names *names, fuse_ino_t parent, const char *text)
{
	struct name *name = LIST_FIRST(bucket_of(names, parent, text));

	while (name && (name->parent != parent || strcmp(name->text, text) != 0))
		name = LIST_NEXT(name, bucket);
	return name;
}

static void take_out(struct kernel_names *names, struct name *name)
{
	TAILQ_REMOVE(&names->list, name, link);
	LIST_REMOVE(name, bucket);
	names->count--;
}

static void discard(struct name *name)
{
	inode_drop(name->directory);
	free(name);
}

/* A thread of its own: the kernel locks the directory, and may hold that lock for a request that waits for us. */
static void *forget_oldest(void *argument)
{
	struct kernel_names *names = argument;

	pthread_mutex_lock(&names->lock);
	while (!names->stopping) {
		struct name *name = TAILQ_FIRST(&names->list);

		if (names->count <= names->limit) {
			pthread_cond_wait(&names->too_many, &names->lock);
			continue;
		}
		take_out(names, name);
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

void kernel_names_init(struct kernel_names *names, struct fuse_session *session, size_t limit)
{
	*names = (struct kernel_names){ .session = session, .limit = limit };
	TAILQ_INIT(&names->list);
	pthread_mutex_init(&names->joining, NULL);
	pthread_mutex_init(&names->lock, NULL);
	pthread_cond_init(&names->too_many, NULL);
}

int kernel_names_start(struct kernel_names *names)
{
	int err;

	pthread_mutex_lock(&names->joining);
	err = pthread_create(&names->thread, NULL, forget_oldest, names);
	names->started = !err;
	pthread_mutex_unlock(&names->joining);
	return -err;
}

void kernel_names_note(struct kernel_names *names, fuse_ino_t parent, struct inode *directory,
		       const char *text)
{
	size_t size = strlen(text) + 1;
	struct name *name;

	pthread_mutex_lock(&names->lock);
	name = find(names, parent, text);
	if (name) {
		TAILQ_REMOVE(&names->list, name, link);
		TAILQ_INSERT_TAIL(&names->list, name, link);
	}
	pthread_mutex_unlock(&names->lock);
	if (name)
		return;
	name = malloc(sizeof(*name) + size);
	if (!name)
		return;
	name->parent = parent;
	name->directory = directory;
	inode_hold(directory);
	memcpy(name->text, text, size);
	/* if another thread does the same, the name is in the list twice for a while */
	pthread_mutex_lock(&names->lock);
	TAILQ_INSERT_TAIL(&names->list, name, link);
	LIST_INSERT_HEAD(bucket_of(names, parent, text), name, bucket);
	if (++names->count > names->limit)
		pthread_cond_signal(&names->too_many);
	pthread_mutex_unlock(&names->lock);
}

bool kernel_names_remove(struct kernel_names *names, fuse_ino_t parent, const char *text)
{
	struct name *name;

	pthread_mutex_lock(&names->lock);
	name = find(names, parent, text);
	if (name)
		take_out(names, name);
	pthread_mutex_unlock(&names->lock);
	if (name)
		discard(name);
	return name != NULL;
}

bool kernel_names_stop(struct kernel_names *names)
{
	struct timespec end;
	bool stopped;

	pthread_mutex_lock(&names->lock);
	names->stopping = true;
	pthread_cond_signal(&names->too_many);
	pthread_mutex_unlock(&names->lock);
	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += PATIENCE_SECONDS;
	pthread_mutex_lock(&names->joining);
	stopped = !names->started || pthread_timedjoin_np(names->thread, NULL, &end) == 0;
	names->started = !stopped;
	pthread_mutex_unlock(&names->joining);
	return stopped;
}

void kernel_names_free(struct kernel_names *names)
{
	struct name *name, *next;

	for (name = TAILQ_FIRST(&names->list); name; name = next) {
		next = TAILQ_NEXT(name, link);
		take_out(names, name);
		discard(name);
	}
	pthread_cond_destroy(&names->too_many);
	pthread_mutex_destroy(&names->lock);
	pthread_mutex_destroy(&names->joining);
}
