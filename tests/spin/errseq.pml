/* SPDX-License-Identifier: MIT */
/*
 * The algorithm of src/errseq.c in Promela, for spin: a second witness beside tests that run the C code. It
 * follows docs/algorithm.md and shares no code with them; names and order of the steps are those of the C source.
 *
 * What is modelled. One word, written as in C but smaller: errno in 2 bits (A, B), the two flags, and a counter modulo
 * COUNTS. Who takes part is chosen by -D macros (spin.sh has the scenarios):
 *
 *	recorders	record A or B, RECORDS times each
 *	observers	hold a cursor from the beginning, check and advance LOOKS times
 *	newcomers	sample and advance, LOOKS times
 *	peekers		peek, then look through that position
 *	checkers	sample or peek, and only ever check
 *	sharers		check and advance through one shared cursor
 *	claimers	claim an error through that cursor, and settle it: two phases
 *
 * One step of the model (a d_step, or a lone assignment) is one atomic operation of the machine and no more, and says
 * in a comment which line of C it is; between any two of them anybody else may move, or the one who made the first
 * may never make the second. What a call computes from what it has read belongs to the step before or after.
 *
 * What must hold. Errors are numbered 1, 2, 3 ... as they are recorded. Ghosts, which no call of the algorithm reads,
 * note who was told of which number; they know neither counter nor flags. A call is judged at its return by them
 * alone. Each value that is read from the word has the number of the error it stood for beside it, so that a call's
 * result has one too. The guarantees by name:
 *
 *	G1 nothing missed	a call returns 0 only if its cursor is past all that was recorded before it began
 *	G2 once			advance tells a cursor of a number that is greater than what it was told before
 *	G3 owed to somebody	a newcomer who sampled what nobody was told of is not turned away with 0
 *	G4 peek takes nothing	nor if somebody peeked at it. Besides: the ghosts of others do not know of peeks
 *	G5 flags are not news	no cursor is told of an error that it was past when it was taken
 *	G7 latest		the number told is not older than the call
 *	G9 settled by name	settle returns 1 and marks if its position is the latest error; else 0, and marks nothing
 *	G8 anywhere		the word is valid after each step, nobody waits, some call always ends, and a process
 *				that dies (MORTAL) stops nobody
 *
 * G6 is not here. It is about memory order, and spin knows only one: all steps of all processes in one sequence.
 * docs/memory-model.md and tests/unit/orders.c are about G6. For the same reason "set exchanges also when nothing
 * changes" cannot be told from its opposite here.
 *
 * Shared cursors. Between the mark and the exchange of the cursor the word says "reported" though nobody was told yet.
 * A newcomer may take that as told or not; this is all that the ghosts allow, see `being_told`.
 *
 * Faults. faults.pml puts a wrong part in the place of a right one, if -DFAULT_name says so: a macro below, or an inline
 * that stands in #ifndef. spin.sh shows that each fault is caught. ghosts.pml has the ghosts and the assertions.
 */

#ifndef COUNTS
#define COUNTS 4 /* the counter is taken modulo this */
#endif
#ifndef RECORDERS
#define RECORDERS 1
#endif
#ifndef RECORDS
#define RECORDS 2
#endif
#ifndef OBSERVERS
#define OBSERVERS 0
#endif
#ifndef NEWCOMERS
#define NEWCOMERS 0
#endif
#ifndef PEEKERS
#define PEEKERS 0
#endif
#ifndef CHECKERS
#define CHECKERS 0
#endif
#ifndef SHARERS
#define SHARERS 0
#endif
#ifndef CLAIMERS
#define CLAIMERS 0
#endif
#ifndef LOOKS
#define LOOKS 2
#endif
#ifndef START
#define START 0 /* where observers and the shared cursor stand at first */
#endif

/* The word: value = counter * STEP + flags + errno, as in errseq.h. */
#define A	 1
#define B	 2
#define ERRNO	 3
#define REPORTED 4
#define OBSERVED 8
#define FLAGS	 (REPORTED + OBSERVED)
#define STEP	 16
/* A cursor from another word's life, which this word never comes near. */
#define FOREIGN	 ((COUNTS - 1) * STEP + FLAGS + A)

byte word;
byte shared = START; /* the shared cursor */

/* What the calls decide and compute between two steps. */

