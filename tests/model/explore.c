/* SPDX-License-Identifier: MIT */
/*
 * The command of the model checker: see explore.h for what it is made of, and docs/evidence/model-checking.md for
 * what it shows.
 */
#include "explore.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char usage[] =
	"usage: explore [--small | --deep] [--weak | --guarantees] [--jobs N]\n"
	"       explore --program \"CALL; CALL | here: CALL | ...\" [--weak | --guarantees]\n"
	"               [--word WORD] [--shared-here] [--spurious N]\n"
	"\n"
	"Runs the shipped source of libErrseq under every interleaving of its atomic steps, and "
	"checks\n"
	"each result against the contract. Without --program: all programs up to a size.\n"
	"\n"
	"  --small, --deep  smaller programs, or larger ones: minutes instead of seconds\n"
	"  --weak           every execution that C11's memory model allows, for the memory orders\n"
	"  --guarantees     only what can be seen of the guarantees from outside, without the "
	"table of calls\n"
	"  --jobs N         processes at once, 1 to 64; as many as there are processors by "
	"default\n"
	"  --program P      only this one: threads between bars, calls between semicolons; a "
	"cursor stands on\n"
	"                   the word if its thread begins with \"here:\", else at the beginning. "
	"Calls:\n"
	"                   set A, set B, sample, peek, check, advance, check_shared, "
	"advance_shared, get,\n"
	"                   load, settle, wait, wake; and claim, which is get, peek, same and "
	"move\n"
	"  --word WORD      at the start: never-set (default), set, observed or reported\n"
	"  --shared-here    the shared cursor stands on the word at the start\n"
	"  --spurious N     how often an exchange of a call may fail for no reason, 0 to 3\n";

static void complain(const char *what, const char *value)
{
	fprintf(stderr, "explore: %s: '%s'\n%s", what, value, usage);
	exit(2);
}

/* ---- all programs of a size ---- */

#define CALL_BIT(call) (1u << (call))
#define PLAIN                                                                                      \
	(CALL_BIT(SET_A) | CALL_BIT(SET_B) | CALL_BIT(SAMPLE) | CALL_BIT(PEEK) | CALL_BIT(CHECK) | \
	 CALL_BIT(ADVANCE))
#define SHARED	(CALL_BIT(CHECK_SHARED) | CALL_BIT(ADVANCE_SHARED) | CALL_BIT(GET))
#define PHASES	(CALL_BIT(SETTLE) | CALL_BIT(CLAIM))
#define WAITING (CALL_BIT(WAIT) | CALL_BIT(WAKE))

/* What may be in the word at the start. The counter is about to wrap, so that it does. */
static const struct {
	const char *name;
	value_t word;
} words[] = {
	{ "never-set", 0 },
	{ "set", VALUE(LAST_COUNT, NO_FLAG, ERROR_A) },
	{ "observed", VALUE(LAST_COUNT, OBSERVED, ERROR_A) },
	{ "reported", VALUE(LAST_COUNT, BOTH_FLAGS, ERROR_A) },
};

enum {
	WORDS = 4,
	ANY_WORD = 15,
	NEVER_SET = 1,
	SET = 2,
	OBSERVED_OR_REPORTED = 4 + 8
};

#define ALL	  (PLAIN | SHARED | PHASES)
#define ONE_PHASE (PLAIN | SHARED)
#define TWO_PHASE \
	(CALL_BIT(SET_A) | CALL_BIT(SAMPLE) | CALL_BIT(PEEK) | CALL_BIT(ADVANCE_SHARED) | PHASES)
#define SOME                                                                    \
	(CALL_BIT(SET_A) | CALL_BIT(PEEK) | CALL_BIT(ADVANCE) | CALL_BIT(GET) | \
	 CALL_BIT(ADVANCE_SHARED))

enum size {
	SMALL,
	MEDIUM, /* includes the small ones */
	DEEP
};

struct bound {
	enum size size;
	const char *calls_name;
	int threads, calls;
	unsigned alphabet, from; /* sets of calls and of words */
	unsigned spurious;
};

