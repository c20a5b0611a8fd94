"""What is kept of a signal and of the poses to draw them later, in bounded memory."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import isnan, nan

import numpy as np

from repcount.display import overlay
from repcount.types import Phase, Pose, Update

Point = tuple[float, float]
"""Seconds and degrees of hip flexion."""

_MOST = 1 << 18
"""Samples kept, 4.8 h at the usual rate and 7 MB. Beyond, every second one goes, which still draws well. A choice."""

_GAP_S = 0.5
"""Samples further apart than this are not joined by a line: nothing is known in between. A choice."""

_FLAT_DEG = 0.3
"""A line may be this far off its points: less than half its own width as it is drawn."""


def _floats() -> array[float]:
    return array("f")


@dataclass(slots=True)
class AngleTrace:
    """A sink that keeps the hip flexion over time, and where in the picture the person was.

    All arrays are of one length, one entry for each sample, NaN where it is not known.
    """

    time_s: array[float] = field(default_factory=lambda: array("d"))
    flexion_deg: array[float] = field(default_factory=_floats)
    """How far the legs stand above the lying body, as it is judged: 0 is flat, 90 upright."""
    hip_x: array[float] = field(default_factory=_floats)
    hip_y: array[float] = field(default_factory=_floats)
    trunk_px: array[float] = field(default_factory=_floats)
    _every: int = 1
    _passed: int = 0

    def write(self, update: Update) -> None:
        """Take one update; one without a frame of its own leaves no trace."""
        if update.sample is None:
            return
        self._passed += 1
        if self._passed % self._every:
            return
        sample = update.sample
        values = (update.lift_deg, sample.hip_x, sample.hip_y)
        for kept, value in zip(self._columns(), (sample.time_s, *values, sample.trunk_px), strict=True):
            kept.append(value)
        if len(self.time_s) >= _MOST:
            self._thin()

    def _columns(self) -> tuple[array[float], ...]:
        return self.time_s, self.flexion_deg, self.hip_x, self.hip_y, self.trunk_px

    def _thin(self) -> None:
        for kept in self._columns():
            del kept[::2]
        self._every *= 2

    def within(self, start_s: float, end_s: float) -> range:
        """The indices of the samples from `start_s` to `end_s`."""
        return range(bisect_left(self.time_s, start_s), bisect_left(self.time_s, end_s))

    def gaps(self, least_s: float = _GAP_S) -> list[tuple[float, float]]:
        """When nobody was seen, or no angle was sure, for at least `least_s`: start and end in seconds."""
        if not self.time_s:
            return []
        known = [time_s for time_s, deg in zip(self.time_s, self.flexion_deg, strict=True) if not isnan(deg)]
        edges = [self.time_s[0], *known, self.time_s[-1]]
        return [(a, b) for a, b in pairwise(edges) if b - a >= least_s]

    def lines(self, start_s: float, end_s: float) -> list[list[Point]]:
        """The flexion from `start_s` to `end_s` as lines to draw, broken where nothing was known."""
        lines: list[list[Point]] = []
        last_s = nan
        for i in self.within(start_s, end_s):
            if isnan(self.flexion_deg[i]):
                continue
            if not self.time_s[i] - last_s <= _GAP_S * self._every:
                lines.append([])
            last_s = self.time_s[i]
            lines[-1].append((last_s, self.flexion_deg[i]))
        return [_simplified(line) for line in lines]


def _simplified(line: Sequence[Point], off_deg: float = _FLAT_DEG) -> list[Point]:
    """The points that matter (after Douglas and Peucker): no point left out is further than `off_deg` away."""
    keep = {0, len(line) - 1}
    open_ends = [(0, len(line) - 1)]
    while open_ends:
        first, last = open_ends.pop()
        furthest = max(range(first + 1, last), key=lambda i: _off(line, first, last, i), default=None)
        if furthest is not None and _off(line, first, last, furthest) > off_deg:
            keep.add(furthest)
            open_ends += [(first, furthest), (furthest, last)]
    return [line[i] for i in sorted(keep)]


def _off(line: Sequence[Point], first: int, last: int, i: int) -> float:
    (start_s, start_deg), (end_s, end_deg) = line[first], line[last]
    share = (line[i][0] - start_s) / (end_s - start_s)
    return abs(line[i][1] - start_deg - share * (end_deg - start_deg))


_BRIDGED_S = 0.3
"""Longest time between two sightings across which a body is taken to move evenly; at the slowest analysis, 5 frames
a second, they are up to 0.25 s apart."""

_HELD_S = 0.1
"""How long a body is shown where it was seen last: frames after the last one analysed. A choice."""

_LANDMARKS = 33
_KEPT = list(overlay.DRAWN)
_VALUES = 3 * len(_KEPT)

_PHASES = tuple(Phase)
_LOOKED_AT = 200
"""Poses that decide on which side the head is. A choice."""


class PoseTrack:
    """Bodies and verdicts of one video by time; about 8 MB for an hour of it at 15 frames a second.

    `saw` and `write` are to be called in the order of time.
    """

    def __init__(self) -> None:
        self._seen_s = array("d")
        self._bodies = array("f")
        self._about_s = array("d")
        self._lifts = array("f")
        self._rests = array("f")
        self._phases = bytearray()
        self._sides: list[str] = []

    @property
    def end_s(self) -> float:
        """Time of the last frame that is known."""
        return self._about_s[-1] if self._about_s else 0.0

    def saw(self, time_s: float, pose: Pose | None) -> None:
        """Keep the body found in a frame."""
        if pose is not None:
            self._seen_s.append(time_s)
            body = np.column_stack((pose.xy_px[_KEPT], pose.visibility[_KEPT]))
            self._bodies.frombytes(body.astype(np.float32).tobytes())

    def write(self, update: Update) -> None:
        """Keep what is known of the moment of `update`."""
        if update.sample is not None:
            self._about_s.append(update.sample.time_s)
            self._lifts.append(update.lift_deg)
            self._rests.append(update.rest_deg)
            self._phases.append(_PHASES.index(update.phase))
            self._sides.append(update.sample.side)

    def pose(self, time_s: float) -> Pose | None:
        """The body at a time, between two sightings where it must have been; None where nobody was seen."""
        before = bisect_right(self._seen_s, time_s) - 1
        if before < 0:
            return None
        since_s = time_s - self._seen_s[before]
        if before + 1 < len(self._seen_s):
            apart_s = self._seen_s[before + 1] - self._seen_s[before]
            if apart_s <= _BRIDGED_S:
                share = since_s / apart_s
                return _pose((1 - share) * self._body(before) + share * self._body(before + 1))
        return _pose(self._body(before)) if since_s <= _HELD_S else None

    def side(self, time_s: float) -> str:
        """The leg that counts at a time; empty before anybody was seen."""
        return self._sides[index] if (index := self._index(time_s)) is not None else ""

    def phase(self, time_s: float) -> Phase:
        """The phase as the counter saw it."""
        return _PHASES[self._phases[index]] if (index := self._index(time_s)) is not None else Phase.UNKNOWN

    def lift_deg(self, time_s: float) -> float:
        """Elevation of the legs; NaN where it is not known."""
        index = self._index(time_s)
        if index is None or time_s - self._about_s[index] > _BRIDGED_S:
            return nan
        lift = self._lifts[index]
        if index + 1 == len(self._lifts) or isnan(self._lifts[index + 1]):
            return lift
        apart_s = self._about_s[index + 1] - self._about_s[index]
        return lift + (self._lifts[index + 1] - lift) * (time_s - self._about_s[index]) / apart_s

    def rest_deg(self, time_s: float) -> float:
        """The elevation at which the legs rest; NaN where it is not known."""
        return self._rests[index] if (index := self._index(time_s)) is not None else nan

    def corner(self) -> overlay.Corner:
        """The upper corner of the picture that is above the head most of the time."""
        every = max(1, len(self._seen_s) // _LOOKED_AT)
        corners: Counter[overlay.Corner] = Counter()
        corner = overlay.Corner.LEFT
        for index in range(0, len(self._seen_s), every):
            corner = overlay.corner_beside(_pose(self._body(index)), corner)
            corners[corner] += 1
        return max(corners, key=corners.__getitem__, default=corner)

    def _index(self, time_s: float) -> int | None:
        index = bisect_right(self._about_s, time_s) - 1
        return index if index >= 0 else None

    def _body(self, index: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        values = self._bodies[index * _VALUES : (index + 1) * _VALUES]
        return np.array(values, dtype=np.float64).reshape(len(_KEPT), 3)


def _pose(body: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> Pose:
    """What can be drawn of a body; of all else nothing is known."""
    xy_px, visibility = np.full((_LANDMARKS, 2), nan), np.zeros(_LANDMARKS)
    xy_px[_KEPT], visibility[_KEPT] = body[:, :2], body[:, 2]
    return Pose(xy_px, np.full((_LANDMARKS, 3), nan), visibility)
