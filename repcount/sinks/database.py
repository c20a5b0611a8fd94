"""The history file as a database: opened and checked, commits that survive a power cut, errors for people."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from repcount.errors import HistoryError
from repcount.sinks import history_file
from repcount.sinks.history_file import DamagedError
from repcount.sinks.migrations import MIGRATIONS

Row = sqlite3.Row
Values = Sequence[object] | Mapping[str, object]

_BUSY_S = 5.0
"""How long to wait for another repcount. A commit takes milliseconds, deleting at most a second. A choice."""

_TRIES = 20
"""Heuristic: a copy takes a millisecond or two, and other programs write a history every few seconds."""

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

    With `notify` it can be written: a file that is not there is made, and a damaged history is renamed and a new one
    begun, which `notify` is told. Without it, this is a copy in memory, and nothing on the disk is changed: no file is
    made, locked or renamed, and a disk that is full or read-only is no hindrance.
    Raises HistoryError for a file that cannot be opened or is not known to be a history (see `history_file`); it is
    not touched.
    """

    def __init__(self, path: Path, notify: Callable[[str], None] | None = None) -> None:
        self.path = Path(os.path.realpath(path))
        self._notify = notify
        with _told(self.path, "open"):
            found = history_file.find(path)
            self._connection = _copied(self.path) if notify is None else _opened(self.path, found, notify)
            self._files = self._identities()

    @property
    def lost(self) -> bool:
        """Whether the file that is written no longer has its name: it was removed, moved or replaced."""
        with _told(self.path, "look for"):
            return history_file.identity(self.path) != self._files[0]

    def reopen(self) -> None:
        """Open what has the name of the file now, or a new one, after it was `lost`. Raises HistoryError.

        What is committed goes into the file that was lost; its log is removed, or SQLite would read it into the
        new one.
        """
        assert self._notify is not None
        with _told(self.path, "open"):
            with suppress(sqlite3.ProgrammingError):  # it is closed, and then the file was not to be opened
                if self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                    raise HistoryError(f"the history {self.path} is gone, and another program holds it. Close that")
                self._connection.close()
            for file, ours in zip(history_file.sidecars(self.path), self._files[1:], strict=True):
                if ours is not None and history_file.identity(file) == ours:
                    file.unlink()
            self._connection = _opened(self.path, history_file.find(self.path), self._notify)
            self._files = self._identities()

    def _identities(self) -> list[history_file.Identity | None]:
        return [history_file.identity(file) for file in (self.path, *history_file.sidecars(self.path))]

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

    def vacuum(self) -> None:
        """Leave nothing of what was deleted in the file and its log. Raises HistoryError."""
        with _told(self.path, "tidy up"):
            self._connection.execute("VACUUM")
            busy = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if busy:
            raise HistoryError(
                f"it is deleted, but {self.path} holds traces of it as long as another program reads the file. "
                "Delete again when that is done"
            )


def _opened(path: Path, found: Path | None, notify: Callable[[str], None]) -> sqlite3.Connection:
    if found is None:
        history_file.make_folder(path)
        _create(path)
    seen = history_file.identity(path)
    try:
        return _checked(path)
    except DamagedError as error:
        kept = history_file.quarantine(path, seen)
        if kept:
            notify(f"the history {path} is damaged: {error}. It is kept as {kept.name}, and a new one is begun")
    if history_file.find(path) is None:
        _create(path)
    return _checked(path)


def _copied(path: Path) -> sqlite3.Connection:
    """A copy in memory, brought up to this version. Raises HistoryError, also for a damaged one."""
    for _ in range(_TRIES):
        before, logged = history_file.content(path), history_file.has_log(path)
        error = None
        try:
            memory = _snapshot(path, logged)
        except (DamagedError, sqlite3.Error) as raised:
            error = raised
        changed = history_file.content(path) != before or history_file.has_log(path) != logged
        if error is None and (logged or not changed):  # with a log SQLite has held its locks
            return memory
        if isinstance(error, DamagedError) and not changed:
            raise HistoryError(
                f"the history {path} is damaged: {error}. It was left as it is; the next `repcount live` keeps it "
                "under another name and begins a new one"
            ) from error
        if error is not None and not changed:
            raise error
    raise HistoryError(f"the history {path} is being written all the time. Try again")


def _snapshot(path: Path, logged: bool) -> sqlite3.Connection:
    """A checked copy in memory; with no log to read, no lock is taken. Raises DamagedError and sqlite3.Error."""
    # A mere mode=ro would make the log and its index, and leave them. With `readonly_shm` an index that is there is
    # read, or built anew in memory; only where the index alone is missing, SQLite has to make it.
    _, index, _ = history_file.sidecars(path)
    how = "immutable=1" if not logged else "readonly_shm=1" if index.exists() else ""
    memory = sqlite3.connect(":memory:", isolation_level=None)
    memory.row_factory = sqlite3.Row
    try:
        with _damage_told():
            with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&{how}", uri=True, timeout=_BUSY_S)) as source:
                source.backup(memory)
            _check_integrity(memory)
            _migrate(memory, path)
    except BaseException:
        memory.close()
        raise
    return memory


def _create(path: Path) -> None:
    """Make a file that is complete when it gets its name: a kill or a power cut leaves none half made."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        new = Path(folder, path.name)
        new.touch(mode=0o600)
        with closing(_connected(new)) as connection:
            _migrate(connection, path)
        history_file.publish(new, path)


def _checked(path: Path) -> sqlite3.Connection:
    """The open file. Raises DamagedError for a history that SQLite finds fault with."""
    history_file.find(path)
    history_file.make_private(path)
    with _damage_told():
        connection = _connected(path)
        try:
            _check_integrity(connection)
            _migrate(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def _check_integrity(connection: sqlite3.Connection) -> None:
    fault = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if fault != "ok":
        raise DamagedError(fault)


@contextmanager
def _damage_told() -> Iterator[None]:
    """Tells damage from other errors of SQLite. Raises DamagedError."""
    try:
        yield
    except UnicodeDecodeError as error:  # what SQLite complains of is part of its complaint
        raise DamagedError("its layout is no text") from error
    except sqlite3.DatabaseError as error:
        if _code(error) in _DAMAGE:
            raise DamagedError(str(error)) from error
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
