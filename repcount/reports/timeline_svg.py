"""Geometry of the report's plot of the elevation over time, in SVG units: numbers and paths, no markup.

A strip is one row of the plot. The templates turn the values of this module into SVG.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isnan

from repcount.language import gettext as _
from repcount.reports.svg import Scale
from repcount.reports.timeline import Lane, LaneKind, RepSpan, SetSpan, Span, Timeline, clock, strips, ticks
from repcount.types import Rep

_CURVE_PX = 170
_LANE_PX = 16
_SETS_PX = 26
_NUMBERS_PX = 20
_TIMES_PX = 24
_DEGREES = (0, 30, 60, 90)

_MIN_NUMBER_PX = 15
"""Least width of a rep that has room for its number."""
_MIN_TICK_PX = 62
"""Least distance of two times on the axis."""
_SET_LABEL_PX = 120
_PAUSE_LABEL_PX = 76
_MIN_MARK_PX = 1.5
"""Least width of a mark, so that short ones can be seen."""


@dataclass(frozen=True, slots=True)
class Layout:
    """One width for which the plot is drawn; the style sheet shows the one that fits the screen."""

    name: str
    width: int
    seconds: float
    """The longest strip."""
    left: int
    right: int
    """Margins. Names of lanes stand on the left if there is room, above their lanes otherwise."""


LAYOUTS = (
    Layout("wide", 1040, 74.0, 150, 14),
    Layout("medium", 640, 40.0, 150, 14),
    Layout("narrow", 328, 20.0, 36, 6),
)
"""A desktop and paper, a tablet, a phone. Reps of 4 s are 47 to 57 units wide in all of them."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of time: the left edge and the width."""

    x: float
    width: float


@dataclass(frozen=True, slots=True)
class RepMark:
    """One rep."""

    rep: Rep
    mark: Mark
    numbered: bool
    """Whether its number fits."""
    top: tuple[float, float] | None
    """Where the dot of its top goes; None if it was not measured."""
    upright: str
    """Path of the upright level; empty if unknown."""
    back: str
    """Path of the level at which the legs are back; empty if unknown."""

    @property
    def middle(self) -> float:
        """Where its number is centred."""
        return self.mark.x + self.mark.width / 2


@dataclass(frozen=True, slots=True)
class LaneMarks:
    """One lane."""

    name: str
    kind: LaneKind
    y: float
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Label:
    """Text at a position along an axis; `end` is the other end of the stretch that it names, if it names one."""

    position: float
    text: str
    end: float = 0.0


@dataclass(frozen=True, slots=True)
class StripMarks:
    """Everything in one strip."""

    span: Span
    left: float
    right: float
    height: float
    curve_top: float
    curve_bottom: float
    lane_px: int
    curve: str
    reps: tuple[RepMark, ...]
    rejected: tuple[Mark, ...]
    lanes: tuple[LaneMarks, ...]
    times: tuple[Label, ...]
    degrees: tuple[Label, ...]
    sets: tuple[Label, ...]
    pauses: tuple[Label, ...]


def timeline_strips(timeline: Timeline, layout: Layout) -> list[StripMarks]:
    """The strips of the plot in one layout, all on one time scale."""
    spans = strips(timeline, layout.seconds)
    longest_s = max(end_s - start_s for start_s, end_s in spans)
    px_per_s = (layout.width - layout.left - layout.right) / longest_s
    return [_StripBuilder(timeline, layout, span, px_per_s).build() for span in spans]


