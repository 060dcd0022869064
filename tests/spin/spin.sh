#!/bin/bash
# SPDX-License-Identifier: MIT
# spin goes through every interleaving of the model of the algorithm, errseq.pml, in scenarios that are small enough for
# that: no guarantee breaks. And each fault of faults.pml is caught, by the property that stands beside it here.
# usage: spin.sh SOURCE_DIR WORK_DIR CC guarantees|faults [NAME of one scenario or fault]
set -eu
source_dir=$(cd "$1" && pwd) work=$2 cc=$3 what=$4 only=${5-}
. "$source_dir/tests/common/check.sh"
export LC_ALL=C
jobs_at_once=2
errseq_a=1 errseq_b=2 # what A and B are in errseq.pml: the trails show them as letters

# name | what spin is told | properties, each in a run of its own:
#	guarantees	all assertions of ghosts.pml; and no call waits for another (no invalid end state)
#	ends		no infinite run: each call ends
#	progress	lock-free: in each infinite run, calls end infinitely often
#	a name of an ltl in errseq.pml; with + before it, under weak fairness; with ! before it, it must be violated
scenarios=$(grep -v '^#' <<'END'
observers    | CHECK INVARIANTS OBSERVERS=2 RECORDS=3 LOOKS=2                 | guarantees valid reported_is_told told_is_reported
recorders    | INVARIANTS OBSERVERS=1 RECORDERS=2 RECORDS=2 LOOKS=2           | guarantees
newcomers    | INVARIANTS OBSERVERS=1 NEWCOMERS=2 RECORDS=2 LOOKS=1           | guarantees stays_owed
peekers      | INVARIANTS OBSERVERS=1 NEWCOMERS=1 PEEKERS=1 RECORDS=2 LOOKS=1 | guarantees valid reported_is_told told_is_reported stays_owed
positions    | CHECK INVARIANTS PEEKERS=2 RECORDS=3 LOOKS=1                   | guarantees
checkers     | CHECK INVARIANTS CHECKERS=1 OBSERVERS=1 RECORDS=3 LOOKS=2      | guarantees
shared       | INVARIANTS SHARERS=2 RECORDS=3 LOOKS=2                         | guarantees
shared_check | CHECK INVARIANTS SHARERS=2 RECORDS=2 LOOKS=2                   | guarantees valid
shared_by_3  | INVARIANTS SHARERS=3 RECORDS=2 LOOKS=1                         | guarantees
shared_new   | INVARIANTS SHARERS=2 NEWCOMERS=1 RECORDS=2 LOOKS=1             | guarantees reported_is_told stays_owed
shared_peek  | INVARIANTS SHARERS=2 PEEKERS=1 RECORDS=2 LOOKS=1               | guarantees
shared_own   | INVARIANTS SHARERS=2 OBSERVERS=1 RECORDS=2 LOOKS=1             | guarantees told_is_reported
settled      | SETTLE INVARIANTS NEWCOMERS=1 PEEKERS=1 RECORDS=2 LOOKS=2      | guarantees valid reported_is_told told_is_reported stays_owed
claims       | INVARIANTS CLAIMERS=2 NEWCOMERS=1 RECORDS=2 LOOKS=1            | guarantees reported_is_told stays_owed
# An advance that loses the cursor to a claim has marked the error as reported. It is claimed, but not settled yet.
claims_mixed | INVARIANTS CLAIMERS=1 SHARERS=1 RECORDS=2 LOOKS=2              | guarantees !reported_is_told
strangers    | START=FOREIGN SHARERS=2 OBSERVERS=1 RECORDS=2 LOOKS=1          | guarantees valid
# The counter has 2 values: errors that nobody looks at, however many, must not move it.
storm        | COUNTS=2 OBSERVERS=1 RECORDS=6 LOOKS=2                         | guarantees
counting     | WRAP ONLY_A OBSERVERS=1 NEWCOMERS=1 PEEKERS=1 RECORDS=3 LOOKS=1 | guarantees counter_counts_positions
# The wrap: one error less than it takes, and as many: 4 steps of a counter that has 4 values. And exactly that way.
wrap_but_1   | CHECK ONLY_A OBSERVERS=2 RECORDS=4 LOOKS=3                     | guarantees
wrap         | CHECK ONLY_A OBSERVERS=2 RECORDS=5 LOOKS=3                     | !guarantees
wrap_exactly | WRAP ONLY_A OBSERVERS=2 RECORDS=5 LOOKS=3                      | guarantees !never_goes_round
ends         | ENDS ONLY_A OBSERVERS=1 PEEKERS=1 RECORDERS=2 RECORDS=1 LOOKS=1 | ends
ends_settle  | ENDS SETTLE ONLY_A CLAIMERS=1 PEEKERS=1 RECORDS=2 LOOKS=1      | ends
ends_shared  | ENDS SHARERS=2 RECORDERS=2 RECORDS=1 LOOKS=1                   | ends
# Everybody goes on for ever, or stops when it likes.
endless      | ENDLESS COUNTS=1 RECORDERS=2 OBSERVERS=1                       | progress valid
endless_shared | ENDLESS COUNTS=1 RECORDERS=1 SHARERS=2                       | progress
# Observers go on for ever after the last error; MORTAL: one process may die, at any step.
told         | LIVE OBSERVERS=2 RECORDS=2                                     | +all_are_told
told_shared  | LIVE SHARERS=2 RECORDS=2                                       | +all_are_told
debts        | LIVE NEWCOMERS=1 PEEKERS=1 RECORDS=2                           | +debts_are_settled
death        | LIVE MORTAL ONLY_A OBSERVERS=2 RECORDS=2                       | +survivors_are_told valid stays_owed
# A process that dies between peek and settle leaves the error unreported.
death_settle | LIVE MORTAL CLAIMERS=1 NEWCOMERS=1 RECORDS=1                   | stays_owed reported_is_told
death_shared | LIVE MORTAL SHARERS=2 RECORDS=1                                | +survivors_are_told valid
END
)

