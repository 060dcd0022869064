# SPDX-License-Identifier: MIT
"""
Builds and tests each mutant, and holds the outcome against the list of those that are known to survive.

Each worker has a copy of the tree. A mutant is built and tested in stages, the quickest killers first, and
the first test that fails ends it. A program that is byte for byte what the library's own source gives is
not run: its outcome is known.
"""
import argparse
import contextlib
import hashlib
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field

import rules

FILES = ["src/errseq.c", "src/errseq_template.h", "src/wait.c", "include/errseq/errseq.h",
         "include/errseq/errseq_inline.h", "include/errseq/errseq_word.h", "include/errseq/errseq_constant.h"]

# Builds: compilers and flags. gcc's is the one that every mutant goes through. The others see what it does not:
# accesses out of bounds, and what only clang or ThreadSanitizer compiles.
BUILDS = {
    "gcc": ("gcc", "g++", "-O2"),
    "gcc-asan": ("gcc", "g++", "-O1 -fsanitize=address,undefined -fno-sanitize-recover=all"),
    "gcc-tsan": ("gcc", "g++", "-O2 -fsanitize=thread"),
    "clang": ("clang", "clang++", "-O2"),
    "clang-tsan": ("clang", "clang++", "-O2 -fsanitize=thread"),
}

# Which tests of which build, in which order, for mutants of which files. A test that one stage had is left out
# of the next. The last ones are for what only they compile: the code for other compilers and for users' mistakes.
STAGES = [
    ("gcc", r"unit\.(orders|look|set|inside)\.c11", ""),
    ("gcc", r"unit\.(orders|look|set|inside|position|shared|word|interference|list_proposals)\.(c11|64)", ""),
    ("gcc", r"(unit|model|crash)\..*\.(c11|64|32)", ""),
    ("gcc", r"(unit|model|crash|stress)\..*(?<!\.all)", ""),
    ("gcc-asan", r"unit\.(inside|set|look)\.(c11|64)", ""),
    ("gcc", r"api\.(source\.all|symbols)", ""),
    ("clang", r"unit\.(orders|look|set|shared)\.(c11|c99|c\+\+)", "include/"),
    ("gcc-tsan", r"unit\.orders\.(c11|c99)", "include/"),
    ("clang-tsan", r"unit\.orders\.(c11|c99)", "include/"),
    ("gcc", r"api\.(header|misuse)\.all", "include/"),
]
QUICK_STAGES = STAGES[:4]
OF_ANOTHER_MACHINE = r"__riscv|ERRSEQ_RELEASE_"
NO_FAULT = r"#define ANY_BIT"  # with one bit less it is as good; rules.py has 0 for it where it is used
# A compiler that reads a mutant of #include or #define may take all the memory there is. Not for what sanitizers
# instrument: that takes terabytes of addresses.
MEMORY = 1 << 32
# In C, what newer compilers refuse by default.
ERRORS = "-Werror=implicit-function-declaration -Werror=int-conversion -Werror=incompatible-pointer-types"
LIBRARIES = ["errseq_static", "errseq_shared"]  # what scripts look at


class Broken(Exception):
    """Something that is no mutant's fault."""


@dataclass
class Test:
    name: str
    target: str  # that it runs; none if it is a script
    command: list
    directory: str
    environment: dict
    skip_code: int
    seconds: float = 0
    fingerprint: str = ""


@dataclass
class Build:
    name: str
    folder: str
    tests: dict = field(default_factory=dict)
    targets: set = field(default_factory=set)


