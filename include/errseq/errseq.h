/* SPDX-License-Identifier: MIT */
/*
 * errseq: record an asynchronous error once, and let every observer learn of it exactly once.
 *
 * A *word* (errseq_t) is the shared record: recorders write into it, from any thread, process or
 * signal handler, without a lock. A *cursor* (errseq_cursor_t) is one observer's position in the
 * word's history. Looking through a cursor answers one question: was an error recorded that this
 * observer was not told of yet, and if so, which is the latest?
 *
 *	errseq_t word = ERRSEQ_INIT;                        shared by all
 *	errseq_cursor_t cursor = errseq_sample(&word);      one for each observer
 *
 *	errseq_set(&word, -EIO);                            recorder: a write failed in the background
 *
 *	int err = errseq_check_and_advance(&word, &cursor); observer: -EIO now, 0 from then on
 *
 * The four states of a word:
 *
 *	never set --set--> set --peek--> observed --advance--> reported --set--> set ...
 *
 * and its bits, which are public and frozen (words live in shared memory, cursors in files):
 *
 *	 0-11  errno     the latest error, 1...4095; 0 only while nothing was ever recorded
 *	   12  reported  someone's caller was told of this error
 *	   13  observed  a cursor may stand on this value: the next record moves the counter
 *	14-31  counter   modulo 2^18, in the machine's byte order
 *
 * Guarantees, by the names that the manual and the tests use:
 *
 *	G1 nothing missed   If a set completes after a cursor was taken or advanced, the next look
 *	                    through it returns an error, as long as the counter moves fewer than 2^18
 *	                    steps in between.
 *	G2 once             Through one cursor, check_and_advance does not return an error again unless
 *	                    another set came after.
 *	G3 owed to somebody  An error that no one was told of is told to whoever samples next.
 *	G4 peek takes nothing  With or without peeks, every other observer is told the same.
 *	G5 flags are not news  Marking by others never makes a cursor look behind.
 *	G6 covered          All that a thread did before errseq_set is visible to whoever is told of
 *	                    that error or of a later one, so "advance, then look for what broke" and
 *	                    "take a position, look for what is broken already, wait for the rest" miss
 *	                    nothing.
 *	G7 latest           The error returned is the latest recorded at some moment during the call.
 *	G8 anywhere         Lock-free, no allocation, no libc, async-signal-safe, address-free; a thread
 *	                    or process that dies inside a call leaves a valid word and stops nobody.
 *
 * "Told" means by errseq_check_and_advance: errseq_check shows an error and settles nothing. Whoever
 * dies between that call and its caller counts as told.
 *
 * Not promised: how many errors there were, errors overwritten before anyone looked, and anything
 * past the word's lifetime.
 *
 * The rules come from the errseq proposal of December 2020 on the Linux kernel list, "split the
 * ERRSEQ_SEEN flag into two", as corrected in this project's docs/algorithm.md. The code does not
 * come from the kernel.
 *
 * Every pointer argument points to a live object, and none is null but for errseq_format's.
 */
#ifndef ERRSEQ_ERRSEQ_H
#define ERRSEQ_ERRSEQ_H

#include <stddef.h>
#include <stdint.h>

#define ERRSEQ_VERSION_MAJOR 0
#define ERRSEQ_VERSION_MINOR 1
#define ERRSEQ_VERSION_PATCH 0

/* The largest errno that a word can hold. */
#define ERRSEQ_MAX_ERRNO 4095

/*
 * How this translation unit reaches the word. C11 has atomics of its own; C++ and C99 use gcc's and
 * clang's built-ins on the same four bytes; everyone else calls the library for everything.
 */
#if !defined __cplusplus && defined __STDC_VERSION__ && __STDC_VERSION__ >= 201112L && \
	!defined __STDC_NO_ATOMICS__