# fault | scenario | the property that must catch it; one of the assertions, or of the above
faults=$(cat <<'END'
compares_the_flags_too           | peekers    | G5_flags_are_not_news
compares_the_errno_only          | observers  | G1_nothing_missed
compares_the_counter_only        | observers  | G1_nothing_missed
set_forgets_the_counter          | observers  | G1_nothing_missed
set_forgets_the_counter          | told       | +all_are_told
set_tests_reported               | positions  | G1_nothing_missed
set_keeps_the_flags              | newcomers  | G3_owed_to_somebody
set_keeps_the_flags              | debts      | +debts_are_settled
set_keeps_observed               | storm      | G1_nothing_missed
set_keeps_observed               | counting   | counter_counts_positions
set_always_counts                | storm      | G1_nothing_missed
set_always_counts                | counting   | counter_counts_positions
set_drops_the_counter            | observers  | G1_nothing_missed
set_counts_twice                 | observers  | G1_nothing_missed
set_mixes_the_errnos             | observers  | G7_latest
set_stores                       | observers  | G1_nothing_missed
set_keeps_its_guess              | ends       | ends
set_keeps_its_guess              | endless    | progress
sample_returns_unreported        | newcomers  | G3_owed_to_somebody
sample_tests_observed            | peekers    | G4_peek_takes_nothing
sample_returns_0                 | newcomers  | G5_flags_are_not_news
sample_marks_reported            | newcomers  | G3_owed_to_somebody
sample_marks_observed            | counting   | counter_counts_positions
peek_reports                     | peekers    | G4_peek_takes_nothing
peek_reports                     | peekers    | reported_is_told
peek_reports                     | peekers    | stays_owed
peek_reports                     | debts      | +debts_are_settled
peek_does_not_mark               | positions  | G1_nothing_missed
peek_gives_up                    | positions  | G1_nothing_missed
peek_stores                      | positions  | G1_nothing_missed
peek_returns_what_it_loaded      | positions  | I1_cursor_was_observed
peek_marks_a_word_never_set      | peekers    | valid
advance_gives_up                 | observers  | G1_nothing_missed
advance_stores                   | observers  | G1_nothing_missed
advance_returns_what_it_loaded   | newcomers  | G3_owed_to_somebody
advance_forgets_observed         | observers  | G1_nothing_missed
advance_forgets_observed         | observers  | valid
advance_forgets_observed         | death      | +survivors_are_told
advance_forgets_reported         | newcomers  | G5_flags_are_not_news
advance_forgets_reported         | peekers    | told_is_reported
advance_does_not_mark            | observers  | G1_nothing_missed
advance_takes_observed_for_marked | peekers   | G5_flags_are_not_news
advance_marks_a_word_never_set   | strangers  | valid
shared_stores_the_cursor         | shared     | G2_once
loser_returns_0                  | shared     | G1_nothing_missed
loser_returns_the_error          | shared     | G2_once
loser_keeps_its_cursor           | ends_shared | ends
loser_keeps_its_cursor           | endless_shared | progress
loser_keeps_its_word             | shared     | G2_once
loser_reads_the_word_first       | shared     | G2_once
word_read_before_the_cursor      | shared     | G2_once
shared_marks_after_the_exchange  | shared     | G1_nothing_missed
settle_marks_by_an_or            | settled    | G9_settled_by_name
settle_marks_by_an_or            | claims     | reported_is_told
settle_compares_the_flags_too    | settled    | G9_settled_by_name
settle_compares_the_errno_only   | settled    | G9_settled_by_name
settle_tries_once                | settled    | G9_settled_by_name
settle_marks_a_word_never_set    | settled    | valid
settle_forgets_reported          | settled    | told_is_reported
move_stores                      | claims     | G2_once
peeks_before_it_gets             | claims     | G2_once
END
)

