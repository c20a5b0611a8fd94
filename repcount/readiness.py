"""Whether somebody lies ready to be counted: nothing counts before, and nothing after sitting up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isnan, nan

from repcount.config import Config
from repcount.moment import Cue
from repcount.placement import Framing
from repcount.records import Sample

_STILL_S = 1.0
_STILL_DEG = 6.0
_STILL_TRUNKS = 0.15
"""Lying still is what keeps hip angle and hips within this for a second: jitter and breathing stay well below,
settling down on a mat does not. Choices."""

_UP_S = 0.5
"""The trunk has to be up for this long: a sit-up in between is refused by the judge anyway. A choice."""

_GONE_S = 3.0
"""Somebody out of sight for less than this is still there. A choice."""

_CHEST_DEG = 15.0
"""The chest points up; the judge's limit for lying on the back."""

_OBLIQUE_DEG = 60.0
"""From here on angles are rough (measured on rendered clips)."""

_SMALL_SHARE = 0.08
"""A shorter trunk is about 4 m away, MediaPipe's limit."""

_DARK = 25.0
"""Mean brightness below which a picture without anybody in it is called dark. A rendered dim evening has 81."""


@dataclass(frozen=True, slots=True)
class ReadinessState:
    """What the placement check remembers."""

    ready: bool = False
    problem: Cue | None = Cue.NOBODY
    """What keeps the person from being ready or, of somebody who is ready, what could be better."""
    calm: tuple[Sample, ...] = ()
    """The newest samples of somebody who lies as asked, `_STILL_S` of them."""
    seen_s: float = nan
    """When somebody was seen last."""
    down_s: float = nan
    """When the trunk was down last."""


def update_readiness(config: Config, state: ReadinessState, sample: Sample, sight: Framing) -> ReadinessState:
    """The state after one more frame. The times of the samples have to rise."""
    if isnan(sample.hip_deg):
        return _nobody(state, sample, sight)
    state = replace(state, seen_s=sample.time_s)
    if abs(sample.trunk_deg) <= config.lying_deg:
        state = replace(state, down_s=sample.time_s)
    if state.ready:
        return _watch(state, sample, sight)
    return _wait(config, state, sample, sight)


def _nobody(state: ReadinessState, sample: Sample, sight: Framing) -> ReadinessState:
    if state.ready and sample.time_s - state.seen_s < _GONE_S:
        return state
    return replace(state, ready=False, calm=(), problem=Cue.TOO_DARK if sight.brightness < _DARK else Cue.NOBODY)


def _watch(state: ReadinessState, sample: Sample, sight: Framing) -> ReadinessState:
    if sample.time_s - state.down_s > _UP_S:
        return replace(state, ready=False, calm=(), problem=Cue.NOT_LYING)
    return replace(state, problem=_advice(sight))


def _wait(config: Config, state: ReadinessState, sample: Sample, sight: Framing) -> ReadinessState:
    problem = _obstacle(config, sample, sight)
    if problem is not None:
        return replace(state, calm=(), problem=problem)
    calm = (*(s for s in state.calm if sample.time_s - s.time_s <= _STILL_S), sample)
    if not _still(calm):
        return replace(state, calm=calm[-1:], problem=Cue.NOT_STILL)
    # The oldest sample kept is up to one interval younger than asked; half of one settles it.
    if len(calm) > 1 and calm[-1].time_s - calm[0].time_s >= _STILL_S - (calm[1].time_s - calm[0].time_s):
        return replace(state, ready=True, calm=(), problem=_advice(sight))
    return replace(state, calm=calm, problem=_advice(sight))


def _obstacle(config: Config, sample: Sample, sight: Framing) -> Cue | None:
    """The first thing that is in the way of counting."""
    lift = 180.0 - sample.hip_deg - sample.trunk_deg
    obstacles = {
        Cue.HEAD_OUT: not sight.head_inside,
        Cue.NOT_LYING: abs(sample.trunk_deg) > config.lying_deg or sample.chest_deg < _CHEST_DEG,
        Cue.FEET_OUT: not sight.feet_inside,
        Cue.FROM_THE_END: sample.view_deg > _OBLIQUE_DEG,
        Cue.NOT_STILL: lift > config.rest_deg,
    }
    return next((say for say, is_so in obstacles.items() if is_so), None)


def _advice(sight: Framing) -> Cue | None:
    """What could be better and hinders nobody."""
    if sight.trunk_share < _SMALL_SHARE:
        return Cue.TOO_FAR
    return Cue.TWO_PEOPLE if sight.people > 1 else None


def _still(calm: tuple[Sample, ...]) -> bool:
    angles = [sample.hip_deg for sample in calm]
    reach = _STILL_TRUNKS * max(sample.trunk_px for sample in calm)
    places = ([s.hip_x for s in calm], [s.hip_y for s in calm])
    return max(angles) - min(angles) <= _STILL_DEG and all(max(place) - min(place) <= reach for place in places)
