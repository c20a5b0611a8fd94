"""Counting recorded videos and saved signals: every result is shown and written, and a bad file stops no other."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import zip_longest
from math import inf
from pathlib import Path

from repcount import addresses, formats, pipeline
from repcount import files as output_files
from repcount.analysis import Analysis, Source
from repcount.app.cluster import DaskExecutor
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
from repcount.app.inputs import Inputs
from repcount.app.jobs import (
    AnnotationJob,
    PlotJob,
    ThumbnailJob,
    VideoJob,
    VideoResult,
    annotate_video,
    count_video,
    draw_plot,
    take_thumbnails,
)
from repcount.app.journal import ResumeJournal
from repcount.app.keep import VideoKeeper
from repcount.app.workers import LocalExecutor
from repcount.config import Config
from repcount.display.progress import ProgressBar
from repcount.errors import OutputError, RepcountError, SettingError, SignalError, VideoError
from repcount.files import AtomicFile
from repcount.interrupts import InterruptGuard
from repcount.pose import model as pose_model
from repcount.reports.traces import AngleTrace
from repcount.types import Span, WarningCode
from repcount.video import writer

SAMPLE_VIDEO = "21_as_described.mp4"
"""What `repcount demo` counts; pyproject.toml puts it into the wheel."""


def run_batch(
    inputs: Inputs,
    config: Config,
    model: Path | None,
    options: OutputOptions,
    reporter: ConsoleReporter,
    local: LocalExecutor,
    keeper: VideoKeeper | None = None,
) -> None:
    """Count the videos and write the outputs asked for. Raises RepcountError before anything is counted.

    The videos are counted by `local`, or by the cluster that the options name. `keeper` puts them into the history.
    """
    _check(options)
    if keeper is not None and options.cluster:
        raise SettingError("--keep needs the video here; it does not go together with --cluster")
    videos = inputs.videos
    _refuse_addresses(videos)
    _report_inputs(inputs, reporter)
    journal = _open_journal(videos, config, options, reporter)
    force = options.force or (journal is not None and journal.has_results)
    with ExitStack() as stack:
        signals = _paths_per_video(inputs, options.signal, ".csv", "signal", stack)
        copies = _paths_per_video(inputs, options.annotate, ".mp4", "annotated video", stack)
        landmarks = _paths_per_video(inputs, options.landmarks, ".csv", "landmark", stack)
        reports = _paths_per_video(inputs, options.report_folder, ".html", "report", stack, folder=True)
        output_files.check_distinct([*options.text_files, *signals, *copies, *landmarks, *reports], videos)
        if journal is not None:
            stack.enter_context(journal)
        existing = {path for path in (*signals, *copies, *landmarks) if path.is_file()}
        text_files = [*options.text_files, *signals, *landmarks, *reports]
        out = stack.enter_context(output_files.OutputSet(text_files, reporter, force=force))
        entries = [
            Entry(video, signal, _annotated_file(copy, stack, force=force), landmark, report)
            for video, signal, copy, landmark, report in zip_longest(videos, signals, copies, landmarks, reports)
        ]
        guard = stack.enter_context(InterruptGuard())
        executor: Executor = local
        if options.cluster:
            executor = stack.enter_context(DaskExecutor(options.cluster, reporter.note))
        elif any(video.is_file() for video in videos):
            model = pose_model.ensure_model(model, reporter.note)
        if keeper is not None:
            keeper.read_times(videos, local)
        runner = BatchRunner(
            config, model, options, reporter, out, guard, journal, executor, existing, keeps=keeper is not None
        )
        runner.run(entries)
        analyses = _write_results(
            *(inputs, entries, config, options, out, text_files),
            lambda path, counted: _write_plot(path, counted, out, reporter, local, guard),
        )
        if analyses and keeper is not None:
            keeper.keep(analyses)
    if analyses and journal is not None and options.json not in reporter.failed:
        journal.remove()


def _report_inputs(inputs: Inputs, reporter: ConsoleReporter) -> None:
    """Report what was left out of the folders. Raises VideoError if nothing is left to count."""
    for path, error in inputs.errors:
        if not inputs.videos and (path, error) == inputs.errors[-1]:
            raise error
        reporter.failure(path, error)
    if inputs.hidden:
        names = ", ".join(map(str, inputs.hidden))
        reporter.note(f"note: left out, as they are hidden: {names}")


def _clips(
    inputs: Inputs, entries: Sequence[Entry], config: Config, options: OutputOptions
) -> Iterator[Analysis | formats.UncountedClip]:
    """The rows of `--clips`: every file that was named or found, and the folders that could not be read."""

    def uncounted(path: Path, error: RepcountError | None) -> formats.UncountedClip:
        return formats.UncountedClip(str(path), str(error or ""), config, _iso(options.date))

    for entry in entries:
        yield entry.analysis or uncounted(entry.video, entry.error)
    for path, error in inputs.errors:
        yield uncounted(path, error)


def recount(signals: Sequence[Path], config: Config, options: OutputOptions, reporter: ConsoleReporter) -> None:
    """Count saved signals again and write the outputs asked for. Raises RepcountError.

    Ctrl-C ends it between two samples; the result up to that point is shown and written. One signal of several that
    cannot be read is reported and stops no other.
    """
    _check_names(options)
    with ExitStack() as stack:
        reports = _paths_per_video(Inputs(list(signals)), options.report_folder, ".html", "report", stack, folder=True)
        text_files = [*options.text_files, *reports]
        output_files.check_distinct(text_files, signals)
        out = stack.enter_context(output_files.OutputSet(text_files, reporter, force=options.force))
        guard = stack.enter_context(InterruptGuard())
        entries = [Entry(signal, report=report) for signal, report in zip_longest(signals, reports)]

        def should_stop() -> bool:
            guard.delayed = True  # from the first sample on there is a result to keep
            return guard.requested()

        for entry in entries:
            entry.trace = AngleTrace() if options.needs_trace else None
            sinks = [entry.trace] if entry.trace is not None else []
            try:
                analysis = pipeline.recount(entry.video, config, sinks=sinks, should_stop=should_stop)
            except SignalError as error:
                if len(entries) == 1:
                    raise
                entry.error = error
                reporter.failure(entry.video, error)
                continue
            entry.analysis = replace(analysis, date=_iso(options.date))
            reporter.interrupted = analysis.interrupted
            _show(entry, entries, options, reporter)
            if analysis.interrupted:
                break
        analyses = [entry.analysis for entry in entries if entry.analysis]
        if len(entries) > 1 and analyses:
            reporter.show_total(analyses, len(entries))
        _write_results(
            *(Inputs(list(signals)), entries, config, options, out, text_files),
            lambda path, counted: out.write_bytes(
                path, draw_plot(PlotJob(path, list(_traces(counted))), lambda *_: None)
            ),
        )


def _write_results(
    inputs: Inputs,
    entries: Sequence[Entry],
    config: Config,
    options: OutputOptions,
    out: output_files.OutputSet,
    files: Iterable[Path],
    write_plot: Callable[[Path, Sequence[Entry]], object],
) -> list[Analysis]:
    """Write the files about all videos together, and the report of each; returns the results.

    Without a result none of `files` is written but the table of the videos, which says why.
    """
    if options.clips is not None:
        out.write(options.clips, lambda file: formats.write_clips(file, _clips(inputs, entries, config, options)))
    counted = [entry for entry in entries if entry.analysis is not None]
    analyses = [entry.analysis for entry in counted if entry.analysis]
    if not analyses:
        for path in files:
            if path != options.clips:
                out.drop(path)
        return []
    write_reps(analyses, options, out, array=len(entries) > 1)
    if options.plot is not None:
        write_plot(options.plot, counted)
    _write_reports(inputs, entries, options, out)
    return analyses


def _show(entry: Entry, entries: Sequence[Entry], options: OutputOptions, reporter: ConsoleReporter) -> None:
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


def _iso(day: date | None) -> str:
    return "" if day is None else day.isoformat()


def write_reps(
    analyses: Sequence[Analysis], options: OutputOptions, out: output_files.OutputSet, *, array: bool = False
) -> None:
    """Write the CSV and JSON of the reps where asked for, and the CSV of the rejected movements.

    `array`: a JSON array even for one analysis.
    """
    if options.csv is not None:
        out.write(options.csv, lambda file: formats.write_reps(file, analyses))
    if options.json is not None:
        out.write(options.json, lambda file: file.write(formats.as_json(analyses, array=array)))
    if options.rejected is not None:
        out.write(options.rejected, lambda file: formats.write_rejected(file, analyses))


def _refuse_addresses(videos: Iterable[Path]) -> None:
    for name in map(str, videos):
        if addresses.is_address(name):
            raise VideoError(f"{addresses.shown(name)} is no file. To count a stream: repcount live --camera ADDRESS")


def sample_video_path() -> Path:
    """The sample video: inside an installed package, or beside the package in a checkout. Raises VideoError."""
    package = Path(__file__).parents[1]
    for folder in (package / "sample_videos", package.parent / "sample_videos"):
        if (folder / SAMPLE_VIDEO).is_file():
            return folder / SAMPLE_VIDEO
    raise VideoError(f"the sample video {SAMPLE_VIDEO} is not installed; install repcount again")


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
        _show(entry, self._all, self._options, self._reporter)
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
            return
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
        analysis = replace(analysis, date=_iso(self._options.date))
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
        task = self._executor.submit(function, job, FINISHING_HANG_S)
        entry.drawing.append(task)
        self._entries[task] = entry

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


def _check(options: OutputOptions) -> None:
    """Raise SettingError for options that do not go together, OutputError for names that cannot be written."""
    _check_names(options)
    if options.resume and (options.json is None or options.json == output_files.STDOUT):
        raise SettingError("--resume goes on from the results in a file: name it with --json")
    if options.resume and options.needs_trace:
        raise SettingError("--resume keeps numbers, not curves: leave --plot and --report for `repcount recount`")
    if options.cluster and options.annotate:
        raise SettingError("--annotate needs the video here; it does not go together with --cluster")


def _check_names(options: OutputOptions) -> None:
    if options.annotate is not None and options.annotate == output_files.STDOUT:
        raise OutputError("an annotated video does not go to standard output; name a file such as out.mp4")
    if options.plot is not None:
        from repcount.reports.plot import plot_format

        plot_format(options.plot)
    if options.landmarks is not None and options.landmarks.suffix and not options.landmarks.is_dir():
        from repcount.reports.landmarks import check_name

        check_name(options.landmarks)


def _open_journal(
    videos: Sequence[Path], config: Config, options: OutputOptions, reporter: ConsoleReporter
) -> ResumeJournal | None:
    """A journal of the results, if they go to a regular JSON file and there is more than one video, or --resume."""
    if options.json is None or not _is_regular(options.json) or not (options.resume or len(videos) > 1):
        return None
    return ResumeJournal(options.json, config, reporter.note, resume=options.resume, force=options.force)


def _is_regular(path: Path) -> bool:
    return path != output_files.STDOUT and (path.is_file() or not path.exists())


def _annotated_file(path: Path | None, stack: ExitStack, *, force: bool) -> AtomicFile | None:
    """The temporary file of an annotated copy, removed at the end unless it was published."""
    if path is None:
        return None
    writer.check_name(path)
    file = AtomicFile(path, force=force)
    stack.callback(file.discard)
    return file


def _paths_per_video(
    inputs: Inputs, target: Path | None, ending: str, what: str, stack: ExitStack, *, folder: bool = False
) -> list[Path]:
    """The output file of each video: `target` itself for a single video, else a file named after it in that folder.

    Nothing without a target. `folder`: it is a folder for a single video, too. Folders created here are removed when
    the `stack` ends if they are still empty. Raises OutputError.
    """
    if target is None:
        return []
    if len(inputs.videos) == 1 and not inputs.relative and not folder and not target.is_dir():
        return [target]
    if target == output_files.STDOUT:
        raise OutputError(f"the {what}s of several videos do not fit into standard output; name a folder")
    paths = [target / name for name in inputs.output_names(ending)]
    by_path: dict[Path, Path] = {}
    for video, path in zip(inputs.videos, paths, strict=True):
        if path in by_path:
            both = f"{by_path[path]} and {video}"
            raise OutputError(f"{both} would share the {what} file {path}; analyze them apart")
        by_path[path] = video
    # The folder above first, so that it is there when the one inside is made, and goes after it.
    parents = {parent for path in paths for parent in path.parents if parent == target or target in parent.parents}
    for parent in sorted({target, *parents}, key=lambda each: len(each.parts)):
        try:
            parent.mkdir()
            stack.callback(_remove_if_empty, parent)
        except OSError as error:
            if not parent.is_dir():
                raise OutputError(f"cannot make the folder {parent} for the {what}s: {error.strerror}") from error
    return paths


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()


def _write_plot(
    path: Path,
    counted: Sequence[Entry],
    out: output_files.OutputSet,
    reporter: ConsoleReporter,
    local: LocalExecutor,
    guard: InterruptGuard,
) -> None:
    """Have a worker draw the plot, as Matplotlib is native code as well, and write it."""
    task = local.submit(draw_plot, PlotJob(path, list(_traces(counted))), FINISHING_HANG_S)
    while not task.done:
        if guard.requested():
            reporter.stopped()
            local.stop()
        local.wait()
    try:
        out.write_bytes(path, task.result())
    except StoppedError:
        out.drop(path)
    except TaskError as error:
        out.drop(path)
        reporter.failure(path, OutputError(f"{path} is not written: the library that draws it {error.brief}"))


def _write_reports(
    inputs: Inputs, entries: Sequence[Entry], options: OutputOptions, out: output_files.OutputSet
) -> None:
    """Write the report of all videos, or that of each."""
    if options.report is None:
        return
    if options.report_folder is None:
        failed = [(entry.video, entry.error) for entry in entries if entry.analysis is None]
        # Messages begin with the path, which the reader of a report need not know.
        uncounted = [
            (path.name, str(error or "").removeprefix(f"{path}").lstrip(": "))
            for path, error in [*failed, *inputs.errors]
        ]
        out.write_bytes(options.report, _render_report(options.report, entries, options, uncounted))
        return
    for entry in entries:
        if entry.report is not None and entry.analysis is None:
            out.drop(entry.report)
        elif entry.report is not None and entry.trace is not None:
            out.write_bytes(entry.report, _render_report(entry.report, [entry], options))


def _render_report(
    path: Path, entries: Sequence[Entry], options: OutputOptions, uncounted: Sequence[tuple[str, str]] = ()
) -> bytes:
    """The report of these videos, to be written to `path`."""
    from repcount.reports.html import ReportItem, render_report

    items = [
        ReportItem(
            entry.analysis,
            entry.trace,
            entry.thumbnails,
            _linked_video(entry, path, options),
            options.recorded or entry.recorded,
        )
        for entry in entries
        if entry.analysis is not None and entry.trace is not None
    ]
    made = "" if options.date is None else options.date.strftime("%d %B %Y")
    page = render_report(items, person=options.person, uncounted=uncounted, made=made)
    return page.encode("utf-8", "backslashreplace")


def _linked_video(entry: Entry, report: Path, options: OutputOptions) -> str:
    """The path from the report to the annotated copy, or else to the video itself; empty where it would reach too far.

    It may be in the folder of the report or in one beside that: further away it would tell what is on the disk to
    whoever gets the report. Without pictures, or with blurred faces, nobody shall be shown the video itself.
    """
    shows_people = options.thumbnails and not options.blur_faces
    video = entry.annotated_path or (entry.video if shows_people and entry.counting is not None else None)
    if video is None:
        return ""
    try:
        path = Path(os.path.relpath(video.resolve(), report.resolve().parent))
    except ValueError:  # on another drive
        return ""
    return path.as_posix() if path.parts.count("..") <= 1 else ""


def _traces(entries: Iterable[Entry]) -> Iterator[tuple[Analysis, AngleTrace]]:
    for entry in entries:
        if entry.analysis is not None and entry.trace is not None:
            yield entry.analysis, entry.trace
