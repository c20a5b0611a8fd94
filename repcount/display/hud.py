"""What stands on the picture: the angle gauge, the panel with the count, toasts and the footer."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING

from repcount.coaching import phrases
from repcount.coaching import phrases as spoken
from repcount.coaching.events import Announcement, SessionStatus, Stage
from repcount.display import widgets
from repcount.display.widgets import (
    AMBER,
    BACKGROUND,
    BLUE,
    DIM_BLUE,
    FAINT,
    MUTED,
    REGULAR,
    STRONG,
    TEXT,
    Colour,
    Number,
    ProgressWidget,
    Sizes,
    Space,
    Text,
    Verdict,
    Widget,
)
from repcount.video.opencv import cv2

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_FULL_SCALE_DEG = 100.0
"""Legs go a little past upright; the highest labelled rep measures 102°."""


@dataclass(frozen=True, slots=True)
class Column:
    """Where the gauge stands in the picture, in pixels."""

    left: int
    top: int
    width: int
    height: int

    def level(self, lift_deg: float) -> int:
        """The row that stands for an elevation."""
        share = min(max(lift_deg / _FULL_SCALE_DEG, 0.0), 1.0)
        return round(self.top + self.height * (1.0 - share))


def draw_gauge(image: NDArray[np.uint8], column: Column, standing: SessionStatus, sizes: Sizes) -> None:
    """Draw the gauge of `standing`; what is not known is left out."""
    bottom = column.top + column.height
    _bar(image, column, column.top, bottom, FAINT)
    if not isnan(standing.upright_deg):
        _bar(image, column, column.top, column.level(standing.upright_deg), DIM_BLUE)
    if not isnan(standing.lift_deg):
        upright = standing.lift_deg >= standing.upright_deg
        level = column.level(standing.lift_deg)
        _bar(image, column, min(level, bottom - column.width), bottom, BLUE if upright else TEXT)
    for mark_deg in (standing.upright_deg, standing.back_deg):
        if not isnan(mark_deg):
            _mark(image, column, column.level(mark_deg), sizes)


def _bar(image: NDArray[np.uint8], column: Column, top: int, bottom: int, colour: Colour) -> None:
    """A bar with round ends."""
    radius = column.width // 2
    middle = column.left + radius
    cv2.line(image, (middle, top + radius), (middle, bottom - radius), colour, 2 * radius, cv2.LINE_AA)


def _mark(image: NDArray[np.uint8], column: Column, row: int, sizes: Sizes) -> None:
    reach, thick = sizes.px(9), sizes.px(4)
    start, end = (column.left - reach, row), (column.left + column.width + reach, row)
    cv2.line(image, start, end, BACKGROUND, thick + 2 * sizes.px(2), cv2.LINE_AA)
    cv2.line(image, start, end, BLUE, thick, cv2.LINE_AA)


class Corner(enum.StrEnum):
    """The upper corner of the picture in which the panel is."""

    LEFT = "left"
    RIGHT = "right"


_USUAL = "00"
"""There is room for two of the widest digits, whatever the count is, so that the panel does not jump."""

_WAITING = {Stage.PLACING, Stage.NO_PICTURE}
"""Stages in which a sentence says what to do."""


def draw_panel(image: NDArray[np.uint8], standing: SessionStatus, corner: Corner, sizes: Sizes) -> None:
    """Draw the panel of `standing` into a corner."""
    pad, column = sizes.px(20), sizes.px(62) if _moving(standing) else 0
    room = min(_room(standing, sizes), sizes.width - 2 * (sizes.margin + pad))
    head = _head(standing, sizes, room - column)
    foot = [] if standing.stage in _WAITING else _last(standing, sizes, room)
    width, height = room + 2 * pad, _height(head) + _height(foot) + 2 * pad
    left = sizes.margin if corner is Corner.LEFT else sizes.width - sizes.margin - width
    widgets.draw_card(image, widgets.Box(left, sizes.margin, width, height), sizes.px(20))
    left, top = left + pad, sizes.margin + pad
    _stack(image, head, left + (column if corner is Corner.RIGHT else 0), top, room - column)
    _stack(image, foot, left, top + _height(head), room)
    if column:
        reach, thick = sizes.px(9), sizes.px(24)
        start = left + reach if corner is Corner.RIGHT else left + room - reach - thick
        draw_gauge(image, Column(start, top, thick, _height(head)), standing, sizes)


def _moving(standing: SessionStatus) -> bool:
    """Whether reps count now, so that the gauge tells something."""
    over = standing.stage is Stage.REST and not phrases.shows_rest_timer(standing)
    return over or standing.stage in (Stage.COUNTING, Stage.DONE)


def _room(standing: SessionStatus, sizes: Sizes) -> int:
    """Width of what is in the panel: that of the count and the gauge."""
    widest = max((_USUAL, phrases.number_text(standing)), key=len)
    return widgets.text_width(widest, sizes.count, STRONG) + sizes.px(62)


def _height(lines: list[Widget]) -> int:
    return sum(line.height_px for line in lines)


def _stack(image: NDArray[np.uint8], lines: list[Widget], left: int, top: int, room_px: int) -> None:
    for line in lines:
        line.draw(image, left, top, room_px)
        top += line.height_px


def _head(standing: SessionStatus, sizes: Sizes, room: int) -> list[Widget]:
    """Title, number and phase, beside the gauge."""
    moving = _moving(standing)
    lines: list[Widget] = [_title(standing, sizes, moving=moving)]
    if standing.stage is not Stage.PLACING or standing.full or standing.session:
        colour = TEXT if moving or phrases.shows_rest_timer(standing) else MUTED
        number = phrases.number_text(standing)
        size_px = widgets.fit_font_size(number, sizes.count, STRONG, room)
        lines += [Space(sizes.px(12)), Number(number, size_px, colour), Space(sizes.px(14))]
        lines += _progress(standing, sizes)
    if standing.stage in _WAITING and standing.problem is not None:
        lines += [Space(sizes.px(10)), *_sentence(spoken.shown_text(Announcement(standing.problem)), sizes, room)]
    elif moving and standing.stage is not Stage.DONE:
        lines.append(Text(phrases.phase_text(standing), sizes.text(42), TEXT, STRONG, phrases.partial_text(standing)))
    elif phrases.phase_text(standing):
        lines.append(Text(phrases.phase_text(standing), sizes.text(30), TEXT))
    return lines


def _title(standing: SessionStatus, sizes: Sizes, *, moving: bool) -> Widget:
    """While reps count it is beside the point, else it is the point."""
    if moving and standing.stage is not Stage.DONE:
        return Text(phrases.set_title(standing), sizes.text(28), MUTED)
    return Text(phrases.set_title(standing), sizes.text(42), TEXT, STRONG)


def _progress(standing: SessionStatus, sizes: Sizes) -> list[Widget]:
    if not standing.target or standing.stage is Stage.DONE:
        return []
    return [ProgressWidget(sizes.px(8), standing.full / standing.target), Space(sizes.px(8))]


def _sentence(sentence: str, sizes: Sizes, room: int) -> list[Widget]:
    size_px = sizes.text(42)
    return [Text(line, size_px, AMBER, STRONG) for line in widgets.wrap_text(sentence, size_px, STRONG, room, 6)]


def _last(standing: SessionStatus, sizes: Sizes, room: int) -> list[Widget]:
    """The last rep: a verdict, and below it what it lacked or else how long it took."""
    rep = standing.last
    if rep is None:
        return []
    size_px, asked = sizes.text(28), phrases.advice_for(rep)
    below = widgets.wrap_text(asked or phrases.rep_times(rep), size_px, REGULAR, room, 2) or [""]
    rule: list[Widget] = [Space(sizes.px(8)), ProgressWidget(max(2, sizes.px(2)), 0.0), Space(sizes.px(10))]
    if not _moving(standing):
        rule = [Space(sizes.px(8))]
    verdict = Verdict(phrases.rep_verdict(rep), sizes.text(32), rep.full)
    return [*rule, verdict, *(Text(line, size_px, AMBER if asked else MUTED) for line in below)]


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
        return max(widgets.text_width(line, self.size_px, self.weight) for line in self.lines)

    @property
    def width_px(self) -> int:
        return self.inner_px + 2 * self.pad_px

    @property
    def height_px(self) -> int:
        return round(self.size_px * _LINE * len(self.lines)) + self.pad_px

    def draw(self, image: NDArray[np.uint8], left: int, top: int) -> None:
        widgets.draw_card(image, widgets.Box(left, top, self.width_px, self.height_px), self.pad_px * 3 // 4)
        for number, line in enumerate(self.lines):
            spare_px = self.inner_px - widgets.text_width(line, self.size_px, self.weight)
            indent = self.pad_px + (spare_px // 2 if self.centred else 0)
            baseline = top + self.pad_px // 2 + round(self.size_px * (_LINE * number + 0.97))
            widgets.draw_text(image, line, (max(left + indent, 0), baseline), self.size_px, self.colour, self.weight)


def draw_toasts(image: NDArray[np.uint8], told: Sequence[str], sizes: Sizes) -> None:
    """Write each notice in the middle, above the small print; the newest is the lowest."""
    size_px, pad = sizes.text(40), sizes.px(20)
    room, bottom = sizes.width - 2 * (sizes.margin + pad), sizes.height - sizes.px(70)
    for notice in reversed(list(dict.fromkeys(told))[-_MOST:]):
        fit_px = widgets.fit_font_size(notice, size_px, STRONG, room)
        fit_px = fit_px if fit_px >= _SHRUNK * size_px else size_px
        block = _Block(widgets.wrap_text(notice, fit_px, STRONG, room, 3), fit_px, pad, TEXT, STRONG, centred=True)
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
        block = _Block(widgets.wrap_text(left, size_px, REGULAR, room, 4), size_px, pad, MUTED)
        block.draw(image, sizes.margin, sizes.height - sizes.margin - block.height_px)
