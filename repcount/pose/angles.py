"""Body landmarks to the angles that the counter reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import acos, atan2, degrees, dist, hypot, isnan, nan
from statistics import fmean
from typing import TYPE_CHECKING

from repcount.types import Pose, Sample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float64]

# Landmark numbers of MediaPipe's pose model, (left, right).
_EAR, _SHOULDER, _WRIST, _HIP = (7, 8), (11, 12), (15, 16), (23, 24)
_KNEE, _ANKLE, _HEEL = (25, 26), (27, 28), (29, 30)

SIDES = ("left", "right")

_WORLD_ONLY_DEG = 40.0
"""From this view angle on the hip angle is read in space alone. Measured on rendered clips: at the top the
picture's angle is 4-6° off in side views, 15-20° at 30° of yaw and useless at 60°; the world landmarks are
2-9° off at any of them."""

_ANKLE_LOW_DEG = 7.0
"""In space the model reads the knee 13-17° too bent, so that the line from hip to ankle is half of it too low, at the
bottom as at the top (rendered clips)."""

_STRAIGHT_LEG_DEG, _STRAIGHT_KNEE_DEG, _PARTED_DEG = 125.0, 130.0, 45.0
"""Nobody raises a leg with a straight knee further than the first: the hamstrings end it at 70-90° in most people (the
straight leg raise test) and at 120° in the most supple. Landmarks that show it, with the other leg further away than
the third, have gone to arms that lie overhead or to somebody else."""

_LYING_DEG = 45.0
"""Half way between lying and standing: this only chooses whom to follow, the counter judges for itself."""

_HANDS_VIEW_DEG = 45.0
"""From this view angle on nothing is said about the hands: seen from the feet a wrist under the head lies two trunk
lengths from the ears in the picture."""

_AT_HEAD_TRUNKS, _OFF_HEAD_TRUNKS = 0.6, 0.72
"""Nearer is at the head and further is not; between them is a hand under a head that is seen from the floor as well as
one that is stretched out overhead."""

_TWIN_TRUNKS = 0.3
"""Landmarks that lie no further apart than this part of a trunk length are of one body, found twice. Heuristic."""

_SIDE_SWITCH = 0.15
"""How much more visible the other leg must be to take over, so that the side does not flicker. Heuristic."""


def compute_sample(time_s: float, pose: Pose | None, side: str = "") -> Sample:
    """The sample of one frame; `side` is the side of the sample before, or empty.

    A frame with nobody in it gives a sample of NaN.
    """
    if pose is None:
        return Sample(time_s, side=side)
    view = _view_deg(pose.world_m)
    near = _better_seen(pose.visibility, side)
    flexions = [_flexion(pose, leg, _KNEE, view) for leg in (0, 1)]
    if _is_astray(pose, near, flexions):
        near = 1 - near
    far = 1 - near
    astray = _is_astray(pose, far, flexions)
    seen = [float(pose.visibility[part[near]]) for part in (_SHOULDER, _HIP, _KNEE)]
    return replace(
        place(time_s, pose),
        hip_deg=180.0 - flexions[near],
        knee_deg=_knee(pose, near),
        other_hip_deg=nan if astray else 180.0 - flexions[far],
        trunk_deg=_elevation(pose, _SHOULDER, view),
        chest_deg=_chest(pose.world_m),
        ankle_deg=_flexion(pose, near, _ANKLE, view),
        view_deg=view,
        visibility=min(seen),
        feet_visibility=float(pose.visibility[_ANKLE[near]]),
        hands_on_head=_hands_on_head(pose, view),
        side=SIDES[near],
        head_deg=_elevation(pose, _EAR, view),
        hands_to_shins=_hands_to_shins(pose),
        heels_deg=_elevation(pose, _HEEL, view),
        people_lying=pose.people_lying,
    )


def is_lying(pose: Pose) -> bool:
    """Whether the trunk is nearer to lying than to standing."""
    return abs(_elevation(pose, _SHOULDER, _view_deg(pose.world_m))) < _LYING_DEG


def is_lying_on_back(pose: Pose) -> bool:
    """Whether somebody lies, the chest points up, and the legs are where legs can be.

    Of somebody who is hard to see, poses that lie face down are often the right body the wrong way round, and so are
    those with both legs straight and folded onto the trunk.
    """
    return is_lying(pose) and _chest(pose.world_m) > 0 and not _is_folded(pose)


def _is_folded(pose: Pose) -> bool:
    """Whether both legs are straight and raised further than anybody's hamstrings allow."""
    view = _view_deg(pose.world_m)
    return all(
        _flexion(pose, leg, _KNEE, view) > _STRAIGHT_LEG_DEG and _knee(pose, leg) > _STRAIGHT_KNEE_DEG for leg in (0, 1)
    )


