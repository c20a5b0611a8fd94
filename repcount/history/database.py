"""The history as an SQLite database: durable commits, migrations, and errors in words for people."""

from __future__ import annotations

import os
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from repcount import addresses, interrupts
from repcount.errors import HistoryError
from repcount.history import schema
from repcount.history.file import (
    Identity,
    check_version,
    find_history,
    fingerprint,
    identity,
    make_folder,
    make_private,
    publish,
    quarantine,
    sidecars,
)

Row = sqlite3.Row
Values = Sequence[object] | Mapping[str, object]
"""Parameters of a statement, by position or by name."""

BUSY_TIMEOUT_S = 5.0
"""How long to wait for another repcount. Heuristic: a commit takes milliseconds, deleting a second at most."""

_ATTEMPT_S = 0.25
"""How long SQLite itself waits at a time: in there nobody hears a signal."""

_LEAVING_S = 0.5
"""How long the wait goes on once a signal has asked the program to end, which it does within two seconds."""

_COPY_ATTEMPTS = 20
"""Heuristic: a copy takes a millisecond or two, and other programs write a history every few seconds."""

_WITHOUT_LOCKS = f"vfs={'win32' if sys.platform == 'win32' else 'unix'}-none"

_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",  # with less, a power cut takes the newest commits
    "fullfsync = ON",  # macOS: a plain fsync does not flush the drive's own cache
    "secure_delete = ON",
    "temp_store = MEMORY",  # nothing is written to a folder for temporary files
)

_DAMAGE_CODES = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_REASONS = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_READONLY: "it may not be written. Look at the permissions of the file and of its folder",
    sqlite3.SQLITE_CANTOPEN: "it may not be opened. Look at the permissions of the file and of its folder",
    sqlite3.SQLITE_BUSY: "another program holds it. Try again when that is done",
}


class BusyError(HistoryError):
    """Another program holds the history; it can be tried again."""


class DamagedError(Exception):
    """SQLite finds fault with a file whose header says that it is a history of ours."""


class _Connection(sqlite3.Connection):
    """A connection that is patient with other programs, and hears signals meanwhile."""

    patience_s = BUSY_TIMEOUT_S

    def execute(self, statement: str, values: Any = ()) -> sqlite3.Cursor:
        """Execute a statement; one for which another program holds the file is tried again for `patience_s`."""
        busy = sqlite3.OperationalError()
        for _ in self._attempts():
            try:
                return super().execute(statement, values)
            except sqlite3.OperationalError as error:
                if _primary_code(error) != sqlite3.SQLITE_BUSY:
                    raise
                busy = error
        raise busy

    def empty_log(self) -> bool:
        """Merge the log into the file and leave nothing in it; False if another program is in its way."""
        return any(not self.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] for _ in self._attempts())

    def _attempts(self) -> Iterator[None]:
        return interrupts.waits(self.patience_s, _ATTEMPT_S, _LEAVING_S)


