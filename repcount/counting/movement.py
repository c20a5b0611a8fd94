"""One up-and-down movement of the legs: when it starts, when it is highest, when it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import inf, isnan, nan
from statistics import fmean, median
from typing import NamedTuple

from repcount.counting.filters import gaussian_smooth
from repcount.types import Sample

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

_SEEN_DEG = 1.0
"""This far off the bottom legs are seen to move: the size of the jitter. People who label footage by eye call it the
start when the heels are 1-2° up."""

_CREEP_DEG, _DOWN_DEG, _CREEP_SHARE = 3.0, 0.5, 0.6
"""Legs sink onto the floor slowly. They are down this share of the time that it takes them between these heights after
they have passed the lower one. Fitted like the rest."""

_START_MARKS, _START_LEVEL_DEG, _START_SOFT, _START_PUSHED = (0.1, 0.4), 0.7, 1.05, 1.35
_END_MARKS, _END_LEVEL_DEG, _END_SOFT, _END_PUSHED = (0.15, 0.75), 1.0, 0.8, 1.0
"""How soft a departure is: the time by which the moment reckoned from these marks lies before the one at which the legs
were this far off the bottom, as a share of the time from there to the nearer mark. Legs that move with the least jerk
leave softly (0.2-0.6 at the end on rendered clips) and the reckoned moment is right; people mostly push off and creep
down (0.7-1.7 on labelled footage), the legs lie still at the reckoned moment, and what is seen counts. In between it is
a mixture. Fitted on 16 rendered and 12 real clips; left out one by one, these get the same errors at the start. At the
end fewer of 1,859 reps, most of clips made worse, were late with these limits.

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


_SINKING_DEG_S = 5.0
"""Feet that sink faster than this are not down yet, though the thighs are. Slower is jitter: 0.3° from one sample to
the next."""


class Moment(NamedTuple):
    """When a limb left the bottom or came to rest there, which can be told in two ways."""

    time_s: float
    apart_s: float
    """How far the moment that is seen and the one that is reckoned lie apart."""


def movement_onset(flank: Flank, down_s: float = -inf) -> Moment:
    """When a limb left the bottom of a flank given in reverse order, from the top.

    Before `down_s` it was still on its way down to there. The time of the lowest sample does not tell when that ended,
    for it is any of those in which the limb lay.
    """
    bottom = _bottom(flank, _DRIFT_FLANKS, _DRIFT_SHARE)
    seen_s, reckoned_s, softness = _departure(flank, bottom)
    softness /= _least_softness(max(lift for _, lift in flank) - bottom, _START_MARKS[0], _START_LEVEL_DEG)
    pushed, early = _ramp(softness, _START_SOFT, _START_PUSHED), _ramp(down_s - reckoned_s, 0.0, _TOO_EARLY_S)
    start_s = (1.0 - pushed) * reckoned_s + pushed * seen_s
    turned_s = (1.0 - early) * start_s + early * min(seen_s, down_s + _TURN_S)
    return Moment(max(start_s, turned_s, down_s), abs(max(seen_s, down_s) - max(reckoned_s, down_s)))


def top_left_s(flank: Flank) -> float:
    """When a limb left the top, from a flank given upside down and in reverse order."""
    seen_s, reckoned_s, softness = _departure(flank, _bottom(flank, _DRIFT_FLANKS, _DRIFT_SHARE))
    pushed = _ramp(softness, _LEAVE_SOFT, _LEAVE_PUSHED)
    return (1.0 - pushed) * reckoned_s + pushed * seen_s


def _departure(flank: Flank, bottom: float) -> tuple[float, float, float]:
    """When a limb was seen to leave the bottom, when it left by reckoning, and how softly."""
    seen_s = crossing(flank, bottom + _SEEN_DEG)
    reckoned_s = _reckoned(flank, bottom, _MARKS) - _START_LAG_S
    return seen_s, reckoned_s, _softness(flank, bottom, _START_MARKS, _START_LEVEL_DEG)