#include <stdatomic.h>
#define ERRSEQ_WORD_OF_(type)	    _Alignas(sizeof(type)) _Atomic(type)
#define ERRSEQ_LOAD_(object, order) atomic_load_explicit(object, memory_order_##order)
#define ERRSEQ_FENCE_(order)	    atomic_thread_fence(memory_order_##order)
#define ERRSEQ_INT_LOCK_FREE_	    ATOMIC_INT_LOCK_FREE
#define ERRSEQ_LONG_LOCK_FREE_	    ATOMIC_LONG_LOCK_FREE
#define ERRSEQ_LLONG_LOCK_FREE_	    ATOMIC_LLONG_LOCK_FREE
#elif defined __GNUC__
#define ERRSEQ_WORD_OF_(type)	    __attribute__((aligned(sizeof(type)))) type
#define ERRSEQ_LOAD_(object, order) __atomic_load_n(object, ERRSEQ_ORDER_##order##_)
#define ERRSEQ_FENCE_(order)	    __atomic_thread_fence(ERRSEQ_ORDER_##order##_)
#define ERRSEQ_ORDER_relaxed_	    __ATOMIC_RELAXED
#define ERRSEQ_ORDER_acquire_	    __ATOMIC_ACQUIRE
#define ERRSEQ_INT_LOCK_FREE_	    __GCC_ATOMIC_INT_LOCK_FREE
#define ERRSEQ_LONG_LOCK_FREE_	    __GCC_ATOMIC_LONG_LOCK_FREE
#define ERRSEQ_LLONG_LOCK_FREE_	    __GCC_ATOMIC_LLONG_LOCK_FREE
#else
#define ERRSEQ_WORD_OF_(type) type
#endif

/* Where an atomic is a lock in disguise, a thread or process that dies would block others (G8). */
#if defined ERRSEQ_INT_LOCK_FREE_ && (ERRSEQ_INT_LOCK_FREE_ != 2 || ERRSEQ_LONG_LOCK_FREE_ != 2)
#error "libErrseq needs 32-bit atomics that are always lock-free; this target or -march has none"
#endif

/*
 * The 64-bit word is offered where it is always lock-free, and not at all elsewhere. On 32-bit x86, clang
 * judges a long long by its own alignment, which is 4; ours is 8, and there gcc and clang must agree.
 */
#if defined ERRSEQ_LLONG_LOCK_FREE_ &&   \
	(ERRSEQ_LLONG_LOCK_FREE_ == 2 || \
	 (defined __i386__ && defined __GCC_HAVE_SYNC_COMPARE_AND_SWAP_8))
#define ERRSEQ_HAVE_64 1
#endif

#ifdef __cplusplus
#define ERRSEQ_NOEXCEPT_ noexcept
#else
#define ERRSEQ_NOEXCEPT_
#endif

#ifdef __GNUC__
#define ERRSEQ_NONNULL_	      __attribute__((nonnull))
#define ERRSEQ_NONNULL_FIRST_ __attribute__((nonnull(1)))
#define ERRSEQ_NODISCARD_     __attribute__((warn_unused_result))
#define ERRSEQ_LIKELY_(is)    __builtin_expect(is, 1)
#else
#define ERRSEQ_NONNULL_
#define ERRSEQ_NONNULL_FIRST_
#define ERRSEQ_NODISCARD_
#define ERRSEQ_LIKELY_(is) (is)
#endif

/* Only the build of the shared library exports: whoever embeds the static one re-exports nothing. */
#if defined ERRSEQ_BUILD_OF_SHARED_ && defined _WIN32
#define ERRSEQ_API_ __declspec(dllexport)
#elif defined ERRSEQ_BUILD_OF_SHARED_ && defined __GNUC__
#define ERRSEQ_API_ __attribute__((visibility("default")))
#else
#define ERRSEQ_API_
#endif

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The word: 4 bytes, aligned to 4, all zeroes = nothing was ever recorded. Memory from calloc() or a
 * fresh mmap() holds valid words. Do not copy or assign a word that is in use; in C++ that would
 * compile, also as a part of an object.
 */
typedef struct errseq {
	ERRSEQ_WORD_OF_(uint32_t) word_;
} errseq_t;

/*
 * A cursor: an observer's position, a plain number that may be copied and stored, and that means
 * something only as long as its word lives: store an identity of that life beside it. Like any plain
 * number it needs synchronisation on its way from one thread to another. 0 = since the beginning, so
 * that the next look tells of whatever is in the word.
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
 * Context: before the word is shared, or while nobody else uses it; cursors into its former history
 *	mean nothing from then on. Not needed for a word that is ERRSEQ_INIT or all zeroes.
 * Memory order: relaxed; whatever hands the word to others publishes it.
 */
ERRSEQ_API_ void errseq_init(errseq_t *eseq) ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;

/*
 * errseq_set - record an error
 * @eseq: the word
 * @err: a negated errno, -1 ... -ERRSEQ_MAX_ERRNO (-4095)
 *
 * The word then holds this error, and the flags are clear. The counter moves if the value that is
 * replaced was observed, and not otherwise: a storm of errors that nobody looks at costs no counter
 * steps. With gcc and clang a constant @err out of range does not compile.
 *
 * Context: any thread, any process that maps the word, signal handlers; no outside locking.
 * Memory order: the exchange is a release and happens even when the same error stands there already,
 *	so that whoever is told sees what was done before the call (G6).
 * Return: 0, or -EINVAL for any other @err, with the word untouched.
 */
