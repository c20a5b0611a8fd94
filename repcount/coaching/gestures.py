"""Control without keys: an arm held up for a second means pause, or go on. Pure.

Both arms mean the same. From the side the model puts a far arm that is hidden at the head onto the near arm that is
held up: on a rendered clip it reads 75° with a visibility of 0.25 then, and 80° with 0.32 where both arms are up.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf, isnan, nan

HOLD_S = 1.0
"""How long an arm is held up. Heuristic: longer than a stretch or a wave, short enough for somebody out of breath."""

_GAP_S = 0.25
"""How long the arm may be misread within the hold, as a frame or two are."""

_REARM_S = 0.5
"""How long the arms must be down before the next gesture, so that one that is held longer is one gesture."""

_MAX_STEP_S = 0.5
"""Frames further apart tell nothing about what was between them: a hold begins anew."""

_LYING_DEG = 30.0
"""Largest elevation of the trunk, either way. Who sits or stands may do anything with the arms."""

_LEGS_DOWN_DEG = 35.0
"""Largest elevation of the legs. Within a rep, and in look-alikes that reach for the feet, arms tell nothing."""


@dataclass(frozen=True, slots=True)
class GestureState:
    """What the arms have done so far."""

    since_s: float = nan
    """Since when an arm is held up; NaN if none is."""
    seen_s: float = nan
    """When it was last seen."""
    down_s: float = -inf
    """Since when the arms are down; NaN while one is up or nobody is seen."""
    armed: bool = True
    """Whether the arms were down since the last gesture."""
    last_s: float = nan
    """Time of the last frame."""


def step(
    state: GestureState, time_s: float, arm_up: float, trunk_deg: float, legs_deg: float
) -> tuple[GestureState, bool]:
    """The state after one frame, and whether it completes the gesture.

    `arm_up` is `pose.arms.arm_up`: 1, 0 or NaN; `trunk_deg` and `legs_deg` are elevations in degrees, NaN if nobody was
    seen. An arm that is not seen is not up, but does not end a hold within `_GAP_S`.
    """
    if time_s - state.last_s > _MAX_STEP_S:
        state = GestureState(armed=state.armed, down_s=nan)
    state = replace(state, last_s=time_s)
    if arm_up == 1.0 and abs(trunk_deg) <= _LYING_DEG and legs_deg <= _LEGS_DOWN_DEG:
        since_s = time_s if isnan(state.since_s) else state.since_s
        state = replace(state, since_s=since_s, seen_s=time_s, down_s=nan)
        done = state.armed and time_s - since_s >= HOLD_S
        return (replace(state, armed=False) if done else state), done
    return _lowered(state, time_s, seen=not (isnan(arm_up) or isnan(trunk_deg))), False


def _lowered(state: GestureState, time_s: float, *, seen: bool) -> GestureState:
    """The state while no arm is up: after a moment the hold is over, and after another the next may come."""
    if not isnan(state.since_s) and time_s - state.seen_s <= _GAP_S:
        return state
    if not seen:
        return replace(state, since_s=nan, down_s=nan)
    down_s = time_s if isnan(state.down_s) else state.down_s
    return replace(state, since_s=nan, down_s=down_s, armed=state.armed or time_s - down_s >= _REARM_S)
