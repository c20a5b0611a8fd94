"""How different the colours of both legs are."""

from __future__ import annotations

from math import isnan

import numpy as np
import pytest
from numpy.typing import NDArray
from support.bodies import Body, pose

from repcount.pose.leg_colours import LegColours, difference
from repcount.types import Frame, Landmark, Pose

Colour = tuple[int, int, int]

NAVY, GREY, TAN, WHITE, BLACK = (20, 30, 90), (120, 120, 120), (150, 110, 60), (230, 230, 230), (15, 15, 15)


def parted() -> Pose:
    return pose(Body(left=80, right=0, hip_px=(320, 300)))


def dressed(body: Pose, left: Colour, right: Colour, floor: Colour) -> NDArray[np.uint8]:
    """A picture of a floor with a shin of each colour, as thick as shins are, and with the grain of a camera."""
    image = np.full((480, 640, 3), floor, np.float64)
    y, x = np.mgrid[:480, :640]
    for colour, knee, ankle in (
        (left, Landmark.LEFT_KNEE, Landmark.LEFT_ANKLE),
        (right, Landmark.RIGHT_KNEE, Landmark.RIGHT_ANKLE),
    ):
        start, way = body.xy_px[knee], body.xy_px[ankle] - body.xy_px[knee]
        share = np.clip(((x - start[0]) * way[0] + (y - start[1]) * way[1]) / (way @ way), 0, 1)
        image[np.hypot(x - start[0] - share * way[0], y - start[1] - share * way[1]) < 10] = colour
    noisy = image + np.random.default_rng(1).normal(0, 6, image.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("floor", [NAVY, GREY, TAN])
@pytest.mark.parametrize("colour", [NAVY, GREY, TAN, WHITE, BLACK])
def test_legs_that_wear_the_same_do_not_differ_whatever_the_floor(colour: Colour, floor: Colour) -> None:
    assert difference(dressed(parted(), colour, colour, floor), parted()) < 4


@pytest.mark.parametrize(("left", "right"), [(NAVY, TAN), (TAN, WHITE), (NAVY, GREY)])
def test_legs_of_other_colours_differ(left: Colour, right: Colour) -> None:
    for one, other in ((left, right), (right, left)):
        assert difference(dressed(parted(), one, other, GREY), parted()) > 20


def test_light_and_shade_are_no_colour() -> None:
    """A leg that is raised is in the light, and the other one in its shadow."""
    shaded = tuple(round(0.6 * value) for value in TAN)
    assert difference(dressed(parted(), TAN, (shaded[0], shaded[1], shaded[2]), GREY), parted()) < 13
    assert difference(dressed(parted(), WHITE, BLACK, GREY), parted()) < 4


def test_legs_outside_the_picture_and_of_no_length_are_unknown() -> None:
    image = dressed(parted(), NAVY, TAN, GREY)
    away, folded = pose(Body(left=80, right=0, hip_px=(2320, 300))), parted()
    folded.xy_px[Landmark.LEFT_ANKLE] = folded.xy_px[Landmark.LEFT_KNEE]
    assert isnan(difference(image, away))
    assert isnan(difference(image, folded))


def test_legs_that_lie_together_are_looked_at_now_and_then_and_legs_apart_always() -> None:
    def told(body: Pose) -> list[float]:
        colours, image = LegColours(), dressed(parted(), NAVY, TAN, GREY)
        return [i / 15 for i in range(10) if not isnan(colours.tell(Frame(i / 15, image), body).shins_differ)]

    assert told(pose(Body(left=40, right=35, hip_px=(320, 300)))) == [0, 5 / 15]
    assert told(parted()) == [i / 15 for i in range(10)]


def test_of_several_in_one_frame_all_are_told_or_none() -> None:
    colours, image = LegColours(), dressed(parted(), NAVY, TAN, GREY)
    one, other = (pose(Body(left=40, right=35, hip_px=(x, 300))) for x in (320, 400))
    told = [
        [not isnan(colours.tell(Frame(time_s, image), body).shins_differ) for body in (one, other)]
        for time_s in (0.0, 0.1, 0.4)
    ]
    assert told == [[True, True], [False, False], [True, True]]