static const struct bound interleaving_bounds[] = {
	{ SMALL, "all", 1, 3, ALL | CALL_BIT(LOAD), ANY_WORD, 1 },
	{ SMALL, "all", 2, 1, ALL | CALL_BIT(LOAD), ANY_WORD, 1 },
	{ SMALL, "all", 2, 2, ALL | CALL_BIT(LOAD), ANY_WORD, 1 },
	{ SMALL, "waiting", 2, 2, PLAIN | WAITING, ANY_WORD, 1 },
	{ MEDIUM, "all", 3, 1, ALL | CALL_BIT(LOAD), ANY_WORD, 1 },
	{ MEDIUM, "1-phase", 2, 3, ONE_PHASE, NEVER_SET, 0 },
	{ MEDIUM, "2-phase", 2, 3, TWO_PHASE, NEVER_SET, 0 },
	{ MEDIUM, "1-phase", 3, 2, ONE_PHASE, NEVER_SET, 0 },
	{ MEDIUM, "2-phase", 3, 2, TWO_PHASE, NEVER_SET, 0 },
	{ DEEP, "waiting", 3, 2, PLAIN | WAITING, ANY_WORD, 0 },
	{ DEEP, "1-phase", 2, 3, ONE_PHASE, ANY_WORD, 0 },
	{ DEEP, "2-phase", 2, 3, TWO_PHASE, ANY_WORD, 0 },
	{ DEEP, "1-phase", 3, 2, ONE_PHASE, SET, 0 },
	{ DEEP, "2-phase", 3, 2, TWO_PHASE, SET, 0 },
	{ DEEP, "some", 3, 2, SOME | CALL_BIT(CHECK), OBSERVED_OR_REPORTED, 0 },
	{ .calls_name = NULL },
};

static const struct bound weak_bounds[] = {
	{ SMALL, "all", 2, 1, ALL, ANY_WORD, 0 },
	{ SMALL, "waiting", 2, 1, PLAIN | WAITING, ANY_WORD, 0 },
	{ SMALL, "all", 3, 1, ALL, ANY_WORD, 0 },
	{ SMALL, "all", 2, 2, ALL, ANY_WORD, 0 },
	{ SMALL, "waiting", 2, 2, PLAIN | WAITING, ANY_WORD, 0 },
	{ MEDIUM, "1-phase", 2, 3, ONE_PHASE, NEVER_SET, 0 },
	{ MEDIUM, "2-phase", 2, 3, TWO_PHASE, NEVER_SET, 0 },
	{ DEEP, "some", 3, 2, SOME, NEVER_SET, 0 },
	{ DEEP, "1-phase", 2, 3, ONE_PHASE, ANY_WORD, 0 },
	{ DEEP, "2-phase", 2, 3, TWO_PHASE, ANY_WORD, 0 },
	{ .calls_name = NULL },
};

/*
 * Programs are explored in groups that have the first calls in common, and try all later ones: what
 * happens before a thread chooses is then explored once for all its choices. Threads are different, but
 * a group is explored for one order of its threads, and for one of A and B if neither is in the word.
 */
struct part {
	int stands;
	enum call first;
};

static struct part parts[2 * CALLS];
static int part_count;

static void list_parts(unsigned alphabet, int is_position)
{
	int call, stands;

	part_count = 0;
	for (call = 0; call < CALLS; call++)
		for (stands = 0; stands <= (is_position && !call_kinds[call].takes); stands++)
			if (alphabet & CALL_BIT(call))
				parts[part_count++] = (struct part){ stands, (enum call)call };
}

/* The next group, as a sequence of parts that does not decrease. */
static int next_group(int *group, int threads)
{
	int i, j;

	for (i = threads - 1; i >= 0; i--)
		if (group[i] < part_count - 1) {
			group[i]++;
			for (j = i + 1; j < threads; j++)
				group[j] = group[i];
			return 1;
		}
	return 0;
}

/* How many groups it stands for, or 0 if another stands for it. */
static unsigned weight_of(const int *group, int threads, int a_is_like_b)
{
	int twin[MAX_THREADS], i, j, same = 0;
	unsigned weight = 1;

	for (i = 0; i < threads; i++) {
		same = i > 0 && group[i] == group[i - 1] ? same + 1 : 1;
		weight = weight * (unsigned)(i + 1) / (unsigned)same;
	}
	if (!a_is_like_b)
		return weight;
	for (i = 0; i < threads; i++) {
		enum call first = parts[group[i]].first;
		int part = group[i];

		if (first == SET_A || first == SET_B)
			for (part = 0; parts[part].first != (first == SET_A ? SET_B : SET_A);
			     part++)
				;
		for (j = i; j > 0 && twin[j - 1] > part; j--)
			twin[j] = twin[j - 1];
		twin[j] = part;
	}
	for (i = 0; i < threads; i++)
		if (twin[i] != group[i])
			return twin[i] < group[i] ? 0 : 2 * weight;
	return weight;
}

/* What the processes tell each other. */
struct share {
	uint64_t programs, states, ways;
	unsigned steps; /* to what is wrong */
	char story[sizeof(walk_story)];
};

static unsigned volatile *shortest;

static void explore_share(const struct memory *memory, const struct bound *bound, int job, int jobs,
			  struct share *share)
{
	unsigned number = 0, later = 1, alphabet_size = 0;
	int w, t, i, stands, group[MAX_THREADS];

