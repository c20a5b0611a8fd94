"""The history of live sessions: every rep is on the disk as soon as it is counted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from repcount import __version__
from repcount.config import Config
from repcount.days import Session, day_of
from repcount.errors import HistoryError
from repcount.records import Rep, RepRemoved, Update
from repcount.sinks import history_file, history_row
from repcount.sinks.database import Database

default_path, find = history_file.default_path, history_file.find

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
            return (history_row.day(first), history_row.day(last)) if first is not None else None

    def damaged(self) -> list[Path]:
        """The damaged files that were kept."""
        return history_file.set_aside_before(self._db.path)

    def sessions(self, first: date | None = None) -> tuple[Session, ...]:
        """The sessions with a rep on the day `first` or later, the oldest first, each with all of its reps.

        Raises HistoryError.
        """
        reps: dict[int, list[Rep]] = {}
        with self._understood():
            for row in self._db.rows(_REPS_SINCE, [(first or date.min).isoformat()]):
                reps.setdefault(row["session_id"], []).append(history_row.rep(row))
            rows = self._db.rows("SELECT * FROM session ORDER BY started_utc, id")
            return tuple(history_row.session(row, tuple(reps[row["id"]])) for row in rows if row["id"] in reps)

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
                history_file.remove(file)


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
