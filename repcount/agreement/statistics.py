"""Figures of agreement between two raters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite, nan, sqrt
from statistics import fmean, median, stdev

from repcount.agreement.labels import UNKNOWN
from repcount.agreement.matching import Matches, VideoMatch

_Z95 = 1.959964
"""Of the normal distribution: 95 % lie within so many standard deviations."""


@dataclass(frozen=True, slots=True)
class Share:
    """A share of a number of cases, with its 95 % interval."""

    hits: int
    cases: int

    @property
    def value(self) -> float:
        """0 to 1; NaN without a case."""
        return self.hits / self.cases if self.cases else nan

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's score interval (1927), which holds for few cases and for shares of 0 and 1."""
        if not self.cases:
            return nan, nan
        p, n, z2 = self.value, self.cases, _Z95**2
        middle = (p + z2 / (2 * n)) / (1 + z2 / n)
        half = _Z95 * sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
        return max(middle - half, 0.0), min(middle + half, 1.0)


@dataclass(frozen=True, slots=True)
class Differences:
    """Differences of one measure in seconds, the second rater's minus the first's."""

    values: tuple[float, ...]

    @property
    def median_abs(self) -> float:
        """Half of them are smaller, whichever way they go."""
        return median(map(abs, self.values)) if self.values else nan

    @property
    def p95_abs(self) -> float:
        """The value below which 95 % of them lie, whichever way they go."""
        return percentile([abs(value) for value in self.values], 0.95)

    @property
    def bias(self) -> float:
        """Their mean: above 0 the second rater is later or takes it for longer."""
        return fmean(self.values) if self.values else nan

    @property
    def limits(self) -> tuple[float, float]:
        """Limits of agreement: bias -/+ 1.96 standard deviations (Bland and Altman 1986)."""
        if len(self.values) < 2:
            return nan, nan
        half = _Z95 * stdev(self.values)
        return self.bias - half, self.bias + half


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest value with at least `share` of the values up to it; NaN without values."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else nan


def kappa(pairs: Sequence[tuple[str, str]]) -> float:
    """Cohen's kappa (1960) of two raters' categories: 1 is agreement in all, 0 is as much as by chance.

    NaN where chance alone would agree in all, as both raters used one and the same category throughout.
    """
    if not pairs:
        return nan
    n = len(pairs)
    agreed = sum(one == other for one, other in pairs) / n
    categories = {category for pair in pairs for category in pair}
    chance = sum(
        sum(one == each for one, _ in pairs) * sum(other == each for _, other in pairs) for each in categories
    ) / (n * n)
    return (agreed - chance) / (1 - chance) if chance < 1 else nan


def icc(ratings: Sequence[Sequence[float]]) -> float:
    """Intraclass correlation for absolute agreement of single ratings, two-way: ICC(A,1) of McGraw and Wong (1996).

    `ratings` holds for each rep the values of all raters. The same value as ICC(2,1) of Shrout and Fleiss (1979). NaN
    below two reps or where nothing varies.
    """
    n = len(ratings)
    if n < 2:
        return nan
    k = len(ratings[0])
    grand = fmean(value for row in ratings for value in row)
    rows = [fmean(row) for row in ratings]
    columns = [fmean(row[rater] for row in ratings) for rater in range(k)]
    between_rows = k * sum((row - grand) ** 2 for row in rows) / (n - 1)
    between_columns = n * sum((column - grand) ** 2 for column in columns) / (k - 1)
    residual = sum(
        (row[rater] - rows[i] - columns[rater] + grand) ** 2 for i, row in enumerate(ratings) for rater in range(k)
    ) / ((n - 1) * (k - 1))
    below = between_rows + (k - 1) * residual + k * (between_columns - residual) / n
    return (between_rows - residual) / below if below > 0 else nan


@dataclass(frozen=True, slots=True)
class Agreement:
    """All figures of a comparison. The first rater is the reference for precision and recall."""

    videos: int
    same_count: Share
    """Videos in which both have the same number of full reps; a rep of unknown kind counts as full."""
    recall: Share
    """Of the first rater's reps, full or partial, those that the second rater has, too."""
    precision: Share
    """Of the second rater's reps those that the first rater has, too."""
    kinds: tuple[tuple[str, str], ...]
    """The kinds of the reps that both have, where both know it."""
    kappa: float
    start: Differences
    top: Differences
    end: Differences
    duration: Differences
    durations_s: tuple[tuple[float, float], ...]
    """The length of each rep that both have, by both."""
    duration_icc: float


def agreement(matches: Matches) -> Agreement:
    """The figures over all videos that both raters have looked at."""
    videos = matches.videos
    pairs = [(video.ones[i], video.others[j]) for video in videos for i, j in video.pairs]
    kinds = tuple((one.kind, other.kind) for one, other in pairs if UNKNOWN not in (one.kind, other.kind))
    durations_s = tuple((one.end_s - one.start_s, other.end_s - other.start_s) for one, other in pairs)
    tops = tuple(other.top_s - one.top_s for one, other in pairs if isfinite(one.top_s) and isfinite(other.top_s))
    return Agreement(
        videos=len(videos),
        same_count=Share(sum(_full(video)[0] == _full(video)[1] for video in videos), len(videos)),
        recall=Share(len(pairs), sum(len(video.ones) for video in videos)),
        precision=Share(len(pairs), sum(len(video.others) for video in videos)),
        kinds=kinds,
        kappa=kappa(kinds),
        start=Differences(tuple(other.start_s - one.start_s for one, other in pairs)),
        top=Differences(tops),
        end=Differences(tuple(other.end_s - one.end_s for one, other in pairs)),
        duration=Differences(tuple(other - one for one, other in durations_s)),
        durations_s=durations_s,
        duration_icc=icc(durations_s),
    )


def _full(video: VideoMatch) -> tuple[int, int]:
    return sum(rep.kind != "partial" for rep in video.ones), sum(rep.kind != "partial" for rep in video.others)
