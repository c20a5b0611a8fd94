"""The elevation of the legs over time as an image for paper and screen: PNG, SVG or PDF.

A strip is one row of the plot of a video. Lengths are in inches, as Matplotlib has them.
"""

from __future__ import annotations

import io
import logging
import os
import textwrap
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from repcount import language
from repcount.analysis import Analysis
from repcount.errors import OutputError, printable
from repcount.reports import findings
from repcount.reports.timeline import LaneKind, Span, Timeline, build_timeline, clock, strips, ticks
from repcount.reports.traces import AngleTrace
from repcount.types import Rep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = ("png", "svg", "pdf")

_STRIP_S = 75.0
"""Seconds in one strip. Heuristic: reps of 4 s are then 1 cm wide on paper, and a set of 15 is one strip."""

_MAX_STRIPS = 40
"""Strips in a PNG or SVG, 50 minutes of reps. In a longer session each strip covers more seconds instead, so that
programs still open the image."""

_WIDTH_IN = 10.0
_DPI = 150
_MAX_HEIGHT_PX = 16_000
"""Graphics cards and image viewers commonly stop at 16,384 rows; with very many videos the resolution is reduced."""

_A4_IN = (8.27, 11.69)
_MARGIN_IN = 0.35
_FOOT_IN = 0.45

_RC_PARAMS = {
    "font.family": "DejaVu Sans",
    "svg.fonttype": "path",
    "svg.hashsalt": "repcount",
    "pdf.fonttype": 42,
    "hatch.linewidth": 0.6,
    "path.simplify": True,
}
"""Text in SVG as outlines, so that it looks the same without the font; the fixed salt makes output reproducible."""

_LEFT_IN, _RIGHT_IN = 1.3, 0.75
"""Room for the names of the lanes and for the second scale."""
_CURVE_IN = 1.75
_LANE_IN = 0.17
_SETS_IN = 0.3
_NO_SETS_IN = 0.06
_TIMES_IN = 0.42
_WIDE_LEGEND_IN = 9.5
"""On narrower pages the legend takes two lines."""
_NUMBERS_DEG = 18.0
"""Room above the curve for the numbers of the reps."""
_MIN_NUMBER_IN = 0.16
"""Least width of a rep that has room for its number."""
_MIN_TICK_IN = 0.6
"""Least distance of two times on the axis."""

_INK, _GREY = "#1a1a1a", "#595959"
FULL, PARTIAL = "#0072B2", "#E69F00"
"""Blue and orange of the Okabe–Ito palette, which every kind of colour blindness tells apart; partial reps are also
hatched, for paper without colour."""
_FULL_TEXT, _PARTIAL_TEXT = "#00507d", "#7a5200"
_UPRIGHT_DASHES, _BACK_DASHES = (0, (5, 2.5)), (0, (1, 1.5))


def plot_format(path: Path) -> str:
    """`png`, `svg` or `pdf`, by the ending of the name. Raises OutputError for any other."""
    ending = path.suffix.lower().removeprefix(".")
    if ending not in FORMATS:
        names = ", ".join(f"{path.stem or 'plot'}.{known}" for known in FORMATS)
        raise OutputError(f"--plot {path}: the ending says what to draw; name it one of {names}")
    return ending


@contextmanager
def quiet_matplotlib() -> Iterator[Any]:
    """Matplotlib, without its log lines about a home folder in which it can keep no cache.

    Nor does `$MPLBACKEND` count: one that it does not know would fail the import, and here none is used.
    """
    logger = logging.getLogger("matplotlib")
    level = logger.level
    logger.setLevel(logging.ERROR)
    backend = os.environ.pop("MPLBACKEND", None)
    try:
        import matplotlib as mpl

        yield mpl
    finally:
        logger.setLevel(level)
        if backend is not None:
            os.environ["MPLBACKEND"] = backend


def render_plot(file_format: str, videos: Sequence[tuple[Analysis, AngleTrace]]) -> bytes:
    """The content of a plot file in one of `FORMATS`: heading and strips of each video, in the order given."""
    # In English: the font that comes with Matplotlib has no letters of half of our languages.
    with quiet_matplotlib() as mpl, language.using(language.ENGLISH), mpl.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # a file name with characters that the font lacks
        timelines = [(analysis, build_timeline(analysis, trace)) for analysis, trace in videos]
        mpl.rcdefaults()  # the user's own style for plots must not change ours
        mpl.rcParams.update(_RC_PARAMS)
        return _pdf(timelines) if file_format == "pdf" else _single_image(file_format, timelines)


