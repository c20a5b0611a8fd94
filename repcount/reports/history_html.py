"""The history as one HTML page: days, weeks, the daily limit, tempo and quality over time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from math import isnan
from typing import Any

from repcount.history import totals
from repcount.history.totals import DateRange, Session, Totals
from repcount.reports.findings import LEAST_DEG, clear, clear_tempo
from repcount.reports.history_svg import LAYOUTS, LEAST_DAYS, LEAST_SHARE, bars, charts, count, full_date
from repcount.reports.html import render_page, versions

Cell = tuple[str, float | str]
"""What is shown, and what it sorts by; empty where it is not known."""


def render_history_report(sessions: Sequence[Session], *, first: date, today: date, limit: int, made: str = "") -> str:
    """The page on the days from `first` to `today` (or to what a wrong clock has put after it).

    `sessions` as `History.sessions(first)` gives them; `limit` are the full reps of a day.
    """
    daily = totals.since(totals.by_day(sessions), first)
    weekly = totals.since(totals.by_week(sessions), _monday(first))
    last = max([today, *(period.first for period in daily)])
    # Not before `first`: the sessions before it were not read, and would be drawn as days off.
    begin = max(first, min([last - timedelta(days=LEAST_DAYS - 1), *(period.first for period in daily)]))
    return render_page(
        "history.html",
        "sort.js",
        verdict=history_sentence(daily, first, today, limit),
        span=f"{full_date(first)} to {full_date(last)}",
        figures=_figures(daily, today, limit),
        bars=[bars(daily, (begin, last), limit, layout) for layout in LAYOUTS],
        weeks=_calendar(daily, weekly, limit),
        charts=charts(daily, last) if daily else [],
        told=_changes(daily),
        days=[_row(period, limit) for period in reversed(daily)],
        limit=limit,
        made=made,
        versions=versions(),
    )


def history_sentence(daily: Sequence[DateRange], first: date, today: date, limit: int) -> str:
    """All of it in one sentence."""
    if not daily:
        return "No leg raises on record for these days."
    full = sum(period.totals.full for period in daily)
    span = (max(today, daily[-1].first) - first).days + 1
    over = sum(period.totals.full > limit for period in daily)
    now = sum(period.totals.full for period in daily if period.first == today)
    told = [f"{count(full, 'full rep')} on {len(daily)} of {count(span, 'day')}", f"today {now} of {limit}"]
    return "; ".join([*told, *([f"more than {limit} on {count(over, 'day')}"] if over else [])]) + "."


def _monday(when: date) -> date:
    return when - timedelta(days=when.weekday())


def _figures(daily: Sequence[DateRange], today: date, limit: int) -> list[tuple[str, str]]:
    sums = [period.totals for period in daily]
    full, partial = sum(each.full for each in sums), sum(each.partial for each in sums)
    now = sum(period.totals.full for period in daily if period.first == today)
    share = [("full of all reps", f"{full / (full + partial):.0%}")] if full + partial else []
    return [
        ("today", f"{now} of {limit}"),
        ("full", f"{full}"),
        ("partial", f"{partial}"),
        ("fast", f"{sum(each.fast for each in sums)}"),
        ("sets", f"{sum(each.sets for each in sums)}"),
        ("most in a day", f"{max((each.full for each in sums), default=0)}"),
        *share,
    ]


def _calendar(daily: Sequence[DateRange], weekly: Sequence[DateRange], limit: int) -> list[dict[str, Any]]:
    """The weeks in which something was done, the newest first, with their days from Monday on."""
    on = {period.first: period.totals for period in daily}
    weeks = []
    for week in reversed(weekly):
        its = [on.get(week.first + timedelta(days=i)) for i in range(7)]
        cells = [_cell(sums, limit) for sums in its]
        full = sum(sums.full for sums in its if sums)
        partial = sum(sums.partial for sums in its if sums)
        weeks.append({"name": f"{week.first.day} {week.first:%b}", "year": week.first.year, "cells": cells})
        weeks[-1] |= {"full": full, "partial": partial}
    return weeks


def _cell(sums: Totals | None, limit: int) -> dict[str, Any]:
    if sums is None:
        return {"full": "", "share": 0, "over": False}
    return {"full": sums.full, "share": min(round(100 * sums.full / limit), 100), "over": sums.full > limit}


def _changes(daily: Sequence[DateRange]) -> list[str]:
    """What changed clearly from the first of these days to the last."""
    sums = [period.totals for period in daily]
    told = []
    tempo = clear_tempo([each.raise_s + each.lower_s for each in sums])
    if tempo:
        pace = "slower" if tempo.change > 0 else "faster"
        told.append(f"The reps got {abs(tempo.share):.0%} {pace}, from {tempo.first:.1f} to {tempo.last:.1f} s.")
    top = clear([each.top_flexion_deg for each in sums], LEAST_DEG)
    if top:
        way = "higher" if top.change > 0 else "less high"
        told.append(f"The legs came {abs(top.change):.0f}° {way}, from {top.first:.0f}° to {top.last:.0f}°.")
    share = clear([each.full_share for each in sums], LEAST_SHARE)
    if share:
        way = "More" if share.change > 0 else "Fewer"
        told.append(f"{way} of the reps were full: {share.last:.0%} instead of {share.first:.0%}.")
    return told or ["No clear change of tempo, height or quality over these days."]


def _row(period: DateRange, limit: int) -> dict[str, Any]:
    sums = period.totals
    shares = [(100 * sums.full_share, ".0f", "%"), (sums.raise_s, ".1f", ""), (sums.lower_s, ".1f", "")]
    cells: list[Cell] = [(f"{each}", each) for each in (sums.full, sums.partial, sums.fast, sums.sets)]
    cells += [_shown(*each) for each in [*shares, (sums.top_flexion_deg, ".0f", "°")]]
    name = f"{period.first:%a} {period.first.day} {period.first:%b %Y}"
    return {"name": name, "order": period.first.toordinal(), "cells": cells, "over": sums.full > limit}


def _shown(value: float, digits: str, unit: str) -> Cell:
    return ("–", "") if isnan(value) else (f"{value:{digits}}{unit}", round(value, 3))
