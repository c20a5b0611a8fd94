"""Body landmarks to the angles that the counter reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import acos, atan2, degrees, dist, hypot, isnan, nan
from operator import add, mul, sub
from statistics import fmean

from repcount.types import Pose, Sample

# Landmark numbers of MediaPipe's pose model, (left, right).
_EAR, _SHOULDER, _WRIST, _HIP = (7, 8), (11, 12), (15, 16), (23, 24)
_KNEE, _ANKLE, _HEEL = (25, 26), (27, 28), (29, 30)
_LEG = _KNEE, _ANKLE, _HEEL, (31, 32)

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

_BOTH_RAISED_DEG, _BEYOND_DEG, _BEYOND_PARTED_DEG = 45.0, 100.0, 30.0
"""So have they where both legs are raised, further than the first, and one of them beyond the second and by the third
further than the other. On 65 labelled clips, real and rendered, that is so in 24 poses of one with arms overhead and in
one or two of four others, all wrong."""

_SHORT_SHARE, _SHORT_VIEW_DEG = 0.72, 30.0
"""Nobody's legs differ by so much in length: the landmarks of one that is shorter than this share of the other one have
gone to somebody or something else, or are made up. Up to the second out of the side view, from which on a leg that lies
looks shorter than one that is raised. So are 0.6 % of 61,000 poses of one person, real and rendered, 2-3 % behind a
pole, and 16 % of rendered poses of somebody beside another one."""

_LEAST_LEG_TRUNKS = 0.9
"""Thigh and shin together are 1.5-1.7 trunk lengths long in the picture, from the side, and 1.05 and more in 99 % of
55,000 poses of people who lie (clips as they are, real and rendered). Less than this have 0.3 % of those, nearly all of
them of bodies whose legs are made up, and none of 8,700 of real leg raises."""

_LEAST_FLEXION_DEG, _MOST_FLEXION_DEG = -50.0, 150.0
"""Hips extend by 30° and flex by 120°, and a trunk that curls adds up to 30° to the latter (see `state_machine`, which
leaves other angles out); seen from above, legs on the floor point down in the picture by up to 20° more."""

_LYING_DEG = 45.0
"""Half way between lying and standing: this only chooses whom to follow, the counter judges for itself."""

_HANDS_VIEW_DEG = 45.0
"""From this view angle on nothing is said about the hands: seen from the feet a wrist under the head lies two trunk
lengths from the ears in the picture."""

_AT_HEAD_TRUNKS, _OFF_HEAD_TRUNKS = 0.6, 0.72
"""Nearer is at the head and further is not; between them is a hand under a head that is seen from the floor as well as
one that is stretched out overhead."""

_HAND_SEEN = 0.05
"""Nor where neither wrist is more visible than this: of the better-seen one it is 0.08 and more on all labelled clips,
also under the head."""

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
    body = _body_of(pose)
    near = _better_seen(body.visibility, side)
    flexions = [_flexion(body, leg, _KNEE) for leg in (0, 1)]
    if _is_astray(body, near, flexions):
        near = 1 - near
    far = 1 - near
    astray = _is_astray(body, far, flexions)
    return replace(
        place(time_s, pose),
        hip_deg=180.0 - flexions[near],
        knee_deg=_knee(body, near),
        other_hip_deg=nan if astray else 180.0 - flexions[far],
        trunk_deg=_elevation(body, _SHOULDER),
        chest_deg=_chest(body),
        ankle_deg=_flexion(body, near, _ANKLE),
        view_deg=body.view_deg,
        visibility=min(body.visibility[part[near]] for part in (_SHOULDER, _HIP, _KNEE)),
        feet_visibility=body.visibility[_ANKLE[near]],
        hands_on_head=_hands_on_head(body),
        side=SIDES[near],
        head_deg=_elevation(body, _EAR),
        hands_to_shins=_hands_to_shins(body),
        heels_deg=_elevation(body, _HEEL),
        people_lying=pose.people_lying,
        other_knee_up=nan if astray else _above_shoulders(body, _KNEE[far]),
        other_foot_up=nan if astray else _above_shoulders(body, _ANKLE[far]),
        shins_differ=pose.shins_differ,
    )


def place(time_s: float, pose: Pose) -> Sample:
    """A sample of where somebody is alone."""
    body = _body_of(pose)
    x, y = _middle(body.flat, _HIP)
    trunk_x, trunk_y = body.trunk_px
    return Sample(
        time_s,
        hip_x=x,
        hip_y=y,
        trunk_px=hypot(trunk_x, trunk_y),
        heading_deg=degrees(atan2(-trunk_y, trunk_x)),
        leg_trunks=_leg_trunks(body),
    )


def is_lying(pose: Pose) -> bool:
    """Whether the trunk is nearer to lying than to standing."""
    return _lies(_body_of(pose))


def is_lying_on_back(pose: Pose) -> bool:
    """Whether somebody lies, the chest points up, and the legs are where legs can be.

    Of somebody who is hard to see, poses that lie face down are often the right body the wrong way round, and so are
    those with both legs straight and folded onto the trunk. Those with both thighs where no hip brings them are a head
    or a plant, taken for a body; those whose legs are too short are a body whose legs are made up.
    """
    body = _body_of(pose)
    return _lies(body) and _chest(body) > 0 and not (_is_folded(body) or _is_dislocated(body) or _is_legless(body))


def trunk_px(pose: Pose) -> float:
    """Length of the trunk in the picture."""
    return hypot(*_body_of(pose).trunk_px)


def leg_elevations(pose: Pose) -> tuple[float, float]:
    """Elevation of the thigh nearer to the camera and of the other one: 0 is level, 90 is upright."""
    body = _body_of(pose)
    legs = sorted((0, 1), key=lambda leg: body.space[_HIP[leg]][2])
    near, far = (_elevation(body, (_KNEE[leg],) * 2, (_HIP[leg],) * 2) for leg in legs)
    return near, far


def with_legs_together(pose: Pose) -> Pose:
    """The pose with the leg further from the camera beside the nearer one."""
    xy_px, world_m = pose.xy_px.copy(), pose.world_m.copy()
    near, far = sorted((0, 1), key=lambda leg: pose.world_m[_HIP[leg], 2])
    for points in (xy_px, world_m):
        beside = points[_HIP[far]] - points[_HIP[near]]
        for part in _LEG:
            points[part[far]] = points[part[near]] + beside
    return replace(pose, xy_px=xy_px, world_m=world_m)


def lower_heel(pose: Pose) -> float:
    """Elevation of the line from hip to heel, of the leg that is less raised; below 0 is under the hip."""
    body = _body_of(pose)
    return min(_elevation(body, (_HEEL[leg],) * 2, (_HIP[leg],) * 2) for leg in (0, 1))


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
    return dist(_middle(pose.xy_px.tolist(), _HIP), _middle(other.xy_px.tolist(), _HIP))


# From here on in plain numbers: for two or three of them numpy takes several times as long, and there are a hundred
# points and ways in a frame.

Points = list[list[float]]


@dataclass(frozen=True, slots=True)
class _Body:
    """What the angles of a pose are read from."""

    flat: Points
    """Landmarks in the picture: x to the right and y down, in pixels."""
    space: Points
    """Landmarks in space: x to the right, y down, z away from the camera, in metres."""
    visibility: list[float]
    trunk_px: list[float]
    """From the middle of the hips to the middle of the shoulders, in the picture."""
    trunk_m: list[float]
    """The same in space."""
    view_deg: float
    """Angle between the trunk and the plane of the picture, 0 to 90."""

    @property
    def readings(self) -> tuple[tuple[Points, list[float]], ...]:
        """Landmarks and trunk in the picture, and in space."""
        return (self.flat, self.trunk_px), (self.space, self.trunk_m)


@lru_cache(maxsize=16)
def _body_of(pose: Pose) -> _Body:
    """Kept for a moment: a tracker asks several things of each pose."""
    flat, space = pose.xy_px.tolist(), pose.world_m.tolist()
    x, y, z = trunk_m = _trunk(space)
    view_deg = degrees(atan2(abs(z), hypot(x, y)))
    return _Body(flat, space, pose.visibility.tolist(), _trunk(flat), trunk_m, view_deg)


def _lies(body: _Body) -> bool:
    return abs(_elevation(body, _SHOULDER)) < _LYING_DEG


def _is_folded(body: _Body) -> bool:
    """Whether both legs are straight and raised further than anybody's hamstrings allow."""
    return all(
        _flexion(body, leg, _KNEE) > _STRAIGHT_LEG_DEG and _knee(body, leg) > _STRAIGHT_KNEE_DEG for leg in (0, 1)
    )


