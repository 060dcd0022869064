/* SPDX-License-Identifier: MIT */
/*
 * errseq: keep the latest asynchronous error in 4 bytes, and report it once to each observer.
 *
 * A *word* (errseq_t) is the shared record. It lives beside the thing that can fail, such as a file.
 * Recorders write errors into it, from any thread, process or signal handler, without a lock. A *cursor*
 * (errseq_cursor_t) is one observer's position in the word's history. Each open handle has one. An error
 * is new to an observer if it was recorded after the observer's position.
 *
 *	errseq_t word = ERRSEQ_INIT;
 *
 *	errseq_cursor_t cursor = errseq_sample(&word);	     open:   take a position
 *	errseq_set(&word, -EIO);			     later, in the background: a write failed
 *	int err = errseq_check(&word, cursor);		     close:  -EIO; looks and changes nothing
 *	err = errseq_check_and_advance(&word, &cursor);	     fsync:  -EIO, and 0 if called again
 *
 * Errors are negated errnos everywhere, as arguments and as results: -EIO, not EIO. 0 is "no new error".
 *
 * Which call, where:
 *
 *	open	errseq_sample. An error that was reported to nobody yet will be reported to this handle.
 *		Take errseq_peek for an observer that wants errors from now on only, and must not take an
 *		error away from others: a health check, a mount that is volatile.
 *	fsync	Write out what is dirty, and wait until it is written or its failure is recorded. Then
 *		errseq_check_and_advance. Record a failure that fsync itself finds, too, so that the other
 *		handles get it; return what the cursor finds. If threads may share the handle, give it a shared cursor
 *		(errseq_shared_cursor_t) and call errseq_check_and_advance_shared: one thread gets the
 *		error. Take a plain cursor only if one thread uses it, or a lock guards it.
 *	close	errseq_check, if close reports errors. It must not advance: few programs read close's
 *		result, and close runs once for every dup and every fork.
 *	failure	First make the data clean, or drop it. Then call errseq_set. Whoever gets the error finds
 *		the data clean. In the other order, data written after the report can be marked clean by
 *		mistake and is lost.
 *
 * Files: include this one. Link libErrseq, or compile src/errseq.c with -I include. <errseq/wait.h> is for
 * programs that sleep until an error comes.
 *
 * The four states of a word:
 *
 *	never set --set--> set --peek--> observed --advance--> reported --set--> set ...
 *
 * Its bits are public and frozen, because words live in shared memory and cursors in files:
 *
 *	 0-11  errno     the latest error, 1...4095; 0 only while nothing was ever recorded
 *	   12  reported  this error was reported to somebody (advance or settle)
 *	   13  observed  a cursor may stand on this value: the next record moves the counter
 *	14-31  counter   modulo 2^18, in the machine's byte order
 *
 * Guarantees, by the names that the manual and the tests use:
 *
 *	G1 nothing missed   If a set completes after a cursor was taken or advanced, the next check through
 *			    that cursor returns an error. (Unless the counter moved 2^18 steps or more in
 *			    between. Each step takes an error, and after it a peek or an advance.)
 *	G2 once		    Through one cursor, check_and_advance does not return an error again, unless
 *			    another set came after it.
 *	G3 owed to somebody An error that was reported to nobody is reported to whoever samples next.
 *	G4 peek takes nothing  With or without peeks, every other observer gets the same errors.
 *	G5 flags are not news  Flags set by other observers never produce an error on my cursor.
 *	G6 covered	    Whoever gets an error sees all that its recorder did before errseq_set, also that
 *			    of earlier recorders. So these two miss nothing: "advance, then look for what
 *			    broke", and "take a position, look for what is broken already, wait for the rest".
 *	G7 latest	    The error returned is the latest recorded at some moment during the call.
 *	G8 anywhere	    Lock-free, no allocation, no libc, async-signal-safe, address-free. A thread or
 *			    process that dies inside a call leaves a valid word and stops nobody.
 *	G9 settled by name  errseq_settle settles the error at its position and no newer one.
 *
 * Reported means by errseq_check_and_advance or errseq_settle. errseq_check does not mark the error as
 * reported. If a caller dies before it has used the result of errseq_check_and_advance, the error stays marked
 * as reported. With errseq_settle it does not.
 *
 * A hostile or broken process may leave anything in a word in shared memory. Every call still ends, returns
 * what its comment allows, and writes only that word and its own cursor. But a writer that never stops can
 * keep errseq_set, or an advance through a shared cursor, in its loop.
 *
 * Not promised: how many errors there were, errors overwritten before anyone looked, and anything after the
 * word's lifetime.
 *
 * The rules come from the errseq proposal of December 2020 on the Linux kernel list, "split the
 * ERRSEQ_SEEN flag into two", as corrected in this project's docs/algorithm.md. The code does not
 * come from the kernel.
 *
 * Every pointer argument points to a live object, and none may be null, except errseq_format's.
 */
