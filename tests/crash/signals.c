/* SPDX-License-Identifier: MIT */
/*
 * Signals at any moment. A thread makes calls of all kinds. A timer interrupts it, and the handler makes calls on the
 * same words and shared cursors, and every call on words of its own. The oracle judges each result of both. Neither
 * touches the other's errno. In the second test the handler jumps away, so that the thread never returns to the call
 * that was interrupted, as if it had died there.
 *
 * If an advance through the shared cursor returns 0, and the other is not in the middle of one, then one of the two
 * got an error for every record that was completed before.
 *
 * usage: signals [SECONDS]; by default 1 for each of the two tests.
 */
#include "reentrant_calls.h" /* before the names of this width mean the other one */

#include "../common/harness.h"
#include "checked_calls.h"
#include "random_timer.h"
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>

static time_t seconds = 1;

enum {
	WORDS = 2,
	INTERRUPTED = 0, /* the numbers under which the two record, and their slots */
	HANDLER = 1,
	ERRNO_OF_THE_INTERRUPTED = 4711,
	ERRNO_OF_THE_HANDLER = 4712
};

static struct arena {
	struct subject words[WORDS];
	struct position positions[2][WORDS];
	/* the notes that were visible to one of the two when it got an error through the shared cursor */
	atomic_ulong seen_through_shared[WORDS][RECORDERS];
	struct call_marker slots[2];
} arena;

/* ---- complaints: the first one is kept ------------------------------------------------------------- */

static volatile sig_atomic_t complaints, complaint_result;
static const char *volatile complaint_of, *volatile complaint;

static void complain(const char *call, const char *about, unsigned long where, int result)
{
	(void)where;
	if (complaints == 0) {
		complaint_of = call;
		complaint = about;
		complaint_result = result;
	}
	complaints = complaints + 1;
}

/* ---- shared cursors: the both advance through one ------------------ */

static volatile sig_atomic_t signals;
static volatile sig_atomic_t in_a_shared_advance;

/* The handler may come between. */
static void raise_to(atomic_ulong *number, unsigned long goal)
{
	unsigned long now = load_relaxed(number);

	while (now < goal &&
	       !atomic_compare_exchange_weak_explicit(number, &now, goal, memory_order_relaxed,
						      memory_order_relaxed))
		;
}

/*
 * An advance through the shared cursor number 0. If it returns 0, and the other of the two was not in one and made none
 * meanwhile, then one of them got an error for each record that was completed before.
 */
static void advance_together(struct call_marker *slot, unsigned w, int is_handler)
{
	sig_atomic_t signals_before = signals;
	struct snapshot before = snapshot(&arena.words[w].oracle);
	atomic_ulong *seen = arena.seen_through_shared[w];
	unsigned long notes[RECORDERS];
	int r;

	if (checked_advance_shared(slot, arena.words, w, 0)) {
		read_notes(&arena.words[w].oracle, notes);
		for (r = 0; r < RECORDERS; r++)
			raise_to(&seen[r], notes[r]);
		return;
	}
	for (r = 0; r < RECORDERS; r++)
		if (before.completed[r] > load_relaxed(&seen[r]) &&
		    (is_handler ? !in_a_shared_advance : signals == signals_before))
			complain("errseq_check_and_advance_shared",
				 "neither of the two got an error of a record that was completed "
				 "before the call (G1)",
				 w, 0);
}

/* ---- the handler --------------------------------------------------------------------------------------- */

static unsigned long interrupted_inside[CALLS];
static volatile sig_atomic_t jumps, may_jump;
static sigjmp_buf away;
static timer_t timer;
static uint64_t handler_seed = 2;

static void handle(int number)
{
	int inside = load_relaxed(&arena.slots[INTERRUPTED].inside);
	int saved = errno, i;

	(void)number;
	errno = ERRNO_OF_THE_HANDLER;
	interrupted_inside[inside]++;
	for (i = 0; i < 4; i++) {
		unsigned what = next_random(&handler_seed), w = what / 65536 % WORDS;

		if (what % 8 == 2)
			advance_together(&arena.slots[HANDLER], w, 1);
		else if (what % 4 == 2)
			checked_advance_shared(&arena.slots[HANDLER], arena.words, w, 1);
		else
			checked_any(&arena.slots[HANDLER], arena.words, w, what,
				    &arena.positions[HANDLER][w], HANDLER);
	}
	if (call_everything_on_own_words(signals % 64 == 0))
		complain("a call on a word of the handler's own", "that went wrong", 0, 0);
	if (errno != ERRNO_OF_THE_HANDLER)
		complain("a call in a signal handler", "it touched errno", 0, errno);
	errno = saved;
	signals = signals + 1;
	send_after(timer, random_delay(&handler_seed));
	if (jumps && may_jump && inside != OUTSIDE)
		siglongjmp(away, 1);
}

