"""Output options and console reporting."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from repcount import files as output_files
from repcount import messages
from repcount.analysis import Analysis
from repcount.display import terminal
from repcount.errors import RepcountError


@dataclass(frozen=True, slots=True)
class OutputOptions:
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
    """How many trackers measure at a time, in all; None for as many as there are cores. On a cluster: for each video,
    by default one."""
    force: bool = False
    """Whether files that are there already are overwritten."""

    @property
    def drawn(self) -> bool:
        """Whether a plot or a report is wanted."""
        return self.plot is not None or self.report is not None

    @property
    def texts(self) -> list[Path]:
        """The files of the whole run."""
        return [path for path in (self.csv, self.json, self.plot, self.report) if path is not None]

    @property
    def files(self) -> bool:
        """Whether anything is wanted that does not go to standard output."""
        return any(path not in (None, output_files.STDOUT) for path in (*self.texts, self.signal, self.annotate))


@dataclass(slots=True)
class ConsoleReporter:
    """Where people read: results, and what happened on the way."""

    results: TextIO
    notes: TextIO
    explain: bool = False
    go_on: bool = False
    """Whether there is more to do than to fill standard output."""
    failed: list[Path] = field(default_factory=list)
    interrupted: bool = False
    lost: OSError | None = None
    """Why standard output takes nothing more (`| head` has gone, or the disk behind it is full)."""

    def analysis(self, analysis: Analysis, *, heading: bool) -> None:
        """Show one result."""
        self._result(lambda: terminal.print_analysis(analysis, self.results, heading=heading))
        for warning in analysis.warnings:
            self.note(f"note: {messages.warning_sentence(warning)}")
        if self.explain:
            self._result(lambda: self._rejections(analysis))

    def _rejections(self, analysis: Analysis) -> None:
        for rejection in analysis.rejections:
            reason = messages.REJECTION_SENTENCES[rejection.reason]
            span = f"{rejection.start_s:7.2f} to {rejection.end_s:.2f} s"
            print(f"  {span}: not counted, {reason}", file=self.results)

    def _result(self, show: Callable[[], None]) -> None:
        if self.lost is None:
            try:
                show()
            except OSError as error:
                self.lose(error)

    def lose(self, error: OSError) -> None:
        """Do without standard output; raises the error where there is nothing else to do."""
        if not self.go_on:
            raise error
        self.lost = self.lost or error

    def note(self, text: str) -> None:
        """Tell what is going on."""
        print(text, file=self.notes)

    def failure(self, path: Path, error: RepcountError) -> None:
        """Tell that something could not be done with one file."""
        self.failed.append(path)
        self.note(f"repcount: {error}")

    def stopped(self) -> None:
        """Tell that Ctrl-C ended it where there is no result that tells it."""
        self.interrupted = True
        self.note("repcount: stopped")

    def exit_code(self) -> int:
        """Whether all went well, once it is over. Raises what became of standard output."""
        if self.lost is not None:
            raise self.lost
        return 130 if self.interrupted else int(bool(self.failed))


def results(wanted: OutputOptions, *, explain: bool) -> ConsoleReporter:
    """Results go to standard output, unless the data alone was asked for there."""
    data_only = output_files.STDOUT in (wanted.csv, wanted.json, wanted.signal, wanted.report)
    return ConsoleReporter(sys.stderr if data_only else sys.stdout, sys.stderr, explain, wanted.files)
