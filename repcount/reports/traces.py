"""The angle over time, kept in bounded memory for plots and reports."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import isnan, nan

from repcount.types import Update

Point = tuple[float, float]
"""Seconds and degrees."""

_MAX_SAMPLES = 1 << 18
"""Samples kept: 4.8 h at the default rate, 7 MB. Beyond that every second one is dropped. Heuristic: far more than a
plot has pixels."""

_GAP_S = 0.5
"""Samples further apart than this are not joined by a line. Heuristic: too short for half a raise to hide in it,
longer than a few dropped frames."""

_TOLERANCE_DEG = 0.3
"""How far a simplified line may be off its points: less than half the width at which it is drawn."""


def _floats() -> array[float]:
    return array("f")


@dataclass(slots=True)
class AngleTrace:
    """A sink that keeps the elevation of the legs over time, and where in the frame the person was.

    All arrays have the same length, one entry for each sample kept, NaN where the value is unknown.
    """

    time_s: array[float] = field(default_factory=lambda: array("d"))
    flexion_deg: array[float] = field(default_factory=_floats)
    """Elevation of the legs above the lying body, by which reps are judged: 0 is flat, 90 upright."""
    hip_x: array[float] = field(default_factory=_floats)
    hip_y: array[float] = field(default_factory=_floats)
    trunk_px: array[float] = field(default_factory=_floats)
    heading_deg: array[float] = field(default_factory=_floats)
    _stride: int = 1
    """One of so many samples is kept."""
    _received: int = 0

    def write(self, update: Update) -> None:
        """Take one update; one without a sample is ignored."""
        if update.sample is None:
            return
        self._received += 1
        if self._received % self._stride:
            return
        sample = update.sample
        values = (sample.time_s, update.lift_deg, sample.hip_x, sample.hip_y, sample.trunk_px, sample.heading_deg)
        for column, value in zip(self._columns(), values, strict=True):
            column.append(value)
        if len(self.time_s) >= _MAX_SAMPLES:
            self._thin()

    def _columns(self) -> tuple[array[float], ...]:
        return self.time_s, self.flexion_deg, self.hip_x, self.hip_y, self.trunk_px, self.heading_deg

    def _thin(self) -> None:
        for column in self._columns():
            del column[::2]
        self._stride *= 2

    def within(self, start_s: float, end_s: float) -> range:
        """The indices of the samples from `start_s` up to but not including `end_s`."""
        return range(bisect_left(self.time_s, start_s), bisect_left(self.time_s, end_s))

    def gaps(self, least_s: float = _GAP_S) -> list[tuple[float, float]]:
        """Stretches of at least `least_s` without a known angle, as start and end in seconds."""
        if not self.time_s:
            return []
        known = [time_s for time_s, deg in zip(self.time_s, self.flexion_deg, strict=True) if not isnan(deg)]
        edges = [self.time_s[0], *known, self.time_s[-1]]
        return [(a, b) for a, b in pairwise(edges) if b - a >= least_s]

    def lines(self, start_s: float, end_s: float) -> list[list[Point]]:
        """The elevation from `start_s` to `end_s` as simplified polylines, broken at gaps."""
        lines: list[list[Point]] = []
        last_s = nan
        for i in self.within(start_s, end_s):
            if isnan(self.flexion_deg[i]):
                continue
            if not self.time_s[i] - last_s <= _GAP_S * self._stride:
                lines.append([])
            last_s = self.time_s[i]
            lines[-1].append((last_s, self.flexion_deg[i]))
        return [_simplify(line) for line in lines]


def _simplify(line: Sequence[Point], tolerance_deg: float = _TOLERANCE_DEG) -> list[Point]:
    """The line without the points that are within `tolerance_deg` of the rest (Ramer–Douglas–Peucker)."""
    keep = {0, len(line) - 1}
    segments = [(0, len(line) - 1)]
    while segments:
        first, last = segments.pop()
        furthest = max(range(first + 1, last), key=lambda i: _deviation(line, first, last, i), default=None)
        if furthest is not None and _deviation(line, first, last, furthest) > tolerance_deg:
            keep.add(furthest)
            segments += [(first, furthest), (furthest, last)]
    return [line[i] for i in sorted(keep)]


def _deviation(line: Sequence[Point], first: int, last: int, i: int) -> float:
    """How far point `i` is off the straight line from point `first` to point `last`, in degrees."""
    (start_s, start_deg), (end_s, end_deg) = line[first], line[last]
    share = (line[i][0] - start_s) / (end_s - start_s)
    return abs(line[i][1] - start_deg - share * (end_deg - start_deg))
