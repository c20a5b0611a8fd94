"""`repcount history`: show, export and delete what is in the history."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from itertools import zip_longest
from math import nan
from pathlib import Path
from typing import Any, TextIO

from repcount import files, formats
from repcount.analysis import Analysis, Source
from repcount.app.console import ConsoleReporter
from repcount.counting import counter
from repcount.errors import OutputError, printable
from repcount.history import progress, table, totals
from repcount.history.file import default_path, find_history
from repcount.history.people import name_key
from repcount.history.progress import Progress
from repcount.history.store import DeleteFilter, HistoryStore
from repcount.history.totals import Session, Totals
from repcount.messages import plural
from repcount.reports import history_findings

_MAX_NAME_CHARS = 40
"""Length limit of a person's name in the name of a file, which most file systems limit to 255 bytes. Our own names are
no longer, but another program may write to the history."""


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
    """A file, or a folder for one report per person."""
    force: bool = False
    """Whether to overwrite existing files."""
    people: tuple[str, ...] = ()
    """Whose sessions to show; empty for all. Two people are compared."""

    @property
    def first(self) -> date:
        """The first day shown."""
        return self.today - timedelta(days=self.days - 1)

    @property
    def first_week(self) -> date:
        """The first day looked at: Monday of the first day's week, at the latest of the last week."""
        return progress.monday(min(self.first, self.today - timedelta(days=7)))


@dataclass(frozen=True, slots=True)
class PersonHistory:
    """What the history holds of one person."""

    name: str
    """Empty for the sessions without a name."""
    sessions: tuple[Session, ...]
    """Those since `HistoryQuery.first_week`, oldest first."""
    days: tuple[date, ...]
    """All days with a rep, oldest first; at least one."""
    progress: Progress
    target_deg: float | None


def show(query: HistoryQuery) -> ConsoleReporter:
    """Print how people are doing, and write the files of `query`, for the user alone to read. Raises RepcountError."""
    files.check_distinct([path for path in (query.csv, query.json, query.report) if path is not None], [])
    people = _read(query)
    reports = _report_paths(query, people)
    named = [path for path in (query.csv, query.json, *reports) if path is not None]
    reporter = ConsoleReporter(
        sys.stderr if files.STDOUT in named else sys.stdout, sys.stderr, has_other_outputs=len(named) > 1
    )
    with files.OutputSet(named, reporter, force=query.force, private=True) as out:
        for path, write in _writers(query, people, reports):
            out.write(path, write)
    _print(query, people, reporter.results)
    return reporter


def _read(query: HistoryQuery) -> list[PersonHistory]:
    """Everybody asked for who has a rep; changes nothing on the disk. Raises HistoryError for an unknown name."""
    if find_history(default_path()) is None:
        return []
    with HistoryStore(default_path()) as history:
        names = [history.people.name(name) for name in query.people]
        own = dict(totals.by_person(history.sessions(query.first_week)))
        targets = {person.name: person.target_deg for person in history.people.all()}
        everybody = names or ["", *targets]
        found = [(name, days) for name in everybody if (days := history.days(name or None))]
        return [
            PersonHistory(
                name,
                own.get(name, ()),
                days,
                progress.progress(
                    own.get(name, ()),
                    days,
                    history.best_set(name or None),
                    history.best_set(name or None, before=query.today),
                    query.today,
                ),
                targets.get(name),
            )
            for name, days in found
        ]


def _shown(query: HistoryQuery, person: PersonHistory) -> list[Session]:
    """The sessions with a rep on one of the days asked for."""
    return [
        session
        for session in person.sessions
        if any(totals.day_of(session.started, rep) >= query.first for rep in session.reps)
    ]


def _report_paths(query: HistoryQuery, people: Sequence[PersonHistory]) -> list[Path]:
    """The file of each person's report, in their order. Raises OutputError."""
    if query.report is None:
        return []
    if query.report != files.STDOUT and query.report.is_dir():
        names = [file_name(person.name or "history") for person in people]
        several = [f"{name}-{names[:i].count(name) + 1}" if name in names[:i] else name for i, name in enumerate(names)]
        return [query.report / f"{name}.html" for name in several]
    if len(people) > 1:
        whose = ", ".join(printable(person.name) or "no name" for person in people)
        raise OutputError(
            f"{query.report} would hold the reports of several people ({whose}): name one with --person, or name a "
            "folder that is there, for a report each"
        )
    return [query.report]


