/* SPDX-License-Identifier: MIT */
/*
 * The loops around a contestant's functions. It has defined, before it includes this:
 *
 *	CONTESTANT, NAME, ABOUT, GIVES
 *	word_t, observer_t
 *	void word_init(word_t *), word_end(word_t *)
 *	int record(word_t *, int err)			0, or not recorded
 *	void sample(word_t *, observer_t *)		a newcomer takes its position
 *	void leave(word_t *, observer_t *)
 *	int check(word_t *, observer_t *)		the error or 0; changes nothing
 *	int advance(word_t *, observer_t *)		the error, once, or 0
 *	void peek(word_t *, observer_t *)		if it has HAS_PEEK
 */
#include "bench.h"

#include <errno.h>

static inline word_t *word_number(struct scene *scene, unsigned long number)
{
	return (word_t *)(void *)(scene->word_at + number * scene->word_stride);
}

static inline observer_t *observer_number(struct scene *scene, unsigned long number)
{
	return (observer_t *)(void *)(scene->observer_at + number * scene->observer_stride);
}

/* Where nothing is far apart they are arrays. */
static inline word_t *words_of(struct scene *scene)
{
	return (word_t *)(void *)scene->word_at;
}

static inline observer_t *observers_of(struct scene *scene)
{
	return (observer_t *)(void *)scene->observer_at;
}

/*
 * A look and a branch, as in a program that does something about an error. Without the empty statement compilers
 * turn the branches of some contestants into arithmetic, and those of others not.
 */
#define LOOK(look)                                         \
	do {                                               \
		int err = (look);                          \
                                                           \
		if (err) {                                 \
			__asm__ volatile("" : "+r"(told)); \
			told++;                            \
			error = err;                       \
		}                                          \
	} while (0)

/* Nobody makes one store of many handles'. */
#define AS_IT_STANDS() __asm__ volatile("" ::: "memory")

/* ---- loops ------------------------------------------------------------------------------------------ */

static void loop_check(struct job *job)
{
	word_t *word = word_number(job->scene, job->word);
	observer_t *observer = observer_number(job->scene, job->observer);
	unsigned long times = job->times, told = 0, i;
	int error = 0;

	for (i = 0; i < times; i++)
		LOOK(check(word, observer));
	job->told = told;
	job->error = error;
}

static void loop_advance(struct job *job)
{
	word_t *word = word_number(job->scene, job->word);
	observer_t *observer = observer_number(job->scene, job->observer);
	unsigned long times = job->times, told = 0, i;
	int error = 0;

	for (i = 0; i < times; i++)
		LOOK(advance(word, observer));
	job->told = told;
	job->error = error;
}

static void loop_record(struct job *job)
{
	word_t *word = word_number(job->scene, job->word);
	unsigned long times = job->times, failed = 0, i;

	for (i = 0; i < times; i++)
		failed += record(word, -EIO) != 0;
	job->told = failed;
}

static void loop_record_alternating(struct job *job)
{
	word_t *word = word_number(job->scene, job->word);
	unsigned long times = job->times, failed = 0, i;

	for (i = 0; i < times; i += 2) {
		failed += record(word, -EIO) != 0;
		failed += record(word, -ENOSPC) != 0;
	}
	job->told = failed;
}

static void loop_record_and_advance(struct job *job)
{
	word_t *word = word_number(job->scene, job->word);
	observer_t *observer = observer_number(job->scene, job->observer);
	unsigned long times = job->times, told = 0, i;
	int error = 0;

	for (i = 0; i < times; i++) {
		record(word, -EIO);
		LOOK(advance(word, observer));
	}
	job->told = told;
	job->error = error;
}

/* As at open: the position goes into the handle. */
static void loop_sample(struct job *job)
{
	word_t *word = word_number(job->scene, job->word);
	observer_t *handles = observers_of(job->scene);
	unsigned long times = job->times, number = job->scene->observers, i, at;

	for (i = 0; i < times; i += number)
		for (at = 0; at < number; at++) {
			leave(word, &handles[at]);
			sample(word, &handles[at]);
			AS_IT_STANDS();
		}
	job->told = 0;
}

#ifdef HAS_PEEK
static void loop_peek(struct job *job)
{
	word_t *word = word_number(job->scene, job->word);
	observer_t *handles = observers_of(job->scene);
	unsigned long times = job->times, number = job->scene->observers, i, at;

	for (i = 0; i < times; i += number)
		for (at = 0; at < number; at++) {
			leave(word, &handles[at]);
			peek(word, &handles[at]);
			AS_IT_STANDS();
		}
	job->told = 0;
}
#endif

