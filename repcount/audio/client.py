"""Speaks through a worker process, so that nothing the voice does can delay a frame."""

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

from repcount import interrupts
from repcount.audio.synthesis import WORDS_PER_MINUTE, find_voice
from repcount.coaching.events import LiveUpdate, Stage
from repcount.coaching.phrases import spoken_text
from repcount.config import parse_tempo
from repcount.errors import OutputError, SettingError, brief

SOUNDS = ("voice", "tones", "off")

_PACED_STAGES = {Stage.COUNTING, Stage.DONE}
"""The stages in which reps count, and so the pace is ticked."""

_MAX_RESTARTS = 1
"""How often a worker that died is restarted. Heuristic: dying twice is no accident."""

_SHUTDOWN_S = 2.7
"""How long the worker may take to finish: its own 2 s, and some for the sound device and for exiting."""

_LEAVING_S = 1.0
"""The same once a signal has asked the program to end, which it does within two seconds."""

_POLL_S = 0.05

_KILL_TIMEOUT_S = 1.0
"""How long a killed worker may take to be gone before it is left to the system. Heuristic."""

_CHECK_TIMEOUT_S = 8.0
"""Timeout of `check`: starting Python, a first word on a slow machine, waking up the sound system. Heuristic."""

_NAMES_TIMEOUT_S = 60.0
"""Timeout of `check_voice`, long enough for a machine that is busy with something else: a name that is wrong is refused
there, too. Heuristic: starting the worker took 3 s with 27 processes at work on two cores."""

_LAUNCHER = "import sys; sys.path.append(sys.argv[2]); from repcount.audio.worker import main; main()"
"""Like `-m repcount.audio.worker`, except that no file in the current directory can shadow a module."""


class VoiceClient:
    """A view that announces what happens, as a context manager.

    `sound` is one of SOUNDS, `volume` is 0 to 1. `pace` is a tempo such as `2/0/2/0`, ticked while reps count.
    `file` is a WAV file to write instead of playing; its first sample is the moment of `__enter__`. `voice` is the name
    of one of `voices`, None for the default.

    Raises SettingError for an invalid setting; `__enter__` raises OutputError for a file that cannot be written.
    Later problems raise nothing and are reported in `trouble`.
    """

    def __init__(
        self,
        sound: str = "voice",
        volume: float = 1.0,
        pace: str | None = None,
        file: Path | None = None,
        voice: str | None = None,
        words_per_minute: int = WORDS_PER_MINUTE,
    ) -> None:
        _check_settings(sound, volume, pace)
        self._sound = sound
        self._settings = {
            "speech": sound == "voice",
            "volume": volume,
            "pace": pace,
            "file": str(file) if file else None,
            "voice": voice,
            "words_per_minute": words_per_minute,
        }
        self._file = file
        self._worker: _WorkerProcess | None = None
        self._sent_pace = (False, 1)
        """Whether ticks were last turned on, and which worker process was told so."""

    @property
    def trouble(self) -> str | None:
        """What is wrong with the sound, for people; None if nothing is."""
        return self._worker.trouble if self._worker else None

    def __enter__(self) -> Self:
        if self._sound != "off":
            if self._file:
                _check_writable(self._file)
            # A restarted worker would write the file from the beginning.
            self._worker = _WorkerProcess(self._settings, max_restarts=0 if self._file else _MAX_RESTARTS)
        return self

    def show(self, update: LiveUpdate) -> None:
        """Send the announcements of `update` to the worker. Never waits for it."""
        if self._worker is None:
            return
        for announcement in update.announcements:
            text = spoken_text(announcement)
            self._worker.send({"cue": announcement.cue.value, "text": text, "created_s": monotonic()})
        if self._settings["pace"]:
            self._send_pace(self._worker, update.status.stage in _PACED_STAGES)

    def _send_pace(self, worker: _WorkerProcess, on: bool) -> None:
        """Turn ticks on or off, if that is news to the current worker process."""
        pace = (on, len(worker.processes))
        if pace != self._sent_pace and worker.send({"pace": on}):
            self._sent_pace = pace

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._worker:
            self._worker.close()


def check() -> tuple[bool, str]:
    """Whether there is a voice and a sound device, and what to do if not. Makes no sound."""
    result = _ask_worker("sound", _CHECK_TIMEOUT_S)
    return bool(result["ok"]), str(result["text"])


def voices(timeout_s: float = _CHECK_TIMEOUT_S) -> list[str]:
    """The names of the voices of this system; none where there is no voice."""
    return [str(name) for name in _ask_worker("voices", timeout_s).get("voices", [])]


def check_voice(name: str) -> None:
    """Raises SettingError for a voice that this system does not have, though it has others."""
    names = voices(_NAMES_TIMEOUT_S)
    if names and find_voice(name, names) is None:
        raise SettingError(f"there is no voice {brief(name)} here; repcount doctor lists them, such as {names[0]}")


