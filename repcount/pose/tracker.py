"""Follow one person, the one who lies and raises the legs, through the frames of a video or camera."""

from __future__ import annotations

from dataclasses import replace
from math import hypot, isnan, nan
from pathlib import Path
from types import TracebackType
from typing import Self

from repcount.counting import identity
from repcount.pose import angles
from repcount.pose.exerciser import LegWatch
from repcount.pose.landmarker import Landmarker
from repcount.pose.masking import paint_out
from repcount.pose.scene import CutDetector
from repcount.types import Frame, Pose, Sample

MAX_PEOPLE = 3
"""People looked for while it is open whom to follow. Heuristic: whoever exercises, a trainer and a passer-by."""

REACQUIRE_AFTER_S = 1.0
"""After this long with somebody in the picture who does not lie, or who is not the person followed, everybody is looked
at again. Heuristic. Where nobody is found at all, looking for three finds nobody either: it is the same detector, and a
person who is followed alone is kept longer."""

_ALONE_S = 1.0
"""After this long with nobody in the picture but one person lying, that person alone is looked for. Heuristic: it is
how the model follows best; of somebody who is hard to see, it finds less when it looks for three."""

_GONE_S = 3.0
"""Once the person followed has been out of sight for this long, anybody who lies may be followed. Until then nobody
else is taken for that person: a plant or a sofa is detected for a second or two when the legs go down. Heuristic."""

_SURE_S = 0.5
"""Somebody followed for less than this may be a false detection: the model's first poses of a person who is hard to see
may lie the wrong way round. Heuristic."""

_GLANCE_S, _GLANCE_AGAIN_S = 2.0, 4.0
"""Where somebody lies still while something moves in the picture, others are looked for during the first, and again
after the second: it may be a neighbour who is followed. Heuristic: a raise of 2 s falls into it. It takes three times
as long as following one person, and only until that person has raised the legs."""

_TWIN_TRUNKS = 0.3
"""Landmarks that lie no further apart than this part of a trunk length are of one body, found twice. Heuristic."""

_TINY = 0.03
"""A trunk shorter than this share of the picture's longer side is none that could be judged: at 0.08 it is said to be
small. Of somebody who is hard to see the model first finds bodies of 0.01-0.03 in some corner (rendered clips)."""

_HALF = 0.5
"""Whoever looks less than half as large as the person followed is no neighbour. Heuristic: 2.5 m behind, or a toy."""


