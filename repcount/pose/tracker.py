"""Follow one person, the one lying down, through the frames of a video or camera."""

from __future__ import annotations

from contextlib import ExitStack
from math import isnan, nan
from pathlib import Path
from types import TracebackType
from typing import Self

from repcount.pose import angles
from repcount.pose.landmarker import Landmarker
from repcount.types import Frame, Pose

MAX_PEOPLE = 3
"""People looked for while it is open whom to follow. Heuristic: whoever exercises, a trainer and a passer-by."""

REACQUIRE_AFTER_S = 1.0
"""With nobody lying for this long, everybody in the picture is looked at again. Heuristic: it may be the trainer who is
followed."""

_ALONE_S = 3.0
"""After this long with nobody in the picture but one person lying, that person alone is looked for. Heuristic."""


class PersonTracker:
    """Tracks the person lying down. A context manager.

    One person is followed for as long as that person lies down now and then. Otherwise up to `MAX_PEOPLE` are looked
    at and one who lies is chosen, preferably the one followed before.

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
        self._lying_s = nan
        self._crowded_s = nan
        self._chosen: Pose | None = None
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
        """The person lying down in `frame`, else anybody, else None. The times of the frames must rise."""
        people = self._landmarker(self._people_to_look_for(frame.time_s)).detect(frame)
        self.people = len(people)
        lying = [pose for pose in people if angles.is_lying(pose)]
        if len(people) != 1 or not lying:
            self._crowded_s = frame.time_s
        if lying:
            self._lying_s = frame.time_s
            self._chosen = min(lying, key=lambda pose: angles.hip_distance_px(pose, self._chosen))
            return self._chosen
        return people[0] if people else None

    def _people_to_look_for(self, time_s: float) -> int:
        if isnan(self._lying_s):
            self._lying_s = self._crowded_s = time_s
        if time_s - self._lying_s > REACQUIRE_AFTER_S:
            self._looked_for = MAX_PEOPLE
        elif time_s - self._crowded_s > _ALONE_S:
            self._looked_for = 1
        return self._looked_for
