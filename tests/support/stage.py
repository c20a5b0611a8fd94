"""A live session played by a stick figure: what a coach sees when somebody does this and that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from repcount.coaching.coach import Coach
from repcount.coaching.events import Cue, LiveUpdate
from repcount.coaching.session import SessionGoals
from repcount.config import Config
from repcount.types import Frame, Pose, Rep, RepRemoved, Update
from support.bodies import Body, pose
from support.signals import Shape

HZ = 15.0
_ROOM = np.full((720, 1280, 3), 128, dtype=np.uint8)
_DARK = np.full((720, 1280, 3), 5, dtype=np.uint8)

LYING = Body(left=4, right=4)
SITTING = Body(left=80, right=80, trunk=75)


@dataclass
class Stage:
    """Plays scenes one after the other and keeps what came of them."""

    aims: SessionGoals = field(default_factory=SessionGoals)
    config: Config = field(default_factory=Config)
    earlier: int = 0
    """Full reps of the day before this session."""
    time_s: float = 0.0
    moments: list[LiveUpdate] = field(default_factory=list)
    kept: list[Rep | RepRemoved] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.coach = Coach(self.config, self.aims, self._keep, self.earlier)

    def _keep(self, update: Update) -> int:
        self.kept += [event for event in update.events if isinstance(event, Rep | RepRemoved)]
        removed = {event.number for event in self.kept if isinstance(event, RepRemoved)}
        reps = [event for event in self.kept if isinstance(event, Rep)]
        return self.earlier + sum(rep.full for rep in reps if rep.number not in removed)

    def see(self, who: Pose | None, people: int = 1, *, dark: bool = False, camera_hz: float = 30.0) -> None:
        """One frame."""
        frame = Frame(self.time_s, _DARK if dark else _ROOM)
        self.moments.append(self.coach.see(frame, who, people if who else 0, camera_hz))
        self.time_s += 1 / HZ

    def play(self, seconds: float, body: Callable[[float], Body | None], people: int = 1) -> None:
        """A scene: the body at each time of it."""
        for step in range(round(seconds * HZ)):
            now = body(step / HZ)
            self.see(pose(now) if now else None, people)

    def lie(self, seconds: float, body: Body = LYING) -> None:
        self.play(seconds, lambda _: body)

    def leave(self, seconds: float, *, dark: bool = False) -> None:
        for _ in range(round(seconds * HZ)):
            self.see(None, dark=dark)

    def raises(self, *shapes: Shape, knee: float = 180.0) -> None:
        """Reps one after another."""
        for shape in shapes:
            self.play(shape.length_s, lambda t, shape=shape: _legs(shape.flexion(t), knee))  # type: ignore[misc]

    def sit_up(self, seconds: float) -> None:
        self.play(1.0, lambda t: replace(LYING, trunk=75 * t, left=4 + 76 * t, right=4 + 76 * t))
        self.play(seconds, lambda _: SITTING)

    def lie_down(self) -> None:
        self.play(1.0, lambda t: replace(LYING, trunk=75 * (1 - t), left=80 - 76 * t, right=80 - 76 * t))

    @property
    def told(self) -> list[tuple[Cue, int]]:
        return [(notice.cue, notice.number) for moment in self.moments for notice in moment.announcements]

    @property
    def says(self) -> list[Cue]:
        return [say for say, _ in self.told]

    def when(self, say: Cue) -> list[float]:
        return [moment.time_s for moment in self.moments for notice in moment.announcements if notice.cue is say]

    @property
    def reps(self) -> list[Rep]:
        return [event for event in self.kept if isinstance(event, Rep)]

    @property
    def counts(self) -> Iterator[int]:
        return (number for say, number in self.told if say is Cue.COUNT)

    @property
    def now(self) -> LiveUpdate:
        return self.moments[-1]


def _legs(flexion: float, knee: float) -> Body:
    bend = 180 - (180 - knee) * min(flexion / 60, 1.0)
    return Body(left=flexion, right=flexion, left_knee=bend, right_knee=bend)
