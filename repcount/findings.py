"""What a person wants to know of an analysis, in sentences. Those of the report and the plot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import isfinite

from repcount.analysis import Analysis
from repcount.records import Flag, Rep
from repcount.trend import SetTrend, Trend, set_trends

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
