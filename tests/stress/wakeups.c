/* SPDX-License-Identifier: MIT */
/*
 * No wake-up is lost, and G6 through errseq_wait alone. All waits here are without a deadline, so that a lost
 * wake-up is a hang, which a watchdog turns into a failure. Messages are plain memory, read right after
 * errseq_wait returned 0: under ThreadSanitizer a missing acquire is a data race.
 *
 * usage: wakeups [ROUNDS]; the default takes some seconds.
 */
#include "../common/harness.h"
#include "../common/word.h"
#include <errno.h>
#include <errseq/wait.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	A = EIO,
	B = ENOSPC,
	STOP = ECANCELED,
	PATIENCE_SECONDS = 60,
	MOST = 8 /* threads of a kind */
};

static unsigned long rounds = 2000;

/* ---- the watchdog ---------------------------------------------------------------------------- */

static void nobody_gets_on(int number)
{
	static const char text[] =
		"FAIL: the test that runs now hangs: a wake-up was lost, or a wait did not end\n";

	(void)number;
	_exit(write(STDERR_FILENO, text, sizeof(text) - 1) < 0 ? 3 : 1);
}

/* Whoever gets on says so every now and then. If one of several does not, the last alarm is its. */
static void get_on(unsigned long round)
{
	if (round % 64 == 0)
		alarm(PATIENCE_SECONDS);
}

static int begin(void **state)
{
	(void)state;
	signal(SIGALRM, nobody_gets_on);
	get_on(0);
	return 0;
}

static int end(void **state)
{
	(void)state;
	alarm(0);
	return 0;
}

/* The alarm is the main thread's, which is in no wait, except in tests between processes. */
static void start(pthread_t *thread, void *(*function)(void *), void *argument)
{
	sigset_t alarm_only, old;
	int error;

	sigemptyset(&alarm_only);
	sigaddset(&alarm_only, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &alarm_only, &old);
	error = pthread_create(thread, NULL, function, argument);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	assert_int_equal(error, 0);
}

/* ---- what all do ----------------------------------------------------------------------------- */

/* Each thread has a random state of its own, so that the harness orders nothing. */
static void dawdle(unsigned *random)
{
	volatile unsigned spins;

	*random = *random * 1103515245u + 12345u;
	if ((*random >> 16) % 16 == 0)
		sched_yield();
	else
		for (spins = (*random >> 16) % 512; spins > 0; spins = spins - 1)
			;
}

static void record_and_wake(errseq_t *word, int err)
{
	errseq_set(word, err);
	errseq_wake(word);
}

/* 0, unless what must not happen did: no other result is due here, and errno is not touched. */
static int wait_goes_wrong(errseq_t *word, errseq_cursor_t since)
{
	errno = 0;
	return errseq_wait(word, since, NULL) != 0 || errno != 0;
}

/* ---- ping-pong: two threads that have nothing but two words ------------------------------------ */

struct line {
	errseq_t there, back;
	unsigned long message, answer; /* plain */
	int (*next)(errseq_t *word, errseq_cursor_t *cursor);
	int done; /* atomic; for the third thread */
	unsigned long wrong, wrong_there;
	pthread_t left, right, third;
};

/* Two ways to go past the error that ended the wait: be told of it, or only take a position. */
static int next_by_advance(errseq_t *word, errseq_cursor_t *cursor)
{
	return errseq_check_and_advance(word, cursor);
}

static int next_by_peek(errseq_t *word, errseq_cursor_t *cursor)
{
	int err = errseq_check(word, *cursor);

	*cursor = errseq_peek(word);
	return err;
}

static void *serve(void *argument)
{
	struct line *line = (struct line *)argument;
	unsigned random = 1;
	errseq_cursor_t cursor = 0;
	unsigned long i;

	for (i = 1; i <= rounds; i++) {
		line->message = i;
		record_and_wake(&line->there, i % 3 ? -A : -B);
		if (wait_goes_wrong(&line->back, cursor)) {
			line->wrong++;
			break;
		}
		line->wrong += line->answer != i;
		line->wrong += line->next(&line->back, &cursor) != -A;
		dawdle(&random);
		get_on(i);
	}
	return NULL;
}

