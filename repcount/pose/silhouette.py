"""How many arms stand up over the shoulders of somebody who lies still, told from the picture alone. The pose model
loses people who hold their arms up, takes both arms for one, or makes a second one up; but what has changed there since
the arms were down are the arms.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from math import atan, cos, degrees, hypot, isnan, nan, sin

import numpy as np
from numpy.typing import NDArray

from repcount.counting import identity
from repcount.pose import angles, arms
from repcount.pose.anatomy import is_lying_on_back
from repcount.pose.arms import ONE_OR_TWO
from repcount.pose.body import trunk_px
from repcount.types import ANKLES, FACE, HIPS, KNEES, SHOULDERS, Frame, Pose
from repcount.video.opencv import cv2

_HEAD_TRUNKS = 0.3
"""Most that the head moves while an arm goes up, in lengths of the trunk, which is also how far the head reaches from
its middle. Who rolls up lifts the head first (real clip)."""

_LOOKS, _APART_S = 3, 0.5
"""Looks at the picture with the arms down, and the least time between two. Heuristic: a screen or a pet moves within
it. The picture is compared with the last but one: in the last, an arm may be on its way up."""

_ELSEWHERE_S = 2.0
"""So long somebody has to be seen elsewhere to be believed to have moved. Heuristic: where the model has lost
somebody, it makes bodies up for a second or so (rendered clip)."""

_LONGEST_S = 10.0
"""What stands there for longer than this is part of the room. Heuristic: nobody holds the arms up for so long."""

_ARM_TRUNKS = 1.1
"""Length of the arm, shoulder to wrist, in lengths of the trunk (rendered clips)."""

_FROM, _WRIST, _BEYOND, _TO = 0.5, 1.0, 1.35, 1.6
"""Where an arm is compared, and where no hand reaches any more, in lengths of the arm from midway between the
shoulders. Closer to them, two arms that stand apart are one."""

_RINGS, _DIRECTIONS, _LEAN_DEG = 34, 88, 65.0
"""The picture over the shoulders is compared in so many rings and directions, of which the outermost lean by so much:
the chest is flatter. Both arms are asked for apart, and lean by 45° each at most (rendered clips)."""

_CHANGED, _LEAST_CHANGED, _NOISES = 25.0, 10.0, 3.0
"""Difference of a colour, of 255, from which on a cell has changed: so many times what 95 % of the cells differed by
while the arms were down, but between the first two. Skin before wood in a dim room differs by 12 to 25, and noise
allowed for 10 to 15 in most rendered clips."""

_RESTLESS = 0.05
"""Greatest share of cells that changed while the arms were down: more is a camera that shakes, or something that moves
behind the arms."""

_LEGS_CHANGED, _LEG_TRUNKS = 0.15, 0.12
"""Greatest share of the picture along the shanks that changes while they stay down, and how far to both sides of them
it is compared, in trunk lengths: 0.13 at most in 178 of 180 rendered holds."""

_SHADE, _LEAST_SHADE = 0.1, 0.4
"""A cell that became darker, by the same share in every colour within the first and to no less than the second, is a
shadow. So may be a grey sleeve before a grey wall, which leaves open what it was."""

_NARROW, _BROAD = 0.05, 0.3
"""Least and greatest width of what may be an arm, in its lengths. Single arms are 0.09 to 0.23 broad, two that overlap
0.28 (rendered clips), and a head that is lifted 0.3 to 0.4 (real clip)."""

_CLEAR, _ARM, _BEHIND = 0.3, 0.7, 0.1
"""Shares of the rings in which something stands up: up to the first, nothing does. Arms do in 0.75 at least, as they
may look like what is behind them here and there (rendered clips). The third is the greatest share of what no hand
reaches that changes: who walks past is higher."""

_NEAR, _JOINS_S = 0.6, 0.25
"""Where arms reach the shoulders, in lengths of the arm, and for how long at most something stands there only farther
out before it does: 252 rendered arms took up to 0.2 s, as they rise past the head, and what walks in is seen far from
the shoulders first, for 0.33 s and more (simulated)."""

_FOREARM, _GAP, _TWO = 0.7, 0.12, 0.35
"""From the first on, two arms are the second from each other, in lengths of the arm, in so many of the rings: of 79
rendered single arms in none, of 74 of 77 both held up apart in 0.4 to 1."""

_OVERLAP, _PLAINLY = 0.28, 0.36
"""There, both forearms side by side are together at least as broad as the first where one does not hide the other, and
single ones 0.25 at most (the same holds). From the second on, they are two whatever the model makes of them."""

_UPRIGHT_DEG = 40.0
"""Most that a single arm leans. Heuristic: the 35° of `arms`, and the camera is higher or lower than the shoulders."""

_Ring = tuple[float, list[tuple[float, float]]]
"""A radius, and where something stands up in that ring: starts and ends in lengths of the arm."""


@dataclass(frozen=True, slots=True)
class _Look:
    """The picture with the arms down, and how the person lay."""

    frame: Frame
    pose: Pose


@dataclass(frozen=True, slots=True)
class ArmsDown:
    """What was seen while both arms were down."""

    looks: tuple[_Look, ...] = ()
    """The last `_LOOKS` of one place."""
    up_since_s: float = nan
    """Since when something stands there that was not in the looks."""
    joined_s: float = nan
    """When it first reached the shoulders."""
    up_last_s: float = nan
    """When something last stood there."""
    elsewhere_since_s: float = nan
    """Since when somebody is seen to lie elsewhere."""

    @property
    def trunk_deg(self) -> float:
        """Elevation of the trunk as the person lay; NaN if nobody did."""
        return angles.compute_sample(0.0, self.looks[-1].pose).trunk_deg if self.looks else nan


def see(before: ArmsDown, frame: Frame, pose: Pose | None) -> tuple[ArmsDown, float]:
    """What is known after one more frame, and how many arms stand up in it: 0, 1, `ONE_OR_TWO` or 2; NaN where it can't
    be told.

    `pose` is what the model finds. It tells where the shoulders are while the arms are down, and later whether the
    person has moved.
    """
    if before.looks and not _goes_on(before.looks[-1].frame, frame):
        before = ArmsDown()
    risen = None if _has_moved(before, pose) else _risen(before, frame)
    if risen is None:
        return _look(before, frame, pose, lies_there=False), nan
    if _share(risen) <= _CLEAR:
        before = replace(before, up_since_s=nan, joined_s=nan)
        settled = not frame.time_s - before.up_last_s < _APART_S
        return _look(before, frame, pose, lies_there=True) if settled else before, 0.0
    since_s = frame.time_s if isnan(before.up_since_s) else before.up_since_s
    if frame.time_s - since_s > _LONGEST_S:
        return ArmsDown(), nan
    joined_s = frame.time_s if isnan(before.joined_s) and _share(risen, _NEAR) > 0.0 else before.joined_s
    before = replace(before, up_since_s=since_s, joined_s=joined_s, up_last_s=frame.time_s, elsewhere_since_s=nan)
    return before, _count(risen) if joined_s - since_s <= _JOINS_S else nan


def _has_moved(before: ArmsDown, pose: Pose | None) -> bool:
    """Whether trunk or head are not where they lay. Bodies that the model makes up elsewhere tell nothing, nor do those
    that lie the wrong way round.
    """
    if pose is None or not before.looks or not _is_same_place(before.looks[-1].pose, pose):
        return False
    lay, trunk_deg = before.looks[-1].pose, angles.compute_sample(0.0, pose).trunk_deg
    head_px = hypot(*(pose.xy_px[list(FACE)] - lay.xy_px[list(FACE)]).mean(axis=0))
    return abs(trunk_deg - before.trunk_deg) > arms.STILL_DEG or head_px > _HEAD_TRUNKS * _length_px(lay)


def _goes_on(last: Frame, frame: Frame) -> bool:
    return last.image.shape == frame.image.shape and frame.time_s >= last.time_s


def _look(before: ArmsDown, frame: Frame, pose: Pose | None, *, lies_there: bool) -> ArmsDown:
    """What is known after a frame in which nothing stands up. `lies_there`: the picture shows that the person does."""
    down = pose if pose is not None and _are_down(pose) else None
    moved = down is not None and bool(before.looks) and not _is_same_place(before.looks[-1].pose, down)
    since_s = nan if not moved else frame.time_s if isnan(before.elsewhere_since_s) else before.elsewhere_since_s
    before = replace(before, elsewhere_since_s=since_s)
    if before.looks and frame.time_s - before.looks[-1].frame.time_s < _APART_S:
        return before
    if down is not None and (not moved or frame.time_s - since_s > _ELSEWHERE_S):
        return _with(ArmsDown() if moved else before, _Look(frame, down))
    return _with(before, _Look(frame, before.looks[-1].pose)) if lies_there else before


def _with(before: ArmsDown, look: _Look) -> ArmsDown:
    return replace(before, looks=(*before.looks, look)[-_LOOKS:])


def _is_same_place(one: Pose, other: Pose) -> bool:
    return identity.is_same_body(angles.place(0.0, one), angles.place(0.0, other))


def _are_down(pose: Pose) -> bool:
    """Whether somebody lies with legs and arms down in the picture."""
    sample = angles.compute_sample(0.0, pose)
    flat = abs(sample.trunk_deg) <= arms.LYING_DEG and sample.heels_deg <= arms.LEGS_DOWN_DEG
    return flat and is_lying_on_back(pose) and arms.are_down(pose)


def _risen(before: ArmsDown, frame: Frame) -> NDArray[np.bool_] | None:
    """What stands up where nothing was, as rings by directions, while the legs stay down; None if it can't be told."""
    if len(before.looks) < _LOOKS:
        return None
    older, compared, _ = before.looks
    fans = [_fan(seen, compared.pose) for seen in (older.frame, compared.frame, frame)]
    noise = np.abs(fans[0] - fans[1]).max(axis=2)
    changed = float(np.clip(_NOISES * np.percentile(noise, 95), _LEAST_CHANGED, _CHANGED))
    before_shanks, shanks = (_along_shanks(seen, compared.pose) for seen in (compared.frame, frame))
    if np.mean(noise > changed) > _RESTLESS or np.mean(_differ(before_shanks, shanks, changed)) > _LEGS_CHANGED:
        return None
    return _differ(fans[1], fans[2], changed) & ~_is_shadow(fans[1], fans[2]) & ~_is_head(compared.pose)


