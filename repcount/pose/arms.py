"""How many arms somebody who lies holds straight up."""

from __future__ import annotations

from math import atan2, degrees, hypot, isnan, nan

from repcount.pose.angles import straighter_reading
from repcount.types import Landmark, Pose

# (left, right)
_SHOULDER = (Landmark.LEFT_SHOULDER, Landmark.RIGHT_SHOULDER)
_ELBOW = (Landmark.LEFT_ELBOW, Landmark.RIGHT_ELBOW)
_WRIST = (Landmark.LEFT_WRIST, Landmark.RIGHT_WRIST)
_HIP = (Landmark.LEFT_HIP, Landmark.RIGHT_HIP)

_UP_DEG = 55.0
"""Least elevation of the line from shoulder to wrist, in the picture and in space. Heuristic: an arm that is held up on
purpose stands within 20° of the vertical, which leaves 15° for the model and a tilted camera. Hands under the head,
overhead, at the sides and on the belly are below 30°."""

_STRAIGHT_DEG = 135.0
"""Least interior angle of the elbow, in the straighter reading of picture and space. The model reads straight knees up
to 17° too bent in space, and elbows likewise; an arm that scratches a nose is bent to less than 100°."""

_LENGTH_TRUNKS = 0.6
"""Least distance from shoulder to wrist, in trunk lengths in space. An arm is about as long as the trunk, hip to
shoulder; a hand at the head is half of that away."""

_VISIBLE = 0.2
"""Least visibility of elbow and wrist. The far arm of somebody who lies has 0.2 to 0.6 when it is held up (rendered
clip), as the visibility of a landmark rises slowly; arms that are down have as much, but not the elevation."""

_APART = 0.38
"""Least distance of the wrists in the picture, in lengths of the longer arm there, where two arms are plainly up. Seen
from the side, the model puts a far arm that is hidden at the head onto the near arm that is held up: then they are 0.30
apart at most (rendered clips; 0.35 for a moment while the arm rises). Two that are up are 0.39 to 1 apart, seen from
above or a little from the feet, or 0.04 to 0.3 where one covers the other. Visibility does not tell: with the camera on
the floor, that of the hidden arm is 0.69."""


def arms_up(pose: Pose) -> float:
    """How many arms are straight and point up: 2 if both plainly do, 1 if one may be two; NaN if neither is seen."""
    arms = [_raised(pose, side) for side in (0, 1)]
    if all(arm == 1.0 for arm in arms):
        return 2.0 if _apart(pose) >= _APART else 1.0
    if 1.0 in arms:
        return 1.0
    return nan if all(map(isnan, arms)) else 0.0


def _apart(pose: Pose) -> float:
    """How far the wrists are apart in the picture, in lengths of the longer arm."""
    left, right = (pose.xy_px[joint] for joint in _WRIST)
    arms_px = [
        hypot(*(pose.xy_px[wrist] - pose.xy_px[shoulder])) for wrist, shoulder in zip(_WRIST, _SHOULDER, strict=True)
    ]
    return hypot(*(left - right)) / max(arms_px)


def _raised(pose: Pose, side: int) -> float:
    joints = _SHOULDER[side], _ELBOW[side], _WRIST[side]
    if min(pose.visibility[joint] for joint in joints[1:]) < _VISIBLE:
        return nan
    x, y = (pose.xy_px[joints[2]] - pose.xy_px[joints[0]]).tolist()
    flat_deg = degrees(atan2(-y, abs(x)))
    x, y, z = (pose.world_m[joints[2]] - pose.world_m[joints[0]]).tolist()
    space_deg = degrees(atan2(-y, hypot(x, z)))
    trunk_m = hypot(*(pose.world_m[_SHOULDER[side]] - pose.world_m[_HIP[side]]))
    straight_deg = straighter_reading(pose, joints)
    return float(
        min(flat_deg, space_deg) >= _UP_DEG
        and straight_deg >= _STRAIGHT_DEG
        and hypot(x, y, z) >= _LENGTH_TRUNKS * trunk_m
    )
