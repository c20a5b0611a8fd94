"""The hip angle over time as a picture for paper and screen: PNG, SVG or PDF."""

from __future__ import annotations

import io
import textwrap
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from repcount.analysis import Analysis
from repcount.errors import OutputError, printable
from repcount.reports import findings
from repcount.reports.timeline import (
    Lane,
    LaneKind,
    RepSpan,
    Span,
    Timeline,
    build_timeline,
    clock,
    strips,
    ticks,
)
from repcount.reports.traces import AngleTrace

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEFT_IN, RIGHT_IN = 1.3, 0.75
"""Room for the names of the lanes and for the second scale."""

_CURVE_IN = 1.75
_LANE_IN = 0.17
_SETS_IN = 0.3
_ABOVE_IN = 0.06
_TIMES_IN = 0.42

_INK, _GREY, _PALE = "#1a1a1a", "#595959", "#d9d9d9"
FULL, PARTIAL = "#0072B2", "#E69F00"
"""Blue and orange of Okabe and Ito's palette, apart for every kind of colour blindness; the hatching of partial
reps tells them apart on paper without colour, too."""
_FULL_TEXT, _PARTIAL_TEXT = "#00507d", "#7a5200"

_LEGEND_IN = 9.5
"""On narrower pages the legend takes two lines."""
_NUMBERS_DEG = 18.0
"""Room above the curve for the numbers of the reps."""
_NUMBER_IN = 0.16
"""Least width of a band that has room for its number."""
_SECONDS_A_LABEL_IN = 0.6


@dataclass(frozen=True, slots=True)
class Strip:
    """One row: `scale_s` seconds would fill the width."""

    chart: Timeline
    span: Span
    scale_s: float

    @property
    def height_in(self) -> float:
        """How much of the page it takes."""
        return self._above_in + _CURVE_IN + _LANE_IN * len(self.chart.lanes) + _TIMES_IN

    @property
    def _above_in(self) -> float:
        return _SETS_IN if len(self.chart.groups) > 1 else _ABOVE_IN

    def draw(self, figure: Figure, top_in: float) -> None:
        """Draw it `top_in` below the upper edge."""
        full_in = figure.get_size_inches()[0] - LEFT_IN - RIGHT_IN
        wide_in = full_in * (self.span[1] - self.span[0]) / self.scale_s
        curve = _axes(figure, (top_in + self._above_in, wide_in, _CURVE_IN))
        curve.set(xlim=self.span, ylim=(self.chart.low_deg, self.chart.high_deg + _NUMBERS_DEG))
        self._bands(curve, self.scale_s / full_in)
        self._curve(curve)
        self._sets(curve)
        _scales(curve)
        high_in = _LANE_IN * max(len(self.chart.lanes), 0.01)
        lanes = _axes(figure, (top_in + self._above_in + _CURVE_IN, wide_in, high_in))
        self._lanes(lanes)
        most = max(int(wide_in / _SECONDS_A_LABEL_IN), 2)
        places = ticks(self.span, most, minutes=self.chart.duration_s >= 90)
        lanes.set_xticks([time_s for time_s, _ in places], [text for _, text in places])

    def _bands(self, axes: Axes, inch_s: float) -> None:
        for span in self.chart.refused:
            axes.axvspan(*span, facecolor="#ececec", lw=0)
        for band in self.chart.bands:
            if band.rep.end_s >= self.span[0] and band.rep.start_s <= self.span[1]:
                _draw_band(axes, band, number=band.rep.end_s - band.rep.start_s >= _NUMBER_IN * inch_s)

    def _curve(self, axes: Axes) -> None:
        for band in self.chart.bands:
            start_s, end_s = max(band.span[0], self.span[0]), min(band.span[1], self.span[1])
            if start_s < end_s:
                axes.plot([start_s, end_s], [band.upright_deg] * 2, color=_GREY, lw=1.1, ls=(0, (5, 2.5)))
                axes.plot([start_s, end_s], [band.down_deg] * 2, color=_GREY, lw=1.1, ls=(0, (1, 1.5)))
        for line in self.chart.curve.lines(*self.span):
            axes.plot(*zip(*line, strict=True), color=_INK, lw=1.4, solid_joinstyle="round")
        inside = [band.rep for band in self.chart.bands if self.span[0] <= band.rep.top_s <= self.span[1]]
        for full, marker, colour in ((True, "o", FULL), (False, "D", PARTIAL)):
            tops = [(rep.top_s, rep.top_flexion_deg) for rep in inside if rep.full is full]
            if tops:
                axes.plot(*zip(*tops, strict=True), marker, ms=5, mfc=colour, mec=_INK, mew=0.7, clip_on=False)

    def _sets(self, axes: Axes) -> None:
        groups = self.chart.groups if len(self.chart.groups) > 1 else ()
        above: dict[str, Any] = {"transform": axes.get_xaxis_transform(), "clip_on": False}
        for group in groups:
            start_s, end_s = max(group.start_s, self.span[0]), min(group.end_s, self.span[1])
            if start_s >= end_s:
                continue
            partial = f", {group.partial} partial" if group.partial else ""
            axes.plot([start_s, end_s], [1.045] * 2, color=_INK, lw=1.6, solid_capstyle="butt", **above)
            axes.text(start_s, 1.07, f"set {group.number}: {group.full} full{partial}", size=8.5, va="bottom", **above)
            if group.pause_s is not None and group.end_s <= self.span[1]:
                next_s, text = group.end_s + group.pause_s, f"pause {clock(group.pause_s)}"
                # In the middle of the pause, or behind the row where the next set is in another one.
                at_s, side = ((group.end_s + next_s) / 2, "center") if next_s < self.span[1] else (self.span[1], "left")
                axes.text(at_s, 1.07, text, size=8.5, va="bottom", ha=side, color=_GREY, style="italic", **above)

    def _lanes(self, axes: Axes) -> None:
        count = len(self.chart.lanes)
        axes.set(xlim=self.span, ylim=(max(count, 0.01), 0), facecolor="#f7f7f7")
        axes.set_yticks([i + 0.5 for i in range(count)], [lane.name for lane in self.chart.lanes])
        axes.tick_params(axis="y", length=0, labelsize=8)
        for i, lane in enumerate(self.chart.lanes):
            if i:
                axes.axhline(i, color="white", lw=1)
            inside = [span for span in lane.spans if span[1] >= self.span[0] and span[0] <= self.span[1]]
            bars = [(start_s, max(end_s - start_s, 0.3)) for start_s, end_s in inside]
            axes.broken_barh(bars, (i + 0.24, 0.52), **_lane_look(lane))


