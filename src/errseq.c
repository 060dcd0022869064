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
 * Wrap. The counter is taken modulo 2^18. A cursor meets its own value again if the word moved exactly
 * a multiple of 2^18 steps since, and ends with the same errno; each step needs an observer as well as
 * a recorder.
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
 * Signals and death. No call waits for another, and each leaves the word by single atomic steps, so a
 * signal handler, a killed thread or a killed process finds or leaves a valid word (G8).
 */

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

void errseq_init(errseq_t *eseq)
{
	/* relaxed: the word is not shared yet */
	atomic_store_explicit(&eseq->word_, 0, memory_order_relaxed);
}

/* In parentheses because of the header's macro of this name, which looks at constant arguments. */
int(errseq_set)(errseq_t *eseq, int err)
{
	uint32_t old, next;

	if (err < -ERRSEQ_MAX_ERRNO || err > -1)
		return -EINVAL;

	/* relaxed: only a first guess for the exchange */
	old = atomic_load_explicit(&eseq->word_, memory_order_relaxed);
	do {
		next = (old & ERRSEQ_COUNTER_) | (uint32_t)-err;
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

errseq_cursor_t errseq_peek(errseq_t *eseq)
{
	/* acquire: what the recorder did before this value is visible to whoever starts here */
	uint32_t now = atomic_load_explicit(&eseq->word_, memory_order_acquire);

	if (now == 0 || now & ERRSEQ_OBSERVED_)
		return now;
	/* acquire: the word may hold a newer error by now, and that one is what we return */
	now = atomic_fetch_or_explicit(&eseq->word_, ERRSEQ_OBSERVED_, memory_order_acquire);
	return now | ERRSEQ_OBSERVED_;
}

/*
 * A cursor that is not of this word's life may meet a word that was never set: there is nothing to
 * mark then, for flags without an errno are no valid word, and the observer starts at the beginning.
 */
int errseq_advance_(errseq_t *eseq, errseq_cursor_t *since, uint32_t seen)
{
	if (seen == 0 || (seen & ERRSEQ_FLAGS_) == ERRSEQ_FLAGS_) {
		/* acquire: what the recorder did before the error is visible to whoever is told of it */
		ERRSEQ_ACQUIRE_(eseq);
	} else {
		/* acquire: likewise; the word may hold a newer error by now, and we tell of that one */
		seen = atomic_fetch_or_explicit(&eseq->word_, ERRSEQ_FLAGS_, memory_order_acquire);
		seen |= ERRSEQ_FLAGS_;
	}
	*since = seen;
	return errseq_cursor_error(seen);
}

errseq_cursor_t errseq_load(const errseq_t *eseq)
{
	/* relaxed: a look for the curious, on which nothing may be built */
	return atomic_load_explicit(&eseq->word_, memory_order_relaxed);
}

int errseq_cursor_error(errseq_cursor_t cursor)
{
	return -(int)(cursor & ERRSEQ_ERRNO_);
}

int errseq_cursor_reported(errseq_cursor_t cursor)
{
	return (cursor & ERRSEQ_REPORTED_) != 0;
}

int errseq_cursor_observed(errseq_cursor_t cursor)
{
	return (cursor & ERRSEQ_OBSERVED_) != 0;
}

uint32_t errseq_cursor_count(errseq_cursor_t cursor)
{
	return cursor / ERRSEQ_STEP_;
}

/* A text cut to size, and how long the whole would be. errseq_format puts the zero byte. */
struct text_ {
	char *buf;
	size_t size;
	size_t length;
};

static void put_char_(struct text_ *text, char c)
{
	if (text->length < text->size)
		text->buf[text->length] = c;
	text->length++;
}

static void put_string_(struct text_ *text, const char *string)
{
	while (*string)
		put_char_(text, *string++);
}

static void put_number_(struct text_ *text, uint32_t number)
{
	uint32_t unit = 1;

	while (number / unit >= 10)
		unit *= 10;
	for (; unit; unit /= 10)
		put_char_(text, (char)('0' + number / unit % 10));
}

int errseq_format(errseq_cursor_t cursor, char *buf, size_t size)
{
	struct text_ text = { buf, size, 0 };

	if (cursor == 0) {
		put_string_(&text, "never set");
	} else {
		put_string_(&text, "errno=");
		put_number_(&text, cursor & ERRSEQ_ERRNO_);
		if (errseq_cursor_reported(cursor))
			put_string_(&text, " reported");
		if (errseq_cursor_observed(cursor))
			put_string_(&text, " observed");
		put_string_(&text, " count=");
		put_number_(&text, errseq_cursor_count(cursor));
	}
	if (size > 0)
		buf[text.length < size ? text.length : size - 1] = '\0';
	return (int)text.length;
}
