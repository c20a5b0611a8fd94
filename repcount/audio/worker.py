"""The worker process that speaks: reads messages from standard input, one JSON object per line, and ends with it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any, TextIO

from repcount.audio import playback
from repcount.audio.playback import Mixer
from repcount.audio.scheduler import ClipCache, Conductor, Utterance
from repcount.audio.synthesis import RATE_HZ, WORDS_PER_MINUTE, SpeechSynthesizer, VoiceError, pace_ticks
from repcount.coaching.events import Cue
from repcount.errors import OutputError

_TICK_S = 0.01
"""Interval at which the conductor is asked what to play: a delay that nobody hears."""

_FINISH_S = 2.0
"""How long pending announcements may take when the session has ended. Heuristic."""

_DEVICE_LATENCY_S = 0.25
"""How long the sound device still plays after it has taken the last sample."""

_LOOK_AGAIN_S = 5.0
"""Where there is no sound device, one is looked for this often: headphones are switched on, a sound server comes back.
Heuristic; looking takes a few milliseconds, in which nothing is heard anyway."""

_STALLED_S = 3.0
"""A sound device that takes no samples for this long is gone, as headphones that are switched off. Heuristic."""

_WORKS_S = 0.5
"""A sound device that has taken samples for this long works. Some take the first few and then no more. Heuristic: more
than the periods of `playback` that a device takes at once."""

_GONE = "the sound device is gone, so nothing is heard until there is one again"


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """The settings a worker is started with, as JSON in its first argument."""

    folder: str
    """A folder for the voice's temporary files; the worker removes it when it ends."""
    started_s: float = 0.0
    """When the session began, on the monotonic clock, which all processes share."""
    speech: bool = True
    """Speak, or else play tones alone."""
    volume: float = 1.0
    """0 to 1."""
    pace: str | None = None
    """The tempo to tick."""
    file: str | None = None
    """A WAV file to write instead of playing."""
    voice: str | None = None
    words_per_minute: int = WORDS_PER_MINUTE
    question: str = ""
    """Only answer this: `sound`, whether voice and sound device work, or `voices`, which ones there are."""