#ifndef ERRSEQ_ERRSEQ_H
#define ERRSEQ_ERRSEQ_H

#include <stddef.h>
#include <stdint.h>

#include "errseq_constant.h"
#include "errseq_word.h"

#define ERRSEQ_VERSION_MAJOR 0
#define ERRSEQ_VERSION_MINOR 1
#define ERRSEQ_VERSION_PATCH 0

/*
 * Discards a result on purpose: ERRSEQ_DISCARD(errseq_peek(&word)). gcc warns of a discarded result even
 * behind (void).
 */
#define ERRSEQ_DISCARD(result) ((void)!(result))

/* The largest errno that a word can hold. */
#define ERRSEQ_MAX_ERRNO 4095

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The word: 4 bytes, aligned to 4. All zeroes means that nothing was ever recorded, so memory from calloc()
 * or a fresh mmap() holds valid words. Do not copy a word that is in use, alone or inside a struct:
 * compilers accept it, and the copy may be torn or miss what comes later.
 */
typedef struct errseq {
	ERRSEQ_WORD_OF_(uint32_t) word_;
} errseq_t;

/*
 * A cursor: an observer's position, a plain number that may be copied and stored. It means something only
 * as long as its word lives. A program that stores cursors in a file stores an identity of the word beside
 * them. Like any plain number, a cursor needs a lock or an atomic if two threads use it. 0 is "since the
 * beginning": the next check returns whatever error is in the word.
 */
typedef uint32_t errseq_cursor_t;

/* Static initialiser of a word: errseq_t word = ERRSEQ_INIT; */
/* clang-format off */
#define ERRSEQ_INIT { 0 }
/* clang-format on */

/*
 * errseq_init - make a word say that nothing was ever recorded
 * @eseq: the word
 *
 * Not needed for a word that is ERRSEQ_INIT or all zeroes. Cursors of its former history mean nothing
 * from then on.
 *
 * Context: before the word is shared, or while nobody else uses it.
 * Memory order: relaxed. Publish the word as you publish any object.
 */
ERRSEQ_API_ void errseq_init(errseq_t *eseq) ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;

/*
 * errseq_set - record an error
 * @eseq: the word
 * @err: a negated errno, -1 ... -ERRSEQ_MAX_ERRNO (-4095)
 *
 * The word then holds this error, and its flags are clear. The counter moves only if the value that is
 * replaced was observed. So any number of errors that nobody looks at costs no counter step. With gcc and
 * clang, a constant @err out of range does not compile.
 *
 * Context: any thread, any process that maps the word, signal handlers; no outside locking.
 * Memory order: release, also when the same error stands there already, so that whoever gets the error
 *	sees what was done before the call (G6).
 * Return: 0, or -EINVAL for any other @err, with the word untouched.
 */
ERRSEQ_API_ int errseq_set(errseq_t *eseq, int err) ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;

/*
 * errseq_sample - take a position that does not skip an unreported error
 * @eseq: the word
 *
 * For open(). If the latest error was reported to somebody, it is past, and the new observer does not get
 * it. If it was reported to nobody, the new observer's first check returns it (G3). Changes nothing.
 *
 * Context: any thread, any process that maps the word, signal handlers; no outside locking.
 * Memory order: acquire. A look around after this call finds what broke before the position.
 * Return: the word if its error was reported, else 0.
 */
ERRSEQ_NODISCARD_ ERRSEQ_API_ errseq_cursor_t errseq_sample(const errseq_t *eseq)
	ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;