def _single_image(file_format: str, timelines: Sequence[tuple[Analysis, Timeline]]) -> bytes:
    """One image, as high as its rows need."""
    longest_s = _STRIP_S
    while sum(len(strips(timeline, longest_s)) for _, timeline in timelines) > max(_MAX_STRIPS, len(timelines)):
        longest_s *= 2
    rows = list(_rows(timelines, longest_s, _WIDTH_IN))
    height_in = sum(row.height_in for row in rows) + 2 * _MARGIN_IN + _FOOT_IN
    figure = _page(rows, (_WIDTH_IN, height_in))
    file = io.BytesIO()
    metadata = {"Date": None} if file_format == "svg" else {}
    figure.savefig(file, format=file_format, dpi=min(_DPI, _MAX_HEIGHT_PX / height_in), metadata=metadata)
    return file.getvalue()


def _pdf(timelines: Sequence[tuple[Analysis, Timeline]]) -> bytes:
    """Pages of A4."""
    from matplotlib.backends.backend_pdf import PdfPages

    file = io.BytesIO()
    pages = list(_paginate(_rows(timelines, _STRIP_S, _A4_IN[0]), _A4_IN[1] - 2 * _MARGIN_IN - _FOOT_IN))
    with PdfPages(file, metadata={"CreationDate": None}) as pdf:
        for number, rows in enumerate(pages, 1):
            pdf.savefig(_page(rows, _A4_IN, f"{number} of {len(pages)}" if len(pages) > 1 else ""))
    return file.getvalue()


def _paginate(rows: Iterator[_Row], height_in: float) -> Iterator[list[_Row]]:
    """The rows of each page of a height."""
    page: list[_Row] = []
    block: list[_Row] = []
    for row in rows:
        block.append(row)
        if row.keep_with_next:
            continue
        if page and sum(each.height_in for each in [*page, *block]) > height_in:
            yield page
            page = []
        page += block
        block = []
    yield page


