"""Sessions and reps in the history: every rep is on disk as soon as it is counted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import UTC, date, datetime, timedelta, timezone
from math import nan
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from repcount import __version__
from repcount.config import Config
from repcount.errors import HistoryError, SettingError, brief
from repcount.history import database
from repcount.history.database import Database
from repcount.history.totals import Session, day_of
from repcount.types import Flag, Rep, RepRemoved, Update

_SETTINGS = {field.name for field in fields(Config)}
_FLAGS = {str(flag) for flag in Flag}
_WHOLE = ("number", "set", "full")
_MEASURED = [field.name for field in fields(Rep) if field.name not in (*_WHOLE, "flags")]

_LARGEST = 1e6
"""Of seconds and numbers: a session of twelve days. A choice."""

_FIRST_YEAR, _LAST_YEAR = 1970, 2199
"""A clock that was never set begins in 1970; beyond the other, days can no longer be listed one by one. A choice."""


class Row(Protocol):
    """A row of a database; the cells have whatever type somebody has put into them."""

    def __getitem__(self, name: str) -> Any:
        """The cell of a column. Raises IndexError where there is none."""


def session(row: Row, reps: tuple[Rep, ...]) -> Session:
    """A session of the reps that are known of it. Raises ValueError and IndexError."""
    zone = timezone(timedelta(seconds=_number(row, "utc_offset_s")))
    started = _moment(row, "started_utc").astimezone(zone)
    ended = _moment(row, "ended_utc").astimezone(zone) if row["ended_utc"] is not None else None
    return Session(row["id"], started, ended, _text(row, "source"), _text(row, "plan"), _settings(row), reps)


def rep(row: Row) -> Rep:
    """One rep. Raises ValueError and IndexError."""
    values: dict[str, Any] = {name: _number(row, name) for name in _MEASURED}
    # SQLite has no NaN and keeps NULL for it; of all numbers only the pause has a None of its own.
    values["pause_s"] = None if row["pause_s"] is None else values["pause_s"]
    values |= {name: int(_number(row, name)) for name in _WHOLE}
    values["full"] = bool(values["full"])
    values["flags"] = tuple(Flag(flag) for flag in _text(row, "flags").split(";") if flag in _FLAGS)
    return Rep(**values)


def day(text: object) -> date:
    """A day that a rep may be of. Raises ValueError."""
    if not isinstance(text, str):
        raise ValueError(f"a day is {brief(text)}")
    when = date.fromisoformat(text)
    _check_year(when)
    return when


def _check_year(when: date) -> None:
    if not _FIRST_YEAR <= when.year <= _LAST_YEAR:
        raise ValueError(f"it is of the year {when.year}")


def _number(row: Row, name: str) -> float:
    value = row[name]
    if value is None and name in _MEASURED:
        return nan
    if not isinstance(value, int | float) or not abs(value) <= _LARGEST:
        raise ValueError(f"{name} is {brief(value)}")
    return value


def _text(row: Row, name: str) -> str:
    if not isinstance(row[name], str):
        raise ValueError(f"{name} is {brief(row[name])}")
    return str(row[name])


def _moment(row: Row, name: str) -> datetime:
    when = datetime.fromisoformat(_text(row, name))
    _check_year(when)
    return when


def _settings(row: Row) -> Config:
    """The settings as far as this version knows and allows them."""
    try:
        known = json.loads(_text(row, "settings"))
        return Config(**{name: value for name, value in known.items() if name in _SETTINGS})
    except SettingError:
        return Config()
    except (AttributeError, RecursionError) as error:
        raise ValueError(f"settings is {brief(row['settings'])}") from error


default_path, find = database.default_path, database.find

_REP_FIELDS = [field.name for field in fields(Rep)]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteFilter:
    """What to delete: one of these."""

    day: date | None = None
    before: date | None = None
    """Every day before this one."""
    session: int | None = None
    everything: bool = False


class HistoryStore:
    """All live sessions. A context manager, for one thread.

    With `notify` it can be written: a damaged history is renamed and a new one begun, which `notify` is told. Without
    it, it is as the file was a moment ago, and nothing on the disk is changed. Raises HistoryError for a file that
    cannot be opened or is not known to be a history; it is not touched.
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
        """Put a session on the record. `started` has to know its time zone. Raises HistoryError."""
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
        return SessionRecorder(
            self._db, started, {"id": self._db.execute(_insert("session", row), row), **row}, self._notify
        )

    def full_on(self, day: date) -> int:
        """The full reps of one day, over all sessions, without those taken off by hand. Raises HistoryError."""
        count = 'SELECT count(*) FROM rep WHERE day = ? AND "full" AND NOT removed'
        return int(self._db.rows(count, [day.isoformat()])[0][0])

    def span(self) -> tuple[date, date] | None:
        """The first and the last day with a rep; None where there is none. Raises HistoryError."""
        first, last = self._db.rows("SELECT min(day), max(day) FROM rep WHERE NOT removed")[0]
        with self._understood():
            return (day(first), day(last)) if first is not None else None

    def damaged(self) -> list[Path]:
        """The damaged files that were kept."""
        return database.set_aside_before(self._db.path)

    def sessions(self, first: date | None = None) -> tuple[Session, ...]:
        """The sessions with a rep on the day `first` or later, the oldest first, each with all of its reps.

        Raises HistoryError.
        """
        reps: dict[int, list[Rep]] = {}
        with self._understood():
            for row in self._db.rows(_REPS_SINCE, [(first or date.min).isoformat()]):
                reps.setdefault(row["session_id"], []).append(rep(row))
            rows = self._db.rows("SELECT * FROM session ORDER BY started_utc, id")
            return tuple(session(row, tuple(reps[row["id"]])) for row in rows if row["id"] in reps)

    @contextmanager
    def _understood(self) -> Iterator[None]:
        try:
            yield
        except (ValueError, IndexError) as error:  # IndexError: there is no such column
            reason = str(error)[:200]
            raise HistoryError(f"the history {self._db.path} holds what repcount did not write: {reason}") from error

    def count(self, which: DeleteFilter) -> tuple[int, int]:
        """In how many sessions `delete` would find how many reps. Raises HistoryError.

        A session that was cut off before its first rep is one, too: its start and its camera are on the disk.
        """
        rule, value = _rule(which)
        sessions, reps = self._db.rows(f"SELECT count(DISTINCT session_id), count(*) FROM rep WHERE {rule}", [value])[0]
        without = self._db.rows(f"SELECT count(*) FROM session WHERE {_WITHOUT_REPS} AND {_of_session(rule)}", [value])
        return sessions + int(without[0][0]), reps

    def delete(self, which: DeleteFilter) -> None:
        """Take reps, and sessions that have none left, from the disk for good.

        With everything, the damaged files that were kept go, too. Raises HistoryError.
        """
        rule, value = _rule(which)
        with self._db.transaction():
            # A session that still counts is put back by its next rep.
            self._db.execute(f"DELETE FROM session WHERE {_WITHOUT_REPS} AND {_of_session(rule)}", [value])
            touched = self._db.rows(f"SELECT DISTINCT session_id FROM rep WHERE {rule}", [value])
            self._db.execute(f"DELETE FROM rep WHERE {rule}", [value])
            for row in touched:
                self._db.execute(f"DELETE FROM session WHERE {_WITHOUT_REPS} AND id = ?", [row["session_id"]])
        self._db.vacuum()
        if which.everything:
            for file in self.damaged():
                database.remove(file)