have spin || skip "the model is not checked: spin is not installed"
spin -V | grep -q '^Spin Version 6' || skip "the model is not checked: it is written for spin 6, and this is: $(spin -V)"

# column N of a line of the tables
column() {
	cut -d'|' -f"$1" <<<"$2" | xargs
}

# What a scenario tells spin: -D macros.
macros_of() {
	local line
	line=$(grep -E "^$1 " <<<"$scenarios") || fail "there is no scenario $1"
	column 2 "$line" | sed -E 's/(^| )/\1-D/g'
}

# explore DIR MACROS CFLAGS PAN-ARGUMENTS: leaves pan's words in DIR/said, and how to get them in DIR/again. A pan that
# is there already is used once more.
explore() {
	local dir=$1 macros=$2 cflags=$3 arguments=$4
	mkdir -p "$dir"
	cat >"$dir/again" <<-END
		cd $dir
		spin -P"$cc -E -x c" -a $macros errseq.pml
		$cc -w $cflags pan.c -o pan && ./pan $arguments
		spin -P"$cc -E -x c" -t -p -g -l $macros errseq.pml # after an error
	END
	(
		cd "$dir"
		rm -f errseq.pml.trail
		# shellcheck disable=SC2086 # lists of words
		[ -e pan ] || {
			cp "$source_dir"/tests/spin/*.pml . &&
				spin -P"$cc -E -x c" -a $macros errseq.pml >built 2>&1 && [ -s pan.c ] &&
				"$cc" -w $cflags pan.c -o pan >>built 2>&1
		} || {
			printf 'spin or %s refused the model:\n%s\n' "$cc" "$(cat built)" >said
			exit 0
		}
		# shellcheck disable=SC2086
		timeout 300 ./pan $arguments >said 2>&1 || echo "pan ended with $?" >>said
	)
}

# The trail in words: who did what, with each value as (counter, errno, flags). Of a long one, the end.
story() {
	local dir=$1 macros=$2
	[ -e "$dir/errseq.pml.trail" ] || return 0
	# shellcheck disable=SC2086
	(cd "$dir" && spin -P"$cc -E -x c" -t -B $macros errseq.pml 2>&1) |
		awk -v a=$errseq_a -v b=$errseq_b '
		function value(v, errno, flags) {
			errno = v % 4
			flags = int(v / 4) % 4
			return v == 0 ? "0" : "(" int(v / 16) ", " (errno == a ? "A" : errno == b ? "B" : errno) ", " \
				substr("- r o ro", 1 + 2 * flags, 2) ")"
		}
		/START OF CYCLE|text of failed|^ *(recorder|cursor|sharer|process) / {
			sub(/^ */, "    ")
			while (match($0, /<[0-9]+>/))
				$0 = substr($0, 1, RSTART - 1) value(substr($0, RSTART + 1, RLENGTH - 2)) \
					substr($0, RSTART + RLENGTH)
			gsub(/ \)/, ")")
			print
		}' | tail -n 60
}

