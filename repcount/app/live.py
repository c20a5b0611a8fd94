"""A live session: camera, pose model, history, window and voice are set up, run and closed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from repcount import files
from repcount.analysis import Analysis, AnalysisBuilder, Source
from repcount.app import analyze
from repcount.app.console import ConsoleReporter, OutputOptions
from repcount.audio.client import VoiceClient
from repcount.coaching.coach import Coach
from repcount.coaching.events import Announcement, Command, Cue, LiveUpdate
from repcount.coaching.session import SessionGoals
from repcount.config import Config
from repcount.display.terminal import LiveTerminal
from repcount.display.window import Window, display_problem
from repcount.errors import HistoryError, OutputError
from repcount.files import AtomicFile, is_special
from repcount.history.store import HistoryStore, SessionRecorder, default_path
from repcount.interrupts import InterruptGuard
from repcount.pipeline import Sink
from repcount.pose import model as pose_model
from repcount.pose.tracker import PersonTracker
from repcount.types import Frame, Rep, Update
from repcount.video.camera import Camera, open_camera
from repcount.video.clock import clock_s
from repcount.video.diagnostics import CameraFault, CameraFaultKind
from repcount.video.writer import BackgroundVideoWriter

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


_CAMERA_CUES = {
    CameraFaultKind.LOST: Cue.CAMERA_LOST,
    CameraFaultKind.BUSY: Cue.CAMERA_BUSY,
    CameraFaultKind.REFUSED: Cue.CAMERA_REFUSED,
    CameraFaultKind.FROZEN: Cue.CAMERA_FROZEN,
    CameraFaultKind.BACK: Cue.CAMERA_BACK,
    CameraFaultKind.SLOW: Cue.CAMERA_SLOW,
}
"""What the person is told of a camera fault."""


@dataclass(frozen=True, slots=True)
class _RecordingView:
    """Records every captured frame that is shown."""

    writer: BackgroundVideoWriter

    @property
    def trouble(self) -> str | None:
        """What went wrong with the recording, None while nothing has."""
        return self.writer.trouble

    def show(self, update: LiveUpdate) -> None:
        """Record the frame of one update, if it has one."""
        if update.frame is not None:
            self.writer.write(update.frame)


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
                coach.trouble(Announcement(_CAMERA_CUES[got.kind], round(got.number)))
            moment = coach.idle(live.camera.now_s())
        live.show(moment)
        for command in [command for desk in live.desks for command in desk.commands()]:
            if command is Command.QUIT:
                return
            coach.command(command, live.camera.now_s())


@dataclass(frozen=True, slots=True)
class Sound:
    """What is to be heard."""

    kind: str = "voice"
    """`voice`, `tones` or `off`."""
    volume: float = 1.0
    """0 to 1."""
    pace: str | None = None
    """The tempo to tick, as raise/hold/lower/pause in seconds."""
    file: Path | None = None
    """A WAV file to write instead of the loudspeaker."""


@dataclass(frozen=True, slots=True)
class LiveOptions:
    """What a live session is asked to be."""

    camera: str
    aims: SessionGoals
    plan: str
    sound: Sound
    window: bool
    record: Path | None
    give_up_s: float
    force: bool
    """Whether recordings of picture and sound overwrite files that are there already."""
    now: Callable[[], datetime]
    """The calendar's clock, with its zone."""


def run_live_session(
    asked: LiveOptions, config: Config, model: Path | None, wanted: OutputOptions, told: ConsoleReporter
) -> int:
    """Hold a live session, then show and write its result; returns the exit code. Raises RepcountError."""
    named = [path for path in (wanted.csv, wanted.json, wanted.signal) if path is not None]
    others = [path for path in (asked.record, asked.sound.file) if path is not None]
    files.check_distinct([*named, *others], [Path(asked.camera)])
    with InterruptGuard() as stop, ExitStack() as stack:
        out = stack.enter_context(files.OutputSet(named, told, force=wanted.force))
        session = _set_up(asked, config, pose_model.ensure_model(model, told.note), told, stack)
        if wanted.signal is not None:
            session.record.sinks.append(analyze.SignalSink(out, wanted.signal))
        outcome = run(session, stop)
        analyze.write_reps([outcome.analysis], wanted, out)
    # At the very end: where the terminal is gone, this is not to cost the files.
    told.analysis(outcome.analysis, heading=False)
    return outcome.exit_code or told.exit_code()


def _set_up(asked: LiveOptions, config: Config, model: Path, told: ConsoleReporter, stack: ExitStack) -> Session:
    """All that takes part; what can be done without is told and left out."""
    voice = _voice(asked.sound, stack, force=asked.force)
    recording = _recording(asked, told, stack)
    # Both take their time; the camera has this thread, in which macOS asks whether it may be used.
    loading = stack.enter_context(ThreadPoolExecutor(1)).submit(PersonTracker, model, look_round=True)
    stack.callback(_close, loading)
    source = stack.enter_context(open_camera(asked.camera, give_up_s=asked.give_up_s))
    tracker = loading.result()
    record = _record(asked, config, told, stack)
    desks: list[InteractiveView] = [*_window(asked, told, stack), stack.enter_context(LiveTerminal(sys.stderr))]
    return Session(source, tracker, config, asked.aims, record, desks, [*voice, *recording], told.note)


def _close(loading: Future[PersonTracker]) -> None:
    if loading.exception() is None:
        loading.result().close()


def _recording(asked: LiveOptions, told: ConsoleReporter, stack: ExitStack) -> list[_RecordingView]:
    if asked.record is None:
        return []
    recording = BackgroundVideoWriter(asked.record, force=asked.force)

    stack.callback(_tell_of, recording, asked.record, told)
    return [_RecordingView(stack.enter_context(recording))]


def _tell_of(recording: BackgroundVideoWriter, path: Path, told: ConsoleReporter) -> None:
    if recording.trouble:
        told.failure(path, OutputError(recording.trouble))
    elif recording.dropped_frames:
        told.note(f"note: {recording.dropped_frames} frames are not in {path}: the machine was too slow")


def _record(asked: LiveOptions, config: Config, told: ConsoleReporter, stack: ExitStack) -> EventRecorder:
    started, begun_s = asked.now(), clock_s()
    try:
        history = stack.enter_context(HistoryStore(default_path(), told.note))
        recorder = history.begin(started, asked.camera, asked.plan, config)
    except HistoryError as error:
        told.note(f"{error}. Counting goes on without a history")
        return EventRecorder(None, lambda: 0, told.note)

    def full_today() -> int:
        # The day on which the reps are kept: the calendar may jump, by hand or twice a year, the session does not.
        return history.full_on((started + timedelta(seconds=clock_s() - begun_s)).date())

    return EventRecorder(recorder, full_today, told.note, today=full_today())


def _voice(sound: Sound, stack: ExitStack, *, force: bool) -> list[VoiceClient]:
    if sound.kind == "off":
        return []
    file = sound.file
    if file is not None and not is_special(file):
        file = stack.enter_context(AtomicFile(file, force=force)).path
    return [stack.enter_context(VoiceClient(sound.kind, sound.volume, sound.pace, file))]


def _window(asked: LiveOptions, told: ConsoleReporter, stack: ExitStack) -> list[Window]:
    if not asked.window:
        return []
    reason = display_problem()
    if reason is not None:
        told.note(f"{reason}. Counting goes on in the terminal")
        return []
    return [stack.enter_context(Window())]