/* ERRSEQ_SAME_ */
#define same(a, b) (((a) | FLAGS) == ((b) | FLAGS))

/* errseq_set: "the counter as it is, no flags, the new errno", and the counter moves if the old value is observed */
#define next_value(old, err) ((old) / STEP * STEP + ((old) & OBSERVED -> STEP : 0) + (err))

/* errseq_set, compare-exchange: whether it can succeed, and what it leaves in `old` if it does not */
#define is_still(old) (word == old)
#define better_guess() word

/* errseq_sample: return */
#define sampled(value) ((value) & REPORTED -> (value) : 0)

/* errseq_peek: when there is nothing to mark; else which flag */
#define peek_is_marked(now) (now == 0 || (now & OBSERVED))
#define PEEK_FLAGS OBSERVED

/* errseq_mark_: when there is nothing to mark; else which flags */
#define is_marked(seen) (seen == 0 || (seen & FLAGS) == FLAGS)
#define ADVANCE_FLAGS FLAGS

/* errseq_advance_shared_, compare-exchange of the cursor: whether it succeeds */
#define shared_is_still(at) (shared == at)

/* errseq_settle: whether it tries, how often; compare-exchange: whether it succeeds, and which flags it sets */
#define settle_tries(now, at) (now != 0 && same(now, at))
#define MOST_TRIES 3
#define settle_is_still(now) (word == now)
#define SETTLE_FLAGS FLAGS

/* errseq_shared_cursor_move, compare-exchange: whether it succeeds */
#define move_is_still(from) (shared == from)

#include "ghosts.pml"
#include "faults.pml"

/* The weak compare-exchange may fail for no reason, though not for ever: where that matters, once a call. */
#if defined LIVE || defined ENDLESS || defined ENDS
#define may_fail_for_no_reason() may_fail
#define fails_for_no_reason() may_fail = false
#define returns_at_last() may_fail = true
#else
#define may_fail_for_no_reason() true
#define fails_for_no_reason() skip
#define returns_at_last() skip
#endif

inline set(err)
{
	old = word; /* errseq_set: atomic_load_explicit, relaxed */
	do
	:: d_step { /* errseq_set: atomic_compare_exchange_weak_explicit succeeds */
		is_still(old) ->
		word = next_value(old, err) % (STEP * COUNTS);
		records(old, err);
		printf("recorder %d: exchange <%d> for <%d>, %d is recorded\n", me, old, word, recorded)
	   } -> break
	:: d_step { /* the same fails, for the word is another */
		!is_still(old) ->
		printf("recorder %d: exchange of <%d> fails, finds <%d>\n", me, old, word);
		old = better_guess()
	   }
	:: d_step { /* the same fails spuriously: the weak form may, though not for ever */
		is_still(old) && may_fail_for_no_reason() ->
		fails_for_no_reason();
		printf("recorder %d: exchange of <%d> fails for no reason\n", me, old)
	   }
	od;
	returns_at_last()
}

#ifndef replaced_sample
inline sample(c, since)
{
	d_step { /* errseq_sample: ERRSEQ_LOAD_, acquire */
		since = sampled(word);
		took_by_sample(c, since);
		printf("cursor %d: sample loads <%d>, position <%d>\n", c, word, since)
	}
}
#endif

/* errseq_peek: atomic_fetch_or_explicit, acquire; `now` is what was there, with the flag */
#ifndef replaced_peek_marks
inline peek_marks()
{
	load_word();
	word = word | PEEK_FLAGS;
	now = now | PEEK_FLAGS
}
#endif

inline peek(c, since)
{
	d_step { /* errseq_peek: atomic_load_explicit, acquire */
		begins();
		load_word();
		printf("cursor %d: peek loads <%d>\n", c, now);
		if
		:: peek_is_marked(now) -> /* errseq_peek: first return */
			since = now;
			took_by_peek(c, since)
		:: else
		fi
	}
	if
	:: peek_is_marked(now)
	:: d_step { /* errseq_peek: atomic_fetch_or_explicit, acquire, and second return */
		!peek_is_marked(now) ->
		peek_marks();
		since = now;
		took_by_peek(c, since);
		printf("cursor %d: peek marks, the word is <%d>, returns <%d>\n", c, word, since)
	   }
	fi
}

