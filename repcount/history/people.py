"""The people in the history: their names, and the target that is kept for each of them."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date

from repcount.errors import HistoryError, SettingError, brief
from repcount.history.database import Database, Row
from repcount.history.rows import check_values, day_in, number, text

_MAX_CHARS = 40
"""Length limit of a name. Heuristic: it has to fit a column of a table."""

FORGET_UNUSED = """
    DELETE FROM person WHERE target_deg IS NULL
        AND id NOT IN (SELECT person_id FROM session WHERE person_id IS NOT NULL)
"""
"""The statement that deletes whoever has neither a session nor a target."""

_LIST = """
    SELECT person.name, target_deg, count(DISTINCT session_id) AS sessions, coalesce(sum("full"), 0) AS "full",
        max(rep.day) AS last_day
    FROM person LEFT JOIN session ON person_id = person.id LEFT JOIN rep ON session_id = session.id AND NOT removed
    GROUP BY person.id ORDER BY person.key
"""


@dataclass(frozen=True, slots=True)
class Person:
    """One person and what the history holds of them."""

    name: str
    target_deg: float | None
    """Elevation of the legs from which a rep of theirs is full, degrees; None: as the settings say."""
    sessions: int
    full: int
    last_day: date | None
    """None without reps."""


def parse_name(given: str) -> str:
    """A name as it is stored: in composed characters, with single spaces. Raises SettingError for what is no name."""
    name = " ".join(unicodedata.normalize("NFC", given).split())
    if not name or len(name) > _MAX_CHARS or not name.isprintable():
        raise SettingError(
            f"the name {brief(given)} cannot be used; it must have 1 to {_MAX_CHARS} printable characters"
        )
    return name


def name_key(name: str) -> str:
    """What the spellings of a name have in common, whatever their case and width."""
    return unicodedata.normalize("NFKC", name).casefold()


class People:
    """The people in an open history. Methods that name a person who is not there raise HistoryError."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def all(self) -> tuple[Person, ...]:
        """Everybody, by name. Raises HistoryError."""
        with check_values(self._db):
            return tuple(map(_person, self._db.rows(_LIST)))

    def name(self, name: str) -> str:
        """The name as it is written in the history."""
        return str(self._row(name)["name"])

    def has(self, name: str) -> bool:
        """Whether there is somebody of this name."""
        return self._find(name) is not None

    def ensure(self, name: str) -> int:
        """The id of a person, who is added if need be. Raises HistoryError."""
        row = self._find(name)
        if row is None:
            self._db.execute(
                "INSERT OR IGNORE INTO person (name, key) VALUES (?, ?)", [parse_name(name), name_key(name)]
            )
            row = self._row(name)
        return int(row["id"])

    def target_deg(self, name: str) -> float | None:
        """The target kept for a person; None if there is none, or no such person. Raises HistoryError."""
        row = self._find(name)
        with check_values(self._db):
            return None if row is None else _target(row)

    def set_target(self, name: str, target_deg: float | None) -> None:
        """Keep a target for a person, who is added if need be; None forgets it. Raises HistoryError."""
        with self._db.transaction():
            self._db.execute("UPDATE person SET target_deg = ? WHERE id = ?", [target_deg, self.ensure(name)])

    def rename(self, old: str, new: str) -> None:
        """Give a person another name. Raises HistoryError if somebody else has it."""
        name = parse_name(new)
        with self._db.transaction():
            row, other = self._row(old), self._find(name)
            if other is not None and other["id"] != row["id"]:
                raise HistoryError(f"there is a {other['name']} already; to make one of the two: history merge")
            self._db.execute("UPDATE person SET name = ?, key = ? WHERE id = ?", [name, name_key(name), row["id"]])

    def merge(self, name: str, into: str) -> None:
        """Give all sessions of a person to another, whose target stays, and forget the first."""
        with self._db.transaction():
            row, other = self._row(name), self._row(into)
            if row["id"] == other["id"]:
                raise HistoryError(f"{row['name']} and {other['name']} are one person already")
            self._db.execute("UPDATE session SET person_id = ? WHERE person_id = ?", [other["id"], row["id"]])
            self._db.execute("DELETE FROM person WHERE id = ?", [row["id"]])

    def assign(self, session: int, name: str | None) -> None:
        """Give a session to a person, who is added if need be, or with None to nobody. Raises HistoryError."""
        with self._db.transaction():
            if not self._db.rows("SELECT 1 FROM session WHERE id = ?", [session]):
                raise HistoryError(f"there is no session {session}; `repcount history --sessions` lists them")
            person = None if name is None else self.ensure(name)
            self._db.execute("UPDATE session SET person_id = ? WHERE id = ?", [person, session])
            self._db.execute(FORGET_UNUSED)

    def _row(self, name: str) -> Row:
        row = self._find(name)
        if row is None:
            raise HistoryError(
                f"there is nobody called {brief(name)} in the history; `repcount history people` lists everybody"
            )
        return row

    def _find(self, name: str) -> Row | None:
        rows = self._db.rows("SELECT * FROM person WHERE key = ?", [name_key(parse_name(name))])
        return rows[0] if rows else None


def _person(row: Row) -> Person:
    last = row["last_day"]
    name = text(row, "name")
    if not name:
        raise ValueError("a name is empty")
    return Person(name, _target(row), row["sessions"], row["full"], None if last is None else day_in(last))


def _target(row: Row) -> float | None:
    return None if row["target_deg"] is None else number(row, "target_deg")
