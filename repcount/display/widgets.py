"""Building blocks for drawing on a frame: colours, sizes, text, cards, and the widgets that a panel stacks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from repcount.display import fonts
from repcount.video.opencv import cv2

if TYPE_CHECKING:
    from numpy.typing import NDArray

Colour = tuple[int, int, int]
"""Red, green, blue, each 0 to 255."""

BACKGROUND: Colour = (14, 18, 24)
TEXT: Colour = (246, 247, 249)
MUTED: Colour = (182, 191, 201)
FAINT: Colour = (92, 101, 112)
BLUE: Colour = (86, 190, 245)
DIM_BLUE: Colour = (52, 98, 128)
BUTTON: Colour = (44, 51, 60)
AMBER: Colour = (250, 184, 72)
"""Blue for what counts, amber for what needs attention: a pair that people with red-green colour blindness tell apart
(after Okabe and Ito). Colour never carries information that a word or a shape does not carry too."""

REGULAR, STRONG = 400, 600
"""Font weights."""

DIGIT_SHARE = 0.7475
"""Height of the shortest digits, 1, 4 and 7, as a share of the font size; measured on OpenCV's built-in font."""

COUNT_SHARE = 0.25
"""Height of the count as a share of the image height, or of 1.25 times the image width if that is less: 4 cm on a
13-inch screen. Letters that are easy to read from three metres are 1.5 cm high (1/200 of the distance, a rule for
signs). In a tall image a larger count would cover a person who fills its width."""

_REFERENCE_PX = 720
"""Sizes are given for an image of 1280 by 720 pixels."""

_TALL = 1.25
"""In an image taller than this share of its width, sizes follow the width."""

_MIN_TEXT_PX = 11
"""Smaller letters of this font are illegible."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Converts lengths and font sizes for 1280 by 720 to pixels of an image of `width` by `height`."""

    width: int
    height: int

    @property
    def unit(self) -> float:
        """What sizes are a share of: the height, or in a tall image a little more than the width."""
        return min(self.height, _TALL * self.width)

    @property
    def scale(self) -> float:
        """Scale factor relative to 1280 by 720."""
        return self.unit / _REFERENCE_PX

    def px(self, reference_px: float) -> int:
        """A length in pixels, at least 1."""
        return max(1, round(reference_px * self.scale))

    def text(self, reference_px: float) -> int:
        """A font size in pixels, large enough to read."""
        return max(_MIN_TEXT_PX, round(reference_px * self.scale))

    @property
    def count(self) -> int:
        """The font size in pixels at which the shortest digits have COUNT_SHARE of the height."""
        return ceil(COUNT_SHARE * _REFERENCE_PX * self.scale / DIGIT_SHARE)

    @property
    def margin(self) -> int:
        """Distance in pixels between the edge of the image and the cards."""
        return self.px(18)


ASCENT, DESCENT = 0.80, 0.24
"""Extent of letters above and below the baseline as a share of the font size (measured on "Äg")."""


@lru_cache(maxsize=1)
def _font() -> Any:
    return cv2.FontFace("sans")


def _glyphs(text: str) -> str:
    """`text` with O for 0, because the font's slashed zero reads as an eight from afar, and plain spaces."""
    return text.replace("0", "O").replace("\u00a0", " ")


@lru_cache(maxsize=512)
def text_width(text: str, size_px: int, weight: int = REGULAR) -> int:
    """Advance width of `text` in pixels."""
    if fonts.is_shaped(text):
        return sum(_run_width(run, size_px, weight) for run in fonts.runs(text))
    return _run_width(text, size_px, weight)


def _run_width(text: str, size_px: int, weight: int) -> int:
    if fonts.is_shaped(text):
        return fonts.shaped_width(text, size_px, weight)
    _, _, width, _ = cv2.getTextSize((0, 0), _glyphs(text), (0, 0), _font(), size_px, weight)
    return int(width) + 1


def draw_text(
    image: NDArray[np.uint8], text: str, at: tuple[int, int], size_px: int, colour: Colour, weight: int = REGULAR
) -> None:
    """Draw `text` on `image` with its baseline starting `at` (x, y)."""
    left, baseline = at
    for run in fonts.runs(text) if fonts.is_shaped(text) else filter(None, [text]):
        if fonts.is_shaped(run):
            fonts.draw_shaped(image, run, (left, baseline), size_px, colour, weight)
        else:
            cv2.putText(image, _glyphs(run), (left, baseline), colour, _font(), size_px, weight)
        left += _run_width(run, size_px, weight)


def fit_font_size(text: str, size_px: int, weight: int, room_px: int) -> int:
    """The largest font size up to `size_px` at which `text` is no wider than `room_px`."""
    width = text_width(text, size_px, weight)
    while width > room_px and size_px > 1:
        size_px = min(size_px - 1, int(size_px * room_px / width))
        width = text_width(text, max(size_px, 1), weight)
    return max(size_px, 1)


