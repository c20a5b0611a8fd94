"""The one way through the house: samples are counted and every sink is handed the updates."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from repcount.analysis import Analysis, AnalysisBuilder, Source
from repcount.config import Config
from repcount.counting.counter import RepCounter
from repcount.types import AnalysisWarning, Pose, Sample, Update, WarningCode

if TYPE_CHECKING:
    from repcount.pose.parallel import Measured

StrPath = str | os.PathLike[str]
Progress = Callable[[float, float], None]
"""Told the seconds of video done and the seconds there are (NaN where the file does not say)."""


class Sink(Protocol):
    """Takes updates, one for every sample."""

    def write(self, update: Update) -> None:
        """Take one update."""


def updates(samples: Iterable[Sample], config: Config) -> Iterator[Update]:
    """One update for each sample and a last one for what the end makes known.

    The times of the samples have to rise; live, recorded and replayed samples all come through here.
    """
    counting = RepCounter(config)
    for sample in samples:
        yield from counting.push(sample)
    yield from counting.end()


def count(samples: Iterable[Sample | tuple[float, float]], config: Config | None = None) -> Analysis:
    """Count samples, or plain pairs of time in seconds and hip angle in degrees.

    The times have to rise. A hip angle of NaN means that nobody was seen.
    """
    made = (sample if isinstance(sample, Sample) else Sample(*sample) for sample in samples)
    tally = AnalysisBuilder()
    settings = config or Config()
    for update in updates(made, settings):
        tally.write(update)
    return tally.result(Source("samples", tally.last_s, analysed=tally.samples), settings)


def analyze(
    path: StrPath,
    config: Config | None = None,
    *,
    model: StrPath | None = None,
    jobs: int | None = None,
    sinks: Sequence[Sink] = (),
    saw: Callable[[float, Pose | None], None] | None = None,
    progress: Progress | None = None,
    notify: Callable[[str], None] = lambda _: None,
) -> Analysis:
    """Count a recorded video.

    `model` is a pose model file of your own; without it the one in the user's cache is used, prepared first if
    need be, of which `notify` is told in a line. `jobs` is how many chunks of the video are tracked at a time, by
    default as many as there are cores; the result does not depend on it. `saw` is told the time and the pose of
    every analysed frame, `progress` is called after each. Ctrl-C ends the analysis early; what was counted until
    then is the result, marked `interrupted`. Raises RepcountError.
    """
    from repcount.pose import model as pose_model
    from repcount.pose import parallel
    from repcount.video import reader

    settings = config or Config()
    tally = AnalysisBuilder()
    given = Path(model) if model else None
    here = cores()
    # Those who measure have most of the cores: two threads that decode would take a tenth more time than one.
    with reader.open_video(path, threads=max((jobs or here) // 2, 1)) as video:
        ready = pose_model.ensure_model(given, notify)
        with closing(parallel.measured(video, ready, settings.rate_hz, jobs or here)) as measured:
            read = _watched(measured, video.info.duration_s, saw, progress)
            interrupted = _run(read, settings, [tally, *sinks])
        info = video.info
        # The video is decoded ahead of what is counted.
        read_s = tally.last_s if interrupted else video.duration_s
        source = Source(str(path), read_s, info.width, info.height, video.frames_read, tally.samples)
        warnings = _interruption(interrupted, read_s) or video.warnings()
    return tally.result(source, settings, warnings, interrupted=interrupted)


def recount(
    path: StrPath,
    config: Config | None = None,
    *,
    sinks: Sequence[Sink] = (),
    should_stop: Callable[[], bool] = lambda: False,
) -> Analysis:
    """Count again from a signal CSV that `analyze` saved, with other settings. Raises RepcountError.

    `should_stop` is asked before each sample; what was counted until it says so is the result, marked `interrupted`.
    """
    from repcount import formats

    settings = config or Config()
    tally = AnalysisBuilder()
    samples = _until(should_stop, formats.read_signal(Path(path)))
    interrupted = _run(samples, settings, [tally, *sinks])
    source = Source(str(path), tally.last_s, analysed=tally.samples)
    return tally.result(source, settings, _interruption(interrupted, tally.last_s), interrupted=interrupted)


def _interruption(interrupted: bool, at_s: float) -> list[AnalysisWarning]:
    return [AnalysisWarning(WarningCode.INTERRUPTED, {"at_s": at_s})] if interrupted else []


def _run(samples: Iterable[Sample], config: Config, sinks: Sequence[Sink]) -> bool:
    """Count and hand out; True when Ctrl-C ended it, with what was known until then handed out, too."""
    stopped = _Stoppable(samples)
    for update in updates(stopped, config):
        for sink in sinks:
            sink.write(update)
    return stopped.by_hand


def _until(should_stop: Callable[[], bool], samples: Iterable[Sample]) -> Iterator[Sample]:
    for sample in samples:
        if should_stop():
            raise KeyboardInterrupt
        yield sample


class _Stoppable:
    """Samples that just end when Ctrl-C comes, so that what follows them is done as always."""

    def __init__(self, samples: Iterable[Sample]) -> None:
        self._samples = samples
        self.by_hand = False

    def __iter__(self) -> Iterator[Sample]:
        try:
            yield from self._samples
        except KeyboardInterrupt:
            self.by_hand = True


def _watched(
    measured: Iterable[Measured],
    duration_s: float,
    saw: Callable[[float, Pose | None], None] | None,
    progress: Progress | None,
) -> Iterator[Sample]:
    for found in measured:
        if saw is not None:
            saw(found.sample.time_s, found.pose)
        if progress is not None:
            progress(found.sample.time_s, duration_s)
        yield found.sample


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