/*
 * errseq_peek - take a position after all errors so far, and leave them to others
 * @eseq: the word
 *
 * For an observer that wants only errors newer than now. The present error stays unreported: whoever is
 * still to get it gets it (G4). To see each new error at least once, and take none: peek first, then check
 * with the old cursor, then keep the peeked one. An error that comes between the two is seen twice.
 *
 *	errseq_cursor_t next = errseq_peek(&word);
 *	int err = errseq_check(&word, cursor);
 *	cursor = next;
 *
 * Context: any thread, any process that maps the word, signal handlers; no outside locking.
 * Memory order: acquire. A look around after this call finds what broke before the position.
 * Return: the word with its observed flag set, or 0 if nothing was ever recorded.
 */
ERRSEQ_NODISCARD_ ERRSEQ_API_ errseq_cursor_t errseq_peek(errseq_t *eseq)
	ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;

/*
 * errseq_check - the error since a position, if any; changes nothing
 * @eseq: the word
 * @since: the observer's position
 *
 * The error is not marked as reported, and the cursor stays. So a second call returns the same error:
 * "still failing".
 *
 * Context: any thread, any process that maps the word, signal handlers; no outside locking.
 * Memory order: relaxed if there is no new error. Acquire before an error is returned (G6).
 * Return: 0 if word and cursor are equal except for the two flags (G5), or if nothing was ever recorded.
 *	Else the latest error, a negated errno, -1 ... -4095.
 */
ERRSEQ_NODISCARD_ ERRSEQ_API_ int errseq_check(const errseq_t *eseq, errseq_cursor_t since)
	ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;

/*
 * errseq_check_and_advance - return a new error once, mark it reported, advance the cursor
 * @eseq: the word
 * @since: the observer's position; moved past the error if there is a new one, else untouched
 *
 * For fsync(). The error is marked as reported, so that observers who sample later do not get it again.
 *
 * Context: any thread, any process that maps the word, signal handlers. The word needs no outside
 *	locking. The cursor does: two calls at once on one plain cursor are a data race.
 * Memory order: relaxed if there is no new error. Acquire before an error is returned (G6).
 * Return: 0 if word and cursor are equal except for the two flags (G5), else the latest error, a negated
 *	errno, -1 ... -4095. If nothing was ever recorded, returns 0 and resets *since to 0, even if
 *	*since came from another word.
 */
ERRSEQ_NODISCARD_ ERRSEQ_API_ int errseq_check_and_advance(errseq_t *eseq, errseq_cursor_t *since)
	ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;

/*
 * errseq_settle - mark the error at a position as reported, after it was delivered
 * @eseq: the word
 * @at: a position from errseq_peek, or where an advance has put a cursor
 *
 * errseq_check_and_advance marks the error as reported before its caller has passed it on. If the caller
 * dies then, or its reply is lost, nobody else gets the error. A caller that must pass it on first does this
 * in two phases: peek, deliver, settle. Until it settles, the error stays unreported, and whoever samples
 * gets it. A newer error that came meanwhile is not settled (G9).
 *
 *	errseq_cursor_t at = errseq_peek(&word);
 *
 *	if (!errseq_cursor_same(at, since) && deliver(errseq_cursor_error(at)) == 0) {
 *		since = at;
 *		errseq_settle(&word, at);
 *	}
 *
 * Context: any thread, any process that maps the word, signal handlers; no outside locking.
 * Memory order: release, so that whoever samples the error as past sees how it was delivered.
 * Return: 1 if the error at @at is the latest one, and is reported from now on. 0 if the word has moved on,
 *	or if nothing was ever recorded; the word is untouched then.
 */
ERRSEQ_API_ int errseq_settle(errseq_t *eseq, errseq_cursor_t at) ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;

/*
 * errseq_cursor_same - whether two cursors of one word are the same position
 * @a, @b: any values
 *
 * Context: anywhere.
 * Memory order: none, this is a function of two numbers.
 * Return: 1 if they are equal except for the two flags, else 0.
 */
ERRSEQ_NODISCARD_ ERRSEQ_API_ int errseq_cursor_same(errseq_cursor_t a,
						     errseq_cursor_t b) ERRSEQ_NOEXCEPT_;

