"""Text files that appear whole or not at all."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, TextIO

from repcount.errors import OutputError
from repcount.hidden import AtomicFile, is_special, unwritable
from repcount.interrupt import InterruptGuard

STDOUT = Path("-")


class FailureReporter(Protocol):
    """Who is told what goes wrong."""

    def failure(self, path: Path, error: OutputError) -> None:
        """Tell that one file cannot be written."""

    def lose(self, error: OSError) -> None:
        """Tell that standard output takes nothing more; raises the error where there is nothing else to do."""


class TextOutput:
    """A text file written beside its final place and moved there on success. A context manager.

    Opening it is the test whether it may be written: a file that is there already is replaced by `force` alone.
    `-` is standard output; a device or pipe is written directly. `private`: only its owner may read and write it.
    Raises OutputError.
    """

    def __init__(self, path: Path, stdout: TextIO, *, force: bool = False, private: bool = False) -> None:
        self.path = path
        self.wanted = True
        """False: nothing is to be left of it."""
        self._hidden: AtomicFile | None = None
        if path == STDOUT:
            if isinstance(stdout, io.TextIOWrapper):
                stdout.reconfigure(encoding="utf-8", newline="", errors="backslashreplace")
            self.file = stdout
            return
        try:
            self.file = self._open(path, force=force, private=private)
        except OSError as error:
            raise unwritable(path, error) from error

    def _open(self, path: Path, *, force: bool, private: bool) -> TextIO:
        if is_special(path):
            return _text(path)
        self._hidden = AtomicFile(path, force=force, private=private)
        return _text(self._hidden.take_descriptor())

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


class OutputSet:
    """The files of one run, each of which appears whole or not at all, whatever happens to the others.

    A context manager. Opening them is the test whether they may be written, and raises OutputError; what goes
    wrong later is reported to `reporter` and costs that file alone.
    """

    def __init__(
        self, paths: Iterable[Path], reporter: FailureReporter, *, force: bool = False, private: bool = False
    ) -> None:
        """`force` and `private` as for TextOutput."""
        self._reporter = reporter
        self._open: dict[Path, TextOutput] = {}
        try:
            for path in paths:
                self._open[path] = TextOutput(path, sys.stdout, force=force, private=private)
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
            self.drop(path)
            if path == STDOUT:
                self._reporter.lose(error)
            else:
                self._reporter.failure(path, unwritable(path, error))

    def put(self, path: Path, content: bytes) -> None:
        """Write bytes."""
        self.write(path, lambda file: file.buffer.write(content))

    def drop(self, path: Path) -> None:
        """Nothing is to be left of the file."""
        self._open[path].wanted = False

    def _close(self, *, wanted: bool) -> None:
        with InterruptGuard() as guard:
            guard.delayed = True  # nothing is left to interrupt, and a file that is not closed would stay hidden
            for path, output in self._open.items():
                output.wanted &= wanted
                try:
                    output.__exit__(None, None, None)
                except OutputError as error:
                    self._reporter.failure(path, error)


def _text(file: Path | int) -> TextIO:
    """UTF-8 whatever the system's habits are; file names that are no text are told with escapes."""
    return open(file, "w", encoding="utf-8", newline="", errors="backslashreplace")


def check_distinct(outputs: Sequence[Path], inputs: Iterable[Path]) -> None:
    """Raise OutputError when two outputs are the same file or one is an input."""
    seen = {os.path.realpath(path): "is also read" for path in inputs}
    for path in outputs:
        key = "-" if path == STDOUT else os.path.realpath(path)
        if key in seen:
            name = "standard output" if path == STDOUT else str(path)
            raise OutputError(f"{name} {seen[key]}; give each output a file of its own")
        seen[key] = "is named for two outputs"
