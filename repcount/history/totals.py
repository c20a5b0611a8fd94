"""Totals over sessions: by day, by week, overall. Pure functions; the current date is an argument."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime, timedelta
from itertools import groupby
from math import isfinite, nan
from typing import Any

from repcount.config import Config
from repcount.types import Flag, Rep

SCHEMA = "repcount-history/1"

_FAST = {Flag.FAST_RAISE, Flag.FAST_LOWER}
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Session:
    """One session, as recorded: a live one or that of a recorded video."""

    id: int
    started: datetime
    """Aware, in the local time zone at the start; clock changes during the session do not affect it."""
    ended: datetime | None
    """None if the session was cut off."""
    source: str
    plan: str
    settings: Config
    """The settings it was counted with, as far as this version knows them."""
    reps: tuple[Rep, ...]
    """In the order of their numbers, without those removed by hand; times in seconds from the start."""
    person: str = ""
    """Whose it is; empty without a name."""

    @property
    def length_s(self) -> float:
        """Seconds from the start to the end, or to the end of the last rep if the session was cut off."""
        if self.ended is not None:
            return (self.ended - self.started).total_seconds()
        return max((rep.end_s for rep in self.reps if isfinite(rep.end_s)), default=0.0)


def day_of(started: datetime, rep: Rep) -> date:
    """The local day of a rep: the start plus the rep's end time, so that midnight splits a session.

    A rep without a known time belongs to the day of the start.
    """
    return (started + timedelta(seconds=rep.end_s if isfinite(rep.end_s) else 0.0)).date()


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts and means over reps. Means are over the full reps with a measured value; NaN if there are none."""

    sessions: int = 0
    sets: int = 0
    full: int = 0
    partial: int = 0
    fast: int = 0
    by_hand: int = 0
    """Full reps added with a key."""
    full_share: float = nan
    """Full reps as a share of all reps, 0 to 1."""
    raise_s: float = nan
    lower_s: float = nan
    top_flexion_deg: float = nan
    best_set: int = 0
    """Full reps of the set with the most."""


@dataclass(frozen=True, slots=True)
class DateRange:
    """Consecutive days and the totals over them."""

    first: date
    days: int
    totals: Totals = Totals()

    @property
    def last(self) -> date:
        """The last day, inclusive."""
        return self.first + (self.days - 1) * _ONE_DAY


_TOTALS = [field.name for field in fields(Totals)]
DAY_COLUMNS = ["day", *_TOTALS, "person"]
SESSION_COLUMNS = ["id", "started", "ended", "source", "plan", *_TOTALS[1:], "person"]
"""Like DAY_COLUMNS, without the number of sessions."""

_SessionRep = tuple[Session, Rep]


def totals(sessions: Iterable[Session]) -> Totals:
    """The totals over all reps of the sessions."""
    return _sum(list(_session_reps(sessions)))


def by_day(sessions: Iterable[Session]) -> tuple[DateRange, ...]:
    """One range per day with a rep, oldest first."""
    return _group(sessions, lambda day: day, 1)


def by_week(sessions: Iterable[Session]) -> tuple[DateRange, ...]:
    """One range per week with a rep, oldest first. Weeks begin on Monday."""
    return _group(sessions, lambda day: day - day.weekday() * _ONE_DAY, 7)


def by_person(sessions: Iterable[Session]) -> list[tuple[str, tuple[Session, ...]]]:
    """The sessions of each person, by name; those without a name first, under an empty one."""
    own: dict[str, list[Session]] = {}
    for session in sessions:
        own.setdefault(session.person, []).append(session)
    return [(person, tuple(own[person])) for person in sorted(own)]


def since(periods: Iterable[DateRange], first: date) -> tuple[DateRange, ...]:
    """Those that begin on `first` or later."""
    return tuple(period for period in periods if period.first >= first)


