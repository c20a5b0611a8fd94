"""The history file on the disk: where it is, whether it is one of ours, who may read it, what lies beside it.

Nothing here goes through SQLite. A file is identified by its name, its type, its owner and its header before SQLite
is allowed to open it, because opening alone may already change a file, a device or the folder around it.
"""

from __future__ import annotations

import errno
import itertools
import os
import re
import stat
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from repcount.addresses import is_address, shown
from repcount.errors import HistoryError
from repcount.history import schema

_MAGIC = b"SQLite format 3\0"
_HEADER_BYTES = 100
"""https://www.sqlite.org/fileformat2.html#the_database_header"""

_SIDECARS = {
    "-wal": (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83"),
    "-shm": ((3007000).to_bytes(4, sys.byteorder),),
    "-journal": (b"\xd9\xd5\x05\xf9",),
}
"""Suffixes of the files that SQLite keeps beside its own, with the magic numbers they begin with: the write-ahead log,
the index of the log, and the rollback journal.
https://www.sqlite.org/fileformat2.html, https://www.sqlite.org/walformat.html"""

_DAMAGED, _WAITING = ".damaged-", ".waiting-"
"""Stand between the name and the number of a quarantined file, and of one that waits to be taken over."""

_FILE_TYPES = {
    stat.S_IFDIR: "a folder",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFLNK: "a link",
}

_ADVICE = "It was left as it is. Move it away, or name another file in $REPCOUNT_HISTORY"

_OPEN_FLAGS = os.O_RDONLY | sum(getattr(os, f"O_{name}", 0) for name in ("NOFOLLOW", "NONBLOCK", "NOCTTY", "BINARY"))
"""Windows lacks the first three, and has neither pipes nor devices in its folders."""


def default_path() -> Path:
    """The file named by `$REPCOUNT_HISTORY`, or else the one in the user's data folder.

    Raises HistoryError if the variable holds an address, or names the home of a user who does not exist.
    """
    named = os.environ.get("REPCOUNT_HISTORY")
    if not named:
        return _data_folder() / "history.sqlite3"
    if is_address(named) and not os.path.isabs(named):  # its password would become the name of a folder
        raise HistoryError(f"$REPCOUNT_HISTORY names {shown(named)}, which is no file. Name a file by its whole path")
    try:
        return Path(named).expanduser()
    except RuntimeError as error:
        raise HistoryError(f"$REPCOUNT_HISTORY names {named}, and there is no such user. Name another file") from error


def _data_folder() -> Path:
    import platformdirs

    return platformdirs.user_data_path("repcount")


def find_history(path: Path) -> Path | None:
    """The history at `path` with links resolved; None if there is no file. Changes nothing.

    Raises HistoryError for anything that is not recognisably a history of this user, and for a history written by a
    newer repcount.

    Do not call it for a file that this process has open in SQLite: closing any descriptor of a file drops all POSIX
    locks that the process holds on it.
    """
    # Sidecars first: if another repcount creates the history in between, the main file exists before its sidecars.
    beside = [file for file in sidecars(Path(os.path.realpath(path))) if os.path.lexists(file)]
    resolved = _resolve(path)
    if resolved is None:
        if beside:
            raise HistoryError(
                f"{beside[0]} was left over from a database whose file {path} is gone. It was left as it is. "
                "Put the file back or move this one away, too"
            )
        return None
    try:
        _check_header(path, _read_head(resolved, path, _HEADER_BYTES))
        for file in beside:
            with suppress(FileNotFoundError):  # another repcount has just closed the history
                _check_sidecar(file, path)
    except OSError as error:
        raise HistoryError(f"cannot open the history {path}: {error.strerror}") from error
    return resolved


def _resolve(path: Path) -> Path | None:
    try:
        return Path(os.path.realpath(path, strict=True))
    except (FileNotFoundError, NotADirectoryError):
        _check_missing(path)
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise HistoryError(f"{path} is a link that leads back to itself. {_ADVICE}") from error
        raise HistoryError(f"cannot open the history {path}: {error.strerror}") from error


def _check_missing(path: Path) -> None:
    """Raise HistoryError unless a file that does not exist could be created at `path`."""
    absolute = path.absolute()
    broken = next((each for each in (absolute, *absolute.parents) if each.is_symlink() and not each.exists()), None)
    if broken is not None:
        raise HistoryError(
            f"{broken} is a link to {os.readlink(broken)}, which is not there. It was left as it is. Bring back what "
            "it leads to, remove the link, or name another file in $REPCOUNT_HISTORY"
        ) from None
    nearest = next(parent for parent in absolute.parents if os.path.exists(parent))
    if not nearest.is_dir():
        raise HistoryError(
            f"{nearest} is no folder, so the history {path} cannot be in it. Name another file in $REPCOUNT_HISTORY"
        ) from None


def _read_head(file: Path, named: Path, count: int) -> bytes:
    """The first `count` bytes of a regular file of this user; `named` is the path as the user knows it.

    Anything else is not even opened, because opening a device or a pipe may have effects. Raises HistoryError and
    OSError.
    """
    shown = f"{named} leads to {file}, which" if named.is_symlink() and file != named else f"{named}"
    status = os.lstat(file)
    _check_type_and_owner(status, shown)
    descriptor = os.open(file, _OPEN_FLAGS)
    try:
        if not os.path.samestat(status, os.fstat(descriptor)):
            raise HistoryError(f"{shown} was replaced while it was opened. Try again")
        return os.read(descriptor, count)
    finally:
        os.close(descriptor)


def _check_type_and_owner(status: os.stat_result, shown: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        file_type = _FILE_TYPES.get(stat.S_IFMT(status.st_mode), "no regular file")
        raise HistoryError(f"{shown} is {file_type}, not a history of repcount. {_ADVICE}")
    if not _is_own(status):
        raise HistoryError(f"{shown} belongs to another user ({_user_name(status.st_uid)}). {_ADVICE}")


def _is_own(status: os.stat_result) -> bool:
    return sys.platform == "win32" or status.st_uid == os.geteuid()


def _user_name(uid: int) -> str:
    if sys.platform != "win32":
        import pwd

        with suppress(KeyError):
            return pwd.getpwuid(uid).pw_name
    return str(uid)


def _check_header(path: Path, head: bytes) -> None:
    if not head.startswith(_MAGIC) or len(head) < _HEADER_BYTES:
        what = "another kind of file" if head else "an empty file"
        raise HistoryError(f"{path} is {what}, not a history of repcount. {_ADVICE}")
    if int.from_bytes(head[68:72], "big") != schema.APPLICATION_ID:
        raise HistoryError(f"{path} is a database of another program. {_ADVICE}")
    check_version(path, int.from_bytes(head[60:64], "big"))


def _check_sidecar(file: Path, path: Path) -> None:
    """Raise HistoryError if `file`, which SQLite would write to, is not a sidecar of the history at `path`.

    After a power cut a genuine sidecar may be empty or hold zeros. SQLite gives it no second name; one that has is
    somebody's log of another database.
    """
    head = _read_head(file, file, 4)
    if file.lstat().st_nlink > 1:
        raise HistoryError(
            f"{file} lies where the history {path} needs room, and it has another name as well. It was left as it is. "
            "Move it away"
        )
    if any(head) and not any(magic.startswith(head) for magic in _SIDECARS[file.name.removeprefix(path.name)]):
        raise HistoryError(
            f"{file} lies where the history {path} needs room, and it is another kind of file. It was left as it is. "
            "Move it away"
        )


def check_version(path: Path, version: int) -> None:
    """Raise HistoryError if `version` is one that only a newer repcount writes."""
    newest = len(schema.MIGRATIONS)
    if version > newest:
        raise HistoryError(
            f"the history {path} was written by a newer repcount (its version is {version}, this repcount knows "
            f"{newest}). It was left as it is; install the newer repcount again"
        )


def sidecars(path: Path) -> tuple[Path, Path, Path]:
    """The paths of the write-ahead log, its index and the rollback journal of a database, whether or not they exist."""
    wal, shm, journal = (Path(f"{path}{suffix}") for suffix in _SIDECARS)  # the root of the disk has no name
    return wal, shm, journal


@dataclass(frozen=True, slots=True)
class Identity:
    """Which file it is, whatever its name: device and inode number."""

    device: int
    inode: int


def identity(path: Path) -> Identity | None:
    """The identity of the file that has this name now; None if there is none."""
    with suppress(FileNotFoundError, NotADirectoryError):
        status = path.lstat()
        return Identity(status.st_dev, status.st_ino)
    return None


def fingerprint(path: Path) -> tuple[int, ...] | None:
    """Device, inode, size in bytes and time of the last change in nanoseconds; None if there is no such file.

    It changes when the file is written or replaced.
    """
    with suppress(FileNotFoundError, NotADirectoryError):
        status = path.lstat()
        return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
    return None


def publish(new: Path, path: Path) -> None:
    """Move a finished new file to `path`, unless another repcount has put one there first."""
    try:
        os.link(new, path)
    except FileExistsError:
        return
    except OSError:  # a file system without hard links
        if not os.path.lexists(path):
            new.rename(path)


def make_folder(path: Path) -> None:
    """Create the missing parent folders of `path`, accessible to their owner only.

    Existing folders keep their mode, apart from repcount's own data folder.
    """
    missing = [folder for folder in path.parents if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=0o700, exist_ok=True)
    data_folder = _data_folder()
    if path.parent == data_folder.resolve() and not data_folder.is_symlink():
        status = data_folder.stat()
        if _is_own(status) and status.st_mode & 0o077:
            data_folder.chmod(0o700)


def make_private(path: Path) -> None:
    """Restrict a history that passed `find_history`, and its sidecars, to their owner."""
    if sys.platform == "win32":
        return  # permissions are inherited from the folder
    for file in (path, *sidecars(path)):
        with suppress(FileNotFoundError):
            descriptor = os.open(file, _OPEN_FLAGS)
            try:
                status = os.fstat(descriptor)
                if stat.S_ISREG(status.st_mode) and _is_own(status) and status.st_mode & 0o177:
                    os.fchmod(descriptor, status.st_mode & 0o600)
            finally:
                os.close(descriptor)


def quarantine(path: Path, damaged: Identity | None) -> Path | None:
    """Rename a damaged history and its sidecars; return the new name of the file.

    Returns None and does nothing if the file at `path` is no longer the `damaged` one: another repcount was quicker.
    """
    kept = _free_name(path, _DAMAGED)
    if identity(path) != damaged:
        return None
    # The log first: if the power fails in between, it must not be left beside a new file.
    for old, new in zip((*sidecars(path), path), (*sidecars(kept), kept), strict=True):
        with suppress(FileNotFoundError):
            old.rename(new)
    return kept


def quarantined(path: Path) -> list[Path]:
    """All histories that `quarantine` has renamed; other files with similar names are left out."""
    return _numbered(path, _DAMAGED)


def waiting_path(path: Path) -> Path:
    """A free name for a session that cannot be written to the history at `path` now."""
    return _free_name(path, _WAITING)


def waiting(path: Path) -> list[Path]:
    """The sessions beside the history at `path` that wait to be taken over; similar names are left out."""
    return _numbered(path, _WAITING)


def _free_name(path: Path, mark: str) -> Path:
    names = (path.with_name(f"{path.stem}{mark}{number}{path.suffix}") for number in itertools.count(1))
    return next(name for name in names if not any(map(os.path.lexists, (name, *sidecars(name)))))


def _numbered(path: Path, mark: str) -> list[Path]:
    name = re.compile(re.escape(path.stem + mark) + r"\d+" + re.escape(path.suffix))
    named = sorted(file for file in path.parent.iterdir() if name.fullmatch(file.name))
    return [file for file in named if _is_history(file)]


def _is_history(file: Path) -> bool:
    with suppress(HistoryError):
        return not file.is_symlink() and find_history(file) is not None
    return False


def delete_numbered(kept: Path) -> None:
    """Delete one of `quarantined` or `waiting`, with its sidecars."""
    for file in (*sidecars(kept), kept):
        file.unlink(missing_ok=True)
