"""A file that is written beside its final place and moved there once it is whole."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from glob import escape
from pathlib import Path
from types import TracebackType
from typing import Self

from repcount.errors import OutputError

_NAME = 58
"""Letters of the final name in the hidden one: with four bytes each and the rest of it, just what disks allow."""


class Hidden:
    """An empty file next to `final`. Making it is the test whether `final` may be written; raises OutputError.

    A file that is there already is replaced by `force` alone. `private`: only its owner may read and write it,
    whatever the umask; others are open to whom the umask lets. As a context manager it publishes on success.
    """

    def __init__(self, final: Path, *, force: bool = False, private: bool = False) -> None:
        self.final = final
        self._force = force
        self._place = Path(os.path.realpath(final))  # a link goes on pointing there
        try:
            self._check()
            self.path = self._made(0o600 if private else 0o666)
        except OSError as error:
            raise unwritable(final, error) from error

    def _check(self) -> None:
        if self._place.is_dir():
            raise OutputError(f"cannot write {self.final}: it is a folder")
        if is_special(self._place):
            raise OutputError(f"cannot write {self.final}: it is a device or a pipe, and this has to be a file")
        if self._place.exists():
            if not self._force:
                raise there(self.final)
            self._place.open("a").close()  # renaming would not ask whether the file itself may be written

    def _made(self, mode: int) -> Path:
        path = self._place.with_name(f".{self.final.name[:_NAME]}.{os.getpid()}-{secrets.token_hex(4)}.part")
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))
        return path

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
        """Move it to its final place, once it has been closed. Raises OutputError."""
        try:
            with self.path.open("rb+") as file:
                os.fsync(file)  # a network disk may only now find that it is full
            if self._force:
                os.replace(self.path, self._place)
            else:
                self._take_place()
        except FileExistsError as error:  # it has come meanwhile
            raise there(self.final) from error
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
        """Leave nothing of it; after `publish` this does nothing."""
        self.path.unlink(missing_ok=True)


def sweep(final: Path, process: int) -> None:
    """Leave nothing of what a process that has died wrote beside `final`."""
    place = Path(os.path.realpath(final))
    with suppress(OSError):
        for path in place.parent.glob(f".{escape(final.name[:_NAME])}.{process}-*.part"):
            path.unlink(missing_ok=True)


def is_special(path: Path) -> bool:
    """Whether it is a device or a pipe: such a place is written to, never replaced."""
    return path.exists() and not path.is_file() and not path.is_dir()


def there(path: Path) -> OutputError:
    """What is told of a file that nobody has said may be replaced."""
    return OutputError(f"{path} is there already: give another name, or --force to overwrite it")


def unwritable(path: Path, error: OSError) -> OutputError:
    """`error`, raised while `path` was written, told for people."""
    if isinstance(error, FileNotFoundError) and not path.resolve().parent.is_dir():
        return OutputError(f"cannot write {path}: there is no folder {path.parent}")
    return OutputError(f"cannot write {path}: {error.strerror or error}")
