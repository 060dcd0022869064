/* SPDX-License-Identifier: MIT */
/* What bench prints: tables for people, or CSV for programs; with --check only what was checked. */
#ifndef ERRSEQ_BENCH_REPORT_H
#define ERRSEQ_BENCH_REPORT_H

#include <stdio.h>

/* Everything that a figure depends on. */
void report_circumstances(void);

void report_contestants(FILE *out);

/* A table begins. @number is how many threads, observers or words there are. */
void report_head(const char *workload, const char *title, const char *unit, unsigned long number);

/* The row of a contestant: its times, turn by turn, in nanoseconds a call, and the floor's. */
void report_row(const char *workload, unsigned long number, const char *contestant,
		const double *times, const double *floor, unsigned turns);

#endif