	for (i = 0; i < CALLS; i++)
		alphabet_size += (bound->alphabet & CALL_BIT(i)) != 0;
	for (i = 0; i < bound->threads * (bound->calls - 1); i++)
		later *= alphabet_size;
	for (w = 0; w < WORDS; w++) {
		int is_position = (words[w].word & OBSERVED) != 0;

		if (!(bound->from & 1u << w))
			continue;
		list_parts(bound->alphabet, is_position);
		memset(group, 0, sizeof(group));
		do {
			struct program program = { .threads = bound->threads,
						   .any = bound->alphabet,
						   .word = words[w].word,
						   .spurious = bound->spurious };
			unsigned weight =
				weight_of(group, bound->threads,
					  words[w].word == 0 && bound->alphabet & CALL_BIT(SET_B));

			if (weight == 0)
				continue;
			for (t = 0; t < bound->threads; t++) {
				program.calls[t] = bound->calls;
				program.stands[t] = parts[group[t]].stands;
				program.call[t][0] = parts[group[t]].first;
				for (i = 1; i < bound->calls; i++)
					program.call[t][i] = ANY_CALL;
			}
			for (stands = 0; stands <= (is_position && bound->alphabet & SHARED);
			     stands++) {
				struct walk result;

				if (number++ % (unsigned)jobs != (unsigned)job)
					continue;
				program.stands[MAX_THREADS] = stands;
				if (walk(memory, &program, *shortest, &result) != 0) {
					*shortest = result.steps - 1;
					share->steps = result.steps;
					memcpy(share->story, walk_story, sizeof(share->story));
				}
				share->programs += (uint64_t)weight * later;
				share->states += result.states;
				share->ways += weight * result.ways;
			}
		} while (next_group(group, bound->threads));
	}
}

static double now_in_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int explore_bound(const struct memory *memory, const struct bound *bound, int jobs,
			 struct share *shares)
{
	double began = now_in_seconds(), said = began;
	struct share sum = { .steps = 0 };
	int job, running = jobs, status, bad = 0;

	memset(shares, 0, (size_t)jobs * sizeof(*shares));
	fflush(NULL);
	for (job = 0; job < jobs; job++) {
		pid_t child = fork();

		if (child < 0) {
			perror("explore: fork");
			exit(2);
		}
		if (child == 0) {
			explore_share(memory, bound, job, jobs, &shares[job]);
			_exit(0);
		}
	}
	while (running > 0) {
		const struct timespec moment = { 0, 20000000 };
		pid_t child = waitpid(-1, &status, WNOHANG);

		if (child > 0) {
			running--;
			bad |= status != 0;
		} else {
			nanosleep(&moment, NULL);
		}
		if (now_in_seconds() - said > 5) {
			uint64_t programs = 0;

			said = now_in_seconds();
			for (job = 0; job < jobs; job++)
				programs += shares[job].programs;
			fprintf(stderr, "  %d threads of %d calls: %llu programs so far\n",
				bound->threads, bound->calls, (unsigned long long)programs);
		}
	}
	if (bad) {
		fprintf(stderr, "explore: a process of it failed, see above\n");
		return 1;
	}
	for (job = 0; job < jobs; job++) {
		sum.programs += shares[job].programs;
		sum.states += shares[job].states;
		sum.ways += shares[job].ways;
		if (shares[job].steps && (!sum.steps || shares[job].steps < sum.steps)) {
			sum.steps = shares[job].steps;
			memcpy(sum.story, shares[job].story, sizeof(sum.story));
		}
	}
	printf("%7d %5d  %-7s %8u %12llu %14llu %20llu %8.1f\n", bound->threads, bound->calls,
	       bound->calls_name, bound->spurious, (unsigned long long)sum.programs,
	       (unsigned long long)sum.states, (unsigned long long)sum.ways,
	       now_in_seconds() - began);
	fflush(stdout);
	if (sum.steps) {
		printf("\nWRONG, after %u steps:\n%s", sum.steps, sum.story);
		return 1;
	}
	return 0;
}

