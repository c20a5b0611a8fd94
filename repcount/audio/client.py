"""Speaks through a worker process, so that nothing that happens to the voice delays a frame."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import IO, Any, Self

from repcount.coaching.events import LiveUpdate, Stage
from repcount.coaching.phrases import spoken_text
from repcount.config import parse_tempo
from repcount.errors import OutputError, SettingError

SOUNDS = ("voice", "tones", "off")

_PACED = {Stage.COUNTING, Stage.DONE}
"""The stages in which reps count, so in which ticks make sense."""

_RESTARTS = 1
"""How often a process that died is started again: the second time it is no accident. A choice."""

_FAREWELL_S = 2.7
"""How long the process gets to say what is left: its own 2 s and some for the sound device and for ending."""

_KILLED_S = 1.0
"""How long a killed process may take to be gone before it is left to the system."""

_CHECK_S = 8.0
"""How long `check` waits: the start of Python, a first word on a slow machine, a sound system that must wake up."""

_START = "import sys; sys.path.append(sys.argv[2]); from repcount.audio.worker import main; main()"
"""Like `-m repcount.audio.worker`, but nothing in the current folder can take the place of a module."""


class VoiceClient:
    """A sink that speaks. A context manager; `show` takes the moments of a live session.

    `sound` is one of SOUNDS, `volume` 0 to 1. `pace` is a tempo such as `2/0/2/0` to set with ticks while reps
    count. `file` names a WAV file to write instead of being heard; its first sample is the moment of `__enter__`.

    Raises SettingError for a setting that is not allowed; `__enter__` raises OutputError for a file that cannot
    be written. Nothing that goes wrong later is raised: `trouble` tells it.
    """

    def __init__(
        self, sound: str = "voice", volume: float = 1.0, pace: str | None = None, file: Path | None = None
    ) -> None:
        _allow(sound, volume, pace)
        self._sound = sound
        self._settings = {
            "words": sound == "voice",
            "volume": volume,
            "pace": pace,
            "file": str(file) if file else None,
        }
        self._file = file
        self._worker: _WorkerProcess | None = None
        self._paced = (False, 1)

    @property
    def trouble(self) -> str | None:
        """What is wrong with the sound, for people; None while all is well."""
        return self._worker.trouble if self._worker else None

    def __enter__(self) -> Self:
        if self._sound != "off":
            if self._file:
                _try_to_write(self._file)
            self._worker = _WorkerProcess(self._settings, restarts=0 if self._file else _RESTARTS)
        return self

    def show(self, moment: LiveUpdate) -> None:
        """Say what there is to say. Returns at once, whatever the voice is doing."""
        if self._worker is None:
            return
        for notice in moment.announcements:
            self._worker.send({"say": notice.cue.value, "text": spoken_text(notice), "made_s": monotonic()})
        if self._settings["pace"]:
            self._set_pace(self._worker, moment.status.stage in _PACED)

    def _set_pace(self, speaker: _WorkerProcess, on: bool) -> None:
        """Tell it when it changes, and to a process that has just been started."""
        wished = (on, len(speaker.processes))
        if wished != self._paced and speaker.send({"pace": on}):
            self._paced = wished

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._worker:
            self._worker.close()


def _allow(sound: str, volume: float, pace: str | None) -> None:
    if sound not in SOUNDS:
        raise SettingError(f"sound is {sound!r}; it must be one of {', '.join(SOUNDS)}")
    if not 0 <= volume <= 1:
        raise SettingError(f"volume is {volume!r}; it must be a number from 0 to 1")
    if pace is not None and sum(parse_tempo(pace)) < 1:
        raise SettingError(f"the pace {pace!r} leaves less than a second for a rep")


def _try_to_write(file: Path) -> None:
    try:
        file.open("wb").close()
    except OSError as error:
        raise OutputError(f"cannot write {file}: {error.strerror}") from error


class _WorkerProcess:
    """The process that speaks, and a thread that listens to it and starts it again."""

    def __init__(self, settings: dict[str, Any], restarts: int) -> None:
        self.trouble: str | None = None
        # A process that is killed cannot remove it, so both sides do.
        self._folder = tempfile.TemporaryDirectory(prefix="repcount-", ignore_cleanup_errors=True)
        self._job = {**settings, "folder": self._folder.name, "begun_s": monotonic()}
        self._restarts = restarts
        self._closing = False
        self._turns = threading.Lock()
        """Held while it is decided whether there is a next process."""
        self.processes = [_start(self._job)]
        """The last one is the one that speaks. Pipes of those before stay open: somebody may be writing to them."""
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def send(self, message: dict[str, Any]) -> bool:
        """Hand over a message without waiting. False: nobody takes it now, because the process hangs or has died.

        There is no queue and no thread that writes: on a busy machine it would hold Python's lock while it waits
        for a processor. The pipe holds hundreds of messages; what does not fit would be said too late anyway.
        """
        # The line break in front ends a message of which only a part went through.
        line = b"\n" + json.dumps(message).encode() + b"\n"
        pipe = self.processes[-1].stdin
        with suppress(OSError, ValueError):
            return pipe is not None and pipe.write(line) == len(line)
        return False

    def close(self) -> None:
        """Let it finish, but not for long."""
        with self._turns:
            self._closing = True
        for process in self.processes:
            _shut(process.stdin)
        try:
            self.processes[-1].wait(_FAREWELL_S)
        except subprocess.TimeoutExpired:
            self.processes[-1].kill()
        self._listener.join(_KILLED_S)
        self._folder.cleanup()

    def _listen(self) -> None:
        while True:
            process = self.processes[-1]
            for answer in process.stdout or ():
                self.trouble = json.loads(answer)["trouble"]
            process.wait()
            _shut(process.stdout)
            if not self._started_again():
                return

    def _started_again(self) -> bool:
        with self._turns:
            if self._closing:
                return False
            if len(self.processes) > self._restarts:
                self.trouble = "the process that speaks has ended; live counting goes on without sound"
                return False
            self.processes.append(_start(self._job))
            return True


def _shut(pipe: IO[bytes] | None) -> None:
    if pipe:
        with suppress(OSError):
            pipe.close()


def _start(job: dict[str, Any]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-P", "-c", _START, json.dumps(job), str(Path(__file__).parents[2])]
    process = subprocess.Popen(
        command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **_apart()
    )
    if process.stdin:
        _never_wait(process.stdin.fileno())
    return process


def _never_wait(pipe: int) -> None:
    """Writing to a full pipe gives up at once."""
    if sys.platform == "win32" and sys.version_info < (3, 12):
        import _winapi
        import msvcrt

        no_wait = 1  # PIPE_NOWAIT, as Python's own os.set_blocking does it from 3.12 on.
        _winapi.SetNamedPipeHandleState(msvcrt.get_osfhandle(pipe), no_wait, None, None)
    else:
        os.set_blocking(pipe, False)


def _apart() -> dict[str, Any]:
    """Ctrl-C goes to all processes of a terminal's group, and this one is not to hear it."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"process_group": 0}


def check() -> tuple[bool, str]:
    """Whether there is a voice and something to hear it with, and what to do if not. Makes no sound."""
    with tempfile.TemporaryDirectory(prefix="repcount-", ignore_cleanup_errors=True) as folder:
        process = _start({"folder": folder, "check": True})
        try:
            out, _ = process.communicate(timeout=_CHECK_S)
            answer = json.loads(out)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return False, f"the voice did not answer within {_CHECK_S:g} s; try --sound tones or --sound off"
        except ValueError:
            return False, "the process that speaks has crashed; try --sound tones or --sound off"
    return bool(answer["ok"]), str(answer["text"])
