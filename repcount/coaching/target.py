"""A person's own range: the target that partial reps just done suggest. Pure: reps in, target out."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor

from repcount.config import MIN_TARGET_DEG
from repcount.types import Flag, Rep

_SAME_HEIGHT_DEG = 5.0
"""Reps whose tops lie within this reach the same height."""

_OFFER_AFTER = 3
"""So many partial reps of the same height in a row are somebody's range, not a bad rep."""

_MARGIN_DEG = 4.0
"""The target lies below the lowest of those reps by the error of a measured top (rendered clips), or every second rep
of the same height would miss it."""

_OTHER_FAULTS = {Flag.SHORT_BOTTOM, Flag.BENT_KNEES, Flag.LEGS_APART}


def reps_in_reach(reps: Sequence[Rep]) -> tuple[Rep, ...]:
    """The newest reps of a set that a lower target would make full: partial reps in a row that reached the same height,
    high enough, and that lack nothing else. Empty where the last rep is none of these.
    """
    found: list[Rep] = []
    for rep in reversed(reps):
        tops = [rep.top_flexion_deg, *(other.top_flexion_deg for other in found)]
        if not _lacks_height_alone(rep) or max(tops) - min(tops) > _SAME_HEIGHT_DEG:
            break
        found.append(rep)
    return tuple(reversed(found))


def _lacks_height_alone(rep: Rep) -> bool:
    faults = set(rep.flags)
    return Flag.SHORT_TOP in faults and not faults & _OTHER_FAULTS and rep.top_flexion_deg >= MIN_TARGET_DEG


def target_for(reps: Sequence[Rep]) -> float:
    """The target, in whole degrees, at which all of these reps are full: see `reps_in_reach`."""
    lowest = min(rep.top_flexion_deg for rep in reps)
    return max(float(floor(lowest - _MARGIN_DEG)), MIN_TARGET_DEG)


def is_offer_due(reps: Sequence[Rep]) -> bool:
    """Whether the newest reps of a set show a range of one's own, for which to offer a target."""
    return len(reps_in_reach(reps)) >= _OFFER_AFTER
