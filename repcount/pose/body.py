"""A body as the pose model sees it, in the picture and in space: its lengths and the directions of its parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import acos, atan2, degrees, dist, hypot, nan
from operator import add, mul, sub
from statistics import fmean

from repcount.types import ANKLES, ELBOWS, HEELS, HIPS, KNEES, SHOULDERS, TOES, WRISTS, Pair, Pose

_WORLD_ONLY_DEG = 40.0
"""From this view angle on the hip angle is read in space alone. Measured on rendered clips: at the top the
picture's angle is 4-6° off in side views, 15-20° at 30° of yaw and useless at 60°; the world landmarks are
2-9° off at any of them."""

_ANKLE_LOW_DEG = 7.0
"""In space the model reads the knee 13-17° too bent, so that the line from hip to ankle is half of it too low, at the
bottom as at the top (rendered clips)."""

_TWIN_TRUNKS = 0.3
"""Landmarks that lie no further apart than this part of a trunk length are of one body, found twice. Heuristic."""

# Points and ways are plain numbers: for two or three of them numpy takes several times as long, and there are a hundred
# in a frame.

Points = list[list[float]]


@dataclass(frozen=True, slots=True)
class Body:
    """The landmarks of one person; what is measured of them is in degrees, or in pixels of the picture."""

    flat: Points
    """Landmarks in the picture: x to the right and y down, in pixels."""
    space: Points
    """Landmarks in space: x to the right, y down, z away from the camera, in metres."""
    visibility: list[float]
    trunk_flat: list[float]
    """From the middle of the hips to the middle of the shoulders, in the picture."""
    trunk_space: list[float]
    """The same in space."""
    view_deg: float
    """Angle between the trunk and the plane of the picture, 0 to 90."""

    @property
    def readings(self) -> tuple[tuple[Points, list[float]], ...]:
        """Landmarks and trunk in the picture, and in space."""
        return (self.flat, self.trunk_flat), (self.space, self.trunk_space)

    @property
    def trunk_px(self) -> float:
        """Length of the trunk in the picture."""
        return hypot(*self.trunk_flat)

    @property
    def leg_trunks(self) -> float:
        """Thigh and shin in space, in trunk lengths, mean of both legs."""
        bones = [
            dist(self.space[a], self.space[b])
            for start, end in ((HIPS, KNEES), (KNEES, ANKLES))
            for a, b in zip(start, end, strict=True)
        ]
        return sum(bones) / 2 / max(hypot(*self.trunk_space), 1e-9)

    def leg_px(self, leg: int) -> float:
        """Length of thigh and shin of one leg in the picture: 0 is the left one, 1 the right one."""
        hip, knee, ankle = (self.flat[part[leg]] for part in (HIPS, KNEES, ANKLES))
        return dist(hip, knee) + dist(knee, ankle)

    @property
    def longer_leg_px(self) -> float:
        """Length of the longer leg in the picture."""
        return max(self.leg_px(leg) for leg in (0, 1))

    def flexion(self, leg: int, end: Pair = KNEES) -> float:
        """Signed flexion of the line from the hip to `end` against the line of the trunk: picture and space, by the
        view.

        Signed, because an unsigned angle folds at 180° and shows a leg that rests a little below the trunk line as one
        that dips just when it leaves the floor.
        """
        joints = (SHOULDERS[leg], HIPS[leg], end[leg])
        flat = _rotation_up(*((*self.flat[i], 0.0) for i in joints))
        space = _rotation_up(*(self.space[i] for i in joints)) + (_ANKLE_LOW_DEG if end is ANKLES else 0.0)
        return self._blend(flat, space)

    def knee(self, leg: int) -> float:
        """Interior angle of one knee: 180 is straight."""
        return _straighter(self.flat, self.space, (HIPS[leg], KNEES[leg], ANKLES[leg]))

    def elbow(self, arm: int) -> float:
        """Interior angle of one elbow, of picture and space the more bent reading: 180 is stretched out."""
        joints = (SHOULDERS[arm], ELBOWS[arm], WRISTS[arm])
        return min(_interior(*(points[i] for i in joints)) for points in (self.flat, self.space))

    def elevation(self, end: Pair, start: Pair = HIPS) -> float:
        """Of the line from the middle of `start` to the middle of `end`: 0 is level, 90 is upright."""
        x, y = _way(middle(self.flat, start), middle(self.flat, end))
        flat = degrees(atan2(-y, abs(x)))
        x, y, z = _way(middle(self.space, start), middle(self.space, end))
        return self._blend(flat, degrees(atan2(-y, hypot(x, z))))

    def leg_elevation(self, leg: int, end: Pair) -> float:
        """Of the line from the hip to `end` of one leg."""
        return self.elevation((end[leg],) * 2, (HIPS[leg],) * 2)

    @property
    def chest(self) -> float:
        """Elevation of the direction that stands square on trunk and shoulder line, out of the chest."""
        tx, ty, tz = self.trunk_space
        across = [_way(self.space[part[1]], self.space[part[0]]) for part in (SHOULDERS, HIPS)]
        x, y, z = (shoulders + hips for shoulders, hips in zip(*across, strict=True))
        out = (y * tz - z * ty, z * tx - x * tz, x * ty - y * tx)
        return degrees(atan2(-out[1], hypot(out[0], out[2])))

    def _blend(self, flat: float, space: float) -> float:
        """Half and half in the side view, where their errors have opposite sign, to space alone when oblique."""
        weight = 0.5 * max(0.0, 1.0 - self.view_deg / _WORLD_ONLY_DEG)
        difference = (flat - space + 180.0) % 360.0 - 180.0
        return space + weight * difference


@lru_cache(maxsize=16)
def body_of(pose: Pose) -> Body:
    """The body of a pose, kept for a moment: a tracker asks several things of each."""
    flat, space = pose.xy_px.tolist(), pose.world_m.tolist()
    x, y, z = trunk = _trunk(space)
    view_deg = degrees(atan2(abs(z), hypot(x, y)))
    return Body(flat, space, pose.visibility.tolist(), _trunk(flat), trunk, view_deg)


def trunk_px(pose: Pose) -> float:
    """Length of the trunk in the picture."""
    return body_of(pose).trunk_px


def leg_elevations(pose: Pose) -> tuple[float, float]:
    """Elevation of the thigh nearer to the camera and of the other one: 0 is level, 90 is upright."""
    body = body_of(pose)
    near, far = (body.leg_elevation(leg, KNEES) for leg in near_and_far(body.space))
    return near, far


def with_legs_together(pose: Pose) -> Pose:
    """The pose with the leg further from the camera beside the nearer one."""
    xy_px, world_m = pose.xy_px.copy(), pose.world_m.copy()
    near, far = near_and_far(world_m.tolist())
    for points in (xy_px, world_m):
        beside = points[HIPS[far]] - points[HIPS[near]]
        for part in (KNEES, ANKLES, HEELS, TOES):
            points[part[far]] = points[part[near]] + beside
    return replace(pose, xy_px=xy_px, world_m=world_m)


def near_and_far(space: Points) -> list[int]:
    """The leg nearer to the camera and the other one."""
    return sorted((0, 1), key=lambda leg: space[HIPS[leg]][2])


def lower_heel(pose: Pose) -> float:
    """Elevation of the line from hip to heel, of the leg that is less raised; below 0 is under the hip."""
    body = body_of(pose)
    return min(body.leg_elevation(leg, HEELS) for leg in (0, 1))


def is_twin(pose: Pose, other: Pose) -> bool:
    """Whether two poses are of one body, found twice."""
    apart_px = fmean(map(dist, pose.xy_px.tolist(), other.xy_px.tolist()))
    return apart_px <= _TWIN_TRUNKS * trunk_px(other)


def hip_distance_px(pose: Pose, other: Pose) -> float:
    """How far apart the hips of two people are in the picture."""
    return dist(middle(pose.xy_px.tolist(), HIPS), middle(other.xy_px.tolist(), HIPS))


def straighter_reading(pose: Pose, joints: tuple[int, int, int]) -> float:
    """The interior angle at the middle one of three landmarks: of picture and space the straighter reading, in degrees.

    The world landmarks read the knee 13-17° too bent and the picture foreshortens it in oblique views;
    a knee that is bent is bent in both.
    """
    return _straighter(pose.xy_px.tolist(), pose.world_m.tolist(), joints)


def _straighter(flat: Points, space: Points, joints: tuple[int, int, int]) -> float:
    return max(_interior(*(points[i] for i in joints)) for points in (flat, space))


def _interior(a: Sequence[float], b: Sequence[float], c: Sequence[float]) -> float:
    u, v = _way(b, a), _way(b, c)
    length = hypot(*u) * hypot(*v)
    return degrees(acos(min(max(_dot(u, v) / length, -1.0), 1.0))) if length > 0 else nan


def _trunk(points: Points) -> list[float]:
    """From the middle of the hips to the middle of the shoulders."""
    return _way(middle(points, HIPS), middle(points, SHOULDERS))


def _rotation_up(shoulder: Sequence[float], hip: Sequence[float], end: Sequence[float]) -> float:
    """How far hip→end has turned away from the straight continuation of shoulder→hip, up is positive.

    Degrees from -180 to 180, in the plane that holds the trunk and the upward direction of the picture:
    for somebody who lies face up that is the plane in which both legs rise.
    """
    x, y, z = _way(shoulder, hip)
    length = max(hypot(x, y, z), 1e-9)
    x, y, z = x / length, y / length, z / length
    # What is left of "up", (0, -1, 0), square to the trunk.
    up_x, up_y, up_z = y * x, y * y - 1.0, y * z
    length = max(hypot(up_x, up_y, up_z), 1e-9)
    leg_x, leg_y, leg_z = _way(hip, end)
    rise = (leg_x * up_x + leg_y * up_y + leg_z * up_z) / length
    return degrees(atan2(rise, leg_x * x + leg_y * y + leg_z * z))


def middle(points: Points, part: Pair) -> list[float]:
    """The point between the two of a part."""
    return [both / 2 for both in map(add, points[part[0]], points[part[1]])]


def _way(start: Sequence[float], end: Sequence[float]) -> list[float]:
    return list(map(sub, end, start))


def _dot(one: Sequence[float], other: Sequence[float]) -> float:
    return float(sum(map(mul, one, other)))


def distance_to_line(point: Sequence[float], start: Sequence[float], end: Sequence[float]) -> float:
    """Distance of a point to the line from `start` to `end`."""
    way, there = _way(start, end), _way(start, point)
    share = min(max(_dot(there, way) / max(_dot(way, way), 1e-9), 0.0), 1.0)
    return dist(there, [share * length for length in way])
