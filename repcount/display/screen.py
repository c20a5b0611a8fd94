"""What the live window shows: the picture with the skeleton, and beside it count, cue and buttons, each in its place.

Nothing is drawn over the picture but the skeleton, so no text hides the body and no body hides a text. Pure functions
on arrays of (height, width, 3), red-green-blue.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import isnan
from typing import TYPE_CHECKING

import numpy as np

from repcount.coaching import phrases
from repcount.coaching.events import CORRECTIONS, PARTIAL_CUES, Announcement, Cue, SessionStatus, Stage
from repcount.coaching.phrases import Button
from repcount.coaching.summary import Summary
from repcount.display import hud, overlay, widgets
from repcount.display.fonts import in_drawable_language
from repcount.display.widgets import (
    AMBER,
    BUTTON,
    MUTED,
    REGULAR,
    STRONG,
    TEXT,
    Box,
    Colour,
    Sizes,
    Space,
    Text,
)
from repcount.types import Pose
from repcount.video.opencv import cv2

if TYPE_CHECKING:
    from numpy.typing import NDArray

CUE_SHARE = 0.105
"""Height of the capitals of a cue, as a share of `Sizes.unit`: 1.5 cm on a 13-inch screen whose window has 87 % of its
height. Letters of 1/200 of the distance are easy to read, a rule for signs: 1.5 cm from three metres."""

CAPITAL_SHARE = 0.735
"""Height of a capital as a share of the font size, measured on OpenCV's built-in font."""

_PANEL_SHARE, _CUE_SHARES, _BUTTON_SHARE, _GAP_SHARE = 0.46, (0.19, 0.34), 0.09, 0.016
"""Width of the panel, heights of a cue of one line and of one that is longer, and of a row of buttons, and the distance
between them, in `Sizes.unit`."""

_TALL_PANEL_SHARE = 0.62
"""Height of the panel in a window that is higher than wide."""

_TALL_SHARE = 0.62
"""Share of the height that panel, cue and buttons are sized by there, so that a third of it is left for the picture."""

_BUTTONS_PER_ROW_TALL = 4

_DIMMED = 0.4
"""Brightness of a picture that is not of now: paused, or the last one of a camera that is gone. Heuristic: clearly
darker, and still recognisable."""

_SKELETON_SHARE = 0.75
"""The lines of the skeleton are as for a picture that is this high by its width: in a narrow one the person, who lies
across it, is small, and would be hidden behind them. Heuristic."""

_MAX_CUE_LINES = 5

ASPECT = 16 / 9
"""Width by height of a picture that has not come yet."""