def main() -> None:
    """Run the worker described by the first argument; exits the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the terminal is for the session.
    reports = _reserve_stdout()
    settings = WorkerSettings(**json.loads(sys.argv[1]))
    if settings.question:
        answer = _check if settings.question == "sound" else _list_voices
        _send(reports, **answer(Path(settings.folder)))
        _exit(settings, 0)
    _Worker(settings, reports).run()


def _reserve_stdout() -> TextIO:
    """Standard output for our reports alone: libraries print to it what nobody should see, ALSA a page of it."""
    reports = os.fdopen(os.dup(1), "w", encoding="utf-8")
    devnull = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(devnull, stream)
    return reports


def _send(reports: TextIO, **report: object) -> None:
    with suppress(OSError):  # The session is gone; the end of standard input says so, too.
        reports.write(json.dumps(report) + "\n")
        reports.flush()


def _exit(settings: WorkerSettings, code: int) -> None:
    """Exit without waiting for threads that may hang in a library."""
    shutil.rmtree(settings.folder, ignore_errors=True)
    os._exit(code)


def _check(folder: Path) -> dict[str, object]:
    voice_ok, voice_text = _check_voice(folder)
    device_ok, device_text = _check_device()
    return {"ok": voice_ok and device_ok, "text": f"{voice_text}; {device_text}"}


def _list_voices(folder: Path) -> dict[str, object]:
    with suppress(VoiceError):
        return {"voices": SpeechSynthesizer(folder).voices}
    return {}


def _check_voice(folder: Path) -> tuple[bool, str]:
    try:
        voice = SpeechSynthesizer(folder)
        voice.render("one")
    except VoiceError as error:
        return False, f"no voice: {error}; tones are used"
    return True, f"{voice.name} speaks"


def _check_device() -> tuple[bool, str]:
    try:
        return True, f"sound goes out through {playback.backend_name()}"
    except OutputError as error:
        return False, str(error)


class _Worker:
    """Three threads: the main one renders speech, as macOS requires; one reads messages; one schedules clips."""

    def __init__(self, settings: WorkerSettings, reports: TextIO) -> None:
        self._settings = settings
        self._reports = reports
        self._messages: deque[dict[str, Any]] = deque()
        self._input_ended = threading.Event()
        self._stuck_reported = False
        self._close: playback.Close | None = None
        self._samples_read, self._idle_ticks = -1, 0
        """How many samples the output has taken, and for how many ticks it has taken no more."""
        self._look_again_s = inf
        """When to look for a sound device again; never while there is one."""
        self._silent_from: int | None = None
        """While nothing is heard: how many samples had been taken when a device was last looked for."""
        self._clips = ClipCache(settings.speech)
        self._mixer = Mixer(settings.volume, pace_ticks(settings.pace) if settings.pace else None)
        self._conductor = Conductor(self._mixer, self._clips)

    def run(self) -> None:
        """Run until standard input ends; exits the process."""
        for target in (self._read_messages, self._play):
            threading.Thread(target=target, daemon=True).start()
        if self._settings.speech:
            self._render_speech()
        threading.Event().wait()

    def _render_speech(self) -> None:
        try:
            settings = self._settings
            voice = SpeechSynthesizer(Path(settings.folder), settings.voice, settings.words_per_minute)
            self._clips.render_forever(voice)
        except VoiceError as error:
            self._clips.use_tones()
            self._report(f"no voice: {error}; tones are used")

    def _report(self, trouble: str | None) -> None:
        _send(self._reports, trouble=trouble)

    def _read_messages(self) -> None:
        for line in sys.stdin.buffer:
            with suppress(ValueError):  # An empty line, or part of a message from a session that was killed.
                self._messages.append(json.loads(line))
        self._input_ended.set()
        # If the sound device hangs, nobody else ends this process.
        time.sleep(_FINISH_S + 2 * _DEVICE_LATENCY_S)
        _exit(self._settings, 1)

    def _play(self) -> None:
        code = 1
        try:
            self._close = self._open_output()
            self._play_until_input_ends()
            self._close()
            code = 0
        except Exception as error:
            self._report(f"the sound has failed: {error!r}")
        finally:
            _exit(self._settings, code)

    def _open_output(self) -> playback.Close:
        try:
            if self._settings.file:
                return playback.write_wav(self._mixer, Path(self._settings.file), self._settings.started_s)
            return playback.play(self._mixer)
        except OutputError as error:
            self._report(str(error))
            if not self._settings.file:
                self._look_again_s, self._silent_from = time.monotonic() + _LOOK_AGAIN_S, 0
            return playback.discard(self._mixer)

    def _look_for_device(self, now_s: float) -> None:
        """Play on a sound device that is there by now, instead of into nothing."""
        self._look_again_s = now_s + _LOOK_AGAIN_S
        with suppress(OutputError):
            close, self._close = self._close, playback.play(self._mixer)
            self._look_again_s = inf
            if close is not None:
                close()
        self._silent_from = self._mixer.samples_read

    def _check_output(self, now_s: float) -> None:
        """Give up a sound device that takes no more samples, and look for another one; report when one works.

        Raises OutputError for a file that takes no more.
        """
        before, self._samples_read = self._samples_read, self._mixer.samples_read
        # Ticks, not seconds: nobody is gone because this process was stopped for a while.
        self._idle_ticks = self._idle_ticks + 1 if self._samples_read == before else 0
        taken = self._samples_read - (self._silent_from or 0)
        if self._silent_from is not None and self._look_again_s == inf and taken > _WORKS_S * RATE_HZ:
            self._silent_from = None
            self._report(None)
        if self._idle_ticks * _TICK_S <= _STALLED_S or self._close is None:
            return
        if self._settings.file:
            raise OutputError(f"{self._settings.file} takes no more")
        # In another thread: what hangs in the system may hang when it is closed, too.
        threading.Thread(target=self._close, daemon=True).start()
        self._close = playback.discard(self._mixer)
        self._idle_ticks, self._look_again_s = 0, now_s
        if self._silent_from is None:
            self._report(_GONE)

    def _play_until_input_ends(self) -> None:
        while not self._input_ended.is_set():
            self._tick()
        self._finish()

    def _tick(self) -> None:
        time.sleep(_TICK_S)
        now_s = time.monotonic()
        while self._messages:
            self._handle(self._messages.popleft())
        self._check_output(now_s)
        if now_s >= self._look_again_s:
            self._look_for_device(now_s)
        self._conductor.tick(now_s)
        if self._clips.stuck(now_s) and not self._stuck_reported:
            self._stuck_reported = True
            self._report("the voice does not answer; tones are used until it does")

    def _handle(self, message: dict[str, Any]) -> None:
        if "pace" in message:
            self._mixer.pace(message["pace"])
        else:
            self._conductor.enqueue(Utterance(Cue(message["cue"]), message["text"], message["created_s"]))

    def _finish(self) -> None:
        """Play what still matters, for `_FINISH_S` at most."""
        end_s = time.monotonic() + _FINISH_S
        self._mixer.pace(False)
        self._tick()
        self._conductor.finish()
        while self._conductor.busy and time.monotonic() < end_s:
            self._tick()
        time.sleep(_DEVICE_LATENCY_S)
