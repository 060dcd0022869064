/* SPDX-License-Identifier: MIT */
/*
 * The errseq algorithm.
 *
 * Parties. Recorders write errors into a word; observers look at it, each through a cursor of its
 * own. Nobody waits for anybody: a recorder does not know its observers, and an observer's look is a
 * load and a compare while nothing happened. Data flows one way, recorder -> word -> observer, and
 * the only thing that observers write into the word is two flags.
 *
 * The word. 32 bits, always exchanged as a whole:
 *
 *	 31          14   13         12        11        0
 *	+--------------+----------+----------+-------------+
 *	|   counter    | observed | reported |    errno    |
 *	+--------------+----------+----------+-------------+
 *
 * A cursor is a value that the word had. Looking means to compare the two: same errno and same
 * counter, no news.
 *
 * Why flags. If every record moved the counter, a storm of errors would wrap it while an observer
 * sleeps, and the observer could find its own value again: errors lost. So the counter moves only if
 * somebody may hold the present value as a cursor. That is what *observed* says. One flag would do if
 * every observer that takes a position also told somebody of the error, but peek does not, and a
 * newcomer who samples must still be told of an error that was only peeked at. That is what
 * *reported* says. Reported implies observed.
 *
 *	  never set (all zeroes) ---set---> set (no flag)
 *	  set      ---peek---> observed     set      ---set---> set, counter as it was
 *	  set      ---advance-> reported    observed ---set---> set, counter + 1
 *	  observed ---advance-> reported    reported ---set---> set, counter + 1
 *
 * Invariants.
 *
 *	I1  Every cursor is 0 or a value that was in the word *with its observed flag set*. peek and
 *	    advance set the flag with a read-modify-write and hand out what that left in the word; they
 *	    never hand out a value that they only tried to put there. sample hands out nothing but
 *	    reported values, or 0.
 *	I2  A record on an observed value moves the counter. With I1: whatever a cursor stands on, the
 *	    next record makes the word differ from it in more than flags. From 0 it differs too, for an
 *	    errno is never 0. Nothing is missed (G1).
 *	I3  While nothing is recorded, errno and counter stay as they are. With looks that ignore the
 *	    flags (G5): who was told is not told again (G2).
 *	I4  Only advance sets reported; only peek and advance set observed; set clears both. So a peek
 *	    changes nothing that sample or a look depends on (G4), and an error stays owed until
 *	    somebody is told (G3).
 *
 * Two widths. The 64-bit word differs in the counter only, which has 50 bits. The algorithm stands
 * below once and is read twice.
 *
 * Wrap. The counter is taken modulo 2^18, or 2^50. A cursor meets its own value again if the word moved
 * exactly a multiple of that many steps since, and ends with the same errno; each step needs an
 * observer as well as a recorder.
 *
 * ABA. A failed compare-exchange in set starts again with what it read, so set never acts on a value
 * that is gone. If the word leaves a value and comes back to it between the load and the exchange, the
 * exchange puts there what it would have put a moment later, which is right: what set writes depends on
 * nothing but what it replaces.
 *
 * Memory order. Two promises meet here (G6): whoever is told of an error sees all that its recorder did
 * before, and who was told without seeing it is told again. Each record is a release, also when the
 * value does not change: were it left out, the observer that advances at that moment would acquire
 * nothing from this recorder and would not be told again either. Every other write to the word is a
 * read-modify-write, so it continues the release sequences that it finds, and acquiring the latest
 * value acquires from every record before it. Reasons for each order stand beside it; the proofs are
 * in docs/memory-model.md.
 *
 * Shared cursors. Those who advance through one cursor at once must agree who tells of an error: whoever
 * moves the cursor, by a compare-exchange. Who finds it moved looks again from where it stands now, for
 * the error may be told, or a newer one may not. The cursor is read before the word, by acquire and
 * release: the word is then at least as new as the value that the cursor was moved to, so no error is
 * told again, and the cursor never goes back. That the word is marked a moment before the cursor moves
 * is seen by others as "reported", and the debt is settled by whoever moves the cursor past it.
 *
 * Signals and death. No call waits for another, and each leaves the word by single atomic steps, so a
 * signal handler, a killed thread or a killed process finds or leaves a valid word (G8).
 */

#ifndef ERRSEQ_
#if defined __cplusplus || !defined __STDC_VERSION__ || __STDC_VERSION__ < 201112L || \
	defined __STDC_NO_ATOMICS__
#error "compile errseq.c as C11 or later with <stdatomic.h>; its users may be C99 or C++"
#endif

/* This is where the header's inline fast paths become the library's symbols. */
#define ERRSEQ_EMIT_
#include <errseq/errseq.h>
#undef ERRSEQ_EMIT_

#if __STDC_HOSTED__
#include <errno.h>
#else
#define EINVAL 22
#endif

