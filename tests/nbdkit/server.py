# SPDX-License-Identifier: MIT
"""An nbdkit with the plugin, for the tests: started, made to fail, looked at, ended."""
import errno
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import nbd

PLUGIN, FAULTS = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
BLOCK = 4096
NEVER = 3600  # the longest age: the flusher does nothing in time
FUA = nbd.CMD_FLAG_FUA


class Server:
    """One nbdkit over one file. cache is in blocks."""

    def __init__(self, size=1 << 20, cache=1, age=NEVER, options=(), wrapper=()):
        self.folder = tempfile.mkdtemp(prefix="errseq-nbd.")
        self.file = self.folder + "/disk"
        self.faults = self.folder + "/faults"
        os.mkdir(self.faults)
        with open(self.file, "wb") as file:
            file.truncate(size)
        self.size = size
        self.command = [*wrapper, "nbdkit", "-f", "-U", self.folder + "/socket", "-P", self.folder + "/pid",
                        *options, PLUGIN, "file=" + self.file, f"cache-size={cache * BLOCK}", f"age={age}"]
        self.connections = []
        self.start()

    def start(self):
        for name in ("socket", "pid"):
            if os.path.exists(f"{self.folder}/{name}"):
                os.unlink(f"{self.folder}/{name}")
        preload = " ".join(filter(None, (os.environ.get("NBD_PRELOAD"), FAULTS)))
        self.log = open(self.folder + "/log", "a+")
        self.process = subprocess.Popen(self.command, stderr=self.log, stdin=subprocess.DEVNULL,
                                        env={**os.environ, "LD_PRELOAD": preload, "NBD_FAULTS": self.faults})
        until(lambda: self.process.poll() is not None or os.path.exists(self.folder + "/pid"))
        if self.process.poll() is not None:
            raise AssertionError(f"nbdkit ended with {self.process.returncode}: {self.said()}")

    def connect(self):
        connection = nbd.NBD()
        connection.connect_unix(self.folder + "/socket")
        self.connections.append(connection)
        return connection

    def fail(self, call, err, suffix=""):
        with open(f"{self.faults}/new", "w") as file:
            file.write(str(err))
        os.rename(f"{self.faults}/new", f"{self.faults}/{call}{suffix}")

    def heal(self, call, suffix=""):
        os.unlink(f"{self.faults}/{call}{suffix}")

    def hold(self, call):
        open(f"{self.faults}/{call}.hold", "w").close()

    def is_held(self, call):
        return os.path.exists(f"{self.faults}/{call}.held")

    def release(self, call):
        os.unlink(f"{self.faults}/{call}.hold")

    def note_calls(self):
        open(self.faults + "/calls", "w").close()

    def calls(self):
        with open(self.faults + "/calls") as file:
            return file.read().split()

    def content(self):
        with open(self.file, "rb") as file:
            return file.read()

    def said(self):
        self.log.seek(0)
        return self.log.read()

    def stop(self, with_signal=signal.SIGTERM):
        """Ends it as a service manager does. Returns its exit status. nbdkit waits until all clients are gone, so the
        caller holds no connection any more."""
        self.connections = []
        self.process.send_signal(with_signal)
        self.process.wait(600)
        self.log.flush()
        return self.process.returncode

    def remove(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder)


def until(condition):
    while not condition():
        time.sleep(0.001)


def errno_of(call, *arguments):
    """The errno that a request fails with, as a name; 0 if it succeeds."""
    try:
        call(*arguments)
    except nbd.Error as error:
        return errno.errorcode[error.errnum]
    return 0


class Test(unittest.TestCase):
    def serve(self, **options):
        server = Server(**options)
        self.addCleanup(server.remove)
        return server


def main():
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)
