"""Landmarks and picture → whether the camera stands where it can count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from repcount.records import Frame, Pose

if TYPE_CHECKING:
    from numpy.typing import NDArray

_HEAD = (0, 7, 8)
"""Nose and ears in MediaPipe's order."""
_HIPS, _ANKLES, _FEET = (23, 24), (27, 28), (27, 28, 29, 30, 31, 32)

_EVERY = 16
"""The brightness is that of each 16th pixel both ways: thousands of them are enough for a mean."""


@dataclass(frozen=True, slots=True)
class Framing:
    """What one frame shows of the place, beside the angles of its sample."""

    people: int
    """How many were looked at and found; where one is followed never more than one."""
    brightness: float
    """Mean of the picture, 0 black to 255 white."""
    head_inside: bool = True
    feet_inside: bool = True
    """The feet where they lie and where they will be when the legs stand upright."""
    trunk_share: float = 0.0
    """Length of the trunk as a share of the picture's longer side."""


def check_framing(frame: Frame, pose: Pose | None, people: int) -> Framing:
    """What `frame` shows; where `pose` is None there is nobody."""
    brightness = float(frame.image[::_EVERY, ::_EVERY].mean())
    if pose is None:
        return Framing(0, brightness)
    height, width = frame.image.shape[:2]
    size = np.array([width, height], dtype=np.float64)
    return Framing(
        people,
        brightness,
        head_inside=_inside(pose.xy_px[list(_HEAD)], size),
        feet_inside=_inside(pose.xy_px[list(_FEET)], size) and _inside(_raised(pose), size),
        trunk_share=_trunk_px(pose) / max(width, height),
    )


def _inside(points: NDArray[np.float64], size: NDArray[np.float64]) -> bool:
    """Whether most of the points lie in the picture: one of a pair may be guessed wrongly."""
    return float(np.mean(np.all((points >= 0) & (points <= size), axis=1))) > 0.5


def _raised(pose: Pose) -> NDArray[np.float64]:
    """Where the ankles will be with the legs upright: as far above the hips as they are from them now."""
    hips, ankles = pose.xy_px[list(_HIPS)], pose.xy_px[list(_ANKLES)]
    lengths = np.linalg.norm(ankles - hips, axis=1)
    raised: NDArray[np.float64] = hips - np.column_stack([np.zeros(2), lengths])
    return raised


def _trunk_px(pose: Pose) -> float:
    shoulders, hips = pose.xy_px[[11, 12]].mean(axis=0), pose.xy_px[[23, 24]].mean(axis=0)
    return float(np.linalg.norm(shoulders - hips))
