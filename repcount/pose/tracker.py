"""Follow one person, the one who lies and raises the legs, through the frames of a video or camera."""

from __future__ import annotations

from dataclasses import replace
from math import isnan, nan
from pathlib import Path
from types import TracebackType
from typing import Self

from repcount.pose import angles, closer, levels
from repcount.pose.anatomy import is_lying_on_back
from repcount.pose.body import trunk_px
from repcount.pose.followed import Followed
from repcount.pose.landmarker import Landmarker
from repcount.pose.leg_colours import LegColours
from repcount.pose.masking import Area, paint_out
from repcount.pose.neighbour import Neighbours
from repcount.pose.resting_legs import RestingLegs
from repcount.pose.scene import CutDetector
from repcount.pose.surroundings import Surroundings
from repcount.pose.view import View
from repcount.types import Frame, Pose

MAX_PEOPLE = 3
"""People looked for while it is open whom to follow. Heuristic: whoever exercises, a trainer and a passer-by."""

REACQUIRE_AFTER_S = 1.0
"""After this long with somebody in the picture who does not lie, or who is not the person followed, everybody is looked
at again. Heuristic. Where nobody is found at all, looking for three finds nobody either: it is the same detector, and a
person who is followed alone is kept longer."""

_AFRESH_S = 0.2
"""So often people are detected anew while whoever is found does not lie on the back: the model goes on looking where it
looked, for a second and more, and takes whatever is there for a body, the right one face down, too. Seen from the floor
it found somebody face down in 14 of 28 frames and nobody in the others; detected anew in all of 11 on the back. After
a cut it shrank to a trunk of 4 pixels and went on with that for four seconds. Heuristic: three samples."""

_ALONE_S = 1.0
"""After this long with nobody in the picture but one person lying, that person alone is looked for. Heuristic: it is
how the model follows best; of somebody who is hard to see, it finds less when it looks for three."""

_TINY = 0.03
"""A trunk shorter than this share of the picture's longer side is none that could be judged: at 0.08 it is said to be
small. Of somebody who is hard to see the model first finds bodies of 0.01-0.03 in some corner (rendered clips)."""