def _writers(
    query: HistoryQuery, people: Sequence[PersonHistory], reports: Sequence[Path]
) -> Iterator[tuple[Path, Callable[[TextIO], object]]]:
    sessions = sorted(
        (session for person in people for session in _shown(query, person)),
        key=lambda session: (session.started, session.id),
    )
    if query.csv is not None:
        yield query.csv, lambda file: _write_csv(file, query, sessions)
    if query.json is not None:
        document = totals.document(sessions, query.first, query.limit)
        yield query.json, lambda file: file.write(json.dumps(document, indent=1, allow_nan=False) + "\n")
    for path, person in zip_longest(reports, people[: len(reports)]):
        page = _render_report(query, person)
        yield path, partial(_write_page, page)


def _write_page(page: str, file: TextIO) -> None:
    file.write(page)


def _render_report(query: HistoryQuery, person: PersonHistory | None) -> str:
    from repcount.reports.history_html import render_history_report

    return render_history_report(
        person.sessions if person else (),
        person.progress if person else progress.progress((), (), None, None, query.today),
        first=query.first,
        today=query.today,
        limit=query.limit,
        made=f"{query.today:%d %B %Y}",
        person=person.name if person else "",
    )


def _print(query: HistoryQuery, people: Sequence[PersonHistory], file: TextIO) -> None:
    if not people:
        where = printable(str(default_path()))
        print(f"There are no sessions yet. `repcount live` keeps them in {where}", file=file)
        return
    if len(query.people) == 2:
        _print_comparison(query, people, file)
        return
    recent = [person for person in people if person.days[-1] >= query.first]
    if not recent:
        newest = max(person.days[-1] for person in people)
        print(f"There is nothing in the last {query.days} days; the newest session is of {newest}", file=file)
    elif len(people) == 1:
        _print_person(query, people[0], file)
    else:
        rows = [table.PersonRow(each.name, each.progress, each.days[-1], each.target_deg) for each in people]
        table.print_people(rows, file, today=query.today)


def _print_person(query: HistoryQuery, person: PersonHistory, file: TextIO) -> None:
    newest = person.days[-1]
    shown, daily = _shown(query, person), totals.since(totals.by_day(person.sessions), query.first)
    last = person.sessions[-1]
    findings = [history_findings.headline(person.progress), history_findings.lasting(person.progress)]
    findings.append(history_findings.target(last.settings))
    findings += [change.praise for change in history_findings.changes(daily, last.settings)]
    first_week = max(query.first, person.days[0])
    view = table.View(
        [text for text in findings if text],
        progress.weeks(person.sessions, first_week, max(newest, query.today)),
        totals.with_gaps(daily, max(person.days[0], query.first), max(newest, query.today)),
        [session for session in shown if query.every_session or _has_rep_on(session, newest)],
        [(each, progress.last_time(person.sessions, each)) for each in progress.sets_of(last)],
    )
    table.print_view(view, file, today=query.today, limit=query.limit)


def _print_comparison(query: HistoryQuery, people: Sequence[PersonHistory], file: TextIO) -> None:
    if len(people) < 2:
        missing = {name for name in query.people if name_key(name) not in {name_key(each.name) for each in people}}
        print(f"There are no reps of {printable(', '.join(sorted(missing)))}", file=file)
        return
    one, other = people
    daily = [totals.since(totals.by_day(each.sessions), query.first) for each in people]
    rows = history_findings.comparison(
        (one.name, other.name),
        (_total(query, one), _total(query, other)),
        (len(daily[0]), len(daily[1])),
        (one.progress, other.progress),
    )
    table.print_comparison(rows, file)


def _total(query: HistoryQuery, person: PersonHistory) -> Totals:
    """The totals over the days asked for."""
    return totals.totals(_since(session, query.first) for session in person.sessions)


def _has_rep_on(session: Session, day: date) -> bool:
    return any(totals.day_of(session.started, rep) == day for rep in session.reps)


def _write_csv(file: TextIO, query: HistoryQuery, sessions: Sequence[Session]) -> None:
    if query.every_session:
        _write_rows(file, totals.SESSION_COLUMNS, totals.session_rows(sessions))
    else:
        _write_rows(file, totals.DAY_COLUMNS, totals.day_rows(sessions, query.first))


