"""Comparing two files of labels, or labels and results."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from repcount import files as output_files
from repcount.agreement.labels import read_labels
from repcount.agreement.matching import match_labels
from repcount.agreement.statistics import agreement
from repcount.app.console import ConsoleReporter
from repcount.errors import LabelError
from repcount.reports import agreement as report
from repcount.reports.plot import plot_format


@dataclass(frozen=True, slots=True)
class CompareOptions:
    """The files to write, each None if not asked for."""

    csv: Path | None = None
    json: Path | None = None
    plot: Path | None = None
    force: bool = False


def run(one: Path, other: Path, kinds: Mapping[str, str], options: CompareOptions) -> int:
    """Compare and print; returns the exit code. Raises LabelError and OutputError."""
    outputs = [path for path in (options.csv, options.json, options.plot) if path is not None]
    output_files.check_distinct(outputs, [one, other])
    plot = plot_format(options.plot) if options.plot is not None else ""
    data_only = output_files.STDOUT in outputs
    reporter = ConsoleReporter(sys.stderr if data_only else sys.stdout, sys.stderr, has_other_outputs=bool(outputs))
    with output_files.OutputSet(outputs, reporter, force=options.force) as out:
        matches = match_labels(read_labels(one, kinds), read_labels(other, kinds))
        if not matches.videos:
            raise LabelError(
                f"{one} and {other} have no video in common: {matches.only_one[0]} and {matches.only_other[0]}, "
                "for example. Videos are paired by their names"
            )
        figures, names = agreement(matches), (str(one), str(other))
        reporter.print_lines(report.lines(figures, matches, names))
        if options.csv is not None:
            out.write(options.csv, lambda file: report.write_pairs(file, matches))
        if options.json is not None:
            out.write(options.json, lambda file: file.write(report.as_json(figures, matches, names)))
        if options.plot is not None:
            out.write_bytes(options.plot, report.render_plot(figures, names, plot))
    return reporter.exit_code()
