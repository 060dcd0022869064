/* SPDX-License-Identifier: MIT */
/*
 * errseq_wait and errseq_wake between processes, which may map the word at different addresses, and with signals:
 * which of them end a wait, and records made by handlers. The children's exit status says what the wait returned.
 */
#include "waiters.h"
#include <signal.h>

enum {
	BAD_CHILD = 99, /* an exit status: the child could not do its part */
	PAGES = 2 * 4096,
	WORD_AT = 4096 + 12 /* in them */
};

static errseq_t *shared_word(void)
{
	return (errseq_t *)map_shared(4096, -1);
}

/* ---- between processes ------------------------------------------------------------------------- */

TEST(record_of_the_parent_ends_the_wait_of_a_child)
{
	const uint32_t words[] = { 0, value_of(3, BOTH_FLAGS, A) };
	errseq_t *word = shared_word();
	unsigned w, p;

	for (w = 0; w < COUNT_OF(words); w++)
		for (p = 0; p < COUNT_OF(positions); p++) {
			errseq_cursor_t cursor;
			pid_t child;

			put(word, words[w]);
			cursor = positions[p](word);
			child = start_waiting_child(word, cursor, deadline(p % 2));
			assert_true(child_sleeps(child));
			errseq_wake(word);
			child_is_woken_by(child, word, -A);
		}
	munmap((void *)word, 4096);
}

TEST(record_of_a_child_ends_the_wait_of_its_parent)
{
	errseq_t *word = shared_word();
	errseq_cursor_t cursor = 0;
	int i;

	for (i = 0; i < 10; i++) {
		pid_t child = fork_child();

		if (child == 0) {
			int status = child_sleeps(getppid()) ? errseq_set(word, -A) : BAD_CHILD;

			errseq_wake(word);
			_exit(status);
		}
		assert_int_equal(errseq_wait(word, cursor, NULL), 0);
		assert_int_equal(errseq_check_and_advance(word, &cursor), -A);
		assert_int_equal(exit_status_of(child), 0);
	}
	munmap((void *)word, 4096);
}

TEST(deadline_passes_in_a_child_too)
{
	errseq_t *word = shared_word();
	pid_t child = fork_child();

	if (child == 0) {
		struct timespec until = from_now(20 * MILLION), end;
		int result = errseq_wait(word, 0, &until);

		end = from_now(0);
		_exit(is_before(&end, &until) ? BAD_CHILD : -result);
	}
	assert_int_equal(exit_status_of(child), ETIMEDOUT);
	munmap((void *)word, 4096);
}

/* A file with a word in its second page; the words are the same wherever it is mapped. */
static FILE *file_with_a_word(void)
{
	FILE *file = tmpfile();

	if (!file)
		SKIP_BECAUSE("no temporary file: %s", strerror(errno));
	assert_int_equal(ftruncate(fileno(file), PAGES), 0);
	return file;
}

static errseq_t *map_word(FILE *file, int protection)
{
	void *pages = mmap(NULL, PAGES, protection, MAP_SHARED, fileno(file), 0);

	return pages == MAP_FAILED ? NULL : (errseq_t *)(void *)((char *)pages + WORD_AT);
}

static void unmap_word(errseq_t *word)
{
	munmap((char *)word - WORD_AT, PAGES);
}

/* Read-only, the mapping shows too that waiting writes nothing into the word. */
TEST(record_ends_the_wait_of_a_child_that_maps_the_word_elsewhere)
{
	const int protections[] = { PROT_READ | PROT_WRITE, PROT_READ };
	FILE *file = file_with_a_word();
	unsigned i, again;

	for (i = 0; i < COUNT_OF(protections); i++) {
		errseq_t *word = map_word(file, PROT_READ | PROT_WRITE);

		assert_non_null(word);
		for (again = 0; again < 3; again++) {
			errseq_cursor_t cursor = errseq_peek(word);
			pid_t child = fork_child();

			if (child == 0) {
				errseq_t *mine = map_word(file, protections[i]);

				if (!mine || mine == word)
					_exit(BAD_CHILD);
				unmap_word(word);
				_exit(-errseq_wait(mine, cursor, NULL));
			}
			child_is_woken_by(child, word, -A);
		}
		unmap_word(word);
	}
	fclose(file);
}

TEST(record_ends_the_wait_of_a_thread_that_uses_another_mapping)
{
	FILE *file = file_with_a_word();
	errseq_t *here = map_word(file, PROT_READ | PROT_WRITE);
	errseq_t *there = map_word(file, PROT_READ | PROT_WRITE);

	assert_non_null(here);
	assert_non_null(there);
	is_woken_by(start_waiter(there, 0, NULL), here, -A);
	unmap_word(here);
	unmap_word(there);
	fclose(file);
}

/* ---- signals ----------------------------------------------------------------------------------- */

static volatile sig_atomic_t handled;

static void take_note(int number)
{
	(void)number;
	handled = handled + 1;
}

static void handle_signal(int number, void (*handler)(int), int flags)
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_handler = handler;
	action.sa_flags = flags;
	assert_int_equal(sigaction(number, &action, NULL), 0);
	handled = 0;
}

