"""What is wanted of a run, and where people read what came of it."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from repcount import outputs
from repcount.analysis import Analysis
from repcount.errors import RepcountError
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
    resume: bool = False
    """Whether videos whose results are there already are passed over."""
    cluster: str | None = None
    """Address of the Dask scheduler that is to do the work."""
    jobs: int | None = None
    """How many pieces of video are measured at a time; None for as many as there are cores."""

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


def results(wanted: Wanted, *, explain: bool) -> Report:
    """Results go to standard output, unless the data alone was asked for there."""
    data_only = outputs.STDOUT in (wanted.csv, wanted.json, wanted.signal, wanted.report)
    return Report(sys.stderr if data_only else sys.stdout, sys.stderr, explain)