def _fan(frame: Frame, pose: Pose) -> NDArray[np.float32]:
    """The picture over the shoulders: rings by directions by colours, from feet or head to the other."""
    x, y = pose.xy_px[list(SHOULDERS)].mean(axis=0)
    arm_px = _ARM_TRUNKS * _length_px(pose)
    far, lean = arm_px * _radii()[:, None], np.radians(_leans_deg())
    to_x, to_y = (x + far * np.sin(lean)).astype(np.float32), (y - far * np.cos(lean)).astype(np.float32)
    cells = cv2.remap(frame.image, to_x, to_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.GaussianBlur(cells, (5, 5), 0), dtype=np.float32)


def _radii() -> NDArray[np.float64]:
    return np.linspace(_FROM, _TO, _RINGS)


def _leans_deg() -> NDArray[np.float64]:
    return np.linspace(-_LEAN_DEG, _LEAN_DEG, _DIRECTIONS)


def _length_px(pose: Pose) -> float:
    """Length of the trunk as it looks from the side: arms that are up look no shorter from nearer the feet or head."""
    corners = [*SHOULDERS, *HIPS]
    flat, space = pose.xy_px[corners], pose.world_m[corners]
    spread_px = float(np.linalg.norm(flat - flat.mean(axis=0)))
    spread_m = float(np.linalg.norm(space[:, :2] - space[:, :2].mean(axis=0)))
    trunk_m = float(np.linalg.norm(space[:2].mean(axis=0) - space[2:].mean(axis=0)))
    return trunk_m * spread_px / max(spread_m, 1e-6)


