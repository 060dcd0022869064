/* SPDX-License-Identifier: MIT */
/* The demonstration: real I/O errors, without privileges, at a file size limit. */
#include "writeback.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
	BLOCK = 4096
};

static void write_block(struct handle *handle, off_t offset)
{
	char block[BLOCK];

	say(handle->name, "writes %d bytes at %lld", BLOCK, (long long)offset);
	memset(block, handle->name[0], sizeof(block));
	if (handle_write(handle, block, sizeof(block), offset) != 0) {
		fprintf(stderr, "writeback: out of memory\n");
		exit(EXIT_NOT_SAFE);
	}
}

static void show(int fd, off_t limit)
{
	struct handle alice, bob, carol, dave, erin;
	struct view view, late;
	struct file file;

	file_start(&file, fd);
	handle_open(&alice, "alice", &file);
	handle_open(&bob, "bob", &file);
	view_open(&view, "volatile", &file);
	write_block(&alice, 0);
	write_block(&bob, BLOCK);
	fsync_and_judge(&alice);
	fsync_and_judge(&bob);

	say("", "(a block across the limit:)");
	write_block(&alice, limit - BLOCK / 2);
	file_wait(&file);
	look_and_judge(&view);
	look_and_judge(&view);
	handle_open(&carol, "carol", &file);
	say("", "(volatile took nothing: the error is unreported, and carol will get it)");
	view_open(&late, "latecomer", &file);
	say("", "(a volatile observer starts from now: the error is past for it)");
	fsync_and_judge(&alice);
	fsync_and_judge(&alice);
	handle_open(&dave, "dave", &file);
	say("", "(the error was reported to alice: it is past for dave)");
	fsync_and_judge(&dave);
	fsync_and_judge(&carol);
	fsync_and_judge(&bob);
	fsync_and_judge(&carol);
	fsync_and_judge(&bob);
	look_and_judge(&view);
	look_and_judge(&late);

	say("", "(blocks beyond the limit: two errors before anybody looks, and one after a look)");
	write_block(&bob, limit);
	write_block(&bob, limit + BLOCK);
	file_wait(&file);
	look_and_judge(&view);
	write_block(&carol, limit);
	file_wait(&file);
	look_and_judge(&view);
	look_and_judge(&late);
	say("alice", "closes: %s", in_words(handle_look(&alice)));
	handle_open(&erin, "erin", &file);
	say("", "(a close only looks: the error is unreported, and erin will get it)");
	fsync_and_judge(&erin);
	fsync_and_judge(&dave);
	fsync_and_judge(&carol);
	fsync_twice_and_judge(&bob);
	look_and_judge(&view);
	fsync_and_judge(&dave);
	file_stop(&file);
}

off_t limit_file_size(off_t limit)
{
	struct rlimit rlimit;

	if (getrlimit(RLIMIT_FSIZE, &rlimit) != 0)
		return -1;
	if (rlimit.rlim_cur < (rlim_t)limit)
		limit = (off_t)rlimit.rlim_cur;
	rlimit.rlim_cur = (rlim_t)limit;
	return setrlimit(RLIMIT_FSIZE, &rlimit) == 0 ? limit : -1;
}

int demonstrate(void)
{
	off_t limit = limit_file_size(1 << 30); /* high, because the output may go to a file */
	FILE *temporary = tmpfile();

	if (!temporary || limit < 4 * BLOCK) {
		fprintf(stderr, "writeback: there can be no temporary file, or the file size limit "
				"(ulimit -f) is too low\n");
		return EXIT_NOTHING_DONE;
	}
	puts("A file that may not grow beyond a limit (setrlimit RLIMIT_FSIZE)\n");
	show(dup(fileno(temporary)), limit);
	fclose(temporary);
	return verdict();
}
