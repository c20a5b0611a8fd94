"""Worker processes on this machine: each holds one job at a time, so a crash or a hang costs that job alone.

FFmpeg, OpenCV and MediaPipe are native code: a damaged video may crash the process that reads it, or hang it. So the
command itself loads none of them. It hands jobs (`app.jobs`) to worker processes, and only progress and results come
back. The command writes the files, with one exception: an annotated video, which may take gigabytes, is written by the
worker into the temporary file that the command has created, and that the command then publishes or removes.

A worker is a fresh interpreter (no fork, so it works the same on Linux, macOS and Windows) connected by two pipes:
jobs come in over its standard input, messages go out over its standard output. It exits when its input ends, so none
outlives the command, however that ended.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from queue import Empty, SimpleQueue
from time import monotonic
from types import TracebackType
from typing import IO, Any, BinaryIO, Self

from repcount.app.executor import HANG_S, POLL_S, STOP_S, JobFunction, StoppedError, Task, TaskError, WorkerError
from repcount.app.jobs import VideoJob
from repcount.errors import LibraryError, RepcountError
from repcount.interrupts import SIGNALS
from repcount.libraries import OPENCV, guard_loading, import_failure, requirement
from repcount.pipeline import available_cores

_START_ATTEMPTS = 2
"""A worker that dies while it loads the libraries is started once more; the second time it is no accident."""

_EXIT_WAIT_S = 1.0
"""How long to wait for the exit code of a worker that was killed or has closed its output. Heuristic: it is there at
once unless the process waits for a disk that does not answer."""

SWITCH_S = 0.0001
"""How long a thread of a worker may keep Python's lock while others wait for it, instead of 5 ms: one that comes back
from MediaPipe or FFmpeg should have the next image under way. Measured on a set of 66 s, in turns: medians of seven
runs 4.46 s instead of 4.53."""


class LocalExecutor:
    """Worker processes on this machine, supervised: one that crashes or hangs is replaced. A context manager.

    At most `trackers` trackers run at a time, shared by all the videos under way.
    """

    def __init__(self, trackers: int | None = None, videos: int = 1) -> None:
        """`trackers`: None for one per core; `videos`: how many will share them."""
        self._trackers = trackers or available_cores()
        self._slots = max(min(self._trackers, videos), 1)
        self._messages: SimpleQueue[tuple[_Worker, str, Any]] = SimpleQueue()
        self._queue: deque[Task] = deque()
        self._starting: set[_Worker] = set()
        self._idle: list[_Worker] = []
        self._busy: dict[_Worker, Task] = {}
        self._failed_starts = 0
        self._finished: list[Task] = []
        self._checked_s = monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in [*self._starting, *self._idle, *self._busy]:
            worker.close()

    def start(self) -> Self:
        """Start a worker, so that it loads its libraries before there is a job for it. Raises WorkerError."""
        self._starting.add(_Worker(self._messages))
        return self

    def submit(self, function: JobFunction, job: Any, limit_s: float = HANG_S) -> Task:
        """Schedule `function(job, progress)`. Videos run in the order submitted, other jobs go before them."""
        task = Task(function, job, limit_s)
        others = sum(not isinstance(waiting.job, VideoJob) for waiting in self._queue)
        self._queue.insert(len(self._queue) if isinstance(job, VideoJob) else others, task)
        return task

    def stop(self) -> None:
        """As for Executor. A task that has made no progress has no partial result and is dropped at once."""
        self._finished += [task.settle(StoppedError()) for task in self._queue]
        self._queue.clear()
        for worker, task in list(self._busy.items()):
            if task.stopping_s is None and task.progress is not None:
                task.stopping_s = 0.0
                worker.send(_STOP)
            else:
                self._abandon(worker, StoppedError())

    def wait(self) -> list[Task]:
        """As for Executor."""
        if not self._finished and (self._queue or self._busy):
            self._dispatch()
            with contextlib.suppress(Empty):
                self._handle(*self._messages.get(timeout=POLL_S))
                while True:
                    self._handle(*self._messages.get_nowait())
            self._check_limits()
        finished, self._finished = self._finished, []
        return finished

    def _dispatch(self) -> None:
        """Give jobs to idle workers, and start more workers while jobs wait."""
        while self._queue and self._idle:
            worker, task = self._idle.pop(), self._queue.popleft()
            job = task.job
            if isinstance(job, VideoJob):
                job = replace(job, trackers=self._free_trackers())
            self._busy[worker] = task
            task.job = job
            worker.send((task.function, job))
        while len(self._starting) < min(len(self._queue), self._slots - len(self._busy)):
            self.start()

    def _free_trackers(self) -> int:
        """The trackers for a video that begins now: its share of the free ones, beside the videos that begin next."""
        used = sum(task.job.trackers for task in self._busy.values() if isinstance(task.job, VideoJob))
        beginning = min(1 + len(self._queue), self._slots - len(self._busy))
        return max((self._trackers - used) // max(beginning, 1), 1)

    def _handle(self, worker: _Worker, kind: str, value: Any) -> None:
        """Act on a message from a worker."""
        task = self._busy.get(worker)
        if kind == "ready" and worker in self._starting:
            self._starting.discard(worker)
            self._idle.append(worker)
            self._failed_starts = 0
        elif kind == "gone":
            self._replace(worker, task)
        elif task is not None:
            task.silent_s = 0.0
            if kind == "progress":
                task.progress = value
            else:
                del self._busy[worker]
                self._idle.append(worker)
                self._finished.append(task.settle(_outcome(kind, value)))

    def _replace(self, worker: _Worker, task: Task | None) -> None:
        """Remove a worker that has exited by itself, which fails the task that it was at."""
        code = worker.close()
        if task is not None:
            del self._busy[worker]
            self._finished.append(task.settle(_crash_error(code)))
        elif worker in self._starting:
            self._starting.discard(worker)
            self._failed_starts += 1
            if self._failed_starts >= _START_ATTEMPTS:
                raise _start_error(code)
        elif worker in self._idle:
            self._idle.remove(worker)

    def _check_limits(self) -> None:
        """Abandon tasks that make no progress.

        Time during which this process was suspended too does not count (Ctrl-Z, a closed laptop).
        """
        before_s, self._checked_s = self._checked_s, monotonic()
        step_s = min(self._checked_s - before_s, 2 * POLL_S)
        for worker, task in list(self._busy.items()):
            task.silent_s += step_s
            if task.stopping_s is not None:
                task.stopping_s += step_s
                if task.stopping_s > STOP_S:
                    self._abandon(worker, StoppedError())
            elif task.silent_s > task.limit_s:
                self._abandon(worker, _hang_error(task.limit_s))

    def _abandon(self, worker: _Worker, reason: Exception) -> None:
        task = self._busy.pop(worker)
        worker.close()
        self._finished.append(task.settle(reason))


class _Worker:
    """The command's handle of a worker process, with a thread that reads its messages."""

    def __init__(self, messages: SimpleQueue[tuple[_Worker, str, Any]]) -> None:
        """Start the process. `messages` receives (worker, kind, value). Raises WorkerError."""
        self._messages = messages
        debug = bool(os.environ.get("REPCOUNT_DEBUG"))
        options: dict[str, Any] = {"stderr": None if debug else subprocess.DEVNULL}
        if sys.platform == "win32":
            options["creationflags"] = subprocess.CREATE_NEW_PROCESS_GROUP
        process = None
        try:
            with _signals_blocked():
                process = subprocess.Popen(
                    [sys.executable, "-P", "-c", _BOOT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, **options
                )
            self._process = process
            threading.Thread(target=self._listen, daemon=True).start()
        except (OSError, RuntimeError) as error:
            if process is not None:
                self.close()
            raise WorkerError(
                f"cannot start a process to read videos: {getattr(error, 'strerror', None) or error}. "
                "Are there too many programs open, or too little memory left?"
            ) from error
        self.send(sys.path)

    def send(self, message: object) -> None:
        """Send it a message. If it is gone, the reading thread reports that."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.write(pickle.dumps(message))
            self._process.stdin.flush()

    def close(self) -> int | None:
        """Kill it unless it has exited. Returns its exit code, negative for a signal; None if it was still there."""
        assert self._process.stdin is not None
        code = self._process.poll()  # what it ends with from here on, without its input or killed, is our doing
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        if code is None:
            self._process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_EXIT_WAIT_S)
        return code

    def _listen(self) -> None:
        assert self._process.stdout is not None
        try:
            with self._process.stdout as stdout:
                for kind, value in _read_messages(stdout):
                    self._messages.put((self, kind, value))
            # A process may close its output a moment before its exit code is known.
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_EXIT_WAIT_S)
        except MemoryError:
            pass  # to say so would take more of it; that the worker is gone is said
        finally:
            self._messages.put((self, "gone", None))


def _read_messages(stream: IO[bytes]) -> Iterator[Any]:
    """The pickled messages of a stream, until it ends or breaks off in the middle of one."""
    while True:
        try:
            message = pickle.load(stream)
        except Exception:  # pickle raises many kinds for truncated data
            return
        yield message


@contextlib.contextmanager
def _signals_blocked() -> Iterator[None]:
    """Block the signals that ask a program to end, so that a process started in here ignores them from the start.

    A terminal sends Ctrl-C to every process of the command, but workers take orders from the command alone. On
    Windows a process group of its own has the same effect.
    """
    if sys.platform == "win32":
        yield
        return
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _outcome(kind: str, value: Any) -> Any:
    """The outcome of a task, result or exception, from the last message about it."""
    if kind == "result":
        return value
    if kind == "stopped":
        return StoppedError()
    if kind == "error":
        error_class, text = value
        return error_class(text)
    text, traceback_text = value
    if os.environ.get("REPCOUNT_DEBUG"):
        print(traceback_text, file=sys.stderr)
    if "MemoryError" in text or "can't start new thread" in text:  # the latter is a RuntimeError
        return TaskError(f"there is not enough memory for it ({text}); close other programs or try --jobs 1", text)
    return TaskError(f"it could not be counted: {text}. `repcount --debug analyze` shows where that is from", text)


def _crash_error(code: int | None) -> TaskError:
    if code is None:
        text = "the process that read it broke off and did not exit; convert it to mp4 (H.264) and try again"
        return TaskError(text, "broke off")
    name = exit_name(code)
    if name == "SIGKILL":
        ended = "the system ended the process that read it (SIGKILL), as it does when memory runs out"
        return TaskError(f"{ended}; convert it to a smaller mp4 (H.264) and try again", f"was ended ({name})")
    text = (
        f"the video library crashed on it ({name}); convert it to mp4 (H.264) and try again. "
        "`repcount doctor` tells whether the library itself is damaged"
    )
    return TaskError(text, f"crashed ({name})")


def _hang_error(limit_s: float) -> TaskError:
    text = f"the video library got no further with it in {limit_s:g} s; convert it to mp4 (H.264) and try again"
    return TaskError(text, f"got no further in {limit_s:g} s")


def _start_error(code: int | None) -> RepcountError:
    if code is not None and code < 0:
        return LibraryError(
            f"a library crashed ({exit_name(code)}) while no video was read. "
            f"Install them again: pip install --force-reinstall {requirement(OPENCV)} {requirement('mediapipe')}"
        )
    return WorkerError(
        f"the process that reads videos does not start ({exit_name(code)}): is there enough memory? "
        "`repcount --debug analyze` shows what it says"
    )


def exit_name(code: int | None) -> str:
    """The name of the signal, or the exit code, in hexadecimal where Windows reports a crash by a large one."""
    if code is None:
        return "no answer"
    if code < 0:
        with contextlib.suppress(ValueError):
            return signal.Signals(-code).name
    return f"exit code {code:#x}" if code > 255 else f"exit code {code}"


# --- in the worker process ---------------------------------------------------------------------------------

_BOOT = "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); from repcount.app.workers import main; main()"
"""The code that a worker runs. The first message is the command's `sys.path`, so that both import the same modules."""

_STOP = "stop"
"""The message that asks for a partial result."""


def main() -> None:
    """Run the jobs that come in over standard input until it ends."""
    sys.setswitchinterval(SWITCH_S)
    outbox = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what libraries print must not mix with the messages
    jobs: SimpleQueue[Any] = SimpleQueue()
    stop = threading.Event()
    threading.Thread(target=_receive, args=(sys.stdin.buffer, jobs, stop), daemon=True).start()
    guard_loading()
    with contextlib.suppress(Exception):  # the first job runs into the same error and reports it
        import repcount.pose.parallel  # noqa: F401
    _send(outbox, "ready", None)
    while True:
        function, job = jobs.get()
        _run(function, job, outbox, stop)


def _receive(inbox: BinaryIO, jobs: SimpleQueue[Any], stop: threading.Event) -> None:
    """Receive messages from the command; when it is gone, exit at once, whatever the libraries are doing."""
    for message in _read_messages(inbox):
        if message == _STOP:
            stop.set()
        else:
            stop.clear()
            jobs.put(message)
    os._exit(1)


def _run(function: JobFunction, job: Any, outbox: BinaryIO, stop: threading.Event) -> None:
    """Run one job: send its progress every `POLL_S`, then its outcome."""
    due_s = 0.0

    def progress(time_s: float, duration_s: float) -> None:
        nonlocal due_s
        if stop.is_set():
            raise KeyboardInterrupt
        if monotonic() >= due_s:
            due_s = monotonic() + POLL_S
            _send(outbox, "progress", (time_s, duration_s))

    try:
        kind, value = "result", function(job, progress)
    except KeyboardInterrupt:
        kind, value = "stopped", None
    except RepcountError as error:
        kind, value = "error", (type(error), str(error))
    except ImportError as error:
        kind, value = "error", (LibraryError, str(import_failure(error)))
    except Exception as error:
        kind, value = "failure", _describe(error)
    try:
        _send(outbox, kind, value)
    except OSError:
        os._exit(1)  # the command is gone
    except Exception as error:  # a result that cannot be pickled
        _send(outbox, "failure", _describe(error))


def _describe(error: Exception) -> tuple[str, str]:
    """An exception in one line, and its traceback."""
    import traceback

    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__, traceback.format_exc()


def _send(outbox: BinaryIO, kind: str, value: Any) -> None:
    message = pickle.dumps((kind, value))  # before writing: if it cannot be pickled, nothing must have been sent
    outbox.write(message)
    outbox.flush()
