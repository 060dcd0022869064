/* SPDX-License-Identifier: MIT */
/*
 * What does libErrseq cost, compared with what one would write instead, and how does that grow?
 *
 * All contestants do each workload in turn, many short turns each: A B C A B C ... The figure of each is the median of
 * its turns; its ratio is the median of the ratios to the floor, turn by turn, so that what slows the machine down for
 * a while slows both. Every answer is checked.
 */
#include "answers.h"
#include "options.h"
#include "report.h"
#include "run.h"
#include "wake.h"
#include "workloads.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct options options = { 31, 2e6, 0, 0, 0, 0 };

static void usage(FILE *out)
{
	unsigned i;

	fputs("usage: bench [OPTION]... [WORKLOAD]...\n"
	      "  --turns N     so many turns, 31 if nothing is said; 1 ms or more each\n"
	      "  --threads N   at most so many; as many as there are processors if nothing is "
	      "said\n"
	      "  --words N     for valgrind: the workload words with so many words, each once\n"
	      "  --csv         print CSV instead of tables\n"
	      "  --check       no figures: does each workload run, are all answers right?\n"
	      "Returns 0; 1 if an answer was wrong, or the system refused something; 2 if it was "
	      "called wrongly.\n"
	      "\nWorkloads:\n",
	      out);
	for (i = 0; workloads[i].name; i++)
		fprintf(out, "  %-18s %s\n", workloads[i].name, workloads[i].title);
	fputs("  wake               " WAKE_TITLE "\n\nContestants, and what they promise:\n", out);
	report_contestants(out);
}

static void fail(const char *what, const char *text)
{
	fprintf(stderr, "bench: %s '%s'; see bench --help\n", what, text);
	exit(2);
}

static unsigned number_or_exit(const char *text, unsigned most)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	if (*end || number < 1 || number > most)
		fail("no such number:", text);
	return (unsigned)number;
}

static void read_options(int argc, char **argv)
{
	static const struct option names[] = {
		{ "turns", required_argument, NULL, 't' },
		{ "threads", required_argument, NULL, 'n' },
		{ "words", required_argument, NULL, 'w' },
		{ "csv", no_argument, NULL, 'f' },
		{ "check", no_argument, NULL, 'k' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1)
		switch (option) {
		case 't':
			options.turns = number_or_exit(optarg, MOST_TURNS);
			break;
		case 'n':
			options.threads = number_or_exit(optarg, MOST_THREADS);
			break;
		case 'w':
			options.words = number_or_exit(optarg, 100000000);
			options.turns = 1;
			break;
		case 'f':
			options.is_csv = 1;
			break;
		case 'k':
			options.is_check = 1;
			options.turns = 1;
			break;
		case 'h':
			usage(stdout);
			exit(0);
		default:
			exit(2);
		}
}

/* Is it among the arguments? Without any, every name is. */
static int is_wanted(const char *name, char **arguments)
{
	int is_any = !*arguments;

	for (; *arguments; arguments++)
		is_any |= strcmp(*arguments, name) == 0;
	return is_any;
}

static void check_names(char **arguments)
{
	for (; *arguments; arguments++) {
		unsigned i = 0;

		while (workloads[i].name && strcmp(workloads[i].name, *arguments) != 0)
			i++;
		if (!workloads[i].name && strcmp(*arguments, "wake") != 0)
			fail("no such workload:", *arguments);
	}
}

int main(int argc, char **argv)
{
	unsigned i;

	read_options(argc, argv);
	argv += optind;
	check_names(argv);
	if (options.threads == 0 || options.threads > run_processors())
		options.threads = run_processors();
	report_circumstances();
	for (i = 0; contestants[i]; i++)
		if (!keeps_promises(contestants[i]))
			return 1;
	for (i = 0; workloads[i].name; i++)
		if (is_wanted(workloads[i].name, argv) && run_workload(&workloads[i]))
			return 1;
	if (is_wanted("wake", argv) && run_wakes())
		return 1;
	if (ferror(stdout) | fflush(stdout)) {
		perror("bench: the figures could not be written");
		return 1;
	}
	return 0;
}
