"""Ctrl-C and the signals that end a program, acted on at a good moment: no sample half counted, no row half written."""

from __future__ import annotations

import contextlib
import signal
from types import FrameType, TracebackType
from typing import Any, Self

NUMBERS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
"""The signals by which people and systems ask a program to end. Windows has no SIGHUP."""

_received: list[int] = []


def install_handlers() -> None:
    """Let all of them end the program as Ctrl-C does, with a KeyboardInterrupt, so that it is tidied up behind it.

    For programs, not for libraries. A signal that somebody else handles, or that is ignored, is left alone: nohup
    wants SIGHUP to pass.
    """
    for number in NUMBERS:
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, _interrupt)


def restore_handlers() -> None:
    """The work is done: from now on they end the program at once, without a word."""
    for number in NUMBERS:
        if signal.getsignal(number) is _interrupt:
            signal.signal(number, signal.SIG_DFL)


def exit_code() -> int | None:
    """128 and the number of the first signal that came, as shells report it; None if none did."""
    return 128 + _received[0] if _received else None


def _interrupt(number: int, frame: FrameType | None) -> None:
    _received.append(number)
    raise KeyboardInterrupt


class InterruptGuard:
    """Notes that the program is asked to end, until it is a good moment to do so. A context manager.

    Until `delayed` is set a signal is a KeyboardInterrupt at once. Afterwards it is noted, and only Ctrl-C before
    anybody has looked (`requested`) is one again. Signals that are ignored (nohup) or that a host program handles are
    left alone; outside of the main thread, where Python lets nobody handle signals, this does nothing.
    """

    def __init__(self) -> None:
        self.delayed = False
        self.signal: int | None = None
        """The number of the first signal that came."""
        self._pending = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        for number in NUMBERS:
            if signal.getsignal(number) in (_interrupt, signal.default_int_handler, signal.SIG_DFL):
                with contextlib.suppress(ValueError):
                    self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def requested(self) -> bool:
        """Whether a signal has come since the last time somebody asked."""
        pending, self._pending = self._pending, False
        return pending

    def _note(self, number: int, frame: FrameType | None) -> None:
        _received.append(number)
        if not self.delayed or (self._pending and number == signal.SIGINT):
            raise KeyboardInterrupt
        self.signal, self._pending = self.signal or number, True