ERRSEQ_API_ int errseq_set(errseq_t *eseq, int err) ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;

/*
 * errseq_sample - a position for a newcomer, who also wants an error that nobody was told of
 * @eseq: the word
 *
 * For open(): an error that someone was told of already is past; one that no one was told of is
 * still owed, and the newcomer's first look returns it (G3). Changes nothing.
 *
 * Context: any thread, any process that maps the word, signal handlers; no outside locking.
 * Memory order: acquire, so that a look around after taking the position finds what broke before it.
 * Return: the word if its error was reported, else 0.
 */
ERRSEQ_NODISCARD_ ERRSEQ_API_ errseq_cursor_t errseq_sample(const errseq_t *eseq)
	ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;

/*
 * errseq_peek - a position as of now, which takes nothing from anybody
 * @eseq: the word
 *
 * For an observer that wants only errors newer than now, and must not swallow one that is owed to
 * somebody else (G4): the error stays unreported, merely observed. To notice each new error, once, and
 * take none: peek for the next position first, then errseq_check through the old one. An error that
 * comes between the two is told twice, and never missed.
 *
 * Context: any thread, any process that maps the word, signal handlers; no outside locking.
 * Memory order: acquire, so that a look around after taking the position finds what broke before it.
 * Return: the word with its observed flag set, or 0 if nothing was ever recorded.
 */
ERRSEQ_NODISCARD_ ERRSEQ_API_ errseq_cursor_t errseq_peek(errseq_t *eseq)
	ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;

/*
 * errseq_check - look whether there is news, and change nothing
 * @eseq: the word
 * @since: the observer's position
 *
 * Asked again it answers the same, until the cursor moves: "still failing", for ever.
 *
 * Context: any thread, any process that maps the word, signal handlers; no outside locking.
 * Memory order: relaxed while there is no news; acquire before an error is returned (G6).
 * Return: 0 if word and cursor are the same but for the two flags (G5), or if nothing was ever
 *	recorded; else the latest error, a negated errno, -1 ... -4095.
 */
ERRSEQ_NODISCARD_ ERRSEQ_API_ int errseq_check(const errseq_t *eseq, errseq_cursor_t since)
	ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;

/*
 * errseq_check_and_advance - be told of news once: look, settle the debt, and move the cursor past it
 * @eseq: the word
 * @since: the observer's position; moved if there is news, untouched otherwise
 *
 * For fsync(): returns the error that this observer is owed, and marks it as reported, so that
 * newcomers who sample later are not told of it again.
 *
 * Context: any thread, any process that maps the word, signal handlers. The word needs no outside
 *	locking, the cursor does: two calls at once on one cursor are a data race.
 * Memory order: relaxed while there is no news; acquire before an error is returned (G6).
 * Return: 0 if word and cursor are the same but for the two flags (G5), else the latest error, a
 *	negated errno, -1 ... -4095. On a word that was never set, a cursor from another word's life
 *	is no news: 0, and the cursor moves to 0.
 */
ERRSEQ_NODISCARD_ ERRSEQ_API_ int errseq_check_and_advance(errseq_t *eseq, errseq_cursor_t *since)
	ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;

/*
 * errseq_load - a raw copy of the word, for diagnosis
 * @eseq: the word
 *
 * Not a position: it may lack the observed flag, and then the next error need not move the counter.
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
 * errseq_format - a cursor or a raw copy in words, for a log line
 * @cursor: any value
 * @buf: where the text goes, always ended by a zero byte if @size > 0; may be null if @size is 0
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
 * A cursor that several threads, or processes that map it, use at once without a lock: 4 bytes, all
 * zeroes = since the beginning. For a file handle that several threads fsync.
 */
typedef struct errseq_shared_cursor {
	ERRSEQ_WORD_OF_(uint32_t) cursor_;
} errseq_shared_cursor_t;

/* Static initialiser of a shared cursor, at the beginning. */
/* clang-format off */
#define ERRSEQ_SHARED_CURSOR_INIT { 0 }
/* clang-format on */

/*
 * errseq_shared_cursor_init - put a shared cursor somewhere
 * @cursor: the shared cursor
 * @at: a position from errseq_sample, errseq_peek or errseq_shared_cursor_get, or 0
 *
 * Context: before the cursor is shared, or while nobody else uses it.
 * Memory order: relaxed; whatever hands the cursor to others publishes it.
 */
