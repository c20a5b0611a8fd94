"""The terminal during a live session: one line that lives, a line for every rep and notice, and its keys."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from math import isnan
from types import TracebackType
from typing import Any, Self, TextIO

from rich.cells import set_cell_size
from rich.console import Console
from rich.live import Live
from rich.text import Text

from repcount import words
from repcount.moment import KEYS, Announcement, Command, Cue, LiveUpdate, SessionStatus, Stage
from repcount.records import Flag, Phase, Rep

_EVERY_S = 0.2
"""The line is written anew this often: people read no faster. A choice."""

_GAUGE = 20
"""Characters of the gauge from 0 to 100°."""

_UNTOLD = {Cue.COUNT, Cue.HIGHER, Cue.ALL_THE_WAY_DOWN, Cue.SLOWER, Cue.LEGS_STRAIGHT, Cue.LEGS_TOGETHER}
"""The line of the rep says these."""


class LiveTerminal:
    """Shows moments on `file`; where that is no terminal, only what happens, a line each. A context manager."""

    def __init__(self, file: TextIO) -> None:
        self._console = Console(file=file, highlight=False, soft_wrap=True)
        self._live: Live | None = None
        self._shown_s = float("-inf")
        self._keys = _Keys()

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()
        self._keys.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._keys.__exit__(kind, error, trace)
        if self._live is not None:
            self._live.stop()

    def show(self, moment: LiveUpdate) -> None:
        """Show one moment."""
        for update in moment.updates:
            for event in update.events:
                if isinstance(event, Rep) and Flag.BY_HAND not in event.flags:
                    self._console.print(Text(rep_line(event), style="" if event.full else "yellow"))
        for notice in moment.announcements:
            if notice.cue not in _UNTOLD:
                self._console.print(Text(_notice_line(moment.time_s, notice), style="bold"))
        if self._live is not None and moment.time_s - self._shown_s >= _EVERY_S:
            self._shown_s = moment.time_s
            line = set_cell_size(status_line(moment.status), self._console.width - 1)
            self._live.update(Text(line, no_wrap=True), refresh=True)

    def commands(self) -> list[Command]:
        """What the keys pressed since the last time ask for."""
        return [KEYS[key] for key in self._keys.pressed() if key in KEYS]


def rep_line(rep: Rep) -> str:
    """One rep in one line."""
    asked = words.flag_words(rep.flags)
    judged = ": ".join([("full" if rep.full else "partial"), *([asked] if asked else [])])
    times = f"raise {rep.raise_s:.1f} s, lower {rep.lower_s:.1f} s, {rep.top_flexion_deg:.0f}°"
    return f"{rep.end_s:7.1f} s  rep {rep.number}, {judged} ({times})"


def _notice_line(time_s: float, notice: Announcement) -> str:
    return f"{time_s:7.1f} s  {words.shown_text(notice)}"


def status_line(standing: SessionStatus) -> str:
    """Where the workout stands, in one line; the most important comes first and is cut last."""
    target = f"/{standing.target}" if standing.target else ""
    sets = f"/{standing.sets}" if standing.sets else ""
    parts = [f"{standing.full}{target}", f"set {standing.set}{sets}", _doing(standing), _gauge(standing)]
    parts.append(f"today {standing.today}/{standing.day_limit}" if standing.day_limit else f"today {standing.today}")
    if not isnan(standing.camera_hz):
        parts.append(f"{standing.camera_hz:.0f} fps")
    return "  ".join(part for part in parts if part)


def _doing(standing: SessionStatus) -> str:
    if standing.stage is Stage.REST and not isnan(standing.rest_left_s):
        return f"rest {max(standing.rest_left_s, 0):.0f} s"
    if standing.stage is Stage.COUNTING:
        return "" if standing.phase is Phase.UNKNOWN else f"{standing.phase:7}"
    problem = words.shown_text(Announcement(standing.problem)) if standing.problem else ""
    return ": ".join(part for part in (words.set_headline(standing.stage), problem) if part)


def _gauge(standing: SessionStatus) -> str:
    if isnan(standing.lift_deg):
        return ""
    reached, upright = (
        round(min(max(deg, 0.0), 100.0) / 100 * _GAUGE) for deg in (standing.lift_deg, standing.upright_deg)
    )
    bar = "".join("#" if i < reached else "|" if i == upright else "." for i in range(_GAUGE))
    return f"[{bar}] {standing.lift_deg:3.0f}°"


class _Keys:
    """Single keys of the terminal, without Enter. A context manager; silent where there is no terminal."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self._on = False

    def __enter__(self) -> Self:
        if sys.stdin is not None and sys.stdin.isatty() and sys.platform != "win32":
            self._stack.enter_context(_cbreak(sys.stdin.fileno()))
            self._on = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def pressed(self) -> str:
        """The keys pressed since the last time."""
        if sys.platform == "win32":
            return _windows_keys()
        return _unix_keys(sys.stdin.fileno()) if self._on else ""


@contextlib.contextmanager
def _cbreak(descriptor: int) -> Iterator[None]:
    """Hand on every key at once, unseen, but leave Ctrl-C what it is."""
    import termios
    import tty

    before = termios.tcgetattr(descriptor)
    tty.setcbreak(descriptor)
    try:
        yield
    finally:
        with contextlib.suppress(termios.error):  # a terminal that is gone
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _unix_keys(descriptor: int) -> str:
    import os
    import select

    ready, _, _ = select.select([descriptor], [], [], 0)
    with contextlib.suppress(OSError):  # a terminal that is gone
        return os.read(descriptor, 64).decode(errors="replace") if ready else ""
    return ""


def _windows_keys() -> str:
    import msvcrt

    console: Any = msvcrt
    keys = ""
    while console.kbhit():
        keys += console.getwch()
    return keys
