"""When a limb leaves the bottom or the top, and when it comes to rest, from its angle over time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import inf
from statistics import median
from typing import NamedTuple

Flank = Sequence[tuple[float, float]]
"""(time in seconds, lift in degrees) pairs along one flank of a movement, from the top to the bottom."""

_MARKS = 0.15, 0.75
"""Leaving and arriving are reckoned back from two marks, where the legs have made these shares of their way: far enough
apart that jitter of 0.5-1° moves the result by little."""

_NEAR_SHARE, _NEAR_DEG, _MOST_NEAR_SHARE, _FAR_SHARE = 0.072, 3.0, 0.125, 0.25
"""Legs get under way from the first share of their way (at least 3°, clear of jitter, at most the second share) to the
last one. The bottom is looked for before that, not long before: people fidget."""

_DRIFT_FLANKS, _DRIFT_SHARE = 2.0, 0.25
_SINK_FLANKS, _SINK_SHARE = 3.0, 0.0
"""How long before the legs leave, and after they arrive, the bottom is looked for, as a multiple of the time in which
they get under way, and which share of the values there lie below it. Before a raise they drift and jitter; after it
they sink on, and are down once they are lowest."""

SEEN_DEG = 1.0
"""This far off the bottom legs are seen to move: the size of the jitter. People who label footage by eye call it the
start when the heels are 1-2° up."""

_CREEP_DEG, _DOWN_DEG, _CREEP_SHARE = 3.0, 0.5, 0.6
"""Legs sink onto the floor slowly. They are down this share of the time that it takes them between these heights after
they have passed the lower one. Fitted like the rest."""

_START_MARKS, _START_LEVEL_DEG, _START_SOFT, _START_PUSHED = (0.1, 0.4), 0.7, 1.05, 1.35
_END_MARKS, _END_LEVEL_DEG, _END_SOFT, _END_PUSHED = (0.15, 0.75), 1.0, 0.8, 1.0
"""How abrupt a departure is: the time by which the moment reckoned from these marks lies before the one at which the
legs were this far off the bottom, as a share of the time from there to the nearer mark. Legs that move with the least
jerk leave softly (0.2-0.6 at the end on rendered clips) and the reckoned moment is right; people mostly push off and
creep down (0.7-1.7 on labelled footage), the legs lie still at the reckoned moment, and what is seen counts. In between
it is a mixture. Fitted on 16 rendered and 12 real clips; left out one by one, these get the same errors at the start.
At the end fewer of 1,859 reps, most of clips made worse, were late with these limits.

How somebody leaves and comes down is a habit: the limits are for the median of this movement and of the same person's
reps before it. Of 5,716 reps, most of clips made worse, 239 starts and 142 ends are off by more than 0.3 s, and 263 and
154 by each movement alone; of the 152 real ones among them 9 and 11 instead of 13 and 14. On clips as they are the 95th
percentile of the starts of 432 rendered reps is 0.15 s instead of 0.18.

