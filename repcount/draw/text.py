"""Text in OpenCV's built-in font, placed by its baseline."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from repcount.draw.style import REGULAR, Colour
from repcount.opencv import cv2

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

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
