"""A progress bar in the terminal, measured in seconds of video."""

from __future__ import annotations

from math import isnan
from types import TracebackType
from typing import Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from repcount.errors import printable


class ProgressBar:
    """A progress bar; shows nothing if `file` is not a terminal. A context manager."""

    def __init__(self, file: TextIO, label: str) -> None:
        # Without markup=False rich would read `[final]` in a file name as a style and leave it out.
        name = TextColumn("{task.description}", markup=False)
        columns = [name, BarColumn(), TextColumn("{task.completed:.0f} s"), _SpeedColumn()]
        self._progress = Progress(
            *columns,
            TimeRemainingColumn(),
            console=Console(file=file),
            transient=True,
            disable=not file.isatty(),
        )
        self._task = self._progress.add_task(printable(label), total=None)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def to(self, time_s: float, duration_s: float) -> None:
        """Show that `time_s` of `duration_s` are done; a duration of NaN is unknown."""
        total = None if isnan(duration_s) else duration_s
        self._progress.update(self._task, completed=time_s, total=total)


class _SpeedColumn(ProgressColumn):
    """How many times faster than real time: "12.3x"."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.1f}x" if task.speed else "", style="dim")
