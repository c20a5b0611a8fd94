"""Worker processes that count videos: each holds one job at a time, so a crash or a hang costs that video alone.

FFmpeg, OpenCV and MediaPipe are native code: a damaged video may end the process that reads it, or keep it busy for
ever. So the command itself loads none of them. It hands jobs to worker processes, `LocalExecutor` on this machine or
`DaskExecutor` on a cluster, and both call the same function, `count_video`. Only progress and the result come back;
the files are written by the command, except that an annotated video, which may take gigabytes, is written by the
worker into the temporary file that the command has made for it, and that it then publishes or removes.

A local worker is a fresh interpreter (no fork, so it works the same on Linux, macOS and Windows) connected by two
pipes: jobs come in over its standard input, messages go out over its standard output. It ends when its input does,
so none outlives the command, however that ended.
"""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Empty, SimpleQueue
from time import monotonic
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, BinaryIO, Protocol, Self

from repcount.analysis import Analysis
from repcount.config import Config
from repcount.errors import LibraryError, RepcountError
from repcount.interrupts import SIGNALS
from repcount.reports.traces import AngleTrace

if TYPE_CHECKING:
    from distributed.client import Future as DaskFuture

HANG_S = 60.0
"""Without progress for this long a worker counts as hung. Heuristic: the slowest video tried (8K on a busy machine)
makes progress every second or so, and a disk that has to spin up takes about ten."""

FINISHING_HANG_S = 600.0
"""The same for annotated videos and plots, which have long steps without progress: a file of gigabytes is rewritten
so that browsers can play it while it loads. Heuristic."""

STOP_S = 10.0
"""How long a worker that is asked to stop may take to hand over what it has counted. Heuristic: it is asked between
two frames, which are less than a second apart."""

_TICK_S = 0.1
"""How often limits and Ctrl-C are looked at, and how often a worker reports progress. Heuristic."""

_START_ATTEMPTS = 2
"""A worker that dies while it loads the libraries is started once more; the second time it is no accident."""

_REACH_S = 10.0
"""How long a Dask scheduler may take to answer, or be away once it has. Heuristic."""

_RETRIES = 3
"""How often Dask gives a video to another worker when one dies over it. Heuristic."""

Progress = Callable[[float, float], None]
"""Called with the seconds of video done and the seconds there are (NaN if unknown). May raise KeyboardInterrupt."""


# --- what a worker can do -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class VideoJob:
    """A video to count, and what is wanted of it beside the analysis."""

    video: Path
    config: Config
    model: Path | None = None
    """The pose model; None for the one that the worker finds in its cache."""
    trackers: int = 1
    """How many parts of the video are measured in parallel; the result does not depend on it."""
    signal: bool = False
    """Whether the signal CSV is wanted."""
    trace: bool = False
    """Whether the angle over time is wanted, for a plot or report."""
    track: bool = False
    """Whether the poses are wanted, for an annotated copy."""


@dataclass(frozen=True, slots=True)
class VideoResult:
    """What came of a VideoJob."""

    analysis: Analysis
    signal: str = ""
    """The text of the signal CSV."""
    trace: AngleTrace | None = None
    track: bytes = b""
    """A pickled Track: opaque to the command, which would have to load numpy and OpenCV to read it."""


def count_video(job: VideoJob, progress: Progress) -> VideoResult:
    """Count one video. This is what every worker runs, here and on a cluster. Raises RepcountError.

    A KeyboardInterrupt out of `progress` ends it early, with what was counted until then as the result.
    """
    from repcount import formats, pipeline

    text = io.StringIO(newline="")
    trace = AngleTrace() if job.trace else None
    track = None
    sinks: list[pipeline.Sink] = [formats.SignalWriter(text)] if job.signal else []
    if trace is not None:
        sinks.append(trace)
    if job.track:
        from repcount.reports.traces import PoseTrack

        track = PoseTrack()
        sinks.append(track)
    analysis = pipeline.analyze(
        job.video,
        job.config,
        model=job.model,
        jobs=job.trackers,
        sinks=sinks,
        on_pose=track.saw if track is not None else None,
        progress=progress,
    )
    return VideoResult(analysis, text.getvalue(), trace, b"" if track is None else pickle.dumps(track))


