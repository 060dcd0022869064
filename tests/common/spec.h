/* SPDX-License-Identifier: MIT */
/*
 * The contract's table of calls, written down once more as naively as possible: no bits, no atomics,
 * one field for each thing. Tests compare the library with it.
 */
#ifndef ERRSEQ_TESTS_SPEC_H
#define ERRSEQ_TESTS_SPEC_H

#include "word.h"
#include <errno.h>

struct spec {
	value_t count; /* modulo 2^18, or 2^50 */
	int observed;
	int reported;
	int error; /* 0 or positive */
};

static inline struct spec spec_from(value_t value)
{
	struct spec spec = { value / 16384, value / 8192 % 2 != 0, value / 4096 % 2 != 0,
			     (int)(value % 4096) };

	return spec;
}

static inline value_t spec_value(const struct spec *spec)
{
	return spec->count * 16384 + (spec->observed ? 8192 : 0) + (spec->reported ? 4096 : 0) +
	       (value_t)spec->error;
}

static inline int spec_same(const struct spec *spec, value_t cursor)
{
	struct spec other = spec_from(cursor);

	return spec->count == other.count && spec->error == other.error;
}

static inline int spec_set(struct spec *spec, int err)
{
	if (err > -1 || err < -4095)
		return -EINVAL;
	if (spec->observed)
		spec->count = spec->count == LAST_COUNT ? 0 : spec->count + 1;
	spec->error = -err;
	spec->observed = 0;
	spec->reported = 0;
	return 0;
}

static inline value_t spec_sample(const struct spec *spec)
{
	return spec->reported ? spec_value(spec) : 0;
}

static inline value_t spec_peek(struct spec *spec)
{
	if (spec->error == 0)
		return 0;
	spec->observed = 1;
	return spec_value(spec);
}

static inline int spec_check(const struct spec *spec, value_t since)
{
	return spec_same(spec, since) ? 0 : -spec->error;
}

static inline int spec_check_and_advance(struct spec *spec, value_t *since)
{
	if (spec_same(spec, *since))
		return 0;
	if (spec->error != 0) { /* flags without an errno are no valid word */
		spec->observed = 1;
		spec->reported = 1;
	}
	*since = spec_value(spec);
	return -spec->error;
}

static inline int spec_settle(struct spec *spec, value_t at)
{
	if (spec->error == 0 || !spec_same(spec, at))
		return 0;
	spec->observed = 1;
	spec->reported = 1;
	return 1;
}

#endif
