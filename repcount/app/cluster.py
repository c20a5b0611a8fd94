"""Runs jobs on an existing Dask cluster."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from concurrent.futures import Future as Asked
from concurrent.futures import wait
from dataclasses import replace
from queue import Empty, SimpleQueue
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from repcount import interrupts
from repcount.app.aside import Aside
from repcount.app.executor import HANG_S, POLL_S, JobFunction, StoppedError, Task, TaskError, WorkerError
from repcount.app.jobs import VideoResult
from repcount.errors import LibraryError, RepcountError

if TYPE_CHECKING:
    from distributed.client import Future

_TIMEOUT_S = 10.0
"""How long the scheduler may take to answer, or be unreachable later on. Heuristic: a restart of the network on the
way takes a few seconds."""

_ANSWER_S = 15.0
"""The same where Dask itself would wait without end, for a host that is silent: longer, as Dask's own message tells
more."""

_LEAVING_S = 0.3
"""How long is waited for each answer once the program ends: after a signal it has two seconds, and asks three times."""

_NO_WORKER_SAID_S = 10.0
_NO_WORKER_S = 300.0
"""A cluster without a worker is reported after the first and given up after the second. Heuristic: a cluster that
starts its workers when there is work, by a queue perhaps, takes minutes."""

_LOOK_S = 2.0
"""How often the scheduler is asked for its workers: as often as Dask itself asks it for news."""

_RETRIES = 3
"""How often Dask gives a video to another worker when one dies over it. Heuristic: a video that kills four workers is
to blame itself."""

_T = TypeVar("_T")


class DaskExecutor:
    """Runs jobs on the workers of a Dask cluster, which see the videos under the same paths. A context manager.

    A video whose worker dies goes to another one. There is no time limit while there is a worker, and no progress.
    """

    def __init__(self, address: str, note: Callable[[str], None]) -> None:
        """Connect to the scheduler at `address`; `note` prints a line for people.

        Raises WorkerError, and LibraryError if Dask is not installed.
        """
        _check_address(address)
        try:
            import dask

            # When the cluster goes away we report it in one line; Dask would log a traceback.
            with dask.config.set({"logging": dict.fromkeys(("distributed", "distributed.client"), "critical")}):
                from distributed import Client
        except ImportError as error:
            raise LibraryError('--cluster needs Dask: pip install "repcount[cluster]"') from error
        self._address = address
        self._tasks: dict[Future, Task] = {}
        self._ended: SimpleQueue[Future] = SimpleQueue()
        self._unreachable_since_s: float | None = None
        self._note, self._said = note, False
        self._looked_s = self._worked_s = monotonic()
        """When the scheduler was last asked for its workers, and when it last had one."""
        self._aside = Aside()
        self._asked: Asked[Any] | None = None
        """The question for the workers that is under way."""
        try:
            self._client = self._ask(lambda: Client(address, timeout=_TIMEOUT_S, set_as_default=False))
        except WorkerError:
            raise
        except Exception as error:
            raise WorkerError(f"no Dask scheduler answers at {address}: {error}. Is it running?") from error
        try:
            self._check_workers()
        except BaseException:
            self._close()
            raise

    def _ask(self, call: Callable[[], _T], limit_s: float = _ANSWER_S) -> _T:
        """What a call to the scheduler returns. Raises what it raises, and WorkerError if no answer comes in time."""
        asked = self._aside.submit(call)
        if not any(wait([asked], POLL_S).done for _ in interrupts.waits(limit_s, POLL_S, _LEAVING_S)):
            raise WorkerError(f"the Dask scheduler at {self._address} does not answer. Is it one, and is it well?")
        return asked.result()

    def _check_workers(self) -> None:
        """Raise WorkerError if a worker cannot import repcount: every video it is given would fail."""
        import importlib

        client = self._client
        imported = self._ask(lambda: client.run(importlib.import_module, "repcount", on_error="return"), HANG_S)
        for worker, module in imported.items():
            if isinstance(module, Exception):
                raise WorkerError(f"the Dask worker {worker} cannot load repcount: {module}. Install it there, too")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._cancel()
        self._close()

    def _cancel(self) -> None:
        with contextlib.suppress(Exception):  # the scheduler may be gone
            self._ask(lambda: self._client.cancel(list(self._tasks), force=True), _LEAVING_S)

    def _close(self) -> None:
        with contextlib.suppress(Exception):
            self._ask(lambda: self._client.close(timeout=1), _LEAVING_S)

    def submit(self, function: JobFunction, job: Any, limit_s: float = HANG_S) -> Task:
        """Schedule `function(job, progress)` on one of the workers; `limit_s` is ignored."""
        task = Task(function, job, limit_s)
        remote_job = replace(job, video=job.video.resolve())
        future = self._client.submit(_run_on_dask, function, remote_job, retries=_RETRIES, pure=False)
        self._tasks[future] = task
        future.add_done_callback(self._ended.put)
        return task

    def stop(self) -> None:
        """Drop all tasks, those under way too: there is no way to ask a Dask worker for a partial result."""
        self._cancel()
        for task in self._tasks.values():
            task.settle(StoppedError())

    def wait(self) -> list[Task]:
        """As for Executor."""
        finished = [self._tasks.pop(future) for future, task in list(self._tasks.items()) if task.done]
        if finished or not self._tasks:
            return finished
        with contextlib.suppress(Empty):
            future = self._ended.get(timeout=POLL_S)
            if future in self._tasks:
                self._settle(future)
                finished.append(self._tasks.pop(future))
        self._check_scheduler()
        self._check_for_workers()
        return finished

    def _check_scheduler(self) -> None:
        if self._client.status == "running":
            self._unreachable_since_s = None
        elif self._unreachable_since_s is None:
            self._unreachable_since_s = monotonic()
        elif monotonic() - self._unreachable_since_s > _TIMEOUT_S:
            raise self._gone()

    def _check_for_workers(self) -> None:
        """Report a cluster that has no worker. Raises WorkerError once it has had none, or is silent, for too long."""
        if self._asked is None:
            if self._client.status != "running" or monotonic() - self._looked_s < _LOOK_S:
                return
            self._looked_s, self._asked = monotonic(), self._aside.submit(self._client.nthreads)
        if not self._asked.done():
            if monotonic() - self._looked_s > _ANSWER_S:
                raise self._gone()
            return
        asked, self._asked = self._asked, None
        with contextlib.suppress(Exception):  # the scheduler may go away in this moment
            if asked.result():
                self._worked_s, self._said = monotonic(), False
        without_s = monotonic() - self._worked_s
        advice = f"start one on a machine that has repcount: dask worker {self._address}"
        if without_s > _NO_WORKER_S:
            raise WorkerError(f"the Dask scheduler at {self._address} had no worker for {_NO_WORKER_S:.0f} s: {advice}")
        if without_s > _NO_WORKER_SAID_S and not self._said:
            self._said = True
            self._note(f"the Dask scheduler at {self._address} has no worker; waiting {_NO_WORKER_S:.0f} s: {advice}")

    def _gone(self) -> WorkerError:
        return WorkerError(f"the Dask scheduler at {self._address} is gone")

    def _settle(self, future: Future) -> None:
        """Settle the task of a future that has ended; paths on the cluster become those the user gave."""
        task = self._tasks[future]
        job: Any = task.job
        try:
            value = self._ask(future.result, HANG_S)
        except WorkerError:
            raise
        except Exception as error:  # whatever ended the worker
            if future.status in ("cancelled", "lost"):  # not by `stop`, which settles the task itself
                raise self._gone() from error
            task.settle(TaskError(f"it could not be counted on the cluster: {error}", str(error)))
            return
        if isinstance(value, RepcountError):
            value = type(value)(str(value).replace(str(job.video.resolve()), str(job.video)))
        elif isinstance(value, VideoResult):
            source = replace(value.analysis.source, path=str(job.video))
            value = replace(value, analysis=replace(value.analysis, source=source))
        task.settle(value)


def _check_address(address: str) -> None:
    """Raise WorkerError unless `address` is one: Dask would try it for a while and fail with a traceback."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(address if "://" in address else f"tcp://{address}")
        valid = parts.scheme in ("tcp", "tls", "ws", "wss", "ucx") and bool(parts.hostname) and parts.port is not None
        valid = valid and not (parts.path or parts.query or parts.fragment or "@" in address)
    except ValueError:
        valid = False
    if not valid:
        raise WorkerError(f"{address} is no address of a Dask scheduler: write it as tcp://host:8786")


def _run_on_dask(function: JobFunction, job: Any) -> Any:
    """Run a job on a Dask worker. Our own errors are returned: Dask would retry a job that raises."""
    try:
        return function(job, lambda time_s, duration_s: None)
    except RepcountError as error:
        return error
