/* SPDX-License-Identifier: MIT */
/*
 * No wake-up is lost while many record and many wait: nobody answers here, so that records, marks and wake-ups meet the
 * waiters at all moments. messages.c and shared.c have tests in which those who wait answer each other.
 *
 * THREADS wait.
 */
#include "run.h"

struct brew {
	errseq_t word;
	_Alignas(64) atomic_uint recording; /* recorders still at work */
};

/* The last of them records the last error. */
static void record_errors(struct worker *worker)
{
	struct brew *brew = (struct brew *)worker->room;

	do {
		record_error(&brew->word, error_of(++worker->rounds), 1);
		dawdle(worker);
	} while (goes_on(worker));
	if (atomic_fetch_sub_explicit(&brew->recording, 1, memory_order_acq_rel) == 1)
		record_error(&brew->word, -STOP, 1);
}

/*
 * What ends a wait is returned by advance, and the last error is never missed. From the beginning, because a sample
 * might come after the last error was reported.
 */
static void wait_and_advance(struct worker *worker)
{
	struct brew *brew = (struct brew *)worker->room;
	errseq_cursor_t cursor = 0;
	int err;

	do {
		err = next_error(worker, &brew->word, &cursor, 1);
		must_be(worker, err == -A || err == -B || err == -STOP, 1,
			"news at the end of a wait", cursor);
		worker->reports++;
		if (random_below(worker, 4) == 0)
			dawdle(worker);
	} while (err != -STOP);
}

static void brew_with(unsigned recorders, unsigned waiters)
{
	struct crew *crew = new_crew(sizeof(struct brew));
	struct brew *brew = (struct brew *)(void *)crew->room;
	unsigned i;

	store_relaxed(&brew->recording, recorders);
	add_workers(crew, waiters, wait_and_advance);
	add_workers(crew, recorders, record_errors);
	let_work(crew, AS_THREADS, &brew->word);
	for (i = 0; i < waiters; i++)
		must_be_at_most(&crew->workers[i], crew->workers[i].reports,
				sum_of(crew, record_errors).rounds + 1,
				"reports, held against records", 0);
	end_crew(crew);
}

STRESS_TEST(no_waiter_misses_the_last_error, brew_with(1, threads))
STRESS_TEST(no_waiter_misses_the_last_error_of_many_recorders, brew_with(threads / 2 + 1, threads))

int main(int argc, char **argv)
{
	begin_program(argc, argv);
	return run_all_tests();
}
