# SPDX-License-Identifier: MIT
"""Tests of errseq.py. ERRSEQ_PEER and ERRSEQ_PEER64 name the C program of tests/bindings/peer.c for each width."""

import copy
import errno
import mmap
import multiprocessing.shared_memory
import os
import pickle
import random
import signal
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


class OneWord(unittest.TestCase):
    def test_each_observer_gets_an_error_once(self) -> None:
        for word_type, _, _ in WIDTHS:
            word = word_type()
            alice, bob = word.sample(), word.sample()
            word.set(errno.EIO)
            self.assertEqual(word.check(alice), errno.EIO)
            self.assertEqual(word.check_and_advance(alice), errno.EIO)
            self.assertEqual(word.check_and_advance(alice), 0)
            self.assertEqual(word.check_and_advance(bob), errno.EIO)
            self.assertEqual(alice.error, errno.EIO)
            self.assertEqual(word.check(word.sample()), 0)

    def test_settle_marks_its_own_error_only(self) -> None:
        for word_type, _, _ in WIDTHS:
            word = word_type()
            word.set(errno.EIO)
            at = word.peek()
            self.assertEqual(word.check(word.sample()), errno.EIO)
            word.set(errno.ENOSPC)
            self.assertFalse(word.settle(at))
            self.assertTrue(word.settle(word.peek()))
            self.assertEqual(word.check(word.sample()), 0)

    def test_a_stored_position_goes_on(self) -> None:
        for word_type, _, _ in WIDTHS:
            word = word_type()
            word.set(errno.EIO)
            stored = word.peek().bits
            self.assertEqual(word.check(word.cursor(stored)), 0)
            word.set(errno.ENOSPC)
            self.assertEqual(word.check(word.cursor(stored)), errno.ENOSPC)

    def test_flags_do_not_make_positions_differ(self) -> None:
        word = errseq.Word()
        word.set(errno.EIO)
        peeked = word.peek()
        advanced = word.cursor()
        word.check_and_advance(advanced)
        self.assertNotEqual(peeked.bits, advanced.bits)
        self.assertEqual(peeked, advanced)
        self.assertNotEqual(peeked, word.cursor())

    def test_state_says_what_the_word_holds(self) -> None:
        for word_type, _, _ in WIDTHS:
            word = word_type()
            self.assertEqual(str(word.load()), "never set")
            for _ in range(3):
                word.set(errno.EIO)
                cursor = word.cursor()
                word.check_and_advance(cursor)
            self.assertEqual(word.load(), errseq.State(errno.EIO, True, True, 2, "errno=5 reported observed count=2"))
            word.init()
            self.assertEqual(word.load().error, 0)


class Misuse(unittest.TestCase):
    def test_a_wrong_errno_is_refused_and_the_word_untouched(self) -> None:
        for word_type, _, _ in WIDTHS:
            word = word_type()
            for wrong in (0, -errno.EIO, 4096, 2**32 + 5, -(2**64)):
                with self.assertRaisesRegex(ValueError, f"{wrong} cannot be recorded.*1 to 4095"):
                    word.set(wrong)
            strange: Any
            for strange in ("EIO", None, 5.0, OSError(5, "x")):
                with self.assertRaisesRegex(TypeError, "errno"):
                    word.set(strange)
            self.assertEqual(word.load().text, "never set")
            word.set(1)
            word.set(4095)
            self.assertEqual(word.load().error, 4095)

    def test_a_cursor_of_another_word_is_refused(self) -> None:
        word, other, wide = errseq.Word(), errseq.Word(), errseq.Word64()
        for call in (word.check, word.check_and_advance, word.settle):
            with self.assertRaisesRegex(ValueError, "another word"):
                call(other.sample())
            with self.assertRaisesRegex(TypeError, "needs a Cursor"):
                call(wide.sample())  # type: ignore[arg-type]
            with self.assertRaisesRegex(TypeError, "needs a Cursor, not 0"):
                call(0)  # type: ignore[arg-type]
        with self.assertRaisesRegex(TypeError, "needs a SharedCursor"):
            word.check_shared(errseq.SharedCursor64())  # type: ignore[arg-type]
        with self.assertRaisesRegex(TypeError, "cannot stand on"):
            errseq.SharedCursor(wide.sample())
        with self.assertRaisesRegex(ValueError, "not the position of a Cursor"):
            word.cursor(2**32)
        with self.assertRaisesRegex(TypeError, "belongs to a word"):
            errseq.Cursor()

    def test_words_and_shared_cursors_are_not_copied(self) -> None:
        kinds: Any = (errseq.Word, errseq.Word64, errseq.SharedCursor, errseq.SharedCursor64)
        for kind in kinds:
            copies: Any
            for copies in (copy.copy, copy.deepcopy, pickle.dumps):
                with self.assertRaisesRegex(TypeError, "cannot be copied"):
                    copies(kind())

    def test_a_word_lies_inside_its_memory_and_is_aligned(self) -> None:
        with errseq.SharedMemory(size=64) as memory:
            for kind, wrong in ((errseq.Word, 2), (errseq.Word64, 4), (errseq.SharedCursor64, 4)):
                with self.assertRaisesRegex(ValueError, f"offset {wrong}"):
                    memory.place(kind, wrong)
                for outside in (-8, 64, 1 << 40):
                    with self.assertRaises(ValueError):
                        memory.place(kind, outside)
        with self.assertRaisesRegex(TypeError, "not writable"):
            errseq.Word.in_buffer(b"1234")

    def test_closed_memory_is_an_error_and_no_crash(self) -> None:
        with errseq.SharedMemory() as memory:
            word, shared = memory.place(errseq.Word, 0), memory.place(errseq.SharedCursor, 4)
            cursor = word.sample()
        calls: Any = (word.sample, word.load, lambda: word.set(5), lambda: word.check(cursor), word.wake)
        for call in calls:
            with self.assertRaisesRegex(ValueError, "memory of this Word is closed"):
                call()
        with self.assertRaisesRegex(ValueError, "SharedCursor is closed"):
            errseq.Word().check_shared(shared)
        self.assertEqual(repr(word), "<Word closed>")

    def test_memory_is_not_closed_under_a_word_in_a_buffer(self) -> None:
        memory = mmap.mmap(-1, 4096)
        word = errseq.Word.in_buffer(memory, 4092)
        word.set(errno.EIO)
        with self.assertRaises(BufferError):
            memory.close()
        del word
        memory.close()

    def test_memory_is_not_closed_under_a_call(self) -> None:
        memory = errseq.SharedMemory()
        cell = memory.place(errseq.Word, 0)._cell  # what a call of another thread holds, such as wait
        with self.assertRaises(BufferError):
            memory.close()
        del cell
        memory.close()

    def test_a_missing_library_is_named(self) -> None:
        for library, said in (("/nowhere/libErrseq.so", "set ERRSEQ_LIBRARY"), ("libc.so.6", "not libErrseq")):
            ran = subprocess.run(
                [sys.executable, "-c", "import errseq; errseq.Word().set(5)"],
                env={**os.environ, "ERRSEQ_LIBRARY": library},
                cwd=os.path.dirname(os.path.abspath(errseq.__file__)),
                stderr=subprocess.PIPE,
                text=True,
            )
            self.assertNotEqual(ran.returncode, 0)
            self.assertIn(said, ran.stderr)


