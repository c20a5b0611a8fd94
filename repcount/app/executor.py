"""What runs jobs in other processes, as the batch run sees it: tasks, their errors and the Executor protocol."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from repcount.errors import RepcountError
from repcount.pipeline import Progress

HANG_S = 60.0
"""A job without progress for this long counts as hung. Heuristic: the slowest video tried (8K on a busy machine)
makes progress every second or so, and a disk that has to spin up takes about ten."""

FINISHING_HANG_S = 600.0
"""The same for annotated videos and plots, which have long steps without progress: a file of gigabytes is rewritten
so that browsers can play it while it loads. Heuristic."""

POLL_S = 0.1
"""Longest wait for an event before time limits and Ctrl-C are checked again, and the interval of progress reports.
Heuristic: too short to be noticed, too long to cost anything."""

STOP_S = 1.2
"""How long a worker that is asked to stop may take to hand over a partial result. It checks between two frames, some
ten milliseconds apart, and of the two seconds in which a signal ends the program the files need some, too."""

JobFunction = Callable[[Any, Progress], Any]
"""A function of `app.jobs`: takes a job and a progress callback, returns the result."""


class TaskError(Exception):
    """Why a task has no result, phrased to follow the name of its video; `brief` says it in a few words."""

    def __init__(self, text: str, brief: str) -> None:
        super().__init__(text)
        self.brief = brief


class StoppedError(Exception):
    """The task was stopped before it had a result."""


class WorkerError(RepcountError):
    """No worker can be started, or none can be reached."""


class Task:
    """A function and its job on their way through an executor."""

    def __init__(self, function: JobFunction, job: Any, limit_s: float) -> None:
        self.function, self.job, self.limit_s = function, job, limit_s
        self.progress: tuple[float, float] | None = None
        """The seconds of video done and the total (NaN if unknown); None before the first frame."""
        self.done = False
        self.silent_s = 0.0
        """Seconds since the last message about it."""
        self.stopping_s: float | None = None
        """Seconds since it was asked to stop; None if it was not."""
        self._outcome: Any = None

    def settle(self, outcome: Any) -> Task:
        """Mark it as done with this result or exception."""
        self.done, self._outcome = True, outcome
        return self

    def result(self) -> Any:
        """Its result. Raises TaskError, StoppedError and RepcountError."""
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome


class Executor(Protocol):
    """Runs tasks in other processes. A context manager; leaving it ends all tasks under way."""

    def submit(self, function: JobFunction, job: Any, limit_s: float = HANG_S) -> Task:
        """Schedule `function(job, progress)`."""

    def wait(self) -> list[Task]:
        """The tasks that ended since the last call; waits up to `POLL_S` if there are none.

        Raises WorkerError and LibraryError.
        """

    def stop(self) -> None:
        """Drop the tasks that have not begun and ask the others for a partial result; a second call drops those too."""
