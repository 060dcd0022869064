# SPDX-License-Identifier: MIT
"""
Writes the tables of docs/benchmarks.md, each between two markers, from the figures of one or more runs of bench.

usage: benchmarks.py PAGE FIGURES.csv...
"""
import csv
import re
import sys
from collections import namedtuple

# What we set out to reach: workload, contestant, threads, how often the floor it may take, and what the floor is.
TARGETS = [
    ("check", "errseq", 1, 1.10, "load, compare, branch"),
    ("check", "errseq", 0, 1.10, "likewise, in each of all threads"),
    ("advance", "errseq", 1, 1.20, "load, compare, branch"),
    ("advance", "errseq-shared", 1, 2.00, "load, compare, branch"),
    ("sample", "errseq", 1, 1.10, "load and store"),
    ("record", "errseq", 1, 1.25, "one compare-exchange"),
    ("record-advance", "errseq", 1, 1.25, "two compare-exchanges"),
]
CALLS = {"check": "unchanged check", "advance": "unchanged check and advance", "sample": "sample",
         "record": "record, also when nothing changes", "record-advance": "record and be told, in turn"}
CODE_LIMIT = 2048
IN_SOURCE = {"called": "errseq-called", "static": "errseq-static", "shared": "errseq-shared", "locked": "errseq-locked"}

Run = namedtuple("Run", "about bytes misses code rows compiler")


def read(path):
    about, sizes, misses, code, lines = {}, {}, {}, None, []
    with open(path, encoding="utf-8") as file:
        for line in file:
            if not line.startswith("# "):
                lines.append(line)
                continue
            key, value = line[2:].rstrip("\n").split(": ", 1)
            if key == "bytes":
                name, word, observer = re.fullmatch(r"(\S+), word (\d+), observer (\d+)", value).groups()
                sizes[name] = (int(word), int(observer))
            elif key == "misses":
                name, near, far = re.fullmatch(r"(\S+), near (\S+), far (\S+)", value).groups()
                misses[IN_SOURCE.get(name, name)] = (near, far)
            elif key == "code":
                code = int(value.split()[0])
            else:
                about[key] = value.strip()
    rows = []
    for row in csv.DictReader(lines):
        for key in row:
            if key not in ("workload", "contestant"):
                row[key] = float(row[key]) if "." in row[key] else int(row[key])
        rows.append(row)
    return Run(about, sizes, misses, code, rows, about["compiler"].replace("GNU", "gcc").replace("Clang", "clang"))


def find(run, workload, contestant, **where):
    for row in run.rows:
        if row["workload"] == workload and row["contestant"] == contestant and \
                all(row[key] == value for key, value in where.items()):
            return row
    return None


def names(run):
    return list(run.bytes)


def time_text(ns):
    for unit, factor in (("ms", 1e6), ("µs", 1e3)):
        if ns >= factor:
            return f"{ns / factor:.3g} {unit}"
    return f"{ns:.3g} ns" if ns >= 1 else f"{ns:.2f} ns"


def table(heads, rows):
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    return "\n".join(lines + ["| " + " | ".join(str(c) for c in row) + " |" for row in rows])


# ---- the tables

def circumstances(runs):
    keys = ["date", "processor", "system", "threads", "flags", "turns"]
    return table(["", *(r.compiler for r in runs)], [[key, *(r.about[key] for r in runs)] for key in keys])


def targets(runs):
    rows = []
    for workload, contestant, threads, limit, floor in TARGETS:
        cells = []
        for run in runs:
            number = threads or max(r["threads"] for r in run.rows if r["workload"] == workload)
            row = find(run, workload, contestant, threads=number)
            mark = "" if row["floor_ratio"] <= limit else ", **missed**"
            cells.append(f"{row['floor_ratio']:.2f} ({row['floor_ratio_low']:.2f} to {row['floor_ratio_high']:.2f}){mark}")
        with_what = ", shared cursor" if contestant == "errseq-shared" else ""
        rows.append([CALLS[workload] + with_what, floor, f"≤ {limit:.2f}", *cells])
    cells = []  # with one processor there is no crowd
    for run in runs:
        number = max(r["threads"] for r in run.rows if r["workload"] == "advance")
        ratio = find(run, "advance", "mutex", threads=number)["errseq_ratio"]
        cells.append(f"{ratio:.0f} times, {number} threads" + ("" if ratio >= 25 else ", **missed**"))
    rows.append(["looks, beside a mutex", "the mutex takes ... as long", "≥ 25", *cells])
    rows.append(["code of both words together, at -O2", "bytes", f"< {CODE_LIMIT}",
                 *("?" if r.code is None else f"{r.code}{'' if r.code < CODE_LIMIT else ', **missed**'}" for r in runs)])
    return table(["what", "floor", "target", *(r.compiler for r in runs)], rows)


