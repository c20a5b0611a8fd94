"""Sessions and reps in the history: every rep is committed when it is written."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from repcount import __version__
from repcount.config import Config
from repcount.errors import HistoryError
from repcount.history.database import BUSY_TIMEOUT_S, Database
from repcount.history.file import delete_numbered, find_history, quarantined, waiting
from repcount.history.people import FORGET_UNUSED, People, name_key
from repcount.history.progress import BestSet
from repcount.history.rows import REP_FIELDS, check_values, day_in, rep_of, session_of
from repcount.history.totals import Session, day_of
from repcount.types import Flag, Rep, RepRemoved, TargetSet, Update

Recorded = Rep | RepRemoved | TargetSet
"""The events that are kept."""

_AS_FULL = f"""
    UPDATE rep SET "full" = 1, flags = trim(replace(';' || flags || ';', ';{Flag.SHORT_TOP};', ';'), ';')
    WHERE session_id = ? AND number = ?
"""
_WITHOUT_REPS = "id NOT IN (SELECT session_id FROM rep)"
_REPS_SINCE = """
    SELECT * FROM rep WHERE NOT removed AND session_id IN (SELECT session_id FROM rep WHERE day >= ? AND NOT removed)
    ORDER BY session_id, number
"""
_SESSIONS = """
    SELECT session.*, person.name AS person FROM session LEFT JOIN person ON person.id = person_id
    ORDER BY started_utc, session.id
"""
_SAME_SESSION = "SELECT id FROM session WHERE started_utc = :started_utc AND source = :source AND plan = :plan"
_SESSIONS_OF = """
    (SELECT id FROM session WHERE coalesce((SELECT key FROM person WHERE person.id = person_id), '') = coalesce(?, ''))
"""
"""The sessions of a person by key, with NULL those without a name; no key is empty."""
_DAYS = f"""
    SELECT DISTINCT day FROM rep
    WHERE NOT removed AND session_id IN {_SESSIONS_OF} ORDER BY day
"""
_BEST_SET = f"""
    SELECT count(*) AS reps, max(day) AS last_day FROM rep
    WHERE "full" AND NOT removed AND session_id IN {_SESSIONS_OF}
    GROUP BY session_id, "set" HAVING last_day < ? ORDER BY reps DESC, last_day DESC LIMIT 1
"""
_OTHERS_ON = f"""
    SELECT count(*) FROM rep
    WHERE day = ? AND "full" AND NOT removed AND session_id != ? AND session_id IN {_SESSIONS_OF}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteFilter:
    """What to delete; exactly one field is set."""

    day: date | None = None
    before: date | None = None
    """Every day before this one."""
    session: int | None = None
    person: str | None = None
    """All sessions of a person, and the person."""
    everything: bool = False


