"""Whether the camera stands where it can count, and what is told where it does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from support.bodies import Body, pose
from support.stage import LYING

from repcount.coaching import readiness
from repcount.coaching.events import Cue
from repcount.config import Config
from repcount.pose import angles
from repcount.types import Frame, Pose


def shrunk(whole: Pose, by: float) -> Pose:
    return replace(whole, xy_px=(whole.xy_px - whole.xy_px[23]) * by + np.array([640.0, 500.0]))


def end(people: Sequence[tuple[Pose | None, int]], hz: float = 15.0) -> readiness.ReadinessState:
    """The state after frames of 1280 by 720 with these poses and numbers of people."""
    state = readiness.ReadinessState()
    for number, (who, found) in enumerate(people):
        frame = Frame(number / hz, np.full((720, 1280, 3), 100, dtype=np.uint8))
        sample = angles.compute_sample(frame.time_s, who)
        state = readiness.update_readiness(Config(), state, sample, readiness.check_framing(frame, who, found))
    return state


LOOKS: list[tuple[Pose | None, int]] = [(pose(LYING), 1)]


@pytest.mark.parametrize(
    ("who", "problem"),
    [
        (pose(replace(LYING, hip_px=(60.0, 500.0))), Cue.HEAD_OUT),
        (pose(replace(LYING, hip_px=(1150.0, 500.0))), Cue.FEET_OUT),
        (pose(replace(LYING, hip_px=(640.0, 150.0))), Cue.FEET_OUT),
        (pose(replace(LYING, yaw=75.0)), Cue.FROM_THE_END),
        (pose(replace(LYING, trunk=70.0)), Cue.NOT_LYING),
        (pose(replace(LYING, prone=True)), Cue.NOT_LYING),
        (pose(Body(left=90.0, right=90.0)), Cue.NOT_STILL),
    ],
)
def test_what_hinders_is_named_and_nobody_is_ready(who: Pose, problem: Cue) -> None:
    """The second `FEET_OUT` is somebody whose feet will leave the picture when they are up."""
    state = end([(who, 1)] * 60)
    assert (state.ready, state.problem) == (False, problem)


@pytest.mark.parametrize(
    ("who", "people", "advice"),
    [
        (pose(LYING), 1, None),
        (pose(replace(LYING, yaw=30.0)), 1, None),
        (pose(replace(LYING, roll=12.0)), 1, None),
        (pose(replace(LYING, facing=-1)), 1, None),
        (pose(LYING), 2, Cue.TWO_PEOPLE),
        (shrunk(pose(LYING), 0.6), 1, Cue.TOO_FAR),
    ],
)
def test_what_could_be_better_hinders_nobody(who: Pose, people: int, advice: Cue | None) -> None:
    state = end([(who, people)] * 60)
    assert (state.ready, state.problem) == (True, advice)


@pytest.mark.parametrize("hz", [5.0, 10.0, 15.0, 30.0])
def test_ready_takes_a_second_at_any_rate(hz: float) -> None:
    assert not end(LOOKS * round(0.7 * hz), hz).ready
    assert end(LOOKS * round(1.3 * hz), hz).ready


def test_somebody_who_is_still_moving_into_place_is_not_ready() -> None:
    sliding = [(pose(replace(LYING, hip_px=(400.0 + 4 * i, 500.0))), 1) for i in range(60)]
    assert not end(sliding).ready
    assert end(sliding + [sliding[-1]] * 20).ready


def test_a_moment_out_of_sight_does_not_disarm() -> None:
    ready = LOOKS * 30
    nobody: list[tuple[Pose | None, int]] = [(None, 0)]
    assert end([*ready, *nobody * 40]).ready
    assert not end([*ready, *nobody * 50]).ready
    assert not end([*ready, *nobody * 50, *LOOKS * 5]).ready


def test_a_sit_up_does_not_disarm_and_sitting_does() -> None:
    ready: list[tuple[Pose | None, int]] = [*LOOKS * 30]
    sitting: list[tuple[Pose | None, int]] = [(pose(replace(LYING, trunk=70.0)), 1)]
    assert end([*ready, *sitting * 7]).ready
    assert not end([*ready, *sitting * 9]).ready