class _StripBuilder:
    """Places everything of one strip."""

    def __init__(self, timeline: Timeline, layout: Layout, span: Span, px_per_s: float) -> None:
        self._timeline, self._layout, self._span = timeline, layout, span
        # Without room on the left, the name of a lane stands above it.
        self._lane_px = _LANE_PX if layout.left > 100 else 2 * _LANE_PX - 4
        self._top = _SETS_PX if len(timeline.sets) > 1 else 2
        self._bottom = self._top + _CURVE_PX
        self._lanes_top = self._bottom + (4 if timeline.lanes and self._lane_px > _LANE_PX else 0)
        self._x_scale = Scale(span[0], layout.left, px_per_s)
        self._y_scale = Scale.between(
            (timeline.high_deg, timeline.low_deg), (self._top + _NUMBERS_PX, float(self._bottom))
        )

    def build(self) -> StripMarks:
        lanes = tuple(self._lane(i, lane) for i, lane in enumerate(self._timeline.lanes))
        right = self._x(self._span[1])
        most_ticks = max(int((right - self._layout.left) / _MIN_TICK_PX), 2)
        times = ticks(self._span, most_ticks, minutes=self._timeline.duration_s >= 90)
        sets, pauses = self._set_labels()
        return StripMarks(
            span=self._span,
            left=self._layout.left,
            right=right,
            height=self._lanes_top + self._lane_px * len(lanes) + _TIMES_PX,
            curve_top=self._top,
            curve_bottom=self._bottom,
            lane_px=self._lane_px,
            curve=self._curve(),
            reps=tuple(self._reps()),
            rejected=tuple(self._mark(span) for span in self._timeline.rejected if self._contains(span)),
            lanes=lanes,
            times=tuple(Label(self._x(time_s), text) for time_s, text in times),
            degrees=tuple(Label(self._y_scale(deg), f"{deg}°") for deg in _DEGREES),
            sets=sets,
            pauses=pauses,
        )

    def _x(self, time_s: float) -> float:
        """The place of a time, at the nearest edge if it is outside of the strip."""
        return self._x_scale(min(max(time_s, self._span[0]), self._span[1]))

    def _y(self, deg: float) -> float:
        """The place of an elevation, at the nearest edge if it is outside of the range shown."""
        return self._y_scale(min(max(deg, self._timeline.low_deg), self._timeline.high_deg))

    def _contains(self, span: Span) -> bool:
        """Whether a part of `span` is in this strip."""
        return span[1] >= self._span[0] and span[0] < self._span[1]

    def _mark(self, span: Span) -> Mark:
        x = self._x(span[0])
        return Mark(x, round(max(self._x(span[1]) - x, _MIN_MARK_PX), 1))

    def _curve(self) -> str:
        lines = self._timeline.trace.lines(*self._span)
        return "".join("M" + "L".join(f"{self._x(time_s):g},{self._y(deg):g}" for time_s, deg in p) for p in lines)

    def _reps(self) -> Iterator[RepMark]:
        for rep_span in self._timeline.reps:
            rep = rep_span.rep
            if self._contains((rep.start_s, rep.end_s)):
                mark = self._mark((rep.start_s, rep.end_s))
                measured = not isnan(rep.top_flexion_deg)
                top = (self._x(rep.top_s), self._y(rep.top_flexion_deg)) if measured else None
                levels = (self._level(rep_span, rep_span.upright_deg), self._level(rep_span, rep_span.back_deg))
                yield RepMark(rep, mark, mark.width >= _MIN_NUMBER_PX, top, *levels)

    def _level(self, rep_span: RepSpan, deg: float) -> str:
        if isnan(deg):
            return ""
        start_s, end_s = rep_span.level_span
        return f"M{self._x(start_s):g},{self._y(deg):g}H{self._x(end_s):g}"

    def _lane(self, i: int, lane: Lane) -> LaneMarks:
        marks = tuple(self._mark(span) for span in lane.spans if self._contains(span))
        return LaneMarks(lane.name, lane.kind, self._lanes_top + self._lane_px * i, marks)

    def _set_labels(self) -> tuple[tuple[Label, ...], tuple[Label, ...]]:
        """The labels of the sets and of the pauses between them; none for a single set."""
        if len(self._timeline.sets) < 2:
            return (), ()
        shown = [each for each in self._timeline.sets if self._contains((each.start_s, each.end_s))]
        pauses = [self._pause(each) for each in shown if each.pause_s is not None and each.end_s < self._span[1]]
        return tuple(self._set(each) for each in shown), tuple(pause for pause in pauses if pause)

    def _set(self, each: SetSpan) -> Label:
        x, end = self._x(each.start_s), self._x(each.end_s)
        return Label(x, each.label if end - x > _SET_LABEL_PX else str(each.number), end)

    def _pause(self, each: SetSpan) -> Label | None:
        """The label behind the set, if the next set leaves room for it."""
        pause_s = each.pause_s or 0.0
        x = min(self._x(each.end_s) + 6, self._layout.width - _PAUSE_LABEL_PX)
        next_s = each.end_s + pause_s
        if next_s < self._span[1] and self._x(next_s) - x < _PAUSE_LABEL_PX:
            return None
        return Label(x, _("pause {time}").format(time=clock(pause_s)))
