"""Whether something moves beside the person who is followed."""

from __future__ import annotations

from collections.abc import Callable
from math import cos, pi, sin

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from support.bodies import Body, pose

from repcount.pose.surroundings import Surroundings
from repcount.types import Frame

HZ = 15.0
ME_HIP = 300, 300
ME = Body(hip_px=ME_HIP, size=0.8)
"""The trunk is 100 px long, the hips 300 px from the left, the head on the left."""
Image = NDArray[np.uint8]


def room() -> Image:
    """A picture of 640 by 360 with something to see everywhere."""
    return np.random.default_rng(1).integers(60, 200, (9, 16, 3), dtype=np.uint8).repeat(40, axis=0).repeat(40, axis=1)


def with_leg(degrees: float, hip: tuple[int, int] = (200, 200), trunk_px: int = 100) -> Image:
    """A room with somebody's bright leg, raised so far; as it is, behind me and of my size."""
    image = room()
    radians = degrees * pi / 180
    end = round(hip[0] + 1.6 * trunk_px * cos(radians)), round(hip[1] - 1.6 * trunk_px * sin(radians))
    cv2.line(image, hip, end, (255, 255, 255), trunk_px // 5)
    return image


def with_shadow(x: float) -> Image:
    """A room with somebody's long shadow on the floor before me."""
    image = room()
    image[343:358, round(x) : round(x) + 80] = 255
    return image


def with_curtain(time_s: float) -> Image:
    """A room with a curtain, whose folds swing by 10 pixels."""
    image = room()
    for fold in range(8):
        x = round(150 + 50 * fold + 10 * sin(4 * time_s + fold))
        image[20:180, x : x + 15] = 30
    return image


def lively(picture: Callable[[float], Image], seconds: float = 3.0, me: Callable[[float], Body] = lambda _: ME) -> bool:
    """Whether somebody who is followed was ever seen to have something moving beside."""
    surroundings = Surroundings()
    seen = []
    for i in range(round(seconds * HZ)):
        surroundings.see(Frame(i / HZ, picture(i / HZ)), pose(me(i / HZ)))
        seen.append(surroundings.is_lively)
    return any(seen)


@pytest.mark.parametrize(
    ("picture", "moves"),
    [
        (lambda _: room(), False),
        (lambda t: with_leg(30 * t), True),
        (lambda t: with_leg(30 * t, trunk_px=30), False),  # a toy's
        (lambda t: with_leg(4 * t, ME_HIP), False),  # my own, which the landmarks lag behind
        (lambda t: with_leg(30 * min(t, 0.25)), False),  # for a moment
        (lambda t: with_shadow(350 + 60 * t), False),
        (with_curtain, False),
        (lambda t: np.clip(room() * (1.0 + 0.2 * t), 0, 255).astype(np.uint8), False),  # the light
        (lambda t: np.roll(room(), round(80 * t), axis=1), False),  # the camera, and with it everything
        (lambda t: np.roll(room(), round(6 * sin(5 * t)), axis=1), False),  # held in the hand
    ],
)
def test_only_what_moves_beside_for_a_while_is_somebody_else(picture: Callable[[float], Image], moves: bool) -> None:
    assert lively(picture) is moves


def test_my_own_legs_are_mine_all_the_way() -> None:
    """A bright shin that is raised by 90 degrees in 2 s."""

    def me(time_s: float) -> Body:
        return Body(left=45 * time_s, right=45 * time_s, hip_px=ME.hip_px, size=ME.size)

    def picture(time_s: float) -> Image:
        image = room()
        (knee_x, knee_y), (ankle_x, ankle_y) = pose(me(time_s)).xy_px[[25, 27]]
        for share in np.linspace(0, 1, 50):
            x, y = round(knee_x + share * (ankle_x - knee_x)), round(knee_y + share * (ankle_y - knee_y))
            image[max(y - 8, 0) : y + 8, x - 8 : x + 8] = 255
        return image

    assert not lively(picture, 2.0, me)
    assert lively(picture, 2.0)  # of somebody who lies still instead


def test_another_scene_begins_afresh() -> None:
    surroundings = Surroundings()
    for i in range(30):
        surroundings.see(Frame(i / HZ, with_leg(30 * i / HZ)), pose(ME))
    assert surroundings.is_lively
    surroundings.forget()
    assert not surroundings.is_lively


@pytest.mark.parametrize("size", [(2, 2), (1, 700), (90, 160)])
def test_tiny_pictures_show_nobody_beside(size: tuple[int, int]) -> None:
    assert not lively(lambda _: np.zeros((*size, 3), np.uint8))
