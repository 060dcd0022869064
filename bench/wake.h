/* SPDX-License-Identifier: MIT */
#ifndef ERRSEQ_BENCH_WAKE_H
#define ERRSEQ_BENCH_WAKE_H

#define WAKE_TITLE "from the record until the last waiting thread is awake"

/* With one waiter and with as many as there are processors left. 0, or 1 if an answer was wrong. */
int run_wakes(void);

#endif
