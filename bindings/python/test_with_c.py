# SPDX-License-Identifier: MIT
"""Tests of errseq.py against C. ERRSEQ_PEER and ERRSEQ_PEER64 name the program of tests/bindings/peer.c for each width."""

import errno
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from typing import Any, Iterator, List

import errseq

WIDTHS: Any = [
    (errseq.Word, errseq.SharedCursor, "ERRSEQ_PEER"),
    (errseq.Word64, errseq.SharedCursor64, "ERRSEQ_PEER64"),
]


class Peer:
    """The C program, with a file that it and this process map."""

    def __init__(self, variable: str) -> None:
        self.file = tempfile.NamedTemporaryFile()
        self.memory = errseq.SharedMemory(self.file.name)
        self.process = subprocess.Popen(
            [os.environ[variable], self.file.name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def send(self, *call: object) -> None:
        assert self.process.stdin
        print(*call, file=self.process.stdin, flush=True)

    def answer(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def call(self, *call: object) -> str:
        self.send(*call)
        return self.answer()

    def state(self) -> str:
        """R is running, S is asleep."""
        with open(f"/proc/{self.process.pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0]

    def __enter__(self) -> "Peer":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate()
        self.memory.close()
        self.file.close()


def peers(test: unittest.TestCase) -> Iterator[Any]:
    for word_type, shared_type, variable in WIDTHS:
        if variable not in os.environ:
            print(f"SKIP (part): {test.id()}: {variable} is not set", file=sys.stderr)
            continue
        with test.subTest(word_type.__name__), Peer(variable) as peer:
            yield word_type, shared_type, peer


class WithC(unittest.TestCase):
    def test_c_records_and_python_is_told_and_back(self) -> None:
        for word_type, shared_type, peer in peers(self):
            word, shared = peer.memory.place(word_type, 0), peer.memory.place(shared_type, 8)
            cursor = word.sample()
            self.assertEqual(peer.call("set", 0, -errno.EIO), "0")
            self.assertEqual(word.check_and_advance(cursor), errno.EIO)
            word.set(errno.ENOSPC)
            self.assertEqual(peer.call("check", 0, cursor.bits), str(-errno.ENOSPC))
            self.assertEqual(peer.call("check_and_advance_shared", 0, 8), str(-errno.ENOSPC))
            self.assertEqual(word.check_and_advance_shared(shared), 0)
            self.assertEqual(word.load().text, f"errno={errno.ENOSPC} reported observed count=1")

    def test_c_and_python_wake_each_other(self) -> None:
        for word_type, _, peer in peers(self):
            if word_type is errseq.Word:
                word = peer.memory.place(errseq.Word, 0)
                self.assertEqual(peer.call("wait", 0, 0), "waiting")
                while peer.state() != "S":
                    time.sleep(0.001)
                word.set(errno.EIO)
                word.wake()
                self.assertEqual(peer.answer(), "0")
                cursor = word.peek()
                said: List[bool] = []
                waiter = threading.Thread(target=lambda: said.append(word.wait(cursor)))
                waiter.start()
                peer.call("set", 0, -errno.ENOSPC)
                peer.call("wake", 0)
                waiter.join()
                self.assertEqual(said, [True])

    def test_every_call_does_what_c_does(self) -> None:
        """Random calls, here on one word and in C on another. Results, words and cursors are equal all the way."""
        for word_type, shared_type, peer in peers(self):
            chance = random.Random(18)
            word, shared = peer.memory.place(word_type, 0), peer.memory.place(shared_type, 8)
            there, there_shared = 64, 72
            size = word._calls.size
            cursor, other = word.cursor(), word.cursor()

            def call(*what: object) -> int:
                return int(peer.call(*what))

            for _ in range(3000):
                before = cursor.bits
                step = chance.randrange(16)
                if step == 0:
                    error = chance.choice((1, 5, 28, 4095))
                    word.set(error)
                    self.assertEqual(call("set", there, -error), 0)
                elif step == 1:
                    cursor = word.sample()
                    self.assertEqual(cursor.bits, call("sample", there))
                elif step == 2:
                    other = word.peek()
                    self.assertEqual(other.bits, call("peek", there))
                elif step == 3:
                    self.assertEqual(-word.check(cursor), call("check", there, before))
                elif step == 4:
                    error = word.check_and_advance(cursor)
                    self.assertEqual(f"{-error} {cursor.bits}", peer.call("check_and_advance", there, before))
                elif step == 5:
                    self.assertEqual(word.settle(other), call("settle", there, other.bits))
                elif step == 6:
                    self.assertEqual(cursor == other, call("cursor_same", cursor.bits, other.bits))
                elif step == 7:
                    state = cursor.state
                    self.assertEqual(-state.error, call("cursor_error", cursor.bits))
                    self.assertEqual(state.reported, call("cursor_reported", cursor.bits))
                    self.assertEqual(state.observed, call("cursor_observed", cursor.bits))
                    self.assertEqual(state.count, call("cursor_count", cursor.bits))
                    self.assertEqual(state.text, peer.call("format", cursor.bits))
                elif step == 8:
                    cursor = word.position(shared)
                    self.assertEqual(cursor.bits, call("shared_cursor_get", there_shared))
                elif step == 9:
                    moved = shared.move(cursor, other)
                    self.assertEqual(moved, call("shared_cursor_move", there_shared, cursor.bits, other.bits))
                elif step == 10:
                    self.assertEqual(-word.check_shared(shared), call("check_shared", there, there_shared))
                elif step == 11:
                    error = word.check_and_advance_shared(shared)
                    self.assertEqual(-error, call("check_and_advance_shared", there, there_shared))
                elif step == 12 and chance.randrange(20) == 0:
                    word.init()
                    peer.call("init", there)
                elif step == 13:
                    shared.init(other)
                    peer.call("shared_cursor_init", there_shared, other.bits)
                elif step == 14:
                    cursor = word.cursor(chance.choice((0, 5, chance.getrandbits(8 * size))))
                elif step == 15 and chance.randrange(10) == 0:  # a value that only a long life, or no call, leaves
                    value = chance.getrandbits(8 * size).to_bytes(size, sys.byteorder)
                    for offset in (0, there):
                        peer.memory._map[offset : offset + size] = value
                self.assertEqual(word.load().text, peer.call("format", call("load", there)))
                self.assertEqual(word.position(shared).bits, call("shared_cursor_get", there_shared))


if __name__ == "__main__":
    unittest.main()
