"""Somebody who lies beside the one who is followed, and may be the one who exercises."""

from __future__ import annotations

from math import inf, isnan, nan
from statistics import fmean

from repcount.pose.anatomy import is_lying
from repcount.pose.body import hip_distance_px, leg_elevations, trunk_px, with_legs_together
from repcount.pose.exerciser import LegWatch
from repcount.pose.masking import are_legs_outside, paint_out, share_outside, with_arms_unseen
from repcount.types import Frame, Pose, Sample

_GLANCE_S, _GLANCE_AGAIN_S = 2.0, 4.0
"""Where somebody lies still while something moves in the picture, others are looked for during the first, and again
after the second: it may be a neighbour who is followed. Heuristic: a raise of 2 s falls into it. It takes three times
as long as following one person, and only until that person has raised the legs."""

_STILL_FOR_S = 0.5
"""So long is somebody held to lie still who was seen to. Heuristic: half of a quick raise."""

_PUT_OFF = 2.0
"""After somebody was followed in vain, who seemed to be beside, pauses are longer by this. Heuristic."""

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
body, once followed, hides the person.

Nor is anybody made up both of whose legs are outside and whose hips are not in the person's: the trunk of who lies
behind is in the area, where the model draws it right from the legs that rise above it."""

_HIPS_APART_TRUNKS = 0.2
"""Least distance of those hips in the picture. Of somebody a metre behind, seen from 45 cm above the floor and 3 m
away, they are 0.22 trunk lengths higher; those of who lies shifted by as much are another body's, too."""

_LOWEST_DEG = -35.0
"""Legs that point further down are no lying person's. Heuristic: seen from above, legs on the floor point down in the
picture by up to 20°; those of a body made up at the edge of the area that is painted out did by 40-75°."""

_PROVED_S, _JUDGED_S, _SEEN_SHARE = 3.0, 0.5, 0.5
"""Whoever is followed instead of somebody who lies still is on trial for the first. Once the second has passed, who is
seen in less than the third of the frames gives the place back. Heuristic."""


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

    def put_off(self, time_s: float) -> None:
        """End the one that goes on; the next one comes later than usual."""
        self._end_s = time_s
        self._pause_s *= _PUT_OFF


class _Trial:
    """That of whoever is followed instead of somebody who lies still: perhaps there is nobody."""

    def __init__(self, place: Sample) -> None:
        """`place`: where the one lies who is painted out, as seen last."""
        self.place = place
        self._seen: list[bool] = []

    def fails(self, time_s: float, pose: Pose | None) -> bool:
        """Whether the one on trial was hardly seen until now; `pose` is what was found of that one in the frame."""
        lasts_s = time_s - self.place.time_s
        if lasts_s > _PROVED_S:
            return False
        self._seen.append(pose is not None and _are_legs_possible(pose))
        return lasts_s >= _JUDGED_S and fmean(self._seen) < _SEEN_SHARE


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
        self._trial: _Trial | None = None
        """That of the one who is followed instead."""
        self._still_s = -inf
        """When the person followed lay still last."""
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
        self._still = self._trial = None

    def forget(self) -> None:
        """Another scene begins."""
        self.reveal()
        self._legs, self._others_legs = LegWatch(), LegWatch()
        self._has_moved = self._exercises_beside = False
        self._still_s = -inf

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
        if self._legs.lies_still(followed):
            self._still_s = time_s
        if not self.exercises(followed):
            return self._has_moved or self._glances.is_due(time_s, wanted=True)
        return not self._exercises_beside and self._busy_glances.is_due(time_s, wanted=lively or self._is_in_sight)

    def exercises(self, followed: Sample) -> bool:
        """Whether the legs of the person followed move or have been raised.

        Who has just lain still does so until the legs move: a body made of two people is not known again. Nor do small
        movements count once somebody beside has raised the legs for sure.
        """
        if self._legs.has_raised(followed):
            return True
        if self._exercises_beside:
            return False
        lay_still = followed.time_s - self._still_s <= _STILL_FOR_S and not self._legs.moves(followed)
        return not (lay_still or self._legs.lies_still(followed))

    def among(self, others: list[Pose], followed: Pose) -> Pose | None:
        """The first of those found beside, if somebody lies there: nobody made up, and nothing small."""
        self._is_in_sight = bool(others) and _is_beside(others[0], followed)
        return others[0] if self._is_in_sight else None

    def see_beside(self, place: Sample, other: Pose, followed: Sample) -> None:
        """Take note of the legs of somebody found beside."""
        self._others_legs.see(place, other)
        self._exercises_beside = self._exercises_beside or self._others_legs.has_raised_both(place)
        self._has_moved = self._has_moved or (self.moves(place) and not self.exercises(followed))

    def moves(self, place: Sample) -> bool:
        """Whether the legs of somebody found beside have moved."""
        return self._others_legs.moves(place)

    def has_raised(self, place: Sample) -> bool:
        """Whether somebody found beside has raised both legs, for sure: a body that is made up must hide nobody."""
        return self._others_legs.has_raised_both(place)

    def as_lying(self, followed: Sample, pose: Pose | None) -> Pose | None:
        """The person followed, who lies still, without a leg that the model puts onto somebody else's."""
        return self._legs.together(followed) or (pose and with_legs_together(pose))

    def change_places(self, still: Pose, place: Sample) -> None:
        """The neighbour is followed from now on, and who was followed so far, and lies at `place`, is painted out."""
        self._still, self._trial = still, _Trial(place)
        self._legs, self._others_legs = self._others_legs, self._legs

    def take_back(self, time_s: float, pose: Pose | None) -> Sample | None:
        """Where the one who is painted out lies, if that one is to be followed again after all: soon after the change
        the one who is followed instead is hardly seen. `pose` is what was found of that one in the frame.
        """
        if self._trial is None or not self._trial.fails(time_s, pose):
            return None
        place = self._trial.place
        self._legs, self._others_legs = self._others_legs, LegWatch()
        self._has_moved = self._exercises_beside = False
        self._glances.put_off(time_s)
        self.reveal()
        return place


def _is_beside(other: Pose, followed: Pose) -> bool:
    large_enough = trunk_px(other) > _HALF * trunk_px(followed)
    if not (large_enough and is_lying(other) and _are_legs_possible(other)):
        return False
    if share_outside(other, followed) >= _OUTSIDE:
        return True
    apart_px = _HIPS_APART_TRUNKS * trunk_px(followed)
    return hip_distance_px(other, followed) >= apart_px and are_legs_outside(other, followed)


def _are_legs_possible(pose: Pose) -> bool:
    return min(leg_elevations(pose)) > _LOWEST_DEG
