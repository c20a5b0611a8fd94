"""What the plot and the report draw of one analysis, in seconds and degrees."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from math import ceil, isnan, nan
from statistics import median

from repcount import messages
from repcount.analysis import Analysis
from repcount.language import gettext as _
from repcount.reports import findings
from repcount.reports.traces import AngleTrace
from repcount.types import Flag, Rep

Span = tuple[float, float]
"""Start and end, seconds."""

_MAX_IDLE_S = 15.0
_MARGIN_S = 2.0
"""In a long recording, a stretch without movements longer than `_MAX_IDLE_S` is cut out, except for `_MARGIN_S` next
to each movement. Heuristic: a pause between reps stays whole, walking to the camera goes."""

_TICK_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)

_MIN_RANGE_DEG = (-8.0, 100.0)
"""The elevations always shown: the curve of a typical rep keeps clear of both edges."""
_MAX_RANGE_DEG = (-45.0, 165.0)
"""The elevations shown at most: legs do not go further, so anything beyond is an outlier."""


@dataclass(frozen=True, slots=True)
class RepSpan:
    """One rep, with the two levels by which it was judged; NaN where unknown."""

    rep: Rep
    upright_deg: float
    """From here on the legs count as upright."""
    back_deg: float
    """Down to here the legs must come to be back."""
    level_span: Span
    """Where the levels are drawn: to the middle of the pauses on either side."""


@dataclass(frozen=True, slots=True)
class SetSpan:
    """One set, and the pause after it (None for the last)."""

    number: int
    start_s: float
    end_s: float
    full: int
    partial: int
    pause_s: float | None

    @property
    def label(self) -> str:
        """Such as `set 2: 9 full, 1 partial`."""
        text = _("set {n}: {full} full, {partial} partial") if self.partial else _("set {n}: {full} full")
        return text.format(n=self.number, full=self.full, partial=self.partial)


class LaneKind(enum.StrEnum):
    """What a lane says about its spans; the value is their class in the style sheet."""

    FAULT = "lack"
    """The rep has a fault."""
    NOTE = "note"
    """Something to know that is no fault of the rep."""
    NO_REP = "none"
    """There is no rep."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One remark, and when it applies."""

    name: str
    kind: LaneKind
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Timeline:
    """Everything that is drawn of one analysis."""

    trace: AngleTrace
    duration_s: float
    reps: tuple[RepSpan, ...]
    sets: tuple[SetSpan, ...]
    lanes: tuple[Lane, ...]
    """In drawing order; none is empty."""
    rejected: tuple[Span, ...]
    """Movements that are no leg raises."""
    low_deg: float
    high_deg: float


def build_timeline(analysis: Analysis, trace: AngleTrace) -> Timeline:
    """The timeline of an analysis and the angle trace recorded with it."""
    ends_s = [*trace.time_s[-1:], *(rep.end_s for rep in analysis.reps), analysis.source.duration_s]
    low_deg, high_deg = _shown_range(analysis, trace)
    rejected = tuple((rejection.start_s, rejection.end_s) for rejection in analysis.rejections)
    return Timeline(
        trace=trace,
        duration_s=max(max(ends_s), 1.0),
        reps=_rep_spans(analysis),
        sets=_set_spans(analysis.reps),
        lanes=_lanes(analysis, trace, rejected),
        rejected=rejected,
        low_deg=low_deg,
        high_deg=high_deg,
    )


def _shown_range(analysis: Analysis, trace: AngleTrace) -> tuple[float, float]:
    known = [deg for deg in trace.flexion_deg if not isnan(deg)]
    known += [rep.top_flexion_deg for rep in analysis.reps if not isnan(rep.top_flexion_deg)]
    low = max(_MAX_RANGE_DEG[0], min(_MIN_RANGE_DEG[0], *known, 0.0) - 3.0)
    high = min(_MAX_RANGE_DEG[1], max(_MIN_RANGE_DEG[1], *known, 0.0) + 3.0)
    return low, high


def _rep_spans(analysis: Analysis) -> tuple[RepSpan, ...]:
    reps = analysis.reps
    rests = {number: _rest_deg(list(of_set)) for number, of_set in groupby(reps, lambda rep: rep.set)}
    middles = [(a.end_s + b.start_s) / 2 for a, b in pairwise(reps)]
    spans = zip([rep.start_s for rep in reps[:1]] + middles, middles + [rep.end_s for rep in reps[-1:]], strict=True)
    rep_spans = []
    for rep, level_span in zip(reps, spans, strict=True):
        rise_deg = rep.top_flexion_deg - rests[rep.set]
        back_deg = rests[rep.set] + analysis.settings.return_share * rise_deg
        upright_deg = nan if isnan(rise_deg) else analysis.settings.full_deg
        rep_spans.append(RepSpan(rep, upright_deg, back_deg, level_span))
    return tuple(rep_spans)


