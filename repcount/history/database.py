"""The history file as an SQLite database: checked before it is opened, durable commits, errors for people."""

from __future__ import annotations

import errno
import itertools
import os
import re
import sqlite3
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from repcount.errors import HistoryError

APPLICATION_ID = 0x52455043
"""`REPC`, in the header of the file: it tells a history from any other SQLite database."""

Step = tuple[str, ...]

_FIRST: Step = (
    f"PRAGMA application_id = {APPLICATION_ID}",
    # AUTOINCREMENT: the number of a deleted session is never given again, not even while it still counts.
    """
    CREATE TABLE session (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        started_utc TEXT NOT NULL,
        utc_offset_s INTEGER NOT NULL,
        day TEXT NOT NULL,
        source TEXT NOT NULL,
        plan TEXT NOT NULL,
        ended_utc TEXT,
        version TEXT NOT NULL,
        settings TEXT NOT NULL
    )
    """,
    # `day` is reckoned once, when the rep is counted. NULL in a number: not measured.
    """
    CREATE TABLE rep (
        session_id INTEGER NOT NULL REFERENCES session (id),
        day TEXT NOT NULL,
        number INTEGER NOT NULL,
        "set" INTEGER NOT NULL,
        start_s REAL,
        top_s REAL,
        end_s REAL,
        raise_s REAL,
        hold_s REAL,
        lower_s REAL,
        pause_s REAL,
        top_flexion_deg REAL,
        rest_flexion_deg REAL,
        knee_deg REAL,
        "full" INTEGER NOT NULL,
        flags TEXT NOT NULL,
        confidence REAL,
        removed INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (session_id, number)
    ) WITHOUT ROWID
    """,
    'CREATE INDEX rep_by_day ON rep (day, "full", removed)',
)

MIGRATIONS: tuple[Step, ...] = (_FIRST,)
"""Each is applied in one transaction. What was released is never changed; the next step is added below."""


_MAGIC = b"SQLite format 3\0"
_HEADER_BYTES = 100
"""https://www.sqlite.org/fileformat2.html#the_database_header"""

_SIDECARS = {
    "-wal": (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83"),
    "-shm": ((3007000).to_bytes(4, sys.byteorder),),
    "-journal": (b"\xd9\xd5\x05\xf9",),
}
"""What SQLite keeps beside its file (the newest commits, an index of them, what to roll back), and how each begins.
https://www.sqlite.org/fileformat2.html, https://www.sqlite.org/walformat.html"""

_DAMAGED = ".damaged-"

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFLNK: "a link",
}

_TO_DO = "It was left as it is. Move it away, or name another file in $REPCOUNT_HISTORY"

_FLAGS = os.O_RDONLY | sum(getattr(os, f"O_{name}", 0) for name in ("NOFOLLOW", "NONBLOCK", "NOCTTY", "BINARY"))
"""Windows has none of the first three, and neither pipes nor devices in its folders."""


class DamagedError(Exception):
    """A history that can no longer be read; it is known to be ours by its header."""


def default_path() -> Path:
    """The file that `$REPCOUNT_HISTORY` names, or the one in the user's data folder. Raises HistoryError."""
    named = os.environ.get("REPCOUNT_HISTORY")
    if not named:
        return _own_folder() / "history.sqlite3"
    try:
        return Path(named).expanduser()
    except RuntimeError as error:
        raise HistoryError(f"$REPCOUNT_HISTORY names {named}, and there is no such user. Name another file") from error


def _own_folder() -> Path:
    import platformdirs

    return platformdirs.user_data_path("repcount")


def find(path: Path) -> Path | None:
    """The history of that name, links to it followed; None where there is nothing. Looks, and changes nothing.

    Not for a file that this process has open in SQLite, which would lose its locks: POSIX drops them with the first
    descriptor that is closed. Raises HistoryError for whatever is not known to be a history of this user, or was
    written by a newer repcount.
    """
    # Sidecars first: where another repcount has made one just now, its file was there before.
    beside = [file for file in sidecars(Path(os.path.realpath(path))) if os.path.lexists(file)]
    place = _followed(path)
    if place is None:
        if beside:
            raise HistoryError(
                f"{beside[0]} was left over from a database whose file {path} is gone. It was left as it is. "
                "Put the file back or move this one away, too"
            )
        return None
    try:
        _check_header(path, _start(place, path, _HEADER_BYTES))
        for file in beside:
            with suppress(FileNotFoundError):  # another repcount has just ended
                _check_sidecar(file, path)
    except OSError as error:
        raise HistoryError(f"cannot open the history {path}: {error.strerror}") from error
    return place


