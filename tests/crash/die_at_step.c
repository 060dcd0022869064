/* SPDX-License-Identifier: MIT */
/*
 * G8, step by step: a caller dies just before each atomic step of each call, on every kind of word and cursor. By the
 * naive model it leaves one of these, and nothing else (states_after_death.h); all others go on from there:
 *
 *	the call did not happen
 *	the call happened, and nobody got its result. If a plain cursor outlives its owner, advance may have marked
 *	the word and not have moved it: then the heir gets the error again.
 *	an advance through a shared cursor marked the word and did not move the cursor: the next call through it gets
 *	the error. Only newcomers take the error for reported.
 *
 * A caller dies in two ways. A killed process leaves only what is mapped. A thread that never returns to its call
 * leaves also what the library might hold in its own memory, such as a lock; this is cheaper, so it is tried on every
 * edge of errno and counter. errseq_format and the accessors take no atomic step.
 *
 * usage: die_at_step [all]; with "all", processes are killed on every edge too: some 15000 of them.
 */
#include "../shim/trace.h"
#include "states_after_death.h"
#include <setjmp.h>
#include <signal.h>

/* ---- the ways to die -------------------------------------------------------------------------------- */

static jmp_buf away;

static void never_come_back(void *argument)
{
	(void)argument;
	longjmp(away, 1);
}

/* These return 1 if the caller died before that step of the call, 0 if the call has fewer steps. */
static int leave(const struct actor *actor, int step)
{
	if (setjmp(away)) {
		trace_end();
		return 1;
	}
	trace_begin(step, never_come_back, NULL);
	actor->library(&scene->word, &scene->dead);
	trace_end();
	return 0;
}

static void kill_self(void *argument)
{
	(void)argument;
	raise(SIGKILL);
}