def run(command, directory=None, timeout=600, environment=None, memory=0):
    """Its exit status, and what it said. What takes too long is killed with all that it started: 124, or -9."""
    limited = ["prlimit", f"--as={memory}"] if memory else []
    done = subprocess.run(["timeout", "--kill-after=1", str(timeout), *limited, *command], cwd=directory, env=environment,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.returncode, done.stdout.decode(errors="replace")


class Worker:
    def __init__(self, source, folder, stages):
        self.source, self.folder, self.stages = source, folder, stages
        self.tree = os.path.join(folder, "tree")
        self.builds = {}
        self.mutated = None  # the file that is not as it was
        self.copy_tree()
        self.build("gcc")

    # ---- the tree and its builds

    def copy_tree(self):
        listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                                cwd=self.source, check=True, capture_output=True).stdout.decode()
        shutil.rmtree(self.folder, ignore_errors=True)
        for name in filter(None, listed.split("\0")):
            if os.path.exists(os.path.join(self.source, name)):
                os.makedirs(os.path.dirname(os.path.join(self.tree, name)), exist_ok=True)
                shutil.copy2(os.path.join(self.source, name), os.path.join(self.tree, name))

    def build(self, name):
        """The build of that name, made when it is first asked for, with its tests' usual times."""
        if name in self.builds:
            return self.builds[name]
        cc, cxx, flags = BUILDS[name]
        build = self.builds[name] = Build(name, os.path.join(self.folder, name))
        if not shutil.which(cc) or not shutil.which(cxx):
            return build
        mutated, self.mutated = self.mutated, None
        if mutated:
            self.write(mutated.file, self.original(mutated.file))
        status, output = run(["cmake", "-G", "Ninja", "-S", self.tree, "-B", build.folder,
                              f"-DCMAKE_C_COMPILER={cc}", f"-DCMAKE_CXX_COMPILER={cxx}",
                              f"-DCMAKE_C_FLAGS={flags} {ERRORS}", f"-DCMAKE_CXX_FLAGS={flags}",
                              "-DCMAKE_LINK_DEPENDS_NO_SHARED=ON", "-DERRSEQ_BUILD_BENCH=OFF",
                              "-DERRSEQ_BUILD_EXAMPLES=OFF"])
        if status != 0:
            raise Broken(f"cannot configure {name}: {output[-3000:]}")
        build.targets = {line.split(":")[0] for line in
                         run(["ninja", "-C", build.folder, "-t", "targets", "all"])[1].splitlines()}
        patterns = [pattern for of, pattern, _ in self.stages if of == name]
        output = self.make(build, [t for t in build.targets if any(re.fullmatch(p, t) for p in patterns)] + LIBRARIES +
                           [t for t in build.targets if t.startswith("explore.") and build.name == "gcc"])
        if output:
            raise Broken(f"{name} does not build without a mutant: {output}")
        listed = json.loads(subprocess.run(["ctest", "--build-config", "prove", "--show-only=json-v1"], cwd=build.folder, check=True,
                                           capture_output=True).stdout)
        for test in listed["tests"]:
            properties = {p["name"]: p["value"] for p in test.get("properties", [])}
            target = os.path.basename(test.get("command", [""])[0])
            target = target if target in build.targets else ""
            # Of the scripts, only those of the API: those with tables of texts fail for any change of the source.
            if not target and not test["name"].startswith("api."):
                continue
            if any(re.fullmatch(p, test["name"]) for p in patterns):
                build.tests[test["name"]] = Test(
                    test["name"], target, test["command"], properties.get("WORKING_DIRECTORY", build.folder),
                    dict(e.split("=", 1) for e in properties.get("ENVIRONMENT", [])),
                    properties.get("SKIP_RETURN_CODE", -1))
        for test in build.tests.values():
            began = time.monotonic()
            verdict = self.fails(test, 170)
            if verdict:
                raise Broken(f"{name}: {test.name} fails without a mutant: {verdict}")
            test.seconds = time.monotonic() - began
            test.fingerprint = self.fingerprint(build, test)
        if mutated:
            self.apply(mutated)
        return build

    def make(self, build, targets, timeout=600):
        """What was said if it failed, else nothing."""
        status, output = run(["ninja", "-C", build.folder, "-j", "1", *targets], timeout=timeout, memory=MEMORY)
        return "" if status == 0 else output[-3000:] or f"it took more than {timeout} s"

    # ---- tests

    def fails(self, test, timeout):
        """How the test fails: the case, if it says so. Nothing if it passes or is skipped."""
        status, output = run(test.command, test.directory, timeout, {**os.environ, **test.environment},
                             MEMORY if test.name.startswith("api.") else 0)
        if status in (0, test.skip_code):
            return ""
        if status in (124, -9):
            return "does not end"
        said = re.search(r"^\[  FAILED  \] (\w+)$|^(FAIL: .{,74})", output, re.MULTILINE)
        return (said[1] or said[2]) if said else f"exit status {status}"

    def fingerprint(self, build, test):
        """What is the same if and only if the program is; scripts have none."""
        if not test.command[0].startswith(build.folder):
            return ""
        with open(test.command[0], "rb") as file:
            program = file.read()
        if b"libErrseq.so" in program:
            with open(os.path.join(build.folder, "libErrseq.so"), "rb") as file:
                program += file.read()
        return hashlib.sha1(program).hexdigest()

    # ---- mutants

    def write(self, file, text):
        with open(os.path.join(self.tree, file), "w", encoding="utf-8") as out:
            out.write(text)

    def original(self, file):
        with open(os.path.join(self.source, file), encoding="utf-8") as text:
            return text.read()

    def apply(self, mutant):
        if self.mutated and self.mutated.file != mutant.file:
            self.write(self.mutated.file, self.original(self.mutated.file))
        text = self.original(mutant.file)
        self.write(mutant.file, text[:mutant.start] + mutant.text + text[mutant.end:])
        self.mutated = mutant

    def judge(self, mutant):
        """(outcome, by what): killed, does not compile, same code, survived."""
        self.apply(mutant)
        done = set()
        differs = False
        for number, (name, pattern, files) in enumerate(self.stages):
            if not mutant.file.startswith(files):
                continue
            if mutant.inside and not differs and (name, pattern, files) not in QUICK_STAGES:
                break  # gcc makes the same of it
            build = self.build(name)
            tests = [t for t in build.tests.values() if re.fullmatch(pattern, t.name) and (name, t.name) not in done]
            if not tests:
                continue
            done |= {(name, t.name) for t in tests}
            output = self.make(build, [t.target for t in tests if t.target] or LIBRARIES, 60)
            if output:
                return ("does not compile", "") if number == 0 else ("killed", f"the build of {name}")
            for test in tests:
                if test.fingerprint and test.fingerprint == self.fingerprint(build, test):
                    continue
                differs = differs or bool(test.fingerprint)
                verdict = self.fails(test, max(5, 20 * test.seconds))
                if verdict:
                    prefix = "" if name == "gcc" else f"{name}: "
                    return "killed", f"{prefix}{test.name}: {verdict}"
        return ("same code" if mutant.inside and not differs else "survived"), ""


