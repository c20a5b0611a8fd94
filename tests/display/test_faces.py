"""Faces that nobody is to recognise."""

from __future__ import annotations

import numpy as np
import pytest
from support.bodies import Body, pose

from repcount.display.faces import HeadCircle, blurred, head_from_place, head_of
from repcount.pose import angles
from repcount.types import Landmark, Pose

LYING = Body(left=4, right=4)


def noise(height: int = 720, width: int = 1280) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_the_head_is_in_blocks_and_the_rest_is_as_it_was() -> None:
    image = noise()
    before = image.copy()
    result = blurred(image, HeadCircle(400, 300, 60))
    assert (image == before).all(), "the frame itself is counted and shown"
    y, x = np.ogrid[:720, :1280]
    inside = (x - 400) ** 2 + (y - 300) ** 2 <= 58**2
    outside = (x - 400) ** 2 + (y - 300) ** 2 > 62**2
    assert (result[outside] == image[outside]).all()
    colours = {tuple(colour) for colour in result[inside]}
    assert len(colours) <= 36, "six by six blocks"


def test_where_the_head_is_not_known_all_is_in_blocks() -> None:
    result = blurred(noise(), None)
    assert len(np.unique(result @ [1, 1 << 8, 1 << 16])) <= 24 * 24
    assert result.shape == (720, 1280, 3)


@pytest.mark.parametrize("head", [HeadCircle(-500, 10, 60), HeadCircle(1279, 719, 400), HeadCircle(0, 0, 0.4)])
def test_a_head_at_or_beyond_the_edge(head: HeadCircle) -> None:
    assert blurred(noise(), head).shape == (720, 1280, 3)


def test_the_circle_holds_the_face() -> None:
    lying = pose(LYING)
    head = head_of(lying)
    assert head is not None
    for landmark in (Landmark.LEFT_EAR, Landmark.RIGHT_EAR):
        x, y = lying.xy_px[landmark]
        assert np.hypot(x - head.x, y - head.y) < head.radius
    place = angles.place(0.0, lying)
    other = head_from_place(place.hip_x, place.hip_y, place.trunk_px, place.heading_deg)
    assert other is not None
    assert np.hypot(other.x - head.x, other.y - head.y) < 0.3 * place.trunk_px


def test_an_unknown_body_has_no_known_head() -> None:
    unknown = Pose(np.full((33, 2), np.nan), np.full((33, 3), np.nan), np.zeros(33))
    assert head_of(unknown) is None
    assert head_of(None) is None
    assert head_from_place(np.nan, 1.0, 2.0, 3.0) is None