/* A signal may come before the sleep, and is not noticed then. So they are sent until the wait has ended. */
TEST(handler_interrupts_the_wait_whatever_its_flags_and_the_deadline)
{
	static const int flags[] = { 0, SA_RESTART };
	const value_t words[] = { 0, value_of(0, BOTH_FLAGS, A) };
	unsigned f, d, w;

	for (f = 0; f < COUNT_OF(flags); f++)
		for (d = 0; d < WITH_A_DEADLINE; d++)
			for (w = 0; w < COUNT_OF(words); w++) {
				struct waiter *waiter;
				errseq_t word;

				put(&word, words[w]);
				handle_signal(SIGUSR1, take_note, flags[f]);
				waiter = start_waiter(&word, words[w], deadline(d));
				assert_true(sleeps(waiter));
				while (!has_returned(waiter)) {
					pthread_kill(waiter->thread, SIGUSR1);
					for_a_moment();
				}
				assert_int_equal(get(&word), words[w]);
				assert_int_equal(end_of(waiter), -EINTR);
				assert_true(handled > 0);
			}
	signal(SIGUSR1, SIG_DFL);
}

TEST(signal_without_a_handler_does_not_end_the_wait)
{
	sigset_t blocked, old;
	unsigned d, i;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR2);
	handle_signal(SIGUSR1, SIG_IGN, 0);
	handle_signal(SIGUSR2, take_note, 0);
	for (d = 0; d < WITH_A_DEADLINE; d++) {
		errseq_t word = ERRSEQ_INIT;
		struct waiter *waiter;

		pthread_sigmask(SIG_BLOCK, &blocked, &old);
		waiter = start_waiter(&word, 0, deadline(d));
		pthread_sigmask(SIG_SETMASK, &old, NULL);
		for (i = 0; i < 20; i++) {
			assert_true(sleeps(waiter));
			pthread_kill(waiter->thread, SIGUSR1); /* ignored */
			pthread_kill(waiter->thread, SIGUSR2); /* blocked */
			pthread_kill(waiter->thread, SIGURG);  /* by default, nothing */
		}
		is_woken_by(waiter, &word, -A);
	}
	signal(SIGUSR1, SIG_DFL);
	signal(SIGUSR2, SIG_DFL);
	assert_int_equal(handled, 0);
}

static void stop(pid_t child)
{
	int status;

	assert_true(child_sleeps(child));
	assert_int_equal(kill(child, SIGSTOP), 0);
	assert_int_equal(waitpid(child, &status, WUNTRACED), child);
	assert_true(WIFSTOPPED(status));
}

TEST(stopped_and_continued_process_goes_on_waiting)
{
	errseq_t *word = shared_word();
	unsigned d, i;

	for (d = 0; d < WITH_A_DEADLINE; d++) {
		pid_t child = start_waiting_child(word, errseq_peek(word), deadline(d));

		for (i = 0; i < 5; i++) {
			stop(child);
			assert_int_equal(kill(child, SIGCONT), 0);
		}
		child_is_woken_by(child, word, -A);
	}
	munmap((void *)word, 4096);
}

/* What comes while it is stopped is not missed. */
TEST(record_while_the_process_is_stopped_ends_its_wait)
{
	errseq_t *word = shared_word();
	pid_t child = start_waiting_child(word, 0, NULL);

	stop(child);
	record_and_wake(word, -A);
	assert_int_equal(kill(child, SIGCONT), 0);
	assert_int_equal(exit_status_of(child), 0);
	munmap((void *)word, 4096);
}

static errseq_t signal_word;

static void record_and_wake_in_handler(int number)
{
	(void)number;
	errseq_set(&signal_word, -A);
	errseq_wake(&signal_word);
	handled = handled + 1;
}

TEST(record_and_wake_in_a_handler_end_the_wait_of_another_thread)
{
	errseq_cursor_t cursor = 0;
	int i;

	errseq_init(&signal_word);
	handle_signal(SIGUSR1, record_and_wake_in_handler, 0);
	for (i = 1; i <= 20; i++) {
		struct waiter *waiter = start_waiter(&signal_word, cursor, NULL);

		assert_true(sleeps(waiter));
		errno = OURS;
		raise(SIGUSR1);
		assert_int_equal(errno, OURS);
		assert_int_equal(end_of(waiter), 0);
		assert_int_equal(handled, i);
		assert_int_equal(errseq_check_and_advance(&signal_word, &cursor), -A);
	}
	signal(SIGUSR1, SIG_DFL);
}

/* It was interrupted, but there is a new error: 0. ThreadSanitizer runs handlers later than that. */
TEST(record_in_a_handler_of_the_waiter_itself_ends_the_wait)
{
	unsigned d;

	handle_signal(SIGUSR1, record_and_wake_in_handler, SA_RESTART);
	for (d = 0; d < WITH_A_DEADLINE; d++) {
		struct waiter *waiter;
		int result;

		errseq_init(&signal_word);
		waiter = start_waiter(&signal_word, 0, deadline(d));
		assert_true(sleeps(waiter));
		pthread_kill(waiter->thread, SIGUSR1);
		result = end_of(waiter);
		assert_true(result == 0 || (UNDER_TSAN && result == -EINTR));
		assert_int_equal(errseq_check(&signal_word, 0), -A);
	}
	signal(SIGUSR1, SIG_DFL);
}

int main(void)
{
	return run_all_tests();
}
