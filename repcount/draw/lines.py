"""What a panel is stacked of: lines of text, the big number, a progress bar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from repcount.draw import text
from repcount.draw.style import AMBER, BLUE, DIGIT_SHARE, FAINT, MUTED, REGULAR, STRONG, TEXT, Colour
from repcount.opencv import cv2

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


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
        return round(self.size_px * (text.ASCENT + text.DESCENT))

    def draw(self, image: NDArray[np.uint8], left: int, top: int, room_px: int) -> None:
        """Draw it, smaller where there is too little room."""
        baseline = top + round(self.size_px * text.ASCENT)
        size_px = text.fit_font_size(self.text, self.size_px, self.weight, room_px)
        text.draw_text(image, self.text, (left, baseline), size_px, self.colour, self.weight)
        taken_px = text.text_width(self.text, size_px, self.weight) + size_px // 2 if self.text else 0
        if self.aside and taken_px < room_px // 2:
            aside_px = text.fit_font_size(self.aside, round(self.size_px * 0.65), REGULAR, room_px - taken_px)
            start = left + room_px - text.text_width(self.aside, aside_px)
            text.draw_text(image, self.aside, (start, baseline), aside_px, MUTED)


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
        middle = (left + radius, top + round(self.size_px * (text.ASCENT - 0.37)))
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
        text.draw_text(image, self.text, (start, top + self.height_px), self.size_px, self.colour, STRONG)


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
