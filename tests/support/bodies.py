"""A stick figure as MediaPipe would report it: for movements that nobody filmed for us."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import cos, radians, sin
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from repcount.pose.tracker import PersonTracker
from repcount.types import Frame, Pose

_TRUNK_M, _THIGH_M, _SHIN_M, _HALF_WIDTH_M = 0.5, 0.42, 0.42, 0.12
_SCALE_PX = 250.0
_HIP_PX = (640.0, 500.0)


@dataclass(frozen=True)
class Body:
    """Joint angles in degrees of somebody whose head points to the left and who is seen from the side."""

    left: float = 0.0
    """Flexion of the left hip, 0 is straight."""
    right: float = 0.0
    left_knee: float = 180.0
    right_knee: float = 180.0
    trunk: float = 0.0
    """Elevation of the trunk."""
    yaw: float = 0.0
    """How far the body is turned out of the side view."""
    roll: float = 0.0
    """How far the picture is turned."""
    facing: int = 1
    """1 with the head to the left, -1 to the right."""
    prone: bool = False
    """Face down."""
    hip_px: tuple[float, float] = _HIP_PX
    curl: float = 0.0
    """How far the line from hips to ears stands above that of the trunk."""
    reach: float = 0.0
    """How far the wrists have gone from the head to the shins, 0 to 1."""
    size: float = 1.0
    """How large it looks."""
    lengths: tuple[float, float] = (1.0, 1.0)
    """Those of the left and the right leg, as shares of what they are."""


def _direction(elevation_deg: float) -> NDArray[np.float64]:
    """In the plane of movement: x towards the feet, y up."""
    return np.array([cos(radians(elevation_deg)), sin(radians(elevation_deg))])


@lru_cache(1)
def pose(body: Body) -> Pose:
    """The pose of a body; orthographic, both legs seen equally well. The same for as long as it lies still."""
    shoulders = -_TRUNK_M * _direction(-body.trunk)
    points: dict[int, tuple[NDArray[np.float64], float]] = {}
    # On the back with the head to the left, the right side is the one nearer to the camera.
    z_left = _HALF_WIDTH_M * body.facing * (-1 if body.prone else 1)
    for side, (flexion, knee, z, length) in enumerate(
        (
            (body.left, body.left_knee, z_left, body.lengths[0]),
            (body.right, body.right_knee, -z_left, body.lengths[1]),
        )
    ):
        thigh = flexion - body.trunk
        knee_at = length * _THIGH_M * _direction(thigh)
        ankle_at = knee_at + length * _SHIN_M * _direction(thigh - (180 - knee))
        ears = -1.3 * _TRUNK_M * _direction(-body.trunk - body.curl)
        wrists = 1.35 * shoulders + body.reach * ((knee_at + ankle_at) / 2 - 1.35 * shoulders)
        places = {7: ears, 11: shoulders, 15: wrists, 23: np.zeros(2), 25: knee_at, 27: ankle_at}
        places |= {29: ankle_at, 31: ankle_at}
        points |= {landmark + side: (place, z) for landmark, place in places.items()}
    points[0] = (1.35 * shoulders, 0.0)
    world = np.zeros((33, 3))
    for landmark, (place, z) in points.items():
        world[landmark] = (body.facing * place[0], -place[1], z)
    world = world @ _turned(body).T
    xy = np.array(body.hip_px) + body.size * _SCALE_PX * world[:, :2]
    return Pose(xy_px=xy, world_m=world, visibility=np.full(33, 0.95))


def _turned(body: Body) -> NDArray[np.float64]:
    a, b = radians(body.yaw), radians(body.roll)
    yaw = np.array([[cos(a), 0, sin(a)], [0, 1, 0], [-sin(a), 0, cos(a)]])
    roll = np.array([[cos(b), -sin(b), 0], [sin(b), cos(b), 0], [0, 0, 1]])
    return np.asarray(roll @ yaw)


class ScriptedLandmarker:
    """Stands for a landmarker that looks for so many people; a test says in `detect` whom it finds."""

    def __init__(self, model: Path, people: int = 1, *, follow: bool = True) -> None:
        self.people = people
        self.follow = follow

    def forget(self) -> None:
        """It follows nobody."""

    def close(self) -> None:
        """There is no model to free."""


def hips_followed(image: NDArray[np.uint8], rate_hz: float, seconds: float) -> list[tuple[float, float] | None]:
    """Where the hips of the one are whom a tracker without a model follows in frames of one image; None for nobody."""
    places: list[tuple[float, float] | None] = []
    with PersonTracker(Path("none")) as following:
        for i in range(round(seconds * rate_hz)):
            found = following.track(Frame(i / rate_hz, image))
            hips = None if found is None else found.xy_px[[23, 24]].mean(axis=0)
            places.append(None if hips is None else (float(hips[0]), float(hips[1])))
    return places
