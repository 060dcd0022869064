/* SPDX-License-Identifier: MIT */
/*
 * A function for each path of each call that somebody may make in a hurry, and for what no call can do
 * without; instructions.sh counts what they take. Each makes one call, and is like most callers: it
 * has a frame anyway, finds the arguments in registers, and asks for a look in an if.
 *
 * main runs each once, on a word and a cursor prepared for it, and looks at the answer and at what is
 * left behind: so the path is the one that the name says, and no compiler can leave anything out.
 *
 * Not here: a shared cursor that another thread moves in the middle of a call. Without reaching into
 * the library, nothing makes that happen at the same instruction each time.
 *
 * Prints the names of the functions. Status 1 if a path gave a wrong answer.
 */
#include "../common/word.h"
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>

enum {
	NEVER = 0,
	UNMARKED = VALUE(5, NO_FLAG, EIO),
	PEEKED = VALUE(5, OBSERVED, EIO),
	TOLD = VALUE(5, BOTH_FLAGS, EIO),
	LATER = VALUE(5, NO_FLAG, ENOSPC), /* recorded over UNMARKED */
	NEWS = VALUE(6, NO_FLAG, ENOSPC),  /* recorded over TOLD */
	NEWS_TOLD = VALUE(6, BOTH_FLAGS, ENOSPC),
	ANY = TOLD,
};

/* clang-format off */
#define PATHS(PATH)                                                                                                     \
	/*   call                       path                   word        argument   answer    word, argument after */ \
	PATH(nothing,                   subtracted_from_all,   ANY,        ANY,       0,        ANY,        ANY)        \
	PATH(bare_call,                 of_an_empty_function,  ANY,        ANY,       0,        ANY,        ANY)        \
	PATH(bare_load,                 relaxed,               TOLD,       ANY,       TOLD,     TOLD,       ANY)        \
	PATH(bare_look,                 load_compare_branch,   TOLD,       TOLD,      0,        TOLD,       TOLD)       \
	PATH(bare_exchange,             load_and_exchange,     UNMARKED,   LATER,     0,        LATER,      LATER)      \
	PATH(check,                     unchanged,             TOLD,       TOLD,      0,        TOLD,       TOLD)       \
	PATH(check,                     flags_differ,          TOLD,       PEEKED,    0,        TOLD,       PEEKED)     \
	PATH(check,                     news,                  NEWS,       TOLD,      -ENOSPC,  NEWS,       TOLD)       \
	PATH(check_and_advance,         unchanged,             TOLD,       TOLD,      0,        TOLD,       TOLD)       \
	PATH(check_and_advance,         flags_differ,          TOLD,       PEEKED,    0,        TOLD,       PEEKED)     \
	PATH(check_and_advance,         news_unmarked,         NEWS,       TOLD,      -ENOSPC,  NEWS_TOLD,  NEWS_TOLD)  \
	PATH(check_and_advance,         news_marked,           NEWS_TOLD,  TOLD,      -ENOSPC,  NEWS_TOLD,  NEWS_TOLD)  \
	PATH(check_shared,              unchanged,             TOLD,       TOLD,      0,        TOLD,       TOLD)       \
	PATH(check_shared,              flags_differ,          TOLD,       PEEKED,    0,        TOLD,       PEEKED)     \
	PATH(check_shared,              news,                  NEWS,       TOLD,      -ENOSPC,  NEWS,       TOLD)       \
	PATH(check_and_advance_shared,  unchanged,             TOLD,       TOLD,      0,        TOLD,       TOLD)       \
	PATH(check_and_advance_shared,  flags_differ,          TOLD,       PEEKED,    0,        TOLD,       PEEKED)     \
	PATH(check_and_advance_shared,  news_unmarked,         NEWS,       TOLD,      -ENOSPC,  NEWS_TOLD,  NEWS_TOLD)  \
	PATH(check_and_advance_shared,  news_marked,           NEWS_TOLD,  TOLD,      -ENOSPC,  NEWS_TOLD,  NEWS_TOLD)  \
	PATH(sample,                    reported,              TOLD,       ANY,       TOLD,     TOLD,       ANY)        \
	PATH(sample,                    owed,                  UNMARKED,   ANY,       0,        UNMARKED,   ANY)        \
	PATH(sample,                    never_set,             NEVER,      ANY,       0,        NEVER,      ANY)        \
	PATH(peek,                      never_set,             NEVER,      ANY,       0,        NEVER,      ANY)        \
	PATH(peek,                      observed,              PEEKED,     ANY,       PEEKED,   PEEKED,     ANY)        \
	PATH(peek,                      unmarked,              UNMARKED,   ANY,       PEEKED,   PEEKED,     ANY)        \
	PATH(set,                       unobserved,            UNMARKED,   -ENOSPC,   0,        LATER,      -ENOSPC)    \
	PATH(set,                       observed,              TOLD,       -ENOSPC,   0,        NEWS,       -ENOSPC)    \
	PATH(set,                       invalid_argument,      TOLD,       ENOSPC,    -EINVAL,  TOLD,       ENOSPC)     \
	PATH(settle,                    unreported,            PEEKED,     PEEKED,    1,        TOLD,       PEEKED)     \
	PATH(settle,                    moved_on,              NEWS,       PEEKED,    0,        NEWS,       PEEKED)     \
	PATH(shared_cursor_move,        from_where_it_stands,  ANY,        PEEKED,    1,        ANY,        TOLD)       \
	PATH(load,                      any,                   TOLD,       ANY,       TOLD,     TOLD,       ANY)        \
	PATH(shared_cursor_get,         any,                   ANY,        TOLD,      TOLD,     ANY,        TOLD)
