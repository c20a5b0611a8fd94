"""The history report on one HTML page: progress first, then weeks, days, tempo and quality, and the daily limit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from math import isnan
from typing import Any

from repcount.config import Config
from repcount.history import totals
from repcount.history.progress import Progress, last_time, sets_of, weeks
from repcount.history.totals import DateRange, Session, Totals
from repcount.reports.history_findings import changes, full_date, headline, lasting, plural, short_date, target
from repcount.reports.history_svg import LAYOUTS, MIN_DAYS, bar_chart, small_charts, week_chart
from repcount.reports.html import render_page, versions

Cell = tuple[str, float | str]
"""The text shown and the sort key; that is empty if the value is unknown."""


def render_history_report(
    sessions: Sequence[Session],
    progress: Progress,
    *,
    first: date,
    today: date,
    limit: int,
    made: str = "",
    person: str = "",
) -> str:
    """The page about the days from `first` to `today`, or to the last session if a wrong clock put one after today.

    `sessions` are those of one person, with a rep since Monday of the week of `first`; `limit` is the full reps of a
    day. `made` is the date at the foot of the page; empty leaves it out.
    """
    all_days = totals.by_day(sessions)
    daily = totals.since(all_days, first)
    last = max([today, *(day.first for day in daily)])
    # Not before `first`: earlier sessions were not read, and their days would look like days off.
    chart_start = max(first, min([last - timedelta(days=MIN_DAYS - 1), *(day.first for day in daily)]))
    all_weeks = weeks(sessions, max(first, min((day.first for day in daily), default=first)), last)
    settings = sessions[-1].settings if sessions else Config()
    return render_page(
        "history.html",
        "sort.js",
        person=person,
        summary=headline(progress) if daily else "No leg raises on record for these days.",
        remarks=[text for text in (lasting(progress), target(settings)) if text],
        excess=history_sentence(daily, first, today, limit) if daily else "",
        span=f"{full_date(first)} to {full_date(last)}",
        figures=_figures(daily, progress, today, limit),
        week_charts=[week_chart(all_weeks, layout) for layout in LAYOUTS],
        sets=_sets(sessions),
        bar_charts=[bar_chart(daily, (chart_start, last), limit, layout) for layout in LAYOUTS],
        weeks=_calendar(all_days, totals.by_week(sessions), limit),
        small_charts=small_charts(daily, last) if daily else [],
        changes=changes(daily, settings),
        days=[_table_row(day, limit) for day in reversed(daily)],
        limit=limit,
        made=made,
        versions=versions(),
    )


def _sets(sessions: Sequence[Session]) -> dict[str, Any] | None:
    """The sets of the newest session, each beside the same set of the session before; None without sessions."""
    if not sessions:
        return None
    rows = []
    for result in sets_of(sessions[-1]):
        before = last_time(sessions, result)
        known = [result, before] if before is not None else [result]
        rows.append(
            {
                "number": result.number,
                "full": f"{result.full}",
                "tempo": f"{_seconds(result.raise_s)} / {_seconds(result.lower_s)}",
                "before": [
                    (f"{each.full}", f"{_seconds(each.raise_s)} / {_seconds(each.lower_s)}") for each in known[1:]
                ],
                "more": result.full - before.full if before is not None else 0,
            }
        )
    return {"day": full_date(sessions[-1].started.date()), "rows": rows}


def _seconds(value: float) -> str:
    return "–" if isnan(value) else f"{value:.1f}"


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


def _figures(daily: Sequence[DateRange], progress: Progress, today: date, limit: int) -> list[tuple[str, str]]:
    """The figures at the top of the page, as name and value: progress first."""
    each_day = [day.totals for day in daily]
    full, partial = sum(each.full for each in each_day), sum(each.partial for each in each_day)
    best = [(f"best set, {short_date(progress.best.day)}", f"{progress.best.full}")] if progress.best else []
    share = [("full of all reps", f"{full / (full + partial):.0%}")] if full + partial else []
    return [
        ("this week", f"{progress.this_week.totals.full}"),
        ("last week", f"{progress.last_week.totals.full}"),
        ("weeks in a row", f"{progress.streak}"),
        *best,
        ("today", f"{_full_on(daily, today)} of {limit}"),
        ("full", f"{full}"),
        ("partial", f"{partial}"),
        ("fast", f"{sum(each.fast for each in each_day)}"),
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
