"""The panel with the count, the gauge and the last rep: beside the picture of the live window, or over a video."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import replace
from math import isnan
from typing import TYPE_CHECKING

from repcount.coaching import phrases
from repcount.coaching.events import SessionStatus, Stage
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
from repcount.types import Phase
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

_GAUGE_ROOM = 62
"""Width that is left for the gauge, in pixels of an image of 1280 by 720."""

_SETUP_STAGES = {Stage.PLACING, Stage.NO_PICTURE}
"""Stages in which the last rep is of no interest."""


def draw_panel(image: NDArray[np.uint8], status: SessionStatus, corner: Corner, sizes: Sizes) -> None:
    """Draw the panel on a card in a `corner` of the picture."""
    pad = sizes.px(20)
    room_px = min(_inner_width(status, sizes), sizes.width - 2 * (sizes.margin + pad))
    header, last_rep = _header(status, sizes, room_px), _last_rep(status, sizes, room_px)
    width, height = room_px + 2 * pad, _height(header) + _height(last_rep) + 2 * pad
    left = sizes.margin if corner is Corner.LEFT else sizes.width - sizes.margin - width
    widgets.draw_card(image, Box(left, sizes.margin, width, height), sizes.px(20))
    box = Box(left + pad, sizes.margin + pad, room_px, height - 2 * pad)
    _draw_header(image, box, header, status, sizes, gauge_on_left=corner is Corner.RIGHT)
    _stack(image, last_rep, box.left, box.top + _height(header), box.width)


def draw_column(image: NDArray[np.uint8], box: Box, status: SessionStatus, sizes: Sizes) -> None:
    """Draw the panel into `box`, with the day's count and the rates at the bottom: below the last rep, or beside it
    where `box` is wider than high.
    """
    pad, wide = sizes.px(16), box.width > box.height
    inner = Box(box.left + pad, box.top + pad, box.width - 2 * pad, box.height - 2 * pad)
    footer = [
        Text(text, sizes.text(24), MUTED)
        for text in (phrases.target_text(status), phrases.today_text(status), phrases.rates_text(status))
        if text
    ]
    footer_px = (
        max((widgets.text_width(line.text, line.size_px) for line in footer), default=0) if wide else inner.width
    )
    room_px = min(inner.width, _inner_width(status, sizes)) if wide else inner.width
    last_px = min(room_px, inner.width - footer_px - pad) if wide else inner.width
    header, last_rep = _header(status, sizes, room_px), _last_rep(status, sizes, last_px)
    instructions = _instructions(status, sizes, inner.width, inner.height - _height(header) - _height(footer))
    header += instructions
    if _height(header) + _height(last_rep) > inner.height:
        last_rep = _last_rep(status, sizes, last_px, max_lines=1)
    # Where there is no room for everything, what comes last is left out.
    while last_rep and _height(header) + _height(last_rep) > inner.height:
        last_rep.pop()
    header_px = inner.width if instructions else room_px
    _draw_header(image, Box(inner.left, inner.top, header_px, inner.height), header, status, sizes)
    _stack(image, last_rep, inner.left, inner.top + _height(header), last_px)
    used_px = _height(header) + (0 if wide else _height(last_rep))
    while footer and used_px + _height(footer) > inner.height:
        footer.pop()
    left, top = inner.left + inner.width - footer_px, inner.top + inner.height - _height(footer)
    _stack(image, footer, left, top, footer_px)


def _instructions(status: SessionStatus, sizes: Sizes, room_px: int, room_high_px: int) -> list[Widget]:
    """What to do now, where that is not to raise the legs; in smaller letters where there is little room."""
    text, size_px = phrases.instructions(status), sizes.text(32)
    while text:
        lines = widgets.wrap_evenly(text, size_px, REGULAR, room_px, 12)
        column: list[Widget] = [Space(sizes.px(14)), *(Text(line, size_px, TEXT) for line in lines)]
        fits = _height(column) <= room_high_px and all(widgets.text_width(line, size_px) <= room_px for line in lines)
        if fits or size_px <= 1:
            return column
        size_px -= 1
    return []


def _draw_header(
    image: NDArray[np.uint8],
    box: Box,
    header: list[Widget],
    status: SessionStatus,
    sizes: Sizes,
    *,
    gauge_on_left: bool = False,
) -> None:
    """Draw the header with the gauge beside it."""
    gauge_px = _gauge_px(status, sizes)
    _stack(image, header, box.left + (gauge_px if gauge_on_left else 0), box.top, box.width - gauge_px)
    if gauge_px:
        overhang, thickness = sizes.px(_MARK_OVERHANG), sizes.px(24)
        start = box.left + overhang if gauge_on_left else box.left + box.width - overhang - thickness
        draw_gauge(image, Box(start, box.top, thickness, _height(header)), status, sizes)


def _gauge_px(status: SessionStatus, sizes: Sizes) -> int:
    return sizes.px(_GAUGE_ROOM) if _is_counting(status) else 0


def _is_counting(status: SessionStatus) -> bool:
    """Whether reps count now, so that the gauge is of use."""
    return status.stage in (Stage.COUNTING, Stage.DONE)


def _inner_width(status: SessionStatus, sizes: Sizes) -> int:
    """Width of the panel's content in pixels: the count and the gauge."""
    count = max((_MIN_COUNT, phrases.number_text(status)), key=len)
    return widgets.text_width(count, sizes.count, STRONG) + sizes.px(_GAUGE_ROOM)


