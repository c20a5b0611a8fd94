"""Several videos counted at the same time on this machine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from functools import partial
from math import nan
from pathlib import Path
from types import TracebackType
from typing import Self

from repcount import pipeline
from repcount.analysis import Analysis
from repcount.config import Config
from repcount.interrupt import Brake
from repcount.looks import Look

_LOOK_S = 0.1
"""How often Ctrl-C and the progress are looked at. A choice."""


Count = Callable[[], Analysis]


class Crowd:
    """Counts videos in the order in which they are added, as many at a time as there are jobs. A context manager.

    Leaving it ends what is still under way.
    """

    def __init__(
        self,
        config: Config,
        model: Path | None,
        jobs: int | None,
        notify: Callable[[str], None] = lambda _: None,
        around: Callable[[Look, Count], Analysis] = lambda _, count: count(),
    ) -> None:
        """`jobs` is how many pieces of video are measured at a time; None for as many as there are cores.

        `around` is called in the thread that counts a video, and has to count it by calling what it is given.
        """
        self._config, self._model, self._notify, self._around = config, model, notify, around
        self._jobs = jobs or pipeline.cores()
        self._pool = ThreadPoolExecutor(self._jobs)
        self._stop = threading.Event()
        self._waiting = 0
        self._results: dict[Look, Future[Analysis]] = {}
        self._progress: dict[Look, tuple[float, float]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._pool.shutdown(cancel_futures=True)

    def add(self, look: Look, sinks: Sequence[pipeline.Sink]) -> None:
        """Count this video, too."""
        self._waiting += 1
        self._results[look] = self._pool.submit(self._count, look, sinks)

    def result(self, look: Look, show: pipeline.Progress, brake: Brake) -> Analysis:
        """Wait for a video; Ctrl-C ends it and all behind it. Raises RepcountError, and KeyboardInterrupt before
        its first frame.
        """
        brake.delayed = True
        while True:
            try:
                brake.check()
                return self._results[look].result(_LOOK_S)
            except NotYet:
                show(*self._progress.get(look, (0.0, nan)))
            except KeyboardInterrupt:
                if self._stop.is_set() or look not in self._progress:
                    raise
                self._stop.set()

    def _count(self, look: Look, sinks: Sequence[pipeline.Sink]) -> Analysis:
        self._waiting -= 1
        # The last ones share the cores that the others no longer need.
        jobs = max(self._jobs // (1 + self._waiting), 1)
        count = partial(
            pipeline.analyze,
            look.video,
            self._config,
            model=self._model,
            jobs=jobs,
            sinks=sinks,
            saw=look.saw,
            progress=lambda time_s, duration_s: self._note(look, time_s, duration_s),
            notify=self._notify,
        )
        return self._around(look, count)

    def _note(self, look: Look, time_s: float, duration_s: float) -> None:
        if self._stop.is_set():
            raise KeyboardInterrupt
        self._progress[look] = (time_s, duration_s)
