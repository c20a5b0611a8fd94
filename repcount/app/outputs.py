"""The output files of analyses: which file each video gets, and what is written about all of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from repcount import files as output_files
from repcount import formats
from repcount.analysis import Analysis
from repcount.app.batch import Entry
from repcount.app.console import OutputOptions
from repcount.app.inputs import Inputs
from repcount.config import Config
from repcount.errors import OutputError, RepcountError
from repcount.files import AtomicFile
from repcount.reports.traces import AngleTrace
from repcount.video import writer


def paths_per_video(
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


def annotated_file(path: Path | None, stack: ExitStack, *, force: bool) -> AtomicFile | None:
    """The temporary file of an annotated copy, removed at the end unless it was published."""
    if path is None:
        return None
    writer.check_name(path)
    file = AtomicFile(path, force=force)
    stack.callback(file.discard)
    return file


def write_results(
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


def _clips(
    inputs: Inputs, entries: Sequence[Entry], config: Config, options: OutputOptions
) -> Iterator[Analysis | formats.UncountedClip]:
    """The rows of `--clips`: every file that was named or found, and the folders that could not be read."""

    def uncounted(path: Path, error: RepcountError | None) -> formats.UncountedClip:
        return formats.UncountedClip(str(path), str(error or ""), config, options.iso_date)

    for entry in entries:
        yield entry.analysis or uncounted(entry.video, entry.error)
    for path, error in inputs.errors:
        yield uncounted(path, error)


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
    page = render_report(items, person=options.person, uncounted=uncounted, made=options.iso_date)
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


def traces(entries: Iterable[Entry]) -> Iterator[tuple[Analysis, AngleTrace]]:
    """The results that have a curve, with it."""
    for entry in entries:
        if entry.analysis is not None and entry.trace is not None:
            yield entry.analysis, entry.trace
