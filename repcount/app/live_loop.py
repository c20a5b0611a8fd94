"""The loop of a live session: frames, keys and the passing of time go to the coach, what it decides to all views."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import wait
from dataclasses import dataclass, field, replace
from typing import Protocol

from repcount import interrupts
from repcount.analysis import Analysis, AnalysisBuilder, Source
from repcount.app.aside import Aside
from repcount.app.event_recorder import EventRecorder
from repcount.app.executor import HANG_S, POLL_S
from repcount.coaching.coach import Coach
from repcount.coaching.events import Announcement, Command, Cue, LiveUpdate
from repcount.coaching.phrases import english_text
from repcount.coaching.session import SessionGoals
from repcount.config import Config
from repcount.interrupts import InterruptGuard
from repcount.libraries import MORE_MEMORY
from repcount.pose.tracker import PersonTracker
from repcount.types import AnalysisWarning, Frame, Pose, WarningCode
from repcount.video.camera import Camera
from repcount.video.diagnostics import CameraFault, CameraFaultKind

_MAX_WAIT_S = 0.25
"""Longest wait for a frame before keys and timers are served. Heuristic: keys must not feel slow."""

_EARLY = 0.25
"""Share of a frame interval by which a frame may come early; without it, of a camera with 24 frames a second only
every second frame would be used. Heuristic."""

_LEAVING_S = 0.5
"""How long a signal waits for the picture that is looked at. Heuristic: ten times what one takes, and little enough of
the two seconds in which a signal has to end the session."""

_CAMERA_CUES = {
    CameraFaultKind.LOST: Cue.CAMERA_LOST,
    CameraFaultKind.BUSY: Cue.CAMERA_BUSY,
    CameraFaultKind.REFUSED: Cue.CAMERA_REFUSED,
    CameraFaultKind.FROZEN: Cue.CAMERA_FROZEN,
    CameraFaultKind.BACK: Cue.CAMERA_BACK,
    CameraFaultKind.SLOW: Cue.CAMERA_SLOW,
}


class View(Protocol):
    """Shows live updates."""

    def show(self, update: LiveUpdate) -> None:
        """Show one update; must return quickly."""


class BackgroundView(View, Protocol):
    """A view that the session can do without."""

    @property
    def trouble(self) -> str | None:
        """What is wrong with it, for people; None while it works."""


class InteractiveView(View, Protocol):
    """A view with keys."""

    def commands(self) -> list[Command]:
        """The commands of the keys pressed since the last call."""


@dataclass(frozen=True, slots=True)
class Session:
    """Everything that takes part in a live session."""

    camera: Camera
    tracker: PersonTracker
    config: Config
    goals: SessionGoals
    recorder: EventRecorder
    interactive: Sequence[InteractiveView]
    background: Sequence[BackgroundView]
    note: Callable[[str], None]
    """Prints a note."""
    aside: Aside = field(default_factory=Aside)
    """Where the tracker works."""
    reported: dict[int, str | None] = field(default_factory=dict)
    """What was wrong with each background view when that was last looked at."""

    def show(self, update: LiveUpdate, *, last: bool = False) -> None:
        """Show an update in all views, the quick ones first, with what may be announced now."""
        update = self.recorder.release(update, last=last)
        for number, view in enumerate(self.background):
            view.show(update)
            before, trouble = self.reported.get(number), view.trouble
            self.reported[number] = trouble
            if trouble and trouble != before:
                self.note(f"note: {trouble}")
        for interactive in self.interactive:
            interactive.show(update)


@dataclass(slots=True)
class Outcome:
    """How a live session ended."""

    analysis: Analysis
    signal: int | None = None
    """The signal that ended it."""
    camera_lost: bool = False
    """Whether the camera stopped giving frames, or MediaPipe to look at them."""

    @property
    def exit_code(self) -> int:
        """128 plus the signal, as shells expect; 1 if the camera was lost; 0 if the user ended it."""
        if self.signal is not None:
            return 128 + self.signal
        return 1 if self.camera_lost else 0


def run(session: Session, guard: InterruptGuard, save: Callable[[Analysis], None] = lambda _: None) -> Outcome:
    """Count until a key, a signal or the camera ends the session.

    Where this thread hangs and a signal ends the program, another thread has `save` write what was counted until then.
    """
    builder = AnalysisBuilder()

    def result(*, interrupted: bool) -> Analysis:
        source = Source(camera.source, camera.now_s(), camera.width, camera.height, camera.captured, builder.samples)
        return builder.result(source, session.config, interrupted=interrupted)

    def leave() -> str:
        save(result(interrupted=True))
        return ""

    session.recorder.sinks.insert(0, builder)
    coach = Coach(session.config, session.goals, session.recorder, session.recorder.today)
    camera = session.camera
    guard.delayed = True
    interrupts.unfinished[guard] = leave
    try:
        hangs = _loop(session, coach, guard)
        session.show(coach.end(camera.now_s()), last=True)
        analysis = result(interrupted=guard.signal is not None)
        guard.requested()  # what ended the session does not end the waiting for its history
        session.recorder.end(camera.now_s(), patience=guard.signal is None, cancelled=guard.requested)
    finally:
        del interrupts.unfinished[guard]
    return Outcome(_with_obstacle(analysis, coach.obstacle), guard.signal, camera.lost_for_good or hangs)


def _loop(session: Session, coach: Coach, guard: InterruptGuard) -> bool:
    """Analyse the frames that are due, and serve keys and timers in between; whether MediaPipe got no further."""
    camera, interval_s = session.camera, 1 / session.config.rate_hz
    due_s = 0.0
    while guard.signal is None and not camera.ended:
        event = camera.next(_MAX_WAIT_S, due_s - _EARLY * interval_s)
        if isinstance(event, Frame):
            due_s = max(due_s + interval_s, event.time_s + 0.5 * interval_s)
            try:
                pose = _track(session, event, guard)
            except TimeoutError:
                if guard.signal is None:
                    session.note(f"MediaPipe got no further with a picture in {HANG_S:g} s. {MORE_MEMORY}")
                return guard.signal is None
            update = coach.see(event, pose, session.tracker.people, camera.rate_hz)
        else:
            if isinstance(event, CameraFault):
                session.note(event.text)
                coach.camera_fault(Announcement(_CAMERA_CUES[event.kind], round(event.number)))
            update = coach.idle(camera.now_s())
        session.show(update)
        for command in [command for view in session.interactive for command in view.commands()]:
            if command is Command.QUIT:
                return False
            coach.command(command, camera.now_s())
    return False


def _track(session: Session, frame: Frame, guard: InterruptGuard) -> Pose | None:
    """Find the pose in a frame. Raises TimeoutError where MediaPipe gets no further with it, soon after a signal."""
    tracking = session.aside.submit(lambda: session.tracker.track(frame))
    waits = interrupts.waits(HANG_S, POLL_S, _LEAVING_S, lambda: guard.signal is not None)
    if not any(wait([tracking], POLL_S).done for _ in waits):
        raise TimeoutError
    return tracking.result()


def _with_obstacle(analysis: Analysis, obstacle: Cue | None) -> Analysis:
    """The analysis with what prevented counting to the end, instead of that nobody was found."""
    if obstacle in (None, Cue.NOBODY):
        return analysis
    warning = AnalysisWarning(WarningCode.NEVER_READY, obstacle=english_text(Announcement(obstacle)))
    others = [other for other in analysis.warnings if other.code is not WarningCode.NOBODY_FOUND]
    return replace(analysis, warnings=(warning, *others))