def movement_end(flank: Flank) -> Moment:
    """When a limb came to rest at the bottom of a flank from the top: an onset reversed in time."""
    flank = [(-time_s, lift) for time_s, lift in flank]
    bottom = _bottom(flank, _SINK_FLANKS, _SINK_SHARE)
    near_s, far_s = crossing(flank, bottom + _DOWN_DEG), crossing(flank, bottom + _CREEP_DEG)
    seen_s = near_s - _CREEP_SHARE * (far_s - near_s)
    reckoned_s = _reckoned(flank, bottom, _MARKS) - _END_LAG_S
    pushed = _ramp(_softness(flank, bottom, _END_MARKS, _END_LEVEL_DEG), _END_SOFT, _END_PUSHED)
    end_s = (1.0 - pushed) * reckoned_s + pushed * seen_s
    return Moment(-min(max(end_s, seen_s - _TRAIL_S), seen_s), min(abs(seen_s - reckoned_s), _TRAIL_S))


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


def _softness(flank: Flank, bottom: float, marks: tuple[float, float], level_deg: float) -> float:
    """How long the limb lay still after the reckoned moment, as a share of the time from then to the nearer mark."""
    way = max(lift for _, lift in flank) - bottom
    seen_s, near_s = crossing(flank, bottom + level_deg), crossing(flank, bottom + marks[0] * way)
    return (seen_s - _reckoned(flank, bottom, marks)) / max(near_s - seen_s, 1e-3)


def _least_softness(way: float, mark: float, level_deg: float) -> float:
    """The softness of a movement of least jerk: the smaller its way is, the later it is seen to have left."""
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


_TOP_DEG = 2.0
_TOP_WITHIN_S = 1.0
"""The top is the middle of the time spent within this of the highest angle of the hold's first second: legs
that are held for long sway, and a later sway is not when they arrived."""

_PLATEAU_SHARE = 0.06
"""The legs are near the top while within this share of the rise."""

_APART_DEG = 30.0
"""Legs further apart are not parallel: the default of `Config.apart_deg`."""

_FOOT_SEEN = 0.7
"""Visibility of a foot from which on it is seen: behind a pole 0.50-0.62, in knee tucks from the side 0.80 and more."""

_AT_S = 0.4
_BEFORE_S = 0.3
"""What is read at the start or the end is the median of this long, at the start most of it from before, because legs
that push off are under way at once. Heuristic."""

_TILT_DEG = 15.0
"""A camera that stands more tilted than this would be put straight."""

_ABOVE_BOTTOM_DEG = 12.0
"""Legs that are no higher than this above their lowest are at the bottom: the default of `Config.leave_deg`."""


@dataclass(frozen=True, slots=True)
class TracePoint:
    """A sample whose angle passed the outlier guard."""

    sample: Sample
    flexion: float
    """180 - hip angle."""
    smooth: float
    """The smoothed lift."""

    @property
    def time_s(self) -> float:
        """Time of the sample."""
        return self.sample.time_s

    @property
    def lift(self) -> float:
        """Elevation of the thigh above the floor: the flexion less what the trunk itself is raised."""
        return elevation_above_floor(self.flexion, self.sample)

    @property
    def foot_lift(self) -> float:
        """Elevation of the line from hip to ankle, NaN where the ankle is not known."""
        return elevation_above_floor(self.sample.ankle_deg, self.sample)

    @property
    def leg_lift(self) -> float:
        """Mean of `lift` and `foot_lift`: the thigh alone stands upright while the lower leg still hangs."""
        return self.lift if isnan(self.foot_lift) else (self.lift + self.foot_lift) / 2

    @property
    def leg_smooth(self) -> float:
        """`leg_lift` with the smoothed thigh."""
        return self.smooth if isnan(self.foot_lift) else (self.smooth + self.foot_lift) / 2

    @property
    def both_lift(self) -> float:
        """Mean lift of both thighs."""
        other = 180.0 - self.sample.other_hip_deg
        return self.lift if isnan(other) else elevation_above_floor((self.flexion + other) / 2, self.sample)

    @property
    def low_lift(self) -> float:
        """The lower of thigh and foot: with bent knees the feet are back while the thighs still stand up."""
        return self.smooth if isnan(self.foot_lift) else min(self.smooth, self.foot_lift)


