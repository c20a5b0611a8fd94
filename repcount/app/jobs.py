"""The jobs of worker processes: a function for each, and the values that go in and come out.

All of them read files with native code, and all must be picklable. Modules that load native libraries are imported
inside the functions, so that the command can make jobs without loading any.
"""

from __future__ import annotations

import io
import pickle
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from math import nan
from pathlib import Path

from repcount import formats, pipeline
from repcount.analysis import Analysis
from repcount.app.journal import video_sha256
from repcount.config import Config
from repcount.pipeline import Progress
from repcount.reports.traces import AngleTrace
from repcount.types import WHOLE, Pose, Span, Subject


@dataclass(frozen=True, slots=True)
class VideoJob:
    """A video to count, and what to collect beside the analysis."""

    video: Path
    config: Config
    model: Path | None = None
    """The pose model; None for the one in the worker's cache."""
    span: Span = WHOLE
    """The part of the video to count in."""
    subject: Subject | None = None
    """Whom to count where several people lie."""
    trackers: int = 1
    """How many chunks of the video are tracked in parallel; the result does not depend on it."""
    signal: bool = False
    """Whether to return the signal CSV."""
    trace: bool = False
    """Whether to return the angle over time, for a plot or report."""
    track: bool = False
    """Whether to return the poses, for an annotated copy."""
    landmarks: str = ""
    """The ending of the landmarks file to return, `.csv` or `.parquet`; empty for none."""
    hashed: bool = False
    """Whether to compute the SHA-256 of the video, by which `--resume` and the history know it again."""


@dataclass(frozen=True, slots=True)
class VideoResult:
    """The result of a VideoJob."""

    analysis: Analysis
    signal: str = ""
    """The text of the signal CSV."""
    trace: AngleTrace | None = None
    track: bytes = b""
    """A pickled PoseTrack. Opaque to the command, which would have to load numpy and OpenCV to read it."""
    landmarks: bytes = b""
    """The content of the landmarks file."""
    recorded: datetime | None = None
    """When the video was recorded, aware; None if its container does not say, or no trace was asked for."""


def count_video(job: VideoJob, progress: Progress) -> VideoResult:
    """Count one video; every worker runs this function, here and on a cluster. Raises RepcountError.

    A KeyboardInterrupt raised by `progress` ends it early; the result then covers the video up to that point.
    """
    # Before it is counted: the result of a file that is exchanged meanwhile then has a hash that fits neither.
    sha256 = video_sha256(job.video, lambda: progress(0.0, nan)) if job.hashed else ""
    text = io.StringIO(newline="")
    trace = AngleTrace() if job.trace else None
    track = table = None
    sinks: list[pipeline.Sink] = [formats.SignalWriter(text)] if job.signal else []
    if trace is not None:
        sinks.append(trace)
    if job.track:
        from repcount.reports.video import PoseTrack

        track = PoseTrack()
        sinks.append(track)
    if job.landmarks:
        from repcount.reports.landmarks import LandmarkTable

        table = LandmarkTable(str(job.video))
    observers = [each.on_pose for each in (track, table) if each is not None]

    def on_pose(time_s: float, pose: Pose | None) -> None:
        for observe in observers:
            observe(time_s, pose)

    analysis = pipeline.analyze(
        job.video,
        job.config,
        model=job.model,
        jobs=job.trackers,
        span=job.span,
        subject=job.subject,
        sinks=sinks,
        on_pose=on_pose if observers else None,
        progress=progress,
    )
    analysis = replace(analysis, video_sha256=sha256)
    return VideoResult(
        analysis,
        text.getvalue(),
        trace,
        b"" if track is None else pickle.dumps(track),
        b"" if table is None else table.content(job.landmarks),
        read_recording_time(job.video, progress) if job.trace else None,
    )


def read_recording_time(video: Path, progress: Progress) -> datetime | None:
    """When a video was recorded, aware; None if its container does not say. Raises VideoError."""
    from repcount.video.creation import creation_time

    return creation_time(video)


@dataclass(frozen=True, slots=True)
class AnnotationJob:
    """A counted video of which to write an annotated copy."""

    video: Path
    analysis: Analysis
    track: bytes
    """The `VideoResult.track` of the video."""
    name: Path
    """The final name of the copy, for messages."""
    into: Path
    """The temporary file to write it to."""
    blur_faces: bool = False


def annotate_video(job: AnnotationJob, progress: Progress) -> list[str]:
    """Write the annotated copy; returns notes for the user. Raises VideoError and OutputError."""
    from repcount.reports.video import write_annotated
    from repcount.video.writer import VideoWriter

    # Safe to unpickle: the bytes come from `count_video` through the command, and nobody else can write to its pipes.
    track = pickle.loads(job.track)
    writer = VideoWriter(job.name, into=job.into)
    return write_annotated(job.video, job.analysis, track, writer, progress, blur_faces=job.blur_faces)


@dataclass(frozen=True, slots=True)
class ThumbnailJob:
    """A counted video of whose reps to take thumbnails."""

    video: Path
    analysis: Analysis
    trace: AngleTrace
    blur_faces: bool = False


def take_thumbnails(job: ThumbnailJob, progress: Progress) -> dict[int, bytes]:
    """A small JPEG of the top of each rep, by the number of the rep. Raises VideoError and OutputError."""
    from repcount.reports.thumbnails import RepThumbnails
    from repcount.video import reader

    thumbnails = RepThumbnails(job.analysis, job.trace, blur_faces=job.blur_faces)
    with reader.open_video(job.video) as video:
        for frame in video.frames(job.analysis.settings.rate_hz):
            progress(frame.time_s, video.info.duration_s)
            thumbnails.add(frame)
            if thumbnails.done:
                break
    thumbnails.finish()
    return thumbnails.jpegs


@dataclass(frozen=True, slots=True)
class PlotJob:
    """A plot to draw; its format follows from the ending of `path`."""

    path: Path
    videos: list[tuple[Analysis, AngleTrace]]


def draw_plot(job: PlotJob, progress: Progress) -> bytes:
    """The content of the plot's file. Raises OutputError."""
    from repcount.reports import plot

    return plot.render_plot(plot.plot_format(job.path), job.videos)


_TIMED_FRAMES = 10
"""Frames analysed to measure the speed, after a first one, which takes longer. Heuristic: under a second."""


@dataclass(frozen=True, slots=True)
class TimingJob:
    """A video with which to time a pose model."""

    video: Path
    model: Path


def time_model(job: TimingJob, progress: Progress) -> list[float]:
    """Seconds that pose estimation takes for each of the first frames. Raises RepcountError."""
    from repcount.pose.landmarker import Landmarker
    from repcount.video import reader
    from repcount.video.clock import clock_s

    durations_s: list[float] = []
    with reader.open_video(job.video) as video, Landmarker(job.model) as landmarker:
        for frame in islice(video.frames(Config().rate_hz), 1 + _TIMED_FRAMES):
            start_s = clock_s()
            landmarker.detect(frame)
            durations_s.append(clock_s() - start_s)
            progress(frame.time_s, nan)
    return durations_s
