#!/bin/bash
# SPDX-License-Identifier: MIT
# What errseq(7) says of race detectors. A program in which one thread writes down what broke and records, and another
# gets the error and reads it, has no data race (G6). ThreadSanitizer sees that if the library is instrumented, too,
# helgrind if the program has two annotations. Without them, both raise a false alarm: else this test is no test.
# usage: race_detectors.sh SOURCE_DIR WORK_DIR CC
set -eu
source_dir=$1 work=$2 cc=$3
. "$source_dir/tests/common/check.sh"
rm -rf "$work"
mkdir -p "$work"
cd "$work"

cat >pass.c <<'EOC'
#include <errseq/errseq.h>
#include <pthread.h>
#ifdef ANNOTATED
#include <valgrind/helgrind.h>
#else
#define ANNOTATE_HAPPENS_BEFORE(word)
#define ANNOTATE_HAPPENS_AFTER(word)
#define VALGRIND_HG_DISABLE_CHECKING(word, size)
#endif

static errseq_t word;
static int what_broke;

static void *flusher(void *unused)
{
	what_broke = 7;
	ANNOTATE_HAPPENS_BEFORE(&word);
	errseq_set(&word, -5);
	return unused;
}

int main(void)
{
	errseq_cursor_t cursor = 0;
	pthread_t thread;
	int result;

	VALGRIND_HG_DISABLE_CHECKING(&word, sizeof(word));
	if (pthread_create(&thread, NULL, flusher, NULL) != 0)
		return 2;
	while (errseq_check_and_advance(&word, &cursor) == 0)
		continue;
	ANNOTATE_HAPPENS_AFTER(&word);
	result = what_broke != 7;
	pthread_join(thread, NULL);
	return result;
}
EOC

must "$cc" -O1 -g -I"$source_dir/include" -c "$source_dir/src/errseq.c" -o library.o
for compiler in $(compilers_for "$cc" gcc clang); do
	with=("$compiler" -fsanitize=thread -O1 -g -I"$source_dir/include" pass.c -pthread)
	if ! "${with[@]}" library.o -o half 2>log || ! "${with[@]}" "$source_dir/src/errseq.c" -o whole 2>log; then
		skip_part "$compiler -fsanitize=thread does not link here: $(tail -n 1 log)"
		continue
	fi
	runner=()
	! ./whole 2>&1 | grep -q 'unexpected memory mapping' || runner=(setarch "$(uname -m)" -R)
	must "${runner[@]}" ./whole
	must_fail_with 'data race' "${runner[@]}" ./half
	echo "$compiler: ThreadSanitizer is content if the library is compiled in, and not otherwise"
done

if ! have valgrind || ! echo '#include <valgrind/helgrind.h>' | "$cc" -E - >log 2>&1; then
	skip_part "valgrind and its headers are not installed"
	exit 0
fi
must "$cc" -O1 -g -I"$source_dir/include" pass.c "$source_dir/src/errseq.c" -pthread -o plain
must "$cc" -O1 -g -DANNOTATED -I"$source_dir/include" pass.c "$source_dir/src/errseq.c" -pthread -o annotated
must_fail_with 'Possible data race' valgrind --tool=helgrind --error-exitcode=9 ./plain
must valgrind --tool=helgrind --error-exitcode=9 ./annotated
echo "helgrind is content with two annotations, and not without"
