"""Colours and sizes: what makes every picture look alike."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

Colour = tuple[int, int, int]
"""Red, green, blue."""

BACKGROUND: Colour = (14, 18, 24)
TEXT: Colour = (246, 247, 249)
MUTED: Colour = (182, 191, 201)
FAINT: Colour = (92, 101, 112)
BLUE: Colour = (86, 190, 245)
DIM_BLUE: Colour = (52, 98, 128)
AMBER: Colour = (250, 184, 72)
"""Blue for what counts, amber for what asks for attention: the pair that people who confuse red and green tell
apart best (after Okabe and Ito). Neither says anything that a word or a shape does not say, too."""

REGULAR, STRONG = 400, 600
"""Font weights."""

DIGIT_SHARE = 0.7475
"""Height of the lowest digits, 1, 4 and 7, as a share of the font size; measured on OpenCV's built-in font."""

COUNT_SHARE = 0.25
"""Height of the count as a share of the picture's, or of 1.25 times its width where that is less: 4 cm on a 13-inch
screen. To be read from three metres without effort, letters have to be 1.5 cm high (1/200 of the distance, a rule for
signs). In a tall picture a larger count would cover whoever fills its width."""

_REFERENCE_PX = 720
"""The sizes below are those in a picture of 1280 by 720."""

_TALL = 1.25
"""A picture taller than this share of its width is sized by its width."""

_LEAST_TEXT_PX = 11
"""Smaller letters of this font cannot be read at all."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Pixels of things in a picture of a given size."""

    width: int
    height: int

    @property
    def scale(self) -> float:
        """How large things are against those in a picture of 1280 by 720."""
        return min(self.height, _TALL * self.width) / _REFERENCE_PX

    def px(self, reference_px: float) -> int:
        """A length, at least one pixel."""
        return max(1, round(reference_px * self.scale))

    def text(self, reference_px: float) -> int:
        """A font size, large enough to read."""
        return max(_LEAST_TEXT_PX, round(reference_px * self.scale))

    @property
    def count(self) -> int:
        """The font size at which digits have the height of the count."""
        return ceil(COUNT_SHARE * _REFERENCE_PX * self.scale / DIGIT_SHARE)

    @property
    def margin(self) -> int:
        """Between the edge of the picture and what is drawn on it."""
        return self.px(18)
