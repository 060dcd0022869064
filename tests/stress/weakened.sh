#!/bin/bash
# SPDX-License-Identifier: MIT
# Could the tests of memory orders fail? For each order in the library: the shipped source with this one order
# weakened, and what catches it. passing.c under ThreadSanitizer must report a data race about the message, or
# about the word, and about nothing else; tests/unit/orders.c must fail. Over the source as it is both are content.
# The table of docs/memory-model.md must say the same.
# usage: weakened.sh SOURCE_DIR WORK_DIR CC CMOCKA_LIBRARY [CMOCKA_INCLUDE_DIR]
set -eu
source_dir=$1 work=$2 cc=$3 cmocka=$4 cmocka_include=${5:-}
. "$source_dir/tests/common/check.sh"
rm -rf "$work"
mkdir -p "$work"

# One row a variant: number in docs/memory-model.md; file; function, or - for the whole file; text, which must be
# there exactly once; what it becomes; passing.c's scenario; what ThreadSanitizer's report is about, - for none;
# whether orders.c tells. PLAIN is a read that is not atomic, which is what is weaker than relaxed. Where nothing
# weaker can break anything, or be written, orders.c must tell a stronger one: seq_cst.
header=include/errseq/errseq_inline.h source=src/errseq_template.h waiting=src/wait.c
macros=include/errseq/errseq_word.h library=src/errseq.c
table() {
	cat <<END
1  | $header | sample | ERRSEQ_LOAD_(&eseq->word_, acquire) | ERRSEQ_LOAD_(&eseq->word_, relaxed) | sample | message | yes
2  | $header | check | ERRSEQ_LOAD_(&eseq->word_, relaxed) | PLAIN | check | word | yes
3  | $header | check | ERRSEQ_ACQUIRE_(eseq); | (void)eseq; | check | message | yes
4  | $header | check_and_advance | ERRSEQ_LOAD_(&eseq->word_, relaxed) | PLAIN | advance | word | yes
5  | $source | init | memory_order_relaxed | memory_order_seq_cst | - | - | yes
6  | $source | set | atomic_load_explicit(&eseq->word_, memory_order_relaxed) | PLAIN | equal | word | yes
7  | $source | set | memory_order_release | memory_order_relaxed | advance | message | yes
7a | $source | set | next += ERRSEQ_STEP_; | next += ERRSEQ_STEP_; if (next == old) return 0; | equal | message | yes
8  | $source | set | memory_order_relaxed)) | memory_order_seq_cst)) | - | - | yes
9  | $header | peek | ERRSEQ_LOAD_(&eseq->word_, acquire) | ERRSEQ_LOAD_(&eseq->word_, relaxed) | peek-marked | message | yes
10 | $source | observe_ | ERRSEQ_OBSERVED_, memory_order_acquire | ERRSEQ_OBSERVED_, memory_order_relaxed | peek-overtaken | message | yes
11 | $source | mark_ | ERRSEQ_ACQUIRE_(eseq); | (void)eseq; | advance-marked | message | yes
12 | $source | mark_ | memory_order_acquire | memory_order_relaxed | advance | message | yes
13 | $source | load | atomic_load_explicit(&eseq->word_, memory_order_relaxed) | PLAIN | load | word | yes
14 | $header | check_shared | ERRSEQ_LOAD_(&since->cursor_, acquire) | ERRSEQ_LOAD_(&since->cursor_, relaxed) | shared-check | message | yes
15 | $header | check_and_advance_shared | ERRSEQ_LOAD_(&since->cursor_, acquire) | ERRSEQ_LOAD_(&since->cursor_, relaxed) | shared-advance | message | yes
16 | $header | check_and_advance_shared | ERRSEQ_LOAD_(&eseq->word_, relaxed) | PLAIN | shared-told | word | yes
17 | $source | advance_shared_ | memory_order_release | memory_order_relaxed | shared-advance | message | yes
18 | $source | advance_shared_ | memory_order_relaxed)) | memory_order_seq_cst)) | - | - | yes
19 | $source | advance_shared_ | (&since->cursor_, memory_order_acquire) | (&since->cursor_, memory_order_relaxed) | shared-lost | message | yes
20 | $source | advance_shared_ | atomic_load_explicit(&eseq->word_, memory_order_relaxed) | PLAIN | shared-lost-and-told | word | yes
21 | $source | shared_cursor_init | memory_order_relaxed | memory_order_seq_cst | - | - | yes
22 | $source | shared_cursor_get | memory_order_acquire | memory_order_relaxed | shared-get | message | yes
23 | $waiting | errseq_wait | atomic_load_explicit(&eseq->word_, memory_order_relaxed) | PLAIN | wait | word | yes
24 | $waiting | errseq_wait | ERRSEQ_ACQUIRE_(eseq); | (void)eseq; | wait | message | yes
25 | $source | settle | atomic_load_explicit(&eseq->word_, memory_order_relaxed) | PLAIN | settle | word | yes
26 | $source | settle | memory_order_release | memory_order_relaxed | settle-sample | message | yes
27 | $source | settle | memory_order_relaxed)) | memory_order_seq_cst)) | - | - | yes
28 | $source | shared_cursor_move | memory_order_release | memory_order_relaxed | move | message | yes
29 | $source | shared_cursor_move | memory_order_relaxed) | memory_order_seq_cst) | - | - | yes
fence | $macros | - | ERRSEQ_FENCE_(acquire) | ERRSEQ_FENCE_(relaxed) | check | - | yes
fence, TSan | $macros | - | (&(eseq)->word_, acquire) | (&(eseq)->word_, relaxed) | check | message | no
built-in | $macros | - | __ATOMIC_ACQUIRE | __ATOMIC_RELAXED | - | - | yes
END
}
mapfile -t rows < <(table | sed 's/ *| */|/g')

