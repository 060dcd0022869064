/* SPDX-License-Identifier: MIT */
/* The shipped calls, as functions of numbers, for tie.ml. Each begins with a word that holds `value`. */
#include "../common/word.h"
#include <caml/mlvalues.h>

intnat tie_set(intnat value, intnat err);
intnat tie_sample(intnat value);
intnat tie_peek(intnat value);
intnat tie_check(intnat value, intnat since);
intnat tie_advance(intnat value, intnat since);
intnat tie_settle(intnat value, intnat at);
intnat tie_same(intnat a, intnat b);

static errseq_t word;

intnat tie_set(intnat value, intnat err)
{
	put(&word, (value_t)value);
	return errseq_set(&word, -(int)err) == 0 ? get(&word) : -1;
}

intnat tie_sample(intnat value)
{
	put(&word, (value_t)value);
	return errseq_sample(&word);
}

/* The position, or -1 if that is not what the word holds then. */
intnat tie_peek(intnat value)
{
	errseq_cursor_t at;

	put(&word, (value_t)value);
	at = errseq_peek(&word);
	return at == get(&word) ? (intnat)at : -1;
}

intnat tie_check(intnat value, intnat since)
{
	put(&word, (value_t)value);
	return -errseq_check(&word, (errseq_cursor_t)since);
}

/* The cursor, the word above it, and the error on top of both by exclusive or. */
intnat tie_advance(intnat value, intnat since)
{
	errseq_cursor_t cursor = (errseq_cursor_t)since;
	int err;

	put(&word, (value_t)value);
	err = errseq_check_and_advance(&word, &cursor);
	return ((intnat)cursor | (intnat)get(&word) << 32) ^ -err;
}

intnat tie_settle(intnat value, intnat at)
{
	int settled;

	put(&word, (value_t)value);
	settled = errseq_settle(&word, (errseq_cursor_t)at);
	return (intnat)get(&word) | (intnat)settled << 32;
}

intnat tie_same(intnat a, intnat b)
{
	return errseq_cursor_same((errseq_cursor_t)a, (errseq_cursor_t)b);
}
