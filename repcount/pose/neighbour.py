"""Somebody who lies beside the one who is followed, and may be the one who exercises."""

from __future__ import annotations

from math import isnan, nan

from repcount.pose import angles
from repcount.pose.exerciser import LegWatch
from repcount.pose.masking import paint_out, share_outside, with_arms_unseen
from repcount.types import Frame, Pose, Sample

_GLANCE_S, _GLANCE_AGAIN_S = 2.0, 4.0
"""Where somebody lies still while something moves in the picture, others are looked for during the first, and again
after the second: it may be a neighbour who is followed. Heuristic: a raise of 2 s falls into it. It takes three times
as long as following one person, and only until that person has raised the legs."""

_BUSY_AGAIN_S, _GROWTH = 1.0, 2.0
"""Where that person exercises while something moves beside, others are looked for in glances with pauses that begin
with the first and grow by the second: curtains and cameras move all the time. Heuristic: of two who exercise the one
behind is found in none to all of the images in which the other one is painted out."""

_HALF = 0.5
"""Whoever looks less than half as large as the person followed is no neighbour. Heuristic: 2.5 m behind, or a toy."""

_OUTSIDE = 0.45
"""Least share of a neighbour's landmarks outside the area that is painted out. The model makes up bodies in there, most
of all when somebody holds an arm up: they had 0.06 to 0.36 outside (10th to 90th percentile; in one of three rendered
clips to 0.47), neighbours of three other clips 0.48 and more, and one who is half hidden 0.88 in the median. Such a
body, once followed, hides the person."""


class _Glances:
    """When others are looked for: for a while, and after a pause again."""

    def __init__(self, pause_s: float, growth: float = 1.0) -> None:
        """`growth`: how much longer each pause is than the one before."""
        self._pause_s, self._growth = pause_s, growth
        self._end_s = nan

    def is_due(self, time_s: float, *, wanted: bool) -> bool:
        """Whether one begins, if that is wanted, or goes on."""
        if wanted and not time_s - self._end_s < self._pause_s:
            self._pause_s *= 1.0 if isnan(self._end_s) else self._growth
            self._end_s = time_s + _GLANCE_S
        return time_s <= self._end_s


class Neighbours:
    """Tells when to look for somebody beside the person followed, and whether that one raises the legs.

    The model lists only one of two people who lie close to each other, so the other one is found in images in which the
    first is painted out.
    """

    def __init__(self) -> None:
        self._legs, self._others_legs = LegWatch(), LegWatch()
        self._glances, self._busy_glances = _Glances(_GLANCE_AGAIN_S), _Glances(_BUSY_AGAIN_S, _GROWTH)
        self._is_in_sight = False
        """Whether the last look found somebody beside."""
        self._still: Pose | None = None
        """Somebody who lies still and is painted out, so that the person beside can be followed."""
        self._has_moved = False
        """Whether somebody found beside has moved the legs while the person followed lay still."""
        self._exercises_beside = False
        """Whether somebody found beside has raised the legs, for sure."""

    @property
    def is_there(self) -> bool:
        """Whether somebody is known to lie beside: is painted out, or has raised the legs for sure."""
        return self.is_hidden or self._exercises_beside

    @property
    def is_hidden(self) -> bool:
        """Whether somebody is painted out."""
        return self._still is not None

    def hide(self, frame: Frame) -> Frame:
        """`frame`, without the neighbour who lies still."""
        return frame if self._still is None else paint_out(frame, [self._still])

    def beside_hidden(self, pose: Pose) -> Pose:
        """Somebody found in an image without that neighbour, whose arms are unseen where the neighbour was."""
        return pose if self._still is None else with_arms_unseen(pose, self._still)

    def reveal(self) -> None:
        """Paint nobody out any more."""
        self._still = None

    def forget(self) -> None:
        """Another scene begins."""
        self._still, self._legs, self._others_legs = None, LegWatch(), LegWatch()
        self._has_moved = self._exercises_beside = False

    def see(self, place: Sample, pose: Pose) -> None:
        """Take note of the legs of somebody who lies in the picture."""
        self._legs.see(place, pose)

    def is_glance_due(self, time_s: float, followed: Sample, *, lively: bool) -> bool:
        """Whether to look beside the person followed. Where that one lies still and has not raised the legs: now and
        then, and all the time once somebody there has moved the legs. Where that one exercises: now and then if
        something moves beside (`lively`) or somebody was found there just now, until somebody is known to be there.
        """
        if self._still is not None:
            return False
        if not self.exercises(followed):
            return self._has_moved or self._glances.is_due(time_s, wanted=True)
        return not self._exercises_beside and self._busy_glances.is_due(time_s, wanted=lively or self._is_in_sight)

    def exercises(self, followed: Sample) -> bool:
        """Whether the legs of the person followed move or have been raised."""
        return self._legs.has_raised(followed) or not self._legs.lies_still(followed)

    def among(self, others: list[Pose], followed: Pose) -> Pose | None:
        """The first of those found beside, if somebody lies there: nobody made up, and nothing small."""
        self._is_in_sight = bool(others) and _is_beside(others[0], followed)
        return others[0] if self._is_in_sight else None

    def see_beside(self, place: Sample, other: Pose, followed: Sample) -> None:
        """Take note of the legs of somebody found beside."""
        self._others_legs.see(place, other)
        self._has_moved = self._has_moved or (self.moves(place) and not self.exercises(followed))
        self._exercises_beside = self._exercises_beside or self._others_legs.has_raised_both(place)

    def moves(self, place: Sample) -> bool:
        """Whether the legs of somebody found beside have moved."""
        return self._others_legs.moves(place)

    def has_raised(self, place: Sample) -> bool:
        """Whether the legs of somebody found beside have been raised."""
        return self._others_legs.has_raised(place)

    def as_lying(self, followed: Sample, pose: Pose) -> Pose:
        """The person followed, who lies still, without a leg that the model puts onto somebody else's."""
        return self._legs.together(followed) or pose

    def change_places(self, still: Pose) -> None:
        """The neighbour is followed from now on, and who was followed so far is painted out."""
        self._still = still
        self._legs, self._others_legs = self._others_legs, self._legs


def _is_beside(other: Pose, followed: Pose) -> bool:
    large_enough = angles.trunk_px(other) > _HALF * angles.trunk_px(followed)
    return angles.is_lying(other) and large_enough and share_outside(other, followed) >= _OUTSIDE
