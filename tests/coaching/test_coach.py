"""A live session from the first frame to the last, as somebody on the mat lives it."""

from __future__ import annotations

import pytest
from support.bodies import Body, pose
from support.signals import Shape
from support.stage import LYING, SITTING, Stage

from repcount.coaching.events import Announcement, Command, Cue
from repcount.coaching.events import Stage as Where
from repcount.coaching.session import SessionGoals, parse_plan
from repcount.types import Flag, RepRemoved

FULL = Shape(rest=4)
LOW = Shape(rest=4, top=45)
FAST = Shape(rest=4, raise_s=0.8, lower_s=0.8)


def test_lying_still_for_a_second_makes_ready_and_full_reps_are_numbered() -> None:
    played = Stage()
    played.lie(2)
    assert played.when(Cue.READY) == [pytest.approx(1.0, abs=0.1)]
    played.raises(FULL, FULL, FULL)
    played.lie(1)
    assert played.told == [(Cue.READY, 0), (Cue.COUNT, 1), (Cue.COUNT, 2), (Cue.COUNT, 3)]
    assert [rep.full for rep in played.reps] == [True, True, True]


def test_a_number_comes_within_half_a_second_of_the_legs_being_back() -> None:
    played = Stage()
    played.lie(2)
    played.raises(FULL, FULL)
    for said_s, rep in zip(played.when(Cue.COUNT), played.reps, strict=True):
        assert 0 <= said_s - rep.end_s < 0.55


def test_legs_that_go_up_before_anybody_was_ready_count_nothing() -> None:
    played = Stage()
    played.lie(0.4)
    played.raises(FULL)
    assert (list(played.counts), played.reps) == ([], [])
    assert played.now.status.stage is Where.COUNTING  # the pause after it was long enough to be ready
    played.raises(FULL)
    assert list(played.counts) == [1]


@pytest.mark.parametrize(
    ("shape", "knee", "told"),
    [
        (LOW, 180.0, [Cue.HIGHER]),
        (FAST, 180.0, [Cue.COUNT, Cue.SLOWER]),
        (Shape(rest=4, top=95), 100.0, [Cue.LEGS_STRAIGHT]),
        (FULL, 180.0, [Cue.COUNT]),
    ],
)
def test_a_flaw_gets_the_one_cue_that_helps_most(shape: Shape, knee: float, told: list[Cue]) -> None:
    played = Stage()
    played.lie(2)
    played.raises(shape, knee=knee)
    played.lie(1)
    assert played.says == [Cue.READY, *told]


def test_legs_that_are_not_brought_down_are_told() -> None:
    """Five degrees more than half way down, and up again."""
    played = Stage()
    played.lie(2)
    half = Shape(rest=45, top=90, raise_s=1.5, lower_s=1.5, pause_s=0)
    played.raises(Shape(rest=4, top=90, lower_s=0.01, pause_s=0, hold_s=0.3))
    played.raises(half, half)
    assert Cue.ALL_THE_WAY_DOWN in played.says


def test_a_plan_ends_the_set_times_the_rest_and_ends_the_workout() -> None:
    played = Stage(SessionGoals(parse_plan("2x2"), rest_s=30))
    played.lie(2)
    played.raises(FULL, FULL)
    end_s = played.reps[-1].end_s
    assert played.told[-2:] == [(Cue.COUNT, 2), (Cue.SET_DONE, 2)]
    assert (played.now.status.stage, played.now.status.full) == (Where.REST, 2)
    played.lie(30)
    assert played.told[-2:] == [(Cue.REST_SOON_OVER, 10), (Cue.REST_OVER, 2)]
    assert played.when(Cue.REST_SOON_OVER) == [pytest.approx(end_s + 20, abs=0.1)]
    assert played.when(Cue.REST_OVER) == [pytest.approx(end_s + 30, abs=0.1)]
    assert (played.now.status.set, played.now.status.full) == (2, 0)
    played.raises(FULL, FULL)
    assert played.told[-3:] == [(Cue.COUNT, 1), (Cue.COUNT, 2), (Cue.WORKOUT_DONE, 4)]
    assert played.now.status.stage is Where.DONE
    assert [rep.set for rep in played.reps] == [1, 1, 2, 2]


def test_reps_past_the_plan_still_count_and_the_set_is_not_done_twice() -> None:
    played = Stage(SessionGoals(parse_plan("2x2"), rest_s=60))
    played.lie(2)
    played.raises(FULL, FULL, FULL)
    assert list(played.counts) == [1, 2, 3]
    played.lie(100)
    assert played.says.count(Cue.SET_DONE) == 2
    assert Cue.WORKOUT_DONE not in played.says
    played.raises(FULL, FULL)
    assert played.says[-1] is Cue.WORKOUT_DONE


