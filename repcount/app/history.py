"""Looks back on the history: shows it, exports it, deletes from it."""

from __future__ import annotations

import csv
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
from repcount.history.store import DeleteFilter, HistoryStore, default_path, find
from repcount.history.totals import DateRange, Session

Span = tuple[date, date]
"""The first and the last day on which something was done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryQuery:
    """What is to be seen of the history."""

    today: date
    days: int
    """How many, back from today; what a clock set wrong has put after today is seen, too."""
    every_session: bool
    limit: int
    """Full reps of a day to measure it against."""
    csv: Path | None
    json: Path | None
    report: Path | None = None
    force: bool = False
    """Whether files that are there already are overwritten."""

    @property
    def first(self) -> date:
        """The first of the days."""
        return self.today - timedelta(days=self.days - 1)


def show(asked: HistoryQuery) -> ConsoleReporter:
    """Show days and sessions; write them down, for the user alone, where that is asked for. Raises RepcountError."""
    named = [path for path in (asked.csv, asked.json, asked.report) if path is not None]
    files.check_distinct(named, [])
    results = sys.stderr if files.STDOUT in named else sys.stdout
    told = ConsoleReporter(results, sys.stderr, has_other_outputs=len(named) > 1)
    with files.OutputSet(named, told, force=asked.force, private=True) as out:
        sessions, span = _read(asked.first)
        periods = totals.since(totals.by_day(sessions), asked.first)
        for path, write in _writers(asked, periods, sessions):
            out.write(path, write)
    _tell(asked, periods, sessions, span, told.results)
    return told


def _writers(
    asked: HistoryQuery, periods: Sequence[DateRange], sessions: Sequence[Session]
) -> Iterator[tuple[Path, Callable[[TextIO], object]]]:
    if asked.csv is not None:
        yield asked.csv, lambda file: _write_csv(file, periods, sessions, every_session=asked.every_session)
    if asked.json is not None:
        document = totals.document(periods, sessions, asked.limit)
        yield asked.json, lambda file: file.write(json.dumps(document, indent=1, allow_nan=False) + "\n")
    if asked.report is not None:
        from repcount.reports.history_html import render_history_report

        made = f"{asked.today:%d %B %Y}"
        page = render_history_report(sessions, first=asked.first, today=asked.today, limit=asked.limit, made=made)
        yield asked.report, lambda file: file.write(page)


def _read(first: date | None) -> tuple[tuple[Session, ...], Span | None]:
    """The sessions since a day, and the days that the history spans; looking changes nothing on the disk."""
    if find(default_path()) is None:
        return (), None
    with HistoryStore(default_path()) as history:
        return history.sessions(first), history.span()


def _tell(
    asked: HistoryQuery, periods: Sequence[DateRange], sessions: Sequence[Session], span: Span | None, file: TextIO
) -> None:
    if span is None:
        print(f"There are no sessions yet. `repcount live` keeps them in {printable(str(default_path()))}", file=file)
        return
    oldest, newest = span
    if not periods:
        print(f"There is nothing in the last {asked.days} days; the newest session is of {newest}", file=file)
        return
    line = totals.with_gaps(periods, max(oldest, asked.first), max(newest, asked.today))
    listed = [session for session in sessions if asked.every_session or _touches(session, newest)]
    table.print_table(line, listed, file, today=asked.today, limit=asked.limit)


def _touches(session: Session, day: date) -> bool:
    return any(totals.day_of(session.started, rep) == day for rep in session.reps)


def _write_csv(file: TextIO, periods: Sequence[DateRange], sessions: Sequence[Session], *, every_session: bool) -> None:
    writer = csv.DictWriter(file, totals.SESSION_COLUMNS if every_session else totals.DAY_COLUMNS)
    writer.writeheader()
    for row in totals.session_rows(sessions) if every_session else totals.day_rows(periods):
        writer.writerow(
            {name: formats.escape_formula(cell) if isinstance(cell, str) else cell for name, cell in row.items()}
        )


def export(path: Path, first: date | None, *, force: bool = False) -> ConsoleReporter:
    """Write the reps since a day as `analyze` writes them, for the user alone; the session's start is their source.

    Raises RepcountError.
    """
    told = ConsoleReporter(sys.stderr, sys.stderr)
    with files.OutputSet([path], told, force=force, private=True) as out:
        sessions, _ = _read(first)
        out.write(
            path, lambda file: formats.write_reps(file, [_analysis(each, first or date.min) for each in sessions])
        )
    return told


def _analysis(session: Session, first: date) -> Analysis:
    reps = counter.with_pauses(session.reps)
    kept = tuple(rep for rep in reps if totals.day_of(session.started, rep) >= first)
    source = Source(session.started.isoformat(timespec="seconds"), session.length_s)
    return Analysis(source, session.settings, kept, (), None, nan, ())


def delete(which: DeleteFilter, agreed: Callable[[str], bool]) -> None:
    """Delete from the history for good, once somebody has `agreed`. Raises RepcountError."""
    if find(default_path()) is None:
        print("There is no history, so nothing was deleted")
        return
    with HistoryStore(default_path(), _note) as history:
        sessions, reps = history.count(which)
        damaged = len(history.damaged()) if which.everything else 0
        what = f"{_plural(reps, 'rep')} in {_plural(sessions, 'session')}"
        what += f" and {_plural(damaged, 'damaged file')}" if damaged else ""
        if not sessions and not damaged:
            print("There is nothing of that in the history, so nothing was deleted")
        elif agreed(f"Delete {what} for good?"):
            history.delete(which)
            print(f"Deleted {what}")


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _note(text: str) -> None:
    print(f"note: {text}", file=sys.stderr)
