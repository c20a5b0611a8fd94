"""The outlier guard and the One-Euro filter on plain numbers."""

from __future__ import annotations

from math import isnan, nan

import pytest
from support.signals import Shape, flexions

from repcount.counting import filters


def guarded(values: list[float], step_s: float = 1 / 30) -> list[float]:
    """What the guard says of each value, in order."""
    state = filters.OutlierGuard()
    answers = []
    for index, value in enumerate([*values, nan, nan]):
        state, answer = filters.push_outlier_guard(state, index * step_s, value)
        answers.append(answer)
    return answers[filters.DELAY :]


@pytest.mark.parametrize(
    ("values", "left_out"),
    [
        ([180, 180, 180, 180, 180], []),
        ([180, 175, 170, 165, 160, 155], []),
        ([180, 180, 100, 180, 180], [2]),
        ([180, 180, 100, 100, 180, 180, 180], [2, 3]),
        ([180, 180, 100, 40, 110, 180, 180, 180], [2, 3, 4]),
        ([100, 180, 180, 180], [0]),
        ([180, 180, 180, 100], [3]),
        ([180, nan, 180, 100, 180, nan, 180], [1, 3, 5]),
    ],
    ids=["still", "ramp", "one", "two", "three", "first", "last", "gaps"],
)
def test_values_that_legs_cannot_reach_are_left_out(values: list[float], left_out: list[int]) -> None:
    answers = guarded(values)
    assert [index for index, answer in enumerate(answers) if isnan(answer)] == left_out
    assert all(isnan(answer) or answer == value for answer, value in zip(answers, values, strict=True))


def test_a_jump_that_stays_becomes_the_new_truth_after_its_time() -> None:
    """At 10 Hz a new level is doubted for 0.3 s."""
    answers = guarded([180.0] * 5 + [90.0] * 8, step_s=0.1)
    known = [index for index, answer in enumerate(answers) if answer == 90.0]
    assert known == [7, 8, 9, 10, 11, 12]


def test_a_very_quick_raise_passes_at_ten_hertz() -> None:
    """90° in 0.5 s with least jerk: nothing is left out."""
    values = [180 - 90 * (s**3 * (10 - 15 * s + 6 * s**2)) for s in (0, 0, 0, 0.2, 0.4, 0.6, 0.8, 1, 1, 1)]
    assert guarded(values, step_s=0.1) == values


@pytest.mark.parametrize("rate_hz", [8, 10, 15, 24, 30])
@pytest.mark.parametrize("turn_s", [0.0, 1.0])
def test_legs_that_turn_round_at_their_quickest_pass_at_every_rate(rate_hz: int, turn_s: float) -> None:
    """90° up and down in 0.5 s each, three times without a pause, at the top or at the bottom."""
    quick = Shape(rest=0.0, top=90.0, raise_s=0.5, hold_s=turn_s, lower_s=0.5, pause_s=1.0 - turn_s)
    values = [flexion for _, flexion in flexions([quick] * 3, rate_hz)]
    assert guarded(values, step_s=1 / rate_hz) == values


@pytest.mark.parametrize("wild", [19.0, 75.0])
def test_a_wild_value_on_the_way_is_left_out_though_it_is_near_the_median(wild: float) -> None:
    """It would end the rep: 19° is back at the bottom, for legs on their way up from 14° at 15 Hz."""
    values = [28, 29, 32, 41, 43, wild, 53, 56, 60, 67]
    answers = guarded(values, step_s=1 / 15)
    assert [value for value, answer in zip(values, answers, strict=True) if isnan(answer)] == [wild]


def test_filter_starts_at_the_first_value_and_after_a_gap() -> None:
    state = filters.one_euro(filters.OneEuro(), 0.0, 170.0)
    assert (state.time_s, state.value, state.speed) == (0.0, 170.0, 0.0)
    assert filters.one_euro(state, 0.4, 90.0).value == 90.0


def test_filter_calms_jitter_and_follows_a_raise() -> None:
    state = filters.OneEuro()
    spread = []
    for index in range(60):
        state = filters.one_euro(state, index / 30, 180.0 + (1 if index % 2 else -1))
        spread.append(state.value - 180.0)
    assert max(map(abs, spread[30:])) < 0.35
    for index in range(60, 90):
        state = filters.one_euro(state, index / 30, 180.0 - 3 * (index - 59))
    assert state.value == pytest.approx(90.0, abs=3.0)
