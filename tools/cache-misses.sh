#!/bin/bash
# SPDX-License-Identifier: MIT
# Counts the cache misses of a check and advance at one of a million words, for each contestant of bench/bench, in a
# processor that valgrind simulates, so that they are the same everywhere: 32 KiB near the core, 8 MiB far from it.
# usage: cache-misses.sh BENCH
# Prints two rows of CSV for each contestant: misses-near,WORDS,NAME,MISSES and misses-far,WORDS,NAME,MISSES.
set -euo pipefail
. "$(dirname "$0")/../tests/common/check.sh"

[ -x "${1-}" ] || fail "usage: tools/cache-misses.sh BENCH"
have valgrind || skip "cache misses: valgrind is not installed"
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
words=1000000
must valgrind --tool=callgrind --cache-sim=yes --I1=32768,8,64 --D1=32768,8,64 --LL=8388608,16,64 --collect-atstart=no \
	'--toggle-collect=loop_walk_of_*' --callgrind-out-file="$work/out" "$1" --words "$words" words
# reads and writes that miss; what a loop calls is added to the loop
callgrind_annotate --inclusive=yes --threshold=100 --show=D1mr,D1mw,DLmr,DLmw "$work/out" |
	sed -nE 's/,//g; s/\([^)]*%\)//g; /loop_walk_of_/p' | awk -v words="$words" '{
		for (name = $5; name ~ /_of_contestant_/; sub(/.*_of_contestant_/, "", name)) ;
		sub(/ .*/, "", name)
		gsub(/_/, "-", name)
		printf "misses-near,%d,%s,%.2f\n", words, name, ($1 + $2) / words
		printf "misses-far,%d,%s,%.2f\n", words, name, ($3 + $4) / words
	}' >"$work/misses"
contestants=$("$1" --help | grep -c 'bytes a word')
[ "$(wc -l <"$work/misses")" -eq $((2 * contestants)) ] || fail "not two rows for each of $contestants contestants: $(cat "$work/misses")"
cat "$work/misses"