def _height(column: Sequence[Widget]) -> int:
    return sum(widget.height_px for widget in column)


def _stack(image: NDArray[np.uint8], column: Sequence[Widget], left: int, top: int, room_px: int) -> None:
    for widget in column:
        widget.draw(image, left, top, room_px)
        top += widget.height_px


def _header(status: SessionStatus, sizes: Sizes, room_px: int) -> list[Widget]:
    """Title, number and phase, which leave room for the gauge beside them."""
    counting = _is_counting(status)
    room_px -= _gauge_px(status, sizes)
    column: list[Widget] = [_title(status, sizes, counting=counting)]
    if status.stage is not Stage.PLACING or status.full or status.session:
        colour = TEXT if counting or status.stage is Stage.REST else MUTED
        number = phrases.number_text(status)
        size_px = widgets.fit_font_size(number, sizes.count, STRONG, room_px)
        column += [Space(sizes.px(12)), Number(number, size_px, colour), Space(sizes.px(14))]
        column += _progress(status, sizes)
    if counting and status.stage is not Stage.DONE:
        column += _phase(status, sizes, room_px)
    elif phrases.phase_text(status):
        size_px = sizes.text(30)
        lines = widgets.wrap_evenly(phrases.phase_text(status), size_px, REGULAR, room_px, 2)
        column += [Text(line, size_px, TEXT) for line in lines]
    return column


def _phase(status: SessionStatus, sizes: Sizes, room_px: int) -> list[Widget]:
    """The phase, and beside it the partial reps: below it where one of the phases leaves no room for them, so that they
    stay in their place while the legs move.
    """
    size_px, partial = sizes.text(42), phrases.partial_text(status)
    phases = [Text(phrases.phase_text(replace(status, phase=phase)), size_px, TEXT, STRONG, partial) for phase in Phase]
    if all(phase.fits(room_px) for phase in phases):
        return [Text(phrases.phase_text(status), size_px, TEXT, STRONG, partial)]
    return [Text(phrases.phase_text(status), size_px, TEXT, STRONG), Text(partial, sizes.text(28), MUTED)]


def _title(status: SessionStatus, sizes: Sizes, *, counting: bool) -> Widget:
    """Small while reps count, because then the number matters; otherwise large."""
    if counting and status.stage is not Stage.DONE:
        return Text(phrases.set_title(status), sizes.text(28), MUTED)
    return Text(phrases.set_title(status), sizes.text(42), TEXT, STRONG)


def _progress(status: SessionStatus, sizes: Sizes) -> list[Widget]:
    if not status.target or status.stage is Stage.DONE:
        return []
    return [ProgressWidget(sizes.px(8), status.full / status.target), Space(sizes.px(8))]


def _last_rep(status: SessionStatus, sizes: Sizes, room_px: int, max_lines: int = 2) -> list[Widget]:
    """The last rep: full or partial, and below that the advice, or else how long it took; smaller if it has to be."""
    rep = status.last
    if rep is None or status.stage in _SETUP_STAGES:
        return []
    size_px, advice = sizes.text(28), phrases.advice_for(rep)
    lines = widgets.wrap_evenly(advice or phrases.rep_times(rep), size_px, REGULAR, room_px, max_lines) or [""]
    rule: list[Widget] = [Space(sizes.px(8)), ProgressWidget(max(2, sizes.px(2)), 0.0), Space(sizes.px(10))]
    if not _is_counting(status):
        rule = [Space(sizes.px(8))]
    verdict = Verdict(phrases.rep_verdict(rep), sizes.text(32), rep.full)
    return [*rule, verdict, *(Text(line, size_px, AMBER if advice else MUTED) for line in lines)]


def draw_target(image: NDArray[np.uint8], text: str, sizes: Sizes) -> None:
    """Draw a target of the person's own into the lower right corner; nothing if `text` is empty."""
    if not text:
        return
    size_px, pad = sizes.text(22), sizes.px(12)
    width, height = widgets.text_width(text, size_px) + 2 * pad, round(1.25 * size_px) + pad
    left, top = sizes.width - sizes.margin - width, sizes.height - sizes.margin - height
    widgets.draw_card(image, Box(left, top, width, height), pad * 3 // 4)
    widgets.draw_text(image, text, (left + pad, top + pad // 2 + round(0.97 * size_px)), size_px, MUTED)


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
    cv2.line(image, (x, top + radius), (x, bottom - radius), colour, max(2 * radius, 1), cv2.LINE_AA)


def _draw_mark(image: NDArray[np.uint8], box: Box, row: int, sizes: Sizes) -> None:
    overhang, thickness = sizes.px(_MARK_OVERHANG), sizes.px(4)
    start, end = (box.left - overhang, row), (box.left + box.width + overhang, row)
    cv2.line(image, start, end, BACKGROUND, thickness + 2 * sizes.px(2), cv2.LINE_AA)
    cv2.line(image, start, end, BLUE, thickness, cv2.LINE_AA)
