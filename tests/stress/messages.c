/* SPDX-License-Identifier: MIT */
/*
 * G6 between threads: what a recorder did before errseq_set is visible to whoever is told. A sender writes
 * a message into plain memory and records an error; a receiver learns of it, in each way in which a word
 * can tell, reads the message, and answers through a second word. The words are all that orders the two:
 * under ThreadSanitizer a missing acquire or release is a data race, whatever the machine's own order is.
 *
 * usage: messages [ROUNDS]; the default takes a few seconds at most.
 */
#include "../common/harness.h"
#include "../common/word.h"
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

enum {
	A = EIO,
	PATIENCE_SECONDS = 60
};

static unsigned long rounds = 20000;

struct line {
	errseq_t there, back;  /* a message was written; it was read */
	unsigned long message; /* plain */
	/* how the receiver is told: non-zero once it is */
	int (*told)(errseq_t *word, errseq_cursor_t cursor);
	/* what a third thread does to the word meanwhile, or NULL */
	void (*mark)(errseq_t *word, errseq_cursor_t *cursor);
	atomic_int done;
	unsigned long misread, lost;
};

static int told_by_advance(errseq_t *word, errseq_cursor_t cursor)
{
	return errseq_check_and_advance(word, &cursor) != 0;
}

static int told_by_shared_advance(errseq_t *word, errseq_cursor_t cursor)
{
	errseq_shared_cursor_t shared;

	errseq_shared_cursor_init(&shared, cursor);
	return errseq_check_and_advance_shared(word, &shared) != 0;
}

static int told_by_shared_check(errseq_t *word, errseq_cursor_t cursor)
{
	errseq_shared_cursor_t shared;

	errseq_shared_cursor_init(&shared, cursor);
	return errseq_check_shared(word, &shared) != 0;
}

static int told_by_check(errseq_t *word, errseq_cursor_t cursor)
{
	return errseq_check(word, cursor) != 0;
}

static int differs(errseq_cursor_t a, errseq_cursor_t b)
{
	return errseq_cursor_count(a) != errseq_cursor_count(b) ||
	       errseq_cursor_error(a) != errseq_cursor_error(b);
}

static int told_by_peek(errseq_t *word, errseq_cursor_t cursor)
{
	return differs(errseq_peek(word), cursor);
}

static int told_by_peek_at_what_another_peeked_at(errseq_t *word, errseq_cursor_t cursor)
{
	errseq_cursor_t raw = errseq_load(word);

	return differs(raw, cursor) && errseq_cursor_observed(raw) && told_by_peek(word, cursor);
}

static int told_by_advance_over_what_another_advanced_over(errseq_t *word, errseq_cursor_t cursor)
{
	errseq_cursor_t raw = errseq_load(word);

	return differs(raw, cursor) && errseq_cursor_reported(raw) && told_by_advance(word, cursor);
}

static int told_by_sample(errseq_t *word, errseq_cursor_t cursor)
{
	errseq_cursor_t now = errseq_sample(word);

	return now != 0 && differs(now, cursor);
}

static void mark_by_peek(errseq_t *word, errseq_cursor_t *cursor)
{
	*cursor = errseq_peek(word);
}

static void mark_by_advance(errseq_t *word, errseq_cursor_t *cursor)
{
	if (errseq_check_and_advance(word, cursor) == 0)
		sched_yield();
}

/* Waits to be told; 0 if that does not happen. */
static int wait_until(int (*told)(errseq_t *, errseq_cursor_t), errseq_t *word,
		      errseq_cursor_t cursor)
{
	time_t end = time(NULL) + PATIENCE_SECONDS;

	while (!told(word, cursor)) {
		if (time(NULL) > end)
			return 0;
		sched_yield();
	}
	return 1;
}

static void *send_messages(void *argument)
{
	struct line *line = (struct line *)argument;
	errseq_cursor_t cursor = 0;
	unsigned long i;

	for (i = 1; i <= rounds; i++) {
		line->message = i;
		errseq_set(&line->there, -A);
		if (!wait_until(told_by_check, &line->back, cursor))
			break;
		if (errseq_check_and_advance(&line->back, &cursor) != -A)
			break;
	}
	return NULL;
}

static void *receive_messages(void *argument)
{
	struct line *line = (struct line *)argument;
	errseq_cursor_t cursor = 0;
	unsigned long i;

	for (i = 1; i <= rounds; i++) {
		if (!wait_until(line->told, &line->there, cursor)) {
			line->lost++;
			break;
		}
		line->misread += line->message != i;
		cursor = errseq_peek(&line->there);
		errseq_set(&line->back, -A);
	}
	atomic_store_explicit(&line->done, 1, memory_order_relaxed);
	return NULL;
}

static void *mark(void *argument)
{
	struct line *line = (struct line *)argument;
	errseq_cursor_t cursor = 0;

	while (!atomic_load_explicit(&line->done, memory_order_relaxed))
		line->mark(&line->there, &cursor);
	return NULL;
}

