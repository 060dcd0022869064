/* SPDX-License-Identifier: MIT */
/*
 * The ghosts: who was told of what, by numbers; and the judgement at each return. See errseq.pml. Nothing here looks at
 * a counter or a flag; from a value they take the errno only, which is the result of the call.
 */

#define ERRORS	(RECORDERS * RECORDS)
#define SHARED	(OBSERVERS + NEWCOMERS + PEEKERS + CHECKERS + CLAIMERS) /* the cursors: each process's own, and the shared one */
#define NOBODY	(SHARED + 1)
#define PARTIES (SHARED + SHARERS + RECORDERS)

#ifdef ENDLESS /* recording for ever, of which nobody can keep count: no ghosts, only the algorithm */

inline begins() { skip }
inline load_word() { now = word }
inline records(old, err) { skip }
inline returned_0(c) { skip }
inline showed(c, value, limit) { skip }
inline advanced(c, value) { skip }
inline claimed(c, value) { skip }
inline settled(c) { skip }
inline did_not_settle(c) { skip }
inline took_by_peek(c, value) { skip }
inline took_by_sample(c, value) { skip }
byte being_told[3], past[SHARED + 1], recorded;

#else

byte recorded;		       /* the number of the latest error; 0: none yet */
byte errno_of[ERRORS + 1];     /* by number */
bool told;		       /* some caller was told of the latest, by advance, or settled it */
bool peeked;		       /* somebody peeked at the latest */
byte being_told[3];	       /* by sharer: what it has marked, and has not returned yet */
byte past[SHARED + 1];	       /* by cursor: of errors up to this one it must not be told */
byte after[SHARED + 1];	       /* by cursor: of errors after this one it must be told, or of later ones */
byte told_to[SHARED + 1];      /* by cursor: the last one that advance told it */
byte owed[SHARED + 1];	       /* by cursor: 0 nothing; 1 what it sampled, for nobody was told of it; 2 the same, peeked at */
bool dead[SHARED + 2];

/* Each guarantee has a name of its own here, because pan prints the text of an assertion. */
bool G1_nothing_missed = true, G2_once = true, G3_owed_to_somebody = true, G4_peek_takes_nothing = true,
     G5_flags_are_not_news = true, G7_latest = true, G9_settled_by_name = true;

/* MUTE: an ltl formula is to find a fault alone. */
#ifdef MUTE
#define must(hold) skip
#else
#define must(hold) assert(hold)
#endif

/*
 * WRAP: the exact bound of G1. `steps` counts the errors that replaced one at which somebody had taken a position, or
 * been told; a cursor may miss something after exactly COUNTS of them, and `went_round` says that one did.
 */
#ifdef WRAP
byte steps, steps_then[SHARED + 1];
bool taken, went_round;
#define may_miss(c) (steps - steps_then[c] == COUNTS)
#define takes(c) steps_then[c] = steps; taken = taken || (recorded > 0 && number == recorded)
#else
#define may_miss(c) false
#define takes(c) skip
#endif

/*
 * INVARIANTS: I1 of src/errseq.c, "every cursor is 0 or a value that was in the word with its observed flag set". This
 * is about the way and not about the result, and knows the flags. `was` has a bit for each errno and counter.
 */
#ifdef INVARIANTS
bool I1_cursor_was_observed = true;
int was;
#define bit_of(value) (1 << ((value) / STEP * (ERRNO + 1) + ((value) & ERRNO)))
#define note_observed(value) was = ((value) & OBSERVED -> was | bit_of(value) : was)
inline stands_on(value)
{
	I1_cursor_was_observed = (value == 0 || (was & bit_of(value)) ||
				  ((word & OBSERVED) && (word | FLAGS) == (value | FLAGS)));
	must(I1_cursor_was_observed)
}
#else
#define note_observed(value) skip
#define stands_on(value) skip
#endif

inline begins()
{
	began = recorded
}

inline load_word()
{
	now = word;
	number = recorded
}

inline records(old, err)
{
	note_observed(old);
#ifdef WRAP
	steps = (taken -> steps + 1 : steps);
	taken = false;
#endif
	recorded++;
	told = false;
	peeked = false;
	errno_of[recorded] = err
}

#define missed(c) (began > after[c] && !may_miss(c))

inline returned_0(c)
{
#ifdef WRAP
	went_round = went_round || (began > after[c] && may_miss(c));
#endif
	G4_peek_takes_nothing = !(missed(c) && owed[c] == 2);
	must(G4_peek_takes_nothing);
	G3_owed_to_somebody = !(missed(c) && owed[c] > 0);
	must(G3_owed_to_somebody);
	G1_nothing_missed = !missed(c);
	must(G1_nothing_missed)
}

/* An error was returned, `number`; the cursor was past `limit` when the call began. */
inline judge(c, value, limit)
{
	G7_latest = (began <= number && errno_of[number] == (value & ERRNO));
	must(G7_latest);
	G5_flags_are_not_news = number > limit;
	must(G5_flags_are_not_news)
}

inline showed(c, value, limit)
{
	if
	:: (value & ERRNO) == 0 -> returned_0(c)
	:: else -> judge(c, value, limit)
	fi
}

inline claimed(c, value)
{
	G2_once = number > told_to[c];
	must(G2_once);
	judge(c, value, past[c]);
	told_to[c] = number;
	past[c] = number;
	after[c] = number;
	owed[c] = 0;
	takes(c);
	stands_on(value)
}

inline advanced(c, value)
{
	if
	:: (value & ERRNO) == 0 -> returned_0(c)
	:: else ->
		claimed(c, value);
		told = (told || number == recorded)
	fi
}

/* The cursor of c is at the error past[c]. */
inline settled(c)
{
	G9_settled_by_name = (past[c] == recorded);
	must(G9_settled_by_name);
	told = (told || past[c] == recorded)
}

inline did_not_settle(c)
{
	G9_settled_by_name = (recorded == 0 || past[c] < recorded);
	must(G9_settled_by_name)
}

/* Where peek stands is up to the call: not before what its result stood for, nor after its return. */
inline took_by_peek(c, value)
{
	past[c] = number;
	after[c] = recorded;
	told_to[c] = 0;
	owed[c] = 0;
	peeked = true;
	takes(c);
	stands_on(value)
}

#define is_being_told(n) (being_told[0] == n || being_told[1] == n || being_told[2] == n)

/* What nobody was told of is owed to the newcomer; what is just being told may be. */
inline took_by_sample(c, value)
{
	told_to[c] = 0;
	if
	:: recorded == 0 || told ->
		past[c] = recorded;
		after[c] = recorded;
		owed[c] = 0;
		takes(c)
	:: else ->
		past[c] = recorded - 1;
		after[c] = (is_being_told(recorded) -> recorded : recorded - 1);
		owed[c] = (peeked -> 2 : 1)
	fi;
	stands_on(value)
}

#endif
