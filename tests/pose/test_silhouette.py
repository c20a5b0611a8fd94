"""Arms are counted by what has changed over the shoulders, and what may be something else is left open."""

from __future__ import annotations

from math import cos, isnan, nan, radians, sin

import numpy as np
import pytest
from numpy.typing import NDArray
from support.bodies import Body, pose

from repcount.pose.arms import ONE_OR_TWO
from repcount.pose.silhouette import ArmsDown, see
from repcount.types import Frame, Pose
from repcount.video.opencv import cv2

LYING = pose(Body(hip_px=(360, 300)))
ARM_PX = 137.5
"""1.1 times as long as the trunk."""
ROOM = np.random.default_rng(1).integers(90, 110, (400, 640, 3)).astype(np.uint8)
SKIN, SHADOW = (200, 150, 120), 0.6

Part = tuple[float, float, float, float, tuple[int, int, int] | float]
"""Lean in degrees, where it stands, how broad and how long it is, in lengths of the arm, and its colour, or the share
of light that is left there."""


def arm(lean_deg: float = 0.0, at: float = 0.0, width: float = 0.15, length: float = 1.1) -> Part:
    return lean_deg, at, width, length, SKIN


def picture(*parts: Part, room: NDArray[np.uint8] = ROOM) -> NDArray[np.uint8]:
    """The room with straight bars over the shoulders."""
    image = room.copy()
    x, y = LYING.xy_px[[11, 12]].mean(axis=0)
    for lean_deg, at, width, length, colour in parts:
        along = np.array([sin(radians(lean_deg)), -cos(radians(lean_deg))])
        side = np.array([-along[1], along[0]]) * width / 2
        foot = np.array([x / ARM_PX + at, y / ARM_PX])
        corners = ARM_PX * np.array(
            [foot + side, foot - side, foot + length * along - side, foot + length * along + side]
        )
        there = np.zeros(image.shape[:2], np.uint8)
        cv2.fillConvexPoly(there, corners.round().astype(np.int32), 1)
        image[there > 0] = image[there > 0] * colour if isinstance(colour, float) else colour
    return image


def known(*pictures: NDArray[np.uint8]) -> ArmsDown:
    """What is known after pictures of the arms down, half a second apart."""
    before = ArmsDown()
    for step, image in enumerate(pictures):
        before, _ = see(before, Frame(step / 2, image), LYING)
    return before


def count(*parts: Part, before: ArmsDown | None = None, who: Pose | None = None) -> float:
    return see(before or known(ROOM, ROOM, ROOM), Frame(20.0, picture(*parts)), who)[1]


@pytest.mark.parametrize("who", [None, LYING])
@pytest.mark.parametrize(
    ("parts", "arms"),
    [
        ([], 0.0),
        ([arm()], 1.0),
        ([arm(30, at=-0.15)], 1.0),
        ([arm(width=0.2)], 1.0),
        ([arm(50)], 0.0),
        ([arm(-25), arm(25)], 2.0),
        ([arm(-45, at=0.1), arm(45, at=-0.1)], 2.0),
        ([arm(20), arm(45)], 2.0),
        ([arm(at=-0.2), arm(at=0.2)], 2.0),
        ([arm(at=-0.065, width=0.1), arm(at=0.065, width=0.1)], ONE_OR_TWO),
        ([arm(at=-0.13, width=0.13), arm(at=0.13, width=0.13)], 2.0),
        ([arm(), (30, 0.0, 0.15, 1.1, SHADOW)], 1.0),
        ([arm(length=0.75)], nan),
        ([arm(), arm(at=0.4, length=0.6)], 1.0),
        ([arm(width=0.5)], nan),
        ([arm(length=1.7, width=0.25), arm(at=0.4, length=1.7, width=0.25), arm(at=-0.4, length=1.7, width=0.25)], nan),
    ],
)
def test_arms_are_as_long_as_arms_and_apart_or_one(parts: list[Part], arms: float, who: Pose | None) -> None:
    """Whether or not the model still sees the person."""
    assert count(*parts, who=who) == pytest.approx(arms, nan_ok=True)


def test_a_dim_picture_is_compared_more_closely() -> None:
    dim = (ROOM * 0.2).astype(np.uint8)
    before = known(dim, dim, dim)
    now = picture((-25, 0, 0.15, 1.1, (36, 28, 22)), (25, 0, 0.15, 1.1, (36, 28, 22)), room=dim)
    assert see(before, Frame(9.0, now), None)[1] == 2.0


def test_what_moved_while_the_arms_were_down_leaves_it_open() -> None:
    both, passing = (arm(-25), arm(25)), picture(arm(30, width=0.4))
    assert isnan(count(*both, before=known(passing, ROOM, ROOM)))
    assert count(*both, before=known(passing, ROOM, ROOM, ROOM)) == 2.0
    assert all(isnan(count(*both, before=known(*[ROOM] * looks))) for looks in (0, 1, 2))


