"""What there is to draw of one analysis, in seconds and degrees: shared by the plot and the report."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from math import ceil, isnan, nan
from statistics import median

from repcount.analysis import Analysis
from repcount.reports import findings
from repcount.reports.findings import FLAGS
from repcount.reports.traces import AngleTrace
from repcount.types import Flag, Rep

Span = tuple[float, float]
"""From and to, seconds."""

_QUIET_S = 15.0
_AROUND_S = 2.0
"""In a long recording, a stretch of nothing longer than `_QUIET_S` is left out but for this much beside what
happens. Choices: a pause between reps stays whole, walking to the camera goes."""

_TOP_AROUND_S = 0.2
_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
_STANDARD_DEG = (-8.0, 100.0)
"""Shown at least; the curve of a usual rep keeps off both edges."""
_WIDEST_DEG = (-45.0, 165.0)
"""Shown at most: legs do not go further, so what does is a wild value."""


class LaneKind(enum.Enum):
    """What the spans of a lane are: two kinds of flagged reps, and two of times without a rep."""

    FAULT = enum.auto()
    """Reps with a flag that says what was wrong."""
    NOTE = enum.auto()
    """Reps with a flag that does not say anything against them."""
    NOT_COUNTED = enum.auto()
    NOT_SEEN = enum.auto()


@dataclass(frozen=True, slots=True)
class RepSpan:
    """One rep, with the two levels it was held against as hip flexion; NaN where they are not known."""

    rep: Rep
    upright_deg: float
    """From here on the legs count as upright."""
    down_deg: float
    """Down to here they have to come to be back."""
    span: Span
    """For how long the levels hold: to the middle of the pauses on either side."""


@dataclass(frozen=True, slots=True)
class Group:
    """One set, and the pause that follows it (None for the last)."""

    number: int
    start_s: float
    end_s: float
    full: int
    partial: int
    pause_s: float | None


@dataclass(frozen=True, slots=True)
class Lane:
    """One kind of remark and when it holds."""

    kind: LaneKind
    name: str
    """For people."""
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Timeline:
    """All that is drawn of one analysis."""

    curve: AngleTrace
    duration_s: float
    bands: tuple[RepSpan, ...]
    groups: tuple[Group, ...]
    lanes: tuple[Lane, ...]
    """In the order in which they are drawn; none is empty."""
    refused: tuple[Span, ...]
    low_deg: float
    high_deg: float


def build_timeline(analysis: Analysis, curve: AngleTrace) -> Timeline:
    """What there is to draw."""
    ends = [*curve.time_s[-1:], *(rep.end_s for rep in analysis.reps), analysis.source.duration_s]
    low_deg, high_deg = _range(analysis, curve)
    refused = tuple((refusal.start_s, refusal.end_s) for refusal in analysis.rejections)
    return Timeline(
        curve, max(max(ends), 1.0), _bands(analysis, curve), _groups(analysis.reps), _lanes(analysis, curve, refused),
        refused, low_deg, high_deg,
    )  # fmt: skip


def _range(analysis: Analysis, curve: AngleTrace) -> Span:
    known = [deg for deg in curve.flexion_deg if not isnan(deg)]
    known += [rep.top_flexion_deg for rep in analysis.reps if not isnan(rep.top_flexion_deg)]
    low = max(_WIDEST_DEG[0], min(_STANDARD_DEG[0], *known, 0.0) - 3.0)
    high = min(_WIDEST_DEG[1], max(_STANDARD_DEG[1], *known, 0.0) + 3.0)
    return low, high


def _bands(analysis: Analysis, curve: AngleTrace) -> tuple[RepSpan, ...]:
    reps = analysis.reps
    rests = {number: _rest(list(of_set)) for number, of_set in groupby(reps, lambda rep: rep.set)}
    middles = [(a.end_s + b.start_s) / 2 for a, b in pairwise(reps)]
    spans = zip([rep.start_s for rep in reps[:1]] + middles, middles + [rep.end_s for rep in reps[-1:]], strict=True)
    bands = []
    for rep, span in zip(reps, spans, strict=True):
        rise = rep.top_flexion_deg - rests[rep.set]
        down = rests[rep.set] + analysis.settings.return_share * rise
        upright = analysis.settings.full_deg + _flexion_over_lift(rep, curve)
        bands.append(RepSpan(rep, upright if rise == rise else nan, down, span))
    return tuple(bands)


def _rest(reps: Sequence[Rep]) -> float:
    """Where the legs lie in this set. A rep that follows one that was not brought back begins somewhere else."""
    hung = [False, *(Flag.SHORT_BOTTOM in rep.flags for rep in reps)]
    known = [
        rep.rest_flexion_deg
        for rep, began_high in zip(reps, hung, strict=False)
        if not began_high and not isnan(rep.rest_flexion_deg)
    ]
    return median(known) if known else nan


def _flexion_over_lift(rep: Rep, curve: AngleTrace) -> float:
    """By how much the flexion at the top is more than the elevation on which the verdict was given.

    The verdict sees a trunk that is raised, a floor that the camera tilts, and the feet; the hip angle does not.
    """
    start_s = min(rep.start_s + rep.raise_s, rep.top_s - _TOP_AROUND_S)
    end_s = max(rep.end_s - rep.lower_s, rep.top_s + _TOP_AROUND_S)
    differences = [curve.flexion_deg[i] - curve.lift_deg[i] for i in curve.within(start_s, end_s)]
    known = [difference for difference in differences if not isnan(difference)]
    return median(known) if known else 0.0


def _groups(reps: Sequence[Rep]) -> tuple[Group, ...]:
    sets = [tuple(of_set) for _, of_set in groupby(reps, lambda rep: rep.set)]
    starts: list[float | None] = [of_set[0].start_s for of_set in sets[1:]]
    groups = []
    for of_set, next_s in zip(sets, [*starts, None], strict=False):
        full, end_s = sum(rep.full for rep in of_set), of_set[-1].end_s
        pause_s = None if next_s is None else next_s - end_s
        groups.append(Group(of_set[0].set, of_set[0].start_s, end_s, full, len(of_set) - full, pause_s))
    return tuple(groups)


def _lanes(analysis: Analysis, curve: AngleTrace, refused: tuple[Span, ...]) -> tuple[Lane, ...]:
    lanes = [
        Lane(
            LaneKind.NOTE if flag in findings.NOTES else LaneKind.FAULT,
            words,
            tuple((rep.start_s, rep.end_s) for rep in analysis.reps if flag in rep.flags),
        )
        for flag, words in FLAGS.items()
    ]
    lanes.append(Lane(LaneKind.NOT_COUNTED, "not counted", refused))
    lanes.append(Lane(LaneKind.NOT_SEEN, "not seen", tuple(curve.gaps())))
    return tuple(lane for lane in lanes if lane.spans)


def strips(chart: Timeline, longest_s: float) -> tuple[Span, ...]:
    """The pieces of time to draw one below the other, none longer than `longest_s`.

    What fits into one piece is one, and so is a recording in which nothing happens. Otherwise stretches of
    nothing are left out, and pieces end between reps.
    """
    if chart.duration_s <= longest_s:
        return ((0.0, chart.duration_s),)
    busy = sorted([*((band.rep.start_s, band.rep.end_s) for band in chart.bands), *chart.refused])
    if not busy:
        return ((0.0, chart.duration_s),)
    rows: list[Span] = []
    for stretch in _stretches(busy, chart.duration_s):
        if rows and stretch[1] - rows[-1][0] <= longest_s:
            rows[-1] = (rows[-1][0], stretch[1])
        else:
            rows += _cut(stretch, [(a[1] + b[0]) / 2 for a, b in pairwise(busy)], longest_s)
    return tuple(rows)


def _stretches(busy: Sequence[Span], duration_s: float) -> list[Span]:
    """The times in which something happens, with a little around them."""
    found: list[Span] = []
    for start_s, end_s in busy:
        if found and start_s - found[-1][1] <= _QUIET_S:
            found[-1] = (found[-1][0], max(end_s, found[-1][1]))
        else:
            found.append((start_s, end_s))
    return [(max(start_s - _AROUND_S, 0.0), min(end_s + _AROUND_S, duration_s)) for start_s, end_s in found]


def _cut(stretch: Span, places: Sequence[float], longest_s: float) -> list[Span]:
    """`stretch` in pieces of about the same length, cut at `places` where there is one."""
    start_s, end_s = stretch
    pieces: list[Span] = []
    while end_s - start_s > longest_s:
        wanted_s = start_s + (end_s - start_s) / ceil((end_s - start_s) / longest_s)
        allowed = [place for place in places if start_s + longest_s / 3 <= place <= start_s + longest_s]
        at_s = min(allowed, key=lambda place: abs(place - wanted_s), default=wanted_s)
        pieces.append((start_s, at_s))
        start_s = at_s
    return [*pieces, (start_s, end_s)]


def ticks(span: Span, most: int, *, minutes: bool) -> list[tuple[float, str]]:
    """Round times in a span, `most` of them at most, and how they are written."""
    length_s = span[1] - span[0]
    step = next((step for step in _STEPS_S if length_s / step <= most), ceil(length_s / most / 3600) * 3600)
    first = ceil(span[0] / step)
    return [(i * step, clock(i * step, minutes=minutes)) for i in range(first, int(span[1] // step) + 1)]


def clock(time_s: float, *, minutes: bool = True) -> str:
    """`0:07`, `1:05`, `1:02:05`; without `minutes` `7 s`."""
    if not minutes:
        return f"{time_s:.0f} s"
    whole, seconds = divmod(round(time_s), 60)
    hours, whole_minutes = divmod(whole, 60)
    return f"{hours}:{whole_minutes:02}:{seconds:02}" if hours else f"{whole_minutes}:{seconds:02}"
