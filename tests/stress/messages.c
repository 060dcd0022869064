/* SPDX-License-Identifier: MIT */
/*
 * G6 between threads: whoever gets an error sees what its recorder did before errseq_set. A sender writes a message
 * into plain memory and records an error. Receivers get the error in each way that a word offers, read the message, and
 * answer through words of their own. Only the words order them, so that under ThreadSanitizer a missing acquire or
 * release is a data race on every machine. weakened.sh tries each memory order once; here the interleavings vary.
 *
 * In the last tests everybody sleeps in errseq_wait, so that errseq_wait alone must order them.
 *
 * THREADS receive, one sends, and one may mark the word.
 */
#include "run.h"

struct line {
	errseq_t there;				    /* a message was written */
	_Alignas(64) errseq_shared_cursor_t shared; /* the marker's, in one test */
	_Alignas(64) unsigned long message;	    /* plain; 1, 2, 3 ... the_end */
	/* how a receiver at `cursor` gets the error: non-zero once it has; null: by errseq_wait */
	int (*told)(struct line *line, errseq_cursor_t cursor);
	/* what a third thread does to the word meanwhile */
	void (*mark)(struct line *line, errseq_cursor_t *cursor);
	/* by another error just before each message, so that a peek may find one and mark the other */
	int is_announced;
	unsigned receivers;
	atomic_uint done; /* receivers that are */
	struct {
		_Alignas(64) errseq_t word; /* the message was read */
		errseq_cursor_t seen;	    /* the sender's */
	} back[MOST_THREADS];
};

static int differs(errseq_cursor_t a, errseq_cursor_t b)
{
	return !errseq_cursor_same(a, b);
}

#define TOLD_BY(name, ...)                                                   \
	static int told_by_##name(struct line *line, errseq_cursor_t cursor) \
	{                                                                    \
		__VA_ARGS__;                                                 \
	}
TOLD_BY(advance, return errseq_check_and_advance(&line->there, &cursor) != 0)
TOLD_BY(shared_advance, errseq_shared_cursor_t shared; errseq_shared_cursor_init(&shared, cursor);
	return errseq_check_and_advance_shared(&line->there, &shared) != 0)
TOLD_BY(shared_check, errseq_shared_cursor_t shared; errseq_shared_cursor_init(&shared, cursor);
	return errseq_check_shared(&line->there, &shared) != 0)
TOLD_BY(check, return errseq_check(&line->there, cursor) != 0)
TOLD_BY(peek, errseq_cursor_t peeked = errseq_peek(&line->there);
	return errseq_cursor_error(peeked) == -A && differs(peeked, cursor))
TOLD_BY(peek_at_what_another_peeked_at, errseq_cursor_t raw = errseq_load(&line->there);
	return differs(raw, cursor) && errseq_cursor_observed(raw) && told_by_peek(line, cursor))
TOLD_BY(advance_over_what_another_advanced_over, errseq_cursor_t raw = errseq_load(&line->there);
	return differs(raw, cursor) && errseq_cursor_reported(raw) && told_by_advance(line, cursor))
TOLD_BY(sample, errseq_cursor_t sampled = errseq_sample(&line->there);
	return sampled != 0 && differs(sampled, cursor))
TOLD_BY(where_a_shared_cursor_stands,
	return differs(errseq_shared_cursor_get(&line->shared), cursor))

static void mark_by_peek(struct line *line, errseq_cursor_t *cursor)
{
	*cursor = errseq_peek(&line->there);
}

static void mark_by_advance(struct line *line, errseq_cursor_t *cursor)
{
	if (errseq_check_and_advance(&line->there, cursor) == 0)
		sched_yield();
}

static void mark_by_shared_advance(struct line *line, errseq_cursor_t *cursor)
{
	(void)cursor;
	if (errseq_check_and_advance_shared(&line->there, &line->shared) == 0)
		sched_yield();
}

#if HAS_WAIT
/* The words change all the time, and wake-ups come without a record. */
static void mark_and_wake(struct line *line, errseq_cursor_t *cursor)
{
	errseq_cursor_t back = 0;

	mark_by_peek(line, cursor);
	*cursor = 0;
	mark_by_advance(line, cursor);
	(void)!errseq_check_and_advance(&line->back[0].word, &back);
	errseq_wake(&line->there);
	errseq_wake(&line->back[0].word);
}
#endif

static void send_messages(struct worker *worker)
{
	struct line *line = (struct line *)worker->room;
	int waits = !line->told;
	unsigned i;

	do {
		if (line->is_announced)
			errseq_set(&line->there, -B);
		line->message = goes_on(worker) ? ++worker->rounds : the_end;
		record_error(&line->there, -A, waits);
		for (i = 0; i < line->receivers; i++)
			must_be(worker,
				next_error(worker, &line->back[i].word, &line->back[i].seen, waits),
				-A, "the answer", line->back[i].seen);
	} while (line->message != the_end);
}

