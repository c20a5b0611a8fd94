"""What an analysis saw of the body, kept small, to be looked up at any time of the video."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import Counter
from math import isnan, nan

import numpy as np

from repcount import draw
from repcount.records import Phase, Pose, Update

_BRIDGED_S = 0.3
"""Longest time between two sightings across which a body is taken to move evenly; at the slowest analysis, 5 frames
a second, they are up to 0.25 s apart."""

_HELD_S = 0.1
"""How long a body is shown where it was seen last: frames after the last one analysed. A choice."""

_LANDMARKS = 33
_KEPT = list(draw.DRAWN)
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

    def corner(self) -> draw.Corner:
        """The upper corner of the picture that is above the head most of the time."""
        every = max(1, len(self._seen_s) // _LOOKED_AT)
        corners: Counter[draw.Corner] = Counter()
        corner = draw.Corner.LEFT
        for index in range(0, len(self._seen_s), every):
            corner = draw.corner_beside(_pose(self._body(index)), corner)
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