def with_gaps(periods: Sequence[DateRange], first: date, last: date, longest: int = 2) -> tuple[DateRange, ...]:
    """`periods` with the days without exercise, from `first` to `last`, filled in.

    Each of these days is a range of its own, but more than `longest` in a row become one range.
    """
    filled: list[DateRange] = []
    start = first
    for period in periods:
        filled += [*_gap(start, period.first, longest), period]
        start = period.last + _ONE_DAY
    return (*filled, *_gap(start, last + _ONE_DAY, longest))


def _gap(first: date, stop: date, longest: int) -> list[DateRange]:
    """The days from `first` to the day before `stop`."""
    days = (stop - first).days
    if days > longest:
        return [DateRange(first, days)]
    return [DateRange(first + i * _ONE_DAY, 1) for i in range(days)]


def _session_reps(sessions: Iterable[Session]) -> Iterator[_SessionRep]:
    return ((session, rep) for session in sessions for rep in session.reps)


def _group(sessions: Iterable[Session], first_day: Callable[[date], date], days: int) -> tuple[DateRange, ...]:
    """Ranges of `days` days; `first_day` maps a day to the first of its range."""

    def key(session_rep: _SessionRep) -> date:
        session, rep = session_rep
        return first_day(day_of(session.started, rep))

    groups = groupby(sorted(_session_reps(sessions), key=key), key)
    return tuple(DateRange(first, days, _sum(list(group))) for first, group in groups)


def _sum(session_reps: Sequence[_SessionRep]) -> Totals:
    reps = [rep for _, rep in session_reps]
    full = [rep for rep in reps if rep.full]
    return Totals(
        sessions=len({session.id for session, _ in session_reps}),
        sets=len({(session.id, rep.set) for session, rep in session_reps}),
        full=len(full),
        partial=len(reps) - len(full),
        fast=sum(not _FAST.isdisjoint(rep.flags) for rep in reps),
        by_hand=sum(Flag.BY_HAND in rep.flags for rep in full),
        full_share=len(full) / len(reps) if reps else nan,
        raise_s=mean(rep.raise_s for rep in full),
        lower_s=mean(rep.lower_s for rep in full),
        top_flexion_deg=mean(rep.top_flexion_deg for rep in full),
        best_set=max(Counter((session.id, rep.set) for session, rep in session_reps if rep.full).values(), default=0),
    )


def mean(values: Iterable[float]) -> float:
    """The mean of those that are finite; NaN if none are."""
    known = [value for value in values if isfinite(value)]
    return sum(known) / len(known) if known else nan


def document(sessions: Sequence[Session], first: date, day_limit: int) -> dict[str, Any]:
    """Days since `first` and sessions as a `repcount-history/1` document, ready for `json.dump`."""
    rows = {"days": day_rows(sessions, first), "sessions": session_rows(sessions)}
    return {"schema": SCHEMA, "day_limit": day_limit, **rows}


def day_rows(sessions: Sequence[Session], first: date) -> list[dict[str, Any]]:
    """One row of DAY_COLUMNS per day since `first` and person; None if unknown."""
    found = [(period, person) for person, own in by_person(sessions) for period in since(by_day(own), first)]
    found.sort(key=lambda each: (each[0].first, each[1]))
    return [{"day": period.first.isoformat(), **_row(period.totals), "person": person} for period, person in found]


def session_rows(sessions: Iterable[Session]) -> list[dict[str, Any]]:
    """One row of SESSION_COLUMNS per session; None if unknown."""
    return [_session_row(session) for session in sessions]


def _session_row(session: Session) -> dict[str, Any]:
    times = {"started": session.started, "ended": session.ended}
    texts = {name: time and time.isoformat(timespec="seconds") for name, time in times.items()}
    known = {"id": session.id, **texts, "source": session.source, "plan": session.plan, "person": session.person}
    row = {**known, **_row(totals([session]))}
    return {name: row[name] for name in SESSION_COLUMNS}


def _row(values: Totals) -> dict[str, Any]:
    return {name: rounded(name, value) for name, value in asdict(values).items()}


def rounded(name: str, value: float) -> float | None:
    """To milliseconds and tenths of a degree, as in the CSV of the reps; None for NaN."""
    if isinstance(value, int):
        return value
    return round(value, 1 if name.endswith("_deg") else 3) if isfinite(value) else None
