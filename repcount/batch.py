"""Several videos in one go: each counted and shown, all results written, no bad file stops the others."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import TextIO

from repcount import looks, outputs, pipeline, table
from repcount.analysis import Analysis
from repcount.config import Config
from repcount.errors import OutputError, RepcountError, VideoError
from repcount.interrupt import Brake
from repcount.looks import Look
from repcount.records import Update
from repcount.sinks import terminal


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which files to write; None for not asked, `-` for standard output."""

    csv: Path | None = None
    json: Path | None = None
    signal: Path | None = None
    """The signal CSV of one video, or the folder for those of several."""
    annotate: Path | None = None
    """The annotated copy of one video, or the folder for those of several."""
    plot: Path | None = None
    report: Path | None = None
    pictures: bool = True
    """Whether people may be seen in the report."""
    made: str = ""
    """The date, for the foot of the report."""

    @property
    def drawn(self) -> bool:
        """Whether a plot or a report is wanted."""
        return self.plot is not None or self.report is not None

    @property
    def texts(self) -> list[Path]:
        """The files of the whole run."""
        return [path for path in (self.csv, self.json, self.plot, self.report) if path is not None]


@dataclass(slots=True)
class Report:
    """Where people read: results, and what happened on the way."""

    results: TextIO
    notes: TextIO
    explain: bool = False
    failed: list[Path] = field(default_factory=list)
    interrupted: bool = False

    def analysis(self, analysis: Analysis, *, heading: bool) -> None:
        """Show one result."""
        terminal.show(analysis, self.results, heading=heading)
        for warning in analysis.warnings:
            print(f"note: {warning}", file=self.notes)
        if self.explain:
            for refusal in analysis.refusals:
                line = f"  {refusal.start_s:7.2f} to {refusal.end_s:.2f} s: not counted, {refusal.reason}"
                print(line, file=self.results)

    def note(self, text: str) -> None:
        """Tell what is going on."""
        print(text, file=self.notes)

    def failure(self, path: Path, error: RepcountError) -> None:
        """Tell that something could not be done with one file."""
        self.failed.append(path)
        print(f"repcount: {error}", file=self.notes)

    def stopped(self) -> None:
        """Tell that Ctrl-C ended it where there is no result that tells it."""
        self.interrupted = True
        print("repcount: stopped", file=self.notes)


def report(wanted: Wanted, *, explain: bool) -> Report:
    """Results go to standard output, unless the data alone was asked for there."""
    data_only = outputs.STDOUT in (wanted.csv, wanted.json, wanted.signal, wanted.report)
    return Report(sys.stderr if data_only else sys.stdout, sys.stderr, explain)


def analyze(videos: list[Path], config: Config, model: Path | None, wanted: Wanted, told: Report) -> None:
    """Count the videos and write what is wanted. Raises OutputError before anything is counted."""
    signals = _each(videos, wanted.signal, ".csv", "signal")
    films = _each(videos, wanted.annotate, ".mp4", "annotated video")
    looks.check(wanted.plot, wanted.annotate)
    outputs.check_distinct([*wanted.texts, *signals, *films], videos)
    with suppress(_NothingCountedError), ExitStack() as stack:
        out = stack.enter_context(outputs.Outputs([*wanted.texts, *signals], told.failure))
        every = [stack.enter_context(Look(*pair, drawn=wanted.drawn)) for pair in zip_longest(videos, films)]
        brake = stack.enter_context(Brake())
        done: list[Look] = []
        for look, signal in zip_longest(every, signals):
            sinks = [*look.sinks, *([SignalFile(out, signal)] if signal else [])]
            if told.interrupted or not _one(look, config, model, sinks, told, brake):
                if signal:
                    out.drop(signal)
                continue
            told.analysis(look.analysis, heading=len(videos) > 1)
            done.append(look)
            _finish(look, wanted, told, brake)
        if not done:
            raise _NothingCountedError
        write([look.analysis for look in done], wanted, out, array=len(videos) > 1)
        _draw(done, wanted, out)


class _NothingCountedError(Exception):
    """Unwinds the outputs, so that no file appears that holds nothing."""


