"""Starts `repcount` again and again in processes of their own without loading its libraries each time.

`Forks` is for the tests; this file run by itself is the process that has everything loaded and forks. A live session
may be played by a stick figure in front of a camera that is none, which is many times faster than life: all else in
it is real, from the options to the history.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Self

MADE_UP = "REPCOUNT_MADE_UP"
"""Names how many reps the stick figure does; 0 is without an end, and -1 the same in front of a real camera."""

CALENDAR = "REPCOUNT_CALENDAR"
"""Names a file with the seconds since 1970 that the calendar is to show."""

_LOADED_S = 300.0
_END_S = 300.0
_REP_S = 4.4


@dataclass
class Child:
    """One `repcount` that runs or has run."""

    pid: int
    out: Path
    err: Path
    _forks: Forks = field(repr=False)
    code: int | None = None

    def ends_within(self, seconds: float) -> bool:
        """Wait so long for its end."""
        if self.code is None:
            line = self._forks.line(seconds)
            self.code = None if line is None else int(line)
        return self.code is not None

    def send(self, number: int) -> None:
        """A signal; one that has just ended gets none."""
        if self.code is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def end(self) -> int:
        """Its exit code, minus the number of the signal that killed it."""
        assert self.ends_within(_END_S), f"it did not end: {self.output}"
        assert self.code is not None
        return self.code

    @property
    def output(self) -> str:
        """What it has written to standard error."""
        return self.err.read_text(encoding="utf-8", errors="replace")

    def family(self) -> list[int]:
        """The processes that it has started and that still run, and itself while it does."""
        return [pid for pid in map(int, filter(str.isdecimal, os.listdir("/proc"))) if _session(pid) == self.pid]


def _session(pid: int) -> int | None:
    try:
        state, _, _, session = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[:4]
    except (OSError, ValueError):
        return None
    return None if state == "Z" else int(session)


class Forks:
    """The process that forks. A context manager."""

    def __init__(self, folder: Path, env: Mapping[str, str] | None = None) -> None:
        """What the programs write goes into `folder`."""
        self._folder = folder
        self._number = 0
        self._rest = b""
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), **(env or {})},
        )

    def __enter__(self) -> Self:
        assert self.line(_LOADED_S) == "ready"
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def line(self, within_s: float) -> str | None:
        """The next line from the process; None where none comes in time."""
        assert self._process.stdout is not None
        until_s = time.monotonic() + within_s
        while b"\n" not in self._rest:
            if not select.select([self._process.stdout], [], [], max(until_s - time.monotonic(), 0))[0]:
                return None
            got = os.read(self._process.stdout.fileno(), 4096)
            assert got, "the process that forks has ended"
            self._rest += got
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode()

    def start(self, *arguments: str | Path, **env: str | Path) -> Child:
        """Start one; the one before has to have ended."""
        self._number += 1
        out, err = (self._folder / f"{self._number}.{ending}" for ending in ("out", "err"))
        err.touch()
        job = {"argv": list(map(str, arguments)), "env": {name: str(value) for name, value in env.items()}}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({**job, "out": str(out), "err": str(err)}).encode() + b"\n")
        self._process.stdin.flush()
        pid = self.line(_END_S)
        assert pid is not None
        return Child(int(pid), out, err, self)


# --- in the process that forks -----------------------------------------------------------------------------


def serve() -> None:
    """Fork a program for every line, tell its number and then how it ended."""
    import repcount.app.analyze
    import repcount.app.live
    import repcount.pose.parallel  # noqa: F401

    print("ready", flush=True)
    for line in sys.stdin:
        job = json.loads(line)
        pid = os.fork()
        if pid == 0:
            become(job)
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


def become(job: dict[str, Any]) -> None:
    """Be the program: a session of its own, no keyboard, Ctrl-C heard even where tests run in the background."""
    from repcount import interrupts
    from repcount.__main__ import main
    from repcount.history import writer

    # Nothing hangs here: what is not done in time has to wait for a busy machine.
    vars(interrupts)["_PATIENCE_S"] = vars(writer)["_LEAVING_S"] = _END_S
    os.setsid()
    for number, (name, flags) in enumerate(
        [(os.devnull, os.O_RDONLY), (job["out"], os.O_WRONLY | os.O_CREAT), (job["err"], os.O_WRONLY | os.O_CREAT)]
    ):
        os.dup2(os.open(name, flags, 0o600), number)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.update(job["env"])
    if MADE_UP in job["env"]:
        make_up(int(job["env"][MADE_UP]))
    if CALENDAR in job["env"]:
        set_calendar(Path(job["env"][CALENDAR]))
    sys.argv = ["repcount", *job["argv"]]
    main()


def set_calendar(file: Path) -> None:
    """Let the one place that reads the calendar for a live session read this file instead."""
    from repcount.cli import live

    class Calendar:
        @staticmethod
        def now() -> datetime:
            return datetime.fromtimestamp(float(file.read_text(encoding="utf-8")))

    time.tzset()
    vars(live)["datetime"] = Calendar


def make_up(reps: int, happens: Sequence[tuple[int, Any]] = ()) -> None:
    """Let a stick figure play live sessions. `happens`: after which rep to call what."""
    from repcount.app import live

    if reps >= 0:
        vars(live)["open_camera"] = lambda source, **_: Room(reps, dict(happens))
    vars(live)["PersonTracker"] = Figure


class Room:
    """A camera that sees a grey room, a frame each 15th of a second, as fast as anybody looks."""

    source, caution, width, height, rate_hz, lost_for_good = "made up", "", 1280, 720, 30.0, False

    def __init__(self, reps: int, happens: dict[int, Any]) -> None:
        import numpy as np

        self.captured = 0
        self._last = (2 + reps * (_REP_S + 1.0) + 1) * 15 if reps else float("inf")
        self._happens = happens
        # A view of a single grey value costs nothing to make and to look at.
        self._image = np.broadcast_to(np.uint8(128), (720, 1280, 3))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    @property
    def ended(self) -> bool:
        return self.captured >= self._last

    def now_s(self) -> float:
        return self.captured / 15

    def next(self, timeout_s: float, due_s: float = 0.0) -> Any:
        from repcount.types import Frame

        self.captured += 1
        done = (self.now_s() - 2) / (_REP_S + 1.0)
        for number in [number for number in self._happens if number <= done]:
            self._happens.pop(number)()
        return Frame(self.now_s(), self._image)


class Figure:
    """Finds somebody who lies for two seconds and then does one rep after the other."""

    people = 1

    def __init__(self, model: Path, *, look_round: bool) -> None:
        from support.bodies import Body, pose
        from support.signals import Shape

        self._shape = Shape(rest=4, raise_s=2.0, hold_s=0.4, lower_s=2.0, pause_s=1.0)
        self._pose, self._body = pose, Body

    def close(self) -> None:
        pass

    def track(self, frame: Any) -> Any:
        into_s = frame.time_s - 2
        flexion = self._shape.flexion(into_s % (_REP_S + 1.0)) if into_s > 0 else 4.0
        return self._pose(self._body(left=flexion, right=flexion))


@contextlib.contextmanager
def forks(folder: Path, env: Mapping[str, str] | None = None) -> Iterator[Forks]:
    """A process that forks, and a folder for what the programs write."""
    folder.mkdir(parents=True, exist_ok=True)
    with Forks(folder, env) as process:
        yield process


if __name__ == "__main__":
    serve()
