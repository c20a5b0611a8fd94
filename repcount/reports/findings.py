"""The result of an analysis in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import isfinite

from repcount import messages
from repcount.analysis import Analysis
from repcount.coaching import phrases
from repcount.language import gettext as _
from repcount.language import ngettext, number
from repcount.reports.trends import MIN_VALUES, SetTrend, Trend, set_trends
from repcount.types import Flag

NOTES = (Flag.HANDS_OFF_HEAD, Flag.LOW_CONFIDENCE, Flag.BY_HAND)
"""Flags that are no fault of the rep."""

_WHY_PARTIAL = {
    Flag.SHORT_TOP: "{n} did not come upright",
    Flag.SHORT_BOTTOM: "{n} did not come back down",
    Flag.BENT_KNEES: "{n} had bent knees",
    Flag.LEGS_APART: "{n} had the legs apart",
}
_HABIT = 0.2
"""Share of the reps with a fault from which on it is no slip. Heuristic."""

_SHORT_OF_TARGET = "{n} did not reach the target"


def summary_sentence(analysis: Analysis) -> str:
    """The result in one sentence."""
    if not analysis.reps:
        return _nothing_counted(analysis)
    parts = [_full(analysis), *_partial(analysis), *_fast(analysis), *_changes(set_trends(analysis.reps))]
    settings = analysis.settings
    target = [_("the target was {n}°, not upright").format(n=f"{settings.full_deg:g}")] if settings.own_target else []
    stopped = [_("the count was stopped by hand")] if analysis.interrupted else []
    return " ".join(filter(None, ["; ".join([*parts, *target, *stopped]) + ".", phrases.praise(analysis.reps)]))


def advice(analysis: Analysis) -> str:
    """What the reps lacked most, as advice in one line; empty if none lacked anything.

    As live, what keeps reps from being full comes before the tempo, unless it was a slip.
    """
    faults = [{flag} for flag in _WHY_PARTIAL] + [{Flag.FAST_RAISE, Flag.FAST_LOWER}]
    lacking = [(fault, [rep for rep in analysis.reps if fault & set(rep.flags)]) for fault in faults]
    partial = [each for each in lacking[:-1] if len(each[1]) >= _HABIT * len(analysis.reps)]
    fault, reps = max(partial or lacking, key=lambda each: len(each[1]))
    if not reps:
        return ""
    words = messages.flag_words(fault & {flag for rep in reps for flag in rep.flags})
    return _("Next time: {advice} ({n} of {reps})").format(advice=words[0], n=len(reps), reps=len(analysis.reps))


def notes(analysis: Analysis) -> list[str]:
    """What is said once instead of at every rep."""
    hands_off = sum(Flag.HANDS_OFF_HEAD in rep.flags for rep in analysis.reps)
    return [messages.hands_off_head(hands_off, len(analysis.reps))] if hands_off else []


def set_sentence(trend: SetTrend) -> str:
    """How one set changed, in a sentence."""
    changes = []
    if trend.tempo:
        text = _("{change}, from {first} to {last} s for raise and lower together")
        first, last = number(trend.tempo.first, 1), number(trend.tempo.last, 1)
        changes.append(text.format(change=_tempo_change(trend.tempo), first=first, last=last))
    if trend.top:
        text = _("{change}, from {first}° to {last}°")
        first, last = f"{trend.top.first:.0f}", f"{trend.top.last:.0f}"
        changes.append(text.format(change=_top_change(trend.top), first=first, last=last))
    if changes:
        return _("The reps got {changes}.").format(changes="; ".join(changes))
    known = sum(isfinite(rep.top_flexion_deg) for rep in trend.reps)
    return _("No clear change.") if known >= MIN_VALUES else _("Too few reps to tell a change from chance.")


def _nothing_counted(analysis: Analysis) -> str:
    if not analysis.tracked:
        return _("No leg raise was counted: nobody was found in the picture.")
    if analysis.rejections:
        refused = len(analysis.rejections)
        return ngettext(
            "No leg raise was counted: {n} movement did not qualify.",
            "No leg raise was counted: {n} movements did not qualify.",
            refused,
        ).format(n=refused)
    return _("No leg raise was counted: the legs did not move enough.")


def _full(analysis: Analysis) -> str:
    full, reps = analysis.summary.full, len(analysis.reps)
    if reps == 1:
        only = _("The only rep was full") if full else _("The only rep was partial")
        return ": ".join(filter(None, [only, ", ".join(messages.flag_words(analysis.reps[0].flags))]))
    if full == reps:
        return _("Both reps were full") if reps == 2 else _("All {n} reps were full").format(n=reps)
    if not full:
        return _("None of {n} reps was full").format(n=reps)
    text = ngettext("{n} of {reps} reps was full", "{n} of {reps} reps were full", full)
    return text.format(n=full, reps=reps)


def _partial(analysis: Analysis) -> list[str]:
    """What the partial reps lacked, the most frequent first."""
    if len(analysis.reps) == 1:
        return []
    reasons = Counter(flag for rep in analysis.reps if not rep.full for flag in _WHY_PARTIAL if flag in rep.flags)
    why = {**_WHY_PARTIAL, **({Flag.SHORT_TOP: _SHORT_OF_TARGET} if analysis.settings.own_target else {})}
    parts = [_(why[flag]).format(n=count) for flag, count in reasons.most_common()]
    return [", ".join(parts)] if parts else []


def _fast(analysis: Analysis) -> list[str]:
    fast = analysis.summary.fast
    text = ngettext("{n} was faster than asked", "{n} were faster than asked", fast)
    return [text.format(n=fast)] if fast and len(analysis.reps) > 1 else []


def _changes(trends: Sequence[SetTrend]) -> list[str]:
    changed = [trend for trend in trends if trend.tempo or trend.top]
    if not changed:
        return []
    if len(trends) == 1:
        return [_("towards the end the reps got {change}").format(change=_change(changed[0]))]
    if len(changed) == 1:
        text = _("in set {set} the reps got {change} towards the end")
        return [text.format(set=changed[0].set, change=_change(changed[0]))]
    most = max(changed, key=lambda trend: abs(trend.tempo.share) if trend.tempo else 0.0)
    text = _("the reps changed towards the end of {n} of {sets} sets, most in set {set}: {change}")
    return [text.format(n=len(changed), sets=len(trends), set=most.set, change=_change(most))]


def _change(trend: SetTrend) -> str:
    tempo = [_tempo_change(trend.tempo)] if trend.tempo else []
    return _(" and ").join([*tempo, *([_top_change(trend.top)] if trend.top else [])])


def _tempo_change(tempo: Trend) -> str:
    text = _("{percent}% faster") if tempo.change < 0 else _("{percent}% slower")
    return text.format(percent=f"{100 * abs(tempo.share):.0f}")


def _top_change(top: Trend) -> str:
    text = _("{degrees}° lower") if top.change < 0 else _("{degrees}° higher")
    return text.format(degrees=f"{abs(top.change):.0f}")
