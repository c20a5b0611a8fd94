"""Frames of a recorded file → samples."""

from __future__ import annotations

from collections.abc import Iterator

from repcount import posture
from repcount.capture import Video
from repcount.landmarks import Landmarker
from repcount.records import Sample


def samples(video: Video, landmarker: Landmarker, rate_hz: float) -> Iterator[Sample]:
    """The samples of a video, about `rate_hz` of them a second."""
    side = ""
    for frame in video.frames(rate_hz):
        sample = posture.sample(frame.time_s, landmarker.find(frame), side)
        side = sample.side
        yield sample
