"""Make the head of the person who is counted unrecognisable."""

from __future__ import annotations

from math import cos, hypot, isfinite, radians, sin
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from repcount.pose import angles
from repcount.types import FACE, HIPS, SHOULDERS, Pose
from repcount.video.opencv import cv2

NEEDED = (*FACE, *SHOULDERS, *HIPS)
"""The landmarks that say where the head is."""

_RADIUS_TRUNKS = 0.55
"""Radius of the circle that is made unrecognisable, in trunk lengths. A head is half a trunk long, from chin to crown;
the rest is for landmarks that are off."""

_HEAD_TRUNKS = 1.4
"""Distance of the middle of the head from the hips, in trunk lengths, for a head that lies in line with the trunk."""

_BLOCKS = 6
"""Blocks across the circle. Twelve pixels across a face are too few to know somebody by, and these are half of it."""


class HeadCircle(NamedTuple):
    """Where a head is, in pixels."""

    x: float
    y: float
    radius: float


def head_of(pose: Pose | None) -> HeadCircle | None:
    """Where the head of somebody is; None if that is not known."""
    if pose is None:
        return None
    place = angles.place(0.0, pose)
    width_px = hypot(*(pose.xy_px[SHOULDERS[0]] - pose.xy_px[SHOULDERS[1]]))
    face = [point for point in pose.xy_px[list(FACE)] if np.isfinite(point).all()]
    x, y = np.mean(face, axis=0) if face else _in_line(place.hip_x, place.hip_y, place.trunk_px, place.heading_deg)
    # Seen from the head or the feet the trunk is short, and the shoulders are as wide as they are.
    return _circle(float(x), float(y), max(place.trunk_px, width_px))


def head_from_place(hip_x: float, hip_y: float, trunk_px: float, heading_deg: float) -> HeadCircle | None:
    """Where the head is by the middle of the hips and length and direction of the trunk, as in `Sample`."""
    return _circle(*_in_line(hip_x, hip_y, trunk_px, heading_deg), trunk_px)


def _in_line(hip_x: float, hip_y: float, trunk_px: float, heading_deg: float) -> tuple[float, float]:
    """The middle of a head that lies in line with the trunk."""
    x = hip_x + _HEAD_TRUNKS * trunk_px * cos(radians(heading_deg))
    return x, hip_y - _HEAD_TRUNKS * trunk_px * sin(radians(heading_deg))


def blurred(image: NDArray[np.uint8], head: HeadCircle | None) -> NDArray[np.uint8]:
    """A copy of `image`, (height, width, 3), with the head in coarse blocks; all of it where it is not known where."""
    if head is None:
        return _in_blocks(image, max(image.shape[:2]) / 24)
    height, width = image.shape[:2]
    left, right = (round(min(max(head.x + side * head.radius, 0), width)) for side in (-1, 1))
    top, bottom = (round(min(max(head.y + side * head.radius, 0), height)) for side in (-1, 1))
    result = image.copy()
    if left < right and top < bottom:
        part = result[top:bottom, left:right]
        y, x = np.ogrid[top:bottom, left:right]
        inside = (x - head.x) ** 2 + (y - head.y) ** 2 <= head.radius**2
        part[inside] = _in_blocks(part, 2 * head.radius / _BLOCKS)[inside]
    return result


def _circle(x: float, y: float, trunk_px: float) -> HeadCircle | None:
    known = isfinite(x) and isfinite(y) and isfinite(trunk_px) and trunk_px > 0
    return HeadCircle(x, y, _RADIUS_TRUNKS * trunk_px) if known else None


def _in_blocks(image: NDArray[np.uint8], block_px: float) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    size = max(round(width / block_px), 1), max(round(height / block_px), 1)
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    blocks: NDArray[np.uint8] = cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST)
    return blocks