/*
 * errseq_load - a raw copy of the word, for diagnosis
 * @eseq: the word
 *
 * Not a position: it may lack the observed flag, and then the next error does not move the counter, so
 * that a check through it can miss that error.
 *
 * Context: any thread, any process that maps the word, signal handlers; no outside locking.
 * Memory order: relaxed.
 * Return: the word as it is, 0 if nothing was ever recorded.
 */
ERRSEQ_API_ errseq_cursor_t errseq_load(const errseq_t *eseq) ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;

/*
 * errseq_cursor_error, _reported, _observed, _count - what a cursor or a raw copy holds
 * @cursor: any value
 *
 * Context: anywhere.
 * Memory order: none, these are functions of a number.
 * Return: the error, 0 or a negated errno (0 ... -4095); whether it was reported, 1 or 0; whether it
 *	was observed, 1 or 0; the counter, 0 ... 2^18 - 1.
 */
ERRSEQ_API_ int errseq_cursor_error(errseq_cursor_t cursor) ERRSEQ_NOEXCEPT_;
ERRSEQ_API_ int errseq_cursor_reported(errseq_cursor_t cursor) ERRSEQ_NOEXCEPT_;
ERRSEQ_API_ int errseq_cursor_observed(errseq_cursor_t cursor) ERRSEQ_NOEXCEPT_;
ERRSEQ_API_ uint32_t errseq_cursor_count(errseq_cursor_t cursor) ERRSEQ_NOEXCEPT_;

/*
 * errseq_format - a cursor or a raw copy as text, for a log line
 * @cursor: any value
 * @buf: receives the text, ended by a zero byte if @size > 0; may be null if @size is 0
 * @size: bytes that may be written to @buf, the zero byte included
 *
 * "never set" for 0, else for example "errno=5 reported observed count=3".
 *
 * Context: anywhere, signal handlers included; @buf must not be shared.
 * Memory order: none, this is a function of a number.
 * Return: the length of the whole text without the zero byte, as snprintf's: the text was cut if the
 *	result is not less than @size. Never negative, at most ERRSEQ_FORMAT_SIZE - 1.
 */
ERRSEQ_API_ int errseq_format(errseq_cursor_t cursor, char *buf, size_t size) ERRSEQ_NOEXCEPT_;

/* A buffer of this many bytes holds any text of errseq_format. */
#define ERRSEQ_FORMAT_SIZE 64

/*
 * A cursor that several threads may use at once without a lock, and so may processes that map it. 4 bytes,
 * aligned to 4; all zeroes means since the beginning. For a file handle that several threads may fsync.
 */
typedef struct errseq_shared_cursor {
	ERRSEQ_WORD_OF_(uint32_t) cursor_;
} errseq_shared_cursor_t;

/* Static initialiser of a shared cursor, at the beginning. */
/* clang-format off */
#define ERRSEQ_SHARED_CURSOR_INIT { 0 }
/* clang-format on */

/*
 * errseq_shared_cursor_init - set a shared cursor to a position
 * @cursor: the shared cursor
 * @at: a position from errseq_sample, errseq_peek or errseq_shared_cursor_get, or 0
 *
 * Context: before the cursor is shared, or while nobody else uses it.
 * Memory order: relaxed. Publish the cursor as you publish any object.
 */
ERRSEQ_API_ void errseq_shared_cursor_init(errseq_shared_cursor_t *cursor,
					   errseq_cursor_t at) ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;

/*
 * errseq_shared_cursor_get - where a shared cursor stands
 * @cursor: the shared cursor
 *
 * Context: any thread, any process that maps the cursor, signal handlers; no outside locking.
 * Memory order: acquire. A check of the word through the result sees no older word.
 * Return: the position, a plain cursor.
 */
ERRSEQ_NODISCARD_ ERRSEQ_API_ errseq_cursor_t
errseq_shared_cursor_get(const errseq_shared_cursor_t *cursor) ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;

