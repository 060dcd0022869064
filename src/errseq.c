/* SPDX-License-Identifier: MIT */
/*
 * The errseq algorithm.
 *
 * Parties. Recorders write errors into a word. Observers look at it, each through a cursor of its own.
 * Nobody waits for anybody. A recorder does not know its observers. A check is a load and a compare while
 * there is no new error. Data flows one way, recorder -> word -> observer. The only thing that observers
 * write into the word is two flags.
 *
 * The word. 32 bits, always exchanged as a whole:
 *
 *	 31          14   13         12        11        0
 *	+--------------+----------+----------+-------------+
 *	|   counter    | observed | reported |    errno    |
 *	+--------------+----------+----------+-------------+
 *
 * A cursor is a value that the word had. A check compares word and cursor. Equal errno and counter mean no
 * new error.
 *
 * Why flags. If every record moved the counter, a storm of errors would wrap it while an observer sleeps.
 * Then the observer could find its own value again and miss the errors. So the counter moves only if some
 * cursor may stand on the present value. *Observed* says that. One flag would be enough if every observer
 * that takes a position also reported the error. But peek does not report, and an error that was only peeked
 * at must still be reported to a newcomer who samples. *Reported* says whether it was. Reported implies
 * observed.
 *
 *	  never set (all zeroes) ---set---> set (no flag)
 *	  set      ---peek---> observed     set      ---set---> set, counter as it was
 *	  set      ---advance-> reported    observed ---set---> set, counter + 1
 *	  observed ---advance-> reported    reported ---set---> set, counter + 1
 *
 * Invariants.
 *
 *	I1  Every cursor is 0 or a value that was in the word *with its observed flag set*. peek and
 *	    advance set the flag with a read-modify-write, and return the value which that left in the
 *	    word. They never return a value that was not really in the word. sample returns only reported
 *	    values, or 0.
 *	I2  A record on an observed value moves the counter. With I1: whatever a cursor stands on, the
 *	    next record makes the word differ from it in more than flags. From 0 it differs too, because an
 *	    errno is never 0. Nothing is missed (G1).
 *	I3  While nothing is recorded, errno and counter stay as they are. A check ignores the flags (G5), so
 *	    no observer gets the same error again (G2).
 *	I4  Only advance and settle set reported. peek sets only observed. set clears both. So a peek
 *	    changes nothing that sample or a check depends on (G4), and an error stays unreported until
 *	    somebody advances over it or settles it (G3).
 *
 * Two widths. The 64-bit word differs only in the counter, which has 50 bits. The algorithm is written once,
 * in errseq_template.h, and read for each width.
 *
 * Wrap. The counter is taken modulo 2^18, or 2^50. A cursor meets its own value again if the word moved
 * exactly a multiple of that many steps since, and ends with the same errno. Each step needs an observer as
 * well as a recorder.
 *
 * ABA. A failed compare-exchange in set starts again with what it read, so set never acts on a value that is
 * gone. If the word leaves a value and comes back to it between the load and the exchange, the exchange
 * writes what it would have written a moment later. That is right, because what set writes depends only on
 * what it replaces.
 *
 * Memory order. G6 makes two promises. If you get an error, you see all that its recorder did before. If you
 * got the error but not yet its data, you get an error again later. Each record is a release, also when the
 * value does not change. Without the release, an observer that advances at that moment would acquire nothing
 * from this recorder, and would get no later error either. Every other write to the word is a
 * read-modify-write, so it continues the release sequences that it finds. Acquiring the latest value
 * acquires from every record before it. The reason for each order stands beside it. The proofs are in
 * docs/memory-model.md.
 *
 * Shared cursors. Several calls may advance through one cursor at once. The call whose compare-exchange
 * moves the cursor returns the error. A loser retries, because a newer error may be unreported. The cursor
 * is read before the word, by acquire and release. So the word is at least as new as the value that the
 * cursor was moved to: no error is returned again, and the cursor never goes back. The word is marked a
 * moment before the cursor moves. Others see "reported" in that moment. The call that moves the cursor past
 * the error reports it.
 *
 * Two phases. An advance reports the error before its caller has used the result. peek, deliver, settle
 * reports it afterwards. settle marks the word only if it still has the position that was peeked at (G9). So
 * the exchange is a compare-exchange: a blind *or* would also mark an error that came after the peek.
 *
 * Signals and death. No call waits for another, and each changes the word by single atomic steps. So a
 * signal handler, a killed thread or a killed process finds and leaves a valid word (G8).
 */

#if defined __cplusplus || !defined __STDC_VERSION__ || __STDC_VERSION__ < 201112L || \
	defined __STDC_NO_ATOMICS__
#error "compile errseq.c as C11 or later with <stdatomic.h>; its users may be C99 or C++"
#endif

#include <errseq/errseq.h>

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
 * gcc 12 for RISC-V takes the wrong one of a compare-exchange's two orders: with release on success and
 * relaxed on failure it releases nothing. A fence before the exchange repairs that, and does no harm where
 * the compiler is right. It is the built-in fence, so that the orders in the source stay the same for all
 * machines. tools/cross.sh looks at the machine code.
 */
#if defined __riscv && defined __GNUC__ && !defined __clang__
#define ERRSEQ_RELEASE_() __atomic_thread_fence(__ATOMIC_RELEASE)
#else
#define ERRSEQ_RELEASE_() ((void)0)
#endif

/* Text for people may be slow to make. It should be small. */
#ifdef __GNUC__
#define ERRSEQ_COLD_ __attribute__((cold))
#else
#define ERRSEQ_COLD_
#endif

/* A text cut to @size, and the @length of the whole. format_ puts the zero byte. */
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

/* The symbols: the inline calls, then the others. With nothing before them, these are plain definitions. */
#define ERRSEQ_INLINE_

#define ERRSEQ_(name) errseq_##name
#include <errseq/errseq_inline.h>

#include "errseq_template.h"
#undef ERRSEQ_

#ifdef ERRSEQ_HAVE_64
_Static_assert(sizeof(errseq64_t) == 8 && _Alignof(errseq64_t) == 8,
	       "the 64-bit word is 8 bytes, 8-aligned: ABI");
_Static_assert(sizeof(errseq64_shared_cursor_t) == 8 && _Alignof(errseq64_shared_cursor_t) == 8,
	       "so is the shared cursor");

#define ERRSEQ_(name) errseq64_##name
#include <errseq/errseq_inline.h>

#include "errseq_template.h"
#undef ERRSEQ_
#endif

#undef ERRSEQ_INLINE_
