"""Images in which people are painted out, so that the pose model finds whoever else is there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from repcount.pose.body import trunk_px
from repcount.types import Frame, Landmark, Pose
from repcount.video.opencv import cv2

_MARGIN_TRUNKS = 0.04
"""What is painted around the landmarks. Body and clothes reach further, but so does who lies close behind: of 12 reps
of somebody behind (three rendered clips) 5 were lost with 0.12, 7 with 0.08 and one with 0.04."""

_CLOTHES_TRUNKS = 0.12
"""How far body and clothes reach around the landmarks. Heuristic."""

_ARMS = (11, 13, 15, 17, 19), (12, 14, 16, 18, 20)
"""From the shoulder to the hand. Elbows stand out: what lies between them and the body may be somebody else."""

_SAMPLED = 8
"""Every so many pixels are enough to tell the usual colour."""


Area = tuple[int, int, int, int]
"""Left, top, right and bottom edge in pixels."""


def paint_out(frame: Frame, people: Iterable[Pose]) -> Frame:
    """A copy of `frame` with the area that each of the people takes in the frame's usual colour."""
    image, colour = frame.image.copy(), _usual_colour(frame)
    for pose in people:
        _fill(image, pose, colour)
    return Frame(frame.time_s, image)


def paint_out_beside(frame: Frame, people: Iterable[Pose], kept: Pose) -> Frame:
    """As `paint_out`, but for where the people overlap with the one who is kept."""
    covered = np.zeros(frame.image.shape[:2], np.uint8)
    for pose in people:
        _fill(covered, pose, 1)
    _fill(covered, kept, 0)
    image = frame.image.copy()
    image[covered == 1] = _usual_colour(frame)
    return Frame(frame.time_s, image)


def crop(frame: Frame, area: Area) -> Frame:
    """The part of `frame` in an area, as an image of its own."""
    left, top, right, bottom = area
    return Frame(frame.time_s, np.ascontiguousarray(frame.image[top:bottom, left:right]))


def distance_px(pose: Pose, x: float, y: float) -> float:
    """Distance of a point to the area within somebody's landmarks; negative inside."""
    return -float(cv2.pointPolygonTest(_outline(pose.xy_px), (x, y), measureDist=True))


def share_outside(pose: Pose, painted: Pose) -> float:
    """Share of somebody's landmarks that lie outside the area that another takes who is painted out."""
    return fmean(_outside(pose.xy_px, painted))


def are_legs_outside(pose: Pose, painted: Pose) -> bool:
    """Whether both legs, from the knees to the toes, lie outside that area."""
    return all(_outside(pose.xy_px[Landmark.LEFT_KNEE :], painted))


def with_arms_unseen(pose: Pose, painted: Pose) -> Pose:
    """Somebody whose arms are not visible where shoulder or elbow is in the area that another takes who is painted out:
    there the model makes up the rest of the arm.
    """
    margin_px = _CLOTHES_TRUNKS * trunk_px(painted)
    visibility = pose.visibility.copy()
    for shoulder, elbow, *hand in _ARMS:
        ends = pose.xy_px[[shoulder, elbow]].tolist()
        if any(distance_px(painted, x, y) <= margin_px for x, y in ends):
            visibility[[elbow, *hand]] = 0.0
    return replace(pose, visibility=visibility)


def _outside(xy_px: NDArray[np.float64], painted: Pose) -> list[bool]:
    margin_px = _CLOTHES_TRUNKS * trunk_px(painted)
    return [distance_px(painted, x, y) > margin_px for x, y in xy_px.tolist()]


def _usual_colour(frame: Frame) -> list[float]:
    colour: list[float] = np.median(frame.image[::_SAMPLED, ::_SAMPLED].reshape(-1, 3), axis=0).tolist()
    return colour


def _fill(image: NDArray[np.uint8], pose: Pose, colour: float | list[float]) -> None:
    """Fill the area that somebody takes in an image."""
    arms = [pose.xy_px[list(arm)].astype(np.int32) for arm in _ARMS]
    body = _outline(np.delete(pose.xy_px, [joint for arm in _ARMS for joint in arm[1:]], axis=0)).astype(np.int32)
    margin = max(round(2 * _MARGIN_TRUNKS * trunk_px(pose)), 1)
    cv2.fillConvexPoly(image, body, colour)
    cv2.polylines(image, [body], isClosed=True, color=colour, thickness=margin)
    cv2.polylines(image, arms, isClosed=False, color=colour, thickness=margin)


def _outline(xy_px: NDArray[np.float64]) -> NDArray[np.float32]:
    outline: NDArray[np.float32] = cv2.convexHull(xy_px.astype(np.float32))
    return outline
