"""Counting in front of the camera: frames in, moments out, until somebody or something ends it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from repcount.analysis import Analysis, AnalysisBuilder, Source
from repcount.camera import Camera, CameraFault
from repcount.coach import Coach
from repcount.config import Config
from repcount.errors import HistoryError
from repcount.interrupt import InterruptGuard
from repcount.moment import Announcement, Command, LiveUpdate
from repcount.pipeline import Sink
from repcount.records import Frame, Rep, Update
from repcount.session import SessionGoals
from repcount.sinks.history import SessionRecorder
from repcount.tracker import PersonTracker

_WAIT_S = 0.25
"""Longest wait for a frame before keys and clocks are looked at again. A choice."""


_EARLY = 0.25
"""A frame may come this share of an interval too early, or a camera of 24 frames a second would give only every
second one of them. A choice."""


class View(Protocol):
    """Shows or says moments."""

    def show(self, moment: LiveUpdate) -> None:
        """Show one moment; must not take long."""


class BackgroundView(View, Protocol):
    """A screen without which a session goes on."""

    @property
    def trouble(self) -> str | None:
        """What is wrong with it, for people; None while all is well."""


class InteractiveView(View, Protocol):
    """A screen with keys."""

    def commands(self) -> list[Command]:
        """What the keys pressed since the last time ask for."""


@dataclass(slots=True)
class EventRecorder:
    """Puts updates on the record: the history first, so that nothing is told that is not kept."""

    history: SessionRecorder | None
    """None where none can be kept."""
    full_today: Callable[[], int]
    """The day's full reps in the history. Raises HistoryError."""
    note: Callable[[str], None]
    sinks: list[Sink] = field(default_factory=list)
    today: int = 0
    failing: bool = False

    def __call__(self, update: Update) -> int:
        """Keep one update; returns the day's full reps."""
        if update.events:
            self._keep(update)
        for sink in self.sinks:
            sink.write(update)
        return self.today

    def end(self, time_s: float) -> None:
        """Close the record at the end of the session."""
        if self.history is not None:
            try:
                self.history.end(time_s)
            except HistoryError as error:
                self.note(f"{error}. {self.history.waiting} reps of this session are not in the history")

    def _keep(self, update: Update) -> None:
        """Into the history; what cannot be written now is tried again with the next rep."""
        self.today += sum(isinstance(event, Rep) and event.full for event in update.events)
        if self.history is None:
            return
        try:
            self.history.write(update)
            self.today = self.full_today()
            self.failing = False
        except HistoryError as error:
            if not self.failing:
                self.note(f"{error}. Counting goes on, and writing is tried again with every rep")
            self.failing = True


@dataclass(slots=True)
class Outcome:
    """How a live session ended."""

    analysis: Analysis
    signal: int | None = None
    """The signal that ended it."""
    camera_lost: bool = False
    """Whether the camera gave no picture any more."""

    @property
    def exit_code(self) -> int:
        """0 where somebody ended it, 1 where the camera did, and what shells expect of signals."""
        if self.signal is not None:
            return 128 + self.signal
        return 1 if self.camera_lost else 0


@dataclass(frozen=True, slots=True)
class Session:
    """What takes part in a live session."""

    camera: Camera
    tracker: PersonTracker
    config: Config
    aims: SessionGoals
    record: EventRecorder
    desks: Sequence[InteractiveView]
    """Screens with keys, which can also end the session."""
    helpers: Sequence[BackgroundView]
    note: Callable[[str], None]
    """Tells what happens, beside the screens."""
    troubles: set[str] = field(default_factory=set)
    """Those of the helpers that were told."""

    def show(self, moment: LiveUpdate) -> None:
        """Hand a moment to all screens, the quick ones first."""
        for helper in self.helpers:
            helper.show(moment)
            if helper.trouble and helper.trouble not in self.troubles:
                self.troubles.add(helper.trouble)
                self.note(f"note: {helper.trouble}")
        for desk in self.desks:
            desk.show(moment)


def run(live: Session, stop: InterruptGuard) -> Outcome:
    """Count until a key, `stop` or the camera ends it."""
    tally = AnalysisBuilder()
    live.record.sinks.insert(0, tally)
    coach = Coach(live.config, live.aims, live.record, live.record.today)
    camera = live.camera
    stop.delayed = True
    _count(live, coach, stop)
    live.show(coach.end(camera.now_s()))
    source = Source(camera.source, camera.now_s(), camera.width, camera.height, camera.captured, tally.samples)
    live.record.end(camera.now_s())
    analysis = tally.result(source, live.config, interrupted=stop.signal is not None)
    return Outcome(analysis, stop.signal, camera.lost_for_good)


def _count(live: Session, coach: Coach, stop: InterruptGuard) -> None:
    due_s = 0.0
    while stop.signal is None and not live.camera.ended:
        got = live.camera.next(_WAIT_S, due_s - _EARLY / live.config.rate_hz)
        if isinstance(got, Frame):
            due_s = max(due_s + 1 / live.config.rate_hz, got.time_s + 0.5 / live.config.rate_hz)
            moment = coach.see(got, live.tracker.track(got), live.tracker.people, live.camera.rate_hz)
        else:
            if isinstance(got, CameraFault):
                live.note(got.text)
                coach.trouble(Announcement(got.say, round(got.number)))
            moment = coach.idle(live.camera.now_s())
        live.show(moment)
        for command in [command for desk in live.desks for command in desk.commands()]:
            if command is Command.QUIT:
                return
            coach.command(command, live.camera.now_s())