_Static_assert(sizeof(errseq_t) == 4 && _Alignof(errseq_t) == 4,
	       "the word is 4 bytes, 4-aligned: ABI");
_Static_assert(sizeof(errseq_shared_cursor_t) == 4 && _Alignof(errseq_shared_cursor_t) == 4,
	       "so is the shared cursor");

/*
 * gcc 12 for RISC-V looks at the wrong one of a compare-exchange's two orders: release with relaxed on
 * failure releases nothing there. A fence before the exchange mends that, and does no harm where the
 * compiler is right. It is the built-in one, so that the orders we ask for stay the same everywhere.
 * tools/cross.sh looks at what compilers make of them.
 */
#if defined __riscv && defined __GNUC__ && !defined __clang__
#define ERRSEQ_RELEASE_() __atomic_thread_fence(__ATOMIC_RELEASE)
#else
#define ERRSEQ_RELEASE_() ((void)0)
#endif

/* A text is for people: it may take its time, and should take little room. */
#ifdef __GNUC__
#define ERRSEQ_COLD_ __attribute__((cold))
#else
#define ERRSEQ_COLD_
#endif

/* A text cut to size, and how long the whole would be. errseq_format puts the zero byte. */
struct text_ {
	char *buf;
	size_t size;
	size_t length;
};

static ERRSEQ_COLD_ void put_char_(struct text_ *text, char c)
{
	if (text->length < text->size)
		text->buf[text->length] = c;
	text->length++;
}

static ERRSEQ_COLD_ void put_string_(struct text_ *text, const char *string)
{
	while (*string)
		put_char_(text, *string++);
}

/* Without dividing 64 bits, for which 32-bit machines would need a library. */
static ERRSEQ_COLD_ void put_number_(struct text_ *text, uint64_t number)
{
	uint64_t units[16]; /* 1, 10, 100 ... as far as 2^50 goes */
	int i = 0;

	for (units[0] = 1; i < 15 && units[i] * 10 <= number; i++)
		units[i + 1] = units[i] * 10;
	for (; i >= 0; i--) {
		char digit = '0';

		for (; number >= units[i]; number -= units[i])
			digit++;
		put_char_(text, digit);
	}
}

/* For both widths, whose bits differ in the counter's length only. */
static ERRSEQ_COLD_ int format_(uint64_t cursor, char *buf, size_t size)
{
	struct text_ text = { buf, size, 0 };

	if (cursor == 0) {
		put_string_(&text, "never set");
	} else {
		put_string_(&text, "errno=");
		put_number_(&text, cursor & ERRSEQ_ERRNO_);
		if (cursor & ERRSEQ_REPORTED_)
			put_string_(&text, " reported");
		if (cursor & ERRSEQ_OBSERVED_)
			put_string_(&text, " observed");
		put_string_(&text, " count=");
		put_number_(&text, cursor / ERRSEQ_STEP_);
	}
	if (size > 0)
		buf[text.length < size ? text.length : size - 1] = '\0';
	return (int)text.length;
}

/*
 * The algorithm stands below once, and is read twice, by including this file again: ERRSEQ_(set) is
 * errseq_set in the first reading and errseq64_set in the second.
 */
#define ERRSEQ_(name) errseq_##name
#include "errseq.c"
#undef ERRSEQ_

#ifdef ERRSEQ_HAVE_64
_Static_assert(sizeof(errseq64_t) == 8 && _Alignof(errseq64_t) == 8,
	       "the 64-bit word is 8 bytes, 8-aligned: ABI");
_Static_assert(sizeof(errseq64_shared_cursor_t) == 8 && _Alignof(errseq64_shared_cursor_t) == 8,
	       "so is the shared cursor");

#define ERRSEQ_(name) errseq64_##name
#include "errseq.c"
#undef ERRSEQ_
#endif

#else /* ERRSEQ_ is defined: the text that is read twice */

void ERRSEQ_(init)(ERRSEQ_(t) *eseq)
{
	/* relaxed: the word is not shared yet */
	atomic_store_explicit(&eseq->word_, 0, memory_order_relaxed);
}

/* In parentheses because of the header's macro of this name, which looks at constant arguments. */
int(ERRSEQ_(set))(ERRSEQ_(t) *eseq, int err)
{
	ERRSEQ_(cursor_t) old, next;

	if (err < -ERRSEQ_MAX_ERRNO || err > -1)
		return -EINVAL;

	/* relaxed: only a first guess for the exchange */
	old = atomic_load_explicit(&eseq->word_, memory_order_relaxed);
	ERRSEQ_RELEASE_();
	do {
		/* the counter as it is, no flags, the new errno */
		next = old / ERRSEQ_STEP_ * ERRSEQ_STEP_ + (unsigned)-err;
		if (old & ERRSEQ_OBSERVED_)
			next += ERRSEQ_STEP_;
		/*
		 * release: what this thread did before is visible to whoever is told; hence also
		 * when next equals old. relaxed on failure: only a better guess.
		 */
	} while (!atomic_compare_exchange_weak_explicit(&eseq->word_, &old, next,
							memory_order_release,
							memory_order_relaxed));
	return 0;
}

