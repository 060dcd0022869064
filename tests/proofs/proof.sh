#!/bin/bash
# SPDX-License-Identifier: MIT
# The proof in proofs/, and that it still speaks of the shipped source. docs/evidence/proof.md explains it.
# usage: proof.sh SOURCE_DIR WORK_DIR CC WHAT
#	theorems	Coq accepts the proof, and it rests on no axiom
#	tie [all]	the calls return and write what the proof says: some million words, or all
#	steps		their atomic accesses are the steps of the proof's machine
#	faults		a fault in the model breaks a theorem, and one in the C breaks a tie
#	z3		the same obligations in seconds, with faults that must break them
set -eu
source_dir=$1 work=$2 cc=$3 what=$4
. "$source_dir/tests/common/check.sh"
proofs=$source_dir/proofs
here=$source_dir/tests/proofs
files="Word Machine Guarantees Release ListForms Extract"

if [ "$what" = z3 ]; then
	# Debian's python3-z3 belongs to Debian's python3.
	exec "$([ -x /usr/bin/python3 ] && echo /usr/bin/python3 || echo python3)" "$proofs/obligations.py"
fi
[ "$what" = steps ] || have coqc || skip "the proof is not checked: coqc (Debian: coq) is not installed"
rm -rf "$work"
mkdir -p "$work"
cd "$work"

# check_theorems: compiles the copies here. The first file that fails ends it.
check_theorems() {
	local file
	for file in $files; do
		coqc "$file.v" >"$file.log" 2>&1 || return 1
	done
}

# tie LIBRARY_SOURCE [all]: calls.ml is here
tie() {
	must "$cc" -std=c11 -O2 -D_DEFAULT_SOURCE -I"$1/include" -I"$(ocamlopt -where)" -c "$here/tie_stubs.c" -o tie_stubs.o
	must "$cc" -std=c11 -O2 -I"$1/include" -c "$1/src/errseq.c" -o errseq.o
	cp "$here/tie.ml" .
	must ocamlopt calls.mli calls.ml tie.ml tie_stubs.o errseq.o -o tie
	./tie ${2:+"$2"}
}

# steps LIBRARY_SOURCE: the traces of each call are the paths of steps.txt, no more and no less
steps() {
	must "$cc" -std=c11 -O2 -D_DEFAULT_SOURCE -I"$source_dir/tests/shim" -I"$1/include" "$here/steps.c" \
		"$1/src/errseq.c" "$source_dir/tests/shim/trace.c" -o steps
	./steps | sort -u | sed 's/ *$//' >seen
	awk -F'\t' '
		/^step/ { access[$2] = $3 }
		/^path/ {
			n = split($3, step, " ")
			trace = ""
			for (i = 1; i <= n; i++) {
				if (!(step[i] in access)) { print "FAIL: no access for step " step[i] >"/dev/stderr"; exit 1 }
				trace = trace (i > 1 ? ";" : "") " " access[step[i]]
			}
			print $2 ":" trace "\t" $3
		}' "$here/steps.txt" >said || return 1
	grep -v '^move:$' seen >seen.accesses # a move that the test does not make
	if ! cut -f1 said | sort -u | diff - seen.accesses >difference; then
		echo "the source and the machine take different steps (<: the machine's, in proofs/Machine.v; >: the source's):"
		sed -n 's/^[<>]/&/p' difference
		echo "the machine's are: $(grep -F -f <(sed -n 's/^< //p' difference) said | cut -f2 | tr '\n' ';')"
		return 1
	fi
}