/*
 * errseq_shared_cursor_move - move a shared cursor, if it still stands where it was read
 * @cursor: the shared cursor
 * @from: where errseq_shared_cursor_get said that it stands
 * @to: a position from errseq_peek
 *
 * For two phases with a shared cursor. Read the cursor first, then peek: in the other order the cursor may
 * go back.
 *
 *	errseq_cursor_t from = errseq_shared_cursor_get(&cursor);
 *	errseq_cursor_t at = errseq_peek(&word);
 *
 *	if (!errseq_cursor_same(at, from) && deliver(errseq_cursor_error(at)) == 0 &&
 *	    errseq_shared_cursor_move(&cursor, from, at))
 *		errseq_settle(&word, at);
 *
 * This way no error is lost to the cursor, and two callers may deliver the same one. Move before delivering,
 * and one caller delivers it; if that one dies before it has, this cursor is past the error, and only
 * observers who sample later get it. All callers of one shared cursor report in the same way: an advance that
 * loses the cursor to a move has marked the error as reported already.
 *
 * Context: any thread, any process that maps the cursor, signal handlers; no outside locking.
 * Memory order: release. Whoever reads the cursor then sees no older word through it.
 * Return: 1 if the cursor stood exactly on @from and stands on @to now; else 0, and it is untouched.
 */
ERRSEQ_NODISCARD_ ERRSEQ_API_ int errseq_shared_cursor_move(
	errseq_shared_cursor_t *cursor, errseq_cursor_t from,
	errseq_cursor_t to) ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;

/*
 * errseq_check_shared, errseq_check_and_advance_shared - errseq_check and errseq_check_and_advance
 * through a shared cursor
 * @eseq: the word
 * @since: the shared cursor
 *
 * Of all calls that advance through one shared cursor at once, exactly one returns the error. The cursor
 * never goes back. Others may see the word as reported shortly before that call returns.
 *
 * Context: any thread, any process that maps both, signal handlers; no outside locking.
 * Memory order: the cursor is read with acquire, before the word. Acquire before an error is returned
 *	(G6). The cursor moves with release.
 * Return: as the plain calls.
 */
ERRSEQ_NODISCARD_ ERRSEQ_API_ int errseq_check_shared(
	const errseq_t *eseq, const errseq_shared_cursor_t *since) ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;
ERRSEQ_NODISCARD_ ERRSEQ_API_ int errseq_check_and_advance_shared(
	errseq_t *eseq, errseq_shared_cursor_t *since) ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;

/*
 * The same in 64 bits, where ERRSEQ_HAVE_64 is defined. Bits 0-13 as above, the counter in bits 14-63: it
 * wraps after 2^50 steps, which takes 35 years at a million steps a second. Every call does what its
 * namesake does. The word and the shared cursor are 8 bytes, aligned to 8, and all zeroes are valid.
 * ERRSEQ_INIT and ERRSEQ_SHARED_CURSOR_INIT initialise them, too.
 */
#ifdef ERRSEQ_HAVE_64
typedef struct errseq64 {
	ERRSEQ_WORD_OF_(uint64_t) word_;
} errseq64_t;
typedef uint64_t errseq64_cursor_t;
typedef struct errseq64_shared_cursor {
	ERRSEQ_WORD_OF_(uint64_t) cursor_;
} errseq64_shared_cursor_t;

ERRSEQ_API_ void errseq64_init(errseq64_t *eseq) ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;
ERRSEQ_API_ int errseq64_set(errseq64_t *eseq, int err) ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;
ERRSEQ_NODISCARD_ ERRSEQ_API_ errseq64_cursor_t errseq64_sample(const errseq64_t *eseq)
	ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;
ERRSEQ_NODISCARD_ ERRSEQ_API_ errseq64_cursor_t errseq64_peek(errseq64_t *eseq)
	ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;
ERRSEQ_NODISCARD_ ERRSEQ_API_ int errseq64_check(const errseq64_t *eseq, errseq64_cursor_t since)
	ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;
ERRSEQ_NODISCARD_ ERRSEQ_API_ int errseq64_check_and_advance(
	errseq64_t *eseq, errseq64_cursor_t *since) ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;
ERRSEQ_API_ int errseq64_settle(errseq64_t *eseq,
				errseq64_cursor_t at) ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;
ERRSEQ_NODISCARD_ ERRSEQ_API_ int errseq64_cursor_same(errseq64_cursor_t a,
						       errseq64_cursor_t b) ERRSEQ_NOEXCEPT_;
ERRSEQ_API_ errseq64_cursor_t errseq64_load(const errseq64_t *eseq)
	ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;
