"""Levels and grain of images, so that the pose model sees in dark, pale and grainy ones what people see."""

from __future__ import annotations

import numpy as np

from repcount.types import Frame
from repcount.video.opencv import cv2

_RANGE = 150.0
"""Grey levels that an image spreads over at least, from its 1st to its 99th percentile. The pose model adapts to no
exposure: of frames at a tenth to a fifth of their brightness it found people in 16 of 60, and in 41 once they were
stretched. All ordinary footage spreads further (158 and more on 92 of 93 clips) and stays as it is."""

_LEAST_RANGE = 8.0
"""Less is a black or empty picture: what could be stretched there is noise. Heuristic."""

_SAMPLED = 16
"""Every so many pixels are enough to tell the levels."""

_GRAINY_GAIN, _GRAIN_PX = 3.0, 1.0
"""What is stretched further is dark enough for the noise of the camera to be stretched with it, and is evened out."""

_EVENED_SHARE = 0.0025
"""Radius (standard deviation) over which `even_out` evens out, as a share of the longer side. Of 68 frames of 5 clips
with strong noise or compression the model found people in 43 as they were and in 50 with 0.0016 or 0.003; of one clip
in 8 and in 15 of 16. Somebody seen obliquely it found less often, so evening out is no remedy for all."""

_DEEPER = 1.6
"""How much more contrast `deepen` gives. Somebody in grey before grey the model found on the back in 2 of 11 frames as
they are, in as many with 1.3 times the contrast, and in all with 1.6, 2 and 2.5; another in 2 of 11 and in 3; somebody
seen from the floor in all as they are and in 3 with it, so this is no remedy for all, either."""


def even_out(frame: Frame) -> Frame:
    """A copy of `frame` without grain and blocks of compression, and without the finest detail."""
    radius_px = _EVENED_SHARE * max(frame.image.shape[:2])
    return Frame(frame.time_s, np.asarray(cv2.GaussianBlur(frame.image, (0, 0), radius_px), dtype=np.uint8))


def deepen(frame: Frame) -> Frame:
    """A copy of `frame` with more contrast, whatever it has."""
    middle = frame.image[::_SAMPLED, ::_SAMPLED].mean((0, 1))
    levels = np.clip((np.arange(256)[:, np.newaxis] - middle) * _DEEPER + middle, 0, 255).astype(np.uint8)
    return Frame(frame.time_s, np.asarray(cv2.LUT(frame.image, levels[np.newaxis]), dtype=np.uint8))


def spread(frame: Frame) -> Frame:
    """`frame`, or a copy with more contrast where it has little."""
    low, high = _ends(frame.image[::_SAMPLED, ::_SAMPLED, 1])
    if not _LEAST_RANGE <= high - low < _RANGE:
        return frame
    gain = _RANGE / (high - low)
    middle = (low + high) / 2
    target = min(max(middle, _RANGE / 2), 255.0 - _RANGE / 2)
    levels = np.clip((np.arange(256) - middle) * gain + target, 0, 255).astype(np.uint8)
    image = cv2.LUT(frame.image, levels)
    if gain > _GRAINY_GAIN:
        image = cv2.GaussianBlur(image, (0, 0), _GRAIN_PX)
    return Frame(frame.time_s, np.asarray(image, dtype=np.uint8))


def _ends(sampled: np.typing.NDArray[np.uint8]) -> tuple[float, float]:
    """The 1st and the 99th percentile."""
    levels = np.sort(sampled, axis=None, kind="stable")  # of bytes it counts them: a seventh of the time
    rank = levels.size // 100
    return float(levels[rank]), float(levels[-1 - rank])
