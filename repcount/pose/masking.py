"""Images in which people are painted out, so that the pose model finds whoever else is there."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from repcount.pose import angles
from repcount.types import Frame, Pose
from repcount.video.opencv import cv2

_MARGIN_TRUNKS = 0.12
"""How far body and clothes reach around the landmarks. Heuristic."""

_SAMPLED = 8
"""Every so many pixels are enough to tell the usual colour."""


def paint_out(frame: Frame, people: Iterable[Pose]) -> Frame:
    """A copy of `frame` with the area that each of the people takes in the frame's usual colour."""
    image = frame.image.copy()
    colour = np.median(image[::_SAMPLED, ::_SAMPLED].reshape(-1, 3), axis=0).tolist()
    for pose in people:
        outline = cv2.convexHull(pose.xy_px.astype(np.float32)).astype(np.int32)
        cv2.fillConvexPoly(image, outline, colour)
        margin = round(2 * _MARGIN_TRUNKS * angles.trunk_px(pose))
        cv2.polylines(image, [outline], isClosed=True, color=colour, thickness=max(margin, 1))
    return Frame(frame.time_s, image)
