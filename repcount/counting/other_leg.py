"""What the other leg does in a movement: it comes along, stays behind, or is unknown."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, pairwise
from math import isnan
from statistics import fmean

from repcount.counting.movement import Movement, nanmedian
from repcount.types import Sample

_SHARE = 0.5
"""A leg that makes less of the way than this stays behind."""

_APART_AT_BOTTOM_DEG = 40.0
"""Nor does one come along that is not down when the movement starts and ends: alternating legs cross there."""

_UP_DEG, _DOWN_DEG = 15.0, 10.0
"""Legs that kick in turn pass each other: the one goes up by the first while the other goes down by more than the
second, and they do not come down together. So they do with 13-19° in the first kick from the floor, which both legs
begin (flutter kicks of two rendered clips, in 14 conditions), and in one of 5,700 reps, real and rendered, as they are
and made worse, which is wrong anyway."""

_OFF_FLOOR_TRUNKS, _BOTH_OFF_TRUNKS, _STILL_TRUNKS = 0.05, 0.08, 0.1
_THIRD_DEG = (25.0, 45.0)
_TOGETHER_DEG = 20.0
"""Somebody who raises one leg keeps the other on the floor: in the picture its knee and its foot are no more than 0.03
trunk lengths higher at the top than at the start and the end (single-leg raises and marches, real and rendered), and
0.07 at the mean where pictures are dark, small or noisy. Where the landmarks have slipped onto somebody who lies
behind, each of both is higher by more than the first of these and their mean by more than the second (0.085-0.6), and
they stay there: the foot is as high as it was when the leg was between the elevations of `_THIRD_DEG`, and still to
within the third but for strays. At start and end the legs lie together, to within the last, which they do not when
they alternate. Nobody lifts a leg with the other and holds it dead still in mid-air while that one goes on. Measured on
191 clips as they are, 68 in up to 14 conditions and 19 of single legs in eight: of 96 reps refused for a leg that stays
behind 29 are known by that, and none of 300 other movements."""

_DIFFERENT, _ALIKE = 15.0, 8.0
"""Both legs of one person wear the same colour. Where four fifths of the samples of the top show the shins apart and
differing by more than the first, though in a quarter of those that show the legs together they differ by less than the
second, the other one is on somebody else or beside the leg. Who wears a brace on one leg differs all the time. Measured
on clips as they are: by 13 at most in 67 movements of one leg and similar ones (the lower leg of one who pedals is
beside the leg), and by more than 15 in 8 of 21 reps refused because of somebody beside; in 232 movements of one leg in
clips made worse 8 differ by as much, five of them behind a pole. Where a leg still lies, what differs is light and
shade: so it was in five movements of single legs in 420 clips, most made worse, and in one rep of two people."""

_ASTRAY_SHARE, _JUMP_DEG_S = 0.05, 700.0
"""A leg that does not come along and is where it cannot be in more than this share of the samples, or jumps from one to
the next faster than legs move, is one that the model loses and finds again, its own or somebody's. Of 149 movements of
people who do use one leg, real and rendered, as they are and made worse, 3 show the first, of legs that are covered or
cut off, and one the second, where nobody lies (dead bugs reach 690 degrees a second); of 18 of two people 9 do."""

_GONE, _THERE = 15.0, 9.0
"""Where the legs lay, one still lies while it looks no more different than by the second, and none does where four
fifths of the samples of the top differ by more than the first. Of 209 movements of one leg, of 30 rendered clips and a
real one in 14 conditions, in which a leg is there at start and end, none differs by more than 10; 26 of 72 reps of two
people that would be refused as ones of one leg do by more than 15. Of 793 movements refused for one leg, of 30 rendered
clips of such and 50 real ones of other exercises in 14 conditions, none does while a leg is there at start and end."""

_STRAYS = 0.1


def _flexion(sample: Sample) -> float:
    """180 - hip angle of the other leg."""
    return 180.0 - sample.other_hip_deg


def _knee_up(sample: Sample) -> float:
    """Height of its knee above the shoulders in the picture, in trunk lengths."""
    return sample.other_knee_up


def _foot_up(sample: Sample) -> float:
    """The same of its foot."""
    return sample.other_foot_up


def _gone(sample: Sample) -> float:
    """How different it looks where the legs lay."""
    return sample.legs_gone


def apart(sample: Sample) -> float:
    """Angle between the legs."""
    return abs(sample.hip_deg - sample.other_hip_deg)


def stays_behind(movement: Movement) -> bool:
    """Whether it makes less than half of the way. False where it is not known."""
    rise = movement.at_top(lambda sample: 180.0 - sample.hip_deg) - movement.at_start(
        lambda sample: 180.0 - sample.hip_deg
    )
    return movement.at_top(_flexion) - movement.at_start(_flexion) < _SHARE * rise


def comes_along(movement: Movement) -> bool:
    """Whether both legs do the work. True where that is not known."""
    ends = movement.at_start(apart), movement.at_end(apart)
    return not (stays_behind(movement) or any(angle > _APART_AT_BOTTOM_DEG for angle in ends) or _kicks(movement))


def _kicks(movement: Movement) -> bool:
    """Whether the legs pass each other on the way up, and do not come down to the bottom."""
    if movement.returned:
        return False
    way = [(p.lift, _flexion(p.sample)) for p in movement.trace if p.time_s <= movement.top_s]
    return any(
        after - before >= _UP_DEG and other_before - other_after > _DOWN_DEG
        for (before, other_before), (after, other_after) in combinations(way, 2)
    )


def has_slipped(movement: Movement) -> bool:
    """Whether its landmarks are on another body, or nowhere, so that the leg is unknown."""
    signs = (_changes_colour, _is_unknown, _is_astray, _lies_in_the_air, _left_the_floor)
    return any(sign(movement) for sign in signs)


def _lies_in_the_air(movement: Movement) -> bool:
    """Whether they left the floor, stopped and stayed."""
    if not stays_behind(movement):
        return False
    together = max(movement.at_start(apart), movement.at_end(apart)) <= _TOGETHER_DEG
    risen = _risen(movement, _knee_up), _risen(movement, _foot_up)
    left = min(risen) > _OFF_FLOOR_TRUNKS and fmean(risen) > _BOTH_OFF_TRUNKS
    third = nanmedian(_foot_up(p.sample) for p in movement.points if _THIRD_DEG[0] <= p.lift <= _THIRD_DEG[1])
    stopped = abs(movement.at_top(_foot_up) - third) <= _STILL_TRUNKS
    return together and left and stopped and _spread(movement) <= _STILL_TRUNKS


def _changes_colour(movement: Movement) -> bool:
    """Whether the shins wear the same colour while the legs lie together, and not at the top, where they are apart.

    Not where a leg still lies: light and shade differ, too.
    """
    if not movement.at_top(apart) > _TOGETHER_DEG:
        return False
    low = [p.sample.shins_differ for p in (*movement.before, *movement.trace) if apart(p.sample) <= _TOGETHER_DEG]
    together = sorted(value for value in low if not isnan(value))
    alike = bool(together) and together[len(together) // 4] <= _ALIKE
    differ = _mostly(movement, lambda sample: sample.shins_differ, lambda value: value > _DIFFERENT)
    return alike and differ and not _still_lies(movement)


def _is_unknown(movement: Movement) -> bool:
    """Whether it is known, but not in most of the hold: its landmarks are where no leg of that body can be."""
    known = any(not isnan(p.sample.other_hip_deg) for p in (*movement.before, *movement.trace))
    missing = sum(isnan(p.sample.other_hip_deg) for p in movement.top_points)
    return known and missing > len(movement.top_points) / 2


def _is_astray(movement: Movement) -> bool:
    """Whether it is now and then where no leg of that body can be, or jumps as no leg moves."""
    if not (stays_behind(movement) or movement.at_top(apart) > _TOGETHER_DEG):
        return False
    points = movement.points
    known = [(p.time_s, _flexion(p.sample)) for p in points if not isnan(_flexion(p.sample))]
    if not known:
        return False
    steps = (abs(after - before) / (after_s - before_s) for (before_s, before), (after_s, after) in pairwise(known))
    return len(points) - len(known) > _ASTRAY_SHARE * len(points) or max(steps, default=0.0) > _JUMP_DEG_S


def _left_the_floor(movement: Movement) -> bool:
    """Whether no leg lies any more where both lay, though by its landmarks it did not come along.

    At start or end the legs lie together, or that leg goes down while the other one goes up: somebody may hold one leg
    up all the time.
    """
    together = any(read(apart) <= _TOGETHER_DEG for read in (movement.at_start, movement.at_end))
    lower = min(movement.at_start(_flexion), movement.at_end(_flexion)) - movement.at_top(_flexion)
    if comes_along(movement) or not (together or lower > _TOGETHER_DEG):
        return False
    return _lies_before_and_after(movement) and _mostly(movement, _gone, lambda gone: gone > _GONE)


def _still_lies(movement: Movement) -> bool:
    """Whether a leg still lies where both lay, or the floor looks like one."""
    return _lies_before_and_after(movement) and _mostly(movement, _gone, lambda gone: gone <= _THERE)


def _lies_before_and_after(movement: Movement) -> bool:
    """Whether a leg lies where both lay, at the start and the end."""
    return all(read(_gone) <= _THERE for read in (movement.at_start, movement.at_end))


def _mostly(movement: Movement, read: Callable[[Sample], float], holds: Callable[[float], bool]) -> bool:
    """Whether something holds for four fifths of what is known of the top. False where nothing is."""
    known = [value for value in (read(p.sample) for p in movement.top_points) if not isnan(value)]
    return bool(known) and sum(map(holds, known)) >= len(known) - len(known) // 5


def _risen(movement: Movement, height: Callable[[Sample], float]) -> float:
    """How much higher it is at the top than at the start or the end, whichever is higher."""
    return movement.at_top(height) - max(movement.at_start(height), movement.at_end(height))


def _spread(movement: Movement) -> float:
    """How far the foot moves at the top, but for a tenth of the values at either end."""
    held = sorted(height for height in (_foot_up(p.sample) for p in movement.top_points) if not isnan(height))
    strays = int(_STRAYS * len(held))
    return held[-1 - strays] - held[strays] if held else 0.0
