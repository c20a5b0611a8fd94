"""Where the history file lies, and whether the file of that name is a history and whose.

Only a regular file of this user whose header carries our application id is a history. Anything else that has its
name (another file, another program's database, a folder, a device, a pipe, a socket, a link to nothing, a file of
another user, an empty file) is refused and left as it is. That includes a history whose header is destroyed: nothing
tells it from somebody else's file, and no harm comes of leaving it to its owner.
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

from repcount.errors import HistoryError
from repcount.sinks.migrations import APPLICATION_ID, MIGRATIONS

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
