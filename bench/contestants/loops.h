/* SPDX-License-Identifier: MIT */
/*
 * The loops around a contestant's functions. Before it includes this, a contestant has defined:
 *
 *	CONTESTANT, NAME, ABOUT, GIVES
 *	word_t, observer_t
 *	void word_init(word_t *)
 *	void word_end(word_t *)				if it has HAS_END
 *	int record(word_t *, int err)			0, or not recorded
 *	void sample(word_t *, observer_t *)		a new observer
 *	void leave(word_t *, observer_t *)		if it has HAS_LEAVE
 *	int check(word_t *, observer_t *)		the error or 0; changes nothing
 *	int advance(word_t *, observer_t *)		the error, once, or 0
 *	void peek(word_t *, observer_t *)		if it has HAS_PEEK
 */
#include "../contestant.h"

#include <errno.h>
#include <sched.h>

#ifndef HAS_END
#define word_end(word) ((void)(word))
#endif
#ifndef HAS_LEAVE
#define leave(word, observer) ((void)(word), (void)(observer))
#endif

static inline word_t *word_number(struct scene *scene, unsigned long number)
{
	return (word_t *)(void *)(scene->word_at + number * scene->word_stride);
}

static inline observer_t *observer_number(struct scene *scene, unsigned long number)
{
	return (observer_t *)(void *)(scene->observer_at + number * scene->observer_stride);
}

/*
 * A call and a branch, as in a program that handles the error. Without the empty statement compilers turn the
 * branches of some contestants into arithmetic, and those of others not.
 */
#define COUNT(call)                                          \
	do {                                                 \
		int err = (call);                            \
                                                             \
		if (err) {                                   \
			__asm__ volatile("" : "+r"(errors)); \
			errors++;                            \
			last = err;                          \
		}                                            \
	} while (0)

/* Compilers may not combine the stores to several handles into one. */
#define STORE_NOW() __asm__ volatile("" ::: "memory")

/* Calls come in steps of so many; EACH goes over all observers, which are an array then. */
#define LOOP(name, step, ...)                                                             \
	static void name(struct job *job)                                                 \
	{                                                                                 \
		word_t *word = job->word, *words = (word_t *)(void *)job->scene->word_at; \
		observer_t *observer = job->observer;                                     \
		observer_t *observers = (observer_t *)(void *)job->scene->observer_at;    \
		const uint32_t *order = job->scene->order;                                \
		unsigned long times = job->times, number = job->scene->observers;         \
		unsigned long errors = 0, i, at;                                          \
		int last = 0;                                                             \
                                                                                          \
		(void)word, (void)words, (void)observer, (void)observers, (void)order;    \
		(void)number, (void)at;                                                   \
		for (i = 0; i < times; i += (step)) {                                     \
			__VA_ARGS__;                                                      \
		}                                                                         \
		job->errors = errors;                                                     \
		job->last = last;                                                         \
	}
#define EACH for (at = 0; at < number; at++)

LOOP(loop_check, 1, COUNT(check(word, observer)))
LOOP(loop_advance, 1, COUNT(advance(word, observer)))
LOOP(loop_record, 1, errors += record(word, -EIO) != 0)
LOOP(loop_record_alternating, 2, errors += record(word, -EIO) != 0;
     errors += record(word, -ENOSPC) != 0)
/* As errors really come: a failing I/O, and what a program does about it, lie in between. */
static inline void other_work(void)
{
	unsigned number = 1, i;

	for (i = 0; i < 256; i++) {
		number = number * 1103515245u + 12345u;
		__asm__ volatile("" : "+r"(number)); /* one after the other, and none left out */
	}
}

LOOP(loop_record_spaced, 1, other_work(); errors += record(word, -EIO) != 0)
LOOP(loop_record_and_advance, 1, record(word, -EIO); COUNT(advance(word, observer)))
LOOP(loop_round, number, record(word, -EIO); EACH COUNT(advance(word, &observers[at])))

/* As at close and open: the position goes into the handle. */
LOOP(
	loop_sample, number, EACH {
		leave(word, &observers[at]);
		sample(word, &observers[at]);
		STORE_NOW();
	})
#ifdef HAS_PEEK
LOOP(
	loop_peek, number, EACH {
		leave(word, &observers[at]);
		peek(word, &observers[at]);
		STORE_NOW();
	})
#endif

/* Named after its contestant, for tools/cache-misses.sh. */
#define JOIN_(a, b) a##b
#define JOIN(a, b)  JOIN_(a, b)
#define LOOP_WALK   JOIN(loop_walk_of_, CONTESTANT)
LOOP(LOOP_WALK, number, EACH COUNT(advance(&words[order[at]], &observers[order[at]])))