def _is_dislocated(body: _Body) -> bool:
    """Whether both thighs are beyond what hips allow."""
    return all(not _LEAST_FLEXION_DEG <= _flexion(body, leg, _KNEE) <= _MOST_FLEXION_DEG for leg in (0, 1))


def _is_legless(body: _Body) -> bool:
    """Whether both legs are too short for the trunk, from the side."""
    longest = max(_leg_px(body, leg) for leg in (0, 1))
    return body.view_deg <= _SHORT_VIEW_DEG and longest < _LEAST_LEG_TRUNKS * hypot(*body.trunk_px)


def _leg_trunks(body: _Body) -> float:
    """Thigh and shin in trunk lengths, mean of both legs."""
    points = body.space
    bones = [
        dist(points[a], points[b]) for part in ((_HIP, _KNEE), (_KNEE, _ANKLE)) for a, b in zip(*part, strict=True)
    ]
    return sum(bones) / 2 / max(hypot(*body.trunk_m), 1e-9)


def _better_seen(visibility: list[float], side: str) -> int:
    legs = [fmean(visibility[part[i]] for part in (_HIP, _KNEE, _ANKLE)) for i in (0, 1)]
    if side in SIDES:
        current = SIDES.index(side)
        return current if legs[1 - current] < legs[current] + _SIDE_SWITCH else 1 - current
    return int(legs[1] > legs[0])


