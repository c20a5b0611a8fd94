"""Weeks, streaks, the best set, the same set last time."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from math import isnan, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.histories import START, rep

from repcount.config import Config
from repcount.history import progress
from repcount.history.progress import BestSet, SetResult
from repcount.history.totals import Session
from repcount.types import Flag

TODAY = date(2026, 11, 26)
"""A Thursday; START is the Sunday before."""


def on(back: int, *sets: int, number: int | None = None, person: str = "") -> Session:
    """A session so many days before TODAY with sets of so many full reps."""
    counts = [(index, full) for index, full in enumerate(sets, 1) for _ in range(full)]
    reps = tuple(rep(i, set=index) for i, (index, _) in enumerate(counts, 1))
    started = START + timedelta(days=4 - back)
    return Session(number if number is not None else 1000 - back, started, None, "0", "free", Config(), reps, person)


def test_weeks_run_from_monday_and_none_is_left_out() -> None:
    weeks = progress.weeks([on(25, 5), on(24, 7, 3), on(0, 8)], TODAY - timedelta(days=25), TODAY)
    assert [(week.first, week.totals.full, week.days, week.totals.best_set) for week in weeks] == [
        (date(2026, 10, 26), 5, 1, 5),
        (date(2026, 11, 2), 10, 1, 7),
        (date(2026, 11, 9), 0, 0, 0),
        (date(2026, 11, 16), 0, 0, 0),
        (date(2026, 11, 23), 8, 1, 8),
    ]


@settings(max_examples=30)
@given(st.integers(1, 400), st.integers(0, 6))
def test_so_many_weeks_as_the_days_touch(days: int, weekday: int) -> None:
    today = TODAY + timedelta(days=weekday)
    weeks = progress.weeks([], today - timedelta(days=days - 1), today)
    assert weeks[0].first <= today - timedelta(days=days - 1) < weeks[0].first + timedelta(days=7)
    assert weeks[-1].first <= today < weeks[-1].first + timedelta(days=7)
    assert all(b.first - a.first == timedelta(days=7) for a, b in pairwise(weeks))


def of(sessions: list[Session], active: list[int] | None = None) -> progress.Progress:
    days = [TODAY - timedelta(days=back) for back in active or []]
    return progress.progress(sessions, days, None, None, TODAY)


def test_the_week_is_compared_with_the_last_one_up_to_the_same_day() -> None:
    """Thursday: of the last week Monday to Thursday count, not Friday."""
    found = of([on(10, 4), on(7, 5), on(6, 100), on(3, 7), on(0, 8)])
    assert (found.last_week.totals.full, found.last_week_so_far, found.this_week.totals.full) == (109, 9, 15)


@pytest.mark.parametrize(
    ("active", "streak"),
    [
        ([], 0),
        ([0], 1),
        ([3], 1),  # Monday of this week
        ([4], 1),  # Sunday: this week is not over
        ([10], 1),  # Monday of the last week
        ([11], 0),  # Sunday of the week before that: a week was missed
        ([0, 4, 12, 18], 4),
        ([0, 12, 17], 1),
        ([4, 11, 18, 25], 4),
    ],
)
def test_a_streak_is_weeks_in_a_row_and_breaks_only_when_one_is_over(active: list[int], streak: int) -> None:
    assert of([], active).streak == streak


@pytest.mark.parametrize(
    ("best", "before", "is_record"),
    [
        (BestSet(30, TODAY), BestSet(29, TODAY - timedelta(days=1)), True),
        (BestSet(30, TODAY), BestSet(30, TODAY - timedelta(days=1)), False),
        (BestSet(30, TODAY - timedelta(days=1)), BestSet(30, TODAY - timedelta(days=1)), False),
        (BestSet(30, TODAY), None, False),  # the first day ever
        (None, None, False),
    ],
)
def test_a_record_is_more_than_ever_and_of_today(best: BestSet | None, before: BestSet | None, is_record: bool) -> None:
    assert progress.progress((), (), best, before, TODAY).is_record is is_record


def test_a_set_is_told_with_what_was_measured() -> None:
    reps = (
        rep(1, flags=(Flag.FAST_RAISE,), raise_s=1.0),
        rep(2, full=False),
        rep(3, set=2, start_s=nan, top_s=nan, raise_s=nan, lower_s=nan, top_flexion_deg=nan, flags=(Flag.BY_HAND,)),
    )
    one, other = progress.sets_of(Session(7, START, None, "0", "free", Config(), reps))
    assert one == SetResult(7, START.date(), 1, 1, 1, 1, reps[0].start_s, reps[1].end_s, 1.0, 2.0, 90.0)
    assert (other.number, other.full, other.start_s, other.end_s) == (2, 1, 15.0, 15.0)
    assert isnan(other.raise_s)


def test_the_same_set_last_time_is_that_of_the_newest_session_that_had_one() -> None:
    sessions = [on(9, 10, 11, 12), on(5, 20, 21), on(0, 30, 31, 32, 33)]
    before = [progress.last_time(sessions, each) for each in progress.sets_of(sessions[-1])]
    assert [each.full if each else None for each in before] == [20, 21, 12, None]
    assert progress.last_time(sessions, progress.sets_of(sessions[0])[0]) is None


def test_rows_of_sets_hold_the_rest_between_them() -> None:
    reps = (rep(1), rep(2), rep(3, set=2, start_s=70.0, end_s=75.0))
    one, other = progress.set_rows([Session(7, START, None, "0", "free", Config(), reps, "Anna")])
    assert list(one) == progress.SET_COLUMNS
    assert (one["session"], one["person"], one["set"], one["full"], one["start_s"], one["end_s"], one["rest_s"]) == (
        7,
        "Anna",
        1,
        2,
        0.6,
        10.0,
        60.0,
    )
    assert other["rest_s"] is None
