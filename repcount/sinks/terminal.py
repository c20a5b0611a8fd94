"""The table of reps, the verdict in one line and the progress bar."""

from __future__ import annotations

from math import isnan
from types import TracebackType
from typing import Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from repcount import words
from repcount.analysis import Analysis
from repcount.records import Flag, Rep

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
    asked = words.flag_words(rep.flags)
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
