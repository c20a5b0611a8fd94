"""What is drawn over the frame: the panel with the count and the gauge, the toasts and the footer."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING

from repcount.coaching import phrases
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
    Box,
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


class Corner(enum.StrEnum):
    """The upper corner of the image in which the panel is."""

    LEFT = "left"
    RIGHT = "right"


_MIN_COUNT = "00"
"""The panel is at least as wide as two of the widest digits, so that it does not jump from 9 to 10."""

_SETUP_STAGES = {Stage.PLACING, Stage.NO_PICTURE}
"""Stages in which a sentence in the panel says what to do."""


def draw_panel(image: NDArray[np.uint8], status: SessionStatus, corner: Corner, sizes: Sizes) -> None:
    """Draw the panel into `corner`."""
    pad, gauge_px = sizes.px(20), sizes.px(62) if _is_counting(status) else 0
    room_px = min(_inner_width(status, sizes), sizes.width - 2 * (sizes.margin + pad))
    header = _header(status, sizes, room_px - gauge_px)
    last_rep = [] if status.stage in _SETUP_STAGES else _last_rep(status, sizes, room_px)
    width, height = room_px + 2 * pad, _height(header) + _height(last_rep) + 2 * pad
    left = sizes.margin if corner is Corner.LEFT else sizes.width - sizes.margin - width
    widgets.draw_card(image, Box(left, sizes.margin, width, height), sizes.px(20))
    left, top = left + pad, sizes.margin + pad
    _stack(image, header, left + (gauge_px if corner is Corner.RIGHT else 0), top, room_px - gauge_px)
    _stack(image, last_rep, left, top + _height(header), room_px)
    if gauge_px:
        overhang, thickness = sizes.px(_MARK_OVERHANG), sizes.px(24)
        start = left + overhang if corner is Corner.RIGHT else left + room_px - overhang - thickness
        draw_gauge(image, Box(start, top, thickness, _height(header)), status, sizes)


def _is_counting(status: SessionStatus) -> bool:
    """Whether reps count now, so that the gauge is of use."""
    rest_is_over = status.stage is Stage.REST and not phrases.shows_rest_timer(status)
    return rest_is_over or status.stage in (Stage.COUNTING, Stage.DONE)


def _inner_width(status: SessionStatus, sizes: Sizes) -> int:
    """Width of the panel's content in pixels: the count and the gauge."""
    count = max((_MIN_COUNT, phrases.number_text(status)), key=len)
    return widgets.text_width(count, sizes.count, STRONG) + sizes.px(62)


def _height(column: list[Widget]) -> int:
    return sum(widget.height_px for widget in column)


def _stack(image: NDArray[np.uint8], column: list[Widget], left: int, top: int, room_px: int) -> None:
    for widget in column:
        widget.draw(image, left, top, room_px)
        top += widget.height_px


def _header(status: SessionStatus, sizes: Sizes, room_px: int) -> list[Widget]:
    """Title, number and phase, beside the gauge."""
    counting = _is_counting(status)
    column: list[Widget] = [_title(status, sizes, counting=counting)]
    if status.stage is not Stage.PLACING or status.full or status.session:
        colour = TEXT if counting or phrases.shows_rest_timer(status) else MUTED
        number = phrases.number_text(status)
        size_px = widgets.fit_font_size(number, sizes.count, STRONG, room_px)
        column += [Space(sizes.px(12)), Number(number, size_px, colour), Space(sizes.px(14))]
        column += _progress(status, sizes)
    if status.stage in _SETUP_STAGES and status.problem is not None:
        problem = phrases.shown_text(Announcement(status.problem))
        column += [Space(sizes.px(10)), *_sentence(problem, sizes, room_px)]
    elif counting and status.stage is not Stage.DONE:
        column.append(Text(phrases.phase_text(status), sizes.text(42), TEXT, STRONG, phrases.partial_text(status)))
    elif phrases.phase_text(status):
        column.append(Text(phrases.phase_text(status), sizes.text(30), TEXT))
    return column


def _title(status: SessionStatus, sizes: Sizes, *, counting: bool) -> Widget:
    """Small while reps count, because then the number matters; otherwise large."""
    if counting and status.stage is not Stage.DONE:
        return Text(phrases.set_title(status), sizes.text(28), MUTED)
    return Text(phrases.set_title(status), sizes.text(42), TEXT, STRONG)


def _progress(status: SessionStatus, sizes: Sizes) -> list[Widget]:
    if not status.target or status.stage is Stage.DONE:
        return []
    return [ProgressWidget(sizes.px(8), status.full / status.target), Space(sizes.px(8))]


def _sentence(sentence: str, sizes: Sizes, room_px: int) -> list[Widget]:
    size_px = sizes.text(42)
    return [Text(line, size_px, AMBER, STRONG) for line in widgets.wrap_text(sentence, size_px, STRONG, room_px, 6)]


def _last_rep(status: SessionStatus, sizes: Sizes, room_px: int) -> list[Widget]:
    """The last rep: full or partial, and below that the advice, or else how long it took."""
    rep = status.last
    if rep is None:
        return []
    size_px, advice = sizes.text(28), phrases.advice_for(rep)
    lines = widgets.wrap_text(advice or phrases.rep_times(rep), size_px, REGULAR, room_px, 2) or [""]
    rule: list[Widget] = [Space(sizes.px(8)), ProgressWidget(max(2, sizes.px(2)), 0.0), Space(sizes.px(10))]
    if not _is_counting(status):
        rule = [Space(sizes.px(8))]
    verdict = Verdict(phrases.rep_verdict(rep), sizes.text(32), rep.full)
    return [*rule, verdict, *(Text(line, size_px, AMBER if advice else MUTED) for line in lines)]


