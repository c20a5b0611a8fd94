"""When somebody is ready to be counted, and which problem is named when they are not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import nan

import numpy as np
import pytest
from support.bodies import Body, pose
from support.simulated_session import LYING

from repcount import messages
from repcount.analysis import AnalysisBuilder, Source
from repcount.coaching import readiness
from repcount.coaching.events import Cue
from repcount.config import Config
from repcount.pose import angles
from repcount.types import Frame, Phase, Pose, Update


def shrunk(whole: Pose, by: float) -> Pose:
    return replace(whole, xy_px=(whole.xy_px - whole.xy_px[23]) * by + np.array([640.0, 500.0]))


def end(
    people: Sequence[tuple[Pose | None, int]], hz: float = 15.0, size: tuple[int, int] = (1280, 720)
) -> readiness.ReadinessState:
    """The state after frames of `size` (width, height) with these poses and numbers of people."""
    width, height = size
    state = readiness.ReadinessState()
    for number, (who, found) in enumerate(people):
        frame = Frame(number / hz, np.full((height, width, 3), 100, dtype=np.uint8))
        sample = angles.compute_sample(frame.time_s, who)
        state = readiness.update_readiness(Config(), state, sample, readiness.check_framing(frame, who, found))
    return state


LYING_STILL: list[tuple[Pose | None, int]] = [(pose(LYING), 1)]


@pytest.mark.parametrize(
    ("who", "problem"),
    [
        (pose(replace(LYING, yaw=75.0)), Cue.FROM_THE_END),
        (pose(replace(LYING, trunk=70.0)), Cue.NOT_LYING),
        (pose(replace(LYING, prone=True)), Cue.NOT_LYING),
        (pose(Body(left=90.0, right=90.0)), Cue.NOT_STILL),
    ],
)
def test_an_obstacle_is_named_and_prevents_readiness(who: Pose, problem: Cue) -> None:
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
        (replace(pose(LYING), people_lying=2.0), 1, Cue.TWO_PEOPLE),
        (shrunk(pose(LYING), 0.6), 1, Cue.TOO_FAR),
        (pose(replace(LYING, hip_px=(60.0, 500.0))), 1, Cue.HEAD_OUT),
        (pose(replace(LYING, hip_px=(1150.0, 500.0))), 1, Cue.FEET_OUT),
        (pose(replace(LYING, hip_px=(640.0, 150.0))), 1, Cue.FEET_OUT),
    ],
)
def test_advice_does_not_prevent_readiness(who: Pose, people: int, advice: Cue | None) -> None:
    """The second `FEET_OUT` is somebody whose feet will leave the picture when they are up."""
    state = end([(who, people)] * 60)
    assert (state.ready, state.problem) == (True, advice)


def warnings(who: Pose, size: tuple[int, int]) -> str:
    """What a recording of `size` (width, height) with this pose in each frame is warned about."""
    builder = AnalysisBuilder()
    for number in range(60):
        builder.write(Update(angles.compute_sample(number / 15, who), nan, Phase.UNKNOWN, ()))
    warnings = builder.result(Source("clip.mp4", 4.0, *size), Config()).warnings
    return "; ".join(map(messages.warning_sentence, warnings))


@pytest.mark.parametrize("size", [(1280, 720), (720, 1280), (1280, 1280)])
@pytest.mark.parametrize(("trunk_px", "small"), [(102.0, True), (103.0, False)])
def test_live_and_recorded_call_the_same_person_small(trunk_px: float, small: bool, size: tuple[int, int]) -> None:
    """8 % of the longer side, 102.4 px, held upright or not."""
    whole = pose(LYING)
    scale = trunk_px / angles.compute_sample(0, whole).trunk_px
    who = replace(whole, xy_px=(whole.xy_px - whole.xy_px[23]) * scale + np.array([360.0, 500.0]))
    state = end([(who, 1)] * 60, size=size)
    assert (state.ready, state.problem) == (True, Cue.TOO_FAR if small else None)
    assert ("the person is small" in warnings(who, size)) is small


@pytest.mark.parametrize(("yaw", "oblique"), [(45.0, False), (55.0, False), (59.0, False), (61.0, True), (75.0, True)])
def test_live_and_recorded_call_the_same_view_oblique(yaw: float, oblique: bool) -> None:
    who = pose(replace(LYING, yaw=yaw))
    assert (end([(who, 1)] * 60).problem is Cue.FROM_THE_END) is oblique
    assert ("from the head or the feet" in warnings(who, (1280, 720))) is oblique


@pytest.mark.parametrize("hz", [5.0, 10.0, 15.0, 30.0])
def test_ready_takes_a_second_at_any_rate(hz: float) -> None:
    assert not end(LYING_STILL * round(0.7 * hz), hz).ready
    assert end(LYING_STILL * round(1.3 * hz), hz).ready


def test_somebody_still_moving_into_position_is_not_ready() -> None:
    sliding = [(pose(replace(LYING, hip_px=(400.0 + 4 * i, 500.0))), 1) for i in range(60)]
    assert not end(sliding).ready
    assert end(sliding + [sliding[-1]] * 20).ready


def test_a_moment_out_of_sight_does_not_end_readiness() -> None:
    ready = LYING_STILL * 30
    nobody: list[tuple[Pose | None, int]] = [(None, 0)]
    assert end([*ready, *nobody * 40]).ready
    assert not end([*ready, *nobody * 50]).ready
    assert not end([*ready, *nobody * 50, *LYING_STILL * 5]).ready


def test_sitting_ends_readiness_and_a_sit_up_does_not() -> None:
    ready: list[tuple[Pose | None, int]] = [*LYING_STILL * 30]
    sitting: list[tuple[Pose | None, int]] = [(pose(replace(LYING, trunk=70.0)), 1)]
    assert end([*ready, *sitting * 7]).ready
    assert not end([*ready, *sitting * 9]).ready
