"""Text files that appear whole or not at all."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from repcount.errors import OutputError

STDOUT = Path("-")


class TextOutput:
    """A text file written beside its final place and moved there on success. A context manager.

    Opening it is the test whether it can be written. `-` is standard output; a device or pipe is written
    directly. Raises OutputError.
    """

    def __init__(self, path: Path, stdout: TextIO) -> None:
        self.path = path
        self.wanted = True
        """False: nothing is to be left of it."""
        self._hidden: Path | None = None
        if path == STDOUT:
            if isinstance(stdout, io.TextIOWrapper):
                stdout.reconfigure(encoding="utf-8", newline="", errors="backslashreplace")
            self.file = stdout
            return
        try:
            self.file = self._open(path)
        except OSError as error:
            raise OutputError(_unwritable(path, error)) from error

    def _open(self, path: Path) -> TextIO:
        if path.is_dir():
            raise OutputError(f"cannot write {path}: it is a folder")
        if path.exists():
            if not path.is_file():
                return _text(path)
            path.open("a").close()  # renaming would not ask whether the file itself may be written
        handle, name = tempfile.mkstemp(dir=path.resolve().parent, prefix=f".{path.name}.", suffix=".part")
        self._hidden = Path(name)
        return _text(handle)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.path == STDOUT:
            return
        try:
            self.file.close()
            if error is None and self.wanted and self._hidden:
                _open_to_others(self._hidden)
                os.replace(self._hidden, self.path.resolve())  # a link goes on pointing there
        except OSError as problem:
            raise OutputError(_unwritable(self.path, problem)) from problem
        finally:
            if self._hidden:
                self._hidden.unlink(missing_ok=True)


def _text(file: Path | int) -> TextIO:
    """UTF-8 whatever the system's habits are; file names that are no text are told with escapes."""
    return open(file, "w", encoding="utf-8", newline="", errors="backslashreplace")


def _open_to_others(path: Path) -> None:
    """Temporary files are the user's alone; results get the permissions any new file would."""
    mask = os.umask(0)
    os.umask(mask)
    path.chmod(0o666 & ~mask)


def _unwritable(path: Path, error: OSError) -> str:
    if isinstance(error, FileNotFoundError) and not path.resolve().parent.is_dir():
        return f"cannot write {path}: there is no folder {path.parent}"
    return f"cannot write {path}: {error.strerror}"


def check_distinct(outputs: Sequence[Path], inputs: Iterable[Path]) -> None:
    """Raise OutputError when two outputs are the same file or one is an input."""
    seen: dict[Path, str] = {path.resolve(): "is also read" for path in inputs}
    for path in outputs:
        key = path if path == STDOUT else path.resolve()
        if key in seen:
            name = "standard output" if path == STDOUT else str(path)
            raise OutputError(f"{name} {seen[key]}; give each output a file of its own")
        seen[key] = "is named for two outputs"
