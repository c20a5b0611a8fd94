"""Sessions and reps in the history: every rep is on the disk as soon as it is counted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import UTC, date, datetime, timedelta, timezone
from math import nan
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from repcount import __version__
from repcount.config import Config
from repcount.errors import HistoryError, SettingError, brief
from repcount.history.database import Database, Row
from repcount.history.file import delete_quarantined, quarantined
from repcount.history.totals import Session, day_of
from repcount.types import Flag, Rep, RepRemoved, TargetSet, Update

_SETTINGS = {field.name for field in fields(Config)}
_FLAGS = {str(flag) for flag in Flag}
_REP_FIELDS = [field.name for field in fields(Rep)]
_INTEGER_FIELDS = ("number", "set", "full")
_MEASURED_FIELDS = [name for name in _REP_FIELDS if name not in (*_INTEGER_FIELDS, "flags")]

_Recorded = Rep | RepRemoved | TargetSet

_LARGEST = 1e6
"""Limit of seconds and of numbers. Heuristic: a session of twelve days."""

_FIRST_YEAR, _LAST_YEAR = 1970, 2199
"""A clock that was never set starts in 1970. Heuristic: later than 2199 the list of days would be too long to build."""

_AS_FULL = f"""
    UPDATE rep SET "full" = 1, flags = trim(replace(';' || flags || ';', ';{Flag.SHORT_TOP};', ';'), ';')
    WHERE session_id = ? AND number = ?
"""
_WITHOUT_REPS = "id NOT IN (SELECT session_id FROM rep)"
_REPS_SINCE = """
    SELECT * FROM rep WHERE NOT removed AND session_id IN (SELECT session_id FROM rep WHERE day >= ? AND NOT removed)
    ORDER BY session_id, number
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteFilter:
    """What to delete; exactly one field is set."""

    day: date | None = None
    before: date | None = None
    """Every day before this one."""
    session: int | None = None
    everything: bool = False


class HistoryStore:
    """All live sessions. A context manager, for one thread.

    With `notify` it can be written: a damaged history is renamed and a new one begun, and `notify` is called with a
    sentence that says so. Without `notify` it shows the file as it was when opened, and nothing on the disk is
    changed. Raises HistoryError for a file that cannot be opened or is not recognisably a history; such a file is
    left untouched.
    """

    def __init__(self, path: Path, notify: Callable[[str], None] | None = None) -> None:
        self._db = Database(path, notify)
        self._notify = notify

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()

    def begin(self, started: datetime, source: str, plan: str, settings: Config) -> SessionRecorder:
        """Insert a session and return its recorder.

        Raises ValueError if `started` has no time zone, and HistoryError.
        """
        offset = started.utcoffset()
        if offset is None:
            raise ValueError("the start of a session needs its time zone")
        row = {
            "started_utc": _utc(started),
            "utc_offset_s": round(offset.total_seconds()),
            "day": started.date().isoformat(),
            "source": source,
            "plan": plan,
            "version": __version__,
            "settings": json.dumps(asdict(settings)),
        }
        session_id = self._db.execute(_insert("session", row), row)
        return SessionRecorder(self._db, started, {"id": session_id, **row}, self._notify)

    def full_reps_on(self, day: date) -> int:
        """Full reps on one day, over all sessions, without those removed by hand. Raises HistoryError."""
        count = 'SELECT count(*) FROM rep WHERE day = ? AND "full" AND NOT removed'
        return int(self._db.rows(count, [day.isoformat()])[0][0])

    def span(self) -> tuple[date, date] | None:
        """The first and the last day with a rep; None if there are no reps. Raises HistoryError."""
        first, last = self._db.rows("SELECT min(day), max(day) FROM rep WHERE NOT removed")[0]
        with self._check_values():
            return (_day(first), _day(last)) if first is not None else None

    def quarantined(self) -> list[Path]:
        """The damaged files that were renamed and kept."""
        return quarantined(self._db.path)

    def sessions(self, first: date | None = None) -> tuple[Session, ...]:
        """Sessions with at least one rep on the day `first` or later, oldest first, each with all of its reps.

        Raises HistoryError.
        """
        reps: dict[int, list[Rep]] = {}
        with self._check_values():
            for row in self._db.rows(_REPS_SINCE, [(first or date.min).isoformat()]):
                reps.setdefault(row["session_id"], []).append(_rep(row))
            rows = self._db.rows("SELECT * FROM session ORDER BY started_utc, id")
            return tuple(_session(row, tuple(reps[row["id"]])) for row in rows if row["id"] in reps)

    @contextmanager
    def _check_values(self) -> Iterator[None]:
        """Turn the errors of converting rows into HistoryError."""
        try:
            yield
        except (ValueError, IndexError) as error:  # IndexError: there is no such column
            reason = str(error)[:200]
            raise HistoryError(f"the history {self._db.path} holds what repcount did not write: {reason}") from error

    def count(self, selection: DeleteFilter) -> tuple[int, int]:
        """The number of sessions and of reps that `delete` would affect. Raises HistoryError.

        A session that was cut off before its first rep counts too: its start and its camera are on the disk.
        """
        where, value = _where(selection)
        query = f"SELECT count(DISTINCT session_id), count(*) FROM rep WHERE {where}"
        sessions, reps = self._db.rows(query, [value])[0]
        query = f"SELECT count(*) FROM session WHERE {_WITHOUT_REPS} AND {_where_session(where)}"
        return sessions + int(self._db.rows(query, [value])[0][0]), reps

    def delete(self, selection: DeleteFilter) -> None:
        """Delete reps, and sessions left without any, from the disk for good. Raises HistoryError.

        `everything` includes the quarantined files.
        """
        where, value = _where(selection)
        with self._db.transaction():
            # The recorder of a session that is still counting inserts it again with the next rep.
            self._db.execute(f"DELETE FROM session WHERE {_WITHOUT_REPS} AND {_where_session(where)}", [value])
            affected = self._db.rows(f"SELECT DISTINCT session_id FROM rep WHERE {where}", [value])
            self._db.execute(f"DELETE FROM rep WHERE {where}", [value])
            for row in affected:
                self._db.execute(f"DELETE FROM session WHERE {_WITHOUT_REPS} AND id = ?", [row["session_id"]])
        self._db.vacuum()
        if selection.everything:
            for file in self.quarantined():
                delete_quarantined(file)


