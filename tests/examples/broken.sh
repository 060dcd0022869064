# SPDX-License-Identifier: MIT
# For the tests of examples: libraries with one fault each. An example over one of them must notice it.
# shellcheck shell=bash

# Tables for over_broken_libraries. Between tabs: the fault, a pattern for sed in the algorithm, what replaces it.
faults_of_shared_cursors() {
	cat <<'EOT'
the cursor does not move	if (atomic_compare_exchange_strong_explicit(&since->cursor_, &at, seen,	if (atomic_compare_exchange_strong_explicit(\&since->cursor_, \&at, at,
set does not move the counter	next += ERRSEQ_STEP_;	;
set records nothing	next = old .*;	next = old;
advance does not mark the error reported	seen = atomic_fetch_or_explicit(&eseq->word_, ERRSEQ_FLAGS_	seen = atomic_fetch_or_explicit(\&eseq->word_, ERRSEQ_OBSERVED_
peek marks the error reported	atomic_fetch_or_explicit(&eseq->word_, ERRSEQ_OBSERVED_	atomic_fetch_or_explicit(\&eseq->word_, ERRSEQ_FLAGS_
peek does not mark the error observed	now = atomic_fetch_or_explicit(.*;	;
EOT
}

# over_broken_libraries SOURCE_DIR CC STATUS PATTERN SOURCES... <TABLE: an example made of these sources must end with
# this status, and print a line with this pattern, over each broken library.
over_broken_libraries() {
	local source_dir=$1 cc=$2 wanted=$3 says=$4 algorithm=src/errseq_template.h fault pattern replacement status count=0
	shift 4
	while IFS='	' read -r fault pattern replacement; do
		rm -rf broken
		mkdir broken
		cp -R "$source_dir/include" "$source_dir/src" broken
		sed "s/$pattern/$replacement/" "$source_dir/$algorithm" >"broken/$algorithm"
		! cmp -s "$source_dir/$algorithm" "broken/$algorithm" ||
			fail "$fault: '$pattern' is not in $algorithm"
		must "$cc" -std=c11 -DERRSEQ_NO_INLINE -Ibroken/include "$@" broken/src/errseq.c -o broken/example -pthread
		status=0
		timeout 100 broken/example </dev/null >broken/printed 2>&1 || status=$?
		[ $status = "$wanted" ] || fail "$fault: the example ended with $status, not $wanted:
$(cat broken/printed)"
		grep -qE -- "$says" broken/printed || fail "$fault: the example does not say '$says':
$(cat broken/printed)"
		count=$((count + 1))
	done
	[ "$count" -gt 0 ] || fail "there is no broken library"
	echo "over each of $count broken libraries the example ends with $wanted"
}
