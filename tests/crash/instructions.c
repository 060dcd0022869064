/* SPDX-License-Identifier: MIT */
/*
 * G8, instruction by instruction: a child makes a call, and ptrace stops it before each machine instruction of it. So
 * this tests the library as it is compiled and shipped, whether its steps are atomic or not.
 *
 *	death		What is in the shared memory now is what a SIGKILL would leave now. The naive model must know
 *			it, as in die_at_step.c, and all others go on from there. For some words the child is really
 *			killed before each instruction.
 *	signals		A signal is delivered before each instruction. Its handler makes one or two other calls on the
 *			same word, and every call on words of its own. The model must give the same outcome, as in
 *			unit/interference.c, and neither of the two touches errno.
 *
 * Only on x86: on other machines, an exchange may be a loop that never succeeds while it is stopped in the middle.
 */
#if defined __linux__ && (defined __x86_64__ || defined __i386__)
#include "reentrant_calls.h" /* before the names of this width mean the other one */

#include "states_after_death.h"
#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define INSTRUMENTED 1
#elif defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define INSTRUMENTED 1
#endif
#endif
#ifndef INSTRUMENTED
#define INSTRUMENTED 0
#endif

enum {
	ERRNO_OF_THE_INTERRUPTED = 4711,
	ERRNO_OF_THE_HANDLER = 4712,
	MOST_INSTRUCTIONS = 100000 /* of a call that ends */
};

/* ---- the child ---------------------------------------------------------------------------------------- */

static void handle(int number)
{
	int saved = errno;

	(void)number;
	errno = ERRNO_OF_THE_HANDLER;
	interfere(&scene->other);
	scene->wrong += call_everything_on_own_words(0);
	scene->wrong += errno != ERRNO_OF_THE_HANDLER;
	scene->handled++;
	errno = saved;
}

/* Stops, makes the call that the parent has chosen, and so on until it is killed. */
static void call_and_stop(void)
{
	for (;;) {
		__asm__ volatile("int3" ::: "memory");
		errno = ERRNO_OF_THE_INTERRUPTED;
		scene->is_inside = 1;
		scene->result = scene->actor->library(&scene->word, &scene->dead);
		scene->is_inside = 0;
		scene->wrong += errno != ERRNO_OF_THE_INTERRUPTED;
	}
}

/* ---- the parent --------------------------------------------------------------------------------------- */

static pid_t child;

static void end_child(void)
{
	if (child > 0) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	child = 0;
}

/* Waits until the child has stopped, after an instruction or at its int3. */
static void wait_for_stop(void)
{
	int status;

	assert_int_equal(waitpid(child, &status, 0), child);
	if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGTRAP) {
		child = WIFSTOPPED(status) ? child : 0;
		end_child();
		fail_msg("the child that makes the calls ended, with status %#x", (unsigned)status);
	}
}

static void go_on_to_int3(void)
{
	assert_int_equal(ptrace(PTRACE_CONT, child, NULL, NULL), 0);
	wait_for_stop();
}

static void start_child(void)
{
	end_child(); /* of a test that failed */
	child = fork_child();
	if (child == 0) {
		unsigned i;

		signal(SIGUSR1, handle);
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
			_exit(3);
		/* Once without a stop, so that the dynamic linker has done its part. */
		for (i = 0; i < ALL_ACTORS; i++)
			actor_at(i)->library(&scene->word, &scene->dead);
		call_everything_on_own_words(1);
		call_and_stop();
	}
	wait_for_stop();
}

/* Makes the child begin the call that is laid out; it stands before its first instruction then. */
static void begin_call(const struct actor *actor)
{
	int steps;

	scene->actor = actor;
	scene->result = scene->handled = scene->wrong = 0;
	for (steps = 0; !scene->is_inside; steps++) {
		assert_true(steps < 1000);
		assert_int_equal(ptrace(PTRACE_SINGLESTEP, child, NULL, NULL), 0);
		wait_for_stop();
	}
}

/* One instruction more; returns 0 if the call has ended. */
static int step(void)
{
	assert_int_equal(ptrace(PTRACE_SINGLESTEP, child, NULL, NULL), 0);
	wait_for_stop();
	return scene->is_inside;
}

/* Returns why this cannot be done here, or NULL. */
static const char *obstacle(void)
{
	pid_t pid;

	if (INSTRUMENTED)
		return "the sanitizer's own instructions would be stepped through";
	pid = fork_child();
	if (pid == 0)
		_exit(ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0);
	if (exit_status_of(pid) != 0)
		return "ptrace is not permitted here";
	return NULL;
}

/* ---- death -------------------------------------------------------------------------------------------- */

static unsigned long instructions, stops[HAPPENED + 1];

/* Returns the stage that the call has reached by now. */
static int judge(const struct memory_state *start, const struct actor *actor, int number,
		 int reached)
{
	struct memory_state left = read_state();
	int stages = stages_of(&left, start, actor);

	if (stages == 0)
		fail_after_death("no part of the call leaves that", actor, number, start, &left);
	while (reached < HAPPENED && !(stages & reached))
		reached *= 2;
	if (!(stages & reached))
		fail_after_death("a part of the call was undone", actor, number, start, &left);
	survivors_go_on(actor, number, start, &left, 0);
	set_up(&left); /* the child notices nothing */
	stops[reached]++;
	return reached;
}

