"""Whether a leg still lies where the legs lay: pictures of legs on floors."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile
from math import isnan
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from support.bodies import Body, pose
from support.programs import SAMPLES

from repcount.pose.resting_legs import RestingLegs
from repcount.pose.subject import FoundSubject, SubjectTracker
from repcount.pose.tracker import PersonTracker
from repcount.types import Frame, Landmark
from repcount.video import reader

Colour = tuple[int, int, int]

NAVY, GREY, TAN, SKIN, GREEN, WHITE = (
    (20, 30, 90), (120, 120, 120), (150, 110, 60), (205, 160, 140), (40, 110, 60), (230, 230, 230),
)  # fmt: skip

RATE_HZ = 15
DOWN, UP = Body(hip_px=(320, 300)), Body(left=80, hip_px=(320, 300))
"""Of the body that is up the right leg's landmarks stayed behind, wherever that leg is."""


def picture(bodies: Iterable[Body], legs: Colour, floor: Colour, noise: float = 4) -> NDArray[np.uint8]:
    """The left leg of each body, a bit lighter above than below, on a floor, with the grain of a camera."""
    image = np.full((480, 640, 3), floor, np.uint8)
    for body in bodies:
        xy = pose(body).xy_px
        points = [xy[part].round().astype(int).tolist() for part in (Landmark.LEFT_HIP, Landmark.LEFT_KNEE, 27)]
        for width, light, rise in ((28, 0.8, 0), (18, 1.0, 3)):
            shade = [round(light * value) for value in legs]
            cv2.polylines(image, [np.array(points) - (0, rise)], False, shade, width)
    noisy = image + np.random.default_rng(1).normal(0, noise, image.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def told(resting: RestingLegs, body: Body, image: NDArray[np.uint8], from_s: float, seconds: float) -> list[float]:
    times_s = [from_s + i / RATE_HZ for i in range(round(seconds * RATE_HZ))]
    return [resting.tell(Frame(time_s, image), pose(body)).legs_gone for time_s in times_s]


@pytest.mark.parametrize(
    ("legs", "floor"), [(SKIN, GREEN), (NAVY, TAN), (GREY, TAN), (SKIN, GREY), (WHITE, GREY), (GREY, NAVY)]
)
@pytest.mark.parametrize("noise", [0, 12])
def test_where_no_leg_is_left_it_looks_different(legs: Colour, floor: Colour, noise: float) -> None:
    resting = RestingLegs()
    lying, both_up = picture([DOWN], legs, floor, noise), picture([UP], legs, floor, noise)
    assert max(told(resting, DOWN, lying, 0, 1)[9:]) < 9
    assert min(told(resting, UP, both_up, 1, 1)) > 15
    assert max(told(resting, DOWN, lying, 2, 1)) < 9


@pytest.mark.parametrize("beside_px", [0, -8, 8])
@pytest.mark.parametrize(("legs", "floor"), [(SKIN, GREEN), (NAVY, TAN), (WHITE, GREY), (GREY, NAVY)])
def test_where_one_leg_stays_it_looks_as_before(legs: Colour, floor: Colour, beside_px: int) -> None:
    """The leg behind, a bit higher or lower in the picture: of another one nobody has seen more than an edge."""
    resting, behind = RestingLegs(), Body(hip_px=(320, 300 + beside_px))
    told(resting, DOWN, picture([behind, DOWN], legs, floor), 0, 1)
    assert max(told(resting, UP, picture([behind, UP], legs, floor), 1, 1)) < 9


def test_legs_that_look_like_the_floor_may_be_there() -> None:
    resting = RestingLegs()
    told(resting, DOWN, picture([DOWN], GREY, GREY), 0, 1)
    assert max(told(resting, UP, picture([UP], GREY, GREY), 1, 1)) < 9


def test_on_their_way_up_the_legs_are_not_looked_at() -> None:
    """In a second and a half from the floor to 12 degrees: the place would be that of legs held up."""
    resting, floor = RestingLegs(), GREEN
    told(resting, DOWN, picture([DOWN], SKIN, floor), 0, 1)
    for i in range(22):
        body = Body(left=12 * i / 22, right=12 * i / 22, hip_px=(320, 300))
        told(resting, body, picture([body], SKIN, floor), 1 + i / RATE_HZ, 1 / RATE_HZ)
    one_stays = picture([DOWN, UP], SKIN, floor)
    assert max(told(resting, UP, one_stays, 2.5, 1)) < 9


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("one leg is up", Body(right=40, hip_px=(320, 300))),
        ("both legs hover", Body(left=18, right=18, hip_px=(320, 300))),
        ("the knees are bent", Body(left_knee=100, right_knee=100, hip_px=(320, 300))),
        ("the legs are outside the picture", Body(hip_px=(600, 300))),
    ],
)
def test_nothing_is_known_of_who_was_not_seen_to_lie_with_straight_legs(name: str, body: Body) -> None:
    resting = RestingLegs()
    told(resting, body, picture([body], SKIN, GREEN), 0, 2)
    assert all(map(isnan, told(resting, UP, picture([UP], SKIN, GREEN), 2, 1))), name


def test_nothing_is_known_after_a_cut_in_another_size_or_of_somebody_who_moved() -> None:
    resting, image = RestingLegs(), picture([DOWN], SKIN, GREEN)
    told(resting, DOWN, image, 0, 1)
    elsewhere = Body(left=80, hip_px=(360, 300))
    assert all(map(isnan, told(resting, elsewhere, picture([elsewhere], SKIN, GREEN), 1, 1)))
    assert min(told(resting, UP, picture([UP], SKIN, GREEN), 2, 1)) > 15  # back again, or it was a hop
    assert all(map(isnan, told(resting, UP, picture([UP], SKIN, GREEN)[:200, :320], 3, 1)))
    told(resting, DOWN, image, 4, 1)
    resting.forget()
    assert all(map(isnan, told(resting, UP, picture([UP], SKIN, GREEN), 5, 1)))


@pytest.mark.parametrize("named", [False, True])
def test_it_is_told_of_whoever_is_followed(model: Path, named: bool) -> None:
    """The legs rise from 1.3 to 3.3 s and lie again from 5.8 s on."""
    with reader.open_video(SAMPLES / "21_as_described.mp4") as video, PersonTracker(model) as tracker:
        frames = list(takewhile(lambda frame: frame.time_s < 6.3, video.frames(5.0)))
        first = tracker.track(frames[0])
        assert first is not None
        subject = SubjectTracker(model, FoundSubject(first, ()))
        follow = subject.track if named else tracker.track
        gone = {frame.time_s: found.legs_gone for frame in frames[1:] if (found := follow(frame)) is not None}
        subject.close()
    assert min(value for time_s, value in gone.items() if 2.2 < time_s < 4.6) > 20
    assert max(value for time_s, value in gone.items() if 1.1 < time_s < 1.7 or time_s > 5.7) < 5
