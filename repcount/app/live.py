"""A live session: counting in front of the camera, with window, voice and history."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, TextIO

from repcount import files, formats
from repcount.analysis import Analysis, AnalysisBuilder, Source
from repcount.app import analyze
from repcount.app.console import ConsoleReporter, OutputOptions
from repcount.app.event_recorder import EventRecorder
from repcount.audio.client import VoiceClient, check_voice
from repcount.audio.synthesis import WORDS_PER_MINUTE
from repcount.coaching.coach import Coach
from repcount.coaching.events import Announcement, Command, Cue, LiveUpdate
from repcount.coaching.phrases import spoken_text
from repcount.coaching.session import SessionGoals
from repcount.coaching.summary import Summary, summarize
from repcount.config import Config
from repcount.display import faces
from repcount.display.fonts import font_problem
from repcount.display.live_terminal import LiveTerminal
from repcount.display.window import Window, display_problem
from repcount.errors import HistoryError, OutputError
from repcount.files import AtomicFile, is_special
from repcount.history.file import default_path
from repcount.history.people import name_key
from repcount.history.store import HistoryStore, SessionRecorder
from repcount.history.writer import HistoryWriter
from repcount.interrupts import InterruptGuard
from repcount.pose import model as pose_model
from repcount.pose.tracker import PersonTracker
from repcount.types import AnalysisWarning, Frame, Update, WarningCode
from repcount.video.camera import Camera, open_camera
from repcount.video.clock import clock_s
from repcount.video.diagnostics import CameraFault, CameraFaultKind
from repcount.video.writer import BackgroundVideoWriter

_MAX_WAIT_S = 0.25
"""Longest wait for a frame before keys and timers are served. Heuristic: keys must not feel slow."""

_EARLY = 0.25
"""Share of a frame interval by which a frame may come early; without it, of a camera with 24 frames a second only
every second frame would be used. Heuristic."""

_SUMMARY_S = 60.0
"""The summary closes by itself after a minute: nobody has to get up."""

_SUMMARY_REFRESH_S = 0.05
"""How often keys are served and the window is drawn again then."""

_CAMERA_CUES = {
    CameraFaultKind.LOST: Cue.CAMERA_LOST,
    CameraFaultKind.BUSY: Cue.CAMERA_BUSY,
    CameraFaultKind.REFUSED: Cue.CAMERA_REFUSED,
    CameraFaultKind.FROZEN: Cue.CAMERA_FROZEN,
    CameraFaultKind.BACK: Cue.CAMERA_BACK,
    CameraFaultKind.SLOW: Cue.CAMERA_SLOW,
}

# --- options -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SoundOptions:
    """What to play."""

    kind: str = "voice"
    """`voice`, `tones` or `off`."""
    volume: float = 1.0
    """0 to 1."""
    pace: str | None = None
    """The tempo to tick, as raise/hold/lower/pause in seconds."""
    file: Path | None = None
    """A WAV file to write instead of playing."""
    voice: str | None = None
    """Name of the voice; None for the default one."""
    words_per_minute: int = WORDS_PER_MINUTE


@dataclass(frozen=True, slots=True)
class LiveOptions:
    """The options of a live session."""

    camera: str
    goals: SessionGoals
    plan: str
    """The plan as the user wrote it, for the history."""
    sound: SoundOptions
    window: bool
    record: Path | None
    """Where to record the frames as a video."""
    give_up_s: float
    """Seconds without a frame after which the session ends."""
    force: bool
    """Whether recordings of frames and sound overwrite existing files."""
    now: Callable[[], datetime]
    """The current date and time, with time zone."""
    blur_faces: bool = False
    """Whether the head of the person is made unrecognisable in the recording."""
    person: str | None = None
    """Whose session it is in the history."""
    target_deg: float | None = None
    """A target to keep for that person from now on."""
    history: bool = True
    """Whether the reps go into the history."""
    insecure: bool = False
    """Whether an encrypted stream is read whatever its certificate."""


# --- the session -------------------------------------------------------------------------------------------


def run_live_session(
    options: LiveOptions, config: Config, model: Path | None, output: OutputOptions, reporter: ConsoleReporter
) -> int:
    """Run a live session, then show and write its result; returns the exit code. Raises RepcountError."""
    outputs = [path for path in (output.csv, output.json, output.signal) if path is not None]
    recordings = [path for path in (options.record, options.sound.file) if path is not None]
    files.check_distinct([*outputs, *recordings], [Path(options.camera)])
    if options.sound.kind == "voice" and options.sound.voice is not None:
        check_voice(options.sound.voice)
    with InterruptGuard() as guard, ExitStack() as window_stack:
        with ExitStack() as stack:
            out = stack.enter_context(files.OutputSet(outputs, reporter, force=output.force))
            model = pose_model.ensure_model(model, reporter.note)
            session = open_session(options, config, model, reporter, stack, window_stack)
            if output.signal is not None:
                session.recorder.sinks.append(SignalSink(out, output.signal))
            outcome = run(session, guard)
            analyze.write_reps([outcome.analysis], output, out)
        # Last of all: if the terminal is gone, the files are written nevertheless.
        reporter.show_analysis(outcome.analysis, heading=False)
        if outcome.exit_code == 0 and outcome.analysis.reps:
            _show_summary(session, replace(summarize(outcome.analysis.reps), **session.before()), guard)
    return outcome.exit_code or reporter.exit_code()


def _show_summary(session: Session, summary: Summary, guard: InterruptGuard) -> None:
    """Show the result in the window, with everything else closed, until somebody closes it."""
    window = session.window
    until_s = clock_s() + _SUMMARY_S
    while window is not None and window.is_open and guard.signal is None and clock_s() < until_s:
        window.show_summary(summary)
        if window.closes_summary():
            return
        threading.Event().wait(_SUMMARY_REFRESH_S)


@contextmanager
def without_native_log(reporter: ConsoleReporter) -> Iterator[None]:
    """Drop what native libraries write to stderr. What Python and `reporter` write to `sys.stderr` still gets there.

    MediaPipe logs from threads of its own, at times that nobody knows, in the middle of the status line.
    """
    original, saved = sys.stderr, os.dup(2)
    ours = _reopened(original, saved)
    sys.stderr = ours or original
    streams = reporter.results, reporter.notes
    reporter.results, reporter.notes = (sys.stderr if stream is original else stream for stream in streams)
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, 2)
    os.close(devnull)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        sys.stderr = original
        reporter.results, reporter.notes = streams
        if ours is not None:
            with suppress(OSError):  # the terminal is gone
                ours.close()


def _reopened(stream: TextIO | None, descriptor: int) -> TextIO | None:
    """A stream like the process's standard error, on another descriptor; None if `stream` is something else."""
    try:
        if stream is None or stream.fileno() != 2:
            return None
    except (OSError, ValueError):
        return None
    stream.flush()
    return os.fdopen(os.dup(descriptor), "w", buffering=1, encoding=stream.encoding, errors=stream.errors)


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
    window: Window | None = None
    """The one among the interactive views that can show the summary."""
    before: Callable[[], dict[str, Any]] = dict
    """The fields of `Summary` about earlier sessions."""
    reported: set[str] = field(default_factory=set)
    """The faults of background views that were reported."""

    def show(self, update: LiveUpdate, *, last: bool = False) -> None:
        """Show an update in all views, the quick ones first, with what may be announced now."""
        update = self.recorder.release(update, last=last)
        for view in self.background:
            view.show(update)
            if view.trouble and view.trouble not in self.reported:
                self.reported.add(view.trouble)
                self.note(f"note: {view.trouble}")
        for interactive in self.interactive:
            interactive.show(update)


