"""Numbers reps and groups them into sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from repcount.config import Config
from repcount.records import Rep


def assign_number_and_set(config: Config, before: Rep | None, rep: Rep, *, fresh_set: bool = False) -> Rep:
    """`rep` with its number and set, given the one before it; `fresh_set` begins a set whatever the pause was."""
    if before is None:
        return replace(rep, number=1, set=1)
    # The moments of either rep are reckoned for themselves; at a quick turn they may pass each other.
    start_s = max(rep.start_s, before.end_s)
    rep = replace(rep, start_s=start_s, raise_s=rep.raise_s - (start_s - rep.start_s))
    new_set = fresh_set or rep.start_s - before.end_s > config.rest_gap_s
    return replace(rep, number=before.number + 1, set=before.set + new_set)


def with_pauses(reps: Sequence[Rep]) -> tuple[Rep, ...]:
    """The reps with `pause_s`, which is known only once the next one has started."""
    paused = [replace(rep, pause_s=max(after.start_s - rep.end_s, 0.0)) for rep, after in pairwise(reps)]
    return (*paused, *reps[-1:])