# fields ROW: sets number, file, function, before, after, scenario, about and orders
fields() {
	local plain='*(const ERRSEQ_(cursor_t) *)(const void *)&eseq->word_'
	IFS='|' read -r number file function before after scenario about orders <<<"$1"
	[ "$file" != $waiting ] || plain='*(const errseq_cursor_t *)(const void *)&eseq->word_'
	[ "$after" != PLAIN ] || after=$plain
}

# replaced FILE FUNCTION BEFORE AFTER: the file's text, with one text in the function replaced by another.
replaced() {
	local first=1 last head body rest tail
	last=$(wc -l <"$1")
	if [ "$2" != - ]; then
		first=$(grep -nE "^[a-zA-Z].*\<(ERRSEQ_\($2\)|$2)\)?\(" "$1" | cut -d: -f1)
		[[ $first =~ ^[0-9]+$ ]] || fail "the source has changed: $1 does not define $2 once"
		last=$((first - 1 + $(tail -n +"$first" "$1" | grep -nm1 '^}' | cut -d: -f1)))
	fi
	head=$(head -n $((first - 1)) "$1")
	body=$(sed -n "$first,${last}p" "$1")
	tail=$(tail -n +$((last + 1)) "$1")
	rest=${body//"$3"/}
	[ $((${#body} - ${#rest})) = ${#3} ] ||
		fail "the source has changed: '$3' is there $(((${#body} - ${#rest}) / ${#3})) times, not once, in $2 of $1"
	printf '%s\n' "$head" "${body/"$3"/"$4"}" "$tail"
}

# passing COMPILER FOLDER: passing.c over the source in that folder
passing() {
	"$1" -std=c11 -O1 -fsanitize=thread -I"$2/include" -include "$source_dir/tests/stress/between.h" \
		"$2/$library" "$2/$waiting" "$work/passing-${1##*/}.o" -pthread -o "$2/passing-${1##*/}"
}

# caught PROGRAM SCENARIO ABOUT: ThreadSanitizer reports races, and all of them are about that; - for none
caught() {
	local output status=0 place accesses
	output=$(TSAN_OPTIONS="exitcode=66 atexit_sleep_ms=0" timeout 60 "${runner[@]}" "$1" "$2" 2>&1) || status=$?
	if [ "$3" = - ]; then
		[ $status = 0 ] || fail "$1 $2 should be content, and ends with status $status:
$output"
		return
	fi
	[ $status = 66 ] || fail "$1 $2: no report about the $3, status $status:
$output"
	place=$(sed -n "s/^$3 at //p" <<<"$output")
	accesses=$(grep -iE '(read|write) of size [0-9]+ at ' <<<"$output")
	! grep -v " at $place by " <<<"$accesses" || fail "$1 $2 reports something else than a race about the $3:
$output"
}

# orders_fails FOLDER FLAGS...: whether orders.c over the source in that folder fails
orders_fails() {
	local folder=$1 status=0
	shift
	must "$cc" -std=c11 -O1 -I"$folder/include" -I"$source_dir/tests/shim" -c "$folder/$library" -o "$folder/errseq.o"
	must "$cc" -std=c11 -O1 -I"$folder/include" -I"$source_dir/tests/shim" -c "$folder/$waiting" -o "$folder/wait.o"
	must "$cc" "$@" "$folder/errseq.o" "$folder/wait.o" "$work/trace.o" "$cmocka" \
		-Wl,-rpath,"$(dirname "$cmocka")" -o "$folder/orders"
	timeout 60 "$folder/orders" >"$folder/orders.log" 2>&1 || status=$?
	[ $status = 0 ] || grep -q 'FAILED' "$folder/orders.log" || fail "$folder/orders ended with status $status:
$(cat "$folder/orders.log")"
	[ $status != 0 ]
}

# try ROW NUMBER: one variant
try() {
	local number file function before after scenario about orders compiler folder=$work/$1 got=no
	local -a how=("$work/orders.o")
	fields "${rows[$1]}"
	mkdir "$folder"
	cp -r "$source_dir/include" "$source_dir/src" "$folder"
	replaced "$source_dir/$file" "$function" "$before" "$after" >"$folder/$file"

	[ "$number" != built-in ] || how=(-std=c99 -O2 -D_DEFAULT_SOURCE -DTRACE_BUILTINS -I"$folder/include"
		${cmocka_include:+-I"$cmocka_include"} "$source_dir/tests/unit/orders.c")
	! orders_fails "$folder" "${how[@]}" || got=yes
	[ $got = "$orders" ] || fail "$number: does orders.c tell '$before' -> '$after' in $function? $got; expected $orders"

	[ "$scenario" = - ] || for compiler in "${with_tsan[@]}"; do
		must passing "$compiler" "$folder"
		caught "$folder/passing-${compiler##*/}" "$scenario" "$about"
	done
	printf '%-11s %-25s orders.c: %-4s TSan: %s\n' "$number" "$function" "$orders" "$(told)"
}

# What the last column of the document's table says.
told() {
	if [ "$scenario" = - ] || [ "$about" = - ]; then
		echo -
	else
		echo "\`$scenario\`: $about"
	fi
}

# Nothing is left out: every order is in the table, none is implicit, and the document says the same.
orders_in() {
	grep -v '^#define' "$source_dir/$1" | grep -oE 'memory_order_[a-z_]+|ERRSEQ_(LOAD|ACQUIRE|FENCE)_\(' || true
}
in_source=$({ orders_in $header && orders_in $source && orders_in $waiting; } | wc -l)
in_table=$(table | grep -cE '^[0-9]+ ')
[ "$in_source" = "$in_table" ] ||
	fail "the source has changed: it has $in_source memory orders, and $in_table are in this script's table"
for file in $header $source $waiting $library $macros; do
	! grep -nE '\<atomic_[a-z_]+\(' "$source_dir/$file" | grep -vE '_explicit\(|atomic_thread_fence\(memory_order' ||
		fail "$file has an atomic operation without an order"
done
for row in "${rows[@]}"; do
	fields "$row"
	grep -qE "^\| $number \|.*\| $orders \| $(told) \|$" "$source_dir/docs/memory-model.md" ||
		fail "docs/memory-model.md should have this row: | $number | ... | $orders | $(told) |"
done

# The source as it is: orders.c passes, and ThreadSanitizer has nothing to report.
mkdir "$work/as-it-is"
cp -r "$source_dir/include" "$source_dir/src" "$work/as-it-is"
must "$cc" -std=c11 -O1 -I"$source_dir/tests/shim" -c "$source_dir/tests/shim/trace.c" -o "$work/trace.o"
must "$cc" -std=c11 -D_DEFAULT_SOURCE -O1 -DERRSEQ_NO_INLINE -I"$source_dir/include" ${cmocka_include:+-I"$cmocka_include"} \
	-c "$source_dir/tests/unit/orders.c" -o "$work/orders.o"
! orders_fails "$work/as-it-is" "$work/orders.o" || fail "orders.c fails over the source as it is:
$(grep -E ' != |FAILED' "$work/as-it-is/orders.log")"

with_tsan=()
runner=()
for compiler in $(compilers_for "$cc" gcc clang); do
	if ! output=$("$compiler" -std=c11 -D_DEFAULT_SOURCE -O1 -fsanitize=thread -DERRSEQ_NO_INLINE -I"$source_dir/include" \
		-c "$source_dir/tests/stress/passing.c" -o "$work/passing-${compiler##*/}.o" 2>&1 &&
		passing "$compiler" "$work/as-it-is" 2>&1); then
		skip_part "weakened orders with $compiler: it does not link with -fsanitize=thread: $(tail -n 1 <<<"$output")"
		continue
	fi
	program=$work/as-it-is/passing-${compiler##*/}
	if ! "${runner[@]}" "$program" advance >"$work/first" 2>&1 && grep -q 'unexpected memory mapping' "$work/first"; then
		# An older ThreadSanitizer does not cope with as much address space randomisation as newer kernels do.
		runner=(setarch "$(uname -m)" -R)
		if ! "${runner[@]}" "$program" advance >"$work/first" 2>&1; then
			skip_part "weakened orders with $compiler: ThreadSanitizer does not run here: $(head -n 1 "$work/first")"
			runner=()
			continue
		fi
	fi
	table | cut -d'|' -f6 | tr -d ' ' | sort -u | grep -v '^-' | while read -r scenario; do
		caught "$program" "$scenario" -
	done
	with_tsan+=("$compiler")
done

# Two at a time.
half() {
	local i
	for ((i = $1; i < ${#rows[@]}; i += 2)); do
		(try "$i") >"$work/$i.log" 2>&1 || echo "$i" >>"$work/failed"
		cat "$work/$i.log"
	done
}
half 0 &
half 1
wait
[ ! -e "$work/failed" ] || fail "$(wc -l <"$work/failed") of ${#rows[@]} variants were not caught as the table says"
[ ${#with_tsan[@]} -gt 0 ] || skip "weakened orders: no compiler here has a ThreadSanitizer that runs; orders.c caught them"
echo "${#rows[@]} variants of the source were caught as the table says; ThreadSanitizer of: ${with_tsan[*]}"
