"""What a supine leg raise is: named rules for one movement of the legs, and the rep or rejection they give."""

from __future__ import annotations

from collections.abc import Callable
from math import hypot, isnan
from statistics import fmean

from repcount.config import Config
from repcount.counting import other_leg
from repcount.counting.confidence import rep_confidence
from repcount.counting.movement import Movement, nanmedian
from repcount.types import Flag, Rejection, RejectionReason, Rep, Sample

_MIN_REP_S = 0.5
"""No pair of legs goes up and comes down in less (the quickest labelled rep takes 1.2 s). Heuristic."""

_KNEE_AT_BOTTOM_DEG = 110.0
"""Legs that lie are straight: 130° and more with bent-knee raises, 40-100° with the feet planted."""

_FLAT_DEG = 15.0
"""Where the thigh lies as flat as this a bent knee would put the foot below the floor: the lower leg is hidden, and
what is read of it made up. Thighs are at 26° and more where knees are bent at the bottom (other exercises, real and
rendered), and at 5-9° of somebody in the dark, seen from the floor, whose legs the model folds."""

_FOOT_DEG = 25.0
"""The feet rise, too: bridges and crunches bend the hip while the feet stay on the floor."""

_CHEST_DEG = 5.0
"""The chest points up: 29° and more on labelled clips of people on their back, 14° where a camera at 2.2 m looks down
on them from 1.5 m away, -50° and less face down, -11 to 0° upright or on the side."""

_SWING_SHARE = 0.85
"""The trunk may leave its place for this little of the time: hips pushed up for a moment are not a roll."""

_HIP_SHARE = 0.5
"""The hips do the work: where they bend by less than half of what the legs rise, the body rocks as a whole, as in a
hollow rock. Heuristic: pelvis and back lift the trunk off the floor by up to 15° in raises of 80° and more."""

_HEAD_RISE_DEG, _HEAD_RISE_TO_LEGS_DEG = 25.0, 15.0
_HANDS_AT_SHINS, _HANDS_CAME_TRUNKS = 0.5, 1.5
"""Head and shoulders stay down. The line from hips to ears rises by 18-24° in V-ups whose trunk curls, so that the line
to the shoulders rises by 10° only, and by 28-53° in the others; by up to 10° in leg raises, and a head that is lifted
by a hand's breadth adds 11°. In between the hands tell. They reach for the shins (to 0.2-0.5 trunk lengths) in V-ups
and are 0.55 and more away in leg raises, wherever the arms lie; or they come nearer by two trunk lengths from overhead,
where in leg raises the legs come nearer to the hands by 1.2 at most."""

_SIDEWAYS_SHARE, _HALF_WAY_DEG = 0.75, (30.0, 70.0)
"""Legs come down the way they went up: between the two elevations they look as long both times, from wherever they are
seen. The shorter is 0.87 of the longer and more in real clips, and 0.75 in 99.7 % of 3,300 reps, real and rendered, as
they are and made worse. Legs that go down by turns away from the camera and towards it, as windscreen wipers, are at
0.40-0.57, and such that draw figures of eight in every other loop at 0.62-0.72 (real clips). Heuristic between them."""

_TUCK_DEG = 100.0
"""Knees that fold to about a right angle make another exercise, a knee tuck or a reverse crunch, in which the leg's
weight is taken off the hips. They measure 45-60° at the top in tucks, 107° and more in leg raises with bent knees."""

_HANDS_ON_HEAD_SHARE = 1 / 3
"""The hands are off the head if no more than this share of the frames shows them there of those that tell. Of 606 reps
with hands anywhere (15 rendered clips, as they are and made worse) half of the frames as the limit gets one wrong; a
third gets none wrong and misses none."""

_HIPS_TRUNKS = 0.6
"""The pelvis stays: hips that travel further than this part of a trunk length are somebody moving about."""


def classify_movement(config: Config, movement: Movement) -> Rep | Rejection | None:
    """A rep, the reason why the movement is none, or None where it is too small to be a try."""
    if _top(movement) - max(movement.rest, _lowest_before(movement)) < config.partial_deg:
        return None
    reason = rejection_reason(config, movement)
    if reason is not None:
        return Rejection(movement.start_s, movement.end_s, reason)
    return _rep(config, movement.by_one_leg() if other_leg.has_slipped(movement) else movement)