def sizes_for(width: int, height: int) -> Sizes:
    """The sizes for a window. In one that is higher than wide things are above each other and share the height."""
    return Sizes(width, round(_TALL_SHARE * height) if height > width else height)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything is, in pixels."""

    panel: Box
    picture: Box
    """All the room there is for it; the picture is fitted in."""
    cue: Box
    buttons: tuple[Box, ...]


def layout(width: int, height: int, picture_aspect: float, buttons: int, cue: str = "") -> Layout:
    """The layout of a window for a picture of that width by height, and a cue.

    The cue is below the picture, which leaves room for a second line of it where one would be too small to read from
    the mat; beside an upright one, which needs the height.
    """
    unit = sizes_for(width, height).unit
    gap = round(_GAP_SHARE * unit)
    tall = height > width
    rows = -(-buttons // (_BUTTONS_PER_ROW_TALL if tall else buttons))
    row_px = round(_BUTTON_SHARE * unit)
    bottom = height - gap - rows * (row_px + gap)
    boxes = _button_boxes(width, bottom + gap, row_px, gap, buttons, rows)
    if tall:
        panel = Box(gap, gap, width - 2 * gap, round(_TALL_PANEL_SHARE * unit))
        below = _cue_box(gap, bottom, width - 2 * gap, unit, cue)
        top = panel.top + panel.height + gap
        return Layout(panel, Box(0, top, width, below.top - gap - top), below, boxes)
    panel = Box(gap, gap, round(_PANEL_SHARE * unit), bottom - gap)
    left = panel.left + panel.width + gap
    upright_px = round((bottom - gap) * picture_aspect)
    beside_px = width - left - upright_px - 2 * gap
    if picture_aspect < 1 and beside_px >= panel.width:
        picture = Box(left, gap, upright_px, bottom - gap)
        return Layout(panel, picture, Box(left + upright_px + gap, gap, beside_px, bottom - gap), boxes)
    below = _cue_box(left, bottom, width - left - gap, unit, cue)
    return Layout(panel, Box(left, gap, width - left - gap, below.top - 2 * gap), below, boxes)


def _cue_box(left: int, bottom: int, width: int, unit: float, cue: str) -> Box:
    """The place of a cue above `bottom`."""
    share = _CUE_SHARES[widgets.text_width(cue, _cue_size(unit), STRONG) > width]
    return Box(left, bottom - round(share * unit), width, round(share * unit))


def _cue_size(unit: float) -> int:
    """The font size of cues that can be read from three metres."""
    return round(CUE_SHARE * unit / CAPITAL_SHARE)


def _button_boxes(width: int, top: int, row_px: int, gap: int, buttons: int, rows: int) -> tuple[Box, ...]:
    per_row = -(-buttons // rows)
    each_px = (width - gap * (per_row + 1)) // per_row
    return tuple(
        Box(gap + (number % per_row) * (each_px + gap), top + (number // per_row) * (row_px + gap), each_px, row_px)
        for number in range(buttons)
    )


@in_drawable_language
def draw(
    size: tuple[int, int],
    image: NDArray[np.uint8] | None,
    pose: Pose | None,
    side: str,
    status: SessionStatus,
    cue: Announcement | None,
    *,
    mirror: bool = True,
    full_screen: bool = False,
) -> NDArray[np.uint8]:
    """The screen at `size` (width, height).

    `image` is the newest picture, None before the first one; `pose` is in its pixels, `side` is the leg that counts.
    `cue` is what was announced last, if that is still news. `mirror` flips the picture and the pose, never the text.
    """
    width, height = size
    sizes = sizes_for(width, height)
    aspect = image.shape[1] / image.shape[0] if image is not None else ASPECT
    text, colour = cue_text(status, cue)
    places = layout(width, height, aspect, len(phrases.BUTTONS), text)
    resting = not isnan(status.rest_left_s)
    canvas = _ground(width, height, aspect, status.stage, resting, full_screen).copy()
    if image is not None:
        _draw_picture(canvas, places.picture, image, pose, side, status, sizes, mirror=mirror)
    hud.draw_column(canvas, places.panel, status, sizes)
    _draw_cue(canvas, places.cue, text, colour, sizes)
    return canvas


@lru_cache(maxsize=2)
def _ground(
    width: int, height: int, aspect: float, stage: Stage, resting: bool, full_screen: bool
) -> NDArray[np.uint8]:
    """What rarely changes: the buttons on the background. Not to be written to."""
    canvas, sizes = overlay.blank(width, height), sizes_for(width, height)
    boxes = layout(width, height, aspect, len(phrases.BUTTONS)).buttons
    for button, box in zip(phrases.BUTTONS, boxes, strict=True):
        label, key = phrases.button_text(button, stage, resting=resting, full_screen=full_screen)
        _draw_button(canvas, box, label, key, sizes)
    return canvas


def button_at(size: tuple[int, int], picture_aspect: float, x: float, y: float) -> Button | None:
    """The button at a pixel of the screen."""
    places = layout(*size, picture_aspect, len(phrases.BUTTONS))
    for button, box in zip(phrases.BUTTONS, places.buttons, strict=True):
        if box.left <= x < box.left + box.width and box.top <= y < box.top + box.height:
            return button
    return None


def _draw_picture(
    canvas: NDArray[np.uint8],
    room: Box,
    image: NDArray[np.uint8],
    pose: Pose | None,
    side: str,
    status: SessionStatus,
    sizes: Sizes,
    *,
    mirror: bool,
) -> None:
    shown, pose = overlay.fit(image, pose, max(room.width, 1), max(room.height, 1))
    shown = cv2.flip(shown, 1) if mirror else shown.copy()
    height, width = shown.shape[:2]
    if status.stage in (Stage.PAUSED, Stage.NO_PICTURE):
        shown = cv2.convertScaleAbs(shown, alpha=_DIMMED)
    if pose is not None:
        lines = Sizes(width, min(sizes.height, round(_SKELETON_SHARE * width)))
        overlay.draw_skeleton(shown, overlay.mirrored(pose, width) if mirror else pose, side, lines)
    left, top = room.left + (room.width - width) // 2, room.top + (room.height - height) // 2
    canvas[top : top + height, left : left + width] = shown


def _draw_cue(canvas: NDArray[np.uint8], room: Box, text: str, colour: Colour, sizes: Sizes) -> None:
    """The cue in letters for three metres; in a smaller font only what is too long for that."""
    if not text:
        return
    size_px = _cue_size(sizes.unit)
    lines = [text]
    while size_px > 1:
        lines = widgets.wrap_text(text, size_px, STRONG, room.width, _MAX_CUE_LINES)
        fits = all(widgets.text_width(line, size_px, STRONG) <= room.width for line in lines)
        if fits and len(lines) * Text("", size_px).height_px <= room.height:
            break
        size_px = min(size_px - 1, round(0.94 * size_px))
    lines = widgets.wrap_evenly(text, size_px, STRONG, room.width, _MAX_CUE_LINES)
    line_px = Text("", size_px).height_px
    top = room.top + (room.height - line_px * len(lines)) // 2
    for number, line in enumerate(lines):
        left = room.left + (room.width - widgets.text_width(line, size_px, STRONG)) // 2
        baseline = top + number * line_px + round(size_px * widgets.ASCENT)
        widgets.draw_text(canvas, line, (left, baseline), size_px, colour, STRONG)


def cue_text(status: SessionStatus, cue: Announcement | None) -> tuple[str, Colour]:
    """What is shown in large letters, and its colour: what prevents counting, or the newest cue, or advice."""
    problem = phrases.shown_text(Announcement(status.problem)) if status.problem else ""
    if problem and status.stage in (Stage.PLACING, Stage.NO_PICTURE):
        return problem, AMBER
    if cue is not None:
        return phrases.shown_text(cue), AMBER if cue.cue in PARTIAL_CUES else TEXT
    return problem, AMBER


def _draw_button(canvas: NDArray[np.uint8], box: Box, label: str, key: str, sizes: Sizes) -> None:
    widgets.draw_rounded(canvas, box, sizes.px(10), BUTTON)
    pad = max(sizes.px(8), 1)
    label_px = widgets.fit_font_size(label, sizes.text(26), STRONG, box.width - 2 * pad)
    key_px = widgets.fit_font_size(key, sizes.text(19), REGULAR, box.width - 2 * pad)
    middle = box.left + box.width // 2
    for text, size_px, weight, colour, share in (
        (label, label_px, STRONG, TEXT, 0.46),
        (key, key_px, REGULAR, MUTED, 0.84),
    ):
        left = middle - widgets.text_width(text, size_px, weight) // 2
        widgets.draw_text(canvas, text, (left, box.top + round(share * box.height)), size_px, colour, weight)


# --- the summary -------------------------------------------------------------------------------------------


@in_drawable_language
def draw_summary(size: tuple[int, int], summary: Summary) -> NDArray[np.uint8]:
    """The card at the end of a session."""
    width, height = size
    sizes = sizes_for(width, height)
    canvas = overlay.blank(width, height)
    margin = sizes.px(60)
    room_px = width - 2 * margin
    rows: list[Text | Space] = [Text(phrases.summary_title(), sizes.text(40), MUTED, STRONG)]
    for row in phrases.summary_rows(summary):
        rows += [
            Space(sizes.px(20)),
            Text(row.value, sizes.text((row.large and 132) or 64), TEXT, STRONG),
            Text(" · ".join(part for part in (row.name, row.before) if part), sizes.text(34), MUTED),
        ]
    rows += [Space(sizes.px(24)), Text(phrases.summary_closes(), sizes.text(26), MUTED)]
    lines = [widget for widget in rows if isinstance(widget, Text)]
    widest_px = max(widgets.text_width(line.text, line.size_px, line.weight) for line in lines)
    left = max((width - widest_px) // 2, margin)
    top = max((height - sum(widget.height_px for widget in rows)) // 2, 0)
    for widget in rows:
        widget.draw(canvas, left, top, room_px)
        top += widget.height_px
    return canvas


# --- the newest cue ----------------------------------------------------------------------------------------

_SHOWN_S = 3.0
"""How long a cue stays on the screen. Heuristic: long enough to look up from the mat."""

_NOT_SHOWN = {Cue.COUNT, Cue.COUNTDOWN}
"""The panel has the count and the rest that is left."""


class NewestCue:
    """The announcement to show: the newest correction, or else the newest of all, each for three seconds."""

    def __init__(self) -> None:
        self._until: list[tuple[float, Announcement]] = []

    def at(self, now_s: float, new: Sequence[Announcement] = ()) -> Announcement | None:
        """The one to show at `now_s`, when `new` are made. A new rep ends the correction of the one before."""
        kept = [(until_s, each) for until_s, each in self._until if until_s > now_s]
        if any(each.cue is Cue.COUNT for each in new):
            kept = [(until_s, each) for until_s, each in kept if each.cue not in CORRECTIONS]
        self._until = kept + [(now_s + _SHOWN_S, each) for each in new if each.cue not in _NOT_SHOWN]
        corrections = [each for _, each in self._until if each.cue in CORRECTIONS]
        return next(reversed(corrections or [each for _, each in self._until]), None)
