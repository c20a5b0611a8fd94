"""One up-and-down movement of the legs: its start, top and end, and how the legs were then."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from math import inf, isnan, nan
from statistics import fmean, median

from repcount.counting.filters import gaussian_smooth
from repcount.counting.moments import (
    SEEN_DEG,
    Flank,
    Moment,
    crossing,
    movement_end,
    movement_onset,
    top_left_s,
    vagueness,
)
from repcount.types import Sample

_TOP_DEG = 2.0
_TOP_WITHIN_S = 1.0
"""The top is the middle of the time spent within this of the highest angle of the hold's first second: legs
that are held for long sway, and a later sway is not when they arrived."""

_TOP_LAG_S = 0.04
"""The model smooths its landmarks over time, so that the top is seen late: by 0.02-0.05 s at the median of 766 reps of
68 clips, rendered and real ones, as they are and in each of eight conditions that make them worse."""

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

_SINKING_DEG_S = 5.0
"""Feet that sink faster than this are not down yet, though the thighs are. Slower is jitter: 0.3° from one sample to
the next."""


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
    """When the movement before ended, or since when there is anything to see."""
    abruptness_before: tuple[tuple[float, float], ...] = ()
    """How abruptly the legs left the bottom and came to rest there in this person's reps before, see `moments`."""
    one_leg_seen: bool = False
    """Whether the other leg is unknown, see `by_one_leg`."""

    def by_one_leg(self) -> Movement:
        """The same without the other leg and the middle of the heels, for that leg's landmarks are on somebody else."""

        def blinded(points: tuple[TracePoint, ...]) -> tuple[TracePoint, ...]:
            return tuple(replace(p, sample=replace(p.sample, other_hip_deg=nan, heels_deg=nan)) for p in points)

        return replace(self, trace=blinded(self.trace), before=blinded(self.before), one_leg_seen=True)

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
        down_s = max(self.ended_s, (*self.before, *self.trace)[0].time_s)
        return movement_onset(self._ascent, down_s, [start for start, _ in self.abruptness_before])

    @cached_property
    def end_s(self) -> float:
        """When they are back at the bottom: never before the top."""
        return max(min(self._arrival.time_s, self.trace[-1].time_s + self.still_due_s), self.top_s)

    @cached_property
    def _arrival(self) -> Moment:
        return movement_end(self._descent, [end for _, end in self.abruptness_before])

    @property
    def abruptness(self) -> tuple[float, float]:
        """How abruptly the legs leave the bottom and come to rest there."""
        return self._onset.abruptness, self._arrival.abruptness

    @property
    def apart_s(self) -> tuple[float, float]:
        """How far start and end lie from where they are reckoned to be."""
        return self._onset.apart_s, self._arrival.apart_s

    @property
    def start_late_s(self) -> float:
        """How far what is seen of the start and what is reckoned lie apart."""
        return self._onset.late_s

    @cached_property
    def top_s(self) -> float:
        """When they are highest; of a long hold, when they have arrived."""
        reached_s, left_s = self._plateau
        until_s = min(reached_s + _TOP_WITHIN_S, left_s)
        inside = [i for i, p in enumerate(self.trace) if reached_s <= p.time_s <= until_s]
        highest = max(inside, key=lambda i: self._calm[i], default=self._peak_at)
        middle_s = fmean(self._around(self._calm, highest, self._calm[highest] - _TOP_DEG))
        return max(middle_s - _TOP_LAG_S, self.trace[0].time_s)

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
            if time_s < self.trace[0].time_s and lift > low + SEEN_DEG:
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
    def left_s(self) -> float:
        """When the legs left the bottom: the start, or before it where nobody was seen then."""
        if self.unseen_s == inf:
            return self.start_s
        return max(self.start_s - self.unseen_s, min(self.start_s, self.ended_s))

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
