"""The history as a table with bars for the terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from math import isnan
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from repcount.errors import printable
from repcount.history import totals
from repcount.history.totals import DateRange, Session, Totals

_PIPE_COLUMNS = 100
"""Where the output goes to a file or a pipe, which have no width of their own."""

_GAP = 2
"""Between two columns."""

_BAR_LEAST, _BAR_MOST = 10, 31
"""Width of the bars. With less they say nothing; more would draw the eye from the numbers. A choice."""

_EIGHTHS = " ▏▎▍▌▋▊▉"

_YEAR_DAYS = 300
"""Days that are longer ago are told with their year instead of their weekday. A choice."""

Column = list[str]
"""The name of a column and its cells."""


def print_table(
    periods: Sequence[DateRange], sessions: Sequence[Session], file: TextIO, *, today: date, limit: int
) -> None:
    """Print a line per day with a bar against the daily limit, a line per session, and the sum of it all.

    `periods` hold the days without exercise, too.
    """
    width = None if file.isatty() else _PIPE_COLUMNS
    console = Console(file=file, highlight=False, width=width)
    with console.capture() as shown:  # rich ends the program where nobody reads
        console.print(_day_table(periods, console, today, limit))
        console.print()
        console.print(_session_table(sessions, console, today))
        console.print()
        console.print(Text(day_totals_line(periods, today, limit), style="bold"))
    file.write(shown.get())


def day_totals_line(periods: Sequence[DateRange], today: date, limit: int) -> str:
    """Where today stands, and what was done on how many days."""
    done = [period for period in periods if period.totals.sessions]
    full = sum(period.totals.full for period in done)
    over = sum(period.totals.full > limit for period in done)
    now = sum(period.totals.full for period in done if period.first == today)
    span = (periods[-1].last - periods[0].first).days + 1
    on = f"{len(done)} of {span} days" if span > 1 else "1 day"
    parts = [f"today {now} of {limit}", f"{full} full {'rep' if full == 1 else 'reps'} on {on}"]
    if over:
        parts.append(f"more than {limit} on {over} of them" if span > 1 else f"more than {limit}")
    return ", ".join(parts)


def _day_table(periods: Sequence[DateRange], console: Console, today: date, limit: int) -> Table:
    """As many columns as there is room for, the bars as wide as the others leave them."""
    sums = [period.totals for period in periods]
    most = max(total.full for total in sums)
    left = ["", *(_name(period, today) for period in periods)], _column("full", sums, lambda total: str(total.full))
    room = console.width - sum(map(_width, left)) - _BAR_LEAST
    columns, room = _fitting([*_numbers(sums), _column("sessions", sums, lambda total: str(total.sessions))], room)
    bars = _Bars(limit, most, min(_BAR_LEAST + room, _BAR_MOST), console)
    drawn = [bars.heading(), *(bars.bar(total.full) for total in sums)]
    return _table([*left, drawn, *columns], [bool(total.sessions) for total in sums])


def _session_table(sessions: Sequence[Session], console: Console, today: date) -> Table:
    sums = [totals.totals([session]) for session in sessions]
    left = [
        ["session", *(str(session.id) for session in sessions)],
        ["start", *(f"{day(session.started.date(), today)} {session.started:%H:%M}" for session in sessions)],
        _column("full", sums, lambda total: str(total.full)),
    ]
    length = ["length", *(_length(session) for session in sessions)]
    plan = ["plan", *(printable(session.plan) for session in sessions)]
    columns, _ = _fitting([*_numbers(sums), length, plan], console.width + _GAP - sum(map(_width, left)))
    return _table([*left, *columns], [True] * len(sessions))


def _numbers(sums: Sequence[Totals]) -> list[Column]:
    """What is told beside the full reps; where there is no room, the last ones are left out."""
    return [
        _column("partial", sums, lambda total: str(total.partial)),
        _column("fast", sums, lambda total: str(total.fast)),
        _column("full %", sums, lambda total: _number(100 * total.full_share)),
        _column("raise/lower", sums, lambda total: _number(total.raise_s, 1, "/") + _number(total.lower_s, 1, " s")),
        _column("flexion", sums, lambda total: _number(total.top_flexion_deg, after="°")),
        _column("sets", sums, lambda total: str(total.sets)),
    ]


def _column(name: str, sums: Sequence[Totals], cell: Callable[[Totals], str]) -> Column:
    return [name, *(cell(total) if total.sessions else "" for total in sums)]


def _width(column: Column) -> int:
    """With the gap behind it."""
    return max(map(len, column)) + _GAP


def _fitting(columns: Sequence[Column], room: int) -> tuple[list[Column], int]:
    """The columns there is room for, and the room that is left."""
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
        # As text: in a string rich would obey what looks like its markup, and the plan is anybody's.
        table.add_row(
            *(Text(cell) if isinstance(cell, str) else cell for cell in cells), style="" if is_bright else "dim"
        )
    return table


class _Bars:
    """Bars of one width, which the limit fills, or the `most` full reps of a day where these are more."""

    def __init__(self, limit: int, most: int, width: int, console: Console) -> None:
        self._limit = limit
        self._cells = width - 1
        self._mark = max(self._cells * limit // max(limit, most), 1)
        self._a_cell = max(limit / self._mark, most / self._cells)
        self._ascii = console.options.ascii_only

    def heading(self) -> Text:
        """Where the limit is."""
        return Text(str(self._limit).rjust(self._mark + 1).ljust(self._cells + 1))

    def bar(self, full: int) -> Text:
        """The bar, with the mark of the limit in it."""
        text = self._drawn(full / self._a_cell).ljust(self._cells)
        bar = Text(text[: self._mark], style="green")
        bar.append("|", style="dim")
        bar.append(text[self._mark :], style="yellow")
        return bar

    def _drawn(self, cells: float) -> str:
        if self._ascii:
            return "#" * round(cells)
        eighths = round(8 * cells)
        return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def day(when: date, today: date) -> str:
    """A day in ten letters."""
    return f"{when:%a %d %b}" if abs((today - when).days) <= _YEAR_DAYS else when.isoformat()


def _name(period: DateRange, today: date) -> str:
    return day(period.first, today) if period.days == 1 else f"{period.days} days off"


def _length(session: Session) -> str:
    return f"{session.length_s / 60:.0f} min" if session.length_s >= 60 else f"{session.length_s:.0f} s"


def _number(value: float, digits: int = 0, after: str = "") -> str:
    return "" if isnan(value) else f"{value:.{digits}f}{after}"
