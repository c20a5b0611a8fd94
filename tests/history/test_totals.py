"""Sums over days, weeks and sessions."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from itertools import pairwise
from math import isnan, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repcount.config import Config
from repcount.history import totals
from repcount.history.totals import DateRange, Session, Totals
from repcount.types import Flag, Rep

REP = Rep(1, 1, 0.0, 2.0, 4.4, 2.0, 0.4, 2.0, None, 90.0, 4.0, 170.0, True, (), 0.95)
BY_HAND = replace(REP, raise_s=nan, lower_s=nan, top_flexion_deg=nan, flags=(Flag.BY_HAND,))


def session(started: datetime, *reps: Rep, number: int = 1) -> Session:
    numbered = tuple(replace(rep, number=i) for i, rep in enumerate(reps, 1))
    return Session(number, started, None, "0", "free", Config(), numbered)


def at(hour_s: float, **others: object) -> Rep:
    return replace(REP, start_s=hour_s - 4.4, end_s=hour_s, **others)  # type: ignore[arg-type]


MORNING = datetime(2026, 11, 22, 7, 30, tzinfo=timezone(timedelta(hours=1)))

# --- the day of a rep ---------------------------------------------------------------------------------------


def test_a_session_over_midnight_counts_each_rep_on_its_own_day() -> None:
    started = MORNING.replace(hour=23, minute=59, second=30)
    periods = totals.by_day([session(started, at(29.9), at(30.0), at(40.0, full=False))])
    assert [(p.first, p.totals.full, p.totals.partial) for p in periods] == [
        (date(2026, 11, 22), 1, 0),
        (date(2026, 11, 23), 1, 1),
    ]


@pytest.mark.parametrize("offset_h", [-12, -3.5, 0, 1, 14])
def test_the_day_is_that_of_the_place_not_of_greenwich(offset_h: float) -> None:
    started = datetime(2026, 11, 22, 23, 0, tzinfo=timezone(timedelta(hours=offset_h)))
    assert totals.day_of(started, at(60)) == date(2026, 11, 22)
    assert totals.day_of(started, at(3601)) == date(2026, 11, 23)


def test_an_hour_that_the_clock_skips_or_repeats_makes_no_other_day() -> None:
    """Summer time ends on 25 October: two sessions at the same time by the clock, an hour apart, on one day."""
    summer, winter = timezone(timedelta(hours=2)), timezone(timedelta(hours=1))
    first = session(datetime(2026, 10, 25, 2, 30, tzinfo=summer), at(10), at(4000), number=1)
    second = session(datetime(2026, 10, 25, 2, 30, tzinfo=winter), at(10), number=2)
    (day,) = totals.by_day([first, second])
    assert (day.first, day.totals.full, day.totals.sessions) == (date(2026, 10, 25), 3, 2)


def test_a_rep_without_a_time_is_of_the_first_day() -> None:
    assert totals.day_of(MORNING, replace(REP, end_s=nan)) == date(2026, 11, 22)


# --- sums ---------------------------------------------------------------------------------------------------


def test_counts_and_means() -> None:
    """Means are of full reps that were measured: a try is no measure of the tempo, a key none of the flexion."""
    reps = [
        at(5, raise_s=1.0, flags=(Flag.FAST_RAISE, Flag.FAST_LOWER)),
        at(10, raise_s=2.0),
        at(40, set=2, raise_s=9.0, top_flexion_deg=40.0, full=False, flags=(Flag.SHORT_TOP,)),
        replace(BY_HAND, set=2, end_s=50),
    ]
    sums = totals.totals([session(MORNING, *reps)])
    assert sums == Totals(
        sessions=1,
        sets=2,
        full=3,
        partial=1,
        fast=1,
        by_hand=1,
        full_share=0.75,
        raise_s=1.5,
        lower_s=2.0,
        top_flexion_deg=90.0,
        best_set=2,
    )


def test_of_nothing_there_is_no_mean() -> None:
    sums = totals.totals([])
    assert (sums.sessions, sums.sets, sums.full) == (0, 0, 0)
    assert all(isnan(mean) for mean in (sums.full_share, sums.raise_s, sums.lower_s, sums.top_flexion_deg))
    assert isnan(totals.totals([session(MORNING, BY_HAND)]).raise_s)


REPS = st.tuples(st.integers(0, 200_000), st.integers(1, 4), st.sampled_from([True, False]), st.integers(-5, 20)).map(
    lambda made: replace(
        REP,
        end_s=made[0],
        set=made[1],
        full=made[2],
        raise_s=made[3] if made[3] > 0 else nan,
        flags=(Flag.FAST_RAISE,) if made[3] == 1 else (),
    )
)
STARTS = st.tuples(st.integers(0, 60 * 24 * 40), st.sampled_from([-8, 0, 1])).map(
    lambda made: datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=made[1]))) + timedelta(minutes=made[0])
)
FEWER = settings(max_examples=60)
SESSIONS = st.lists(st.tuples(STARTS, st.lists(REPS, max_size=4)), max_size=4).map(
    lambda made: [session(start, *reps, number=i) for i, (start, reps) in enumerate(made, 1)]
)


@FEWER
@given(SESSIONS)
def test_no_rep_is_lost_or_counted_twice(sessions: list[Session]) -> None:
    every = totals.totals(sessions)
    for periods in (totals.by_day(sessions), totals.by_week(sessions)):
        for name in ("full", "partial", "fast", "by_hand"):
            assert sum(getattr(period.totals, name) for period in periods) == getattr(every, name)
    assert every.full + every.partial == sum(len(session.reps) for session in sessions)


@FEWER
@given(SESSIONS)
def test_periods_rise_do_not_overlap_and_hold_what_was_done_in_them(sessions: list[Session]) -> None:
    dates = {totals.day_of(session.started, rep) for session in sessions for rep in session.reps}
    assert {period.first for period in totals.by_day(sessions)} == dates
    weeks = totals.by_week(sessions)
    assert all(week.first.weekday() == 0 and week.last.weekday() == 6 for week in weeks)
    assert all(before.last < after.first for before, after in pairwise(weeks))
    assert all(any(week.first <= day <= week.last for week in weeks) for day in dates)


@FEWER
@given(SESSIONS, st.randoms(use_true_random=False))
def test_the_order_of_the_sessions_does_not_matter(sessions: list[Session], random: object) -> None:
    shuffled = list(sessions)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert totals.day_rows(sessions, date.min) == totals.day_rows(shuffled, date.min)


@FEWER
@given(SESSIONS)
def test_means_lie_among_what_they_are_means_of(sessions: list[Session]) -> None:
    known = [rep.raise_s for session in sessions for rep in session.reps if rep.full and not isnan(rep.raise_s)]
    mean = totals.totals(sessions).raise_s
    assert min(known) - 1e-9 <= mean <= max(known) + 1e-9 if known else isnan(mean)


# --- days without -------------------------------------------------------------------------------------------


def test_short_gaps_are_days_and_long_ones_are_told_in_one() -> None:
    one = Totals(sessions=1, full=1)
    done = [DateRange(date(2026, 11, day), 1, one) for day in (1, 4, 8)]
    line = totals.with_gaps(done, date(2026, 10, 31), date(2026, 11, 9))
    assert [(period.first.day, period.days, period.totals.full) for period in line] == [
        (31, 1, 0),
        (1, 1, 1),
        (2, 1, 0),
        (3, 1, 0),
        (4, 1, 1),
        (5, 3, 0),
        (8, 1, 1),
        (9, 1, 0),
    ]


@FEWER
@given(SESSIONS, st.integers(0, 5), st.integers(0, 30), st.integers(0, 30))
def test_with_its_gaps_a_line_has_every_day_once(
    sessions: list[Session], longest: int, before: int, after: int
) -> None:
    done = totals.by_day(sessions)
    first = (done[0].first if done else date(2026, 1, 1)) - timedelta(days=before)
    last = (done[-1].first if done else date(2026, 1, 1)) + timedelta(days=after)
    line = totals.with_gaps(done, first, last, longest)
    assert (line[0].first, line[-1].last) == (first, last)
    assert all(one.last + timedelta(days=1) == other.first for one, other in pairwise(line))
    assert [period for period in line if period.totals.sessions] == list(done)


# --- rows ---------------------------------------------------------------------------------------------------


def test_the_document_holds_days_and_sessions_in_plain_numbers() -> None:
    done = [session(MORNING, at(5, raise_s=1.23456), at(10, full=False), number=7)]
    document = totals.document(done, date.min, 100)
    sums = {
        "sets": 1,
        "full": 1,
        "partial": 1,
        "fast": 0,
        "by_hand": 0,
        "full_share": 0.5,
        "raise_s": 1.235,
        "lower_s": 2.0,
        "top_flexion_deg": 90.0,
        "best_set": 1,
        "person": "",
    }
    about = {"id": 7, "started": "2026-11-22T07:30:00+01:00", "ended": None, "source": "0", "plan": "free"}
    assert json.loads(json.dumps(document, allow_nan=False)) == {
        "schema": "repcount-history/1",
        "day_limit": 100,
        "days": [{"day": "2026-11-22", "sessions": 1, **sums}],
        "sessions": [{**about, **sums}],
    }
    assert list(document["days"][0]) == totals.DAY_COLUMNS
    assert list(document["sessions"][0]) == totals.SESSION_COLUMNS


@FEWER
@given(SESSIONS)
def test_rows_never_hold_what_json_cannot(sessions: list[Session]) -> None:
    json.dumps(totals.document(sessions, date.min, 100), allow_nan=False)
