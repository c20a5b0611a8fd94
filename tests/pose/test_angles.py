"""Landmarks → angles, on a stick figure whose angles are known."""

from __future__ import annotations

from math import isnan, nan, radians, tan

import numpy as np
import pytest
from support.bodies import Body, pose

from repcount.pose import angles
from repcount.types import Pose


@pytest.mark.parametrize("flexion", [-10.0, 0.0, 5.0, 45.0, 90.0, 115.0])
@pytest.mark.parametrize("facing", [1, -1])
def test_hip_angle_is_signed_and_does_not_care_where_the_head_is(flexion: float, facing: int) -> None:
    """Legs below the trunk line read more than 180 and do not fold back."""
    sample = angles.compute_sample(0.0, pose(Body(left=flexion, right=flexion, facing=facing)))
    assert sample.hip_deg == pytest.approx(180 - flexion, abs=0.01)
    assert sample.other_hip_deg == pytest.approx(180 - flexion, abs=0.01)
    # The stick figure's knee is straight in space, the model's is not.
    assert sample.ankle_deg == pytest.approx(flexion + 3.5, abs=0.01)


@pytest.mark.parametrize("yaw", [-60.0, -30.0, 0.0, 30.0, 60.0])
def test_view_is_the_angle_out_of_the_side_view(yaw: float) -> None:
    assert angles.compute_sample(0.0, pose(Body(yaw=yaw))).view_deg == pytest.approx(abs(yaw), abs=0.01)


@pytest.mark.parametrize("yaw", [40.0, 60.0])
@pytest.mark.parametrize("flexion", [0.0, 40.0, 90.0])
def test_oblique_views_read_the_angle_in_space(yaw: float, flexion: float) -> None:
    """At 40° and more the picture's own foreshortened angle has no say."""
    sample = angles.compute_sample(0.0, pose(Body(left=flexion, right=flexion, yaw=yaw)))
    assert sample.hip_deg == pytest.approx(180 - flexion, abs=0.01)


@pytest.mark.parametrize("roll", [-15.0, 15.0])
def test_a_rolled_picture_turns_trunk_and_legs_alike(roll: float) -> None:
    straight = angles.compute_sample(0.0, pose(Body(left=90, right=90)))
    rolled = angles.compute_sample(0.0, pose(Body(left=90, right=90, roll=roll)))
    assert rolled.hip_deg == pytest.approx(straight.hip_deg, abs=0.01)
    assert abs(rolled.trunk_deg) == pytest.approx(15, abs=0.01)


@pytest.mark.parametrize("trunk", [0, 30, -30, 60, 90])
def test_trunk_elevation(trunk: float) -> None:
    assert angles.compute_sample(0.0, pose(Body(trunk=trunk))).trunk_deg == pytest.approx(trunk, abs=0.01)


@pytest.mark.parametrize("facing", [1, -1])
@pytest.mark.parametrize(("prone", "trunk", "chest"), [(False, 0, 90), (False, 30, 60), (True, 0, -90), (False, 90, 0)])
def test_where_the_chest_points(prone: bool, trunk: float, chest: float, facing: int) -> None:
    figure = pose(Body(prone=prone, trunk=trunk, facing=facing))
    assert angles.compute_sample(0.0, figure).chest_deg == pytest.approx(chest, abs=0.01)


def test_knee_is_the_straighter_of_picture_and_space() -> None:
    figure = pose(Body(left=60, right=60, left_knee=170, right_knee=170))
    bent = figure.world_m.copy()
    bent[[27, 28]] += (0.0, 0.1, 0.0)
    sample = angles.compute_sample(0.0, Pose(figure.xy_px, bent, figure.visibility))
    assert sample.knee_deg == pytest.approx(170, abs=0.01)


def test_the_better_seen_leg_counts_and_is_kept_until_the_other_is_clearly_better() -> None:
    figure = pose(Body(left=30, right=50))
    right_hidden = figure.visibility.copy()
    right_hidden[[24, 26, 28]] = 0.85
    assert angles.compute_sample(0.0, Pose(figure.xy_px, figure.world_m, right_hidden)).side == "left"
    assert angles.compute_sample(0.0, Pose(figure.xy_px, figure.world_m, right_hidden), "right").side == "right"
    right_hidden[[24, 26, 28]] = 0.5
    switched = angles.compute_sample(0.0, Pose(figure.xy_px, figure.world_m, right_hidden), "right")
    assert (switched.side, round(switched.hip_deg), round(switched.other_hip_deg)) == ("left", 150, 130)


def test_left_and_right_swapped_reads_the_same_legs() -> None:
    figure = pose(Body(left=80, right=80))
    swap = np.arange(33)
    for left in (7, 11, 15, 23, 25, 27):
        swap[[left, left + 1]] = [left + 1, left]
    swapped = Pose(figure.xy_px[swap], figure.world_m[swap], figure.visibility[swap])
    assert angles.compute_sample(0.0, swapped, "left").hip_deg == pytest.approx(100, abs=0.01)


