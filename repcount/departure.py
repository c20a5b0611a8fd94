"""When a limb leaves its bottom and when it is back, from the way it moves in between."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

Flank = Sequence[tuple[float, float]]
"""(time in seconds, lift in degrees) pairs along one flank of a movement, from the top to the bottom."""

_LEAVING_SHARE, _ARRIVING_SHARE, _FAR_SHARE = 0.072, 0.05, 0.25
_NEAR_DEG = 3.0
"""Leaving and arriving are timed from two marks, where the legs have made these shares of their way (but at
least `_NEAR_DEG`, clear of jitter of 0.5-1°): near enough to the moment itself, far enough to be certain. The
mark for leaving lies higher, because a head that is lifted before tilts the legs by up to 5°."""

_LEVEL_DEG = 0.5
"""Within this of the bottom the legs are at it (the size of the jitter)."""

_BOTTOM_FLANKS = 3.0
"""The bottom is the lowest point of this many times the time between the two marks, before the nearer one: a
head that is lifted a second before the legs leave tilts them, too."""

_LEAD_SHARE, _TRAIL_SHARE = 0.1, 0.6
"""How far a reckoned moment may lie outside of what is visible, as shares of the time between the bottom and
the nearer mark: legs leave the floor with a push, but sink onto it slowly. They are fitted, between rendered
clips whose movement begins before anything can be seen to move and people's labels of when they saw it: half of the
starts are then within 0.09 s of both, and half of the ends within 0.02 s and 0.08 s."""


def movement_onset(walk: Flank) -> float:
    """When a limb left the bottom of a walk that is told backwards in time, from the top."""
    departure_s, seen_s, near_s = _departure(walk, _LEAVING_SHARE)
    return max(departure_s, seen_s - _LEAD_SHARE * (near_s - seen_s))


def movement_end(walk: Flank) -> float:
    """When a limb came to rest at the bottom of a walk from the top: the departure seen backwards."""
    departure_s, seen_s, near_s = _departure([(-time_s, lift) for time_s, lift in walk], _ARRIVING_SHARE)
    return -max(departure_s, seen_s - _TRAIL_SHARE * (near_s - seen_s))


def _departure(walk: Flank, near_share: float) -> tuple[float, float, float]:
    """When a movement left its bottom, from its (time, lift) pairs told backwards from the top.

    People move their limbs with the least jerk (Flash and Hogan 1985): the way made after the share τ of
    the time is 10τ³ - 15τ⁴ + 6τ⁵, which takes off so softly that the moment itself drowns in jitter. So it
    is reckoned back from the times of two marks on the way.

    Returns that time, the last one at which the limb was seen level with the bottom, and the nearer mark's.
    """
    bottom = walk
    high = max(lift for _, lift in walk)
    for _ in range(2):
        low = min(lift for _, lift in bottom)
        way = max(high - low, 1e-6)
        near = min(max(near_share, _NEAR_DEG / way), _FAR_SHARE / 2)
        near_s, far_s = crossing(walk, low + near * way), crossing(walk, low + _FAR_SHARE * way)
        since_s = near_s - _BOTTOM_FLANKS * (far_s - near_s)
        bottom = [(t, lift) for t, lift in walk if since_s <= t <= near_s] or bottom
    before, between = _time_share(near), _time_share(_FAR_SHARE) - _time_share(near)
    return near_s - (far_s - near_s) * before / between, crossing(walk, low + _LEVEL_DEG), near_s


def _time_share(way: float) -> float:
    """The share of the time after which a movement of least jerk has made the share `way` of its way."""
    low, high = 0.0, 1.0
    for _ in range(30):
        half = (low + high) / 2
        low, high = (half, high) if half**3 * (10 - 15 * half + 6 * half**2) < way else (low, half)
    return low


def crossing(walk: Flank, level: float) -> float:
    """When the angle first is at or below `level`, between the pairs; the last time where it never is."""
    for (t0, x0), (t1, x1) in pairwise(walk):
        if x0 > level >= x1:
            return t0 + (t1 - t0) * (x0 - level) / (x0 - x1)
    return walk[0][0] if walk[0][1] <= level else walk[-1][0]
