# SPDX-License-Identifier: MIT
"""kill -9 of nbdkit at random moments, while two connections write. What a FLUSH or a FUA write acknowledged is in the
file. Each write fills a part of a block with a number that grows, so a part shows which write it holds.
usage: kills.py PLUGIN FAULTS ROUNDS"""
import random
import struct
import sys
import threading
import time

import nbd

from server import FUA, Server

PART, PARTS = 1024, 64  # four parts share a block; the connections own alternate parts


class Writer(threading.Thread):
    def __init__(self, server, me, number):
        super().__init__()
        self.connection, self.me, self.number = server.connect(), me, number
        self.written, self.acknowledged, self.count = {}, {}, 0

    def run(self):
        rng = random.Random()
        try:
            while True:
                part = rng.randrange(PARTS // 2) * 2 + self.me
                self.number += 1
                self.written[part] = self.number
                fua = rng.random() < 0.2
                self.connection.pwrite(struct.pack("<Q", self.number) * (PART // 8), part * PART, FUA if fua else 0)
                if fua:
                    self.acknowledged[part] = self.number
                    self.count += 1
                if rng.random() < 0.1:
                    self.connection.flush()
                    self.acknowledged.update(self.written)
                    self.count += 1
        except nbd.Error:
            pass  # the server was killed


def main():
    rounds, acknowledged, number = int(sys.argv[3]), 0, 0
    server = Server(size=PART * PARTS, cache=8, age=1)
    floor = {}
    for _ in range(rounds):
        writers = [Writer(server, me, number) for me in (0, 1)]
        for writer in writers:
            writer.start()
        time.sleep(random.uniform(0.001, 0.2))
        server.process.kill()
        server.process.wait()
        content = server.content()
        for writer in writers:
            writer.join()
            floor.update(writer.acknowledged)
            number = max(number, writer.number)
            acknowledged += writer.count
        for part, least in floor.items():
            found = struct.unpack_from(f"<{PART // 8}Q", content, part * PART)
            if min(found) < least or max(found) > number:
                sys.exit(f"FAIL: part {part} holds {min(found)}...{max(found)}; {least} was acknowledged, "
                         f"{number} was the last. The folder is {server.folder}")
            floor[part] = min(found)
        server.connections = []
        server.start()
    server.remove()
    if not acknowledged:
        sys.exit("FAIL: nothing was acknowledged, this test is worth nothing")
    print(f"{rounds} times killed, {acknowledged} requests that made data durable were acknowledged: nothing is lost")


main()