class Database:
    """An open history, for one thread. Statements executed outside of `transaction` are committed at once.

    With `notify` the history can be written: a missing file is created; a damaged history is renamed and a new one
    begun, and `notify` is called with a sentence that says so. Without `notify` this is a copy in memory and nothing
    on the disk is changed: no file is created, locked or renamed, and a full or read-only disk does not matter.

    Raises HistoryError for a file that cannot be opened or is not recognisably a history (see `history.file`); such a
    file is left untouched. Whatever another program holds for longer than `timeout_s` raises BusyError.
    """

    def __init__(
        self, path: Path, notify: Callable[[str], None] | None = None, timeout_s: float = BUSY_TIMEOUT_S
    ) -> None:
        self.path = Path(os.path.realpath(path))
        self._notify, self._timeout_s = notify, timeout_s
        with _readable_errors(self.path, "open"):
            existing = find_history(path)
            if notify is None:
                self._connection = _copy_to_memory(self.path)
            else:
                self._connection = _open_or_create(self.path, existing, notify, timeout_s)
            self._files = self._identities()

    @property
    def lost(self) -> bool:
        """Whether the open file no longer has its name, because it was removed, moved or replaced."""
        with _readable_errors(self.path, "look for"):
            return identity(self.path) != self._files[0]

    def reopen(self) -> None:
        """After the file was `lost`, open the one that has its name now, or a new one. Raises HistoryError.

        The log is first merged into the lost file and then removed, or SQLite would replay it into the new file.
        """
        assert self._notify is not None
        with _readable_errors(self.path, "open"):
            with suppress(sqlite3.ProgrammingError):  # already closed: an earlier `reopen` failed after closing it
                if not self._connection.empty_log():
                    raise HistoryError(f"the history {self.path} is gone, and another program holds it. Close that")
                self._connection.close()
            for file, opened in zip(sidecars(self.path), self._files[1:], strict=True):
                if opened is not None and identity(file) == opened:
                    file.unlink()
            self._connection = _open_or_create(self.path, find_history(self.path), self._notify, self._timeout_s)
            self._files = self._identities()

    def _identities(self) -> list[Identity | None]:
        return [identity(file) for file in (self.path, *sidecars(self.path))]

    def close(self) -> None:
        """Close the connection; closing the last one merges and removes the log."""
        self._connection.close()

    def rows(self, query: str, values: Values = ()) -> list[Row]:
        """The rows that a query returns. Raises HistoryError."""
        with _readable_errors(self.path, "read"):
            return self._connection.execute(query, values).fetchall()

    def execute(self, statement: str, values: Values = ()) -> int | None:
        """Execute a statement that writes; return the id of the inserted row. Raises HistoryError."""
        with _readable_errors(self.path, "write"):
            return self._connection.execute(statement, values).lastrowid

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit all statements of the block durably, or none of them. Raises HistoryError."""
        with _readable_errors(self.path, "write"), _transaction(self._connection):
            yield

    def vacuum(self) -> None:
        """Leave no trace of deleted rows in the file and its log. Raises HistoryError."""
        with _readable_errors(self.path, "tidy up"):
            self._connection.execute("VACUUM")
            is_empty = self._connection.empty_log()
        if not is_empty:
            raise HistoryError(
                f"it is deleted, but {self.path} holds traces of it as long as another program reads the file. "
                "Delete again when that is done"
            )


def _open_or_create(path: Path, existing: Path | None, notify: Callable[[str], None], timeout_s: float) -> _Connection:
    if existing is None:
        make_folder(path)
        _create(path)
    opened = identity(path)
    try:
        return _open_checked(path, timeout_s)
    except DamagedError as error:
        kept = quarantine(path, opened)
        if kept:
            notify(f"the history {path} is damaged: {error}. It is kept as {kept.name}, and a new one is begun")
    if find_history(path) is None:
        _create(path)
    return _open_checked(path, timeout_s)


def _create(path: Path) -> None:
    """Create an empty history that is complete by the time it gets its name, whatever kill or power cut happens."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        new = Path(folder, path.name)
        new.touch(mode=0o600)
        with closing(_connect(new)) as connection:
            _migrate(connection, path)
        publish(new, path)


def _open_checked(path: Path, timeout_s: float) -> _Connection:
    """A connection to a history that is intact and up to date. Raises DamagedError."""
    find_history(path)
    make_private(path)
    with _detect_damage():
        connection = _connect(path, timeout_s)
        try:
            _check_integrity(connection)
            if _migrate(connection, path):
                _remove_traces(connection)
        except BaseException:
            connection.close()
            raise
    return connection


def _remove_traces(connection: _Connection) -> None:
    """Take what a migration has overwritten out of the file and its log; a reader puts it off until it closes."""
    try:
        connection.execute("VACUUM")
        connection.empty_log()
    except sqlite3.OperationalError as error:
        if _primary_code(error) not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL):
            raise


def _connect(path: Path, timeout_s: float = BUSY_TIMEOUT_S) -> _Connection:
    # Without `mode=rw` SQLite would create a missing file, readable by others.
    connection = sqlite3.connect(
        f"{path.as_uri()}?mode=rw", uri=True, timeout=_ATTEMPT_S, isolation_level=None, factory=_Connection
    )
    connection.patience_s = timeout_s
    connection.row_factory = sqlite3.Row
    try:
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
    except BaseException:
        connection.close()
        raise
    return connection


def _copy_to_memory(path: Path) -> _Connection:
    """A consistent copy in memory, migrated to this version. Raises HistoryError, also for a damaged history."""
    wal, index, journal = sidecars(path)
    for _ in range(_COPY_ATTEMPTS):
        before, index_before = [fingerprint(file) for file in (path, wal, journal)], index.exists()
        has_log, is_pending = (status is not None and status[2] > 0 for status in before[1:])
        # Plain `mode=ro` would make an index of the log and leave it there; one that is there is used or rebuilt in
        # memory. Where there is none, no program is at the log, and an exclusive connection keeps its own index.
        locks = index_before or is_pending
        option = "readonly_shm=1" if locks else _WITHOUT_LOCKS if has_log else "immutable=1"
        error = None
        try:
            memory = _snapshot(path, option)
        except (DamagedError, sqlite3.Error) as raised:
            error = raised
        changed = [fingerprint(file) for file in (path, wal, journal)] != before or index.exists() != index_before
        if error is None and (locks or not changed):
            return memory
        if isinstance(error, DamagedError) and not changed:
            raise HistoryError(
                f"the history {path} is damaged: {error}. It was left as it is; the next `repcount live` keeps it "
                "under another name and begins a new one"
            ) from error
        if error is not None and not changed:
            raise error
    raise HistoryError(f"the history {path} is being written all the time. Try again")


