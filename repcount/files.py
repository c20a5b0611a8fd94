"""Output files that are written atomically: a single file, and the set of files of one command."""

from __future__ import annotations

import errno
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
from typing import BinaryIO, Protocol, Self, TextIO

from repcount.addresses import is_address, shown
from repcount.errors import OutputError
from repcount.interrupts import InterruptGuard, unfinished
from repcount.pipes import PATIENCE_S, open_pipe

if sys.platform != "win32":  # which does not remove an open file, and that is all the lock is for
    import fcntl

_MAX_NAME_CHARS = 58
"""How much of the final name is in the temporary one: at four bytes a character, and with the rest of the name, it fits
into the 255 bytes that file systems allow."""

STDOUT = Path("-")


class AtomicFile:
    """A temporary file next to `final` that replaces it when published. A context manager that publishes on success.

    Creating it checks that `final` can be written, and raises OutputError if not. An existing file is replaced only
    with `force`, and never through a symbolic link, which anybody may have put there. With `private` only its owner may
    read and write it, whatever the umask.

    The temporary file is locked until it is published or discarded. An unlocked one is left over from a killed process
    and is removed the next time that the same file is written.
    """

    def __init__(self, final: Path, *, force: bool = False, private: bool = False) -> None:
        refuse_address(final)
        self.final = final
        self.worth_keeping = False
        """Whether the temporary file is of use as it is, should the program be ended in the middle."""
        self._force = force
        self._target = Path(os.path.realpath(final))  # write to the target of a symbolic link and keep the link
        self.path = self._target.with_name(f".{final.name[:_MAX_NAME_CHARS]}.{secrets.token_hex(4)}.part")
        self._descriptor = -1
        try:
            self._check()
            self._remove_stale()
            self._create(0o600 if private else 0o666)
        except OSError as error:
            raise write_error(final, error) from error

    def _check(self) -> None:
        if self._target.is_dir():
            raise OutputError(f"cannot write {self.final}: it is a folder")
        if is_special(self._target):
            raise OutputError(f"cannot write {self.final}: it is a device or a pipe, and this has to be a file")
        if self._force and self.final.is_symlink():
            raise OutputError(
                f"{self.final} is a link, and --force overwrites nothing through one. It leads to {self._target}"
            )
        if self._target.is_symlink():  # what it leads to is found, unless that leads back
            raise OutputError(f"cannot write {self.final}: it is a link that leads in a circle")
        if self._target.exists():
            if not self._force:
                raise already_exists_error(self.final)
            self._target.open("a").close()  # renaming would not check the permissions of the file itself

    def _create(self, mode: int) -> None:
        """Create the temporary file, which is known as unfinished before: a signal may come as soon as it is there."""
        unfinished[self.path] = self.leave
        try:
            flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0)
            self._descriptor = os.open(self.path, flags, mode)
        except OSError:
            del unfinished[self.path]
            raise
        _lock(self._descriptor)

    def _remove_stale(self) -> None:
        """Remove temporary files of this file that killed processes have left."""
        ours = re.compile(rf"\.{re.escape(self.final.name[:_MAX_NAME_CHARS])}\.[0-9a-f]{{8}}\.part")
        with suppress(OSError):
            for path in self._target.parent.iterdir():
                if ours.fullmatch(path.name):
                    _remove_if_unlocked(path)

    def take_descriptor(self) -> int:
        """Hand over the open descriptor of the temporary file; the caller has to close it before `publish`."""
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
        """Move the temporary file to its final path. Raises OutputError."""
        try:
            with self.path.open("rb+") as file:
                self.worth_keeping = True
                os.fsync(file)  # a full network disk may only be noticed here
            self._unlock()  # Windows does not move an open file
            self._move()
        except FileExistsError as error:  # created in the meantime
            raise already_exists_error(self.final) from error
        except OSError as error:
            raise write_error(self.final, error) from error

    def leave(self) -> str:
        """Keep the temporary file if that is of use; else remove it and return the name of the file.

        For a program that is ended while another thread may still write to it. Raises OSError.
        """
        if self.worth_keeping and self.path.exists():
            self._move()
            return ""
        if self.path.exists():
            self.discard()
            return str(self.final)
        return ""

    def _move(self) -> None:
        """Move the temporary file to its final path in one step, unless that exists and is not to be replaced."""
        if self._force:
            os.replace(self.path, self._target)
            return
        try:
            os.link(self.path, self._target)
        except FileExistsError:
            raise
        except OSError:  # no hard links on this file system: claim the path, then replace it
            os.close(os.open(self._target, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            try:
                os.replace(self.path, self._target)
            except OSError:
                self._target.unlink(missing_ok=True)
                raise
        self.discard()

    def discard(self) -> None:
        """Remove the temporary file; does nothing after `publish`."""
        self._unlock()
        self.path.unlink(missing_ok=True)
        unfinished.pop(self.path, None)

    def _unlock(self) -> None:
        if self._descriptor >= 0:
            os.close(self.take_descriptor())


def _lock(descriptor: int) -> bool:
    """Lock a file; False if another process holds the lock or the file system does not support locks."""
    if sys.platform != "win32":
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


def open_regular(path: Path, flags: int, mode: int = 0o666) -> int:
    """Open a file whose name anybody may have put there, or create it with O_CREAT: a descriptor.

    Raises OSError for a link, a folder, a device and a pipe, none of which is opened.
    """
    with suppress(FileNotFoundError):
        _check_regular(path.lstat().st_mode)
    no_surprise = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags | no_surprise, mode)
    try:
        _check_regular(os.fstat(descriptor).st_mode)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _check_regular(mode: int) -> None:
    kinds = {stat.S_IFLNK: "it is a link to another file", stat.S_IFDIR: "it is a folder"}
    if not stat.S_ISREG(mode):
        text = kinds.get(stat.S_IFMT(mode), "it is a device or a pipe")
        raise OSError(errno.EINVAL, text)


def is_special(path: Path) -> bool:
    """Whether `path` is a device or a pipe, which is written to directly and never replaced."""
    return path.exists() and not path.is_file() and not path.is_dir()


def refuse_address(path: Path) -> None:
    """Raise OutputError if `path` looks like an address of a stream: its password would become the name of a file."""
    if is_address(str(path)) and not path.is_absolute():
        name = shown(str(path))
        raise OutputError(f"cannot write {name}: it looks like an address. If it is a file's name, give its whole path")


def already_exists_error(path: Path) -> OutputError:
    """The error for a file that exists and is not to be replaced."""
    return OutputError(f"{path} is there already: give another name, or --force to overwrite it")


def write_error(path: Path, error: OSError) -> OutputError:
    """An OutputError for `error`, raised while `path` was written."""
    folder = Path(os.path.realpath(path)).parent
    if isinstance(error, FileNotFoundError) and not folder.is_dir():
        return OutputError(f"cannot write {path}: there is no folder {folder if path.is_symlink() else path.parent}")
    return OutputError(f"cannot write {path}: {error.strerror or error}")


class FailureReporter(Protocol):
    """Reports outputs that could not be written."""

    def failure(self, path: Path, error: OutputError) -> None:
        """Report that a file could not be written."""

    def stdout_failed(self, error: OSError) -> None:
        """Report that standard output cannot be written any more; raises `error` if it was the only output."""


class TextOutput:
    """A UTF-8 text file that is written atomically. A context manager.

    Opening it checks that it can be written, and raises OutputError if not. `-` is standard output; devices and pipes
    are written directly; the reader of a pipe may take `patience_s` to go on. `force` and `private` are those of
    AtomicFile.
    """

    def __init__(
        self,
        path: Path,
        stdout: TextIO,
        *,
        force: bool = False,
        private: bool = False,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self.path = path
        self._patience_s = patience_s
        self.keep = True
        """Set to False to discard the file on exit."""
        self._atomic: AtomicFile | None = None
        if path == STDOUT:
            if isinstance(stdout, io.TextIOWrapper):
                stdout.reconfigure(encoding="utf-8", newline="", errors="backslashreplace")
            self.file = stdout
            return
        try:
            self.file = self._open(path, force=force, private=private)
        except OSError as error:
            raise write_error(path, error) from error

    def _open(self, path: Path, *, force: bool, private: bool) -> TextIO:
        if is_special(path):
            return _text(open_pipe(path, self._patience_s))
        self._atomic = AtomicFile(path, force=force, private=private)
        return _text(os.fdopen(self._atomic.take_descriptor(), "wb"))

    def settle(self) -> None:
        """Have what was written so far kept, should the program be ended in the middle. Raises OSError."""
        self.file.flush()
        if self._atomic is not None:
            self._atomic.worth_keeping = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.path == STDOUT:
            return
        try:
            self.file.close()
            if error is None and self.keep and self._atomic:
                self._atomic.publish()
        except OSError as close_error:
            raise write_error(self.path, close_error) from close_error
        finally:
            if self._atomic:
                self._atomic.discard()


class OutputSet:
    """The text files of one run, each written atomically and independently of the others. A context manager.

    Opening them checks that all can be written, and raises OutputError if not. Later failures are reported to
    `reporter` and affect only the file concerned.
    """

    def __init__(
        self,
        paths: Iterable[Path],
        reporter: FailureReporter,
        *,
        force: bool = False,
        private: bool = False,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """The options are those of TextOutput."""
        self._reporter = reporter
        self._outputs: dict[Path, TextOutput] = {}
        try:
            for path in paths:
                self._outputs[path] = TextOutput(path, sys.stdout, force=force, private=private, patience_s=patience_s)
        except BaseException:
            self._close(keep=False)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close(keep=error is None)

    def write(self, path: Path, write_to: Callable[[TextIO], object]) -> None:
        """Call `write_to` with the open file; if it fails, the file is dropped and later writes are ignored."""
        output = self._outputs[path]
        if not output.keep:
            return
        try:
            write_to(output.file)
        except OSError as error:
            self.drop(path)
            if path == STDOUT:
                self._reporter.stdout_failed(error)
            else:
                self._reporter.failure(path, write_error(path, error))

    def write_bytes(self, path: Path, content: bytes) -> None:
        """Write bytes."""
        self.write(path, lambda file: file.buffer.write(content))

    def settle(self) -> None:
        """Have what was written so far kept, should the program be ended before the end of the set."""
        for path in self._outputs:
            self._settle(path)

    def _settle(self, path: Path) -> None:
        output = self._outputs[path]
        self.write(path, lambda _: output.settle())

    def drop(self, path: Path) -> None:
        """Discard the file on exit."""
        self._outputs[path].keep = False

    def _close(self, *, keep: bool) -> None:
        with InterruptGuard() as guard:
            guard.delayed = True  # an interrupt here would leave temporary files behind
            for path, output in self._outputs.items():
                output.keep &= keep
                try:
                    output.__exit__(None, None, None)
                except OutputError as error:
                    self._reporter.failure(path, error)


def _text(file: BinaryIO) -> TextIO:
    """UTF-8 whatever the locale; undecodable bytes in file names are written as escapes."""
    return io.TextIOWrapper(file, encoding="utf-8", newline="", errors="backslashreplace")


def check_distinct(outputs: Sequence[Path], inputs: Iterable[Path]) -> None:
    """Raise OutputError if two outputs are the same file or an output is also an input."""
    seen = {os.path.realpath(path): "is also read" for path in inputs}
    for path in outputs:
        key = "-" if path == STDOUT else os.path.realpath(path)
        if key in seen:
            name = "standard output" if path == STDOUT else str(path)
            raise OutputError(f"{name} {seen[key]}; give each output a file of its own")
        seen[key] = "is named for two outputs"
