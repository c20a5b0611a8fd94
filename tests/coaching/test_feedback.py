"""What is said about reps, one after another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repcount.coaching import feedback
from repcount.coaching.events import CORRECTIONS, PACE_CUES, PARTIAL_CUES, Cue
from repcount.types import Flag, Rep

NOT_FULL = {Flag.SHORT_TOP, Flag.SHORT_BOTTOM, Flag.BENT_KNEES, Flag.LEGS_APART}

UP, DOWN, LOW, HALF = Flag.FAST_RAISE, Flag.FAST_LOWER, Flag.SHORT_TOP, Flag.SHORT_BOTTOM


def rep(*flags: Flag, top: float = 90.0, length_s: float = 4.0) -> Rep:
    half_s = length_s / 2
    full = not NOT_FULL & set(flags)
    return Rep(1, 1, 0.0, half_s, length_s, half_s, 0.0, half_s, None, top, 4.0, 175.0, full, flags, 0.9)


def said(*sets: Sequence[Rep]) -> list[Cue | None]:
    """What is said after each rep of some sets."""
    state, cues = feedback.FeedbackState(), []
    for reps in sets:
        for count, newest in enumerate(reps, start=1):
            state, cue = feedback.on_rep(state, newest, reps[:count])
            cues.append(cue)
    return cues


@pytest.mark.parametrize(
    ("reps", "expected"),
    [
        ([()], [None]),
        ([(UP, DOWN)], [Cue.SLOWER]),
        ([(UP,)], [Cue.RAISE_SLOWER]),
        ([(DOWN,)], [Cue.LOWER_SLOWER]),
        ([(LOW, UP, DOWN)], [Cue.HIGHER]),
        ([(HALF, LOW, UP)], [Cue.ALL_THE_WAY_DOWN]),
        ([(LOW, Flag.BENT_KNEES)], [Cue.LEGS_STRAIGHT]),
        ([(Flag.LEGS_APART, DOWN)], [Cue.LEGS_TOGETHER]),
        ([(Flag.HANDS_OFF_HEAD, Flag.LOW_CONFIDENCE)], [None]),
        ([(UP, DOWN)] * 8, [Cue.SLOWER, None, None, Cue.TAKE_YOUR_TIME, None, None, Cue.SLOWER, None]),
        ([(UP,), (DOWN,), (DOWN,), (DOWN,)], [Cue.RAISE_SLOWER, None, None, Cue.LOWER_SLOWER]),
        ([(UP, DOWN), (LOW,)] * 2 + [(UP, DOWN)], [Cue.SLOWER, Cue.HIGHER, None, Cue.HIGHER, Cue.TAKE_YOUR_TIME]),
        ([(LOW,)] * 4, [Cue.HIGHER] * 4),
    ],
)  # fmt: skip
def test_each_partial_rep_is_explained_and_pace_is_corrected_at_every_third_rep_at_most(
    reps: list[tuple[Flag, ...]], expected: list[Cue | None]
) -> None:
    assert said([rep(*flags) for flags in reps]) == expected


FLAGS = st.lists(st.sampled_from([UP, DOWN, LOW, HALF, Flag.BENT_KNEES, Flag.LEGS_APART]), unique=True)


@given(st.lists(st.tuples(FLAGS, st.floats(50, 100), st.floats(1, 6)), max_size=30))
def test_for_any_reps(reps: list[tuple[list[Flag], float, float]]) -> None:
    made = [rep(*flags, top=top, length_s=length_s) for flags, top, length_s in reps]
    cues = said(made)
    for one, cue in zip(made, cues, strict=True):
        assert (cue in PARTIAL_CUES) is not one.full
    pace = [(at, cue) for at, cue in enumerate(cues) if cue in PACE_CUES]
    assert all(then - before >= 3 and cue is not same for (before, same), (then, cue) in pairwise(pace))
    assert all(cues.count(cue) <= 1 for cue in CORRECTIONS - PARTIAL_CUES - PACE_CUES)


def heights(*tops: float) -> list[Rep]:
    return [rep(top=top) for top in tops]


def lengths(*seconds: float) -> list[Rep]:
    return [rep(length_s=length_s) for length_s in seconds]


@pytest.mark.parametrize(
    ("reps", "expected"),
    [
        pytest.param(heights(90, 91, 89, 81, 80, 79), {5: Cue.GETTING_LOWER}, id="lower"),
        pytest.param(heights(90, 91, 89, 83, 82.5, 83), {}, id="not clearly"),
        pytest.param(heights(90, 91, 81, 80), {}, id="too few reps"),
        pytest.param(heights(90, 91, 89, 81, 88, 80, 87), {}, id="now and then"),
        pytest.param(heights(90, 91, 89, *[80] * 9), {5: Cue.GETTING_LOWER}, id="once"),
        pytest.param(lengths(4, 4, 4, 3, 3, 2.9), {5: Cue.GETTING_FASTER}, id="faster"),
        pytest.param(lengths(4, 4, 4, 3.1, 3.1, 3.1), {}, id="not clearly faster"),
        pytest.param(lengths(3, 3, 3, 4, 4, 4), {}, id="slower is fine"),
    ],
)
def test_fatigue_is_said_once_when_it_is_clear(reps: list[Rep], expected: dict[int, Cue]) -> None:
    assert {at: cue for at, cue in enumerate(said(reps)) if cue} == expected


def test_the_baseline_is_that_of_the_set() -> None:
    """A second set that is lower from its start gets lower by nothing; one that gets lower is told again."""
    falling = heights(90, 91, 89, 81, 80, 79)
    assert [cue for cue in said(falling, heights(*[78] * 8)) if cue] == [Cue.GETTING_LOWER]
    assert [cue for cue in said(falling, falling) if cue] == [Cue.GETTING_LOWER] * 2


def test_whoever_was_told_to_slow_down_knows_that_it_is_faster() -> None:
    reps = [*lengths(4, 4, 4), *[replace(rep(UP, DOWN, length_s=2.0))] * 5]
    assert [cue for cue in said(reps) if cue] == [Cue.SLOWER, Cue.TAKE_YOUR_TIME]


def test_a_rep_added_by_hand_gets_no_words_and_is_no_baseline() -> None:
    by_hand = rep(Flag.BY_HAND, top=float("nan"))
    assert said([*heights(90, 91, 89), by_hand, *heights(81, 80), by_hand]) == [None] * 7