def _snapshot(path: Path, option: str) -> _Connection:
    """An intact, migrated copy in memory. Raises DamagedError and sqlite3.Error.

    But for `readonly_shm` it takes no lock, so the caller has to make sure that the files did not change.
    """
    memory = sqlite3.connect(":memory:", isolation_level=None, factory=_Connection)
    memory.row_factory = sqlite3.Row
    try:
        with _detect_damage():
            uri = f"{path.as_uri()}?mode=ro&{option}"
            with closing(sqlite3.connect(uri, uri=True, timeout=0)) as source:
                if option == _WITHOUT_LOCKS:
                    source.execute("PRAGMA locking_mode = EXCLUSIVE")
                source.backup(memory, progress=_patient(path), sleep=_ATTEMPT_S)
            _check_integrity(memory)
            _migrate(memory, path)
    except BaseException:
        memory.close()
        raise
    return memory


def _patient(path: Path) -> Callable[[int, int, int], None]:
    """What is called after each attempt to copy: without it SQLite would try for ever. Raises BusyError."""
    waits = interrupts.waits(BUSY_TIMEOUT_S, _ATTEMPT_S, _LEAVING_S)

    def attempted(status: int, *_: int) -> None:
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) and next(waits, waits) is waits:
            raise BusyError(f"cannot read the history {path}: {_REASONS[sqlite3.SQLITE_BUSY]}")

    return attempted


def _check_integrity(connection: sqlite3.Connection) -> None:
    fault = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if fault != "ok":
        raise DamagedError(fault)
    if not _version(connection):
        raise DamagedError("it is of version 0, which no repcount has written")
    # A view in the place of a table may have rows without end.
    if connection.execute("SELECT 1 FROM sqlite_master WHERE type IN ('view', 'trigger')").fetchone():
        raise DamagedError("it holds a view or a trigger, of which repcount makes none")


def _migrate(connection: sqlite3.Connection, path: Path) -> bool:
    """Apply the missing migrations, each in a transaction of its own; whether there were any."""
    connection.create_function(schema.SHOWN_ADDRESS, 1, _shown_address, deterministic=True)
    before = _version(connection)
    while _version(connection) < len(schema.MIGRATIONS):
        with _transaction(connection):
            version = _version(connection)
            if version < len(schema.MIGRATIONS):  # else another repcount was quicker
                for statement in schema.MIGRATIONS[version]:
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {version + 1}")
    check_version(path, _version(connection))
    return before < len(schema.MIGRATIONS)


def _shown_address(source: Any) -> Any:
    """A stored source as it may be shown; cells that hold no text are left for whoever reads them to refuse."""
    return addresses.shown(source) if isinstance(source, str) else source


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
def _detect_damage() -> Iterator[None]:
    """Turn those errors of SQLite that mean a damaged file into DamagedError."""
    try:
        yield
    except UnicodeDecodeError as error:  # SQLite quotes the damaged schema in its message, which is then not UTF-8
        raise DamagedError("its layout is no text") from error
    except sqlite3.DatabaseError as error:
        if _primary_code(error) in _DAMAGE_CODES:
            raise DamagedError(str(error)) from error
        raise


@contextmanager
def _readable_errors(path: Path, action: str) -> Iterator[None]:
    """Turn errors of the system and of SQLite into a HistoryError: "cannot `action` the history ..."."""
    try:
        yield
    except OSError as error:
        raise HistoryError(f"cannot {action} the history {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise HistoryError(f"cannot {action} the history {path}: it holds what is no text") from error
    except sqlite3.Error as error:
        code = _primary_code(error)
        kind = BusyError if code == sqlite3.SQLITE_BUSY else HistoryError
        raise kind(f"cannot {action} the history {path}: {_REASONS.get(code, error)}") from error


def _primary_code(error: sqlite3.Error) -> int:
    """SQLite's primary result code; -1 for an error raised by Python's sqlite3 module itself."""
    code: int = getattr(error, "sqlite_errorcode", -1)
    return code & 0xFF if code >= 0 else code