@dataclass(slots=True)
class Outcome:
    """How a live session ended."""

    analysis: Analysis
    signal: int | None = None
    """The signal that ended it."""
    camera_lost: bool = False
    """Whether the camera stopped giving frames."""

    @property
    def exit_code(self) -> int:
        """128 plus the signal, as shells expect; 1 if the camera was lost; 0 if the user ended it."""
        if self.signal is not None:
            return 128 + self.signal
        return 1 if self.camera_lost else 0


def run(session: Session, guard: InterruptGuard) -> Outcome:
    """Count until a key, a signal or the camera ends the session."""
    builder = AnalysisBuilder()
    session.recorder.sinks.insert(0, builder)
    coach = Coach(session.config, session.goals, session.recorder, session.recorder.today)
    camera = session.camera
    guard.delayed = True
    _loop(session, coach, guard)
    session.show(coach.end(camera.now_s()), last=True)
    source = Source(camera.source, camera.now_s(), camera.width, camera.height, camera.captured, builder.samples)
    analysis = builder.result(source, session.config, interrupted=guard.signal is not None)
    guard.requested()  # what ended the session does not end the waiting for its history
    session.recorder.end(camera.now_s(), patience=guard.signal is None, cancelled=guard.requested)
    return Outcome(_with_obstacle(analysis, coach.obstacle), guard.signal, camera.lost_for_good)


