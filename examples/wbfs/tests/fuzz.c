/* SPDX-License-Identifier: MIT */
/*
 * What others may send or leave lying: requests to the control socket, and state files. Random changes of good ones,
 * the same for the same seed. Whatever comes, the parsers stay in bounds, which sanitizers watch, and accept nothing but
 * what they would write.
 *
 * The same requests go to a daemon, too, in a mount namespace of its own: one that is accepted may mount anything.
 *
 * usage: fuzz [COUNT [SEED]]; by default 20000 changes of each, 500 of them to a daemon, and seed 1
 */
#include "mounted.h"

#include "../message.h"
#include "../socket.h"
#include "../state.h"

#include <limits.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>

static unsigned long count = 20000;
static uint64_t seed = 1;

static unsigned below(unsigned limit)
{
	uint64_t mix = seed += 0x9e3779b97f4a7c15u;

	mix = (mix ^ mix >> 30) * 0xbf58476d1ce4e5b9u;
	mix = (mix ^ mix >> 27) * 0x94d049bb133111ebu;
	return (unsigned)((mix ^ mix >> 31) >> 32) % limit;
}

/* In place, in a buffer with some room more. Returns the new size. */
static size_t change(char *data, size_t size, size_t room)
{
	static const char frequent[] = { 0, '\n', '/', 'f', '0', 'x', (char)0xff, ' ' };
	unsigned changes = 1 + below(4);

	while (changes-- > 0) {
		size_t at = size ? below((unsigned)size) : 0;

		switch (below(6)) {
		case 0:
			if (size)
				data[at] = (char)below(256);
			break;
		case 1:
			if (size)
				data[at] = frequent[below(sizeof(frequent))];
			break;
		case 2:
			size = at; /* cut */
			break;
		case 3:
			if (size < room) { /* insert */
				memmove(data + at + 1, data + at, size - at);
				data[at] = frequent[below(sizeof(frequent))];
				size++;
			}
			break;
		case 4:
			if (size) { /* remove */
				memmove(data + at, data + at + 1, size - at - 1);
				size--;
			}
			break;
		default:
			while (size < room && below(40)) /* append */
				data[size++] = frequent[below(sizeof(frequent))];
		}
	}
	return size;
}

static void a_request_that_is_accepted_is_one_that_would_be_sent(void **state)
{
	static char good[MESSAGE_SIZE], again[MESSAGE_SIZE];
	const struct request requests[] = {
		{ 0 },
		{ .is_view = true, .at = "/view" },
		{ .is_view = true, .at = "/view", .strict = true, .state = "/states/state" },
	};
	unsigned long i, accepted = 0;

	(void)state;
	for (i = 0; i < count; i++) {
		size_t size = request_format(&requests[i % 3], good);
		char *data = malloc(size + 100); /* a sanitizer knows where it ends */
		struct request request;

		memcpy(data, good, size);
		size = change(data, size, size + 100);
		data = realloc(data, size ? size : 1);
		if (request_parse(&request, data, size)) {
			accepted++;
			assert_int_equal(request_format(&request, again), size);
			assert_memory_equal(again, data, size);
		}
		free(data);
	}
	printf("%lu of %lu accepted\n", accepted, count);
}

static void a_request_with_names_that_are_too_long_is_refused(void **state)
{
	static char name[20001], message[MESSAGE_SIZE];
	struct request request = { .is_view = true, .at = "/view", .state = name };

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	name[0] = '/';
	assert_int_equal(request_format(&request, message), 0);
	request.state = "/state";
	request.at = name;
	assert_int_equal(request_format(&request, message), 0);
	name[PATH_MAX] = 0;
	assert_true(request_format(&request, message) > 0);
	assert_false(request_parse(&request, message, request_format(&request, message)));
}

static void a_state_file_that_is_accepted_is_one_that_would_be_written(void **state)
{
	static const char lifetime[] = "boot 0-0 run 0123456789abcdef upper 1:2";
	static char good[1024], data[2048], again[2048];
	char error[STATE_ERROR_SIZE], path[PATH_MAX];
	struct state_file file;
	unsigned long i, accepted = 0;
	size_t size, good_size;
	errseq_cursor_t position;
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "%s", in_folder("state"));
	assert_int_equal(state_open(&file, path, error), 0);
	assert_int_equal(state_save(&file, lifetime, STATE_CLEAN, 0x12345678), 0);
	fd = opened(path, O_RDWR);
	good_size = (size_t)read(fd, good, sizeof(good));
	assert_int_equal(state_load(&file, lifetime, &position, error), 1);
	assert_int_equal(position, 0x12345678);
	for (i = 0; i < count; i++) {
		memcpy(data, good, good_size);
		size = change(data, good_size, sizeof(data));
		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(pwrite(fd, data, size, 0), size);
		if (state_load(&file, lifetime, &position, error) == 1) {
			int saved;

			accepted++;
			saved = state_save(&file, lifetime, STATE_CLEAN, position);
			assert_int_equal(saved, 0);
			closed(fd);
			fd = opened(path, O_RDWR);
			assert_int_equal(read(fd, again, sizeof(again)), size);
			assert_memory_equal(again, data, size);
		}
	}
	printf("%lu of %lu accepted\n", accepted, count);
	state_close(&file);
}

static void a_daemon_answers_after_random_requests(void **state)
{
	static char good[MESSAGE_SIZE], data[MESSAGE_SIZE + 100], reply[MESSAGE_SIZE];
	const struct request where = { 0 }, view = { .is_view = true,
						     .at = "/no-such-folder/view",
						     .state = "/no-such-folder/state" };
	char error[SOCKET_ERROR_SIZE];
	struct place place;
	unsigned long i;
	size_t size;
	int to;

	(void)state;
	start_daemon(NULL);
	assert_int_equal(socket_place(&place, in_upper(""), error), 0);
	for (i = 0; i < count / 40; i++) {
		size = request_format(i % 4 ? &view : &where, good);
		memcpy(data, good, size);
		size = change(data, size, sizeof(data));
		to = socket_connect(&place);
		assert_true(to >= 0);
		if (send(to, data, size, MSG_NOSIGNAL) > 0 && i % 8)
			(void)!recv(to, reply, sizeof(reply), 0);
		close(to);
	}
	to = socket_connect(&place);
	size = request_format(&where, good);
	assert_true(socket_ask(to, good, size, reply, sizeof(reply)) > 0);
	assert_non_null(strstr(reply, "/mount"));
	close(to);
	control("ok");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_that_is_accepted_is_one_that_would_be_sent),
		cmocka_unit_test(a_request_with_names_that_are_too_long_is_refused),
		cmocka_unit_test_setup_teardown(
			a_state_file_that_is_accepted_is_one_that_would_be_written, with_nothing,
			without_daemon),
		cmocka_unit_test_setup_teardown(a_daemon_answers_after_random_requests,
						with_nothing, without_daemon),
	};
	char *end = NULL;

	if (argc > 1)
		count = strtoul(argv[1], &end, 10);
	if (argc > 2 && end && !*end)
		seed = strtoull(argv[2], &end, 10);
	if (argc > 3 || (end && *end) || count == 0) {
		fprintf(stderr, "usage: %s [COUNT [SEED]], two numbers, not '%s'\n", argv[0],
			argv[argc - 1]);
		return 2;
	}
	if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
		printf("SKIP: no mount namespaces here: %s\n", strerror(errno));
		return 77;
	}
	begin_program();
	return end_program(cmocka_run_group_tests(tests, NULL, NULL));
}