# how PROPERTY MACROS: sets kind, and for that kind cflags; and arguments
how() {
	case $1 in
	guarantees | G[1-9]_* | I1_*) kind=assertions cflags="-DSAFETY -DNOCLAIM" arguments="" ;;
	ends | progress) kind=progress cflags="-DNP -DNOCLAIM" arguments="-l" ;;
	+*) kind=claims cflags="" arguments="-a -f -N ${1#+}" ;;
	*) kind=claims cflags="" arguments="-a -N $1" ;;
	esac
	if [[ $2 = *-DENDLESS* ]]; then
		arguments="-m2000000 -w22 $arguments" # long ways without a state seen before
	else
		arguments="-m10000 -w22 $arguments"
	fi
}

# number LABEL FILE: what pan counted
number() {
	sed -nE "s/^ *([0-9.e+]+) $1.*/\1/p" "$2" | head -n 1
}

# What pan says of lines that it never reached, but for those that are not there to be reached: the end of a process
# that goes on for ever, and the end of a claim, which is reached only if it is violated.
unreached() {
	awk -v live="$2" '
		/^unreached in/ { where = $NF; claim = $3 == "claim"; next }
		/^\t[^,]+, state [0-9]+, / && !claim && !(live && /"-end-"/) { print where ": " $0 }' "$1"
}

# scenario NAME MACROS PROPERTY: one row of the table; what is wrong goes to $work/wrong
scenario() {
	local name=$1 macros=$2 property=$3 dir said result wrong="" kind cflags arguments errors live=""
	how "${property#!}" "$macros"
	dir=$work/$name/$kind
	said=$dir/said
	explore "$dir" "$macros" "-O1 $cflags" "$arguments"
	errors=$(sed -nE 's/.*errors: ([0-9]+).*/\1/p' "$said")
	case $property in
	!*)
		result="violated, as it must be"
		[ "$errors" = 1 ] || wrong="should be violated, and is not"
		if [ "$property" = '!guarantees' ]; then
			grep -q 'assertion violated G1_nothing_missed' "$said" || wrong="should break G1, and only that"
		fi
		;;
	*)
		result=holds
		[[ $macros != *-DLIVE* || $macros == *-DMORTAL* ]] || live=1
		if [ -z "$errors" ]; then
			wrong="was not explored at all"
		elif [ "$errors" != 0 ]; then
			wrong="does not hold"
		elif grep -qiE 'not completed|too small|truncated|out of memory|pan ended' "$said"; then
			wrong="was not explored to the end"
		elif [ -n "$(unreached "$said" "$live")" ]; then
			wrong="never reaches: $(unreached "$said" "$live")"
		fi
		;;
	esac
	[ -z "$wrong" ] || result=WRONG
	printf '%-14s %-26s %9s %10s %7s %7s  %s\n' "$name" "${property#[+!]}" "$(number 'states, stored' "$said")" \
		"$(number 'transitions' "$said")" "$(sed -nE 's/.*depth reached ([0-9]+).*/\1/p' "$said")" \
		"$(sed -nE 's/^pan: elapsed time ([0-9.e+-]+).*/\1/p' "$said")" "$result"
	[ -z "$wrong" ] || {
		printf '%s: %s %s\n' "$name" "${property#[+!]}" "$wrong"
		grep -E '^pan:1|error|refused|warning' "$said" || true
		story "$dir" "$macros"
		printf 'again, by hand:\n%s\n' "$(sed 's/^/    /' "$dir/again")"
	} >>"$work/wrong"
}

