"""Output options and console reporting."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TextIO

from repcount import files as output_files
from repcount import messages
from repcount.analysis import Analysis
from repcount.display.table import print_analysis, print_line, print_total
from repcount.errors import RepcountError, printable
from repcount.types import WHOLE, Span, Subject, WarningCode


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """The files to write, each None if not asked for and `-` for standard output, and how to write them."""

    csv: Path | None = None
    json: Path | None = None
    signal: Path | None = None
    """The signal CSV of one video, or the folder for those of several."""
    annotate: Path | None = None
    """The annotated copy of one video, or the folder for those of several."""
    clips: Path | None = None
    """The CSV with a row per video."""
    rejected: Path | None = None
    """The CSV of the movements that were not counted."""
    landmarks: Path | None = None
    """The landmarks of one video, or the folder for those of several."""
    plot: Path | None = None
    report: Path | None = None
    """The report of all videos, or the folder for a report of each."""
    thumbnails: bool = True
    """Whether the report shows a picture of each rep."""
    person: str = ""
    """Whose videos they are, for the report."""
    recorded: date | None = None
    """The day of the recording, for the report; None for what each video says."""
    blur_faces: bool = False
    """Whether the head of the person is made unrecognisable in pictures and annotated copies."""
    date: date | None = None
    """Today."""
    span: Span = WHOLE
    """The part of each video to count in."""
    subject: Subject | None = None
    """Whom to count where several people lie."""
    details: bool = False
    """Whether several videos are shown with their reps, not with a line each."""
    resume: bool = False
    """Whether videos that have a result already are skipped."""
    cluster: str | None = None
    """Address of a Dask scheduler to count on."""
    jobs: int | None = None
    """How many pose trackers run in parallel, over all videos; None for one per core. On a cluster: for each video, by
    default one."""
    force: bool = False
    """Whether existing files are overwritten."""

    @property
    def iso_date(self) -> str:
        """Today as in 2026-11-26; empty if unknown."""
        return "" if self.date is None else self.date.isoformat()

    @property
    def needs_trace(self) -> bool:
        """Whether there is a plot or a report to draw, which takes the angle over time."""
        return self.plot is not None or self.report is not None

    @property
    def text_files(self) -> list[Path]:
        """The outputs of which there is one for the whole run."""
        named = (self.csv, self.json, self.clips, self.rejected, self.plot, self.report)
        return [path for path in named if path is not None and path != self.report_folder]

    @property
    def report_folder(self) -> Path | None:
        """Where a report of each video goes: what is a folder, or has no ending and so cannot be a page."""
        report = self.report
        if report is None or report == output_files.STDOUT or output_files.is_special(report):
            return None
        return report if report.is_dir() or not report.suffix else None

    @property
    def writes_files(self) -> bool:
        """Whether there is any output other than standard output."""
        files = (*self.text_files, self.signal, self.annotate, self.landmarks, self.report_folder)
        return any(path not in (None, output_files.STDOUT) for path in files)


@dataclass(slots=True)
class ConsoleReporter:
    """Prints results and notes, and keeps what the exit code depends on."""

    results: TextIO
    notes: TextIO
    explain: bool = False
    """Whether to tell how the video was read, and list the movements that were not counted, each with its reason."""
    has_other_outputs: bool = False
    """Whether the run has outputs besides standard output, so that it goes on without."""
    failed: list[Path] = field(default_factory=list)
    interrupted: bool = False
    stdout_error: OSError | None = None
    """Why standard output cannot be written any more (`| head` has exited, or its disk is full)."""

    def show_analysis(self, analysis: Analysis, *, heading: bool) -> None:
        """Print one result."""
        self._print(lambda: print_analysis(analysis, self.results, heading=heading))
        for warning in analysis.warnings:
            self.note(f"note: {messages.warning_sentence(warning)}")
        if self.explain:
            self._print(lambda: self._explanations(analysis))

    def show_line(self, analysis: Analysis, name: str, width: int) -> None:
        """Print one result of several in a line; `width` is that of the longest name."""
        self._print(lambda: print_line(analysis, self.results, name, width))
        for warning in analysis.warnings:
            if warning.code is WarningCode.INTERRUPTED:
                self.note(f"note: {messages.warning_sentence(warning)}")
        if self.explain:
            self._print(lambda: self._explanations(analysis))

    def show_total(self, analyses: Sequence[Analysis], videos: int) -> None:
        """Print the counts of all videos together."""
        self._print(lambda: print_total(analyses, videos, self.results))

    def print_lines(self, lines: Iterable[str]) -> None:
        """Print lines of a result."""
        self._print(lambda: self.results.write("".join(f"{line}\n" for line in lines)))

    def stdout_failed(self, error: OSError) -> None:
        """Go on without standard output; raises `error` if that is the only output."""
        if not self.has_other_outputs:
            raise error
        self.stdout_error = self.stdout_error or error

    def note(self, text: str) -> None:
        """Print a line that is not a result; names in it may hold anything."""
        print(printable(text), file=self.notes)

    def failure(self, path: Path, error: RepcountError) -> None:
        """Report an error that concerns one file."""
        self.failed.append(path)
        self.note(f"repcount: {error}")

    def stopped(self) -> None:
        """Report that Ctrl-C ended the run; for runs without an interrupted result, which would say so."""
        self.interrupted = True
        self.note("repcount: stopped")

    def exit_code(self) -> int:
        """The exit code of the run; raises the error of standard output, if there was one."""
        if self.stdout_error is not None:
            raise self.stdout_error
        return 130 if self.interrupted else int(bool(self.failed))

    def _explanations(self, analysis: Analysis) -> None:
        if analysis.source.reader:
            print(f"  read by {analysis.source.reader}", file=self.results)
        for rejection in analysis.rejections:
            reason = messages.rejection_sentence(rejection.reason)
            span = f"{rejection.start_s:7.2f} to {rejection.end_s:.2f} s"
            print(f"  {span}: not counted, {reason}", file=self.results)

    def _print(self, show: Callable[[], object]) -> None:
        if self.stdout_error is None:
            try:
                show()
                self.results.flush()  # a reader of a pipe sees each result as it comes
            except OSError as error:
                self.stdout_failed(error)


def make_reporter(options: OutputOptions, *, explain: bool) -> ConsoleReporter:
    """A reporter that prints results to standard output, or to standard error if data goes to standard output."""
    data_only = output_files.STDOUT in (*options.text_files, options.signal)
    return ConsoleReporter(sys.stderr if data_only else sys.stdout, sys.stderr, explain, options.writes_files)


@contextmanager
def without_native_log(reporter: ConsoleReporter) -> Iterator[None]:
    """Drop what native libraries write to stderr. What Python and `reporter` write to `sys.stderr` still gets there.

    MediaPipe logs from threads of its own, at times that nobody knows, in the middle of the status line.
    """
    original, saved = sys.stderr, os.dup(2)
    ours = _reopened(original, saved)
    sys.stderr = ours or original
    streams = reporter.results, reporter.notes
    reporter.results, reporter.notes = (sys.stderr if stream is original else stream for stream in streams)
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, 2)
    os.close(devnull)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        sys.stderr = original
        reporter.results, reporter.notes = streams
        if ours is not None:
            with suppress(OSError):  # the terminal is gone
                ours.close()


def _reopened(stream: TextIO | None, descriptor: int) -> TextIO | None:
    """A stream like the process's standard error, on another descriptor; None if `stream` is something else."""
    try:
        if stream is None or stream.fileno() != 2:
            return None
    except (OSError, ValueError):
        return None
    stream.flush()
    return os.fdopen(os.dup(descriptor), "w", buffering=1, encoding=stream.encoding, errors=stream.errors)