# ---- the list of survivors

def read_survivors(path):
    """identity -> reason, from blocks of 'file place', '- before', '+ after', and the reason."""
    survivors = {}
    with open(path, encoding="utf-8") as file:
        blocks = re.split(r"\n\s*\n", re.sub(r"^#.*\n", "", file.read(), flags=re.MULTILINE).strip())
    for block in filter(None, blocks):
        lines = block.splitlines()
        if len(lines) < 4 or not lines[1].startswith("- ") or not lines[2].startswith("+ "):
            raise Broken(f"{path}: a block is the place, '- before', '+ after' and the reason, unlike:\n{block}")
        survivors["\n".join(lines[:3])] = " ".join(lines[3:])
    return survivors


def compare(results, known, everything):
    """What is wrong between the run and the list."""
    problems = []
    for mutant, outcome, by in results:
        if outcome == "survived" and mutant.identity not in known:
            problems.append(f"survived, and is not in the list of survivors (line {mutant.line}):\n{mutant.identity}")
        if outcome != "survived" and mutant.identity in known:
            problems.append(f"is in the list of survivors, but: {outcome} {by}\n{mutant.identity}")
    generated = {m.identity for m in everything}
    for identity in known:
        if identity not in generated:
            problems.append(f"is in the list of survivors, but there is no such mutant any more:\n{identity}")
    return problems


# ---- telling

def table(rows, heads):
    print("| " + " | ".join(heads) + " |")
    print("|" + "---|" * len(heads))
    for row in rows:
        print("| " + " | ".join(str(c) for c in row) + " |")


def write_report(path, results):
    with open(path, "w", encoding="utf-8") as out:
        out.write("file\tline\tplace\trule\tbefore\tafter\toutcome\tby\n")
        for m, outcome, by in sorted(results, key=lambda r: (FILES.index(r[0].file), r[0].start, r[0].after)):
            out.write("\t".join([m.file, str(m.line), m.place, m.kind, m.before, m.after, outcome, by]) + "\n")


def summarise(results):
    outcomes = ["killed", "survived", "same code", "does not compile"]
    for title, of in (("file", lambda m: m.file), ("rule", lambda m: m.kind)):
        counts = {}
        for mutant, outcome, _ in results:
            counts.setdefault(of(mutant), Counter())[outcome] += 1
        rows = [[key, sum(c.values()), *(c[o] for o in outcomes)] for key, c in sorted(counts.items())]
        rows.append(["all", len(results), *(sum(c[o] for c in counts.values()) for o in outcomes)])
        print()
        table(rows, [title, "mutants", *outcomes])
    killers = Counter(by.rsplit(": ", 1)[0] for _, outcome, by in results if outcome == "killed")
    endless = sum(by.endswith("does not end") for _, _, by in results)
    print()
    table(killers.most_common(), ["killed first by", "mutants"])
    print(f"\n{endless} of them because a test did not end in time")


