/* SPDX-License-Identifier: MIT */
/*
 * Private: errseq_set with a constant that cannot be right, such as EIO instead of -EIO, does not compile.
 * Programs include <errseq/errseq.h>.
 *
 * clang has an attribute for that. For gcc, a macro of the function's own name looks at the argument once
 * more, without evaluating it, and adds a zero that exists only if the argument is not a wrong constant. In
 * C, the type of `1 ? (void *)0 : (int *)1` is int * if the zero is a constant, and void * otherwise. With
 * more than two arguments, as the preprocessor counts them, the macro steps aside. So does it for
 * (errseq_set)(eseq, err), which g++ needs if @err holds a lambda or calls a conversion function.
 */
#ifndef ERRSEQ_ERRSEQ_CONSTANT_H
#define ERRSEQ_ERRSEQ_CONSTANT_H

#include "errseq_word.h"

#define ERRSEQ_SET_REFUSES_(err) ((err) < -ERRSEQ_MAX_ERRNO || (err) > -1)
#define ERRSEQ_SET_RULE_	 "errseq_set takes a negated errno, -1 to -4095: -EIO, not EIO"

#if defined ERRSEQ_GNUC_ && defined __clang__
/* The declaration once more, with the attribute. */
#define ERRSEQ_SET_CHECKS_ITS_CONSTANT_(set, pointer_t)                                            \
	_Pragma("clang diagnostic push") _Pragma("clang diagnostic ignored \"-Wgcc-compat\"")      \
		ERRSEQ_API_ int                                                                    \
		set(pointer_t eseq, int err) ERRSEQ_NOEXCEPT_                                      \
		__attribute__((diagnose_if(ERRSEQ_SET_REFUSES_(err), ERRSEQ_SET_RULE_, "error"))); \
	_Pragma("clang diagnostic pop")
#else
#define ERRSEQ_SET_CHECKS_ITS_CONSTANT_(set, pointer_t)
#endif

#if defined ERRSEQ_GNUC_ && !defined __clang__
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
	__extension__ _Generic(1 ? (void *)((intptr_t)(err)*0) : (int *)1, int * : 1, void * : 0)
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
#endif

#endif
