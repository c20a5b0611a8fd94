"""Arms held up: what is a gesture, and what is not."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import cos, isnan, nan, radians, sin

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.bodies import Body, pose
from support.signals import Shape
from support.simulated_session import HZ, LYING, SITTING, SimulatedSession

from repcount.coaching.events import Cue, Stage
from repcount.coaching.gestures import HOLD_S, Gesture, GestureState, step
from repcount.coaching.session import SessionGoals, parse_plan
from repcount.pose.arms import ONE_OR_TWO, agreed, arms_up
from repcount.types import Pose
from repcount.video.opencv import cv2

Part = tuple[float, float]
"""For so many seconds, how many arms are up."""

DOWN, UP, EITHER, BOTH, UNSEEN = 0.0, 1.0, ONE_OR_TWO, 2.0, nan


def shown(
    parts: Sequence[Part], *, rate_hz: float = 15, trunk: float = 3.0, legs: float = 5.0
) -> list[tuple[float, Gesture]]:
    """The gestures in a sequence of parts, and when."""
    state, gestures, time_s, start_s = GestureState(), [], 0.0, 0.0
    for length_s, arms in parts:
        while time_s < start_s + length_s:
            state, gesture = step(state, time_s, arms, trunk, legs)
            gestures += [(time_s, gesture)] if gesture else []
            time_s += 1 / rate_hz
        start_s += length_s
    return gestures


@pytest.mark.parametrize("rate_hz", [5, 15, 30, 60])
@pytest.mark.parametrize(
    ("parts", "number"),
    [
        ([(2, DOWN), (1.3, UP), (2, DOWN)], 1),
        ([(2, DOWN), (0.7, UP), (2, DOWN)], 0),
        ([(2, DOWN), (8, UP), (2, DOWN)], 1),
        ([(2, DOWN), (1.3, UP), (1, DOWN), (1.3, UP), (1, DOWN)], 2),
        ([(2, DOWN), (1.3, UP), (0.2, DOWN), (1.3, UP), (1, DOWN)], 1),
        ([(2, DOWN), (0.6, UP), (0.2, UNSEEN), (0.7, UP), (2, DOWN)], 1),
        ([(2, DOWN), (0.7, UP), (0.6, DOWN), (0.7, UP), (2, DOWN)], 0),
        ([(3, UNSEEN), (1.3, UP), (2, UNSEEN), (1.3, UP)], 1),
    ],
)
def test_what_is_a_gesture(parts: list[Part], number: int, rate_hz: float) -> None:
    gestures = shown(parts, rate_hz=rate_hz)
    assert [gesture for _, gesture in gestures] == [Gesture.ONE_ARM] * number
    first_up = next((sum(length for length, _ in parts[:i]) for i, (_, arm) in enumerate(parts) if arm == UP), 0.0)
    assert all(time_s >= first_up + HOLD_S for time_s, _ in gestures)


@pytest.mark.parametrize("rate_hz", [5, 15, 30, 60])
@pytest.mark.parametrize(
    ("parts", "gesture"),
    [
        ([(2, DOWN), (1.3, BOTH), (2, DOWN)], Gesture.BOTH_ARMS),
        ([(2, DOWN), (0.3, UP), (1.3, BOTH), (2, DOWN)], Gesture.BOTH_ARMS),
        ([(2, DOWN), (0.3, BOTH), (0.3, UP), (0.7, BOTH), (2, DOWN)], Gesture.BOTH_ARMS),
        ([(2, DOWN), (0.7, UP), (1.3, BOTH), (2, DOWN)], Gesture.ONE_ARM),
        ([(2, DOWN), (0.3, BOTH), (1.3, UP), (2, DOWN)], Gesture.ONE_ARM),
        ([(2, DOWN), (0.3, UP), (1.3, EITHER), (2, DOWN)], Gesture.ONE_OR_BOTH),
        ([(2, DOWN), (0.5, BOTH), (0.5, EITHER), (0.3, UP), (2, DOWN)], Gesture.ONE_OR_BOTH),
        ([(2, DOWN), (0.3, EITHER), (1.3, BOTH), (2, DOWN)], Gesture.BOTH_ARMS),
        ([(2, DOWN), (0.3, EITHER), (1.3, UP), (2, DOWN)], Gesture.ONE_ARM),
    ],
)
def test_what_is_held_up_is_what_most_of_the_hold_shows(parts: list[Part], gesture: Gesture, rate_hz: float) -> None:
    assert [found for _, found in shown(parts, rate_hz=rate_hz)] == [gesture]


def test_the_first_hold_tells_nothing_about_the_next() -> None:
    parts = [(1, DOWN), (0.8, BOTH), (1, DOWN), (1.3, UP), (1, DOWN), (0.8, UP), (1, DOWN), (1.3, BOTH)]
    assert [found for _, found in shown(parts)] == [Gesture.ONE_ARM, Gesture.BOTH_ARMS]


def test_the_hold_is_exact() -> None:
    state = GestureState()
    for time_s in (0.0, 0.25, 0.5, 0.75):
        state, gesture = step(state, time_s, UP, 0.0, 0.0)
        assert gesture is None
    assert step(state, HOLD_S, UP, 0.0, 0.0)[1] is Gesture.ONE_ARM
    assert step(state, HOLD_S - 0.001, UP, 0.0, 0.0)[1] is None


@pytest.mark.parametrize(
    ("trunk", "legs"), [(60.0, 5.0), (28.5, 19.0), (-50.0, 5.0), (3.0, 60.0), (nan, 5.0), (3.0, nan), (nan, nan)]
)
def test_who_does_not_lie_with_legs_down_controls_nothing(trunk: float, legs: float) -> None:
    assert shown([(1, DOWN), (3, UP), (1, DOWN)], trunk=trunk, legs=legs) == []


@pytest.mark.parametrize(("trunk", "heels", "first_s"), [(20, 0, 4.0), (-20, 0, 4.0), (45, 0, 4.0), (0, 60, 5 / 15)])
def test_an_arm_that_is_up_while_the_trunk_moves_has_to_come_down_first(
    trunk: float, heels: float, first_s: float
) -> None:
    """As between two V-ups. One that goes up before the legs are down is held up once they are."""
    state, gestures = GestureState(), []
    for frame in range(90):
        share, arms = max(1 - frame / 10, 0), DOWN if 45 <= frame < 60 else UP
        state, gesture = step(state, frame / 15, arms, trunk * share, heels * share)
        gestures += [frame / 15] if gesture else []
    assert gestures[0] == pytest.approx(first_s + HOLD_S)


def test_a_leg_that_is_misread_for_a_moment_ends_no_hold() -> None:
    state, gestures = GestureState(), []
    for frame in range(30):
        state, gesture = step(state, frame / 15, BOTH, 3.0, 30.0 if frame % 4 == 2 else 0.0)
        gestures += [gesture] if gesture else []
    assert gestures == [Gesture.BOTH_ARMS]


def test_a_hold_over_a_gap_without_frames_begins_anew() -> None:
    state, _ = step(GestureState(), 0.0, UP, 0.0, 0.0)
    assert not step(state, 5.0, UP, 0.0, 0.0)[1]


@given(st.lists(st.tuples(st.floats(0.05, 3), st.sampled_from([DOWN, UP, BOTH, UNSEEN])), max_size=30))
def test_gestures_are_at_least_a_hold_apart(parts: list[Part]) -> None:
    gestures = shown(parts)
    assert all(later - earlier >= HOLD_S for (earlier, _), (later, _) in pairwise(gestures))


# --- in a session ------------------------------------------------------------------------------------------


def with_arm_up(lying: Pose, side: int, *, lean_deg: float = 0.0, elbow_deg: float = 180.0) -> Pose:
    """A pose of somebody who lies, with one arm up that leans by so much; `elbow_deg` bends it."""
    shoulder, elbow, wrist, hip = 11 + side, 13 + side, 15 + side, 23 + side
    raised = []
    for points in (lying.xy_px, lying.world_m):
        points = points.copy()
        half = float(np.linalg.norm(points[shoulder] - points[hip])) / 2
        up, bend = np.zeros(points.shape[1]), np.zeros(points.shape[1])
        up[:2] = half * sin(radians(lean_deg)), -half * cos(radians(lean_deg))
        turned = radians(180 + lean_deg - elbow_deg)
        bend[:2] = half * sin(turned), -half * cos(turned)
        points[elbow] = points[shoulder] + up
        points[wrist] = points[elbow] + bend
        raised.append(points)
    return Pose(raised[0], raised[1], lying.visibility)


def with_visible_arms(who: Pose, left: float, right: float) -> Pose:
    """The same pose, with elbows and wrists as visible as that."""
    visibility = who.visibility.copy()
    visibility[[13, 15]], visibility[[14, 16]] = left, right
    return Pose(who.xy_px, who.world_m, visibility)


def with_both_arms_up(lying: Pose, apart: float = 0.0, leans_deg: tuple[float, float] = (0.0, 0.0)) -> Pose:
    """A pose of somebody who lies with both arms up; in the picture the shoulders are so many arm lengths apart."""
    xy_px, length_px = lying.xy_px.copy(), float(np.linalg.norm(lying.xy_px[11] - lying.xy_px[23]))
    xy_px[[12, 24]] = xy_px[[11, 23]] + [apart * length_px, 0]
    both = Pose(xy_px, lying.world_m, lying.visibility)
    for side, lean_deg in enumerate(leans_deg):
        both = with_arm_up(both, side, lean_deg=lean_deg)
    return both


@pytest.mark.parametrize("side", [0, 1])
def test_an_arm_that_is_straight_and_points_up_is_up(side: int) -> None:
    lying = pose(LYING)
    assert arms_up(lying) == 0.0
    assert arms_up(with_arm_up(lying, side)) == 1.0
    assert arms_up(with_arm_up(lying, side, elbow_deg=90)) == 0.0
    unseen = Pose(lying.xy_px, lying.world_m, np.zeros(33))
    assert isnan(arms_up(unseen))


@pytest.mark.parametrize(("lean_deg", "number"), [(0, 1.0), (34, 1.0), (-34, 1.0), (36, 0.0), (-36, 0.0), (90, 0.0)])
def test_one_arm_is_up_if_it_stands_upright(lean_deg: float, number: float) -> None:
    assert arms_up(with_arm_up(pose(LYING), 0, lean_deg=lean_deg)) == number
    second_may_be_made_up = ONE_OR_TWO if number else 0.0
    assert arms_up(with_both_arms_up(pose(LYING), 0.0, (lean_deg, lean_deg))) == second_may_be_made_up


@pytest.mark.parametrize(
    ("apart", "leans_deg", "number"),
    [
        *((0.0, (0, 0), ONE_OR_TWO), (0.44, (0, 0), ONE_OR_TWO), (0.46, (0, 0), 2.0), (1.0, (0, 0), 2.0)),
        *((0.0, (9, -9), ONE_OR_TWO), (0.0, (11, -11), 2.0), (0.0, (-11, 11), 2.0), (0.0, (-5, 16), 2.0)),
        *((0.0, (40, -40), 2.0), (0.0, (54, -54), 2.0), (0.0, (56, -54), 0.0), (0.0, (56, 0), 1.0)),
        *((0.3, (20, -20), 2.0), (0.6, (20, -20), 2.0)),
    ],
)
def test_both_arms_are_up_if_they_are_plainly_two(apart: float, leans_deg: tuple[float, float], number: float) -> None:
    """By the distance of the wrists in the picture or by the angle between the arms: otherwise the model may have made
    the second one up. Also where arms that lean towards feet and head cross in the picture.
    """
    assert arms_up(with_both_arms_up(pose(LYING), apart, leans_deg)) == number


@pytest.mark.parametrize(("visible", "length", "number"), [(0.3, 0.7, ONE_OR_TWO), (0.5, 0.7, 2.0), (0.3, 0.9, 2.0)])
@pytest.mark.parametrize("side", [0, 1])
def test_a_second_arm_that_is_faint_and_short_may_be_made_up(
    visible: float, length: float, number: float, side: int
) -> None:
    """Far from the first one, too, as where the model put the hidden arm into a grey wall (rendered clip)."""
    both = with_both_arms_up(pose(LYING), 0.0, (15, -25))
    shoulder, elbow, wrist = 11 + side, 13 + side, 15 + side
    xy_px, visibility = both.xy_px.copy(), both.visibility.copy()
    for joint in (elbow, wrist):
        xy_px[joint] = xy_px[shoulder] + length * (both.xy_px[joint] - both.xy_px[shoulder])
        visibility[joint] = visible
    assert arms_up(Pose(xy_px, both.world_m, visibility)) == number


@pytest.mark.parametrize(
    ("modelled", "standing", "number"),
    [
        *((1.0, nan, 1.0), (2.0, nan, 2.0), (nan, nan, nan), (1.0, 0.0, 1.0), (2.0, 0.0, 2.0), (nan, 0.0, 0.0)),
        *((0.0, 1.0, 1.0), (nan, 1.0, 1.0), (1.0, 1.0, 1.0), (EITHER, 1.0, EITHER), (2.0, 1.0, 2.0)),
        *((0.0, 2.0, 2.0), (nan, 2.0, 2.0), (1.0, 2.0, 2.0), (EITHER, 2.0, 2.0)),
        *((0.0, EITHER, EITHER), (1.0, EITHER, EITHER), (EITHER, EITHER, 2.0), (2.0, EITHER, 2.0)),
    ],
)
def test_the_picture_outvotes_the_model_where_it_shows_more(modelled: float, standing: float, number: float) -> None:
    lying = pose(LYING)
    found = {
        0.0: lying,
        1.0: with_arm_up(lying, 0),
        EITHER: with_both_arms_up(lying),
        2.0: with_both_arms_up(lying, 0.0, (25, -25)),
    }
    who = None if isnan(modelled) else with_visible_arms(found[modelled], 0.4, 0.4)
    assert agreed(who, standing) == pytest.approx(number, nan_ok=True)


@pytest.mark.parametrize(
    ("visible", "standing", "number"),
    [
        *(((0.95, 0.95), standing, 0.0) for standing in (0.0, 1.0, EITHER, 2.0)),
        *(((0.95, 0.65), standing, 1.0) for standing in (1.0, EITHER, 2.0)),
        *(((0.65, 0.75), standing, 1.0) for standing in (1.0, EITHER, 2.0)),
        *(((0.65, 0.65), standing, standing) for standing in (1.0, EITHER, 2.0)),
    ],
)
def test_what_stands_there_is_no_arm_that_is_plainly_seen_down(
    visible: tuple[float, float], standing: float, number: float
) -> None:
    """But somebody who has stopped behind the shoulders."""
    assert agreed(with_visible_arms(pose(LYING), *visible), standing) == number


def hold_up(sim: SimulatedSession, seconds: float, body: Body = LYING, arms: float = UP) -> None:
    leans_deg = (25, -25) if arms == BOTH else (0, 0)
    for _ in range(round(seconds * HZ)):
        sim.see(with_arm_up(pose(body), 0) if arms == UP else with_both_arms_up(pose(body), 0.0, leans_deg))


def test_an_arm_pauses_and_goes_on() -> None:
    sim = SimulatedSession(SessionGoals(gestures=True))
    sim.lie(2)
    assert sim.cues == [Cue.READY, Cue.ARM_PAUSES]
    sim.raises(Shape(rest=4))
    sim.lie(1)
    hold_up(sim, 1.3)
    assert sim.now.status.stage is Stage.PAUSED
    sim.lie(1)
    sim.raises(Shape(rest=4))
    assert sim.cues.count(Cue.COUNT) == 1, "nothing is counted in a pause"
    hold_up(sim, 1.3)
    assert sim.cues[-1] is Cue.RESUMED
    sim.lie(3)
    sim.raises(Shape(rest=4))
    sim.lie(1)
    assert list(sim.counts) == [1, 2]


def test_both_arms_end_the_set_and_the_rest_and_go_on_after_a_pause() -> None:
    sim = SimulatedSession(SessionGoals(parse_plan("3x20"), gestures=True))
    sim.lie(2)
    sim.raises(Shape(rest=4))
    sim.lie(1)
    hold_up(sim, 1.3, arms=BOTH)
    assert (sim.cues[-1], sim.now.status.stage) == (Cue.SET_DONE, Stage.REST)
    sim.lie(3)
    hold_up(sim, 1.3, arms=BOTH)
    assert sim.announced[-1] == (Cue.REST_OVER, 2)
    sim.lie(1)
    hold_up(sim, 1.3)
    assert sim.now.status.stage is Stage.PAUSED
    sim.lie(1)
    hold_up(sim, 1.3, arms=BOTH)
    assert sim.cues[-1] is Cue.SET_BEGINS, "there is nothing to end, but they were seen"
    assert sim.cues[-2] is Cue.RESUMED


def test_arms_side_by_side_pause_and_it_is_said_how_to_end_the_set_from_there() -> None:
    """Where one arm hides the other, whether it was one or both is not known."""
    sim = SimulatedSession(SessionGoals(parse_plan("3x20"), gestures=True))
    sim.lie(2)
    sim.raises(Shape(rest=4))
    sim.lie(1)
    hold_up(sim, 1.3, arms=EITHER)
    assert (sim.cues[-1], sim.now.status.stage) == (Cue.PAUSED_OR_SET_DONE, Stage.PAUSED)
    sim.lie(1)
    hold_up(sim, 1.3, arms=BOTH)
    assert sim.cues[-2:] == [Cue.RESUMED, Cue.SET_DONE]
    sim.lie(1)
    hold_up(sim, 1.3, arms=EITHER)
    sim.lie(1)
    hold_up(sim, 1.3, arms=EITHER)
    assert sim.cues[-2:] == [Cue.PAUSED_OR_SET_DONE, Cue.RESUMED]


def test_arms_side_by_side_that_the_picture_shows_as_two_end_the_set() -> None:
    sim = SimulatedSession(SessionGoals(parse_plan("3x20"), gestures=True))
    sim.lie(2)
    sim.raises(Shape(rest=4))
    sim.lie(1)
    who = with_both_arms_up(pose(LYING))
    (x, y), length = who.xy_px[11].astype(int), round(float(np.linalg.norm(who.xy_px[11] - who.xy_px[15])))
    image = np.full((720, 1280, 3), 128, np.uint8)
    for left in (x, x + length // 4):
        image[y - length : y, left - length // 12 : left + length // 12] = (200, 150, 120)
    for _ in range(round(1.3 * HZ)):
        sim.see(who, image=image)
    assert (sim.cues[-1], sim.now.status.stage) == (Cue.SET_DONE, Stage.REST)


@pytest.mark.parametrize(
    ("leans_deg", "cue"), [((-30, 30), Cue.SET_DONE), ((5,), Cue.PAUSED), ((), Cue.COUNT), ((-30, 30, 0), Cue.SET_DONE)]
)
@pytest.mark.parametrize("found", [None, LYING, Body(trunk=-170)])
def test_arms_that_the_picture_shows_count_where_the_model_loses_the_person(
    leans_deg: tuple[float, ...], cue: Cue, found: Body | None
) -> None:
    """It finds nobody, takes the arms for down without seeing them well, or finds the body the wrong way round
    (rendered clips).
    """
    sim = SimulatedSession(SessionGoals(parse_plan("3x20"), gestures=True))
    sim.lie(2)
    sim.raises(Shape(rest=4))
    sim.lie(1)
    lying, image = pose(LYING), np.full((720, 1280, 3), 128, np.uint8)
    foot, length_px = lying.xy_px[[11, 12]].mean(axis=0), 1.1 * float(np.linalg.norm(lying.xy_px[11] - lying.xy_px[23]))
    for lean_deg in leans_deg:
        hand = foot + length_px * np.array([sin(radians(lean_deg)), -cos(radians(lean_deg))])
        cv2.line(image, foot.astype(int).tolist(), hand.astype(int).tolist(), (200, 150, 120), round(0.15 * length_px))
    for _ in range(round(1.3 * HZ)):
        sim.see(with_visible_arms(pose(found), 0.4, 0.4) if found else None, image=image)
    assert sim.cues[-1] is cue


@pytest.mark.parametrize(("arms", "cue"), [(BOTH, Cue.SET_DONE), (UP, Cue.COUNT)])
def test_one_leg_that_looks_raised_may_be_the_second_of_two_arms_but_not_of_one(arms: float, cue: Cue) -> None:
    """The model took an arm for a leg (rendered clip); in a dead bug, one arm and one leg are up (real clip)."""
    sim = SimulatedSession(SessionGoals(parse_plan("3x20"), gestures=True))
    sim.lie(2)
    sim.raises(Shape(rest=4))
    sim.lie(1)
    hold_up(sim, 1.3, Body(left=110, right=4), arms)
    assert sim.cues[-1] is cue


def test_without_gestures_arms_may_do_anything() -> None:
    sim = SimulatedSession()
    sim.lie(2)
    hold_up(sim, 3)
    assert sim.cues == [Cue.READY]


def test_an_arm_in_a_rep_pauses_nothing() -> None:
    sim = SimulatedSession(SessionGoals(gestures=True))
    sim.lie(2)
    hold_up(sim, 2, Body(left=80, right=80))
    assert sim.now.status.stage is not Stage.PAUSED


@pytest.mark.slow
def test_two_hours_with_the_hands_at_the_head_are_never_paused() -> None:
    """Sets of ten with rests in which the person sits up; noise is on every landmark."""
    random = np.random.default_rng(1)
    state, time_s, gestures = GestureState(), 0.0, 0
    shape = Shape(rest=4)
    bodies = [Body(left=shape.flexion(i / HZ), right=shape.flexion(i / HZ)) for i in range(round(shape.length_s * HZ))]
    scene = bodies * 10 + [SITTING] * round(60 * HZ)
    poses = [pose(body) for body in scene]
    while time_s < 2 * 3600:
        for body, shown in zip(scene, poses, strict=True):
            xy_px = shown.xy_px + random.normal(0, 4, (33, 2))
            noisy = Pose(xy_px, shown.world_m + random.normal(0, 0.02, (33, 3)), shown.visibility)
            state, gesture = step(state, time_s, arms_up(noisy), body.trunk, body.left)
            gestures += gesture is not None
            time_s += 1 / HZ
    assert gestures == 0