@dataclass(frozen=True, slots=True)
class AnnotationJob:
    """An annotated copy to write of a video that has been counted."""

    video: Path
    analysis: Analysis
    track: bytes
    name: Path
    """What the file will be called, for messages."""
    into: Path
    """The temporary file to write it to."""


def annotate_video(job: AnnotationJob, progress: Progress) -> list[str]:
    """Write the annotated copy; returns what to tell people. Raises VideoError and OutputError."""
    from repcount.reports.video import write_annotated
    from repcount.video.writer import VideoWriter

    # The bytes come from `count_video`, through the command, and nobody else can write to these pipes.
    return write_annotated(
        job.video, job.analysis, pickle.loads(job.track), VideoWriter(job.name, into=job.into), progress
    )


@dataclass(frozen=True, slots=True)
class ThumbnailJob:
    """The pictures to take of the reps of a video that has been counted."""

    video: Path
    analysis: Analysis
    trace: AngleTrace


def take_thumbnails(job: ThumbnailJob, progress: Progress) -> dict[int, bytes]:
    """A small JPEG of the top of each rep, by the number of the rep. Raises VideoError and OutputError."""
    from repcount.reports.video import RepThumbnails
    from repcount.video import reader

    stills = RepThumbnails(job.analysis, job.trace)
    with reader.open_video(job.video) as video:
        for frame in video.frames(job.analysis.settings.rate_hz):
            progress(frame.time_s, video.info.duration_s)
            stills.take(frame)
            if stills.done:
                break
    stills.finish()
    return stills.pictures


@dataclass(frozen=True, slots=True)
class PlotJob:
    """A plot to draw, of the kind that the name of its file asks for."""

    path: Path
    videos: list[tuple[Analysis, AngleTrace]]


def draw_plot(job: PlotJob, progress: Progress) -> bytes:
    """The content of the plot's file. Raises OutputError."""
    from repcount.reports import plot

    return plot.render_plot(plot.kind(job.path), job.videos)


# --- tasks --------------------------------------------------------------------------------------------------


class TaskError(Exception):
    """Why a task has no result, as the rest of a sentence about its video; `brief` says it in a word or two."""

    def __init__(self, text: str, brief: str) -> None:
        super().__init__(text)
        self.brief = brief


class StoppedError(Exception):
    """The task was stopped before there was anything to hand over."""


class WorkerError(RepcountError):
    """No worker can be started, or none can be reached."""


class Task:
    """A function and its job on their way through an executor."""

    def __init__(self, function: Callable[[Any, Progress], Any], job: Any, limit_s: float) -> None:
        self.function, self.job, self.limit_s = function, job, limit_s
        self.progress: tuple[float, float] | None = None
        """The seconds of video done and the seconds there are; None before the first frame."""
        self.done = False
        self.silent_s = 0.0
        """How long nothing has been heard of it."""
        self.stopping_s: float | None = None
        """How long ago it was asked to stop."""
        self._value: Any = None

    def settle(self, value: Any) -> Task:
        """It has ended with this result or exception."""
        self.done, self._value = True, value
        return self

    def result(self) -> Any:
        """Its result. Raises TaskError, StoppedError and RepcountError."""
        if isinstance(self._value, Exception):
            raise self._value
        return self._value


class Executor(Protocol):
    """Runs tasks in other processes. A context manager; leaving it ends whatever is under way."""

    def submit(self, function: Callable[[Any, Progress], Any], job: Any, limit_s: float = HANG_S) -> Task:
        """Have `function(job, progress)` run."""

    def wait(self) -> list[Task]:
        """The tasks that have ended since; waits for a moment if there are none. Raises WorkerError, LibraryError."""

    def stop(self) -> None:
        """Drop what has not begun and ask the rest to hand over what it has; asked again, it is dropped, too."""


