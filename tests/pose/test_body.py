"""Lengths and directions of a stick figure whose angles are known."""

from __future__ import annotations

import pytest
from support.bodies import Body, pose

from repcount.pose.body import body_of, leg_elevations, with_legs_together


def test_legs_are_as_long_wherever_they_are() -> None:
    lengths = [body_of(pose(Body(left=x, right=x, yaw=x / 2))).leg_trunks for x in (0.0, 45.0, 90.0)]
    assert lengths == pytest.approx([1.68] * 3)


@pytest.mark.parametrize("facing", [1, -1])
def test_a_far_leg_is_put_beside_the_near_one(facing: int) -> None:
    """The model has put it onto somebody else's."""
    body = Body(left=60, right=5, facing=facing) if facing > 0 else Body(left=5, right=60, facing=facing)
    elevations = leg_elevations(with_legs_together(pose(body)))
    assert list(elevations) == pytest.approx([5, 5], abs=0.01)
