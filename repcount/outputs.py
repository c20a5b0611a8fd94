"""Text files that appear whole or not at all."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable, Sequence
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


class Outputs:
    """The files of one run, each of which appears whole or not at all, whatever happens to the others.

    A context manager. Opening them is the test whether they can be written, and raises OutputError; what goes
    wrong later is told to `failed` and costs that file alone.
    """

    def __init__(self, paths: Iterable[Path], failed: Callable[[Path, OutputError], None]) -> None:
        self._failed = failed
        self._open: dict[Path, TextOutput] = {}
        try:
            for path in paths:
                self._open[path] = TextOutput(path, sys.stdout)
        except BaseException:
            self._close(wanted=False)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close(wanted=error is None)

    def write(self, path: Path, writing: Callable[[TextIO], object]) -> None:
        """Let `writing` write text; where that fails, nothing is left of the file and nothing more comes into it."""
        output = self._open[path]
        if not output.wanted:
            return
        try:
            writing(output.file)
        except OSError as error:
            if path == STDOUT:
                raise  # `| head` has gone, and with it whoever reads
            self.drop(path)
            self._failed(path, unwritable(path, error))

    def put(self, path: Path, content: bytes) -> None:
        """Write bytes."""
        self.write(path, lambda file: file.buffer.write(content))

    def drop(self, path: Path) -> None:
        """Nothing is to be left of the file."""
        self._open[path].wanted = False

    def _close(self, *, wanted: bool) -> None:
        for path, output in self._open.items():
            output.wanted &= wanted
            try:
                output.__exit__(None, None, None)
            except OutputError as error:
                self._failed(path, error)


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