# each step of the table is one of the machine, and the other way round
same_steps() {
	sed -n 's/^| \([a-z_]*\) .*/\1/p' "$proofs/Machine.v" | grep -vxE 'learn|starts|goes_on' | sort >machine
	sed -n 's/^step\t\([a-z_]*\)\t.*/\1/p' "$here/steps.txt" | grep -vxE 'guess|(cursor_)?miss' | sort >table
	diff machine table || fail "tests/proofs/steps.txt and the steps of proofs/Machine.v are not the same"
	sed -n 's/^path\t[^\t]*\t//p' "$here/steps.txt" | tr ' ' '\n' | sort -u | comm -23 table - >unused
	[ ! -s unused ] || fail "no path takes these steps: $(cat unused)"
}

# Between tabs: the file, a part of a line as an extended pattern of sed, and what replaces it.
faults_of_the_model() {
	cat <<'EOT'
Word.v	if observed v then S \(counter v\) else	if reported v then S (counter v) else
Word.v	\(errno v\) \(reported v\) true \(counter v\)	(errno v) true true (counter v)
Word.v	Value \(errno v\) true true	Value (errno v) true (observed v)
Word.v	errno a = errno b /\\ counter	True /\\ counter
Word.v	counter a mod M = counter b mod M\.	True.
Word.v	i = 0 \\/ observed \(word h i\) = true	True
Word.v	:= M = 0 \\/ counter b < counter a \+ M	:= M = 0 \\/ counter b <= counter a + M
Machine.v	reported \(word \(hist s\) j\) then j else 0	observed (word (hist s) j) then j else 0
Machine.v	j \(cview s t\) \(max \(acquired s t\) j\) Outside	j (cview s t) (acquired s t) Outside
Machine.v	\(Obs :: hist s\) \(cursor s\) \(S \(now s\)\) \(cview s t\) \(S \(now s\)\)	(hist s) (cursor s) (now s) (cview s t) (now s)
Machine.v	i j : at_place s t = CheckFences i j -> step	i j : step
Machine.v	\(view s t\) \(cview s t\) \(max \(acquired s t\) j\) Outside	(view s t) (cview s t) (acquired s t) Outside
Machine.v	step s \(Advanced t i \(S \(now s\)\)\)	step s (Advanced t i (now s))
Machine.v	\(max \(view s t\) \(entry \(cursor s\) m\)\) m \(acquired s t\) \(SharedLoads m\)	(view s t) m (acquired s t) (SharedLoads m)
Machine.v	value_at \(hist s\) \(newest \(cursor s\)\) = value_at \(hist s\) \(entry \(cursor s\) m\)	True
Machine.v	truncate M \(val \(hist s\)\) = value_at \(hist s\) j	True
Machine.v	reported \(word \(hist s\) j\) = true -> step s Silent	step s Silent
Machine.v	entry \(cursor s\) m <= k <= view s t ->	k <= view s t ->
Release.v	releases \(effect k\) -> synchronises	synchronises
EOT
}

