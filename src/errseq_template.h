/* SPDX-License-Identifier: MIT */
/*
 * The algorithm. src/errseq.c explains it, and includes this text once for each width: ERRSEQ_(set) is
 * errseq_set the first time, and errseq64_set the second time. The fast paths are in errseq_inline.h:
 * errseq_sample, errseq_peek, errseq_check, errseq_check_and_advance, errseq_check_shared,
 * errseq_check_and_advance_shared and errseq_cursor_same.
 *
 * The bits, ERRSEQ_SAME_ and ERRSEQ_ACQUIRE_ are in errseq_word.h. ERRSEQ_RELEASE_ is in errseq.c, and empty except
 * for gcc on RISC-V. From a record to a report: set, errseq_check_and_advance, advance_, mark_.
 */

/* errseq_init, errseq64_init */
void ERRSEQ_(init)(ERRSEQ_(t) *eseq)
{
	/* relaxed: the word is not shared yet */
	atomic_store_explicit(&eseq->word_, 0, memory_order_relaxed);
}

/* errseq_set, errseq64_set. In parentheses because of the macro of this name in errseq_constant.h. */
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
		 * release: whoever gets the error sees what this thread did before. That holds also
		 * when next equals old. relaxed on failure: only a better guess.
		 */
	} while (!atomic_compare_exchange_weak_explicit(&eseq->word_, &old, next,
							memory_order_release,
							memory_order_relaxed));
	return 0;
}

/* The rest of errseq_peek, errseq64_peek */
ERRSEQ_(cursor_t) ERRSEQ_(observe_)(ERRSEQ_(t) *eseq)
{
	ERRSEQ_(cursor_t) now;

	/* acquire: the word may hold a newer error by now, and then we return that one */
	now = atomic_fetch_or_explicit(&eseq->word_, ERRSEQ_OBSERVED_, memory_order_acquire);
	return now | ERRSEQ_OBSERVED_;
}

/*
 * Marks the word as reported and observed, and returns the marked value. @seen is what was there a moment
 * ago. If that is 0, the caller's cursor came from another word. Then there is nothing to mark, because
 * flags without an errno are no valid word, and the observer starts at the beginning.
 */
static ERRSEQ_(cursor_t) ERRSEQ_(mark_)(ERRSEQ_(t) *eseq, ERRSEQ_(cursor_t) seen)
{
	if (seen == 0 || (seen & ERRSEQ_FLAGS_) == ERRSEQ_FLAGS_) {
		/* acquire: whoever gets the error sees what the recorder did before it */
		ERRSEQ_ACQUIRE_(eseq);
		return seen;
	}
	/* acquire: likewise; the word may hold a newer error by now, and then we report that one */
	seen = atomic_fetch_or_explicit(&eseq->word_, ERRSEQ_FLAGS_, memory_order_acquire);
	return seen | ERRSEQ_FLAGS_;
}

/* The rest of errseq_check_and_advance, errseq64_check_and_advance */
int ERRSEQ_(advance_)(ERRSEQ_(t) *eseq, ERRSEQ_(cursor_t) *since, ERRSEQ_(cursor_t) seen)
{
	*since = ERRSEQ_(mark_)(eseq, seen);
	return ERRSEQ_(cursor_error)(*since);
}

/*
 * The rest of errseq_check_and_advance_shared, errseq64_check_and_advance_shared. The call whose exchange
 * moves the cursor returns the error. If the exchange fails, another caller advanced the cursor: reload and
 * retry. This error may be reported already, a newer one may not.
 */
int ERRSEQ_(advance_shared_)(ERRSEQ_(t) *eseq, ERRSEQ_(shared_cursor_t) *since,
			     ERRSEQ_(cursor_t) at, ERRSEQ_(cursor_t) seen)
{
	do {
		seen = ERRSEQ_(mark_)(eseq, seen);
		ERRSEQ_RELEASE_();
		/* release: whoever reads the cursor reads no older word. relaxed: a loser reloads */
		if (atomic_compare_exchange_strong_explicit(&since->cursor_, &at, seen,
							    memory_order_release,
							    memory_order_relaxed))
			return ERRSEQ_(cursor_error)(seen);
		/* acquire: the word is read after the cursor, so that it is never older */
		at = atomic_load_explicit(&since->cursor_, memory_order_acquire);
		/* relaxed: "no new error" promises nothing about other memory */
		seen = atomic_load_explicit(&eseq->word_, memory_order_relaxed);
	} while (!ERRSEQ_SAME_(seen, at));
	return 0;
}