/* ---- the interrupted thread ------------------------------------------------------------------------------ */

static void call_once(uint64_t *seed)
{
	unsigned what = next_random(seed), w = what / 65536 % WORDS;
	struct call_marker *slot = &arena.slots[INTERRUPTED];

	if (what % 8 == 2) {
		in_a_shared_advance = 1;
		advance_together(slot, w, 0);
		in_a_shared_advance = 0;
	} else if (what % 4 == 2) {
		checked_advance_shared(slot, arena.words, w, 1);
	} else {
		checked_any(slot, arena.words, w, what, &arena.positions[INTERRUPTED][w],
			    INTERRUPTED);
	}
	if (errno != ERRNO_OF_THE_INTERRUPTED)
		complain("a call", "it touched errno", 0, errno);
}

/* The thread left a call in the middle, as if it had died there. */
static void give_up(void)
{
	unsigned w;
	int r;

	store_relaxed(&arena.slots[INTERRUPTED].inside, OUTSIDE);
	for (w = 0; w < WORDS; w++) {
		recorder_died(&arena.words[w].oracle, INTERRUPTED);
		observer_died(&arena.words[w].oracle, &arena.positions[INTERRUPTED][w]);
		if (in_a_shared_advance)
			for (r = 0; r < RECORDERS; r++)
				raise_to(&arena.seen_through_shared[w][r],
					 load_acquire(&arena.words[w].oracle.of[r].begun));
		if (!is_valid(errseq_load(&arena.words[w].word)))
			complain("errseq_load", "no word may have that value", w, 0);
	}
	in_a_shared_advance = 0;
}

static int was_interrupted_enough(void)
{
	return interrupted_inside[IN_SET] > 0 && interrupted_inside[IN_PEEK] > 0 &&
	       interrupted_inside[IN_ADVANCE] > 0 && interrupted_inside[IN_ADVANCE_SHARED] > 0;
}

static void call_for_some_seconds(int with_jumps)
{
	struct sigaction action;
	time_t end = time(NULL) + seconds;
	static uint64_t seed;
	static unsigned long calls;

	memset((void *)&arena, 0, sizeof(arena));
	arena.words[0].oracle.numbers = NUMBERS;
	arena.words[1].oracle.numbers = 1;
	memset(interrupted_inside, 0, sizeof(interrupted_inside));
	seed = 1;
	calls = 0;
	jumps = with_jumps;
	may_jump = 0;
	memset(&action, 0, sizeof(action));
	action.sa_handler = handle;
	assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
	timer = new_timer(SIGUSR1);
	send_after(timer, 1);

	if (sigsetjmp(away, 1))
		give_up();
	may_jump = 1;
	errno = ERRNO_OF_THE_INTERRUPTED;
	while (complaints == 0 &&
	       (++calls % 1024 || time(NULL) < end || !was_interrupted_enough())) {
		call_once(&seed);
		if (calls % 65536 == 0)
			restart_alarm();
	}
	may_jump = 0;
	signal(SIGUSR1, SIG_IGN);
	timer_delete(timer);
}

static void judge_all(const char *what)
{
	unsigned long inside = count_inside(what, interrupted_inside);

	if (complaints)
		fail_msg("%d complaints, the first: %s returned %d: %s", (int)complaints,
			 complaint_of, (int)complaint_result, complaint);
	words_still_work(arena.words, WORDS);
	assert_true(inside > 0 && was_interrupted_enough());
}

TEST(every_call_in_a_handler_that_interrupts_any_call_keeps_every_guarantee)
{
	call_for_some_seconds(0);
	judge_all("signals");
}

TEST(thread_that_never_comes_back_to_its_call_stops_nobody)
{
	call_for_some_seconds(1);
	judge_all("signals, after which a call was left for ever");
}

int main(int argc, char **argv)
{
	if (argc > 1)
		seconds = (time_t)number_from(argv[1], "SECONDS", 1, 86400);
	return run_all_tests();
}
