"""Output files that appear whole or not at all: one file, and the set of files of one command."""

from __future__ import annotations

import io
import os
import re
import secrets
import stat
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, TextIO

from repcount.errors import OutputError
from repcount.interrupts import InterruptGuard

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
