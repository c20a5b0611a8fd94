"""Follow one person, the one who lies and raises the legs, through the frames of a video or camera."""

from __future__ import annotations

from dataclasses import replace
from math import exp, hypot, isnan, nan
from pathlib import Path
from types import TracebackType
from typing import Self

from repcount.counting import identity
from repcount.pose import angles, closer, levels
from repcount.pose.exerciser import LegWatch
from repcount.pose.landmarker import Landmarker
from repcount.pose.masking import Area, paint_out
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

_SETTLED, _ROW_S, _NEAR = 3, 0.3, 0.5
"""So many samples in a row, no further apart than the second and no more different than the third (see
`identity.difference`), show where somebody is. Heuristic."""

_GLANCE_S, _GLANCE_AGAIN_S = 2.0, 4.0
"""Where somebody lies still while something moves in the picture, others are looked for during the first, and again
after the second: it may be a neighbour who is followed. Heuristic: a raise of 2 s falls into it. It takes three times
as long as following one person, and only until that person has raised the legs."""

_SEEN_S, _SELDOM = 1.0, 0.5
_CLOSER_EVERY_S = 0.13
"""Where a person who lies was seen in less than the second of the frames of about the first, parts of the picture are
looked at, one in each of the third: the model does not find people who are small in the picture. Heuristic: somebody
who is found as usual is back within a few frames."""

