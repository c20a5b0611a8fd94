"""Text in scripts whose letters have to be shaped, which OpenCV's font has not: Devanagari, by Pillow.

OpenCV's built-in font has Latin, Chinese, Japanese and Korean letters.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import numpy as np

from repcount.language import ENGLISH, LANGUAGES, current, using

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.ImageFont import FreeTypeFont

_P = ParamSpec("_P")
_R = TypeVar("_R")

_SHAPED = {"hi"}
"""The languages that are written in such a script."""

_FILES = (
    ("NotoSansDevanagari-Regular.ttf", "NotoSansDevanagari-Bold.ttf"),
    ("Nirmala.ttf", "NirmalaB.ttf"),
    ("Nirmala.ttc", "Nirmala.ttc"),
    ("Kohinoor.ttc", "Kohinoor.ttc"),
    ("DevanagariMT.ttc", "DevanagariMT.ttc"),
    ("Lohit-Devanagari.ttf", "Lohit-Devanagari.ttf"),
    ("FreeSans.ttf", "FreeSansBold.ttf"),
)
"""Regular and bold fonts with Devanagari of Linux, Windows and macOS; Pillow looks for them in the system's folders."""

_BOLD_FROM = 500
"""The font weight from which the bold font is taken."""

_SIZE_SHARE = 0.9
"""Vowel signs reach above and below what Latin letters take; drawn a little smaller, they fit the same line."""


_RUNS = re.compile("[\u0900-\u097f\u200c\u200d]+|[^\u0900-\u097f\u200c\u200d]+")


def is_shaped(text: str) -> bool:
    """Whether `text` has letters of such a script, and there is a font for them."""
    return any("\u0900" <= character <= "\u097f" for character in text) and _files() is not None


def runs(text: str) -> list[str]:
    """`text` in pieces of one kind of script: a font with Devanagari need not have Latin letters."""
    return _RUNS.findall(text)


def drawable_language() -> str:
    """The language in use if its letters can be drawn here; English otherwise."""
    return ENGLISH if font_problem() else current()


def in_drawable_language(draw: Callable[_P, _R]) -> Callable[_P, _R]:
    """A function that does what `draw` does, in the language in use or, where that cannot be drawn, in English."""

    @wraps(draw)
    def drawing(*arguments: _P.args, **options: _P.kwargs) -> _R:
        with using(drawable_language()):
            return draw(*arguments, **options)

    return drawing


def font_problem() -> str | None:
    """Why the letters of the language in use cannot be drawn here, and what helps; None if they can."""
    code = current()
    if code not in _SHAPED or _files() is not None:
        return None
    return f"there is no font for {LANGUAGES[code]} here (Debian, Ubuntu: apt install fonts-noto-core)"


@lru_cache(maxsize=1)
def _files() -> tuple[str, str] | None:
    """The first pair of fonts that is there; None if there is none, or nothing that shapes."""
    from PIL import ImageFont, features

    if not features.check("raqm"):
        return None
    for pair in _FILES:
        try:
            for file in pair:
                ImageFont.truetype(file, 20)
        except OSError:
            continue
        return pair
    return None


@lru_cache(maxsize=32)
def _font(size_px: int, bold: bool) -> FreeTypeFont:
    from PIL import ImageFont

    files = _files()
    assert files is not None, "the language was not drawable"
    return ImageFont.truetype(files[bold], max(1, round(size_px * _SIZE_SHARE)), layout_engine=ImageFont.Layout.RAQM)


def shaped_width(text: str, size_px: int, weight: int) -> int:
    """Advance width of `text` in pixels."""
    return int(_font(size_px, weight >= _BOLD_FROM).getlength(text)) + 1


@lru_cache(maxsize=128)
def _mask(text: str, size_px: int, weight: int) -> tuple[NDArray[np.float32], int, int]:
    """Coverage of the pixels, (height, width, 1), 0 to 1, and its left and top from the start of the baseline."""
    from PIL import Image, ImageDraw

    font = _font(size_px, weight >= _BOLD_FROM)
    left, top, right, bottom = (round(edge) for edge in font.getbbox(text, anchor="ls"))
    image = Image.new("L", (max(right - left, 1), max(bottom - top, 1)))
    ImageDraw.Draw(image).text((-left, -top), text, fill=255, font=font, anchor="ls")
    return np.asarray(image, dtype=np.float32)[..., np.newaxis] / np.float32(255), left, top


def draw_shaped(
    image: NDArray[np.uint8], text: str, at: tuple[int, int], size_px: int, colour: tuple[int, int, int], weight: int
) -> None:
    """Draw `text` on `image` with its baseline starting `at` (x, y); what lies outside is cut off."""
    mask, left, top = _mask(text, size_px, weight)
    x, y = at[0] + left, at[1] + top
    rows, columns = (
        slice(min(max(start, 0), end), min(max(start + length, 0), end))
        for start, length, end in zip((y, x), mask.shape, image.shape, strict=False)
    )
    part = mask[rows.start - y : rows.stop - y, columns.start - x : columns.stop - x]
    ground = image[rows, columns]
    ground[:] = ground * (1 - part) + np.array(colour, np.float32) * part
