/* SPDX-License-Identifier: MIT */
#include "control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	int number;
} errnos[] = {
	{ "ok", 0 },
	{ "EIO", EIO },
	{ "ENOSPC", ENOSPC },
	{ "EDQUOT", EDQUOT },
	{ "EFBIG", EFBIG },
	{ "EROFS", EROFS },
	{ "ENXIO", ENXIO },
	{ "ENODEV", ENODEV },
	{ "ETIMEDOUT", ETIMEDOUT },
	{ "ENOLINK", ENOLINK },
	{ "EREMOTEIO", EREMOTEIO },
	{ "ESTALE", ESTALE },
};

const char *control_name_of(int err)
{
	static _Thread_local char number[12];
	size_t i;

	for (i = 0; i < sizeof(errnos) / sizeof(*errnos); i++)
		if (errnos[i].number == err)
			return errnos[i].name;
	snprintf(number, sizeof(number), "%d", err);
	return number;
}

/* An errno, 0 for "ok", or -1. */
static int number_of(const char *word)
{
	char *end;
	long number;
	size_t i;

	for (i = 0; i < sizeof(errnos) / sizeof(*errnos); i++)
		if (strcmp(errnos[i].name, word) == 0)
			return errnos[i].number;
	number = strtol(word, &end, 10);
	return end > word && !*end && number > 0 && number <= MAX_FUSE_ERRNO ? (int)number : -1;
}

ssize_t control_read(struct cache *cache, char *data, size_t size, off_t offset)
{
	char text[16];
	size_t length;
	/* relaxed: a number, and nothing comes with it */
	int injected = atomic_load_explicit(&cache->injected, memory_order_relaxed);

	snprintf(text, sizeof(text), "%s\n", control_name_of(injected));
	length = strlen(text);
	if (offset >= (off_t)length)
		return 0;
	if (size > length - (size_t)offset)
		size = length - (size_t)offset;
	memcpy(data, text + offset, size);
	return (ssize_t)size;
}

ssize_t control_write(struct cache *cache, const char *data, size_t size)
{
	size_t length = size;
	char word[16];
	int err = 0;

	while (length > 0 && (data[length - 1] == '\n' || data[length - 1] == ' '))
		length--;
	if (length >= sizeof(word))
		return -EINVAL;
	memcpy(word, data, length);
	word[length] = 0;
	if (strcmp(word, "sync") == 0) {
		cache_sync(cache); /* as sync(2): what fails is recorded, and nobody is told here */
	} else if (strcmp(word, "evict") == 0) {
		err = cache_evict(cache);
	} else {
		int number = number_of(word);

		if (number < 0)
			return -EINVAL;
		/* relaxed: who writes back after this write returned sees it, for the kernel orders them */
		atomic_store_explicit(&cache->injected, number, memory_order_relaxed);
	}
	return err ? err : (ssize_t)size;
}