/*
 * errseq_settle, errseq64_settle. An exchange, not an *or*: that would settle an error that came meanwhile.
 * At one position a word gets at most two marks, so the third exchange cannot fail. A hostile writer that
 * changes the flags for ever does not hold us.
 */
int ERRSEQ_(settle)(ERRSEQ_(t) *eseq, ERRSEQ_(cursor_t) at)
{
	/* relaxed: only a first guess for the exchange */
	ERRSEQ_(cursor_t) now = atomic_load_explicit(&eseq->word_, memory_order_relaxed);
	int tries;

	ERRSEQ_RELEASE_();
	for (tries = 0; tries < 3 && now != 0 && ERRSEQ_SAME_(now, at); tries++)
		/*
		 * release: whoever samples this error as past sees how it was delivered. relaxed on
		 * failure: only a better guess.
		 */
		if (atomic_compare_exchange_strong_explicit(&eseq->word_, &now, now | ERRSEQ_FLAGS_,
							    memory_order_release,
							    memory_order_relaxed))
			return 1;
	return 0;
}

/* errseq_shared_cursor_init, errseq64_shared_cursor_init */
void ERRSEQ_(shared_cursor_init)(ERRSEQ_(shared_cursor_t) *cursor, ERRSEQ_(cursor_t) at)
{
	/* relaxed: the cursor is not shared yet */
	atomic_store_explicit(&cursor->cursor_, at, memory_order_relaxed);
}

/* errseq_shared_cursor_get, errseq64_shared_cursor_get */
ERRSEQ_(cursor_t) ERRSEQ_(shared_cursor_get)(const ERRSEQ_(shared_cursor_t) *cursor)
{
	/* acquire: a word that is read after this is not older */
	return atomic_load_explicit(&cursor->cursor_, memory_order_acquire);
}

/* errseq_shared_cursor_move, errseq64_shared_cursor_move */
int ERRSEQ_(shared_cursor_move)(ERRSEQ_(shared_cursor_t) *cursor, ERRSEQ_(cursor_t) from,
				ERRSEQ_(cursor_t) to)
{
	ERRSEQ_RELEASE_();
	/* release: whoever reads the cursor reads no older word. relaxed: a loser learns nothing */
	return atomic_compare_exchange_strong_explicit(&cursor->cursor_, &from, to,
						       memory_order_release, memory_order_relaxed);
}

/* errseq_load, errseq64_load */
ERRSEQ_(cursor_t) ERRSEQ_(load)(const ERRSEQ_(t) *eseq)
{
	/* relaxed: for diagnosis only */
	return atomic_load_explicit(&eseq->word_, memory_order_relaxed);
}

/* errseq_cursor_error, errseq64_cursor_error */
int ERRSEQ_(cursor_error)(ERRSEQ_(cursor_t) cursor)
{
	return -(int)(cursor & ERRSEQ_ERRNO_);
}

/* errseq_cursor_reported, errseq64_cursor_reported */
int ERRSEQ_(cursor_reported)(ERRSEQ_(cursor_t) cursor)
{
	return (cursor & ERRSEQ_REPORTED_) != 0;
}

/* errseq_cursor_observed, errseq64_cursor_observed */
int ERRSEQ_(cursor_observed)(ERRSEQ_(cursor_t) cursor)
{
	return (cursor & ERRSEQ_OBSERVED_) != 0;
}

/* errseq_cursor_count, errseq64_cursor_count */
ERRSEQ_(cursor_t) ERRSEQ_(cursor_count)(ERRSEQ_(cursor_t) cursor)
{
	return cursor / ERRSEQ_STEP_;
}

/* errseq_format, errseq64_format */
int ERRSEQ_(format)(ERRSEQ_(cursor_t) cursor, char *buf, size_t size)
{
	return format_(cursor, buf, size);
}
