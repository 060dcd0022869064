# SPDX-License-Identifier: MIT
# usage: gnuplot -e "csv='FIGURES.csv'; folder='WHERE'" bench/plots.gp
# Draws the three plots of docs/benchmarks.md from what bench --csv wrote.
set terminal svg size 860,520 font "sans-serif,14" background rgb "white" linewidth 1.4
set datafile separator ","
set grid ytics lc rgb "#dddddd"
set border 3
set tics nomirror
set key outside right top vertical Left reverse samplen 1.5 spacing 1.3
set style line 1 lc rgb "#000000" pt 2 lw 1 dt 2 # the floor
set style line 2 lc rgb "#c1272d" pt 7 lw 2.4    # libErrseq
set style line 3 lc rgb "#e8896b" pt 9 lw 1.6
set style line 4 lc rgb "#0b6fa4" pt 5
set style line 5 lc rgb "#2a9d6f" pt 11
set style line 6 lc rgb "#7d5ba6" pt 13
set style line 7 lc rgb "#1d3557" pt 1
set style line 8 lc rgb "#666666" pt 6
set style line 9 lc rgb "#e8896b" pt 8 dt 3
set autoscale xfixmax
title_of(name) = name eq "floor" ? "bare instructions" : name eq "errseq" ? "libErrseq" : \
	name eq "errseq-shared" ? "libErrseq, shared cursor" : name eq "errseq-called" ? "libErrseq, by call" : name

# The rows of a workload and a contestant. Where nothing else is asked, of one thread.
of(workload, contestant) = sprintf("< awk -F, '$1 == \"%s\" && $5 == \"%s\"' '%s'", workload, contestant, csv)
alone(workload, contestant) = \
	sprintf("< awk -F, '$1 == \"%s\" && $5 == \"%s\" && $2 == 1' '%s'", workload, contestant, csv)

set output folder . "/look-threads.svg"
set title "A look with nothing new, at one word\n{/*0.85 check and advance; medians; less is better}"
set xlabel "threads that look at once, a processor each"
set ylabel "time of a look, in each thread"
set logscale xy
set xrange [0.9:*]
set yrange [0.1:*]
set xtics (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)
set ytics ("0.1 ns" 0.1, "1 ns" 1, "10 ns" 10, "100 ns" 100, "1 µs" 1000, "10 µs" 10000)
contestants = "floor errseq errseq-shared packed seqlock spinlock mutex rwlock errseq-locked"
array style = [1, 2, 3, 7, 8, 6, 4, 5, 9]
plot for [i=1:words(contestants)] of("advance", word(contestants, i)) using 2:7 \
	with linespoints ls style[i] title title_of(word(contestants, i))

set output folder . "/record-observers.svg"
set title "A record, as observers of the word become more\n{/*0.85 one thread records, nobody looks; medians; less is better}"
set xlabel "observers of the word"
set ylabel "time of a record"
set format x "10^{%L}"
set xtics autofreq
set yrange [1:*]
set ytics ("1 ns" 1, "10 ns" 10, "100 ns" 100, "1 µs" 1e3, "10 µs" 1e4, "100 µs" 1e5, "1 ms" 1e6, "10 ms" 1e7)
contestants = "floor errseq packed seqlock mutex rwlock registry"
array style2 = [1, 2, 7, 8, 4, 5, 11]
set style line 11 lc rgb "#b8860b" pt 4
plot for [i=1:words(contestants)] of("observers", word(contestants, i)) using 3:7 \
	with linespoints ls style2[i] title title_of(word(contestants, i))

set output folder . "/ratio-to-floor.svg"
set title "What each call costs, as a multiple of the bare instructions\n{/*0.85 one thread; medians of the ratios, turn by turn; less is better; the dashed line is the floor}"
unset logscale x
set xlabel ""
set ylabel "times the bare instructions"
set ytics autofreq
set bmargin 4
set xrange [0.4:5.6]
set yrange [0.4:*]
set xtics ("check" 1, "check and\nadvance" 2, "sample" 3, "record" 4, "record and\nadvance" 5)
workloads = "check advance sample record record-advance"
contestants = "errseq errseq-shared errseq-called packed seqlock spinlock mutex"
array style3 = [2, 3, 10, 7, 8, 6, 4]
set style line 10 lc rgb "#e8896b" pt 8
set arrow from graph 0, first 1 to graph 1, first 1 nohead dt 2 lc rgb "black" back
beside(i, w) = w + (i - 4) * 0.1
plot for [w=1:words(workloads)] for [i=1:words(contestants)] \
	alone(word(workloads, w), word(contestants, i)) using (beside(i, w)):10 with points ls style3[i] ps 1.5 \
	title w == 1 ? title_of(word(contestants, i)) : ""