static void receive_messages(struct worker *worker)
{
	struct line *line = (struct line *)worker->room;
	errseq_cursor_t cursor = 0;
	unsigned long message;

	do {
		unsigned spins = 0;

		if (!line->told)
			wait_for_news(worker, &line->there, cursor);
		else
			while (!line->told(line, cursor))
				give_way(&spins);
		message = line->message;
		if (message != the_end)
			must_be(worker, message, ++worker->reports, "the message", cursor);
		if (line->told || worker->number % 2)
			cursor = errseq_peek(&line->there);
		else
			must_be(worker, errseq_check_and_advance(&line->there, &cursor), -A,
				"the error after a wait", cursor);
		record_error(&line->back[worker->number].word, -A, !line->told);
	} while (message != the_end);
	add_relaxed(&line->done, 1);
}

static void mark(struct worker *worker)
{
	struct line *line = (struct line *)worker->room;
	errseq_cursor_t cursor = 0;

	while (load_relaxed(&line->done) < line->receivers) {
		line->mark(line, &cursor);
		dawdle(worker);
	}
}

static void pass_messages(unsigned threads, int (*told)(struct line *, errseq_cursor_t),
			  void (*marker)(struct line *, errseq_cursor_t *), enum kind kind)
{
	struct crew *crew = new_crew(sizeof(struct line));
	struct line *line = (struct line *)(void *)crew->room;

	line->receivers = threads;
	line->told = told;
	line->mark = marker;
	line->is_announced = told == told_by_peek;
	add_workers(crew, threads, receive_messages);
	add_workers(crew, 1, send_messages);
	if (marker)
		add_workers(crew, 1, mark);
	let_work(crew, kind, &line->there);
	must_be(&crew->boss, sum_of(crew, receive_messages).reports,
		(threads * sum_of(crew, send_messages).rounds), "messages received by all", 0);
	end_crew(crew);
}

#define BY_WORD(name, told, mark) \
	STRESS_TEST(g6_message_is_visible_to_##name, pass_messages(threads, told, mark, AS_THREADS))
BY_WORD(who_is_told_by_advance, told_by_advance, NULL)
BY_WORD(who_is_told_by_check, told_by_check, NULL)
BY_WORD(who_is_told_by_shared_advance, told_by_shared_advance, NULL)
BY_WORD(who_is_told_by_shared_check, told_by_shared_check, NULL)
BY_WORD(who_advances_over_what_another_advanced_over,
	told_by_advance_over_what_another_advanced_over, mark_by_advance)
BY_WORD(who_takes_a_position_by_peek, told_by_peek, NULL)
BY_WORD(who_peeks_at_what_another_peeked_at, told_by_peek_at_what_another_peeked_at, mark_by_peek)
BY_WORD(who_takes_a_position_by_sample, told_by_sample, mark_by_advance)
BY_WORD(who_takes_the_position_of_a_shared_cursor, told_by_where_a_shared_cursor_stands,
	mark_by_shared_advance)

#if HAS_WAIT
BY_WORD(who_waited_and_no_wake_up_is_lost, NULL, NULL)
BY_WORD(who_waited_while_others_mark_and_wake, NULL, mark_and_wake)
STRESS_TEST(g6_message_is_visible_to_processes_that_waited,
	    pass_messages(threads, NULL, mark_and_wake, AS_PROCESSES))
#endif

/*
 * The recorder writes a note and records an error equal to the one in the word. Meanwhile observers get that one, or
 * take a position at it, and look for the note. An observer that does not see the note gets an error again.
 */
struct crossing {
	errseq_t word;
	_Alignas(64) atomic_int note;
	int is_last;
};

static void note_and_record(struct worker *worker)
{
	struct crossing *crossing = (struct crossing *)worker->room;

	do {
		crossing->is_last = !goes_on(worker);
		errseq_init(&crossing->word);
		errseq_set(&crossing->word, -A);
		store_relaxed(&crossing->note, 0);
		meet(worker);
		store_relaxed(&crossing->note, 1);
		errseq_set(&crossing->word, -A);
		meet(worker);
		worker->rounds++;
		meet(worker);
	} while (!crossing->is_last);
}

static void look_for_notes(struct worker *worker)
{
	struct crossing *crossing = (struct crossing *)worker->room;
	int is_last;

	do {
		errseq_cursor_t cursor = 0;
		int saw;

		meet(worker);
		if (worker->number % 3 == 1)
			cursor = errseq_peek(&crossing->word);
		else
			must_be(worker, errseq_check_and_advance(&crossing->word, &cursor), -A,
				"the first advance", cursor);
		saw = load_relaxed(&crossing->note);
		meet(worker);
		is_last = crossing->is_last;
		if (!saw) {
			worker->reports++;
			must_be(worker, errseq_check_and_advance(&crossing->word, &cursor), -A,
				"an advance of who did not see the note", cursor);
		}
		worker->rounds++;
		meet(worker);
	} while (!is_last);
}

static void cross(unsigned threads)
{
	struct crew *crew = new_crew(sizeof(struct crossing));
	struct crossing *crossing = (struct crossing *)(void *)crew->room;

	add_workers(crew, threads, look_for_notes);
	add_workers(crew, 1, note_and_record);
	let_work(crew, AS_THREADS, &crossing->word);
	end_crew(crew);
}

/* Reports: how many did not see the note. */
STRESS_TEST(g6_who_was_told_without_seeing_is_told_again, cross(threads))

int main(int argc, char **argv)
{
	begin_program(argc, argv);
	return run_all_tests();
}
