"""What people see: a picture with the body, the count and all that belongs to it drawn on it; pure on arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from repcount import words as spoken
from repcount.draw import panel, skeleton, strip, words
from repcount.draw.panel import Corner
from repcount.draw.skeleton import DRAWN
from repcount.draw.style import BACKGROUND, Sizes
from repcount.draw.words import key_help
from repcount.moment import Announcement, SessionStatus, Stage
from repcount.opencv import cv2
from repcount.records import Pose

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["DRAWN", "Corner", "blank", "corner_beside", "draw_overlay", "fit", "key_help"]

_DIMMED = 0.45
"""Brightness of a picture in which nothing counts. A choice."""

_SURE = 0.5
"""The head has to be this share of the trunk away from the hips along the picture's width to say on which side it
is: somebody who sits up or turns does not send the panel to and fro. A choice."""


def draw_overlay(
    image: NDArray[np.uint8],
    pose: Pose | None,
    side: str,
    standing: SessionStatus,
    lines: Sequence[str] = (),
    *,
    mirror: bool = False,
    corner: Corner = Corner.LEFT,
    footer: str = "",
) -> NDArray[np.uint8]:
    """A new picture with all there is to know drawn on it.

    `image` is (height, width, 3), red-green-blue; `pose` in its pixels; `side` the leg that counts, `left`,
    `right` or empty. `lines` are notices to show now, `footer` small print. `mirror` flips the picture and the
    body, never the text. The panel is in `corner` of what is shown.
    """
    height, width = image.shape[:2]
    sizes = Sizes(width, height)
    shown = cv2.flip(image, 1) if mirror else image.copy()
    if standing.stage is Stage.PAUSED:
        shown = cv2.convertScaleAbs(shown, alpha=_DIMMED)
    panel.draw_panel(shown, standing, corner, sizes)
    if pose is not None:
        skeleton.draw_skeleton(shown, mirrored(pose, width) if mirror else pose, side, sizes)
    strip.draw_toasts(shown, [*lines, *_advice(standing)], sizes)
    strip.draw_footer(shown, footer or words.today_text(standing), words.rates_text(standing), sizes)
    return shown


def _advice(standing: SessionStatus) -> list[str]:
    """What could be better while reps count; before that the panel says it."""
    if standing.problem is None or standing.stage in (Stage.PLACING, Stage.NO_PICTURE):
        return []
    return [spoken.shown_text(Announcement(standing.problem))]


def blank(width: int, height: int) -> NDArray[np.uint8]:
    """A dark picture, for the time without one."""
    return np.full((height, width, 3), BACKGROUND, np.uint8)


def mirrored(pose: Pose, width: int) -> Pose:
    """`pose` in the mirrored picture of `width` pixels."""
    return replace(pose, xy_px=pose.xy_px * (-1.0, 1.0) + (width - 1.0, 0.0))


def corner_beside(pose: Pose | None, before: Corner = Corner.LEFT, *, mirror: bool = False) -> Corner:
    """The upper corner above the head, which the legs never cross; `before` where it is not known."""
    if pose is None:
        return before
    shoulders, hips = (pose.xy_px[list(pair)].mean(axis=0) for pair in ((11, 12), (23, 24)))
    along, trunk_px = float(shoulders[0] - hips[0]), float(np.linalg.norm(shoulders - hips))
    if not abs(along) > _SURE * trunk_px:
        return before
    return Corner.LEFT if (along < 0) != mirror else Corner.RIGHT


def fit(image: NDArray[np.uint8], pose: Pose | None, width: int, height: int) -> tuple[NDArray[np.uint8], Pose | None]:
    """Picture and body, scaled to the largest size that fits into `width` by `height`: so text is drawn crisp."""
    factor = min(width / image.shape[1], height / image.shape[0])
    size = (max(1, round(image.shape[1] * factor)), max(1, round(image.shape[0] * factor)))
    if size == (image.shape[1], image.shape[0]):
        return image, pose
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    scaled: NDArray[np.uint8] = cv2.resize(image, size, interpolation=how)
    return scaled, pose and replace(pose, xy_px=pose.xy_px * factor)