_LETTER = "[\u3040-\u30ff\u3400-\u9fff]"
_BREAKS = re.compile(rf"(?= )|(?<=[、。，]|{_LETTER})(?={_LETTER})(?![ぁぃぅぇぉっゃゅょァィゥェォッャュョー])")
"""Where a line may be broken: before a space, and between two letters of Chinese or Japanese, but not before a small
one or a punctuation mark."""

_KANA = re.compile("[\u3040-\u30ff]")
_PHRASE_BREAKS = re.compile(r"(?= )|(?<=[、。，を])(?=.)|(?<=[ぁ-ん])(?=[ァ-ヺ\u3400-\u9fff])")
"""Where a line of Japanese is better broken: most phrases end in hiragana and begin with another letter, or end in を.
Heuristic: others that begin with hiragana are not found."""


_WHOLE = 1.3
"""A phrase that is up to so many lines long is not broken: it gets smaller letters. Heuristic."""


def _words(text: str, size_px: int, weight: int, room_px: int) -> list[str]:
    """The parts of `text` between which a line may be broken."""
    if not _KANA.search(text):
        return _BREAKS.split(text)
    words: list[str] = []
    for phrase in _PHRASE_BREAKS.split(text):
        words += [phrase] if text_width(phrase, size_px, weight) <= _WHOLE * room_px else _BREAKS.split(phrase)
    return words


def wrap_text(text: str, size_px: int, weight: int, room_px: int, max_lines: int) -> list[str]:
    """Break `text` at spaces into lines no wider than `room_px`; Chinese between letters, Japanese between phrases.

    Never more than `max_lines`: the last one may be wider. Never at a no-break space, nor within a word that is wider.
    """
    lines: list[str] = []
    for word in _words(text, size_px, weight, room_px):
        longer = lines[-1] + word if lines else word
        if lines and (text_width(longer, size_px, weight) <= room_px or len(lines) == max_lines):
            lines[-1] = longer
        else:
            lines.append(word.lstrip(" "))
    return lines


def wrap_evenly(text: str, size_px: int, weight: int, room_px: int, max_lines: int) -> list[str]:
    """Like `wrap_text`, in as many lines, but if possible each has at least half the width of the widest."""
    lines = evened = wrap_text(text, size_px, weight, room_px, max_lines)
    widths_px = [text_width(line, size_px, weight) for line in lines]
    while 2 * min(widths_px) < max(widths_px):
        evened = wrap_text(text, size_px, weight, max(widths_px) - 1, max_lines)
        narrower_px = [text_width(line, size_px, weight) for line in evened]
        # The last of `max_lines` takes what is left: less room may make it wider.
        if len(evened) > len(lines) or max(narrower_px) >= max(widths_px):
            return lines
        widths_px = narrower_px
    return evened


_TRANSPARENCY = 0.27
"""How much of the image shows through a card: with a white wall behind it, text keeps a contrast of 7 to 1."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in an image, in pixels."""

    left: int
    top: int
    width: int
    height: int

    def clipped(self, width: int, height: int) -> Box:
        """The part that lies within an image of `width` by `height`."""
        left, top = max(self.left, 0), max(self.top, 0)
        right, bottom = min(self.left + self.width, width), min(self.top + self.height, height)
        return Box(left, top, max(right - left, 0), max(bottom - top, 0))


def draw_card(image: NDArray[np.uint8], box: Box, radius_px: int) -> None:
    """Darken and blur `box` with rounded corners, as the background of text."""
    box = box.clipped(image.shape[1], image.shape[0])
    if not box.width or not box.height:
        return
    ground = image[box.top : box.top + box.height, box.left : box.left + box.width]
    # Blurred, because detail behind text makes it hard to read.
    blurred = cv2.blur(ground, (2 * radius_px + 1, 2 * radius_px + 1), borderType=cv2.BORDER_REPLICATE)
    dark = cv2.addWeighted(blurred, _TRANSPARENCY, _background(box.width, box.height), 1 - _TRANSPARENCY, 0)
    ground[:] = cv2.blendLinear(dark, ground, *_blend_weights(box.width, box.height, radius_px))


