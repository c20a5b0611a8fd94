"""The true shape of pictures: which way up they are shown, and how wide their pixels are."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction
from math import cos, radians, sin
from typing import TYPE_CHECKING, Any

from repcount.video.opencv import cv2

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SQUARE = Fraction(1)

_WIDEST = 8
"""A pixel that is said to be more than so many times as wide as high, or as high as wide, is taken for square.
Heuristic: the widest in use, of anamorphic lenses, are two to one."""


@dataclass(frozen=True, slots=True)
class Orientation:
    """How a picture is turned to be shown: transposed first, then flipped. Eight are possible."""

    transposed: bool = False
    flipped_x: bool = False
    flipped_y: bool = False

    def apply(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Turn `image`, (height, width, ...)."""
        if self.transposed:
            image = cv2.transpose(image)
        if self.flipped_x or self.flipped_y:
            image = cv2.flip(image, -1 if self.flipped_x and self.flipped_y else int(self.flipped_x))
        return image


UPRIGHT = Orientation()


def orientation(matrix: bytes) -> Orientation:
    """The orientation that a display matrix asks for: nine 32-bit numbers in the byte order of the machine.

    A point (x, y) is shown at (ax + cy, bx + dy), with a, b, c, d the numbers 0, 1, 3, 4. A matrix that turns by
    anything but a multiple of 90° is rounded to the nearest.
    https://ffmpeg.org/doxygen/trunk/group__lavu__video__display.html
    """
    if len(matrix) < 36:
        return UPRIGHT
    a, b, _, c, d, *_ = struct.unpack("=9i", matrix[:36])
    if abs(b) + abs(c) > abs(a) + abs(d):
        return Orientation(True, flipped_x=c < 0, flipped_y=b < 0)
    return Orientation(False, flipped_x=a < 0, flipped_y=d < 0)


def frame_orientation(frame: Any) -> Orientation:
    """The orientation that the display matrix of a PyAV frame asks for."""
    try:
        matrix = frame.side_data.get("DISPLAYMATRIX")
    except ValueError:  # of a kind that FFmpeg knows and PyAV does not, such as the Exif data of a TIFF or JPEG
        turn = radians(frame.rotation)
        a, b = round(cos(turn)), -round(sin(turn))
        return orientation(struct.pack("=9i", a, b, 0, -b, a, 0, 0, 0, 1 << 30))
    return UPRIGHT if matrix is None else orientation(bytes(matrix))


@dataclass(frozen=True, slots=True)
class Shape:
    """The shape of pictures as they are stored, and how they are shown."""

    width: int
    height: int
    """In stored pixels."""
    pixel_aspect: Fraction = _SQUARE
    """Width of a stored pixel over its height."""
    orientation: Orientation = UPRIGHT

    @property
    def shown(self) -> tuple[int, int]:
        """Width and height in square pixels, upright. No row or column is lost: the shorter side of a pixel counts."""
        width, height = self.width, self.height
        if self.pixel_aspect > 1:
            width = round(width * self.pixel_aspect)
        else:
            height = round(height / self.pixel_aspect)
        return (height, width) if self.orientation.transposed else (width, height)

    def fitted(self, width: int, height: int) -> tuple[int, int]:
        """The largest size of this shape, upright, that fits into `width` by `height`; at least 1 by 1.

        A shape that differs by no more than rounding fills it.
        """
        shown_width, shown_height = self.shown
        scale = min(width / shown_width, height / shown_height)
        fitted = (max(round(shown_width * scale), 1), max(round(shown_height * scale), 1))
        return (width, height) if abs(fitted[0] - width) <= 1 and abs(fitted[1] - height) <= 1 else fitted


def pixel_aspect(stated: Fraction | None) -> Fraction:
    """The aspect of a pixel that a file states; square where it states none, or nonsense."""
    if not stated or not Fraction(1, _WIDEST) <= stated <= _WIDEST:
        return _SQUARE
    return Fraction(stated)


def letterboxed(image: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """`image` in the middle of a black picture of `width` by `height`."""
    rows, columns = height - image.shape[0], width - image.shape[1]
    if not rows and not columns:
        return image
    top, left = rows // 2, columns // 2
    framed: NDArray[np.uint8] = cv2.copyMakeBorder(
        image, top, rows - top, left, columns - left, cv2.BORDER_CONSTANT, value=(0, 0, 0)
    )
    return framed
