# SPDX-License-Identifier: MIT
"""Who is told of a failed write, and how often. The cache has one block: a second write pushes the first one out, and
this is the write in the background that fails. No test waits for the flusher.
usage: reports.py PLUGIN FAULTS [TEST...]"""
import errno
import os
import shutil
import subprocess
import threading
import unittest

from server import BLOCK, FUA, Test, errno_of, main, until


class Reports(Test):
    def setUp(self):
        self.server = self.serve()

    def lose(self, connection, err=errno.EIO, offset=0):
        """A write is acknowledged, and fails in the background. Then the disk is well again."""
        self.server.fail("pwrite", err)
        connection.pwrite(b"lost" * 1024, offset)
        connection.pwrite(b"next" * 1024, offset + BLOCK)
        self.server.heal("pwrite")

    def told(self, *connections):
        return [errno_of(connection.flush) for connection in connections]

    def test_each_connection_is_told_once(self):
        a, b, c = (self.server.connect() for _ in range(3))
        self.lose(a)
        self.assertEqual(self.told(a, a, b, b, a, c, c, b), ["EIO", 0, "EIO", 0, 0, "EIO", 0, 0])

    def test_each_later_failure_is_told_again(self):
        a, b = self.server.connect(), self.server.connect()
        for _ in range(3):
            self.lose(b)
            self.assertEqual(self.told(a, a), ["EIO", 0])
        self.assertEqual(self.told(b, b), ["EIO", 0])

    def test_flush_tells_of_the_failure_of_its_own_writing(self):
        a, b = self.server.connect(), self.server.connect()
        a.pwrite(b"x", 0)
        self.server.fail("pwrite", errno.EIO)
        self.assertEqual(self.told(a, a, b), ["EIO", 0, "EIO"])
        self.server.heal("pwrite")
        a.pwrite(b"x", 0)
        self.assertEqual(self.told(a, b), [0, 0])
        self.assertEqual(self.server.content()[:1], b"x")

    def test_one_of_sixteen_flushes_at_once_is_told(self):
        connection, other = self.server.connect(), self.server.connect()
        for _ in range(50):
            self.lose(other)
            cookies = [connection.aio_flush() for _ in range(16)]
            failed = 0
            for cookie in cookies:
                while True:
                    try:
                        if connection.aio_command_completed(cookie):
                            break
                        connection.poll(-1)
                    except Exception:  # nbd.Error: this flush failed
                        failed += 1
                        break
            self.assertEqual(failed, 1)
        self.assertEqual(self.told(other, other), ["EIO", 0])

    def test_an_unreported_error_waits_for_who_connects_next(self):
        self.lose(self.server.connect())
        late, later = self.server.connect(), self.server.connect()
        self.assertEqual(self.told(late, later, late), ["EIO", "EIO", 0])

    def test_a_reported_error_is_past_for_who_connects_next(self):
        a, b = self.server.connect(), self.server.connect()
        self.lose(a)
        self.assertEqual(self.told(a), ["EIO"])
        late = self.server.connect()
        self.assertEqual(self.told(late, b), [0, "EIO"])

    def test_closing_a_connection_takes_no_error(self):
        a, b = self.server.connect(), self.server.connect()
        self.lose(a)
        a.shutdown()
        until(lambda: "without a FLUSH" in self.server.said())
        late = self.server.connect()
        self.assertEqual(self.told(late, b), ["EIO", "EIO"])

    def test_connecting_takes_no_error(self):
        a = self.server.connect()
        self.lose(a)
        for _ in range(5):
            self.server.connect().shutdown()
        self.assertEqual(self.told(self.server.connect(), a), ["EIO", "EIO"])

    def test_the_latest_error_is_told(self):
        a, b = self.server.connect(), self.server.connect()
        self.lose(a)
        self.lose(a, errno.ENOSPC)
        self.assertEqual(self.told(a, a, b, b), ["ENOSPC", 0, "ENOSPC", 0])

    def test_errnos_that_nbd_lacks_arrive_as_eio(self):
        a = self.server.connect()
        for err in (errno.ENXIO, errno.EROFS, errno.ETIMEDOUT, errno.EINVAL, errno.EPERM, errno.ESTALE):
            self.lose(a, err)
            self.assertEqual(self.told(a, a), ["EIO", 0])

    def test_a_write_or_a_read_does_not_fail_for_an_earlier_error(self):
        a = self.server.connect()
        self.lose(a)
        self.assertEqual(errno_of(a.pwrite, b"x", 5 * BLOCK), 0)
        self.assertEqual(errno_of(a.pread, 1, 0), 0)
        self.assertEqual(self.told(a), ["EIO"])

    def test_a_failed_read_is_told_to_its_reader_only(self):
        a, b = self.server.connect(), self.server.connect()
        self.server.fail("pread", errno.ESTALE)
        self.assertEqual(errno_of(a.pread, 1, 0), "EIO")
        self.server.heal("pread")
        self.assertEqual(self.told(a, b), [0, 0])

    def test_lost_data_reads_as_the_disk_has_it_and_can_be_written_again(self):
        a = self.server.connect()
        a.pwrite(b"old!" * 1024, 0)
        a.flush()
        self.lose(a)
        self.assertEqual(a.pread(4, 0), b"old!")
        self.assertEqual(self.told(a), ["EIO"])
        a.pwrite(b"new!" * 1024, 0)
        self.assertEqual(self.told(a), [0])
        self.assertEqual(self.server.content()[:4], b"new!")

    # FUA looks through a window of its own.

    def test_fua_tells_of_its_own_failure_and_leaves_it_to_flush_too(self):
        a, b = self.server.connect(), self.server.connect()
        self.server.fail("pwrite", errno.ENOSPC)
        self.assertEqual(errno_of(a.pwrite, b"x", 0, FUA), "ENOSPC")
        self.server.heal("pwrite")
        self.assertEqual(errno_of(a.pwrite, b"x", 0, FUA), 0)
        self.assertEqual(self.told(a, a, b, b), ["ENOSPC", 0, "ENOSPC", 0])

    def test_fua_does_not_tell_of_an_earlier_failure(self):
        a, b = self.server.connect(), self.server.connect()
        self.lose(b)
        self.assertEqual(errno_of(a.pwrite, b"x", 9 * BLOCK, FUA), 0)
        self.assertEqual(errno_of(a.zero, BLOCK, 9 * BLOCK, FUA), 0)
        self.assertEqual(self.told(a, a, b), ["EIO", 0, "EIO"])

    def test_fua_leaves_an_error_unreported(self):
        a = self.server.connect()
        self.server.fail("pwrite", errno.EIO)
        self.assertEqual(errno_of(a.pwrite, b"x", 0, FUA), "EIO")
        self.server.heal("pwrite")
        self.assertEqual(self.told(self.server.connect()), ["EIO"])

    # fdatasync fails.

    def test_a_failed_sync_is_told_to_each_connection_once(self):
        a, b = self.server.connect(), self.server.connect()
        a.pwrite(b"x", 0)
        self.server.fail("fdatasync", errno.EIO, ".once")
        self.assertEqual(self.told(a, a, b, b), ["EIO", 0, "EIO", 0])

    def test_a_failed_sync_is_told_to_fua(self):
        a = self.server.connect()
        for request in (lambda: a.pwrite(b"x", 0, FUA), lambda: a.zero(BLOCK, 0, FUA), lambda: a.trim(BLOCK, 0, FUA)):
            self.server.fail("fdatasync", errno.EIO, ".once")
            self.assertEqual(errno_of(request), "EIO")
            self.assertEqual(errno_of(request), 0)
            self.assertEqual(self.told(a), ["EIO"])

    def test_of_two_flushes_at_once_both_connections_are_told_that_a_sync_failed(self):
        for _ in range(20):
            a, b = self.server.connect(), self.server.connect()
            self.server.hold("fdatasync")
            self.server.fail("fdatasync", errno.EIO, ".once")
            results = []
            threads = [threading.Thread(target=lambda c=c: results.append(errno_of(c.flush))) for c in (a, b)]
            for thread in threads:
                thread.start()
            until(lambda: self.server.is_held("fdatasync"))
            self.server.release("fdatasync")
            for thread in threads:
                thread.join()
            self.assertEqual(results, ["EIO", "EIO"])

    # TRIM and ZERO.

    def test_a_failed_zero_or_trim_is_told_to_its_caller_only(self):
        a = self.server.connect()
        self.server.fail("fallocate", errno.EIO)
        self.assertEqual(errno_of(a.zero, BLOCK, 0), "EIO")
        self.assertEqual(errno_of(a.trim, BLOCK, 0), "EIO")
        self.server.fail("fallocate", errno.ENOSPC)
        self.assertEqual(errno_of(a.zero, BLOCK, 0), "ENOSPC")
        self.server.heal("fallocate")
        self.assertEqual(errno_of(a.zero, BLOCK, 0), 0)
        self.assertEqual(self.told(a), [0])

    def test_older_data_that_a_zero_writes_first_may_fail_and_is_told_by_flush(self):
        a = self.server.connect()
        a.pwrite(b"x" * BLOCK, 0)
        self.server.fail("pwrite", errno.EIO)
        self.assertEqual(errno_of(a.zero, 512, 0, FUA), 0)
        self.assertEqual(self.told(a, a), ["EIO", 0])

    # While others are at it.

    def test_a_flush_waits_for_a_block_that_another_thread_writes(self):
        a, b = self.server.connect(), self.server.connect()
        for i in range(100):
            a.pwrite(b"x" * BLOCK, 0)
            self.server.fail("pwrite", errno.EIO)
            cookie = a.aio_pwrite(b"y" * BLOCK, BLOCK)  # pushes the first one out
            if i % 2:
                a.poll(0)
            self.assertEqual(self.told(b), ["EIO"], f"in round {i}: acknowledged data was lost, and flush said 0")
            while not a.aio_command_completed(cookie):
                a.poll(-1)
            self.server.heal("pwrite")
            self.told(a, b)

    def test_a_flush_waits_for_a_write_that_hangs_and_tells_that_it_failed(self):
        a, b = self.server.connect(), self.server.connect()
        a.pwrite(b"x" * BLOCK, 0)
        self.server.fail("pwrite", errno.EIO, ".once")
        self.server.hold("pwrite")
        pushes = a.aio_pwrite(b"y" * BLOCK, BLOCK)
        until(lambda: a.poll(0) < 0 or self.server.is_held("pwrite"))
        flush = b.aio_flush()
        for _ in range(20):
            b.poll(5)
        self.assertFalse(b.aio_command_completed(flush), "it did not wait")
        self.server.release("pwrite")

        def complete(connection, cookie):
            while not connection.aio_command_completed(cookie):
                connection.poll(-1)

        self.assertEqual([errno_of(complete, b, flush), errno_of(complete, a, pushes)], ["EIO", 0])

    def test_the_flusher_records_what_fails_and_takes_nothing(self):
        server = self.serve(cache=64, age=1)
        a, b = server.connect(), server.connect()
        server.note_calls()
        server.fail("pwrite", errno.EIO)
        for passes in (1, 2):  # in the second one, all that the first one does is done
            a.pwrite(b"x", passes * BLOCK)
            until(lambda: server.calls().count("pwrite") == passes)
        self.assertEqual(self.told(server.connect(), a, a, b), ["EIO", "EIO", 0, "EIO"])

    # The server's end.

    def test_the_end_says_what_was_lost(self):
        self.lose(self.server.connect())
        self.assertEqual(self.server.stop(), 0)
        self.assertRegex(self.server.said(), "the write at byte 0 is lost: Input/output error\n(.*\n)*.*no client was told: Input/output")

    def test_the_end_says_nothing_more_if_a_client_was_told(self):
        a = self.server.connect()
        self.lose(a)
        self.told(a)
        del a
        self.server.stop()
        self.assertNotIn("no client was told", self.server.said())

    def test_the_end_writes_all_back_and_says_nothing_if_all_is_well(self):
        self.server.connect().pwrite(b"x", 7)
        self.assertEqual(self.server.stop(), 0)
        self.assertEqual(self.server.content()[7:8], b"x")
        self.assertEqual(self.server.said(), "")

    def test_the_end_says_that_the_last_write_failed(self):
        self.server.connect().pwrite(b"x", 7)
        self.server.fail("pwrite", errno.ENOSPC)
        self.server.stop()
        self.assertRegex(self.server.said(), "the write at byte 7 is lost: No space.*\n.*no client was told: No space")