/* The error of cursor c at position `since` was delivered. */
inline settle(c, since)
{
	d_step { /* errseq_settle: atomic_load_explicit, relaxed */
		now = word;
		tries = 0;
		printf("cursor %d at <%d>: settle loads <%d>\n", c, since, now)
	}
	do
	:: d_step { /* errseq_settle: return 0 */
		tries == MOST_TRIES || !settle_tries(now, since) ->
		did_not_settle(c);
		printf("cursor %d: settle returns 0\n", c)
	   } -> break
	:: d_step { /* errseq_settle: atomic_compare_exchange_strong_explicit succeeds, return 1 */
		tries < MOST_TRIES && settle_tries(now, since) && settle_is_still(now) ->
		word = word | SETTLE_FLAGS;
		settled(c);
		printf("cursor %d: settle marks, the word is <%d>, returns 1\n", c, word)
	   } -> break
	:: d_step { /* the same fails */
		tries < MOST_TRIES && settle_tries(now, since) && !settle_is_still(now) ->
		printf("cursor %d: settle's exchange of <%d> fails, finds <%d>\n", c, now, word);
		now = word;
		tries++
	   }
	od
}

inline check(c, since)
{
	d_step { /* errseq_check: ERRSEQ_LOAD_, relaxed, and either return */
		begins();
		load_word();
		printf("cursor %d at <%d>: check loads <%d>\n", c, since, now);
		if
		:: same(now, since) -> returned_0(c)
		:: else -> showed(c, now, past[c])
		fi
	}
}

/* errseq_mark_: atomic_fetch_or_explicit, acquire; `now` is what was there, with the flags */
#ifndef replaced_advance_marks
inline advance_marks()
{
	load_word();
	word = word | ADVANCE_FLAGS;
	now = now | ADVANCE_FLAGS
}
#endif

inline check_and_advance(c, since)
{
	d_step { /* errseq_check_and_advance: ERRSEQ_LOAD_, relaxed */
		begins();
		load_word();
		printf("cursor %d at <%d>: advance loads <%d>\n", c, since, now);
		if
		:: same(now, since) -> /* errseq_check_and_advance: return 0 */
			returned_0(c)
		:: !same(now, since) && is_marked(now) -> /* errseq_advance_, errseq_mark_: ERRSEQ_ACQUIRE_ only */
			since = now;
			advanced(c, now);
			printf("cursor %d: advance returns the error of <%d>\n", c, now)
		:: else
		fi
	}
	if
	:: same(now, since)
	:: d_step { /* errseq_advance_, errseq_mark_: atomic_fetch_or_explicit, acquire */
		!same(now, since) ->
		advance_marks();
		since = now;
		advanced(c, now);
		printf("cursor %d: advance marks, the word is <%d>, returns the error of <%d>\n", c, word, now)
	   }
	fi
}

/* The loads of errseq_check_shared and errseq_check_and_advance_shared: the cursor first */
#ifndef replaced_load_shared
inline load_shared()
{
	d_step { /* ERRSEQ_LOAD_ of the cursor, acquire */
		begins();
		at = shared;
		past_then = past[SHARED];
		printf("sharer %d: loads the cursor <%d>\n", me, at)
	}
	d_step { /* ERRSEQ_LOAD_ of the word, relaxed */
		load_word();
		printf("sharer %d: loads the word <%d>\n", me, now)
	}
}
#endif

inline check_shared()
{
	load_shared();
	d_step { /* errseq_check_shared, errseq_check: either return */
		if
		:: same(now, at) -> returned_0(SHARED)
		:: else -> showed(SHARED, now, past_then)
		fi;
		printf("sharer %d: check at <%d> returns\n", me, at)
	}
}

/* errseq_advance_shared_, after a failed exchange: the cursor, then the word */
#ifndef replaced_load_again
inline load_again()
{
	d_step { /* errseq_advance_shared_: atomic_load_explicit of the cursor, acquire */
		at = shared;
		printf("sharer %d: loads the cursor again <%d>\n", me, at)
	}
	d_step { /* errseq_advance_shared_: atomic_load_explicit of the word, relaxed */
		load_word();
		printf("sharer %d: loads the word again <%d>\n", me, now)
	}
}
#endif