ERRSEQ_API_ void errseq_shared_cursor_init(errseq_shared_cursor_t *cursor,
					   errseq_cursor_t at) ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;

/*
 * errseq_shared_cursor_get - where a shared cursor stands
 * @cursor: the shared cursor
 *
 * Context: any thread, any process that maps the cursor, signal handlers; no outside locking.
 * Memory order: acquire, so that a look at the word through the result sees nothing older.
 * Return: the position, a plain cursor.
 */
ERRSEQ_NODISCARD_ ERRSEQ_API_ errseq_cursor_t
errseq_shared_cursor_get(const errseq_shared_cursor_t *cursor) ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;

/*
 * errseq_check_shared, errseq_check_and_advance_shared - errseq_check and errseq_check_and_advance
 * through a shared cursor
 * @eseq: the word
 * @since: the shared cursor
 *
 * Of all that advance through one shared cursor at once, exactly one is told of an error, and the
 * cursor never goes back. Another observer may see the error as reported a moment before the call that
 * is told of it returns.
 *
 * Context: any thread, any process that maps both, signal handlers; no outside locking.
 * Memory order: the cursor is read with acquire, before the word; without news nothing more. Acquire
 *	before an error is returned (G6); the cursor moves with release.
 * Return: as those of the plain calls.
 */
ERRSEQ_NODISCARD_ ERRSEQ_API_ int errseq_check_shared(
	const errseq_t *eseq, const errseq_shared_cursor_t *since) ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;
ERRSEQ_NODISCARD_ ERRSEQ_API_ int errseq_check_and_advance_shared(
	errseq_t *eseq, errseq_shared_cursor_t *since) ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;

/*
 * The same in 64 bits, where ERRSEQ_HAVE_64 is defined: bits 0-13 as above, the counter in bits 14-63,
 * so that it wraps after 2^50 steps: at a million a second, in 35 years. Every call does what its
 * namesake does. The word and the shared cursor are 8 bytes, aligned to 8, all zeroes valid;
 * ERRSEQ_INIT and ERRSEQ_SHARED_CURSOR_INIT serve them too.
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
ERRSEQ_NODISCARD_ ERRSEQ_API_ int errseq64_check_shared(const errseq64_t *eseq,
							const errseq64_shared_cursor_t *since)
	ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;
ERRSEQ_NODISCARD_ ERRSEQ_API_ int errseq64_check_and_advance_shared(
	errseq64_t *eseq, errseq64_shared_cursor_t *since) ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;
#endif

/*
 * Private from here on: what the inline fast paths below need. The advance functions are exported
 * because inlined code calls them; they do the rest of check_and_advance once @seen, the value of the
 * word, turned out to be news to an observer that stands @at.
 */
ERRSEQ_API_ int errseq_advance_(errseq_t *eseq, errseq_cursor_t *since,
				errseq_cursor_t seen) ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;
ERRSEQ_API_ int errseq_advance_shared_(errseq_t *eseq, errseq_shared_cursor_t *since,
				       errseq_cursor_t at,
				       errseq_cursor_t seen) ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;
#ifdef ERRSEQ_HAVE_64
ERRSEQ_API_ int errseq64_advance_(errseq64_t *eseq, errseq64_cursor_t *since,
				  errseq64_cursor_t seen) ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;
ERRSEQ_API_ int errseq64_advance_shared_(errseq64_t *eseq, errseq64_shared_cursor_t *since,
					 errseq64_cursor_t at,
					 errseq64_cursor_t seen) ERRSEQ_NOEXCEPT_ ERRSEQ_NONNULL_;
#endif

#define ERRSEQ_ERRNO_	 0x0fffu
#define ERRSEQ_REPORTED_ 0x1000u
#define ERRSEQ_OBSERVED_ 0x2000u
#define ERRSEQ_FLAGS_	 0x3000u
#define ERRSEQ_STEP_	 0x4000u /* one step of the counter */

/*
 * The same but for the flags; of either width. The usual case first, whole against whole: a compare
 * that the processor fuses with its branch.
 */
#define ERRSEQ_SAME_(a, b) \
	(ERRSEQ_LIKELY_((a) == (b)) || ((a) | ERRSEQ_FLAGS_) == ((b) | ERRSEQ_FLAGS_))

/*
 * Acquire what the recorder released into the value that a relaxed load has just brought. A fence
 * says it best; ThreadSanitizer does not understand fences, so there the word is read once more.
 */