class SessionRecorder:
    """A sink that commits the reps of one session; made by `HistoryStore.begin`."""

    def __init__(
        self, db: Database, started: datetime, row: dict[str, Any], notify: Callable[[str], None] | None
    ) -> None:
        self._db, self._started, self._row, self._notify = db, started, row, notify
        self._committed: list[_Recorded] = []
        """Kept so that the whole session can be written again if the file is lost."""
        self._waiting: list[_Recorded] = []

    @property
    def id(self) -> int:
        """The id of the session; it changes if the session has to continue in another file."""
        return int(self._row["id"])

    @property
    def waiting(self) -> int:
        """How many reps and removals could not be written so far."""
        return len(self._waiting)

    def write(self, update: Update) -> None:
        """Commit the reps of an update, and mark those that were removed or made full by hand.

        Rep numbers have to increase over the whole session. Raises HistoryError if the commit fails; whatever is
        waiting is tried again with the next rep.
        """
        events = [event for event in update.events if isinstance(event, _Recorded)]
        if events:
            self._waiting += events
            self._save()

    def end(self, after_s: float) -> None:
        """Record that the session ended `after_s` seconds after its start; delete it if it has no reps.

        Raises HistoryError.
        """
        self._save()
        ended = _utc(self._started + timedelta(seconds=after_s))
        with self._db.transaction():
            self._db.execute("UPDATE session SET ended_utc = ? WHERE id = ?", [ended, self.id])
            self._db.execute(f"DELETE FROM session WHERE {_WITHOUT_REPS} AND id = ?", [self.id])

    def _save(self) -> None:
        """Commit what is waiting, and make sure that it went into the file that has the name."""
        self._reopen_if_lost()
        self._commit()
        if self._reopen_if_lost():
            self._commit()

    def _commit(self) -> None:
        if not self._waiting:
            return
        with self._db.transaction():
            # The row is still there unless somebody has deleted the session meanwhile.
            self._db.execute(_insert("session", self._row, "IGNORE"), self._row)
            for event in self._waiting:
                self._write_event(event)
        self._committed += self._waiting
        self._waiting.clear()

    def _reopen_if_lost(self) -> bool:
        """If the file was removed, moved or replaced, continue in the one that has its name now; whether it was."""
        if not self._db.lost:
            return False
        # Before anything can fail, so that no rep is forgotten if the file cannot be reopened now.
        self._waiting, self._committed = self._committed + self._waiting, []
        self._db.reopen()
        same = "SELECT id FROM session WHERE started_utc = :started_utc AND settings = :settings"
        rows = self._db.rows(same, self._row)
        self._row["id"] = rows[0]["id"] if rows else None
        if not rows:
            self._row["id"] = self._db.execute(_insert("session", self._row), self._row)
            if self._notify:
                self._notify(f"the history {self._db.path} was removed or replaced; this session is written again")
        return True

    def _write_event(self, event: _Recorded) -> None:
        if isinstance(event, RepRemoved):
            mark = "UPDATE rep SET removed = 1 WHERE session_id = ? AND number = ?"
            self._db.execute(mark, [self.id, event.number])
            return
        if isinstance(event, TargetSet):
            self._write_target(event)
            return
        row = {name: getattr(event, name) for name in _REP_FIELDS}
        row |= {"flags": ";".join(event.flags), "session_id": self.id}
        row |= {"day": day_of(self._started, event).isoformat()}
        # REPLACE: a commit may succeed and yet report an error, and then the same rep is written twice.
        self._db.execute(_insert("rep", row, "REPLACE"), row)

    def _write_target(self, event: TargetSet) -> None:
        settings = {**json.loads(self._row["settings"]), "full_deg": event.target_deg}
        self._row["settings"] = json.dumps(settings)
        self._db.execute("UPDATE session SET settings = ? WHERE id = ?", [self._row["settings"], self.id])
        for number in event.numbers:
            self._db.execute(_AS_FULL, [self.id, number])


