"""When a raise starts and a lower ends: softly, pushed off, creeping, with a head that is lifted before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import pairwise
from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.signals import Shape, least_jerk, made

from repcount.counting.moments import Flank, Moment, movement_end, movement_onset
from repcount.pipeline import count
from repcount.types import Sample

HZ = 15.0
START_S = 2.0


def softly(time_s: float, raise_s: float = 1.5) -> float:
    return 85.0 * least_jerk(time_s / raise_s)


def pushed_off(time_s: float) -> float:
    """At an even 40° a second, from one moment to the next."""
    return min(40.0 * max(time_s, 0.0), 85.0)


def raised(lift: object, rest_deg: float = 5.0, length_s: float = 6.0) -> list[tuple[float, float]]:
    """A flank of `lift` that starts at `START_S`, in reverse order from the top."""
    assert callable(lift)
    times = [i / HZ for i in range(round(length_s * HZ))]
    return [(time_s, rest_deg + lift(time_s - START_S)) for time_s in reversed(times)]


@pytest.mark.parametrize("raise_s", [0.6, 1.0, 1.5, 2.0, 3.5])
def test_legs_that_leave_softly_are_reckoned_back_to_when_nothing_is_seen_yet(raise_s: float) -> None:
    """At a raise of 3.5 s the legs are half a degree up 0.3 s after the start."""
    assert movement_onset(raised(lambda t: softly(t, raise_s))).time_s == pytest.approx(START_S, abs=0.08)
    lowered = [(8 - t, x) for t, x in raised(lambda t: softly(t, raise_s))]
    assert movement_end(lowered).time_s == pytest.approx(6, abs=0.08)


def test_legs_that_push_off_start_when_they_are_seen_to_move() -> None:
    """Least jerk would have started at that height 0.3 s before."""
    assert movement_onset(raised(pushed_off)).time_s == pytest.approx(START_S + 0.02, abs=0.03)


@pytest.mark.parametrize("hz", [8, 10, 15, 30])
@pytest.mark.parametrize("raise_s", [1.0, 2.0, 3.0])
def test_a_partial_raise_starts_no_later_than_a_full_one(raise_s: float, hz: int) -> None:
    """The lower it is, the longer the legs take to be seen off the floor, at any rate."""
    times = [i / hz for i in reversed(range(6 * hz))]
    flank = [(time_s, 0.5 * softly(time_s - START_S, raise_s)) for time_s in times]
    assert movement_onset(flank).time_s == pytest.approx(START_S, abs=0.1)


@pytest.mark.parametrize("moment", [movement_onset, lambda flank: movement_end([(-t, x) for t, x in flank])])
def test_a_moment_tells_how_far_it_lies_from_where_it_is_reckoned_to_be(moment: Callable[[Flank], Moment]) -> None:
    """Legs that leave softly do so where reckoned, however slow they are; those that push off 0.2 s later and more."""
    for raise_s in (0.6, 1.5, 3.0):
        assert moment(raised(partial(softly, raise_s=raise_s))).apart_s < 0.05
    assert moment(raised(pushed_off)).apart_s > 0.2


@pytest.mark.parametrize(
    ("name", "lift", "before", "as_seen"),
    [
        ("the first rep, pushed off", pushed_off, [], True),
        ("pushed off, as ever", pushed_off, [1.5, 2.0], True),
        ("pushed off, by somebody who leaves softly", pushed_off, [0.6, 0.8, 0.7], False),
        ("softly, as ever", softly, [0.6, 0.8, 0.7], False),
        ("softly, by somebody who pushes off", softly, [1.5, 2.0, 1.8], True),
        ("one odd rep among soft ones", softly, [0.6, 9.0, 0.7], False),
    ],
)
def test_how_somebody_leaves_is_told_by_the_reps_before_too(
    name: str, lift: Callable[[float], float], before: list[float], as_seen: bool
) -> None:
    """A start that is reckoned lies where it is reckoned to be, and one that is seen as far from it as is seen."""
    start = movement_onset(raised(lift), abruptness_before=before)
    assert start.late_s > 0.1
    assert start.apart_s == pytest.approx(start.late_s if as_seen else 0.0), name


def test_one_odd_start_among_soft_ones_is_held_for_a_soft_one() -> None:
    """The third of four raises is pushed off: its start is reckoned, 0.3 s before it shows. As the first it is seen."""

    def pushed(clean: list[Sample], from_s: float) -> list[Sample]:
        def hip_deg(sample: Sample) -> float:
            into_s = sample.time_s - from_s
            return 175.0 - pushed_off(into_s) if 0.0 <= into_s <= 85 / 40 else sample.hip_deg

        return [replace(sample, hip_deg=hip_deg(sample)) for sample in clean]

    shape = Shape(raise_s=85 / 40, pause_s=1.5)
    clean = made(*[shape] * 4, rate_hz=HZ)
    third_s = 1.0 + 2 * shape.length_s
    (*_, third, _), (first, *_) = count(pushed(clean, third_s)).reps, count(pushed(clean, 1.0)).reps
    assert first.start_s == pytest.approx(1.0, abs=0.1)
    assert third.start_s - third_s < first.start_s - 1.0 - 0.1


@pytest.mark.parametrize("sunk_deg", [2.0, 2.5])
def test_an_end_is_hardly_delayed_by_landmarks_that_sink_on(sunk_deg: float) -> None:
    """The legs are down at 6 s and the landmarks sink for a second more: what is seen ends 0.3 s late."""
    lowered = [(8 - t, x) for t, x in raised(softly)]
    sinking = [(t, x - sunk_deg * min(max(t - 6, 0), 1)) for t, x in lowered]
    assert movement_end(sinking).time_s == pytest.approx(6, abs=0.2)


@pytest.mark.parametrize("drift_deg", [1.0, 2.0, 3.0])
def test_a_slow_drift_before_the_raise_is_no_start(drift_deg: float) -> None:
    """A head that is lifted in the second before tilts trunk and legs."""

    def drifting(time_s: float) -> float:
        return drift_deg * min(max(time_s + 1.5, 0.0), 1.0) + pushed_off(time_s)

    assert movement_onset(raised(drifting)).time_s == pytest.approx(START_S, abs=0.1)


def test_legs_that_creep_down_end_when_they_have_all_but_stopped() -> None:
    """From 20° on they sink by a factor of e each 0.3 s: half a degree is left after 1.1 s."""

    def sinking(time_s: float) -> float:
        return max(85.0 - 40.0 * time_s, 20.0 * exp(-max(time_s - 65 / 40, 0.0) / 0.3))

    flank = [(i / HZ, 5.0 + sinking(i / HZ)) for i in range(round(6 * HZ))]
    assert movement_end(flank).time_s == pytest.approx(65 / 40 + 1.4, abs=0.3)


@given(st.floats(-50.0, 50.0), st.floats(-10.0, 20.0), st.sampled_from([softly, pushed_off]))
def test_neither_the_time_nor_the_place_of_the_bottom_matters(later_s: float, higher_deg: float, lift: object) -> None:
    flank = raised(lift)
    moved = [(time_s + later_s, deg + higher_deg) for time_s, deg in flank]
    assert movement_onset(moved).time_s == pytest.approx(movement_onset(flank).time_s + later_s, abs=1e-6)
    there = [(-time_s, deg) for time_s, deg in flank]
    back = [(-time_s, deg) for time_s, deg in moved]
    assert movement_end(back).time_s == pytest.approx(movement_end(there).time_s - later_s, abs=1e-6)


def test_start_and_end_are_those_of_the_heels_where_they_are_known() -> None:
    """Here the heels follow the thighs two samples late."""
    clean = made(Shape(), Shape(), rate_hz=HZ)
    shifted = [
        replace(sample, ankle_deg=180.0 - sample.hip_deg, heels_deg=180.0 - clean[max(i - 2, 0)].hip_deg)
        for i, sample in enumerate(clean)
    ]
    before, after = count(clean).reps, count(shifted).reps
    assert len(before) == len(after) == 2
    for early, late_rep in zip(before, after, strict=True):
        assert late_rep.start_s - early.start_s == pytest.approx(2 / HZ, abs=0.02)
        assert late_rep.end_s - early.end_s == pytest.approx(2 / HZ, abs=0.04)
        assert late_rep.top_flexion_deg == pytest.approx(early.top_flexion_deg, abs=0.5)


def tossed(clean: list[Sample], lowest: int, late: int = 2) -> list[Sample]:
    """With one sample in which the thighs lie 0.4° lower, and heels that are `late` by so many samples."""
    return [
        replace(
            sample,
            hip_deg=sample.hip_deg + 0.4 * (i == lowest),
            ankle_deg=180.0 - sample.hip_deg,
            heels_deg=180.0 - clean[min(max(i - late, 0), len(clean) - 1)].hip_deg,
        )
        for i, sample in enumerate(clean)
    ]


@pytest.mark.parametrize("dip", range(6))
def test_which_sample_of_the_resting_thighs_is_the_lowest_does_not_move_the_end(dip: int) -> None:
    """Compression makes it a toss of a coin."""
    clean = made(Shape(lower_s=1.2), rate_hz=HZ)
    down = next(i for i, sample in enumerate(clean) if i > 40 and sample.hip_deg > 179.0 - Shape().rest)
    (usual,), (rep,) = count(tossed(clean, -1)).reps, count(tossed(clean, down + dip)).reps
    assert rep.end_s == pytest.approx(usual.end_s, abs=0.02)


@pytest.mark.parametrize("dip", range(4))
def test_nor_does_it_move_the_start_of_the_next_rep(dip: int) -> None:
    """Between two quick reps the thighs lie for a moment only, and the heels leave first."""
    clean = made(Shape(raise_s=0.6, hold_s=0.0, lower_s=0.6, pause_s=0.1), Shape(raise_s=0.6), rate_hz=HZ)
    resting = [i for i, sample in enumerate(clean) if 1.9 < sample.time_s < 2.5 and sample.hip_deg > 173.0]
    (_, usual), (_, rep) = (count(tossed(clean, lowest, late=-2)).reps for lowest in (-1, resting[dip]))
    assert rep.start_s == pytest.approx(usual.start_s, abs=0.02)


@pytest.mark.parametrize("late_s", [-0.2, 0.0, 0.1, 0.2, 0.3])
def test_thighs_that_are_lowest_around_the_start_do_not_move_it(late_s: float) -> None:
    """By 1.5°, as a model sees them on noisy pictures: the heels have lain for long, or have left."""
    clean = [replace(s, ankle_deg=180.0 - s.hip_deg, heels_deg=180.0 - s.hip_deg) for s in made(Shape(), Shape())]
    (_, usual) = count(clean).reps
    lowest_s = usual.start_s + late_s
    dipped = [replace(s, hip_deg=s.hip_deg + 1.5 * (abs(s.time_s - lowest_s) < 0.1)) for s in clean]
    (_, rep) = count(dipped).reps
    assert rep.start_s == pytest.approx(usual.start_s, abs=0.02)
    assert rep.rest_flexion_deg == pytest.approx(usual.rest_flexion_deg, abs=1.0)


def test_a_rep_starts_no_sooner_than_the_one_before_ended() -> None:
    """Of quick reps without a pause."""
    shape = Shape(raise_s=0.6, hold_s=0.0, lower_s=0.6, pause_s=0.0)
    reps = count(tossed(made(*[shape] * 6, rate_hz=HZ), -1)).reps
    assert len(reps) == 6
    assert all(before.end_s <= after.start_s <= before.end_s + 0.1 for before, after in pairwise(reps))


def test_the_heels_do_not_count_where_one_leg_is_far_from_the_other() -> None:
    """The far one may be somebody else's: its heel would take the middle of the two along."""
    clean = [
        replace(sample, ankle_deg=180.0 - sample.hip_deg, other_hip_deg=175.0 - (180.0 - sample.hip_deg) / 3)
        for sample in made(Shape(), Shape(), rate_hz=HZ)
    ]
    wrong = [replace(sample, heels_deg=20.0) for sample in clean]
    assert [(r.start_s, r.end_s) for r in count(wrong).reps] == [(r.start_s, r.end_s) for r in count(clean).reps]
