"""Pictures that hold the same view twice, side by side or one over the other: as for two eyes, or by an editor.

Of such a picture one view is looked at. Files of 3D cameras say so; others are told by their pictures.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from repcount.video.opencv import cv2

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SIZE = (320, 180)
"""Width and height at which halves are compared."""

_BLOCK_PX = 20
"""Side of the squares that are looked for in the other half, in 1.4 % of the width: an arm is as thick."""

_SHIFT_PX = 12
"""How far a square may be from where it is in the other half, to either side: what is near stands apart for two eyes.
Heuristic: a twentieth of the width; 3D pictures that differ by more are no pleasure to look at."""

_TEXTURE = 6.0
"""Standard deviation of a square, in grey levels, from which on it can be told from others. Heuristic."""

_LEAST_SQUARES = 6
"""Squares with texture, of some sixty, without which two halves cannot be compared. Heuristic."""

_SIMILAR = 0.8
"""Correlation from which on a square is the same in both halves. Heuristic: encoders and noise leave .9 and more."""

_MOST_SIMILAR = 0.85
"""Share of the squares that are the same where halves are. At the edges of what is near, others have no counterpart."""

_ROUGHLY = 0.5
"""The same where a file says so. Heuristic: editors keep what a 3D camera has stated although pictures are flat now."""

_NARROWEST, _WIDEST = Fraction(95, 100), Fraction(24, 10)
"""Shapes of a single view, width over height, beyond which it is taken to be squeezed to half of its width or height so
that both fit into one picture. Heuristic: 16:9 becomes 8:9 or 32:9, and those of cameras with two lenses are square."""


@dataclass(frozen=True, slots=True)
class Views:
    """How many views of the same are in one picture, beside and over each other; one by one as a rule."""

    across: int = 1
    down: int = 1

    def __bool__(self) -> bool:
        return self.across * self.down > 1

    def aspect(self, width: int, height: int, pixel_aspect: Fraction) -> Fraction:
        """Width of a pixel over its height in one view of such a picture, whose pixels are said to have that aspect."""
        if not self:
            return pixel_aspect
        view = Fraction(width * self.down, height * self.across) * pixel_aspect
        if self.across > self.down and view < _NARROWEST:
            return pixel_aspect * 2
        return pixel_aspect / 2 if self.down > self.across and view > _WIDEST else pixel_aspect

    @property
    def text(self) -> str:
        """What they are, for people."""
        beside, over = "side by side" * (self.across > 1), "one over the other" * (self.down > 1)
        return " and ".join(filter(None, (beside, over)))


SINGLE, BESIDE, OVER = Views(), Views(across=2), Views(down=2)

_STATED = {1: BESIDE, 2: OVER, 5: BESIDE}
"""Those of FFmpeg's AVStereo3DType that repeat the view in space: side by side, top and bottom, and quincunx."""


def thumbnail(frame: Any) -> Any:
    """A PyAV frame, small and grey, with all that the frame says of itself.

    That is read from here: a frame of which it was read stays in memory until the garbage collector comes.
    """
    return frame.reformat(*_SIZE, "gray", interpolation="AREA")


def stated(small: Any) -> Views:
    """What a thumbnail says, by its container or the frame packing of H.264, as far as its picture bears it out."""
    try:
        data = small.side_data.get("STEREO3D")
    except ValueError:  # of a kind that FFmpeg knows and PyAV does not
        return SINGLE
    views = SINGLE if data is None else _STATED.get(struct.unpack("=i", bytes(data)[:4])[0], SINGLE)
    return SINGLE if views and _halves_agree(small.to_ndarray(), views, _ROUGHLY) is False else views


def may_repeat(grey: NDArray[np.uint8]) -> bool:
    """Whether the view may be repeated, by one thumbnail; also where that shows nothing."""
    return any(_halves_agree(grey, views) is not False for views in (BESIDE, OVER))


def repeated(thumbnails: Sequence[NDArray[np.uint8]]) -> Views:
    """How the view is repeated in all of these, and in what changes between them."""
    changes = np.max(thumbnails, axis=0) - np.min(thumbnails, axis=0)
    beside, over = (
        any(_halves_agree(grey, views) for grey in thumbnails)
        and all(_halves_agree(grey, views) is not False for grey in (*thumbnails, changes))
        for views in (BESIDE, OVER)
    )
    return Views(1 + beside, 1 + over)


def _halves_agree(grey: NDArray[np.uint8], views: Views, share: float = _MOST_SIMILAR) -> bool | None:
    """Whether both halves show the same; None if they show too little."""
    width, height = _SIZE[0] // views.across, _SIZE[1] // views.down
    one, other = grey[:height, :width], grey[-height:, -width:]
    squares = similar = 0
    rows = range(1, height - _BLOCK_PX, _BLOCK_PX)
    for y, x in product(rows, range(_SHIFT_PX, width - _BLOCK_PX - _SHIFT_PX, _BLOCK_PX)):
        square = one[y : y + _BLOCK_PX, x : x + _BLOCK_PX]
        if float(square.std()) < _TEXTURE:
            continue
        near = other[y - 1 : y + _BLOCK_PX + 1, x - _SHIFT_PX : x + _BLOCK_PX + _SHIFT_PX]
        squares += 1
        similar += float(cv2.matchTemplate(near, square, cv2.TM_CCOEFF_NORMED).max()) >= _SIMILAR
    return similar >= share * squares if squares >= _LEAST_SQUARES else None
