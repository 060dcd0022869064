/* SPDX-License-Identifier: MIT */
/*
 * S09: many who fsync one handle at the same moment. Of each error exactly one of them is told; another handle is
 * told for itself. Round after round, for the races are narrow.
 *
 * usage: crowds [SECONDS]: of each case; by default 0.6
 */
#include "mounted.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum {
	THREADS = 64,
	PROCESSES = 32,
	FEW = 3,
	WAVES = 2 /* looks of each in a round: in the second wave nobody is told */
};

typedef int call_t(int fd);

static double seconds = 0.6;

/* Shared by those who look, be they threads or forked processes. */
struct crowd {
	unsigned count;
	int spins; /* few wait for each other by spinning, and go on at the very same moment */
	pthread_barrier_t barrier;
	atomic_uint arrived, phase;
	call_t *call;
	int fd, error;
	atomic_int over;
	atomic_uint told[WAVES],
		others[WAVES]; /* this error; any other result than this one and 0 */
	atomic_uint looks;
};

static void meet(struct crowd *crowd)
{
	unsigned phase, turns = 0;

	if (!crowd->spins) {
		pthread_barrier_wait(&crowd->barrier);
		return;
	}
	/* acquire and release: what was counted before the barrier is seen after it */
	phase = atomic_load_explicit(&crowd->phase, memory_order_acquire);
	if (atomic_fetch_add_explicit(&crowd->arrived, 1, memory_order_acq_rel) == crowd->count) {
		atomic_store_explicit(&crowd->arrived, 0, memory_order_relaxed);
		atomic_store_explicit(&crowd->phase, phase + 1, memory_order_release);
		return;
	}
	while (atomic_load_explicit(&crowd->phase, memory_order_acquire) == phase)
		if (++turns % 1024 == 0)
			sched_yield(); /* somebody needs this core */
}

static void look_round_after_round(struct crowd *crowd)
{
	int wave;

	for (;;) {
		meet(crowd); /* a round begins */
		if (atomic_load_explicit(&crowd->over, memory_order_relaxed))
			return;
		for (wave = 0; wave < WAVES; wave++) {
			int error = errno_of(crowd->call(crowd->fd));

			/* relaxed, all three: the barrier orders them */
			if (error == crowd->error)
				atomic_fetch_add_explicit(&crowd->told[wave], 1,
							  memory_order_relaxed);
			else if (error)
				atomic_fetch_add_explicit(&crowd->others[wave], 1,
							  memory_order_relaxed);
			atomic_fetch_add_explicit(&crowd->looks, 1, memory_order_relaxed);
			meet(crowd); /* the wave is over */
		}
	}
}

static void *thread(void *crowd)
{
	look_round_after_round((struct crowd *)crowd);
	return NULL;
}