# --- workers on this machine --------------------------------------------------------------------------------


class LocalExecutor:
    """Worker processes on this machine, supervised: one that crashes or hangs is replaced. A context manager.

    All of them together measure with `trackers` trackers at a time, however many videos are under way.
    """

    def __init__(self, trackers: int | None = None, videos: int = 1) -> None:
        """`trackers`: None for as many as there are cores; `videos`: how many there will be to share them."""
        self._trackers = trackers or _cores()
        self._slots = max(min(self._trackers, videos), 1)
        self._messages: SimpleQueue[tuple[_Worker, str, Any]] = SimpleQueue()
        self._queue: deque[Task] = deque()
        self._starting: set[_Worker] = set()
        self._idle: list[_Worker] = []
        self._busy: dict[_Worker, Task] = {}
        self._failed_starts = 0
        self._finished: list[Task] = []
        self._looked_s = monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in [*self._starting, *self._idle, *self._busy]:
            worker.close()

    def start(self) -> Self:
        """Have a worker load its libraries before there is a job for it. Raises WorkerError."""
        self._starting.add(_Worker(self._messages))
        return self

    def submit(self, function: Callable[[Any, Progress], Any], job: Any, limit_s: float = HANG_S) -> Task:
        """Have `function(job, progress)` run. Videos wait in the order given; all else goes before them."""
        task = Task(function, job, limit_s)
        others = sum(not isinstance(before.job, VideoJob) for before in self._queue)
        self._queue.insert(len(self._queue) if isinstance(job, VideoJob) else others, task)
        return task

    def stop(self) -> None:
        """As for Executor. What has not made any progress has nothing to hand over."""
        self._finished += [task.settle(StoppedError()) for task in self._queue]
        self._queue.clear()
        for worker, task in list(self._busy.items()):
            if task.stopping_s is None and task.progress is not None:
                task.stopping_s = 0.0
                worker.send(_STOP)
            else:
                self._give_up(worker, StoppedError())

    def wait(self) -> list[Task]:
        """As for Executor."""
        if not self._finished and (self._queue or self._busy):
            self._hand_out()
            with contextlib.suppress(Empty):
                self._take(*self._messages.get(timeout=_TICK_S))
                while True:
                    self._take(*self._messages.get_nowait())
            self._watch()
        finished, self._finished = self._finished, []
        return finished

    def _hand_out(self) -> None:
        while self._queue and self._idle:
            worker, task = self._idle.pop(), self._queue.popleft()
            job = task.job
            if isinstance(job, VideoJob):
                job = replace(job, trackers=self._share())
            self._busy[worker] = task
            task.job = job
            worker.send((task.function, job))
        while len(self._starting) < min(len(self._queue), self._slots - len(self._busy)):
            self.start()

    def _share(self) -> int:
        """The trackers of a video that begins now: those that are free, shared with the videos that begin next."""
        used = sum(task.job.trackers for task in self._busy.values() if isinstance(task.job, VideoJob))
        beginning = min(1 + len(self._queue), self._slots - len(self._busy))
        return max((self._trackers - used) // max(beginning, 1), 1)

    def _take(self, worker: _Worker, kind: str, value: Any) -> None:
        """Act on a message of a worker."""
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
        """A worker has ended by itself: of its job, if it had one."""
        ended = worker.close()
        if task is not None:
            del self._busy[worker]
            self._finished.append(task.settle(_crashed(ended)))
        elif worker in self._starting:
            self._starting.discard(worker)
            self._failed_starts += 1
            if self._failed_starts >= _START_ATTEMPTS:
                raise _no_start(ended)
        elif worker in self._idle:
            self._idle.remove(worker)

    def _watch(self) -> None:
        """Give up on tasks that make no progress.

        Time in which this process did not run either does not count: Ctrl-Z, a laptop that was closed.
        """
        before_s, self._looked_s = self._looked_s, monotonic()
        step_s = min(self._looked_s - before_s, 2 * _TICK_S)
        for worker, task in list(self._busy.items()):
            task.silent_s += step_s
            if task.stopping_s is not None:
                task.stopping_s += step_s
                if task.stopping_s > STOP_S:
                    self._give_up(worker, StoppedError())
            elif task.silent_s > task.limit_s:
                self._give_up(worker, _hung(task.limit_s))

    def _give_up(self, worker: _Worker, why: Exception) -> None:
        task = self._busy.pop(worker)
        worker.close()
        self._finished.append(task.settle(why))


class _Worker:
    """The command's end of a worker process, and the thread that reads what it says."""

    def __init__(self, messages: SimpleQueue[tuple[_Worker, str, Any]]) -> None:
        """Start it. Raises WorkerError."""
        self._messages = messages
        debug = bool(os.environ.get("REPCOUNT_DEBUG"))
        options: dict[str, Any] = {"stderr": None if debug else subprocess.DEVNULL}
        if sys.platform == "win32":
            options["creationflags"] = subprocess.CREATE_NEW_PROCESS_GROUP
        process = None
        try:
            with _deaf():
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
        """Tell it something. One that is gone does not hear it, and its reader finds out."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.write(pickle.dumps(message))
            self._process.stdin.flush()

    def close(self) -> int | None:
        """End it. Its exit code, negative for a signal; None for one that the system cannot end just now."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        code = self._process.poll()
        if code is None:
            self._process.kill()
        try:
            return self._process.wait(1.0)
        except subprocess.TimeoutExpired:  # it waits for a disk that does not answer
            return code

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as stdout:
            for kind, value in _messages(stdout):
                self._messages.put((self, kind, value))
        # A process may close its output a moment before its exit code is known.
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1.0)
        self._messages.put((self, "gone", None))