def _ask_worker(question: str, timeout_s: float) -> dict[str, Any]:
    """The worker's answer to a `worker.WorkerSettings.question`."""
    with (
        tempfile.TemporaryDirectory(prefix="repcount-", ignore_cleanup_errors=True) as folder,
        _start_process({"folder": folder, "question": question}) as process,
    ):
        try:
            out, _ = process.communicate(timeout=timeout_s)
            answer: dict[str, Any] = json.loads(out)
            return answer
        except subprocess.TimeoutExpired:
            text = f"the voice did not answer within {timeout_s:g} s; try --sound tones or --sound off"
        except ValueError:
            text = "the process that speaks has crashed; try --sound tones or --sound off"
        finally:
            process.kill()
    return {"ok": False, "text": text}


def _check_settings(sound: str, volume: float, pace: str | None) -> None:
    if sound not in SOUNDS:
        raise SettingError(f"sound is {sound!r}; it must be one of {', '.join(SOUNDS)}")
    if not 0 <= volume <= 1:
        raise SettingError(f"volume is {volume!r}; it must be a number from 0 to 1")
    if pace is not None and sum(parse_tempo(pace)) < 1:
        raise SettingError(f"the pace {pace!r} leaves less than a second for a rep")


def _check_writable(file: Path) -> None:
    if file.is_fifo():
        raise OutputError(f"cannot write {file}: it is a pipe, and the head of a WAV file is written at its end")
    try:
        file.open("wb").close()
    except OSError as error:
        raise OutputError(f"cannot write {file}: {error.strerror}") from error


class _WorkerProcess:
    """The worker process, and a thread that reads its reports and restarts it if it dies."""

    def __init__(self, settings: dict[str, Any], max_restarts: int) -> None:
        self.trouble: str | None = None
        # Removed by both sides, as either may be killed.
        self._folder = tempfile.TemporaryDirectory(prefix="repcount-", ignore_cleanup_errors=True)
        self._settings = {**settings, "folder": self._folder.name, "started_s": monotonic()}
        self._max_restarts = max_restarts
        self._closing = False
        self._restart_lock = threading.Lock()
        """Held while deciding whether to restart."""
        self.processes = [_start_process(self._settings)]
        """The last one is current. Pipes of earlier ones stay open, as `send` may be writing to one."""
        self._reader = threading.Thread(target=self._read_reports, daemon=True)
        self._reader.start()

    def send(self, message: dict[str, Any]) -> bool:
        """Send a message without waiting. Returns False if the worker hangs or has died.

        There is no queue with a writer thread: on a busy machine it would hold the GIL while waiting for a processor.
        The pipe holds hundreds of messages; one that does not fit would be announced too late anyway.
        """
        # The leading line break ends a message that was written only in part.
        line = b"\n" + json.dumps(message).encode() + b"\n"
        pipe = self.processes[-1].stdin
        with suppress(OSError, ValueError):
            return pipe is not None and pipe.write(line) == len(line)
        return False

    def close(self) -> None:
        """Let the worker finish for a short time, then kill it."""
        with self._restart_lock:
            self._closing = True
        for process in self.processes:
            _close_pipe(process.stdin)
        if not any(self._has_ended() for _ in interrupts.waits(_SHUTDOWN_S, _POLL_S, _LEAVING_S)):
            self.processes[-1].kill()
        self._reader.join(_KILL_TIMEOUT_S)
        self._folder.cleanup()

    def _has_ended(self) -> bool:
        with suppress(subprocess.TimeoutExpired):
            self.processes[-1].wait(_POLL_S)
        return self.processes[-1].poll() is not None

    def _read_reports(self) -> None:
        while True:
            process = self.processes[-1]
            for report in process.stdout or ():
                self.trouble = json.loads(report)["trouble"]
            process.wait()
            _close_pipe(process.stdout)
            if not self._restart():
                return

    def _restart(self) -> bool:
        """Start the next process; False if there is to be none."""
        with self._restart_lock:
            if self._closing:
                return False
            if len(self.processes) > self._max_restarts:
                self.trouble = "the process that speaks has ended; live counting goes on without sound"
                return False
            self.processes.append(_start_process(self._settings))
            return True


def _close_pipe(pipe: IO[bytes] | None) -> None:
    if pipe:
        with suppress(OSError):
            pipe.close()


def _start_process(settings: dict[str, Any]) -> subprocess.Popen[bytes]:
    """Start a worker with these `WorkerSettings`."""
    command = [sys.executable, "-P", "-c", _LAUNCHER, json.dumps(settings), str(Path(__file__).parents[2])]
    process = subprocess.Popen(
        command,
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        **_own_process_group(),
    )
    if process.stdin:
        _set_nonblocking(process.stdin.fileno())
    return process


def _set_nonblocking(pipe: int) -> None:
    """Make writing to a full pipe fail at once."""
    if sys.platform == "win32" and sys.version_info < (3, 12):
        import _winapi
        import msvcrt

        no_wait = 1  # PIPE_NOWAIT, as in Python's own os.set_blocking from 3.12 on.
        _winapi.SetNamedPipeHandleState(msvcrt.get_osfhandle(pipe), no_wait, None, None)
    else:
        os.set_blocking(pipe, False)


def _own_process_group() -> dict[str, Any]:
    """Popen arguments that keep Ctrl-C in the terminal from the worker: it goes to the whole process group."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"process_group": 0}
