"""Whether both legs of a pose wear the same colour: those of one person nearly always do."""

from __future__ import annotations

from dataclasses import replace
from math import hypot, nan

import numpy as np
from numpy.typing import NDArray

from repcount.pose import angles
from repcount.types import Frame, Landmark, Pose
from repcount.video.opencv import cv2

_SHINS = (Landmark.LEFT_KNEE, Landmark.LEFT_ANKLE), (Landmark.RIGHT_KNEE, Landmark.RIGHT_ANKLE)

_FROM, _TO, _HALF_WIDTH_TRUNKS = 0.15, 0.85, 0.05
"""The part of a shin that is looked at: without knee and ankle, where trousers and socks end, and as broad as half a
thin shin, for landmarks are off by some. Heuristic."""

_CELLS = 16, 6
"""Along and across."""


def with_difference(frame: Frame, pose: Pose) -> Pose:
    """A pose with the difference of its legs' colours in `frame`."""
    return replace(pose, shins_differ=difference(frame.image, pose))


def difference(image: NDArray[np.uint8], pose: Pose) -> float:
    """Distance between the usual colours along the two shins in the plane of a* and b* of CIELAB, which light and shade
    change little: 0 is the same, 100 is red and green. NaN where a shin is outside the picture or shorter than a pixel.
    `image` is RGB, (height, width, 3).
    """
    half_px = _HALF_WIDTH_TRUNKS * angles.trunk_px(pose)
    shins = [_shin(image, pose.xy_px[knee], pose.xy_px[ankle], half_px) for knee, ankle in _SHINS]
    if any(shin is None for shin in shins):
        return nan
    (_, a, b), (_, other_a, other_b) = (np.median(shin, axis=(0, 1)).tolist() for shin in shins if shin is not None)
    return hypot(a - other_a, b - other_b)


def _shin(
    image: NDArray[np.uint8], knee: NDArray[np.float64], ankle: NDArray[np.float64], half_px: float
) -> NDArray[np.uint8] | None:
    """The picture along a shin in CIELAB, unless the shin is mostly outside it."""
    along = ankle - knee
    length_px = float(np.hypot(*along))
    middle, size = (knee + ankle) / 2, np.array(image.shape[1::-1])
    if not length_px > 1.0 or (middle < 0).any() or (middle >= size).any():
        return None
    across = np.array([along[1], -along[0]]) / length_px * half_px
    corners = np.array([knee + _FROM * along - across, knee + _TO * along - across, knee + _FROM * along + across])
    cells = np.array([[0, 0], [_CELLS[0], 0], [0, _CELLS[1]]])
    to_cells = cv2.getAffineTransform(corners.astype(np.float32), cells.astype(np.float32))
    shin = cv2.warpAffine(image, to_cells, _CELLS, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.cvtColor(shin, cv2.COLOR_RGB2LAB))
