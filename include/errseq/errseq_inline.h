/* SPDX-License-Identifier: MIT */
/*
 * Private: the fast paths. With no new error, each check is one load (two with a shared cursor), a compare
 * and a branch. Programs include <errseq/errseq.h>.
 *
 * This text is read once for each width, with two macros defined: ERRSEQ_(check) is errseq_check or
 * errseq64_check, and ERRSEQ_INLINE_ says how the functions are defined. errseq.h defines them inline,
 * for gcc and clang. src/errseq.c defines them once more, as the library's symbols: for compilers that do
 * not inline, and for function pointers. Inlined code works with any library of the same SONAME.
 */
#include "errseq_word.h"

#ifdef ERRSEQ_INLINE_
#ifdef __cplusplus
extern "C" {
#endif

/* errseq_sample, errseq64_sample */
ERRSEQ_INLINE_ ERRSEQ_(cursor_t) ERRSEQ_(sample)(const ERRSEQ_(t) *eseq) ERRSEQ_NOEXCEPT_
{
	/* acquire: whoever starts here sees what the recorder did before this value */
	ERRSEQ_(cursor_t) now = ERRSEQ_LOAD_(&eseq->word_, acquire);

	return now & ERRSEQ_REPORTED_ ? now : 0;
}

/* errseq_peek, errseq64_peek */
ERRSEQ_INLINE_ ERRSEQ_(cursor_t) ERRSEQ_(peek)(ERRSEQ_(t) *eseq) ERRSEQ_NOEXCEPT_
{
	/* acquire: whoever starts here sees what the recorder did before this value */
	ERRSEQ_(cursor_t) now = ERRSEQ_LOAD_(&eseq->word_, acquire);

	if (now == 0 || now & ERRSEQ_OBSERVED_)
		return now;
	return ERRSEQ_(observe_)(eseq);
}

/* errseq_check, errseq64_check */
ERRSEQ_INLINE_ int ERRSEQ_(check)(const ERRSEQ_(t) *eseq, ERRSEQ_(cursor_t) since) ERRSEQ_NOEXCEPT_
{
	/* relaxed: "no new error" promises nothing about other memory */
	ERRSEQ_(cursor_t) now = ERRSEQ_LOAD_(&eseq->word_, relaxed);
	int err;

	if (ERRSEQ_SAME_(now, since))
		return 0;
	/* acquire: whoever gets the error sees what the recorder did before it */
	ERRSEQ_ACQUIRE_(eseq);
	err = now & ERRSEQ_ERRNO_;
	return -err;
}

/* errseq_check_and_advance, errseq64_check_and_advance */
ERRSEQ_INLINE_ int ERRSEQ_(check_and_advance)(ERRSEQ_(t) *eseq,
					      ERRSEQ_(cursor_t) *since) ERRSEQ_NOEXCEPT_
{
	/* relaxed: "no new error" promises nothing about other memory */
	ERRSEQ_(cursor_t) now = ERRSEQ_LOAD_(&eseq->word_, relaxed);

	if (ERRSEQ_SAME_(now, *since))
		return 0;
	return ERRSEQ_(advance_)(eseq, since, now);
}

/* errseq_check_shared, errseq64_check_shared */
ERRSEQ_INLINE_ int ERRSEQ_(check_shared)(const ERRSEQ_(t) *eseq,
					 const ERRSEQ_(shared_cursor_t) *since) ERRSEQ_NOEXCEPT_
{
	/* acquire: the word is read after the cursor, so that it is never older */
	ERRSEQ_(cursor_t) at = ERRSEQ_LOAD_(&since->cursor_, acquire);

	return ERRSEQ_(check)(eseq, at);
}

/* errseq_check_and_advance_shared, errseq64_check_and_advance_shared */
ERRSEQ_INLINE_ int ERRSEQ_(check_and_advance_shared)(
	ERRSEQ_(t) *eseq, ERRSEQ_(shared_cursor_t) *since) ERRSEQ_NOEXCEPT_
{
	/* acquire: the word is read after the cursor, so that it is never older */
	ERRSEQ_(cursor_t) at = ERRSEQ_LOAD_(&since->cursor_, acquire);
	/* relaxed: "no new error" promises nothing about other memory */
	ERRSEQ_(cursor_t) now = ERRSEQ_LOAD_(&eseq->word_, relaxed);

	if (ERRSEQ_SAME_(now, at))
		return 0;
	return ERRSEQ_(advance_shared_)(eseq, since, at, now);
}

/* errseq_cursor_same, errseq64_cursor_same */
ERRSEQ_INLINE_ int ERRSEQ_(cursor_same)(ERRSEQ_(cursor_t) a, ERRSEQ_(cursor_t) b) ERRSEQ_NOEXCEPT_
{
	return ERRSEQ_SAME_(a, b);
}

#ifdef __cplusplus
}
#endif
#endif
