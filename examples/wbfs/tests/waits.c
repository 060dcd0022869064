/* SPDX-License-Identifier: MIT */
/*
 * Who waits for what, and who must not: writers for room, one opener for a lease, clients for a daemon that does not
 * answer.
 */
#include "mounted.h"

#include <sys/wait.h>

enum {
	WRITERS = 4,
	BLOCK = 128 * 1024
};

static void write_blocks(int fd, unsigned writer)
{
	static char block[BLOCK];
	unsigned i;

	memset(block, 'a' + (int)writer, sizeof(block));
	for (i = 0; i < 64; i++)
		if (pwrite(fd, block, sizeof(block), (off_t)(i * WRITERS + writer) * BLOCK) !=
		    BLOCK)
			_exit(1);
	_exit(0);
}

/* Whoever waits for room must not hold the lock that the flusher needs. */
static void four_writers_of_one_file_wait_for_room_and_go_on(void **state)
{
	pid_t writers[WRITERS];
	unsigned i;
	int fd;

	(void)state;
	start_daemon("--size", "64", NULL);
	fd = opened(in_mount("x"), O_RDWR | O_CREAT);
	for (i = 0; i < WRITERS; i++) {
		writers[i] = forked();
		if (writers[i] == 0)
			write_blocks(opened(in_mount("x"), O_WRONLY), i);
	}
	for (i = 0; i < WRITERS; i++)
		assert_int_equal(status_of(writers[i]), 0);
	assert_fsync(fd, 0);
	assert_int_equal(lseek(fd, 0, SEEK_END), 64 * WRITERS * BLOCK);
}

/* Holds a lease on a file of the store, until it is killed. */
static pid_t lease_holder(const char *path)
{
	int ends[2];
	char byte;
	pid_t holder;

	assert_int_equal(pipe(ends), 0);
	holder = forked();
	if (holder == 0) {
		int fd = open(path, O_RDWR | O_CLOEXEC);

		signal(SIGIO, SIG_IGN);
		(void)!write(ends[1], fcntl(fd, F_SETLEASE, F_WRLCK) == 0 ? "y" : "n", 1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ends[0], &byte, 1), 1);
	close(ends[0]);
	close(ends[1]);
	return byte == 'y' ? holder : -1;
}

static void only_the_opener_waits_for_a_lease(void **state)
{
	pid_t holder, opener, reader;
	struct stat st;
	int status;

	(void)state;
	closed(opened(in_upper("x"), O_RDWR | O_CREAT));
	start_daemon(NULL);
	holder = lease_holder(in_upper("x"));
	if (holder < 0)
		SKIP_BECAUSE("this filesystem has no leases");
	opener = forked();
	if (opener == 0)
		_exit(errno_of(open(in_mount("x"), O_RDWR | O_CLOEXEC)));
	nap(0.2);
	/* a stat that waits ends when the lease is broken, and then the opener ends, too */
	assert_int_equal(stat(in_mount("x"), &st), 0);
	reader = forked();
	if (reader == 0)
		_exit(errno_of(open(in_mount("x"), O_RDONLY | O_NONBLOCK | O_CLOEXEC)));
	assert_int_equal(stat(in_mount("x"), &st), 0);
	assert_int_equal(waitpid(opener, &status, WNOHANG), 0);
	kill(holder, SIGKILL);
	waitpid(holder, NULL, 0);
	assert_int_equal(status_of(opener), 0);
	assert_int_equal(status_of(reader), 0);
}

static void told_to_end_it_does_not_wait_for_a_lease(void **state)
{
	pid_t holder, opener;

	(void)state;
	closed(opened(in_upper("x"), O_RDWR | O_CREAT));
	start_daemon(NULL);
	holder = lease_holder(in_upper("x"));
	if (holder < 0)
		SKIP_BECAUSE("this filesystem has no leases");
	opener = forked();
	if (opener == 0)
		_exit(errno_of(open(in_mount("x"), O_RDWR | O_CLOEXEC)) != 0);
	nap(0.1);
	signal_daemon(SIGTERM);
	assert_int_equal(daemon_status(), 0);
	assert_int_equal(status_of(opener), 1);
	kill(holder, SIGKILL);
	waitpid(holder, NULL, 0);
}

static void told_to_end_it_ends_without_a_descriptor_left(void **state)
{
	int held[64], count, error = 0;
	char name[16];

	(void)state;
	limit_daemons_descriptors(64);
	start_daemon(NULL);
	for (count = 0; count < 64 && error == 0; count++) {
		snprintf(name, sizeof(name), "%d", count);
		held[count] = open(in_mount(name), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
		error = errno_of(held[count]);
	}
	assert_int_equal(error, EMFILE);
	signal_daemon(SIGTERM);
	assert_int_equal(daemon_status(), 0);
	assert_false(is_mounted(in_mount("")));
	while (count > 0)
		close(held[--count]);
}

/* It was stopped, or is busy with something that does not end. */
static void clients_of_a_daemon_that_does_not_answer_give_up(void **state)
{
	pid_t view, second;

	(void)state;
	mkdir(in_folder("other"), 0755);
	start_daemon(NULL);
	signal_daemon(SIGSTOP);
	view = forked();
	if (view == 0)
		_exit(start_view(0, NULL));
	second = forked();
	if (second == 0)
		_exit(run(WBFS_PROGRAM, "-f", in_upper(""), in_folder("other"), NULL));
	assert_int_equal(status_of(view), 1);
	assert_int_equal(status_of(second), 1);
	assert_true(daemon_said("does not answer"));
	signal_daemon(SIGCONT);
	assert_int_equal(start_view(0, NULL),
			 0); /* what came while it was stopped has not confused it */
	assert_false(is_mounted(in_folder("other")));
}

#define WITH_NOTHING(test) cmocka_unit_test_setup_teardown(test, with_nothing, without_daemon)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_NOTHING(four_writers_of_one_file_wait_for_room_and_go_on),
		WITH_NOTHING(only_the_opener_waits_for_a_lease),
		WITH_NOTHING(told_to_end_it_does_not_wait_for_a_lease),
		WITH_NOTHING(told_to_end_it_ends_without_a_descriptor_left),
		WITH_NOTHING(clients_of_a_daemon_that_does_not_answer_give_up),
	};

	begin_program();
	return end_program(cmocka_run_group_tests(tests, NULL, NULL));
}
