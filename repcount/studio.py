"""Sets a live session up: camera, pose model, history, window, voice and outputs, and clears up after it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from repcount import batch, live, outputs, weights
from repcount.camera import open_camera
from repcount.camera.pulse import clock_s
from repcount.config import Config
from repcount.errors import HistoryError, OutputError
from repcount.hidden import AtomicFile, is_special
from repcount.interrupt import InterruptGuard
from repcount.session import SessionGoals
from repcount.sinks.history import HistoryStore, default_path
from repcount.sinks.recording import BackgroundVideoWriter
from repcount.sinks.status import LiveTerminal
from repcount.sinks.voice import VoiceClient
from repcount.sinks.window import Window, display_problem
from repcount.told import ConsoleReporter, OutputOptions
from repcount.tracker import PersonTracker


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
    outputs.check_distinct([*named, *others], [Path(asked.camera)])
    with InterruptGuard() as stop, ExitStack() as stack:
        out = stack.enter_context(outputs.OutputSet(named, told, force=wanted.force))
        session = _set_up(asked, config, weights.ensure_model(model, told.note), told, stack)
        if wanted.signal is not None:
            session.record.sinks.append(batch.SignalSink(out, wanted.signal))
        outcome = live.run(session, stop)
        batch.write_reps([outcome.analysis], wanted, out)
    # At the very end: where the terminal is gone, this is not to cost the files.
    told.analysis(outcome.analysis, heading=False)
    return outcome.exit_code or told.exit_code()


def _set_up(asked: LiveOptions, config: Config, model: Path, told: ConsoleReporter, stack: ExitStack) -> live.Session:
    """All that takes part; what can be done without is told and left out."""
    voice = _voice(asked.sound, stack, force=asked.force)
    recording = _recording(asked, told, stack)
    # Both take their time; the camera has this thread, in which macOS asks whether it may be used.
    loading = stack.enter_context(ThreadPoolExecutor(1)).submit(PersonTracker, model, look_round=True)
    stack.callback(_close, loading)
    source = stack.enter_context(open_camera(asked.camera, give_up_s=asked.give_up_s))
    tracker = loading.result()
    record = _record(asked, config, told, stack)
    desks: list[live.InteractiveView] = [*_window(asked, told, stack), stack.enter_context(LiveTerminal(sys.stderr))]
    return live.Session(source, tracker, config, asked.aims, record, desks, [*voice, *recording], told.note)


def _close(loading: Future[PersonTracker]) -> None:
    if loading.exception() is None:
        loading.result().close()


def _recording(asked: LiveOptions, told: ConsoleReporter, stack: ExitStack) -> list[BackgroundVideoWriter]:
    if asked.record is None:
        return []
    recording = BackgroundVideoWriter(asked.record, force=asked.force)

    stack.callback(_tell_of, recording, asked.record, told)
    return [stack.enter_context(recording)]


def _tell_of(recording: BackgroundVideoWriter, path: Path, told: ConsoleReporter) -> None:
    if recording.trouble:
        told.failure(path, OutputError(recording.trouble))
    elif recording.left_out:
        told.note(f"note: {recording.left_out} frames are not in {path}: the machine was too slow")


def _record(asked: LiveOptions, config: Config, told: ConsoleReporter, stack: ExitStack) -> live.EventRecorder:
    started, begun_s = asked.now(), clock_s()
    try:
        history = stack.enter_context(HistoryStore(default_path(), told.note))
        recorder = history.begin(started, asked.camera, asked.plan, config)
    except HistoryError as error:
        told.note(f"{error}. Counting goes on without a history")
        return live.EventRecorder(None, lambda: 0, told.note)

    def full_today() -> int:
        # The day on which the reps are kept: the calendar may jump, by hand or twice a year, the session does not.
        return history.full_on((started + timedelta(seconds=clock_s() - begun_s)).date())

    return live.EventRecorder(recorder, full_today, told.note, today=full_today())


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