def write_table(path, results):
    with open(path, "w", encoding="utf-8") as file, contextlib.redirect_stdout(file):
        print(f"# What became of each mutant\n\nSeen on {time.strftime('%Y-%m-%d')} with `tools/mutate.sh`.")
        summarise(results)


def main():
    parser = argparse.ArgumentParser(prog="mutate.sh", description="mutation testing of libErrseq")
    parser.add_argument("--sample", type=int, metavar="N", help="only N mutants of the functions' bodies, the same ones each time")
    parser.add_argument("--only", metavar="REGEX", help="only mutants whose file, place or lines match")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="at a time (2)")
    parser.add_argument("--list", action="store_true", help="show the mutants, and do nothing")
    parser.add_argument("--table", metavar="FILE", help="write the summary to FILE, too: docs/evidence/mutation.table.md")
    parser.add_argument("folder", nargs="?", default="build/mutation", help="to work in (build/mutation)")
    arguments = parser.parse_args()
    source = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    folder = os.path.abspath(arguments.folder)

    everything = []
    for name in FILES:
        with open(os.path.join(source, name), encoding="utf-8") as file:
            everything += rules.Source(name, file.read()).generate()
    # What only another machine compiles is not judged here: tools/cross.sh looks at it.
    everything = [m for m in everything if not re.search(f"{OF_ANOTHER_MACHINE}|{NO_FAULT}", m.identity)]
    chosen = everything
    if arguments.only:
        chosen = [m for m in chosen if re.search(arguments.only, m.identity)]
    if arguments.sample is not None:
        chosen = [m for m in chosen if m.inside]  # outside, the slow tests and other compilers are needed
        ranked = sorted(chosen, key=lambda m: hashlib.sha1(m.identity.encode()).hexdigest())
        chosen = [m for m in chosen if m in ranked[:arguments.sample]]
    if arguments.list:
        for mutant in chosen:
            print(f"{mutant.kind}: {mutant.identity}\n")
        print(f"{len(chosen)} mutants")
        return 0
    report = os.path.join(folder, "mutants.tsv")
    done = []
    if not chosen:
        raise Broken("no mutant matches")
    known = read_survivors(os.path.join(source, "tools", "mutants.survivors"))

    stages = STAGES if any(not m.inside for m in chosen) else QUICK_STAGES
    os.makedirs(folder, exist_ok=True)
    number = min(arguments.jobs, len(chosen))
    print(f"{len(chosen)} of {len(everything)} mutants, {number} at a time; first, each worker builds and "
          "tests the library as it is", flush=True)
    mine, numbers = threading.local(), itertools.count()

    def start():
        mine.worker = Worker(source, os.path.join(folder, f"worker-{next(numbers)}"), stages)

    began, shown = time.monotonic(), 0
    pool = ThreadPoolExecutor(number, initializer=start)
    try:
        todo = [pool.submit(lambda m=m: (m, *mine.worker.judge(m)))
                for m in sorted(chosen, key=lambda m: not m.inside)]  # the slow ones last
        for result in as_completed(todo):
            done.append(result.result())
            mutant, outcome, _ = done[-1]
            now = time.monotonic()
            if outcome == "survived":
                print(f"survived, {'as listed' if mutant.identity in known else 'NOT LISTED'}:\n{mutant.identity}", flush=True)
            if now - shown > 10 or len(done) == len(chosen):
                shown = now
                write_report(report, done)
                counts = Counter(o for _, o, _ in done)
                left = (now - began) / len(done) * (len(chosen) - len(done))
                print(f"{len(done)}/{len(chosen)}: {', '.join(f'{n} {o}' for o, n in sorted(counts.items()))}; "
                      f"{now - began:.0f} s so far, about {left:.0f} s to go", flush=True)
    finally:
        pool.shutdown(cancel_futures=True)

    summarise(done)
    if arguments.table:
        write_table(arguments.table, done)
    print(f"\neach of them: {report}")
    problems = compare(done, known, everything)
    for problem in problems:
        print(f"\nFAIL: {problem}")
    if problems:
        print(f"\n{len(problems)} problems. Who survives is either a hole in the tests, to be closed, or goes with a "
              "reason into tools/mutants.survivors.")
    return 1 if problems else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Broken as error:
        sys.exit(f"mutate: {error}")