static void pass_messages(int (*told)(errseq_t *, errseq_cursor_t),
			  void (*marker)(errseq_t *, errseq_cursor_t *))
{
	static struct line line;
	pthread_t sender, receiver, third;

	memset((void *)&line, 0, sizeof(line));
	line.told = told;
	line.mark = marker;
	if (marker)
		assert_int_equal(pthread_create(&third, NULL, mark, &line), 0);
	assert_int_equal(pthread_create(&receiver, NULL, receive_messages, &line), 0);
	assert_int_equal(pthread_create(&sender, NULL, send_messages, &line), 0);
	pthread_join(sender, NULL);
	pthread_join(receiver, NULL);
	if (marker)
		pthread_join(third, NULL);
	assert_int_equal(line.lost, 0);
	assert_int_equal(line.misread, 0);
}

static void g6_message_is_visible_to_who_is_told_by_advance(void **state)
{
	(void)state;
	pass_messages(told_by_advance, NULL);
}

static void g6_message_is_visible_to_who_is_told_through_a_shared_cursor(void **state)
{
	(void)state;
	pass_messages(told_by_shared_advance, NULL);
	pass_messages(told_by_shared_check, NULL);
}

static void g6_message_is_visible_to_who_is_told_by_check(void **state)
{
	(void)state;
	pass_messages(told_by_check, NULL);
}

static void g6_message_is_visible_to_who_advances_over_what_another_advanced_over(void **state)
{
	(void)state;
	pass_messages(told_by_advance_over_what_another_advanced_over, mark_by_advance);
}

static void g6_message_is_visible_to_who_takes_a_position_by_peek(void **state)
{
	(void)state;
	pass_messages(told_by_peek, NULL);
}

static void g6_message_is_visible_to_who_peeks_at_what_another_peeked_at(void **state)
{
	(void)state;
	pass_messages(told_by_peek_at_what_another_peeked_at, mark_by_peek);
}

static void g6_message_is_visible_to_who_takes_a_position_by_sample(void **state)
{
	(void)state;
	pass_messages(told_by_sample, mark_by_advance);
}

/*
 * The recorder notes what failed and records an error equal to the one that stands there, while an
 * observer is told of that one and looks for notes. If it does not see the note, it is told again.
 */
struct crossing {
	errseq_t word;
	atomic_int note, arrived;
};

static void meet(struct crossing *crossing, int goal)
{
	unsigned spins = 0;

	atomic_fetch_add_explicit(&crossing->arrived, 1, memory_order_acq_rel);
	while (atomic_load_explicit(&crossing->arrived, memory_order_acquire) < goal)
		if (++spins > 1000)
			sched_yield();
}

static void *note_and_record(void *argument)
{
	struct crossing *crossing = (struct crossing *)argument;
	unsigned long i;
	int goal = 0;

	for (i = 0; i < rounds; i++) {
		meet(crossing, goal += 2);
		atomic_store_explicit(&crossing->note, 1, memory_order_relaxed);
		errseq_set(&crossing->word, -A);
		meet(crossing, goal += 2);
	}
	return NULL;
}

static void g6_who_was_told_without_seeing_is_told_again(void **state)
{
	static struct crossing crossing;
	unsigned long i, unseen = 0, wrong = 0;
	pthread_t recorder;
	int goal = 0;

	(void)state;
	assert_int_equal(pthread_create(&recorder, NULL, note_and_record, &crossing), 0);
	for (i = 0; i < rounds; i++) {
		errseq_cursor_t cursor = 0;
		int saw;

		errseq_init(&crossing.word);
		wrong += errseq_set(&crossing.word, -A) != 0;
		atomic_store_explicit(&crossing.note, 0, memory_order_relaxed);
		meet(&crossing, goal += 2);
		wrong += errseq_check_and_advance(&crossing.word, &cursor) != -A;
		saw = atomic_load_explicit(&crossing.note, memory_order_relaxed);
		meet(&crossing, goal += 2);
		if (!saw) {
			unseen++;
			wrong += errseq_check_and_advance(&crossing.word, &cursor) != -A;
		}
	}
	pthread_join(recorder, NULL);
	printf("%lu of %lu times the observer was told without seeing the note, and told again\n",
	       unseen, rounds);
	assert_int_equal(wrong, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(g6_message_is_visible_to_who_is_told_by_advance),
		cmocka_unit_test(g6_message_is_visible_to_who_is_told_by_check),
		cmocka_unit_test(g6_message_is_visible_to_who_is_told_through_a_shared_cursor),
		cmocka_unit_test(
			g6_message_is_visible_to_who_advances_over_what_another_advanced_over),
		cmocka_unit_test(g6_message_is_visible_to_who_takes_a_position_by_peek),
		cmocka_unit_test(g6_message_is_visible_to_who_peeks_at_what_another_peeked_at),
		cmocka_unit_test(g6_message_is_visible_to_who_takes_a_position_by_sample),
		cmocka_unit_test(g6_who_was_told_without_seeing_is_told_again),
	};

	if (argc > 1) {
		char *end;

		rounds = strtoul(argv[1], &end, 10);
		if (*end || rounds < 1 || rounds > 500000000) {
			fprintf(stderr,
				"messages: '%s' is not a number of rounds, 1 to 500000000\n",
				argv[1]);
			return 2;
		}
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
