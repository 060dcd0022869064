# SPDX-License-Identifier: MIT
"""
Adds up what gcov says of all test programs. See coverage.sh.

gcovr would do that too, but for one thing: errseq_template.h and errseq_inline.h are read twice, so that each of their lines
is two, one of errseq_... and one of errseq64_..., and gcovr takes them for one. gcov tells them apart, by the
function. What the header inlines into a program has no function, and its branches are those that the program
happened to leave; of these copies only the lines are counted, as a third reading.

gcov counts some edges of a function's graph and takes the others for the difference. A call that is left for
ever, by longjmp or by _exit, makes the difference wrong, below zero even. So a count below zero is a failure
here, and the tests that leave calls for ever, crash.*, are not among those that are counted.
"""
import json
import os
import subprocess
import sys
from collections import defaultdict

FOLDERS = ("src/", "include/")


def readings(source, build):
    """{(file, reading): {line: [count, {branch: count}]}}, {(file, function): count}"""
    lines = defaultdict(lambda: defaultdict(lambda: [0, defaultdict(int)]))
    functions = defaultdict(int)
    notes = []
    for folder, _, names in os.walk(build):
        notes += [os.path.join(folder, n) for n in names if n.endswith(".gcda")]
    if not notes:
        sys.exit(f"coverage: no counts in {build}: build it with the preset coverage and run ctest there")
    for note in sorted(notes):
        told = subprocess.run(["gcov", "--branch-probabilities", "--json-format", "--stdout", note],
                              capture_output=True, check=True, text=True).stdout
        for unit in map(json.loads, told.splitlines()):
            for file in unit["files"]:
                path = os.path.relpath(os.path.join(unit["current_working_directory"], file["file"]), source)
                if not path.startswith(FOLDERS):
                    continue
                for function in file["functions"]:
                    functions[path, function["name"]] += function["execution_count"]
                for line in file["lines"]:
                    function = line.get("function_name")
                    reading = "inlined" if not function else "64" if function.startswith("errseq64_") else "32"
                    entry = lines[path, reading][line["line_number"]]
                    entry[0] += line["count"]
                    if reading != "inlined":
                        for number, branch in enumerate(line["branches"]):
                            entry[1][number] += branch["count"]
    return lines, functions


def main():
    source, build = sys.argv[1:]
    lines, functions = readings(source, build)
    problems = []

    def missed(path, reading, number, what):
        with open(os.path.join(source, path), encoding="utf-8") as file:
            text = file.read().splitlines()[number - 1].strip()
        problems.append(f"{path}:{number} ({reading}): {what}: {text}")

    print("| file | reading | lines | branches | functions |\n|---|---|---|---|---|")
    for (path, reading), entries in sorted(lines.items()):
        taken = [count for _, branches in entries.values() for count in branches.values()]
        reached = [c for (of, name), c in functions.items()
                   if of == path and ("64" if name.startswith("errseq64_") else "32") == reading]

        def share(counts):
            return f"{sum(c > 0 for c in counts)} of {len(counts)}" if counts else "-"

        print(f"| {path} | {reading} | {share([e[0] for e in entries.values()])} | {share(taken)} | {share(reached)} |")
        for number, (count, branches) in sorted(entries.items()):
            if count <= 0:
                missed(path, reading, number, f"reached {count} times")
            for branch, times in sorted(branches.items()):
                if times <= 0 < count:
                    missed(path, reading, number, f"branch {branch} taken {times} times")
    for path in ("src/errseq.c", "src/errseq_template.h", "src/wait.c", "include/errseq/errseq_inline.h"):
        if not any(of == path for of, _ in lines):
            problems.append(f"{path}: gcov says nothing of it")
    for problem in problems:
        print(f"FAIL: {problem}")
    sys.exit(1 if problems else 0)


main()