At the start it is held against what least jerk gives for a way of that length: 0.7 for a raise of 85°, 1.0 for one of
45°. Without it slow partial raises count as pushed off; of 95 on 12 rendered clips, most made worse, half were 0.18 s
late and more, and 0.08 s with it. At the end it mends nothing, for partial reps creep down, too.
"""

_LEAVE_SOFT, _LEAVE_PUSHED = 0.7, 0.9
"""The same limits for legs that leave the top, whatever their height. Fitted like those of the start."""

_TOO_EARLY_S, _TURN_S = 0.1, 0.15
"""Legs cannot have left the bottom before they came down to it: a start that is reckoned before that counts for less,
and for nothing if it is 0.1 s before. Instead they leave when they are seen to, but within 0.15 s after coming down:
slow legs are seen half a second after they have left. Heuristic: one and a half samples, and two."""

_START_LAG_S, _END_LAG_S = 0.045, 0.02
"""The model smooths its landmarks over time, and legs that leave softly are late by this on rendered clips."""

_TRAIL_S = 0.2
"""How far a reckoned end may lie after the one that is seen: 0.16 s on rendered clips with lowers of 4 s, and 1 s where
people are slow for the most part of the way, so that it tells nothing."""

_SUNK_SHARE, _MOST_SUNK_S = 0.5, 0.15
"""Where the reckoned end is the earlier one, what is seen after it is landmarks that sink on: the end is half way
between the two, but at most the second before the one that is seen. Of 766 reps of 68 rendered and real clips, as they
are and made worse, 12 ends are then off by more than 0.3 s and 21 without it; the 95th percentile is 0.18 instead of
0.21 s."""


class Moment(NamedTuple):
    """When a limb left the bottom or came to rest there, which can be told in two ways."""

    time_s: float
    apart_s: float
    """How far it lies from the moment that is reckoned from the way of the limb."""
    late_s: float
    """How long after, or before, the reckoned one something is seen."""
    abruptness: float
    """How abruptly it did."""


def movement_onset(flank: Flank, down_s: float = -inf, abruptness_before: Sequence[float] = ()) -> Moment:
    """When a limb left the bottom of a flank given in reverse order, from the top.

    Before `down_s` it was still on its way down to there. The time of the lowest sample does not tell when that ended,
    for it is any of those in which the limb lay. `abruptness_before`: of the same person's movements before.
    """
    bottom = _bottom(flank, _DRIFT_FLANKS, _DRIFT_SHARE)
    seen_s, reckoned_s, abruptness = _departure(flank, bottom)
    abruptness /= _least_abruptness(max(lift for _, lift in flank) - bottom, _START_MARKS[0], _START_LEVEL_DEG)
    pushed = _ramp(median([*abruptness_before, abruptness]), _START_SOFT, _START_PUSHED)
    early = _ramp(down_s - reckoned_s, 0.0, _TOO_EARLY_S)
    start_s = (1.0 - pushed) * reckoned_s + pushed * seen_s
    turned_s = (1.0 - early) * start_s + early * min(seen_s, down_s + _TURN_S)
    onset_s = max(start_s, turned_s, down_s)
    return Moment(onset_s, abs(onset_s - reckoned_s), abs(seen_s - reckoned_s), abruptness)


def top_left_s(flank: Flank) -> float:
    """When a limb left the top, from a flank given upside down and in reverse order."""
    seen_s, reckoned_s, abruptness = _departure(flank, _bottom(flank, _DRIFT_FLANKS, _DRIFT_SHARE))
    pushed = _ramp(abruptness, _LEAVE_SOFT, _LEAVE_PUSHED)
    return (1.0 - pushed) * reckoned_s + pushed * seen_s


def _departure(flank: Flank, bottom: float) -> tuple[float, float, float]:
    """When a limb was seen to leave the bottom, when it left by reckoning, and how abruptly."""
    seen_s = crossing(flank, bottom + SEEN_DEG)
    reckoned_s = _reckoned(flank, bottom, _MARKS) - _START_LAG_S
    return seen_s, reckoned_s, _abruptness(flank, bottom, _START_MARKS, _START_LEVEL_DEG)


def movement_end(flank: Flank, abruptness_before: Sequence[float] = ()) -> Moment:
    """When a limb came to rest at the bottom of a flank from the top: an onset reversed in time."""
    flank = [(-time_s, lift) for time_s, lift in flank]
    bottom = _bottom(flank, _SINK_FLANKS, _SINK_SHARE)
    near_s, far_s = crossing(flank, bottom + _DOWN_DEG), crossing(flank, bottom + _CREEP_DEG)
    seen_s = near_s - _CREEP_SHARE * (far_s - near_s)
    reckoned_s = _reckoned(flank, bottom, _MARKS) - _END_LAG_S
    abruptness = _abruptness(flank, bottom, _END_MARKS, _END_LEVEL_DEG)
    pushed = _ramp(median([*abruptness_before, abruptness]), _END_SOFT, _END_PUSHED)
    end_s = (1.0 - pushed) * reckoned_s + pushed * seen_s
    sunk_s = (1.0 - pushed) * min(max(_SUNK_SHARE * (reckoned_s - seen_s), 0.0), _MOST_SUNK_S)
    end_s = min(max(end_s, seen_s - _TRAIL_S), seen_s + sunk_s)
    return Moment(-end_s, abs(end_s - reckoned_s), abs(seen_s - reckoned_s), abruptness)


_AT_BOTTOM_DEG = 0.5
"""Within this of the bottom the legs are at it (the size of the jitter)."""


def vagueness(flank: Flank) -> float:
    """The time between the last moment at the bottom and the first one clear of it, of a flank in reverse order."""
    bottom = _bottom(flank, _SINK_FLANKS, _SINK_SHARE)
    way = max(lift for _, lift in flank) - bottom
    return max(crossing(flank, bottom + _near_share(way) * way) - crossing(flank, bottom + _AT_BOTTOM_DEG), 0.0)


def _near_share(way: float) -> float:
    return min(max(_NEAR_SHARE, _NEAR_DEG / max(way, 1e-6)), _MOST_NEAR_SHARE)


def _bottom(flank: Flank, flanks: float, share: float) -> float:
    """The lift at the bottom of a flank given in reverse order: `share` of the values around it lie below.

    It is looked for in the last `flanks` times the time in which the limb gets under way.
    """
    high = max(lift for _, lift in flank)
    lifts = sorted(lift for _, lift in flank)
    low = lifts[0]
    for _ in range(3):
        way = max(high - low, 1e-6)
        near_s, far_s = crossing(flank, low + _near_share(way) * way), crossing(flank, low + _FAR_SHARE * way)
        since_s = near_s - flanks * (far_s - near_s)
        lifts = sorted(lift for time_s, lift in flank if since_s <= time_s <= near_s) or lifts
        low = lifts[int(share * (len(lifts) - 1))]
    return low


def _reckoned(flank: Flank, bottom: float, marks: tuple[float, float]) -> float:
    """When a movement left the bottom of its flank, by the times at which it made two shares of its way.

    People move their limbs with the least jerk (Flash and Hogan 1985): the way made after the share τ of
    the time is 10τ³ - 15τ⁴ + 6τ⁵, which takes off so softly that the moment itself drowns in jitter. So it
    is reckoned back from two marks on the way.
    """
    way = max(lift for _, lift in flank) - bottom
    near_s, far_s = (crossing(flank, bottom + mark * way) for mark in marks)
    near, far = (_time_share(mark) for mark in marks)
    return near_s - (far_s - near_s) * near / (far - near)


def _abruptness(flank: Flank, bottom: float, marks: tuple[float, float], level_deg: float) -> float:
    """How long the limb lay still after the reckoned moment, as a share of the time from then to the nearer mark."""
    way = max(lift for _, lift in flank) - bottom
    seen_s, near_s = crossing(flank, bottom + level_deg), crossing(flank, bottom + marks[0] * way)
    return (seen_s - _reckoned(flank, bottom, marks)) / max(near_s - seen_s, 1e-3)


def _least_abruptness(way: float, mark: float, level_deg: float) -> float:
    """The abruptness of a movement of least jerk: the smaller its way is, the later it is seen to have left."""
    seen, near = _time_share(min(level_deg / max(way, 1e-6), mark / 2)), _time_share(mark)
    return seen / (near - seen)


def _ramp(value: float, low: float, high: float) -> float:
    """0 up to `low`, 1 from `high` on, and straight in between."""
    return min(max((value - low) / (high - low), 0.0), 1.0)


def _time_share(way: float) -> float:
    """The share of the time after which a movement of least jerk has made the share `way` of its way."""
    low, high = 0.0, 1.0
    for _ in range(30):
        half = (low + high) / 2
        low, high = (half, high) if half**3 * (10 - 15 * half + 6 * half**2) < way else (low, half)
    return low


def crossing(flank: Flank, level: float) -> float:
    """When the angle first is at or below `level`, between the pairs; the last time where it never is."""
    for (t0, x0), (t1, x1) in pairwise(flank):
        if x0 > level >= x1:
            return t0 + (t1 - t0) * (x0 - level) / (x0 - x1)
    return flank[0][0] if flank[0][1] <= level else flank[-1][0]