faults_of_the_source() {
	cat <<'EOT'
tie	src/errseq_template.h	old & ERRSEQ_OBSERVED_	old \& ERRSEQ_REPORTED_
tie	src/errseq_template.h	next \+= ERRSEQ_STEP_;	next += 2 * ERRSEQ_STEP_;
tie	src/errseq_template.h	next = old / ERRSEQ_STEP_ \* ERRSEQ_STEP_	next = (old | 1) / ERRSEQ_STEP_ * ERRSEQ_STEP_ + (old \& ERRSEQ_REPORTED_)
tie	include/errseq/errseq_inline.h	now & ERRSEQ_REPORTED_ \? now : 0	now \& ERRSEQ_OBSERVED_ ? now : 0
tie	src/errseq_template.h	word_, ERRSEQ_FLAGS_,	word_, ERRSEQ_OBSERVED_,
tie	src/errseq_template.h	word_, ERRSEQ_OBSERVED_,	word_, ERRSEQ_FLAGS_,
tie	src/errseq_template.h	now \| ERRSEQ_FLAGS_,	now | ERRSEQ_OBSERVED_,
tie	src/errseq_template.h	&& now != 0 &&	\&\&
tie	include/errseq/errseq_word.h	ERRSEQ_FLAGS_\) == \(\(b\) \| ERRSEQ_FLAGS_	ERRSEQ_OBSERVED_) == ((b) | ERRSEQ_OBSERVED_
steps	src/errseq_template.h	memory_order_release,	memory_order_relaxed,
steps	src/errseq_template.h	atomic_fetch_or_explicit\(&eseq->word_, ERRSEQ_OBSERVED_, memory_order_acquire	atomic_fetch_or_explicit(\&eseq->word_, ERRSEQ_OBSERVED_, memory_order_relaxed
steps	include/errseq/errseq_inline.h	LOAD_\(&since->cursor_, acquire	LOAD_(\&since->cursor_, relaxed
steps	src/errseq_template.h	at = atomic_load_explicit\(&since->cursor_, memory_order_acquire\);	;
steps	src/errseq_template.h	ERRSEQ_ACQUIRE_\(eseq\);	;
steps	src/errseq_template.h	\+ \(unsigned\)-err;	+ (unsigned)-err; if (next == old) return 0;
EOT
}

# broken PATH PATTERN REPLACEMENT: a file that differs
broken() {
	sed -E -i "s~$2~$3~" "$1"
	! cmp -s "$1" "$4" || fail "$1 has no '$2'"
}

case $what in
theorems)
	cp "$proofs"/*.v .
	check_theorems || fail "$(cat ./*.log)"
	theorems=$(sed -n 's/^Theorem \([A-Za-z0-9_]*\).*/\1/p' Word.v Machine.v Guarantees.v Release.v ListForms.v)
	{
		echo "Require Import Word Machine Guarantees Release ListForms."
		for theorem in $theorems; do
			echo "Print Assumptions $theorem."
		done
	} >Assumptions.v
	coqc Assumptions.v >printed 2>&1 || fail "$(cat printed)"
	sort printed | uniq -c >assumptions
	count=$(wc -w <<<"$theorems")
	grep -qxE " *$count Closed under the global context" assumptions || fail "the proof rests on something:
$(cat assumptions)"
	! grep -nE '\b(Admitted|admit|Axiom|Parameter|Conjecture)\b' ./*.v || fail "the proof is not complete"
	echo "$count theorems are proved, each closed under the global context"
	;;
tie)
	cp "$proofs"/*.v .
	check_theorems || fail "$(cat ./*.log)"
	tie "$source_dir" ${5:+"$5"}
	;;
steps)
	same_steps
	steps "$source_dir" || fail "the proof no longer speaks of this source"
	echo "the $(wc -l <seen) sequences of accesses that the calls make are paths of the proof's machine"
	;;
faults)
	count=0
	while IFS='	' read -r file pattern replacement; do
		cp "$proofs"/*.v .
		broken "$file" "$pattern" "$replacement" "$proofs/$file"
		! check_theorems || fail "no theorem breaks: $file: '$replacement' for '$pattern'"
		count=$((count + 1))
		echo "$count: $(grep -hoE 'File "[^"]*", line [0-9]+' ./*.log | head -n 1) stops the proof: $replacement"
		rm -f ./*.log ./*.vo
	done < <(faults_of_the_model)
	cp "$proofs"/*.v .
	check_theorems || fail "$(cat ./*.log)"
	while IFS='	' read -r by file pattern replacement; do
		rm -rf broken
		mkdir broken
		cp -R "$source_dir/include" "$source_dir/src" broken
		broken "broken/$file" "$pattern" "$replacement" "$source_dir/$file"
		! ($by broken) >said.by 2>&1 || fail "the $by does not break: $file: '$replacement' for '$pattern'"
		! grep '^FAIL' said.by || fail "this is no fault of the $by: $file: '$replacement'"
		count=$((count + 1))
		echo "$count: $by: $(head -n 1 said.by)"
	done < <(faults_of_the_source)
	echo "$count faults, and each is noticed"
	;;
esac
