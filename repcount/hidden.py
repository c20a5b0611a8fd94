"""A file that is written beside its final place and moved there once it is whole."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from repcount.errors import OutputError


class Hidden:
    """An empty file next to `final`. Making it is the test whether `final` can be written; raises OutputError."""

    def __init__(self, final: Path) -> None:
        self.final = final
        try:
            self.path = self._made()
        except OSError as error:
            raise unwritable(final, error) from error

    def _made(self) -> Path:
        if self.final.is_dir():
            raise OutputError(f"cannot write {self.final}: it is a folder")
        if self.final.exists():
            self.final.open("a").close()  # renaming would not ask whether the file itself may be written
        folder = self.final.resolve().parent
        handle, name = tempfile.mkstemp(dir=folder, prefix=f".{self.final.name}.", suffix=".part")
        os.close(handle)
        return Path(name)

    def publish(self) -> None:
        """Move it to its final place, once it has been closed. Raises OutputError."""
        try:
            with self.path.open("rb+") as file:
                os.fsync(file)  # a network disk may only now find that it is full
            self.path.chmod(0o666 & ~_umask())  # temporary files are the user's alone
            os.replace(self.path, self.final.resolve())  # a link goes on pointing there
        except OSError as error:
            raise unwritable(self.final, error) from error

    def discard(self) -> None:
        """Leave nothing of it; after `publish` this does nothing."""
        self.path.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def unwritable(path: Path, error: OSError) -> OutputError:
    """`error`, raised while `path` was written, told for people."""
    if isinstance(error, FileNotFoundError) and not path.resolve().parent.is_dir():
        return OutputError(f"cannot write {path}: there is no folder {path.parent}")
    return OutputError(f"cannot write {path}: {error.strerror or error}")
