"""Pipes that another program reads or writes: waiting for it has an end."""

from __future__ import annotations

import errno
import io
import math
import os
import select
import stat
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Final

from repcount import interrupts

if sys.platform == "linux":
    import fcntl
    import termios

PATIENCE_S: Final = 60.0
"""How long a pipe may have no reader, or one that takes nothing. Heuristic: as for all that is waited for."""

_LEAVING_S: Final = 0.5
"""The same once a signal has asked the program to end, which it does within two seconds."""

_POLL_S: Final = 0.05

_BLOCK_BYTES: Final = 512
"""So much can be written without waiting to a pipe that has room (POSIX, _POSIX_PIPE_BUF)."""


def open_pipe(path: Path, patience_s: float = PATIENCE_S) -> BinaryIO:
    """Open a device or a pipe for writing. A pipe's reader may take `patience_s` to go on reading.

    Raises OSError; if nobody begins to read a pipe within `PATIENCE_S`, or goes on to read it, that is a TimeoutError.
    """
    if sys.platform == "win32" or not stat.S_ISFIFO(path.stat().st_mode):
        return path.open("wb")
    opened: list[int] = []

    def has_reader() -> bool:
        try:
            opened.append(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            time.sleep(_POLL_S)
        return bool(opened)

    _wait(has_reader, PATIENCE_S, "it is a pipe, and nobody began to read it")
    os.set_blocking(opened[0], True)
    return io.BufferedWriter(_PatientWriter(opened[0], patience_s))


def open_standard(number: int) -> BinaryIO | None:
    """A standard stream of this process for writing, if it is a pipe; None for anything else.

    Its reader may take as long as it likes (`| less`), but for half a second once a signal asks the program to end.
    Then TimeoutError is raised, and whatever is written later is dropped, or the program could not end. Raises OSError.
    """
    mode = os.fstat(number).st_mode
    if sys.platform == "win32" or not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        return None
    return io.BufferedWriter(_PatientWriter(os.dup(number), math.inf))


def open_input(path: Path) -> BinaryIO:
    """Open a file for reading; the writer of a pipe may take `PATIENCE_S` to begin and to go on.

    Raises OSError, and reading may as well; if nobody writes to a pipe in time, that is a TimeoutError.
    """
    if sys.platform == "win32" or not stat.S_ISFIFO(path.stat().st_mode):
        return path.open("rb")
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    os.set_blocking(descriptor, True)
    return io.BufferedReader(_PatientReader(descriptor))


class _PatientReader(io.RawIOBase):
    """Reads from a pipe as its writer gives it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        def has_content() -> bool:
            return bool(select.select([self._descriptor], [], [], _POLL_S)[0])

        _wait(has_content, PATIENCE_S, "it is a pipe, and nobody wrote to it")
        content = os.read(self._descriptor, len(buffer))
        buffer[: len(content)] = content
        return len(content)

    def close(self) -> None:
        if not self.closed:
            os.close(self._descriptor)
        super().close()


class _PatientWriter(io.RawIOBase):
    """Writes to a pipe as its reader takes it."""

    def __init__(self, descriptor: int, patience_s: float) -> None:
        self._descriptor, self._patience_s = descriptor, patience_s
        self._given_up = False

    def fileno(self) -> int:
        return self._descriptor

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        def has_room() -> bool:
            return bool(select.select([], [self._descriptor], [], _POLL_S)[1])

        if self._given_up:  # what is still in a buffer when it is closed
            return len(memoryview(data))
        self._given_up = True
        _wait(has_room, self._patience_s, "it is a pipe, and its reader took nothing")
        self._given_up = False
        return os.write(self._descriptor, memoryview(data)[: _room(self._descriptor)])

    def close(self) -> None:
        if not self.closed:
            with suppress(OSError):
                os.close(self._descriptor)
        super().close()


def _room(descriptor: int) -> int:
    """How many bytes something that is ready for writing takes without waiting: an empty pipe all that it can hold.

    So a text goes out as a whole, and a reader that has seen enough of it (`| grep -q`) breaks nothing.
    """
    if sys.platform == "linux":
        with suppress(OSError):  # no pipe
            waiting = fcntl.ioctl(descriptor, termios.FIONREAD, bytes(4))
            if not any(waiting):
                return fcntl.fcntl(descriptor, fcntl.F_GETPIPE_SZ)
    return _BLOCK_BYTES


def _wait(is_ready: Callable[[], bool], patience_s: float, complaint: str) -> None:
    """Wait until `is_ready`, which takes `_POLL_S` itself if it is not. Raises TimeoutError with the complaint."""
    if not any(is_ready() for _ in interrupts.waits(patience_s, _POLL_S, _LEAVING_S)):
        waited = "" if patience_s == math.inf else f" in {patience_s:g} s"
        raise TimeoutError(errno.ETIMEDOUT, f"{complaint}{waited}")
