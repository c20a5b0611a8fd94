"""How somebody is doing, in sentences: progress first. For the terminal and the history report alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import isnan

from repcount.config import Config
from repcount.history.progress import BestSet, Progress
from repcount.history.totals import DateRange, Totals
from repcount.reports.trends import MIN_TOP_DEG, Trend, clear_tempo_trend, clear_trend

MIN_FULL_SHARE = 0.1
"""A change of the share of full reps that matters. Heuristic: one rep in ten."""


@dataclass(frozen=True, slots=True)
class Change:
    """A clear change over the days."""

    text: str
    good: bool | None
    """Whether it is what the exercise asks for; None if it asks for neither."""

    @property
    def praise(self) -> str:
        """The sentence, with a word on whether that is good."""
        return self.text if self.good is None else f"{self.text} {'Well done.' if self.good else 'Take care.'}"


def headline(progress: Progress) -> str:
    """The current week against the last one up to the same day, in a sentence."""
    this, last = progress.this_week, progress.last_week
    if not this.totals.full:
        before = f"; {plural(last.totals.full, 'full rep')} last week" if last.totals.full else ""
        return f"No full reps this week yet{before}."
    text = f"{plural(this.totals.full, 'full rep')} this week on {plural(this.days, 'day')}"
    if not last.totals.full:
        return f"{text}."
    more = this.totals.full - progress.last_week_so_far
    compared = f"{abs(more)} {'more' if more > 0 else 'fewer'} than" if more else "as many as"
    return f"{text}, {compared} last week by this day."


def lasting(progress: Progress) -> str:
    """The streak and the best set in a sentence; empty if there is neither."""
    parts = [f"{progress.streak} weeks in a row"] if progress.streak > 1 else []
    if progress.best is not None:
        parts.append(_best_set(progress.best, is_record=progress.is_record))
    text = ", ".join(parts)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _best_set(best: BestSet, *, is_record: bool) -> str:
    reps = plural(best.full, "full rep")
    return f"a new best set today with {reps}" if is_record else f"best set {reps} on {short_date(best.day)}"


def target(settings: Config) -> str:
    """A target of the person's own in a sentence; empty for the default."""
    return f"The target is {settings.full_deg:g}°, not upright." if settings.own_target else ""


def changes(daily: Sequence[DateRange], settings: Config) -> list[Change]:
    """The clear changes from the first of these days to the last, a sentence each."""
    each_day = [day.totals for day in daily]
    found = []
    tempo = clear_tempo_trend([each.raise_s + each.lower_s for each in each_day])
    if tempo:
        found.append(_tempo_change(tempo, each_day[-1], settings))
    top = clear_trend([each.top_flexion_deg for each in each_day], MIN_TOP_DEG)
    if top:
        direction = "higher" if top.change > 0 else "less high"
        degrees = f"from {top.first:.0f}° to {top.last:.0f}°"
        found.append(Change(f"The legs came {abs(top.change):.0f}° {direction}, {degrees}.", top.change > 0))
    share = clear_trend([each.full_share for each in each_day], MIN_FULL_SHARE)
    if share:
        more = "More" if share.change > 0 else "Fewer"
        text = f"{more} of the reps were full: {share.last:.0%} instead of {share.first:.0%}."
        found.append(Change(text, share.change > 0))
    return found


def _tempo_change(tempo: Trend, newest: Totals, settings: Config) -> Change:
    """Slower is good as long as slow is asked, and faster is as long as the reps stay slow enough."""
    slower = tempo.change > 0
    asked = settings.fast_raise_s > 0 or settings.fast_lower_s > 0
    slow_enough = newest.raise_s >= settings.fast_raise_s and newest.lower_s >= settings.fast_lower_s
    text = f"The reps got {abs(tempo.share):.0%} {'slower' if slower else 'faster'}, "
    text += f"from {tempo.first:.1f} to {tempo.last:.1f} s"
    if not asked:
        return Change(f"{text}.", None)
    if slower:
        return Change(f"{text}, as the exercise asks.", True)
    return Change(
        f"{text}, still slow enough." if slow_enough else f"{text}, too fast now.", None if slow_enough else False
    )


def comparison(
    names: tuple[str, str], totals: tuple[Totals, Totals], days: tuple[int, int], progress: tuple[Progress, Progress]
) -> list[tuple[str, str, str]]:
    """Two people side by side over the same days: a quantity and its two values; the first row has the names."""

    def row(name: str, one: str, other: str) -> tuple[str, str, str]:
        return name, one, other

    def number(name: str, digits: int = 0, unit: str = "", factor: float = 1.0) -> tuple[str, str, str]:
        values = [factor * getattr(each, name) for each in totals]
        one, other = ("" if isnan(value) else f"{value:.{digits}f}{unit}" for value in values)
        return _QUANTITIES[name], one, other

    return [
        row("", *names),
        row("days with reps", *(str(each) for each in days)),
        *(number(name) for name in ("sessions", "sets", "full", "partial", "fast", "best_set")),
        number("full_share", 0, " %", 100),
        number("raise_s", 1, " s"),
        number("lower_s", 1, " s"),
        number("top_flexion_deg", 0, "°"),
        row("full this week", *(str(each.this_week.totals.full) for each in progress)),
        row("full last week", *(str(each.last_week.totals.full) for each in progress)),
        row("weeks in a row", *(str(each.streak) for each in progress)),
    ]


_QUANTITIES = {
    "sessions": "sessions",
    "sets": "sets",
    "full": "full reps",
    "partial": "partial reps",
    "fast": "fast reps",
    "best_set": "best set",
    "full_share": "full of all",
    "raise_s": "raise",
    "lower_s": "lower",
    "top_flexion_deg": "highest",
}


def short_date(when: date) -> str:
    """`7 Nov 2026`."""
    return f"{when.day} {when:%b %Y}"


def full_date(when: date) -> str:
    """`7 November 2026`."""
    return f"{when.day} {when:%B %Y}"


def plural(number: int, noun: str) -> str:
    """`1 day`, `2 days`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
