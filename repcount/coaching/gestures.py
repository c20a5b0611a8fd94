"""Control without keys: one arm held up for a second, or both. Pure."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from math import inf, isnan, nan

from repcount.pose.arms import LEGS_DOWN_DEG, LYING_DEG, ONE_OR_TWO, STILL_DEG

HOLD_S = 1.0
"""How long an arm is held up. Heuristic: longer than a stretch or a wave, short enough for somebody out of breath."""

_GAP_S = 0.25
"""How long the arm may be misread within the hold, as a frame or two are."""

_REARM_S = 0.5
"""How long the arms must be down before the next gesture, so that one that is held longer is one gesture."""

_MAX_STEP_S = 0.5
"""Frames further apart tell nothing about what was between them: a hold begins anew."""


class Gesture(enum.Enum):
    """What was held up."""

    ONE_ARM = "one arm"
    ONE_OR_BOTH = "one or both"
    """One arm, or both side by side, where one hides the other."""
    BOTH_ARMS = "both arms"


@dataclass(frozen=True, slots=True)
class GestureState:
    """What the arms have done so far."""

    since_s: float = nan
    """Since when an arm is held up; NaN if none is."""
    trunk_deg: float = nan
    """How the trunk lay then."""
    seen_s: float = nan
    """When it was last seen."""
    frames: int = 0
    two: int = 0
    both: int = 0
    """Frames of the hold, those in which two arms seem to be up, and those in which they plainly are."""
    down_s: float = -inf
    """Since when the arms are down; NaN while one is up or nobody is seen."""
    armed: bool = True
    """Whether the arms were down since the last gesture, and since the trunk moved."""
    last_s: float = nan
    """Time of the last frame."""


def step(
    state: GestureState, time_s: float, arms_up: float, trunk_deg: float, heels_deg: float
) -> tuple[GestureState, Gesture | None]:
    """The state after one frame, and the gesture that it completes.

    `arms_up` is what `pose.arms` tells, NaN included; `trunk_deg` and `heels_deg` are elevations in degrees, NaN if
    nobody was seen. An arm that is not seen is not up, but does not end a hold within `_GAP_S`. One that is up
    while the trunk moves has to come down first.
    """
    if time_s - state.last_s > _MAX_STEP_S:
        state = GestureState(armed=state.armed, down_s=nan)
    state = replace(state, last_s=time_s)
    if not (arms_up >= 1.0 and abs(trunk_deg) <= LYING_DEG and heels_deg <= LEGS_DOWN_DEG):
        return _lowered(state, time_s, seen=not isnan(arms_up + trunk_deg)), None
    if isnan(state.since_s):
        state = replace(state, since_s=time_s, trunk_deg=trunk_deg, frames=0, two=0, both=0)
    if abs(trunk_deg - state.trunk_deg) > STILL_DEG:
        state = replace(state, armed=False)
    return _held_up(state, time_s, arms_up)


def _held_up(state: GestureState, time_s: float, arms_up: float) -> tuple[GestureState, Gesture | None]:
    """The state while an arm is up. Both are if they are for most of the hold: the second may come a little late."""
    two, both = state.two + (arms_up >= ONE_OR_TWO), state.both + (arms_up >= 2.0)
    state = replace(state, seen_s=time_s, down_s=nan, frames=state.frames + 1, two=two, both=both)
    if not state.armed or time_s - state.since_s < HOLD_S:
        return state, None
    state, half = replace(state, armed=False), state.frames / 2
    if both > half:
        return state, Gesture.BOTH_ARMS
    return state, Gesture.ONE_OR_BOTH if two > half else Gesture.ONE_ARM


def _lowered(state: GestureState, time_s: float, *, seen: bool) -> GestureState:
    """The state while no arm is up: after a moment the hold is over, and after another the next may come."""
    if not isnan(state.since_s) and time_s - state.seen_s <= _GAP_S:
        return state
    if not seen:
        return replace(state, since_s=nan, down_s=nan)
    down_s = time_s if isnan(state.down_s) else state.down_s
    return replace(state, since_s=nan, down_s=down_s, armed=state.armed or time_s - down_s >= _REARM_S)
