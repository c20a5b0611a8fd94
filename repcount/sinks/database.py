"""The history file as a database: opened and checked, commits that survive a power cut, errors for people."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from repcount.errors import HistoryError
from repcount.sinks import history_file
from repcount.sinks.history_file import DamagedError
from repcount.sinks.migrations import MIGRATIONS

Row = sqlite3.Row
Values = Sequence[object] | Mapping[str, object]

_BUSY_S = 5.0
"""How long to wait for another repcount. A commit takes milliseconds, deleting at most a second. A choice."""

_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",  # with less a power cut takes the newest commits
    "fullfsync = ON",  # makes the disk of a Mac write down what it holds, as others do anyway
    "secure_delete = ON",
    "temp_store = MEMORY",  # nothing goes to a folder for temporary files
)

_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_REASONS = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_READONLY: "it may not be written. Look at the permissions of the file and of its folder",
    sqlite3.SQLITE_CANTOPEN: "it may not be opened. Look at the permissions of the file and of its folder",
    sqlite3.SQLITE_BUSY: f"another program has held it for {_BUSY_S:g} s. Try again when that is done",
}


class Database:
    """The open file, for one thread. What is executed outside of `transaction` is committed at once.

    A damaged file is renamed and a new one begun, which `notify` is told. Raises HistoryError for a file that
    cannot be opened, that a newer repcount has written or that is another program's; these are not touched.
    """

    def __init__(self, path: Path, notify: Callable[[str], None]) -> None:
        self.path = path.resolve()
        with _told(self.path, "open"):
            history_file.make_folder(self.path)
            self._connection = _opened(self.path, notify)

    def close(self) -> None:
        """Close it; the last one to do so tidies up the log."""
        self._connection.close()

    def rows(self, query: str, values: Values = ()) -> list[Row]:
        """What a query finds. Raises HistoryError."""
        with _told(self.path, "read"):
            return self._connection.execute(query, values).fetchall()

    def execute(self, statement: str, values: Values = ()) -> int | None:
        """Change something; the id of the row that was put in. Raises HistoryError."""
        with _told(self.path, "write"):
            return self._connection.execute(statement, values).lastrowid

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, and on the disk when it is over. Raises HistoryError."""
        with _told(self.path, "write"), _transaction(self._connection):
            yield

    def scrub(self) -> None:
        """Leave nothing of what was deleted in the file and its log. Raises HistoryError."""
        with _told(self.path, "tidy up"):
            self._connection.execute("VACUUM")
            busy = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if busy:
            raise HistoryError(
                f"it is deleted, but {self.path} holds traces of it as long as another program reads the file. "
                "Delete again when that is done"
            )


def _opened(path: Path, notify: Callable[[str], None]) -> sqlite3.Connection:
    if not path.exists():
        _create(path)
    seen = history_file.identity(path)
    try:
        return _checked(path)
    except DamagedError as error:
        kept = history_file.set_aside(path, seen)
        if kept:
            notify(f"the history {path} is damaged: {error}. It is kept as {kept.name}, and a new one is begun")
    if not path.exists():
        _create(path)
    return _checked(path)


def _create(path: Path) -> None:
    """Make a file that is complete when it gets its name: a kill or a power cut leaves none half made."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        new = Path(folder, path.name)
        new.touch(mode=0o600)
        with closing(_connected(new)) as connection:
            _migrate(connection, path)
        history_file.publish(new, path)


def _checked(path: Path) -> sqlite3.Connection:
    """The open file. Raises DamagedError for one that SQLite finds fault with."""
    history_file.check_head(path)
    history_file.make_private(path)
    connection = None
    try:
        connection = _connected(path)
        fault = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if fault != "ok":
            raise DamagedError(fault)
        _migrate(connection, path)
        return connection
    except BaseException as error:
        if connection:
            connection.close()
        if isinstance(error, sqlite3.DatabaseError) and _code(error) in _DAMAGE:
            raise DamagedError(str(error)) from error
        if isinstance(error, UnicodeDecodeError):  # what SQLite complains of is part of its complaint
            raise DamagedError("its layout is no text") from error
        raise


def _connected(path: Path) -> sqlite3.Connection:
    # Without `rw` SQLite would make a file that is not there, open to others.
    connection = sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, timeout=_BUSY_S, isolation_level=None)
    connection.row_factory = sqlite3.Row
    try:
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
    except BaseException:
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring the file up to this version, one step at a time."""
    while _version(connection) < len(MIGRATIONS):
        with _transaction(connection):
            version = _version(connection)
            if version < len(MIGRATIONS):  # else another repcount was quicker
                for statement in MIGRATIONS[version]:
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {version + 1}")
    history_file.check_version(path, _version(connection))


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


@contextmanager
def _told(path: Path, what: str) -> Iterator[None]:
    """Errors of the system and of SQLite, in words for people."""
    try:
        yield
    except OSError as error:
        raise HistoryError(f"cannot {what} the history {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise HistoryError(f"cannot {what} the history {path}: it holds what is no text") from error
    except sqlite3.Error as error:
        raise HistoryError(f"cannot {what} the history {path}: {_REASONS.get(_code(error), error)}") from error


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary result code; -1 for what Python itself objects to."""
    code: int = getattr(error, "sqlite_errorcode", -1)
    return code & 0xFF if code >= 0 else code