class FullDisk(Test):
    def test_a_backing_file_on_a_full_filesystem(self):
        if os.geteuid() != 0 or not shutil.which("unshare"):
            self.skipTest("SKIP (part): a small tmpfs needs root and unshare")
        wrapper = ["unshare", "-m", "sh", "-c",
                   'disk=${*##*file=} && disk=${disk%% *} && size=$(stat -c %s "$disk") && '
                   'mkdir "${disk%/*}/full" && mount -t tmpfs -o size=64k none "${disk%/*}/full" && '
                   'truncate -s "$size" "${disk%/*}/full/disk" && mount --bind "${disk%/*}/full/disk" "$disk" && '
                   'exec "$@"', "-"]
        if subprocess.run(["unshare", "-m", "true"]).returncode != 0:
            self.skipTest("SKIP (part): no mount namespace can be made here")
        server = self.serve(wrapper=wrapper, cache=64)
        a, b = server.connect(), server.connect()
        a.pwrite(b"x" * 65536, 0)  # 16 pages: the tmpfs is full
        self.assertEqual(errno_of(a.flush), 0)
        a.pwrite(b"y" * BLOCK, 65536)
        self.assertEqual([errno_of(c.flush) for c in (a, a, b, b)], ["ENOSPC", 0, "ENOSPC", 0])
        self.assertEqual(errno_of(b.trim, BLOCK, 0), 0)  # makes room
        a.pwrite(b"y" * BLOCK, 65536)
        self.assertEqual([errno_of(c.flush) for c in (a, b)], [0, 0])
        self.assertEqual(b.pread(1, 65536), b"y")


if __name__ == "__main__":
    main()
