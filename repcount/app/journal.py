"""Results saved during a run, so that `--resume` can continue one that was broken off."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from repcount import formats
from repcount.analysis import Analysis
from repcount.config import Config
from repcount.errors import OutputError
from repcount.files import write_error


class ResumeJournal:
    """A file next to the JSON results with one line per finished video. A context manager.

    It exists during a run and after one that was broken off; a run that completes removes it. Entering creates the
    file, and raises OutputError if it cannot be written. Leaving removes it if it is empty.
    """

    def __init__(self, results: Path, config: Config, *, resume: bool, force: bool) -> None:
        """`resume`: use what the journal and `results` hold; `force`: discard an existing journal."""
        self.path = results.with_name(f"{results.name}.journal")
        self.has_results = resume and any(formats.SCHEMA in _read_text(path) for path in (results, self.path))
        """Whether there are results of an earlier run, which this run replaces."""
        self._settings = asdict(config)
        self._done: dict[str, Analysis] = {}
        self._mode = "ab" if resume else "wb" if force else "xb"
        self._file: FileIO | None = None
        if resume:
            self._add_documents(_read_results(results), results)
            self._add_documents(_read_lines(self.path), self.path)

    def __enter__(self) -> Self:
        try:
            self._file = FileIO(self.path, self._mode)
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
        """The complete result of a video that was counted with these settings and has not changed since, if any."""
        return self._done.get(str(video))

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

    def _add_documents(self, documents: list[dict[str, Any]], found_in: Path) -> None:
        for document in documents:
            analysis = formats.read_document(document)
            if analysis is None or asdict(analysis.settings) != self._settings:
                continue
            if not _changed(Path(analysis.source.path), found_in) and not analysis.interrupted:
                self._done[analysis.source.path] = analysis


def _changed(video: Path, since: Path) -> bool:
    """Whether a video is newer than the file with its result, or is gone."""
    try:
        return video.stat().st_mtime > since.stat().st_mtime
    except OSError:
        return True


def _read_results(results: Path) -> list[dict[str, Any]]:
    """The documents in a JSON file of results; none if it does not exist or is something else."""
    content = _parse_json(_read_text(results))
    return [item for item in (content if isinstance(content, list) else [content]) if isinstance(item, dict)]


def _read_lines(path: Path) -> list[dict[str, Any]]:
    """The documents in a journal, whose last line may be incomplete."""
    items = map(_parse_json, _read_text(path).splitlines())
    return [item for item in items if isinstance(item, dict)]


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _parse_json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