class PersonTracker:
    """Tracks the person lying on the back who raises the legs. A context manager.

    One person is followed for as long as that person lies down now and then (`Followed`). Otherwise up to `MAX_PEOPLE`
    are looked at and one who lies is chosen. Where several lie, one is followed until another one raises the legs while
    this one, who has not yet, lies still (`Neighbours`). While this one exercises others are looked for if something
    moves beside (`Surroundings`): they are told of and not followed. Where nobody is found who lies, parts of the
    picture are searched, and whoever is found in one is followed in it (`View`). A scene cut begins afresh.
    """

    def __init__(self, model: Path, *, look_round: bool = False) -> None:
        """Load the pose model. `look_round`: look at `MAX_PEOPLE` from the first frame on. Raises ModelError."""
        self._landmarkers = _Landmarkers(model)
        self._cuts = CutDetector()
        self._view = View()
        self._part: Area | None = None
        """Which part of the picture people were looked for in last."""
        self._followed = Followed()
        self._neighbours = Neighbours()
        self._surroundings = Surroundings()
        self._leg_colours = LegColours()
        self._resting_legs = RestingLegs()
        self._looks_for_one = not look_round
        self._wrong_s = nan
        """Since when the frames that were looked at show people but not the person followed, lying; NaN while they do.
        Frames that were skipped say nothing."""
        self._afresh_s = nan
        """When people were detected anew last."""
        self._crowded_s = nan
        """When there was last anybody in the picture but one person lying; first of all the first frame."""
        self.people = 0
        """Number of people found in the last frame."""
        self._landmarker()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free the pose model."""
        self._landmarkers.close()

    def track(self, frame: Frame) -> Pose | None:
        """The person lying on the back in `frame`, else None; anybody before somebody has lain down.

        The times of the frames must rise.
        """
        if self._cuts.is_cut(frame):
            self._followed.forget()
            self._neighbours.forget()
            self._surroundings.forget()
            self._resting_legs.forget()
            self._view.look_at(None)
            self._landmarkers.forget()
        seen, frame = frame, self._neighbours.hide(levels.spread(frame))
        bodies = self._detect(frame)
        people = [self._leg_colours.tell(seen, pose) for pose in _large_enough(frame, bodies)]
        people = [self._neighbours.beside_hidden(pose) for pose in people]
        self.people = len(people)
        places = [angles.place(frame.time_s, pose) for pose in people]
        lying = [i for i, pose in enumerate(people) if is_lying_on_back(pose)]
        for i in lying:
            self._neighbours.see(places[i], people[i])
        found = self._followed.choose(frame.time_s, places, lying)
        self._view.attend(frame, people[found] if found in lying else None)
        if len(people) > 1 or (people and not lying):
            self._crowded_s = frame.time_s
        if found in lying or not bodies:
            self._wrong_s = nan
        elif isnan(self._wrong_s):
            self._wrong_s = self._afresh_s = frame.time_s
        elif self._looks_for_one and not lying and frame.time_s - self._afresh_s >= _AFRESH_S:
            self._landmarkers.one.forget()
            self._afresh_s = frame.time_s
        if self._give_back(frame.time_s, people[found] if found in lying else None):
            return None
        sure = self._followed.is_sure(frame.time_s)
        if found is None:
            if not sure:
                self._neighbours.reveal()
                self._followed.unsettle()
                return None
        elif found in lying or sure:
            self._followed.see(places[found])
        pose = self._exerciser(frame, None if found is None else people[found], len(lying))
        pose = pose and self._resting_legs.tell(seen, pose)
        return replace(pose, neighbour_hidden=True) if pose and self._neighbours.is_hidden else pose

    def _detect(self, frame: Frame) -> list[Pose]:
        """The people in the part of the picture that is looked at; else those in the picture, or somebody who is found
        lying in a part of it where nobody is found in all of it.
        """
        frame = self._view.prepare(frame)
        if self._view.part != self._part:  # It would go on looking where somebody was in another picture.
            self._landmarkers.one.forget()
            self._part = self._view.part
        if self._view.part is not None:
            return closer.detect(self._landmarkers.one, frame, self._view.part)
        self._decide_how_many(frame.time_s)
        people = self._landmarker().detect(frame)
        if not self._view.is_search_due(frame) or any(map(is_lying_on_back, people)):
            return people
        return self._view.search(frame, self._landmarkers.anywhere) or people

    def _decide_how_many(self, time_s: float) -> None:
        """Look for one person or for `MAX_PEOPLE` from now on."""
        if isnan(self._crowded_s):
            self._crowded_s = time_s
        if time_s - self._wrong_s > REACQUIRE_AFTER_S:
            self._looks_for_one = False
        elif time_s - self._crowded_s > _ALONE_S:
            self._looks_for_one = True

    def _landmarker(self) -> Landmarker:
        return self._landmarkers.one if self._looks_for_one else self._landmarkers.several

    def _exerciser(self, frame: Frame, chosen: Pose | None, lying: int) -> Pose | None:
        """The person chosen, or from now on somebody beside, with the number of people who lie where it is known.

        None is chosen while the one who is followed is out of sight: the model may find a body that is made of both.
        """
        if not self._looks_for_one:
            return _among(2.0 if self._neighbours.is_hidden else float(lying), chosen)
        followed = self._followed.place
        if chosen and not self._neighbours.is_there:
            self._surroundings.see(frame, chosen)
        lively = self._surroundings.is_lively
        if followed is None or not self._neighbours.is_glance_due(frame.time_s, followed, lively=lively):
            return _among(2.0, chosen) if self._neighbours.is_there else chosen
        exercises = self._neighbours.exercises(followed)
        still = chosen if exercises else self._neighbours.as_lying(followed, chosen)
        if still is None:
            return None
        other = self._look_beside(frame, still)
        if other is None:
            return chosen if exercises else _among(1.0, chosen)
        place = angles.place(frame.time_s, other)
        self._neighbours.see_beside(place, other, followed)
        if exercises:
            return _among(2.0 if self._neighbours.is_there else nan, chosen)
        if not self._neighbours.has_raised(place):
            # Who moves may have begun a rep: the counter takes another body for the person once it stays. How many lie
            # is left open: at a seam this must not be taken for the one who is followed for good.
            return other if self._neighbours.moves(place) else _among(2.0, chosen)
        self._landmarkers.change_places()
        self._neighbours.change_places(still, followed)
        self._followed.change_to(place)
        self._view.look_at(closer.around(other, frame) if closer.fits(other, frame) else None)
        return _among(2.0, other)

    def _give_back(self, time_s: float, pose: Pose | None) -> bool:
        """Follow again who was painted out if the one who is followed instead is not there; whether that is so."""
        place = self._neighbours.take_back(time_s, pose)
        if place is None:
            return False
        self._landmarkers.change_places()
        self._followed.change_to(replace(place, time_s=time_s))
        self._view.look_at(None)
        self._looks_for_one = True
        return True

    def _look_beside(self, frame: Frame, followed: Pose) -> Pose | None:
        """Somebody who lies in the picture without the person followed."""
        others = _large_enough(frame, self._landmarkers.beside.detect(paint_out(frame, [followed])))
        other = self._neighbours.among(others, followed)
        if others and other is None:  # Made up, or far away: detected anew, or else the model would go on with that.
            self._landmarkers.beside.forget()
        return other


class _Landmarkers:
    """Those of one tracker, four at most, about 65 MB each, opened when first needed and kept."""

    def __init__(self, model: Path) -> None:
        self._model = model
        self._opened: dict[str, Landmarker] = {}

    @property
    def one(self) -> Landmarker:
        """Follows a single person."""
        return self._kept("one")

    @property
    def several(self) -> Landmarker:
        """Follows `MAX_PEOPLE`."""
        return self._kept("several", MAX_PEOPLE)

    @property
    def beside(self) -> Landmarker:
        """Follows somebody beside the single person."""
        return self._kept("beside")

    @property
    def anywhere(self) -> Landmarker:
        """Searches parts of the picture and follows nobody."""
        return self._kept("anywhere", follow=False)

    def _kept(self, name: str, people: int = 1, *, follow: bool = True) -> Landmarker:
        # A cached property of Python 3.11 holds one lock for all objects: two trackers would load one after the other.
        if name not in self._opened:
            self._opened[name] = Landmarker(self._model, people, follow=follow)
        return self._opened[name]

    def change_places(self) -> None:
        """Whoever is beside is the single person from now on."""
        self._opened["one"], self._opened["beside"] = self.beside, self.one

    def forget(self) -> None:
        """Another scene begins."""
        for landmarker in self._opened.values():
            landmarker.forget()

    def close(self) -> None:
        """Free them all."""
        for landmarker in self._opened.values():
            landmarker.close()


def _among(people: float, pose: Pose | None) -> Pose | None:
    """Somebody of so many who lie."""
    return pose and replace(pose, people_lying=people)


def _large_enough(frame: Frame, people: list[Pose]) -> list[Pose]:
    least_px = _TINY * max(frame.image.shape[:2])
    return [pose for pose in people if trunk_px(pose) >= least_px]
