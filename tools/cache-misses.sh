#!/bin/bash
# SPDX-License-Identifier: MIT
# Counts the cache misses of a look at one of a million words, for each contestant of bench/bench, in a processor
# that valgrind simulates, so that they are the same everywhere: 32 KiB beside the core, 8 MiB behind it.
# usage: cache-misses.sh BENCH
# Prints a line for each contestant: "# misses: NAME, near N.NN, far N.NN", a look.
set -euo pipefail
source_dir=$(cd "$(dirname "$0")/.." && pwd)
. "$source_dir/tests/common/check.sh"

if [ $# -ne 1 ] || [ ! -x "$1" ]; then
	echo "usage: tools/cache-misses.sh BENCH" >&2
	exit 2
fi
have valgrind || skip "cache misses: valgrind is not installed"
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
looks=1000000
valgrind --tool=callgrind --cache-sim=yes --I1=32768,8,64 --D1=32768,8,64 \
	--LL=8388608,16,64 --collect-atstart=no '--toggle-collect=loop_walk_of_*' --callgrind-out-file="$work/out" \
	"$1" --only words --words "$looks" --turns 1 --calls "$looks" >"$work/log" 2>&1 ||
	fail "$(tail -n 20 "$work/log")"
# Events, in callgrind's order: line Ir Dr Dw I1mr D1mr D1mw ILmr DLmr DLmw. What a loop calls is in lines after
# "calls=", and is added to the loop's own. A name is written out where it comes first, be it as a callee.
awk -v looks="$looks" '
	/^c?fn=/ {
		match($0, /\([0-9]+\)/)
		id = substr($0, RSTART, RLENGTH)
		if ($2 != "")
			name[id] = $2
		if (/^fn=/)
			who = name[id]
	}
	who ~ /^loop_walk_of_/ && /^[0-9+*-]/ {
		near[who] += $6 + $7
		far[who] += $9 + $10
	}
	END {
		for (who in near) {
			n = who
			sub(/.*contestant_/, "", n)
			printf "# misses: %s, near %.2f, far %.2f\n", n, near[who] / looks, far[who] / looks
		}
	}' "$work/out" | sort >"$work/misses"
contestants=$("$1" --list | awk '/ yes / { n++ } END { print n }')
[ "$(wc -l <"$work/misses")" = "$contestants" ] ||
	fail "callgrind tells of $(wc -l <"$work/misses") contestants, and there are $contestants"
cat "$work/misses"
