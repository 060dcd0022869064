#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The obligations of the proof, for z3: seconds, so that a change of the algorithm can be tried before it is proved.

usage: /usr/bin/python3 proofs/obligations.py      (Debian: python3-z3)

A later word is compared with an earlier one, as in Word.v. Each obligation must hold. Each control is the same
obligation over an algorithm with one fault, and must not hold: else the obligation says too little.
"""
import sys
from types import SimpleNamespace

try:
    from z3 import (And, BitVec, BitVecVal, Bool, If, Implies, Int, LShR, Not, Or, Solver, ZeroExt, sat, unsat)
except ImportError:
    print("SKIP: z3 is not tried: python3-z3 is not installed")
    sys.exit(77)


class Value:
    """errno, flags and counter of a word at some time; the rank counts the errors that were recorded until then."""

    def __init__(self, errno, reported, observed, counter, rank):
        self.errno, self.reported, self.observed = errno, reported, observed
        self.counter, self.rank = counter, rank


def any_value(name):
    return Value(Int(name + ".errno"), Bool(name + ".reported"), Bool(name + ".observed"),
                 Int(name + ".counter"), Int(name + ".rank"))


# The algorithm. A fault replaces one of these.
def record(error, v):
    return Value(error, False, False, If(v.observed, v.counter + 1, v.counter), v.rank + 1)


def observe(v):
    return Value(v.errno, v.reported, True, v.counter, v.rank)


def mark(v):
    return Value(v.errno, True, True, v.counter, v.rank)


def same(a, b):
    return And(a.errno == b.errno, a.counter == b.counter)


def position(v):
    return Or(v.rank == 0, v.observed)


ours = SimpleNamespace(record=record, observe=observe, mark=mark, same=same, position=position)


def fields_equal(a, b):
    return And(a.errno == b.errno, a.counter == b.counter)


def pair(a, b):
    """What holds between an earlier and a later word: the invariant of Word.v."""
    return And(a.rank >= 0, a.rank <= b.rank, a.counter >= 0, a.counter <= b.counter,
               b.counter - a.counter <= b.rank - a.rank,
               Implies(a.rank == b.rank, And(fields_equal(a, b), Implies(a.observed, b.observed),
                                             Implies(a.reported, b.reported))),
               Implies(And(a.observed, a.rank < b.rank), a.counter < b.counter),
               (a.errno == 0) == (a.rank == 0), (b.errno == 0) == (b.rank == 0),
               Implies(a.rank == 0, And(a.counter == 0, Not(a.observed))),
               Implies(a.reported, a.observed), Implies(b.reported, b.observed))


def obligations(f):
    """Pairs of a name and a formula that must hold, for the algorithm f."""
    a, b, error = any_value("a"), any_value("b"), Int("error")
    for name, later in (("a record", f.record(error, b)), ("peek's mark", f.observe(b)), ("advance's mark", f.mark(b))):
        nonzero = error > 0 if name == "a record" else b.errno != 0
        yield "the invariant is kept by " + name, Implies(And(pair(a, b), nonzero), pair(a, later))
    yield "a check from a position finds each error (G1)", Implies(
        And(pair(a, b), f.position(a), a.rank < b.rank), Not(f.same(a, b)))
    yield "a check finds nothing else (G2, G5)", Implies(And(pair(a, b), a.rank == b.rank), f.same(a, b))
    yield "a record is unreported (G3)", Implies(And(pair(a, b), error > 0), Not(f.record(error, b).reported))
    yield "peek marks nothing as reported (G4)", f.observe(b).reported == b.reported
    yield "peek gives a position", f.position(f.observe(b))
    yield "advance gives a position, and reports", And(f.position(f.mark(b)), f.mark(b).reported)


def words(bits):
    """The C's expressions beside the fields, for each word of that many bits."""
    old, error = BitVec("old", bits), BitVec("error", 12)
    step, observed, reported = (BitVecVal(n, bits) for n in (1 << 14, 1 << 13, 1 << 12))
    new = LShR(old, 14) * step + ZeroExt(bits - 12, error)
    new = If(old & observed != 0, new + step, new)
    counter = LShR(old, 14) + If(old & observed != 0, BitVecVal(1, bits), BitVecVal(0, bits))
    yield "%d bits: set writes the errno, no flags, the counter modulo its width" % bits, And(
        new & 0xfff == ZeroExt(bits - 12, error), new & 0x3000 == 0, LShR(new, 14) == LShR(counter << 14, 14))
    other = BitVec("other", bits)
    yield "%d bits: SAME compares errno and counter, and no flags" % bits, (
        ((old ^ other) & ~(observed | reported)) == 0) == And(
            old & 0xfff == other & 0xfff, LShR(old, 14) == LShR(other, 14))


faults = (
    ("record leaves the counter", "record", lambda e, v: Value(e, False, False, v.counter, v.rank + 1)),
    ("record keeps reported", "record", lambda e, v: Value(e, v.reported, v.reported, record(e, v).counter, v.rank + 1)),
    ("record moves the counter only if reported", "record",
     lambda e, v: Value(e, False, False, If(v.reported, v.counter + 1, v.counter), v.rank + 1)),
    ("peek does not mark", "observe", lambda v: v),
    ("peek marks as reported", "observe", mark),
    ("advance does not report", "mark", observe),
    ("advance reports, but does not observe", "mark", lambda v: Value(v.errno, True, v.observed, v.counter, v.rank)),
    ("same ignores the counter", "same", lambda a, b: a.errno == b.errno),
    ("same ignores the errno", "same", lambda a, b: a.counter == b.counter),
    ("same compares a flag", "same", lambda a, b: And(same(a, b), a.reported == b.reported)),
    ("any value is a position", "position", lambda v: True),
)


def holds(formula):
    solver = Solver()
    solver.add(Not(formula))
    result = solver.check()
    if result not in (sat, unsat):
        raise SystemExit("FAIL: z3 does not know")
    return result == unsat


def main():
    count = 0
    for name, formula in list(obligations(ours)) + list(words(32)) + list(words(64)):
        if not holds(formula):
            raise SystemExit("FAIL: not so: " + name)
        count += 1
    for fault, place, function in faults:
        f = SimpleNamespace(**{**vars(ours), place: function})
        broken = [name for name, formula in obligations(f) if not holds(formula)]
        if not broken:
            raise SystemExit("FAIL: nothing notices this fault: " + fault)
        print("%-45s breaks: %s" % (fault, broken[0]))
    print("%d obligations hold; each of %d faults breaks one" % (count, len(faults)))


main()