def _lane_look(lane: Lane) -> dict[str, Any]:
    """Solid for what a rep lacked, open for mere notes, crossed for times without a rep."""
    if lane.kind in (LaneKind.NOT_COUNTED, LaneKind.NOT_SEEN):
        return {"facecolor": "white", "edgecolor": _GREY, "hatch": "xxxx", "lw": 0.5}
    if lane.kind is LaneKind.NOTE:
        return {"facecolor": "white", "edgecolor": "#404040", "lw": 0.8}
    return {"facecolor": "#404040", "edgecolor": "white", "lw": 0.8}


def _axes(figure: Figure, place_in: tuple[float, float, float]) -> Axes:
    """Axes at (inches from the top, width, height)."""
    top_in, width_in, height_in = place_in
    wide_in, high_in = figure.get_size_inches()
    bottom_in = high_in - top_in - height_in
    axes = figure.add_axes(
        (LEFT_IN / wide_in, bottom_in / high_in, width_in / wide_in, height_in / high_in),
    )
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(_GREY)
    axes.tick_params(color=_GREY, labelsize=8.5)
    return axes


def _other(deg: Any) -> Any:
    """Flexion to hip angle and back."""
    return 180 - deg


def _scales(axes: Axes) -> None:
    """Flexion on the left, as the tables have it; the hip angle itself on the right."""
    flexions = [0, 30, 60, 90]
    axes.set_yticks(flexions, [f"{deg}°" for deg in flexions])
    axes.set_ylabel("hip flexion", size=8.5, labelpad=4)
    axes.tick_params(bottom=False, labelbottom=False)
    right = axes.secondary_yaxis("right", functions=(_other, _other))
    right.set_yticks([180 - deg for deg in flexions], [f"{180 - deg}°" for deg in flexions])
    right.set_ylabel("hip angle", size=8.5, labelpad=4, color=_GREY)
    right.tick_params(color=_GREY, labelcolor=_GREY, labelsize=8.5)
    right.spines["right"].set_visible(False)


def _draw_band(axes: Axes, band: RepSpan, *, number: bool) -> None:
    rep = band.rep
    colour, text = (FULL, _FULL_TEXT) if rep.full else (PARTIAL, _PARTIAL_TEXT)
    if isnan(rep.top_flexion_deg):
        axes.axvline(rep.start_s, color=colour, lw=2)
    axes.axvspan(rep.start_s, rep.end_s, facecolor=colour, alpha=0.2, lw=0)
    for edge_s in (rep.start_s, rep.end_s):
        axes.axvline(edge_s, color=colour, lw=0.6, alpha=0.6)
    if not rep.full:
        axes.axvspan(rep.start_s, rep.end_s, facecolor="none", edgecolor=colour, hatch="////", lw=0, alpha=0.8)
    if number:
        box = {"boxstyle": "round,pad=0.12", "fc": "white", "ec": "none", "alpha": 0.85} if not rep.full else None
        axes.text(
            (rep.start_s + rep.end_s) / 2, 0.97, str(rep.number), size=9, weight="bold", color=text, ha="center",
            va="top", transform=axes.get_xaxis_transform(), clip_on=True, bbox=box,
        )  # fmt: skip


def legend(figure: Figure, bottom_in: float) -> None:
    """What the signs mean, `bottom_in` below the upper edge."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    wide_in, high_in = figure.get_size_inches()
    signs = [
        Patch(facecolor=FULL, alpha=0.3, label="full rep"),
        Patch(facecolor="#faedcc", edgecolor=PARTIAL, hatch="////", label="partial rep"),
        Line2D([], [], color=_INK, lw=1.4, label="hip flexion (180° less the hip angle)"),
        Line2D([], [], color=_GREY, lw=1.1, ls=(0, (5, 2.5)), label="upright from here"),
        Line2D([], [], color=_GREY, lw=1.1, ls=(0, (1, 1.5)), label="back down from here"),
    ]
    columns = 5 if wide_in > _LEGEND_IN else 3
    place = {"bbox_to_anchor": (LEFT_IN / wide_in, 1 - bottom_in / high_in), "bbox_transform": figure.transFigure}
    look = {"fontsize": 8, "frameon": False, "borderaxespad": 0, "handlelength": 2, "columnspacing": 1.4}
    figure.legend(handles=signs, loc="lower left", ncols=columns, **place, **look)


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