TEST(what_is_left_before_each_instruction_is_what_the_model_knows)
{
	unsigned s, c, a;

	if (obstacle())
		SKIP_BECAUSE("%s", obstacle());
	start_child();
	for (s = 0; s < COUNT_OF(starts); s++) {
		errseq_cursor_t at[MOST_CURSORS];
		unsigned positions = cursors_of(starts[s], at);

		for (c = 0; c < positions; c++)
			for (a = 0; a < ALL_ACTORS; a++) {
				const struct memory_state start = { starts[s], at[c], at[c] };
				int reached = NOTHING, number = 1;
				struct memory_state left;

				restart_alarm();
				set_up(&start);
				begin_call(actor_at(a));
				do {
					reached = judge(&start, actor_at(a), number++, reached);
					instructions++;
					assert_true(number < MOST_INSTRUCTIONS);
				} while (step());
				left = read_state();
				if (!(stages_of(&left, &start, actor_at(a)) & HAPPENED))
					fail_after_death("the call ended", actor_at(a), number,
							 &start, &left);
				go_on_to_int3();
				assert_int_equal(scene->wrong, 0);
			}
		report("words", s + 1, COUNT_OF(starts));
	}
	end_child();
	printf("%lu instructions: %lu times nothing was done yet, %lu times only the mark, %lu "
	       "times all\n",
	       instructions, stops[NOTHING], stops[MARKED], stops[HAPPENED]);
	assert_true(stops[NOTHING] > 0 && stops[MARKED] > 0 && stops[HAPPENED] > 0);
}

TEST(process_killed_before_each_instruction_leaves_what_the_model_knows)
{
	const struct memory_state start = { starts[1], 0, 0 };
	unsigned long killed = 0;
	unsigned a;

	if (obstacle())
		SKIP_BECAUSE("%s", obstacle());
	for (a = 0; a < COUNT_OF(actors); a++) {
		int inside = 1, reached = NOTHING, number, i;

		for (number = 1; inside; number++) {
			restart_alarm();
			start_child();
			set_up(&start);
			begin_call(&actors[a]);
			for (i = 1; i < number && inside; i++)
				inside = step();
			end_child();
			scene->is_inside = 0;
			reached = judge(&start, &actors[a], number, reached);
			killed++;
		}
	}
	printf("%lu killed, each before another instruction\n", killed);
	assert_true(killed > COUNT_OF(actors));
}

/* ---- signals ------------------------------------------------------------------------------------------ */

static unsigned long interrupted;

/* Returns 0 if the call has fewer instructions. */
static int interrupt_before(int number, value_t word, errseq_cursor_t cursor,
			    errseq_cursor_t other_cursor, const struct actor *actor,
			    const struct actor *first, const struct actor *second)
{
	/* The shared cursor starts where the other's plain one does. */
	const struct memory_state laid_out = { word, other_cursor, cursor };
	const struct outcome start = { word, cursor, other_cursor, other_cursor, 0, { 0, 0 } };
	const struct interferer other = {
		first, second, &scene->word, { other_cursor, &scene->shared }, { 0, 0 }
	};
	struct outcome seen;
	int i;

	set_up(&laid_out);
	scene->other = other;
	begin_call(actor);
	for (i = 1; i < number; i++)
		if (!step()) {
			go_on_to_int3();
			return 0;
		}
	assert_true(number < MOST_INSTRUCTIONS);
	assert_int_equal(ptrace(PTRACE_CONT, child, NULL, (void *)SIGUSR1), 0);
	wait_for_stop();
	assert_int_equal(scene->handled, 1);
	interrupted++;
	seen.word = get(&scene->word);
	seen.cursor = scene->dead.cursor;
	seen.other_cursor = scene->other.place.cursor;
	seen.shared = errseq_shared_cursor_get(&scene->shared);
	seen.result = scene->result;
	seen.other_result[0] = scene->other.result[0];
	seen.other_result[1] = scene->other.result[1];
	if (scene->wrong)
		fail_msg("%s, with %s before instruction %d: errno was touched, or a call on a "
			 "word of the handler's own went wrong",
			 actor->name, first->name, number);
	if (!is_allowed(&seen, word, start, actor, &scene->other))
		fail_msg("%s, with %s%s%s before instruction %d: word %#llx became %#llx, it "
			 "returned %d: no order of the two gives that",
			 actor->name, first->name, second ? " and " : "",
			 second ? second->name : "", number, (unsigned long long)word,
			 (unsigned long long)seen.word, seen.result);
	return 1;
}

TEST(signal_before_each_instruction_is_as_if_it_came_before_or_after_the_call)
{
	/* Of all that interferes, what was found to find most: B, then A again; and the winner. */
	enum {
		SET_A,
		SET_B,
		PEEK = 3,
		ADVANCE_SHARED = 7
	};
	static const struct {
		int first, second;
	} others[] = {
		{ SET_B, SET_A }, { ADVANCE_SHARED, SET_A }, { SET_B, ADVANCE_SHARED }, { PEEK, -1 }
	};
	static const unsigned on[] = { 0, 1, 2, 6 };
	unsigned s, a, o;

	if (obstacle())
		SKIP_BECAUSE("%s", obstacle());
	start_child();
	for (s = 0; s < COUNT_OF(on); s++)
		for (a = 0; a < COUNT_OF(actors); a++)
			for (o = 0; o < COUNT_OF(others); o++) {
				int number = 1;

				restart_alarm();
				while (interrupt_before(number, starts[on[s]], 0, 0, &actors[a],
							&actors[others[o].first],
							others[o].second < 0
								? NULL
								: &actors[others[o].second]))
					number++;
				report("words", s, COUNT_OF(on));
			}
	end_child();
	printf("%lu signals, each before another instruction\n", interrupted);
	assert_true(interrupted > 500);
}

int main(void)
{
	static const struct memory_state nothing;

	scene = (struct scene *)map_shared(sizeof(*scene), -1);
	set_up(&nothing);
	return run_all_tests();
}
#else
#include <stdio.h>

int main(void)
{
	printf("SKIP: crash.instructions: only x86 can be stopped before each instruction of an "
	       "exchange\n");
	return 0;
}
#endif
