"""Follow one person, the one lying down, through the frames of a video or camera."""

from __future__ import annotations

from contextlib import ExitStack
from math import hypot, isnan, nan
from pathlib import Path
from types import TracebackType
from typing import Self

from repcount.counting import identity
from repcount.pose import angles
from repcount.pose.landmarker import Landmarker
from repcount.types import Frame, Pose, Sample

MAX_PEOPLE = 3
"""People looked for while it is open whom to follow. Heuristic: whoever exercises, a trainer and a passer-by."""

REACQUIRE_AFTER_S = 1.0
"""After this long with somebody in the picture who does not lie, or who is not the person followed, everybody is looked
at again. Heuristic. Where nobody is found at all, looking for three finds nobody either: it is the same detector, and a
person who is followed alone is kept longer."""

_ALONE_S = 3.0
"""After this long with nobody in the picture but one person lying, that person alone is looked for. Heuristic."""

_GONE_S = 3.0
"""Once the person followed has been out of sight for this long, anybody who lies may be followed. Until then nobody
else is taken for that person: a plant or a sofa is detected for a second or two when the legs go down. Heuristic."""

_SURE_S = 0.5
"""Somebody followed for less than this may be a false detection: the model's first poses of a person who is hard to see
may lie the wrong way round. Heuristic."""


class PersonTracker:
    """Tracks the person lying on the back. A context manager.

    One person is followed for as long as that person lies down now and then. Otherwise up to `MAX_PEOPLE` are looked
    at and one who lies is chosen. The person followed before is recognised by place, size and the side of the head, not
    by the order in which the model lists people.

    Holds at most two landmarkers, about 65 MB each: one that follows a single person and one for `MAX_PEOPLE`. Each
    is opened when first needed and kept.
    """

    def __init__(self, model: Path, *, look_round: bool = False) -> None:
        """Load the pose model. `look_round`: look at `MAX_PEOPLE` from the first frame on. Raises ModelError."""
        self._model = model
        self._stack = ExitStack()
        self._landmarkers: dict[int, Landmarker] = {}
        self._looked_for = MAX_PEOPLE if look_round else 1
        self._landmarker(self._looked_for)
        self._wrong_s = nan
        """Since when the frames that were looked at show people but not the person followed, lying; NaN while they do.
        Frames that were skipped say nothing."""
        self._crowded_s = nan
        self._chosen: Sample | None = None
        self._since_s = nan
        self.people = 0
        """Number of people found in the last frame."""

    def _landmarker(self, people: int) -> Landmarker:
        if people not in self._landmarkers:
            self._landmarkers[people] = self._stack.enter_context(Landmarker(self._model, people))
        return self._landmarkers[people]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free the pose model."""
        self._stack.close()

    def track(self, frame: Frame) -> Pose | None:
        """The person lying on the back in `frame`, else None; anybody before somebody has lain down.

        The times of the frames must rise.
        """
        people = self._landmarker(self._people_to_look_for(frame.time_s)).detect(frame)
        self.people = len(people)
        places = [angles.place(frame.time_s, pose) for pose in people]
        lying = [angles.is_lying_on_back(pose) for pose in people]
        found = self._choose(frame.time_s, places, lying)
        lies = found is not None and lying[found]
        if len(people) != 1 or not lies:
            self._crowded_s = frame.time_s
        if lies or not people:
            self._wrong_s = nan
        elif isnan(self._wrong_s):
            self._wrong_s = frame.time_s
        if found is None:
            return None
        if lies or self._is_committed(frame.time_s):
            if self._chosen is None or not identity.is_same_body(self._chosen, places[found]):
                self._since_s = frame.time_s
            self._chosen = places[found]
        return people[found]

    def _is_committed(self, time_s: float) -> bool:
        """Whether only the person followed so far may be chosen."""
        if self._chosen is None or time_s - self._chosen.time_s > _GONE_S:
            return False
        return self._chosen.time_s - self._since_s >= _SURE_S

    def _choose(self, time_s: float, places: list[Sample], lies: list[bool]) -> int | None:
        """The index of the person followed before, or else of somebody who lies, the largest first."""
        same = [
            i
            for i, place in enumerate(places)
            if self._chosen is not None and identity.is_same_body(self._chosen, place)
        ]
        if self._is_committed(time_s) or any(lies[i] for i in same):
            return min(same, key=lambda i: (not lies[i], self._distance_px(places[i])), default=None)
        return max(range(len(places)), key=lambda i: (lies[i], places[i].trunk_px), default=None)

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