def test_with_a_plus_a_set_goes_on_past_its_reps_until_the_person_stops() -> None:
    played = Stage(SessionGoals(parse_plan("1x2+")))
    played.lie(2)
    played.raises(FULL, FULL, FULL)
    assert played.now.status.stage is Where.COUNTING
    played.lie(21)
    assert played.told[-1] == (Cue.WORKOUT_DONE, 3)


def test_without_a_plan_the_rest_gap_ends_a_set() -> None:
    played = Stage(SessionGoals(rest_s=60))
    played.lie(2)
    played.raises(FULL)
    played.lie(19)
    assert Cue.SET_DONE not in played.says
    played.lie(2)
    assert played.told[-1] == (Cue.SET_DONE, 1)
    played.raises(FULL)
    assert (played.now.status.set, played.now.status.full) == (2, 1)


def test_legs_that_are_still_up_hold_the_set_open() -> None:
    played = Stage()
    played.lie(2)
    played.raises(FULL, Shape(rest=4, hold_s=25))
    assert Cue.SET_DONE not in played.says
    assert list(played.counts) == [1, 2]


def test_the_last_five_are_announced_once_in_a_set() -> None:
    played = Stage(SessionGoals(parse_plan("1x12")))
    played.lie(2)
    played.raises(*[FULL] * 12)
    assert played.says.count(Cue.LAST_FIVE) == 1
    assert played.told[played.says.index(Cue.LAST_FIVE) - 1] == (Cue.COUNT, 7)


def test_the_days_limit_is_told_once_and_blocks_nothing() -> None:
    played = Stage(SessionGoals(day_limit=100), earlier=98)
    played.lie(2)
    played.raises(FULL, FULL, FULL)
    assert played.told[1:] == [(Cue.COUNT, 1), (Cue.COUNT, 2), (Cue.DAY_LIMIT, 100), (Cue.COUNT, 3)]
    assert played.now.status.today == 101


def test_sitting_up_disarms_and_lying_down_again_counts_nothing() -> None:
    played = Stage()
    played.lie(2)
    played.raises(FULL)
    played.sit_up(3)
    assert played.now.status.stage is Where.PLACING
    played.lie_down()
    played.lie(2)
    played.raises(FULL)
    assert list(played.counts) == [1, 2]
    assert len(played.reps) == 2
    assert played.says.count(Cue.READY) == 2


def test_a_rep_just_before_sitting_up_counts() -> None:
    played = Stage()
    played.lie(2)
    played.raises(Shape(rest=4, pause_s=0.0))
    played.sit_up(2)
    assert list(played.counts) == [1]


def test_a_rep_just_before_the_end_counts() -> None:
    played = Stage()
    played.lie(2)
    played.raises(Shape(rest=4, pause_s=0.0))
    played.moments.append(played.coach.end(played.time_s))
    assert list(played.counts) == [1]


def test_while_paused_nothing_counts() -> None:
    played = Stage()
    played.lie(2)
    played.coach.command(Command.PAUSE, played.time_s)
    played.raises(FULL)
    assert played.now.status.stage is Where.PAUSED
    played.coach.command(Command.PAUSE, played.time_s)
    played.lie(1)
    played.raises(FULL)
    assert played.says == [Cue.READY, Cue.PAUSED, Cue.GOING_ON, Cue.COUNT]


def test_the_count_is_corrected_by_hand_and_the_record_says_so() -> None:
    played = Stage()
    played.lie(2)
    played.raises(FULL, FULL)
    played.coach.command(Command.ADD, played.time_s)
    played.lie(0.2)
    assert (played.told[-1], played.now.status.full) == ((Cue.ADDED, 3), 3)
    assert played.reps[-1].flags == (Flag.BY_HAND,)
    for _ in range(2):
        played.coach.command(Command.REMOVE, played.time_s)
    played.lie(0.2)
    assert (played.told[-1], played.now.status.full) == ((Cue.REMOVED, 1), 1)
    assert [event.number for event in played.kept if isinstance(event, RepRemoved)] == [3, 2]
    played.raises(FULL)
    assert played.told[-1] == (Cue.COUNT, 2)
    assert played.reps[-1].number == 4


def test_taking_away_what_is_not_there_does_nothing() -> None:
    played = Stage()
    played.lie(2)
    played.coach.command(Command.REMOVE, played.time_s)
    played.lie(0.2)
    assert (played.says, played.kept) == ([Cue.READY], [])


def test_starting_the_set_again_takes_its_reps_off_the_record() -> None:
    played = Stage(SessionGoals(parse_plan("2x3"), rest_s=20))
    played.lie(2)
    played.raises(FULL, FULL, FULL)
    played.lie(21)
    played.raises(FULL, LOW)
    played.coach.command(Command.RESTART, played.time_s)
    played.lie(0.5)
    assert [event.number for event in played.kept if isinstance(event, RepRemoved)] == [4, 5]
    standing = played.now.status
    assert (standing.set, standing.full, standing.session, standing.today) == (2, 0, 3, 3)
    played.raises(FULL, FULL, FULL)
    assert played.told[-1] == (Cue.WORKOUT_DONE, 6)


