"""Geometry of the charts in the history's report: bars of the days, readings over time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil, isnan

from repcount.history.totals import DateRange, Totals
from repcount.reports.findings import LEAST_DEG, Trend, clear, clear_tempo

LEAST_SHARE = 0.1
"""A change of the share of full reps that matters: one rep in ten. A choice."""

LAYOUTS = {"broad": (1040, 84), "slim": (328, 28)}
"""Width of the bars and how many days they go back at most: twelve weeks, and four on a phone. The calendar has
all. It is up to the style sheet which of them is shown."""
LEAST_DAYS = 28
"""Days that are drawn where so many were asked for, even if nothing was done on the first of them."""
_PLOT_PX, _LEFT, _TOP, _BOTTOM = 150, 40, 10, 24

_SMALL = 420
_SMALL_PX = 130


@dataclass(frozen=True, slots=True)
class Bar:
    """One day: full reps from the ground up, partial ones upon them."""

    x: float
    width: float
    full: tuple[float, float]
    """Upper edge and height."""
    partial: tuple[float, float]
    over: bool
    told: str


@dataclass(frozen=True, slots=True)
class Bars:
    """The days side by side, in the units of their SVG."""

    layout: str
    width: int
    bars: tuple[Bar, ...]
    limit: float
    ground: float
    height: float
    counts: tuple[tuple[float, str], ...]
    dates: tuple[tuple[float, str], ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One reading over time: a dot for each day it is known of, and the trend where it is clear."""

    name: str
    dots: tuple[tuple[float, float], ...]
    marker: str
    trend: str


@dataclass(frozen=True, slots=True)
class SmallChart:
    """Readings over time on one scale."""

    title: str
    lines: tuple[Line, ...]
    labels: tuple[tuple[float, str], ...]
    dates: tuple[tuple[float, str, str], ...]
    ground: float
    height: float


def bars(daily: Sequence[DateRange], span: tuple[date, date], limit: int, layout: str) -> Bars:
    """The newest days of a span in one layout."""
    width, most_days = LAYOUTS[layout]
    first, last = span
    shown = min((last - first).days + 1, most_days)
    begin = last - timedelta(days=shown - 1)
    inside = [period for period in daily if period.first >= begin]
    most = max([limit, *(period.totals.full + period.totals.partial for period in inside)]) * 1.05
    unit, scale, ground = (width - _LEFT - 4) / shown, _PLOT_PX / most, float(_TOP + _PLOT_PX)
    drawn = []
    for period in inside:
        full, partial = scale * period.totals.full, scale * period.totals.partial
        x = _LEFT + unit * ((period.first - begin).days + 0.12)
        edges = (round(ground - full, 1), round(full, 1)), (round(ground - full - partial, 1), round(partial, 1))
        drawn.append(Bar(round(x, 1), round(0.76 * unit, 1), *edges, period.totals.full > limit, _told(period)))
    step = next(step for step in (10, 20, 25, 50, 100, 200, 500, 10**9) if most / step <= 5)
    counts = tuple((round(ground - scale * i, 1), f"{i}") for i in range(0, int(most) + 1, step))
    mondays = [begin + timedelta(days=i) for i in range(shown) if (begin + timedelta(days=i)).weekday() == 0]
    names = [(round(_LEFT + unit * ((each - begin).days + 0.12), 1), f"{each.day} {each:%b}") for each in mondays]
    height = ground + _BOTTOM
    return Bars(layout, width, tuple(drawn), round(ground - scale * limit, 1), ground, height, counts, tuple(names))


def _told(period: DateRange) -> str:
    sums = period.totals
    partial = f", {sums.partial} partial" if sums.partial else ""
    return f"{period.first:%a} {full_date(period.first)}: {sums.full} full{partial} in {count(sums.sets, 'set')}"


def full_date(when: date) -> str:
    """`7 November 2026`."""
    return f"{when.day} {when:%B %Y}"


def count(number: int, noun: str) -> str:
    """`1 day`, `2 days`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def charts(daily: Sequence[DateRange], last: date) -> list[SmallChart]:
    """Tempo, range and quality from the first day on which something was done to `last`."""
    axis = _Axis(daily, daily[0].first, last)
    seconds = axis.chart(
        "Seconds of a raise (▲) and a lower (▼)",
        [("raise", "up", lambda sums: sums.raise_s), ("lower", "down", lambda sums: sums.lower_s)],
        lambda seconds: f"{seconds:g} s",
        (0.0, 2.0, 1.0),
        clear_tempo,
    )
    top = axis.chart(
        "Highest hip flexion of full reps",
        [("top", "dot", lambda sums: sums.top_flexion_deg)],
        lambda deg: f"{deg:g}°",
        (60.0, 100.0, 10.0),
        lambda values: clear(values, LEAST_DEG),
    )
    share = axis.chart(
        "Full reps of all reps",
        [("full", "dot", lambda sums: 100 * sums.full_share)],
        lambda share: f"{share:g}%",
        (0.0, 100.0, 25.0),
        lambda values: clear(values, 100 * LEAST_SHARE),
    )
    return [seconds, top, share]


Reading = Callable[[Totals], float]


class _Axis:
    """Days from left to right, for the small charts."""

    def __init__(self, daily: Sequence[DateRange], first: date, last: date) -> None:
        self._daily = daily
        span = max((last - first).days, 1)
        self._x = [_LEFT + 8 + (_SMALL - _LEFT - 20) * (period.first - first).days / span for period in daily]
        ends = [(first, "start"), (last, "end")] if last > first else [(first, "start")]
        places = {"start": _LEFT + 8.0, "end": _SMALL - 12.0}
        self._dates = tuple((places[side], f"{when.day} {when:%b %Y}", side) for when, side in ends)

    def chart(
        self,
        title: str,
        readings: Sequence[tuple[str, str, Reading]],
        unit: Callable[[float], str],
        scale: tuple[float, float, float],
        trend: Callable[[Sequence[float]], Trend | None],
    ) -> SmallChart:
        """`scale` is the lowest and the highest value that are shown at least, and the step of the labels."""
        values = {name: [read(period.totals) for period in self._daily] for name, _, read in readings}
        known = [value for column in values.values() for value in column if not isnan(value)]
        step = scale[2]
        low = step * (min([scale[0], *known]) // step)
        high = step * ceil(max([scale[1], *known]) / step)
        steps = round((high - low) / step)
        px = _SMALL_PX / (high - low)
        ground = _TOP + _SMALL_PX

        def y(value: float) -> float:
            return round(ground - px * (value - low), 1)

        lines = []
        for name, marker, _ in readings:
            column = values[name]
            dots = tuple((round(x, 1), y(each)) for x, each in zip(self._x, column, strict=True) if not isnan(each))
            found, its = trend(column), [x for x, each in zip(self._x, column, strict=True) if not isnan(each)]
            path = f"M{its[0]:.1f},{y(found.first)}L{its[-1]:.1f},{y(found.last)}" if found else ""
            lines.append(Line(name, dots, marker, path))
        every = max(ceil(steps / 5), 1)
        labels = tuple((y(low + step * i), unit(low + step * i)) for i in range(0, steps + 1, every))
        return SmallChart(title, tuple(lines), labels, self._dates, ground, ground + _BOTTOM)
