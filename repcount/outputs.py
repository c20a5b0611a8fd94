"""Text files that appear whole or not at all."""

from __future__ import annotations

import contextlib
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

    Opening it is the test whether it can be written. `-` is standard output.
    Raises OutputError.
    """

    def __init__(self, path: Path, stdout: TextIO) -> None:
        self.path = path
        self._hidden: Path | None = None
        if path == STDOUT:
            self.file = stdout
            return
        if path.is_dir():
            raise OutputError(f"cannot write {path}: it is a folder")
        try:
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        except OSError as error:
            raise OutputError(_unwritable(path, error)) from error
        self._hidden = Path(name)
        self.file = os.fdopen(handle, "w", encoding="utf-8", newline="")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._hidden is None:
            return
        try:
            self.file.close()
            if error is None:
                _open_to_others(self._hidden)
                os.replace(self._hidden, self.path)
        except OSError as problem:
            raise OutputError(_unwritable(self.path, problem)) from problem
        finally:
            with contextlib.suppress(OSError):
                self._hidden.unlink()


def _open_to_others(path: Path) -> None:
    """Temporary files are the user's alone; results get the permissions any new file would."""
    mask = os.umask(0)
    os.umask(mask)
    path.chmod(0o666 & ~mask)


def _unwritable(path: Path, error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
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
