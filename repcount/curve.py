"""What is kept of a signal to draw it: a sink whose memory is bounded."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import isnan, nan

from repcount.records import Update

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
    """180 less the smoothed hip angle: 0 is straight, 90 is legs upright."""
    lift_deg: array[float] = field(default_factory=_floats)
    """Elevation of the legs as the verdict sees it."""
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
        seen = not isnan(sample.hip_deg)
        values = (180.0 - update.smooth_deg if seen else nan, update.lift_deg, sample.hip_x, sample.hip_y)
        for kept, value in zip(self._columns(), (sample.time_s, *values, sample.trunk_px), strict=True):
            kept.append(value)
        if len(self.time_s) >= _MOST:
            self._thin()

    def _columns(self) -> tuple[array[float], ...]:
        return self.time_s, self.flexion_deg, self.lift_deg, self.hip_x, self.hip_y, self.trunk_px

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
