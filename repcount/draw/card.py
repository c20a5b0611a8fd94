"""The translucent ground that text stands on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from repcount.draw.style import BACKGROUND
from repcount.opencv import cv2

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SHINE = 0.27
"""How much of the picture shines through: with a white wall behind it, text keeps a contrast of 7 to 1."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in a picture, in pixels."""

    left: int
    top: int
    width: int
    height: int

    def inside(self, width: int, height: int) -> Box:
        """The part of it that lies in a picture of that size."""
        left, top = max(self.left, 0), max(self.top, 0)
        right, bottom = min(self.left + self.width, width), min(self.top + self.height, height)
        return Box(left, top, max(right - left, 0), max(bottom - top, 0))


def draw_card(image: NDArray[np.uint8], box: Box, radius_px: int) -> None:
    """Darken `box`, its corners rounded."""
    box = box.inside(image.shape[1], image.shape[0])
    if not box.width or not box.height:
        return
    ground = image[box.top : box.top + box.height, box.left : box.left + box.width]
    # What is behind text must be dark and without detail.
    blurred = cv2.blur(ground, (2 * radius_px + 1, 2 * radius_px + 1), borderType=cv2.BORDER_REPLICATE)
    dark = cv2.addWeighted(blurred, _SHINE, _plain(box.width, box.height), 1 - _SHINE, 0)
    ground[:] = cv2.blendLinear(dark, ground, *_weights(box.width, box.height, radius_px))


@lru_cache(maxsize=8)
def _plain(width: int, height: int) -> NDArray[np.uint8]:
    return np.full((height, width, 3), BACKGROUND, np.uint8)


@lru_cache(maxsize=8)
def _weights(width: int, height: int, radius_px: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """How much of the card, and how much of the picture, shows in each pixel."""
    shape = np.zeros((height, width), np.uint8)
    radius = min(radius_px, (min(width, height) - 1) // 2)
    for x in (radius, width - 1 - radius):
        for y in (radius, height - 1 - radius):
            cv2.circle(shape, (x, y), radius, 255, -1, cv2.LINE_AA)
    shape[radius : height - radius, :] = 255
    shape[:, radius : width - radius] = 255
    card = shape.astype(np.float32) / np.float32(255)
    return card, np.float32(1) - card
