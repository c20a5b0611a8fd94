"""A live session: counting in front of the camera, with window, voice and history."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from repcount import files, formats
from repcount.analysis import Analysis
from repcount.app.aside import Aside
from repcount.app.console import ConsoleReporter, OutputOptions
from repcount.app.event_recorder import EventRecorder
from repcount.app.live_loop import Session, run
from repcount.app.outputs import write_reps
from repcount.audio.client import VoiceClient, check_voice
from repcount.audio.synthesis import WORDS_PER_MINUTE
from repcount.coaching.events import LiveUpdate
from repcount.coaching.session import SessionGoals
from repcount.coaching.summary import Summary, summarize
from repcount.config import Config
from repcount.display import faces
from repcount.display.fonts import font_problem
from repcount.display.live_terminal import LiveTerminal
from repcount.display.window import Window, display_problem
from repcount.errors import HistoryError, ModelError, OutputError
from repcount.files import AtomicFile, is_special
from repcount.history.file import default_path
from repcount.history.people import name_key
from repcount.history.store import HistoryStore, SessionRecorder
from repcount.history.writer import HistoryWriter
from repcount.interrupts import InterruptGuard
from repcount.libraries import MORE_MEMORY
from repcount.pose import model as pose_model
from repcount.pose.tracker import PersonTracker
from repcount.types import Frame, Update
from repcount.video.camera import open_camera
from repcount.video.clock import clock_s
from repcount.video.writer import BackgroundVideoWriter

_SUMMARY_S = 60.0
"""The summary closes by itself after a minute: nobody has to get up."""

_LOADING_S = 60.0
"""How long MediaPipe may take to open the model. Heuristic: as `executor.HANG_S`."""

_PIPE_S = 5.0
"""How long the reader of a pipe may take to go on, while nothing is counted. Heuristic: a pipe holds half a minute of
the signal, so only a reader that has stopped is met, and once."""

_CLOSING_S = 0.5
"""How long MediaPipe may take to close. Heuristic: it takes a hundredth; what it holds ends with the program."""

_SUMMARY_REFRESH_S = 0.05
"""How often keys are served and the window is drawn again then."""


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
        with ExitStack() as stack, files.OutputSet(outputs, reporter, force=output.force, patience_s=_PIPE_S) as out:
            model = pose_model.ensure_model(model, reporter.note)
            opened = open_session(options, config, model, reporter, stack, window_stack)
            if output.signal is not None:
                opened.session.recorder.sinks.append(SignalSink(out, output.signal))
            writing = threading.Lock()

            def write(analysis: Analysis) -> None:
                if writing.acquire(blocking=False):  # once: the program may be ended by another thread at that moment
                    write_reps([analysis], output, out)
                    out.settle()

            outcome = run(opened.session, guard, write)
            write(outcome.analysis)
        # Last of all: if the terminal is gone, the files are written nevertheless.
        reporter.show_analysis(outcome.analysis, heading=False)
        if outcome.exit_code == 0 and outcome.analysis.reps:
            _show_summary(opened.window, replace(summarize(outcome.analysis.reps), **opened.before()), guard)
    return outcome.exit_code or reporter.exit_code()


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session whose parts are open, and what its summary needs."""

    session: Session
    window: Window | None
    before: Callable[[], dict[str, Any]]
    """The fields of `Summary` about earlier sessions."""


