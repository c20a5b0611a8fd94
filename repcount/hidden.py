"""A file that is written beside its final place and moved there once it is complete."""

from __future__ import annotations

import os
import re
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from repcount.errors import OutputError

try:
    import fcntl
except ImportError:  # Windows, where an open file cannot be removed: that is lock enough
    fcntl = None  # type: ignore[assignment]

_NAME = 58
"""Characters of the final name in the temporary one: at four bytes each, with the rest of it, what file systems
allow."""


class AtomicFile:
    """An empty temporary file next to `final`. Making it is the test whether `final` may be written.

    An existing file is replaced only with `force`. `private`: only its owner may read and write it, whatever the
    umask says. As a context manager it publishes on success. Raises OutputError.

    The temporary file is locked until it is published or discarded. One that is not locked was left by a process
    that was killed, and is removed when the same file is next written.
    """

    def __init__(self, final: Path, *, force: bool = False, private: bool = False) -> None:
        self.final = final
        self._force = force
        self._place = Path(os.path.realpath(final))  # a symbolic link keeps pointing there
        try:
            self._check()
            self._remove_stale()
            self.path, self._descriptor = self._make(0o600 if private else 0o666)
        except OSError as error:
            raise unwritable(final, error) from error

    def _check(self) -> None:
        if self._place.is_dir():
            raise OutputError(f"cannot write {self.final}: it is a folder")
        if is_special(self._place):
            raise OutputError(f"cannot write {self.final}: it is a device or a pipe, and this has to be a file")
        if self._place.exists():
            if not self._force:
                raise already_exists_error(self.final)
            self._place.open("a").close()  # renaming would not ask whether the file itself may be written

    def _make(self, mode: int) -> tuple[Path, int]:
        path = self._place.with_name(f".{self.final.name[:_NAME]}.{secrets.token_hex(4)}.part")
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), mode)
        _lock(descriptor)
        return path, descriptor

    def _remove_stale(self) -> None:
        """Remove what processes that were killed have left of this file."""
        ours = re.compile(rf"\.{re.escape(self.final.name[:_NAME])}\.[0-9a-f]{{8}}\.part")
        with suppress(OSError):
            for path in self._place.parent.iterdir():
                if ours.fullmatch(path.name):
                    _remove_if_unlocked(path)

    def take_descriptor(self) -> int:
        """The open descriptor of the temporary file, which the caller has to close before it is published."""
        descriptor, self._descriptor = self._descriptor, -1
        return descriptor

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self.publish()
        finally:
            self.discard()

    def publish(self) -> None:
        """Move it to its final place. Raises OutputError."""
        try:
            with self.path.open("rb+") as file:
                os.fsync(file)  # a network disk may only now find that it is full
            self._unlock()  # Windows moves no open file
            if self._force:
                os.replace(self.path, self._place)
            else:
                self._take_place()
        except FileExistsError as error:  # it has come meanwhile
            raise already_exists_error(self.final) from error
        except OSError as error:
            raise unwritable(self.final, error) from error

    def _take_place(self) -> None:
        """Move it only where nothing is, without a moment in between."""
        try:
            os.link(self.path, self._place)
        except FileExistsError:
            raise
        except OSError:  # a file system without links: make sure of the place, and put the file there
            os.close(os.open(self._place, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            try:
                os.replace(self.path, self._place)
            except OSError:
                self._place.unlink(missing_ok=True)
                raise
        self.discard()

    def discard(self) -> None:
        """Remove the temporary file; after `publish` this does nothing."""
        self._unlock()
        self.path.unlink(missing_ok=True)

    def _unlock(self) -> None:
        if self._descriptor >= 0:
            os.close(self.take_descriptor())


def _lock(descriptor: int) -> bool:
    """Lock a file; False if another process has it, or on a file system that knows no locks."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _remove_if_unlocked(path: Path) -> None:
    with suppress(OSError):
        if not stat.S_ISREG(path.lstat().st_mode):
            return
        descriptor = os.open(path, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
        unlocked = _lock(descriptor)
        os.close(descriptor)
        if unlocked:
            path.unlink()


def is_special(path: Path) -> bool:
    """Whether it is a device or a pipe, which is written to and never replaced."""
    return path.exists() and not path.is_file() and not path.is_dir()


def already_exists_error(path: Path) -> OutputError:
    """The error for a file that exists and may not be replaced."""
    return OutputError(f"{path} is there already: give another name, or --force to overwrite it")


def unwritable(path: Path, error: OSError) -> OutputError:
    """`error`, raised while `path` was written, as a message for people."""
    if isinstance(error, FileNotFoundError) and not path.resolve().parent.is_dir():
        return OutputError(f"cannot write {path}: there is no folder {path.parent}")
    return OutputError(f"cannot write {path}: {error.strerror or error}")
