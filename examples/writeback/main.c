/* SPDX-License-Identifier: MIT */
/*
 * Copies the standard input to a file, write-behind; without a file, shows the demonstration.
 * What a write-back cache needs of errseq is in file.c: look for errseq_ there.
 */
#include "writeback.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	MOST_HANDLES = 64,
	BLOCK = 64 * 1024
};

static const char usage[] =
	"usage: writeback                     show who gets real I/O errors, and when\n"
	"       writeback [options] FILE      copy the standard input to FILE, write-behind\n"
	"\n"
	"  -n NUMBER    threads, each with a handle of its own: 1 to 64 (default 4)\n"
	"  -l BYTES     let no file grow beyond this (RLIMIT_FSIZE), to see errors\n"
	"  -o           replace what FILE holds; without -o, FILE must not exist\n"
	"\n"
	"exit status: 0 all is well; 1 not every byte was written; 2 nothing was done, or the\n"
	"             output could not be printed; 3 an observer got an error twice or not at "
	"all\n";

/* The standard input, shared by the copying threads. */
static pthread_mutex_t input_lock = PTHREAD_MUTEX_INITIALIZER; /* guards reading and the offset */
static off_t input_offset;

/* One copying thread, with a handle of its own. */
struct copier {
	char name[24];
	struct handle handle;
	pthread_t thread;
	int err; /* what ended it early, 0 or a negated errno */
};

static void *copy_blocks(void *argument)
{
	struct copier *copier = argument;
	char *block = malloc(BLOCK);
	ssize_t n = 1;

	if (!block)
		copier->err = -ENOMEM;
	/* A writer may look, and stop early; fsync still returns the error. */
	while (n > 0 && copier->err == 0 && handle_look(&copier->handle) == 0) {
		off_t at;

		pthread_mutex_lock(&input_lock);
		n = read(STDIN_FILENO, block, BLOCK);
		copier->err = n < 0 ? -errno : 0;
		at = input_offset;
		input_offset += n > 0 ? n : 0;
		pthread_mutex_unlock(&input_lock);
		if (n > 0)
			copier->err = handle_write(&copier->handle, block, (size_t)n, at);
	}
	free(block);
	return NULL;
}

static int copy_to(const char *path, int fd, unsigned count)
{
	static struct copier copiers[MOST_HANDLES];
	struct file file;
	unsigned i, round;
	bool safe = true;
	int result;

	file_start(&file, fd);
	for (i = 0; i < count; i++) {
		snprintf(copiers[i].name, sizeof(copiers[i].name), "handle %u", i + 1);
		handle_open(&copiers[i].handle, copiers[i].name, &file);
	}
	for (i = 0; i < count; i++)
		start_thread(&copiers[i].thread, copy_blocks, &copiers[i]);
	for (i = 0; i < count; i++) {
		pthread_join(copiers[i].thread, NULL);
		if (copiers[i].err) {
			say(copiers[i].name, "cannot go on: %s", in_words(copiers[i].err));
			safe = false;
		}
	}
	for (round = 0; round < 2; round++)
		for (i = 0; i < count; i++)
			safe &= fsync_and_judge(&copiers[i].handle) == 0;
	file_stop(&file);
	result = verdict();
	if (result == EXIT_SAFE)
		printf("%s: %s\n", path,
		       safe ? "every byte is written and synced" : "NOT every byte was written");
	return result == EXIT_SAFE && !safe ? EXIT_NOT_SAFE : result;
}

/* A number from 1 to `most`, or 0 if it is not one. */
static long long number(const char *text, long long most)
{
	char *end;
	long long value;

	errno = 0;
	value = strtoll(text, &end, 10);
	return errno || *end || value < 1 || value > most ? 0 : value;
}

static int run(int argc, char **argv)
{
	int fd, option, mode = O_EXCL;
	unsigned handles = 4;
	off_t limit = -1; /* none */

	while ((option = getopt(argc, argv, "n:l:oh")) != -1) {
		if (option == 'n')
			handles = (unsigned)number(optarg, MOST_HANDLES);
		else if (option == 'l')
			limit = (off_t)number(optarg, INT64_MAX);
		else if (option == 'o')
			mode = O_TRUNC;
		else
			handles = 0; /* show the usage */
	}
	if (argc == 1)
		return demonstrate();
	if (handles == 0 || limit == 0 || optind != argc - 1) {
		fputs(usage, stderr);
		return EXIT_NOTHING_DONE;
	}
	if ((limit > 0 && limit_file_size(limit) < 0) ||
	    (fd = open(argv[optind], O_WRONLY | O_CREAT | O_CLOEXEC | mode, 0666)) < 0) {
		perror(argv[optind]);
		return EXIT_NOTHING_DONE;
	}
	return copy_to(argv[optind], fd, handles);
}

int main(int argc, char **argv)
{
	int fd, result;

	do /* with a standard stream closed, another file would take its place */
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	close(fd);
	signal(SIGXFSZ, SIG_IGN); /* so that writing fails with EFBIG */
	setvbuf(stdout, NULL, _IOLBF, 0);
	result = run(argc, argv);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		perror("writeback: not all of the output could be printed");
		return result == EXIT_SAFE ? EXIT_NOTHING_DONE : result;
	}
	return result;
}
