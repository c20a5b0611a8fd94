"""Whether anything changed over a set or over many days, by robust statistics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from math import ceil, erfc, isnan, sqrt
from statistics import median

from repcount.types import Rep

MIN_VALUES = 5
"""Fewer values give no trend: four in falling order come about by chance once in twelve sets."""

_MAX_CHANCE = 0.02
"""A trend is reported if values in random order would look as ordered in at most one of fifty sets. Heuristic; with
five reps that requires strict order."""

_MAX_EXACT = 60
"""Up to this many values the chance is exact; beyond, the normal approximation is as good (within 0.002 at 60)."""

_MAX_VALUES = 1000
"""Values used; of more, every second or third. Heuristic: it bounds the pairs to half a million."""

MIN_TEMPO_SHARE, MIN_TEMPO_S = 0.1, 0.2
"""A change of tempo that matters: a tenth, and more than the error of raise and lower together, each of which is
measured to about 0.1 s."""

MIN_TOP_DEG = 5.0
"""A change of range that matters: more than the error of the highest flexion (3° at the median, rendered clips)."""


@dataclass(frozen=True, slots=True)
class Trend:
    """A straight line through values in order."""

    first: float
    """The line's value at the first of them."""
    last: float
    """The line's value at the last of them."""
    chance: float
    """Probability that values in random order look as ordered as these, 0 to 1."""

    @property
    def change(self) -> float:
        """The difference from first to last."""
        return self.last - self.first

    @property
    def share(self) -> float:
        """The change as a share of the first value; 0 if that is 0."""
        return self.change / self.first if self.first else 0.0


def fit_trend(values: Sequence[float]) -> Trend | None:
    """The Theil–Sen line (median of all slopes), with its chance by the Mann–Kendall test.

    NaN is skipped; None for fewer than `MIN_VALUES` known values.
    """
    known = [(i, value) for i, value in enumerate(values) if not isnan(value)]
    if len(known) < MIN_VALUES:
        return None
    known = known[:: ceil(len(known) / _MAX_VALUES)]
    pairs = list(combinations(known, 2))
    slope = median((b - a) / (j - i) for (i, a), (j, b) in pairs)
    intercept = median(value - slope * i for i, value in known)
    score = sum((b > a) - (b < a) for (_, a), (_, b) in pairs)
    first, last = known[0][0], known[-1][0]
    return Trend(intercept + slope * first, intercept + slope * last, _chance(len(known), abs(score)))


def clear_trend(values: Sequence[float], min_change: float) -> Trend | None:
    """The trend if it is unlikely to be chance and changes by `min_change` or more."""
    trend = fit_trend(values)
    return trend if trend and trend.chance <= _MAX_CHANCE and abs(trend.change) >= min_change else None


def clear_tempo_trend(seconds: Sequence[float]) -> Trend | None:
    """The trend of a tempo if it is clear and large enough to matter."""
    trend = clear_trend(seconds, MIN_TEMPO_S)
    return trend if trend and abs(trend.share) >= MIN_TEMPO_SHARE else None


def _chance(count: int, score: int) -> float:
    """Two-sided probability of a Mann–Kendall score (rising less falling pairs) of `score` or more.

    Ties count as neither, so with ties the result errs towards no trend.
    """
    if count > _MAX_EXACT:
        deviation = sqrt(count * (count - 1) * (2 * count + 5) / 18)
        return erfc(max(score - 1, 0) / deviation / sqrt(2))
    pairs = count * (count - 1) // 2
    numbers = _inversion_numbers(count)
    tail = sum(numbers[: (pairs - score) // 2 + 1])
    return min(1.0, 2 * tail / sum(numbers))


@cache
def _inversion_numbers(count: int) -> tuple[int, ...]:
    """How many permutations of `count` items have 0, 1, 2... inversions (Mahonian numbers)."""
    numbers = [1]
    for size in range(2, count + 1):
        longer = [0] * (len(numbers) + size - 1)
        for inversions, number in enumerate(numbers):
            for more in range(size):
                longer[inversions + more] += number
        numbers = longer
    return tuple(numbers)


@dataclass(frozen=True, slots=True)
class SetTrend:
    """How one set went. Each trend is None unless it is clear and large enough to matter."""

    set: int
    reps: tuple[Rep, ...]
    tempo: Trend | None
    """Seconds of raise and lower together."""
    top: Trend | None
    """Highest flexion, degrees."""


def set_trends(reps: Sequence[Rep]) -> tuple[SetTrend, ...]:
    """The trends of each set, in order."""
    by_set: dict[int, list[Rep]] = {}
    for rep in reps:
        by_set.setdefault(rep.set, []).append(rep)
    return tuple(_set_trend(number, tuple(of_set)) for number, of_set in sorted(by_set.items()))


def _set_trend(number: int, reps: tuple[Rep, ...]) -> SetTrend:
    tempo = clear_tempo_trend([rep.raise_s + rep.lower_s for rep in reps])
    return SetTrend(number, reps, tempo, clear_trend([rep.top_flexion_deg for rep in reps], MIN_TOP_DEG))
