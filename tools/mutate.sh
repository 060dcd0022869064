#!/bin/bash
# SPDX-License-Identifier: MIT
# Mutation testing: makes one small fault after the other in the shipped source, by rule, and asks whether a
# test notices. Fails if a mutant survives that is not listed, with a reason, in tools/mutants.survivors, or
# if one that is listed there is killed or gone. docs/evidence/mutation.md explains it.
# usage: mutate.sh [--sample N] [--only REGEX] [--jobs N] [--list] [--table FILE] [FOLDER]
# Works in FOLDER (build/mutation), and writes mutants.tsv there. Exits with 77 if something is missing.
set -eu
source_dir=$(cd "$(dirname "$0")/.." && pwd)
. "$source_dir/tests/common/check.sh"

tools="python3 cmake ninja gcc g++ prlimit"
case " $* " in
*" --sample "*) ;;
*) tools="$tools clang clang++" ;; # for what only clang compiles, outside of the functions' bodies
esac
for tool in $tools; do
	have "$tool" || skip "mutation: $tool is not installed"
done
cd "$source_dir"
PYTHONDONTWRITEBYTECODE=1 exec python3 tools/mutation/run.py "$@"
