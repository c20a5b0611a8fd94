"""The history in the terminal: a table of days with bars, a table of sessions, and the totals in a line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from math import isnan
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from repcount.errors import printable
from repcount.history.totals import DateRange, Session, Totals
from repcount.history.totals import totals as totals_of

_PIPE_COLUMNS = 100
"""Width of the output in a file or a pipe, which have none of their own."""

_GAP = 2
"""Spaces between two columns."""

_BAR_MIN, _BAR_MAX = 10, 31
"""Width of the bars in characters. Heuristic: shorter bars say nothing, longer ones distract from the numbers."""

_EIGHTHS = " ▏▎▍▌▋▊▉"

_WEEKDAY_DAYS = 300
"""Days longer ago than this show their year instead of their weekday. Heuristic: well before the same day and month
come round again."""

_Column = list[str]
"""The heading of a column, then its cells."""


def print_table(
    periods: Sequence[DateRange], sessions: Sequence[Session], file: TextIO, *, today: date, limit: int
) -> None:
    """Print a line per day with a bar against the daily limit, a line per session, and the totals.

    `periods` include the days without exercise; `limit` is in full reps per day. Columns that do not fit the terminal
    are left out.
    """
    width = None if file.isatty() else _PIPE_COLUMNS
    console = Console(file=file, highlight=False, width=width)
    with console.capture() as captured:  # rich would exit the program if the reader of a pipe had gone
        console.print(_day_table(periods, console, today, limit))
        console.print()
        console.print(_session_table(sessions, console, today))
        console.print()
        console.print(Text(day_totals_line(periods, today, limit), style="bold"))
    file.write(captured.get())


def day_totals_line(periods: Sequence[DateRange], today: date, limit: int) -> str:
    """Full reps of today and of all periods: "today 3 of 100, 303 full reps on 4 of 9 days"."""
    active = [period for period in periods if period.totals.sessions]
    full = sum(period.totals.full for period in active)
    over = sum(period.totals.full > limit for period in active)
    full_today = sum(period.totals.full for period in active if period.first == today)
    span = (periods[-1].last - periods[0].first).days + 1
    days = f"{len(active)} of {span} days" if span > 1 else "1 day"
    parts = [f"today {full_today} of {limit}", f"{full} full {'rep' if full == 1 else 'reps'} on {days}"]
    if over:
        parts.append(f"more than {limit} on {over} of them" if span > 1 else f"more than {limit}")
    return ", ".join(parts)


def _day_table(periods: Sequence[DateRange], console: Console, today: date, limit: int) -> Table:
    """As many columns as fit; the bars get the width that is left."""
    totals = [period.totals for period in periods]
    most = max(each.full for each in totals)
    left = ["", *(_label(period, today) for period in periods)], _column("full", totals, lambda each: str(each.full))
    room = console.width - sum(map(_width, left)) - _BAR_MIN
    columns, room = _fit([*_numbers(totals), _column("sessions", totals, lambda each: str(each.sessions))], room)
    bars = _Bars(limit, most, min(_BAR_MIN + room, _BAR_MAX), console)
    bar_column = [bars.heading(), *(bars.bar(each.full) for each in totals)]
    return _table([*left, bar_column, *columns], [bool(each.sessions) for each in totals])


def _session_table(sessions: Sequence[Session], console: Console, today: date) -> Table:
    totals = [totals_of([session]) for session in sessions]
    left = [
        ["session", *(str(session.id) for session in sessions)],
        ["start", *(f"{_format_day(session.started.date(), today)} {session.started:%H:%M}" for session in sessions)],
        _column("full", totals, lambda each: str(each.full)),
    ]
    length = ["length", *(_length(session) for session in sessions)]
    plan = ["plan", *(printable(session.plan) for session in sessions)]
    columns, _ = _fit([*_numbers(totals), length, plan], console.width + _GAP - sum(map(_width, left)))
    return _table([*left, *columns], [True] * len(sessions))


def _numbers(totals: Sequence[Totals]) -> list[_Column]:
    """The columns beside the full reps, most important first."""
    return [
        _column("partial", totals, lambda each: str(each.partial)),
        _column("fast", totals, lambda each: str(each.fast)),
        _column("full %", totals, lambda each: _number(100 * each.full_share)),
        _column("raise/lower s", totals, lambda each: _number(each.raise_s, 1, "/") + _number(each.lower_s, 1)),
        _column("top °", totals, lambda each: _number(each.top_flexion_deg)),
        _column("sets", totals, lambda each: str(each.sets)),
    ]


def _column(name: str, totals: Sequence[Totals], cell: Callable[[Totals], str]) -> _Column:
    return [name, *(cell(each) if each.sessions else "" for each in totals)]


def _width(column: _Column) -> int:
    """In characters, with the gap after it."""
    return max(map(len, column)) + _GAP


def _fit(columns: Sequence[_Column], room: int) -> tuple[list[_Column], int]:
    """The first columns, as many as fit into `room` characters, and the room that is left."""
    fitting = []
    for column in columns:
        if _width(column) > room:
            break
        fitting.append(column)
        room -= _width(column)
    return fitting, room


def _table(columns: Sequence[Sequence[str | Text]], bright: Sequence[bool]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name, *_ in columns:
        table.add_column(name, justify="right" if isinstance(name, str) and name else "left", no_wrap=True)
    for is_bright, *cells in zip(bright, *(cells for _, *cells in columns), strict=True):
        # As Text: in a plain string rich would interpret markup, and the plan may hold anything.
        table.add_row(
            *(Text(cell) if isinstance(cell, str) else cell for cell in cells), style="" if is_bright else "dim"
        )
    return table


class _Bars:
    """Bars on a common scale: the full width is the limit, or `most`, the best day's full reps, if that is more."""

    def __init__(self, limit: int, most: int, width: int, console: Console) -> None:
        self._limit = limit
        self._cells = width - 1
        self._mark = max(self._cells * limit // max(limit, most), 1)
        self._reps_per_cell = max(limit / self._mark, most / self._cells)
        self._ascii = console.options.ascii_only

    def heading(self) -> Text:
        """The limit's number, above its mark."""
        return Text(str(self._limit).rjust(self._mark + 1).ljust(self._cells + 1))

    def bar(self, full: int) -> Text:
        """A bar with the mark of the limit in it."""
        text = self._blocks(full / self._reps_per_cell).ljust(self._cells)
        bar = Text(text[: self._mark], style="green")
        bar.append("|", style="dim")
        bar.append(text[self._mark :], style="yellow")
        return bar

    def _blocks(self, cells: float) -> str:
        if self._ascii:
            return "#" * round(cells)
        eighths = round(8 * cells)
        return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def _format_day(day: date, today: date) -> str:
    """A day in ten characters: "Tue 01 Dec", or "2025-12-01" if that is long ago."""
    return f"{day:%a %d %b}" if abs((today - day).days) <= _WEEKDAY_DAYS else day.isoformat()


def _label(period: DateRange, today: date) -> str:
    return _format_day(period.first, today) if period.days == 1 else f"{period.days} days off"


def _length(session: Session) -> str:
    return f"{session.length_s / 60:.0f} min" if session.length_s >= 60 else f"{session.length_s:.0f} s"


def _number(value: float, digits: int = 0, unit: str = "") -> str:
    return "" if isnan(value) else f"{value:.{digits}f}{unit}"
