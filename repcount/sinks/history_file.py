"""Where the history file lies, whose it is, whether it can be opened at all, and what to do when it is damaged."""

from __future__ import annotations

import itertools
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from repcount.errors import HistoryError
from repcount.sinks.migrations import APPLICATION_ID, MIGRATIONS

_MAGIC = b"SQLite format 3\0"
_BESIDE = ("-wal", "-shm")
"""What SQLite keeps beside its file: the newest commits, and an index of them."""
_DAMAGED = ".damaged-"


class DamagedError(Exception):
    """The file can no longer be read as a history."""


def default_path() -> Path:
    """The file that `$REPCOUNT_HISTORY` names, or the one in the user's data folder."""
    named = os.environ.get("REPCOUNT_HISTORY")
    return Path(named).expanduser() if named else _own_folder() / "history.sqlite3"


def _own_folder() -> Path:
    import platformdirs

    return platformdirs.user_data_path("repcount")


def make_folder(path: Path) -> None:
    """Make the folder of the file and those above, for their owner only.

    One that was there is changed only if it is repcount's own.
    """
    missing = [folder for folder in path.parents if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=0o700, exist_ok=True)
    if path.parent == _own_folder().resolve() and path.parent.stat().st_mode & 0o077:
        path.parent.chmod(0o700)


def make_private(path: Path) -> None:
    """Take the file from all but its owner, and what lies beside it likewise, as SQLite itself would."""
    mode = path.stat().st_mode & 0o600
    for file in (path, *_beside(path)):
        with suppress(FileNotFoundError):
            if file.stat().st_mode & 0o777 != mode:
                file.chmod(mode)


@dataclass(frozen=True, slots=True)
class Identity:
    """Which file it was, whatever its name is now."""

    device: int
    inode: int


def identity(path: Path) -> Identity | None:
    """That of the file that has this name now; None where there is none."""
    with suppress(FileNotFoundError):
        found = path.stat()
        return Identity(found.st_dev, found.st_ino)
    return None


def check_head(path: Path) -> None:
    """Look at the header without SQLite, which would leave traces even where it only reads.

    Raises DamagedError for what is no SQLite database, HistoryError for one that is not ours to write.
    """
    with path.open("rb") as file:
        head = file.read(100)
    if len(head) < 100 or not head.startswith(_MAGIC):
        raise DamagedError("it is no database" if head else "it is empty")
    # https://www.sqlite.org/fileformat2.html#the_database_header
    application = int.from_bytes(head[68:72], "big")
    if application != APPLICATION_ID:
        raise HistoryError(f"{path} is a database of another program. Name another file in $REPCOUNT_HISTORY")
    check_version(path, int.from_bytes(head[60:64], "big"))


def check_version(path: Path, version: int) -> None:
    """Raise HistoryError for a file that a newer repcount has written."""
    if version > len(MIGRATIONS):
        raise HistoryError(
            f"the history {path} was written by a newer repcount (its version is {version}, this repcount knows "
            f"{len(MIGRATIONS)}). It was left as it is; install the newer repcount again"
        )


def publish(new: Path, path: Path) -> None:
    """Give a finished new file its name, unless another repcount was quicker."""
    # A log without its file is what is left of another one; SQLite would read it into the new file. Look for
    # the log first: where another repcount has made one just now, the file was there before it.
    if _beside(path)[0].exists() and not path.exists():
        set_aside(path, None)
    try:
        os.link(new, path)
    except FileExistsError:
        return
    except OSError:  # a file system without links
        new.rename(path)


def set_aside(path: Path, seen: Identity | None) -> Path | None:
    """Rename the damaged file and what is beside it, which stay their owner's only; the new name of the file.

    None, and nothing is done, where it is no longer the file that was `seen`: another repcount was quicker.
    """
    names = (path.with_name(f"{path.stem}{_DAMAGED}{number}{path.suffix}") for number in itertools.count(1))
    kept = next(name for name in names if not _any(name))
    if identity(path) != seen:
        return None
    # The log first: if the power goes in between, it must not be left beside a new file.
    for old, new in zip((*_beside(path), path), (*_beside(kept), kept), strict=True):
        with suppress(FileNotFoundError):
            with suppress(PermissionError):
                old.chmod(old.stat().st_mode & 0o600)
            old.rename(new)
    return kept


def set_aside_before(path: Path) -> list[Path]:
    """All files that `set_aside` has left."""
    return sorted(file for file in path.parent.iterdir() if file.name.startswith(path.stem + _DAMAGED))


def _beside(path: Path) -> tuple[Path, Path]:
    wal, shm = (path.with_name(path.name + ending) for ending in _BESIDE)
    return wal, shm


def _any(path: Path) -> bool:
    return any(file.exists() for file in (path, *_beside(path)))
