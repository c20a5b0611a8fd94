"""The results of a long run, kept as they come, so that a run that was broken off goes on where it ended."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from repcount import table
from repcount.analysis import Analysis
from repcount.config import Config
from repcount.errors import OutputError


class Journal:
    """One line for each video that is done, beside the JSON file of the results. A context manager.

    It is there while a run is under way or was broken off; a run that ends by itself leaves its JSON file alone.
    """

    def __init__(self, results: Path, config: Config, *, resume: bool) -> None:
        """`resume`: what is in the journal, and in `results`, is not done again. Raises OutputError."""
        self.path = results.with_name(f"{results.name}.journal")
        self._settings = asdict(config)
        self._done: dict[str, Analysis] = {}
        if resume:
            self._read(_documents(results), results)
            self._read(_lines(self.path), self.path)
        try:
            self._file = self.path.open("a" if resume else "w", encoding="utf-8")
        except OSError as error:
            raise OutputError(f"cannot write {self.path}: {error.strerror}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def finish(self) -> None:
        """The results are written: the journal has done its work."""
        self._file.close()
        self.path.unlink(missing_ok=True)

    def done(self, video: Path) -> Analysis | None:
        """The whole result of a video that was counted with these settings and has not changed since."""
        return self._done.get(str(video))

    def add(self, analysis: Analysis) -> None:
        """Put a result on the disk, unless somebody stopped it half way. Raises OutputError."""
        if analysis.interrupted:
            return
        try:
            self._file.write(json.dumps(table.document(analysis), allow_nan=False) + "\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise OutputError(f"cannot write {self.path}: {error.strerror}") from error

    def _read(self, documents: list[dict[str, Any]], found_in: Path) -> None:
        for document in documents:
            analysis = table.read_document(document)
            if analysis is None or asdict(analysis.settings) != self._settings:
                continue
            if not _changed(Path(analysis.source.path), found_in) and not _stopped(analysis):
                self._done[analysis.source.path] = analysis


def _changed(video: Path, since: Path) -> bool:
    """Whether a video is newer than the file of its result, or gone."""
    try:
        return video.stat().st_mtime > since.stat().st_mtime
    except OSError:
        return True


def _stopped(analysis: Analysis) -> bool:
    return any(warning.startswith("stopped by hand") for warning in analysis.warnings)


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
