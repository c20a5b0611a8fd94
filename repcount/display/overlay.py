"""The image that people see: the frame with the skeleton, the panel and the texts drawn on it.

Pure functions on arrays of (height, width, 3), red-green-blue.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from repcount.coaching import phrases
from repcount.coaching.events import SessionStatus
from repcount.display import hud
from repcount.display.fonts import in_drawable_language
from repcount.display.hud import Corner
from repcount.display.widgets import BACKGROUND, BLUE, TEXT, Colour, Sizes
from repcount.types import ANKLES, HIPS, KNEES, SHOULDERS, TOES, Landmark, Pose
from repcount.video.opencv import cv2

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["DRAWN", "Corner", "blank", "corner_beside", "draw_overlay", "fit"]

# (left, right)

DRAWN = (*SHOULDERS, *HIPS, *KNEES, *ANKLES, *TOES)
"""Indices of the landmarks that are drawn."""

_MIN_VISIBILITY = 0.5
"""Less visible landmarks are guesses and are not drawn, because a line would suggest certainty. Heuristic."""

_MAX_IMAGES_OUTSIDE = 4.0
"""Landmarks further out than this multiple of the image's longer side are not drawn: OpenCV overflows on large
coordinates."""

_SHIFT = 3
"""Fractional bits of coordinates (see `cv2.line`): with whole pixels the skeleton would jitter."""

_Point = tuple[int, int]
"""(x, y) in 1 / 2**_SHIFT of a pixel."""

_LEG = (HIPS, KNEES, ANKLES)

_MIN_HEAD_OFFSET = 0.5
"""Horizontal distance from hips to shoulders, as a share of the trunk length, from which on the side of the head counts
as known. Heuristic: a person who sits up or turns does not make the panel jump."""


@in_drawable_language
def draw_overlay(
    image: NDArray[np.uint8], pose: Pose | None, side: str, status: SessionStatus, corner: Corner = Corner.LEFT
) -> NDArray[np.uint8]:
    """A copy of `image` with skeleton and panel drawn on it, for videos.

    `pose` is in pixels of `image`; `side` is the leg that counts, `left`, `right` or empty if unknown. `corner` is the
    corner of the panel.
    """
    height, width = image.shape[:2]
    sizes = Sizes(width, height)
    shown = image.copy()
    if pose is not None:
        draw_skeleton(shown, pose, side, sizes)
    # Over the skeleton, so that no line crosses a text.
    hud.draw_panel(shown, status, corner, sizes)
    hud.draw_target(shown, phrases.target_text(status), sizes)
    return shown


def blank(width: int, height: int) -> NDArray[np.uint8]:
    """A dark image, for when there is no frame."""
    return np.full((height, width, 3), BACKGROUND, np.uint8)


def mirrored(pose: Pose, width: int) -> Pose:
    """`pose` in the mirrored image, which is `width` pixels wide."""
    return replace(pose, xy_px=pose.xy_px * (-1.0, 1.0) + (width - 1.0, 0.0))


def corner_beside(pose: Pose | None, before: Corner = Corner.LEFT) -> Corner:
    """The upper corner above the head, where the legs never are; `before` if that is unknown."""
    if pose is None:
        return before
    shoulders, hips = (pose.xy_px[list(pair)].mean(axis=0) for pair in (SHOULDERS, HIPS))
    offset_px, trunk_px = float(shoulders[0] - hips[0]), float(np.linalg.norm(shoulders - hips))
    if not abs(offset_px) > _MIN_HEAD_OFFSET * trunk_px:
        return before
    return Corner.LEFT if offset_px < 0 else Corner.RIGHT


def fit(image: NDArray[np.uint8], pose: Pose | None, width: int, height: int) -> tuple[NDArray[np.uint8], Pose | None]:
    """Image and pose, scaled to the largest size that fits `width` by `height`.

    Scaled before drawing, text stays sharp.
    """
    factor = min(width / image.shape[1], height / image.shape[0])
    size = (max(1, round(image.shape[1] * factor)), max(1, round(image.shape[0] * factor)))
    if size == (image.shape[1], image.shape[0]):
        return image, pose
    interpolation = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    scaled: NDArray[np.uint8] = cv2.resize(image, size, interpolation=interpolation)
    return scaled, pose and replace(pose, xy_px=pose.xy_px * factor)


def draw_skeleton(image: NDArray[np.uint8], pose: Pose, side: str, sizes: Sizes) -> None:
    """Draw `pose`, in pixels of `image`; `side` is the leg that counts, `left`, `right` or empty if unknown."""
    near = 1 if side == "right" else 0
    points = _visible_points(pose, image.shape[1], image.shape[0])
    far_leg = [points.get(part[1 - near]) for part in _LEG]
    _draw_path(image, far_leg, TEXT, sizes.px(3), sizes)
    _draw_path(image, [points.get(part[near]) for part in (SHOULDERS, HIPS)], TEXT, sizes.px(6), sizes)
    leg = [points.get(part[near]) for part in _LEG]
    _draw_path(image, [leg[-1], points.get(TOES[near])], BLUE, sizes.px(5), sizes)
    _draw_path(image, leg, BLUE, sizes.px(8), sizes)
    for joint in (points.get(SHOULDERS[near]), *leg):
        _draw_joint(image, joint, sizes)


def _visible_points(pose: Pose, width: int, height: int) -> dict[Landmark, _Point]:
    """The landmarks that can be drawn, by their index."""
    points = {}
    limit = _MAX_IMAGES_OUTSIDE * max(width, height)
    for landmark in DRAWN:
        x, y = (float(value) for value in pose.xy_px[landmark])
        if pose.visibility[landmark] >= _MIN_VISIBILITY and abs(x) < limit and abs(y) < limit:
            points[landmark] = (round(x * 2**_SHIFT), round(y * 2**_SHIFT))
    return points


def _draw_path(
    image: NDArray[np.uint8], points: list[_Point | None], colour: Colour, line_px: int, sizes: Sizes
) -> None:
    """Draw lines from point to point with a dark outline, so that they stand out from any background."""
    outline = line_px + 2 * sizes.px(2)
    pairs = [(a, b) for a, b in pairwise(points) if a and b]
    for line_colour, line_width in ((BACKGROUND, outline), (colour, line_px)):
        for a, b in pairs:
            cv2.line(image, a, b, line_colour, line_width, cv2.LINE_AA, _SHIFT)


def _draw_joint(image: NDArray[np.uint8], point: _Point | None, sizes: Sizes) -> None:
    if point is None:
        return
    for radius, colour in ((sizes.px(11), BACKGROUND), (sizes.px(9), TEXT)):
        cv2.circle(image, point, radius << _SHIFT, colour, -1, cv2.LINE_AA, _SHIFT)
