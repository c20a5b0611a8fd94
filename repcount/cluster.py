"""Hands whole videos to an existing Dask cluster and takes their results back, as they come."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from repcount import pipeline, table
from repcount.analysis import Analysis
from repcount.config import Config
from repcount.curve import Curve
from repcount.errors import LibraryError, RepcountError, VideoError

_REACH_S = 10.0
"""How long the scheduler may take to answer. A choice."""

_RETRIES = 3
"""How often a video is given to another worker when one dies over it. A choice."""


class ClusterError(RepcountError):
    """The scheduler cannot be reached."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be done with every video."""

    config: Config
    model: Path | None
    signal: bool
    """Whether the signal is wanted back."""
    curve: bool
    """Whether the curve is."""


@dataclass(frozen=True, slots=True)
class Done:
    """What came of one video."""

    analysis: Analysis
    signal: str
    curve: Curve | None


def counted(address: str, videos: Sequence[Path], task: Task) -> Iterator[tuple[Path, Done | VideoError]]:
    """The results in the order in which they come; every worker has to see the videos under the same paths.

    A video whose worker dies goes to another one. Raises ClusterError and, without the extra, LibraryError.
    """
    try:
        from distributed import Client, as_completed
        from distributed.client import Future
    except ImportError as error:
        raise LibraryError('--cluster needs Dask: pip install "repcount[cluster]"') from error
    try:
        client = Client(address, timeout=_REACH_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterError(f"no Dask scheduler answers at {address}: {error}. Is it running?") from error
    with client:
        asked: dict[Future, Path] = {
            client.submit(work, str(video.resolve()), task, retries=_RETRIES, pure=False): video for video in videos
        }
        try:
            for future in as_completed(list(asked), loop=client.loop):
                yield asked[future], _of(future, asked[future])
        finally:
            client.cancel(list(asked))


def _of(future: object, video: Path) -> Done | VideoError:
    """The result with the name that the video was asked for by; what goes wrong with one stops no other."""
    try:
        done: Done | VideoError = future.result()  # type: ignore[attr-defined]
    except RepcountError:
        raise
    except Exception as error:  # whatever a worker died of
        return VideoError(f"{video} could not be counted on the cluster: {error}")
    if isinstance(done, VideoError):
        return VideoError(str(done).replace(str(video.resolve()), str(video)))
    return replace(done, analysis=replace(done.analysis, source=replace(done.analysis.source, path=str(video))))


def work(path: str, task: Task) -> Done | VideoError:
    """Count one video; this runs on the worker."""
    text = io.StringIO(newline="")
    curve = Curve() if task.curve else None
    sinks: list[pipeline.Sink] = [table.SignalWriter(text)] if task.signal else []
    sinks += [curve] if curve is not None else []
    try:
        analysis = pipeline.analyze(path, task.config, model=task.model, sinks=sinks)
    except VideoError as error:
        return error
    return Done(analysis, text.getvalue(), curve)
