# SPDX-License-Identifier: MIT
"""What reads and the file show: edges, TRIM and ZERO, caches without room, many connections at once. A bytearray is
the oracle.
usage: contents.py PLUGIN FAULTS [TEST...]"""
import errno
import os
import random
import threading
import unittest

import nbd

from server import BLOCK, FUA, Test, errno_of, main, until

ODD = 37 * BLOCK + 777  # a size that is no multiple of a block


def pattern(rng, count):
    return bytes([rng.randrange(1, 256)]) * count


class Contents(Test):
    def start(self, **options):
        self.server = self.serve(**options)
        self.connection = self.server.connect()
        self.oracle = bytearray(self.server.size)

    def write(self, offset, data, flags=0):
        self.connection.pwrite(data, offset, flags)
        self.oracle[offset:offset + len(data)] = data

    def zero(self, offset, count, flags=0):
        self.connection.zero(count, offset, flags)
        self.oracle[offset:offset + count] = bytes(count)

    def trim(self, offset, count, flags=0):
        self.connection.trim(count, offset, flags)
        self.oracle[offset:offset + count] = bytes(count)

    def compare(self):
        """Reads see it now, and the file has it after a flush."""
        for offset in range(0, self.server.size, 32 << 20):
            count = min(32 << 20, self.server.size - offset)
            self.assertEqual(self.connection.pread(count, offset), self.oracle[offset:offset + count])

    def compare_file(self):
        self.connection.flush()
        self.assertEqual(self.server.content(), self.oracle)

    def test_edges_of_blocks_and_of_the_device(self):
        for cache in (1, 2, 64):
            self.start(size=ODD, cache=cache)
            for offset, count in ((0, 1), (BLOCK - 1, 2), (100, 50), (200, 50), (150, 50), (140, 200), (5000, 3 * BLOCK),
                                  (ODD - 1, 1), (ODD - 777, 777), (ODD - BLOCK, BLOCK), (0, ODD), (7, ODD - 7)):
                self.write(offset, pattern(random, count))
                self.compare()
            self.compare_file()

    def test_requests_beyond_the_end_are_refused(self):
        self.start(size=ODD)
        self.connection.set_strict_mode(0)
        for request in (lambda: self.connection.pwrite(b"xx", ODD - 1), lambda: self.connection.zero(2, ODD - 1),
                        lambda: self.connection.trim(1, ODD), lambda: self.connection.pread(1, ODD)):
            self.assertIn(errno_of(request), ("EINVAL", "ENOSPC"))
        self.compare_file()

    def test_an_empty_device(self):
        self.start(size=0)
        self.assertEqual(self.connection.get_size(), 0)
        self.connection.flush()

    def test_random_requests_of_one_connection(self):
        for seed in range(8):
            rng = random.Random(seed)
            self.start(size=ODD, cache=rng.choice((1, 3, 16, 100)))
            if seed % 4 == 3:
                self.server.fail("fallocate", errno.EOPNOTSUPP)  # nbdkit writes zeroes instead
            for _ in range(300):
                offset = rng.randrange(ODD)
                count = min(rng.choice((1, 511, 512, BLOCK, 3 * BLOCK + 5, 70000)), ODD - offset)
                flags = rng.choice((0, 0, 0, FUA))
                what = rng.randrange(10)
                if what < 6:
                    self.write(offset, pattern(rng, count), flags)
                elif what < 8:
                    self.zero(offset, count, flags | rng.choice((0, nbd.CMD_FLAG_NO_HOLE)))
                elif what == 8 and seed % 4 != 3:
                    self.trim(offset, count, flags)
                else:
                    self.connection.flush()
                if rng.random() < 0.1:
                    self.compare()
            self.compare()
            self.compare_file()

    # TRIM and ZERO.

    def test_zero_waits_for_older_data_that_a_thread_is_writing(self):
        for method in ("zero", "trim"):
            self.start(cache=1)
            other, third = self.server.connect(), self.server.connect()
            self.write(0, b"x" * BLOCK)
            self.server.hold("pwrite")
            first = other.aio_pwrite(b"y" * BLOCK, BLOCK)  # pushes the first block out, and is held
            until(lambda: other.poll(0) < 0 or self.server.is_held("pwrite"))
            self.server.note_calls()
            cookie = getattr(third, "aio_" + method)(BLOCK, 0)
            for _ in range(20):
                third.poll(5)
            self.assertFalse(third.aio_command_completed(cookie), "it did not wait")
            self.server.release("pwrite")
            for connection, command in ((other, first), (third, cookie)):
                while not connection.aio_command_completed(command):
                    connection.poll(-1)
            self.assertLess(self.server.calls().index("pwrite"), self.server.calls().index("fallocate"))
            self.assertEqual(self.connection.pread(BLOCK, 0), bytes(BLOCK))
            self.connection.flush()
            self.assertEqual(self.server.content()[:2 * BLOCK], bytes(BLOCK) + b"y" * BLOCK)

    def test_zero_where_holes_are_not_supported_writes_zeroes(self):
        for err in (errno.EOPNOTSUPP, errno.EINVAL):
            self.start(size=ODD, cache=4)
            self.write(0, b"x" * ODD)
            self.server.fail("fallocate", err)
            self.zero(100, 3 * BLOCK, FUA)
            self.assertEqual(self.server.content()[100:100 + 3 * BLOCK], bytes(3 * BLOCK))
            self.zero(ODD - 10, 10)
            self.compare()
            self.connection.trim(BLOCK, 8 * BLOCK)  # succeeds, and does nothing
            self.compare_file()
            self.assertEqual(self.server.said(), "")

    def test_zero_and_trim_of_a_huge_range(self):
        self.start(cache=16)
        huge = self.serve(size=1 << 40, cache=16)
        connection = huge.connect()
        count = (1 << 32) - 65536
        end = (1 << 40) - count
        for offset in (0, end, end - 4097):
            for method in (connection.zero, connection.trim):
                for at in (offset, offset + count // 2, offset + count - 100):
                    connection.pwrite(b"x" * 100, at)
                method(count, offset)
                for at in (offset, offset + count // 2, offset + count - 100):
                    self.assertEqual(connection.pread(100, at), bytes(100))
        connection.flush()

    # Durable means that fdatasync returned before the reply.

    def test_fua_writes_through_and_syncs_before_its_reply(self):
        self.start(cache=64)
        self.write(9 * BLOCK, b"cached")
        for request, call in ((lambda: self.write(5, b"x" * 5000, FUA), "pwrite"),
                              (lambda: self.zero(5, 100, FUA), "fallocate"),
                              (lambda: self.trim(5, 100, FUA), "fallocate")):
            self.server.note_calls()
            request()
            calls = self.server.calls()
            self.assertEqual((calls[-1], calls[-2]), ("fdatasync", call))
            self.assertEqual(self.server.content()[:5105], self.oracle[:5105])
        self.assertEqual(self.server.content()[9 * BLOCK:9 * BLOCK + 6], bytes(6), "other data stays cached")

    def test_flush_writes_all_and_syncs_before_its_reply(self):
        self.start(cache=64)
        for i in range(40):
            self.write(i * 5000, b"x" * 3000)
        self.server.note_calls()
        self.server.connect().flush()  # of another connection
        self.assertEqual(self.server.calls()[-1], "fdatasync")
        self.assertEqual(self.server.content(), self.oracle)

    def test_the_flusher_writes_in_time(self):
        self.start(cache=64)
        young = self.serve(cache=64, age=1)
        young.connect().pwrite(b"x", 0)
        until(lambda: young.content()[:1] == b"x")
        self.assertEqual(young.stop(), 0)

    # Many at once.

    def test_all_connections_see_a_write_when_it_is_acknowledged(self):
        self.start(cache=4)
        connections = [self.server.connect() for _ in range(4)]
        for i in range(200):
            data, offset = pattern(random, 3000), i * 4999
            connections[i % 4].pwrite(data, offset)
            self.assertEqual(connections[(i + 1) % 4].pread(3000, offset), data)

    def test_connections_that_share_blocks_and_no_bytes(self):
        # Thread t owns each fourth stripe of 1000 bytes. Three of four blocks have several owners.
        stripe, threads, stripes = 1000, 4, 60
        for cache, seconds_seed in ((1, 1), (3, 2), (20, 3)):
            self.start(size=stripe * threads * stripes, cache=cache)
            results = []

            def work(owner, connection, rng):
                mine = {}
                for _ in range(400):
                    which = rng.randrange(stripes)
                    offset = (which * threads + owner) * stripe
                    begin = rng.randrange(stripe)
                    count = rng.randrange(1, stripe - begin + 1)
                    old = mine.setdefault(which, bytearray(stripe))
                    what = rng.randrange(12)
                    if what < 5:
                        data = pattern(rng, count)
                        connection.pwrite(data, offset + begin, rng.choice((0, 0, 0, FUA)))
                        old[begin:begin + count] = data
                    elif what < 7:
                        rng.choice((connection.zero, connection.trim))(count, offset + begin)
                        old[begin:begin + count] = bytes(count)
                    elif what == 7:
                        connection.flush()
                    elif connection.pread(stripe, offset) != old:
                        results.append(f"thread {owner}: stripe {which} does not read as it was written")
                        return
                for which, old in mine.items():
                    offset = (which * threads + owner) * stripe
                    self.oracle[offset:offset + stripe] = old

            workers = [threading.Thread(target=work, args=(i, self.server.connect(), random.Random(seconds_seed * 10 + i)))
                       for i in range(threads)]
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()
            self.assertEqual(results, [])
            self.compare()
            self.compare_file()

    def test_a_read_of_a_block_that_is_written_meanwhile(self):
        # A reader that looks at the disk first, and at the cache when the block is gone, finds it in neither.
        self.start(cache=1)
        for i in range(50):
            data = pattern(random, BLOCK)
            self.write(0, data)
            self.server.hold("pread")
            reader = self.server.connect()
            read = nbd.Buffer(BLOCK)
            cookie = reader.aio_pread(read, 0)
            for _ in range(3):
                reader.poll(1)
            self.write(BLOCK, data)  # pushes the first block out
            self.server.release("pread")
            while not reader.aio_command_completed(cookie):
                reader.poll(-1)
            self.assertEqual(read.to_bytearray(), data, f"round {i}")

    def test_a_write_to_a_block_that_is_written_meanwhile(self):
        self.start(cache=1)
        other, third = self.server.connect(), self.server.connect()
        for i in range(20):
            self.write(0, pattern(random, BLOCK))
            self.server.hold("pwrite")
            data = pattern(random, BLOCK)
            first = other.aio_pwrite(nbd.Buffer.from_bytearray(bytearray(data)), BLOCK)  # pushes the first block out
            until(lambda: other.poll(0) < 0 or self.server.is_held("pwrite"))
            second = third.aio_pwrite(nbd.Buffer.from_bytearray(bytearray(data[:10])), 100)
            for _ in range(3):
                third.poll(1)
            self.server.release("pwrite")
            os.unlink(self.server.faults + "/pwrite.held")
            for connection, command in ((other, first), (third, second)):
                while not connection.aio_command_completed(command):
                    connection.poll(-1)
            self.oracle[BLOCK:2 * BLOCK] = data
            self.oracle[100:110] = data[:10]
            self.compare()
            self.compare_file()

    def test_writers_without_room_wait_and_end(self):
        self.start(size=16 << 20, cache=1)
        cookies = []
        for i in range(16):
            data = pattern(random, 1 << 20)
            cookies.append(self.connection.aio_pwrite(nbd.Buffer.from_bytearray(bytearray(data)), i << 20))
            self.oracle[i << 20:(i + 1) << 20] = data
        flush = self.connection.aio_flush()
        for cookie in (*cookies, flush):
            while not self.connection.aio_command_completed(cookie):
                self.connection.poll(-1)
        self.compare_file()

    def test_writers_without_room_on_a_broken_disk_end_too(self):
        self.start(cache=2)
        self.server.fail("pwrite", errno.EIO)
        self.connection.pwrite(b"x" * (1 << 20), 0)
        self.assertEqual([errno_of(self.connection.flush) for _ in range(2)], ["EIO", 0])

    def test_a_connection_that_breaks_off_with_requests_in_flight(self):
        self.start(cache=2)
        for _ in range(10):
            connection = self.server.connect()
            for i in range(8):
                connection.aio_pwrite(nbd.Buffer.from_bytearray(bytearray(b"x" * 65536)), i << 16)
                connection.aio_flush()
            connection.poll(0)
            del connection
            self.server.connections.pop()
        self.connection.flush()
        self.write(0, b"y" * 1000)
        self.connection.flush()
        self.assertEqual(self.server.content()[:1000], b"y" * 1000)

    def test_the_server_is_told_to_end_while_requests_are_in_flight(self):
        self.start(size=16 << 20, cache=2)
        for i in range(16):
            self.connection.aio_pwrite(nbd.Buffer.from_bytearray(bytearray(b"x" * (1 << 20))), i << 20)
        self.connection.poll(0)
        self.server.process.terminate()
        del self.connection  # nbdkit waits for the rest of a request that has begun
        self.assertEqual(self.server.stop(), 0)

    def test_read_only(self):
        self.start(options=["-r"])
        self.assertTrue(self.connection.is_read_only())
        self.connection.set_strict_mode(0)
        self.assertEqual(errno_of(self.connection.pwrite, b"x", 0), "EPERM")
        self.assertEqual(errno_of(self.connection.flush), 0)
        self.compare_file()

    def test_a_file_that_is_cut_fails_with_eio(self):
        self.start(cache=4)
        with open(self.server.file, "r+b") as file:
            file.truncate(BLOCK)
        self.assertEqual(errno_of(self.connection.pread, 10, 5 * BLOCK), "EIO")
        self.assertEqual(errno_of(self.connection.pread, 10, 0), 0)


if __name__ == "__main__":
    main()
