"""What a video does not show: pictures that are black, grey, of one colour or frozen, and too few of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from repcount.types import AnalysisWarning, WarningCode
from repcount.video.opencv import cv2

if TYPE_CHECKING:
    from numpy.typing import NDArray

_THUMBNAIL = (16, 9)
"""Size at which contrast is measured: fine enough for a body, and so coarse that noise averages out."""

_BLANK_CONTRAST = 2.0
"""Standard deviation of the thumbnail, in grey levels, below which a picture shows nothing. Noise of twelve grey levels
on plain grey makes 1.0; scenes with somebody in them have 14 and more (87 clips)."""

_COMPARED_PX = 160
"""About so many columns are looked at, in equal distances: a body is wider than these."""

_SAME = 0.02
"""Mean change, in grey levels, up to which a picture is the same: encoders touch up a frozen one by less than 0.01."""

_FROZEN_S = 2.0
"""A picture that stays the same for so long is frozen. Heuristic: a camera has noise, and a recording that repeats
frames, because it was dark or the computer slow, repeats them for less than a second."""

_SPARSE_S = 0.13
"""Pictures that are further apart are too few. Measured: of 10 reps of 1.3 s each all are counted at 8 and 10 frames a
second, 7 at 5 and 6, and 3 at 3."""

_MOST = 0.5
"""Share of the video from which on it is said. Heuristic."""


class ContentMeter:
    """Measures for how long a video is blank or frozen, and how far apart its pictures are."""

    def __init__(self) -> None:
        self._pixels: NDArray[np.uint8] | None = None
        self._first_s = self._last_s = self._changed_s = 0.0
        self._is_blank = False
        self._blank_s = self._frozen_s = 0.0
        self._gaps = self._long_gaps = 0

    def add(self, time_s: float, image: NDArray[np.uint8]) -> None:
        """Take the next picture, (height, width, 3) RGB. Times must rise."""
        step = max(max(image.shape[:2]) // _COMPARED_PX, 1)
        pixels = np.ascontiguousarray(image[::step, ::step, 1])  # green has most of the light
        if self._pixels is None:
            self._first_s = self._changed_s = time_s
        else:
            self._gaps += 1
            self._long_gaps += time_s - self._last_s > _SPARSE_S
            self._blank_s += self._is_blank * (time_s - self._last_s)
            if cv2.norm(pixels, self._pixels, cv2.NORM_L1) > _SAME * pixels.size:
                self._frozen_s += self._still_s(time_s)
                self._changed_s = time_s
        thumbnail = cv2.resize(pixels, _THUMBNAIL, interpolation=cv2.INTER_AREA)
        self._is_blank = bool(cv2.meanStdDev(thumbnail)[1][0, 0] < _BLANK_CONTRAST)
        self._pixels, self._last_s = pixels, time_s

    def _still_s(self, until_s: float) -> float:
        """How long the picture has been frozen, if that is what it is."""
        still_s = until_s - self._changed_s
        return still_s if still_s >= _FROZEN_S else 0.0

    def warning(self) -> AnalysisWarning | None:
        """That most of the video is blank or frozen; None otherwise."""
        length_s = self._last_s - self._first_s
        if self._pixels is None or not length_s:
            return AnalysisWarning(WarningCode.PICTURE_BLANK, {"share": 1.0}) if self._is_blank else None
        blank, frozen = self._blank_s / length_s, (self._frozen_s + self._still_s(self._last_s)) / length_s
        if blank > _MOST:
            return AnalysisWarning(WarningCode.PICTURE_BLANK, {"share": blank})
        if frozen > _MOST:
            return AnalysisWarning(WarningCode.PICTURE_FROZEN, {"share": frozen})
        return None

    def sparseness(self) -> AnalysisWarning | None:
        """That there are too few pictures; None otherwise."""
        if self._long_gaps <= _MOST * self._gaps:
            return None
        return AnalysisWarning(WarningCode.FEW_FRAMES, {"rate_hz": self._gaps / (self._last_s - self._first_s)})
