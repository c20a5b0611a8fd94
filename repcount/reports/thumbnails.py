"""Thumbnails of the top of each rep."""

from __future__ import annotations

from bisect import bisect_left
from math import isnan
from statistics import median
from typing import TYPE_CHECKING

from repcount.analysis import Analysis
from repcount.errors import OutputError
from repcount.reports.traces import AngleTrace
from repcount.types import Frame

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from repcount.display.faces import HeadCircle

_WIDTH_PX = 240
"""Twice the width at which they are shown, for high-resolution screens; 4 to 8 kB each."""
_JPEG_QUALITY = 72

_NEAR_S = 0.5
"""A sample further away than this tells nothing about where the head is in a frame. Heuristic."""

_BESIDE, _ABOVE, _BELOW = 2.1, 2.3, 0.6
"""Distance from the hips to the edges, in trunk lengths: a leg with its foot measures about 2, head and trunk 1.6."""


class RepThumbnails:
    """Collects a thumbnail for each rep from the frames of its video, given in order of time.

    All are cropped to the same part of the frame, so that they can be compared.
    """

    def __init__(self, analysis: Analysis, trace: AngleTrace, *, blur_faces: bool = False) -> None:
        """`blur_faces`: the head of the person is made unrecognisable."""
        self._pending = [(rep.top_s, rep.number) for rep in sorted(analysis.reps, key=lambda rep: rep.top_s)]
        self._person = _locate_person(trace)
        self._trace, self._blur_faces = trace, blur_faces
        self._previous: Frame | None = None
        self.jpegs: dict[int, bytes] = {}
        """The JPEGs taken so far, by the number of the rep."""

    @property
    def done(self) -> bool:
        """Whether no more frames are needed."""
        return not self._pending

    def add(self, frame: Frame) -> None:
        """Take the next frame; each rep gets the frame nearest to its top. Raises OutputError."""
        while self._pending and frame.time_s >= self._pending[0][0]:
            top_s, number = self._pending.pop(0)
            previous = self._previous
            nearest = previous if previous and top_s - previous.time_s < frame.time_s - top_s else frame
            self.jpegs[number] = self._jpeg(nearest)
        self._previous = frame

    def finish(self) -> None:
        """Give the last frame to the reps that have none, once there are no more frames. Raises OutputError."""
        if self._previous is not None:
            for _, number in self._pending:
                self.jpegs[number] = self._jpeg(self._previous)
        self._pending = []

    def _jpeg(self, frame: Frame) -> bytes:
        image = frame.image
        if self._blur_faces:
            from repcount.display import faces

            image = faces.blurred(image, self._head(frame.time_s))
        return _encode_jpeg(_crop(image, self._person))

    def _head(self, time_s: float) -> HeadCircle | None:
        """Where the head was at a time; None if nobody was seen then."""
        from repcount.display import faces

        trace = self._trace
        index = min(bisect_left(trace.time_s, time_s), len(trace.time_s) - 1)
        if index < 0 or abs(trace.time_s[index] - time_s) > _NEAR_S:
            return None
        return faces.head_from_place(
            trace.hip_x[index], trace.hip_y[index], trace.trunk_px[index], trace.heading_deg[index]
        )


def _locate_person(trace: AngleTrace) -> tuple[float, float, float] | None:
    """Median x and y of the hips and length of the trunk in pixels; None if unknown."""
    columns = (trace.hip_x, trace.hip_y, trace.trunk_px)
    known = [[value for value in column if not isnan(value)] for column in columns]
    x, y, trunk = (median(column) if column else 0.0 for column in known)
    return (x, y, trunk) if trunk else None


def _crop(image: NDArray[np.uint8], person: tuple[float, float, float] | None) -> NDArray[np.uint8]:
    """The part of `image` around the person, shifted to lie inside it; all of it if the place is unknown."""
    if person is None:
        return image
    x, y, trunk = person
    height, width = image.shape[:2]
    left, right = _shift_inside(x - _BESIDE * trunk, x + _BESIDE * trunk, width)
    top, bottom = _shift_inside(y - _ABOVE * trunk, y + _BELOW * trunk, height)
    return image[top:bottom, left:right]


def _shift_inside(low: float, high: float, size: int) -> tuple[int, int]:
    length = min(high - low, float(size))
    start = min(max(low, 0.0), size - length)
    return round(start), max(round(start + length), round(start) + 1)


def _encode_jpeg(image: NDArray[np.uint8]) -> bytes:
    from repcount.video.opencv import cv2

    height, width = image.shape[:2]
    size = (_WIDTH_PX, max(round(height * _WIDTH_PX / width), 1))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA if width > _WIDTH_PX else cv2.INTER_LINEAR)
    ok, jpeg = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    if not ok:
        raise OutputError("a picture for the report could not be encoded; leave them out with --no-pictures")
    return bytes(jpeg)