def _followed(path: Path) -> Path | None:
    try:
        return Path(os.path.realpath(path, strict=True))
    except (FileNotFoundError, NotADirectoryError):
        whole = path.absolute()
        link = next((place for place in (whole, *whole.parents) if place.is_symlink() and not place.exists()), None)
        if link is None:
            there = next(place for place in whole.parents if os.path.exists(place))
            if there.is_dir():
                return None
            raise HistoryError(
                f"{there} is no folder, so the history {path} cannot be in it. Name another file in $REPCOUNT_HISTORY"
            ) from None
        raise HistoryError(
            f"{link} is a link to {os.readlink(link)}, which is not there. It was left as it is. Bring back what it "
            "leads to, remove the link, or name another file in $REPCOUNT_HISTORY"
        ) from None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise HistoryError(f"{path} is a link that leads back to itself. {_TO_DO}") from error
        raise HistoryError(f"cannot open the history {path}: {error.strerror}") from error


def _start(place: Path, named: Path, count: int) -> bytes:
    """The first bytes of a regular file of this user. Anything else is not even opened, which may have effects.

    Raises HistoryError and OSError.
    """
    shown = f"{named} leads to {place}, which" if named.is_symlink() and place != named else f"{named}"
    seen = os.lstat(place)
    _check_kind(seen, shown)
    descriptor = os.open(place, _FLAGS)
    try:
        if not os.path.samestat(seen, os.fstat(descriptor)):
            raise HistoryError(f"{shown} was replaced while it was opened. Try again")
        return os.read(descriptor, count)
    finally:
        os.close(descriptor)


def _check_kind(found: os.stat_result, shown: str) -> None:
    if not stat.S_ISREG(found.st_mode):
        kind = _KINDS.get(stat.S_IFMT(found.st_mode), "no regular file")
        raise HistoryError(f"{shown} is {kind}, not a history of repcount. {_TO_DO}")
    if not _is_own(found):
        raise HistoryError(f"{shown} belongs to another user ({_user(found.st_uid)}). {_TO_DO}")


def _is_own(found: os.stat_result) -> bool:
    return sys.platform == "win32" or found.st_uid == os.geteuid()


def _user(number: int) -> str:
    if sys.platform != "win32":
        import pwd

        with suppress(KeyError):
            return pwd.getpwuid(number).pw_name
    return str(number)


def _check_header(path: Path, head: bytes) -> None:
    if not head.startswith(_MAGIC) or len(head) < _HEADER_BYTES:
        what = "another kind of file" if head else "an empty file"
        raise HistoryError(f"{path} is {what}, not a history of repcount. {_TO_DO}")
    if int.from_bytes(head[68:72], "big") != APPLICATION_ID:
        raise HistoryError(f"{path} is a database of another program. {_TO_DO}")
    check_version(path, int.from_bytes(head[60:64], "big"))


def _check_sidecar(file: Path, path: Path) -> None:
    """SQLite writes into whatever has this name. A power cut may leave zeros in it, or nothing."""
    start = _start(file, file, 4)
    if any(start) and not any(known.startswith(start) for known in _SIDECARS[file.name.removeprefix(path.name)]):
        raise HistoryError(
            f"{file} lies where the history {path} needs room, and it is another kind of file. It was left as it is. "
            "Move it away"
        )


def check_version(path: Path, version: int) -> None:
    """Raise HistoryError for a file that a newer repcount has written."""
    if version > len(MIGRATIONS):
        raise HistoryError(
            f"the history {path} was written by a newer repcount (its version is {version}, this repcount knows "
            f"{len(MIGRATIONS)}). It was left as it is; install the newer repcount again"
        )


def make_folder(path: Path) -> None:
    """Make the folder of the file and those above, for their owner only.

    One that was there is changed only if it is repcount's own.
    """
    missing = [folder for folder in path.parents if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=0o700, exist_ok=True)
    own = _own_folder()
    if path.parent == own.resolve() and not own.is_symlink():
        found = own.stat()
        if _is_own(found) and found.st_mode & 0o077:
            own.chmod(0o700)


def make_private(path: Path) -> None:
    """Take a history that `find` has found, and its sidecars, from all but its owner."""
    if sys.platform == "win32":
        return  # permissions are inherited from the folder
    for file in (path, *sidecars(path)):
        with suppress(FileNotFoundError):
            descriptor = os.open(file, _FLAGS)
            try:
                found = os.fstat(descriptor)
                if stat.S_ISREG(found.st_mode) and _is_own(found) and found.st_mode & 0o177:
                    os.fchmod(descriptor, found.st_mode & 0o600)
            finally:
                os.close(descriptor)