def calls(runs):
    """One thread: nanoseconds, and how often the floor."""
    run = runs[0]
    workloads = ["check", "advance", "flags", "news", "sample", "peek", "record", "record-alternating", "record-advance"]
    rows = []
    for name in names(run):
        cells = []
        for workload in workloads:
            row = find(run, workload, name, threads=1)
            cells.append(f"{row['ns']:.2f} ({row['floor_ratio']:.2f})" if row else "")
        rows.append([name, *cells])
    return table(["ns a call (times the floor)", *workloads], rows)


def threads(runs, workloads):
    run = runs[0]
    rows = []
    columns = [(w, r["threads"]) for w in workloads for r in run.rows if r["workload"] == w and r["contestant"] == "floor"]
    if not columns:
        return "It takes 2 processors."
    for name in names(run):
        cells = []
        for workload, number in columns:
            row = find(run, workload, name, threads=number)
            cells.append(f"{row['ns']:.3g} ({row['floor_ratio']:.3g})" if row else "")
        rows.append([name, *cells])
    return table(["ns a call (times the floor)", *(f"{w.replace('-recorder', '')}, {n}" for w, n in columns)], rows)


def observers(runs):
    run = runs[0]
    counts = sorted({r["observers"] for r in run.rows if r["workload"] == "observers"})
    shown = [c for c in counts if c in (1, 1000, 1000000)]
    rows = []
    for name in names(run):
        row = [name]
        for workload in ("observers", "round"):
            for count in shown:
                found = find(run, workload, name, observers=count)
                row.append(time_text(found["ns"]) if found else "")
        rows.append([*row, run.bytes[name][1]])
    heads = [f"a record, {c:,}" for c in shown] + [f"each is told, {c:,}" for c in shown]
    return table(["", *heads, "bytes an observer"], rows)


def words(runs):
    run = runs[0]
    counts = sorted({r["words"] for r in run.rows if r["workload"] == "words"})
    rows = []
    for name in names(run):
        cells = []
        for count in counts:
            row = find(run, "words", name, words=count)
            cells.append(f"{time_text(row['ns'])} ({row['floor_ratio']:.2f})")
        near, far = run.misses.get(name, ("not counted", "not counted"))
        rows.append([name, *run.bytes[name], *cells, near, far])
    return table(["", "bytes a word", "an observer", *(f"a look, {c:,} words (times the floor)" for c in counts),
                  "misses near", "misses far"], rows)


def wake(runs):
    run = runs[0]
    rows = []
    for workload, what in (("wake", "until all are awake"), ("wake-recorder", "the recorder is busy for")):
        for waiters in sorted({r["threads"] for r in run.rows if r["workload"] == workload}):
            found = [find(run, workload, name, threads=waiters) for name in ("floor", "errseq", "condition", "eventfd")]
            rows.append([f"{what}, {waiters} waiter{'s' * (waiters > 1)}",
                         *(f"{time_text(f['ns'])} ({time_text(f['ns_low'])} to {time_text(f['ns_high'])})" for f in found)])
    if not rows:
        return "It takes 2 processors."
    return table(["", "bare futex", "errseq_wait, errseq_wake", "condition variable", "an eventfd each"], rows)


def main():
    page, *paths = sys.argv[1:]
    runs = sorted((read(path) for path in paths), key=lambda r: r.compiler != "gcc" and not r.compiler.startswith("gcc"))
    tables = {
        "circumstances": circumstances(runs), "targets": targets(runs), "calls": calls(runs),
        "looks": threads(runs, ["check", "check-apart", "advance"]),
        "beside": threads(runs, ["beside-1000", "beside-1000000"]),
        "recorder": threads(runs, ["beside-1000-recorder", "beside-1000000-recorder"]),
        "storm": threads(runs, ["record", "record-alternating"]),
        "observers": observers(runs), "words": words(runs), "wake": wake(runs),
    }
    with open(page, encoding="utf-8") as file:
        text = file.read()
    for name, new in tables.items():
        marked = re.compile(rf"(<!-- {name} begins -->\n).*?(<!-- {name} ends -->)", re.DOTALL)
        if not marked.search(text):
            sys.exit(f"benchmarks.py: {page} has no place for the table '{name}': <!-- {name} begins -->")
        text = marked.sub(lambda m: f"{m[1]}\n{new}\n\n{m[2]}", text)
    with open(page, "w", encoding="utf-8") as file:
        file.write(text)


main()
