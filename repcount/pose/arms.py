"""How many arms somebody who lies holds straight up."""

from __future__ import annotations

from math import atan2, degrees, hypot, isnan, nan

from repcount.pose.body import straighter_reading
from repcount.types import ELBOWS, HIPS, SHOULDERS, WRISTS, Pose

LYING_DEG = 25.0
"""Largest elevation of the trunk, either way. Who sits or stands may do anything with the arms, and in a hollow hold,
with the trunk at 29° (real clip), they are up all the time. Of people who lie it is 20° at most (rendered clips)."""

LEGS_DOWN_DEG = 35.0
"""Largest elevation of the heels. Within a rep, and in look-alikes that reach for the feet, arms tell nothing. Not of
the thighs: the model may take the hand of an arm that leans towards the feet for a knee (rendered clip)."""

STILL_DEG = 10.0
"""Most that the trunk moves while an arm is up: people stretch their arms up between two V-ups, while the head goes
down (real clip: by 19°). Who lies and waits stays within 5° (rendered clips)."""

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

_VISIBLE = 0.1
"""Least visibility of elbow and wrist. The far arm of somebody who lies has 0.15 to 0.6 when it is held up (rendered
clips), as the visibility of a landmark rises slowly; arms that are down have as much, but not the elevation."""

_SPREAD_UP_DEG = 35.0
"""Least elevation of two arms that are plainly apart: each leans by up to 40°, and the model adds 15°."""

_APART = 0.45
"""Distance of the wrists in the picture, in lengths of the longer arm there, from which on two arms are plainly up.
Seen from the side, the model puts a far arm that is hidden at the head onto the near arm that is held up: then they are
0.37 apart at most (rendered clips). Visibility does not tell: with the camera on the floor, that of the hidden arm is
0.69."""

_APART_DEG = 20.0
"""Angle between the arms in the picture from which on they are two: the model makes up a second one within 17° of the
first (rendered clips). Arms that lean by 30° and more towards feet and head are 25 to 80° apart with the camera up to
45° from the side, also where the wrists meet; at 60° it may be 5 to 20°."""

_FAINT, _SHORT = 0.35, 0.8
"""Of a second arm that is made up far from the first one, the wrist is no more visible than this, and in the picture it
is no longer than this share of the first: so in 48 of 51 frames of single arms that were taken for both, and in none of
833 of both arms held up apart (rendered clips)."""

_LOW_TRUNKS = 0.25
"""Greatest height of elbow and wrist over the shoulder while an arm is down, in lengths of the trunk. Hands under the
head are within 0.1 of it (rendered clips)."""

_PLAINLY_VISIBLE = 0.7
"""Least visibility of elbow and wrist of an arm that is plainly seen down. With both arms held up apart, the model sees
one so in 3 of 1835 frames, and the nearer arm while it is up in one of 890 (rendered clips); of people who lie with the
arms down, it sees one in two of three frames (real clips), and both hardly ever."""

ONE_OR_TWO = 1.5
"""As many arms are up where both seem to be, but one may be made up: side by side, one hides the other. What the
picture shows may tell (`silhouette`)."""


def arms_up(pose: Pose) -> float:
    """How many arms are straight and point up: 0, 1, `ONE_OR_TWO` or 2; NaN if neither is seen."""
    elevations_deg = [_elevation_deg(pose, side) for side in (0, 1)]
    both = all(elevation_deg >= _SPREAD_UP_DEG for elevation_deg in elevations_deg)
    if both and _are_apart(pose):
        return 2.0
    if any(elevation_deg >= _UP_DEG for elevation_deg in elevations_deg):
        return ONE_OR_TWO if both else 1.0
    return nan if all(map(isnan, elevations_deg)) else 0.0


def agreed(pose: Pose | None, standing: float) -> float:
    """How many arms are up by what the pose model finds and what the picture shows (`silhouette`, NaN included).

    The picture outvotes the model where it shows more: what it does not show may look like the wall behind it. But
    where the model plainly sees an arm down, what stands there is not that arm: somebody may stop behind the shoulders.
    """
    modelled = nan if pose is None else arms_up(pose)
    if pose is not None and standing > 0.0:
        standing = min(standing, 2.0 - sum(_is_plainly_down(pose, side) for side in (0, 1)))
    if isnan(standing) or (standing == 0.0 and not isnan(modelled)):
        return modelled
    if isnan(modelled) or standing == 2.0:
        return standing
    if standing == ONE_OR_TWO:
        return 2.0 if modelled >= ONE_OR_TWO else standing
    return max(modelled, standing)


def are_down(pose: Pose) -> bool:
    """Whether both arms are down in the picture, however visible."""
    return all(_is_low(pose, side) for side in (0, 1))


def _is_plainly_down(pose: Pose, side: int) -> bool:
    return min(pose.visibility[[ELBOWS[side], WRISTS[side]]]) >= _PLAINLY_VISIBLE and _is_low(pose, side)


def _is_low(pose: Pose, side: int) -> bool:
    trunk_px = hypot(*(pose.xy_px[SHOULDERS[side]] - pose.xy_px[HIPS[side]]))
    height_px = pose.xy_px[SHOULDERS[side]][1] - pose.xy_px[[ELBOWS[side], WRISTS[side]], 1].min()
    return bool(height_px <= _LOW_TRUNKS * trunk_px)


def _are_apart(pose: Pose) -> bool:
    """Whether two arms that are up can't be one: by the distance of the wrists, or the angle between the arms."""
    arms = [pose.xy_px[wrist] - pose.xy_px[shoulder] for wrist, shoulder in zip(WRISTS, SHOULDERS, strict=True)]
    left_deg, right_deg = (degrees(atan2(x, -y)) for x, y in arms)
    apart_px = hypot(*(pose.xy_px[WRISTS[0]] - pose.xy_px[WRISTS[1]]))
    lengths_px = [hypot(*arm) for arm in arms]
    shorter = int(lengths_px[1] < lengths_px[0])
    if pose.visibility[WRISTS[shorter]] <= _FAINT and lengths_px[shorter] <= _SHORT * max(lengths_px):
        return False
    return apart_px >= _APART * max(lengths_px) or abs(left_deg - right_deg) >= _APART_DEG


def _elevation_deg(pose: Pose, side: int) -> float:
    """The elevation of a straight arm, in the picture or in space, whichever is less; 0 if bent, NaN if unseen."""
    joints = SHOULDERS[side], ELBOWS[side], WRISTS[side]
    if min(pose.visibility[joint] for joint in joints[1:]) < _VISIBLE:
        return nan
    x, y = (pose.xy_px[joints[2]] - pose.xy_px[joints[0]]).tolist()
    flat_deg = degrees(atan2(-y, abs(x)))
    x, y, z = (pose.world_m[joints[2]] - pose.world_m[joints[0]]).tolist()
    space_deg = degrees(atan2(-y, hypot(x, z)))
    trunk_m = hypot(*(pose.world_m[SHOULDERS[side]] - pose.world_m[HIPS[side]]))
    straight = straighter_reading(pose, joints) >= _STRAIGHT_DEG and hypot(x, y, z) >= _LENGTH_TRUNKS * trunk_m
    return min(flat_deg, space_deg) if straight else 0.0
