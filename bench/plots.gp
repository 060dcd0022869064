# SPDX-License-Identifier: MIT
# usage: gnuplot -e "csv='FIGURES.csv'; folder='WHERE'; processor='NAME'" bench/plots.gp
# Draws the two plots of docs/evidence/benchmarks.md. They have their own background, so that they can be read in dark
# and light mode.
set terminal svg size 640,360 font "sans-serif,14" background rgb "#fbfbfb"
set datafile separator ","
set datafile columnheaders
set border 3 lc rgb "#555555"
set tics nomirror
set grid ytics lc rgb "#dddddd"
set key left top Left reverse samplen 2 width -4
set style line 1 lc rgb "#888888" lw 5           # the floor, below the others
set style line 2 lc rgb "#b5121b" pt 7 lw 2      # libErrseq
set style line 3 lc rgb "#0b6fa4" pt 5 lw 2
set style line 4 lc rgb "#8a6d00" pt 9 lw 2
rows(workload) = sprintf("< grep -E '^workload|^%s,[0-9]+,ns' '%s'", workload, csv)
set logscale xy
set autoscale xfixmax
set rmargin 7

set output folder . "/check-threads.svg"
set title "A check with no new error (" . processor . "; lower is better)"
set xlabel "threads that check one word at once"
set ylabel "time of a check"
set xrange [0.95:*]
set yrange [0.1:1000]
set xtics (1, 2, 4, 8, 16, 32, 64, 128)
set ytics ("0.1 ns" 0.1, "1 ns" 1, "10 ns" 10, "100 ns" 100, "1 µs" 1000)
plot rows("check") using "n":"mutex" with linespoints ls 3 title "mutex", \
	"" using "n":"floor" with lines ls 1 title "bare load, compare, branch", \
	"" using "n":"errseq" with linespoints ls 2 title "libErrseq"

set output folder . "/record-observers.svg"
set title "A record, no checks (" . processor . "; lower is better)"
set xlabel "observers of the word"
set ylabel "time of a record"
set xrange [1:*]
set yrange [1:2e7]
set xtics ("1" 1, "100" 100, "10,000" 1e4, "1,000,000" 1e6)
set ytics ("1 ns" 1, "100 ns" 100, "10 µs" 1e4, "1 ms" 1e6)
plot rows("observers") using "n":"registry" with linespoints ls 4 title "list of observers", \
	"" using "n":"mutex" with lines ls 3 title "mutex", \
	"" using "n":"floor" with lines ls 1 title "bare compare-exchange", \
	"" using "n":"errseq" with linespoints ls 2 title "libErrseq"
