"""What an analysis says, in sentences; and whether anything changed over a set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from math import ceil, erfc, isfinite, isnan, sqrt
from statistics import median

from repcount.analysis import Analysis
from repcount.types import Flag, Rep

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


FLAGS = {
    Flag.SHORT_TOP: "not upright",
    Flag.SHORT_BOTTOM: "not back down",
    Flag.BENT_KNEES: "knees bent",
    Flag.LEGS_APART: "legs apart",
    Flag.FAST_RAISE: "raise too fast",
    Flag.FAST_LOWER: "lower too fast",
    Flag.HANDS_OFF_HEAD: "hands off head",
    Flag.LOW_CONFIDENCE: "hard to see",
    Flag.BY_HAND: "added by hand",
}
"""Each flag in words, what keeps a rep from being full first."""

_WHY_PARTIAL = {
    Flag.SHORT_TOP: "did not come upright",
    Flag.SHORT_BOTTOM: "did not come back down",
    Flag.BENT_KNEES: "had bent knees",
    Flag.LEGS_APART: "had the legs apart",
}


NOTES = (Flag.HANDS_OFF_HEAD, Flag.LOW_CONFIDENCE, Flag.BY_HAND)
"""Flags that say nothing against the rep."""


def remarks(rep: Rep, *, notes: bool = True) -> list[str]:
    """The flags of a rep in words; without `notes` those that every rep may have are left to `notes`."""
    told = [words for flag, words in FLAGS.items() if flag in rep.flags and (notes or flag is not Flag.HANDS_OFF_HEAD)]
    if {Flag.FAST_RAISE, Flag.FAST_LOWER} <= set(rep.flags):
        told[told.index(FLAGS[Flag.FAST_RAISE])] = "raise and lower too fast"
        told.remove(FLAGS[Flag.FAST_LOWER])
    return told


def notes(analysis: Analysis) -> list[str]:
    """What is told once instead of at every rep."""
    hands_off = sum(Flag.HANDS_OFF_HEAD in rep.flags for rep in analysis.reps)
    return [f"hands not at the head in {hands_off} of {_plural(len(analysis.reps), 'rep')}"] if hands_off else []


def summary_sentence(analysis: Analysis) -> str:
    """The result in one sentence."""
    if not analysis.reps:
        return _nothing(analysis)
    parts = [_full(analysis), *_partial(analysis), *_fast(analysis), *_change(set_trends(analysis.reps))]
    stopped = ["the count was stopped by hand"] if analysis.interrupted else []
    return "; ".join([*parts, *stopped]) + "."


def _nothing(analysis: Analysis) -> str:
    if not analysis.tracked:
        return "No leg raise was counted: nobody was found in the picture."
    if analysis.rejections:
        return f"No leg raise was counted: {_plural(len(analysis.rejections), 'movement')} did not qualify."
    return "No leg raise was counted: the legs did not move enough."


def _full(analysis: Analysis) -> str:
    full, reps = analysis.summary.full, len(analysis.reps)
    if reps == 1:
        return "The only rep was full" if full else "The only rep was partial"
    if full == reps:
        return f"{_all(reps)} reps were full"
    if not full:
        return f"None of {reps} reps was full"
    return f"{full} of {reps} reps {'was' if full == 1 else 'were'} full"


def _all(reps: int) -> str:
    return "Both" if reps == 2 else f"All {reps}"


def _partial(analysis: Analysis) -> list[str]:
    """What the partial reps lacked, the commonest first."""
    partial = [rep for rep in analysis.reps if not rep.full]
    why = Counter(flag for rep in partial for flag in _WHY_PARTIAL if flag in rep.flags)
    number = {len(partial): "it" if len(partial) == 1 else "they"} if len(partial) == len(analysis.reps) else {}
    told = [f"{number.get(count, count)} {_WHY_PARTIAL[flag]}" for flag, count in why.most_common()]
    return [", ".join(told)] if told else []


def _fast(analysis: Analysis) -> list[str]:
    fast, reps = analysis.summary.fast, len(analysis.reps)
    if not fast:
        return []
    if reps == 1:
        return ["it was faster than asked"]
    which = {reps: "both" if reps == 2 else "all"}.get(fast, str(fast))
    return [f"{which} {'was' if fast == 1 else 'were'} faster than asked"]


def _change(sets: Sequence[SetTrend]) -> list[str]:
    changed = [course for course in sets if course.tempo or course.top]
    if not changed:
        return []
    if len(sets) == 1:
        return [f"towards the end the reps got {_both(changed[0])}"]
    if len(changed) == 1:
        return [f"in set {changed[0].set} the reps got {_both(changed[0])} towards the end"]
    most = max(changed, key=lambda course: abs(course.tempo.share) if course.tempo else 0.0)
    which = "each set" if len(changed) == len(sets) else f"{len(changed)} of {len(sets)} sets"
    return [f"the reps changed towards the end of {which}, most in set {most.set}: {_both(most)}"]


def _both(course: SetTrend) -> str:
    tempo = [f"{abs(course.tempo.share):.0%} {_pace(course.tempo)}"] if course.tempo else []
    top = [f"{abs(course.top.change):.0f}° {'lower' if course.top.change < 0 else 'higher'}"] if course.top else []
    return " and ".join([*tempo, *top])


def _pace(tempo: Trend) -> str:
    return "faster" if tempo.change < 0 else "slower"


def trend_sentences(course: SetTrend) -> str:
    """How one set went, in a sentence; what is not told did not change clearly."""
    told = []
    if course.tempo:
        seconds = f"from {course.tempo.first:.1f} to {course.tempo.last:.1f} s for raise and lower together"
        told.append(f"{abs(course.tempo.share):.0%} {_pace(course.tempo)}, {seconds}")
    if course.top:
        way = "less high" if course.top.change < 0 else "higher"
        told.append(f"{abs(course.top.change):.0f}° {way}, from {course.top.first:.0f}° to {course.top.last:.0f}°")
    if told:
        return f"The reps got {'; and '.join(told)}."
    known = sum(isfinite(rep.top_flexion_deg) for rep in course.reps)
    return "No clear change." if known > 4 else "Too few reps to tell a change from chance."


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
