"""A batch of videos: each is counted by a worker, its own files are written, and it is reported in the order given."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from math import inf
from pathlib import Path

from repcount import files as output_files
from repcount.analysis import Analysis, Source
from repcount.app.console import ConsoleReporter, OutputOptions
from repcount.app.executor import (
    FINISHING_HANG_S,
    Executor,
    JobFunction,
    StoppedError,
    Task,
    TaskError,
    WorkerError,
)
from repcount.app.jobs import (
    AnnotationJob,
    ThumbnailJob,
    VideoJob,
    VideoResult,
    annotate_video,
    count_video,
    take_thumbnails,
)
from repcount.app.journal import ResumeJournal
from repcount.config import Config
from repcount.display.progress import ProgressBar
from repcount.errors import OutputError, RepcountError, VideoError
from repcount.files import AtomicFile
from repcount.interrupts import InterruptGuard
from repcount.reports.traces import AngleTrace
from repcount.types import Span, WarningCode


@dataclass(eq=False, slots=True)
class Entry:
    """One video of a batch: its own output files, and its result so far."""

    video: Path
    signal: Path | None = None
    """Where its signal CSV goes."""
    annotated: AtomicFile | None = None
    """Where its annotated copy goes."""
    landmarks: Path | None = None
    """Where its landmarks go."""
    report: Path | None = None
    """Where its own report goes."""
    analysis: Analysis | None = None
    trace: AngleTrace | None = None
    recorded: date | None = None
    """The day of the recording, by its container."""
    thumbnails: dict[int, bytes] = field(default_factory=dict)
    annotated_path: Path | None = None
    """The annotated copy, once it is published."""
    error: RepcountError | None = None
    """Why there is no analysis."""
    drawing_errors: list[RepcountError] = field(default_factory=list)
    """What went wrong after it was counted."""
    notes: list[str] = field(default_factory=list)
    counting: Task | None = None
    """None if an earlier run has counted it."""
    drawing: list[Task] = field(default_factory=list)
    """The tasks of its annotated copy and thumbnails."""


class BatchRunner:
    """Has videos counted, keeps and writes each result as soon as it is there, and reports them in the order given."""

    def __init__(
        self,
        config: Config,
        model: Path | None,
        options: OutputOptions,
        reporter: ConsoleReporter,
        out: output_files.OutputSet,
        guard: InterruptGuard,
        journal: ResumeJournal | None,
        executor: Executor,
        existing: set[Path],
        *,
        keeps: bool,
    ) -> None:
        """`existing`: the signals and annotated copies that an earlier run has written, for --resume.

        `keeps`: whether the results go into the history.
        """
        self._config, self._model, self._options, self._reporter = config, model, options, reporter
        self._out, self._guard, self._journal, self._executor = out, guard, journal, executor
        self._existing, self._keeps = existing, keeps
        self._entries: dict[Task, Entry] = {}
        self._several = False
        self._all: Sequence[Entry] = ()

    def run(self, entries: Sequence[Entry]) -> None:
        """Count the videos. Raises RepcountError for what would fail all of them."""
        self._several = len(entries) > 1
        self._all = entries
        to_count = [entry for entry in entries if not self._resume(entry)]
        self._guard.delayed = True  # from here on there may be results to keep
        for entry in to_count:
            entry.counting = self._executor.submit(count_video, self._video_job(entry))
            self._entries[entry.counting] = entry
        for number, entry in enumerate(entries, 1):
            self._report(
                entry, f"{number} of {len(entries)}  {entry.video.name}" if self._several else entry.video.name
            )
        analyses = [entry.analysis for entry in entries if entry.analysis]
        if self._several and analyses:
            self._reporter.show_total(analyses, len(entries))
        if any(warning.code is WarningCode.SEVERAL_LYING for analysis in analyses for warning in analysis.warnings):
            self._reporter.note("note: where several people lie, --subject says who is counted")
        if self._reporter.interrupted and not any(entry.analysis and entry.analysis.interrupted for entry in entries):
            self._reporter.stopped()

    def _resume(self, entry: Entry) -> bool:
        """Take the result of an earlier run, if there is one and all its files are there; whether that is so."""
        if self._journal is None or not self._options.resume:
            return False
        needed = {entry.signal, entry.annotated and entry.annotated.final, entry.landmarks} - {None}
        done = self._journal.done(entry.video) if needed <= self._existing else None
        if done is not None and _is_of_same_part(done.source, self._options):
            entry.analysis = done
        return entry.analysis is not None

    def _video_job(self, entry: Entry) -> VideoJob:
        return VideoJob(
            entry.video,
            self._config,
            self._model,
            self._options.span,
            self._options.subject,
            trackers=self._options.jobs or 1,
            signal=entry.signal is not None,
            trace=self._options.needs_trace,
            track=entry.annotated is not None,
            landmarks=entry.landmarks.suffix if entry.landmarks is not None else "",
            hashed=self._options.json is not None or self._keeps,
        )

    def _report(self, entry: Entry, label: str) -> None:
        """Wait until a video is done and report its result."""
        if entry.counting is None:
            self._drop(entry)
            self._reporter.note(f"{entry.video}: done before")
            return
        counting = entry.counting
        self._wait(label, lambda: [] if counting.done else [counting])
        if entry.error is not None:
            self._reporter.failure(entry.video, entry.error)
        if entry.analysis is None:
            self._drop(entry)
            return
        self._reporter.interrupted |= entry.analysis.interrupted
        show_result(entry, self._all, self._options, self._reporter)
        self._wait(f"{label}, pictures", lambda: [task for task in entry.drawing if not task.done])
        for note in entry.notes:
            self._reporter.note(f"note: {note}")
        for error in entry.drawing_errors:
            self._reporter.failure(entry.video, error)

    def _drop(self, entry: Entry) -> None:
        """Leave the files of a video as they are, as there is nothing new to write."""
        for path in (entry.signal, entry.landmarks):
            if path is not None:
                self._out.drop(path)
        if entry.report is not None and entry.trace is None:
            self._out.drop(entry.report)

    def _wait(self, label: str, pending: Callable[[], list[Task]]) -> None:
        """Wait until `pending` is empty, with a progress bar. The other videos go on, and Ctrl-C is acted on."""
        if not pending():
            return
        with ProgressBar(sys.stderr, label) as bar:
            while tasks := pending():
                if self._guard.requested():
                    self._reporter.interrupted = True
                    self._executor.stop()
                for task in self._ended_tasks():
                    self._handle(task, self._entries[task])
                if tasks[0].progress is not None:
                    bar.to(*tasks[0].progress)

    def _ended_tasks(self) -> list[Task]:
        """The tasks that have ended. When no worker is left these are all tasks, so that existing results are kept."""
        try:
            return self._executor.wait()
        except WorkerError as error:
            if not any(entry.analysis for entry in self._entries.values()):
                raise
            lost = [task for task in self._entries if not task.done]
            uncounted = [self._entries[task].video for task in lost if task is self._entries[task].counting]
            self._reporter.failed += uncounted
            self._reporter.note(f"repcount: {error}; not counted: {', '.join(map(str, uncounted)) or 'none'}")
            return [task.settle(StoppedError()) for task in lost]

    def _handle(self, task: Task, entry: Entry) -> None:
        """Take the outcome of a task that has ended. Raises RepcountError for what would fail all videos."""
        try:
            result = task.result()
        except StoppedError:
            if task is not entry.counting:
                self._note_missing_copy(entry)
        except TaskError as error:
            self._fail(task, entry, VideoError(f"{entry.video}: {error}"))
        except RepcountError as error:
            if task is entry.counting and not isinstance(error, VideoError | OutputError):
                raise
            self._fail(task, entry, error)
        else:
            if task is entry.counting:
                self._counted(entry, result)
            else:
                self._drawn(entry, result)

    @staticmethod
    def _fail(task: Task, entry: Entry, error: RepcountError) -> None:
        if task is entry.counting:
            entry.error = error
        else:
            entry.drawing_errors.append(error)

    def _counted(self, entry: Entry, result: VideoResult) -> None:
        """Keep the result of a video, and submit what needs a second pass over it."""
        analysis = result.analysis
        if analysis.interrupted and not analysis.source.analysed:
            return  # stopped before its first frame
        analysis = replace(analysis, date=self._options.iso_date)
        entry.analysis, entry.trace = analysis, result.trace
        entry.recorded = result.recorded and result.recorded.date()
        if self._journal is not None:
            try:
                self._journal.add(analysis)
            except OutputError as error:
                self._reporter.failure(self._journal.path, error)
        if entry.signal is not None:
            self._out.write(entry.signal, lambda file: file.write(result.signal))
        if entry.landmarks is not None:
            self._out.write_bytes(entry.landmarks, result.landmarks)
        if entry.annotated is not None:
            name, into = entry.annotated.final, entry.annotated.path
            self._submit_drawing(
                entry,
                annotate_video,
                AnnotationJob(entry.video, analysis, result.track, name, into, self._options.blur_faces),
            )
        if self._options.report and self._options.thumbnails and entry.trace is not None and analysis.reps:
            self._submit_drawing(
                entry, take_thumbnails, ThumbnailJob(entry.video, analysis, entry.trace, self._options.blur_faces)
            )

    def _submit_drawing(self, entry: Entry, function: JobFunction, job: AnnotationJob | ThumbnailJob) -> None:
        if self._reporter.interrupted:  # which leaves two seconds
            self._note_missing_copy(entry)
            return
        task = self._executor.submit(function, job, FINISHING_HANG_S)
        entry.drawing.append(task)
        self._entries[task] = entry

    @staticmethod
    def _note_missing_copy(entry: Entry) -> None:
        note = f"{entry.annotated.final} is not made, as the run was stopped" if entry.annotated is not None else ""
        if note and entry.annotated_path is None and note not in entry.notes:
            entry.notes.append(note)

    @staticmethod
    def _drawn(entry: Entry, result: list[str] | dict[int, bytes]) -> None:
        """Take thumbnails, or the notes about an annotated copy, which is then published."""
        if isinstance(result, dict):
            entry.thumbnails = result
            return
        entry.notes += result
        if entry.annotated is not None and entry.annotated.path.stat().st_size:
            try:
                entry.annotated.publish()
                entry.annotated_path = entry.annotated.final
            except OutputError as error:
                entry.drawing_errors.append(error)


def show_result(entry: Entry, entries: Sequence[Entry], options: OutputOptions, reporter: ConsoleReporter) -> None:
    """Print a result: with its reps if it is the only one or with --details, else in a line."""
    assert entry.analysis is not None
    if len(entries) == 1 or options.details:
        reporter.show_analysis(entry.analysis, heading=len(entries) > 1)
    else:
        reporter.show_line(entry.analysis, str(entry.video), max(len(str(each.video)) for each in entries))


def _is_of_same_part(source: Source, options: OutputOptions) -> bool:
    """Whether a result is of the part and of the person that are asked for now."""
    span = Span(source.from_s or 0.0, inf if source.to_s is None else source.to_s)
    return span == options.span and source.subject == (options.subject and str(options.subject))
