/* SPDX-License-Identifier: MIT */
/*
 * Words as the contract lays them out, bit by bit, without the header's own macros: if the two
 * disagree, tests fail.
 */
#ifndef ERRSEQ_TESTS_WORD_H
#define ERRSEQ_TESTS_WORD_H

#include "width.h"
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
	NO_FLAG = 0,
	REPORTED = 1 << 12,
	OBSERVED = 1 << 13,
	BOTH_FLAGS = REPORTED | OBSERVED,
};

/* The same as a constant expression. */
#define VALUE(count, flags, error) ((value_t)(count) << 14 | (flags) | (error))

static inline value_t value_of(value_t count, value_t flags, value_t error)
{
	return count << 14 | flags | error;
}

/* Around the library: what is in the memory of the word. */
static inline void put(errseq_t *word, value_t value)
{
	memcpy((void *)word, &value, sizeof(value));
}

static inline value_t get(const errseq_t *word)
{
	value_t value;

	memcpy(&value, (const void *)word, sizeof(value));
	return value;
}

/* In words, for messages. The latest eight of them stay. */
static inline const char *text_of(value_t value)
{
	static char texts[8][ERRSEQ_FORMAT_SIZE];
	static unsigned next;
	char *text = texts[next++ % 8];

	errseq_format(value, text, ERRSEQ_FORMAT_SIZE);
	return text;
}

/* Every word that can matter: no error; edges of count and errno; each combination of flags that occurs. */
static const value_t edge_counts[] = {
	0, 1, 2, 5, (value_t)1 << (COUNT_BITS - 1), LAST_COUNT - 1, LAST_COUNT
};
static const uint32_t edge_errors[] = { 1, 2, 5, 28, 2047, 2048, 4094, 4095 };
static const uint32_t valid_flags[] = { NO_FLAG, OBSERVED, BOTH_FLAGS };

enum {
	EDGE_WORDS = 1 + 7 * 8 * 3
};

static inline value_t edge_word(unsigned i)
{
	if (i == 0)
		return 0;
	i--;
	return value_of(edge_counts[i / 3 / 8], valid_flags[i % 3], edge_errors[i / 3 % 8]);
}

#endif