class HistoryStore:
    """All sessions. A context manager, for one thread.

    With `notify` it can be written: a damaged history is renamed and a new one begun, and `notify` is called with a
    sentence that says so. Without `notify` it shows the file as it was when opened, and nothing on the disk is
    changed. Raises HistoryError for a file that cannot be opened or is not recognisably a history; such a file is
    left untouched. BusyError: another program has held it for `timeout_s`.

    Sessions that had to be written beside the history (`history.file.waiting`) are taken over first.
    """

    def __init__(
        self, path: Path, notify: Callable[[str], None] | None = None, timeout_s: float = BUSY_TIMEOUT_S
    ) -> None:
        self._db = Database(path, notify, timeout_s)
        self._notify = notify
        self.people = People(self._db)
        try:
            self._take_over_waiting()
        except BaseException:
            self._db.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()

    def begin(
        self, started: datetime, source: str, plan: str, settings: Config, person: str | None = None
    ) -> SessionRecorder:
        """Insert a session and return its recorder.

        Raises ValueError if `started` has no time zone, and HistoryError.
        """
        recorder = SessionRecorder(
            self._db, started, _session_row(started, source, plan, settings), person, self._notify
        )
        with self._db.transaction():
            recorder.insert()
        return recorder

    def keep(
        self,
        started: datetime,
        video: str,
        settings: Config,
        reps: Sequence[Rep],
        length_s: float,
        sha256: str,
        person: str | None = None,
    ) -> int:
        """Insert the session of a recorded video, whole or not at all; returns its id.

        `sha256` identifies the video. Raises HistoryError, also if that video is in the history already.
        """
        row = _session_row(started, video, "", settings)
        row |= {"video_sha256": sha256, "ended_utc": _utc(started + timedelta(seconds=length_s))}
        recorder = SessionRecorder(self._db, started, row, person, self._notify)
        with self._db.transaction():
            known = self.video_session(sha256)
            if known is not None:  # another repcount was quicker
                raise HistoryError(f"{video} is in the history already, as session {known.id}")
            recorder.insert()
            for rep in reps:
                recorder.write_event(rep)
        return recorder.id

    def video_session(self, sha256: str) -> Session | None:
        """The session of a video that is in the history, without its reps; None if it is not. Raises HistoryError."""
        with check_values(self._db):
            rows = [row for row in self._db.rows(_SESSIONS) if row["video_sha256"] == sha256]
            return session_of(rows[0], ()) if rows else None

    def full_reps_on(self, day: date) -> int:
        """Full reps on one day, over all sessions, without those removed by hand. Raises HistoryError."""
        count = 'SELECT count(*) FROM rep WHERE day = ? AND "full" AND NOT removed'
        return int(self._db.rows(count, [day.isoformat()])[0][0])

    def span(self) -> tuple[date, date] | None:
        """The first and the last day with a rep; None if there are no reps. Raises HistoryError."""
        first, last = self._db.rows("SELECT min(day), max(day) FROM rep WHERE NOT removed")[0]
        with check_values(self._db):
            return (day_in(first), day_in(last)) if first is not None else None

    def quarantined(self) -> list[Path]:
        """The damaged files that were renamed and kept."""
        return quarantined(self._db.path)

    def days(self, person: str | None) -> tuple[date, ...]:
        """All days with a rep of a person, with None of those without a name; oldest first. Raises HistoryError."""
        key = None if person is None else name_key(person)
        with check_values(self._db):
            return tuple(day_in(row[0]) for row in self._db.rows(_DAYS, [key]))

    def best_set(self, person: str | None, before: date | None = None) -> BestSet | None:
        """The set with the most full reps of a person, with None of those without a name; the newest of several.

        `before`: only sets that ended before this day. Raises HistoryError.
        """
        key = None if person is None else name_key(person)
        with check_values(self._db):
            rows = self._db.rows(_BEST_SET, [key, before.isoformat() if before is not None else "9"])
            return BestSet(rows[0]["reps"], day_in(rows[0]["last_day"])) if rows else None

    def sessions(self, first: date | None = None) -> tuple[Session, ...]:
        """Sessions with at least one rep on the day `first` or later, oldest first, each with all of its reps.

        Raises HistoryError.
        """
        reps: dict[int, list[Rep]] = {}
        with check_values(self._db):
            for row in self._db.rows(_REPS_SINCE, [(first or date.min).isoformat()]):
                reps.setdefault(row["session_id"], []).append(rep_of(row))
            rows = self._db.rows(_SESSIONS)
            return tuple(session_of(row, tuple(reps[row["id"]])) for row in rows if row["id"] in reps)

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
            if selection.everything:
                self._db.execute("DELETE FROM person")
            if selection.person is not None:
                self._db.execute("DELETE FROM person WHERE key = ?", [value])
            self._db.execute(FORGET_UNUSED)
        self._db.vacuum()
        if selection.everything:
            for file in self.quarantined():
                delete_numbered(file)

    def _take_over_waiting(self) -> None:
        """Insert the sessions that wait beside the history, and delete their files if this one can be written.

        A file that cannot be read stays where it is, and that is said.
        """
        files: list[Path] = []
        with suppress(OSError):  # the folder may not be listed
            files = waiting(self._db.path)
        for file in files:
            try:
                if find_history(file) is None:
                    continue  # another repcount was quicker
                with closing(Database(file)) as beside:
                    sessions = _checked_rows(beside)
            except HistoryError as error:
                if self._notify:
                    self._notify(f"{error}. What waits in it is not in the history")
                continue
            with self._db.transaction():
                for session, person, reps in sessions:
                    self._insert(session, person, reps)
            if self._notify:
                delete_numbered(file)

    def _insert(self, session: dict[str, Any], person: str | None, reps: Sequence[dict[str, Any]]) -> None:
        """Insert a session of another file; what is known of it already is replaced."""
        session["person_id"] = None if person is None else self.people.ensure(person)
        same = self._db.rows(_SAME_SESSION, session)
        session["id"] = same[0]["id"] if same else None
        session_id = self._db.execute(_insert("session", session, "REPLACE"), session)
        for rep in reps:
            self._db.execute(_insert("rep", rep, "REPLACE"), rep | {"session_id": session_id})


