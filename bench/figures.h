/* SPDX-License-Identifier: MIT */
#ifndef ERRSEQ_BENCH_FIGURES_H
#define ERRSEQ_BENCH_FIGURES_H

enum {
	MOST_TURNS = 1001
};

/* A series of turns in three numbers. */
struct range {
	double median, lowest, highest;
};

/* Of the times, each divided by the floor's time in the same turn unless @floor is null. Changes neither. */
struct range range_of(const double *times, const double *floor, unsigned turns);

#endif