class SessionRecorder:
    """A sink that puts the reps of one session on the record; `History.begin` makes it."""

    def __init__(
        self, db: Database, started: datetime, row: dict[str, Any], notify: Callable[[str], None] | None
    ) -> None:
        self._db, self._started, self._row, self._notify = db, started, row, notify
        self._kept: list[Rep | RepRemoved] = []
        """For a file that is lost: all of the session is written again."""
        self._waiting: list[Rep | RepRemoved] = []

    @property
    def id(self) -> int:
        """The number of the session; another one where it had to go on in another file."""
        return int(self._row["id"])

    @property
    def waiting(self) -> int:
        """How many reps and removals could not be written so far."""
        return len(self._waiting)

    def write(self, update: Update) -> None:
        """Commit the reps of an update, and mark those that were taken off by hand.

        Raises HistoryError where that cannot be done; all that waits is tried again with the next rep. The
        numbers of the reps have to rise over the whole session.
        """
        events = [event for event in update.events if isinstance(event, Rep | RepRemoved)]
        if events:
            self._waiting += events
            self._save()

    def end(self, after_s: float) -> None:
        """Note that the session has ended so many seconds after its start; one without reps leaves no trace.

        Raises HistoryError.
        """
        self._save()
        ended = _utc(self._started + timedelta(seconds=after_s))
        with self._db.transaction():
            self._db.execute("UPDATE session SET ended_utc = ? WHERE id = ?", [ended, self.id])
            self._db.execute(f"DELETE FROM session WHERE {_WITHOUT_REPS} AND id = ?", [self.id])

    def _save(self) -> None:
        """Commit what waits, and make sure that it is in the file that has the name."""
        self._follow()
        self._commit()
        if self._follow():
            self._commit()

    def _commit(self) -> None:
        if not self._waiting:
            return
        with self._db.transaction():
            # It is there, unless somebody has deleted it meanwhile.
            self._db.execute(_insert("session", self._row, "IGNORE"), self._row)
            for event in self._waiting:
                self._take(event)
        self._kept += self._waiting
        self._waiting.clear()

    def _follow(self) -> bool:
        """Where the file was removed, moved or replaced, go on with what is there now; whether that was so."""
        if not self._db.lost:
            return False
        # First of all, so that nothing is forgotten where there is no way to go on now.
        self._waiting, self._kept = self._kept + self._waiting, []
        self._db.reopen()
        same = "SELECT id FROM session WHERE started_utc = :started_utc AND settings = :settings"
        found = self._db.rows(same, self._row)
        self._row["id"] = found[0]["id"] if found else None
        if not found:
            self._row["id"] = self._db.execute(_insert("session", self._row), self._row)
            if self._notify:
                self._notify(f"the history {self._db.path} was removed or replaced; this session is written again")
        return True

    def _take(self, event: Rep | RepRemoved) -> None:
        if isinstance(event, RepRemoved):
            mark = "UPDATE rep SET removed = 1 WHERE session_id = ? AND number = ?"
            self._db.execute(mark, [self.id, event.number])
            return
        row = {name: getattr(event, name) for name in _REP_FIELDS}
        row |= {"flags": ";".join(event.flags), "session_id": self.id}
        row |= {"day": day_of(self._started, event).isoformat()}
        # The same rep comes again after a commit that succeeded and yet told of an error.
        self._db.execute(_insert("rep", row, "REPLACE"), row)


_WITHOUT_REPS = "id NOT IN (SELECT session_id FROM rep)"
_REPS_SINCE = """
    SELECT * FROM rep WHERE NOT removed AND session_id IN (SELECT session_id FROM rep WHERE day >= ? AND NOT removed)
    ORDER BY session_id, number
"""


def _insert(table: str, row: dict[str, Any], otherwise: str = "ABORT") -> str:
    names, values = (", ".join(form.format(name) for name in row) for form in ('"{}"', ":{}"))
    return f"INSERT OR {otherwise} INTO {table} ({names}) VALUES ({values})"


def _rule(which: DeleteFilter) -> tuple[str, str | int]:
    """A condition on reps, and the value in it."""
    if which.session is not None:
        return "session_id = ?", which.session
    if which.day is not None:
        return "day = ?", which.day.isoformat()
    if which.before is not None:
        return "day < ?", which.before.isoformat()
    return "?", which.everything


def _of_session(rule: str) -> str:
    """The same condition on sessions."""
    return rule.replace("session_id", "id")


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