scenarios_of() {
	local property
	for property in $3; do
		scenario "$1" "$2" "$property"
	done
}

# fault NAME SCENARIO PROPERTY
fault() {
	local name=$1 scenario=$2 property=$3 macros dir said found kind cflags arguments wanted
	macros="$(macros_of "$scenario") -DFAULT_$name"
	dir=$work/$name/$scenario-${property#+}
	said=$dir/said
	how "$property" "$macros"
	case $property in
	G*)
		macros=${macros/-DINVARIANTS /} # I1 would tell earlier
		wanted="assertion violated $property"
		cflags+=" -DBFS" # the shortest trail
		;;
	I1_*)
		wanted="assertion violated $property"
		cflags+=" -DBFS"
		;;
	ends | progress) wanted="non-progress cycle" ;;
	*)
		macros="${macros/-DINVARIANTS /} -DMUTE" # the assertions would tell earlier
		wanted="assertion violated  !\(|acceptance cycle|claim violated"
		;;
	esac
	explore "$dir" "$macros" "-O0 $cflags" "$arguments"
	found=$(grep -E '^pan:1:' "$said" | head -n 1) || true
	if [[ $found =~ $wanted ]]; then
		printf '%-34s %-14s %-26s %s\n' "$name" "$scenario" "${property#+}" \
			"$(cd "$dir" && grep -vc '^-' errseq.pml.trail)"
		return
	fi
	{
		printf 'fault %s is not caught by %s in scenario %s; pan said: %s\n' "$name" "${property#+}" "$scenario" \
			"${found:-no error}"
		grep -E 'refused|[Ee]rror:' "$said" || true
		story "$dir" "$macros"
		printf 'again, by hand:\n%s\n' "$(sed 's/^/    /' "$dir/again")"
	} >>"$work/wrong"
}

# Runs a command beside others, a few at once.
beside() {
	while [ "$(jobs -rp | wc -l)" -ge "$jobs_at_once" ]; do
		wait -n || true
	done
	"$@" &
}

rm -rf "$work"
mkdir -p "$work"
work=$(cd "$work" && pwd)
: >"$work/wrong"
runs=0
case $what in
guarantees)
	printf '%-14s %-26s %9s %10s %7s %7s  %s\n' scenario property states transit. depth seconds result
	while read -r line; do
		name=$(column 1 "$line")
		[ -z "$only" ] || [ "$name" = "$only" ] || continue
		# one after the other, for they use one pan
		properties=$(column 3 "$line")
		beside scenarios_of "$name" "$(macros_of "$name")" "$properties"
		runs=$((runs + $(wc -w <<<"$properties")))
	done <<<"$scenarios"
	;;
faults)
	sed -nE 's/^#ifdef FAULT_([a-z0-9_]+).*/\1/p' "$source_dir/tests/spin/faults.pml" | while read -r name; do
		grep -q "^$name " <<<"$faults" || fail "faults.pml has $name, of which spin.sh does not know what catches it"
	done
	printf '%-34s %-14s %-26s %s\n' fault scenario 'caught by' 'steps of the trail'
	while read -r line; do
		name=$(column 1 "$line")
		[ -z "$only" ] || [ "$name" = "$only" ] || continue
		grep -q "^#ifdef FAULT_$name\$\|^#ifdef FAULT_$name " "$source_dir/tests/spin/faults.pml" ||
			fail "faults.pml has no fault $name"
		beside fault "$name" "$(column 2 "$line")" "$(column 3 "$line")"
		runs=$((runs + 1))
	done <<<"$faults"
	;;
*) fail "what to do? guarantees or faults, not '$what'" ;;
esac
wait
[ "$runs" -gt 0 ] || fail "there is no '$only' among the $what"
[ ! -s "$work/wrong" ] || fail "$(head -n 200 "$work/wrong")
(all of it: $work/wrong)"
echo "$runs runs, all of them as they must be"