def _page(rows: Sequence[_Row], size_in: tuple[float, float], number: str = "") -> Figure:
    """A figure of that size with the rows below each other, the legend and the page number."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=size_in, facecolor="white")
    top_in = _MARGIN_IN
    for row in rows:
        row.draw(figure, top_in)
        top_in += row.height_in
    _draw_legend(figure, size_in[1] - _MARGIN_IN)
    figure.text(1 - _RIGHT_IN / size_in[0], _MARGIN_IN / size_in[1], number, ha="right", va="bottom", size=8)
    return figure


def _rows(timelines: Sequence[tuple[Analysis, Timeline]], longest_s: float, width_in: float) -> Iterator[_Row]:
    """Heading and strips of every video; the strips of one video have the same time scale."""
    for analysis, timeline in timelines:
        yield _heading(analysis, width_in)
        spans = strips(timeline, longest_s)
        width_s = max(end_s - start_s for start_s, end_s in spans)
        for span in spans:
            strip = Strip(timeline, span, width_s)
            yield _Row(strip.height_in, strip.draw)


def _heading(analysis: Analysis, width_in: float) -> _Row:
    characters = int((width_in - _LEFT_IN - _RIGHT_IN) * 13)
    sentence = textwrap.wrap(findings.summary_sentence(analysis), characters)
    name = textwrap.shorten(printable(Path(analysis.source.path).name), int(characters * 0.7), placeholder="…")
    height_in = 0.36 + 0.18 * len(sentence)
    return _Row(height_in, partial(_draw_heading, name, "\n".join(sentence)), keep_with_next=True)


def _draw_heading(name: str, sentence: str, figure: Figure, top_in: float) -> None:
    wide_in, high_in = figure.get_size_inches()
    x, y = _LEFT_IN / wide_in, 1 - top_in / high_in
    figure.text(x, y, name, size=12, weight="bold", va="top", parse_math=False)
    figure.text(x, y - 0.26 / high_in, sentence, size=9, va="top", linespacing=1.3, parse_math=False)


@dataclass(frozen=True, slots=True)
class _Row:
    """A part of the page as wide as the page."""

    height_in: float
    draw: Callable[[Figure, float], None]
    """Draws it into a figure, at a distance in inches from the upper edge."""
    keep_with_next: bool = False
    """Whether it must be on the same page as the next row."""


@dataclass(frozen=True, slots=True)
class Strip:
    """One row of the plot of a video."""

    timeline: Timeline
    span: Span
    width_s: float
    """The seconds that would fill the width of the page."""

    @property
    def height_in(self) -> float:
        """Its height."""
        return self._above_in + _CURVE_IN + _LANE_IN * len(self.timeline.lanes) + _TIMES_IN

    @property
    def _above_in(self) -> float:
        return _SETS_IN if len(self.timeline.sets) > 1 else _NO_SETS_IN

    def draw(self, figure: Figure, top_in: float) -> None:
        """Draw it into a figure, `top_in` below the upper edge."""
        full_in = figure.get_size_inches()[0] - _LEFT_IN - _RIGHT_IN
        wide_in = full_in * (self.span[1] - self.span[0]) / self.width_s
        curve = _axes(figure, (top_in + self._above_in, wide_in, _CURVE_IN))
        curve.set(xlim=self.span, ylim=(self.timeline.low_deg, self.timeline.high_deg + _NUMBERS_DEG))
        self._draw_reps(curve, _MIN_NUMBER_IN * self.width_s / full_in)
        self._draw_curve(curve)
        self._draw_sets(curve)
        _add_scales(curve)
        high_in = _LANE_IN * max(len(self.timeline.lanes), 0.01)
        lanes = _axes(figure, (top_in + self._above_in + _CURVE_IN, wide_in, high_in))
        self._draw_lanes(lanes)
        most_ticks = max(int(wide_in / _MIN_TICK_IN), 2)
        times = ticks(self.span, most_ticks, minutes=self.timeline.duration_s >= 90)
        lanes.set_xticks([time_s for time_s, _ in times], [text for _, text in times])

    def _draw_reps(self, axes: Axes, min_number_s: float) -> None:
        for span in self.timeline.rejected:
            axes.axvspan(*span, facecolor="#ececec", lw=0)
        for each in self.timeline.reps:
            if self._contains((each.rep.start_s, each.rep.end_s)):
                _draw_rep(axes, each.rep, numbered=each.rep.end_s - each.rep.start_s >= min_number_s)

    def _contains(self, span: Span) -> bool:
        """Whether a part of `span` is in this strip."""
        return span[1] >= self.span[0] and span[0] <= self.span[1]

    def _draw_curve(self, axes: Axes) -> None:
        for each in self.timeline.reps:
            start_s, end_s = max(each.level_span[0], self.span[0]), min(each.level_span[1], self.span[1])
            if start_s < end_s:
                axes.plot([start_s, end_s], [each.upright_deg] * 2, color=_GREY, lw=1.1, ls=_UPRIGHT_DASHES)
                axes.plot([start_s, end_s], [each.back_deg] * 2, color=_GREY, lw=1.1, ls=_BACK_DASHES)
        for line in self.timeline.trace.lines(*self.span):
            axes.plot(*zip(*line, strict=True), color=_INK, lw=1.4, solid_joinstyle="round")
        inside = [each.rep for each in self.timeline.reps if self.span[0] <= each.rep.top_s <= self.span[1]]
        for full, marker, colour in ((True, "o", FULL), (False, "D", PARTIAL)):
            tops = [(rep.top_s, rep.top_flexion_deg) for rep in inside if rep.full is full]
            if tops:
                axes.plot(*zip(*tops, strict=True), marker, ms=5, mfc=colour, mec=_INK, mew=0.7, clip_on=False)

    def _draw_sets(self, axes: Axes) -> None:
        sets = self.timeline.sets if len(self.timeline.sets) > 1 else ()
        above: dict[str, Any] = {"transform": axes.get_xaxis_transform(), "clip_on": False}
        for each in sets:
            start_s, end_s = max(each.start_s, self.span[0]), min(each.end_s, self.span[1])
            if start_s >= end_s:
                continue
            axes.plot([start_s, end_s], [1.045] * 2, color=_INK, lw=1.6, solid_capstyle="butt", **above)
            axes.text(start_s, 1.07, each.label, size=8.5, va="bottom", **above)
            if each.pause_s is not None and each.end_s <= self.span[1]:
                next_s, text = each.end_s + each.pause_s, f"pause {clock(each.pause_s)}"
                # In the middle of the pause, or at the end of the strip if the next set is in another one.
                at_s, side = ((each.end_s + next_s) / 2, "center") if next_s < self.span[1] else (self.span[1], "left")
                axes.text(at_s, 1.07, text, size=8.5, va="bottom", ha=side, color=_GREY, style="italic", **above)

    def _draw_lanes(self, axes: Axes) -> None:
        count = len(self.timeline.lanes)
        axes.set(xlim=self.span, ylim=(max(count, 0.01), 0), facecolor="#f7f7f7")
        axes.set_yticks([i + 0.5 for i in range(count)], [lane.name for lane in self.timeline.lanes])
        axes.tick_params(axis="y", length=0, labelsize=8)
        for i, lane in enumerate(self.timeline.lanes):
            if i:
                axes.axhline(i, color="white", lw=1)
            bars = [(start_s, max(end_s - start_s, 0.3)) for start_s, end_s in filter(self._contains, lane.spans)]
            axes.broken_barh(bars, (i + 0.24, 0.52), **_LANE_STYLES[lane.kind])


_LANE_STYLES: dict[LaneKind, dict[str, Any]] = {
    LaneKind.FAULT: {"facecolor": "#404040", "edgecolor": "white", "lw": 0.8},
    LaneKind.NOTE: {"facecolor": "white", "edgecolor": "#404040", "lw": 0.8},
    LaneKind.NO_REP: {"facecolor": "white", "edgecolor": _GREY, "hatch": "xxxx", "lw": 0.5},
}
"""Solid for faults, outlined for notes, cross-hatched for times without a rep."""


def _axes(figure: Figure, place_in: tuple[float, float, float]) -> Axes:
    """New axes at (distance from the top, width, height)."""
    top_in, width_in, height_in = place_in
    wide_in, high_in = figure.get_size_inches()
    bottom_in = high_in - top_in - height_in
    axes = figure.add_axes(
        (_LEFT_IN / wide_in, bottom_in / high_in, width_in / wide_in, height_in / high_in),
    )
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(_GREY)
    axes.tick_params(color=_GREY, labelsize=8.5)
    return axes


def _add_scales(axes: Axes) -> None:
    """Elevation in degrees, as in the tables."""
    levels = [0, 30, 60, 90]
    axes.set_yticks(levels, [f"{deg}°" for deg in levels])
    axes.set_ylabel("leg elevation", size=8.5, labelpad=4)
    axes.tick_params(bottom=False, labelbottom=False)


def _draw_rep(axes: Axes, rep: Rep, *, numbered: bool) -> None:
    colour, text = (FULL, _FULL_TEXT) if rep.full else (PARTIAL, _PARTIAL_TEXT)
    if isnan(rep.top_flexion_deg):
        axes.axvline(rep.start_s, color=colour, lw=2)
    axes.axvspan(rep.start_s, rep.end_s, facecolor=colour, alpha=0.2, lw=0)
    for edge_s in (rep.start_s, rep.end_s):
        axes.axvline(edge_s, color=colour, lw=0.6, alpha=0.6)
    if not rep.full:
        axes.axvspan(rep.start_s, rep.end_s, facecolor="none", edgecolor=colour, hatch="////", lw=0, alpha=0.8)
    if numbered:
        box = {"boxstyle": "round,pad=0.12", "fc": "white", "ec": "none", "alpha": 0.85} if not rep.full else None
        axes.text(
            (rep.start_s + rep.end_s) / 2, 0.97, str(rep.number), size=9, weight="bold", color=text, ha="center",
            va="top", transform=axes.get_xaxis_transform(), clip_on=True, bbox=box,
        )  # fmt: skip


def _draw_legend(figure: Figure, bottom_in: float) -> None:
    """Draw the legend with its lower edge `bottom_in` below the upper edge of the figure."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    wide_in, high_in = figure.get_size_inches()
    handles = [
        Patch(facecolor=FULL, alpha=0.3, label="full rep"),
        Patch(facecolor="#faedcc", edgecolor=PARTIAL, hatch="////", label="partial rep"),
        Line2D([], [], color=_INK, lw=1.4, label="leg elevation (0° lying flat, 90° upright)"),
        Line2D([], [], color=_GREY, lw=1.1, ls=_UPRIGHT_DASHES, label="full from here"),
        Line2D([], [], color=_GREY, lw=1.1, ls=_BACK_DASHES, label="back down from here"),
    ]
    columns = 5 if wide_in > _WIDE_LEGEND_IN else 3
    place = {"bbox_to_anchor": (_LEFT_IN / wide_in, 1 - bottom_in / high_in), "bbox_transform": figure.transFigure}
    look = {"fontsize": 8, "frameon": False, "borderaxespad": 0, "handlelength": 2, "columnspacing": 1.4}
    figure.legend(handles=handles, loc="lower left", ncols=columns, **place, **look)
