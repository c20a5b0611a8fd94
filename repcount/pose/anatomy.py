"""What a body that lies can look like, and what shows that landmarks are on something else."""

from __future__ import annotations

from statistics import fmean

from repcount.pose.body import Body, body_of
from repcount.types import ANKLES, HIPS, KNEES, SHOULDERS, Pose

_LYING_DEG = 45.0
"""Half way between lying and standing: this only chooses whom to follow, the counter judges for itself."""

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

_MOST_LEG_TRUNKS = 2.3
"""In space they are 1.1-1.9 trunk lengths long, and longer than this in 52 of 364,000 poses (clips as they are and made
worse, real and rendered), of a plant or a shelf."""

_LEAST_SEEN = 0.4
"""Of a body that is made up the model itself says that it does not see it. The visibility of hips, knees and ankles, on
average, is below this in 0.4 % of 294,000 poses, nearly all of them of bodies in the wrong place (clips as they are and
made worse, real and rendered), and in none of 10,000 real ones; between 0.3 and 0.5 there are hardly any."""

_LEAST_FLEXION_DEG, _MOST_FLEXION_DEG = -50.0, 150.0
"""Hips extend by 30° and flex by 120°, and a trunk that curls adds up to 30° to the latter (see `state_machine`, which
leaves other angles out); seen from above, legs on the floor point down in the picture by up to 20° more."""


def is_lying(pose: Pose) -> bool:
    """Whether the trunk is nearer to lying than to standing."""
    return _lies(body_of(pose))


def is_lying_on_back(pose: Pose) -> bool:
    """Whether somebody lies, the chest points up, and the legs are where legs can be.

    Of somebody who is hard to see, poses that lie face down are often the right body the wrong way round, and so are
    those with both legs straight and folded onto the trunk. Those with both thighs where no hip brings them are a head
    or a plant, taken for a body; those whose legs are too short are a body whose legs are made up, and those whose legs
    are too long, or which the model does not see from the hips down, are made up altogether.
    """
    body = body_of(pose)
    if not _lies(body) or body.chest <= 0:
        return False
    return not any(is_wrong(body) for is_wrong in (_is_folded, _is_dislocated, _is_misshapen, _is_unseen))


def is_leg_astray(body: Body, leg: int, flexions: list[float]) -> bool:
    """Whether the landmarks of a leg are where it cannot be, while those of the other leg may be right."""
    if body.view_deg <= _SHORT_VIEW_DEG and body.leg_px(leg) < _SHORT_SHARE * body.leg_px(1 - leg):
        return True
    parted = flexions[leg] - flexions[1 - leg]
    beyond = flexions[leg] > _STRAIGHT_LEG_DEG and parted > _PARTED_DEG
    if flexions[1 - leg] > _BOTH_RAISED_DEG:
        beyond = beyond or (flexions[leg] > _BEYOND_DEG and parted > _BEYOND_PARTED_DEG)
    return beyond and body.knee(leg) > _STRAIGHT_KNEE_DEG


def _lies(body: Body) -> bool:
    return abs(body.elevation(SHOULDERS)) < _LYING_DEG


def _is_folded(body: Body) -> bool:
    """Whether both legs are straight and raised further than anybody's hamstrings allow."""
    return all(body.flexion(leg) > _STRAIGHT_LEG_DEG and body.knee(leg) > _STRAIGHT_KNEE_DEG for leg in (0, 1))


def _is_dislocated(body: Body) -> bool:
    """Whether both thighs are beyond what hips allow."""
    return all(not _LEAST_FLEXION_DEG <= body.flexion(leg) <= _MOST_FLEXION_DEG for leg in (0, 1))


def _is_misshapen(body: Body) -> bool:
    """Whether both legs are too short for the trunk, from the side, or too long for it in space."""
    too_short = body.view_deg <= _SHORT_VIEW_DEG and body.longer_leg_px < _LEAST_LEG_TRUNKS * body.trunk_px
    return too_short or body.leg_trunks > _MOST_LEG_TRUNKS


def _is_unseen(body: Body) -> bool:
    """Whether the model hardly sees hips and legs."""
    return fmean(body.visibility[joint] for joint in (*HIPS, *KNEES, *ANKLES)) < _LEAST_SEEN
