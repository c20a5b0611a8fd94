"""Geometry of the report's charts, in SVG units: numbers and paths, no markup."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, isnan

from repcount.config import Config
from repcount.reports import findings
from repcount.reports.findings import SetTrend, Trend, fit_trend, set_trends
from repcount.reports.timeline import (
    Group,
    Lane,
    LaneKind,
    RepSpan,
    Span,
    Timeline,
    clock,
    strips,
    ticks,
)
from repcount.types import Flag, Rep

_CURVE_PX = 170
_LANE_PX = 16
_SETS_PX = 26
_NUMBERS_PX = 20
_TIMES_PX = 24
_DEGREES = (0, 30, 60, 90)
_NUMBER_PX = 15
"""Least width of a band that has room for its number."""
_TICK_PX = 62
_SET_PX = 120
_PAUSE_PX = 76
"""What the words about a set and a pause take."""


@dataclass(frozen=True, slots=True)
class Layout:
    """One width that the plot is drawn for; which of them is shown is up to the style sheet."""

    name: str
    width: int
    seconds: float
    """In one row at most."""
    left: int
    right: int


LAYOUTS = (
    Layout("wide", 1040, 75.0, 118, 62),
    Layout("medium", 640, 45.0, 118, 14),
    Layout("narrow", 328, 20.0, 36, 6),
)
"""A desktop and paper, a tablet, a phone. Reps of 4 s are 47 to 57 units wide in all of them."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of time: the left edge and the width."""

    x: float
    width: float


@dataclass(frozen=True, slots=True)
class BandMark:
    """One rep; where its dot goes is None for a rep of which nothing was measured."""

    rep: Rep
    place: Mark
    numbered: bool
    top: tuple[float, float] | None
    upright: str
    down: str

    @property
    def middle(self) -> float:
        """Where its number stands."""
        return self.place.x + self.place.width / 2


_LANE_LOOKS = {
    LaneKind.FAULT: "lack",
    LaneKind.NOTE: "note",
    LaneKind.NOT_COUNTED: "none",
    LaneKind.NOT_SEEN: "none",
}
"""The class of a lane in the style sheet."""


@dataclass(frozen=True, slots=True)
class LaneMarks:
    """One lane, with its look: `lack`, `note` or `none` (times without a rep)."""

    name: str
    look: str
    y: float
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Label:
    """Text at a place; `end` is the other end of what it names, where it names a stretch."""

    x: float
    text: str
    end: float = 0.0


@dataclass(frozen=True, slots=True)
class StripMarks:
    """One row of the plot."""

    span: Span
    left: float
    right: float
    height: float
    curve_top: float
    curve_bottom: float
    lanes_top: float
    lane_px: int
    curve: str
    bands: tuple[BandMark, ...]
    refused: tuple[Mark, ...]
    lanes: tuple[LaneMarks, ...]
    times: tuple[Label, ...]
    degrees: tuple[Label, ...]
    sets: tuple[Label, ...]
    pauses: tuple[Label, ...]


def rows(chart: Timeline, layout: Layout) -> list[StripMarks]:
    """The rows of the plot in one layout, all on one scale."""
    spans = strips(chart, layout.seconds)
    px_s = (layout.width - layout.left - layout.right) / max(end_s - start_s for start_s, end_s in spans)
    return [_Placer(chart, layout, span, px_s).strip() for span in spans]


