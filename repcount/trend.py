"""Whether something changed over a set: a slope that single odd reps do not move, told only where it is clear."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from math import ceil, erfc, isnan, sqrt
from statistics import median

from repcount.records import Rep

LEAST = 5
"""Of fewer reps nothing is told: four in falling order come about by chance once in twelve sets."""

_BY_CHANCE = 0.02
"""A trend is told when reps in no order at all would look as ordered in at most one of fifty sets. A choice; with
five reps that asks for strict order."""

_EXACT = 60
"""Up to here the chance is counted out; beyond, the normal curve is as good (within 0.002 at 60)."""

_MOST = 1000
"""Values looked at; of more, every second or third will do. It bounds the half million pairs to look at. A choice."""

LEAST_SHARE, LEAST_S = 0.1, 0.2
"""A change of tempo that matters: a tenth, and more than a raise and a lower, each measured to about 0.1 s, can
be off together."""

LEAST_DEG = 5.0
"""A change of range that matters: more than the highest flexion is off (3° at the median, rendered clips)."""


@dataclass(frozen=True, slots=True)
class Trend:
    """A straight line through values in the order of the reps."""

    first: float
    """On the line, at the first rep."""
    last: float
    """And at the last one."""
    chance: float
    """How likely values in no order at all would look as ordered as these, 0 to 1."""

    @property
    def change(self) -> float:
        """From the first rep to the last."""
        return self.last - self.first

    @property
    def share(self) -> float:
        """The change as a share of the beginning."""
        return self.change / self.first if self.first else 0.0


def fit_trend(values: Sequence[float]) -> Trend | None:
    """The line of Theil and Sen (the median of all slopes) with the chance by Mann and Kendall.

    Unknown values (NaN) are passed over; None for fewer than `LEAST` known ones.
    """
    known = [(i, value) for i, value in enumerate(values) if not isnan(value)]
    if len(known) < LEAST:
        return None
    known = known[:: ceil(len(known) / _MOST)]
    pairs = list(combinations(known, 2))
    slope = median((b - a) / (j - i) for (i, a), (j, b) in pairs)
    level = median(value - slope * i for i, value in known)
    order = sum((b > a) - (b < a) for (_, a), (_, b) in pairs)
    return Trend(level + slope * known[0][0], level + slope * known[-1][0], _chance(len(known), abs(order)))


def clear(values: Sequence[float], least: float) -> Trend | None:
    """The trend, if it is hardly by chance and changes by `least` or more from first to last."""
    trend = fit_trend(values)
    return trend if trend and trend.chance <= _BY_CHANCE and abs(trend.change) >= least else None


def clear_tempo(seconds: Sequence[float]) -> Trend | None:
    """The trend of a tempo, if it is clear and matters."""
    trend = clear(seconds, LEAST_S)
    return trend if trend and abs(trend.share) >= LEAST_SHARE else None


def _chance(count: int, order: int) -> float:
    """How likely pairs in order less pairs out of order are `order` or more, to either side.

    Ties count as neither, so with ties the answer errs to the side of telling nothing.
    """
    pairs = count * (count - 1) // 2
    if count > _EXACT:
        spread = sqrt(count * (count - 1) * (2 * count + 5) / 18)
        return erfc(max(order - 1, 0) / spread / sqrt(2))
    ways = _ways(count)
    tail = sum(ways[: (pairs - order) // 2 + 1])
    return min(1.0, 2 * tail / sum(ways))


@cache
def _ways(count: int) -> tuple[int, ...]:
    """How many orders of `count` things have 0, 1, 2... pairs the wrong way round."""
    ways = [1]
    for size in range(2, count + 1):
        longer = [0] * (len(ways) + size - 1)
        for wrong, number in enumerate(ways):
            for more in range(size):
                longer[wrong + more] += number
        ways = longer
    return tuple(ways)


@dataclass(frozen=True, slots=True)
class SetTrend:
    """How one set went: each trend is None unless it is clear and large enough to matter."""

    set: int
    reps: tuple[Rep, ...]
    tempo: Trend | None
    """Seconds of raise and lower together."""
    top: Trend | None
    """Highest flexion, degrees."""


def set_trends(reps: Sequence[Rep]) -> tuple[SetTrend, ...]:
    """One for each set, in order."""
    by_set: dict[int, list[Rep]] = {}
    for rep in reps:
        by_set.setdefault(rep.set, []).append(rep)
    return tuple(_course(number, tuple(of_set)) for number, of_set in sorted(by_set.items()))


def _course(number: int, reps: tuple[Rep, ...]) -> SetTrend:
    tempo = clear_tempo([rep.raise_s + rep.lower_s for rep in reps])
    return SetTrend(number, reps, tempo, clear([rep.top_flexion_deg for rep in reps], LEAST_DEG))