class Together(unittest.TestCase):
    def test_of_all_threads_with_one_shared_cursor_one_gets_the_error(self) -> None:
        rounds, threads = 200, 4
        for word_type, shared_type, _ in WIDTHS:
            word = word_type()
            shared = shared_type(word.sample())
            barrier = threading.Barrier(threads)
            got: List[int] = []

            def observe() -> None:
                for i in range(rounds):
                    if barrier.wait() == 0:
                        word.set(1 + i)
                    barrier.wait()
                    error = word.check_and_advance_shared(shared)
                    if error:
                        got.append(error)
                    barrier.wait()

            workers = [threading.Thread(target=observe) for _ in range(threads)]
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()
            self.assertEqual(got, list(range(1, rounds + 1)))

    def test_a_forked_process_records_and_this_one_gets_it(self) -> None:
        with errseq.SharedMemory() as memory:
            word = memory.place(errseq.Word64, 8)
            cursor = word.sample()
            child = os.fork()
            if child == 0:
                word.set(errno.ENOSPC)
                os._exit(0)
            os.waitpid(child, 0)
            self.assertEqual(word.check_and_advance(cursor), errno.ENOSPC)

    def test_memory_of_multiprocessing_holds_words(self) -> None:
        memory = multiprocessing.shared_memory.SharedMemory(create=True, size=64)
        try:
            word = errseq.Word.in_buffer(memory.buf, 4)
            other = multiprocessing.shared_memory.SharedMemory(memory.name)
            same = errseq.Word.in_buffer(other.buf, 4)
            same.set(errno.EIO)
            self.assertEqual(word.check(word.sample()), errno.EIO)
            self.assertEqual(word.check(word.cursor(same.peek().bits)), 0)
            del word, same
            other.close()
        finally:
            memory.close()
            memory.unlink()

    def test_wait_ends_when_another_thread_records(self) -> None:
        word = errseq.Word()
        cursor = word.sample()
        self.assertFalse(word.wait(cursor, 0))
        self.assertFalse(word.wait(cursor, -1))
        self.assertFalse(word.wait(cursor, 0.01))
        said: List[bool] = []
        waiter = threading.Thread(target=lambda: said.append(word.wait(cursor)))
        waiter.start()
        word.set(errno.EIO)
        word.wake()
        waiter.join()
        self.assertEqual(said, [True])
        self.assertTrue(word.wait(cursor, 1e300))

    def test_wait_runs_signal_handlers_and_goes_on(self) -> None:
        word = errseq.Word()
        ran: List[int] = []

        def handler(number: int, _: object) -> None:
            ran.append(number)
            if len(ran) == 3:
                word.set(errno.EIO)

        before = signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
        try:
            self.assertTrue(word.wait(word.sample()))
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        self.assertGreaterEqual(len(ran), 3)


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
