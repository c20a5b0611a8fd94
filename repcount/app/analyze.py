"""Counting recorded videos and saved signals: every result is shown and written, and a bad file stops no other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path

from repcount import addresses, pipeline
from repcount import files as output_files
from repcount.app.batch import BatchRunner, Entry, show_result
from repcount.app.cluster import DaskExecutor
from repcount.app.console import ConsoleReporter, OutputOptions
from repcount.app.executor import FINISHING_HANG_S, Executor, StoppedError, TaskError
from repcount.app.inputs import Inputs
from repcount.app.jobs import PlotJob, draw_plot
from repcount.app.journal import ResumeJournal
from repcount.app.keep import VideoKeeper
from repcount.app.outputs import annotated_file, paths_per_video, traces, write_results
from repcount.app.workers import LocalExecutor
from repcount.config import Config
from repcount.errors import OutputError, SettingError, SignalError, VideoError
from repcount.interrupts import InterruptGuard
from repcount.pose import model as pose_model
from repcount.reports.traces import AngleTrace

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
        signals = paths_per_video(inputs, options.signal, ".csv", "signal", stack)
        copies = paths_per_video(inputs, options.annotate, ".mp4", "annotated video", stack)
        landmarks = paths_per_video(inputs, options.landmarks, ".csv", "landmark", stack)
        reports = paths_per_video(inputs, options.report_folder, ".html", "report", stack, folder=True)
        output_files.check_distinct([*options.text_files, *signals, *copies, *landmarks, *reports], videos)
        if journal is not None:
            stack.enter_context(journal)
        existing = {path for path in (*signals, *copies, *landmarks) if path.is_file()}
        text_files = [*options.text_files, *signals, *landmarks, *reports]
        out = stack.enter_context(output_files.OutputSet(text_files, reporter, force=force))
        entries = [
            Entry(video, signal, annotated_file(copy, stack, force=force), landmark, report)
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
        analyses = write_results(
            inputs,
            entries,
            config,
            options,
            out,
            text_files,
            lambda path, counted: _write_plot(path, counted, out, reporter, local, guard),
        )
        if analyses and keeper is not None:
            keeper.keep(analyses)
    if analyses and journal is not None and options.json not in reporter.failed:
        journal.remove()


def recount(signals: Sequence[Path], config: Config, options: OutputOptions, reporter: ConsoleReporter) -> None:
    """Count saved signals again and write the outputs asked for. Raises RepcountError.

    Ctrl-C ends it between two samples; the result up to that point is shown and written. One signal of several that
    cannot be read is reported and stops no other.
    """
    _check_names(options)
    with ExitStack() as stack:
        reports = paths_per_video(Inputs(list(signals)), options.report_folder, ".html", "report", stack, folder=True)
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
            entry.analysis = replace(analysis, date=options.iso_date)
            reporter.interrupted = analysis.interrupted
            show_result(entry, entries, options, reporter)
            if analysis.interrupted:
                break
        analyses = [entry.analysis for entry in entries if entry.analysis]
        if len(entries) > 1 and analyses:
            reporter.show_total(analyses, len(entries))
        write_results(
            Inputs(list(signals)),
            entries,
            config,
            options,
            out,
            text_files,
            lambda path, counted: out.write_bytes(
                path, draw_plot(PlotJob(path, list(traces(counted))), lambda *_: None)
            ),
        )


def _report_inputs(inputs: Inputs, reporter: ConsoleReporter) -> None:
    """Report what was left out of the folders. Raises VideoError if nothing is left to count."""
    for path, error in inputs.errors:
        if not inputs.videos and (path, error) == inputs.errors[-1]:
            raise error
        reporter.failure(path, error)
    if inputs.hidden:
        names = ", ".join(map(str, inputs.hidden))
        reporter.note(f"note: left out, as they are hidden: {names}")


def _refuse_addresses(videos: Iterable[Path]) -> None:
    for name in map(str, videos):
        if addresses.may_be_address(name):
            raise VideoError(f"{addresses.shown(name)} is no file. To count a stream: repcount live --camera ADDRESS")


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


def _write_plot(
    path: Path,
    counted: Sequence[Entry],
    out: output_files.OutputSet,
    reporter: ConsoleReporter,
    local: LocalExecutor,
    guard: InterruptGuard,
) -> None:
    """Have a worker draw the plot, as Matplotlib is native code as well, and write it."""
    task = local.submit(draw_plot, PlotJob(path, list(traces(counted))), FINISHING_HANG_S)
    while not task.done:
        if guard.requested():
            reporter.stopped()
        if reporter.interrupted:
            local.stop()
        local.wait()
    try:
        out.write_bytes(path, task.result())
    except StoppedError:
        out.drop(path)
        reporter.note(f"note: {path} is not drawn, as the run was stopped")
    except TaskError as error:
        out.drop(path)
        reporter.failure(path, OutputError(f"{path} is not written: the library that draws it {error.brief}"))


def sample_video_path() -> Path:
    """The sample video: inside an installed package, or beside the package in a checkout. Raises VideoError."""
    package = Path(__file__).parents[1]
    for folder in (package / "sample_videos", package.parent / "sample_videos"):
        if (folder / SAMPLE_VIDEO).is_file():
            return folder / SAMPLE_VIDEO
    raise VideoError(f"the sample video {SAMPLE_VIDEO} is not installed; install repcount again")
