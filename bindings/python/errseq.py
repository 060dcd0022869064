# SPDX-License-Identifier: MIT
"""libErrseq for Python: keep the latest asynchronous error in 4 bytes, and report it once to each observer.

A word is the shared record, beside the thing that can fail. A cursor is one observer's position in its history.

    word = errseq.Word()
    cursor = word.sample()                      # open: take a position
    word.set(errno.EIO)                         # later, in the background: a write failed
    word.check(cursor)                          # close: errno.EIO; looks and changes nothing
    word.check_and_advance(cursor)              # fsync: errno.EIO, and 0 if called again

Errors are positive errnos everywhere, as arguments and as results: errno.EIO. 0 is "no new error". The C library
has them negated. errseq.h of libErrseq says what each call promises; each method here is one call of it.

The library is found by its name, or by the path in the environment variable ERRSEQ_LIBRARY.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import sys
import time
import weakref
from dataclasses import dataclass
from typing import Any, Callable, Generic, NoReturn, Optional, Type, TypeVar, Union

__all__ = ["Cursor", "Cursor64", "SharedCursor", "SharedCursor64", "SharedMemory", "State", "Word", "Word64", "MAX_ERRNO"]

MAX_ERRNO = 4095
"""The largest errno that a word can hold."""

_FORMAT_SIZE = 64
_NAMES = {"darwin": "libErrseq.0.dylib", "win32": "libErrseq-0.dll"}


def _load_library() -> ctypes.CDLL:
    name = os.environ.get("ERRSEQ_LIBRARY") or _NAMES.get(sys.platform, "libErrseq.so.0")
    try:
        return ctypes.CDLL(name)
    except OSError as error:
        raise ImportError(
            f"libErrseq cannot be loaded as {name!r}: {error}. Install libErrseq, or set ERRSEQ_LIBRARY to the path "
            "of its shared library."
        ) from error


_library = _load_library()


class _TimeSpec(ctypes.Structure):
    _fields_ = [("tv_sec", ctypes.c_long), ("tv_nsec", ctypes.c_long)]


def _function(name: str, result: Any, *arguments: Any) -> Callable[..., Any]:
    try:
        function = getattr(_library, name)
    except AttributeError:

        def missing(*_: object) -> NoReturn:
            raise NotImplementedError(f"{_library._name} has no {name}: it is not on this machine, or not libErrseq")

        return missing
    function.restype = result
    function.argtypes = arguments
    return function  # type: ignore[no-any-return]


class _Calls:
    """The C functions of one width."""

    def __init__(self, prefix: str, number: Any) -> None:
        place = ctypes.POINTER(number)
        integer = ctypes.c_int
        self.number = number
        self.size = ctypes.sizeof(number)
        self.init = _function(prefix + "init", None, place)
        self.set = _function(prefix + "set", integer, place, integer)
        self.sample = _function(prefix + "sample", number, place)
        self.peek = _function(prefix + "peek", number, place)
        self.check = _function(prefix + "check", integer, place, number)
        self.check_and_advance = _function(prefix + "check_and_advance", integer, place, place)
        self.settle = _function(prefix + "settle", integer, place, number)
        self.load = _function(prefix + "load", number, place)
        self.cursor_same = _function(prefix + "cursor_same", integer, number, number)
        self.cursor_error = _function(prefix + "cursor_error", integer, number)
        self.cursor_reported = _function(prefix + "cursor_reported", integer, number)
        self.cursor_observed = _function(prefix + "cursor_observed", integer, number)
        self.cursor_count = _function(prefix + "cursor_count", number, number)
        self.format = _function(prefix + "format", integer, number, ctypes.c_char_p, ctypes.c_size_t)
        self.shared_cursor_init = _function(prefix + "shared_cursor_init", None, place, number)
        self.shared_cursor_get = _function(prefix + "shared_cursor_get", number, place)
        self.shared_cursor_move = _function(prefix + "shared_cursor_move", integer, place, number, number)
        self.check_shared = _function(prefix + "check_shared", integer, place, place)
        self.check_and_advance_shared = _function(prefix + "check_and_advance_shared", integer, place, place)


_calls32 = _Calls("errseq_", ctypes.c_uint32)
_calls64 = _Calls("errseq64_", ctypes.c_uint64)
_place32 = ctypes.POINTER(ctypes.c_uint32)
_wait = _function("errseq_wait", ctypes.c_int, _place32, ctypes.c_uint32, ctypes.POINTER(_TimeSpec))
_wake = _function("errseq_wake", None, _place32)


@dataclass(frozen=True)
class State:
    """What a word or a cursor holds."""

    error: int
    """The error, a positive errno; 0 if nothing was ever recorded."""
    reported: bool
    observed: bool
    count: int
    """The counter; it moves when an error follows one that somebody observed."""
    text: str
    """For a log line, such as "errno=5 reported observed count=3"."""

    def __str__(self) -> str:
        return self.text


def _state(calls: _Calls, bits: int) -> State:
    text = ctypes.create_string_buffer(_FORMAT_SIZE)
    calls.format(bits, text, _FORMAT_SIZE)
    reported, observed = bool(calls.cursor_reported(bits)), bool(calls.cursor_observed(bits))
    return State(-calls.cursor_error(bits), reported, observed, calls.cursor_count(bits), text.value.decode("ascii"))


class _Place:
    """4 or 8 aligned bytes that C works on: a word or a shared cursor. It is never copied."""

    _calls: _Calls
    _cell_: Any  # a ctypes number, or None once its memory is closed

    def __init__(self) -> None:
        size = self._calls.size
        memory = (ctypes.c_char * (2 * size))()
        self._cell_ = self._calls.number.from_buffer(memory, -ctypes.addressof(memory) % size)

    @classmethod
    def _inside(cls: Type[_P], buffer: Any, offset: int) -> _P:
        cell = cls._calls.number.from_buffer(buffer, offset)
        if ctypes.addressof(cell) % cls._calls.size != 0:
            size = cls._calls.size
            raise ValueError(f"a {cls.__name__} cannot be at offset {offset}: its address must be a multiple of {size}")
        place = cls.__new__(cls)
        place._cell_ = cell
        return place

    @property
    def _cell(self) -> Any:
        cell = self._cell_
        if cell is None:
            raise ValueError(f"the memory of this {type(self).__name__} is closed")
        return cell

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} cannot be copied or pickled: share it, or put it into shared memory")


_P = TypeVar("_P", bound=_Place)
_C = TypeVar("_C", bound="_Cursor")


class _Cursor:
    """One observer's position in the history of one word.

    Word.sample, Word.peek and Word.cursor make cursors. Only one thread at a time may use a cursor to advance; take
    a shared cursor for more. bits is a plain number that may be stored. To equal is to be the same position: what
    others have observed or reported makes no difference.
    """

    __slots__ = ("_word", "bits")
    __hash__ = None  # type: ignore[assignment]
    _word: Any
    bits: int

    def __init__(self) -> None:
        raise TypeError("a cursor belongs to a word: take it from sample(), peek() or cursor() of that word")

    @property
    def state(self) -> State:
        """What the cursor holds."""
        return _state(self._word._calls, self.bits)

    @property
    def error(self) -> int:
        """The error that the cursor stands on, a positive errno; 0 at the beginning."""
        return self.state.error

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Cursor):
            return NotImplemented
        return bool(self._word._calls.cursor_same(self.bits, self._word._bits_of(other)))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.state}>"


class Cursor(_Cursor):
    """A position in the history of a Word."""

    __slots__ = ()


class Cursor64(_Cursor):
    """A position in the history of a Word64."""

    __slots__ = ()


class _SharedCursor(_Place):
    """A cursor that threads may use at once, and processes that map it. Without an argument it is at the beginning."""

    def __init__(self, at: Optional[_Cursor] = None) -> None:
        super().__init__()
        if at is not None:
            self._calls.shared_cursor_init(self._cell, self._bits_of(at))

    def _bits_of(self, cursor: _Cursor) -> int:
        if not isinstance(cursor, _Cursor) or cursor._word._calls is not self._calls:
            raise TypeError(f"a {type(self).__name__} cannot stand on {cursor!r}")
        return cursor.bits

    def init(self, at: _Cursor) -> None:
        """Set it to a position, while nobody else uses it."""
        self._calls.shared_cursor_init(self._cell, self._bits_of(at))

    def move(self, from_: _Cursor, to: _Cursor) -> bool:
        """Move it to `to`, from peek(), if it still stands on `from_`, which was read before that peek()."""
        return bool(self._calls.shared_cursor_move(self._cell, self._bits_of(from_), self._bits_of(to)))


class SharedCursor(_SharedCursor):
    """A shared cursor of a Word: 4 bytes."""

    _calls = _calls32


class SharedCursor64(_SharedCursor):
    """A shared cursor of a Word64: 8 bytes."""

    _calls = _calls64


_S = TypeVar("_S", bound=_SharedCursor)


class _Word(_Place, Generic[_C, _S]):
    _cursor_type: Type[_C]
    _shared_type: Type[_S]

    @classmethod
    def in_buffer(cls: Type[_W], buffer: Any, offset: int = 0) -> _W:
        """The word at an offset of writable memory, such as an mmap or SharedMemory.buf of multiprocessing.

        The memory cannot be closed while the word is alive. All zeroes are a valid word.
        """
        return cls._inside(buffer, offset)

    def _cell_of(self, shared: _SharedCursor) -> Any:
        if type(shared) is not self._shared_type:
            raise TypeError(f"a {type(self).__name__} needs a {self._shared_type.__name__}, not {shared!r}")
        return shared._cell

    def _bits_of(self, cursor: _Cursor) -> int:
        if type(cursor) is not self._cursor_type:
            raise TypeError(f"a {type(self).__name__} needs a {self._cursor_type.__name__}, not {cursor!r}")
        if cursor._word is not self and ctypes.addressof(cursor._word._cell) != ctypes.addressof(self._cell):
            raise ValueError("this cursor belongs to another word. For another mapping of one word: cursor(bits)")
        return cursor.bits

    def cursor(self, bits: int = 0) -> _C:
        """A cursor at a stored position (its bits). 0 is the beginning: whatever error is there is new."""
        if not 0 <= bits < 1 << 8 * self._calls.size:
            raise ValueError(f"{bits} is not the position of a {self._cursor_type.__name__}")
        cursor = self._cursor_type.__new__(self._cursor_type)
        cursor._word = self
        cursor.bits = bits
        return cursor

    def init(self) -> None:
        """Make the word say that nothing was ever recorded, while nobody else uses it."""
        self._calls.init(self._cell)

    def set(self, error: int) -> None:
        """Record an error, 1 to 4095. First make the data clean, or drop it; then call this."""
        if not isinstance(error, int):
            raise TypeError(f"an errno is a number, not {error!r}; of an OSError take errno")
        if not 1 <= error <= MAX_ERRNO:
            raise ValueError(f"{error} cannot be recorded: an errno is 1 to {MAX_ERRNO}, and positive in Python")
        self._calls.set(self._cell, -error)

    def sample(self) -> _C:
        """Take a position, for open. An error that was reported to nobody yet is still new to it."""
        return self.cursor(self._calls.sample(self._cell))

    def peek(self) -> _C:
        """Take a position after all errors so far, and leave them to others."""
        return self.cursor(self._calls.peek(self._cell))

    def check(self, since: _C) -> int:
        """The error since a position, or 0. Changes nothing, so a second call returns the same."""
        return -int(self._calls.check(self._cell, self._bits_of(since)))

    def check_and_advance(self, since: _C) -> int:
        """The error since a position once, or 0. Marks it reported, and advances the cursor."""
        bits = self._calls.number(self._bits_of(since))
        error = -int(self._calls.check_and_advance(self._cell, bits))
        since.bits = bits.value
        return error

    def settle(self, at: _C) -> bool:
        """Mark the error at a position reported after it was delivered. False if the word has moved on."""
        return bool(self._calls.settle(self._cell, self._bits_of(at)))

    def position(self, shared: _S) -> _C:
        """Where a shared cursor stands (errseq_shared_cursor_get)."""
        return self.cursor(self._calls.shared_cursor_get(self._cell_of(shared)))

    def check_shared(self, since: _S) -> int:
        """check() through a shared cursor."""
        return -int(self._calls.check_shared(self._cell, self._cell_of(since)))

    def check_and_advance_shared(self, since: _S) -> int:
        """check_and_advance() through a shared cursor: one of all who call at once gets the error."""
        return -int(self._calls.check_and_advance_shared(self._cell, self._cell_of(since)))

    def load(self) -> State:
        """What the word holds, for diagnosis. It is not a position."""
        return _state(self._calls, self._calls.load(self._cell))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.load() if self._cell_ is not None else 'closed'}>"


_W = TypeVar("_W", bound=_Word[Any, Any])


class Word(_Word[Cursor, SharedCursor]):
    """The shared record: 4 bytes. Threads, processes that map it, and signal handlers may use it at once."""

    _calls = _calls32
    _cursor_type = Cursor
    _shared_type = SharedCursor

    def wait(self, since: Cursor, timeout: Optional[float] = None) -> bool:
        """Sleep until there is a new error: True. False if there was none for `timeout` seconds. On Linux.

        Other threads run meanwhile. Signal handlers run, and then it goes on waiting. If the system refuses to wait,
        it raises OSError.
        """
        if ctypes.sizeof(ctypes.c_void_p) < 8:
            raise NotImplementedError("wait: ctypes cannot know the size of time_t in a 32-bit program")
        deadline = None
        if timeout is not None:
            nanoseconds = max(0, time.monotonic_ns() + int(min(timeout, 1e18) * 1e9))
            deadline = _TimeSpec(*divmod(min(nanoseconds, (2**63 - 1) * 10**9), 10**9))
        bits = self._bits_of(since)
        while True:
            error = -_wait(self._cell, bits, deadline)
            if error == 0:
                return True
            if error == errno.ETIMEDOUT:
                return False
            if error != errno.EINTR:
                raise OSError(error, f"waiting for an error: {os.strerror(error)}")

    def wake(self) -> None:
        """Wake all who wait. A recorder that may have waiters does this after each set()."""
        _wake(self._cell)


class Word64(_Word[Cursor64, SharedCursor64]):
    """A word of 8 bytes, whose counter wraps after 2^50 steps instead of 2^18."""

    _calls = _calls64
    _cursor_type = Cursor64
    _shared_type = SharedCursor64


class SharedMemory:
    """A context with the memory of a file, for words and shared cursors that processes share.

        with errseq.SharedMemory("/dev/shm/my-volume") as memory:
            word = memory.place(errseq.Word, 0)

    The file is created, and is all zeroes then, which are valid words; one that exists keeps its words. Without a path
    it is memory for this process and those that it forks. When the context ends, its words say that they are closed.
    """

    def __init__(self, path: Union[str, os.PathLike[str], None] = None, size: int = 4096) -> None:
        self._places: weakref.WeakSet[_Place] = weakref.WeakSet()
        if path is None:
            self._map = mmap.mmap(-1, size)
            return
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, size)  # never shrinks a file that another process has made
            self._map = mmap.mmap(descriptor, size)
        finally:
            os.close(descriptor)

    def place(self, kind: Type[_P], offset: int) -> _P:
        """The word or the shared cursor of that kind at an offset, a multiple of its size."""
        place = kind._inside(self._map, offset)
        self._places.add(place)
        return place

    def close(self) -> None:
        """End the use of the memory. BufferError if another thread is inside a call, such as wait."""
        for place in self._places:
            place._cell_ = None
        self._map.close()

    def __enter__(self) -> SharedMemory:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
