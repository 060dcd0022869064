/* SPDX-License-Identifier: MIT */
#include "pages.h"

#include <stdlib.h>
#include <string.h>

void page_pool_init(struct page_pool *pool, size_t limit)
{
	*pool = (struct page_pool){ .limit = limit };
	pthread_mutex_init(&pool->lock, NULL);
}

void page_pool_free(struct page_pool *pool)
{
	while (pool->free) {
		struct page *page = pool->free;

		pool->free = page->next;
		free(page);
	}
	pthread_mutex_destroy(&pool->lock);
}

static struct page *take_page(struct page_pool *pool)
{
	struct page *page;

	pthread_mutex_lock(&pool->lock);
	page = pool->free;
	if (page) {
		pool->free = page->next;
		pool->count--;
	}
	pthread_mutex_unlock(&pool->lock);
	return page ? page : malloc(sizeof(*page));
}

static void give_back(struct page_pool *pool, struct page *page)
{
	bool kept;

	pthread_mutex_lock(&pool->lock);
	kept = pool->count < pool->limit;
	if (kept) {
		page->next = pool->free;
		pool->free = page;
		pool->count++;
	}
	pthread_mutex_unlock(&pool->lock);
	if (!kept)
		free(page);
}

size_t pages_from(const struct pages *pages, off_t index)
{
	size_t low = 0, high = pages->count;

	/* most files are written from the front to the back */
	if (high > 0 && pages->sorted[high - 1]->index < index)
		return high;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (pages->sorted[middle]->index < index)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct page *pages_at(const struct pages *pages, size_t at, off_t index)
{
	if (at < pages->count && pages->sorted[at]->index == index)
		return pages->sorted[at];
	return NULL;
}

struct page *pages_insert(struct pages *pages, size_t at, off_t index)
{
	struct page *page;

	if (pages->count == pages->room) {
		size_t room = pages->room ? 2 * pages->room : 16;
		struct page **sorted = realloc(pages->sorted, room * sizeof(void *));

		if (!sorted)
			return NULL;
		pages->sorted = sorted;
		pages->room = room;
	}
	page = take_page(pages->pool);
	if (!page)
		return NULL;
	page->index = index;
	page->state = DIRTY;
	memmove(pages->sorted + at + 1, pages->sorted + at, (pages->count - at) * sizeof(void *));
	pages->sorted[at] = page;
	pages->count++;
	pages->in_state[DIRTY]++;
	return page;
}

void pages_set_state(struct pages *pages, struct page *page, enum page_state state)
{
	pages->in_state[page->state]--;
	page->state = state;
	pages->in_state[state]++;
}

void pages_drop(struct pages *pages, size_t from, enum page_state state, size_t count)
{
	size_t kept = from, i;

	for (i = from; i < pages->count; i++) {
		struct page *page = pages->sorted[i];

		if (page->state == state && count > 0) {
			pages->in_state[state]--;
			count--;
			give_back(pages->pool, page);
		} else {
			pages->sorted[kept++] = page;
		}
	}
	pages->count = kept;
}
