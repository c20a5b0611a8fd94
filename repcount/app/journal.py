"""Results saved during a run, so that `--resume` can continue one that was broken off."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import asdict
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from repcount import formats
from repcount.analysis import Analysis
from repcount.app.documents import DocumentError, read_document
from repcount.config import Config
from repcount.errors import OutputError
from repcount.files import open_regular, write_error

_MAX_BYTES = 500_000_000
"""Largest file of results that is read back. A session of 100 reps has 40 kB."""

_MAX_NOTES = 5
"""Damaged results that are reported one by one. Heuristic: who has more wants to know how many, not which."""

_OURS = re.compile(rb'\s*\[?\s*\{\s*"schema":\s*"' + formats.SCHEMA.encode())
"""How a file of results begins."""

_BLOCK_BYTES = 1 << 20

Note = Callable[[str], None]
"""Prints a line for people."""


class ResumeJournal:
    """A file next to the JSON results with one line per finished video. A context manager.

    It exists during a run and after one that was broken off; a run that completes removes it. Entering creates the
    file, and raises OutputError if it cannot be written. Leaving removes it if it is empty.

    Whoever can write into the folder can write these files. A result is taken from them only if it is sound
    (`app.documents`), has the settings of this run and names the SHA-256 of the video as it is now.
    """

    def __init__(self, results: Path, config: Config, note: Note, *, resume: bool, force: bool) -> None:
        """`resume`: use what the journal and `results` hold; `force`: discard an existing journal.

        Raises OutputError if there is something else in the place of the journal.
        """
        self.path = results.with_name(f"{results.name}.journal")
        self._settings = asdict(config)
        self._done: dict[str, Analysis] = {}
        self._note = note
        self._resume, self._force = resume, force
        self._file: FileIO | None = None
        journal = _read(self.path)
        if journal and not _is_journal(journal) and (resume or force):
            raise OutputError(f"{self.path} is no journal of repcount: move it away, or give another name to --json")
        content = _read(results) if resume else b""
        self.has_results = bool(_OURS.match(content)) or bool(resume and journal)
        """Whether there are results of an earlier run, which this run replaces."""
        if resume:
            self._take(results, _documents(content) if _OURS.match(content) else iter(()))
            self._take(self.path, _journal_documents(journal))

    def __enter__(self) -> Self:
        try:
            if self._force and not self._resume:
                self.path.unlink(missing_ok=True)  # and not emptied: another name of the file keeps its content
            flags = os.O_APPEND if self._resume else os.O_EXCL
            self._file = FileIO(open_regular(self.path, os.O_WRONLY | os.O_CREAT | flags), "ab")
        except FileExistsError as error:
            raise OutputError(
                f"{self.path} is of a run that was broken off or goes on: --resume takes it up, --force begins anew"
            ) from error
        except OSError as error:
            raise write_error(self.path, error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def _close(self) -> None:
        if self._file is None:
            return
        empty = not os.fstat(self._file.fileno()).st_size
        self._file.close()
        self._file = None
        if empty:
            self.remove()

    def remove(self) -> None:
        """Delete the journal, once the results are written or there are none."""
        self.path.unlink(missing_ok=True)

    def done(self, video: Path) -> Analysis | None:
        """The complete result of a video that was counted with these settings and has the same bytes now, if any."""
        analysis = self._done.get(str(video))
        return analysis if analysis is not None and analysis.video_sha256 == video_sha256(video) else None

    def add(self, analysis: Analysis) -> None:
        """Save a result, unless it was interrupted.

        Raises OutputError if that fails; later results are then ignored.
        """
        if analysis.interrupted or self._file is None:
            return
        # The line break in front ends an incomplete line of a run that was killed.
        line = b"\n" + json.dumps(formats.document(analysis), allow_nan=False).encode() + b"\n"
        try:
            while line:  # a nearly full disk takes a part
                line = line[self._file.write(line) :]
            os.fsync(self._file.fileno())
        except OSError as error:
            self._close()
            raise write_error(self.path, error) from error

    def _take(self, file: Path, documents: Iterator[tuple[str, object]]) -> None:
        """Take the results that are sound and report the others."""
        damaged = 0
        for place, document in documents:
            try:
                analysis = _sound(document)
            except DocumentError as error:
                damaged += 1
                if damaged <= _MAX_NOTES:
                    self._note(f"note: {file}{place}: {error}. This result is not used")
                continue
            if asdict(analysis.settings) == self._settings and analysis.video_sha256 and not analysis.interrupted:
                self._done[analysis.source.path] = analysis
        if damaged > _MAX_NOTES:
            self._note(f"note: {file}: {damaged - _MAX_NOTES} more results are not used")


def video_sha256(video: Path, on_block: Callable[[], object] = lambda: None) -> str:
    """The SHA-256 of a file in hexadecimal; empty for what is no regular file, such as a pipe, or cannot be read.

    `on_block` is called after each megabyte, as a sign of life: the disk may be slow and the file large.
    """
    digest = hashlib.sha256()
    try:
        if not stat.S_ISREG(video.stat().st_mode):
            return ""
        with video.open("rb", buffering=0) as file:
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
                on_block()
    except OSError:
        return ""
    return digest.hexdigest()


def _sound(document: object) -> Analysis:
    if isinstance(document, DocumentError):
        raise document
    return read_document(document)


def _documents(content: bytes) -> Iterator[tuple[str, object]]:
    """The results in a JSON file, each with its place in it, or a DocumentError in their place."""
    parsed = _parse_json(content)
    if not isinstance(parsed, list):
        yield "", parsed
        return
    for number, item in enumerate(parsed, 1):
        yield f", result {number}", item


def _journal_documents(content: bytes) -> Iterator[tuple[str, object]]:
    """The same of a journal. The last line of a run that was killed is not complete, which is no damage."""
    complete, _, _ = content.rpartition(b"\n")
    for number, line in enumerate(complete.split(b"\n"), 1):
        if line.strip():
            yield f", line {number}", _parse_json(line)


def _parse_json(content: bytes) -> Any:
    """A JSON value, or a DocumentError where there is none."""
    try:
        return json.loads(content.decode("utf-8"))
    except UnicodeDecodeError:
        return DocumentError("it is not UTF-8 text")
    except RecursionError:
        return DocumentError("its lists are too deep in each other")
    except ValueError as error:
        return DocumentError(f"it is damaged ({error})")


def _is_journal(content: bytes) -> bool:
    """Whether a file is a journal: it begins with a result, or with a part of one if the run was killed."""
    begin = b'\n{"schema": "' + formats.SCHEMA.encode()
    return content.startswith(begin) or begin.startswith(content)


def _read(path: Path) -> bytes:
    """The content of a file of results; empty if there is none. Raises OutputError for what cannot be one."""
    try:
        with FileIO(open_regular(path, os.O_RDONLY)) as file:
            if os.fstat(file.fileno()).st_size > _MAX_BYTES:
                raise OutputError(
                    f"{path} has more than {_MAX_BYTES // 1_000_000} MB: these are no results of repcount"
                )
            return file.read()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise OutputError(f"cannot read {path}: {error.strerror or error}") from error
