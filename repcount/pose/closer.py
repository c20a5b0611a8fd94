"""Closer looks: parts of the picture, in which somebody who is small in it is large enough for the pose model."""

from __future__ import annotations

from dataclasses import replace
from math import ceil

from repcount.pose.body import trunk_px
from repcount.pose.landmarker import Landmarker
from repcount.pose.masking import Area, crop
from repcount.types import HIPS, Frame, Pose

_SHARES = 0.55, 0.38
"""Sides of the parts that are searched, as shares of the picture's longer side. The model looks at a picture of 224 by
224 pixels: people whose length is 20-36 % of the longer side it found in 2 of 40 whole pictures and in 32 of 40 parts
of the first size. Parts that overlap by half hold everybody of up to a quarter of the longer side."""

_TRUNKS, _LEAST_SHARE = 5.5, 0.2
"""Side of the part in which somebody is followed, in lengths of the trunk, and the least one as a share of the longer
side of the picture. From the hips it is 1.5 to the top of the head and 1.8 to the heels, wherever the legs point."""

_UPRIGHT = 1.5
"""From this height on, in widths, a picture is upright: the model sees a square, a third of which it leaves empty, or
more. Heuristic: phones take 16:9, and in 4:3 little is gained where heads or feet may be cut off."""

_BODY_TRUNKS = 4.5
"""A part that is shorter than this cuts off feet or elbows beyond the head. Heuristic: twice the 1.8 and a margin."""


def detect(landmarker: Landmarker, frame: Frame, part: Area) -> list[Pose]:
    """The people in a part of the picture, in pixels of the whole picture."""
    return [replace(pose, xy_px=pose.xy_px + part[:2]) for pose in landmarker.detect(crop(frame, part))]


def parts(frame: Frame) -> list[Area]:
    """Overlapping parts that cover the picture, large ones before small ones and lower ones before higher ones: people
    lie on the floor.
    """
    height, width = frame.image.shape[:2]
    sides = (round(share * max(width, height)) for share in _SHARES)
    return [
        (left, top, min(left + side, width), min(top + side, height))
        for side in sides
        for top in reversed(_starts(height, side))
        for left in _starts(width, side)
    ]


def squares(frame: Frame) -> list[Area]:
    """In an upright picture those as wide as it is, which overlap by half, the lower ones first; else none. Who lies
    across the picture fits into them, and the model sees them half as large again and more as in the whole picture.
    """
    height, width = frame.image.shape[:2]
    if height < _UPRIGHT * width:
        return []
    return [(0, top, width, top + width) for top in reversed(_starts(height, width))]


def fits(pose: Pose, frame: Frame) -> bool:
    """Whether somebody is small enough to be followed in a part of the picture, and not only in all of it."""
    return _BODY_TRUNKS * trunk_px(pose) <= max(_SHARES) * int(max(frame.image.shape[:2]))


def around(pose: Pose, frame: Frame) -> Area:
    """The part with the hips of `pose` in its middle, as far as the picture goes."""
    height, width = frame.image.shape[:2]
    least, most = (share * max(width, height) for share in (_LEAST_SHARE, max(_SHARES)))
    if squares(frame):
        most = max(most, width)
    side = round(min(max(_TRUNKS * trunk_px(pose), least), most))
    x, y = pose.xy_px[list(HIPS)].mean(axis=0)
    left, top = _start(x, width, side), _start(y, height, side)
    return left, top, min(left + side, width), min(top + side, height)


def _starts(length: int, side: int) -> list[int]:
    """Where parts begin along a side of the picture: one that leaves out a sixteenth of itself at most at either edge,
    else as many as overlap by half or more.
    """
    free = max(length - side, 0)
    if free < side / 8:
        return [free // 2]
    steps = ceil(2 * free / side)
    return [round(free * step / steps) for step in range(steps + 1)]


def _start(middle: float, length: int, side: int) -> int:
    return max(min(round(middle - side / 2), length - side), 0)
