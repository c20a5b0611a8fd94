"""The hip angle over time as a picture for paper and screen: PNG, SVG or PDF."""

from __future__ import annotations

import io
import textwrap
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from repcount import findings
from repcount.analysis import Analysis
from repcount.chart import Span, Timeline, build_timeline, strips
from repcount.curve import AngleTrace
from repcount.errors import OutputError, printable
from repcount.sinks.plot_strip import LEFT_IN, RIGHT_IN, Strip, legend

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KINDS = ("png", "svg", "pdf")

_STRIP_S = 75.0
"""Seconds in one row. Reps of 4 s are then 1 cm wide on paper, and a set of 15 is one row. A choice."""

_MOST_ROWS = 40
"""Rows in a PNG or SVG, 50 minutes of reps. A longer session gets more seconds in a row instead, so that the
picture stays one that programs open."""

_WIDE_IN = 10.0
_DPI = 150
_MOST_PX = 16_000
"""Graphics cards and picture viewers commonly stop at 16,384 rows; with very many videos the resolution gives way."""

_A4_IN = (8.27, 11.69)
_MARGIN_IN = 0.35
_FOOT_IN = 0.45

_SETTINGS = {
    "font.family": "DejaVu Sans",
    "svg.fonttype": "path",
    "svg.hashsalt": "repcount",
    "pdf.fonttype": 42,
    "hatch.linewidth": 0.6,
    "path.simplify": True,
}
"""Letters as outlines in SVG, so that it looks the same where the font is not; the rest is taste."""


@dataclass(frozen=True, slots=True)
class _Row:
    """Something as wide as the page: how high it is, and what draws it below a place given in inches from the top."""

    height_in: float
    draw: Callable[[Figure, float], None]
    keep: bool = False
    """Not to be parted from the row that follows."""


def kind(path: Path) -> str:
    """`png`, `svg` or `pdf`, by the ending of the name. Raises OutputError for any other."""
    ending = path.suffix.lower().removeprefix(".")
    if ending not in KINDS:
        names = ", ".join(f"{path.stem or 'plot'}.{known}" for known in KINDS)
        raise OutputError(f"--plot {path}: the ending says what to draw; name it one of {names}")
    return ending


def render_plot(kind: str, counted: Sequence[tuple[Analysis, AngleTrace]]) -> bytes:
    """The file of that kind: each video with its sentence and its rows, in the order given."""
    import matplotlib as mpl

    charts = [(analysis, build_timeline(analysis, curve)) for analysis, curve in counted]
    with mpl.rc_context(), warnings.catch_warnings():
        # Whatever style the user has set up for plots of their own, and letters that no font has.
        warnings.filterwarnings("ignore", message="Glyph")
        mpl.rcdefaults()
        mpl.rcParams.update(_SETTINGS)
        return _paged(charts) if kind == "pdf" else _tall(kind, charts)


def _tall(kind: str, charts: Sequence[tuple[Analysis, Timeline]]) -> bytes:
    """One picture as high as it has to be."""
    longest_s = _STRIP_S
    while sum(len(strips(each, longest_s)) for _, each in charts) > max(_MOST_ROWS, len(charts)):
        longest_s *= 2
    rows = list(_rows(charts, longest_s, _WIDE_IN))
    height_in = sum(row.height_in for row in rows) + 2 * _MARGIN_IN + _FOOT_IN
    figure = _page(rows, (_WIDE_IN, height_in))
    file = io.BytesIO()
    metadata = {"Date": None} if kind == "svg" else {}
    figure.savefig(file, format=kind, dpi=min(_DPI, _MOST_PX / height_in), metadata=metadata)
    return file.getvalue()


def _paged(charts: Sequence[tuple[Analysis, Timeline]]) -> bytes:
    """Sheets of A4."""
    from matplotlib.backends.backend_pdf import PdfPages

    file = io.BytesIO()
    sheets = list(_sheets(_rows(charts, _STRIP_S, _A4_IN[0]), _A4_IN[1] - 2 * _MARGIN_IN - _FOOT_IN))
    with PdfPages(file, metadata={"CreationDate": None}) as pdf:
        for number, rows in enumerate(sheets, 1):
            pdf.savefig(_page(rows, _A4_IN, f"{number} of {len(sheets)}" if len(sheets) > 1 else ""))
    return file.getvalue()


def _sheets(rows: Iterator[_Row], room_in: float) -> Iterator[list[_Row]]:
    sheet: list[_Row] = []
    together: list[_Row] = []
    for row in rows:
        together.append(row)
        if row.keep:
            continue
        if sheet and sum(each.height_in for each in [*sheet, *together]) > room_in:
            yield sheet
            sheet = []
        sheet += together
        together = []
    yield sheet


def _page(rows: Sequence[_Row], size_in: tuple[float, float], number: str = "") -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=size_in, facecolor="white")
    top_in = _MARGIN_IN
    for row in rows:
        row.draw(figure, top_in)
        top_in += row.height_in
    legend(figure, size_in[1] - _MARGIN_IN)
    figure.text(1 - RIGHT_IN / size_in[0], _MARGIN_IN / size_in[1], number, ha="right", va="bottom", size=8)
    return figure


def _rows(charts: Sequence[tuple[Analysis, Timeline]], longest_s: float, wide_in: float) -> Iterator[_Row]:
    """Heading and strips of every video; all strips of one video have one scale."""
    for analysis, each in charts:
        yield _heading(analysis, wide_in)
        spans = strips(each, longest_s)
        scale_s = max(end_s - start_s for start_s, end_s in spans)
        for span in spans:
            yield _strip(each, span, scale_s)


def _strip(chart: Timeline, span: Span, scale_s: float) -> _Row:
    strip = Strip(chart, span, scale_s)
    return _Row(strip.height_in, strip.draw)


def _heading(analysis: Analysis, wide_in: float) -> _Row:
    letters = int((wide_in - LEFT_IN - RIGHT_IN) * 13)
    sentence = textwrap.wrap(findings.summary_sentence(analysis), letters)
    name = textwrap.shorten(printable(Path(analysis.source.path).name), int(letters * 0.7), placeholder="…")
    height_in = 0.36 + 0.18 * len(sentence)
    return _Row(height_in, partial(_draw_heading, name, "\n".join(sentence)), keep=True)


def _draw_heading(name: str, sentence: str, figure: Figure, top_in: float) -> None:
    wide_in, high_in = figure.get_size_inches()
    x, y = LEFT_IN / wide_in, 1 - top_in / high_in
    figure.text(x, y, name, size=12, weight="bold", va="top", parse_math=False)
    figure.text(x, y - 0.26 / high_in, sentence, size=9, va="top", linespacing=1.3, parse_math=False)
