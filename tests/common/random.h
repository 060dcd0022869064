/* SPDX-License-Identifier: MIT */
/* Random numbers that a seed repeats (splitmix64). Each user has a state of its own. */
#ifndef ERRSEQ_TESTS_RANDOM_H
#define ERRSEQ_TESTS_RANDOM_H

#include <stdint.h>

static inline unsigned next_random(uint64_t *state)
{
	uint64_t mix = *state += UINT64_C(0x9e3779b97f4a7c15);

	mix = (mix ^ mix >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	mix = (mix ^ mix >> 27) * UINT64_C(0x94d049bb133111eb);
	return (unsigned)((mix ^ mix >> 31) >> 32);
}

#endif
