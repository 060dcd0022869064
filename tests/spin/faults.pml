/* SPDX-License-Identifier: MIT */
/*
 * Faults: for each -DFAULT_name, what takes the place of the part of the same name in errseq.pml. Without one, this file
 * is empty. spin.sh lists them with the scenario and the property that catch them, and fails if this file has one more.
 */

/* The comparison */

#ifdef FAULT_compares_the_flags_too
#undef same
#define same(a, b) ((a) == (b))
#endif
#ifdef FAULT_compares_the_errno_only
#undef same
#define same(a, b) (((a) & ERRNO) == ((b) & ERRNO))
#endif
#ifdef FAULT_compares_the_counter_only
#undef same
#define same(a, b) ((a) / STEP == (b) / STEP)
#endif

/* set */

#ifdef FAULT_set_forgets_the_counter
#undef next_value
#define next_value(old, err) ((old) / STEP * STEP + (err))
#endif
#ifdef FAULT_set_tests_reported
#undef next_value
#define next_value(old, err) ((old) / STEP * STEP + ((old) & REPORTED -> STEP : 0) + (err))
#endif
#ifdef FAULT_set_keeps_the_flags
#undef next_value
#define next_value(old, err) ((old) / STEP * STEP + ((old) & OBSERVED -> STEP : 0) + ((old) & FLAGS) + (err))
#endif
#ifdef FAULT_set_keeps_observed /* breaks no guarantee by itself, but each later error takes a step */
#undef next_value
#define next_value(old, err) ((old) / STEP * STEP + ((old) & OBSERVED -> STEP : 0) + ((old) & OBSERVED) + (err))
#endif
#ifdef FAULT_set_always_counts /* likewise */
#undef next_value
#define next_value(old, err) ((old) / STEP * STEP + STEP + (err))
#endif
#ifdef FAULT_set_drops_the_counter
#undef next_value
#define next_value(old, err) (err)
#endif
#ifdef FAULT_set_counts_twice /* half the way round */
#undef next_value
#define next_value(old, err) ((old) / STEP * STEP + ((old) & OBSERVED -> 2 * STEP : 0) + (err))
#endif
#ifdef FAULT_set_mixes_the_errnos /* as an `or` onto the old value would */
#undef next_value
#define next_value(old, err) ((old) / STEP * STEP + ((old) & OBSERVED -> STEP : 0) + ((old) & ERRNO | (err)))
#endif
#ifdef FAULT_set_stores /* no exchange: what came between load and store is lost */
#undef is_still
#define is_still(old) true
#endif
#ifdef FAULT_set_keeps_its_guess /* and fails for ever */
#undef better_guess
#define better_guess() old
#endif

/* sample */

#ifdef FAULT_sample_returns_unreported
#undef sampled
#define sampled(value) (value)
#endif
#ifdef FAULT_sample_tests_observed
#undef sampled
#define sampled(value) ((value) & OBSERVED -> (value) : 0)
#endif
#ifdef FAULT_sample_returns_0
#undef sampled
#define sampled(value) 0
#endif
#ifdef FAULT_sample_marks_reported /* it returns 0 and is told later, but the next newcomer is not */
#define replaced_sample
inline sample(c, since)
{
	d_step {
		since = sampled(word);
		word = (word > 0 -> word | FLAGS : 0);
		took_by_sample(c, since);
		printf("cursor %d: sample marks, the word is <%d>, position <%d>\n", c, word, since)
	}
}
#endif
#ifdef FAULT_sample_marks_observed /* corner 4 of the list's forms: breaks nothing, but takes a step each time */
#define replaced_sample
inline sample(c, since)
{
	d_step {
		since = sampled(word);
		word = (word > 0 -> word | OBSERVED : 0);
		took_by_sample(c, since);
		printf("cursor %d: sample marks, the word is <%d>, position <%d>\n", c, word, since)
	}
}
#endif

/* peek */

#ifdef FAULT_peek_reports
#undef PEEK_FLAGS
#define PEEK_FLAGS FLAGS
#endif
#ifdef FAULT_peek_does_not_mark /* it returns a value with the flag, which the word does not have */
#define replaced_peek_marks
inline peek_marks()
{
	now = now | OBSERVED
}
#endif
#ifdef FAULT_peek_gives_up /* corner 1: compare-exchange, and if it fails, the position that it tried to store */
#define replaced_peek_marks
inline peek_marks()
{
	word = (word == now -> now | OBSERVED : word);
	now = now | OBSERVED
}
#endif
#ifdef FAULT_peek_stores /* what came between load and store is lost */
#define replaced_peek_marks
inline peek_marks()
{
	word = now | OBSERVED;
	now = now | OBSERVED
}
#endif
#ifdef FAULT_peek_returns_what_it_loaded /* no guarantee breaks: that stood in the word while peek ran; but I1 does */
#define replaced_peek_marks
inline peek_marks()
{
	word = word | OBSERVED;
	now = now | OBSERVED
}
#endif
#ifdef FAULT_peek_marks_a_word_never_set
#undef peek_is_marked
#define peek_is_marked(now) (now & OBSERVED)
#endif

/* advance, plain and shared */