def _with_obstacle(analysis: Analysis, obstacle: Cue | None) -> Analysis:
    """The analysis with what prevented counting to the end, instead of that nobody was found."""
    if obstacle in (None, Cue.NOBODY):
        return analysis
    sentence = f"counting never began: {spoken_text(Announcement(obstacle))}"
    warning = AnalysisWarning(WarningCode.NEVER_READY, recorded=sentence)
    others = [other for other in analysis.warnings if other.code is not WarningCode.NOBODY_FOUND]
    return replace(analysis, warnings=(warning, *others))


def _loop(session: Session, coach: Coach, guard: InterruptGuard) -> None:
    """Analyse the frames that are due, and serve keys and timers in between."""
    camera, interval_s = session.camera, 1 / session.config.rate_hz
    due_s = 0.0
    while guard.signal is None and not camera.ended:
        event = camera.next(_MAX_WAIT_S, due_s - _EARLY * interval_s)
        if isinstance(event, Frame):
            due_s = max(due_s + interval_s, event.time_s + 0.5 * interval_s)
            update = coach.see(event, session.tracker.track(event), session.tracker.people, camera.rate_hz)
        else:
            if isinstance(event, CameraFault):
                session.note(event.text)
                coach.camera_fault(Announcement(_CAMERA_CUES[event.kind], round(event.number)))
            update = coach.idle(camera.now_s())
        session.show(update)
        for command in [command for view in session.interactive for command in view.commands()]:
            if command is Command.QUIT:
                return
            coach.command(command, camera.now_s())


# --- what is kept ------------------------------------------------------------------------------------------


class SignalSink:
    """Writes the signal CSV during the session; a write error costs this file alone."""

    def __init__(self, out: files.OutputSet, path: Path) -> None:
        self._out, self._path = out, path
        out.write(path, self._begin)

    def _begin(self, file: TextIO) -> None:
        self._writer = formats.SignalWriter(file)

    def write(self, update: Update) -> None:
        """Write the row of one update."""
        self._out.write(self._path, lambda _: self._writer.write(update))


@dataclass(frozen=True, slots=True)
class _RecordingView:
    """Records the frames shown as a video."""

    writer: BackgroundVideoWriter
    blur_faces: bool = False

    @property
    def trouble(self) -> str | None:
        """What went wrong with the recording; None while it works."""
        return self.writer.trouble

    def show(self, update: LiveUpdate) -> None:
        """Record the frame of an update, if it has one."""
        if update.frame is None:
            return
        frame = update.frame
        if self.blur_faces:
            frame = Frame(frame.time_s, faces.blurred(frame.image, faces.head_of(update.pose)))
        self.writer.write(frame)


# --- set-up ------------------------------------------------------------------------------------------------


