"""Which correction a rep gets, if any: what helps most, and pace no more often than people can bear. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isnan
from statistics import median

from repcount.coaching.events import FATIGUE_CUES, PACE_CUES, Cue
from repcount.types import Flag, Rep

_REASONS = {
    Flag.SHORT_BOTTOM: Cue.ALL_THE_WAY_DOWN,
    Flag.BENT_KNEES: Cue.LEGS_STRAIGHT,
    Flag.LEGS_APART: Cue.LEGS_TOGETHER,
    Flag.SHORT_TOP: Cue.HIGHER,
}
"""Why a rep is partial, the most helpful first: bent knees also keep the legs from getting upright."""

_PACE_INTERVAL = 3
"""Pace is corrected at every third rep at most. Heuristic: it takes a rep or two to change it, and reps that are a
little fast still count."""

_FATIGUE_FROM = 5
_FIRST, _LATEST = 3, 3
"""From the fifth rep of a set on, the last three are held against the first three."""

_LOWER_DEG = 8.0
"""Each of the last three as much lower than the middle one of the first three is clear. The elevation at the top is
measured to 2.8° (mean absolute error), and people who are not tired vary by about as much."""

_FASTER_SHARE = 0.75
"""Each of the last three shorter than this share of the middle one of the first three is clear: 3 instead of 4 s. The
times are measured to about 0.1 s. Heuristic."""


@dataclass(frozen=True, slots=True)
class FeedbackState:
    """What has been said so far."""

    since_pace: int = _PACE_INTERVAL
    """Reps since the pace was corrected, that one included."""
    pace: Cue | None = None
    """The last cue about pace."""
    said: frozenset[Cue] = frozenset()
    """What was said about fatigue in this set."""


def on_rep(state: FeedbackState, rep: Rep, reps: Sequence[Rep]) -> tuple[FeedbackState, Cue | None]:
    """The state after `rep`, the newest of `reps`, which are those of its set; and what to say about it.

    The reason why it is partial always comes first. A rep added by hand gets none.
    """
    if Flag.BY_HAND in rep.flags:
        return state, None
    state = replace(state, since_pace=state.since_pace + 1, said=state.said if len(reps) > 1 else frozenset())
    cue = _reason(rep) or _pace_cue(state, rep) or _fatigue_cue(state, rep, reps)
    if cue in PACE_CUES:
        return replace(state, since_pace=0, pace=cue), cue
    return (replace(state, said=state.said | {cue}) if cue in FATIGUE_CUES else state), cue


def _reason(rep: Rep) -> Cue | None:
    return next((cue for flag, cue in _REASONS.items() if flag in rep.flags), None)


def _pace_cue(state: FeedbackState, rep: Rep) -> Cue | None:
    """What was too fast, but never twice in a row with the same words."""
    fast_raise, fast_lower = Flag.FAST_RAISE in rep.flags, Flag.FAST_LOWER in rep.flags
    if not (fast_raise or fast_lower) or state.since_pace < _PACE_INTERVAL:
        return None
    cue = Cue.SLOWER if fast_raise and fast_lower else Cue.RAISE_SLOWER if fast_raise else Cue.LOWER_SLOWER
    return cue if cue is not state.pace else Cue.TAKE_YOUR_TIME


def _fatigue_cue(state: FeedbackState, rep: Rep, reps: Sequence[Rep]) -> Cue | None:
    """How the reps of the set change for the worse; once for each way."""
    measured = [rep for rep in reps if not isnan(rep.top_flexion_deg + rep.raise_s + rep.lower_s)]
    if not rep.full or len(measured) < _FATIGUE_FROM:
        return None
    first, latest = measured[:_FIRST], measured[-_LATEST:]
    lower_deg = median(_height_deg(rep) for rep in first) - max(_height_deg(rep) for rep in latest)
    if lower_deg >= _LOWER_DEG and Cue.GETTING_LOWER not in state.said:
        return Cue.GETTING_LOWER
    faster = max(_length_s(rep) for rep in latest) <= _FASTER_SHARE * median(_length_s(rep) for rep in first)
    # Who was told to slow down a moment ago knows.
    lately = state.since_pace < _PACE_INTERVAL
    return Cue.GETTING_FASTER if faster and not lately and Cue.GETTING_FASTER not in state.said else None


def _height_deg(rep: Rep) -> float:
    return rep.top_flexion_deg


def _length_s(rep: Rep) -> float:
    return rep.raise_s + rep.lower_s
