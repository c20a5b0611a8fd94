"""Ctrl-C and the signals that end a program at a good moment: no sample is half counted, no row half written."""

from __future__ import annotations

import contextlib
import signal
from types import FrameType, TracebackType
from typing import Any, Self


class Brake:
    """Turns Ctrl-C into a KeyboardInterrupt that `check` raises. A context manager.

    Until `delayed` is set, and when it is pressed a second time, Ctrl-C acts at once as always. Outside of
    the main thread, where Python lets nobody handle signals, this does nothing.
    """

    def __init__(self) -> None:
        self.delayed = False
        self._pulled = False
        self._before: Any = None

    def __enter__(self) -> Self:
        # Anything but Python's own handler was put there by somebody who wants it (nohup, a host program).
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            try:
                self._before = signal.signal(signal.SIGINT, self._pull)
            except ValueError:
                self._before = None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def check(self) -> None:
        """Raise KeyboardInterrupt if Ctrl-C was pressed since the last time."""
        if self._pulled:
            self._pulled = False
            raise KeyboardInterrupt

    def _pull(self, number: int, frame: FrameType | None) -> None:
        if not self.delayed or self._pulled:
            raise KeyboardInterrupt
        self._pulled = True


class Stop:
    """Notes that the session is asked to end: Ctrl-C, or a signal of the system. A context manager.

    Asked a second time, Ctrl-C acts at once as always. Outside of the main thread this does nothing.
    """

    def __init__(self) -> None:
        self.signal: int | None = None
        """The number of the signal that came, as the exit code tells it (128 is added there)."""
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):  # Windows has no SIGHUP
            number = getattr(signal, name, None)
            # Ignored ones were ignored on purpose: nohup wants SIGHUP to pass.
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                with contextlib.suppress(ValueError):
                    self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self.signal is not None and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.signal = number
