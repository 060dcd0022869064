/* SPDX-License-Identifier: MIT */
#include "answers.h"

#include <errno.h>
#include <stdio.h>

const struct promise promises[] = {
	{ EACH_ONCE, "each once" },
	{ LATEST, "latest" },
	{ AGAIN, "again" },
	{ UNREPORTED, "unreported" },
	{ SKIPS_REPORTED, "skips reported" },
	{ NO_LOCK, "no lock" },
	{ SHARED_MEMORY, "shared memory" },
	{ 0, NULL },
};

int keeps_promises(const struct contestant *who)
{
	const unsigned tried = EACH_ONCE | LATEST | AGAIN | UNREPORTED | SKIPS_REPORTED;
	unsigned wrong = (who->try_out() ^ who->gives) & tried, p;

	for (p = 0; promises[p].name; p++)
		if (wrong & promises[p].gives)
			fprintf(stderr, "bench: %s promises %s'%s', and that is wrong\n", who->name,
				who->gives & promises[p].gives ? "" : "no ", promises[p].name);
	return !wrong;
}

static int wrong(const struct workload *workload, const struct contestant *who, const char *what,
		 long got, const char *should)
{
	fprintf(stderr, "bench: %s, %s: %s: %ld instead of %s\n", workload->name, who->name, what,
		got, should);
	return 0;
}

/* Makes one more call. *error is 0 if it returned no error. */
static unsigned long advance_once(const struct contestant *who, struct job job, int *error)
{
	job.times = 1;
	who->loops[ADVANCE](&job);
	*error = job.last;
	return job.errors;
}

/* All is over: the last error that each observer gets is the last that was recorded, and then there is no more. */
static int all_have_the_last(const struct workload *workload, const struct contestant *who,
			     struct job *jobs, unsigned threads, unsigned long records)
{
	unsigned long together = 0, observers = who->one_observer ? 1 : threads, have = 0, i;

	for (i = 0; i < threads; i++) {
		unsigned long errors = jobs[i].errors;
		int error;

		errors += advance_once(who, jobs[i], &error);
		together += errors;
		have += (error ? error : jobs[i].last) == -EDQUOT;
		if (!who->one_observer && (errors < 1 || errors > records))
			return wrong(workload, who, "errors that an observer got", (long)errors,
				     "1 to as many as were recorded");
		if (advance_once(who, jobs[i], &error))
			return wrong(workload, who, "reported again", error, "0");
	}
	if (together > records * observers)
		return wrong(workload, who, "errors that all observers got", (long)together,
			     "no more than were recorded");
	if (have < observers)
		return wrong(workload, who, "observers who got the last error", (long)have, "all");
	return 1;
}

int answers_are_right(const struct workload *workload, const struct contestant *who,
		      struct job *jobs, unsigned threads, unsigned long calls)
{
	int all_get_it = workload->loop == RECORD_AND_ADVANCE || workload->loop == ROUND ||
			 workload->before == AN_ERROR;
	unsigned long errors = 0;
	unsigned i;
	int error;

	/* the floor and sticky do not promise to be right, and the counter knows no errno */
	if (!(who->gives & EACH_ONCE) || !(who->gives & LATEST))
		return 1;
	if (workload->loop == BESIDE) {
		if (jobs[threads].errors != 0)
			return wrong(workload, who, "records that failed",
				     (long)jobs[threads].errors, "0");
		return all_have_the_last(workload, who, jobs, threads, jobs[threads].times);
	}
	for (i = 0; i < threads; i++) {
		errors += jobs[i].errors;
		if (all_get_it && jobs[i].last != -EIO)
			return wrong(workload, who, "the error", jobs[i].last, "-EIO");
	}
	if (errors != (all_get_it ? calls * threads : 0))
		return wrong(workload, who, "calls that returned an error", (long)errors,
			     all_get_it ? "all" : "0");
	if (workload->loop == RECORD || workload->loop == RECORD_ALTERNATING) {
		int last = workload->loop == RECORD ? -EIO : -ENOSPC;

		if (!advance_once(who, jobs[0], &error) || error != last)
			return wrong(workload, who, "the error after all records", error,
				     last == -EIO ? "-EIO" : "-ENOSPC");
	}
	return 1;
}