static void loop_round(struct job *job)
{
	word_t *word = word_number(job->scene, job->word);
	observer_t *observers = observers_of(job->scene);
	unsigned long times = job->times, number = job->scene->observers, told = 0, i, at;
	int error = 0;

	for (i = 0; i < times; i += number) {
		record(word, -EIO);
		for (at = 0; at < number; at++)
			LOOK(advance(word, &observers[at]));
	}
	job->told = told;
	job->error = error;
}

/* Named after its contestant, for tools/cache-misses.sh. */
#define JOIN_(a, b) a##b
#define JOIN(a, b)  JOIN_(a, b)
#define LOOP_WALK   JOIN(loop_walk_of_, CONTESTANT)
static void LOOP_WALK(struct job *job)
{
	word_t *words = words_of(job->scene);
	observer_t *observers = observers_of(job->scene);
	const uint32_t *order = job->scene->order;
	unsigned long times = job->times, number = job->scene->words, told = 0, i, at;
	int error = 0;

	for (i = 0; i < times; i += number)
		for (at = 0; at < number; at++)
			LOOK(advance(&words[order[at]], &observers[order[at]]));
	job->told = told;
	job->error = error;
}

/* The first of the observers says now and then how far it is. */
static void loop_look_beside(struct job *job)
{
	word_t *word = word_number(job->scene, job->word);
	observer_t *observer = observer_number(job->scene, job->observer);
	unsigned long times = job->times, told = 0, done, i;
	unsigned long part = job->period < 4000 ? job->period / 4 : 1000;
	int error = 0;

	for (done = 0; done < times; done += part) {
		for (i = 0; i < part; i++)
			LOOK(advance(word, observer));
		if (job->progress)
			atomic_store_explicit(job->progress, done + part, memory_order_relaxed);
	}
	job->told = told;
	job->error = error;
}

/* In the middle of each period. Two errors in turn, and a third one as the last. */
static void loop_record_beside(struct job *job)
{
	word_t *word = word_number(job->scene, job->word);
	unsigned long times = job->times, period = job->period, failed = 0, late = 0, i, now;
	double recording = 0, start;

	for (i = 0; i < times; i++) {
		int err = i + 1 == times ? -EDQUOT : i % 2 ? -ENOSPC : -EIO;

		do {
			relax();
			now = atomic_load_explicit(job->progress, memory_order_relaxed);
		} while (now < i * period + period / 2);
		late += now >= times * period;
		start = now_ns();
		failed += record(word, err) != 0;
		recording += now_ns() - start;
	}
	job->told = failed;
	job->late = late;
	job->recording = recording;
}

/* ---- before and after ------------------------------------------------------------------------------- */

/* Words with a past: somebody was told of an error, and nothing is new to those who come now. */
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

/* What it really gives. */
static unsigned try_out(void)
{
	word_t word;
	observer_t early, other, owed, late;
	unsigned gives = 0;
	int first, again, missed;

	word_init(&word);
	sample(&word, &early);
	sample(&word, &other);
	record(&word, -EIO);
	sample(&word, &owed);
	if (check(&word, &owed) == -EIO)
		gives |= OWED;
	record(&word, -EIO);
	missed = check(&word, &owed) == 0;
	first = advance(&word, &early);
	again = advance(&word, &early);
	if (!missed && first == -EIO && again == 0 && advance(&word, &other) == -EIO)
		gives |= EACH_ONCE;
	sample(&word, &late);
	if (advance(&word, &late) == 0)
		gives |= PAST;
	record(&word, -EIO);
	if (advance(&word, &early) == -EIO)
		gives |= SAME_AGAIN;
	record(&word, -EIO);
	record(&word, -ENOSPC);
	if (advance(&word, &early) == -ENOSPC)
		gives |= LATEST;
	leave(&word, &early);
	leave(&word, &other);
	leave(&word, &owed);
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
		[SAMPLE] = loop_sample,
#ifdef HAS_PEEK
		[PEEK] = loop_peek,
#endif
		[ROUND] = loop_round,
		[WALK] = LOOP_WALK,
		[LOOK_BESIDE] = loop_look_beside,
		[RECORD_BESIDE] = loop_record_beside,
	},
};