#ifdef __has_feature
#if __has_feature(thread_sanitizer)
#define ERRSEQ_UNDER_TSAN_
#endif
#endif
#if defined ERRSEQ_UNDER_TSAN_ || defined __SANITIZE_THREAD__
#define ERRSEQ_ACQUIRE_(eseq) ((void)ERRSEQ_LOAD_(&(eseq)->word_, acquire))
#else
#define ERRSEQ_ACQUIRE_(eseq) ERRSEQ_FENCE_(acquire)
#endif

/*
 * errseq_set with a constant that cannot be right, such as EIO instead of -EIO, does not compile. clang
 * has an attribute for that. For gcc, a macro of the function's own name looks at @err once more,
 * without evaluating it, and adds a zero that exists only if @err is not a wrong constant. In C, the
 * type of `1 ? (void *)0 : (int *)0` is int * if the zero is a constant, and void * otherwise. With
 * more than two arguments, as the preprocessor counts them, the macro steps aside. So does it for
 * (errseq_set)(eseq, err), which g++ needs if @err holds a lambda or calls a conversion function.
 */
#define ERRSEQ_SET_REFUSES_(err) ((err) < -ERRSEQ_MAX_ERRNO || (err) > -1)
#define ERRSEQ_SET_RULE_	 "errseq_set takes a negated errno, -1 to -4095: -EIO, not EIO"

#if defined __clang__
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wgcc-compat"
ERRSEQ_API_ int errseq_set(errseq_t *eseq, int err) ERRSEQ_NOEXCEPT_
	__attribute__((diagnose_if(ERRSEQ_SET_REFUSES_(err), ERRSEQ_SET_RULE_, "error")));
#ifdef ERRSEQ_HAVE_64
ERRSEQ_API_ int errseq64_set(errseq64_t *eseq, int err) ERRSEQ_NOEXCEPT_
	__attribute__((diagnose_if(ERRSEQ_SET_REFUSES_(err), ERRSEQ_SET_RULE_, "error")));
#endif
#pragma clang diagnostic pop
#elif defined __GNUC__
#ifdef __cplusplus
extern "C++" {
template <bool is_valid> struct errseq_set_argument_ {
	static_assert(is_valid, ERRSEQ_SET_RULE_);
};
}
#define ERRSEQ_IS_OKAY_(err)	  (!__builtin_constant_p(err) || !ERRSEQ_SET_REFUSES_(0 + (err)))
#define ERRSEQ_ZERO_IF_OKAY_(err) (0 * int{ sizeof(errseq_set_argument_<ERRSEQ_IS_OKAY_(err)>) })
#else
#define ERRSEQ_IS_CONSTANT_(err) \
	__extension__ _Generic(1 ? (void *)((intptr_t)(err)*0) : (int *)0, int * : 1, void * : 0)
#define ERRSEQ_IF_CONSTANT_(err) ((int)__builtin_choose_expr(ERRSEQ_IS_CONSTANT_(err), (err), -1))
#define ERRSEQ_ZERO_IF_OKAY_(err)                                                   \
	(0 *                                                                        \
	 (int)sizeof(void (*)(char errseq_set_takes_a_negated_errno_as_in_minus_EIO \
				      [ERRSEQ_SET_REFUSES_(ERRSEQ_IF_CONSTANT_(err)) ? -1 : 1])))
#endif
#define ERRSEQ_SET_OF_2_(eseq, err)			(eseq, (err) + ERRSEQ_ZERO_IF_OKAY_(err))
#define ERRSEQ_SET_OF_N_(...)				(__VA_ARGS__)
#define ERRSEQ_SEVENTH_(a, b, c, d, e, f, seventh, ...) seventh
#define ERRSEQ_SET_CHECKED_(...)                                                                \
	ERRSEQ_SEVENTH_(__VA_ARGS__, ERRSEQ_SET_OF_N_, ERRSEQ_SET_OF_N_, ERRSEQ_SET_OF_N_,      \
			ERRSEQ_SET_OF_N_, ERRSEQ_SET_OF_2_, ERRSEQ_SET_OF_N_, ERRSEQ_SET_OF_N_) \
	(__VA_ARGS__)
#define errseq_set(...)	  errseq_set ERRSEQ_SET_CHECKED_(__VA_ARGS__)
#define errseq64_set(...) errseq64_set ERRSEQ_SET_CHECKED_(__VA_ARGS__)
#endif

