"""When to tell a problem that lasts: not at once, and not all the time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf, nan

from repcount.moment import Cue

_AGAIN_S = 12.0
"""Time to get up, move the camera and lie down. A choice."""

_ONCE = {Cue.TOO_FAR, Cue.TWO_PEOPLE}
"""Advice that hinders nobody is given once."""


@dataclass(frozen=True, slots=True)
class ReminderState:
    """What is remembered of the problem at hand."""

    problem: Cue | None = None
    since_s: float = nan
    told_s: float = -inf
    told: frozenset[Cue] = frozenset()
    """All that was told."""


def update_reminder(
    state: ReminderState, time_s: float, problem: Cue | None, patience_s: float
) -> tuple[ReminderState, Cue | None]:
    """The state, and what to tell now: a problem that has lasted `patience_s`, or that goes on and on."""
    if problem is not state.problem:
        state = replace(state, problem=problem, since_s=time_s)
    if problem is None or time_s - state.since_s < patience_s:
        return state, None
    if problem in state.told and (problem in _ONCE or time_s - state.told_s < _AGAIN_S):
        return state, None
    return replace(state, told_s=time_s, told=state.told | {problem}), problem