def _is_astray(body: _Body, leg: int, flexions: list[float]) -> bool:
    """Whether the landmarks of a leg are where it cannot be, while those of the other leg may be right."""
    if body.view_deg <= _SHORT_VIEW_DEG and _leg_px(body, leg) < _SHORT_SHARE * _leg_px(body, 1 - leg):
        return True
    parted = flexions[leg] - flexions[1 - leg]
    beyond = flexions[leg] > _STRAIGHT_LEG_DEG and parted > _PARTED_DEG
    if flexions[1 - leg] > _BOTH_RAISED_DEG:
        beyond = beyond or (flexions[leg] > _BEYOND_DEG and parted > _BEYOND_PARTED_DEG)
    return beyond and _knee(body, leg) > _STRAIGHT_KNEE_DEG


def _leg_px(body: _Body, leg: int) -> float:
    hip, knee, ankle = (body.flat[part[leg]] for part in (_HIP, _KNEE, _ANKLE))
    return dist(hip, knee) + dist(knee, ankle)


def _middle(points: Points, part: tuple[int, int]) -> list[float]:
    return [both / 2 for both in map(add, points[part[0]], points[part[1]])]


def _way(start: Sequence[float], end: Sequence[float]) -> list[float]:
    return list(map(sub, end, start))


def _dot(one: Sequence[float], other: Sequence[float]) -> float:
    return float(sum(map(mul, one, other)))


def _trunk(points: Points) -> list[float]:
    """From the middle of the hips to the middle of the shoulders."""
    return _way(_middle(points, _HIP), _middle(points, _SHOULDER))