static int kill_process(const struct actor *actor, int step)
{
	pid_t child = fork_child();
	int status;

	if (child == 0) {
		trace_begin(step, kill_self, NULL);
		actor->library(&scene->word, &scene->dead);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return 1;
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	return 0;
}

/* ---- the deaths ------------------------------------------------------------------------------------ */

static unsigned long deaths, in_the_middle, early_marks;

static void die_before_each_step(int (*die)(const struct actor *, int), const struct actor *actor,
				 value_t word, errseq_cursor_t cursor, int pairs)
{
	const struct memory_state start = { word, cursor, cursor };
	int step, reached = NOTHING;

	for (step = 1;; step++) {
		struct memory_state left;
		int died, stages;

		set_up(&start);
		died = die(actor, step);
		left = read_state();
		stages = stages_of(&left, &start, actor);
		if (stages == 0)
			fail_after_death("no part of the call leaves that", actor, step, &start,
					 &left);
		if (died && step == 1 && !(stages & NOTHING))
			fail_after_death("nothing was done yet", actor, step, &start, &left);
		if (!died && !(stages & HAPPENED))
			fail_after_death("the call ended", actor, step, &start, &left);
		while (reached < HAPPENED && !(stages & reached))
			reached *= 2;
		if (!(stages & reached))
			fail_after_death("a part of the call was undone", actor, step, &start,
					 &left);
		survivors_go_on(actor, step, &start, &left, pairs);
		if (!died)
			return;
		deaths++;
		in_the_middle += step > 1;
		early_marks += stages == MARKED;
	}
}

static void die_on_each(const value_t *words, unsigned count, int (*die)(const struct actor *, int),
			int pairs)
{
	unsigned w, c, a;

	deaths = in_the_middle = early_marks = 0;
	for (w = 0; w < count; w++) {
		value_t word = words ? words[w] : edge_word(w);
		errseq_cursor_t at[MOST_CURSORS];
		unsigned positions = cursors_of(word, at);

		for (c = 0; c < positions; c++)
			for (a = 0; a < ALL_ACTORS; a++) {
				restart_alarm();
				die_before_each_step(die, actor_at(a), word, at[c], pairs);
			}
		if (w % 16 == 15)
			report("words", w + 1, count);
	}
	printf("%lu deaths, %lu of them after the first step; %lu left a mark and no more\n",
	       deaths, in_the_middle, early_marks);
	assert_true(in_the_middle > 250);
	assert_true(early_marks > 10);
}

static int kill_on_every_edge;

TEST(process_killed_before_any_step_leaves_what_the_model_knows_and_others_go_on)
{
	die_on_each(starts, COUNT_OF(starts), kill_process, 1);
	if (kill_on_every_edge)
		die_on_each(NULL, EDGE_WORDS, kill_process, 0);
}

TEST(thread_that_leaves_before_any_step_leaves_what_the_model_knows_and_others_go_on)
{
	die_on_each(starts, COUNT_OF(starts), leave, 1);
	die_on_each(NULL, EDGE_WORDS, leave, 0);
}

/* ---- deaths between the two phases ------------------------------------------------------------------- */

/* The recipe in errseq.h: get, peek, deliver, move, settle. */
static int library_two_phases(errseq_t *word, struct place *place)
{
	errseq_cursor_t from = errseq_shared_cursor_get(place->shared), at = errseq_peek(word);

	scene->handled = 1; /* delivered */
	return errseq_shared_cursor_move(place->shared, from, at) && errseq_settle(word, at);
}

TEST(caller_that_dies_before_it_has_settled_leaves_the_error_to_newcomers)
{
	static const struct actor two_phases = { "two phases", library_two_phases, NULL, 0 };
	static int (*const ways[])(const struct actor *, int) = { kill_process, leave };
	const struct memory_state start = { VALUE(0, NO_FLAG, 5), 0, 0 };
	unsigned way;

	for (way = 0; way < COUNT_OF(ways); way++) {
		int step, died = 1, deaths_of[2] = { 0, 0 };

		for (step = 1; died; step++) {
			errseq_cursor_t newcomer;

			set_up(&start);
			scene->handled = 0;
			died = ways[way](&two_phases, step);
			deaths_of[scene->handled] += died;
			assert_int_equal(errseq_check_shared(&scene->word, &scene->shared),
					 errseq_shared_cursor_get(&scene->shared) ? 0 : -5);
			newcomer = errseq_sample(&scene->word);
			assert_int_equal(errseq_check_and_advance(&scene->word, &newcomer),
					 died ? -5 : 0);
			assert_int_equal(get(&scene->word), VALUE(0, BOTH_FLAGS, 5));
		}
		/* before get, load and or; delivered, before the move, the load and the exchange */
		assert_int_equal(deaths_of[0], 3);
		assert_int_equal(deaths_of[1], 3);
	}
}

/* ---- deaths in a call that was interfered with ------------------------------------------------------ */

/*
 * As before, but others did one or two things to the word before one step of the call, and the caller dies
 * before a later one. The call may have happened before, between or after these; an advance through the shared
 * cursor may have marked the word in each round that it lost.
 */
static int may_be_left(value_t word, const struct memory_state *start, const struct actor *actor,
		       errseq_cursor_t other_cursor, const struct memory_state *left)
{
	const struct actor *steps[2] = { scene->other.first, scene->other.second };
	int after, marks, i;

	for (after = 0; after <= 3; after++) /* 3: not at all */
		for (marks = 0; marks < (actor->marks_early ? 8 : 1); marks++) {
			errseq_cursor_t cursor = start->cursor, other = other_cursor,
					shared = start->shared;
			struct spec spec = spec_from(word);
			int results[2] = { 0, 0 }, news = 0;

			for (i = 0; i <= 2; i++) {
				news |= spec.error != 0 && !spec_same(&spec, shared);
				if (marks >> i & 1 && news)
					spec.observed = spec.reported = 1;
				if (i == after)
					actor->model(&spec, &cursor, &shared);
				if (i < 2 && steps[i])
					results[i] = steps[i]->model(&spec, &other, &shared);
			}
			if (left->word == spec_value(&spec) && left->shared == shared &&
			    (left->cursor == cursor || left->cursor == start->cursor) &&
			    scene->other.place.cursor == other &&
			    scene->other.result[0] == results[0] &&
			    scene->other.result[1] == results[1])
				return 1;
		}
	return 0;
}

static int interfered, die_at;

static void interfere_and_die_later(void *argument)
{
	interfere(argument);
	interfered = 1;
	trace_begin(die_at, never_come_back, NULL);
}

/* Returns 1 if the caller died; interfered says whether the others came before. */
static int leave_after_interference(const struct actor *actor, int step)
{
	interfered = 0;
	if (setjmp(away)) {
		trace_end();
		return 1;
	}
	trace_begin(step, interfere_and_die_later, &scene->other);
	actor->library(&scene->word, &scene->dead);
	trace_end();
	return 0;
}

static void die_after_interference(const struct memory_state *start, errseq_cursor_t other_cursor,
				   const struct actor *actor, const struct actor *first,
				   const struct actor *second)
{
	const struct interferer other = {
		first, second, &scene->word, { other_cursor, &scene->shared }, { 0, 0 }
	};
	int step = 1;

	for (die_at = 1;; die_at++) {
		struct memory_state left;
		int died;

		set_up(start);
		scene->other = other;
		died = leave_after_interference(actor, step);
		if (!interfered)
			return; /* the call has fewer steps */
		left = read_state();
		if (!may_be_left(start->word, start, actor, other_cursor, &left))
			fail_after_death(second ? second->name : first->name, actor,
					 step + die_at - 1, start, &left);
		deaths += (unsigned)died;
		if (!died) {
			step++;
			die_at = 0;
		}
	}
}

TEST(caller_that_dies_after_others_interfered_leaves_what_the_model_knows)
{
	unsigned s, c, o, a, first, second;

	deaths = 0;
	for (s = 0; s < COUNT_OF(starts); s++)
		for (c = 0; c < COUNT_OF(cursors); c++)
			for (o = 0; o < COUNT_OF(cursors); o++) {
				/* The shared cursor starts where the other's plain one does. */
				const struct memory_state start = { starts[s], cursors[o],
								    cursors[c] };

				if (!may_stand_there(cursors[c], starts[s]) ||
				    !may_stand_there(cursors[o], starts[s]))
					continue;
				restart_alarm();
				for (a = 0; a < COUNT_OF(actors); a++)
					for (first = 0; first < COUNT_OF(actors); first++)
						for (second = 0; second <= COUNT_OF(actors);
						     second++)
							die_after_interference(
								&start, cursors[o], &actors[a],
								&actors[first],
								second ? &actors[second - 1]
								       : NULL);
			}
	printf("%lu deaths in calls that one or two others interfered with\n", deaths);
	assert_true(deaths > 5000);
}

int main(int argc, char **argv)
{
	kill_on_every_edge = argc > 1 && strcmp(argv[1], "all") == 0;
	if (argc > 2 || (argc > 1 && !kill_on_every_edge)) {
		fprintf(stderr, "die_at_step: '%s': \"all\" or nothing is expected here\n",
			argv[1]);
		return 2;
	}
	scene = (struct scene *)map_shared(sizeof(*scene), -1);
	return run_all_tests();
}
