"""Geometry of the charts in the history report, in SVG units: bars of the days, quantities over time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil, isnan

from repcount.history.progress import Week
from repcount.history.totals import DateRange, Totals
from repcount.reports.history_findings import MIN_FULL_SHARE, full_date, plural
from repcount.reports.svg import Scale
from repcount.reports.trends import MIN_TOP_DEG, Trend, clear_tempo_trend, clear_trend

LAYOUTS = {"broad": (1040, 84), "slim": (328, 28)}
"""Width of the bar chart and the days it goes back at most: twelve weeks, and four on a phone. The calendar shows all
days. The style sheet shows the layout that fits the screen."""
_MAX_WEEKS = {"broad": 26, "slim": 8}
"""How many weeks the chart of weeks goes back at most."""
_MAX_BAR_PX = 64
"""Widest bar of a week. Heuristic: two weeks must not become two walls."""
MIN_DAYS = 28
"""Days that the bar chart shows at least, if that many were asked for."""

_PLOT_PX, _LEFT, _TOP, _BOTTOM = 150, 40, 10, 24
_HEADROOM = 1.05
"""The bar chart reaches this much above its highest bar, for the mark of days over the limit."""
_MARGIN, _BAR = 0.12, 0.76
"""Margin at the left of a bar, and its width, as shares of the room for a day."""
_WEEK_LABEL_PX = 48
"""Room for a date such as `23 Nov`."""
_COUNT_STEPS = (10, 20, 25, 50, 100, 200, 500, 10**9)
_MAX_STEPS = 5
"""Labels of a vertical axis, beside the one of its start."""

_SMALL_WIDTH = 420
_SMALL_PLOT_PX = 130
_DOT_MARGIN_LEFT, _DOT_MARGIN_RIGHT = 8, 12
"""Room for the dots of the first and the last day."""


@dataclass(frozen=True, slots=True)
class DayBar:
    """One day: full reps from the ground up, partial ones on top of them."""

    x: float
    width: float
    full: tuple[float, float]
    """Upper edge and height."""
    partial: tuple[float, float]
    over: bool
    """Whether the day is over the limit."""
    text: str


@dataclass(frozen=True, slots=True)
class BarChart:
    """The days side by side; labels are (position, text)."""

    layout: str
    width: int
    bars: tuple[DayBar, ...]
    limit: float
    ground: float
    height: float
    counts: tuple[tuple[float, str], ...]
    dates: tuple[tuple[float, str], ...]


@dataclass(frozen=True, slots=True)
class Series:
    """One quantity over time: a dot for each day on which it is known, and the path of its trend if that is clear."""

    name: str
    dots: tuple[tuple[float, float], ...]
    marker: str
    """`dot`, `up` or `down`."""
    trend: str


@dataclass(frozen=True, slots=True)
class SmallChart:
    """Quantities over time on one scale; labels are (position, text), dates (position, text, side)."""

    title: str
    series: tuple[Series, ...]
    labels: tuple[tuple[float, str], ...]
    dates: tuple[tuple[float, str, str], ...]
    ground: float
    height: float


@dataclass(frozen=True, slots=True)
class WeekBar:
    """The full reps of one week."""

    x: float
    width: float
    y: float
    height: float
    full: int
    current: bool
    """Whether it is the newest week, which is not over."""
    text: str


@dataclass(frozen=True, slots=True)
class WeekChart:
    """The weeks side by side; labels are (position, text)."""

    layout: str
    width: int
    bars: tuple[WeekBar, ...]
    ground: float
    height: float
    counts: tuple[tuple[float, str], ...]
    dates: tuple[tuple[float, str], ...]


def week_chart(weeks: Sequence[Week], layout: str) -> WeekChart:
    """The newest weeks in one layout, on a scale of their own."""
    width = LAYOUTS[layout][0]
    shown = weeks[-_MAX_WEEKS[layout] :]
    highest = max([10, *(week.totals.full for week in shown)]) * (1 + 2 * (_HEADROOM - 1))
    ground = float(_TOP + _PLOT_PX)
    week_px = min((width - _LEFT - 4) / len(shown), _MAX_BAR_PX / _BAR)
    x, y = Scale(0, _LEFT + _MARGIN * week_px, week_px), Scale(0, ground, -_PLOT_PX / highest)
    bar_px = round(_BAR * week_px, 1)
    bars = [
        WeekBar(x(i), bar_px, y(full), y.length(full), full, week is weeks[-1], _week_text(week))
        for i, week in enumerate(shown)
        for full in [week.totals.full]
    ]
    step = next(step for step in _COUNT_STEPS if highest / step <= _MAX_STEPS)
    counts = tuple((y(count), f"{count}") for count in range(0, int(highest) + 1, step))
    every = ceil(_WEEK_LABEL_PX / week_px)
    dates = tuple(
        (x(i) + bar_px / 2, f"{week.first.day} {week.first:%b}")
        for i, week in enumerate(shown)
        if (len(shown) - 1 - i) % every == 0
    )
    return WeekChart(layout, width, tuple(bars), ground, ground + _BOTTOM, counts, dates)


def _week_text(week: Week) -> str:
    totals = week.totals
    best = f", best set {totals.best_set}" if totals.best_set else ""
    return f"week of {full_date(week.first)}: {totals.full} full on {plural(week.days, 'day')}{best}"


def bar_chart(daily: Sequence[DateRange], span: tuple[date, date], limit: int, layout: str) -> BarChart:
    """The newest days of a span in one layout."""
    width, max_days = LAYOUTS[layout]
    first, last = span
    shown_days = min((last - first).days + 1, max_days)
    first_shown = last - timedelta(days=shown_days - 1)
    shown = [day for day in daily if day.first >= first_shown]
    highest = max([limit, *(day.totals.full + day.totals.partial for day in shown)]) * _HEADROOM
    ground = float(_TOP + _PLOT_PX)
    day_px = (width - _LEFT - 4) / shown_days
    x = Scale(0, _LEFT + _MARGIN * day_px, day_px)
    y = Scale(0, ground, -_PLOT_PX / highest)
    bars = []
    for day in shown:
        full, partial = day.totals.full, day.totals.partial
        full_bar, partial_bar = (y(full), y.length(full)), (y(full + partial), y.length(partial))
        left = x((day.first - first_shown).days)
        bars.append(DayBar(left, round(_BAR * day_px, 1), full_bar, partial_bar, full > limit, _bar_text(day)))
    step = next(step for step in _COUNT_STEPS if highest / step <= _MAX_STEPS)
    counts = tuple((y(count), f"{count}") for count in range(0, int(highest) + 1, step))
    days = [first_shown + timedelta(days=i) for i in range(shown_days)]
    mondays = [(x(i), f"{day.day} {day:%b}") for i, day in enumerate(days) if day.weekday() == 0]
    return BarChart(layout, width, tuple(bars), y(limit), ground, ground + _BOTTOM, counts, tuple(mondays))


def _bar_text(day: DateRange) -> str:
    totals = day.totals
    partial = f", {totals.partial} partial" if totals.partial else ""
    return f"{day.first:%a} {full_date(day.first)}: {totals.full} full{partial} in {plural(totals.sets, 'set')}"


def small_charts(daily: Sequence[DateRange], last: date) -> list[SmallChart]:
    """Tempo, range and quality from the first of the days to `last`."""
    axis = _DayAxis(daily, daily[0].first, last)
    return [
        axis.chart(
            "Seconds of a raise (▲) and a lower (▼)",
            [("raise", "up", lambda totals: totals.raise_s), ("lower", "down", lambda totals: totals.lower_s)],
            lambda seconds: f"{seconds:g} s",
            (0.0, 2.0, 1.0),
            clear_tempo_trend,
        ),
        axis.chart(
            "Highest leg elevation of full reps",
            [("top", "dot", lambda totals: totals.top_flexion_deg)],
            lambda deg: f"{deg:g}°",
            (60.0, 100.0, 10.0),
            lambda values: clear_trend(values, MIN_TOP_DEG),
        ),
        axis.chart(
            "Full reps of all reps",
            [("full", "dot", lambda totals: 100 * totals.full_share)],
            lambda percent: f"{percent:g}%",
            (0.0, 100.0, 25.0),
            lambda values: clear_trend(values, 100 * MIN_FULL_SHARE),
        ),
    ]


class _DayAxis:
    """The horizontal axis of the small charts: days from left to right."""

    def __init__(self, daily: Sequence[DateRange], first: date, last: date) -> None:
        self._daily = daily
        left, right = _LEFT + _DOT_MARGIN_LEFT, _SMALL_WIDTH - _DOT_MARGIN_RIGHT
        scale = Scale.between((0, max((last - first).days, 1)), (left, right))
        self._x = [scale((day.first - first).days) for day in daily]
        ends = [(first, "start"), (last, "end")] if last > first else [(first, "start")]
        positions = {"start": float(left), "end": float(right)}
        self._dates = tuple((positions[side], f"{when.day} {when:%b %Y}", side) for when, side in ends)

    def chart(
        self,
        title: str,
        quantities: Sequence[tuple[str, str, Callable[[Totals], float]]],
        label: Callable[[float], str],
        shown: tuple[float, float, float],
        trend: Callable[[Sequence[float]], Trend | None],
    ) -> SmallChart:
        """A chart of `quantities`, each a name, a marker and what to plot of a day.

        `shown` are the lowest and the highest value that the chart reaches at least, and the step of its labels.
        """
        columns = [[value(day.totals) for day in self._daily] for _, _, value in quantities]
        known = [value for column in columns for value in column if not isnan(value)]
        step = shown[2]
        low = step * (min([shown[0], *known]) // step)
        high = step * ceil(max([shown[1], *known]) / step)
        ground = _TOP + _SMALL_PLOT_PX
        y = Scale.between((low, high), (ground, _TOP))
        series = [
            self._series(name, marker, column, trend(column), y)
            for (name, marker, _), column in zip(quantities, columns, strict=True)
        ]
        steps = round((high - low) / step)
        values = [low + step * i for i in range(0, steps + 1, max(ceil(steps / _MAX_STEPS), 1))]
        labels = tuple((y(value), label(value)) for value in values)
        return SmallChart(title, tuple(series), labels, self._dates, ground, ground + _BOTTOM)

    def _series(self, name: str, marker: str, column: Sequence[float], trend: Trend | None, y: Scale) -> Series:
        dots = tuple((x, y(value)) for x, value in zip(self._x, column, strict=True) if not isnan(value))
        path = f"M{dots[0][0]:.1f},{y(trend.first)}L{dots[-1][0]:.1f},{y(trend.last)}" if trend else ""
        return Series(name, dots, marker, path)
