"""Whether two arms have gone up where the pose model may have made one of them up. Of arms side by side, one hides much
of the other from the side, but seldom all: the picture shows how broad it is what has gone up.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot

import numpy as np
from numpy.typing import NDArray

from repcount.types import Frame, Landmark, Pose
from repcount.video.opencv import cv2

# (shoulder, elbow, wrist, hip)
_SIDES = (
    (Landmark.LEFT_SHOULDER, Landmark.LEFT_ELBOW, Landmark.LEFT_WRIST, Landmark.LEFT_HIP),
    (Landmark.RIGHT_SHOULDER, Landmark.RIGHT_ELBOW, Landmark.RIGHT_WRIST, Landmark.RIGHT_HIP),
)

_LOW_TRUNKS = 0.25
"""Greatest height of elbows and wrists over the shoulders while the arms are down, in lengths of the trunk. Hands under
the head are within 0.1 of it (rendered clips)."""

_APART_S = 0.5
"""Least time between the two looks at the picture with the arms down. Heuristic: a screen or a pet moves within it."""

_CELLS = 60
"""Cells per length of the arm, shoulder to wrist, in which the picture is compared."""

_FROM, _BESIDE = 0.5, 0.65
"""What is compared, in lengths of the arm: from there along it to the wrist, and as far to both sides of it."""

_CHANGED = 25
"""Difference of a colour, of 255, from which on a cell has changed. Heuristic: above the noise of a dim room."""

_RESTLESS = 0.05
"""Greatest share of cells that changed while the arms were down: more is a camera that shakes, or something that moves
behind the arms."""

_SHADE, _LEAST_SHADE = 0.1, 0.4
"""A cell that became darker, by the same share in every colour within the first and to no less than the second, is a
shadow. So may be a grey sleeve before a grey wall, which leaves open what it was."""

_TWO, _LEAST_CELLS = 0.4, 3
"""Share of the cross-sections from which on two arms side by side are two, and the least width of each. Of single arms
0.07 at most, of both 0.57 to 1 where there is a gap (47 and 21 rendered holds)."""

_BROAD = 0.31
"""Median width of what has gone up, in lengths of the arm, from which on it is two arms that overlap. One in a loose
sleeve is 0.25 at most, both are 0.33 to 0.39 where there is no gap (the same holds)."""


@dataclass(frozen=True, slots=True)
class ArmsDown:
    """Two looks at the picture while both arms were down; the newer one is what is compared with."""

    older: Frame | None = None
    newer: Frame | None = None


def look(before: ArmsDown, frame: Frame, pose: Pose) -> ArmsDown:
    """What was seen with the arms down, after one more frame."""
    if before.newer is not None and 0.0 <= frame.time_s - before.newer.time_s < _APART_S:
        return before
    return ArmsDown(before.newer, frame) if all(_is_low(pose, *side) for side in _SIDES) else before


def are_two_arms(before: ArmsDown, frame: Frame, pose: Pose) -> bool:
    """Whether what has gone up is plainly two arms. False tells nothing: one may hide the other."""
    if before.older is None or before.newer is None:
        return False
    older, newer, now = (_around_arm(seen, pose) for seen in (before.older, before.newer, frame))
    if np.mean(_differ(older, newer)) > _RESTLESS:
        return False
    risen = _differ(newer, now) & ~_is_shadow(newer, now)
    width = np.median(np.count_nonzero(risen, axis=1)) / _CELLS
    return bool(width >= _BROAD or np.mean([_runs(row) >= 2 for row in risen]) >= _TWO)


def _is_low(pose: Pose, shoulder: int, elbow: int, wrist: int, hip: int) -> bool:
    """Whether an arm is down in the picture."""
    trunk_px = hypot(*(pose.xy_px[shoulder] - pose.xy_px[hip]))
    height_px = pose.xy_px[shoulder][1] - pose.xy_px[[elbow, wrist], 1].min()
    return bool(height_px <= _LOW_TRUNKS * trunk_px)


def _around_arm(frame: Frame, pose: Pose) -> NDArray[np.float32]:
    """Forearm and what is beside it, of the arm that goes up higher: cross-sections by cells by colours."""
    shoulder, wrist = max(
        ((pose.xy_px[side[0]], pose.xy_px[side[2]]) for side in _SIDES), key=lambda arm: float(arm[0][1] - arm[1][1])
    )
    along = (wrist - shoulder) / _CELLS
    across = np.array([-along[1], along[0]])
    corner = shoulder + _CELLS * (_FROM * along - _BESIDE * across)
    size = round(2 * _BESIDE * _CELLS), round((1 - _FROM) * _CELLS)
    to_picture = np.column_stack([across, along, corner])
    cells = cv2.warpAffine(frame.image, to_picture, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    return np.asarray(cv2.GaussianBlur(cells, (5, 5), 0), dtype=np.float32)


def _differ(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which cells are of another colour."""
    return np.asarray(np.abs(one - other).max(axis=2) > _CHANGED)


def _is_shadow(before: NDArray[np.float32], now: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which cells may be in the shadow now."""
    shares = (now + 1) / (before + 1)
    brightest, darkest = shares.max(axis=2), shares.min(axis=2)
    return np.asarray((brightest < 1) & (darkest >= _LEAST_SHADE) & (brightest - darkest <= _SHADE))


def _runs(row: NDArray[np.bool_]) -> int:
    """How many runs of cells in a cross-section are broad enough for an arm."""
    steps = np.flatnonzero(np.diff(np.concatenate([[False], row, [False]])))
    return int(np.count_nonzero(np.diff(steps)[::2] >= _LEAST_CELLS))
