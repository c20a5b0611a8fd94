"""Signal handling: Ctrl-C and termination signals take effect between samples, never within one."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from math import inf
from time import monotonic
from types import FrameType, TracebackType
from typing import Any, Self

SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
"""The signals that ask a program to end. Windows has no SIGHUP."""

_PATIENCE_S = 5.0
"""How long the main thread may take to heed a signal. Heuristic: on a machine with many times too much to do it may be
seconds until it does, and what was counted must not be lost by that. Native calls that may hang are made by other
threads and processes, which a signal leaves behind sooner."""

_ENDING_S = 60.0
"""How long the program may take to end after a signal that it heeds, as it may have to save what was counted on a slow
disk. Heuristic: as for all that is waited for."""

_HEEDED = 0
"""What stands for a heeded signal where signals are told by their numbers."""

_received: list[int] = []
_savers: list[None] = []
"""One for each file that is made safe at present."""
_told: int | None = None
"""The descriptor over which `_watch` is told of signals; None while nobody watches."""


def install_handlers() -> None:
    """Make every one of SIGNALS raise KeyboardInterrupt as Ctrl-C does, so that cleanup code runs.

    For programs, not for libraries. Signals that are ignored (nohup ignores SIGHUP) or already handled are left alone.
    """
    for number in SIGNALS:
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, _interrupt)


def watch_main_thread() -> None:
    """From now on end the program at once on a signal of SIGNALS that the main thread does not heed in time.

    Python handles signals in the main thread alone, and not before the native call returns that it is in: one that
    hangs (a driver, MediaPipe for lack of memory) would make Ctrl-C useless. This works unless that call holds the
    interpreter's lock. Does nothing without `install_handlers`. To be called once the standard streams are open.
    """
    global _told
    if sys.platform == "win32" or signal.getsignal(signal.SIGINT) is not _interrupt:
        return
    with contextlib.suppress(OSError, RuntimeError):  # no file or thread to be had
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        threading.Thread(target=_watch, args=(reading, _terminal_state()), daemon=True).start()
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        _told = writing


def _watch(told: int, terminal: list[Any] | None) -> None:
    """End the program on a signal that is not heeded. `told` gives the number of each when it comes, then `_HEEDED`."""
    first, due_s, warned = 0, inf, False
    while True:
        wait_s = None if due_s == inf else max(due_s - monotonic(), 0.0)
        if select.select([told], [], [], wait_s)[0]:
            number = os.read(told, 1)[0]
            if number == _HEEDED:
                due_s = monotonic() + _ENDING_S
            elif number in SIGNALS:
                first, due_s = first or number, min(due_s, monotonic() + _PATIENCE_S)
        elif _savers and not warned:
            _say(b"repcount: still saving what was counted; Ctrl-C once more gives that up\n")
            due_s, warned = monotonic() + _ENDING_S, True
        else:
            _give_up(first, terminal)


@contextlib.contextmanager
def saving() -> Iterator[None]:
    """While a file is made safe, which a busy disk may take long for, a signal leaves it more time."""
    _savers.append(None)
    try:
        yield
    finally:
        _savers.pop()


def _give_up(number: int, terminal: list[Any] | None) -> None:
    """Exit from another thread than the main one: nothing is cleaned up but the terminal."""
    _say(b"repcount: stopped\n")
    if sys.platform != "win32" and terminal is not None:
        import termios

        with contextlib.suppress(OSError, ValueError, AttributeError, termios.error):
            termios.tcsetattr(sys.stdin.fileno(), termios.TCSANOW, terminal)
    os._exit(128 + number)


def _say(line: bytes) -> None:
    """Write to standard error past the lock that the main thread may hold."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.write(sys.stderr.fileno(), line)


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


def received() -> int:
    """How many signals have been received."""
    return len(_received)


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
        """The number of the first signal received while `delayed`."""
        self._pending = False
        self._previous_handlers: dict[int, Any] = {}

    def __enter__(self) -> Self:
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
        pending, self._pending = self._pending, False
        return pending

    def _note(self, number: int, frame: FrameType | None) -> None:
        _heed(number)
        if not self.delayed or (self._pending and number == signal.SIGINT):
            raise KeyboardInterrupt
        self.signal, self._pending = self.signal or number, True
