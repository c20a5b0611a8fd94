"""The whole picture that people see: the frame, the skeleton and everything drawn on it. Pure functions on arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from repcount.coaching import phrases
from repcount.coaching import phrases as spoken
from repcount.coaching.events import Announcement, SessionStatus, Stage
from repcount.coaching.phrases import key_help
from repcount.display import hud
from repcount.display.hud import Corner
from repcount.display.widgets import BACKGROUND, BLUE, TEXT, Colour, Sizes
from repcount.types import Landmark, Pose
from repcount.video.opencv import cv2

if TYPE_CHECKING:
    from numpy.typing import NDArray

# (left, right)
_SHOULDER = (Landmark.LEFT_SHOULDER, Landmark.RIGHT_SHOULDER)
_HIP = (Landmark.LEFT_HIP, Landmark.RIGHT_HIP)
_KNEE = (Landmark.LEFT_KNEE, Landmark.RIGHT_KNEE)
_ANKLE = (Landmark.LEFT_ANKLE, Landmark.RIGHT_ANKLE)
_TOE = (Landmark.LEFT_FOOT_INDEX, Landmark.RIGHT_FOOT_INDEX)

DRAWN = (*_SHOULDER, *_HIP, *_KNEE, *_ANKLE, *_TOE)
"""The landmarks that are drawn at all."""

_SEEN = 0.5
"""Less visible landmarks are guesses; a line to a guess would look like knowledge. Half way, a choice."""

_FAR = 4.0
"""Landmarks further outside than this many pictures are left out: OpenCV's coordinates are small numbers."""

_SHIFT = 3
"""Bits of a pixel's fraction: lines glide instead of hopping from pixel to pixel."""

_LEG = (_HIP, _KNEE, _ANKLE)


def draw_skeleton(image: NDArray[np.uint8], pose: Pose, side: str, sizes: Sizes) -> None:
    """Draw the body of `pose`, in pixels of `image`; `side` is `left`, `right` or empty for not known."""
    near = 1 if side == "right" else 0
    places = _places(pose, image.shape[1], image.shape[0])
    thin, thick = sizes.px(3), sizes.px(8)
    far = [places.get(part[1 - near]) for part in _LEG]
    _path(image, far, TEXT, thin, sizes)
    _path(image, [places.get(part[near]) for part in (_SHOULDER, _HIP)], TEXT, sizes.px(6), sizes)
    leg = [places.get(part[near]) for part in _LEG]
    _path(image, [leg[-1], places.get(_TOE[near])], BLUE, sizes.px(5), sizes)
    _path(image, leg, BLUE, thick, sizes)
    for joint in (places.get(_SHOULDER[near]), *leg):
        _joint(image, joint, sizes)


Place = tuple[int, int]
"""In fractions of a pixel."""


def _places(pose: Pose, width: int, height: int) -> dict[Landmark, Place]:
    """Where the landmarks are that can be drawn."""
    places = {}
    limit = _FAR * max(width, height)
    for landmark in DRAWN:
        x, y = (float(value) for value in pose.xy_px[landmark])
        if pose.visibility[landmark] >= _SEEN and abs(x) < limit and abs(y) < limit:
            places[landmark] = (round(x * 2**_SHIFT), round(y * 2**_SHIFT))
    return places


def _path(image: NDArray[np.uint8], places: list[Place | None], colour: Colour, thick: int, sizes: Sizes) -> None:
    """Lines from place to place with a dark rim, so that they stand out from any background."""
    rim = thick + 2 * sizes.px(2)
    pairs = [(a, b) for a, b in pairwise(places) if a and b]
    for shade, breadth in ((BACKGROUND, rim), (colour, thick)):
        for a, b in pairs:
            cv2.line(image, a, b, shade, breadth, cv2.LINE_AA, _SHIFT)


def _joint(image: NDArray[np.uint8], place: Place | None, sizes: Sizes) -> None:
    if place is None:
        return
    for radius, colour in ((sizes.px(11), BACKGROUND), (sizes.px(9), TEXT)):
        cv2.circle(image, place, radius << _SHIFT, colour, -1, cv2.LINE_AA, _SHIFT)


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
    hud.draw_panel(shown, standing, corner, sizes)
    if pose is not None:
        draw_skeleton(shown, mirrored(pose, width) if mirror else pose, side, sizes)
    hud.draw_toasts(shown, [*lines, *_advice(standing)], sizes)
    hud.draw_footer(shown, footer or phrases.today_text(standing), phrases.rates_text(standing), sizes)
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
    shoulders, hips = (pose.xy_px[list(pair)].mean(axis=0) for pair in (_SHOULDER, _HIP))
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