_FULL_SCALE_DEG = 100.0
"""Elevation at the top of the gauge. Legs go a little past upright; the highest labelled rep measures 102°."""

_MARK_OVERHANG = 9
"""How far the marks reach beyond the gauge on each side, in pixels of an image of 1280 by 720."""


def draw_gauge(image: NDArray[np.uint8], box: Box, status: SessionStatus, sizes: Sizes) -> None:
    """Draw the elevation of the legs as a vertical bar in `box`, with a mark at each threshold.

    Values that are NaN are left out.
    """
    bottom = box.top + box.height
    _draw_bar(image, box, box.top, bottom, FAINT)
    if not isnan(status.upright_deg):
        _draw_bar(image, box, box.top, _gauge_row(box, status.upright_deg), DIM_BLUE)
    if not isnan(status.lift_deg):
        upright = status.lift_deg >= status.upright_deg
        row = _gauge_row(box, status.lift_deg)
        _draw_bar(image, box, min(row, bottom - box.width), bottom, BLUE if upright else TEXT)
    for mark_deg in (status.upright_deg, status.back_deg):
        if not isnan(mark_deg):
            _draw_mark(image, box, _gauge_row(box, mark_deg), sizes)


def _gauge_row(box: Box, elevation_deg: float) -> int:
    share = min(max(elevation_deg / _FULL_SCALE_DEG, 0.0), 1.0)
    return round(box.top + box.height * (1.0 - share))


def _draw_bar(image: NDArray[np.uint8], box: Box, top: int, bottom: int, colour: Colour) -> None:
    """Draw a vertical bar with round ends, as wide as `box`."""
    radius = box.width // 2
    x = box.left + radius
    cv2.line(image, (x, top + radius), (x, bottom - radius), colour, 2 * radius, cv2.LINE_AA)


def _draw_mark(image: NDArray[np.uint8], box: Box, row: int, sizes: Sizes) -> None:
    overhang, thickness = sizes.px(_MARK_OVERHANG), sizes.px(4)
    start, end = (box.left - overhang, row), (box.left + box.width + overhang, row)
    cv2.line(image, start, end, BACKGROUND, thickness + 2 * sizes.px(2), cv2.LINE_AA)
    cv2.line(image, start, end, BLUE, thickness, cv2.LINE_AA)


_MAX_TOASTS = 3
"""How many are shown at once; the newest ones."""

_MIN_SHRINK = 0.8
"""A toast that fits into one line at this share of its font size or more is shrunk instead of broken. Heuristic."""

_LINE_HEIGHT = 1.25
"""As a share of the font size."""


def draw_toasts(image: NDArray[np.uint8], toasts: Sequence[str], sizes: Sizes) -> None:
    """Draw short messages, centred above the footer; the newest, the last of `toasts`, is the lowest."""
    size_px, pad = sizes.text(40), sizes.px(20)
    room_px, bottom = sizes.width - 2 * (sizes.margin + pad), sizes.height - sizes.px(70)
    for toast in reversed(list(dict.fromkeys(toasts))[-_MAX_TOASTS:]):
        fit_px = widgets.fit_font_size(toast, size_px, STRONG, room_px)
        fit_px = fit_px if fit_px >= _MIN_SHRINK * size_px else size_px
        card = _TextCard(widgets.wrap_text(toast, fit_px, STRONG, room_px, 3), fit_px, pad, TEXT, STRONG, centred=True)
        card.draw(image, (sizes.width - card.width_px) // 2, bottom - card.height_px)
        bottom -= card.height_px + sizes.px(8)


def draw_footer(image: NDArray[np.uint8], left: str, right: str, sizes: Sizes) -> None:
    """Draw small text into the lower corners; none where it is empty."""
    size_px, pad = sizes.text(22), sizes.px(12)
    room_px = sizes.width - 2 * (sizes.margin + pad)
    if right:
        card = _TextCard([right], size_px, pad, MUTED)
        card.draw(image, sizes.width - sizes.margin - card.width_px, sizes.height - sizes.margin - card.height_px)
        room_px -= card.width_px + sizes.margin
    if left:
        card = _TextCard(widgets.wrap_text(left, size_px, REGULAR, room_px, 4), size_px, pad, MUTED)
        card.draw(image, sizes.margin, sizes.height - sizes.margin - card.height_px)


@dataclass(frozen=True, slots=True)
class _TextCard:
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
        return round(self.size_px * _LINE_HEIGHT * len(self.lines)) + self.pad_px

    def draw(self, image: NDArray[np.uint8], left: int, top: int) -> None:
        widgets.draw_card(image, Box(left, top, self.width_px, self.height_px), self.pad_px * 3 // 4)
        for number, line in enumerate(self.lines):
            spare_px = self.inner_px - widgets.text_width(line, self.size_px, self.weight)
            indent = self.pad_px + (spare_px // 2 if self.centred else 0)
            baseline = top + self.pad_px // 2 + round(self.size_px * (_LINE_HEIGHT * number + 0.97))
            widgets.draw_text(image, line, (max(left + indent, 0), baseline), self.size_px, self.colour, self.weight)