@dataclass(frozen=True, slots=True)
class _Placer:
    chart: Timeline
    layout: Layout
    span: Span
    px_s: float

    def x(self, time_s: float) -> float:
        inside = min(max(time_s, self.span[0]), self.span[1])
        return round(self.layout.left + (inside - self.span[0]) * self.px_s, 1)

    def y(self, deg: float) -> float:
        share = (self.chart.high_deg - deg) / (self.chart.high_deg - self.chart.low_deg)
        return round(self.top + _NUMBERS_PX + share * (_CURVE_PX - _NUMBERS_PX), 1)

    @property
    def top(self) -> float:
        return _SETS_PX if len(self.chart.groups) > 1 else 2

    @property
    def lane_px(self) -> int:
        """Where there is no room on the left, the name stands above its lane."""
        return _LANE_PX if self.layout.left > 100 else 2 * _LANE_PX - 4

    @property
    def lanes_top(self) -> float:
        return self.top + _CURVE_PX + (4 if self.chart.lanes and self.lane_px > _LANE_PX else 0)

    def strip(self) -> StripMarks:
        lanes = tuple(self._lane(i, lane) for i, lane in enumerate(self.chart.lanes))
        right = self.x(self.span[1])
        most = max(int((right - self.layout.left) / _TICK_PX), 2)
        places = ticks(self.span, most, minutes=self.chart.duration_s >= 90)
        sets, pauses = self._sets()
        return StripMarks(
            span=self.span,
            left=self.layout.left,
            right=right,
            height=self.lanes_top + self.lane_px * len(lanes) + _TIMES_PX,
            curve_top=self.top,
            curve_bottom=self.top + _CURVE_PX,
            lanes_top=self.lanes_top,
            lane_px=self.lane_px,
            curve=self._curve(),
            bands=tuple(self._bands()),
            refused=tuple(self._mark(span) for span in self.chart.refused if self._shows(span)),
            lanes=lanes,
            times=tuple(Label(self.x(time_s), text) for time_s, text in places),
            degrees=tuple(Label(self.y(deg), f"{deg}°") for deg in _DEGREES),
            sets=sets,
            pauses=pauses,
        )

    def _shows(self, span: Span) -> bool:
        return span[1] >= self.span[0] and span[0] < self.span[1]

    def _mark(self, span: Span) -> Mark:
        x = self.x(span[0])
        return Mark(x, round(max(self.x(span[1]) - x, 1.5), 1))

    def _curve(self) -> str:
        """A path; what is out of all bounds stays at the edge."""
        lines = self.chart.curve.lines(*self.span)
        return "".join("M" + "L".join(f"{self.x(time_s):g},{self._held(deg):g}" for time_s, deg in p) for p in lines)

    def _held(self, deg: float) -> float:
        return self.y(min(max(deg, self.chart.low_deg), self.chart.high_deg))

    def _bands(self) -> Iterator[BandMark]:
        for band in self.chart.bands:
            rep = band.rep
            if self._shows((rep.start_s, rep.end_s)):
                place = self._mark((rep.start_s, rep.end_s))
                known = not isnan(rep.top_flexion_deg)
                top = (self.x(rep.top_s), self._held(rep.top_flexion_deg)) if known else None
                levels = (self._level(band, band.upright_deg), self._level(band, band.down_deg))
                yield BandMark(rep, place, place.width >= _NUMBER_PX, top, *levels)

    def _level(self, band: RepSpan, deg: float) -> str:
        if isnan(deg):
            return ""
        return f"M{self.x(band.span[0]):g},{self._held(deg):g}H{self.x(band.span[1]):g}"

    def _lane(self, i: int, lane: Lane) -> LaneMarks:
        marks = tuple(self._mark(span) for span in lane.spans if self._shows(span))
        return LaneMarks(lane.name, _LANE_LOOKS[lane.kind], self.lanes_top + self.lane_px * i, marks)

    def _sets(self) -> tuple[tuple[Label, ...], tuple[Label, ...]]:
        if len(self.chart.groups) < 2:
            return (), ()
        shown = [group for group in self.chart.groups if self._shows((group.start_s, group.end_s))]
        pauses = [self._pause(group) for group in shown if group.pause_s is not None and group.end_s < self.span[1]]
        return tuple(self._set(group) for group in shown), tuple(pause for pause in pauses if pause)

    def _set(self, group: Group) -> Label:
        x, end = self.x(group.start_s), self.x(group.end_s)
        partial = f", {group.partial} partial" if group.partial else ""
        text = f"set {group.number}: {group.full} full{partial}"
        return Label(x, text if end - x > _SET_PX else str(group.number), end)

    def _pause(self, group: Group) -> Label | None:
        """Behind the set, if the next one leaves room."""
        pause_s = group.pause_s or 0.0
        x = min(self.x(group.end_s) + 6, self.layout.width - _PAUSE_PX)
        next_s = group.end_s + pause_s
        if next_s < self.span[1] and self.x(next_s) - x < _PAUSE_PX:
            return None
        return Label(x, f"pause {clock(pause_s)}")


WIDE = 420
_LEFT, _RIGHT, _TOP = 44, 4, 8
_PLOT_PX, _NAMES_PX = 150, 24
_BETWEEN = 0.8
"""Room between two sets, in reps."""
_MOST_S = 12.0
"""Raises and lowers shown at most; longer bars are cut."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A rep's bar: from `y` down for `height`, with its look."""

    rep: Rep
    x: float
    width: float
    y: float
    height: float
    look: str


@dataclass(frozen=True, slots=True)
class SmallChart:
    """One chart; lines are paths, labels (place, text)."""

    bars: tuple[Bar, ...]
    trends: tuple[str, ...]
    levels: tuple[str, ...]
    labels: tuple[tuple[float, str], ...]
    sets: tuple[tuple[float, str], ...]
    zero: float
    bottom: float = _TOP + _PLOT_PX

    @property
    def height(self) -> float:
        """Of the whole; the names of the sets stand below the bottom."""
        return self.bottom + (_NAMES_PX if self.sets else 2)


@dataclass(frozen=True, slots=True)
class TrendCharts:
    """Both charts, and a sentence for each set."""

    tempo: SmallChart
    range: SmallChart
    told: tuple[tuple[int, str], ...]


def small_charts(chart: Timeline, config: Config) -> TrendCharts:
    """The charts of an analysis that has reps."""
    sets = set_trends([band.rep for band in chart.bands])
    told = tuple((course.set, findings.trend_sentences(course)) for course in sets)
    across = _RepAxis(sets)
    return TrendCharts(_tempo(sets, across, config), _range(sets, across, chart), told)


