"""The angle gauge: how high the legs are, upright above, flat below."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING

from repcount.draw.style import BACKGROUND, BLUE, DIM_BLUE, FAINT, TEXT, Colour, Sizes
from repcount.moment import SessionStatus
from repcount.opencv import cv2

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_FULL_SCALE_DEG = 100.0
"""Legs go a little past upright; the highest labelled rep measures 102°."""


@dataclass(frozen=True, slots=True)
class Column:
    """Where the gauge stands in the picture, in pixels."""

    left: int
    top: int
    width: int
    height: int

    def level(self, lift_deg: float) -> int:
        """The row that stands for an elevation."""
        share = min(max(lift_deg / _FULL_SCALE_DEG, 0.0), 1.0)
        return round(self.top + self.height * (1.0 - share))


def draw_gauge(image: NDArray[np.uint8], column: Column, standing: SessionStatus, sizes: Sizes) -> None:
    """Draw the gauge of `standing`; what is not known is left out."""
    bottom = column.top + column.height
    _bar(image, column, column.top, bottom, FAINT)
    if not isnan(standing.upright_deg):
        _bar(image, column, column.top, column.level(standing.upright_deg), DIM_BLUE)
    if not isnan(standing.lift_deg):
        upright = standing.lift_deg >= standing.upright_deg
        level = column.level(standing.lift_deg)
        _bar(image, column, min(level, bottom - column.width), bottom, BLUE if upright else TEXT)
    for mark_deg in (standing.upright_deg, standing.back_deg):
        if not isnan(mark_deg):
            _mark(image, column, column.level(mark_deg), sizes)


def _bar(image: NDArray[np.uint8], column: Column, top: int, bottom: int, colour: Colour) -> None:
    """A bar with round ends."""
    radius = column.width // 2
    middle = column.left + radius
    cv2.line(image, (middle, top + radius), (middle, bottom - radius), colour, 2 * radius, cv2.LINE_AA)


def _mark(image: NDArray[np.uint8], column: Column, row: int, sizes: Sizes) -> None:
    reach, thick = sizes.px(9), sizes.px(4)
    start, end = (column.left - reach, row), (column.left + column.width + reach, row)
    cv2.line(image, start, end, BACKGROUND, thick + 2 * sizes.px(2), cv2.LINE_AA)
    cv2.line(image, start, end, BLUE, thick, cv2.LINE_AA)
