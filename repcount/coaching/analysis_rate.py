"""How many frames a second are analysed, and whether the machine is too slow for as many as are asked for. Pure."""

from __future__ import annotations

from collections import deque
from math import isnan, nan

_WINDOW_S = 2.0
"""The rate is measured over this long. Heuristic."""

_SLOW_SHARE, _SLOW_S = 0.7, 5.0
"""The machine is called too slow once fewer than this share of the due frames are analysed for this long. Heuristic."""


class AnalysisRate:
    """Measures the rate of analysed frames; `rate_hz` is the one asked for."""

    def __init__(self, rate_hz: float) -> None:
        self._rate_hz = rate_hz
        self._times_s: deque[float] = deque()
        """Times of the frames analysed in the last `_WINDOW_S`."""
        self._fast_enough_s = nan
        """When the rate was last high enough."""
        self.too_slow = False

    def see(self, time_s: float, camera_hz: float) -> None:
        """Take note of an analysed frame of a camera with that measured rate; NaN if it is unknown."""
        self._times_s.append(time_s)
        while time_s - self._times_s[0] > _WINDOW_S:
            self._times_s.popleft()
        slow = self.hz < _SLOW_SHARE * min(self._rate_hz, camera_hz)
        if not slow or isnan(self._fast_enough_s):
            self._fast_enough_s = time_s
        self.too_slow = time_s - self._fast_enough_s > _SLOW_S

    @property
    def hz(self) -> float:
        """Frames a second; NaN before two have been analysed."""
        span_s = self._times_s[-1] - self._times_s[0] if self._times_s else 0.0
        return (len(self._times_s) - 1) / span_s if span_s > 0 else nan
