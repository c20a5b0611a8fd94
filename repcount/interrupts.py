"""Signal handling: Ctrl-C and termination signals take effect between samples, never within one."""

from __future__ import annotations

import _thread
import contextlib
import os
import select
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from types import FrameType, TracebackType
from typing import Any, Self

from repcount.errors import lacks_memory, printable

SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
"""The signals that ask a program to end. Windows has no SIGHUP."""

_ENDING_S = 1.6
"""How long a signal leaves the program to end: the two seconds that people are promised, less what the end takes. A
main thread that hangs, or waits for something that does, is left behind then."""

_WORKING_S = 60.0
"""The same while the main thread works, as on a machine with many times too much to do. Heuristic."""

_STEP_S = 0.05
"""Both are counted in steps, which become longer where there is too much to do: they leave more time there."""

_LOOK_BACK_STEPS = 20
_WORKS_S = 0.01
"""The main thread works if it used this much processor time in so many steps: a hundredth. One that waits uses a tenth
of that to look whether it is over; one that shares a processor with 50 others, twice as much."""

_TIDYING_S = 0.15
"""How long what is unfinished may take to be removed or kept then. Heuristic: two renames, unless a disk hangs."""

_HEEDED, _SWALLOWED = 0, 255
"""What stands for a heeded signal, and for one whose exception was lost, where signals are told by their numbers."""

_received: list[int] = []
_told: int | None = None
"""The descriptor over which `_watch` is told of signals; None while nobody watches."""

unfinished: dict[object, Callable[[], str]] = {}
"""The files that are being written, and what there is to be written yet. Where the program is ended in the middle, each
is called, the newest first: it keeps the file if that is of use as it is, or else removes it and returns its name."""


def leave_unfinished(removed: list[str]) -> None:
    """Keep or remove what is unfinished; the names of removed files are added to `removed`, one by one.

    After cleanup code has run there is something only where a signal came between the creation of a file and the code
    that was to remove it.
    """
    for leave in reversed(list(unfinished.values())):
        with contextlib.suppress(Exception):
            removed.append(leave())


def install_handlers() -> None:
    """Make every one of SIGNALS raise KeyboardInterrupt as Ctrl-C does, so that cleanup code runs.

    For programs, not for libraries. Signals that are ignored (nohup ignores SIGHUP) or already handled are left alone.
    """
    for number in SIGNALS:
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, _interrupt)
    sys.unraisablehook = _note_unraisable


def _note_unraisable(ignored: sys.UnraisableHookArgs) -> None:
    """Note that the exception of a signal came where Python drops exceptions, as in a callback of its import locks.

    Where memory is lacking, what comes after it will say so.
    """
    if not issubclass(ignored.exc_type, KeyboardInterrupt):
        if not lacks_memory(ignored.exc_value):
            sys.__unraisablehook__(ignored)
    elif _told is not None:
        with contextlib.suppress(OSError):
            os.write(_told, bytes([_SWALLOWED]))


def watch_main_thread() -> None:
    """From now on end the program within two seconds of a signal of SIGNALS, unless the main thread works on its end.

    Python handles signals in the main thread alone, and not before the native call returns that it is in: one that
    hangs (a driver, a window, a disk that does not answer) would make Ctrl-C useless. This works unless that call holds
    the interpreter's lock. Does nothing without `install_handlers`. To be called once the standard streams are open.
    Raises KeyboardInterrupt if a signal came before, whose exception must have been lost.
    """
    global _told
    if signal.getsignal(signal.SIGINT) is not _interrupt:
        return
    if _received:
        raise KeyboardInterrupt
    if sys.platform == "win32":
        return
    with contextlib.suppress(OSError, RuntimeError):  # no file or thread to be had
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        threading.Thread(target=_watch, args=(reading, _terminal_state()), daemon=True).start()
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        _told = writing


def _watch(told: int, terminal: list[Any] | None) -> None:
    """End the program in time after a signal. `told` gives the number of each when it comes, then `_HEEDED`.

    After `_SWALLOWED` the signal is sent again, a step later: not where the exception would be lost again.
    """
    first = steps = 0
    heeded = warned = swallowed = False
    used_s: deque[float] = deque(maxlen=_LOOK_BACK_STEPS + 1)
    while True:
        if select.select([told], [], [], _STEP_S if first else None)[0]:
            number = os.read(told, 1)[0]
            heeded |= number == _HEEDED
            swallowed |= number == _SWALLOWED
            if number in SIGNALS:
                if warned:
                    _give_up(first, terminal)
                first = first or number
            continue
        if swallowed:
            swallowed = False
            _thread.interrupt_main(signal.Signals(first))
        steps += 1
        used_s.append(_main_thread_s())
        works = heeded and used_s[-1] - used_s[0] >= _WORKS_S
        if steps * _STEP_S >= (_WORKING_S if works else _ENDING_S):
            _give_up(first, terminal)
        if steps * _STEP_S >= _ENDING_S and not warned:
            warned = True
            _say("repcount: still saving what was counted; Ctrl-C once more gives that up")