ERRSEQ_(cursor_t) ERRSEQ_(peek)(ERRSEQ_(t) *eseq)
{
	/* acquire: what the recorder did before this value is visible to whoever starts here */
	ERRSEQ_(cursor_t) now = atomic_load_explicit(&eseq->word_, memory_order_acquire);

	if (now == 0 || now & ERRSEQ_OBSERVED_)
		return now;
	/* acquire: the word may hold a newer error by now, and that one is what we return */
	now = atomic_fetch_or_explicit(&eseq->word_, ERRSEQ_OBSERVED_, memory_order_acquire);
	return now | ERRSEQ_OBSERVED_;
}

/*
 * Marks the word as reported and observed; returns what that left in it. @seen is what was there a
 * moment ago. If that is 0, the cursor is not of this word's life, and there is nothing to mark: flags
 * without an errno are no valid word, and the observer starts at the beginning.
 */
static ERRSEQ_(cursor_t) ERRSEQ_(mark_)(ERRSEQ_(t) *eseq, ERRSEQ_(cursor_t) seen)
{
	if (seen == 0 || (seen & ERRSEQ_FLAGS_) == ERRSEQ_FLAGS_) {
		/* acquire: what the recorder did before the error is visible to whoever is told of it */
		ERRSEQ_ACQUIRE_(eseq);
		return seen;
	}
	/* acquire: likewise; the word may hold a newer error by now, and we tell of that one */
	seen = atomic_fetch_or_explicit(&eseq->word_, ERRSEQ_FLAGS_, memory_order_acquire);
	return seen | ERRSEQ_FLAGS_;
}

int ERRSEQ_(advance_)(ERRSEQ_(t) *eseq, ERRSEQ_(cursor_t) *since, ERRSEQ_(cursor_t) seen)
{
	*since = ERRSEQ_(mark_)(eseq, seen);
	return ERRSEQ_(cursor_error)(*since);
}

/* Who moves the cursor tells of the error; who finds it moved looks again from where it stands now. */
int ERRSEQ_(advance_shared_)(ERRSEQ_(t) *eseq, ERRSEQ_(shared_cursor_t) *since,
			     ERRSEQ_(cursor_t) at, ERRSEQ_(cursor_t) seen)
{
	do {
		seen = ERRSEQ_(mark_)(eseq, seen);
		ERRSEQ_RELEASE_();
		/* release: who reads the cursor reads no older word. relaxed: a loser starts again */
		if (atomic_compare_exchange_strong_explicit(&since->cursor_, &at, seen,
							    memory_order_release,
							    memory_order_relaxed))
			return ERRSEQ_(cursor_error)(seen);
		/* acquire: the word is read after the cursor, so that it is never older */
		at = atomic_load_explicit(&since->cursor_, memory_order_acquire);
		/* relaxed: "nothing new" promises nothing about other memory */
		seen = atomic_load_explicit(&eseq->word_, memory_order_relaxed);
	} while (!ERRSEQ_SAME_(seen, at));
	return 0;
}

void ERRSEQ_(shared_cursor_init)(ERRSEQ_(shared_cursor_t) *cursor, ERRSEQ_(cursor_t) at)
{
	/* relaxed: the cursor is not shared yet */
	atomic_store_explicit(&cursor->cursor_, at, memory_order_relaxed);
}

ERRSEQ_(cursor_t) ERRSEQ_(shared_cursor_get)(const ERRSEQ_(shared_cursor_t) *cursor)
{
	/* acquire: a word that is read after this is not older */
	return atomic_load_explicit(&cursor->cursor_, memory_order_acquire);
}

ERRSEQ_(cursor_t) ERRSEQ_(load)(const ERRSEQ_(t) *eseq)
{
	/* relaxed: a look for the curious, on which nothing may be built */
	return atomic_load_explicit(&eseq->word_, memory_order_relaxed);
}

int ERRSEQ_(cursor_error)(ERRSEQ_(cursor_t) cursor)
{
	return -(int)(cursor & ERRSEQ_ERRNO_);
}

int ERRSEQ_(cursor_reported)(ERRSEQ_(cursor_t) cursor)
{
	return (cursor & ERRSEQ_REPORTED_) != 0;
}

int ERRSEQ_(cursor_observed)(ERRSEQ_(cursor_t) cursor)
{
	return (cursor & ERRSEQ_OBSERVED_) != 0;
}

ERRSEQ_(cursor_t) ERRSEQ_(cursor_count)(ERRSEQ_(cursor_t) cursor)
{
	return cursor / ERRSEQ_STEP_;
}

int ERRSEQ_(format)(ERRSEQ_(cursor_t) cursor, char *buf, size_t size)
{
	return format_(cursor, buf, size);
}

#endif
