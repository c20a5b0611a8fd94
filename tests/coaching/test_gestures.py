"""Arms held up: what is a gesture, and what is not."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repcount.coaching.gestures import HOLD_S, GestureState, step

Part = tuple[float, float]
"""For so many seconds, whether an arm is up."""

DOWN, UP, UNSEEN = 0.0, 1.0, nan


def shown(parts: Sequence[Part], *, rate_hz: float = 15, trunk: float = 3.0, legs: float = 5.0) -> list[float]:
    """The times of the gestures in a sequence of parts."""
    state, gestures, time_s, start_s = GestureState(), [], 0.0, 0.0
    for length_s, arm in parts:
        while time_s < start_s + length_s:
            state, done = step(state, time_s, arm, trunk, legs)
            gestures += [time_s] if done else []
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
    assert len(gestures) == number
    first_up = next((sum(length for length, _ in parts[:i]) for i, (_, arm) in enumerate(parts) if arm == UP), 0.0)
    assert all(time_s >= first_up + HOLD_S for time_s in gestures)


def test_the_hold_is_exact() -> None:
    state = GestureState()
    for time_s in (0.0, 0.25, 0.5, 0.75):
        state, done = step(state, time_s, UP, 0.0, 0.0)
        assert not done
    assert step(state, HOLD_S, UP, 0.0, 0.0)[1]
    assert not step(state, HOLD_S - 0.001, UP, 0.0, 0.0)[1]


@pytest.mark.parametrize(
    ("trunk", "legs"), [(60.0, 5.0), (-50.0, 5.0), (3.0, 60.0), (nan, 5.0), (3.0, nan), (nan, nan)]
)
def test_who_does_not_lie_with_legs_down_controls_nothing(trunk: float, legs: float) -> None:
    assert shown([(1, DOWN), (3, UP), (1, DOWN)], trunk=trunk, legs=legs) == []


def test_a_hold_over_a_gap_without_frames_begins_anew() -> None:
    state, _ = step(GestureState(), 0.0, UP, 0.0, 0.0)
    assert not step(state, 5.0, UP, 0.0, 0.0)[1]


@given(st.lists(st.tuples(st.floats(0.05, 3), st.sampled_from([DOWN, UP, UNSEEN])), max_size=30))
def test_gestures_are_at_least_a_hold_apart(parts: list[Part]) -> None:
    gestures = shown(parts)
    assert all(later - earlier >= HOLD_S for earlier, later in pairwise(gestures))
