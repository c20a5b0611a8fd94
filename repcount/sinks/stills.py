"""A small picture of the top of each rep, cut out around the person."""

from __future__ import annotations

from math import isnan
from statistics import median
from typing import TYPE_CHECKING

from repcount.analysis import Analysis
from repcount.curve import AngleTrace
from repcount.errors import OutputError
from repcount.records import Frame

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_WIDE_PX = 240
"""Twice the size at which it is shown, for sharp screens; 4 to 8 kB each."""
_QUALITY = 72

_BESIDE, _ABOVE, _BELOW = 2.1, 2.3, 0.6
"""Trunk lengths from the hips to the edges: a leg with its foot measures about 2, head and trunk 1.6."""


class RepThumbnails:
    """Takes the frames of a video once more, in their order, and keeps one for each rep.

    All are cut to the same place, so that they can be compared.
    """

    def __init__(self, analysis: Analysis, curve: AngleTrace) -> None:
        self._due = [(rep.top_s, rep.number) for rep in sorted(analysis.reps, key=lambda rep: rep.top_s)]
        self._where = _where(curve)
        self._before: Frame | None = None
        self.pictures: dict[int, bytes] = {}
        """A JPEG for the number of each rep whose time has come."""

    @property
    def done(self) -> bool:
        """Whether no more frames are needed."""
        return not self._due

    def take(self, frame: Frame) -> None:
        """Look at the next frame: each rep gets the one nearest to its top."""
        while self._due and frame.time_s >= self._due[0][0]:
            top_s, number = self._due.pop(0)
            before = self._before
            nearer = before if before and top_s - before.time_s < frame.time_s - top_s else frame
            self.pictures[number] = _jpeg(_cut(nearer.image, self._where))
        self._before = frame

    def finish(self) -> None:
        """Tell that no more frames come: reps that are left get the last one."""
        if self._before is not None:
            for _, number in self._due:
                self.pictures[number] = _jpeg(_cut(self._before.image, self._where))
        self._due = []


def _where(curve: AngleTrace) -> tuple[float, float, float] | None:
    """Middle of the hips and length of the trunk in pixels, over the whole recording; None where unknown."""
    known = [[value for value in column if not isnan(value)] for column in (curve.hip_x, curve.hip_y, curve.trunk_px)]
    x, y, trunk = (median(column) if column else 0.0 for column in known)
    return (x, y, trunk) if trunk else None


def _cut(image: NDArray[np.uint8], where: tuple[float, float, float] | None) -> NDArray[np.uint8]:
    """The part of `image` around the person, moved inside where it would stick out; all of it if unknown."""
    if where is None:
        return image
    x, y, trunk = where
    high, wide = image.shape[:2]
    left, right = _inside(x - _BESIDE * trunk, x + _BESIDE * trunk, wide)
    top, bottom = _inside(y - _ABOVE * trunk, y + _BELOW * trunk, high)
    return image[top:bottom, left:right]


def _inside(low: float, high: float, size: int) -> tuple[int, int]:
    length = min(high - low, float(size))
    start = min(max(low, 0.0), size - length)
    return round(start), max(round(start + length), round(start) + 1)


def _jpeg(image: NDArray[np.uint8]) -> bytes:
    from repcount.opencv import cv2

    high, wide = image.shape[:2]
    size = (_WIDE_PX, max(round(high * _WIDE_PX / wide), 1))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA if wide > _WIDE_PX else cv2.INTER_LINEAR)
    fine, jpeg = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not fine:
        raise OutputError("a picture for the report could not be encoded; leave them out with --no-pictures")
    return bytes(jpeg)
