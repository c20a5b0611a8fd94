"""Ctrl-C and the signals that end a program at a good moment: no sample is half counted, no row half written."""

from __future__ import annotations

import contextlib
import signal
from types import FrameType, TracebackType
from typing import Any, Self

NUMBERS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
"""The signals by which people and systems ask a program to end. Windows has no SIGHUP."""

_came: list[int] = []
"""Those that this process was sent."""


def heed() -> None:
    """Let all of them end the program as Ctrl-C does, by a KeyboardInterrupt, so that it is tidied up behind it.

    For programs, not for libraries. One that somebody else handles, or ignores, is left alone: nohup wants SIGHUP
    to pass.
    """
    for number in NUMBERS:
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, _end)


def let_go() -> None:
    """The work is done: from now on they end the program at once, without a word."""
    for number in NUMBERS:
        if signal.getsignal(number) is _end:
            signal.signal(number, signal.SIG_DFL)


def exit_code() -> int | None:
    """128 and the number of the first that came, as shells tell it; None where none did."""
    return 128 + _came[0] if _came else None


def _end(number: int, frame: FrameType | None) -> None:
    _came.append(number)
    raise KeyboardInterrupt


class Brake:
    """Turns Ctrl-C, and what is to act like it, into a KeyboardInterrupt that `check` raises. A context manager.

    Until `delayed` is set, and when it is pressed a second time, Ctrl-C acts at once as always. Outside of
    the main thread, where Python lets nobody handle signals, this does nothing.
    """

    def __init__(self) -> None:
        self.delayed = False
        self._pulled = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        for number in NUMBERS:
            # Anything else was put there by somebody who wants it (nohup, a host program).
            if signal.getsignal(number) in (_end, signal.default_int_handler):
                with contextlib.suppress(ValueError):
                    self._before[number] = signal.signal(number, self._pull)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def check(self) -> None:
        """Raise KeyboardInterrupt if Ctrl-C was pressed since the last time."""
        if self._pulled:
            self._pulled = False
            raise KeyboardInterrupt

    def _pull(self, number: int, frame: FrameType | None) -> None:
        _came.append(number)
        if not self.delayed or self._pulled:
            raise KeyboardInterrupt
        self._pulled = True


class Stop:
    """Notes that the session is asked to end: Ctrl-C, or a signal of the system. A context manager.

    Until `delayed` is set, that is a KeyboardInterrupt. Asked a second time, Ctrl-C acts at once as always. Outside
    of the main thread this does nothing.
    """

    def __init__(self) -> None:
        self.delayed = False
        self.signal: int | None = None
        """The number of the first signal that came, as the exit code tells it (128 is added there)."""
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        for number in NUMBERS:
            # Ignored ones were ignored on purpose: nohup wants SIGHUP to pass.
            if signal.getsignal(number) is not signal.SIG_IGN:
                with contextlib.suppress(ValueError):
                    self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        _came.append(number)
        if not self.delayed or (self.signal is not None and number == signal.SIGINT):
            raise KeyboardInterrupt
        self.signal = self.signal or number
