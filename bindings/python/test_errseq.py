# SPDX-License-Identifier: MIT
"""Tests of errseq.py: what the calls do, wrong use, threads and processes."""

import copy
import errno
import mmap
import multiprocessing.shared_memory
import os
import pickle
import signal
import subprocess
import sys
import threading
import unittest
from typing import Any, List

import errseq

WIDTHS: Any = [(errseq.Word, errseq.SharedCursor), (errseq.Word64, errseq.SharedCursor64)]


class OneWord(unittest.TestCase):
    def test_each_observer_gets_an_error_once(self) -> None:
        for word_type, _ in WIDTHS:
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
        for word_type, _ in WIDTHS:
            word = word_type()
            word.set(errno.EIO)
            at = word.peek()
            self.assertEqual(word.check(word.sample()), errno.EIO)
            word.set(errno.ENOSPC)
            self.assertFalse(word.settle(at))
            self.assertTrue(word.settle(word.peek()))
            self.assertEqual(word.check(word.sample()), 0)

    def test_a_stored_position_goes_on(self) -> None:
        for word_type, _ in WIDTHS:
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
        for word_type, _ in WIDTHS:
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
        for word_type, _ in WIDTHS:
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
        for word_type, shared_type in WIDTHS:
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


if __name__ == "__main__":
    unittest.main()