static void *return_service(void *argument)
{
	struct line *line = (struct line *)argument;
	unsigned random = 2;
	errseq_cursor_t cursor = 0;
	unsigned long i;

	for (i = 1; i <= rounds; i++) {
		if (wait_goes_wrong(&line->there, cursor)) {
			line->wrong_there++;
			break;
		}
		line->wrong_there += line->message != i;
		line->wrong_there += line->next(&line->there, &cursor) != (i % 3 ? -A : -B);
		dawdle(&random);
		line->answer = i;
		record_and_wake(&line->back, -A);
	}
	__atomic_store_n(&line->done, 1, __ATOMIC_RELAXED);
	return NULL;
}

/* Another observer, who changes both words all the time, and now and then wakes for nothing. */
static void *mark(void *argument)
{
	struct line *line = (struct line *)argument;
	errseq_cursor_t there = 0, back = 0;
	volatile errseq_cursor_t position;
	unsigned random = 3;

	while (!__atomic_load_n(&line->done, __ATOMIC_RELAXED)) {
		position = errseq_peek(&line->there);
		position = errseq_peek(&line->back);
		(void)position;
		dawdle(&random);
		if (errseq_check_and_advance(&line->there, &there) == 0)
			sched_yield();
		if (errseq_check_and_advance(&line->back, &back) == 0)
			sched_yield();
		if (random % 8 == 0)
			errseq_wake(random % 16 ? &line->there : &line->back);
		dawdle(&random);
	}
	return NULL;
}

static void play(unsigned count, int (*next)(errseq_t *, errseq_cursor_t *), int marked)
{
	static struct line lines[MOST];
	unsigned i;

	memset((void *)lines, 0, sizeof(lines));
	for (i = 0; i < count; i++) {
		lines[i].next = next;
		start(&lines[i].right, return_service, &lines[i]);
		start(&lines[i].left, serve, &lines[i]);
		if (marked)
			start(&lines[i].third, mark, &lines[i]);
	}
	for (i = 0; i < count; i++) {
		pthread_join(lines[i].left, NULL);
		pthread_join(lines[i].right, NULL);
		if (marked)
			pthread_join(lines[i].third, NULL);
	}
	for (i = 0; i < count; i++) {
		assert_int_equal(lines[i].wrong, 0);
		assert_int_equal(lines[i].wrong_there, 0);
	}
}

static void ping_pong_of_two_who_advance(void **state)
{
	(void)state;
	play(1, next_by_advance, 0);
}

static void ping_pong_of_two_who_peek(void **state)
{
	(void)state;
	play(1, next_by_peek, 0);
}

static void ping_pong_of_several_pairs_at_once(void **state)
{
	(void)state;
	play(4, next_by_advance, 0);
}

static void ping_pong_while_others_mark_the_words(void **state)
{
	(void)state;
	play(1, next_by_advance, 1);
	play(2, next_by_peek, 1);
}

