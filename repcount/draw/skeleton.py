"""The body on the picture: the leg that counts strong, the rest thin."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from repcount.draw.style import BACKGROUND, BLUE, TEXT, Colour, Sizes
from repcount.opencv import cv2
from repcount.records import Pose

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Landmark numbers of MediaPipe's pose model, (left, right).
_SHOULDER, _HIP, _KNEE, _ANKLE, _TOE = (11, 12), (23, 24), (25, 26), (27, 28), (31, 32)

DRAWN = (*_SHOULDER, *_HIP, *_KNEE, *_ANKLE, *_TOE)
"""The landmarks that are drawn at all."""

_SEEN = 0.5
"""Less visible landmarks are guesses; a line to a guess would look like knowledge. Half way, a choice."""

_FAR = 4.0
"""Landmarks further outside than this many pictures are left out: OpenCV's coordinates are small numbers."""

_SHIFT = 3
"""Bits of a pixel's fraction: lines glide instead of hopping from pixel to pixel."""

_LEG = (_HIP, _KNEE, _ANKLE)


def draw_skeleton(image: NDArray[np.uint8], pose: Pose, side: str, sizes: Sizes) -> None:
    """Draw the body of `pose`, in pixels of `image`; `side` is `left`, `right` or empty for not known."""
    near = 1 if side == "right" else 0
    places = _places(pose, image.shape[1], image.shape[0])
    thin, thick = sizes.px(3), sizes.px(8)
    far = [places.get(part[1 - near]) for part in _LEG]
    _path(image, far, TEXT, thin, sizes)
    _path(image, [places.get(part[near]) for part in (_SHOULDER, _HIP)], TEXT, sizes.px(6), sizes)
    leg = [places.get(part[near]) for part in _LEG]
    _path(image, [leg[-1], places.get(_TOE[near])], BLUE, sizes.px(5), sizes)
    _path(image, leg, BLUE, thick, sizes)
    for joint in (places.get(_SHOULDER[near]), *leg):
        _joint(image, joint, sizes)


Place = tuple[int, int]
"""In fractions of a pixel."""


def _places(pose: Pose, width: int, height: int) -> dict[int, Place]:
    """Where the landmarks are that can be drawn."""
    places = {}
    limit = _FAR * max(width, height)
    for landmark in DRAWN:
        x, y = (float(value) for value in pose.xy_px[landmark])
        if pose.visibility[landmark] >= _SEEN and abs(x) < limit and abs(y) < limit:
            places[landmark] = (round(x * 2**_SHIFT), round(y * 2**_SHIFT))
    return places


def _path(image: NDArray[np.uint8], places: list[Place | None], colour: Colour, thick: int, sizes: Sizes) -> None:
    """Lines from place to place with a dark rim, so that they stand out from any background."""
    rim = thick + 2 * sizes.px(2)
    pairs = [(a, b) for a, b in pairwise(places) if a and b]
    for shade, breadth in ((BACKGROUND, rim), (colour, thick)):
        for a, b in pairs:
            cv2.line(image, a, b, shade, breadth, cv2.LINE_AA, _SHIFT)


def _joint(image: NDArray[np.uint8], place: Place | None, sizes: Sizes) -> None:
    if place is None:
        return
    for radius, colour in ((sizes.px(11), BACKGROUND), (sizes.px(9), TEXT)):
        cv2.circle(image, place, radius << _SHIFT, colour, -1, cv2.LINE_AA, _SHIFT)
