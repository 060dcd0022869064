# SPDX-License-Identifier: MIT
"""Who is told of a failed background write, on a mounted filesystem that is too small. usage: scenarios.py FOLDER"""
import errno
import os
import sys
import time

path = os.path.join(sys.argv[1], "file")


def told(call, descriptor):
    try:
        call(descriptor)
        return "0"
    except OSError as error:
        return errno.errorcode[error.errno]


def create_and_write():
    """A new file, larger than its filesystem. Waits until that could be known: nobody can ask sshfs."""
    if os.path.exists(path):
        os.unlink(path)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    second = os.open(path, os.O_RDWR)
    os.pwrite(descriptor, bytes(128 * 1024), 0)
    time.sleep(1)
    return descriptor, second


first, second = create_and_write()
print("fsync, fsync:", told(os.fsync, first) + ", " + told(os.fsync, first))
os.close(first)
os.close(second)

first, second = create_and_write()
child = os.fork()
if child == 0:
    os._exit(0)  # the kernel closes its copies of the descriptors: a flush
os.waitpid(child, 0)
print("fork, the child exits, fsync, close:", told(os.fsync, first) + ", " + told(os.close, first))
os.close(second)

first, second = create_and_write()
before = told(os.fsync, second)
told(os.fsync, first)
print("a second handle: its fsync before, and after the first's:", before + ", " + told(os.fsync, second))
os.close(first)
os.close(second)

first, second = create_and_write()
duplicate = os.dup(first)
print("close of a dup, fsync:", told(os.close, duplicate) + ", " + told(os.fsync, first))
told(os.close, first)
os.close(second)