/* The two sides in two processes, with a third one that marks. Its hang is the parent's: see get_on. */
static void ping_pong_between_processes(void **state)
{
	struct line *line = (struct line *)mmap(NULL, sizeof(*line), PROT_READ | PROT_WRITE,
						MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	void *(*const others[])(void *) = { return_service, mark };
	pid_t children[COUNT_OF(others)];
	unsigned i;

	(void)state;
	assert_true(line != MAP_FAILED);
	line->next = next_by_advance;
	fflush(stdout);
	for (i = 0; i < COUNT_OF(others); i++) {
		children[i] = fork();
		assert_true(children[i] >= 0);
		if (children[i] == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			others[i](line);
			_exit(0);
		}
	}
	serve(line);
	for (i = 0; i < COUNT_OF(others); i++) {
		int status;

		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(line->wrong, 0);
	assert_int_equal(line->wrong_there, 0);
	munmap((void *)line, sizeof(*line));
}

/* ---- one recorder, many waiters: each of them reads each message ------------------------------- */

struct reader {
	pthread_t thread;
	struct hall *hall;
	errseq_t back;
	errseq_cursor_t seen; /* the speaker's position in `back` */
	unsigned long wrong;
	unsigned random;
};

struct hall {
	errseq_t word;
	unsigned long message; /* plain */
	struct reader readers[MOST];
};

static void *read_messages(void *argument)
{
	struct reader *reader = (struct reader *)argument;
	errseq_cursor_t cursor = 0;
	unsigned long i;

	for (i = 1; i <= rounds; i++) {
		if (wait_goes_wrong(&reader->hall->word, cursor)) {
			reader->wrong++;
			break;
		}
		reader->wrong += reader->hall->message != i;
		reader->wrong += errseq_check_and_advance(&reader->hall->word, &cursor) != -A;
		dawdle(&reader->random);
		record_and_wake(&reader->back, -A);
	}
	return NULL;
}

static void *speak(void *argument)
{
	struct hall *hall = (struct hall *)argument;
	unsigned long i, r;

	for (i = 1; i <= rounds; i++) {
		hall->message = i;
		record_and_wake(&hall->word, -A);
		for (r = 0; r < MOST; r++) {
			struct reader *reader = &hall->readers[r];

			if (wait_goes_wrong(&reader->back, reader->seen) ||
			    errseq_check_and_advance(&reader->back, &reader->seen) != -A) {
				reader->wrong++;
				return NULL;
			}
		}
		get_on(i);
	}
	return NULL;
}

static void one_wake_reaches_every_waiter_in_every_round(void **state)
{
	static struct hall hall;
	pthread_t speaker;
	unsigned i;

	(void)state;
	memset((void *)&hall, 0, sizeof(hall));
	for (i = 0; i < MOST; i++) {
		hall.readers[i].hall = &hall;
		hall.readers[i].random = i;
		start(&hall.readers[i].thread, read_messages, &hall.readers[i]);
	}
	start(&speaker, speak, &hall);
	pthread_join(speaker, NULL);
	for (i = 0; i < MOST; i++)
		pthread_join(hall.readers[i].thread, NULL);
	for (i = 0; i < MOST; i++)
		assert_int_equal(hall.readers[i].wrong, 0);
}

/* ---- many recorders, many waiters ------------------------------------------------------------ */

struct party {
	pthread_t thread;
	errseq_t *word;
	unsigned random;
	unsigned long reports, wrong;
};

static void *record_errors(void *argument)
{
	struct party *recorder = (struct party *)argument;
	unsigned long i;

	for (i = 0; i < rounds; i++) {
		record_and_wake(recorder->word, i % 2 ? -A : -B);
		dawdle(&recorder->random);
		get_on(i);
	}
	return NULL;
}

/*
 * What ends a wait is news, and is told; the last error is never missed. From the beginning: who samples
 * might come after somebody else was told of the last error.
 */
static void *wait_and_advance(void *argument)
{
	struct party *waiter = (struct party *)argument;
	errseq_t *word = waiter->word;
	errseq_cursor_t cursor = 0;
	int err = 0;

	while (err != -STOP && !waiter->wrong) {
		waiter->wrong += (unsigned)wait_goes_wrong(word, cursor);
		err = errseq_check_and_advance(word, &cursor);
		waiter->wrong += err != -A && err != -B && err != -STOP;
		waiter->reports++;
		if (waiter->reports % 4 == 0)
			dawdle(&waiter->random);
	}
	return NULL;
}

static void brew(unsigned recorders, unsigned waiters)
{
	static struct party parties[2 * MOST];
	static errseq_t word;
	unsigned long reports = 0;
	unsigned i;

	errseq_init(&word);
	memset(parties, 0, sizeof(parties));
	for (i = 0; i < recorders + waiters; i++) {
		parties[i].word = &word;
		parties[i].random = i;
		start(&parties[i].thread, i < waiters ? wait_and_advance : record_errors,
		      &parties[i]);
	}
	for (i = waiters; i < recorders + waiters; i++)
		pthread_join(parties[i].thread, NULL);
	record_and_wake(&word, -STOP);
	for (i = 0; i < waiters; i++) {
		pthread_join(parties[i].thread, NULL);
		reports += parties[i].reports;
	}
	printf("%u recorders, %u waiters: %lu records, %lu reports\n", recorders, waiters,
	       recorders * rounds, reports);
	for (i = 0; i < waiters; i++)
		assert_int_equal(parties[i].wrong, 0);
}

static void no_waiter_misses_the_last_error(void **state)
{
	(void)state;
	brew(1, 1);
	brew(1, 4);
	brew(4, 1);
	brew(3, MOST);
}

/* ---- waiters who share a cursor: one is told, and the others wait on --------------------------- */

struct member {
	pthread_t thread;
	struct crew *crew;
	unsigned random;
	unsigned long reports, wrong;
};

struct crew {
	errseq_t word, back;
	errseq_shared_cursor_t cursor;
	unsigned long message, told; /* plain; whoever is told of an error has them to itself */
	unsigned long wrong;
	struct member members[MOST];
};

static void *share_the_work(void *argument)
{
	struct member *member = (struct member *)argument;
	struct crew *crew = member->crew;
	int err = 0;

	while (err != -STOP && !member->wrong) {
		errseq_cursor_t at = errseq_shared_cursor_get(&crew->cursor);

		member->wrong += (unsigned)wait_goes_wrong(&crew->word, at);
		err = errseq_check_and_advance_shared(&crew->word, &crew->cursor);
		if (err == -A) {
			member->reports++;
			member->wrong += crew->message != ++crew->told;
			record_and_wake(&crew->back, -A);
		}
		dawdle(&member->random);
	}
	record_and_wake(&crew->word, -STOP); /* to the next of us */
	return NULL;
}

static void *give_work(void *argument)
{
	struct crew *crew = (struct crew *)argument;
	errseq_cursor_t cursor = 0;
	unsigned long i;

	for (i = 1; i <= rounds; i++) {
		crew->message = i;
		record_and_wake(&crew->word, -A);
		if (wait_goes_wrong(&crew->back, cursor) ||
		    errseq_check_and_advance(&crew->back, &cursor) != -A) {
			crew->wrong++;
			break;
		}
		get_on(i);
	}
	record_and_wake(&crew->word, -STOP);
	return NULL;
}

static void each_error_is_told_to_one_of_those_who_share_a_cursor(void **state)
{
	static struct crew crew;
	unsigned long reports = 0, wrong;
	pthread_t giver;
	unsigned i;

	(void)state;
	memset((void *)&crew, 0, sizeof(crew));
	for (i = 0; i < MOST; i++) {
		crew.members[i].crew = &crew;
		crew.members[i].random = i;
		start(&crew.members[i].thread, share_the_work, &crew.members[i]);
	}
	start(&giver, give_work, &crew);
	pthread_join(giver, NULL);
	wrong = crew.wrong;
	for (i = 0; i < MOST; i++) {
		pthread_join(crew.members[i].thread, NULL);
		reports += crew.members[i].reports;
		wrong += crew.members[i].wrong;
	}
	assert_int_equal(wrong, 0);
	assert_int_equal(reports, rounds);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(ping_pong_of_two_who_advance),
		TEST(ping_pong_of_two_who_peek),
		TEST(ping_pong_of_several_pairs_at_once),
		TEST(ping_pong_while_others_mark_the_words),
		TEST(ping_pong_between_processes),
		TEST(one_wake_reaches_every_waiter_in_every_round),
		TEST(no_waiter_misses_the_last_error),
		TEST(each_error_is_told_to_one_of_those_who_share_a_cursor),
	};

	if (argc > 1) {
		char *last;

		rounds = strtoul(argv[1], &last, 10);
		if (*last || rounds < 1 || rounds > 500000000) {
			fprintf(stderr, "wakeups: '%s' is not a number of rounds, 1 to 500000000\n",
				argv[1]);
			return 2;
		}
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
