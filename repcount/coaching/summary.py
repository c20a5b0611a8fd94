"""What a session came to, and how that compares with the ones before. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import isnan, nan
from statistics import fmean

from repcount.types import Rep


@dataclass(frozen=True, slots=True)
class Summary:
    """The result of one session."""

    full: int
    partial: int
    sets: int
    best_set: int
    """Most full reps in one set."""
    raise_s: float
    lower_s: float
    """Mean over the full reps; NaN if none was measured."""
    before: Summary | None = None
    """The last session before it with a rep; None if there is none."""
    before_on: date | None = None
    """Its day."""
    best_full: int = 0
    """Most full reps in a session before it; 0 if there is none."""

    @property
    def is_best(self) -> bool:
        """Whether no session had as many full reps, though there were some."""
        return 0 < self.best_full < self.full


def summarize(reps: Sequence[Rep]) -> Summary:
    """The summary of the reps of one session."""
    full = [rep for rep in reps if rep.full]
    of_set = Counter(rep.set for rep in full)
    return Summary(
        full=len(full),
        partial=len(reps) - len(full),
        sets=len({rep.set for rep in reps}),
        best_set=max(of_set.values(), default=0),
        raise_s=_mean([rep.raise_s for rep in full]),
        lower_s=_mean([rep.lower_s for rep in full]),
    )


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not isnan(value)]
    return fmean(known) if known else nan