#ifndef replaced_check_and_advance_shared
inline check_and_advance_shared()
{
	load_shared();
	do
	:: d_step { /* errseq_check_and_advance_shared, and end of errseq_advance_shared_: return 0 */
		same(now, at) ->
		returned_0(SHARED);
		being_told[me] = 0;
		printf("sharer %d: advance returns 0\n", me)
	   } -> break
	:: !same(now, at) ->
	   if
	   :: is_marked(now) /* errseq_mark_: ERRSEQ_ACQUIRE_ only */
	   :: d_step { /* errseq_mark_: atomic_fetch_or_explicit, acquire */
		!is_marked(now) ->
		advance_marks();
		being_told[me] = number;
		printf("sharer %d: advance marks, the word is <%d>\n", me, word)
	      }
	   fi;
	   if
	   :: d_step { /* errseq_advance_shared_: atomic_compare_exchange_strong_explicit succeeds */
		shared_is_still(at) ->
		shared = now;
		advanced(SHARED, now);
		being_told[me] = 0;
		printf("sharer %d: exchanges the cursor <%d> for <%d>, returns its error\n", me, at, now)
	      } -> break
	   :: d_step { /* the same fails */
		!shared_is_still(at) ->
		printf("sharer %d: exchange of the cursor <%d> fails, it is <%d>\n", me, at, shared)
	      };
	      load_again()
	   fi
	od
}
#endif

/* The recipe in errseq.h for two phases with a shared cursor, which is moved before the delivery. */
#ifndef replaced_get_and_peek
inline get_and_peek(c)
{
	d_step { /* errseq_shared_cursor_get: atomic_load_explicit, acquire */
		at = shared;
		printf("cursor %d: gets the shared cursor <%d>\n", c, at)
	}
	peek(c, since)
}
#endif

inline claim_and_settle(c)
{
	get_and_peek(c);
	if
	:: d_step { /* errseq_cursor_same */
		same(since, at) ->
		returned_0(SHARED)
	   }
	:: d_step { /* errseq_shared_cursor_move: atomic_compare_exchange_strong_explicit succeeds */
		!same(since, at) && move_is_still(at) ->
		shared = since;
		claimed(SHARED, since);
		printf("cursor %d: moves the shared cursor <%d> to <%d>, has claimed its error\n", c, at, since)
	   };
	   settle(c, since)
	:: d_step { /* the same fails: another call claimed it */
		!same(since, at) && !move_is_still(at) ->
		printf("cursor %d: the shared cursor is <%d>, and does not move\n", c, shared)
	   }
	fi
}

/* How often a process calls: a number of times; observers for ever (LIVE); all until they feel like stopping (ENDLESS). */
#ifdef ENDLESS
#define recording(left) :: true ->
#define recorded_all(left) :: true -> break
#define counted(left) skip
#else
#define recording(left) :: left > 0 ->
#define recorded_all(left) :: left == 0 -> break
#define counted(left) left--
#endif
#ifdef LIVE
#define looking(left) :: true ->
#define looked_enough(left)
#define looked(left) skip
#else
#define looking recording
#define looked_enough recorded_all
#define looked counted
#endif

/* A process dies where it stands when `victim` becomes its number. */
#ifdef MORTAL
byte victim;
#define or_dies(c) unless { d_step { victim == _pid -> dead[c] = true; printf("process %d dies\n", _pid) } }
#else
#define or_dies(c)
#endif

proctype recorder(byte me)
{
	byte old, err, left = RECORDS;
	bool may_fail = true;

	{
		do
		recording(left)
			if
			:: err = A
#ifndef ONLY_A
			:: err = B
#endif
			fi;
			set(err);
			progress: counted(left)
		recorded_all(left)
		od
	} or_dies(NOBODY)
}

#if OBSERVERS
proctype observer(byte c)
{
	byte since = START, now, number, began, left = LOOKS;

	{
		do
		looking(left)
			if
			:: check_and_advance(c, since)
#ifdef CHECK /* not with LIVE: who is to be told at last must not check for ever */
			:: check(c, since)
#endif
			fi;
			progress: looked(left)
		looked_enough(left)
		od
	} or_dies(c)
}
#endif

#if NEWCOMERS
proctype newcomer(byte c)
{
	byte since, now, number, began, left = LOOKS;

	{
		do
		looking(left)
			sample(c, since);
			check_and_advance(c, since);
			progress: looked(left)
		looked_enough(left)
		od
	} or_dies(c)
}
#endif