def _is_head(pose: Pose) -> NDArray[np.bool_]:
    """Which cells of the fan are at the head, which turns and nods."""
    x, y = pose.xy_px[list(FACE)].mean(axis=0) - pose.xy_px[list(SHOULDERS)].mean(axis=0)
    far, lean = _ARM_TRUNKS * _radii()[:, None], np.radians(_leans_deg())
    length_px = _length_px(pose)
    return np.asarray(np.hypot(far * np.sin(lean) - x / length_px, -far * np.cos(lean) - y / length_px) <= _HEAD_TRUNKS)


def _along_shanks(frame: Frame, pose: Pose) -> NDArray[np.float32]:
    """The picture along the middle of the shanks: across by along by colours."""
    knees, ankles = (pose.xy_px[list(joints)].mean(axis=0) for joints in (KNEES, ANKLES))
    cells_along, cells_across = 40, 17
    along = (ankles - knees) / cells_along
    side = np.array([-along[1], along[0]]) / max(hypot(*along), 1e-6)
    across = side * _LEG_TRUNKS * trunk_px(pose) / (cells_across // 2)
    to_picture = np.column_stack([along, across, knees - cells_across // 2 * across])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = cells_along, cells_across
    cells = cv2.warpAffine(frame.image, to_picture, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.GaussianBlur(cells, (5, 5), 0), dtype=np.float32)


def _differ(one: NDArray[np.float32], other: NDArray[np.float32], changed: float) -> NDArray[np.bool_]:
    """Which cells are of another colour."""
    return np.asarray(np.abs(one - other).max(axis=2) > changed)


def _is_shadow(before: NDArray[np.float32], now: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which cells may be in the shadow now."""
    shares = (now + 1) / (before + 1)
    brightest, darkest = shares.max(axis=2), shares.min(axis=2)
    return np.asarray((brightest < 1) & (darkest >= _LEAST_SHADE) & (brightest - darkest <= _SHADE))


def _share(risen: NDArray[np.bool_], most: float = _WRIST) -> float:
    """In which share of the rings as far as the wrist, or as `most`, something stands up."""
    return float(np.mean([bool(runs) for _, runs in _rings(risen, _FROM, most)]))


def _count(risen: NDArray[np.bool_]) -> float:
    """How many arms that is which stands up, `ONE_OR_TWO` included; NaN if it is something else."""
    rings = _rings(risen, _FROM, _WRIST)
    broadest = [max(end - start for start, end in runs) for _, runs in rings if runs]
    if _share(risen) < _ARM or np.median(broadest) > _BROAD or np.mean(risen[_radii() > _BEYOND]) > _BEHIND:
        return nan
    forearms = [runs for _, runs in _rings(risen, _FOREARM, _WRIST) if runs]
    apart = [any(b - a >= _GAP for (_, a), (b, _) in pairwise(runs)) for runs in forearms]
    width = np.median([sum(end - start for start, end in runs) for runs in forearms])
    if np.mean(apart) >= _TWO or width >= _PLAINLY:
        return 2.0
    if abs(_lean_deg(rings)) > _UPRIGHT_DEG:
        return 0.0
    return ONE_OR_TWO if width >= _OVERLAP else 1.0


def _lean_deg(rings: list[_Ring]) -> float:
    """By how much a single arm leans, whichever shoulder it stands on."""
    middles = [(r, (runs[0][0] + runs[-1][1]) / 2 / r) for r, runs in rings if runs]
    x, y = np.array([(r * sin(lean), r * cos(lean)) for r, lean in middles]).T
    return degrees(atan(np.polyfit(y, x, 1)[0]))


def _rings(risen: NDArray[np.bool_], least: float, most: float) -> list[_Ring]:
    """The rings between two radii, with what stands up in each."""
    return [(r, _runs(ring, r)) for r, ring in zip(_radii().tolist(), risen, strict=True) if least <= r <= most]


def _runs(row: NDArray[np.bool_], radius: float) -> list[tuple[float, float]]:
    """Where cells of a ring have changed, as broad as an arm or more: starts and ends in lengths of the arm, from the
    direction straight up.
    """
    steps = np.flatnonzero(np.diff(np.concatenate([[False], row, [False]]))) - _DIRECTIONS / 2
    ends = radius * np.radians(2 * _LEAN_DEG / _DIRECTIONS) * steps
    return [(float(a), float(b)) for a, b in zip(ends[::2], ends[1::2], strict=True) if b - a >= _NARROW]
