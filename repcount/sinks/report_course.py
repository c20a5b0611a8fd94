"""Where everything goes in the two small charts of how the sets went: tempo and range, rep by rep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, isnan

from repcount import findings
from repcount.chart import Timeline
from repcount.config import Config
from repcount.records import Flag, Rep
from repcount.trend import SetTrend, Trend, fit_trend, set_trends

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