def _top(movement: Movement) -> float:
    return nanmedian(p.lift for p in movement.top_points)


def _lowest_before(movement: Movement) -> float:
    return min(p.smooth for p in movement.trace if p.time_s <= movement.top_s)


def rejection_reason(config: Config, movement: Movement) -> RejectionReason | None:
    """Why the movement is no leg raise: the first condition that fails. What is not known does not fail."""
    return next((reason for reason, fails in _REJECTION_RULES.items() if fails(config, movement)), None)


def _not_from_bottom(config: Config, movement: Movement) -> bool:
    return movement.lowest_deg > config.rest_deg and not movement.unseen_s <= config.max_gap_s


def _not_lying(config: Config, movement: Movement) -> bool:
    return abs(nanmedian(p.sample.trunk_deg for p in movement.points)) > config.lying_deg


def _not_on_back(config: Config, movement: Movement) -> bool:
    return nanmedian(p.sample.chest_deg for p in movement.points) < _CHEST_DEG


def _trunk_moved(config: Config, movement: Movement) -> bool:
    """Held against the trunk at the start or the end, whichever is nearer: of somebody who is hard to see the first
    poses may show the trunk wrongly.
    """
    swings = [_swing(movement, before) for before in (movement.at_start(_trunk), movement.at_end(_trunk))]
    swing = min((swing for swing in swings if not isnan(swing)), default=0.0)
    return swing > config.trunk_swing_deg or _is_rocking(config, movement)


def _is_rocking(config: Config, movement: Movement) -> bool:
    """Whether the legs rise because the trunk sinks, and the hips hardly bend."""
    bend = movement.at_top(_hip) - movement.at_start(_hip)
    rise = bend - (movement.at_top(_trunk) - movement.at_start(_trunk))
    return rise >= config.partial_deg and bend < _HIP_SHARE * rise


def _hip(sample: Sample) -> float:
    return 180.0 - sample.hip_deg


def _swing(movement: Movement, before: float) -> float:
    swings = sorted(abs(p.sample.trunk_deg - before) for p in movement.points)
    return swings[int(_SWING_SHARE * (len(swings) - 1))] if swings else 0.0


def _trunk(sample: Sample) -> float:
    return sample.trunk_deg


def _upper_body_moved(config: Config, movement: Movement) -> bool:
    rise = movement.at_top(_head) - _at_both_ends(movement, _head)
    reach = movement.at_top(_hands_to_shins)
    reaches = reach < _HANDS_AT_SHINS or _at_both_ends(movement, _hands_to_shins) - reach > _HANDS_CAME_TRUNKS
    return rise > (_HEAD_RISE_TO_LEGS_DEG if reaches else _HEAD_RISE_DEG)


def _at_both_ends(movement: Movement, read: Callable[[Sample], float]) -> float:
    """Mean of a reading at the start and at the end, where one of them may be cut off or still on the way."""
    return (movement.at_start(read) + movement.at_end(read)) / 2


def _head(sample: Sample) -> float:
    return sample.head_deg


def _hands_to_shins(sample: Sample) -> float:
    return sample.hands_to_shins


def _legs_sideways(config: Config, movement: Movement) -> bool:
    def leg_px(rising: bool) -> float:
        way = (p for p in movement.points if (p.time_s < movement.top_s) is rising)
        return nanmedian(p.sample.leg_px for p in way if _HALF_WAY_DEG[0] <= p.lift <= _HALF_WAY_DEG[1])

    up, down = leg_px(True), leg_px(False)
    return min(up, down) < _SIDEWAYS_SHARE * max(up, down)


def _one_leg(config: Config, movement: Movement) -> bool:
    return not other_leg.comes_along(movement) and not other_leg.has_slipped(movement)


def _knees_bent_at_bottom(config: Config, movement: Movement) -> bool:
    return _is_knee_bent(movement.at_start) and _is_knee_bent(movement.at_end)


def _is_knee_bent(read: Callable[[Callable[[Sample], float]], float]) -> bool:
    return read(_knee) < _KNEE_AT_BOTTOM_DEG and read(_hip) > _FLAT_DEG


def _knee(sample: Sample) -> float:
    return sample.knee_deg