def test_a_finished_set_that_is_started_again_is_not_finished() -> None:
    played = Stage(SessionGoals(parse_plan("1x1")))
    played.lie(2)
    played.raises(FULL)
    stages = [played.now.status.stage]
    played.coach.command(Command.RESTART, played.time_s)
    played.lie(0.5)
    stages.append(played.now.status.stage)
    assert stages == [Where.DONE, Where.COUNTING]
    played.raises(FULL)
    assert played.told[-2:] == [(Cue.COUNT, 1), (Cue.WORKOUT_DONE, 1)]


def test_the_next_set_is_a_key_away() -> None:
    played = Stage(SessionGoals(parse_plan("3x5"), rest_s=60))
    played.lie(2)
    played.raises(FULL)
    played.coach.command(Command.NEXT, played.time_s)
    played.lie(1)
    assert played.told[-1] == (Cue.SET_DONE, 1)
    played.coach.command(Command.NEXT, played.time_s)
    played.lie(1)
    assert (played.told[-1], played.now.status.stage) == ((Cue.REST_OVER, 2), Where.COUNTING)
    played.raises(FULL)
    assert [rep.set for rep in played.reps] == [1, 2]
    assert played.told[-1] == (Cue.COUNT, 1)


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        ({"who": None}, Cue.NOBODY),
        ({"who": None, "dark": True}, Cue.TOO_DARK),
        ({"who": pose(SITTING)}, Cue.NOT_LYING),
    ],
)
def test_what_hinders_is_told_after_a_while_and_again_after_a_longer_one(seen: dict[str, object], told: Cue) -> None:
    played = Stage()
    for _ in range(300):
        played.see(**seen)  # type: ignore[arg-type]
    assert played.says == [told, told]
    assert played.when(told) == [pytest.approx(2.0, abs=0.2), pytest.approx(14.0, abs=0.2)]
    assert (played.now.status.stage, played.now.status.problem) == (Where.PLACING, told)


def test_nobody_has_to_lie_during_the_rest() -> None:
    played = Stage(SessionGoals(parse_plan("2x1"), rest_s=40))
    played.lie(2)
    played.raises(FULL)
    played.leave(39)
    assert Cue.NOBODY not in played.says
    played.leave(10)
    assert played.says[-2:] == [Cue.REST_OVER, Cue.NOBODY]


def test_a_second_person_is_told_once_and_hinders_nobody() -> None:
    played = Stage()
    played.play(30, lambda _: LYING, people=2)
    assert played.says == [Cue.READY, Cue.TWO_PEOPLE]


def test_a_camera_that_goes_and_comes_keeps_the_count() -> None:
    played = Stage()
    played.lie(2)
    played.raises(FULL)
    played.coach.camera_fault(Announcement(Cue.CAMERA_LOST))
    lost = played.coach.idle(played.time_s + 1)
    assert (lost.status.stage, lost.status.full, lost.status.problem) == (Where.NO_PICTURE, 1, Cue.CAMERA_LOST)
    played.time_s += 3
    played.coach.camera_fault(Announcement(Cue.CAMERA_BACK))
    played.lie(2)
    played.raises(FULL)
    assert list(played.counts) == [1, 2]
    assert played.now.status.stage is Where.COUNTING


def test_a_machine_that_is_too_slow_says_so_once() -> None:
    played = Stage()
    played.lie(3)
    for _ in range(120):
        played.see(pose(LYING))
        played.time_s += 1 / 15  # every other frame of those due is missed
    assert played.told == [(Cue.READY, 0), (Cue.SLOWED_DOWN, 8)]


def test_a_slow_camera_is_no_slow_machine() -> None:
    played = Stage()
    for _ in range(120):
        played.see(pose(LYING), camera_hz=7.5)
        played.time_s += 1 / 15
    assert played.says == [Cue.READY]


def test_a_rep_that_the_lost_camera_cut_in_two_is_not_counted_twice() -> None:
    """Its raise was seen and its lower was seen; what happened in between was not."""
    played = Stage()
    played.lie(2)
    shape = Shape(rest=4, hold_s=3)
    played.play(3, lambda t: Body(left=shape.flexion(t), right=shape.flexion(t)))
    played.time_s += 3
    played.play(4, lambda t: Body(left=shape.flexion(t + 4), right=shape.flexion(t + 4)))
    played.lie(1)
    assert list(played.counts) == []
    played.raises(FULL)
    assert list(played.counts) == [1]
