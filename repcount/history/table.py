"""The history in the terminal: a table of days with bars, a table of sessions, and the totals in a line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from math import isnan
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from repcount.errors import printable
from repcount.history.progress import Progress, SetResult, Week
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


@dataclass(frozen=True, slots=True)
class View:
    """What to show of one person."""

    findings: Sequence[str]
    """How they are doing, the most important first."""
    weeks: Sequence[Week]
    periods: Sequence[DateRange]
    """The days asked for, oldest first, those without exercise included."""
    sessions: Sequence[Session]
    sets: Sequence[tuple[SetResult, SetResult | None]]
    """The sets of the newest session, each with the same set of the session before."""


def print_view(view: View, file: TextIO, *, today: date, limit: int) -> None:
    """Print how somebody is doing, a line per week and per day with a bar, a line per session, and the totals.

    `limit` is in full reps per day. Columns that do not fit the terminal are left out.
    """

    def write(console: Console) -> None:
        first, *others = view.findings
        console.print(Text(first, style="bold"))
        for text in others:
            console.print(Text(text))
        if len(view.weeks) > 1:
            console.print()
            console.print(_week_table(view.weeks, console, today))
        console.print()
        console.print(_day_table(view.periods, console, today, limit))
        console.print()
        console.print(_session_table(view.sessions, console, today))
        if any(before is not None for _, before in view.sets):
            console.print()
            console.print(_set_table(view.sets, console))
        console.print()
        console.print(Text(day_totals_line(view.periods, today, limit)))

    _print(write, file)


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One person in the overview of several."""

    name: str
    """Empty for the sessions without a name."""
    progress: Progress
    last_day: date
    target_deg: float | None = None


def print_people(people: Sequence[PersonRow], file: TextIO, *, today: date) -> None:
    """Print a line per person."""

    def write(console: Console) -> None:
        most = max(1, *(each.progress.this_week.totals.full for each in people))
        left = [
            ["", *(printable(each.name) or "(no name)" for each in people)],
            ["this week", *(str(each.progress.this_week.totals.full) for each in people)],
        ]
        columns, room = _fit(
            [
                ["last week", *(str(each.progress.last_week.totals.full) for each in people)],
                ["last day", *(_format_day(each.last_day, today) for each in people)],
                ["best set", *(str(each.progress.best.full) if each.progress.best else "" for each in people)],
                ["weeks in a row", *(str(each.progress.streak) for each in people)],
                ["target", *(f"{each.target_deg:.0f}°" if each.target_deg else "" for each in people)],
            ],
            console.width - sum(map(_width, left)) - _BAR_MIN - _GAP,
        )
        bars = _Bars(None, most, min(_BAR_MIN + room, _BAR_MAX), console)
        bar_column: list[str | Text] = ["", *(bars.bar(each.progress.this_week.totals.full) for each in people)]
        console.print(_table([left[0], left[1], bar_column, *columns], [True] * len(people)))
        console.print()
        console.print(Text("`repcount history --person NAME` shows one of them."))

    _print(write, file)


def print_comparison(rows: Sequence[tuple[str, str, str]], file: TextIO) -> None:
    """Print quantities of two people side by side; the first row has their names."""
    (_, one, other), *quantities = rows
    columns = [["", *(row[0] for row in quantities)]]
    columns += [[printable(name), *(row[i] for row in quantities)] for i, name in ((1, one), (2, other))]
    _print(lambda console: console.print(_table(columns, [True] * len(quantities))), file)


def _print(write: Callable[[Console], None], file: TextIO) -> None:
    width = None if file.isatty() else _PIPE_COLUMNS
    console = Console(file=file, highlight=False, width=width)
    with console.capture() as captured:  # rich would exit the program if the reader of a pipe had gone
        write(console)
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


def _week_table(weeks: Sequence[Week], console: Console, today: date) -> Table:
    """Progress first: bars of the weeks on their own scale, without the limit, which is one of a day."""
    totals = [week.totals for week in weeks]
    names = [_week_name(week, today) for week in weeks]
    left = ["week", *names], ["full", *(str(each.full) if each.sessions else "" for each in totals)]
    days = ["days", *(str(week.days or "") for week in weeks)]
    columns, room = _fit(
        [days, _column("best set", totals, lambda each: str(each.best_set)), *_numbers(totals)[2:5]],
        console.width - sum(map(_width, left)) - _BAR_MIN,
    )
    bars = _Bars(None, max(1, *(each.full for each in totals)), min(_BAR_MIN + room, _BAR_MAX), console)
    bar_column: list[str | Text] = ["", *(bars.bar(each.full) for each in totals)]
    return _table([*left, bar_column, *columns], [bool(each.sessions) for each in totals])


def _week_name(week: Week, today: date) -> str:
    days_ago = (today - week.first).days
    return "this week" if 0 <= days_ago < 7 else _format_day(week.first, today)


def _set_table(sets: Sequence[tuple[SetResult, SetResult | None]], console: Console) -> Table:
    """The sets of the newest session beside the same sets of the one before."""
    now, before = [result for result, _ in sets], [result for _, result in sets]
    left = [
        ["set", *(str(result.number) for result in now)],
        ["full", *(str(result.full) for result in now)],
        ["last time", *(str(result.full) if result else "" for result in before)],
    ]
    columns, _ = _fit(
        [
            ["raise/lower s", *map(_tempo, now)],
            ["last time", *(_tempo(result) if result else "" for result in before)],
            ["partial", *(str(result.partial or "") for result in now)],
        ],
        console.width + _GAP - sum(map(_width, left)),
    )
    return _table([*left, *columns], [True] * len(sets))


def _tempo(of: SetResult | Totals) -> str:
    return _number(of.raise_s, 1, "/") + _number(of.lower_s, 1)


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
        _column("raise/lower s", totals, _tempo),
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
        # As Text: in a plain string rich would interpret markup, and plans and names may hold anything.
        heading = Text(name) if isinstance(name, str) else name
        table.add_column(heading, justify="right" if isinstance(name, str) and name else "left", no_wrap=True)
    for is_bright, *cells in zip(bright, *(cells for _, *cells in columns), strict=True):
        table.add_row(
            *(Text(cell) if isinstance(cell, str) else cell for cell in cells), style="" if is_bright else "dim"
        )
    return table


class _Bars:
    """Bars on a common scale: the full width is the limit, or `most`, the most full reps, if that is more.

    Without a limit it is `most`.
    """

    def __init__(self, limit: int | None, most: int, width: int, console: Console) -> None:
        self._has_limit = limit is not None
        self._limit = limit = limit if limit is not None else max(most, 1)
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
        if not self._has_limit:
            return Text(text, style="green")
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
