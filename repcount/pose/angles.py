"""Body landmarks to the angles that the counter reads."""

from __future__ import annotations

from dataclasses import replace
from math import atan2, degrees, dist, hypot, isnan, nan
from statistics import fmean

from repcount.pose.anatomy import is_leg_astray
from repcount.pose.body import Body, body_of, distance_to_line, middle
from repcount.types import ANKLES, EARS, HEELS, HIPS, KNEES, SHOULDERS, WRISTS, Pose, Sample

SIDES = ("left", "right")

_HANDS_VIEW_DEG = 45.0
"""From this view angle on nothing is said about the hands: seen from the feet a wrist under the head lies two trunk
lengths from the ears in the picture."""

_AT_HEAD_TRUNKS, _OFF_HEAD_TRUNKS = 0.6, 0.72
_STRETCHED_DEG, _BOTH_SEEN = 140.0, 0.2
"""Nearer is at the head and further is not; between them is a hand under a head that is seen from the floor as well as
one that is stretched out overhead. Those arms are stretched (elbows 142° and more per rep) and show both wrists
(visibility 0.23 and more), while a hand under the head is hidden (0.18 and less, but for landmarks on somebody else).
Of 477 reps with the arms overhead, in 14 conditions, 465 are right by that, 432 before; of 4,113 with the hands under
the head one more is wrong."""

_HAND_SEEN = 0.05
"""Nor where neither wrist is more visible than this: of the better-seen one it is 0.08 and more on all labelled clips,
also under the head."""

_SIDE_SWITCH = 0.15
"""How much more visible the other leg must be to take over, so that the side does not flicker. Heuristic."""


def compute_sample(time_s: float, pose: Pose | None, side: str = "") -> Sample:
    """The sample of one frame; `side` is the side of the sample before, or empty.

    A frame with nobody in it gives a sample of NaN.
    """
    if pose is None:
        return Sample(time_s, side=side)
    body = body_of(pose)
    near = _better_seen(body.visibility, side)
    flexions = [body.flexion(leg) for leg in (0, 1)]
    if is_leg_astray(body, near, flexions):
        near = 1 - near
    far = 1 - near
    astray = is_leg_astray(body, far, flexions)
    return replace(
        place(time_s, pose),
        hip_deg=180.0 - flexions[near],
        knee_deg=body.knee(near),
        other_hip_deg=nan if astray else 180.0 - flexions[far],
        trunk_deg=body.elevation(SHOULDERS),
        chest_deg=body.chest,
        ankle_deg=body.flexion(near, ANKLES),
        view_deg=body.view_deg,
        visibility=min(body.visibility[part[near]] for part in (SHOULDERS, HIPS, KNEES)),
        feet_visibility=body.visibility[ANKLES[near]],
        hands_on_head=_hands_on_head(body),
        side=SIDES[near],
        head_deg=body.elevation(EARS),
        hands_to_shins=_hands_to_shins(body),
        heels_deg=body.elevation(HEELS),
        people_lying=pose.people_lying,
        leg_px=body.longer_leg_px,
        other_knee_up=nan if astray else _above_shoulders(body, KNEES[far]),
        other_foot_up=nan if astray else _above_shoulders(body, ANKLES[far]),
        shins_differ=pose.shins_differ,
        legs_gone=pose.legs_gone,
    )


def place(time_s: float, pose: Pose) -> Sample:
    """A sample of where somebody is alone."""
    body = body_of(pose)
    x, y = middle(body.flat, HIPS)
    trunk_x, trunk_y = body.trunk_flat
    return Sample(
        time_s,
        hip_x=x,
        hip_y=y,
        trunk_px=body.trunk_px,
        heading_deg=degrees(atan2(-trunk_y, trunk_x)),
        leg_trunks=body.leg_trunks,
    )


def _better_seen(visibility: list[float], side: str) -> int:
    legs = [fmean(visibility[part[i]] for part in (HIPS, KNEES, ANKLES)) for i in (0, 1)]
    if side in SIDES:
        current = SIDES.index(side)
        return current if legs[1 - current] < legs[current] + _SIDE_SWITCH else 1 - current
    return int(legs[1] > legs[0])


def _above_shoulders(body: Body, landmark: int) -> float:
    """Height of a landmark above the shoulders in the picture, in trunk lengths: they lie still where the hips roll."""
    up_px = middle(body.flat, SHOULDERS)[1] - body.flat[landmark][1]
    return up_px / body.trunk_px if body.trunk_px > 0 else nan


def _hands_on_head(body: Body) -> float:
    """Whether the better-seen wrist is at the head: 1 or 0, NaN where the view does not tell.

    By its distance to the middle of the ears in trunk lengths, the mean of picture and space: their errors have
    opposite sign. Measured per rep on rendered clips: under the head .22-.42, with the camera on the floor .53-.69;
    overhead .74-.78, on the belly 1.03 and more. From the head or the feet the hands under the head read up to 1.37.
    """
    if body.view_deg >= _HANDS_VIEW_DEG:
        return nan
    hand = int(body.visibility[WRISTS[1]] > body.visibility[WRISTS[0]])
    if body.visibility[WRISTS[hand]] < _HAND_SEEN:
        return nan
    reaches = []
    for points, way in body.readings:
        trunk = hypot(*way)
        reaches.append(dist(points[WRISTS[hand]], middle(points, EARS)) / trunk if trunk > 0 else nan)
    reach = sum(reaches) / 2
    if _AT_HEAD_TRUNKS <= reach <= _OFF_HEAD_TRUNKS:
        stretched = body.elbow(hand) >= _STRETCHED_DEG and body.visibility[WRISTS[1 - hand]] > _BOTH_SEEN
        return 0.0 if stretched else nan
    return nan if isnan(reach) else float(reach < _AT_HEAD_TRUNKS)


def _hands_to_shins(body: Body) -> float:
    """Mean of picture and space; each hand is held against the middle of both shins."""
    reaches = []
    for points, way in body.readings:
        trunk, knees, ankles = hypot(*way), middle(points, KNEES), middle(points, ANKLES)
        nearer = min(distance_to_line(points[wrist], knees, ankles) for wrist in WRISTS)
        reaches.append(nearer / trunk if trunk > 0 else nan)
    return sum(reaches) / 2
