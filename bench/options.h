/* SPDX-License-Identifier: MIT */
#ifndef ERRSEQ_BENCH_OPTIONS_H
#define ERRSEQ_BENCH_OPTIONS_H

enum {
	MOST_TURNS = 1001
};

/* From the command line; main.c reads it. */
extern struct options {
	unsigned turns;
	double nanoseconds; /* that a turn should take */
	unsigned threads;
	unsigned words; /* not 0: of the workload words, so many words, each once */
	int is_csv, is_check;
} options;

#endif