@dataclass(frozen=True)
class Movement:
    """Points from the bottom before a raise to the bottom after the lower (or to the end of what there is)."""

    trace: tuple[TracePoint, ...]
    rest: float
    """Lift at which this person's legs rest."""
    peak: float
    """Highest smoothed lift."""
    valley_s: float = inf
    """When the legs were lowest after the top."""
    returned: bool = False
    emerged: bool = False
    """Whether the person came into sight with the first point, the legs on their way up."""
    still_due_s: float = 0.0
    """How long after the last point the legs may reach the bottom."""
    before: tuple[TracePoint, ...] = ()
    """Points before those of the trace, which begins where the thighs are lowest: by then the feet may have left."""
    ended_s: float = -inf
    """When the movement before ended."""

    @cached_property
    def tilt_deg(self) -> float:
        """By how much the floor is tilted in the picture, see `floor_tilt`."""
        return floor_tilt(self.trace[: self._peak_at + 1])

    @cached_property
    def top_deg(self) -> float:
        """Elevation of the legs at the top, above the floor: mean of thigh and hip-ankle line near their highest."""
        even = self._evened([p.leg_lift for p in self.trace])
        inside = [i for i, p in enumerate(self.trace) if self._plateau[0] <= p.time_s <= self._plateau[1]]
        highest = max((even[i] for i in inside), default=even[self._peak_at])
        return fmean([even[i] for i in inside if even[i] >= highest - _TOP_DEG] or [highest]) - self.tilt_deg

    @cached_property
    def rest_deg(self) -> float:
        """Elevation of the legs at the start."""
        return nanmedian(p.leg_lift for p in self._around_start) - self.tilt_deg

    @cached_property
    def lowest_deg(self) -> float:
        """Lowest elevation of the legs before the top, by thigh and foot together: where knees fold, the feet hang and
        the legs are still held up.
        """
        return min(p.leg_smooth for p in self.trace if p.time_s <= self.top_s)

    @cached_property
    def _peak_at(self) -> int:
        within = [i for i, p in enumerate(self.trace) if p.time_s <= self.valley_s]
        return max(within, key=lambda i: self._even[i])

    @cached_property
    def _even(self) -> tuple[float, ...]:
        return self._evened([p.lift for p in self.trace])

    @cached_property
    def _calm(self) -> tuple[float, ...]:
        """Both legs, evened twice: what matters at the top is the middle of it, not its edges."""
        return self._evened(self._evened([p.both_lift for p in self.trace]))

    @cached_property
    def _feet(self) -> Flank:
        """What leaves the floor first and is back last, from before the trace on: the heels, else the foot, where they
        are known throughout it.

        Not the heels where the legs are apart at the top: the far one may be somebody else's.
        """
        apart = self.at_top(lambda sample: abs(sample.hip_deg - sample.other_hip_deg)) > _APART_DEG
        heels = [(p.time_s, nan if apart else p.sample.heels_deg) for p in (*self.before, *self.trace)]
        for lifts in (heels, [(p.time_s, p.foot_lift) for p in (*self.before, *self.trace)]):
            known = [(time_s, lift) for time_s, lift in lifts if not (isnan(lift) and time_s < self.trace[0].time_s)]
            if not any(isnan(lift) for _, lift in known):
                times_s = [time_s for time_s, _ in known]
                evened = gaussian_smooth(times_s, _median3([lift for _, lift in known]))
                return tuple(zip(times_s, evened, strict=True))
        return self._walk(self._even, range(len(self.trace)))

    def _evened(self, lifts: Sequence[float]) -> tuple[float, ...]:
        return gaussian_smooth([p.time_s for p in self.trace], lifts)

    @cached_property
    def start_s(self) -> float:
        """When the legs leave the bottom: never after the top, even where the feet hardly rise."""
        return min(self._onset.time_s, self.top_s)

    @cached_property
    def _onset(self) -> Moment:
        return movement_onset(self._ascent, max(self.ended_s, (*self.before, *self.trace)[0].time_s))

    @cached_property
    def end_s(self) -> float:
        """When they are back at the bottom: never before the top."""
        return max(min(self._arrival.time_s, self.trace[-1].time_s + self.still_due_s), self.top_s)

    @cached_property
    def _arrival(self) -> Moment:
        return movement_end(self._descent)

    @property
    def apart_s(self) -> tuple[float, float]:
        """How far the two ways to tell the start and the end lie apart."""
        return self._onset.apart_s, self._arrival.apart_s

    @cached_property
    def top_s(self) -> float:
        """When they are highest; of a long hold, when they have arrived."""
        reached_s, left_s = self._plateau
        until_s = min(reached_s + _TOP_WITHIN_S, left_s)
        inside = [i for i, p in enumerate(self.trace) if reached_s <= p.time_s <= until_s]
        highest = max(inside, key=lambda i: self._calm[i], default=self._peak_at)
        return fmean(self._around(self._calm, highest, self._calm[highest] - _TOP_DEG))

    @cached_property
    def hold(self) -> tuple[float, float]:
        """When the top is reached and when it is left: the same reckoning, upside down."""
        reached_s, left_s = self._plateau
        upside_down = [-lift for lift in self._even]
        first = max((i for i, p in enumerate(self.trace) if p.time_s <= self.start_s), default=0)
        last = min(self._valley_at + 1, len(self.trace))
        half_s = fmean(self._plateau)
        rise = [i for i in range(first, last) if self.trace[i].time_s <= half_s]
        fall = [i for i in range(last - 1, first - 1, -1) if self.trace[i].time_s >= half_s]
        if len(rise) > 1:
            reached_s = max(movement_end(self._walk(upside_down, rise)).time_s, reached_s)
        if len(fall) > 1:
            left_s = min(top_left_s(self._walk(upside_down, fall)), left_s)
        return max(min(reached_s, self.top_s), self.start_s), min(max(left_s, self.top_s), self.end_s)

    @cached_property
    def _valley_at(self) -> int:
        return max((i for i, p in enumerate(self.trace) if p.time_s <= self.valley_s), default=0)

    @cached_property
    def _ascent(self) -> Flank:
        """The feet from the top back to where they came down to the bottom before it."""
        flank: list[tuple[float, float]] = []
        low = inf
        for time_s, lift in reversed(self._feet):
            if time_s > self.trace[self._peak_at].time_s:
                continue
            if time_s < self.trace[0].time_s and lift > low + _SEEN_DEG:
                break
            low = min(low, lift)
            flank.append((time_s, lift))
        return flank

    @cached_property
    def _descent(self) -> Flank:
        """The feet from the top to the bottom after it, to which they may sink on when the thighs lie."""
        flank: list[tuple[float, float]] = []
        for time_s, lift in self._feet:
            if time_s < self.trace[self._peak_at].time_s:
                continue
            if time_s > self.trace[self._valley_at].time_s:
                down_s, low = flank[-1]
                if low - lift < _SINKING_DEG_S * (time_s - down_s):
                    break
            flank.append((time_s, lift))
        return flank

    @cached_property
    def _plateau(self) -> tuple[float, float]:
        """When the legs first come near their highest point and when they are last near it."""
        top = self._even[self._peak_at]
        level = top - max(_TOP_DEG, _PLATEAU_SHARE * (top - self.rest))
        reached = next(i for i, lift in enumerate(self._even) if lift >= level)
        left = max(i for i, lift in enumerate(self._even) if lift >= level and self.trace[i].time_s <= self.valley_s)
        return self._around(self._even, reached, level)[0], self._around(self._even, left, level)[1]

    def _around(self, lifts: Sequence[float], index: int, level: float) -> tuple[float, float]:
        """When the lift rises over `level` before `index` and when it falls below it after."""
        before = self._walk(lifts, range(index, -1, -1))
        after = self._walk(lifts, range(index, len(self.trace)))
        return crossing(before, level), crossing(after, level)

    def _walk(self, lifts: Sequence[float], indices: Iterable[int]) -> list[tuple[float, float]]:
        return [(self.trace[i].time_s, lifts[i]) for i in indices]

    @cached_property
    def top_points(self) -> tuple[TracePoint, ...]:
        """The points of the hold; at least the highest one."""
        first, last = self._plateau
        return tuple(p for p in self.trace if first <= p.time_s <= last) or (self.trace[self._peak_at],)

    @cached_property
    def jitter_deg(self) -> float:
        """How far the lift is off its evened course, mean over the movement.

        Evening flattens what is curved; what it takes off when it is done twice is put back.
        """
        first, last = self.start_s, self.end_s
        course = [2 * once - twice for once, twice in zip(self._even, self._evened(self._even), strict=True)]
        off = [abs(p.lift - c) for p, c in zip(self.trace, course, strict=True) if first <= p.time_s <= last]
        return fmean(off) if off else 0.0

    @cached_property
    def unseen_s(self) -> float:
        """How long before they came into sight the legs left the bottom to which they return, by the speed at which
        they rose from then on; infinite where that was not on their way up.
        """
        first = self.trace[0]
        rise = self._even[self._peak_at] - self._even[0]
        if not self.emerged or rise <= 0:
            return inf
        missing = self._even[0] - min(self._even[self._peak_at : self._valley_at + 1], default=self._even[0])
        return max(missing, 0.0) / rise * (self.hold[0] - first.time_s)

    @cached_property
    def vague_s(self) -> tuple[float, float]:
        """How long the legs take to be clearly off the bottom at the start, and to be down at the end."""
        return vagueness(self._ascent), vagueness([(-time_s, lift) for time_s, lift in self._descent])

    @cached_property
    def feet_hidden(self) -> bool:
        """Whether the foot is not seen at the top, so that the knee is a guess."""
        return self.at_top(lambda sample: sample.feet_visibility) < _FOOT_SEEN

    @cached_property
    def longest_gap_s(self) -> float:
        """The longest time between two points of the movement, and around its ends."""
        first, last = self.start_s - _AT_S, self.end_s + _AT_S
        times = [p.time_s for p in self.trace if first <= p.time_s <= last]
        return max((b - a for a, b in pairwise(times)), default=0.0)

    @cached_property
    def points(self) -> tuple[TracePoint, ...]:
        """The points from start to end."""
        return tuple(p for p in self.trace if self.start_s <= p.time_s <= self.end_s)

    def at_start(self, read: Callable[[Sample], float]) -> float:
        """Median of a reading around the start, NaN where it was never known."""
        return nanmedian(read(p.sample) for p in self._around_start)

    @cached_property
    def _around_start(self) -> tuple[TracePoint, ...]:
        """Those of the trace, where it has any: what was before may belong to another movement."""
        first_s, last_s = self.start_s - _BEFORE_S, self.start_s + _AT_S - _BEFORE_S
        near = (tuple(p for p in points if first_s <= p.time_s <= last_s) for points in (self.trace, self.before))
        return next(filter(None, near), ())

    def at_end(self, read: Callable[[Sample], float]) -> float:
        """Median of a reading around the end."""
        return nanmedian(read(p.sample) for p in self.trace if abs(p.time_s - self.end_s) <= _AT_S / 2)

    def at_top(self, read: Callable[[Sample], float]) -> float:
        """Median of a reading during the hold."""
        return nanmedian(read(p.sample) for p in self.top_points)


