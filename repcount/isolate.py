"""A process for the work that may crash, and one that outlives it and knows what was done.

FFmpeg, OpenCV and MediaPipe are native code: a damaged video may end the process that reads it. On Linux the
command forks before any of them is loaded. The child does the work; the parent only waits, and when the child dies
of a crash it forks the next one, which knows by memory what is done and what did it.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, BinaryIO, NoReturn

from repcount import hidden
from repcount.errors import LibraryError
from repcount.interrupt import NUMBERS
from repcount.known import Known
from repcount.libraries import requirement
from repcount.line import Line, heard

_HEAVY = ("numpy", "cv2", "mediapipe", "av")
"""Once loaded they may have threads and locks, which no child would get in a state to be used."""

_CRASHES = {
    getattr(signal, name, None) for name in ("SIGSEGV", "SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGSYS", "SIGKILL")
}
"""What native code dies of; SIGKILL is what the system sends when there is no memory left."""

_STDOUT, _STDERR = 1, 2
_STOPPED = 130

_PR_SET_PDEATHSIG = 1
"""From <sys/prctl.h>: which signal comes when the parent is gone."""

_HANDED_ON = {number: getattr(signal, "SIGRTMIN", 0) + place for place, number in enumerate(NUMBERS)}
"""What the child gets for them from its parent. A terminal sends Ctrl-C to both, `kill` to the parent alone: with the
real ones blocked in the child it hears each just once."""

_CURSOR_BACK = "\r\x1b[2K\x1b[?25h"
"""A progress bar that was cut off leaves its line, and no cursor."""


def line(files: Iterable[Path]) -> Line:
    """Begin work that may crash and that writes `files`.

    Where it can be isolated this returns in a process of its own, once for each that dies, and never in the one
    that called: that one leaves by SystemExit with the exit code of the last. Raises LibraryError where every
    process would die. Elsewhere (not Linux, inside another program, libraries loaded) it returns at once.
    """
    return _Keeper(files).line() if _possible() else Line()


def crashed(what: Path, of: str) -> str:
    """What people are told of a crash; `of` is the name of the signal."""
    if of == "SIGKILL":
        ended = f"{what}: the system ended the process that read it (SIGKILL), as it does when memory runs out"
        return f"{ended}; convert it to a smaller mp4 (H.264) and try again"
    return f"{what}: the video library crashed on it ({of}); convert it to mp4 (H.264) and try again"


@contextmanager
def hearing() -> Iterator[None]:
    """A program that is started in here hears Ctrl-C and the signals of the system, as all do by themselves."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    mask = signal.pthread_sigmask(signal.SIG_UNBLOCK, _HANDED_ON)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _possible() -> bool:
    """Whether this is the command itself, with nothing loaded that a child could not use."""
    try:
        own = sys.stdout.fileno() == _STDOUT
    except (AttributeError, OSError, ValueError):
        return False
    # macOS has fork, too, but its own libraries may not be used after it.
    return own and sys.platform == "linux" and threading.active_count() == 1 and not {*_HEAVY} & sys.modules.keys()


class _Keeper:
    """Outlives the processes that do the work. Signals that it gets are handed to the one at work."""

    def __init__(self, files: Iterable[Path]) -> None:
        self._files = list(files)
        self._known = Known()
        self._before: dict[int, Any] = {}
        self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        self._asked = 0
        self._pid = 0
        self._dead: list[int] = []

    def line(self) -> Line:
        """Return in each child; in this process only where it cannot have one."""
        for stream in (sys.stdout, sys.stderr):
            stream.flush()  # or each child would write it, too
        self._heed()
        gc.freeze()  # memory that nobody looks through stays shared
        try:
            while (to := self._forked()) is None:
                pass
        except OSError:  # too many processes
            self._let_go()
            signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
            return Line(self._known)
        return Line(self._known, to)

    # --- signals -------------------------------------------------------------------------------------------

    def _heed(self) -> None:
        for number in _HANDED_ON:
            if signal.getsignal(number) not in (signal.SIG_IGN, None):  # nohup wants SIGHUP to pass
                self._before[number] = signal.signal(number, self._hand_on)

    def _let_go(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _hand_on(self, number: int, frame: FrameType | None) -> None:
        self._asked = self._asked or number
        self._known.stopped = True
        if self._pid:
            os.kill(self._pid, _HANDED_ON[number])

    # --- processes -----------------------------------------------------------------------------------------

    def _forked(self) -> BinaryIO | None:
        """In the child the pipe to tell the parent; None in the parent, once the child has died of a crash."""
        read, write = os.pipe()
        signal.pthread_sigmask(signal.SIG_BLOCK, {*_HANDED_ON, *_HANDED_ON.values()})
        parent = os.getpid()
        self._pid = os.fork()
        if self._pid:
            os.close(write)
            signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
            self._outlive(read)
            return None
        os.close(read)
        self._let_go()
        _child(parent)
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask | self._before.keys())
        return os.fdopen(write, "wb")

    def _outlive(self, read: int) -> None:
        """Take in what the child tells until it ends. Returns after a crash that another child may get past."""
        with os.fdopen(read, "rb") as messages:
            for message in heard(messages):
                self._known.take(message)
        _, status = os.waitpid(self._pid, 0)
        pid, self._pid = self._pid, 0
        code = os.waitstatus_to_exitcode(status)
        if code < 0 or self._asked:
            self._dead.append(pid)
        if -code not in _CRASHES:
            self._leave(code)
        if sys.stderr.isatty():
            print(_CURSOR_BACK, end="", file=sys.stderr, flush=True)
        if self._known.code is not None:
            self._leave(self._known.code)
        of = signal.Signals(-code).name
        if not self._known.died(of):
            self._tidy()
            raise LibraryError(
                f"a library crashed ({of}) while no video was read. "
                f"Install them again: pip install --force-reinstall {requirement('opencv-python-headless')} "
                f"{requirement('mediapipe')}"
            )

    def _leave(self, code: int) -> NoReturn:
        """End as the child has ended."""
        self._tidy()
        if code == _STOPPED and self._asked:
            code = 128 + self._asked
        if code < 0:
            signal.signal(-code, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
            os.kill(os.getpid(), -code)
        raise SystemExit(code)

    def _tidy(self) -> None:
        """Leave no half-written file of a child that died, or was ended while it opened them."""
        self._let_go()
        for pid in self._dead:
            for file in self._files:
                hidden.sweep(file, pid)


def _child(parent: int) -> None:
    """Make this the process that works: it ends with its parent, hears signals from it, and crashes in silence."""
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    for number in _HANDED_ON.values():
        signal.signal(number, _handed)
    # Our own notes have a descriptor of their own by now. What C libraries say as they abort helps nobody else.
    if sys.stderr.fileno() != _STDERR and not os.environ.get("REPCOUNT_DEBUG"):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, _STDERR)
        os.close(nowhere)


def _handed(number: int, frame: FrameType | None) -> None:
    """Do what the process does on the signal that the parent has got."""
    meant = next(meant for meant, sent in _HANDED_ON.items() if sent == number)
    handler = signal.getsignal(meant)
    if callable(handler):
        handler(meant, frame)
    elif handler is signal.SIG_DFL:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {meant})
        os.kill(os.getpid(), meant)