def _messages(stream: IO[bytes]) -> Iterator[Any]:
    """The pickled messages of a stream until it ends, which may be in the middle of one."""
    while True:
        try:
            message = pickle.load(stream)
        except Exception:  # cut off, which has many names
            return
        yield message


@contextlib.contextmanager
def _deaf() -> Iterator[None]:
    """A process started in here hears none of the signals that ask a program to end, from its first moment on.

    A terminal sends Ctrl-C to all processes of the command; the worker is told by the command itself what to do. On
    Windows a process group of its own does the same.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _outcome(kind: str, value: Any) -> Any:
    """What a task ends with that a worker told of like this."""
    if kind == "result":
        return value
    if kind == "stopped":
        return StoppedError()
    if kind == "error":
        of, text = value
        return of(text)
    text, where = value
    if os.environ.get("REPCOUNT_DEBUG"):
        print(where, file=sys.stderr)
    if "MemoryError" in text or "can't start new thread" in text:
        return TaskError(f"there is not enough memory for it ({text}); close other programs or try --jobs 1", text)
    return TaskError(f"it could not be counted: {text}. `repcount --debug analyze` shows where that is from", text)


def _crashed(code: int | None) -> TaskError:
    name = _ending(code)
    if name == "SIGKILL":
        ended = "the system ended the process that read it (SIGKILL), as it does when memory runs out"
        return TaskError(f"{ended}; convert it to a smaller mp4 (H.264) and try again", f"was ended ({name})")
    text = f"the video library crashed on it ({name}); convert it to mp4 (H.264) and try again"
    return TaskError(text, f"crashed ({name})")


def _hung(limit_s: float) -> TaskError:
    text = f"the video library got no further with it in {limit_s:g} s; convert it to mp4 (H.264) and try again"
    return TaskError(text, f"got no further in {limit_s:g} s")


def _no_start(code: int | None) -> RepcountError:
    if code is not None and code < 0:
        return LibraryError(
            f"a library crashed ({_ending(code)}) while no video was read. "
            "Install them again: pip install --force-reinstall opencv-python mediapipe"
        )
    return WorkerError(
        f"the process that reads videos does not start ({_ending(code)}): is there enough memory? "
        "`repcount --debug analyze` shows what it says"
    )


def _ending(code: int | None) -> str:
    """The name of a signal, or the exit code; Windows reports a crash as a large one."""
    if code is None:
        return "no answer"
    if code < 0:
        with contextlib.suppress(ValueError):
            return signal.Signals(-code).name
    return f"exit code {code:#x}" if code > 255 else f"exit code {code}"


def _cores() -> int:
    from repcount.pipeline import available_cores

    return available_cores()


# --- inside a worker ----------------------------------------------------------------------------------------

_BOOT = "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); from repcount.app.workers import main; main()"
"""What a worker runs. It looks for modules where the command does."""

_STOP = "stop"


def main() -> None:
    """Run the jobs that come in over standard input until it ends."""
    outbox = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what libraries print is no message
    jobs: SimpleQueue[Any] = SimpleQueue()
    stop = threading.Event()
    threading.Thread(target=_receive, args=(sys.stdin.buffer, jobs, stop), daemon=True).start()
    with contextlib.suppress(Exception):  # the first job meets the same error, and tells of it
        import repcount.pose.parallel  # noqa: F401
    _send(outbox, "ready", None)
    while True:
        function, job = jobs.get()
        _run(function, job, outbox, stop)


def _receive(inbox: BinaryIO, jobs: SimpleQueue[Any], stop: threading.Event) -> None:
    """Take in what the command says; when it is gone, so is this process, whatever the libraries are at."""
    for message in _messages(inbox):
        if message == _STOP:
            stop.set()
        else:
            stop.clear()
            jobs.put(message)
    os._exit(1)


def _run(function: Callable[[Any, Progress], Any], job: Any, outbox: BinaryIO, stop: threading.Event) -> None:
    due_s = 0.0

    def progress(time_s: float, duration_s: float) -> None:
        nonlocal due_s
        if stop.is_set():
            raise KeyboardInterrupt
        if monotonic() >= due_s:
            due_s = monotonic() + _TICK_S
            _send(outbox, "progress", (time_s, duration_s))

    try:
        kind, value = "result", function(job, progress)
    except KeyboardInterrupt:
        kind, value = "stopped", None
    except RepcountError as error:
        kind, value = "error", (type(error), str(error))
    except Exception as error:
        kind, value = "failure", _described(error)
    try:
        _send(outbox, kind, value)
    except OSError:
        os._exit(1)  # the command is gone
    except Exception as error:  # a result that cannot be pickled
        _send(outbox, "failure", _described(error))


def _described(error: Exception) -> tuple[str, str]:
    import traceback

    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__, traceback.format_exc()


def _send(outbox: BinaryIO, kind: str, value: Any) -> None:
    message = pickle.dumps((kind, value))  # whole before the first byte is written
    outbox.write(message)
    outbox.flush()


# --- workers on a cluster -----------------------------------------------------------------------------------


class DaskExecutor:
    """The workers of an existing Dask cluster, which see the videos under the same paths. A context manager.

    A video whose worker dies goes to another one. There is no time limit and no progress.
    """

    def __init__(self, address: str) -> None:
        """Reach the scheduler. Raises WorkerError and, without the extra, LibraryError."""
        _check_address(address)
        try:
            import dask

            # A cluster that goes away is told in a line of ours; theirs has a traceback.
            with dask.config.set({"logging": dict.fromkeys(("distributed", "distributed.client"), "critical")}):
                from distributed import Client
        except ImportError as error:
            raise LibraryError('--cluster needs Dask: pip install "repcount[cluster]"') from error
        self._address = address
        self._tasks: dict[DaskFuture, Task] = {}
        self._ended: SimpleQueue[DaskFuture] = SimpleQueue()
        self._away_s: float | None = None
        try:
            self._client = Client(address, timeout=_REACH_S, set_as_default=False)
        except Exception as error:
            raise WorkerError(f"no Dask scheduler answers at {address}: {error}. Is it running?") from error
        try:
            self._check_workers()
        except BaseException:
            self._client.close(timeout=1)
            raise

    def _check_workers(self) -> None:
        """A worker that cannot import repcount would be given the videos and lose them."""
        import importlib

        found = self._client.run(importlib.import_module, "repcount", on_error="return")
        for worker, module in found.items():
            if isinstance(module, Exception):
                raise WorkerError(f"the Dask worker {worker} cannot load repcount: {module}. Install it there, too")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(Exception):  # the scheduler may be gone
            self._client.cancel(list(self._tasks), force=True)
        with contextlib.suppress(Exception):
            self._client.close(timeout=1)

    def submit(self, function: Callable[[Any, Progress], Any], job: Any, limit_s: float = HANG_S) -> Task:
        """Have `function(job, progress)` run on one of the workers."""
        task = Task(function, job, limit_s)
        there = replace(job, video=job.video.resolve())
        future = self._client.submit(_run_on_dask, function, there, retries=_RETRIES, pure=False)
        self._tasks[future] = task
        future.add_done_callback(self._ended.put)
        return task

    def stop(self) -> None:
        """As for Executor; what is under way is dropped."""
        with contextlib.suppress(Exception):
            self._client.cancel(list(self._tasks), force=True)
        for task in self._tasks.values():
            task.settle(StoppedError())

    def wait(self) -> list[Task]:
        """As for Executor."""
        finished = [self._tasks.pop(future) for future, task in list(self._tasks.items()) if task.done]
        if finished or not self._tasks:
            return finished
        with contextlib.suppress(Empty):
            future = self._ended.get(timeout=_TICK_S)
            if future in self._tasks:
                self._settle(future)
                finished.append(self._tasks.pop(future))
        self._check_scheduler()
        return finished

    def _check_scheduler(self) -> None:
        if self._client.status == "running":
            self._away_s = None
        elif self._away_s is None:
            self._away_s = monotonic()
        elif monotonic() - self._away_s > _REACH_S:
            raise WorkerError(f"the Dask scheduler at {self._address} is gone")

    def _settle(self, future: DaskFuture) -> None:
        task = self._tasks[future]
        job: Any = task.job
        try:
            value = future.result()
        except Exception as error:  # whatever a worker died of
            if future.status in ("cancelled", "lost"):  # not by us, who would have settled it before
                raise WorkerError(f"the Dask scheduler at {self._address} is gone") from error
            task.settle(TaskError(f"it could not be counted on the cluster: {error}", str(error)))
            return
        if isinstance(value, RepcountError):
            task.settle(type(value)(str(value).replace(str(job.video.resolve()), str(job.video))))
            return
        if isinstance(value, VideoResult):
            source = replace(value.analysis.source, path=str(job.video))
            value = replace(value, analysis=replace(value.analysis, source=source))
        task.settle(value)


def _check_address(address: str) -> None:
    """Raise WorkerError for what is no address; Dask would try it for a while and then fail with a traceback."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(address if "://" in address else f"tcp://{address}")
        fine = parts.scheme in ("tcp", "tls", "ws", "wss", "ucx") and bool(parts.hostname) and parts.port is not None
        fine = fine and not (parts.path or parts.query or parts.fragment)
    except ValueError:
        fine = False
    if not fine:
        raise WorkerError(f"{address} is no address of a Dask scheduler: write it as tcp://host:8786")


def _run_on_dask(function: Callable[[Any, Progress], Any], job: Any) -> Any:
    """Run on a Dask worker, which tries again what raises: our own errors are results."""
    try:
        return function(job, lambda time_s, duration_s: None)
    except RepcountError as error:
        return error
