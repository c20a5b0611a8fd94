"""Frames of a recorded file → samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from repcount import posture
from repcount.capture import Video
from repcount.landmarks import Landmarker
from repcount.records import Frame, Pose, Sample

_CROWD = 3
_LOOK_ROUND_S = 1.0
"""Nobody lying for this long: perhaps it is the trainer who is followed. A choice."""

_ALONE_S = 3.0
"""Nobody but the one who lies for this long: one is enough to follow again. A choice."""


class Finder:
    """Finds the person who lies. A context manager.

    One person is followed as long as that one lies down now and then; otherwise all are looked at, and the
    one who lies is taken, the one taken last first.
    """

    def __init__(self, model: Path, *, look_round: bool = False) -> None:
        """Load the pose model. With `look_round` all are looked at from the first frame. Raises ModelError."""
        self._model = model
        self._stack = ExitStack()
        self._landmarkers: dict[int, Landmarker] = {}
        self._looked_for = _CROWD if look_round else 1
        self._landmarker(self._looked_for)
        self._lying_s = 0.0
        self._crowded_s = 0.0
        self._taken: Pose | None = None
        self.people = 0
        """How many were found in the last frame."""

    def _landmarker(self, people: int) -> Landmarker:
        if people not in self._landmarkers:
            self._landmarkers[people] = self._stack.enter_context(Landmarker(self._model, people))
        return self._landmarkers[people]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def find(self, frame: Frame) -> Pose | None:
        """The person who lies in `frame`, else anybody, else None."""
        people = self._landmarker(self._choose(frame.time_s)).find(frame)
        self.people = len(people)
        lying = [pose for pose in people if posture.lies(pose)]
        if len(people) != 1 or not lying:
            self._crowded_s = frame.time_s
        if lying:
            self._lying_s = frame.time_s
            self._taken = min(lying, key=lambda pose: posture.distance_px(pose, self._taken))
            return self._taken
        return people[0] if people else None

    def _choose(self, time_s: float) -> int:
        """How many people to look for now."""
        if time_s - self._lying_s > _LOOK_ROUND_S:
            self._looked_for = _CROWD
        elif time_s - self._crowded_s > _ALONE_S:
            self._looked_for = 1
        return self._looked_for


def samples(
    video: Video, finder: Finder, rate_hz: float, saw: Callable[[float, Pose | None], None] | None = None
) -> Iterator[Sample]:
    """The samples of a video, about `rate_hz` of them a second; `saw` is told the pose of each."""
    side = ""
    for frame in video.frames(rate_hz):
        pose = finder.find(frame)
        if saw is not None:
            saw(frame.time_s, pose)
        sample = posture.sample(frame.time_s, pose, side)
        side = sample.side
        yield sample
