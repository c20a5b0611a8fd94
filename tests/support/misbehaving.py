"""What a worker process may be given to do in tests: every way in which native code and ours can go wrong."""

from __future__ import annotations

import os
import resource
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

from repcount.app.jobs import VideoJob

Progress = Callable[[float, float], None]


def echo(job: object, progress: Progress) -> object:
    """The job itself."""
    progress(0.0, 1.0)
    return job


def process_id(job: object, progress: Progress) -> int:
    """Which process it is."""
    return os.getpid()


def die(number: int, progress: Progress) -> None:
    """Die as native code does, in the middle of the work."""
    progress(0.5, 1.0)
    os.kill(os.getpid(), number)
    time.sleep(60)


def leave(code: int, progress: Progress) -> None:
    """End as a library does that calls exit()."""
    os._exit(code)


def segfault(job: object, progress: Progress) -> None:
    """A real one."""
    import ctypes

    ctypes.string_at(0)


def hang(file: Path, progress: Progress) -> None:
    """Begin, say which process it is, and never go on."""
    progress(0.5, 1.0)
    file.with_suffix(".new").write_text(str(os.getpid()), encoding="utf-8")
    file.with_suffix(".new").replace(file)
    threading.Event().wait()


def hang_on(job: VideoJob, progress: Progress) -> None:
    """The same, over a video."""
    hang(job.video, progress)


def break_off(job: object, progress: Progress) -> None:
    """Close every file, the way back to the command too, and never end."""
    os.closerange(3, 256)
    threading.Event().wait()


def count_on(file: Path, progress: Progress) -> int:
    """Get on until asked to stop, and hand over how far it came."""
    steps = 0
    try:
        while True:
            progress(float(steps), 1e9)
            steps += 1
            file.touch()
    except KeyboardInterrupt:
        return steps


class LocalError(Exception):
    """Can be pickled but not read again."""

    def __init__(self, one: object, other: object) -> None:
        super().__init__("two of them")


def fail(job: object, progress: Progress) -> None:
    """Raise what no pickle can hold."""
    raise LocalError(lambda: None, threading.Lock())


def unpicklable(job: object, progress: Progress) -> object:
    """Hand over what no pickle can hold."""
    return threading.Lock()


def without_memory(job: object, progress: Progress) -> None:
    """Start a thread where there is no memory for its stack."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    limit = used + (2 << 20)  # enough to report the error, less than the stack of a thread
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    threading.Thread(target=int).start()


def signals_heard(job: object, progress: Progress) -> set[signal.Signals]:
    """Which of the signals that end programs it would hear."""
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    return {number for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) if number not in blocked}