class PersonTracker:
    """Tracks the person lying on the back who raises the legs. A context manager.

    One person is followed for as long as that person lies down now and then. Otherwise up to `MAX_PEOPLE` are looked
    at and one who lies is chosen. The person followed before is recognised by place, size and the side of the head, not
    by the order in which the model lists people. Where several lie, one is followed until another one raises the legs
    while this one, who has not yet, lies still; to find those, the one who is followed is painted out, for the model
    lists only one of two people who lie close to each other. A scene cut begins afresh.

    Holds at most three landmarkers, about 65 MB each: one that follows a single person, one for `MAX_PEOPLE`, and one
    for somebody beside. Each is opened when first needed and kept.
    """

    def __init__(self, model: Path, *, look_round: bool = False) -> None:
        """Load the pose model. `look_round`: look at `MAX_PEOPLE` from the first frame on. Raises ModelError."""
        self._model = model
        self._landmarkers: dict[int, Landmarker] = {}
        self._beside: Landmarker | None = None
        self._looked_for = MAX_PEOPLE if look_round else 1
        self._landmarker(self._looked_for)
        self._cuts = CutDetector()
        self._legs, self._others_legs = LegWatch(), LegWatch()
        self._wrong_s = nan
        """Since when the frames that were looked at show people but not the person followed, lying; NaN while they do.
        Frames that were skipped say nothing."""
        self._crowded_s = nan
        self._glance_ends_s = nan
        self._neighbour: Pose | None = None
        """Somebody who lies still and is painted out, so that the person beside can be followed."""
        self._chosen: Sample | None = None
        self._since_s = nan
        self.people = 0
        """Number of people found in the last frame."""

    def _landmarker(self, people: int) -> Landmarker:
        if people not in self._landmarkers:
            self._landmarkers[people] = Landmarker(self._model, people)
        return self._landmarkers[people]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free the pose model."""
        for landmarker in (*self._landmarkers.values(), self._beside):
            if landmarker is not None:
                landmarker.close()

    def track(self, frame: Frame) -> Pose | None:
        """The person lying on the back in `frame`, else None; anybody before somebody has lain down.

        The times of the frames must rise.
        """
        if self._cuts.is_cut(frame):
            self._chosen, self._neighbour, self._legs = None, None, LegWatch()
        if self._neighbour is not None:
            frame = paint_out(frame, [self._neighbour])
        people = self._large_enough(frame, self._landmarker(self._people_to_look_for(frame.time_s)).detect(frame))
        self.people = len(people)
        places = [angles.place(frame.time_s, pose) for pose in people]
        lying = [i for i, pose in enumerate(people) if angles.is_lying_on_back(pose)]
        for i in lying:
            self._legs.see(places[i], angles.leg_elevation(people[i]))
        found = self._choose(frame.time_s, places, lying)
        if len(people) > 1 or (people and not lying):
            self._crowded_s = frame.time_s
        if found in lying or not people:
            self._wrong_s = nan
        elif isnan(self._wrong_s):
            self._wrong_s = frame.time_s
        if found is None:
            if not self._is_committed(frame.time_s):
                self._neighbour = None
            return None
        if found in lying or self._is_committed(frame.time_s):
            if self._chosen is None or not identity.is_same_body(self._chosen, places[found]):
                self._since_s = frame.time_s
            self._chosen = places[found]
        if self._glances(frame.time_s):
            return self._exerciser(frame, people[found])
        if self._neighbour is not None:
            return replace(people[found], people_lying=2.0)
        return people[found] if self._looked_for == 1 else replace(people[found], people_lying=float(len(lying)))

    def _exerciser(self, frame: Frame, followed: Pose) -> Pose:
        """Of the person followed, who lies still, and somebody beside the one to follow from now on."""
        if self._beside is None:
            self._beside = Landmarker(self._model)
        others = self._large_enough(frame, self._beside.detect(paint_out(frame, [followed])))
        if not others or not self._is_neighbour(others[0], followed):
            return replace(followed, people_lying=1.0)
        place = angles.place(frame.time_s, others[0])
        self._others_legs.see(place, angles.leg_elevation(others[0]))
        if not self._others_legs.has_raised(place):
            return replace(followed, people_lying=2.0)
        self._landmarkers[1], self._beside = self._beside, self._landmarkers[1]
        self._chosen, self._since_s, self._neighbour = place, frame.time_s - _SURE_S, followed
        self._legs, self._others_legs = self._others_legs, self._legs
        return replace(others[0], people_lying=2.0)

    def _is_neighbour(self, other: Pose, followed: Pose) -> bool:
        """Whether somebody else lies beside: no body found twice, and nothing small."""
        trunk_px = angles.trunk_px(followed)
        apart_px = angles.mean_distance_px(other, followed)
        large_enough = angles.trunk_px(other) > _HALF * trunk_px
        return angles.is_lying(other) and large_enough and apart_px > _TWIN_TRUNKS * trunk_px

    def _large_enough(self, frame: Frame, people: list[Pose]) -> list[Pose]:
        least_px = _TINY * max(frame.image.shape[:2])
        return [pose for pose in people if angles.trunk_px(pose) >= least_px]

    def _is_committed(self, time_s: float) -> bool:
        """Whether only the person followed so far may be chosen."""
        if self._chosen is None or time_s - self._chosen.time_s > _GONE_S:
            return False
        return self._chosen.time_s - self._since_s >= _SURE_S

    def _choose(self, time_s: float, places: list[Sample], lying: list[int]) -> int | None:
        """The index of the person followed before, or else of somebody who lies, the largest first."""
        chosen = self._chosen
        same = [i for i, place in enumerate(places) if chosen is not None and identity.is_same_body(chosen, place)]
        if self._is_committed(time_s) or set(same) & set(lying):
            return min(same, key=lambda i: (i not in lying, self._distance_px(places[i])), default=None)
        return max(range(len(places)), key=lambda i: (i in lying, places[i].trunk_px), default=None)

    def _distance_px(self, place: Sample) -> float:
        assert self._chosen is not None
        return hypot(place.hip_x - self._chosen.hip_x, place.hip_y - self._chosen.hip_y)

    def _people_to_look_for(self, time_s: float) -> int:
        if isnan(self._crowded_s):
            self._crowded_s = time_s
        if time_s - self._wrong_s > REACQUIRE_AFTER_S:
            self._looked_for = MAX_PEOPLE
        elif time_s - self._crowded_s > _ALONE_S:
            self._looked_for = 1
        return self._looked_for

    def _glances(self, time_s: float) -> bool:
        """Whether others are looked for beside the person followed, who lies still and has not raised the legs."""
        if self._looked_for > 1 or self._chosen is None or self._neighbour is not None:
            return False
        if self._legs.has_raised(self._chosen) or not self._legs.lies_still(self._chosen):
            return False
        if not time_s - self._glance_ends_s < _GLANCE_AGAIN_S:
            self._glance_ends_s = time_s + _GLANCE_S
        return time_s <= self._glance_ends_s
