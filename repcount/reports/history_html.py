"""The history report: days, weeks, the daily limit, tempo and quality over time on one HTML page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from math import isnan
from typing import Any

from repcount.history import totals
from repcount.history.totals import DateRange, Session, Totals
from repcount.reports.history_svg import (
    LAYOUTS,
    MIN_DAYS,
    MIN_FULL_SHARE,
    bar_chart,
    full_date,
    plural,
    small_charts,
)
from repcount.reports.html import render_page, versions
from repcount.reports.trends import MIN_TOP_DEG, clear_tempo_trend, clear_trend

Cell = tuple[str, float | str]
"""The text shown and the sort key; that is empty if the value is unknown."""


def render_history_report(sessions: Sequence[Session], *, first: date, today: date, limit: int, made: str = "") -> str:
    """The page about the days from `first` to `today`, or to the last session if a wrong clock put one after today.

    `sessions` are those of `HistoryStore.sessions(first)`; `limit` is the full reps of a day. `made` is the date at
    the foot of the page; empty leaves it out.
    """
    daily = totals.since(totals.by_day(sessions), first)
    weekly = totals.since(totals.by_week(sessions), _monday(first))
    last = max([today, *(day.first for day in daily)])
    # Not before `first`: earlier sessions were not read, and their days would look like days off.
    chart_start = max(first, min([last - timedelta(days=MIN_DAYS - 1), *(day.first for day in daily)]))
    return render_page(
        "history.html",
        "sort.js",
        summary=history_sentence(daily, first, today, limit),
        span=f"{full_date(first)} to {full_date(last)}",
        figures=_figures(daily, today, limit),
        bar_charts=[bar_chart(daily, (chart_start, last), limit, layout) for layout in LAYOUTS],
        weeks=_calendar(daily, weekly, limit),
        small_charts=small_charts(daily, last) if daily else [],
        changes=_changes(daily),
        days=[_table_row(day, limit) for day in reversed(daily)],
        limit=limit,
        made=made,
        versions=versions(),
    )


def history_sentence(daily: Sequence[DateRange], first: date, today: date, limit: int) -> str:
    """The days in one sentence."""
    if not daily:
        return "No leg raises on record for these days."
    full = sum(day.totals.full for day in daily)
    days = (max(today, daily[-1].first) - first).days + 1
    over = sum(day.totals.full > limit for day in daily)
    parts = [
        f"{plural(full, 'full rep')} on {len(daily)} of {plural(days, 'day')}",
        f"today {_full_on(daily, today)} of {limit}",
    ]
    if over:
        parts.append(f"more than {limit} on {plural(over, 'day')}")
    return "; ".join(parts) + "."


def _full_on(daily: Sequence[DateRange], day: date) -> int:
    return sum(each.totals.full for each in daily if each.first == day)


def _monday(when: date) -> date:
    return when - timedelta(days=when.weekday())


def _figures(daily: Sequence[DateRange], today: date, limit: int) -> list[tuple[str, str]]:
    """The figures at the top of the page, as name and value."""
    each_day = [day.totals for day in daily]
    full, partial = sum(each.full for each in each_day), sum(each.partial for each in each_day)
    share = [("full of all reps", f"{full / (full + partial):.0%}")] if full + partial else []
    return [
        ("today", f"{_full_on(daily, today)} of {limit}"),
        ("full", f"{full}"),
        ("partial", f"{partial}"),
        ("fast", f"{sum(each.fast for each in each_day)}"),
        ("sets", f"{sum(each.sets for each in each_day)}"),
        ("most in a day", f"{max((each.full for each in each_day), default=0)}"),
        *share,
    ]


def _calendar(daily: Sequence[DateRange], weekly: Sequence[DateRange], limit: int) -> list[dict[str, Any]]:
    """The weeks with sessions, the newest first, each with its days from Monday on."""
    by_day = {day.first: day.totals for day in daily}
    weeks = []
    for week in reversed(weekly):
        days = [by_day.get(week.first + timedelta(days=i)) for i in range(7)]
        weeks.append(
            {
                "name": f"{week.first.day} {week.first:%b}",
                "year": week.first.year,
                "cells": [_calendar_cell(day, limit) for day in days],
                "full": sum(day.full for day in days if day),
                "partial": sum(day.partial for day in days if day),
            }
        )
    return weeks


def _calendar_cell(day: Totals | None, limit: int) -> dict[str, Any]:
    if day is None:
        return {"full": "", "share": 0, "over": False}
    return {"full": day.full, "share": min(round(100 * day.full / limit), 100), "over": day.full > limit}


def _changes(daily: Sequence[DateRange]) -> list[str]:
    """The clear changes from the first of these days to the last, a sentence each."""
    each_day = [day.totals for day in daily]
    sentences = []
    tempo = clear_tempo_trend([each.raise_s + each.lower_s for each in each_day])
    if tempo:
        pace = "slower" if tempo.change > 0 else "faster"
        sentences.append(f"The reps got {abs(tempo.share):.0%} {pace}, from {tempo.first:.1f} to {tempo.last:.1f} s.")
    top = clear_trend([each.top_flexion_deg for each in each_day], MIN_TOP_DEG)
    if top:
        direction = "higher" if top.change > 0 else "less high"
        degrees = f"from {top.first:.0f}° to {top.last:.0f}°"
        sentences.append(f"The legs came {abs(top.change):.0f}° {direction}, {degrees}.")
    share = clear_trend([each.full_share for each in each_day], MIN_FULL_SHARE)
    if share:
        more = "More" if share.change > 0 else "Fewer"
        sentences.append(f"{more} of the reps were full: {share.last:.0%} instead of {share.first:.0%}.")
    return sentences or ["No clear change of tempo, height or quality over these days."]


def _table_row(day: DateRange, limit: int) -> dict[str, Any]:
    each = day.totals
    cells: list[Cell] = [(f"{number}", number) for number in (each.full, each.partial, each.fast, each.sets)]
    cells += [
        _cell(100 * each.full_share, ".0f", "%"),
        _cell(each.raise_s, ".1f"),
        _cell(each.lower_s, ".1f"),
        _cell(each.top_flexion_deg, ".0f", "°"),
    ]
    name = f"{day.first:%a} {day.first.day} {day.first:%b %Y}"
    return {"name": name, "order": day.first.toordinal(), "cells": cells, "over": each.full > limit}


def _cell(value: float, digits: str, unit: str = "") -> Cell:
    return ("–", "") if isnan(value) else (f"{value:{digits}}{unit}", round(value, 3))