class _RepAxis:
    """Where the reps stand from left to right."""

    def __init__(self, sets: Sequence[SetTrend]) -> None:
        places, place = [], 0.0
        for course in sets:
            places.append([place + i for i in range(len(course.reps))])
            place += len(course.reps) + _BETWEEN
        self.unit = min((WIDE - _LEFT - _RIGHT) / (place - _BETWEEN), 48.0)
        self._left = [[_LEFT + at * self.unit for at in of_set] for of_set in places]

    def bar(self, set_at: int, rep_at: int) -> tuple[float, float]:
        """Left edge and width."""
        return round(self._left[set_at][rep_at] + 0.12 * self.unit, 1), round(0.76 * self.unit, 1)

    def ends(self, set_at: int) -> tuple[float, float]:
        """The middle of the first and of the last bar of a set."""
        return self._left[set_at][0] + self.unit / 2, self._left[set_at][-1] + self.unit / 2

    def labels(self, sets: Sequence[SetTrend]) -> tuple[tuple[float, str], ...]:
        """The names of the sets and where they are centred."""
        if len(sets) == 1:
            return ()
        few = (WIDE - _LEFT) / len(sets) > 50
        return tuple(
            (sum(self.ends(i)) / 2, f"set {each.set}" if few else f"{each.set}") for i, each in enumerate(sets)
        )


def _tempo(sets: Sequence[SetTrend], across: _RepAxis, config: Config) -> SmallChart:
    """Raises upwards from the middle, lowers downwards; what does not reach its level was too fast."""
    known = [s for course in sets for rep in course.reps for s in (rep.raise_s, rep.lower_s) if not isnan(s)]
    most_s = min(
        max(ceil(2 * max(known, default=2.0)) / 2, 1.2 * config.fast_raise_s, 1.2 * config.fast_lower_s), _MOST_S
    )
    zero = _TOP + _PLOT_PX / 2
    px_s = (zero - _TOP) / most_s
    bars, trends = [], []
    for i, course in enumerate(sets):
        for k, rep in enumerate(course.reps):
            up, down = (px_s * min(s, most_s) for s in (rep.raise_s, rep.lower_s))
            if not isnan(up + down):
                bars.append(Bar(rep, *across.bar(i, k), round(zero - up, 1), round(up, 1), _pace(rep, Flag.FAST_RAISE)))
                bars.append(Bar(rep, *across.bar(i, k), zero, round(down, 1), _pace(rep, Flag.FAST_LOWER)))
        if course.tempo:
            raises, lowers = (
                fit_trend([rep.raise_s for rep in course.reps]),
                fit_trend([rep.lower_s for rep in course.reps]),
            )
            trends += [_line(across, i, raises, zero, -px_s), _line(across, i, lowers, zero, px_s)]
    levels = [zero - px_s * config.fast_raise_s, zero + px_s * config.fast_lower_s]
    step = 1.0 if most_s <= 4 else 2.0
    seconds = [step * i for i in range(int(most_s / step) + 1)]
    labels = [(round(zero + way * px_s * s, 1), f"{s:g} s") for s in seconds for way in ((1, -1) if s else (1,))]
    paths = tuple(_across(y) for y in levels)
    return SmallChart(tuple(bars), tuple(trends), paths, tuple(labels), across.labels(sets), zero)


def _pace(rep: Rep, flag: Flag) -> str:
    return "fast" if flag in rep.flags else "fine"


def _range(sets: Sequence[SetTrend], across: _RepAxis, chart: Timeline) -> SmallChart:
    """From where the legs rested to how high they came; the level is where they count as upright."""
    low, high = min(chart.low_deg, 0.0), max(chart.high_deg, 95.0)
    px_deg = _PLOT_PX / (high - low)
    bars, trends, levels = [], [], []
    upright = {band.rep.number: band.upright_deg for band in chart.bands}
    for i, course in enumerate(sets):
        for k, rep in enumerate(course.reps):
            x, width = across.bar(i, k)
            top, rest = min(rep.top_flexion_deg, high), max(rep.rest_flexion_deg, low)
            if not isnan(top + rest):
                y, height = round(_TOP + px_deg * (high - top), 1), round(px_deg * max(top - rest, 1.0), 1)
                bars.append(Bar(rep, x, width, y, height, "full" if rep.full else "partial"))
                level = _TOP + px_deg * (high - min(upright[rep.number], high))
                levels.append(f"M{x - 0.12 * across.unit:.1f},{level:.1f}h{across.unit:.1f}")
        if course.top:
            trends.append(_line(across, i, course.top, _TOP + px_deg * high, -px_deg))
    labels = [(round(_TOP + px_deg * (high - deg), 1), f"{deg}°") for deg in (0, 30, 60, 90)]
    zero = round(_TOP + px_deg * high, 1)
    return SmallChart(tuple(bars), tuple(trends), tuple(levels), tuple(labels), across.labels(sets), zero)


def _line(across: _RepAxis, set_at: int, trend: Trend | None, zero: float, scale: float) -> str:
    if trend is None:
        return ""
    left, right = across.ends(set_at)
    return f"M{left:.1f},{zero + scale * trend.first:.1f}L{right:.1f},{zero + scale * trend.last:.1f}"


def _across(y: float) -> str:
    return f"M{_LEFT},{y:.1f}H{WIDE - _RIGHT}"
