"""Counts recorded videos and saved signals: each is shown, all results are written, no bad file stops the others."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import TextIO

from repcount import files as output_files
from repcount import formats, pipeline
from repcount.analysis import Analysis
from repcount.app.console import ConsoleReporter, OutputOptions
from repcount.app.journal import ResumeJournal
from repcount.app.workers import (
    FINISHING_HANG_S,
    AnnotationJob,
    DaskExecutor,
    Executor,
    LocalExecutor,
    PlotJob,
    StoppedError,
    Task,
    TaskError,
    ThumbnailJob,
    VideoJob,
    VideoResult,
    WorkerError,
    annotate_video,
    count_video,
    draw_plot,
    take_thumbnails,
)
from repcount.config import Config
from repcount.display import terminal
from repcount.errors import OutputError, RepcountError, SettingError, VideoError
from repcount.files import AtomicFile
from repcount.interrupts import InterruptGuard
from repcount.pose import model as pose_model
from repcount.reports.traces import AngleTrace
from repcount.types import Update
from repcount.video import writer

SAMPLE_VIDEO = "21_as_described.mp4"
"""What `repcount demo` counts; pyproject.toml puts it into the wheel."""


def sample_video_path() -> Path:
    """Path of the sample video, in the installed package or in the checkout around it. Raises VideoError."""
    package = Path(__file__).parents[1]
    for folder in (package / "sample_videos", package.parent / "sample_videos"):
        if (folder / SAMPLE_VIDEO).is_file():
            return folder / SAMPLE_VIDEO
    raise VideoError(f"the sample video {SAMPLE_VIDEO} is not installed; install repcount again")


@dataclass(eq=False, slots=True)
class Entry:
    """One video of a run: what is to be written of it, and what has come of it."""

    video: Path
    signal: Path | None = None
    """Where its signal CSV goes."""
    annotated: AtomicFile | None = None
    """Where its annotated copy goes."""
    analysis: Analysis | None = None
    trace: AngleTrace | None = None
    thumbnails: dict[int, bytes] = field(default_factory=dict)
    annotated_path: Path | None = None
    """The annotated copy, once it is there."""
    error: RepcountError | None = None
    """Why there is no result."""
    errors: list[RepcountError] = field(default_factory=list)
    """What went wrong after it was counted."""
    notes: list[str] = field(default_factory=list)
    counting: Task | None = None
    drawing: list[Task] = field(default_factory=list)
    """Its annotated copy and thumbnails under way."""


def run_batch(
    videos: Sequence[Path],
    config: Config,
    model: Path | None,
    options: OutputOptions,
    reporter: ConsoleReporter,
    local: LocalExecutor,
) -> None:
    """Count the videos and write what is asked for. Raises RepcountError before anything is counted.

    The videos are counted by `local`, or by the cluster that the options name.
    """
    _check(options)
    journal, written = _journal(videos, config, options), False
    force = options.force or (journal is not None and journal.found)
    with suppress(_NothingCountedError), ExitStack() as stack:
        signals = _each(videos, options.signal, ".csv", "signal", stack)
        copies = _each(videos, options.annotate, ".mp4", "annotated video", stack)
        output_files.check_distinct([*options.texts, *signals, *copies], videos)
        if journal is not None:
            stack.enter_context(journal)
        existing = {path for path in (*signals, *copies) if path.is_file()}
        out = stack.enter_context(output_files.OutputSet([*options.texts, *signals], reporter, force=force))
        entries = [
            Entry(video, signal, _annotated(copy, stack, force=force))
            for video, signal, copy in zip_longest(videos, signals, copies)
        ]
        guard = stack.enter_context(InterruptGuard())
        executor: Executor = local
        if options.cluster:
            executor = stack.enter_context(DaskExecutor(options.cluster))
        elif any(video.is_file() for video in videos):
            model = pose_model.ensure_model(model, reporter.note)
        runner = BatchRunner(config, model, options, reporter, out, guard, journal, executor, existing)
        done = runner.run(entries)
        if not done:
            raise _NothingCountedError
        write_reps([entry.analysis for entry in done if entry.analysis], options, out, array=len(videos) > 1)
        if options.plot is not None:
            _write_plot(options.plot, done, out, reporter, local, guard)
        if options.report is not None:
            out.put(options.report, _report(options.report, done, options.made))
        written = True
    if written and journal is not None and options.json not in reporter.failed:
        journal.remove()


class _NothingCountedError(Exception):
    """Unwinds the outputs, so that no file appears that holds nothing."""


def _check(options: OutputOptions) -> None:
    _check_names(options)
    if options.resume and (options.json is None or options.json == output_files.STDOUT):
        raise SettingError("--resume goes on from the results in a file: name it with --json")
    if options.resume and options.drawn:
        raise SettingError("--resume keeps numbers, not curves: leave --plot and --report for `repcount recount`")
    if options.cluster and options.annotate:
        raise SettingError("--annotate needs the video here; it does not go together with --cluster")


def _check_names(options: OutputOptions) -> None:
    if options.annotate is not None and str(options.annotate) == "-":
        raise OutputError("an annotated video does not go to standard output; name a file such as out.mp4")
    if options.plot is not None:
        from repcount.reports.plot import kind

        kind(options.plot)


def _journal(videos: Sequence[Path], config: Config, options: OutputOptions) -> ResumeJournal | None:
    """Long runs keep what they have; those of one video have nothing to keep."""
    if options.json is None or not _ordinary(options.json) or not (options.resume or len(videos) > 1):
        return None
    return ResumeJournal(options.json, config, resume=options.resume, force=options.force)


def _ordinary(path: Path) -> bool:
    return path != output_files.STDOUT and (path.is_file() or not path.exists())


def _annotated(path: Path | None, stack: ExitStack, *, force: bool) -> AtomicFile | None:
    """The temporary file of an annotated copy, which is removed at the end unless it was published."""
    if path is None:
        return None
    writer.check_name(path)
    file = AtomicFile(path, force=force)
    stack.callback(file.discard)
    return file


class BatchRunner:
    """Has videos counted, keeps and writes what comes of each at once, and reports it in the order asked for."""

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
    ) -> None:
        """`existing`: the signals and annotated copies of an earlier run, for --resume."""
        self._config, self._model, self._options, self._reporter = config, model, options, reporter
        self._out, self._guard, self._journal, self._executor = out, guard, journal, executor
        self._existing = existing
        self._entries: dict[Task, Entry] = {}
        self._several = False

    def run(self, entries: Sequence[Entry]) -> list[Entry]:
        """Count them; returns those with a result. Raises what would be wrong with all of them."""
        self._several = len(entries) > 1
        self._guard.delayed = True
        for entry in entries:
            if not self._resume(entry):
                entry.counting = self._executor.submit(count_video, self._job(entry))
                self._entries[entry.counting] = entry
        for entry in entries:
            self._follow(entry)
        if self._reporter.interrupted and not any(entry.analysis and entry.analysis.interrupted for entry in entries):
            self._reporter.stopped()
        return [entry for entry in entries if entry.analysis is not None]

    def _job(self, entry: Entry) -> VideoJob:
        return VideoJob(
            entry.video,
            self._config,
            self._model,
            trackers=self._options.jobs or 1,
            signal=entry.signal is not None,
            trace=self._options.drawn,
            track=entry.annotated is not None,
        )

    def _resume(self, entry: Entry) -> bool:
        """Whether it was counted by an earlier run, and all its files are there."""
        if self._journal is None or not self._options.resume:
            return False
        files = {entry.signal, entry.annotated and entry.annotated.final} - {None}
        entry.analysis = self._journal.done(entry.video) if files <= self._existing else None
        return entry.analysis is not None

    def _follow(self, entry: Entry) -> None:
        """Wait for a video and report what has come of it."""
        if entry.counting is None:
            self._without_signal(entry)
            self._reporter.note(f"{entry.video}: done before")
            return
        self._wait(entry.video.name, lambda: [entry.counting] if entry.counting and not entry.counting.done else [])
        if entry.error is not None:
            self._reporter.failure(entry.video, entry.error)
        if entry.analysis is None:
            self._without_signal(entry)
            return
        self._reporter.interrupted |= entry.analysis.interrupted
        self._reporter.analysis(entry.analysis, heading=self._several)
        self._wait(f"{entry.video.name}, pictures", lambda: [task for task in entry.drawing if not task.done])
        for note in entry.notes:
            self._reporter.note(f"note: {note}")
        for error in entry.errors:
            self._reporter.failure(entry.video, error)

    def _wait(self, label: str, pending: Callable[[], list[Task]]) -> None:
        """Wait until nothing is pending any more; meanwhile all videos get on, and Ctrl-C is heard."""
        if not pending():
            return
        with terminal.ProgressBar(sys.stderr, label) as bar:
            while tasks := pending():
                if self._guard.requested():
                    self._reporter.interrupted = True
                    self._executor.stop()
                for task in self._ended():
                    self._take(task, self._entries[task])
                if tasks[0].progress is not None:
                    bar.to(*tasks[0].progress)

    def _ended(self) -> list[Task]:
        """The tasks that have ended. Where no worker is left, all: what has been counted until then is kept."""
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

    def _take(self, task: Task, entry: Entry) -> None:
        """A task has ended."""
        try:
            result = task.result()
        except StoppedError:
            return
        except TaskError as error:
            self._fail(task, entry, VideoError(f"{entry.video}: {error}"))
        except (VideoError, OutputError) as error:
            self._fail(task, entry, error)
        except RepcountError as error:
            if task is entry.counting:
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
            entry.errors.append(error)

    def _counted(self, entry: Entry, result: VideoResult) -> None:
        """Keep what was counted, and have drawn what takes a second pass over the video."""
        analysis = result.analysis
        if analysis.interrupted and not analysis.source.analysed:
            return  # stopped before its first frame: there is nothing of it
        entry.analysis, entry.trace = analysis, result.trace
        if self._journal is not None:
            try:
                self._journal.add(analysis)
            except OutputError as error:
                self._reporter.failure(self._journal.path, error)
        if entry.signal is not None:
            self._out.write(entry.signal, lambda file: file.write(result.signal))
        if entry.annotated is not None:
            name, into = entry.annotated.final, entry.annotated.path
            self._draw(entry, annotate_video, AnnotationJob(entry.video, analysis, result.track, name, into))
        if self._options.report and self._options.pictures and entry.trace is not None and analysis.reps:
            self._draw(entry, take_thumbnails, ThumbnailJob(entry.video, analysis, entry.trace))

    def _draw(self, entry: Entry, function: Callable[..., object], job: AnnotationJob | ThumbnailJob) -> None:
        task = self._executor.submit(function, job, FINISHING_HANG_S)
        entry.drawing.append(task)
        self._entries[task] = entry

    @staticmethod
    def _drawn(entry: Entry, result: list[str] | dict[int, bytes]) -> None:
        if isinstance(result, dict):
            entry.thumbnails = result
            return
        entry.notes += result
        if entry.annotated is not None and entry.annotated.path.stat().st_size:
            try:
                entry.annotated.publish()
                entry.annotated_path = entry.annotated.final
            except OutputError as error:
                entry.errors.append(error)

    def _without_signal(self, entry: Entry) -> None:
        if entry.signal is not None:
            self._out.drop(entry.signal)


class SignalSink:
    """Writes the signal CSV as the samples come. A write error costs that file alone."""

    def __init__(self, out: output_files.OutputSet, path: Path) -> None:
        self._out, self._path = out, path
        out.write(path, self._begin)

    def _begin(self, file: TextIO) -> None:
        self._writer = formats.SignalWriter(file)

    def write(self, update: Update) -> None:
        """Write the row of one update."""
        self._out.write(self._path, lambda _: self._writer.write(update))


def recount(signal: Path, config: Config, options: OutputOptions, reporter: ConsoleReporter) -> None:
    """Count a saved signal again and write what is asked for. Raises RepcountError.

    Ctrl-C ends it between two samples: what was counted until then is shown and written.
    """
    _check_names(options)
    output_files.check_distinct(options.texts, [signal])
    with output_files.OutputSet(options.texts, reporter, force=options.force) as out, InterruptGuard() as guard:

        def should_stop() -> bool:
            guard.delayed = True  # from the first sample on there is something to keep
            return guard.requested()

        trace = AngleTrace() if options.drawn else None
        sinks = [trace] if trace is not None else []
        analysis = pipeline.recount(signal, config, sinks=sinks, should_stop=should_stop)
        entry = Entry(signal, analysis=analysis, trace=trace)
        reporter.interrupted = analysis.interrupted
        reporter.analysis(analysis, heading=False)
        write_reps([analysis], options, out)
        if options.plot is not None:
            out.put(options.plot, draw_plot(PlotJob(options.plot, list(_traces([entry]))), lambda *_: None))
        if options.report is not None:
            out.put(options.report, _report(options.report, [entry], options.made))


def write_reps(
    analyses: Sequence[Analysis], options: OutputOptions, out: output_files.OutputSet, *, array: bool = False
) -> None:
    """Write rep CSV and JSON where they are asked for."""
    if options.csv is not None:
        out.write(options.csv, lambda file: formats.write_reps(file, analyses))
    if options.json is not None:
        out.write(options.json, lambda file: file.write(formats.as_json(analyses, array=array)))


def _write_plot(
    path: Path,
    done: Sequence[Entry],
    out: output_files.OutputSet,
    reporter: ConsoleReporter,
    local: LocalExecutor,
    guard: InterruptGuard,
) -> None:
    """Have the plot drawn by a worker, too: that is native code as well."""
    task = local.submit(draw_plot, PlotJob(path, list(_traces(done))), FINISHING_HANG_S)
    while not task.done:
        if guard.requested():
            reporter.stopped()
            local.stop()
        local.wait()
    try:
        out.put(path, task.result())
    except StoppedError:
        out.drop(path)
    except TaskError as error:
        out.drop(path)
        reporter.failure(path, OutputError(f"{path} is not written: the library that draws it {error.brief}"))


def _report(path: Path, done: Sequence[Entry], made: str) -> bytes:
    """The report of all videos; an annotated copy in the same folder is played in it."""
    from repcount.reports.html import ReportItem, render_report

    counted = [
        ReportItem(entry.analysis, entry.trace, entry.thumbnails, _beside(entry.annotated_path, path))
        for entry in done
        if entry.analysis is not None and entry.trace is not None
    ]
    return render_report(counted, made=made).encode("utf-8", "backslashreplace")


def _traces(done: Iterable[Entry]) -> Iterator[tuple[Analysis, AngleTrace]]:
    for entry in done:
        if entry.analysis is not None and entry.trace is not None:
            yield entry.analysis, entry.trace


def _beside(copy: Path | None, report: Path) -> str:
    return copy.name if copy is not None and copy.resolve().parent == report.resolve().parent else ""


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()


def _each(videos: Sequence[Path], target: Path | None, ending: str, what: str, stack: ExitStack) -> list[Path]:
    """The file of each video, if asked for: the one named, or one by its name in the folder named.

    A folder that is made for them is removed when the `stack` ends if it is still empty.
    """
    if target is None:
        return []
    if len(videos) == 1 and not target.is_dir():
        return [target]
    if target == output_files.STDOUT:
        raise OutputError(f"the {what}s of several videos do not fit into standard output; name a folder")
    try:
        target.mkdir()
        stack.callback(_remove_if_empty, target)
    except OSError as error:
        if not target.is_dir():
            raise OutputError(f"cannot make the folder {target} for the {what}s: {error.strerror}") from error
    first: dict[str, Path] = {}
    for video in videos:
        if video.stem in first:
            both = f"{first[video.stem]} and {video}"
            file = target / f"{video.stem}{ending}"
            raise OutputError(f"{both} would share the {what} file {file}; analyze them apart")
        first[video.stem] = video
    return [target / f"{video.stem}{ending}" for video in videos]