def _insert(table: str, row: dict[str, Any], on_conflict: str = "ABORT") -> str:
    names, values = (", ".join(form.format(name) for name in row) for form in ('"{}"', ":{}"))
    return f"INSERT OR {on_conflict} INTO {table} ({names}) VALUES ({values})"


def _where(selection: DeleteFilter) -> tuple[str, str | int]:
    """A condition on the rows of `rep`, and its parameter."""
    if selection.session is not None:
        return "session_id = ?", selection.session
    if selection.day is not None:
        return "day = ?", selection.day.isoformat()
    if selection.before is not None:
        return "day < ?", selection.before.isoformat()
    return "?", selection.everything


def _where_session(where: str) -> str:
    """The same condition on the rows of `session`."""
    return where.replace("session_id", "id")


def _utc(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="milliseconds")


# From rows to values. A cell may have any type and value, because any program can write to the file; each of these
# raises ValueError for a value that repcount does not write, and IndexError for a column that is not there.


def _session(row: Row, reps: tuple[Rep, ...]) -> Session:
    zone = timezone(timedelta(seconds=_number(row, "utc_offset_s")))
    started = _datetime(row, "started_utc").astimezone(zone)
    ended = _datetime(row, "ended_utc").astimezone(zone) if row["ended_utc"] is not None else None
    return Session(row["id"], started, ended, _text(row, "source"), _text(row, "plan"), _config(row), reps)


def _rep(row: Row) -> Rep:
    values: dict[str, Any] = {name: _number(row, name) for name in _MEASURED_FIELDS}
    # SQLite has no NaN and stores NULL instead; `pause_s` is the only number that may be None.
    values["pause_s"] = None if row["pause_s"] is None else values["pause_s"]
    values |= {name: int(_number(row, name)) for name in _INTEGER_FIELDS}
    values["full"] = bool(values["full"])
    values["flags"] = tuple(Flag(flag) for flag in _text(row, "flags").split(";") if flag in _FLAGS)
    return Rep(**values)


def _config(row: Row) -> Config:
    """The settings, as far as this version knows and allows them."""
    try:
        stored = json.loads(_text(row, "settings"))
        return Config(**{name: value for name, value in stored.items() if name in _SETTINGS})
    except SettingError:
        return Config()
    except (AttributeError, RecursionError) as error:
        raise ValueError(f"settings is {brief(row['settings'])}") from error


def _number(row: Row, name: str) -> float:
    value = row[name]
    if value is None and name in _MEASURED_FIELDS:
        return nan
    if not isinstance(value, int | float) or not abs(value) <= _LARGEST:
        raise ValueError(f"{name} is {brief(value)}")
    return value


def _text(row: Row, name: str) -> str:
    if not isinstance(row[name], str):
        raise ValueError(f"{name} is {brief(row[name])}")
    return str(row[name])


def _datetime(row: Row, name: str) -> datetime:
    when = datetime.fromisoformat(_text(row, name))
    _check_year(when)
    return when


def _day(text: object) -> date:
    if not isinstance(text, str):
        raise ValueError(f"a day is {brief(text)}")
    when = date.fromisoformat(text)
    _check_year(when)
    return when


def _check_year(when: date) -> None:
    if not _FIRST_YEAR <= when.year <= _LAST_YEAR:
        raise ValueError(f"it is of the year {when.year}")