def open_session(
    options: LiveOptions,
    config: Config,
    model: Path,
    reporter: ConsoleReporter,
    stack: ExitStack,
    window_stack: ExitStack,
) -> Session:
    """Open all parts; `stack` closes them, and `window_stack` the window.

    What the session can do without is left out with a note if it fails.
    """
    voice = _open_voice(options.sound, stack, force=options.force)
    recording = _open_recording(options, reporter, stack)
    # Model and camera both take seconds to open. The camera gets this thread: macOS asks for permission only here.
    pool = stack.enter_context(ThreadPoolExecutor(1))
    loading = pool.submit(PersonTracker, model, look_round=True)
    before = pool.submit(_before, options) if options.history else None
    stack.callback(_close_tracker, loading)
    camera = open_camera(options.camera, give_up_s=options.give_up_s, insecure=options.insecure)
    if camera.caution:
        reporter.note(f"note: {camera.caution}")
    stack.enter_context(camera)
    tracker = loading.result()
    if before is not None:
        # Not at a time: closing a file drops all locks that this process holds on it, and SQLite relies on its own.
        before.exception()
    recorder = _open_recorder(options, camera.source, config, reporter, stack)
    window = _open_window(options, reporter, window_stack)
    terminal = stack.enter_context(LiveTerminal(sys.stderr))
    return Session(
        camera=camera,
        tracker=tracker,
        config=config,
        goals=options.goals,
        recorder=recorder,
        interactive=[terminal] if window is None else [window, terminal],
        background=[*voice, *recording],
        note=reporter.note,
        window=window,
        before=before.result if before is not None else dict,
    )


def _close_tracker(loading: Future[PersonTracker]) -> None:
    if loading.exception() is None:
        loading.result().close()


def _open_voice(sound: SoundOptions, stack: ExitStack, *, force: bool) -> list[VoiceClient]:
    if sound.kind == "off":
        return []
    file = sound.file
    if file is not None and not is_special(file):
        file = stack.enter_context(AtomicFile(file, force=force)).path
    client = VoiceClient(sound.kind, sound.volume, sound.pace, file, sound.voice, sound.words_per_minute)
    return [stack.enter_context(client)]


def _open_recording(options: LiveOptions, reporter: ConsoleReporter, stack: ExitStack) -> list[_RecordingView]:
    if options.record is None:
        return []
    writer = BackgroundVideoWriter(options.record, force=options.force)
    stack.callback(_report_recording, writer, options.record, reporter)
    return [_RecordingView(stack.enter_context(writer), options.blur_faces)]


def _report_recording(writer: BackgroundVideoWriter, path: Path, reporter: ConsoleReporter) -> None:
    """Report what is missing of a recording that has ended."""
    if writer.trouble:
        reporter.failure(path, OutputError(writer.trouble))
    elif writer.dropped_frames:
        reporter.note(f"note: {writer.dropped_frames} frames are not in {path}: the machine was too slow")


def _open_recorder(
    options: LiveOptions, source: str, config: Config, reporter: ConsoleReporter, stack: ExitStack
) -> EventRecorder:
    recorder = EventRecorder(None, options.now(), clock_s(), reporter.note)
    if not options.history:
        return recorder

    def begin(history: HistoryStore) -> SessionRecorder:
        if options.person is not None and options.target_deg is not None:
            history.people.set_target(options.person, options.target_deg)
        return history.begin(recorder.started, source, options.plan, config, options.person)

    try:
        recorder.history = stack.enter_context(HistoryWriter(default_path(), begin, lambda: recorder.day))
    except HistoryError as error:
        reporter.note(f"{error}. Counting goes on without a history")
    return recorder


def _before(options: LiveOptions) -> dict[str, Any]:
    """The fields of `Summary` about the sessions of that person so far; no fault of the history can stop counting."""
    try:
        with HistoryStore(default_path()) as history:
            mine = name_key(options.person or "")
            sessions = [session for session in history.sessions() if name_key(session.person) == mine]
    except HistoryError:
        return {}
    if not sessions:
        return {}
    summaries = [summarize(session.reps) for session in sessions]
    best = max(summary.full for summary in summaries)
    return {"before": summaries[-1], "before_on": sessions[-1].started.date(), "best_full": best}


def _open_window(options: LiveOptions, reporter: ConsoleReporter, stack: ExitStack) -> Window | None:
    if not options.window:
        return None
    problem = display_problem()
    if problem is not None:
        reporter.note(f"{problem}. Counting goes on in the terminal")
        return None
    if fonts := font_problem():
        reporter.note(f"note: {fonts}. The window is in English")
    return stack.enter_context(Window())
