"""Geometry of the report's charts of tempo and range over the sets, in SVG units: numbers and paths, no markup."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, isnan

from repcount.config import Config
from repcount.language import gettext as _
from repcount.reports import findings
from repcount.reports.svg import Scale
from repcount.reports.timeline import Timeline
from repcount.reports.trends import SetTrend, Trend, fit_trend, set_trends
from repcount.types import Flag, Rep

WIDTH = 420
_LEFT, _RIGHT, _TOP = 44, 4, 8
_PLOT_PX, _NAMES_PX = 150, 24

_SET_GAP = 0.8
"""Room between two sets, in reps."""
_MAX_REP_PX = 48.0
_MARGIN, _BAR = 0.12, 0.76
"""Margin at the left of a bar, and its width, as shares of the room for a rep."""
_MAX_S = 12.0
"""The longest raise and lower shown; longer bars are cut off."""
_MIN_TOP_DEG = 95.0
"""The range chart reaches at least so far up."""
_DEGREES = (0, 30, 60, 90)


@dataclass(frozen=True, slots=True)
class Bar:
    """A rep's bar, from `y` down; `kind` is its class in the style sheet."""

    rep: Rep
    x: float
    width: float
    y: float
    height: float
    kind: str


@dataclass(frozen=True, slots=True)
class SmallChart:
    """One chart. Trends and levels are paths, labels and sets (position, text)."""

    bars: tuple[Bar, ...]
    trends: tuple[str, ...]
    levels: tuple[str, ...]
    labels: tuple[tuple[float, str], ...]
    sets: tuple[tuple[float, str], ...]
    zero: float
    """Where the bars start."""
    targets: tuple[tuple[float, float], ...] = ()
    """Upper edge and height of the bands in which the bars should end."""
    bottom: float = _TOP + _PLOT_PX

    @property
    def height(self) -> float:
        """Height of the whole; the names of the sets stand below the bottom."""
        return self.bottom + (_NAMES_PX if self.sets else 2)


@dataclass(frozen=True, slots=True)
class TrendCharts:
    """Both charts, and a sentence for each set with its number."""

    tempo: SmallChart
    range: SmallChart
    sentences: tuple[tuple[int, str], ...]


def trend_charts(timeline: Timeline, config: Config) -> TrendCharts:
    """The charts of an analysis that has reps."""
    sets = set_trends([span.rep for span in timeline.reps])
    sentences = tuple((each.set, findings.set_sentence(each)) for each in sets)
    axis = _RepAxis(sets)
    return TrendCharts(_tempo_chart(sets, axis, config), _range_chart(sets, axis, timeline), sentences)


class _RepAxis:
    """The horizontal axis: reps side by side, with a gap between sets."""

    def __init__(self, sets: Sequence[SetTrend]) -> None:
        self._sets = sets
        columns, column = [], 0.0
        for each in sets:
            columns.append([column + i for i in range(len(each.reps))])
            column += len(each.reps) + _SET_GAP
        self.rep_px = min((WIDTH - _LEFT - _RIGHT) / (column - _SET_GAP), _MAX_REP_PX)
        self._left = [[_LEFT + at * self.rep_px for at in of_set] for of_set in columns]

    def reps(self) -> Iterator[tuple[Rep, float, float]]:
        """Each rep with the left edge and the width of its bar."""
        width = round(_BAR * self.rep_px, 1)
        for each, lefts in zip(self._sets, self._left, strict=True):
            for rep, left in zip(each.reps, lefts, strict=True):
                yield rep, round(left + _MARGIN * self.rep_px, 1), width

    def trend(self, set_index: int, trend: Trend | None, scale: Scale) -> str:
        """The path of a trend, from the first to the last bar of its set; empty for None."""
        if trend is None:
            return ""
        left, right = self._ends(set_index)
        return f"M{left:.1f},{scale(trend.first):.1f}L{right:.1f},{scale(trend.last):.1f}"

    def labels(self) -> tuple[tuple[float, str], ...]:
        """The names of the sets and where they are centred; none for a single set."""
        if len(self._sets) == 1:
            return ()
        roomy = (WIDTH - _LEFT) / len(self._sets) > 50
        return tuple(
            (sum(self._ends(i)) / 2, _("set {n}").format(n=each.set) if roomy else f"{each.set}")
            for i, each in enumerate(self._sets)
        )

    def _ends(self, set_index: int) -> tuple[float, float]:
        """The middle of the first and of the last bar of a set."""
        return self._left[set_index][0] + self.rep_px / 2, self._left[set_index][-1] + self.rep_px / 2