ERRSEQ_API_ int errseq64_cursor_error(errseq64_cursor_t cursor) ERRSEQ_NOEXCEPT_;
ERRSEQ_API_ int errseq64_cursor_reported(errseq64_cursor_t cursor) ERRSEQ_NOEXCEPT_;
ERRSEQ_API_ int errseq64_cursor_observed(errseq64_cursor_t cursor) ERRSEQ_NOEXCEPT_;
ERRSEQ_API_ uint64_t errseq64_cursor_count(errseq64_cursor_t cursor) ERRSEQ_NOEXCEPT_;
ERRSEQ_API_ int errseq64_format(errseq64_cursor_t cursor, char *buf, size_t size) ERRSEQ_NOEXCEPT_;
ERRSEQ_API_ void errseq64_shared_cursor_init(errseq64_shared_cursor_t *cursor,
					     errseq64_cursor_t at) ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;
ERRSEQ_NODISCARD_ ERRSEQ_API_ errseq64_cursor_t
errseq64_shared_cursor_get(const errseq64_shared_cursor_t *cursor) ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;
ERRSEQ_NODISCARD_ ERRSEQ_API_ int errseq64_shared_cursor_move(
	errseq64_shared_cursor_t *cursor, errseq64_cursor_t from,
	errseq64_cursor_t to) ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;
ERRSEQ_NODISCARD_ ERRSEQ_API_ int errseq64_check_shared(const errseq64_t *eseq,
							const errseq64_shared_cursor_t *since)
	ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;
ERRSEQ_NODISCARD_ ERRSEQ_API_ int errseq64_check_and_advance_shared(
	errseq64_t *eseq, errseq64_shared_cursor_t *since) ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;
#endif

/*
 * Private from here on. Inlined code calls these functions, hence they are exported. They do the rest of
 * peek and check_and_advance after a load. @seen is the value loaded, @at the cursor's.
 */
ERRSEQ_API_ errseq_cursor_t errseq_observe_(errseq_t *eseq) ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;
ERRSEQ_API_ int errseq_advance_(errseq_t *eseq, errseq_cursor_t *since,
				errseq_cursor_t seen) ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;
ERRSEQ_API_ int errseq_advance_shared_(errseq_t *eseq, errseq_shared_cursor_t *since,
				       errseq_cursor_t at,
				       errseq_cursor_t seen) ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;
#ifdef ERRSEQ_HAVE_64
ERRSEQ_API_ errseq64_cursor_t errseq64_observe_(errseq64_t *eseq) ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;
ERRSEQ_API_ int errseq64_advance_(errseq64_t *eseq, errseq64_cursor_t *since,
				  errseq64_cursor_t seen) ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;
ERRSEQ_API_ int errseq64_advance_shared_(errseq64_t *eseq, errseq64_shared_cursor_t *since,
					 errseq64_cursor_t at,
					 errseq64_cursor_t seen) ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;
#endif

ERRSEQ_SET_CHECKS_ITS_CONSTANT_(errseq_set, errseq_t *)
#ifdef ERRSEQ_HAVE_64
ERRSEQ_SET_CHECKS_ITS_CONSTANT_(errseq64_set, errseq64_t *)
#endif

#ifdef __cplusplus
}
#endif

/*
 * The fast paths, inline for gcc and clang. gnu_inline never emits a symbol: where the compiler does not
 * inline, the library's own is called. Define ERRSEQ_NO_INLINE to call the library always.
 */
#if defined ERRSEQ_GNUC_ && !defined ERRSEQ_NO_INLINE
#define ERRSEQ_INLINE_ extern __inline__ __attribute__((gnu_inline))
#define ERRSEQ_(name)  errseq_##name
#include "errseq_inline.h"
#undef ERRSEQ_
#ifdef ERRSEQ_HAVE_64
#define ERRSEQ_(name) errseq64_##name
#include "errseq_inline.h"
#undef ERRSEQ_
#endif
#undef ERRSEQ_INLINE_
#endif

#ifdef ERRSEQ_SET_CHECKED_
#define errseq_set(...)	  errseq_set ERRSEQ_SET_CHECKED_(__VA_ARGS__)
#define errseq64_set(...) errseq64_set ERRSEQ_SET_CHECKED_(__VA_ARGS__)
#endif

#endif