#ifdef FAULT_advance_gives_up /* corner 1: compare-exchange, and if it fails, the cursor that it tried to store */
#define replaced_advance_marks
inline advance_marks()
{
	word = (word == now -> now | FLAGS : word);
	now = now | FLAGS
}
#endif
#ifdef FAULT_advance_stores
#define replaced_advance_marks
inline advance_marks()
{
	word = now | FLAGS;
	now = now | FLAGS
}
#endif
#ifdef FAULT_advance_returns_what_it_loaded /* and marks another as reported */
#define replaced_advance_marks
inline advance_marks()
{
	word = word | FLAGS;
	now = now | FLAGS
}
#endif
#ifdef FAULT_advance_forgets_observed
#undef ADVANCE_FLAGS
#define ADVANCE_FLAGS REPORTED
#endif
#ifdef FAULT_advance_forgets_reported
#undef ADVANCE_FLAGS
#define ADVANCE_FLAGS OBSERVED
#endif
#ifdef FAULT_advance_does_not_mark
#undef ADVANCE_FLAGS
#define ADVANCE_FLAGS 0
#endif
#ifdef FAULT_advance_takes_observed_for_marked /* and reports nothing that was peeked at */
#undef is_marked
#define is_marked(seen) (seen == 0 || (seen & OBSERVED))
#endif
#ifdef FAULT_advance_marks_a_word_never_set
#undef is_marked
#define is_marked(seen) ((seen & FLAGS) == FLAGS)
#endif

/* shared cursors */

#ifdef FAULT_shared_stores_the_cursor /* instead of exchanging it */
#undef shared_is_still
#define shared_is_still(at) true
#endif
#ifdef FAULT_loser_returns_0 /* `now` for the cursor: the same, which ends the call with 0 */
#define replaced_load_again
inline load_again()
{
	at = now
}
#endif
#ifdef FAULT_loser_returns_the_error
#define replaced_load_again
inline load_again()
{
	d_step {
		advanced(SHARED, now);
		at = now
	}
}
#endif
#ifdef FAULT_loser_keeps_its_cursor /* and fails for ever */
#define replaced_load_again
inline load_again()
{
	load_word()
}
#endif
#ifdef FAULT_loser_keeps_its_word
#define replaced_load_again
inline load_again()
{
	at = shared
}
#endif
#ifdef FAULT_loser_reads_the_word_first
#define replaced_load_again
inline load_again()
{
	d_step {
		load_word();
		printf("sharer %d: loads the word again <%d>\n", me, now)
	}
	d_step {
		at = shared;
		printf("sharer %d: loads the cursor again <%d>\n", me, at)
	}
}
#endif
#ifdef FAULT_word_read_before_the_cursor
#define replaced_load_shared
inline load_shared()
{
	d_step {
		begins();
		past_then = past[SHARED];
		load_word();
		printf("sharer %d: loads the word <%d>\n", me, now)
	}
	d_step {
		at = shared;
		printf("sharer %d: loads the cursor <%d>\n", me, at)
	}
}
#endif
#ifdef FAULT_shared_marks_after_the_exchange
#define replaced_check_and_advance_shared
inline check_and_advance_shared()
{
	load_shared();
	do
	:: d_step {
		same(now, at) ->
		returned_0(SHARED);
		printf("sharer %d: advance returns 0\n", me)
	   } -> break
	:: d_step {
		!same(now, at) && shared_is_still(at) ->
		shared = (now > 0 -> now | FLAGS : 0);
		advanced(SHARED, shared);
		printf("sharer %d: exchanges the cursor <%d> for <%d>, returns its error\n", me, at, shared)
	   };
	   d_step {
		word = (word > 0 -> word | FLAGS : 0);
		printf("sharer %d: advance marks, the word is <%d>\n", me, word)
	   } -> break
	:: !same(now, at) && !shared_is_still(at) ->
	   load_again()
	od
}
#endif

/* two phases */

#ifdef FAULT_settle_marks_by_an_or
#undef settle_is_still
#define settle_is_still(now) true
#endif
#ifdef FAULT_settle_compares_the_flags_too
#undef settle_tries
#define settle_tries(now, at) (now != 0 && now == at)
#endif
#ifdef FAULT_settle_compares_the_errno_only
#undef settle_tries
#define settle_tries(now, at) (now != 0 && ((now) & ERRNO) == ((at) & ERRNO))
#endif
#ifdef FAULT_settle_tries_once
#undef MOST_TRIES
#define MOST_TRIES 1
#endif
#ifdef FAULT_settle_marks_a_word_never_set
#undef settle_tries
#define settle_tries(now, at) same(now, at)
#endif
#ifdef FAULT_settle_forgets_reported
#undef SETTLE_FLAGS
#define SETTLE_FLAGS OBSERVED
#endif
#ifdef FAULT_move_stores
#undef move_is_still
#define move_is_still(from) true
#endif
#ifdef FAULT_peeks_before_it_gets
#define replaced_get_and_peek
inline get_and_peek(c)
{
	peek(c, since);
	d_step {
		at = shared;
		printf("cursor %d: gets the shared cursor <%d>\n", c, at)
	}
}
#endif
