/* SPDX-License-Identifier: MIT */
/*
 * Which atomic accesses each call makes, on all its paths: the shipped source runs over the <stdatomic.h> that
 * writes down each step, from every kind of word and cursor, with any one or two other calls in between, and with
 * exchanges that fail. Prints "CALL: TRACE", as often as it comes. steps.sh compares them with the machine that
 * proofs/Machine.v speaks of.
 */
#include "../common/harness.h"
#include "../common/actors.h"
#include "../shim/trace.h"

static void follow(value_t start, errseq_cursor_t cursor, errseq_cursor_t other_cursor,
		   const struct actor *actor, const struct actor *first, const struct actor *second)
{
	int step;

	for (step = 1;; step++) {
		errseq_shared_cursor_t shared;
		struct place place = { cursor, &shared };
		struct interferer other = {
			first, second, NULL, { other_cursor, &shared }, { 0, 0 }
		};
		errseq_t word;
		const char *trace;

		put(&word, start);
		errseq_shared_cursor_init(&shared, other_cursor);
		other.word = &word;
		trace_call_cursor(&shared);
		trace_begin(step, interfere, &other);
		actor->library(&word, &place);
		trace = trace_end();
		printf("%s: %s\n", strncmp(actor->name, "set ", 4) == 0 ? "set" : actor->name,
		       trace);
		if (trace_steps() < step)
			return;
	}
}

int main(void)
{
	unsigned s, c, o, a, first, second;

	for (s = 0; s < COUNT_OF(starts); s++)
		for (c = 0; c < COUNT_OF(cursors); c++)
			for (o = 0; o < COUNT_OF(cursors); o++)
				for (a = 0; a < COUNT_OF(actors); a++)
					for (first = 0; first < COUNT_OF(actors); first++)
						for (second = 0; second <= COUNT_OF(actors);
						     second++)
							if (may_stand_there(cursors[c],
									    starts[s]) &&
							    may_stand_there(cursors[o], starts[s]))
								follow(starts[s], cursors[c],
								       cursors[o], &actors[a],
								       &actors[first],
								       second ? &actors[second - 1]
									      : NULL);
	return 0;
}
