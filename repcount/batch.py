"""Several videos in one go: each counted and shown, all results written, no bad file stops the others."""

from __future__ import annotations

import sys
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import TextIO

from repcount import outputs, pipeline, table
from repcount.analysis import Analysis
from repcount.config import Config
from repcount.errors import OutputError, RepcountError, VideoError
from repcount.interrupt import Brake
from repcount.sinks import terminal


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which files to write; None for not asked, `-` for standard output."""

    csv: Path | None = None
    json: Path | None = None
    signal: Path | None = None
    """The signal CSV of one video, or the folder for those of several."""


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
        """Tell that one file could not be counted."""
        self.failed.append(path)
        print(f"repcount: {error}", file=self.notes)

    def stopped(self) -> None:
        """Tell that Ctrl-C ended it where there is no result that tells it."""
        self.interrupted = True
        print("repcount: stopped", file=self.notes)


def report(wanted: Wanted, *, explain: bool) -> Report:
    """Results go to standard output, unless the data alone was asked for there."""
    data_only = outputs.STDOUT in (wanted.csv, wanted.json, wanted.signal)
    return Report(sys.stderr if data_only else sys.stdout, sys.stderr, explain)


def analyze(videos: list[Path], config: Config, model: Path | None, wanted: Wanted, told: Report) -> None:
    """Count the videos and write what is wanted. Raises OutputError before anything is counted."""
    signals = _signal_paths(videos, wanted.signal)
    named = [path for path in (wanted.csv, wanted.json, *signals) if path is not None]
    outputs.check_distinct(named, videos)
    with suppress(_NothingCountedError), Brake() as brake, ExitStack() as stack:
        texts = {path: stack.enter_context(outputs.TextOutput(path, sys.stdout)) for path in named}
        done: list[Analysis] = []
        for video, path in zip_longest(videos, signals):
            signal = texts[path] if path else None
            analysis = None if told.interrupted else _one(video, config, model, signal, told, brake)
            if analysis is not None:
                told.analysis(analysis, heading=len(videos) > 1)
                done.append(analysis)
            elif signal:
                signal.wanted = False
        if not done:
            raise _NothingCountedError
        write(done, wanted, texts, array=len(videos) > 1)


class _NothingCountedError(Exception):
    """Unwinds the outputs, so that no file appears that holds nothing."""


def _one(
    video: Path, config: Config, model: Path | None, signal: outputs.TextOutput | None, told: Report, brake: Brake
) -> Analysis | None:
    """The result of one video, or None where there is none. Raises what would be wrong with all of them."""
    sinks = [table.SignalWriter(signal.file)] if signal else []
    try:
        brake.check()
        with terminal.Bar(sys.stderr, video.name) as bar:
            progress = _braked(bar.to, brake)
            analysis = pipeline.analyze(video, config, model=model, sinks=sinks, progress=progress, notify=told.note)
    except VideoError as error:
        told.failure(video, error)
        return None
    except KeyboardInterrupt:
        # Before its first frame: there is nothing of this video, and the ones before are kept.
        told.stopped()
        return None
    told.interrupted = analysis.interrupted
    return analysis


def _braked(show: pipeline.Progress, brake: Brake) -> pipeline.Progress:
    """`show`, which the pipeline calls between two samples: there Ctrl-C may end it."""

    def progress(time_s: float, duration_s: float) -> None:
        brake.delayed = True
        brake.check()
        show(time_s, duration_s)

    return progress


def recount(signal: Path, config: Config, wanted: Wanted, told: Report) -> None:
    """Count a saved signal again and write what is wanted. Raises RepcountError."""
    named = [path for path in (wanted.csv, wanted.json) if path is not None]
    outputs.check_distinct(named, [signal])
    with ExitStack() as stack:
        texts = {path: stack.enter_context(outputs.TextOutput(path, sys.stdout)) for path in named}
        analysis = pipeline.recount(signal, config)
        told.interrupted = analysis.interrupted
        told.analysis(analysis, heading=False)
        write([analysis], wanted, texts)


def write(done: list[Analysis], wanted: Wanted, texts: dict[Path, outputs.TextOutput], *, array: bool = False) -> None:
    """Write the rep CSV and the JSON where they are wanted."""
    if wanted.csv is not None:
        table.write_reps(texts[wanted.csv].file, done)
    if wanted.json is not None:
        texts[wanted.json].file.write(table.as_json(done, array=array))


def _signal_paths(videos: list[Path], signal: Path | None) -> list[Path]:
    """The signal file of each video, if asked for: the one named, or one by its name in the folder named."""
    if signal is None:
        return []
    if len(videos) == 1 and not signal.is_dir():
        return [signal]
    if signal == outputs.STDOUT:
        raise OutputError("the signals of several videos do not fit into standard output; name a folder")
    try:
        signal.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {signal} for the signals: {error.strerror}") from error
    first: dict[str, Path] = {}
    for video in videos:
        if video.stem in first:
            both = f"{first[video.stem]} and {video}"
            raise OutputError(f"{both} would share the signal file {signal / video.stem}.csv; analyze them apart")
        first[video.stem] = video
    return [signal / f"{video.stem}.csv" for video in videos]