#if PEEKERS
proctype peeker(byte c)
{
	byte since, now, number, began, left = LOOKS;
#ifdef SETTLE
	byte tries;
#endif

	{
		peek(c, since);
		do
		looking(left)
			if
			:: check(c, since)
			:: check_and_advance(c, since)
			:: peek(c, since)
#ifdef SETTLE
			:: settle(c, since)
#endif
			fi;
			progress: looked(left)
		looked_enough(left)
		od
	} or_dies(c)
}
#endif

#if CLAIMERS
proctype claimer(byte c)
{
	byte since, at, now, number, began, tries, left = LOOKS;

	{
		do
		looking(left)
			claim_and_settle(c);
			progress: looked(left)
		looked_enough(left)
		od
	} or_dies(c)
}
#endif

#if CHECKERS
proctype checker(byte c)
{
	byte since, now, number, began, left = LOOKS;

	{
		if
		:: sample(c, since)
		:: peek(c, since)
		fi;
		do
		looking(left)
			check(c, since);
			progress: looked(left)
		looked_enough(left)
		od
	} or_dies(c)
}
#endif

#if SHARERS
proctype sharer(byte me)
{
	byte at, now, number, began, past_then, left = LOOKS;

	{
		do
		looking(left)
			if
			:: check_and_advance_shared()
#ifdef CHECK
			:: check_shared()
#endif
			fi;
			progress: looked(left)
		looked_enough(left)
		od
	} or_dies(NOBODY)
}
#endif

init {
	byte c = 0, i = 0;

	atomic {
#if OBSERVERS
		do
		:: i < OBSERVERS -> run observer(c); c++; i++
		:: else -> i = 0; break
		od;
#endif
#if NEWCOMERS
		do
		:: i < NEWCOMERS -> run newcomer(c); c++; i++
		:: else -> i = 0; break
		od;
#endif
#if PEEKERS
		do
		:: i < PEEKERS -> run peeker(c); c++; i++
		:: else -> i = 0; break
		od;
#endif
#if CHECKERS
		do
		:: i < CHECKERS -> run checker(c); c++; i++
		:: else -> i = 0; break
		od;
#endif
#if CLAIMERS
		do
		:: i < CLAIMERS -> run claimer(c); c++; i++
		:: else -> i = 0; break
		od;
#endif
#if SHARERS
		do
		:: i < SHARERS -> run sharer(i); i++
		:: else -> i = 0; break
		od;
#endif
		do
		:: i < RECORDERS -> run recorder(i); i++
		:: else -> i = 0; break
		od
	}
#ifdef MORTAL
	select (i : 0 .. PARTIES);
	victim = i
#endif
}

#ifdef WRAP
/* not so, if there are enough errors and looks: then the bound of G1 can be reached */
ltl never_goes_round { [] !went_round }
/* errors that nobody took a position at cost no step of the counter */
ltl counter_counts_positions { [] (word / STEP == steps % COUNTS) }
#endif

/* G8: errno 0 only in the all-zero word, reported implies observed; the same of the shared cursor */
#define valid_value(v) ((v == 0 || (v & ERRNO)) && (!(v & REPORTED) || (v & OBSERVED)))
ltl valid { [] (valid_value(word) && valid_value(shared)) }

#ifndef ENDLESS
/* G3, and I4 of src/errseq.c: what the word says of the debt is so */
#define somebody_is_told (told || is_being_told(recorded))
ltl reported_is_told { [] ((word & REPORTED) -> somebody_is_told) }
ltl told_is_reported { [] (told -> (word & REPORTED)) }
/* G3: an error is owed to newcomers until somebody is told of it, or of a later one */
ltl stays_owed { [] ((recorded > 0 && !somebody_is_told) -> (!(word & REPORTED) W somebody_is_told)) }
#endif

#ifdef LIVE
/* G1, as a promise for the end: when recorders rest, all who go on looking are told of the last error */
#define was_told(c) (dead[c] || after[c] == recorded)
#if SHARERS
#define all_were_told (was_told(SHARED))
#else
#define all_were_told (was_told(0) && was_told(SHARED - 1))
#endif
ltl all_are_told { <> [] (recorded == ERRORS && all_were_told) }
/* the same if a recorder may die */
ltl survivors_are_told { <> [] (all_were_told) }
/* G3, likewise: a debt is settled if newcomers go on coming */
ltl debts_are_settled { [] (recorded > 0 -> <> told) }
#endif