_EVENED_EVERY = 4
"""Every so many looks are at the whole picture, evened out: grain and blocks hide people from the model, too.
Heuristic: the search for small people takes a third longer by that, 2.2 s for all parts of a wide picture."""

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
    lists only one of two people who lie close to each other. Where nobody is found who lies, parts of the picture are
    searched, and whoever is found in one is followed in it. A scene cut begins afresh.

    Holds at most four landmarkers, about 65 MB each: one that follows a single person, one for `MAX_PEOPLE`, one for
    somebody beside, and one that searches parts. Each is opened when first needed and kept.
    """

    def __init__(self, model: Path, *, look_round: bool = False) -> None:
        """Load the pose model. `look_round`: look at `MAX_PEOPLE` from the first frame on. Raises ModelError."""
        self._model = model
        self._landmarkers: dict[int, Landmarker] = {}
        self._beside: Landmarker | None = None
        self._searcher: Landmarker | None = None
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
        self._part: Area | None = None
        """Where in the picture somebody small is followed."""
        self._evened = False
        """Whether the picture is evened out, in which somebody was found who is not found in it as it is."""
        self._searches, self._searched_s = 0, nan
        self._searched_part: Area | None = None
        self._seen, self._seen_s = 1.0, nan
        """In which share of the frames lately the person followed was seen to lie, and until when that is known."""
        self._chosen: Sample | None = None
        self._since_s = nan
        self._settled: Sample | None = None
        """Where the person followed was last seen without a jump: a false detection between moves nobody."""
        self._steady = 0
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
        for landmarker in (*self._landmarkers.values(), self._beside, self._searcher):
            if landmarker is not None:
                landmarker.close()

    def track(self, frame: Frame) -> Pose | None:
        """The person lying on the back in `frame`, else None; anybody before somebody has lain down.

        The times of the frames must rise.
        """
        if self._cuts.is_cut(frame):
            self._chosen, self._settled, self._neighbour, self._legs = None, None, None, LegWatch()
            self._look_at(None)
        frame = levels.spread(frame)
        if self._neighbour is not None:
            frame = paint_out(frame, [self._neighbour])
        people = self._large_enough(frame, self._detect(frame))
        self.people = len(people)
        places = [angles.place(frame.time_s, pose) for pose in people]
        lying = [i for i, pose in enumerate(people) if angles.is_lying_on_back(pose)]
        for i in lying:
            self._legs.see(places[i], angles.leg_elevation(people[i]))
        found = self._choose(frame.time_s, places, lying)
        self._attend(frame, people[found] if found in lying else None)
        if len(people) > 1 or (people and not lying):
            self._crowded_s = frame.time_s
        if found in lying or not people:
            self._wrong_s = nan
        elif isnan(self._wrong_s):
            self._wrong_s = frame.time_s
        if found is None:
            if not self._is_committed(frame.time_s):
                self._neighbour = self._settled = None
            return None
        if found in lying or self._is_committed(frame.time_s):
            if self._chosen is None or not self._is_followed(places[found]):
                self._since_s = frame.time_s
            self._settle(places[found])
            self._chosen = places[found]
        if self._glances(frame.time_s):
            return self._exerciser(frame, people[found])
        if self._neighbour is not None:
            return replace(people[found], people_lying=2.0)
        return people[found] if self._looked_for == 1 else replace(people[found], people_lying=float(len(lying)))

    def _detect(self, frame: Frame) -> list[Pose]:
        """The people in the part of the picture that is looked at; else those in the picture, or somebody who is found
        lying in a part of it where nobody is found in all of it.
        """
        if self._evened:
            frame = levels.even_out(frame)
        if self._part is not None:
            return closer.detect(self._landmarker(1), frame, self._part)
        people = self._landmarker(self._people_to_look_for(frame.time_s)).detect(frame)
        if self._seen > _SELDOM or frame.time_s - self._searched_s < _CLOSER_EVERY_S:
            return people
        if any(map(angles.is_lying_on_back, people)):
            return people
        return self._search(frame) or people

    def _search(self, frame: Frame) -> list[Pose]:
        """Who lies in the next part of the picture, or in all of it once it is evened out."""
        if self._searcher is None:
            self._searcher = Landmarker(self._model, follow=False)
        round_, nth = divmod(self._searches, _EVENED_EVERY)
        parts = closer.parts(frame)
        evened = nth == _EVENED_EVERY - 1
        part = self._searched_part = None if evened else parts[(self._searches - round_) % len(parts)]
        self._searches, self._searched_s = self._searches + 1, frame.time_s
        if part is None:
            people = self._searcher.detect(levels.even_out(frame))
        else:
            people = closer.detect(self._searcher, frame, part)
        return [pose for pose in people if angles.is_lying_on_back(pose)]

    def _attend(self, frame: Frame, lying: Pose | None) -> None:
        """Look at the part of the picture in which somebody was found, or evened out at all of it, and no more once
        nobody is seen there.
        """
        passed_s = 0.0 if isnan(self._seen_s) else frame.time_s - self._seen_s
        kept = exp(-passed_s / _SEEN_S)
        self._seen, self._seen_s = kept * self._seen + (1.0 - kept) * (lying is not None), frame.time_s
        if self._part is not None or self._evened:
            if self._seen < _SELDOM:
                self._look_at(None)
        elif lying is not None and self._searched_s == frame.time_s:
            if self._searched_part is None:
                self._look_at(None, evened=True)
            else:
                self._look_at(closer.around(lying, frame))

    def _look_at(self, part: Area | None, *, evened: bool = False) -> None:
        """At a part of the picture, or all of it. Nothing is known yet of how well somebody is seen there."""
        self._part, self._evened, self._seen = part, evened, 1.0

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
        self._settled = place
        self._look_at(closer.around(others[0], frame) if closer.fits(others[0], frame) else None)
        self._legs, self._others_legs = self._others_legs, self._legs
        return replace(others[0], people_lying=2.0)

    def _is_neighbour(self, other: Pose, followed: Pose) -> bool:
        """Whether somebody else lies beside: no body found twice, and nothing small."""
        large_enough = angles.trunk_px(other) > _HALF * angles.trunk_px(followed)
        return angles.is_lying(other) and large_enough and not angles.is_twin(other, followed)

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
        same = [i for i, place in enumerate(places) if self._is_followed(place)]
        if self._is_committed(time_s) or set(same) & set(lying):
            return min(same, key=lambda i: (i not in lying, self._distance_px(places[i])), default=None)
        return max(range(len(places)), key=lambda i: (i in lying, places[i].trunk_px), default=None)

    def _is_followed(self, place: Sample) -> bool:
        """Whether somebody can be the person followed so far."""
        known = (self._chosen, self._settled)
        return any(before is not None and identity.is_same_body(before, place) for before in known)

    def _settle(self, place: Sample) -> None:
        """Take note of where the person followed is, once some samples in a row agree."""
        before = self._chosen
        near = (
            before is not None and place.time_s - before.time_s <= _ROW_S and identity.difference(before, place) < _NEAR
        )
        self._steady = self._steady + 1 if near else 0
        if self._steady >= _SETTLED or self._settled is None:
            self._settled = place

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