def _knees_folded(config: Config, movement: Movement) -> bool:
    """Knees whose feet are hidden are no reason to refuse: the rep is flagged for them, with little confidence."""
    return movement.at_top(_knee) < _TUCK_DEG and not movement.feet_hidden


def _feet_stayed(config: Config, movement: Movement) -> bool:
    """Above the floor, as the top: seen from above, a trunk that lies slants in the picture, and so do the legs."""
    return nanmedian(p.foot_lift for p in movement.top_points) - movement.tilt_deg < _FOOT_DEG


def _hips_moved(config: Config, movement: Movement) -> bool:
    def travel(read: Callable[[Callable[[Sample], float]], float]) -> float:
        x = read(lambda s: s.hip_x) - movement.at_start(lambda s: s.hip_x)
        y = read(lambda s: s.hip_y) - movement.at_start(lambda s: s.hip_y)
        return hypot(x, y)

    trunk = nanmedian(p.sample.trunk_px for p in movement.points)
    return max(travel(movement.at_top), travel(movement.at_end)) > _HIPS_TRUNKS * trunk


def _too_short(config: Config, movement: Movement) -> bool:
    return movement.end_s - movement.start_s < _MIN_REP_S


_REJECTION_RULES: dict[RejectionReason, Callable[[Config, Movement], bool]] = {
    RejectionReason.NOT_LYING: _not_lying,
    RejectionReason.NOT_ON_BACK: _not_on_back,
    RejectionReason.TRUNK_MOVED: _trunk_moved,
    RejectionReason.UPPER_BODY_MOVED: _upper_body_moved,
    RejectionReason.MOSTLY_KNEES: _feet_stayed,  # first, for start and end are told by the feet
    RejectionReason.LEGS_SIDEWAYS: _legs_sideways,
    RejectionReason.ONE_LEG: _one_leg,
    RejectionReason.KNEES_BENT_AT_BOTTOM: _knees_bent_at_bottom,
    RejectionReason.NOT_FROM_BOTTOM: _not_from_bottom,
    RejectionReason.KNEE_TUCK: _knees_folded,
    RejectionReason.HIPS_MOVED: _hips_moved,
    RejectionReason.TOO_SHORT: _too_short,
}


def _rep(config: Config, movement: Movement) -> Rep:
    reached_s, left_s = movement.hold
    start_s, end_s = movement.left_s, movement.end_s
    raise_s, lower_s = reached_s - start_s, end_s - left_s
    knee = movement.at_top(_knee)
    confidence = rep_confidence(config, movement)
    found = {
        Flag.SHORT_TOP: movement.top_deg < config.full_deg,
        Flag.SHORT_BOTTOM: not movement.returned,
        Flag.FAST_RAISE: raise_s < config.fast_raise_s and not movement.emerged,
        Flag.FAST_LOWER: lower_s < config.fast_lower_s,
        Flag.BENT_KNEES: knee < config.knee_deg,
        Flag.LEGS_APART: movement.at_top(other_leg.apart) > config.apart_deg,
        Flag.HANDS_OFF_HEAD: _hands_off_head(movement),
        Flag.LOW_CONFIDENCE: confidence < config.min_confidence,
    }
    flags = tuple(flag for flag, is_so in found.items() if is_so)
    return Rep(
        number=0,
        set=0,
        start_s=start_s,
        top_s=movement.top_s,
        end_s=end_s,
        raise_s=raise_s,
        hold_s=left_s - reached_s,
        lower_s=lower_s,
        pause_s=None,
        top_flexion_deg=movement.top_deg,
        rest_flexion_deg=movement.rest_deg,
        knee_deg=knee,
        full=not _NOT_FULL & set(flags),
        flags=flags,
        confidence=confidence,
    )


def _hands_off_head(movement: Movement) -> bool:
    """Whether they are off it in most frames that tell; readings that change from frame to frame tell nothing."""
    known = [on_head for p in movement.points if not isnan(on_head := p.sample.hands_on_head)]
    return bool(known) and fmean(known) <= _HANDS_ON_HEAD_SHARE


_NOT_FULL = {Flag.SHORT_TOP, Flag.SHORT_BOTTOM, Flag.BENT_KNEES, Flag.LEGS_APART}
