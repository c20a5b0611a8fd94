"""The terminal: the table of reps, the progress bar, and the status line of a live session with its keys."""

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
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from repcount.analysis import Analysis
from repcount.coaching import phrases
from repcount.coaching.events import KEYS, Announcement, Command, Cue, LiveUpdate, SessionStatus, Stage
from repcount.types import Flag, Phase, Rep

_WIDE = 200
"""Columns where the table goes to a file or a pipe, which have no width of their own."""


def print_analysis(analysis: Analysis, file: TextIO, *, heading: bool = False) -> None:
    """Print the reps as a table and the verdict below it."""
    console = Console(file=file, highlight=False, soft_wrap=True, width=None if file.isatty() else _WIDE)
    with console.capture() as shown:  # rich ends the program where nobody reads
        _print(analysis, console, heading=heading)
    file.write(shown.get())


def _print(analysis: Analysis, console: Console, *, heading: bool) -> None:
    if heading:
        console.print(Text(analysis.source.path, style="bold"))
    if analysis.reps:
        console.print(_table(analysis))
    hands_off = sum(Flag.HANDS_OFF_HEAD in rep.flags for rep in analysis.reps)
    if hands_off:
        console.print(f"hands not at the head in {hands_off} of {_plural(len(analysis.reps), 'rep')}", style="dim")
    console.print(Text(counts_line(analysis), style="bold"))


def counts_line(analysis: Analysis) -> str:
    """The result in one line."""
    summary = analysis.summary
    parts = [_plural(summary.full, "full rep")]
    if summary.partial:
        parts.append(f"{summary.partial} partial")
    if summary.fast:
        parts.append(f"{summary.fast} fast")
    where = f"in {_plural(summary.sets, 'set')}, " if summary.sets > 1 else ""
    return f"{', '.join(parts)} {where}in {analysis.source.duration_s:.1f} s"


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _table(analysis: Analysis) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    sets = analysis.summary.sets > 1
    for name in ("", *(["set"] if sets else []), "start", "top", "end", "raise", "hold", "lower", "pause", "flexion"):
        table.add_column(name, justify="right")
    table.add_column("")
    for rep in analysis.reps:
        table.add_row(*_row(rep, sets=sets))
    return table


def _row(rep: Rep, *, sets: bool) -> list[Text]:
    times = [rep.start_s, rep.top_s, rep.end_s, rep.raise_s, rep.hold_s, rep.lower_s, rep.pause_s]
    cells = [str(rep.number), *([str(rep.set)] if sets else [])]
    cells += ["" if value is None or isnan(value) else f"{value:.2f}" for value in times]
    cells += ["" if isnan(rep.top_flexion_deg) else f"{rep.top_flexion_deg:.0f}°", rep_remarks(rep)]
    return [Text(cell, style="" if rep.full else "yellow") for cell in cells]


def rep_remarks(rep: Rep) -> str:
    """The verdict on a rep and what its flags ask for."""
    asked = phrases.flag_words(rep.flags)
    return ": ".join(["full" if rep.full else "partial", *([asked] if asked else [])])


class _Speed(ProgressColumn):
    def render(self, task: Task) -> Text:
        """How many times faster than the video plays."""
        return Text(f"{task.speed:.1f}x" if task.speed else "", style="dim")


class ProgressBar:
    """A progress bar by video time; silent where `file` is no terminal. A context manager."""

    def __init__(self, file: TextIO, label: str) -> None:
        columns = [TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:.0f} s"), _Speed()]
        self._progress = Progress(
            *columns,
            TimeRemainingColumn(),
            console=Console(file=file),
            transient=True,
            disable=not file.isatty(),
        )
        self._task = self._progress.add_task(label, total=None)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def to(self, time_s: float, duration_s: float) -> None:
        """Show that `time_s` of `duration_s` are done."""
        total = None if isnan(duration_s) else duration_s
        self._progress.update(self._task, completed=time_s, total=total)


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
    asked = phrases.flag_words(rep.flags)
    judged = ": ".join([("full" if rep.full else "partial"), *([asked] if asked else [])])
    times = f"raise {rep.raise_s:.1f} s, lower {rep.lower_s:.1f} s, {rep.top_flexion_deg:.0f}°"
    return f"{rep.end_s:7.1f} s  rep {rep.number}, {judged} ({times})"


def _notice_line(time_s: float, notice: Announcement) -> str:
    return f"{time_s:7.1f} s  {phrases.shown_text(notice)}"


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
    problem = phrases.shown_text(Announcement(standing.problem)) if standing.problem else ""
    return ": ".join(part for part in (phrases.stage_text(standing.stage), problem) if part)


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