static struct crowd *new_crowd(call_t *call, int fd, unsigned count, int spins)
{
	struct crowd *crowd = mmap(NULL, sizeof(*crowd), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_barrierattr_t attributes;

	assert_true(crowd != MAP_FAILED);
	crowd->call = call;
	crowd->fd = fd;
	crowd->count = count;
	crowd->spins = spins;
	pthread_barrierattr_init(&attributes);
	pthread_barrierattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	assert_int_equal(pthread_barrier_init(&crowd->barrier, &attributes, count + 1), 0);
	return crowd;
}

/*
 * The main thread's part: an error a round, and the judgement. With many it is a look itself, every other time, that
 * writes back what fails, and the errors differ. With a few, it is done in the background, fast.
 */
static void lead(struct crowd *crowd, int writer, int other)
{
	int commands = opened(in_mount(".wbfs-control"), O_WRONLY);
	double end = seconds_now() + seconds;
	unsigned rounds = 0, wrong = 0, wave;

	crowd->error = EIO;
	control("EIO");
	while ((seconds_now() < end || rounds < 20) && wrong == 0) {
		if (!crowd->spins) {
			crowd->error = rounds % 2 ? ENOSPC : EIO;
			control(rounds % 2 ? "ENOSPC" : "EIO");
		}
		dirty(writer);
		if (crowd->spins || rounds % 4 < 2)
			assert_int_equal(write(commands, "sync", 4), 4);
		meet(crowd);
		for (wave = 0; wave < WAVES; wave++)
			meet(crowd);
		for (wave = 0; wave < WAVES; wave++) {
			unsigned told = atomic_exchange_explicit(&crowd->told[wave], 0,
								 memory_order_relaxed),
				 others = atomic_exchange_explicit(&crowd->others[wave], 0,
								   memory_order_relaxed);

			if (told != (wave == 0) || others != 0) {
				fprintf(stderr,
					"round %u, wave %u: %u were told, and %u of something "
					"else\n",
					rounds, wave, told, others);
				wrong = 1;
			}
		}
		if (errno_of(fsync(other)) != crowd->error || errno_of(fsync(other)) != 0) {
			fprintf(stderr, "round %u: the other handle was not told once\n", rounds);
			wrong = 1;
		}
		rounds++;
	}
	atomic_store_explicit(&crowd->over, 1, memory_order_relaxed);
	meet(crowd);
	printf("%u rounds, %u looks by %u\n", rounds,
	       atomic_load_explicit(&crowd->looks, memory_order_relaxed), crowd->count);
	assert_int_equal(wrong, 0);
}

/*
 * Linux sends one FSYNC of an inode at a time, so that the daemon never meets two of one handle. But the FLUSH of a
 * close is sent beside them: it looks through the cursor that an fsync moves.
 */
static int fsync_or_close_a_dup(int fd)
{
	static atomic_uint turns;

	/* relaxed: any mixture will do */
	if (atomic_fetch_add_explicit(&turns, 1, memory_order_relaxed) % 4 < 2)
		return fsync(fd);
	close(dup(fd)); /* may tell, as often as it likes */
	return 0;
}

static void threads(call_t *call, const char *path, unsigned count, int spins)
{
	int writer = opened(in_mount("x"), O_RDWR | O_CREAT),
	    fd = call == fsync_or_close_a_dup ? writer : opened(path, O_RDONLY),
	    other = opened(path, O_RDONLY);
	struct crowd *crowd = new_crowd(call, fd, count, spins);
	pthread_t all[THREADS];
	unsigned i;

	for (i = 0; i < count; i++)
		assert_int_equal(pthread_create(&all[i], NULL, thread, crowd), 0);
	lead(crowd, writer, other);
	for (i = 0; i < count; i++)
		pthread_join(all[i], NULL);
	munmap(crowd, sizeof(*crowd));
}

static void processes(call_t *call, const char *path)
{
	int writer = opened(in_mount("x"), O_RDWR | O_CREAT), fd = opened(path, O_RDONLY),
	    other = opened(path, O_RDONLY);
	struct crowd *crowd = new_crowd(call, fd, PROCESSES, 0);
	pid_t all[PROCESSES];
	unsigned i;

	for (i = 0; i < PROCESSES; i++) {
		all[i] = forked();
		if (all[i] == 0) {
			look_round_after_round(crowd);
			_exit(0);
		}
		assert_true(all[i] > 0);
	}
	lead(crowd, writer, other);
	for (i = 0; i < PROCESSES; i++)
		assert_int_equal(status_of(all[i]), 0);
	munmap(crowd, sizeof(*crowd));
}

/* S09 */
static void of_64_threads_that_fsync_one_handle_exactly_one_is_told(void **state)
{
	(void)state;
	threads(fsync, in_mount("x"), THREADS, 0);
}

/* S09 */
static void of_64_threads_that_fdatasync_one_handle_exactly_one_is_told(void **state)
{
	(void)state;
	threads(fdatasync, in_mount("x"), THREADS, 0);
}

/* S09, and better: the kernel's syncfs tells two of them now and then. */
static void of_64_threads_that_fsync_one_directory_handle_exactly_one_is_told(void **state)
{
	(void)state;
	threads(fsync, in_mount(""), THREADS, 0);
}

/* S09 */
static void of_32_processes_that_fsync_one_handle_exactly_one_is_told(void **state)
{
	(void)state;
	processes(fsync, in_mount("x"));
}

/* S09 */
static void of_32_processes_that_fsync_one_directory_handle_exactly_one_is_told(void **state)
{
	(void)state;
	processes(fsync, in_mount(""));
}

/* S09, S10 */
static void of_64_threads_of_which_half_only_close_exactly_one_is_told(void **state)
{
	(void)state;
	threads(fsync_or_close_a_dup, in_mount("x"), THREADS, 0);
}

/* S09: the race itself, as narrow as it is, thousands of times a second */
static void of_a_few_threads_that_fsync_one_handle_at_the_same_moment_exactly_one_is_told(
	void **state)
{
	(void)state;
	threads(fsync, in_mount("x"), FEW, 1);
}

/* S09 */
static void of_a_few_threads_that_fsync_one_directory_handle_at_the_same_moment_exactly_one_is_told(
	void **state)
{
	(void)state;
	threads(fsync, in_mount(""), FEW, 1);
}

static int create(void **state)
{
	with_nothing(state);
	/* Where a sync of the store takes no time there are many more rounds; without, it works too. */
	(void)put_upper_on_tmpfs("size=16m");
	start_daemon(NULL);
	closed(opened(in_mount("x"), O_RDWR | O_CREAT));
	return 0;
}

#define WITH_FILE(test) cmocka_unit_test_setup_teardown(test, create, without_daemon)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WITH_FILE(of_64_threads_that_fsync_one_handle_exactly_one_is_told),
		WITH_FILE(of_64_threads_that_fdatasync_one_handle_exactly_one_is_told),
		WITH_FILE(of_64_threads_that_fsync_one_directory_handle_exactly_one_is_told),
		WITH_FILE(of_64_threads_of_which_half_only_close_exactly_one_is_told),
		WITH_FILE(
			of_a_few_threads_that_fsync_one_handle_at_the_same_moment_exactly_one_is_told),
		WITH_FILE(
			of_a_few_threads_that_fsync_one_directory_handle_at_the_same_moment_exactly_one_is_told),
		WITH_FILE(of_32_processes_that_fsync_one_handle_exactly_one_is_told),
		WITH_FILE(of_32_processes_that_fsync_one_directory_handle_exactly_one_is_told),
	};

	take_seconds(argc, argv, &seconds);
	begin_program();
	return end_program(cmocka_run_group_tests(tests, NULL, NULL));
}
