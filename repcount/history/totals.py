"""Sums over sessions: by day, by week, in all. Pure: dates are handed in."""

from __future__ import annotations

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
    """One live session, as it is on the record."""

    id: int
    started: datetime
    """Aware, in the local time of the start; changes of the clock during the session do not matter."""
    ended: datetime | None
    """None where it was cut off."""
    source: str
    plan: str
    settings: Config
    """What it was counted with, as far as this version knows these settings."""
    reps: tuple[Rep, ...]
    """In the order of their numbers, without those taken off by hand; seconds from the start."""

    @property
    def length_s(self) -> float:
        """From the start to the end; where it was cut off, to the end of the last rep."""
        if self.ended is not None:
            return (self.ended - self.started).total_seconds()
        return max((rep.end_s for rep in self.reps if isfinite(rep.end_s)), default=0.0)


def day_of(started: datetime, rep: Rep) -> date:
    """The local day on which a rep was done: the start and the seconds since then, so that a session over
    midnight counts each rep on its own day. A rep whose time is not known is of the first day.
    """
    return (started + timedelta(seconds=rep.end_s if isfinite(rep.end_s) else 0.0)).date()


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums and means of some reps. Means are those of the full reps that were measured; NaN without any."""

    sessions: int = 0
    sets: int = 0
    full: int = 0
    partial: int = 0
    fast: int = 0
    by_hand: int = 0
    """Full reps that were added with a key."""
    full_share: float = nan
    """Share of the full reps in all, 0 to 1."""
    raise_s: float = nan
    lower_s: float = nan
    top_flexion_deg: float = nan


@dataclass(frozen=True, slots=True)
class DateRange:
    """Some days in a row and what was done on them."""

    first: date
    days: int
    totals: Totals = Totals()

    @property
    def last(self) -> date:
        """The last of the days."""
        return self.first + (self.days - 1) * _ONE_DAY


DAY_COLUMNS = ["day", *(field.name for field in fields(Totals))]
SESSION_COLUMNS = ["id", "started", "ended", "source", "plan", *DAY_COLUMNS[2:]]
"""A session's totals without the number of sessions."""

HistoryTotals = tuple[Session, Rep]


def totals(sessions: Iterable[Session]) -> Totals:
    """All of it in one sum."""
    return _sum(list(_done(sessions)))


def by_day(sessions: Iterable[Session]) -> tuple[DateRange, ...]:
    """The days on which something was done, oldest first."""
    return _by(sessions, lambda day: day, 1)


def by_week(sessions: Iterable[Session]) -> tuple[DateRange, ...]:
    """The same by weeks, which begin on Monday."""
    return _by(sessions, lambda day: day - day.weekday() * _ONE_DAY, 7)


def since(periods: Iterable[DateRange], first: date) -> tuple[DateRange, ...]:
    """The periods that begin on `first` or later."""
    return tuple(period for period in periods if period.first >= first)


def with_gaps(periods: Sequence[DateRange], first: date, last: date, longest: int = 2) -> tuple[DateRange, ...]:
    """Days and, from `first` to `last`, the days without exercise.

    Each of these is a period of its own; more than `longest` in a row are one.
    """
    line: list[DateRange] = []
    after = first
    for period in periods:
        line += [*_gap(after, period.first, longest), period]
        after = period.last + _ONE_DAY
    return (*line, *_gap(after, last + _ONE_DAY, longest))


def _gap(first: date, after: date, longest: int) -> list[DateRange]:
    days = (after - first).days
    if days > longest:
        return [DateRange(first, days)]
    return [DateRange(first + i * _ONE_DAY, 1) for i in range(days)]


def _done(sessions: Iterable[Session]) -> Iterator[HistoryTotals]:
    return ((session, rep) for session in sessions for rep in session.reps)


def _by(sessions: Iterable[Session], begin: Callable[[date], date], days: int) -> tuple[DateRange, ...]:
    def key(done: HistoryTotals) -> date:
        return begin(day_of(done[0].started, done[1]))

    return tuple(
        DateRange(first, days, _sum(list(group))) for first, group in groupby(sorted(_done(sessions), key=key), key)
    )


def _sum(done: Sequence[HistoryTotals]) -> Totals:
    reps = [rep for _, rep in done]
    full = [rep for rep in reps if rep.full]
    return Totals(
        sessions=len({session.id for session, _ in done}),
        sets=len({(session.id, rep.set) for session, rep in done}),
        full=len(full),
        partial=len(reps) - len(full),
        fast=sum(not _FAST.isdisjoint(rep.flags) for rep in reps),
        by_hand=sum(Flag.BY_HAND in rep.flags for rep in full),
        full_share=len(full) / len(reps) if reps else nan,
        raise_s=_mean(rep.raise_s for rep in full),
        lower_s=_mean(rep.lower_s for rep in full),
        top_flexion_deg=_mean(rep.top_flexion_deg for rep in full),
    )


def _mean(values: Iterable[float]) -> float:
    known = [value for value in values if isfinite(value)]
    return sum(known) / len(known) if known else nan


def document(periods: Iterable[DateRange], sessions: Iterable[Session], day_limit: int) -> dict[str, Any]:
    """Days and sessions as the `repcount-history/1` document."""
    rows = {"days": day_rows(periods), "sessions": session_rows(sessions)}
    return {"schema": SCHEMA, "day_limit": day_limit, **rows}


def day_rows(periods: Iterable[DateRange]) -> list[dict[str, Any]]:
    """One row of DAY_COLUMNS per day; unknown is None."""
    return [{"day": period.first.isoformat(), **_plain(period.totals)} for period in periods]


def session_rows(sessions: Iterable[Session]) -> list[dict[str, Any]]:
    """One row of SESSION_COLUMNS per session; unknown is None."""
    return [_session_row(session) for session in sessions]


def _session_row(session: Session) -> dict[str, Any]:
    moments = {"started": session.started, "ended": session.ended}
    told = {name: moment and moment.isoformat(timespec="seconds") for name, moment in moments.items()}
    row = {"id": session.id, **told, "source": session.source, "plan": session.plan, **_plain(totals([session]))}
    return {name: row[name] for name in SESSION_COLUMNS}


def _plain(sums: Totals) -> dict[str, Any]:
    return {name: _rounded(name, value) for name, value in asdict(sums).items()}


def _rounded(name: str, value: float) -> float | None:
    """Milliseconds and tenths of a degree, as the rep table has them."""
    if isinstance(value, int):
        return value
    return round(value, 1 if name.endswith("_deg") else 3) if isfinite(value) else None
