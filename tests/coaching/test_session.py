"""Parsing of workout plans."""

from __future__ import annotations

import pytest

from repcount.coaching.session import FREE, WorkoutPlan, parse_plan
from repcount.errors import SettingError


@pytest.mark.parametrize(
    ("text", "plan"),
    [
        (None, FREE),
        ("free", FREE),
        ("3x30", WorkoutPlan(3, 30)),
        (" 5 X 20 ", WorkoutPlan(5, 20)),
        ("3×30+", WorkoutPlan(3, 30, more=True)),
    ],
)
def test_a_plan_is_sets_times_reps(text: str | None, plan: WorkoutPlan) -> None:
    assert parse_plan(text) == plan


@pytest.mark.parametrize("text", ["", "30", "0x30", "3x0", "3x30x2", "x", "-3x30", "3x30++", "999x10"])
def test_any_other_plan_is_an_error_with_examples(text: str) -> None:
    with pytest.raises(SettingError, match="3x30, 5x20 or 3x30"):
        parse_plan(text)
