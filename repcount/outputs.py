"""Text files that appear whole or not at all."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from repcount.errors import OutputError
from repcount.hidden import Hidden, unwritable

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
        self._hidden: Hidden | None = None
        if path == STDOUT:
            if isinstance(stdout, io.TextIOWrapper):
                stdout.reconfigure(encoding="utf-8", newline="", errors="backslashreplace")
            self.file = stdout
            return
        try:
            self.file = self._open(path)
        except OSError as error:
            raise unwritable(path, error) from error

    def _open(self, path: Path) -> TextIO:
        if path.exists() and not path.is_file() and not path.is_dir():
            return _text(path)
        self._hidden = Hidden(path)
        return _text(self._hidden.path)

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
                self._hidden.publish()
        except OSError as problem:
            raise unwritable(self.path, problem) from problem
        finally:
            if self._hidden:
                self._hidden.discard()


def _text(file: Path) -> TextIO:
    """UTF-8 whatever the system's habits are; file names that are no text are told with escapes."""
    return open(file, "w", encoding="utf-8", newline="", errors="backslashreplace")


def check_distinct(outputs: Sequence[Path], inputs: Iterable[Path]) -> None:
    """Raise OutputError when two outputs are the same file or one is an input."""
    seen: dict[Path, str] = {path.resolve(): "is also read" for path in inputs}
    for path in outputs:
        key = path if path == STDOUT else path.resolve()
        if key in seen:
            name = "standard output" if path == STDOUT else str(path)
            raise OutputError(f"{name} {seen[key]}; give each output a file of its own")
        seen[key] = "is named for two outputs"
