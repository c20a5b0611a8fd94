"""The clock that does not jump, and what it tells of a camera: its rate, a picture that stands still."""

from __future__ import annotations

from collections import deque
from math import nan
from time import perf_counter, sleep
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

clock_s = perf_counter
"""Seconds by a monotonic clock. `time.monotonic` is the same one, but before Python 3.13 it ticks only every
15.6 ms on Windows, which would blur the times of the frames."""

pause = sleep
"""Waits so many seconds."""

_WINDOW_S = 2.0
"""The rate is that of so long: long enough to be steady at 10 a second, short enough to follow the light."""

_STEP_PX = 16
"""Every so many pixels are compared first; nearly all pictures differ there, so it costs next to nothing."""


class FrameRateMeter:
    """Measures how many frames a second arrive."""

    def __init__(self) -> None:
        self._beats: deque[float] = deque()

    def beat(self, at_s: float) -> None:
        """Note that a frame arrived at `at_s`."""
        self._beats.append(at_s)
        self._forget(at_s)

    def rate_hz(self, now_s: float) -> float:
        """Frames a second over the last 2 s; NaN while fewer than two arrived in them."""
        self._forget(now_s)
        if len(self._beats) < 2:
            return nan
        return (len(self._beats) - 1) / (self._beats[-1] - self._beats[0])

    @property
    def full(self) -> bool:
        """Whether frames have arrived for long enough to judge the rate."""
        return len(self._beats) > 1 and self._beats[-1] - self._beats[0] > 0.75 * _WINDOW_S

    def _forget(self, now_s: float) -> None:
        while self._beats and self._beats[0] < now_s - _WINDOW_S:
            self._beats.popleft()


class FreezeDetector:
    """Notices a picture that does not change in a single pixel.

    A sensor has noise, so the same bytes again and again are not a quiet room but a driver or a camera that
    is stuck and hands out its last picture.
    """

    def __init__(self) -> None:
        self._image: NDArray[np.uint8] | None = None
        self._since_s = nan

    def seen(self, image: NDArray[np.uint8], at_s: float) -> float:
        """For how many seconds the picture has been the same now; 0 when it is another one."""
        if self._image is None or not _same(self._image, image):
            self._since_s = at_s
        self._image = image
        return at_s - self._since_s


def _same(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> bool:
    few = slice(None, None, _STEP_PX)
    return np.array_equal(one[few, few], other[few, few]) and np.array_equal(one, other)
