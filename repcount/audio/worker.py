"""The process that speaks: it reads announcements from standard input, one JSON object per line, and ends with it."""

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
from pathlib import Path
from typing import Any, TextIO

from repcount.audio import playback
from repcount.audio.playback import Mixer
from repcount.audio.scheduler import ClipCache, Conductor, Utterance
from repcount.audio.synthesis import SpeechSynthesizer, VoiceError, pace_ticks
from repcount.coaching.events import Cue
from repcount.errors import OutputError

_TICK_S = 0.01
"""How often it is looked whether something can be said: no delay that anybody hears."""

_FAREWELL_S = 2.0
"""How long what is left may take to be said when the session has ended. A choice."""

_DEVICE_S = 0.25
"""What the sound device still holds when the last sample was handed to it."""

_STALLED_S = 3.0
"""A sound device that takes nothing for so long is gone; a new process may find another one. A choice."""


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """What the process is started with."""

    folder: str
    """For what the voice writes; it is removed at the end."""
    begun_s: float = 0.0
    """When the session began, by the monotonic clock, which all processes share."""
    words: bool = True
    """Speak; else tones."""
    volume: float = 1.0
    pace: str | None = None
    file: str | None = None
    """A WAV file to write instead of being heard."""
    check: bool = False
    """Only tell whether all is here."""


def main() -> None:
    """Do the job that the first argument describes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the terminal is for the session.
    answers = _only_way_out()
    job = WorkerSettings(**json.loads(sys.argv[1]))
    if job.check:
        _answer(answers, **_check(Path(job.folder)))
        _end(job, 0)
    _Worker(job, answers).run()


def _only_way_out() -> TextIO:
    """Standard output for answers alone: the libraries print what nobody should see, ALSA a page of it."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    silence = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(silence, stream)
    return answers


def _answer(answers: TextIO, **what: object) -> None:
    with suppress(OSError):  # Of a session that is gone; the end of standard input tells it, too.
        answers.write(json.dumps(what) + "\n")
        answers.flush()


def _end(job: WorkerSettings, code: int) -> None:
    """End without waiting for threads that may hang in a library."""
    shutil.rmtree(job.folder, ignore_errors=True)
    os._exit(code)


def _check(folder: Path) -> dict[str, object]:
    found = [_try_voice(folder), _try_card()]
    return {"ok": all(ok for ok, _ in found), "text": "; ".join(text for _, text in found)}


def _try_voice(folder: Path) -> tuple[bool, str]:
    try:
        voice = SpeechSynthesizer(folder)
        voice.render("one")
    except VoiceError as error:
        return False, f"no voice: {error}; tones are used"
    return True, f"{voice.name} speaks"


def _try_card() -> tuple[bool, str]:
    try:
        return True, f"sound goes out through {playback.backend_name()}"
    except OutputError as error:
        return False, str(error)


class _Worker:
    def __init__(self, job: WorkerSettings, answers: TextIO) -> None:
        self._job = job
        self._answers = answers
        self._inbox: deque[dict[str, Any]] = deque()
        self._over = threading.Event()
        self._stuck = False
        self._library = ClipCache(job.words)
        self._mixer = Mixer(job.volume, pace_ticks(job.pace) if job.pace else None)
        self._conductor = Conductor(self._mixer, self._library)

    def run(self) -> None:
        """The voice gets the main thread, as macOS wants it; another one reads, a third decides what is heard."""
        for work in (self._read, self._conduct):
            threading.Thread(target=work, daemon=True).start()
        if self._job.words:
            self._speak()
        threading.Event().wait()

    def _speak(self) -> None:
        try:
            self._library.render_forever(SpeechSynthesizer(Path(self._job.folder)))
        except VoiceError as error:
            self._library.use_tones()
            self._tell(f"no voice: {error}; tones are used")

    def _tell(self, trouble: str) -> None:
        _answer(self._answers, trouble=trouble)

    def _read(self) -> None:
        for line in sys.stdin.buffer:
            with suppress(ValueError):  # Half a line, of a session that was killed, and the empty ones between.
                self._inbox.append(json.loads(line))
        self._over.set()
        # Nobody is left to end this process if the sound device hangs.
        time.sleep(_FAREWELL_S + 2 * _DEVICE_S)
        _end(self._job, 1)

    def _conduct(self) -> None:
        code = 1
        try:
            close = self._open()
            code = self._loop()
            close()
        except Exception as error:
            self._tell(f"the sound has failed: {error!r}")
        finally:
            _end(self._job, code)

    def _open(self) -> playback.Close:
        try:
            if self._job.file:
                return playback.write_wav(self._mixer, Path(self._job.file), self._job.begun_s)
            return playback.play(self._mixer)[1]
        except OutputError as error:
            self._tell(str(error))
            return playback.discard(self._mixer)

    def _loop(self) -> int:
        """Until all is said. Returns 1 if the sound device has gone."""
        pulled, idle = -1, 0
        while not self._over.is_set():
            self._step()
            pulled, idle = self._mixer.samples_read, idle + 1 if pulled == self._mixer.samples_read else 0
            if idle * _TICK_S > _STALLED_S:
                return 1
        self._say_goodbye()
        return 0

    def _step(self) -> None:
        time.sleep(_TICK_S)
        now_s = time.monotonic()
        while self._inbox:
            self._take(self._inbox.popleft())
        self._conductor.tick(now_s)
        if self._library.stuck(now_s) and not self._stuck:
            self._stuck = True
            self._tell("the voice does not answer; tones are used until it does")

    def _take(self, message: dict[str, Any]) -> None:
        if "pace" in message:
            self._mixer.pace(message["pace"])
        else:
            self._conductor.enqueue(Utterance(Cue(message["say"]), message["text"], message["made_s"]))

    def _say_goodbye(self) -> None:
        end_s = time.monotonic() + _FAREWELL_S
        self._mixer.pace(False)
        self._step()
        self._conductor.finish()
        while self._conductor.busy and time.monotonic() < end_s:
            self._step()
        time.sleep(_DEVICE_S)


if __name__ == "__main__":
    main()
