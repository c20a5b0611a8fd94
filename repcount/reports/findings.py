"""The result of an analysis in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import isfinite

from repcount.analysis import Analysis
from repcount.coaching import phrases
from repcount.reports.trends import MIN_VALUES, SetTrend, Trend, set_trends
from repcount.types import Flag

NOTES = (Flag.HANDS_OFF_HEAD, Flag.LOW_CONFIDENCE, Flag.BY_HAND)
"""Flags that are no fault of the rep."""

_WHY_PARTIAL = {
    Flag.SHORT_TOP: "did not come upright",
    Flag.SHORT_BOTTOM: "did not come back down",
    Flag.BENT_KNEES: "had bent knees",
    Flag.LEGS_APART: "had the legs apart",
}


def summary_sentence(analysis: Analysis) -> str:
    """The result in one sentence."""
    if not analysis.reps:
        return _nothing_counted(analysis)
    parts = [_full(analysis), *_partial(analysis), *_fast(analysis), *_changes(set_trends(analysis.reps))]
    target = [f"the target was {analysis.settings.full_deg:g}°, not upright"] if analysis.settings.own_target else []
    stopped = ["the count was stopped by hand"] if analysis.interrupted else []
    return " ".join(filter(None, ["; ".join([*parts, *target, *stopped]) + ".", phrases.praise(analysis.reps)]))


def notes(analysis: Analysis) -> list[str]:
    """What is said once instead of at every rep."""
    hands_off = sum(Flag.HANDS_OFF_HEAD in rep.flags for rep in analysis.reps)
    return [f"hands not at the head in {hands_off} of {_plural(len(analysis.reps), 'rep')}"] if hands_off else []


def set_sentence(trend: SetTrend) -> str:
    """How one set changed, in a sentence."""
    changes = []
    if trend.tempo:
        seconds = f"from {trend.tempo.first:.1f} to {trend.tempo.last:.1f} s for raise and lower together"
        changes.append(f"{abs(trend.tempo.share):.0%} {_pace(trend.tempo)}, {seconds}")
    if trend.top:
        direction = "less high" if trend.top.change < 0 else "higher"
        degrees = f"from {trend.top.first:.0f}° to {trend.top.last:.0f}°"
        changes.append(f"{abs(trend.top.change):.0f}° {direction}, {degrees}")
    if changes:
        return f"The reps got {'; and '.join(changes)}."
    known = sum(isfinite(rep.top_flexion_deg) for rep in trend.reps)
    return "No clear change." if known >= MIN_VALUES else "Too few reps to tell a change from chance."


def _nothing_counted(analysis: Analysis) -> str:
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
        return f"{'Both' if reps == 2 else f'All {reps}'} reps were full"
    if not full:
        return f"None of {reps} reps was full"
    return f"{full} of {reps} reps {'was' if full == 1 else 'were'} full"


def _partial(analysis: Analysis) -> list[str]:
    """What the partial reps lacked, the most frequent first."""
    partial = [rep for rep in analysis.reps if not rep.full]
    reasons = Counter(flag for rep in partial for flag in _WHY_PARTIAL if flag in rep.flags)
    pronoun = {len(partial): "it" if len(partial) == 1 else "they"} if len(partial) == len(analysis.reps) else {}
    why = {**_WHY_PARTIAL, **({Flag.SHORT_TOP: "did not reach the target"} if analysis.settings.own_target else {})}
    parts = [f"{pronoun.get(count, count)} {why[flag]}" for flag, count in reasons.most_common()]
    return [", ".join(parts)] if parts else []


def _fast(analysis: Analysis) -> list[str]:
    fast, reps = analysis.summary.fast, len(analysis.reps)
    if not fast:
        return []
    if reps == 1:
        return ["it was faster than asked"]
    which = {reps: "both" if reps == 2 else "all"}.get(fast, str(fast))
    return [f"{which} {'was' if fast == 1 else 'were'} faster than asked"]


def _changes(trends: Sequence[SetTrend]) -> list[str]:
    changed = [trend for trend in trends if trend.tempo or trend.top]
    if not changed:
        return []
    if len(trends) == 1:
        return [f"towards the end the reps got {_change(changed[0])}"]
    if len(changed) == 1:
        return [f"in set {changed[0].set} the reps got {_change(changed[0])} towards the end"]
    most = max(changed, key=lambda trend: abs(trend.tempo.share) if trend.tempo else 0.0)
    which = "each set" if len(changed) == len(trends) else f"{len(changed)} of {len(trends)} sets"
    return [f"the reps changed towards the end of {which}, most in set {most.set}: {_change(most)}"]


def _change(trend: SetTrend) -> str:
    tempo = [f"{abs(trend.tempo.share):.0%} {_pace(trend.tempo)}"] if trend.tempo else []
    top = [f"{abs(trend.top.change):.0f}° {'lower' if trend.top.change < 0 else 'higher'}"] if trend.top else []
    return " and ".join([*tempo, *top])


def _pace(tempo: Trend) -> str:
    return "faster" if tempo.change < 0 else "slower"


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
