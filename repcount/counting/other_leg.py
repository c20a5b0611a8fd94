"""What the other leg does in a movement: it comes along, stays behind, or is unknown."""

from __future__ import annotations

from math import isnan

from repcount.counting.movement import Movement, elevation_above_floor, nanmedian
from repcount.types import Sample

_SHARE = 0.5
"""A leg that makes less of the way than this stays behind."""

_LEFT_DEG, _EARLY_DEG = 12.0, 10.0
_THIRD_DEG = (25.0, 45.0)
_STOPS_DEG, _STILL_DEG = 6.0, 8.0
_TOGETHER_DEG = 20.0
"""Somebody who raises one leg keeps the other on the floor: it rises by up to 12° in all, for the pelvis tilts, and by
no more than 6° until the first one is a third of the way up (single-leg raises, real and rendered, with and without
somebody lying behind). The leg of somebody who lies behind, onto which the landmarks have slipped, shows otherwise:
both begin and end within the last of these; until the leg is between the elevations of `_THIRD_DEG` the other has come
along by 13-15°, and then it stops, changes by no more than `_STOPS_DEG` and is still to within `_STILL_DEG` but for
strays. Nobody lifts a leg with the other and holds it dead still in mid-air while that one goes on."""

_STRAYS = 0.1


def lift(sample: Sample) -> float:
    """Elevation of the other thigh above the floor."""
    return elevation_above_floor(flexion(sample), sample)


def flexion(sample: Sample) -> float:
    """180 - hip angle of the other leg."""
    return 180.0 - sample.other_hip_deg


def apart(sample: Sample) -> float:
    """Angle between the legs."""
    return abs(sample.hip_deg - sample.other_hip_deg)


def stays_behind(movement: Movement) -> bool:
    """Whether it makes less than half of the way. False where it is not known."""
    rise = movement.at_top(lambda sample: 180.0 - sample.hip_deg) - movement.at_start(
        lambda sample: 180.0 - sample.hip_deg
    )
    return movement.at_top(flexion) - movement.at_start(flexion) < _SHARE * rise


def has_slipped(movement: Movement) -> bool:
    """Whether its landmarks came along, stopped and stayed: they are on another body, and the leg is unknown."""
    if not stays_behind(movement):
        return False
    start, top = movement.at_start(lift), movement.at_top(lift)
    third = nanmedian(lift(p.sample) for p in movement.points if _THIRD_DEG[0] <= p.lift <= _THIRD_DEG[1])
    together = max(movement.at_start(apart), movement.at_end(apart)) <= _TOGETHER_DEG
    came_along = top - start > _LEFT_DEG and third - start > _EARLY_DEG
    return together and came_along and abs(top - third) <= _STOPS_DEG and _spread(movement) <= _STILL_DEG


def is_unknown(movement: Movement) -> bool:
    """Whether nothing is known of it at the top."""
    return isnan(movement.at_top(flexion)) or has_slipped(movement)


def _spread(movement: Movement) -> float:
    """How far it moves at the top, but for a tenth of the values at either end."""
    held = sorted(angle for angle in (flexion(p.sample) for p in movement.top_points) if not isnan(angle))
    strays = int(_STRAYS * len(held))
    return held[-1 - strays] - held[strays] if held else 0.0
