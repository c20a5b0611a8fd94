"""Building blocks of the picture: colours, sizes, text, cards and the lines that a panel is stacked of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from repcount.video.opencv import cv2

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

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


ASCENT, DESCENT = 0.80, 0.24
"""How far letters reach above and below the baseline, as a share of the font size (measured on "Äg")."""


@lru_cache(maxsize=1)
def _font() -> Any:
    return cv2.FontFace("sans")


def _drawn(text: str) -> str:
    """The font strikes its zero through, which from afar reads as an eight; its O is a zero as it should be."""
    return text.replace("0", "O").replace("\u00a0", " ")


@lru_cache(maxsize=512)
def text_width(text: str, size_px: int, weight: int = REGULAR) -> int:
    """Pixels from the origin of `text` to where it could be continued."""
    _, _, across, _ = cv2.getTextSize((0, 0), _drawn(text), (0, 0), _font(), size_px, weight)
    return int(across) + 1


def draw_text(
    image: NDArray[np.uint8], text: str, at: tuple[int, int], size_px: int, colour: Colour, weight: int = REGULAR
) -> None:
    """Write `text` on `image`; its baseline begins `at`."""
    if text:
        cv2.putText(image, _drawn(text), at, colour, _font(), size_px, weight)


def fit_font_size(text: str, size_px: int, weight: int, room_px: int) -> int:
    """The largest font size up to `size_px` at which `text` is no wider than `room_px`."""
    across = text_width(text, size_px, weight)
    while across > room_px and size_px > 1:
        size_px = min(size_px - 1, int(size_px * room_px / across))
        across = text_width(text, max(size_px, 1), weight)
    return max(size_px, 1)


def wrap_text(text: str, size_px: int, weight: int, room_px: int, most: int) -> list[str]:
    """`text` in at most `most` lines, no wider than `room_px` wherever a space (not a hard one) allows it."""
    lines: list[str] = []
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and (text_width(longer, size_px, weight) <= room_px or len(lines) == most):
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


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


class Widget(Protocol):
    """Something as wide as the panel's inside."""

    @property
    def height_px(self) -> int:
        """With nothing around it."""

    def draw(self, image: NDArray[np.uint8], left: int, top: int, room_px: int) -> None:
        """Draw it with its upper left corner there, no wider than `room_px`."""


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text, and perhaps another, smaller one at its other end."""

    text: str
    size_px: int
    colour: Colour = TEXT
    weight: int = REGULAR
    aside: str = ""

    @property
    def height_px(self) -> int:
        """From the highest letter to the lowest."""
        return round(self.size_px * (ASCENT + DESCENT))

    def draw(self, image: NDArray[np.uint8], left: int, top: int, room_px: int) -> None:
        """Draw it, smaller where there is too little room."""
        baseline = top + round(self.size_px * ASCENT)
        size_px = fit_font_size(self.text, self.size_px, self.weight, room_px)
        draw_text(image, self.text, (left, baseline), size_px, self.colour, self.weight)
        taken_px = text_width(self.text, size_px, self.weight) + size_px // 2 if self.text else 0
        if self.aside and taken_px < room_px // 2:
            aside_px = fit_font_size(self.aside, round(self.size_px * 0.65), REGULAR, room_px - taken_px)
            start = left + room_px - text_width(self.aside, aside_px)
            draw_text(image, self.aside, (start, baseline), aside_px, MUTED)


_BEARING = 0.06
"""Empty share of the font size before a digit: taken out, large digits stand flush with the text."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Full or partial, told by word and by shape: a whole disc or half of one."""

    text: str
    size_px: int
    full: bool

    @property
    def height_px(self) -> int:
        """That of the text."""
        return Text(self.text, self.size_px).height_px

    def draw(self, image: NDArray[np.uint8], left: int, top: int, room_px: int) -> None:
        """Draw the sign, then the word."""
        colour = BLUE if self.full else AMBER
        radius = round(self.size_px * 0.3)
        middle = (left + radius, top + round(self.size_px * (ASCENT - 0.37)))
        thick = max(1, radius // 5)
        cv2.circle(image, middle, radius - thick // 2, colour, thick, cv2.LINE_AA)
        turn = 360 if self.full else 180
        cv2.ellipse(image, middle, (radius, radius), 90, 0, turn, colour, -1, cv2.LINE_AA)
        indent = round(self.size_px * 0.85)
        Text(self.text, self.size_px, colour, STRONG).draw(image, left + indent, top, room_px - indent)


@dataclass(frozen=True, slots=True)
class Number:
    """The number that is read from three metres; digits and a colon."""

    text: str
    size_px: int
    colour: Colour = TEXT

    @property
    def height_px(self) -> int:
        """That of a digit."""
        return round(self.size_px * DIGIT_SHARE)

    def draw(self, image: NDArray[np.uint8], left: int, top: int, room_px: int) -> None:
        """Draw it; its size has to fit the room."""
        start = left - round(self.size_px * _BEARING)
        draw_text(image, self.text, (start, top + self.height_px), self.size_px, self.colour, STRONG)


@dataclass(frozen=True, slots=True)
class ProgressWidget:
    """How much of something is done."""

    height_px: int
    share: float

    def draw(self, image: NDArray[np.uint8], left: int, top: int, room_px: int) -> None:
        """Draw it over the whole room."""
        row, radius = top + self.height_px // 2, self.height_px // 2
        first, last = left + radius, left + room_px - radius
        cv2.line(image, (first, row), (last, row), FAINT, self.height_px, cv2.LINE_AA)
        if self.share > 0:
            reached = round(first + (last - first) * min(self.share, 1.0))
            cv2.line(image, (first, row), (reached, row), BLUE, self.height_px, cv2.LINE_AA)


@dataclass(frozen=True, slots=True)
class Space:
    """Nothing."""

    height_px: int

    def draw(self, image: NDArray[np.uint8], left: int, top: int, room_px: int) -> None:
        """Leave it empty."""