static int explore_all(const struct memory *memory, int jobs, enum size size)
{
	struct share *shares = mmap(NULL, (size_t)jobs * sizeof(*shares) + sizeof(*shortest),
				    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const struct bound *bound = memory == &interleavings ? interleaving_bounds : weak_bounds;

	if (shares == MAP_FAILED) {
		perror("explore: mmap");
		return 2;
	}
	shortest = (unsigned *)(void *)&shares[jobs];
	*shortest = UINT16_MAX;
	printf("memory: %s\n", memory->name);
	printf("%7s %5s  %-7s %8s %12s %14s %20s %8s\n", "threads", "calls", "which", "spurious",
	       "programs", "states", "ways through", "seconds");
	for (; bound->calls_name; bound++) {
		if ((size == DEEP) != (bound->size == DEEP) || bound->size > size)
			continue;
		if (!call_kinds[WAIT].is_here && bound->alphabet & WAITING)
			continue;
		if (explore_bound(memory, bound, jobs, shares) != 0)
			return 1;
	}
	printf("all right\n");
	return 0;
}

/* ---- one program ---- */

static enum call call_named(const char *text)
{
	size_t length;
	int call;

	text += strspn(text, " ");
	length = strlen(text);
	while (length > 0 && text[length - 1] == ' ')
		length--;
	for (call = 0; call < CALLS; call++)
		if (call_kinds[call].is_here && strlen(call_kinds[call].name) == length &&
		    strncmp(call_kinds[call].name, text, length) == 0)
			return (enum call)call;
	fprintf(stderr, "explore: '%s' is no call; there are:", text);
	for (call = 0; call < CALLS; call++)
		if (call_kinds[call].is_here)
			fprintf(stderr, "%s %s", call ? "," : "", call_kinds[call].name);
	fprintf(stderr, "\n");
	exit(2);
}

static struct program program_from(char *text)
{
	struct program program = { 0 };
	char *thread, *call;

	while ((thread = strsep(&text, "|"))) {
		int t = program.threads++;

		if (t == MAX_THREADS)
			complain("more than 4 threads", thread);
		thread += strspn(thread, " ");
		if (strncmp(thread, "here:", 5) == 0) {
			program.stands[t] = 1;
			thread += 5;
		}
		while ((call = strsep(&thread, ";"))) {
			if (program.calls[t] == MAX_CALLS)
				complain("more than 4 calls in a thread", call);
			program.call[t][program.calls[t]++] = call_named(call);
		}
	}
	return program;
}

static int explore_one(const struct memory *memory, const struct program *program)
{
	struct walk result;
	char text[512];

	describe_program(text, sizeof(text), program);
	printf("memory: %s\nprogram: %s\n", memory->name, text);
	if (walk(memory, program, UINT16_MAX, &result) != 0) {
		printf("\nWRONG, after %u steps:\n%s", result.steps, walk_story);
		return 1;
	}
	printf("%llu states, %llu ways through, up to %u steps: all right\n",
	       (unsigned long long)result.states, (unsigned long long)result.ways, result.steps);
	return 0;
}

static unsigned number_from(const char *option, const char *text, unsigned least, unsigned most)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || number < least || number > most)
		complain(option, text);
	return (unsigned)number;
}

static value_t word_named(const char *name)
{
	int w;

	for (w = 0; w < WORDS; w++)
		if (strcmp(words[w].name, name) == 0)
			return words[w].word;
	complain("no such word", name);
	return 0;
}

int main(int argc, char **argv)
{
	const struct memory *memory = &interleavings;
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	int jobs = processors < 1 ? 1 : processors > 64 ? 64 : (int)processors;
	enum size size = MEDIUM;
	int shared_here = 0, i, t;
	char *text = NULL;
	unsigned spurious = 0;
	value_t word = 0;
	struct program program;

	for (i = 1; i < argc; i++) {
		const char *option = argv[i];
		char *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (strcmp(option, "--deep") == 0) {
			size = DEEP;
		} else if (strcmp(option, "--small") == 0) {
			size = SMALL;
		} else if (strcmp(option, "--weak") == 0) {
			memory = &weak_memory;
		} else if (strcmp(option, "--guarantees") == 0) {
			guarantees_only = 1;
		} else if (strcmp(option, "--shared-here") == 0) {
			shared_here = 1;
		} else if (strcmp(option, "--help") == 0) {
			fputs(usage, stdout);
			return 0;
		} else if (!value) {
			complain("unknown option, or its value is missing", option);
		} else if (strcmp(option, "--jobs") == 0) {
			jobs = (int)number_from(option, argv[++i], 1, 64);
		} else if (strcmp(option, "--spurious") == 0) {
			spurious = number_from(option, argv[++i], 0, 3);
		} else if (strcmp(option, "--program") == 0) {
			text = argv[++i];
		} else if (strcmp(option, "--word") == 0) {
			word = word_named(argv[++i]);
		} else {
			complain("unknown option", option);
		}
	}
	if (!text)
		return explore_all(memory, jobs, size);
	program = program_from(text);
	program.word = word;
	program.spurious = spurious;
	program.stands[MAX_THREADS] = shared_here;
	for (t = 0; t <= MAX_THREADS; t++)
		if (program.stands[t] && !(word & OBSERVED))
			complain("a cursor can stand only on a word that is observed or reported",
				 "here");
	return explore_one(memory, &program);
}