class SignalFile:
    """A sink whose trouble is that of its file alone."""

    def __init__(self, out: outputs.Outputs, path: Path) -> None:
        self._out, self._path = out, path
        out.write(path, self._begin)

    def _begin(self, file: TextIO) -> None:
        self._writer = table.SignalWriter(file)

    def write(self, update: Update) -> None:
        """Write the row of one update."""
        self._out.write(self._path, lambda _: self._writer.write(update))


def _one(
    look: Look, config: Config, model: Path | None, sinks: Sequence[pipeline.Sink], told: Report, brake: Brake
) -> bool:
    """Count one video; False where there is no result. Raises what would be wrong with all of them."""
    try:
        brake.check()
        with terminal.Bar(sys.stderr, look.video.name) as bar:
            progress = _braked(bar.to, brake)
            look.analysis = pipeline.analyze(
                look.video, config, model=model, sinks=sinks, saw=look.saw, progress=progress, notify=told.note
            )
    except VideoError as error:
        told.failure(look.video, error)
        return False
    except KeyboardInterrupt:
        # Before its first frame: there is nothing of this video, and the ones before are kept.
        told.stopped()
        return False
    told.interrupted = look.analysis.interrupted
    return True


def _finish(look: Look, wanted: Wanted, told: Report, brake: Brake) -> None:
    """What takes a second look at the video: its annotated copy and the pictures of the report."""
    try:
        with terminal.Bar(sys.stderr, f"{look.video.name}, pictures") as bar:
            progress = _braked(bar.to, brake)
            for note in look.film_it(progress):
                told.note(f"note: {note}")
            if wanted.report and wanted.pictures:
                look.take_pictures(progress)
    except (VideoError, OutputError) as error:
        told.failure(look.video, error)
    except KeyboardInterrupt:
        told.stopped()


def _braked(show: pipeline.Progress, brake: Brake) -> pipeline.Progress:
    """`show`, which the pipeline calls between two samples: there Ctrl-C may end it."""

    def progress(time_s: float, duration_s: float) -> None:
        brake.delayed = True
        brake.check()
        show(time_s, duration_s)

    return progress


def recount(signal: Path, config: Config, wanted: Wanted, told: Report) -> None:
    """Count a saved signal again and write what is wanted. Raises RepcountError."""
    looks.check(wanted.plot, None)
    outputs.check_distinct(wanted.texts, [signal])
    with outputs.Outputs(wanted.texts, told.failure) as out:
        look = Look(signal, None, drawn=wanted.drawn)
        look.analysis = pipeline.recount(signal, config, sinks=look.sinks)
        told.interrupted = look.analysis.interrupted
        told.analysis(look.analysis, heading=False)
        write([look.analysis], wanted, out)
        _draw([look], wanted, out)


def write(analyses: Sequence[Analysis], wanted: Wanted, out: outputs.Outputs, *, array: bool = False) -> None:
    """Write rep CSV and JSON where they are wanted."""
    if wanted.csv is not None:
        out.write(wanted.csv, lambda file: table.write_reps(file, analyses))
    if wanted.json is not None:
        out.write(wanted.json, lambda file: file.write(table.as_json(analyses, array=array)))


def _draw(done: Sequence[Look], wanted: Wanted, out: outputs.Outputs) -> None:
    """Write plot and report where they are wanted."""
    if wanted.plot is not None:
        out.put(wanted.plot, looks.plot(wanted.plot, done))
    if wanted.report is not None:
        out.put(wanted.report, looks.report(wanted.report, done, wanted.made))


def _each(videos: Sequence[Path], target: Path | None, ending: str, what: str) -> list[Path]:
    """The file of each video, if asked for: the one named, or one by its name in the folder named."""
    if target is None:
        return []
    if len(videos) == 1 and not target.is_dir():
        return [target]
    if target == outputs.STDOUT:
        raise OutputError(f"the {what}s of several videos do not fit into standard output; name a folder")
    try:
        target.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {target} for the {what}s: {error.strerror}") from error
    first: dict[str, Path] = {}
    for video in videos:
        if video.stem in first:
            both = f"{first[video.stem]} and {video}"
            file = target / f"{video.stem}{ending}"
            raise OutputError(f"{both} would share the {what} file {file}; analyze them apart")
        first[video.stem] = video
    return [target / f"{video.stem}{ending}" for video in videos]