/* clang-format on */

/* noipa: gcc would make one function of those that look the same. */
#ifdef __clang__
#define COUNTED __attribute__((noinline))
#else
#define COUNTED __attribute__((noipa))
#endif

/* All save one register: hence the same frame whether they call anything or not, and no tail calls. */
#define FRAME() __asm__ volatile("" ::: "rbx")

typedef _Atomic(value_t) bare_t;

static errseq_t the_word;
static errseq_cursor_t the_cursor;
static errseq_shared_cursor_t the_shared_cursor;
int told; /* by a look */

/* MAKE_... is the function, RUN_... how main gets the answer of it. */
#define MAKE_LOOK(name, call, parameters, arguments) \
	COUNTED void name parameters                 \
	{                                            \
		int err;                             \
                                                     \
		FRAME();                             \
		err = call;                          \
		if (err)                             \
			told = err;                  \
		FRAME();                             \
	}
#define RUN_LOOK(name, call, parameters, arguments) (name arguments, told)

#define MAKE_VALUE(name, call, parameters, arguments) MAKE_ANSWER(value_t, name, call, parameters)
#define RUN_VALUE(name, call, parameters, arguments)  name arguments

#define MAKE_INT(name, call, parameters, arguments) MAKE_ANSWER(int, name, call, parameters)
#define RUN_INT(name, call, parameters, arguments)  name arguments

#define MAKE_ANSWER(type, name, call, parameters) \
	COUNTED type name parameters              \
	{                                         \
		type answer;                      \
                                                  \
		FRAME();                          \
		answer = call;                    \
		FRAME();                          \
		return answer;                    \
	}

#define MAKE_VOID(name, call, parameters, arguments) \
	COUNTED void name parameters                 \
	{                                            \
		FRAME();                             \
		call;                                \
		FRAME();                             \
	}
#define RUN_VOID(name, call, parameters, arguments) (name arguments, 0)

/* clang-format off */
#define CALL_nothing(DO, name) DO##_VOID(name, (void)0, (void), ())
#define CALL_bare_call(DO, name) DO##_VOID(name, empty(), (void), ())
#define CALL_bare_load(DO, name) \
	DO##_VALUE(name, atomic_load_explicit(bare, memory_order_relaxed), (bare_t *bare), ((bare_t *)&the_word))
#define CALL_bare_look(DO, name) \
	DO##_LOOK(name, atomic_load_explicit(bare, memory_order_relaxed) != since, \
		  (bare_t *bare, value_t since), ((bare_t *)&the_word, the_cursor))
