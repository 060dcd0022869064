#!/bin/bash
# SPDX-License-Identifier: MIT
# Measures, draws the plots, and writes the tables of docs/benchmarks.md. On a machine that has nothing else to do.
# usage: benchmarks.sh [BENCH...]
# BENCH is a built bench/bench. Each is run; its figures go to docs/benchmarks/figures.gcc.csv or .clang.csv, after
# the compiler that it was built with. Without one, plots and tables are made again from the figures that are there.
# Exits with 77 if gnuplot or python3 is missing, 2 if it was called wrongly, 1 if an answer was wrong.
set -euo pipefail
source_dir=$(cd "$(dirname "$0")/.." && pwd)
. "$source_dir/tests/common/check.sh"
out=$source_dir/docs/benchmarks

for tool in gnuplot python3 size; do
	have "$tool" || skip "benchmarks: $tool is not installed"
done
mkdir -p "$out"
for bench in "$@"; do
	[ -x "$bench" ] || {
		echo "benchmarks.sh: no such program: $bench" >&2
		exit 2
	}
	"$bench" --csv "$out/new.csv"
	case $(sed -n 's/^# compiler: //p' "$out/new.csv") in
	GNU*) compiler=gcc ;;
	Clang* | AppleClang*) compiler=clang ;;
	*) fail "docs/benchmarks/new.csv: which compiler is that?" ;;
	esac
	# The size of what everybody links, and how many cache misses a look at a filesystem's inodes takes.
	if have "$compiler"; then
		"$compiler" -std=c11 -O2 -I"$source_dir/include" -c "$source_dir/src/errseq.c" -o "$out/errseq.o"
		printf '# code: %s bytes\n' "$(size -A "$out/errseq.o" | awk '/^\.text/ { n += $2 } END { print n }')" >>"$out/new.csv"
		rm "$out/errseq.o"
	fi
	if have valgrind; then
		"$source_dir/tools/cache-misses.sh" "$bench" | tee -a "$out/new.csv"
	else
		skip_part "cache misses: valgrind is not installed"
	fi
	mv "$out/new.csv" "$out/figures.$compiler.csv"
done
compgen -G "$out/figures.*.csv" >/dev/null || fail "there are no figures yet: give me a built bench/bench"
main=$out/figures.gcc.csv
[ -e "$main" ] || main=$out/figures.clang.csv
gnuplot -e "csv='$main'; folder='$out'" "$source_dir/bench/plots.gp"
python3 "$source_dir/tools/benchmarks.py" "$source_dir/docs/benchmarks.md" "$out"/figures.*.csv
