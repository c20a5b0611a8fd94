"""Recorded videos in the history: `analyze --keep`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from repcount.analysis import Analysis
from repcount.app.console import ConsoleReporter
from repcount.app.executor import TaskError
from repcount.app.jobs import read_recording_time
from repcount.app.workers import LocalExecutor
from repcount.config import Config
from repcount.errors import HistoryError, SettingError, VideoError
from repcount.history.file import default_path, find_history
from repcount.history.people import name_key, parse_name
from repcount.history.store import HistoryStore
from repcount.history.totals import Session


@dataclass(frozen=True, slots=True)
class KeepOptions:
    """Whose videos they are, and when they were recorded."""

    person: str | None = None
    recorded: datetime | None = None
    """Aware; None: when each of them says."""
    target_deg: float | None = None
    """A target to keep for the person from now on."""


class VideoKeeper:
    """Puts the results of one run into the history."""

    def __init__(self, options: KeepOptions, reporter: ConsoleReporter) -> None:
        self._options, self._reporter = options, reporter
        self._recorded: dict[Path, datetime | None] = {}

    def read_times(self, videos: Sequence[Path], local: LocalExecutor) -> None:
        """Find out when the videos were recorded, before anything is counted.

        Raises SettingError if one of them does not say and nobody else did, and HistoryError for a history that cannot
        be opened. Videos that cannot be read are left to those who count them.
        """
        find_history(default_path())
        if self._options.recorded is not None:
            self._recorded = dict.fromkeys(videos, self._options.recorded)
            return
        tasks = {local.submit(read_recording_time, video): video for video in videos if video.is_file()}
        while not all(task.done for task in tasks):
            local.wait()
        for task, video in tasks.items():
            try:
                self._recorded[video] = task.result()
            except (TaskError, VideoError):
                continue
        undated = [video for video, recorded in self._recorded.items() if recorded is None]
        if undated:
            more = f" and {len(undated) - 1} more" if len(undated) > 1 else ""
            raise SettingError(
                f"{undated[0]}{more} does not say when it was recorded: give the day, such as --date 2026-11-22"
            )

    def keep(self, analyses: Iterable[Analysis]) -> None:
        """Put them into the history; a failure is reported and concerns one video."""
        try:
            with HistoryStore(default_path(), self._reporter.note) as history:
                if self._options.person is not None and self._options.target_deg is not None:
                    history.people.set_target(self._options.person, self._options.target_deg)
                for analysis in analyses:
                    self._keep(analysis, history)
        except HistoryError as error:
            self._reporter.failure(default_path(), error)

    def _keep(self, analysis: Analysis, history: HistoryStore) -> None:
        video = Path(analysis.source.path)
        started = self._recorded.get(video)
        if started is None or not analysis.video_sha256:
            return
        sha256, known = self._known(analysis, history)
        if analysis.interrupted:
            self._reporter.note(f"note: {video} was not counted to the end, so it is not in the history")
        elif not analysis.reps:
            self._reporter.note(f"note: {video} has no reps, so it is not in the history")
        elif known is not None:
            whose = f" of {known.person}" if known.person else ""
            self._reporter.note(
                f"note: {video} is in the history already, as session {known.id}{whose} on {known.started.date()}"
            )
        else:
            kept = history.keep(
                started.astimezone(),
                video.name,
                analysis.settings,
                analysis.reps,
                analysis.source.duration_s,
                sha256,
                self._options.person,
            )
            self._reporter.note(f"note: {video} is session {kept} in the history, on {started.astimezone().date()}")

    def _known(self, analysis: Analysis, history: HistoryStore) -> tuple[str, Session | None]:
        """The SHA-256 that stands for the video, and its session if it is in the history already.

        Where several people are in one video, each of them is kept: after the first, it is mixed with the name.
        """
        sha256, person = analysis.video_sha256, name_key(self._options.person or "")
        known = history.video_session(sha256)
        if known is not None and analysis.source.subject and name_key(known.person) != person:
            sha256 = hashlib.sha256(f"{sha256} {person}".encode()).hexdigest()
            known = history.video_session(sha256)
        return sha256, known


def with_target(config: Config, person: str | None, given: bool, reporter: ConsoleReporter) -> Config:
    """The settings of a person: the target kept for them, unless another is `given` now. Raises SettingError."""
    if person is None:
        return config
    person = parse_name(person)
    if given:
        return config
    try:
        if find_history(default_path()) is None:
            return config
        with HistoryStore(default_path()) as history:
            target_deg = history.people.target_deg(person)
    except HistoryError:
        return config  # whoever opens it to write says what is wrong
    if target_deg is None or target_deg == config.full_deg:
        return config
    reporter.note(f"note: the target of {person} is {target_deg:g}°")
    return replace(config, full_deg=target_deg)