def _rest_deg(reps: Sequence[Rep]) -> float:
    """Elevation at rest in one set. Reps that follow one that was not brought back start higher and do not count."""
    starts_high = [False, *(Flag.SHORT_BOTTOM in rep.flags for rep in reps)]
    known = [
        rep.rest_flexion_deg
        for rep, high in zip(reps, starts_high, strict=False)
        if not high and not isnan(rep.rest_flexion_deg)
    ]
    return median(known) if known else nan


def _set_spans(reps: Sequence[Rep]) -> tuple[SetSpan, ...]:
    sets = [tuple(of_set) for number, of_set in groupby(reps, lambda rep: rep.set)]
    next_starts_s: list[float | None] = [of_set[0].start_s for of_set in sets[1:]]
    set_spans = []
    for of_set, next_s in zip(sets, [*next_starts_s, None], strict=False):
        full, end_s = sum(rep.full for rep in of_set), of_set[-1].end_s
        pause_s = None if next_s is None else next_s - end_s
        set_spans.append(SetSpan(of_set[0].set, of_set[0].start_s, end_s, full, len(of_set) - full, pause_s))
    return tuple(set_spans)


def _lanes(analysis: Analysis, trace: AngleTrace, rejected: tuple[Span, ...]) -> tuple[Lane, ...]:
    lanes = [
        Lane(
            messages.flag_word(flag),
            LaneKind.NOTE if flag in findings.NOTES else LaneKind.FAULT,
            tuple((rep.start_s, rep.end_s) for rep in analysis.reps if flag in rep.flags),
        )
        for flag in messages.FLAG_WORDS
    ]
    lanes.append(Lane(_("not counted"), LaneKind.NO_REP, rejected))
    lanes.append(Lane(_("not seen"), LaneKind.NO_REP, tuple(trace.gaps())))
    return tuple(lane for lane in lanes if lane.spans)


def strips(timeline: Timeline, longest_s: float) -> tuple[Span, ...]:
    """The stretches to draw one below the other, none longer than `longest_s`.

    A recording that fits into one strip is one, and so is one without movements. Otherwise long idle stretches are
    cut out, and strips end between reps.
    """
    if timeline.duration_s <= longest_s:
        return ((0.0, timeline.duration_s),)
    busy = sorted([*((span.rep.start_s, span.rep.end_s) for span in timeline.reps), *timeline.rejected])
    if not busy:
        return ((0.0, timeline.duration_s),)
    between = [(a[1] + b[0]) / 2 for a, b in pairwise(busy)]
    rows: list[Span] = []
    for stretch in _merge_busy(busy, timeline.duration_s):
        if rows and stretch[1] - rows[-1][0] <= longest_s:
            rows[-1] = (rows[-1][0], stretch[1])
        else:
            rows += _split(stretch, between, longest_s)
    return tuple(rows)


def _merge_busy(busy: Sequence[Span], duration_s: float) -> list[Span]:
    """The stretches without a long idle time in them, with a margin around each."""
    merged: list[Span] = []
    for start_s, end_s in busy:
        if merged and start_s - merged[-1][1] <= _MAX_IDLE_S:
            merged[-1] = (merged[-1][0], max(end_s, merged[-1][1]))
        else:
            merged.append((start_s, end_s))
    return [(max(start_s - _MARGIN_S, 0.0), min(end_s + _MARGIN_S, duration_s)) for start_s, end_s in merged]


def _split(stretch: Span, cuts_s: Sequence[float], longest_s: float) -> list[Span]:
    """`stretch` in pieces of about equal length, split at one of `cuts_s` where possible."""
    start_s, end_s = stretch
    pieces: list[Span] = []
    while end_s - start_s > longest_s:
        ideal_s = start_s + (end_s - start_s) / ceil((end_s - start_s) / longest_s)
        allowed = [cut_s for cut_s in cuts_s if start_s + longest_s / 3 <= cut_s <= start_s + longest_s]
        cut_s = min(allowed, key=lambda each_s: abs(each_s - ideal_s), default=ideal_s)
        pieces.append((start_s, cut_s))
        start_s = cut_s
    return [*pieces, (start_s, end_s)]


def ticks(span: Span, most: int, *, minutes: bool) -> list[tuple[float, str]]:
    """Round times in a span, `most` of them at most, with their labels."""
    length_s = span[1] - span[0]
    step = next((step for step in _TICK_STEPS_S if length_s / step <= most), ceil(length_s / most / 3600) * 3600)
    first = ceil(span[0] / step)
    return [(i * step, clock(i * step, minutes=minutes)) for i in range(first, int(span[1] // step) + 1)]


def clock(time_s: float, *, minutes: bool = True) -> str:
    """`0:07`, `1:05`, `1:02:05`; without `minutes` `7 s`."""
    if not minutes:
        return f"{time_s:.0f} s"
    whole_minutes, seconds = divmod(round(time_s), 60)
    hours, rest_minutes = divmod(whole_minutes, 60)
    return f"{hours}:{rest_minutes:02}:{seconds:02}" if hours else f"{whole_minutes}:{seconds:02}"