def test_a_camera_that_came_back_in_another_size_leaves_it_open() -> None:
    small = np.zeros((200, 320, 3), np.uint8)
    before, arms = see(known(ROOM, ROOM, ROOM), Frame(2.0, small), None)
    assert isnan(arms)
    assert not before.looks


@pytest.mark.parametrize("body", [Body(left=40, right=40), Body(trunk=15), Body(curl=40)])
def test_who_moves_as_well_shows_nothing(body: Body) -> None:
    """Legs that are raised change the picture where they lay; trunk and head that are lifted, the model sees."""
    who = pose(Body(**{**body.__dict__, "hip_px": (360, 300)}))
    image = picture(arm())
    if body.left:
        knee, ankle = (LYING.xy_px[joint].astype(int) for joint in (25, 27))
        image[knee[1] - 10 : knee[1] + 10, knee[0] : ankle[0]] = 30
    assert isnan(see(known(ROOM, ROOM, ROOM), Frame(9.0, image), who)[1])


def test_bodies_made_up_elsewhere_change_nothing_but_who_moves_there_is_known_in_time() -> None:
    before, elsewhere = known(ROOM, ROOM, ROOM), pose(Body(hip_px=(560, 200)))
    for step in range(3):
        before, arms = see(before, Frame(2.0 + step / 2, ROOM), elsewhere)
    assert count(arm(), before=before, who=elsewhere) == 1.0
    for step in range(12):
        before, arms = see(before, Frame(4.0 + step / 2, ROOM), elsewhere)
    assert arms == 0.0
    assert count(arm(), before=before) == 0.0


def test_what_stands_up_is_not_taken_for_the_room_until_it_stays() -> None:
    before, standing = known(ROOM, ROOM, ROOM), []
    for step in range(30):
        before, arms = see(before, Frame(2.0 + step / 2, picture(arm())), LYING)
        standing.append(arms)
    assert standing[:21] == [1.0] * 21, "for ten seconds, also where the model takes the arms for down"
    assert standing[-1] == 0.0


def test_an_arm_on_its_way_up_or_down_is_not_taken_for_the_room() -> None:
    way = picture((80, 0.0, 0.15, 1.1, SKIN))
    assert count(arm(), before=known(ROOM, ROOM, way)) == 1.0
    before = known(ROOM, ROOM, ROOM)
    for time_s, image in ((2.0, picture(arm())), (2.2, way), (2.4, ROOM), (3.0, ROOM)):
        before, _ = see(before, Frame(time_s, image), LYING)
    assert [look.frame.time_s for look in before.looks] == [0.5, 1.0, 3.0]


def test_looks_are_half_a_second_apart_and_only_at_arms_that_are_down() -> None:
    raised = LYING.xy_px.copy()
    raised[13], raised[15] = raised[11] - (0, 60), raised[11] - (0, 120)
    up = Pose(raised, LYING.world_m, LYING.visibility)
    before, times = ArmsDown(), []
    for time_s, who in [(0.0, LYING), (0.4, LYING), (0.5, LYING), (1.1, up), (1.2, LYING), (1.8, None), (0.1, LYING)]:
        before, _ = see(before, Frame(time_s, ROOM), who)
        times.append([look.frame.time_s for look in before.looks])
    assert times == [[0.0], [0.0], [0.0, 0.5], [0.0, 0.5], [0.0, 0.5, 1.2], [0.5, 1.2, 1.8], [0.1]]


FAR_LEFT, FAR_RIGHT, CLOSER = (arm(at=-0.7),), (arm(at=0.7),), (arm(at=-0.65),)
BOTH, ONE, SIDE_BY_SIDE = (arm(-25), arm(25)), (arm(),), (arm(at=-0.2), arm(at=0.2))


@pytest.mark.parametrize(
    ("way", "there", "arms"),
    [
        ([], BOTH, 2.0),
        ([(arm(80),), (arm(60),), (arm(40),)], ONE, 1.0),
        ([(arm(-80), arm(80)), (arm(-50), arm(50))], BOTH, 2.0),
        ([FAR_LEFT] * 2, SIDE_BY_SIDE, 2.0),
        ([FAR_LEFT] * 4, SIDE_BY_SIDE, nan),
        ([FAR_LEFT] * 4, ONE, nan),
        ([FAR_RIGHT] * 4, ONE, nan),
        ([FAR_LEFT, FAR_LEFT, CLOSER, CLOSER], ONE, nan),
        ([*[FAR_LEFT] * 4, ()], ONE, 1.0),
    ],
)
def test_arms_come_up_from_the_shoulders_and_who_walks_in_does_not(
    way: list[tuple[Part, ...]], there: tuple[Part, ...], arms: float
) -> None:
    """What is on its way there is seen at 15 Hz."""
    before = known(ROOM, ROOM, ROOM)
    for step, parts in enumerate(way):
        before, _ = see(before, Frame(2.0 + step / 15, picture(*parts)), LYING)
    for step in range(len(way), len(way) + 5):
        before, standing = see(before, Frame(2.0 + step / 15, picture(*there)), LYING)
        assert standing == pytest.approx(arms, nan_ok=True)