/* The first of the observers writes down now and then how many calls it has made. */
static void loop_beside(struct job *job)
{
	word_t *word = job->word;
	observer_t *observer = job->observer;
	unsigned long times = job->times, errors = 0, done, i;
	unsigned long part = job->period < 4000 ? job->period / 4 : 1000;
	int last = 0;

	for (done = 0; done < times; done += part) {
		for (i = 0; i < part; i++)
			COUNT(advance(word, observer));
		if (job->progress)
			atomic_store_explicit(job->progress, done + part, memory_order_relaxed);
	}
	job->errors = errors;
	job->last = last;
}

/* In the middle of each period. Two errors in turn, and a third one as the last. */
static void loop_record_beside(struct job *job)
{
	word_t *word = job->word;
	unsigned long times = job->times, period = job->period, failed = 0, i, now;
	unsigned spins = 0;
	double recording = 0, start;

	for (i = 0; i < times; i++) {
		int err = i + 1 == times ? -EDQUOT : i % 2 ? -ENOSPC : -EIO;

		do {
			relax();
			if (++spins % 65536 == 0) /* milliseconds: the observer has no processor */
				sched_yield();
			now = atomic_load_explicit(job->progress, memory_order_relaxed);
		} while (now < i * period + period / 2);
		start = now_ns();
		failed += record(word, err) != 0;
		recording += now_ns() - start;
	}
	job->errors = failed;
	job->recording = recording;
}

/* Each word has reported an error before: there is no new error for observers that come now. */
static void set_up(struct scene *scene, enum before before)
{
	unsigned long i;

	for (i = 0; i < scene->words; i++) {
		word_t *word = word_number(scene, i);
		observer_t early;

		word_init(word);
		sample(word, &early);
		record(word, -EIO);
		(void)advance(word, &early);
		leave(word, &early);
	}
	for (i = 0; i < scene->observers; i++)
		sample(word_number(scene, i % scene->words), observer_number(scene, i));
	for (i = 0; i < scene->words && before != NOTHING; i++)
		record(word_number(scene, i), -EIO);
#ifdef HAS_PEEK
	if (before == FLAGS_OF_OTHERS) {
		for (i = 0; i < scene->observers; i++)
			peek(word_number(scene, i % scene->words), observer_number(scene, i));
		for (i = 0; i < scene->words; i++) {
			observer_t other;

			sample(word_number(scene, i), &other);
			(void)advance(word_number(scene, i), &other);
		}
	}
#endif
}

static void tear_down(struct scene *scene)
{
	unsigned long i;

	for (i = scene->observers; i-- > 0;)
		leave(word_number(scene, i % scene->words), observer_number(scene, i));
	for (i = 0; i < scene->words; i++)
		word_end(word_number(scene, i));
}

/* Which promises it really keeps. */
static unsigned try_out(void)
{
	word_t word;
	observer_t early, other, second, late;
	unsigned gives = 0;
	int first, again, missed;

	word_init(&word);
	sample(&word, &early);
	sample(&word, &other);
	record(&word, -EIO);
	sample(&word, &second);
	if (check(&word, &second) == -EIO)
		gives |= UNREPORTED;
	record(&word, -EIO);
	missed = check(&word, &second) == 0;
	first = advance(&word, &early);
	again = advance(&word, &early);
	if (!missed && first == -EIO && again == 0 && advance(&word, &other) == -EIO)
		gives |= EACH_ONCE;
	sample(&word, &late);
	if (advance(&word, &late) == 0)
		gives |= SKIPS_REPORTED;
	record(&word, -EIO);
	if (advance(&word, &early) == -EIO)
		gives |= AGAIN;
	record(&word, -EIO);
	record(&word, -ENOSPC);
	if (advance(&word, &early) == -ENOSPC)
		gives |= LATEST;
	leave(&word, &early);
	leave(&word, &other);
	leave(&word, &second);
	leave(&word, &late);
	word_end(&word);
	return gives;
}

const struct contestant CONTESTANT = {
	.name = NAME,
	.about = ABOUT,
	.gives = GIVES,
	.word_size = sizeof(word_t),
	.observer_size = sizeof(observer_t),
#ifdef ONE_OBSERVER
	.one_observer = 1,
#endif
	.try_out = try_out,
	.set_up = set_up,
	.tear_down = tear_down,
	.loops = {
		[CHECK] = loop_check,
		[ADVANCE] = loop_advance,
		[RECORD] = loop_record,
		[RECORD_ALTERNATING] = loop_record_alternating,
		[RECORD_AND_ADVANCE] = loop_record_and_advance,
		[RECORD_SPACED] = loop_record_spaced,
		[SAMPLE] = loop_sample,
#ifdef HAS_PEEK
		[PEEK] = loop_peek,
#endif
		[ROUND] = loop_round,
		[WALK] = LOOP_WALK,
		[BESIDE] = loop_beside,
		[RECORD_BESIDE] = loop_record_beside,
	},
};
