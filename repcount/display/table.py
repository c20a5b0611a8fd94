"""The result of an analysis in the terminal: a table of the reps, and the counts in a line."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from repcount import language, messages
from repcount.analysis import Analysis
from repcount.coaching import phrases
from repcount.errors import printable
from repcount.language import gettext as _
from repcount.language import ngettext
from repcount.types import Flag, Rep

_PIPE_COLUMNS = 200
"""Width of the table in a file or a pipe, which have none of their own: enough for all remarks on one line."""

_COUNTS_WIDTH = 40
"""Room that the counts of a video take beside its name: "12 full reps, 3 partial, 2 fast in 31.2 s"."""

_GAP = 2
"""Spaces between two columns."""

_LEFT_OUT = ("top\ns", "start\ns", "pause\ns", "hold\ns", "end\ns", "top\n°", "lower\ns", "raise\ns")
"""The columns that are left out on a narrow terminal, the first one first."""


def print_analysis(analysis: Analysis, file: TextIO, *, heading: bool = False) -> None:
    """Print the reps as a table, and the counts below it; with `heading` the path of the source above it."""
    console = _console(file)
    with console.capture() as captured:  # rich would exit the program if the reader of a pipe had gone
        _print(analysis, console, heading=heading)
    file.write(captured.get())


def _print(analysis: Analysis, console: Console, *, heading: bool) -> None:
    if heading:
        console.print(Text(printable(analysis.source.path), style="bold"))
    if analysis.reps:
        console.print(_table(analysis.reps, console.width, sets=analysis.summary.sets > 1))
    hands_off = sum(Flag.HANDS_OFF_HEAD in rep.flags for rep in analysis.reps)
    if hands_off:
        console.print(messages.hands_off_head(hands_off, len(analysis.reps)), style="dim")
    console.print(Text(counts_line(analysis), style="bold"))
    praise = phrases.praise(analysis.reps)
    if praise:
        console.print(praise)


def counts_line(analysis: Analysis) -> str:
    """The result in one line: "7 full reps, 1 partial, 1 fast in 2 sets, in 30.0 s"; a target of one's own is in it."""
    summary = analysis.summary
    text = _("{reps} in {sets} sets, in {seconds} s") if summary.sets > 1 else _("{reps} in {seconds} s")
    reps = _counts(summary.full, summary.partial, summary.fast)
    if analysis.settings.own_target:
        reps += f" ({messages.target(analysis.settings.full_deg)})"
    return text.format(reps=reps, sets=summary.sets, seconds=language.number(analysis.source.duration_s, 1))


def _counts(full: int, partial: int, fast: int) -> str:
    """E.g. "7 full reps, 1 partial, 1 fast"."""
    parts = [ngettext("{n} full rep", "{n} full reps", full).format(n=full)]
    if partial:
        parts.append(ngettext("{n} partial", "{n} partial", partial).format(n=partial))
    if fast:
        parts.append(ngettext("{n} fast", "{n} fast", fast).format(n=fast))
    return ", ".join(parts)


def print_line(analysis: Analysis, file: TextIO, name: str, width: int) -> None:
    """Print the counts of one video of several, and in a word each what limits the trust in them.

    `name` is padded to `width`; where a name and the counts do not fit side by side, the counts go below it.
    """
    console = _console(file)
    remarks = [warning.code.value.replace("_", " ") for warning in analysis.warnings]
    counts = "; ".join([counts_line(analysis), *remarks])
    beside = not file.isatty() or width + _GAP + _COUNTS_WIDTH <= console.width
    with console.capture() as captured:
        name = printable(name)
        text = Text(name.ljust(width) if beside else name, style="bold")
        text.append((" " * _GAP if beside else "\n  ") + counts, style="not bold")
        console.print(text)
    file.write(captured.get())


def print_total(analyses: Sequence[Analysis], videos: int, file: TextIO) -> None:
    """Print the counts of all videos together: "12 videos, 11 counted: 58 full reps, 4 partial, 3 fast"."""
    console = _console(file)
    summaries = [analysis.summary for analysis in analyses]
    full, partial, fast = (sum(getattr(each, name) for each in summaries) for name in ("full", "partial", "fast"))
    heading = ngettext("{n} video", "{n} videos", videos).format(n=videos)
    if len(analyses) != videos:
        heading += ", " + _("{n} counted").format(n=len(analyses))
    with console.capture() as captured:
        console.print(Text(f"{heading}: {_counts(full, partial, fast)}", style="bold"))
    file.write(captured.get())


def _console(file: TextIO) -> Console:
    if file.isatty():
        return Console(file=file, highlight=False)
    return Console(file=file, highlight=False, soft_wrap=True, width=_PIPE_COLUMNS)


def _table(reps: Sequence[Rep], width: int, *, sets: bool) -> Table:
    """As many columns as fit into `width` characters without being cut; the remarks wrap in what is left."""
    remarks = [rep_remarks(rep) for rep in reps]
    longest_word = max(cell_len(word) for remark in remarks for word in remark.split())
    columns = _fit(_columns(reps, sets=sets), width - longest_word)
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in columns:
        table.add_column(_heading(heading), justify="right", no_wrap=True)
    table.add_column("")
    for rep, *cells in zip(reps, *columns.values(), remarks, strict=True):
        table.add_row(*(Text(cell, style="" if rep.full else "yellow") for cell in cells))
    return table


def _columns(reps: Sequence[Rep], *, sets: bool) -> dict[str, list[str]]:
    """The cells of each column, by its heading with the unit below; those of unknown values are empty."""
    return {
        "": [str(rep.number) for rep in reps],
        **({"set": [str(rep.set) for rep in reps]} if sets else {}),
        "start\ns": [_seconds(rep.start_s) for rep in reps],
        "top\ns": [_seconds(rep.top_s) for rep in reps],
        "end\ns": [_seconds(rep.end_s) for rep in reps],
        "raise\ns": [_seconds(rep.raise_s) for rep in reps],
        "hold\ns": [_seconds(rep.hold_s) for rep in reps],
        "lower\ns": [_seconds(rep.lower_s) for rep in reps],
        "pause\ns": [_seconds(rep.pause_s) for rep in reps],
        "top\n°": ["" if isnan(rep.top_flexion_deg) else f"{rep.top_flexion_deg:.0f}" for rep in reps],
    }


def _seconds(value: float | None) -> str:
    return "" if value is None or isnan(value) else language.number(value, 2)


def _heading(heading: str) -> str:
    """A heading in the language in use, with its unit."""
    name, line_break, unit = heading.partition("\n")
    return f"{_(name)}{line_break}{unit}"


def _fit(columns: dict[str, list[str]], room: int) -> dict[str, list[str]]:
    """The columns without as many of `_LEFT_OUT` as it takes to fit them, gaps included, into `room` characters."""
    widths = {
        heading: max(map(cell_len, [*_heading(heading).split("\n"), *cells])) + _GAP
        for heading, cells in columns.items()
    }
    for heading in _LEFT_OUT:
        if sum(widths.values()) <= room:
            break
        del widths[heading]
    return {heading: columns[heading] for heading in widths}


def rep_remarks(rep: Rep) -> str:
    """Full or partial, and what the rep's flags ask for: "partial: higher"."""
    advice = ", ".join(messages.flag_words(rep.flags))
    return ": ".join([messages.verdict(rep.full), *([advice] if advice else [])])