def open_session(
    options: LiveOptions,
    config: Config,
    model: Path,
    reporter: ConsoleReporter,
    stack: ExitStack,
    window_stack: ExitStack,
) -> OpenSession:
    """Open all parts; `stack` closes them, and `window_stack` the window.

    What the session can do without is left out with a note if it fails.
    """
    voice = _open_voice(options.sound, stack, force=options.force)
    recording = _open_recording(options, reporter, stack)
    # Model and camera both take seconds to open. The camera gets this thread: macOS asks for permission only here.
    aside = Aside()
    loading = aside.submit(lambda: PersonTracker(model, look_round=True))
    before = aside.submit(lambda: _before(options) if options.history else {})
    stack.push(partial(_close_tracker, aside, loading))
    camera = open_camera(options.camera, give_up_s=options.give_up_s, insecure=options.insecure)
    if camera.caution:
        reporter.note(f"note: {camera.caution}")
    stack.enter_context(camera)
    wait([loading], _LOADING_S)
    if not loading.done():
        raise ModelError(f"MediaPipe got no further with the pose model {model} in {_LOADING_S:g} s. {MORE_MEMORY}")
    tracker = loading.result()
    # Not at a time: closing a file drops all locks that this process holds on it, and SQLite relies on its own.
    before.exception()
    window = _open_window(options, reporter, window_stack)
    terminal = stack.enter_context(LiveTerminal(sys.stderr))
    recorder = _open_recorder(options, camera.source, config, terminal.note, stack)
    session = Session(
        camera=camera,
        tracker=tracker,
        config=config,
        goals=options.goals,
        recorder=recorder,
        interactive=[terminal] if window is None else [window, terminal],
        background=[voice, *recording],
        note=terminal.note,
        aside=aside,
    )
    return OpenSession(session, window, before.result)


def _close_tracker(aside: Aside, loading: Future[PersonTracker], kind: type[BaseException] | None, *_: object) -> None:
    """Close the tracker; wait for one that is still being loaded, unless by Ctrl-C or for having waited already."""
    if kind is None or not issubclass(kind, KeyboardInterrupt | ModelError):
        wait([loading], _LOADING_S)
    if loading.done() and loading.exception() is None:
        wait([aside.submit(loading.result().close)], _CLOSING_S)


def _open_voice(sound: SoundOptions, stack: ExitStack, *, force: bool) -> VoiceClient:
    file = None if sound.kind == "off" else sound.file
    if file is not None and not is_special(file):
        file = stack.enter_context(AtomicFile(file, force=force)).path
    client = VoiceClient(sound.kind, sound.volume, sound.pace, file, sound.voice, sound.words_per_minute)
    return stack.enter_context(client)


def _open_recording(options: LiveOptions, reporter: ConsoleReporter, stack: ExitStack) -> list[_RecordingView]:
    if options.record is None:
        return []
    writer = BackgroundVideoWriter(options.record, force=options.force)
    stack.callback(_report_recording, writer, options.record, reporter)
    return [_RecordingView(stack.enter_context(writer), options.blur_faces)]


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


def _report_recording(writer: BackgroundVideoWriter, path: Path, reporter: ConsoleReporter) -> None:
    """Report what is missing of a recording that has ended."""
    if writer.trouble:
        reporter.failure(path, OutputError(writer.trouble))
    elif writer.dropped_frames:
        reporter.note(f"note: {writer.dropped_frames} frames are not in {path}: the machine was too slow")


def _open_recorder(
    options: LiveOptions, source: str, config: Config, note: Callable[[str], None], stack: ExitStack
) -> EventRecorder:
    recorder = EventRecorder(None, options.now(), clock_s(), note)
    if not options.history:
        return recorder

    def begin(history: HistoryStore) -> SessionRecorder:
        if options.person is not None and options.target_deg is not None:
            history.people.set_target(options.person, options.target_deg)
        return history.begin(recorder.started, source, options.plan, config, options.person)

    try:
        recorder.history = stack.enter_context(HistoryWriter(default_path(), begin, lambda: recorder.day))
    except HistoryError as error:
        note(f"{error}. Counting goes on without a history")
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


def _show_summary(window: Window | None, summary: Summary, guard: InterruptGuard) -> None:
    """Show the result in the window, with everything else closed, until somebody closes it."""
    until_s = clock_s() + _SUMMARY_S
    while window is not None and window.is_open and guard.signal is None and clock_s() < until_s:
        window.show_summary(summary)
        if window.closes_summary():
            return
        threading.Event().wait(_SUMMARY_REFRESH_S)
