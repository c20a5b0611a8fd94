#!/usr/bin/env python3
"""How fast recorded videos are counted, beside the usual loop and beside what is possible at all.

  plain     every frame is decoded, given to one pose landmarker that follows the person, and then counted
  repcount  `repcount.analyze`
  limit     the least time for what repcount measures: decoding all and (measured frames x the time that one
            inference takes when nothing else runs), spread evenly over the cores

Each run has a process of its own, so that its peak memory is known; plain and repcount take turns. The seconds
are those of the analysis, from opening the video and loading the model to the result; to start Python and to load
the libraries takes both the same time and is not in them. Errors are against the known truth, medians over all
full reps, start / top / end. The videos are made of the samples that come along:

  set        66 s, 30 frames a second: 07, 02 and 09 one after another
  recording  10 minutes: four times that set, each followed by 84 s in which the person lies still. That is the
             last frame, and noise that changes from frame to frame over the whole video
  hour       with --memory: 60 minutes of 1920 by 1080, and the first minute of them; only repcount
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import imageio_ffmpeg
from scoring import MOMENTS, Rep, _best, percentile

ROOT = Path(__file__).parents[1]
SAMPLES = ROOT / "sample_videos"
PARTS = ("07_fast_reps", "02_side_man_shorts", "09_partial_and_full")

_REST_S = 84
_ROUNDS = 4
_NOISE = 4
"""Strength of FFmpeg's noise filter: grey levels, as a webcam in a lit room has them."""


@dataclass(frozen=True)
class Run:
    """One analysis in a process of its own."""

    seconds: float
    cpu_s: float
    memory_mb: float
    video_s: float
    frames: int
    reps: list[Rep]


@dataclass(frozen=True)
class Work:
    """What repcount has to do at least on a video."""

    decode_s: float
    looked_at: int
    measured: int
    inference_s: float

    @property
    def limit_s(self) -> float:
        """The seconds it takes with all cores busy all the time, but at least those of decoding."""
        return max((self.decode_s + self.measured * self.inference_s) / cores(), self.decode_s)


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


# --- in a process of its own -------------------------------------------------------------------------------


def plain(video: Path, model: Path) -> Run:
    from repcount import capture, count, landmarks, posture
    from repcount.records import Sample

    def samples() -> list[Sample]:
        found, side = [], ""
        with capture.video(video) as frames, landmarks.Landmarker(model) as landmarker:
            for frame in frames.frames(float("inf")):
                people = landmarker.find(frame)
                found.append(posture.sample(frame.time_s, people[0] if people else None, side))
                side = found[-1].side
        return found

    return _timed(lambda: count(samples()))


def repcount(video: Path, model: Path, jobs: int | None = None, rate_hz: float | None = None) -> Run:
    import repcount
    from repcount import measure  # noqa: F401 (loaded before the clock starts, as for the plain loop)

    config = repcount.Config(rate_hz=rate_hz) if rate_hz else repcount.Config()
    return _timed(lambda: repcount.analyze(video, config, model=model, jobs=jobs))


def _timed(work: Callable[[], Any]) -> Run:
    from repcount import table

    cpu_s, start_s = time.process_time(), time.perf_counter()
    analysis = work()
    seconds, cpu_s = time.perf_counter() - start_s, time.process_time() - cpu_s
    reps = table.document(analysis)["reps"]
    source = analysis.source
    return Run(seconds, cpu_s, _peak_mb(), source.duration_s, source.frames or source.analysed, reps)


def _peak_mb() -> float:
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def work(video: Path, model: Path, rate_hz: float | None = None) -> Work:
    """Decode and look for movement, without anything else; then measure some frames, without anything else."""
    from repcount import Config, capture, landmarks, measure, pieces

    rate_hz = rate_hz or Config().rate_hz
    start_s = time.perf_counter()
    with capture.video(video, threads=1) as frames:
        still = [slot.still for slot in measure.slots(frames, rate_hz)]
    decode_s = time.perf_counter() - start_s
    with capture.video(video) as frames, landmarks.Landmarker(model) as landmarker:
        shots = [shot for shot, _ in zip(frames.frames(rate_hz, measure.shrink(frames)), range(200), strict=False)]
        landmarker.find(shots[0])
        times_s = []
        for shot in shots[1:]:
            start_s = time.perf_counter()
            landmarker.find(shot)
            times_s.append(time.perf_counter() - start_s)
    _ = pieces
    return Work(decode_s, len(still), still.count(False), statistics.median(times_s))
