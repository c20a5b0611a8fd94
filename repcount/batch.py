"""Several videos in one go: each counted and shown, all results written, no bad file stops the others."""

from __future__ import annotations

import sys
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from repcount import outputs, pipeline, table
from repcount.analysis import Analysis
from repcount.config import Config
from repcount.errors import OutputError, RepcountError
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

    def failure(self, path: Path, error: RepcountError) -> None:
        """Tell that one file could not be counted."""
        self.failed.append(path)
        print(f"repcount: {error}", file=self.notes)


def report(wanted: Wanted, *, explain: bool) -> Report:
    """Results go to standard output, unless the data alone was asked for there."""
    data_only = outputs.STDOUT in (wanted.csv, wanted.json, wanted.signal)
    return Report(sys.stderr if data_only else sys.stdout, sys.stderr, explain)


def analyze(videos: list[Path], config: Config, model: Path | None, wanted: Wanted, told: Report) -> None:
    """Count the videos and write what is wanted. Raises OutputError before anything is counted."""
    signals = _signal_paths(videos, wanted.signal)
    named = [path for path in (wanted.csv, wanted.json, *signals.values()) if path is not None]
    outputs.check_distinct(named, videos)
    with suppress(_NothingCounted), ExitStack() as stack:
        texts = {path: stack.enter_context(outputs.TextOutput(path, sys.stdout)) for path in named}
        done: list[Analysis] = []
        for video in videos:
            signal = texts[signals[video]].file if video in signals else None
            analysis = _one(video, config, model, signal, told)
            if analysis is not None:
                told.analysis(analysis, heading=len(videos) > 1)
                done.append(analysis)
            if told.interrupted:
                break
        if not done:
            raise _NothingCounted
        _write(done, wanted, texts)


class _NothingCounted(Exception):
    """Unwinds the outputs, so that no file appears that holds nothing."""


def _one(video: Path, config: Config, model: Path | None, signal: TextIO | None, told: Report) -> Analysis | None:
    writer = table.SignalWriter(signal) if signal else None
    try:
        with terminal.Bar(sys.stderr, video.name) as bar:
            analysis = pipeline.analyze(video, config, model=model, sinks=[writer] if writer else [], progress=bar.to)
    except RepcountError as error:
        told.failure(video, error)
        return None
    if writer:
        writer.close()
    told.interrupted = analysis.interrupted
    return analysis


def recount(signal: Path, config: Config, wanted: Wanted, told: Report) -> None:
    """Count a saved signal again and write what is wanted. Raises RepcountError."""
    named = [path for path in (wanted.csv, wanted.json) if path is not None]
    outputs.check_distinct(named, [signal])
    with ExitStack() as stack:
        texts = {path: stack.enter_context(outputs.TextOutput(path, sys.stdout)) for path in named}
        analysis = pipeline.recount(signal, config)
        told.analysis(analysis, heading=False)
        _write([analysis], wanted, texts)


def _write(done: list[Analysis], wanted: Wanted, texts: dict[Path, outputs.TextOutput]) -> None:
    """Write the rep CSV and the JSON where they are wanted."""
    if wanted.csv is not None:
        table.write_reps(texts[wanted.csv].file, done)
    if wanted.json is not None:
        texts[wanted.json].file.write(table.as_json(done))


def _signal_paths(videos: list[Path], signal: Path | None) -> dict[Path, Path]:
    """The signal file of each video: the one named, or one by its name in the folder named."""
    if signal is None:
        return {}
    if len(videos) == 1:
        return {videos[0]: signal}
    if signal == outputs.STDOUT:
        raise OutputError("the signals of several videos do not fit into standard output; name a folder")
    try:
        signal.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {signal} for the signals: {error.strerror}") from error
    return {video: signal / f"{video.stem}.csv" for video in videos}
