"""Signal handling: Ctrl-C and termination signals take effect between samples, never within one."""

from __future__ import annotations

import contextlib
import signal
from types import FrameType, TracebackType
from typing import Any, Self

SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
"""The signals that ask a program to end. Windows has no SIGHUP."""

_received: list[int] = []


def install_handlers() -> None:
    """Make every one of SIGNALS raise KeyboardInterrupt as Ctrl-C does, so that cleanup code runs.

    For programs, not for libraries. Signals that are ignored (nohup ignores SIGHUP) or already handled are left alone.
    """
    for number in SIGNALS:
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, _interrupt)


def restore_handlers() -> None:
    """Restore the default handlers: from now on a signal ends the program at once, without output."""
    for number in SIGNALS:
        if signal.getsignal(number) is _interrupt:
            signal.signal(number, signal.SIG_DFL)


def exit_code() -> int | None:
    """128 plus the number of the first signal received, as shells report it; None without one."""
    return 128 + _received[0] if _received else None


def _interrupt(number: int, frame: FrameType | None) -> None:
    _received.append(number)
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
        _received.append(number)
        if not self.delayed or (self._pending and number == signal.SIGINT):
            raise KeyboardInterrupt
        self.signal, self._pending = self.signal or number, True