def nanmedian(values: Iterable[float]) -> float:
    """Median of the known values, NaN where there is none."""
    known = [value for value in values if not isnan(value)]
    return median(known) if known else nan


def floor_tilt(trace: Sequence[TracePoint]) -> float:
    """By how much the floor rises towards the feet in the picture: what trunk and resting legs have in common.

    A rolled camera, or one that looks down on somebody who lies obliquely, sees trunk and legs tilted as one line.
    Legs that hover are no tilt, for the trunk lies level then, and neither is a trunk that is propped up. Legs that
    rest below the level of the picture can only do so on a floor that is seen tilted. 0 where the trunk is not known.
    """
    low = min((p.smooth for p in trace), default=nan)
    bottom = [p for p in trace if p.smooth <= low + _ABOVE_BOTTOM_DEG]
    legs, trunk = nanmedian(p.lift for p in bottom), nanmedian(p.sample.trunk_deg for p in bottom)
    if isnan(trunk) or isnan(legs):
        return 0.0
    if legs < 0:
        return max(legs, -_TILT_DEG)
    return min(max(-trunk, 0.0), legs, _TILT_DEG)


def _median3(lifts: Sequence[float]) -> list[float]:
    """The median of each and its two neighbours: ankles jump, and no guard has seen them."""
    return [median(lifts[max(i - 1, 0) : i + 2]) for i in range(len(lifts))]


def elevation_above_floor(flexion: float, sample: Sample) -> float:
    """The elevation that a flexion makes on the trunk of `sample`; a trunk that is not known lies."""
    return flexion - (0.0 if isnan(sample.trunk_deg) else sample.trunk_deg)