def _checked_rows(db: Database) -> list[tuple[dict[str, Any], str | None, list[dict[str, Any]]]]:
    """Each session with its person and its reps, as rows that hold what repcount writes. Raises HistoryError."""
    found = []
    with check_values(db):
        for row in db.rows(_SESSIONS):
            reps = db.rows("SELECT * FROM rep WHERE session_id = ?", [row["id"]])
            session = session_of(row, tuple(map(rep_of, reps)))
            columns = {name: row[name] for name in row.keys() if name != "person"}  # noqa: SIM118
            found.append((columns, session.person or None, [dict(rep) for rep in reps]))
    return found


class SessionRecorder:
    """A sink that commits the reps of one session; made by `HistoryStore.begin`.

    For one thread; a commit takes as long as the disk and other programs take. See `history.writer` for one that
    never waits.
    """

    def __init__(
        self,
        db: Database,
        started: datetime,
        row: dict[str, Any],
        person: str | None,
        notify: Callable[[str], None] | None,
    ) -> None:
        self._db, self._started, self._row, self._person, self._notify = db, started, row, person, notify
        self._committed: list[Recorded] = []
        """Kept so that the whole session can be written again if the file is lost."""
        self._waiting: list[Recorded] = []

    @property
    def id(self) -> int:
        """The id of the session; it changes if the session has to continue in another file."""
        return int(self._row["id"])

    @property
    def waiting(self) -> int:
        """How many reps and removals could not be written so far."""
        return len(self._waiting)

    def insert(self) -> None:
        """Insert the row of the session, and its person if need be. Raises HistoryError."""
        row = {**self._row, "person_id": None}
        if self._person is not None:
            row["person_id"] = People(self._db).ensure(self._person)
        self._row["id"] = self._db.execute(_insert("session", row), row)

    def write(self, update: Update) -> None:
        """Commit the reps of an update, and mark those that were removed or made full by hand.

        Rep numbers have to increase over the whole session. Raises HistoryError if the commit fails; whatever is
        waiting is tried again with the next rep, or by `flush`.
        """
        self.add(update)
        self.flush()

    def add(self, update: Update) -> None:
        """Let the reps of an update, and those that were removed by hand, wait for the next `flush`."""
        self._waiting += [event for event in update.events if isinstance(event, Recorded)]

    def end(self, after_s: float | None) -> None:
        """Record that the session ended `after_s` seconds after its start; delete it if it has no reps.

        None: it was cut off, and nobody knows when. Raises HistoryError.
        """
        self.flush()
        with self._db.transaction():
            if after_s is not None:
                ended = _utc(self._started + timedelta(seconds=after_s))
                self._db.execute("UPDATE session SET ended_utc = ? WHERE id = ?", [ended, self.id])
            self._db.execute(f"DELETE FROM session WHERE {_WITHOUT_REPS} AND id = ?", [self.id])
            self._db.execute(FORGET_UNUSED)

    def flush(self) -> None:
        """Commit what is waiting, and make sure that it went into the file that has the name. Raises HistoryError."""
        self._reopen_if_lost()
        self._commit()
        if self._reopen_if_lost():
            self._commit()

    def others_on(self, day: date) -> int:
        """Full reps of the same person on one day in all other sessions. Raises HistoryError."""
        key = None if self._person is None else name_key(self._person)
        return int(self._db.rows(_OTHERS_ON, [day.isoformat(), self.id, key])[0][0])

    def _commit(self) -> None:
        if not self._waiting:
            return
        with self._db.transaction():
            # The row is still there unless somebody has deleted the session meanwhile.
            if not self._db.rows("SELECT 1 FROM session WHERE id = ?", [self.id]):
                self.insert()
            for event in self._waiting:
                self.write_event(event)
        self._committed += self._waiting
        self._waiting.clear()

    def _reopen_if_lost(self) -> bool:
        """If the file was removed, moved or replaced, continue in the one that has its name now; whether it was."""
        if not self._db.lost:
            return False
        # Before anything can fail, so that no rep is forgotten if the file cannot be reopened now.
        self._waiting, self._committed = self._committed + self._waiting, []
        self._db.reopen()
        rows = self._db.rows(_SAME_SESSION, self._row)
        self._row["id"] = rows[0]["id"] if rows else None
        if not rows:
            with self._db.transaction():
                self.insert()
            if self._notify:
                self._notify(f"the history {self._db.path} was removed or replaced; this session is written again")
        return True

    def write_event(self, event: Recorded) -> None:
        """Execute the statement for one event, within a transaction of the caller. Raises HistoryError."""
        if isinstance(event, RepRemoved):
            mark = "UPDATE rep SET removed = 1 WHERE session_id = ? AND number = ?"
            self._db.execute(mark, [self.id, event.number])
            return
        if isinstance(event, TargetSet):
            self._write_target(event)
            return
        row = {name: getattr(event, name) for name in REP_FIELDS}
        row |= {"flags": ";".join(event.flags), "session_id": self.id}
        row |= {"day": day_of(self._started, event).isoformat()}
        # REPLACE: a commit may succeed and yet report an error, and then the same rep is written twice.
        self._db.execute(_insert("rep", row, "REPLACE"), row)

    def _write_target(self, event: TargetSet) -> None:
        settings = {**json.loads(self._row["settings"]), "full_deg": event.target_deg}
        self._row["settings"] = json.dumps(settings)
        self._db.execute("UPDATE session SET settings = ? WHERE id = ?", [self._row["settings"], self.id])
        mine = "UPDATE person SET target_deg = ? WHERE id = (SELECT person_id FROM session WHERE id = ?)"
        self._db.execute(mine, [event.target_deg, self.id])
        for number in event.numbers:
            self._db.execute(_AS_FULL, [self.id, number])


def _session_row(started: datetime, source: str, plan: str, settings: Config) -> dict[str, Any]:
    """The columns of a new session. Raises ValueError if `started` has no time zone."""
    offset = started.utcoffset()
    if offset is None:
        raise ValueError("the start of a session needs its time zone")
    return {
        "started_utc": _utc(started),
        "utc_offset_s": round(offset.total_seconds()),
        "day": started.date().isoformat(),
        "source": source,
        "plan": plan,
        "version": __version__,
        "settings": json.dumps(asdict(settings)),
    }


def _insert(table: str, row: dict[str, Any], on_conflict: str = "ABORT") -> str:
    names, values = (", ".join(form.format(name) for name in row) for form in ('"{}"', ":{}"))
    return f"INSERT OR {on_conflict} INTO {table} ({names}) VALUES ({values})"


def _where(selection: DeleteFilter) -> tuple[str, str | int]:
    """A condition on the rows of `rep`, and its parameter."""
    if selection.session is not None:
        return "session_id = ?", selection.session
    if selection.person is not None:
        return f"session_id IN {_SESSIONS_OF}", name_key(selection.person)
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
