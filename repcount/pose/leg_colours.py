"""Whether both legs of a pose wear the same colour: those of one person nearly always do."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from math import hypot, inf, nan

import numpy as np
from numpy.typing import NDArray

from repcount.pose.body import leg_elevations
from repcount.types import ANKLES, KNEES, Frame, Pose
from repcount.video.opencv import cv2

_FROM, _TO, _HALF_WIDTH = 0.15, 0.85, 0.06
"""The part of a shin that is looked at: without knee and ankle, where trousers and socks end, and half as broad as a
thin shin, as a share of its length, for landmarks are off by some. Heuristic."""

_ALONG, _ACROSS = 12, 5
"""So many pixels are looked at, along and across."""

_APART_DEG, _EVERY_S = 10.0, 0.3
"""Legs further apart than the first are compared in every frame, others this often: it is known then what they wear.
Heuristic; in every frame it takes 4 % of the processor's time."""


class LegColours:
    """Tells of the poses of one video how different the colours of the legs are, where and as often as that helps."""

    def __init__(self) -> None:
        self._told_s = -inf

    def tell(self, frame: Frame, pose: Pose) -> Pose:
        """A pose found in `frame`, with the difference or as it is; it is told of all in the frame or of nobody, unless
        somebody's legs are apart. The times of the frames must not fall.
        """
        near, far = leg_elevations(pose)
        if abs(near - far) <= _APART_DEG and 0.0 < frame.time_s - self._told_s < _EVERY_S:
            return pose
        self._told_s = frame.time_s
        return replace(pose, shins_differ=difference(frame.image, pose))


def difference(image: NDArray[np.uint8], pose: Pose) -> float:
    """Distance between the usual colours along the two shins in the plane of a* and b* of CIELAB, which light and shade
    change little: 0 is the same, 100 is red and green. NaN where a shin is outside the picture or shorter than a pixel.
    `image` is RGB, (height, width, 3).
    """
    knees, ankles = pose.xy_px[list(KNEES)], pose.xy_px[list(ANKLES)]
    along, middles, size = ankles - knees, (knees + ankles) / 2, image.shape[1::-1]
    if not (np.abs(along).max(axis=1).min() > 1.0 and middles.min() >= 0.0 and (middles < size).all()):
        return nan
    across = along[:, ::-1] * (_HALF_WIDTH, -_HALF_WIDTH)
    pixels = (knees[:, None] + _grid() @ np.stack([along, across], axis=1)).astype(np.intp)
    colours = image[pixels[..., 1].clip(0, size[1] - 1), pixels[..., 0].clip(0, size[0] - 1)]
    colours.sort(axis=1)  # the median of each channel is good enough, and quick
    usual = cv2.cvtColor(colours[None, :, _ALONG * _ACROSS // 2], cv2.COLOR_RGB2LAB)[0]
    (_, a, b), (_, other_a, other_b) = usual.tolist()
    return hypot(a - other_a, b - other_b)


@cache
def _grid() -> NDArray[np.float64]:
    """Shares of the way along a shin, and of half its width across it, (pixels, 2)."""
    along, across = np.meshgrid(np.linspace(_FROM, _TO, _ALONG), np.linspace(-1.0, 1.0, _ACROSS))
    return np.column_stack([along.ravel(), across.ravel()])