def _tempo_chart(sets: Sequence[SetTrend], axis: _RepAxis, config: Config) -> SmallChart:
    """Raises upwards from the middle, lowers downwards; bars that do not reach their level were too fast."""
    known = [s for each in sets for rep in each.reps for s in (rep.raise_s, rep.lower_s) if not isnan(s)]
    longest_s = max(ceil(2 * max(known, default=2.0)) / 2, 1.2 * config.fast_raise_s, 1.2 * config.fast_lower_s)
    shown_s = min(longest_s, _MAX_S)
    zero = _TOP + _PLOT_PX / 2
    up, down = Scale(0.0, zero, (_TOP - zero) / shown_s), Scale(0.0, zero, (zero - _TOP) / shown_s)
    bars, trends = [], []
    for rep, x, width in axis.reps():
        raise_s, lower_s = min(rep.raise_s, shown_s), min(rep.lower_s, shown_s)
        if not isnan(raise_s + lower_s):
            bars.append(Bar(rep, x, width, up(raise_s), up.length(raise_s), _pace(rep, Flag.FAST_RAISE)))
            bars.append(Bar(rep, x, width, zero, down.length(lower_s), _pace(rep, Flag.FAST_LOWER)))
    for i, each in enumerate(sets):
        if each.tempo:
            trends.append(axis.trend(i, fit_trend([rep.raise_s for rep in each.reps]), up))
            trends.append(axis.trend(i, fit_trend([rep.lower_s for rep in each.reps]), down))
    slow_raise, slow_lower = (min(s, shown_s) for s in (config.fast_raise_s, config.fast_lower_s))
    levels = tuple(f"M{_LEFT},{y:.1f}H{WIDTH - _RIGHT}" for y in (up(slow_raise), down(slow_lower)))
    targets = ((up(shown_s), up.length(shown_s - slow_raise)), (down(slow_lower), down.length(shown_s - slow_lower)))
    step_s = 1.0 if shown_s <= 4 else 2.0
    ticks_s = [step_s * i for i in range(int(shown_s / step_s) + 1)]
    labels = tuple((scale(s), f"{s:g} s") for s in ticks_s for scale in ((down, up) if s else (down,)))
    return SmallChart(tuple(bars), tuple(trends), levels, labels, axis.labels(), zero, targets)


def _pace(rep: Rep, flag: Flag) -> str:
    return "fast" if flag in rep.flags else "fine"


def _range_chart(sets: Sequence[SetTrend], axis: _RepAxis, timeline: Timeline) -> SmallChart:
    """Bars from the rest to the top; the levels are where the legs count as upright."""
    low, high = min(timeline.low_deg, 0.0), max(timeline.high_deg, _MIN_TOP_DEG)
    scale = Scale(high, _TOP, -_PLOT_PX / (high - low))
    upright = {span.rep.number: span.upright_deg for span in timeline.reps}
    bars, levels = [], []
    for rep, x, width in axis.reps():
        top, rest = min(rep.top_flexion_deg, high), max(rep.rest_flexion_deg, low)
        if not isnan(top + rest):
            height = scale.length(max(top - rest, 1.0))
            bars.append(Bar(rep, x, width, scale(top), height, "full" if rep.full else "partial"))
            level = scale(min(upright[rep.number], high))
            levels.append(f"M{x - _MARGIN * axis.rep_px:.1f},{level:.1f}h{axis.rep_px:.1f}")
    trends = [axis.trend(i, each.top, scale) for i, each in enumerate(sets) if each.top]
    labels = tuple((scale(deg), f"{deg}°") for deg in _DEGREES)
    return SmallChart(tuple(bars), tuple(trends), tuple(levels), labels, axis.labels(), scale(0.0))
