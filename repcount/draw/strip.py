"""What stands along the lower edge: notices, and small print in the corners."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from repcount.draw import card, text
from repcount.draw.style import MUTED, REGULAR, STRONG, TEXT, Colour, Sizes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MOST = 3
"""Notices at once: the newest ones."""

_SHRUNK = 0.8
"""A notice that fits into one line at this share of its size is not broken. A choice."""

_LINE = 1.25
"""Height of a line as a share of the font size."""


@dataclass(frozen=True, slots=True)
class _Block:
    """Lines of text on a card of their own."""

    lines: list[str]
    size_px: int
    pad_px: int
    colour: Colour
    weight: int = REGULAR
    centred: bool = False

    @property
    def inner_px(self) -> int:
        return max(text.text_width(line, self.size_px, self.weight) for line in self.lines)

    @property
    def width_px(self) -> int:
        return self.inner_px + 2 * self.pad_px

    @property
    def height_px(self) -> int:
        return round(self.size_px * _LINE * len(self.lines)) + self.pad_px

    def draw(self, image: NDArray[np.uint8], left: int, top: int) -> None:
        card.draw_card(image, card.Box(left, top, self.width_px, self.height_px), self.pad_px * 3 // 4)
        for number, line in enumerate(self.lines):
            spare_px = self.inner_px - text.text_width(line, self.size_px, self.weight)
            indent = self.pad_px + (spare_px // 2 if self.centred else 0)
            baseline = top + self.pad_px // 2 + round(self.size_px * (_LINE * number + 0.97))
            text.draw_text(image, line, (max(left + indent, 0), baseline), self.size_px, self.colour, self.weight)


def draw_toasts(image: NDArray[np.uint8], told: Sequence[str], sizes: Sizes) -> None:
    """Write each notice in the middle, above the small print; the newest is the lowest."""
    size_px, pad = sizes.text(40), sizes.px(20)
    room, bottom = sizes.width - 2 * (sizes.margin + pad), sizes.height - sizes.px(70)
    for notice in reversed(list(dict.fromkeys(told))[-_MOST:]):
        fit_px = text.fit_font_size(notice, size_px, STRONG, room)
        fit_px = fit_px if fit_px >= _SHRUNK * size_px else size_px
        block = _Block(text.wrap_text(notice, fit_px, STRONG, room, 3), fit_px, pad, TEXT, STRONG, centred=True)
        block.draw(image, (sizes.width - block.width_px) // 2, bottom - block.height_px)
        bottom -= block.height_px + sizes.px(8)


def draw_footer(image: NDArray[np.uint8], left: str, right: str, sizes: Sizes) -> None:
    """Write small text into the lower corners."""
    size_px, pad = sizes.text(22), sizes.px(12)
    room = sizes.width - 2 * (sizes.margin + pad)
    if right:
        block = _Block([right], size_px, pad, MUTED)
        block.draw(image, sizes.width - sizes.margin - block.width_px, sizes.height - sizes.margin - block.height_px)
        room -= block.width_px + sizes.margin
    if left:
        block = _Block(text.wrap_text(left, size_px, REGULAR, room, 4), size_px, pad, MUTED)
        block.draw(image, sizes.margin, sizes.height - sizes.margin - block.height_px)