def _flexion(body: _Body, leg: int, end: tuple[int, int]) -> float:
    """Signed flexion of the line hip-`end` against the line of the trunk: picture and space, by the view.

    Signed, because an unsigned angle folds at 180° and shows a leg that rests a little below the trunk
    line as one that dips just when it leaves the floor.
    """
    joints = (_SHOULDER[leg], _HIP[leg], end[leg])
    flat = _rotation_up(*((*body.flat[i], 0.0) for i in joints))
    space = _rotation_up(*(body.space[i] for i in joints)) + (_ANKLE_LOW_DEG if end is _ANKLE else 0.0)
    return _blend(flat, space, body.view_deg)


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


def _knee(body: _Body, leg: int) -> float:
    return _straighter(body.flat, body.space, (_HIP[leg], _KNEE[leg], _ANKLE[leg]))


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


def _elevation(body: _Body, end: tuple[int, int], start: tuple[int, int] = _HIP) -> float:
    """Of the line from the middle of `start`, the hips, to the middle of `end`."""
    x, y = _way(_middle(body.flat, start), _middle(body.flat, end))
    flat = degrees(atan2(-y, abs(x)))
    x, y, z = _way(_middle(body.space, start), _middle(body.space, end))
    return _blend(flat, degrees(atan2(-y, hypot(x, z))), body.view_deg)


def _chest(body: _Body) -> float:
    """Elevation of the direction that stands square on trunk and shoulder line, out of the chest."""
    tx, ty, tz = body.trunk_m
    across = [_way(body.space[part[1]], body.space[part[0]]) for part in (_SHOULDER, _HIP)]
    x, y, z = (shoulders + hips for shoulders, hips in zip(*across, strict=True))
    out = (y * tz - z * ty, z * tx - x * tz, x * ty - y * tx)
    return degrees(atan2(-out[1], hypot(out[0], out[2])))


def _above_shoulders(body: _Body, landmark: int) -> float:
    """Height of a landmark above the shoulders in the picture, in trunk lengths: they lie still where the hips roll."""
    trunk_px = hypot(*body.trunk_px)
    up_px = _middle(body.flat, _SHOULDER)[1] - body.flat[landmark][1]
    return up_px / trunk_px if trunk_px > 0 else nan


def _hands_on_head(body: _Body) -> float:
    """Whether the better-seen wrist is at the head: 1 or 0, NaN where the view does not tell.

    By its distance to the middle of the ears in trunk lengths, the mean of picture and space: their errors have
    opposite sign. Measured per rep on rendered clips: under the head .22-.42, with the camera on the floor .53-.69;
    overhead .74-.78, on the belly 1.03 and more. From the head or the feet the hands under the head read up to 1.37.
    """
    if body.view_deg >= _HANDS_VIEW_DEG:
        return nan
    hand = int(body.visibility[_WRIST[1]] > body.visibility[_WRIST[0]])
    if body.visibility[_WRIST[hand]] < _HAND_SEEN:
        return nan
    reaches = []
    for points, way in body.readings:
        trunk = hypot(*way)
        reaches.append(dist(points[_WRIST[hand]], _middle(points, _EAR)) / trunk if trunk > 0 else nan)
    reach = sum(reaches) / 2
    if isnan(reach) or _AT_HEAD_TRUNKS <= reach <= _OFF_HEAD_TRUNKS:
        return nan
    return float(reach < _AT_HEAD_TRUNKS)


def _hands_to_shins(body: _Body) -> float:
    """Mean of picture and space; each hand is held against the middle of both shins."""
    reaches = []
    for points, way in body.readings:
        trunk, knees, ankles = hypot(*way), _middle(points, _KNEE), _middle(points, _ANKLE)
        nearer = min(_to_line(points[wrist], knees, ankles) for wrist in _WRIST)
        reaches.append(nearer / trunk if trunk > 0 else nan)
    return sum(reaches) / 2


def _to_line(point: Sequence[float], start: Sequence[float], end: Sequence[float]) -> float:
    """Distance of a point to the line from `start` to `end`."""
    way, there = _way(start, end), _way(start, point)
    share = min(max(_dot(there, way) / max(_dot(way, way), 1e-9), 0.0), 1.0)
    return dist(there, [share * length for length in way])