def trunk_px(pose: Pose) -> float:
    """Length of the trunk in the picture."""
    return hypot(*_trunk(pose.xy_px))


def leg_elevations(pose: Pose) -> tuple[float, float]:
    """Elevation of the left and of the right thigh: 0 is level, 90 is upright."""
    view = _view_deg(pose.world_m)
    left, right = (_elevation(pose, (_KNEE[leg],) * 2, view, (_HIP[leg],) * 2) for leg in (0, 1))
    return left, right


def place(time_s: float, pose: Pose) -> Sample:
    """A sample of where somebody is alone."""
    x, y = _middle(pose.xy_px, _HIP)
    trunk = _trunk(pose.xy_px)
    return Sample(
        time_s,
        hip_x=x,
        hip_y=y,
        trunk_px=hypot(*trunk),
        heading_deg=degrees(atan2(-trunk[1], trunk[0])),
        leg_trunks=_leg_trunks(pose.world_m),
    )


def _leg_trunks(world: Vector) -> float:
    """Thigh and shin, mean of both legs."""
    points = world.tolist()
    bones = [
        dist(points[a], points[b]) for part in ((_HIP, _KNEE), (_KNEE, _ANKLE)) for a, b in zip(*part, strict=True)
    ]
    return sum(bones) / 2 / max(hypot(*_trunk(world)), 1e-9)


def is_twin(pose: Pose, other: Pose) -> bool:
    """Whether two poses are of one body, found twice."""
    return _mean_distance_px(pose, other) <= _TWIN_TRUNKS * trunk_px(other)


def _mean_distance_px(pose: Pose, other: Pose) -> float:
    """How far apart the landmarks of two people are on average."""
    return fmean(map(dist, pose.xy_px.tolist(), other.xy_px.tolist()))


def hip_distance_px(pose: Pose, other: Pose | None) -> float:
    """How far apart the hips of two people are, 0 when there is no other."""
    if other is None:
        return 0.0
    return dist(_middle(pose.xy_px, _HIP), _middle(other.xy_px, _HIP))


def _better_seen(visibility: Vector, side: str) -> int:
    seen = visibility.tolist()
    legs = [fmean(seen[part[i]] for part in (_HIP, _KNEE, _ANKLE)) for i in (0, 1)]
    if side in SIDES:
        current = SIDES.index(side)
        return current if legs[1 - current] < legs[current] + _SIDE_SWITCH else 1 - current
    return int(legs[1] > legs[0])


def _is_astray(pose: Pose, leg: int, flexions: list[float]) -> bool:
    """Whether the landmarks of a leg are where it cannot be, while those of the other leg may be right."""
    beyond = flexions[leg] > _STRAIGHT_LEG_DEG and flexions[leg] - flexions[1 - leg] > _PARTED_DEG
    return beyond and _knee(pose, leg) > _STRAIGHT_KNEE_DEG


# Points and ways in plain numbers from here on: for two or three of them numpy takes several times as long, and there
# are a hundred in a frame.


def _middle(points: Vector, part: tuple[int, int]) -> list[float]:
    return [(one + other) / 2 for one, other in zip(points[part[0]].tolist(), points[part[1]].tolist(), strict=True)]


def _way(start: Sequence[float], end: Sequence[float]) -> list[float]:
    return [there - here for here, there in zip(start, end, strict=True)]


