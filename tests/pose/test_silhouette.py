"""Two arms side by side are told by how broad it is what has gone up, and what may be something else is left open."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from support.bodies import Body, pose

from repcount.pose.silhouette import ArmsDown, are_two_arms, look
from repcount.types import Frame, Pose

LYING = pose(Body(hip_px=(360, 300)))
LENGTH_PX = 125
"""Of the trunk, and of the arm that is up."""
ROOM = np.random.default_rng(1).integers(90, 110, (400, 480, 3)).astype(np.uint8)
SKIN, SHADOW = (200, 150, 120), 0.6

Part = tuple[float, float, tuple[int, int, int] | float]
"""Middle and width in lengths of the arm, and its colour, or the share of light that is left there."""


def with_arm_up() -> Pose:
    xy_px = LYING.xy_px.copy()
    xy_px[13], xy_px[15] = xy_px[11] - (0, LENGTH_PX / 2), xy_px[11] - (0, LENGTH_PX)
    return Pose(xy_px, LYING.world_m, LYING.visibility)


def picture(*parts: Part) -> NDArray[np.uint8]:
    """The room with upright bars over the shoulders."""
    image, (x, y) = ROOM.copy(), LYING.xy_px[11]
    for middle, width, colour in parts:
        left, right = (round(x + LENGTH_PX * (middle + half * width)) for half in (-0.5, 0.5))
        area = image[round(y) - LENGTH_PX : round(y), left:right]
        area[:] = area * colour if isinstance(colour, float) else colour
    return image


def down(*pictures: NDArray[np.uint8]) -> ArmsDown:
    before = ArmsDown()
    for time_s, image in enumerate(pictures):
        before = look(before, Frame(float(time_s), image), LYING)
    return before


def both(*parts: Part, before: ArmsDown | None = None) -> bool:
    return are_two_arms(before or down(ROOM, ROOM), Frame(9.0, picture(*parts)), with_arm_up())


@pytest.mark.parametrize(
    ("parts", "two"),
    [
        ([(0.0, 0.15, SKIN)], False),
        ([(0.0, 0.25, SKIN)], False),
        ([(0.0, 0.38, SKIN)], True),
        ([(0.0, 0.15, SKIN), (0.25, 0.15, SKIN)], True),
        ([(0.0, 0.15, SKIN), (-0.5, 0.15, SKIN)], True),
        ([(0.0, 0.15, SKIN), (0.02, 0.15, SKIN)], False),
        ([(0.0, 0.15, SKIN), (0.25, 0.15, SHADOW)], False),
        ([(0.0, 0.15, SKIN), (0.9, 0.15, SKIN)], False),
        ([], False),
    ],
)
def test_two_arms_are_two_with_a_gap_or_one_that_is_too_broad(parts: list[Part], two: bool) -> None:
    assert both(*parts) is two


def test_what_moved_while_the_arms_were_down_leaves_it_open() -> None:
    arms: list[Part] = [(0.0, 0.15, SKIN), (0.25, 0.15, SKIN)]
    passing = picture((0.25, 0.3, SKIN))
    assert not both(*arms, before=down(passing, ROOM))
    assert not both(*arms, before=down(ROOM))
    assert not both(*arms, before=ArmsDown())
    assert both(*arms, before=down(passing, ROOM, ROOM))


def test_a_camera_that_came_back_in_another_size_leaves_it_open() -> None:
    small = np.zeros((100, 120, 3), np.uint8)
    assert not both((0.0, 0.15, SKIN), (0.25, 0.15, SKIN), before=down(small, ROOM))


def test_looks_are_half_a_second_apart_and_only_while_both_arms_are_down() -> None:
    before, times = ArmsDown(), []
    for time_s, who in [(0.0, LYING), (0.4, LYING), (0.5, LYING), (1.1, with_arm_up()), (1.2, LYING), (0.1, LYING)]:
        before = look(before, Frame(time_s, ROOM), who)
        times.append(tuple(seen and seen.time_s for seen in (before.older, before.newer)))
    assert times == [(None, 0.0), (None, 0.0), (0.0, 0.5), (0.0, 0.5), (0.5, 1.2), (1.2, 0.1)]
