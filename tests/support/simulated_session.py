"""A live session acted by a stick figure: scenes in, live updates and recorded reps out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from repcount.coaching.coach import Coach
from repcount.coaching.events import Cue, LiveUpdate
from repcount.coaching.session import SessionGoals
from repcount.config import Config
from repcount.types import Frame, Pose, Rep, RepRemoved, TargetSet, Update
from support.bodies import Body, pose
from support.signals import Shape

HZ = 15.0
_ROOM = np.full((720, 1280, 3), 128, dtype=np.uint8)
_DARK = np.full((720, 1280, 3), 5, dtype=np.uint8)

LYING = Body(left=4, right=4)
SITTING = Body(left=80, right=80, trunk=75)


@dataclass
class SimulatedSession:
    """Plays scenes one after another to a Coach, and keeps its updates and the reps it recorded."""

    goals: SessionGoals = field(default_factory=SessionGoals)
    config: Config = field(default_factory=Config)
    earlier: int = 0
    """Full reps of the day before this session."""
    time_s: float = 0.0
    updates: list[LiveUpdate] = field(default_factory=list)
    recorded: list[Rep | RepRemoved | TargetSet] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.coach = Coach(self.config, self.goals, self._record, self.earlier)

    def _record(self, update: Update) -> int:
        self.recorded += [event for event in update.events if isinstance(event, Rep | RepRemoved | TargetSet)]
        removed = {event.number for event in self.recorded if isinstance(event, RepRemoved)}
        reps = [event for event in self.recorded if isinstance(event, Rep)]
        in_reach = {number for event in self.recorded if isinstance(event, TargetSet) for number in event.numbers}
        return self.earlier + sum(rep.full or rep.number in in_reach for rep in reps if rep.number not in removed)

    def see(
        self,
        who: Pose | None,
        people: int = 1,
        *,
        dark: bool = False,
        camera_hz: float = 30.0,
        image: NDArray[np.uint8] | None = None,
    ) -> None:
        """Show one frame of the room with `who` in it; `image` is what else the camera sees."""
        frame = Frame(self.time_s, image if image is not None else _DARK if dark else _ROOM)
        self.updates.append(self.coach.see(frame, who, people if who else 0, camera_hz))
        self.time_s += 1 / HZ

    def play(self, seconds: float, body: Callable[[float], Body | None], people: int = 1) -> None:
        """Play a scene: `body` maps seconds since its start to a body."""
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
    def announced(self) -> list[tuple[Cue, int]]:
        return [
            (announcement.cue, announcement.number) for update in self.updates for announcement in update.announcements
        ]

    @property
    def cues(self) -> list[Cue]:
        return [cue for cue, _ in self.announced]

    def when(self, cue: Cue) -> list[float]:
        return [
            update.time_s for update in self.updates for announcement in update.announcements if announcement.cue is cue
        ]

    @property
    def reps(self) -> list[Rep]:
        return [event for event in self.recorded if isinstance(event, Rep)]

    @property
    def counts(self) -> Iterator[int]:
        return (number for cue, number in self.announced if cue is Cue.COUNT)

    @property
    def now(self) -> LiveUpdate:
        return self.updates[-1]


def _legs(flexion: float, knee: float) -> Body:
    bend = 180 - (180 - knee) * min(flexion / 60, 1.0)
    return Body(left=flexion, right=flexion, left_knee=bend, right_knee=bend)
