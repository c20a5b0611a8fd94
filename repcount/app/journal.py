"""The results of a long run, kept as they come, so that a run that was broken off goes on where it ended."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from repcount import formats
from repcount.analysis import Analysis
from repcount.config import Config
from repcount.errors import OutputError
from repcount.files import unwritable


class ResumeJournal:
    """One line for each video that is done, beside the JSON file of the results. A context manager.

    It is there while a run is under way or was broken off; a run that ends by itself leaves its JSON file alone.
    The file is made on entering, which raises OutputError where it may not be written. Left empty, it is removed on
    leaving.
    """

    def __init__(self, results: Path, config: Config, *, resume: bool, force: bool) -> None:
        """`resume`: what is in the journal, and in `results`, is not done again; `force`: it is thrown away."""
        self.path = results.with_name(f"{results.name}.journal")
        self.found = resume and any(formats.SCHEMA in _text(path) for path in (results, self.path))
        """Whether there are results of an earlier run, which this one is to replace."""
        self._settings = asdict(config)
        self._done: dict[str, Analysis] = {}
        self._mode = "ab" if resume else "wb" if force else "xb"
        self._file: FileIO | None = None
        if resume:
            self._read(_documents(results), results)
            self._read(_lines(self.path), self.path)

    def __enter__(self) -> Self:
        try:
            self._file = FileIO(self.path, self._mode)
        except FileExistsError as error:
            told = f"{self.path} is of a run that was broken off or goes on: --resume takes it up, --force begins anew"
            raise OutputError(told) from error
        except OSError as error:
            raise unwritable(self.path, error) from error
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
        """The results are written, or there are none: the journal has done its work."""
        self.path.unlink(missing_ok=True)

    def done(self, video: Path) -> Analysis | None:
        """The whole result of a video that was counted with these settings and has not changed since."""
        return self._done.get(str(video))

    def add(self, analysis: Analysis) -> None:
        """Put a result on the disk, unless somebody stopped it half way. Raises OutputError, once, and then rests."""
        if analysis.interrupted or self._file is None:
            return
        # A line of its own, should whoever wrote before have been broken off in the middle of one.
        line = b"\n" + json.dumps(formats.document(analysis), allow_nan=False).encode() + b"\n"
        try:
            while line:  # a disk that is nearly full takes a part
                line = line[self._file.write(line) :]
            os.fsync(self._file.fileno())
        except OSError as error:
            self._close()
            raise unwritable(self.path, error) from error

    def _read(self, documents: list[dict[str, Any]], found_in: Path) -> None:
        for document in documents:
            analysis = formats.read_document(document)
            if analysis is None or asdict(analysis.settings) != self._settings:
                continue
            if not _changed(Path(analysis.source.path), found_in) and not analysis.interrupted:
                self._done[analysis.source.path] = analysis


def _changed(video: Path, since: Path) -> bool:
    """Whether a video is newer than the file of its result, or gone."""
    try:
        return video.stat().st_mtime > since.stat().st_mtime
    except OSError:
        return True


def _documents(results: Path) -> list[dict[str, Any]]:
    """What a JSON file of results holds; nothing where there is none or it is no such file."""
    found = _parsed(_text(results))
    return [item for item in (found if isinstance(found, list) else [found]) if isinstance(item, dict)]


def _lines(path: Path) -> list[dict[str, Any]]:
    """The lines of a journal; the last one may be cut off."""
    found: Callable[[str], Any] = _parsed
    return [item for line in _text(path).splitlines() if isinstance(item := found(line), dict)]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
