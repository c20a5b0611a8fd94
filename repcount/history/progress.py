"""How somebody is doing: weeks, streak, best set, the same set last time. Pure; the current date is an argument."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import zip_longest
from math import isfinite, nan
from typing import Any

from repcount.history.totals import Session, Totals, by_day, by_week, day_of, rounded
from repcount.history.totals import totals as totals_of
from repcount.types import Rep

_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Week:
    """A week from Monday to Sunday."""

    first: date
    totals: Totals = field(default_factory=Totals)
    days: int = 0
    """Days with a rep."""


@dataclass(frozen=True, slots=True)
class SetResult:
    """One set of a session. Means are over the full reps; NaN if there are none."""

    session: int
    day: date
    number: int
    full: int
    partial: int
    fast: int = 0
    start_s: float = nan
    end_s: float = nan
    """From the start of the session; NaN if unknown."""
    raise_s: float = nan
    lower_s: float = nan
    top_flexion_deg: float = nan


@dataclass(frozen=True, slots=True)
class BestSet:
    """The set with the most full reps."""

    full: int
    day: date


@dataclass(frozen=True, slots=True)
class Progress:
    """The newest week beside the one before, and what lasts longer."""

    this_week: Week
    last_week: Week
    last_week_so_far: int
    """Full reps of the last week up to the same day of the week."""
    streak: int
    """Weeks in a row with a rep, this one included; it does not break before this week is over."""
    best: BestSet | None
    """The best set ever, the newest of several; None without one."""
    is_record: bool
    """Whether that was today, and more than ever before."""


def monday(day: date) -> date:
    """The first day of the week of `day`."""
    return day - timedelta(days=day.weekday())


def weeks(sessions: Iterable[Session], first: date, last: date) -> tuple[Week, ...]:
    """All weeks from that of `first` to that of `last`, oldest first, those without reps included."""
    sessions = list(sessions)
    totals = {period.first: period.totals for period in by_week(sessions)}
    active = [monday(period.first) for period in by_day(sessions)]
    count = (monday(last) - monday(first)).days // 7 + 1
    mondays = [monday(first) + i * _WEEK for i in range(count)]
    return tuple(Week(each, totals.get(each, Totals()), active.count(each)) for each in mondays)


def progress(
    sessions: Sequence[Session],
    active: Collection[date],
    best: BestSet | None,
    best_before: BestSet | None,
    today: date,
) -> Progress:
    """The progress of one person.

    `sessions` are at least those since Monday of the last week, `active` all days with a rep ever, `best_before` is the
    best set before today.
    """
    last_week, this_week = weeks(sessions, today - _WEEK, today)
    so_far = sum(period.totals.full for period in by_day(sessions) if last_week.first <= period.first <= today - _WEEK)
    is_record = best is not None and best_before is not None and best.day == today and best.full > best_before.full
    return Progress(this_week, last_week, so_far, _streak(active, today), best, is_record)


def _streak(active: Collection[date], today: date) -> int:
    mondays = {monday(day) for day in active}
    week, streak = monday(today), 0
    if week not in mondays:
        week -= _WEEK
    while week in mondays:
        week, streak = week - _WEEK, streak + 1
    return streak


def sets_of(session: Session) -> tuple[SetResult, ...]:
    """The sets of a session, in order."""
    reps: dict[int, list[Rep]] = {}
    for rep in session.reps:
        reps.setdefault(rep.set, []).append(rep)
    return tuple(_set_result(session, number, reps[number]) for number in sorted(reps))


def _set_result(session: Session, number: int, reps: Sequence[Rep]) -> SetResult:
    totals = totals_of([replace(session, reps=tuple(reps))])
    times = [time_s for rep in reps for time_s in (rep.start_s, rep.end_s) if isfinite(time_s)]
    return SetResult(
        session.id,
        day_of(session.started, reps[-1]),
        number,
        totals.full,
        totals.partial,
        totals.fast,
        min(times, default=nan),
        max(times, default=nan),
        totals.raise_s,
        totals.lower_s,
        totals.top_flexion_deg,
    )


def last_time(sessions: Iterable[Session], result: SetResult) -> SetResult | None:
    """The set with the same number in the newest session before; None if there is none. `sessions`: oldest first."""
    same = None
    for session in sessions:
        if session.id == result.session:
            return same
        same = next((each for each in sets_of(session) if each.number == result.number), same)
    return None


SET_COLUMNS = [
    "session", "started", "person", "set", "full", "partial", "fast", "start_s", "end_s", "rest_s", "raise_s",
    "lower_s", "top_flexion_deg",
]  # fmt: skip


def set_rows(sessions: Iterable[Session]) -> list[dict[str, Any]]:
    """One row of SET_COLUMNS per set; None if unknown. `rest_s` is the time until the next set."""
    rows = []
    for session in sessions:
        sets = sets_of(session)
        for result, after in zip_longest(sets, sets[1:]):
            values = {name: rounded(name, getattr(result, name)) for name in SET_COLUMNS[4:] if name != "rest_s"}
            known = {"session": session.id, "started": session.started.isoformat(timespec="seconds")}
            known |= {"person": session.person, "set": result.number}
            values["rest_s"] = rounded("rest_s", after.start_s - result.end_s) if after is not None else None
            rows.append({name: (known | values)[name] for name in SET_COLUMNS})
    return rows
