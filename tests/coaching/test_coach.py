"""Live sessions from the first frame to the last, acted by a stick figure."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.bodies import Body, pose
from support.signals import Shape
from support.simulated_session import HZ, LYING, SITTING, SimulatedSession

from repcount.coaching import coach
from repcount.coaching.events import Announcement, Command, Cue, Stage
from repcount.coaching.phrases import spoken_text
from repcount.coaching.session import SessionGoals, parse_plan
from repcount.counting.counter import reps_on_record, with_pauses
from repcount.types import Flag, Rep, RepRemoved, TargetSet
from repcount.video import capture_loop

FULL = Shape(rest=4)
LOW = Shape(rest=4, top=45)
FAST = Shape(rest=4, raise_s=0.8, lower_s=0.8)


def test_lying_still_for_a_second_makes_ready_and_full_reps_are_announced() -> None:
    sim = SimulatedSession()
    sim.lie(2)
    assert sim.when(Cue.READY) == [pytest.approx(1.0, abs=0.1)]
    sim.raises(FULL, FULL, FULL)
    sim.lie(1)
    assert sim.announced == [(Cue.READY, 0), (Cue.COUNT, 1), (Cue.COUNT, 2), (Cue.COUNT, 3)]
    assert [rep.full for rep in sim.reps] == [True, True, True]


def test_a_number_comes_within_half_a_second_of_the_legs_being_back() -> None:
    sim = SimulatedSession()
    sim.lie(2)
    sim.raises(FULL, FULL)
    for said_s, rep in zip(sim.when(Cue.COUNT), sim.reps, strict=True):
        assert 0 <= said_s - rep.end_s < 0.55


def test_a_raise_before_ready_is_not_counted() -> None:
    sim = SimulatedSession()
    sim.lie(0.4)
    sim.raises(FULL)
    assert (list(sim.counts), sim.reps) == ([], [])
    assert sim.now.status.stage is Stage.COUNTING  # the pause after it was long enough to be ready
    sim.raises(FULL)
    assert list(sim.counts) == [1]


@pytest.mark.parametrize(
    ("shape", "knee", "expected"),
    [
        (LOW, 180.0, [Cue.HIGHER]),
        (FAST, 180.0, [Cue.COUNT, Cue.SLOWER]),
        (Shape(rest=4, top=95), 100.0, [Cue.LEGS_STRAIGHT]),
        (FULL, 180.0, [Cue.COUNT]),
    ],
)
def test_a_flaw_gets_the_one_cue_that_helps_most(shape: Shape, knee: float, expected: list[Cue]) -> None:
    sim = SimulatedSession()
    sim.lie(2)
    sim.raises(shape, knee=knee)
    sim.lie(1)
    assert sim.cues == [Cue.READY, *expected]


def test_legs_that_are_not_brought_down_are_corrected() -> None:
    """Five degrees more than half way down, and up again."""
    sim = SimulatedSession()
    sim.lie(2)
    half = Shape(rest=45, top=90, raise_s=1.5, lower_s=1.5, pause_s=0)
    sim.raises(Shape(rest=4, top=90, lower_s=0.01, pause_s=0, hold_s=0.3))
    sim.raises(half, half)
    assert Cue.ALL_THE_WAY_DOWN in sim.cues


def test_a_plan_ends_the_set_times_the_rest_and_ends_the_workout() -> None:
    sim = SimulatedSession(SessionGoals(parse_plan("2x2"), rest_s=30))
    sim.lie(2)
    sim.raises(FULL, FULL)
    end_s = sim.reps[-1].end_s
    assert sim.announced[-2:] == [(Cue.COUNT, 2), (Cue.SET_DONE, 2)]
    assert (sim.now.status.stage, sim.now.status.full) == (Stage.REST, 2)
    sim.lie(30)
    countdown = [(Cue.COUNTDOWN, 3), (Cue.COUNTDOWN, 2), (Cue.COUNTDOWN, 1)]
    assert sim.announced[-5:] == [(Cue.REST_SOON_OVER, 10), *countdown, (Cue.REST_OVER, 2)]
    assert sim.when(Cue.REST_SOON_OVER) == [pytest.approx(end_s + 20, abs=0.1)]
    assert sim.when(Cue.COUNTDOWN) == pytest.approx([end_s + 27, end_s + 28, end_s + 29], abs=0.1)
    assert sim.when(Cue.REST_OVER) == [pytest.approx(end_s + 30, abs=0.1)]
    assert (sim.now.status.stage, sim.now.status.set, sim.now.status.full) == (Stage.COUNTING, 2, 0)
    sim.raises(FULL, FULL)
    assert sim.announced[-3:] == [(Cue.COUNT, 1), (Cue.COUNT, 2), (Cue.WORKOUT_DONE, 4)]
    assert sim.now.status.stage is Stage.DONE
    assert [rep.set for rep in sim.reps] == [1, 1, 2, 2]


def test_reps_in_the_rest_start_the_next_set_and_that_is_said() -> None:
    sim = SimulatedSession(SessionGoals(parse_plan("2x2"), rest_s=60))
    sim.lie(2)
    sim.raises(FULL, FULL, FULL)
    assert sim.announced[-3:] == [(Cue.SET_DONE, 2), (Cue.COUNT, 1), (Cue.SET_BEGINS, 2)]
    assert (sim.now.status.stage, sim.now.status.set, sim.now.status.full) == (Stage.COUNTING, 2, 1)
    sim.raises(FULL)
    assert sim.announced[-2:] == [(Cue.COUNT, 2), (Cue.WORKOUT_DONE, 4)]
    assert [rep.set for rep in sim.reps] == [1, 1, 2, 2]


def test_a_partial_rep_in_the_rest_changes_nothing() -> None:
    sim = SimulatedSession(SessionGoals(parse_plan("2x2"), rest_s=30))
    sim.lie(2)
    sim.raises(FULL, FULL, LOW)
    end_s = sim.reps[1].end_s
    assert (sim.cues[-1], sim.now.status.stage) == (Cue.HIGHER, Stage.REST)
    sim.lie(26)
    assert sim.when(Cue.REST_OVER) == [pytest.approx(end_s + 30, abs=0.1)]
    assert [rep.set for rep in sim.reps] == [1, 1, 1]


def test_reps_past_the_whole_plan_still_count_and_it_is_not_done_twice() -> None:
    sim = SimulatedSession(SessionGoals(parse_plan("1x2")))
    sim.lie(2)
    sim.raises(FULL, FULL, FULL)
    sim.lie(30)
    assert list(sim.counts) == [1, 2, 3]
    assert sim.cues.count(Cue.WORKOUT_DONE) == 1
    assert (sim.now.status.stage, sim.now.status.session) == (Stage.DONE, 3)


def test_with_a_plus_a_set_goes_on_past_its_reps_until_the_person_stops() -> None:
    sim = SimulatedSession(SessionGoals(parse_plan("1x2+")))
    sim.lie(2)
    sim.raises(FULL, FULL, FULL)
    assert sim.now.status.stage is Stage.COUNTING
    sim.lie(21)
    assert sim.announced[-1] == (Cue.WORKOUT_DONE, 3)


def test_without_a_plan_the_rest_gap_ends_a_set() -> None:
    sim = SimulatedSession(SessionGoals(rest_s=60))
    sim.lie(2)
    sim.raises(FULL)
    sim.lie(19)
    assert Cue.SET_DONE not in sim.cues
    sim.lie(2)
    assert sim.announced[-1] == (Cue.SET_DONE, 1)
    sim.raises(FULL)
    assert (sim.now.status.set, sim.now.status.full) == (2, 1)


def test_a_rest_shorter_than_the_stillness_that_ends_a_set_is_none() -> None:
    """ "Set done" and "rest over" were said 0.3 s apart."""
    sim = SimulatedSession(SessionGoals(parse_plan("2x5"), rest_s=10))
    sim.lie(2)
    sim.raises(FULL)
    sim.lie(30)
    assert sim.announced[-1] == (Cue.SET_DONE, 1)
    assert (sim.now.status.stage, sim.now.status.set, sim.now.status.full) == (Stage.COUNTING, 2, 0)


def test_a_pause_and_a_lost_camera_end_no_set() -> None:
    sim = SimulatedSession(SessionGoals(parse_plan("1x20")))
    sim.lie(2)
    sim.raises(FULL)
    sim.coach.command(Command.PAUSE, sim.time_s)
    sim.leave(60)
    sim.coach.command(Command.PAUSE, sim.time_s)
    sim.lie(2)
    sim.raises(FULL)
    sim.coach.camera_fault(Announcement(Cue.CAMERA_LOST))
    for _ in range(240):
        sim.time_s += 0.25
        lost = sim.coach.idle(sim.time_s)
    assert (lost.status.stage, lost.status.set, lost.status.full) == (Stage.NO_PICTURE, 1, 2)
    sim.coach.camera_fault(Announcement(Cue.CAMERA_BACK))
    sim.lie(2)
    sim.raises(FULL)
    assert list(sim.counts) == [1, 2, 3]
    assert [rep.set for rep in sim.reps] == [1, 1, 1]


def test_legs_that_are_still_up_hold_the_set_open() -> None:
    sim = SimulatedSession()
    sim.lie(2)
    sim.raises(FULL, Shape(rest=4, hold_s=25))
    assert Cue.SET_DONE not in sim.cues
    assert list(sim.counts) == [1, 2]


def test_the_daily_limit_is_announced_once_and_blocks_nothing() -> None:
    sim = SimulatedSession(SessionGoals(day_limit=100), earlier=98)
    sim.lie(2)
    sim.raises(FULL, FULL, FULL)
    assert sim.announced[1:] == [(Cue.COUNT, 1), (Cue.COUNT, 2), (Cue.DAY_LIMIT, 100), (Cue.COUNT, 3)]
    assert sim.now.status.today == 101


def test_the_daily_limit_is_announced_with_the_reps_of_the_day() -> None:
    """The day may have gone past its limit before this session."""
    sim = SimulatedSession(SessionGoals(day_limit=100), earlier=130)
    sim.lie(2)
    sim.raises(FULL)
    assert sim.announced[1:] == [(Cue.COUNT, 1), (Cue.DAY_LIMIT, 131)]
    assert spoken_text(Announcement(*sim.announced[-1])) == "that makes 131 today, enough for one day"


def test_sitting_up_ends_readiness_and_lying_down_again_counts_nothing() -> None:
    sim = SimulatedSession()
    sim.lie(2)
    sim.raises(FULL)
    sim.sit_up(3)
    assert sim.now.status.stage is Stage.PLACING
    sim.lie_down()
    sim.lie(2)
    sim.raises(FULL)
    assert list(sim.counts) == [1, 2]
    assert len(sim.reps) == 2
    assert sim.cues.count(Cue.READY) == 2


def test_a_rep_just_before_sitting_up_counts() -> None:
    sim = SimulatedSession()
    sim.lie(2)
    sim.raises(Shape(rest=4, pause_s=0.0))
    sim.sit_up(2)
    assert list(sim.counts) == [1]


def test_a_rep_just_before_the_end_counts() -> None:
    sim = SimulatedSession()
    sim.lie(2)
    sim.raises(Shape(rest=4, pause_s=0.0))
    sim.updates.append(sim.coach.end(sim.time_s))
    assert list(sim.counts) == [1]


def test_while_paused_nothing_counts() -> None:
    sim = SimulatedSession()
    sim.lie(2)
    sim.coach.command(Command.PAUSE, sim.time_s)
    sim.raises(FULL)
    assert sim.now.status.stage is Stage.PAUSED
    sim.coach.command(Command.PAUSE, sim.time_s)
    sim.lie(1)
    sim.raises(FULL)
    assert sim.cues == [Cue.READY, Cue.PAUSED, Cue.RESUMED, Cue.COUNT]


HURRIED = Shape(rest=4, raise_s=0.8, hold_s=0.2, lower_s=0.8, pause_s=0.6)
PRESSES = st.tuples(
    st.integers(0, 300), st.sampled_from([command for command in Command if command is not Command.QUIT])
)


@settings(max_examples=10)
@given(st.sampled_from(["free", "2x2", "2x2+"]), st.lists(PRESSES, min_size=3, max_size=15))
def test_whatever_keys_are_pressed_and_when_the_record_stays_whole(
    plan: str, presses: list[tuple[int, Command]]
) -> None:
    """Before the first rep, within reps, in the rest and after the plan; two keys may come between two frames."""
    sim = SimulatedSession(SessionGoals(parse_plan(plan), rest_s=5))
    by_hand_s: list[float] = []

    def pressed(step: int) -> None:
        for _, command in (press for press in presses if press[0] == step):
            known = len(sim.recorded)
            sim.coach.command(command, sim.time_s)
            by_hand = [event for event in sim.recorded[known:] if not isinstance(event, Rep) or event.flags == _BY_HAND]
            by_hand_s.extend(_at_s(event) for event in by_hand)
            assert all(_at_s(event) <= sim.time_s for event in sim.recorded)
            assert {_at_s(event) for event in by_hand} <= {sim.time_s}

    script = [*[HURRIED] * 2, Shape(rest=4, top=4, pause_s=1.5), replace(HURRIED, top=50), *[HURRIED] * 2]
    flexions = [4.0] * 20 + [shape.flexion(i / HZ) for shape in script for i in range(round(shape.length_s * HZ))]
    for step, flexion in enumerate([*flexions, *[4.0] * 30]):
        pressed(step)
        sim.see(pose(Body(left=flexion, right=flexion)))
    end = sim.coach.end(sim.time_s)

    assert by_hand_s == sorted(by_hand_s)
    assert all(0 <= rep.start_s <= rep.top_s <= rep.end_s for rep in sim.reps)
    measured = [rep for rep in sim.reps if rep.flags != _BY_HAND]
    assert all(before.end_s <= rep.start_s for before, rep in pairwise(measured))
    assert all(min(rep.raise_s, rep.hold_s, rep.lower_s) >= 0 for rep in measured)
    assert all(before.number < rep.number for before, rep in pairwise(sim.reps))
    full = sum(rep.full for rep in reps_on_record(sim.recorded))
    assert (end.status.session, end.status.today) == (full, full)
    times_s = [update.time_s for update in [*sim.updates, end]]
    assert times_s == sorted(times_s)
    assert all(min(update.status.full, update.status.session) >= 0 for update in sim.updates)


_BY_HAND = (Flag.BY_HAND,)


def _at_s(event: Rep | RepRemoved | TargetSet) -> float:
    return event.end_s if isinstance(event, Rep) else event.time_s


def test_reps_are_added_and_removed_by_hand_and_recorded_so() -> None:
    sim = SimulatedSession()
    sim.lie(2)
    sim.raises(FULL, FULL)
    sim.coach.command(Command.ADD, sim.time_s)
    sim.lie(0.2)
    assert (sim.announced[-1], sim.now.status.full) == ((Cue.ADDED, 3), 3)
    assert sim.reps[-1].flags == (Flag.BY_HAND,)
    for _ in range(2):
        sim.coach.command(Command.REMOVE, sim.time_s)
    sim.lie(0.2)
    assert (sim.announced[-1], sim.now.status.full) == ((Cue.REMOVED, 1), 1)
    assert [event.number for event in sim.recorded if isinstance(event, RepRemoved)] == [3, 2]
    sim.raises(FULL)
    assert sim.announced[-1] == (Cue.COUNT, 2)
    assert sim.reps[-1].number == 4


def test_a_rep_added_while_the_legs_are_on_their_way_bends_no_measured_one() -> None:
    """Its time was taken for the end of a rep, and the next one started after its own top: a raise of -1.93 s."""
    pressed, left_alone = SimulatedSession(), SimulatedSession()
    for sim in (pressed, left_alone):
        sim.lie(2)
        sim.raises(FULL)
        sim.play(3.5, lambda t: _flexed(FULL, t))
        if sim is pressed:
            sim.coach.command(Command.ADD, sim.time_s)
        sim.play(FULL.length_s - 3.5, lambda t: _flexed(FULL, t + 3.5))
        sim.raises(FULL)
    times = [
        [(rep.start_s, rep.top_s, rep.end_s, rep.raise_s) for rep in sim.reps if not rep.flags]
        for sim in (pressed, left_alone)
    ]
    assert times[0] == times[1]
    assert len(times[0]) == 3
    assert [rep.set for rep in pressed.reps] == [1, 1, 1, 1]
    paused = with_pauses(pressed.reps)
    assert [rep.pause_s for rep in paused if not rep.flags] == [rep.pause_s for rep in with_pauses(left_alone.reps)]
    assert [rep.pause_s for rep in paused if rep.flags] == [None]


def _flexed(shape: Shape, time_s: float) -> Body:
    return Body(left=shape.flexion(time_s), right=shape.flexion(time_s))


def test_removing_a_rep_when_there_is_none_does_nothing() -> None:
    sim = SimulatedSession()
    sim.lie(2)
    sim.coach.command(Command.REMOVE, sim.time_s)
    sim.lie(0.2)
    assert (sim.cues, sim.recorded) == ([Cue.READY], [])


def test_restarting_the_set_removes_its_reps_from_the_record() -> None:
    sim = SimulatedSession(SessionGoals(parse_plan("2x3"), rest_s=20))
    sim.lie(2)
    sim.raises(FULL, FULL, FULL)
    sim.lie(21)
    sim.raises(FULL, LOW)
    sim.coach.command(Command.RESTART, sim.time_s)
    sim.lie(0.5)
    assert [event.number for event in sim.recorded if isinstance(event, RepRemoved)] == [4, 5]
    status = sim.now.status
    assert (status.set, status.full, status.session, status.today) == (2, 0, 3, 3)
    sim.raises(FULL, FULL, FULL)
    assert sim.announced[-1] == (Cue.WORKOUT_DONE, 6)


def test_a_finished_set_that_is_restarted_is_not_finished() -> None:
    sim = SimulatedSession(SessionGoals(parse_plan("1x1")))
    sim.lie(2)
    sim.raises(FULL)
    stages = [sim.now.status.stage]
    sim.coach.command(Command.RESTART, sim.time_s)
    sim.lie(0.5)
    stages.append(sim.now.status.stage)
    assert stages == [Stage.DONE, Stage.COUNTING]
    sim.raises(FULL)
    assert sim.announced[-2:] == [(Cue.COUNT, 1), (Cue.WORKOUT_DONE, 1)]


def test_the_next_set_is_a_key_away() -> None:
    sim = SimulatedSession(SessionGoals(parse_plan("3x5"), rest_s=60))
    sim.lie(2)
    sim.raises(FULL)
    sim.coach.command(Command.NEXT, sim.time_s)
    sim.lie(1)
    assert sim.announced[-1] == (Cue.SET_DONE, 1)
    sim.coach.command(Command.NEXT, sim.time_s)
    sim.lie(1)
    assert (sim.announced[-1], sim.now.status.stage) == ((Cue.REST_OVER, 2), Stage.COUNTING)
    sim.raises(FULL)
    assert [rep.set for rep in sim.reps] == [1, 2]
    assert sim.announced[-1] == (Cue.COUNT, 1)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ({"who": None}, Cue.NOBODY),
        ({"who": None, "dark": True}, Cue.TOO_DARK),
        ({"who": pose(SITTING)}, Cue.NOT_LYING),
    ],
)
def test_an_obstacle_is_announced_after_a_while_and_again_later(seen: dict[str, object], expected: Cue) -> None:
    sim = SimulatedSession()
    for _ in range(300):
        sim.see(**seen)  # type: ignore[arg-type]
    assert sim.cues == [expected, expected]
    assert sim.when(expected) == [pytest.approx(2.0, abs=0.2), pytest.approx(14.0, abs=0.2)]
    assert (sim.now.status.stage, sim.now.status.problem) == (Stage.PLACING, expected)


def test_who_raises_the_legs_without_having_lain_still_hears_what_to_do() -> None:
    """Between two quick reps they lie still for a moment, but not for the second that it takes."""
    sim = SimulatedSession()
    sim.raises(*[Shape(rest=4, raise_s=1.0, hold_s=0.1, lower_s=1.0, pause_s=0.4)] * 8)
    assert set(sim.cues) == {Cue.NOT_STILL}
    first_s, second_s = sim.when(Cue.NOT_STILL)
    assert first_s < 5
    assert 12 <= second_s - first_s < 17
    sim.lie(1.5)
    sim.raises(FULL)
    assert sim.cues[2:] == [Cue.READY, Cue.COUNT]


def test_what_prevented_counting_to_the_end() -> None:
    """Somebody who is seen at the end only was seen."""
    sim = SimulatedSession()
    obstacles = [sim.coach.obstacle]
    sim.see(None, dark=True)
    obstacles.append(sim.coach.obstacle)
    sim.lie(0.5)
    obstacles.append(sim.coach.obstacle)
    sim.lie(1)
    sim.see(None)
    assert [*obstacles, sim.coach.obstacle] == [Cue.NOBODY, Cue.TOO_DARK, Cue.NOT_STILL, None]


def test_nobody_has_to_lie_during_the_rest() -> None:
    sim = SimulatedSession(SessionGoals(parse_plan("2x1"), rest_s=40))
    sim.lie(2)
    sim.raises(FULL)
    sim.leave(39)
    assert Cue.NOBODY not in sim.cues
    sim.leave(10)
    assert sim.cues[-2:] == [Cue.REST_OVER, Cue.NOBODY]


def test_a_second_person_is_announced_once_and_stops_nothing() -> None:
    sim = SimulatedSession()
    sim.play(30, lambda _: LYING, people=2)
    assert sim.cues == [Cue.READY, Cue.TWO_PEOPLE]


def test_the_count_survives_a_lost_camera() -> None:
    sim = SimulatedSession()
    sim.lie(2)
    sim.raises(FULL)
    sim.coach.camera_fault(Announcement(Cue.CAMERA_LOST))
    lost = sim.coach.idle(sim.time_s + 1)
    assert (lost.status.stage, lost.status.full, lost.status.problem) == (Stage.NO_PICTURE, 1, Cue.CAMERA_LOST)
    sim.time_s += 3
    sim.coach.camera_fault(Announcement(Cue.CAMERA_BACK))
    sim.lie(2)
    sim.raises(FULL)
    assert list(sim.counts) == [1, 2]
    assert sim.now.status.stage is Stage.COUNTING


@pytest.mark.parametrize("cue", [Cue.CAMERA_FROZEN, Cue.CAMERA_SLOW])
def test_a_frozen_or_slow_camera_is_shown_for_as_long_as_it_lasts(cue: Cue) -> None:
    """Frames still arrive."""
    sim = SimulatedSession()
    sim.lie(2)
    sim.coach.camera_fault(Announcement(cue, 8))
    shown = []
    for _ in range(30):
        sim.see(pose(LYING), camera_hz=8.0)
        shown.append(sim.now.status.problem)
    assert shown == [cue] * 30
    if cue is Cue.CAMERA_FROZEN:
        assert sim.now.status.stage is Stage.NO_PICTURE
        sim.coach.camera_fault(Announcement(Cue.CAMERA_BACK))
    sim.lie(1)
    assert (sim.now.status.problem, sim.now.status.stage) == (None, Stage.COUNTING)


def test_live_and_the_camera_call_the_same_rate_slow() -> None:
    assert coach.CAMERA_OK_HZ == capture_loop.SLOW_HZ


def test_a_machine_that_is_too_slow_is_announced_once() -> None:
    sim = SimulatedSession()
    sim.lie(3)
    for _ in range(120):
        sim.see(pose(LYING))
        sim.time_s += 1 / 15  # every other frame of those due is missed
    assert sim.announced == [(Cue.READY, 0), (Cue.SLOWED_DOWN, 8)]


def test_a_slow_camera_is_no_slow_machine() -> None:
    sim = SimulatedSession()
    for _ in range(120):
        sim.see(pose(LYING), camera_hz=7.5)
        sim.time_s += 1 / 15
    assert sim.cues == [Cue.READY]


def test_a_rep_interrupted_by_a_lost_camera_is_not_counted() -> None:
    """Its raise was seen and its lower was seen; what happened in between was not."""
    sim = SimulatedSession()
    sim.lie(2)
    shape = Shape(rest=4, hold_s=3)
    sim.play(3, lambda t: Body(left=shape.flexion(t), right=shape.flexion(t)))
    sim.time_s += 3
    sim.play(4, lambda t: Body(left=shape.flexion(t + 4), right=shape.flexion(t + 4)))
    sim.lie(1)
    assert list(sim.counts) == []
    sim.raises(FULL)
    assert list(sim.counts) == [1]