#ifdef __cplusplus
}
#endif

#endif /* ERRSEQ_ERRSEQ_H */

/*
 * The fast paths, inline for gcc and clang in C and C++: with nothing new, one load (two with a shared
 * cursor), a compare and a branch. gnu_inline never emits them: where the compiler does not inline, and
 * for a function pointer, the library's own symbol serves. That symbol comes from this same text, which
 * src/errseq.c asks for by ERRSEQ_EMIT_; hence its place behind the guard. Inlined code fits any library
 * with the same SONAME. Define ERRSEQ_NO_INLINE to call the library always.
 *
 * The text is read twice, by including this file again: ERRSEQ_(set) is errseq_set in the first reading
 * and errseq64_set in the second, ERRSEQ_(t) is errseq_t and errseq64_t.
 */
#ifndef ERRSEQ_
#if defined ERRSEQ_EMIT_ || \
	(defined __GNUC__ && !defined ERRSEQ_NO_INLINE && !defined ERRSEQ_INLINE_)
#undef ERRSEQ_INLINE_
#ifdef ERRSEQ_EMIT_
#define ERRSEQ_INLINE_
#else
#define ERRSEQ_INLINE_ extern __inline__ __attribute__((gnu_inline))
#endif
#ifdef __cplusplus
extern "C" {
#endif
#define ERRSEQ_(name) errseq_##name
#include "errseq.h"
#undef ERRSEQ_
#ifdef ERRSEQ_HAVE_64
#define ERRSEQ_(name) errseq64_##name
#include "errseq.h"
#undef ERRSEQ_
#endif
#ifdef __cplusplus
}
#endif
#endif
#else

ERRSEQ_INLINE_ ERRSEQ_(cursor_t) ERRSEQ_(sample)(const ERRSEQ_(t) *eseq) ERRSEQ_NOEXCEPT_
{
	/* acquire: what the recorder did before this value is visible to whoever starts here */
	ERRSEQ_(cursor_t) now = ERRSEQ_LOAD_(&eseq->word_, acquire);

	return now & ERRSEQ_REPORTED_ ? now : 0;
}

ERRSEQ_INLINE_ int ERRSEQ_(check)(const ERRSEQ_(t) *eseq, ERRSEQ_(cursor_t) since) ERRSEQ_NOEXCEPT_
{
	/* relaxed: "nothing new" promises nothing about other memory */
	ERRSEQ_(cursor_t) now = ERRSEQ_LOAD_(&eseq->word_, relaxed);
	int err;

	if (ERRSEQ_SAME_(now, since))
		return 0;
	/* acquire: what the recorder did before the error is visible to whoever is told of it */
	ERRSEQ_ACQUIRE_(eseq);
	err = now & ERRSEQ_ERRNO_;
	return -err;
}

ERRSEQ_INLINE_ int ERRSEQ_(check_and_advance)(ERRSEQ_(t) *eseq,
					      ERRSEQ_(cursor_t) *since) ERRSEQ_NOEXCEPT_
{
	/* relaxed: "nothing new" promises nothing about other memory */
	ERRSEQ_(cursor_t) now = ERRSEQ_LOAD_(&eseq->word_, relaxed);

	if (ERRSEQ_SAME_(now, *since))
		return 0;
	return ERRSEQ_(advance_)(eseq, since, now);
}

ERRSEQ_INLINE_ int ERRSEQ_(check_shared)(const ERRSEQ_(t) *eseq,
					 const ERRSEQ_(shared_cursor_t) *since) ERRSEQ_NOEXCEPT_
{
	/* acquire: the word is read after the cursor, so that it is never older */
	ERRSEQ_(cursor_t) at = ERRSEQ_LOAD_(&since->cursor_, acquire);

	return ERRSEQ_(check)(eseq, at);
}

ERRSEQ_INLINE_ int ERRSEQ_(check_and_advance_shared)(
	ERRSEQ_(t) *eseq, ERRSEQ_(shared_cursor_t) *since) ERRSEQ_NOEXCEPT_
{
	/* acquire: the word is read after the cursor, so that it is never older */
	ERRSEQ_(cursor_t) at = ERRSEQ_LOAD_(&since->cursor_, acquire);
	/* relaxed: "nothing new" promises nothing about other memory */
	ERRSEQ_(cursor_t) now = ERRSEQ_LOAD_(&eseq->word_, relaxed);

	if (ERRSEQ_SAME_(now, at))
		return 0;
	return ERRSEQ_(advance_shared_)(eseq, since, at, now);
}

#endif
