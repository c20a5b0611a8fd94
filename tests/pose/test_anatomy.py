"""What a body that lies can look like."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.bodies import Body, pose

from repcount.pose.anatomy import is_lying, is_lying_on_back
from repcount.types import Landmark


@pytest.mark.parametrize(("trunk", "lies"), [(0, True), (30, True), (-30, True), (60, False), (90, False)])
def test_who_lies(trunk: float, lies: bool) -> None:
    assert is_lying(pose(Body(trunk=trunk))) is lies


@pytest.mark.parametrize(
    ("name", "left", "right", "on_back"),
    [
        ("legs on the floor, seen from above", -45, -40, True),
        ("a head, taken for a body", -120, -146, False),
        ("another one", 160, -150, False),
        ("one leg that is made up", -120, 10, True),
        ("both knees at the chest", 145, 140, True),
    ],
)
def test_who_lies_on_the_back_has_a_thigh_where_hips_bring_it(
    name: str, left: float, right: float, on_back: bool
) -> None:
    body = Body(left=left, right=right, left_knee=90, right_knee=90)
    assert is_lying_on_back(pose(body)) is on_back, name


@pytest.mark.parametrize(
    ("lengths", "yaw", "on_back"),
    [
        ((0.53, 0.53), 0, False),
        ((0.54, 0.54), 0, True),
        ((0.53, 1.0), 0, True),
        ((0.53, 0.53), 40, True),
        ((1.36, 1.36), 0, True),
        ((1.38, 1.38), 0, False),
        ((1.38, 1.38), 70, False),
    ],
    ids=str,
)
def test_who_lies_on_the_back_has_legs_that_fit_the_trunk(
    lengths: tuple[float, float], yaw: float, on_back: bool
) -> None:
    """Thigh and shin of the stick figure are 1.68 trunk lengths long."""
    assert is_lying_on_back(pose(Body(left=10, right=10, lengths=lengths, yaw=yaw))) is on_back


@pytest.mark.parametrize(
    ("name", "hips", "legs", "on_back"),
    [
        ("legs that something hides", 1.0, 0.11, True),
        ("hips that something hides", 0.0, 0.61, True),
        ("a body that is made up", 0.7, 0.2, False),
        ("another one, hardly", 0.38, 0.42, True),
    ],
)
def test_who_lies_on_the_back_is_seen_from_the_hips_down(name: str, hips: float, legs: float, on_back: bool) -> None:
    visibility = np.ones(33)
    visibility[Landmark.LEFT_HIP :], visibility[Landmark.LEFT_KNEE :] = hips, legs
    visibility[Landmark.LEFT_HEEL :] = 0.0
    assert is_lying_on_back(replace(pose(Body()), visibility=visibility)) is on_back, name
