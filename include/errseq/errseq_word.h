/* SPDX-License-Identifier: MIT */
/*
 * Private: how this translation unit reaches a word, what is in its bits, and what the compiler offers.
 * Programs include <errseq/errseq.h>.
 */
#ifndef ERRSEQ_ERRSEQ_WORD_H
#define ERRSEQ_ERRSEQ_WORD_H

#include <stdint.h>

/* gcc, clang, and what is as good. Tools that only say that they are gcc lack the second macro. */
#if defined __GNUC__ && defined __GCC_ATOMIC_INT_LOCK_FREE
#define ERRSEQ_GNUC_ 1
#endif

/*
 * C11 has atomics of its own. C++ and C99 use the built-ins of gcc and clang on the same four bytes.
 * With any other compiler, every call is a call of the library.
 */
#if !defined __cplusplus && defined __STDC_VERSION__ && __STDC_VERSION__ >= 201112L && \
	!defined __STDC_NO_ATOMICS__
#include <stdatomic.h>
#ifdef ERRSEQ_GNUC_ /* as _Alignas, but gcc -m32 adds a note to that at each include */
#define ERRSEQ_WORD_OF_(type) __attribute__((aligned(sizeof(type)))) _Atomic(type)
#else
#define ERRSEQ_WORD_OF_(type) _Alignas(sizeof(type)) _Atomic(type)
#endif
#define ERRSEQ_LOAD_(object, order) atomic_load_explicit(object, memory_order_##order)
#define ERRSEQ_FENCE_(order)	    atomic_thread_fence(memory_order_##order)
#define ERRSEQ_INT_LOCK_FREE_	    ATOMIC_INT_LOCK_FREE
#define ERRSEQ_LONG_LOCK_FREE_	    ATOMIC_LONG_LOCK_FREE
#define ERRSEQ_LLONG_LOCK_FREE_	    ATOMIC_LLONG_LOCK_FREE
#elif defined ERRSEQ_GNUC_
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
 * The 64-bit word is there only where it is always lock-free. On 32-bit x86, clang judges a long long by
 * its own alignment, which is 4. The word's alignment is 8, and gcc and clang must agree.
 */
#if defined ERRSEQ_LLONG_LOCK_FREE_ &&   \
	(ERRSEQ_LLONG_LOCK_FREE_ == 2 || \
	 (defined __i386__ && defined __GCC_HAVE_SYNC_COMPARE_AND_SWAP_8))
#define ERRSEQ_HAVE_64 1
#endif

/* The bits of a word and of a cursor, of either width. The counter is above the flags. */
#define ERRSEQ_ERRNO_	 0x0fffu
#define ERRSEQ_REPORTED_ 0x1000u
#define ERRSEQ_OBSERVED_ 0x2000u
#define ERRSEQ_FLAGS_	 0x3000u
#define ERRSEQ_STEP_	 0x4000u /* one step of the counter */

/*
 * The same position: equal except for the flags. The usual case comes first, equal as they are: the
 * processor fuses that compare with its branch.
 */
#define ERRSEQ_SAME_(a, b) \
	(ERRSEQ_LIKELY_((a) == (b)) || ((a) | ERRSEQ_FLAGS_) == ((b) | ERRSEQ_FLAGS_))

/*
 * Make the recorder's earlier writes visible, after a relaxed load of the word. A fence says it best.
 * ThreadSanitizer does not understand fences, so there the word is loaded once more.
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

#ifdef __cplusplus
#define ERRSEQ_NOEXCEPT_ noexcept
#else
#define ERRSEQ_NOEXCEPT_
#endif

#ifdef ERRSEQ_GNUC_
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

/* Only the build of the shared library exports: a program that embeds the static one re-exports nothing. */
#if defined ERRSEQ_BUILD_OF_SHARED_ && defined _WIN32
#define ERRSEQ_API_ __declspec(dllexport)
#elif defined ERRSEQ_BUILD_OF_SHARED_ && defined __GNUC__
#define ERRSEQ_API_ __attribute__((visibility("default")))
#else
#define ERRSEQ_API_
#endif

#endif
