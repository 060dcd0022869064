/* SPDX-License-Identifier: MIT */
/*
 * The question that filesystem test suites put to a writeback error, in the order in which they put it: many
 * handles on one file; all of them write and sync; the store breaks; all of them write, and each one's sync fails,
 * once; the store heals, and all is as at the beginning. First with fsync of the file's handles, then with fsync of
 * directory handles, which stands for syncfs; and each with as many handles as one can have.
 *
 * usage: each_told_once [HANDLES]; by default 10, then 500
 */
#include "mounted.h"

enum {
	MOST_HANDLES = 1000,
	BUFFER = 64 * 1024
};

static unsigned counts[2] = { 10, 500 }, counts_of = 2;
static int handles[MOST_HANDLES], syncing[MOST_HANDLES];
static char buffer[BUFFER];

/* The same place for all: whoever writes last is who has written it. */
static void all_write(unsigned count, int byte)
{
	unsigned i;

	memset(buffer, byte, sizeof(buffer));
	for (i = 0; i < count; i++)
		assert_int_equal(pwrite(handles[i], buffer, sizeof(buffer), 0), sizeof(buffer));
}

static void all_sync(unsigned count, int expected, const char *when)
{
	unsigned i;

	for (i = 0; i < count; i++) {
		int error = errno_of(fsync(syncing[i]));

		if (error != expected)
			fail_msg("%s: handle %u of %u is told %d, not %d", when, i, count, error,
				 expected);
	}
}

static void play(unsigned count)
{
	all_write(count, '1');
	all_sync(count, 0, "before");
	all_write(count, '2');
	control("EIO");
	all_sync(count, EIO, "the store is broken, first round");
	all_sync(count, 0, "the store is broken, second round");
	all_write(count, '3');
	all_sync(count, EIO, "the store is still broken, after another write");
	all_sync(count, 0, "the store is still broken, again");
	control("ok");
	all_sync(count, 0, "healed, nothing written since");
	all_write(count, '4');
	all_sync(count, 0, "healed, and written");
	all_sync(count, 0, "at the end");
}

static void expect_in_upper(int byte)
{
	int fd = opened(in_upper("x"), O_RDONLY);

	assert_int_equal(read(fd, buffer, sizeof(buffer)), sizeof(buffer));
	assert_int_equal(buffer[0], byte);
	assert_int_equal(buffer[sizeof(buffer) - 1], byte);
	closed(fd);
}

static void open_all(unsigned count)
{
	unsigned i;

	for (i = 0; i < count; i++)
		handles[i] = opened(in_mount("x"), O_RDWR | O_CREAT | O_TRUNC);
}

static void close_all(unsigned count)
{
	unsigned i;

	for (i = 0; i < count; i++) {
		if (syncing[i] != handles[i])
			closed(syncing[i]);
		closed(handles[i]);
	}
}

static void each_handle_s_fsync_fails_once_after_write_back_failed(void **state)
{
	unsigned c;

	(void)state;
	for (c = 0; c < counts_of; c++) {
		open_all(counts[c]);
		memcpy(syncing, handles, sizeof(handles));
		play(counts[c]);
		expect_in_upper('4');
		close_all(counts[c]);
	}
}

static void each_directory_handle_s_fsync_fails_once_after_write_back_failed(void **state)
{
	unsigned c, i;

	(void)state;
	for (c = 0; c < counts_of; c++) {
		open_all(counts[c]);
		for (i = 0; i < counts[c]; i++)
			syncing[i] = opened(in_mount(""), O_RDONLY | O_DIRECTORY);
		play(counts[c]);
		expect_in_upper('4');
		close_all(counts[c]);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			each_handle_s_fsync_fails_once_after_write_back_failed, with_daemon,
			without_daemon),
		cmocka_unit_test_setup_teardown(
			each_directory_handle_s_fsync_fails_once_after_write_back_failed,
			with_daemon, without_daemon),
	};

	if (argc > 1) {
		char *end;
		unsigned long count = strtoul(argv[1], &end, 10);

		if (argc > 2 || *argv[1] < '1' || *argv[1] > '9' || *end || count > MOST_HANDLES) {
			fprintf(stderr, "usage: %s [HANDLES], 1 to %d, not '%s'\n", argv[0],
				MOST_HANDLES, argv[1]);
			return 2;
		}
		counts[0] = (unsigned)count;
		counts_of = 1;
	}
	begin_program();
	return end_program(cmocka_run_group_tests(tests, NULL, NULL));
}