def file_name(text: str) -> str:
    """A name for a file made from a person's name, which may hold what no file name can."""
    return re.sub(r"[^\w.-]+", "_", text)[:_MAX_NAME_CHARS].strip("._") or "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportQuery:
    """What to export, and the files to write, each None if not asked for."""

    first: date | None
    """The first day; None for all."""
    person: str | None = None
    """Whose sessions; None for all."""
    csv: Path | None = None
    """One row per rep, as `analyze --csv` writes them; `source` is when the session began."""
    sets: Path | None = None
    """One row per set."""
    fit: Path | None = None
    """The folder for a FIT file per session."""
    force: bool = False
    """Whether to overwrite existing files."""


def export(query: ExportQuery) -> ConsoleReporter:
    """Write what is in the history, readable by the user alone. Raises RepcountError."""
    reporter = ConsoleReporter(sys.stderr, sys.stderr, has_other_outputs=True)
    sessions = _exported(query)
    fits = {query.fit / fit_name(session): session for session in sessions} if query.fit is not None else {}
    named = [path for path in (query.csv, query.sets) if path is not None]
    files.check_distinct([*named, *fits], [])
    if query.fit is not None:
        _make_folder(query.fit)
    reporter.has_other_outputs = len(named) + len(fits) > 1
    with files.OutputSet([*named, *fits], reporter, force=query.force, private=True) as out:
        if query.csv is not None:
            out.write(query.csv, lambda file: formats.write_reps(file, list(map(_analysis, sessions))))
        if query.sets is not None:
            out.write(query.sets, lambda file: _write_rows(file, progress.SET_COLUMNS, progress.set_rows(sessions)))
        for path, session in fits.items():
            _write_fit(path, session, out, reporter)
    return reporter


def _exported(query: ExportQuery) -> list[Session]:
    """The sessions to export, with the reps of the days asked for."""
    if find_history(default_path()) is None:
        return []
    with HistoryStore(default_path()) as history:
        person = None if query.person is None else history.people.name(query.person)
        sessions = history.sessions(query.first)
    return [
        _since(replace(session, reps=counter.with_pauses(session.reps)), query.first or date.min)
        for session in sessions
        if person is None or session.person == person
    ]


def _since(session: Session, first: date) -> Session:
    reps = tuple(rep for rep in session.reps if totals.day_of(session.started, rep) >= first)
    return replace(session, reps=reps)


def fit_name(session: Session) -> str:
    """The name of a session's FIT file, such as `2026-11-22-0730-12-Anna.fit`."""
    person = f"-{file_name(session.person)}" if session.person else ""
    return f"{session.started:%Y-%m-%d-%H%M}-{session.id}{person}.fit"


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {folder} for the FIT files: {error.strerror}") from error


def _write_fit(path: Path, session: Session, out: files.OutputSet, reporter: ConsoleReporter) -> None:
    from repcount.reports.fit import fit_bytes

    try:
        out.write_bytes(path, fit_bytes(session))
    except OutputError as error:
        out.drop(path)
        reporter.failure(path, error)


def _write_rows(file: TextIO, columns: Sequence[str], rows: Sequence[dict[str, Any]]) -> None:
    texts = [name for name in columns if any(isinstance(row[name], str) for row in rows)]
    table = formats.TableWriter(file, columns, texts)
    for row in rows:
        table.row(["" if row[name] is None else str(row[name]) for name in columns])


def _analysis(session: Session) -> Analysis:
    source = Source(session.started.isoformat(timespec="seconds"), session.length_s)
    return Analysis(source, session.settings, session.reps, (), None, nan, ())


def delete(selection: DeleteFilter, confirm: Callable[[str], bool]) -> None:
    """Delete from the history for good if `confirm`, called with a question, returns True. Raises RepcountError."""
    if find_history(default_path()) is None:
        print("There is no history, so nothing was deleted")
        return
    with HistoryStore(default_path(), _note) as history:
        if selection.person is not None:
            history.people.name(selection.person)  # somebody has to be called that
        sessions, reps = history.count(selection)
        damaged = len(history.quarantined()) if selection.everything else 0
        what = f"{plural(reps, 'rep')} in {plural(sessions, 'session')}"
        what += f" and {plural(damaged, 'damaged file')}" if damaged else ""
        what += f" of {printable(history.people.name(selection.person))}" if selection.person is not None else ""
        if not sessions and not damaged and selection.person is None:
            print("There is nothing of that in the history, so nothing was deleted")
        elif confirm(f"Delete {what} for good?"):
            history.delete(selection)
            print(f"Deleted {what}")


def _note(text: str) -> None:
    print(printable(f"note: {text}"), file=sys.stderr)
