/* SPDX-License-Identifier: MIT */
/*
 * A set of byte strings that numbers them: states, and sets of explanations. It is emptied for each of
 * hundreds of thousands of programs and asked many millions of times, so it is not libc's.
 */
#include "explore.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *grow(void *memory, size_t count, size_t size)
{
	memory = realloc(memory, count * size);
	if (!memory) {
		fprintf(stderr, "explore: no memory for %zu bytes: take a smaller bound\n",
			count * size);
		exit(2);
	}
	return memory;
}

static uint32_t hash_of(const unsigned char *key, size_t length)
{
	uint64_t hash = 0x9e3779b97f4a7c15u + length;

	while (length > 0) {
		uint64_t part = 0;
		size_t n = length < 8 ? length : 8;

		memcpy(&part, key, n);
		hash = (hash ^ part) * 0xff51afd7ed558ccdu;
		hash ^= hash >> 29;
		key += n;
		length -= n;
	}
	return (uint32_t)(hash ^ hash >> 32);
}

static void make_room(struct table *table, size_t length)
{
	struct slot *old = table->slots;
	uint32_t i;

	if (table->used + length > table->room) {
		table->room = 2 * (table->used + length);
		table->bytes = grow(table->bytes, table->room, 1);
	}
	if (table->count < table->most)
		return;
	/* twice as many slots as strings, and all find a new one */
	table->most = table->count ? 2 * table->count : 1024;
	table->offsets = grow(table->offsets, (size_t)table->most + 1, sizeof(*table->offsets));
	table->slots = grow(NULL, 2 * (size_t)table->most, sizeof(*table->slots));
	memset(table->slots, 0, 2 * (size_t)table->most * sizeof(*table->slots));
	for (i = 0; old && i <= table->slot_mask; i++) {
		uint32_t slot = old[i].hash & (2 * table->most - 1);

		if (old[i].number == 0)
			continue;
		while (table->slots[slot].number)
			slot = (slot + 1) & (2 * table->most - 1);
		table->slots[slot] = old[i];
	}
	free(old);
	table->slot_mask = 2 * table->most - 1;
	table->offsets[0] = 0;
}

uint32_t table_put(struct table *table, const void *key, size_t length, int *is_new)
{
	uint32_t hash = hash_of(key, length), slot;

	make_room(table, length);
	for (slot = hash & table->slot_mask; table->slots[slot].number;
	     slot = (slot + 1) & table->slot_mask) {
		uint32_t number = table->slots[slot].number - 1;
		size_t offset;

		if (table->slots[slot].hash != hash)
			continue;
		offset = table->offsets[number];
		if (table->offsets[number + 1] - offset == length &&
		    memcmp(table->bytes + offset, key, length) == 0) {
			*is_new = 0;
			return number;
		}
	}
	table->slots[slot] = (struct slot){ hash, ++table->count };
	memcpy(table->bytes + table->used, key, length);
	table->used += length;
	table->offsets[table->count] = table->used;
	*is_new = 1;
	return table->count - 1;
}

const void *table_get(const struct table *table, uint32_t number, size_t *length)
{
	size_t offset = table->offsets[number];

	if (length)
		*length = table->offsets[number + 1] - offset;
	return table->bytes + offset;
}

void table_clear(struct table *table)
{
	if (table->slots)
		memset(table->slots, 0, ((size_t)table->slot_mask + 1) * sizeof(*table->slots));
	table->used = 0;
	table->count = 0;
}
