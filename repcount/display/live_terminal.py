"""A live session in the terminal: a line per rep and announcement, a status line below them, and the keys."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from math import isnan
from types import TracebackType
from typing import Any, Self, TextIO

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.live import Live
from rich.text import Text

from repcount import language
from repcount.coaching import phrases
from repcount.coaching.events import (
    KEYS,
    PACE_CUES,
    PARTIAL_CUES,
    Announcement,
    Command,
    Cue,
    LiveUpdate,
    SessionStatus,
    Stage,
)
from repcount.display.table import rep_remarks
from repcount.errors import printable
from repcount.language import gettext as _
from repcount.types import Flag, Rep

_REFRESH_S = 0.2
"""Interval between two updates of the status line. Heuristic: people read no faster."""

_GAUGE_CHARACTERS = 20
"""Length of the gauge from 0 to 100°."""

_PHASE_CELLS = 7
"""Room for the phase, so that what follows it stays in its place."""

_SHOWN_ELSEWHERE = {Cue.COUNT, Cue.COUNTDOWN} | PARTIAL_CUES | PACE_CUES
"""Announcements that get no line of their own, because the line of the rep or the status line says the same."""


class LiveTerminal:
    """Shows a live session on `file`; if that is no terminal, without the status line. A context manager."""

    def __init__(self, file: TextIO) -> None:
        self._console = Console(file=file, highlight=False)
        self._console.soft_wrap = not self._console.is_terminal  # a line of a file is as long as it is
        self._live: Live | None = None
        self._shown_s = float("-inf")
        self._keyboard = _Keyboard()

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()
        self._keyboard.__enter__()
        if self._keyboard.active:
            self._console.print(Text(phrases.terminal_keys(), style="dim"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._keyboard.__exit__(kind, error, trace)
        if self._live is not None:
            self._live.stop()

    def show(self, update: LiveUpdate) -> None:
        """Print a line for each new rep and announcement, and refresh the status line."""
        for counter_update in update.updates:
            for event in counter_update.events:
                if isinstance(event, Rep) and Flag.BY_HAND not in event.flags:
                    self._console.print(Text(rep_line(event), style="" if event.full else "yellow"))
        for announcement in update.announcements:
            if announcement.cue not in _SHOWN_ELSEWHERE:
                self._console.print(Text(_announcement_line(update.time_s, announcement), style="bold"))
        if self._live is not None and update.time_s - self._shown_s >= _REFRESH_S:
            self._shown_s = update.time_s
            line = set_cell_size(status_line(update.status), self._console.width - 1)
            self._live.update(Text(line, no_wrap=True), refresh=True)

    def note(self, text: str) -> None:
        """Print a note, above the status line; names in it may hold anything."""
        self._console.print(Text(printable(text)))

    def commands(self) -> list[Command]:
        """The commands of the keys pressed since the last call."""
        return [KEYS[key] for key in self._keyboard.pressed() if key in KEYS]


def rep_line(rep: Rep) -> str:
    """One rep: "   15.2 s  rep 3, partial: higher (raise 2.0 s, lower 1.9 s, 58°)"."""
    up, down = language.number(rep.raise_s, 1), language.number(rep.lower_s, 1)
    times = _("raise {up} s, lower {down} s, {top}°").format(up=up, down=down, top=f"{rep.top_flexion_deg:.0f}")
    name = _("rep {n}").format(n=rep.number)
    return f"{_seconds(rep.end_s)}  {name}, {rep_remarks(rep)} ({times})"


def _seconds(time_s: float) -> str:
    return f"{language.number(time_s, 1):>7} s"


def _announcement_line(time_s: float, announcement: Announcement) -> str:
    return f"{_seconds(time_s)}  {phrases.shown_text(announcement)}"


def status_line(status: SessionStatus) -> str:
    """The state of the workout in one line, most important first, because a narrow terminal cuts off its end."""
    target = f"/{status.target}" if status.target else ""
    sets = f"/{status.sets}" if status.sets else ""
    parts = [f"{status.full}{target}", _("set {n}").format(n=f"{status.set}{sets}"), _activity(status), _gauge(status)]
    parts.append(phrases.target_text(status))
    parts.append(phrases.unsaved_text(status))
    limit = f"/{status.day_limit}" if status.day_limit else ""
    parts.append(_("today {n}").format(n=f"{status.today}{limit}"))
    if not isnan(status.camera_hz):
        parts.append(_("{camera} fps").format(camera=f"{status.camera_hz:.0f}"))
    return "  ".join(part for part in parts if part)


def _activity(status: SessionStatus) -> str:
    if status.stage is Stage.REST and not isnan(status.rest_left_s):
        return _("rest {n} s").format(n=f"{max(status.rest_left_s, 0):.0f}")
    if status.stage is Stage.COUNTING:
        text = phrases.phase_text(status)
        return text + " " * (_PHASE_CELLS - cell_len(text)) if text else ""
    problem = phrases.shown_text(Announcement(status.problem)) if status.problem else ""
    return ": ".join(part for part in (phrases.stage_text(status.stage), problem) if part)


def _gauge(status: SessionStatus) -> str:
    if isnan(status.lift_deg):
        return ""
    reached, upright = (
        round(min(max(deg, 0.0), 100.0) / 100 * _GAUGE_CHARACTERS) for deg in (status.lift_deg, status.upright_deg)
    )
    bar = "".join("#" if i < reached else "|" if i == upright else "." for i in range(_GAUGE_CHARACTERS))
    return f"[{bar}] {status.lift_deg:3.0f}°"


class _Keyboard:
    """Reads single keys from the terminal, without Enter; none if standard input is no terminal. A context manager."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self.active = False
        """Whether there is a terminal whose keys are read."""

    def __enter__(self) -> Self:
        self.active = sys.stdin is not None and sys.stdin.isatty()
        if self.active and sys.platform != "win32":
            self._stack.enter_context(_cbreak(sys.stdin.fileno()))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def pressed(self) -> str:
        """The keys pressed since the last call."""
        if sys.platform == "win32":
            return _windows_keys()
        return _unix_keys(sys.stdin.fileno()) if self.active else ""


@contextlib.contextmanager
def _cbreak(descriptor: int) -> Iterator[None]:
    """Deliver each key at once and without echo; Ctrl-C still raises SIGINT. On Windows they come so anyway."""
    if sys.platform == "win32":
        yield
        return
    import termios
    import tty

    before = termios.tcgetattr(descriptor)
    tty.setcbreak(descriptor)
    try:
        yield
    finally:
        with contextlib.suppress(termios.error):  # the terminal is gone
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _unix_keys(descriptor: int) -> str:
    import os
    import select

    ready, _, _ = select.select([descriptor], [], [], 0)
    with contextlib.suppress(OSError):  # the terminal is gone
        return os.read(descriptor, 64).decode(errors="replace") if ready else ""
    return ""


def _windows_keys() -> str:
    import msvcrt

    console: Any = msvcrt
    keys = ""
    while console.kbhit():
        keys += console.getwch()
    return keys
