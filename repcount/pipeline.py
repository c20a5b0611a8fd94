"""Samples in, counts out: the one path that live, recorded and replayed counting share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from repcount.analysis import Analysis, AnalysisBuilder, Source
from repcount.config import Config
from repcount.counting.counter import RepCounter
from repcount.errors import VideoError
from repcount.types import AnalysisWarning, Frame, Pose, Sample, Span, Subject, Update, WarningCode

if TYPE_CHECKING:
    from repcount.pose.parallel import Measured
    from repcount.pose.subject import FoundSubject

StrPath = str | os.PathLike[str]
Progress = Callable[[float, float], None]
"""Called with the seconds of video done and the total (NaN where the file does not say)."""


class Sink(Protocol):
    """Receives every update."""

    def write(self, update: Update) -> None:
        """Take one update."""


def updates(samples: Iterable[Sample], config: Config) -> Iterator[Update]:
    """One update per sample, and one or more at the end for what only the end decides.

    Sample times must rise.
    """
    counter = RepCounter(config)
    for sample in samples:
        yield from counter.push(sample)
    yield from counter.end()


def count(samples: Iterable[Sample | tuple[float, float]], config: Config | None = None) -> Analysis:
    """Count samples, or plain pairs of time in seconds and hip angle in degrees.

    Times must rise. A hip angle of NaN means that nobody was seen.
    """
    settings = config or Config()
    builder = AnalysisBuilder()
    converted = (sample if isinstance(sample, Sample) else Sample(*sample) for sample in samples)
    for update in updates(converted, settings):
        builder.write(update)
    return builder.result(Source("samples", builder.last_s, analysed=builder.samples), settings)


def analyze(
    path: StrPath,
    config: Config | None = None,
    *,
    model: StrPath | None = None,
    jobs: int | None = None,
    span: Span | None = None,
    subject: Subject | None = None,
    sinks: Sequence[Sink] = (),
    on_pose: Callable[[float, Pose | None], None] | None = None,
    progress: Progress | None = None,
    notify: Callable[[str], None] = lambda _: None,
) -> Analysis:
    """Count a recorded video.

    - `model`: a pose model file of your own; by default the one in the user's cache, prepared first if it is missing.
    - `jobs`: how many chunks of the video are tracked in parallel, by default one per core. It does not change the
      result.
    - `span`: the part to count in; its times remain those of the video.
    - `subject`: whom to count where several people lie; by default the one who raises the legs first.
    - `sinks` receive every update, `on_pose` the time and the pose of every analysed frame, `progress` is called after
      each, `notify` receives a line about the model's preparation.

    Ctrl-C ends the analysis early: the result is that of the part counted so far, marked `interrupted`.
    Raises RepcountError.
    """
    from repcount.pose import model as pose_model
    from repcount.pose import parallel
    from repcount.video import reader

    settings, part = config or Config(), span or Span()
    builder = AnalysisBuilder()
    trackers = jobs or available_cores()
    # Tracking needs most of the cores: on two of them it takes a tenth longer with two decoding threads than with one.
    with reader.open_video(path, threads=max(trackers // 2, 1)) as video:
        model_path = pose_model.ensure_model(Path(model) if model else None, notify)
        model_sha256 = pose_model.fingerprint(model_path)
        found = _find_subject(Path(path), model_path, part, subject, progress) if subject else None
        with closing(parallel.measured(video, model_path, settings.rate_hz, trackers, part, found)) as measured:
            samples = _UntilInterrupted(_observed(measured, video.info.duration_s, on_pose, progress))
            _count_into(samples, settings, [builder, *sinks])
        interrupted = samples.interrupted
        info = video.info
        # Decoding runs ahead of counting, so the reader's duration is not that of the counted part.
        counted_s = builder.last_s if interrupted else video.duration_s
        source = Source(
            str(path),
            counted_s,
            info.width,
            info.height,
            video.frames_read,
            builder.samples,
            info.reader,
            part.from_s or None,
            part.to_s if isfinite(part.to_s) else None,
            str(subject) if subject else None,
        )
        warnings = _interruption_warnings(interrupted, counted_s) or video.warnings()
    analysis = builder.result(source, settings, warnings, interrupted=interrupted)
    return replace(analysis, model_sha256=model_sha256)


def _find_subject(path: Path, model: Path, part: Span, subject: Subject, progress: Progress | None) -> FoundSubject:
    """Find whom to count at the beginning of a part of a video. Raises VideoError."""
    from repcount.pose.parallel import TRACKED_LONG_SIDE_PX
    from repcount.pose.subject import LOOK_HZ, LOOK_S, find_subject
    from repcount.video import reader

    beginning = replace(part, to_s=min(part.to_s, part.from_s + LOOK_S))
    with reader.open_video(path) as video:
        shrink = video.info.shrink(TRACKED_LONG_SIDE_PX)

        def frames() -> Iterator[Frame]:
            for frame in video.frames(LOOK_HZ, shrink, beginning):
                if progress is not None:
                    progress(part.from_s, video.info.duration_s)
                yield frame

        try:
            return find_subject(frames(), model, subject)
        except VideoError as error:
            raise VideoError(f"{path}: {error}") from error


def recount(
    path: StrPath,
    config: Config | None = None,
    *,
    sinks: Sequence[Sink] = (),
    should_stop: Callable[[], bool] = lambda: False,
) -> Analysis:
    """Count again, with other settings, from a signal CSV that `analyze` saved. Raises RepcountError.

    `should_stop` is called before each sample. Once it returns True the result is that of the part counted so far,
    marked `interrupted`.
    """
    from repcount import formats

    settings = config or Config()
    builder = AnalysisBuilder()
    samples = _UntilStopped(formats.read_signal(Path(path)), should_stop)
    _count_into(samples, settings, [builder, *sinks])
    source = Source(str(path), builder.last_s, analysed=builder.samples)
    warnings = _interruption_warnings(samples.stopped, builder.last_s)
    return builder.result(source, settings, warnings, interrupted=samples.stopped)


def available_cores() -> int:
    """The number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _interruption_warnings(interrupted: bool, at_s: float) -> list[AnalysisWarning]:
    return [AnalysisWarning(WarningCode.INTERRUPTED, {"at_s": at_s})] if interrupted else []


def _count_into(samples: Iterable[Sample], config: Config, sinks: Sequence[Sink]) -> None:
    """Count samples and hand the updates to the sinks."""
    for update in updates(samples, config):
        for sink in sinks:
            sink.write(update)


class _UntilStopped:
    """Samples that end when `should_stop` says so."""

    def __init__(self, samples: Iterable[Sample], should_stop: Callable[[], bool]) -> None:
        self._samples, self._should_stop = samples, should_stop
        self.stopped = False

    def __iter__(self) -> Iterator[Sample]:
        for sample in self._samples:
            self.stopped = self._should_stop()
            if self.stopped:
                return
            yield sample


class _UntilInterrupted:
    """Samples that end at Ctrl-C as they would at the end of the video, so that the counter finishes as usual."""

    def __init__(self, samples: Iterable[Sample]) -> None:
        self._samples = samples
        self.interrupted = False

    def __iter__(self) -> Iterator[Sample]:
        try:
            yield from self._samples
        except KeyboardInterrupt:
            self.interrupted = True


def _observed(
    measured: Iterable[Measured],
    duration_s: float,
    on_pose: Callable[[float, Pose | None], None] | None,
    progress: Progress | None,
) -> Iterator[Sample]:
    for item in measured:
        if on_pose is not None:
            on_pose(item.sample.time_s, item.pose)
        if progress is not None:
            progress(item.sample.time_s, duration_s)
        yield item.sample
