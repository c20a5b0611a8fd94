"""A person's own range: what partial reps just done suggest, and what setting it does to a session."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.histories import rep, update
from support.signals import Shape
from support.simulated_session import SimulatedSession

from repcount.analysis import AnalysisBuilder, Source
from repcount.coaching.events import Command, Cue, Stage
from repcount.coaching.session import SessionGoals, parse_plan
from repcount.coaching.target import is_offer_due, reps_in_reach, target_for
from repcount.config import MIN_TARGET_DEG, Config
from repcount.types import UPRIGHT_DEG, Flag, Rep, TargetSet, WarningCode


def tops(*degrees: float, flags: Sequence[Flag] = (Flag.SHORT_TOP,)) -> list[Rep]:
    """Reps with these tops; upright ones are full."""
    return [
        rep(i, top_flexion_deg=deg, full=deg >= UPRIGHT_DEG, flags=tuple(flags) if deg < UPRIGHT_DEG else ())
        for i, deg in enumerate(degrees, 1)
    ]


NAN = float("nan")


@pytest.mark.parametrize(
    ("reps", "in_reach", "offered"),
    [
        ([], [], False),
        (tops(55), [1], False),
        (tops(55, 56), [1, 2], False),
        (tops(55, 56, 57), [1, 2, 3], True),
        (tops(55, 60, 57), [1, 2, 3], True),  # exactly 5° apart
        (tops(55, 60.01, 57), [2, 3], False),
        (tops(30, 55, 56, 57), [2, 3, 4], True),
        (tops(55, 56, 57, 80), [], False),  # the last one was full
        (tops(55, 80, 56, 57), [3, 4], False),
        (tops(45, 46, 47), [1, 2, 3], True),  # from 45° on
        (tops(44.99, 46, 47), [2, 3], False),
        (tops(44.9), [], False),
        (tops(55, NAN, 56, 57), [3, 4], False),
        (tops(55, 56, 57, flags=(Flag.SHORT_TOP, Flag.FAST_LOWER)), [1, 2, 3], True),
        (tops(55, 56, 57, flags=(Flag.SHORT_TOP, Flag.BENT_KNEES)), [], False),  # a lower target would not help
        (tops(55, 56, 57, flags=(Flag.SHORT_TOP, Flag.SHORT_BOTTOM)), [], False),
        (tops(55, 56, 57, flags=(Flag.SHORT_TOP, Flag.LEGS_APART)), [], False),
    ],
)
def test_reps_of_the_same_height_in_a_row_are_in_reach(reps: list[Rep], in_reach: list[int], offered: bool) -> None:
    assert [each.number for each in reps_in_reach(reps)] == in_reach
    assert is_offer_due(reps) is offered


@pytest.mark.parametrize(
    ("degrees", "target_deg"),
    [((55,), 51), ((57.9, 55.2, 59), 51), ((66.9,), 62), ((50,), 46), ((49.0,), 45), ((45,), 45), ((47, 45), 45)],
)
def test_the_target_is_the_lowest_of_them_less_the_error_of_a_top(degrees: Sequence[float], target_deg: float) -> None:
    assert target_for(tops(*degrees)) == target_deg


@given(st.lists(st.floats(0.0, 100.0), max_size=8))
def test_every_rep_in_reach_is_full_at_the_target_and_it_is_below_upright(degrees: list[float]) -> None:
    reps = reps_in_reach(tops(*degrees))
    if reps:
        target_deg = target_for(reps)
        assert MIN_TARGET_DEG <= target_deg < UPRIGHT_DEG
        assert Config(full_deg=target_deg).own_target
        assert all(each.top_flexion_deg >= target_deg for each in reps)


# --- in a session ------------------------------------------------------------------------------------------

LOW = Shape(rest=4, top=55)


def test_after_three_partial_reps_of_the_same_height_the_key_is_offered_once() -> None:
    sim = SimulatedSession()
    sim.lie(2)
    sim.raises(LOW, LOW)
    assert Cue.OFFER_TARGET not in sim.cues
    sim.raises(LOW, LOW, LOW, LOW)
    assert sim.cues.count(Cue.OFFER_TARGET) == 1
    assert sim.cues[: sim.cues.index(Cue.OFFER_TARGET)].count(Cue.HIGHER) == 3


def test_the_key_counts_what_was_just_done_and_all_that_reach_as_high_from_then_on() -> None:
    sim = SimulatedSession()
    sim.lie(2)
    sim.raises(LOW, LOW, LOW)
    measured = list(sim.reps)
    assert [each.full for each in measured] == [False] * 3
    sim.coach.command(Command.TARGET, sim.time_s)
    sim.lie(0.1)
    (target,) = [event for event in sim.recorded if isinstance(event, TargetSet)]
    assert target.numbers == (1, 2, 3)
    assert MIN_TARGET_DEG <= target.target_deg <= min(each.top_flexion_deg for each in measured)
    assert sim.reps == measured  # what was measured is left as it is
    assert sim.announced[-2:] == [(Cue.TARGET_SET, round(target.target_deg)), (Cue.COUNT, 3)]
    status = sim.now.status
    assert (status.full, status.partial, status.session, status.today) == (3, 0, 3, 3)
    assert status.upright_deg == target.target_deg
    sim.raises(LOW, Shape(rest=4, top=35))
    assert [each.full for each in sim.reps] == [False, False, False, True, False]
    assert sim.announced[-2:] == [(Cue.COUNT, 4), (Cue.HIGHER, 0)]


def test_without_a_partial_rep_just_done_the_key_says_so_and_changes_nothing() -> None:
    sim = SimulatedSession()
    sim.lie(2)
    sim.raises(LOW, Shape(rest=4))
    before = list(sim.recorded)
    sim.coach.command(Command.TARGET, sim.time_s)
    sim.lie(0.1)
    assert sim.cues[-1] is Cue.NO_TARGET
    assert sim.recorded == before
    assert sim.now.status.upright_deg == UPRIGHT_DEG


def test_the_key_can_complete_a_plan_and_reach_the_daily_limit() -> None:
    sim = SimulatedSession(SessionGoals(parse_plan("1x2"), day_limit=5), earlier=3)
    sim.lie(2)
    sim.raises(LOW, LOW)
    sim.coach.command(Command.TARGET, sim.time_s)
    sim.lie(0.1)
    assert sim.cues[-4:] == [Cue.TARGET_SET, Cue.COUNT, Cue.WORKOUT_DONE, Cue.DAY_LIMIT]
    assert sim.now.status.stage is Stage.DONE


def test_the_result_has_the_target_and_says_so() -> None:
    builder = AnalysisBuilder()
    for events in (tops(55, 56, 57, 58), [TargetSet(30.0, 51.0, (2, 3, 4))], [replace(rep(5), top_flexion_deg=52.0)]):
        builder.write(update(*events))
    result = builder.result(Source("0", 40.0), Config())
    assert [each.full for each in result.reps] == [False, True, True, True, True]
    assert [each.flags for each in result.reps[:2]] == [(Flag.SHORT_TOP,), ()]
    assert [each.top_flexion_deg for each in result.reps] == [55, 56, 57, 58, 52]
    assert result.settings == Config(full_deg=51.0)
    facts = {warning.code: warning.facts for warning in result.warnings}
    assert facts[WarningCode.OWN_TARGET] == {"target_deg": 51.0, "upright_deg": UPRIGHT_DEG}
    assert facts[WarningCode.TARGET_SET] == {"target_deg": 51.0, "at_s": 30.0, "reps": 3}
