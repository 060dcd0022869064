#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Figures, tables and plots of docs/evidence/benchmarks.md.

usage: benchmarks.py [--docs DIR] [BENCH | RAW.csv]...

BENCH is a built bench/bench. It runs, on a machine that should have nothing else to do, and its figures go to
docs/evidence/benchmarks/PROCESSOR.COMPILER.csv. RAW.csv is what `bench --csv` printed elsewhere. Then the page's
tables and plots are made from all files there; without an argument, only that. The page says which file a table is
for: <!-- NAME: FILE -->. It takes gnuplot, and with BENCH also gcc or clang, size and valgrind. DIR has the page and
the folder; docs/evidence if nothing is said.
"""
import argparse
import csv
import re
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLOTTED = "amd-epyc.gcc-12"

# What we set out to reach, as a multiple of the floor. n: 0 means as many threads as there are.
TARGETS = [
    ("check, no new error, 1 thread", "check", 1, "errseq", 1.10),
    ("check, no new error, all threads", "check", 0, "errseq", 1.10),
    ("check and advance, no new error", "advance", 1, "errseq", 1.20),
    ("check and advance, shared cursor, no new error", "advance", 1, "errseq-shared", 2.00),
    ("sample", "sample", 1, "errseq", 1.10),
    ("record, also of the same error again", "record", 1, "errseq", 1.25),
    ("record and report, in turn", "record-advance", 1, "errseq", 1.25),
]
# The columns of the page's tables: workload, n, what the figure is, heading.
CALLS = [(w, 1, "ns", w) for w in ("check", "advance", "flags", "error", "sample", "peek", "record", "record-spaced",
                                    "record-advance")]
THREADS = [(w, 0, "ns", w) for w in ("check", "check-apart", "advance", "beside-1000", "beside-1000-recorder",
                                     "beside-1000000", "beside-1000000-recorder", "record", "record-alternating")]
SIZES = [("bytes-word", 1, "count", "bytes a word"), ("bytes-observer", 1, "count", "bytes an observer"),
         ("observers", 1000000, "ns", "record, 1,000,000 observers"),
         ("round", 1000000, "ns", "report to each of 1,000,000"),
         ("words", 1000000, "ns", "check at one of 1,000,000 words"),
         ("misses-near", 1000000, "count", "misses near"), ("misses-far", 1000000, "count", "misses far")]


def measure(bench):
    """What bench prints, and beside it: the size of what everybody links, and the cache misses of a walk."""
    raw = subprocess.run([bench, "--csv"], check=True, capture_output=True, text=True).stdout
    compiler = "gcc" if "# compiler: GNU" in raw else "clang"
    with tempfile.NamedTemporaryFile(suffix=".o") as code:
        subprocess.run([compiler, "-std=c11", "-O2", f"-I{ROOT}/include", "-c", f"{ROOT}/src/errseq.c", "-o", code.name],
                       check=True)
        sections = subprocess.run(["size", "-A", code.name], check=True, capture_output=True, text=True).stdout
    size = sum(int(n) for n in re.findall(r"^\.text\S*\s+(\d+)", sections, re.MULTILINE))
    misses = subprocess.run([f"{ROOT}/tools/cache-misses.sh", bench], check=True, capture_output=True, text=True).stdout
    return f"{raw}code,1,errseq,{size}\n{misses}"


def keep(raw, folder):
    """Writes the medians and the ratios to the file of this processor and compiler: a column for each contestant."""
    about = dict(re.findall(r"^# (\w+): *(.*)$", raw, re.MULTILINE))
    processor = re.sub(r"\((R|TM)\)|\b(CPU|Processor)\b|@.*", "", about["processor"], flags=re.IGNORECASE)
    compiler = about["compiler"].replace("GNU", "gcc").split(".")[0]
    name = ".".join("-".join(text.lower().split()) for text in (processor, compiler))
    cells, contestants = {}, {}
    for row in csv.DictReader(line for line in raw.splitlines() if line[0] != "#"):
        contestants[row["contestant"]] = None
        figures = {"ns": row["ns"], "ratio": row["ratio"]} if row["ratio"] else {"count": row["ns"]}
        for figure, value in figures.items():
            cells.setdefault((row["workload"], row["n"], figure), {})[row["contestant"]] = f"{float(value):.4g}"
    with open(folder / f"{name}.csv", "w", encoding="utf-8") as file:
        for key, value in about.items():
            file.write(f"# {key}: {value}\n")
        file.write(",".join(["workload", "n", "figure", *contestants]) + "\n")
        for key, row in cells.items():
            file.write(",".join([*key, *(row.get(c, "") for c in contestants)]) + "\n")


class Run:
    """A file of the folder."""

    def __init__(self, path):
        text = path.read_text(encoding="utf-8")
        self.name = path.stem
        self.about = dict(re.findall(r"^# (\w+): (.*)$", text, re.MULTILINE))
        rows = list(csv.DictReader(line for line in text.splitlines() if line[0] != "#"))
        self.contestants = list(rows[0])[3:]
        self.rows = {(r["workload"], int(r["n"]), r["figure"]): r for r in rows}

    def most(self, workload):
        return max((n for w, n, _ in self.rows if w == workload), default=0)

    def get(self, workload, n, figure, contestant):
        text = self.rows.get((workload, n or self.most(workload), figure), {}).get(contestant, "")
        return float(text) if text else None


def number(value):
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"


def table(heads, rows):
    lines = [f"| {' | '.join(heads)} |", "|---|" + "--:|" * (len(heads) - 1)]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows])


def columns(run, spec):
    heads = [f"{h}, {run.most(w)} thread{'s' * (run.most(w) > 1)}" if n == 0 else h for w, n, _, h in spec]
    rows = [[c, *(number(run.get(w, n, f, c)) for w, n, f, _ in spec)] for c in run.contestants]
    return table(["", *heads], [row for row in rows if any(row[1:])])


def targets(runs):
    def cell(value, is_met):
        shown = "" if value is None else f"{value:.2f}" if value < 10 else f"{value:,.0f}"
        return f"{shown}, **missed**" if shown and not is_met else shown

    rows = []
    for what, workload, n, contestant, limit in TARGETS:
        ratios = [run.get(workload, n, "ratio", contestant) for run in runs]
        rows.append([what, f"≤ {limit:.2f}", *(cell(r, r and r <= limit) for r in ratios)])
    mutex = [run.get("advance", 0, "ratio", "mutex") for run in runs]
    rows.append(["for comparison: check and advance of a mutex, all threads", "≥ 25", *(cell(r, r and r >= 25) for r in mutex)])
    for what, contestant in (("record beside a bare fetch-and-add, which cannot say which error", "errseq"), ("the same with a spinlock", "spinlock"),
                             ("the same with a mutex", "mutex")):
        pairs = [(run.get("record", 1, "ns", contestant), run.get("record", 1, "ns", "counter")) for run in runs]
        rows.append([what, "", *(cell(r and c and r / c, True) for r, c in pairs)])
    code = [run.get("code", 1, "count", "errseq") for run in runs]
    rows.append(["code of both words at -O2, bytes", "< 2048", *(cell(b, b and b < 2048) for b in code)])
    rows.append(["threads", "", *(str(run.most("check")) for run in runs)])
    rows.append(["measured", "", *(run.about["date"].split()[0] for run in runs)])
    return table(["times the floor", "target", *(f"[{r.name}](benchmarks/{r.name}.csv)" for r in runs)], rows)


def plot(folder, processor):
    given = f"csv='{folder}/{PLOTTED}.csv'; folder='{folder}'; processor='{processor}'"
    subprocess.run(["gnuplot", "-e", given, f"{ROOT}/bench/plots.gp"], check=True)
    for path in folder.glob("*.svg"):  # without what gnuplot writes and nothing shows
        svg = path.read_text(encoding="utf-8")
        svg = re.sub(r"<g [^>]*>\s*</g>|<filter.*?</filter>|<desc>.*?</desc>|<!--.*?-->", "", svg, flags=re.DOTALL)
        for name in reversed(re.findall(r"<\w+[^>]* id='(gp\w+)'", svg)):
            if f"#{name}'" not in svg:
                svg = re.sub(rf"<\w+[^>]* id='{name}'[^>]*/>", "", svg)
        path.write_text(re.sub(r"\s*\n\s*(?!\s)", "\n", svg), encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--docs", type=Path, default=ROOT / "docs/evidence")
    parser.add_argument("sources", nargs="*")
    arguments = parser.parse_args()
    page, folder = arguments.docs / "benchmarks.md", arguments.docs / "benchmarks"
    for source in arguments.sources:
        keep(Path(source).read_text(encoding="utf-8") if source.endswith(".csv") else measure(source), folder)
    runs = {path.stem: Run(path) for path in sorted(folder.glob("*.csv"))}
    made = {"targets": lambda _: targets(list(runs.values())), "calls": lambda run: columns(run, CALLS),
            "threads": lambda run: columns(run, THREADS), "sizes": lambda run: columns(run, SIZES)}
    text, found = re.subn(r"(<!-- (\w+): (\S+) -->\n).*?(?=<!-- end -->)",
                          lambda m: f"{m[1]}\n{made[m[2]](runs.get(m[3]))}\n\n",
                          page.read_text(encoding="utf-8"), flags=re.DOTALL)
    if found != len(made):
        parser.error(f"{page} has {found} tables instead of {len(made)}: look for '<!-- NAME: FILE -->' and '<!-- end -->'")
    page.write_text(text, encoding="utf-8")
    plot(folder, runs[PLOTTED].about["processor"])


main()