@dataclass(frozen=True, slots=True)
class Identity:
    """Which file it was, whatever its name is now."""

    device: int
    inode: int


def identity(path: Path) -> Identity | None:
    """That of the file that has this name now; None where there is none."""
    with suppress(FileNotFoundError, NotADirectoryError):
        found = path.lstat()
        return Identity(found.st_dev, found.st_ino)
    return None


def content(path: Path) -> tuple[int, ...] | None:
    """Which file has this name now, and a number that changes when somebody writes it; None where there is none."""
    with suppress(FileNotFoundError, NotADirectoryError):
        found = path.lstat()
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
    return None


def has_log(path: Path) -> bool:
    """Whether commits are beside the file that are not in it yet, or were not rolled back."""
    wal, _, journal = map(content, sidecars(path))
    return bool((wal and wal[2]) or (journal and journal[2]))


def publish(new: Path, path: Path) -> None:
    """Give a finished new file its name, unless another repcount was quicker."""
    try:
        os.link(new, path)
    except FileExistsError:
        return
    except OSError:  # a file system without links
        if not os.path.lexists(path):
            new.rename(path)


def quarantine(path: Path, seen: Identity | None) -> Path | None:
    """Rename a damaged history that `find` has found, with its sidecars; the new name of the file.

    None, and nothing is done, where it is no longer the file that was `seen`: another repcount was quicker.
    """
    names = (path.with_name(f"{path.stem}{_DAMAGED}{number}{path.suffix}") for number in itertools.count(1))
    kept = next(name for name in names if not any(map(os.path.lexists, (name, *sidecars(name)))))
    if identity(path) != seen:
        return None
    # The log first: if the power goes in between, it must not be left beside a new file.
    for old, new in zip((*sidecars(path), path), (*sidecars(kept), kept), strict=True):
        with suppress(FileNotFoundError):
            old.rename(new)
    return kept


def set_aside_before(path: Path) -> list[Path]:
    """All histories that `set_aside` has left, without others that are named like them."""
    name = re.compile(re.escape(path.stem + _DAMAGED) + r"\d+" + re.escape(path.suffix))
    named = sorted(file for file in path.parent.iterdir() if name.fullmatch(file.name))
    return [file for file in named if _is_history(file)]


def remove(kept: Path) -> None:
    """Delete a history that was set aside, with its sidecars."""
    for file in (*sidecars(kept), kept):
        file.unlink(missing_ok=True)


def _is_history(file: Path) -> bool:
    with suppress(HistoryError):
        return not file.is_symlink() and find(file) is not None
    return False


def sidecars(path: Path) -> tuple[Path, Path, Path]:
    """Where SQLite keeps the log of a file, the index of it, and the journal of older ways."""
    wal, shm, journal = (path.with_name(path.name + ending) for ending in _SIDECARS)
    return wal, shm, journal


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
            found = find(path)
            self._connection = _copied(self.path) if notify is None else _opened(self.path, found, notify)
            self._files = self._identities()

    @property
    def lost(self) -> bool:
        """Whether the file that is written no longer has its name: it was removed, moved or replaced."""
        with _told(self.path, "look for"):
            return identity(self.path) != self._files[0]

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
            for file, ours in zip(sidecars(self.path), self._files[1:], strict=True):
                if ours is not None and identity(file) == ours:
                    file.unlink()
            self._connection = _opened(self.path, find(self.path), self._notify)
            self._files = self._identities()

    def _identities(self) -> list[Identity | None]:
        return [identity(file) for file in (self.path, *sidecars(self.path))]

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
        make_folder(path)
        _create(path)
    seen = identity(path)
    try:
        return _checked(path)
    except DamagedError as error:
        kept = quarantine(path, seen)
        if kept:
            notify(f"the history {path} is damaged: {error}. It is kept as {kept.name}, and a new one is begun")
    if find(path) is None:
        _create(path)
    return _checked(path)


def _copied(path: Path) -> sqlite3.Connection:
    """A copy in memory, brought up to this version. Raises HistoryError, also for a damaged one."""
    for _ in range(_TRIES):
        before, logged = content(path), has_log(path)
        error = None
        try:
            memory = _snapshot(path, logged)
        except (DamagedError, sqlite3.Error) as raised:
            error = raised
        changed = content(path) != before or has_log(path) != logged
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
    _, index, _ = sidecars(path)
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
        publish(new, path)


def _checked(path: Path) -> sqlite3.Connection:
    """The open file. Raises DamagedError for a history that SQLite finds fault with."""
    find(path)
    make_private(path)
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
    check_version(path, _version(connection))


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