#define CALL_bare_exchange(DO, name) \
	DO##_VOID(name, bare_exchange(bare, next), (bare_t *bare, value_t next), ((bare_t *)&the_word, the_cursor))

#define CALL_check(DO, name) \
	DO##_LOOK(name, errseq_check(word, since), \
		  (const errseq_t *word, errseq_cursor_t since), (&the_word, the_cursor))
#define CALL_check_and_advance(DO, name) \
	DO##_LOOK(name, errseq_check_and_advance(word, since), \
		  (errseq_t *word, errseq_cursor_t *since), (&the_word, &the_cursor))
#define CALL_check_shared(DO, name) \
	DO##_LOOK(name, errseq_check_shared(word, since), \
		  (const errseq_t *word, const errseq_shared_cursor_t *since), (&the_word, &the_shared_cursor))
#define CALL_check_and_advance_shared(DO, name) \
	DO##_LOOK(name, errseq_check_and_advance_shared(word, since), \
		  (errseq_t *word, errseq_shared_cursor_t *since), (&the_word, &the_shared_cursor))
#define CALL_sample(DO, name) DO##_VALUE(name, errseq_sample(word), (const errseq_t *word), (&the_word))
#define CALL_peek(DO, name) DO##_VALUE(name, errseq_peek(word), (errseq_t *word), (&the_word))
#define CALL_set(DO, name) \
	DO##_INT(name, errseq_set(word, err), (errseq_t *word, int err), (&the_word, (int)the_cursor))
#define CALL_settle(DO, name) \
	DO##_INT(name, errseq_settle(word, at), (errseq_t *word, errseq_cursor_t at), (&the_word, the_cursor))
#define CALL_shared_cursor_move(DO, name) \
	DO##_INT(name, errseq_shared_cursor_move(since, from, TOLD), \
		 (errseq_shared_cursor_t *since, errseq_cursor_t from), (&the_shared_cursor, the_cursor))
#define CALL_load(DO, name) DO##_VALUE(name, errseq_load(word), (const errseq_t *word), (&the_word))
#define CALL_shared_cursor_get(DO, name) \
	DO##_VALUE(name, errseq_shared_cursor_get(since), \
		   (const errseq_shared_cursor_t *since), (&the_shared_cursor))
/* clang-format on */

COUNTED void empty(void)
{
	__asm__ volatile(""); /* else nobody calls it */
}

static inline void bare_exchange(bare_t *bare, value_t next)
{
	value_t value = atomic_load_explicit(bare, memory_order_relaxed);

	(void)atomic_compare_exchange_weak_explicit(bare, &value, next, memory_order_release,
						    memory_order_relaxed);
}

#define MAKE(call, path, ...) CALL_##call(MAKE, call##__##path)
PATHS(MAKE)

static void prepare(value_t word, value_t argument)
{
	put(&the_word, word);
	the_cursor = argument;
	errseq_shared_cursor_init(&the_shared_cursor, argument);
	told = 0;
}

static int is_wrong(const char *name, int64_t answer, int64_t right_answer, value_t argument,
		    value_t word_after, value_t argument_after)
{
	value_t word = get(&the_word);
	value_t moved =
		the_cursor != argument ? the_cursor : errseq_shared_cursor_get(&the_shared_cursor);

	if (answer == right_answer && word == word_after && moved == argument_after)
		return 0;
	fprintf(stderr, "%s: answer %lld, word %#llx, cursor %#llx; right is %lld, %#llx, %#llx\n",
		name, (long long)answer, (unsigned long long)word, (unsigned long long)moved,
		(long long)right_answer, (unsigned long long)word_after,
		(unsigned long long)argument_after);
	return 1;
}

int main(void)
{
	int wrong = 0;

#define RUN(call, path, word, argument, answer, word_after, argument_after)           \
	puts(#call "__" #path);                                                       \
	prepare(word, (value_t)(argument));                                           \
	wrong |= is_wrong(#call "__" #path, CALL_##call(RUN, call##__##path), answer, \
			  (value_t)(argument), (value_t)(word_after), (value_t)(argument_after));
	PATHS(RUN)
	return wrong;
}
