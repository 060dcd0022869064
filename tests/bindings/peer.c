/* SPDX-License-Identifier: MIT */
/*
 * The C side of the tests of bindings/: a program that makes calls on a file which another language has mapped, too.
 *
 * usage: peer FILE
 *
 * Each line of the input is a call and its numbers. A word or a shared cursor is named by its offset in the file.
 * Each line of the output is the result. After a call that may move a cursor, the cursor follows.
 *
 *	set 0 -5			0
 *	check_and_advance 0 0		-5 12293
 *	wait 0 12293			waiting, and later 0
 */
#include <errseq/errseq.h>
#include <errseq/wait.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../common/width.h"

enum {
	SIZE = 4096
};

static char *memory;

static void *at(int64_t offset)
{
	if (offset < 0 || offset > (int64_t)(SIZE - sizeof(value_t)) ||
	    offset % (int64_t)sizeof(value_t) != 0) {
		fprintf(stderr, "peer: no word can be at offset %" PRId64 "\n", offset);
		exit(1);
	}
	return memory + offset;
}

/* What to do with the first two numbers, by what they are. The numbers are x, y and z. */
#define ON_NUMBER(name)                                                       \
	if (strcmp(call, #name) == 0) {                                       \
		printf("%" PRIu64 "\n", (uint64_t)errseq_##name((value_t)x)); \
		return 1;                                                     \
	}
#define ON_WORD(name)                                                    \
	if (strcmp(call, #name) == 0) {                                  \
		printf("%" PRIu64 "\n", (uint64_t)errseq_##name(at(x))); \
		return 1;                                                \
	}
#define ON_WORD_AND(type, name)                                \
	if (strcmp(call, #name) == 0) {                        \
		printf("%d\n", errseq_##name(at(x), (type)y)); \
		return 1;                                      \
	}
#define ON_WORD_AND_SHARED(name)                             \
	if (strcmp(call, #name) == 0) {                      \
		printf("%d\n", errseq_##name(at(x), at(y))); \
		return 1;                                    \
	}

static int look(const char *call, int64_t x, int64_t y)
{
	char text[ERRSEQ_FORMAT_SIZE];

	ON_NUMBER(cursor_reported)
	ON_NUMBER(cursor_observed)
	ON_NUMBER(cursor_count)
	if (strcmp(call, "cursor_error") == 0) {
		printf("%d\n", errseq_cursor_error((value_t)x));
		return 1;
	}
	if (strcmp(call, "cursor_same") == 0) {
		printf("%d\n", errseq_cursor_same((value_t)x, (value_t)y));
		return 1;
	}
	if (strcmp(call, "format") == 0) {
		errseq_format((value_t)x, text, sizeof text);
		puts(text);
		return 1;
	}
	return 0;
}

static int plain(const char *call, int64_t x, int64_t y)
{
	value_t since = (value_t)y;

	ON_WORD(load)
	ON_WORD(sample)
	ON_WORD(peek)
	ON_WORD_AND(int, set)
	ON_WORD_AND(value_t, check)
	ON_WORD_AND(value_t, settle)
	if (strcmp(call, "init") == 0) {
		errseq_init(at(x));
		puts("0");
		return 1;
	}
	if (strcmp(call, "check_and_advance") == 0) {
		int err = errseq_check_and_advance(at(x), &since);

		printf("%d %" PRIu64 "\n", err, (uint64_t)since);
		return 1;
	}
	return 0;
}

static int shared(const char *call, int64_t x, int64_t y, int64_t z)
{
	ON_WORD(shared_cursor_get)
	ON_WORD_AND_SHARED(check_shared)
	ON_WORD_AND_SHARED(check_and_advance_shared)
	if (strcmp(call, "shared_cursor_init") == 0) {
		errseq_shared_cursor_init(at(x), (value_t)y);
		puts("0");
		return 1;
	}
	if (strcmp(call, "shared_cursor_move") == 0) {
		printf("%d\n", errseq_shared_cursor_move(at(x), (value_t)y, (value_t)z));
		return 1;
	}
	return 0;
}

static int waiting(const char *call, int64_t x, int64_t y)
{
#if defined ERRSEQ_HAVE_WAIT && !defined TEST_64
	if (strcmp(call, "wait") == 0) {
		puts("waiting");
		fflush(stdout); /* the other side sees from then on whether this process sleeps */
		printf("%d\n", errseq_wait(at(x), (value_t)y, NULL));
		return 1;
	}
	if (strcmp(call, "wake") == 0) {
		errseq_wake(at(x));
		puts("0");
		return 1;
	}
#else
	(void)call, (void)x, (void)y;
#endif
	return 0;
}

int main(int argc, char **argv)
{
	char line[128], call[32];
	int file;

	if (argc != 2 || (file = open(argv[1], O_RDWR)) < 0) {
		fprintf(stderr, "usage: peer FILE (%s)\n",
			argc == 2 ? argv[1] : "no file was named");
		return 1;
	}
	memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (memory == MAP_FAILED) {
		perror("peer: mmap");
		return 1;
	}
	while (fgets(line, sizeof line, stdin)) {
		/* A 64-bit position may need all bits: read as unsigned, with - as strtoull takes it. */
		uint64_t number[3] = { 0, 0, 0 };
		char *next = line + strcspn(line, " \n");
		int i;

		snprintf(call, sizeof call, "%.*s", (int)(next - line), line);
		for (i = 0; i < 3; i++)
			number[i] = strtoull(next, &next, 10);
		if (!look(call, (int64_t)number[0], (int64_t)number[1]) &&
		    !plain(call, (int64_t)number[0], (int64_t)number[1]) &&
		    !shared(call, (int64_t)number[0], (int64_t)number[1], (int64_t)number[2]) &&
		    !waiting(call, (int64_t)number[0], (int64_t)number[1])) {
			fprintf(stderr, "peer: no such call: %s\n", call);
			return 1;
		}
		fflush(stdout);
	}
	return 0;
}