def _main_thread_s() -> float:
    """The processor time that the main thread has used; 0 where the system does not tell."""
    if sys.platform == "linux":
        return time.clock_gettime(time.pthread_getcpuclockid(threading.main_thread().ident or 0))
    return 0.0


def _give_up(number: int, terminal: list[Any] | None) -> None:
    """Exit from another thread than the main one, which may hang anywhere: nothing can be asked of it."""
    lost: list[str] = []

    with contextlib.suppress(RuntimeError):  # no thread to be had
        tidying = threading.Thread(target=leave_unfinished, args=(lost,), daemon=True)
        tidying.start()
        tidying.join(_TIDYING_S)
    names = ", ".join(name for name in lost if name)
    _say("repcount: stopped" + (f"; not complete, so removed: {printable(names)}" if names else ""))
    if sys.platform != "win32" and terminal is not None:
        import termios

        with contextlib.suppress(OSError, ValueError, AttributeError, termios.error):
            termios.tcsetattr(sys.stdin.fileno(), termios.TCSANOW, terminal)
    os._exit(128 + number)


def _say(line: str) -> None:
    """Write to standard error past the lock that the main thread may hold, if that takes it at once."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        if select.select([], [sys.stderr.fileno()], [], 0)[1]:
            os.write(sys.stderr.fileno(), f"{line}\n".encode("utf-8", "backslashreplace"))


def _terminal_state() -> list[Any] | None:
    """The attributes of the terminal that is standard input; None if that is something else."""
    if sys.platform != "win32":
        import termios

        with contextlib.suppress(OSError, ValueError, AttributeError, termios.error):
            state: list[Any] = termios.tcgetattr(sys.stdin.fileno())
            return state
    return None


def _heed(number: int) -> None:
    """Note that the main thread handles a signal."""
    _received.append(number)
    if _told is not None:
        with contextlib.suppress(OSError):
            os.write(_told, bytes([_HEEDED]))


def restore_handlers() -> None:
    """Restore the default handlers: from now on a signal ends the program at once, without output."""
    for number in SIGNALS:
        if signal.getsignal(number) is _interrupt:
            signal.signal(number, signal.SIG_DFL)


def exit_code() -> int | None:
    """128 plus the number of the first signal received, as shells report it; None without one."""
    return 128 + _received[0] if _received else None


def waits(
    limit_s: float, step_s: float, leaving_s: float, is_leaving: Callable[[], bool] = lambda: bool(_received)
) -> Iterator[None]:
    """One item for each wait of `step_s`, at least one, until they make `limit_s`, or `leaving_s` more after a signal.

    They are counted, not timed: while this process is suspended, none is over.
    """
    left_s = limit_s
    while True:
        yield
        left_s = min(left_s, leaving_s if is_leaving() else limit_s) - step_s
        if left_s <= 0:
            return


def _interrupt(number: int, frame: FrameType | None) -> None:
    _heed(number)
    raise KeyboardInterrupt


class InterruptGuard:
    """Defers signals until the program asks for them with `requested`. A context manager.

    While `delayed` is False a signal raises KeyboardInterrupt at once. While it is True a signal is recorded; a Ctrl-C
    on top of one that `requested` has not reported yet raises KeyboardInterrupt. Signals that are ignored (nohup) or
    handled by a host program are left alone. Outside the main thread, where Python does not allow signal handlers,
    this does nothing.
    """

    def __init__(self) -> None:
        self.delayed = False
        self.signal: int | None = None
        """The number of the first signal received."""
        self._pending = False
        self._swallowed = False
        """Whether a signal raised KeyboardInterrupt, and the program goes on: libraries that are loaded swallow it."""
        self._previous_handlers: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if _received and signal.getsignal(signal.SIGINT) is _interrupt:
            self.signal, self._swallowed = _received[0], True
        for number in SIGNALS:
            if signal.getsignal(number) in (_interrupt, signal.default_int_handler, signal.SIG_DFL):
                with contextlib.suppress(ValueError):
                    self._previous_handlers[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._previous_handlers.items():
            signal.signal(number, handler)

    def requested(self) -> bool:
        """Whether a signal has come since the last call."""
        requested = self._pending or self._swallowed
        self._pending = self._swallowed = False
        return requested

    def _note(self, number: int, frame: FrameType | None) -> None:
        _heed(number)
        self.signal = self.signal or number
        if not self.delayed or (self._pending and number == signal.SIGINT):
            self._swallowed = True
            raise KeyboardInterrupt
        self._pending = True
