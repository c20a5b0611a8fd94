"""What moves in the picture beside the person who is followed."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import numpy as np

from repcount.pose.body import trunk_px
from repcount.pose.chunking import TARGET_LONG_SIDE_PX
from repcount.types import Frame, Pose
from repcount.video.opencv import cv2

if TYPE_CHECKING:
    from numpy.typing import NDArray

_EVERY_S, _LATEST_S = 0.25, 0.75
"""How far apart two thumbnails are, and at most. They are as large as those of the motion gate: a raise of 30° in a
second moves the feet by 1-2 pixels of one in the first. Heuristic."""

_MARGIN_TRUNKS = 0.3
"""How far clothes, shadow and what the landmarks miss reach around somebody's landmarks. Heuristic."""

_CONTRAST_SHARE, _MIN_CHANGE, _MAX_CHANGE = 0.25, 4.0, 12.0
"""A pixel has changed when the mean over 3 by 3 has by more than this share of the thumbnail's contrast (its standard
deviation), clamped to these grey levels. Heuristic: as for the motion gate, doubled for noise, which nobody sees who
looks at the largest change alone."""

_LEAST_AREA, _LEAST_HEIGHT = 0.15, 0.7
"""Legs that are raised beside change one coherent area of at least so many square trunk lengths, and at least so many
high. A leg that turns by 10° sweeps over 0.25, and a shin that stands is 0.9 long with its foot. The shadows of
somebody's own legs on the floor changed up to 0.5, no higher than 0.6 (real and rendered clips)."""

_LEAST_SHARE, _MOST = 0.6, 0.25
"""That area has at least so much of all that changes outside, or else a curtain moves, or a camera that is held in the
hand, and with it edges everywhere. All of it is no larger than this share of the outside, or else the light changes, or
the camera turns. Heuristic."""

_IN_A_ROW = 2
"""So many comparisons that follow each other show that: half a second of motion at least. Heuristic.

Measured, with all of these limits: something moves in 4 of 74 clips of one person, real and rendered (in one of them
the person is shown twice; the others are light, a camera held in the hand and a shadow on a wall), and in 1 of 73
rendered ones looked at only afterwards; in 21 of 40 of several people, among them all those of which looking beside
gives the note."""


class Surroundings:
    """Tells from the frames, one after the other, whether something moves outside the area that one person takes."""

    def __init__(self) -> None:
        self._before: tuple[float, NDArray[np.uint8], NDArray[np.uint8]] | None = None
        """Time, thumbnail and area of the person of the frame compared last."""
        self._moved: deque[bool] = deque(maxlen=_IN_A_ROW)

    @property
    def is_lively(self) -> bool:
        """Whether something has been moving there lately."""
        return sum(self._moved) == _IN_A_ROW

    def forget(self) -> None:
        """Another scene begins."""
        self._before = None
        self._moved.clear()

    def see(self, frame: Frame, person: Pose) -> None:
        """Compare `frame` with one shortly before; `person` is the one who is followed. Times must rise."""
        passed_s = frame.time_s - self._before[0] if self._before else _LATEST_S
        if passed_s < _EVERY_S:
            return
        step = max(round(max(frame.image.shape[:2]) / TARGET_LONG_SIDE_PX), 1)
        size = frame.image.shape[1] // step, frame.image.shape[0] // step
        if min(size) < 1:
            return
        # The green channel alone, which has most of the light.
        now = cv2.resize(frame.image[..., 1], size, interpolation=cv2.INTER_AREA)
        area = _area(person, step, now.shape)
        if self._before and passed_s < _LATEST_S and self._before[1].shape == now.shape:
            _, before, area_before = self._before
            self._moved.append(_moves(now, before, area | area_before, trunk_px(person) / step))
        self._before = frame.time_s, now, area


def _area(person: Pose, step: int, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """1 where somebody is in a thumbnail, which has every so many pixels; else 0."""
    area = np.zeros(shape, np.uint8)
    outline = cv2.convexHull((person.xy_px / step).astype(np.float32)).astype(np.int32)
    margin = max(round(2 * _MARGIN_TRUNKS * trunk_px(person) / step), 1)
    cv2.fillConvexPoly(area, outline, 1)
    cv2.polylines(area, [outline], isClosed=True, color=1, thickness=margin)
    return area


def _moves(now: NDArray[np.uint8], before: NDArray[np.uint8], person: NDArray[np.uint8], trunk_px: float) -> bool:
    """Whether enough has changed in one place where the person is not."""
    change = cv2.boxFilter(cv2.subtract(now, before, dtype=cv2.CV_16S), cv2.CV_32F, (3, 3))
    change -= cv2.mean(change)[0]  # another exposure is no motion
    contrast = float(cv2.meanStdDev(now)[1][0, 0])
    threshold = min(max(_CONTRAST_SHARE * contrast, _MIN_CHANGE), _MAX_CHANGE)
    outside = person == 0
    changed = (np.abs(change) > threshold) & outside
    everything = int(np.count_nonzero(changed))
    if not _LEAST_AREA * trunk_px**2 < everything < _MOST * np.count_nonzero(outside):
        return False
    places = cv2.connectedComponentsWithStats(changed.astype(np.uint8))[2][1:]  # the first is what has not changed
    largest = places[places[:, cv2.CC_STAT_AREA].argmax()]
    area, height = largest[cv2.CC_STAT_AREA] / trunk_px**2, largest[cv2.CC_STAT_HEIGHT] / trunk_px
    coherent = largest[cv2.CC_STAT_AREA] >= _LEAST_SHARE * everything
    return bool(coherent and area > _LEAST_AREA and height > _LEAST_HEIGHT)
