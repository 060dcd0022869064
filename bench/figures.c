/* SPDX-License-Identifier: MIT */
#include "figures.h"

#include <stdlib.h>

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

struct range range_of(const double *times, const double *floor, unsigned turns)
{
	static double sorted[MOST_TURNS];
	unsigned i;

	for (i = 0; i < turns; i++)
		sorted[i] = times[i] / (floor ? floor[i] : 1);
	qsort(sorted, turns, sizeof(double), compare);
	return (struct range){ sorted[turns / 2], sorted[0], sorted[turns - 1] };
}