def test_nobody_gives_a_sample_that_knows_nothing() -> None:
    sample = angles.compute_sample(1.5, None, "left")
    assert (sample.time_s, sample.side) == (1.5, "left")
    assert isnan(sample.hip_deg)
    assert isnan(sample.visibility)


def hands(reach: float, yaw: float) -> float:
    """What is said of hands that are so many trunk lengths from the ears."""
    figure = pose(Body(yaw=yaw))
    xy, world = figure.xy_px.copy(), figure.world_m.copy()
    for points in (xy, world):
        ears, trunk = points[[7, 8]].mean(axis=0), points[11] - points[23]
        points[[15, 16]] = ears - reach * trunk
    return angles.compute_sample(0.0, Pose(xy, world, figure.visibility)).hands_on_head


@pytest.mark.parametrize(
    ("reach", "yaw", "known"),
    [
        (0.0, 0, 1), (0.59, 0, 1), (0.61, 0, nan), (0.71, 0, nan), (0.73, 0, 0), (1.5, 0, 0),
        (0.3, 44, 1), (1.5, -44, 0), (0.3, 46, nan), (1.5, -46, nan), (1.5, 90, nan),
    ],
)  # fmt: skip
def test_hands_are_at_the_head_or_off_it_or_unknown(reach: float, yaw: float, known: float) -> None:
    assert hands(reach, yaw) == pytest.approx(known, nan_ok=True)


@pytest.mark.parametrize(
    ("name", "reach", "elbow", "other_seen", "known"),
    [
        ("stretched out overhead", 0.65, 141, 0.21, 0),
        ("under the head, seen from the floor", 0.65, 139, 0.21, nan),
        ("the other hand is hidden, by the head for example", 0.65, 141, 0.19, nan),
        ("at the head in any case", 0.59, 180, 1.0, 1),
        ("off it in any case", 0.73, 90, 0.0, 0),
    ],
)
def test_of_hands_between_stretched_arms_tell(
    name: str, reach: float, elbow: float, other_seen: float, known: float
) -> None:
    figure = pose(Body())
    xy, world, visibility = figure.xy_px.copy(), figure.world_m.copy(), figure.visibility.copy()
    visibility[16] = other_seen
    for points in (xy, world):
        ears, trunk = points[[7, 8]].mean(axis=0), points[11] - points[23]
        points[[15, 16]] = ears + reach * trunk
        half = (points[15] - points[11]) / 2
        square = np.array([-half[1], half[0], *half[2:]])
        points[13] = points[11] + half + square / tan(radians(elbow / 2))
    on_head = angles.compute_sample(0.0, Pose(xy, world, visibility)).hands_on_head
    assert on_head == pytest.approx(known, nan_ok=True), name


def test_the_reach_of_the_hands_is_the_mean_of_picture_and_space() -> None:
    figure = pose(Body())
    down = figure.world_m.copy()
    down[[15, 16]] += 1.25 * (down[[23, 24]] - down[[11, 12]])
    assert angles.compute_sample(0.0, Pose(figure.xy_px, down, figure.visibility)).hands_on_head != 0
    assert angles.compute_sample(0.0, Pose(figure.xy_px, 3 * down, figure.visibility)).hands_on_head != 1


@pytest.mark.parametrize(
    ("name", "body", "hip", "other"),
    [
        ("gone to the arms overhead", Body(left=150, right=72), 108.0, nan),
        ("beyond the other one, which is up", Body(left=112, right=71), 109.0, nan),
        ("two that are nearly upright", Body(left=99, right=65), 81.0, 115.0),
        ("one leg, as far as any goes", Body(left=120, right=5), 60.0, 175.0),
        ("a knee hugged to the chest", Body(left=135, left_knee=60, right=5), 45.0, 175.0),
        ("both legs over the head", Body(left=140, right=138), 40.0, 42.0),
    ],
)
def test_a_straight_leg_that_is_where_no_leg_can_be_is_unknown_and_the_other_one_is_measured(
    name: str, body: Body, hip: float, other: float
) -> None:
    sample = angles.compute_sample(0.0, pose(body), "left")
    assert sample.hip_deg == pytest.approx(hip, abs=0.01), name
    assert sample.other_hip_deg == pytest.approx(other, abs=0.01, nan_ok=True), name


@pytest.mark.parametrize(
    ("length", "yaw", "unknown"), [(0.71, 0, True), (0.73, 0, False), (0.71, 29, True), (0.71, 31, False)]
)
def test_a_leg_that_is_much_shorter_than_the_other_from_the_side_is_unknown(
    length: float, yaw: float, unknown: bool
) -> None:
    """Obliquely, a leg that lies looks shorter than the one that is raised."""
    body = pose(Body(left=60, right=60, yaw=yaw, lengths=(length, 1.0)))
    near, far = (angles.compute_sample(0.0, body, side) for side in angles.SIDES)
    assert (near.side, isnan(near.other_hip_deg)) == ("right" if unknown else "left", unknown)
    assert (far.side, isnan(far.other_hip_deg)) == ("right", unknown)