def draw_rounded(image: NDArray[np.uint8], box: Box, radius_px: int, colour: Colour) -> None:
    """Fill `box` with rounded corners."""
    right, bottom = box.left + box.width - 1, box.top + box.height - 1
    radius = min(radius_px, (min(box.width, box.height) - 1) // 2)
    cv2.rectangle(image, (box.left + radius, box.top), (right - radius, bottom), colour, -1)
    cv2.rectangle(image, (box.left, box.top + radius), (right, bottom - radius), colour, -1)
    for x in (box.left + radius, right - radius):
        for y in (box.top + radius, bottom - radius):
            cv2.circle(image, (x, y), radius, colour, -1, cv2.LINE_AA)


@lru_cache(maxsize=8)
def _background(width: int, height: int) -> NDArray[np.uint8]:
    return np.full((height, width, 3), BACKGROUND, np.uint8)


@lru_cache(maxsize=8)
def _blend_weights(width: int, height: int, radius_px: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The weights of the card and of the image behind it in each pixel, (height, width), 0 to 1, adding up to 1."""
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
    """One row of a panel, as wide as the panel's inside."""

    @property
    def height_px(self) -> int:
        """Without any margin."""

    def draw(self, image: NDArray[np.uint8], left: int, top: int, room_px: int) -> None:
        """Draw it with its upper left corner at (`left`, `top`), no wider than `room_px`."""


_ASIDE_SHARE = 0.65
"""Font size of a text beside another, as a share of that one's. Heuristic."""


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text, optionally with a smaller text, `aside`, at the right edge; `fits` tells whether it has room."""

    text: str
    size_px: int
    colour: Colour = TEXT
    weight: int = REGULAR
    aside: str = ""

    @property
    def height_px(self) -> int:
        """From the top of the tallest letter to the bottom of the lowest."""
        return round(self.size_px * (ASCENT + DESCENT))

    def draw(self, image: NDArray[np.uint8], left: int, top: int, room_px: int) -> None:
        """Draw it, in a smaller font if it does not fit."""
        baseline = top + round(self.size_px * ASCENT)
        size_px = fit_font_size(self.text, self.size_px, self.weight, room_px)
        draw_text(image, self.text, (left, baseline), size_px, self.colour, self.weight)
        if self.aside:
            start = left + room_px - text_width(self.aside, self._aside_px)
            draw_text(image, self.aside, (start, baseline), self._aside_px, MUTED)

    def fits(self, room_px: int) -> bool:
        """Whether both texts have room on one line in their own sizes."""
        used_px = text_width(self.text, self.size_px, self.weight) + self.size_px // 2 if self.text else 0
        return used_px + text_width(self.aside, self._aside_px) <= room_px

    @property
    def _aside_px(self) -> int:
        return round(self.size_px * _ASIDE_SHARE)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Full or partial, as a word and as a shape: a whole disc or half of one."""

    text: str
    size_px: int
    full: bool

    @property
    def height_px(self) -> int:
        """The height of the text."""
        return Text(self.text, self.size_px).height_px

    def draw(self, image: NDArray[np.uint8], left: int, top: int, room_px: int) -> None:
        """Draw the disc, then the word."""
        colour = BLUE if self.full else AMBER
        radius = round(self.size_px * 0.3)
        centre = (left + radius, top + round(self.size_px * (ASCENT - 0.37)))
        line_px = max(1, radius // 5)
        cv2.circle(image, centre, radius - line_px // 2, colour, line_px, cv2.LINE_AA)
        end_angle = 360 if self.full else 180
        cv2.ellipse(image, centre, (radius, radius), 90, 0, end_angle, colour, -1, cv2.LINE_AA)
        indent = round(self.size_px * 0.85)
        Text(self.text, self.size_px, colour, STRONG).draw(image, left + indent, top, room_px - indent)


_BEARING = 0.06
"""Blank space before a digit as a share of the font size; subtracted, so that large digits align with the text."""


@dataclass(frozen=True, slots=True)
class Number:
    """The large number, to be read from three metres: digits and perhaps a colon."""

    text: str
    size_px: int
    colour: Colour = TEXT

    @property
    def height_px(self) -> int:
        """The height of a digit."""
        return round(self.size_px * DIGIT_SHARE)

    def draw(self, image: NDArray[np.uint8], left: int, top: int, room_px: int) -> None:
        """Draw it; `size_px` has to be chosen so that it fits."""
        start = left - round(self.size_px * _BEARING)
        draw_text(image, self.text, (start, top + self.height_px), self.size_px, self.colour, STRONG)


@dataclass(frozen=True, slots=True)
class ProgressWidget:
    """A horizontal bar, filled to `share`, 0 to 1."""

    height_px: int
    share: float

    def draw(self, image: NDArray[np.uint8], left: int, top: int, room_px: int) -> None:
        """Draw it over the whole width."""
        row, radius = top + self.height_px // 2, self.height_px // 2
        first, last = left + radius, left + room_px - radius
        cv2.line(image, (first, row), (last, row), FAINT, self.height_px, cv2.LINE_AA)
        if self.share > 0:
            reached = round(first + (last - first) * min(self.share, 1.0))
            cv2.line(image, (first, row), (reached, row), BLUE, self.height_px, cv2.LINE_AA)


@dataclass(frozen=True, slots=True)
class Space:
    """Vertical space."""

    height_px: int

    def draw(self, image: NDArray[np.uint8], left: int, top: int, room_px: int) -> None:
        """Draw nothing."""
