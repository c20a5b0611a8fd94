"""`repcount history`: show, export and delete what is in the history."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import nan
from pathlib import Path
from typing import TextIO

from repcount import files, formats
from repcount.analysis import Analysis, Source
from repcount.app.console import ConsoleReporter
from repcount.counting import counter
from repcount.errors import printable
from repcount.history import table, totals
from repcount.history.file import default_path, find_history
from repcount.history.store import DeleteFilter, HistoryStore
from repcount.history.totals import DateRange, Session

_Span = tuple[date, date]
"""The first and the last day with a rep."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryQuery:
    """What to show of the history, and the files to write."""

    today: date
    days: int
    """How many days back from today, today included; days after today, from a clock set wrong, are shown too."""
    every_session: bool
    """Whether to list all sessions, not only those of the newest day; for the CSV, one row per session, not per day."""
    limit: int
    """Full reps per day."""
    csv: Path | None
    json: Path | None
    report: Path | None = None
    force: bool = False
    """Whether to overwrite existing files."""

    @property
    def first(self) -> date:
        """The first day shown."""
        return self.today - timedelta(days=self.days - 1)


def show(query: HistoryQuery) -> ConsoleReporter:
    """Print days and sessions, and write the files of `query`, readable by the user alone. Raises RepcountError."""
    named = [path for path in (query.csv, query.json, query.report) if path is not None]
    files.check_distinct(named, [])
    reporter = ConsoleReporter(
        sys.stderr if files.STDOUT in named else sys.stdout, sys.stderr, has_other_outputs=len(named) > 1
    )
    with files.OutputSet(named, reporter, force=query.force, private=True) as out:
        sessions, span = _read(query.first)
        periods = totals.since(totals.by_day(sessions), query.first)
        for path, write in _writers(query, periods, sessions):
            out.write(path, write)
    _print(query, periods, sessions, span, reporter.results)
    return reporter


def _writers(
    query: HistoryQuery, periods: Sequence[DateRange], sessions: Sequence[Session]
) -> Iterator[tuple[Path, Callable[[TextIO], object]]]:
    if query.csv is not None:
        yield query.csv, lambda file: _write_csv(file, periods, sessions, every_session=query.every_session)
    if query.json is not None:
        document = totals.document(periods, sessions, query.limit)
        yield query.json, lambda file: file.write(json.dumps(document, indent=1, allow_nan=False) + "\n")
    if query.report is not None:
        from repcount.reports.history_html import render_history_report

        made = f"{query.today:%d %B %Y}"
        page = render_history_report(sessions, first=query.first, today=query.today, limit=query.limit, made=made)
        yield query.report, lambda file: file.write(page)


def _read(first: date | None) -> tuple[tuple[Session, ...], _Span | None]:
    """The sessions since a day, and the days that the whole history spans; changes nothing on the disk."""
    if find_history(default_path()) is None:
        return (), None
    with HistoryStore(default_path()) as history:
        return history.sessions(first), history.span()


def _print(
    query: HistoryQuery, periods: Sequence[DateRange], sessions: Sequence[Session], span: _Span | None, file: TextIO
) -> None:
    if span is None:
        print(f"There are no sessions yet. `repcount live` keeps them in {printable(str(default_path()))}", file=file)
        return
    oldest, newest = span
    if not periods:
        print(f"There is nothing in the last {query.days} days; the newest session is of {newest}", file=file)
        return
    periods = totals.with_gaps(periods, max(oldest, query.first), max(newest, query.today))
    listed = [session for session in sessions if query.every_session or _has_rep_on(session, newest)]
    table.print_table(periods, listed, file, today=query.today, limit=query.limit)


def _has_rep_on(session: Session, day: date) -> bool:
    return any(totals.day_of(session.started, rep) == day for rep in session.reps)


def _write_csv(file: TextIO, periods: Sequence[DateRange], sessions: Sequence[Session], *, every_session: bool) -> None:
    columns = totals.SESSION_COLUMNS if every_session else totals.DAY_COLUMNS
    file.write(",".join(columns) + "\r\n")
    for row in totals.session_rows(sessions) if every_session else totals.day_rows(periods):
        cells = (formats.text_cell(cell) if isinstance(cell, str) else _cell(cell) for cell in row.values())
        file.write(",".join(cells) + "\r\n")


def _cell(value: float | None) -> str:
    return "" if value is None else str(value)


def export(path: Path, first: date | None, *, force: bool = False) -> ConsoleReporter:
    """Write the reps since a day as the CSV of `analyze`, readable by the user alone; `source` is the session's start.

    Raises RepcountError.
    """
    reporter = ConsoleReporter(sys.stderr, sys.stderr)
    with files.OutputSet([path], reporter, force=force, private=True) as out:
        sessions, _ = _read(first)
        out.write(
            path, lambda file: formats.write_reps(file, [_analysis(session, first or date.min) for session in sessions])
        )
    return reporter


def _analysis(session: Session, first: date) -> Analysis:
    reps = counter.with_pauses(session.reps)
    kept = tuple(rep for rep in reps if totals.day_of(session.started, rep) >= first)
    source = Source(session.started.isoformat(timespec="seconds"), session.length_s)
    return Analysis(source, session.settings, kept, (), None, nan, ())


def delete(selection: DeleteFilter, confirm: Callable[[str], bool]) -> None:
    """Delete from the history for good if `confirm`, called with a question, returns True. Raises RepcountError."""
    if find_history(default_path()) is None:
        print("There is no history, so nothing was deleted")
        return
    with HistoryStore(default_path(), _note) as history:
        sessions, reps = history.count(selection)
        damaged = len(history.quarantined()) if selection.everything else 0
        what = f"{_plural(reps, 'rep')} in {_plural(sessions, 'session')}"
        what += f" and {_plural(damaged, 'damaged file')}" if damaged else ""
        if not sessions and not damaged:
            print("There is nothing of that in the history, so nothing was deleted")
        elif confirm(f"Delete {what} for good?"):
            history.delete(selection)
            print(f"Deleted {what}")


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _note(text: str) -> None:
    print(printable(f"note: {text}"), file=sys.stderr)
