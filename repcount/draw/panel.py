"""The one panel: count, set and plan, phase, gauge, last rep."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from repcount import words as spoken
from repcount.draw import card, gauge, text, words
from repcount.draw.lines import Number, ProgressWidget, Space, Text, Verdict, Widget
from repcount.draw.style import AMBER, MUTED, REGULAR, STRONG, TEXT, Sizes
from repcount.moment import Announcement, SessionStatus, Stage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


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
    card.draw_card(image, card.Box(left, sizes.margin, width, height), sizes.px(20))
    left, top = left + pad, sizes.margin + pad
    _stack(image, head, left + (column if corner is Corner.RIGHT else 0), top, room - column)
    _stack(image, foot, left, top + _height(head), room)
    if column:
        reach, thick = sizes.px(9), sizes.px(24)
        start = left + reach if corner is Corner.RIGHT else left + room - reach - thick
        gauge.draw_gauge(image, gauge.Column(start, top, thick, _height(head)), standing, sizes)


def _moving(standing: SessionStatus) -> bool:
    """Whether reps count now, so that the gauge tells something."""
    over = standing.stage is Stage.REST and not words.rest_text(standing)
    return over or standing.stage in (Stage.COUNTING, Stage.DONE)


def _room(standing: SessionStatus, sizes: Sizes) -> int:
    """Width of what is in the panel: that of the count and the gauge."""
    widest = max((_USUAL, words.number_text(standing)), key=len)
    return text.text_width(widest, sizes.count, STRONG) + sizes.px(62)


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
        colour = TEXT if moving or words.rest_text(standing) else MUTED
        number = words.number_text(standing)
        size_px = text.fit_font_size(number, sizes.count, STRONG, room)
        lines += [Space(sizes.px(12)), Number(number, size_px, colour), Space(sizes.px(14))]
        lines += _progress(standing, sizes)
    if standing.stage in _WAITING and standing.problem is not None:
        lines += [Space(sizes.px(10)), *_sentence(spoken.shown_text(Announcement(standing.problem)), sizes, room)]
    elif moving and standing.stage is not Stage.DONE:
        lines.append(Text(words.phase_text(standing), sizes.text(42), TEXT, STRONG, words.partial_text(standing)))
    elif words.phase_text(standing):
        lines.append(Text(words.phase_text(standing), sizes.text(30), TEXT))
    return lines


def _title(standing: SessionStatus, sizes: Sizes, *, moving: bool) -> Widget:
    """While reps count it is beside the point, else it is the point."""
    if moving and standing.stage is not Stage.DONE:
        return Text(words.set_title(standing), sizes.text(28), MUTED)
    return Text(words.set_title(standing), sizes.text(42), TEXT, STRONG)


def _progress(standing: SessionStatus, sizes: Sizes) -> list[Widget]:
    if not standing.target or standing.stage is Stage.DONE:
        return []
    return [ProgressWidget(sizes.px(8), standing.full / standing.target), Space(sizes.px(8))]


def _sentence(sentence: str, sizes: Sizes, room: int) -> list[Widget]:
    size_px = sizes.text(42)
    return [Text(line, size_px, AMBER, STRONG) for line in text.wrap_text(sentence, size_px, STRONG, room, 6)]


def _last(standing: SessionStatus, sizes: Sizes, room: int) -> list[Widget]:
    """The last rep: a verdict, and below it what it lacked or else how long it took."""
    rep = standing.last
    if rep is None:
        return []
    size_px, asked = sizes.text(28), words.advice_for(rep)
    below = text.wrap_text(asked or words.rep_times(rep), size_px, REGULAR, room, 2) or [""]
    rule: list[Widget] = [Space(sizes.px(8)), ProgressWidget(max(2, sizes.px(2)), 0.0), Space(sizes.px(10))]
    if not _moving(standing):
        rule = [Space(sizes.px(8))]
    verdict = Verdict(words.rep_verdict(rep), sizes.text(32), rep.full)
    return [*rule, verdict, *(Text(line, size_px, AMBER if asked else MUTED) for line in below)]
