/* SPDX-License-Identifier: MIT */
#include "report.h"

#include "answers.h"
#include "contestant.h"
#include "options.h"
#include "run.h"

#include <errseq/errseq.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

static void print_processor(const char *mark)
{
	char line[256];
	FILE *file = fopen("/proc/cpuinfo", "r");
	const char *name = NULL;

	while (file && !name && fgets(line, sizeof(line), file))
		if (strncmp(line, "model name", 10) == 0)
			name = strchr(line, ':');
	printf("%sprocessor%s", mark, name ? name : ": unknown\n");
	if (file)
		fclose(file);
}

void report_circumstances(void)
{
	const char *mark = options.is_csv ? "# " : "";
	struct utsname system;
	char date[32] = "";
	time_t now = time(NULL);
	unsigned i;

	strftime(date, sizeof(date), "%Y-%m-%d %H:%M UTC", gmtime(&now));
	printf("%sdate: %s\n", mark, date);
	print_processor(mark);
	if (uname(&system) == 0)
		printf("%ssystem: %s %s, %s\n", mark, system.sysname, system.release,
		       system.machine);
	printf("%sthreads: up to %u, %sbound to a processor each\n", mark, options.threads,
	       run_is_bound() ? "" : "not ");
	printf("%scompiler: %s\n%sflags: %s\n", mark, BENCH_COMPILER, mark, BENCH_FLAGS);
	printf("%slibErrseq: %d.%d.%d\n", mark, ERRSEQ_VERSION_MAJOR, ERRSEQ_VERSION_MINOR,
	       ERRSEQ_VERSION_PATCH);
	printf("%sturns: %u of %.1f ms or more each\n", mark, options.turns,
	       options.nanoseconds / 2e6);
	if (!options.is_csv) {
		puts("\nLower is better everywhere. x floor: the median, over the turns, of the "
		     "ratio to the floor.");
		return;
	}
	puts("workload,n,contestant,ns,ns_lowest,ns_highest,ratio,ratio_lowest,ratio_highest");
	for (i = 0; contestants[i]; i++)
		printf("bytes-word,1,%s,%zu\nbytes-observer,1,%s,%zu\n", contestants[i]->name,
		       contestants[i]->word_size, contestants[i]->name,
		       contestants[i]->observer_size);
}

void report_contestants(FILE *out)
{
	unsigned i, p;

	for (i = 0; contestants[i]; i++) {
		const struct contestant *who = contestants[i];

		fprintf(out, "  %-14s %s\n%17s%zu bytes a word, %zu an observer:", who->name,
			who->about, "", who->word_size, who->observer_size);
		for (p = 0; promises[p].name; p++)
			if (who->gives & promises[p].gives)
				fprintf(out, " %s.", promises[p].name);
		fputc('\n', out);
	}
}

void report_head(const char *workload, const char *title, const char *unit, unsigned long number)
{
	if (options.is_csv)
		return;
	printf("\n%s: %s; %lu %s%s\n", workload, title, number, unit, number == 1 ? "" : "s");
	if (!options.is_check)
		printf("  %-14s %10s %21s %8s %17s\n", "", "ns a call", "lowest - highest",
		       "x floor", "lowest - highest");
	fflush(stdout);
}

/* A series of turns in three numbers. */
struct range {
	double median, lowest, highest;
};

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Of the times, each divided by the floor's time in the same turn unless @floor is null. */
static struct range range_of(const double *times, const double *floor, unsigned turns)
{
	static double sorted[MOST_TURNS];
	unsigned i;

	for (i = 0; i < turns; i++)
		sorted[i] = times[i] / (floor ? floor[i] : 1);
	qsort(sorted, turns, sizeof(double), compare);
	return (struct range){ sorted[turns / 2], sorted[0], sorted[turns - 1] };
}

void report_row(const char *workload, unsigned long number, const char *contestant,
		const double *times, const double *floor, unsigned turns)
{
	struct range ns = range_of(times, NULL, turns), ratio = range_of(times, floor, turns);
	/* a hundredth of a nanosecond says something about a check, and nothing about a wake-up */
	int digits = ns.median < 1000 ? 3 : 0;

	if (options.is_check)
		printf("  %-14s right answers\n", contestant);
	else if (options.is_csv)
		printf("%s,%lu,%s,%.4f,%.4f,%.4f,%.3f,%.3f,%.3f\n", workload, number, contestant,
		       ns.median, ns.lowest, ns.highest, ratio.median, ratio.lowest, ratio.highest);
	else
		printf("  %-14s %10.*f %10.*f -%9.*f %8.2f %8.2f -%7.2f\n", contestant, digits,
		       ns.median, digits, ns.lowest, digits, ns.highest, ratio.median, ratio.lowest,
		       ratio.highest);
}