def _dot(one: Sequence[float], other: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def _trunk(points: Vector) -> list[float]:
    """From the middle of the hips to the middle of the shoulders."""
    return _way(_middle(points, _HIP), _middle(points, _SHOULDER))


def _view_deg(world: Vector) -> float:
    """Angle between the trunk and the plane of the picture, 0 to 90."""
    x, y, z = _trunk(world)
    return degrees(atan2(abs(z), hypot(x, y)))


def _flexion(pose: Pose, leg: int, end: tuple[int, int], view_deg: float) -> float:
    """Signed flexion of the line hip-`end` against the line of the trunk: picture and space, by the view.

    Signed, because an unsigned angle folds at 180° and shows a leg that rests a little below the trunk
    line as one that dips just when it leaves the floor.
    """
    points = (_SHOULDER[leg], _HIP[leg], end[leg])
    flat = _rotation_up(*((*pose.xy_px[i].tolist(), 0.0) for i in points))
    space = _rotation_up(*(pose.world_m[i].tolist() for i in points)) + (_ANKLE_LOW_DEG if end is _ANKLE else 0.0)
    return _blend(flat, space, view_deg)


def _blend(flat: float, space: float, view_deg: float) -> float:
    """Half and half in the side view, where their errors have opposite sign, to space alone when oblique."""
    weight = 0.5 * max(0.0, 1.0 - view_deg / _WORLD_ONLY_DEG)
    difference = (flat - space + 180.0) % 360.0 - 180.0
    return space + weight * difference


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


def _knee(pose: Pose, leg: int) -> float:
    return straighter_reading(pose, (_HIP[leg], _KNEE[leg], _ANKLE[leg]))


def straighter_reading(pose: Pose, joints: tuple[int, int, int]) -> float:
    """The interior angle at the middle one of three landmarks: of picture and space the straighter reading, in degrees.

    The world landmarks read the knee 13-17° too bent and the picture foreshortens it in oblique views;
    a knee that is bent is bent in both.
    """
    return max(_interior(*(points[i].tolist() for i in joints)) for points in (pose.xy_px, pose.world_m))


def _interior(a: Sequence[float], b: Sequence[float], c: Sequence[float]) -> float:
    u, v = _way(b, a), _way(b, c)
    length = hypot(*u) * hypot(*v)
    return degrees(acos(min(max(_dot(u, v) / length, -1.0), 1.0))) if length > 0 else nan


def _elevation(pose: Pose, end: tuple[int, int], view_deg: float, start: tuple[int, int] = _HIP) -> float:
    """Of the line from the middle of `start`, the hips, to the middle of `end`."""
    x, y = _way(_middle(pose.xy_px, start), _middle(pose.xy_px, end))
    flat = degrees(atan2(-y, abs(x)))
    x, y, z = _way(_middle(pose.world_m, start), _middle(pose.world_m, end))
    return _blend(flat, degrees(atan2(-y, hypot(x, z))), view_deg)


def _chest(world: Vector) -> float:
    """Elevation of the direction that stands square on trunk and shoulder line, out of the chest."""
    tx, ty, tz = _trunk(world)
    across = [_way(world[part[1]].tolist(), world[part[0]].tolist()) for part in (_SHOULDER, _HIP)]
    x, y, z = (shoulders + hips for shoulders, hips in zip(*across, strict=True))
    out = (y * tz - z * ty, z * tx - x * tz, x * ty - y * tx)
    return degrees(atan2(-out[1], hypot(out[0], out[2])))


def _hands_on_head(pose: Pose, view_deg: float) -> float:
    """Whether the better-seen wrist is at the head: 1 or 0, NaN where the view does not tell.

    By its distance to the middle of the ears in trunk lengths, the mean of picture and space: their errors have
    opposite sign. Measured per rep on rendered clips: under the head .22-.42, with the camera on the floor .53-.69;
    overhead .74-.78, on the belly 1.03 and more. From the head or the feet the hands under the head read up to 1.37.
    """
    if view_deg >= _HANDS_VIEW_DEG:
        return nan
    hand = int(pose.visibility[_WRIST[1]] > pose.visibility[_WRIST[0]])
    reaches = []
    for points in (pose.xy_px, pose.world_m):
        trunk = hypot(*_trunk(points))
        reaches.append(dist(points[_WRIST[hand]].tolist(), _middle(points, _EAR)) / trunk if trunk > 0 else nan)
    reach = fmean(reaches)
    if isnan(reach) or _AT_HEAD_TRUNKS <= reach <= _OFF_HEAD_TRUNKS:
        return nan
    return float(reach < _AT_HEAD_TRUNKS)


def _hands_to_shins(pose: Pose) -> float:
    """Mean of picture and space; each hand is held against the middle of both shins."""
    reaches = []
    for points in (pose.xy_px, pose.world_m):
        trunk, knees, ankles = hypot(*_trunk(points)), _middle(points, _KNEE), _middle(points, _ANKLE)
        nearer = min(_to_line(points[wrist].tolist(), knees, ankles) for wrist in _WRIST)
        reaches.append(nearer / trunk if trunk > 0 else nan)
    return fmean(reaches)


def _to_line(point: Sequence[float], start: Sequence[float], end: Sequence[float]) -> float:
    """Distance of a point to the line from `start` to `end`."""
    way, there = _way(start, end), _way(start, point)
    share = min(max(_dot(there, way) / max(_dot(way, way), 1e-9), 0.0), 1.0)
    return dist(there, [share * length for length in way])
