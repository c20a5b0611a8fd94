"""The hysteresis state machine: samples in, classified movements out. State in, state out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import hypot, isnan, nan

from repcount.config import Config
from repcount.counting import filters, rules
from repcount.counting.movement import Movement, TracePoint, elevation_above_floor
from repcount.types import Event, Phase, Rejection, RejectionReason, Sample, UnfinishedRep

_TRUNKS = 1.0
_TRUNKS_PER_S = 12.0
_SCALE = 1.8
_WITHIN_S = 0.5
"""Hips that jump by a trunk length at more than 12 trunk lengths (about 6 m) a second, or a trunk whose length
changes by 1.8 within half a second: nobody moves like that, nor does a camera that is shaken. A choice."""


def is_same(before: Sample | None, now: Sample) -> bool:
    """Whether `now` can be the person of `before`, a moment later. Somebody must be seen in `now`."""
    if isnan(now.trunk_px):
        return False
    return before is None or now.time_s - before.time_s > _WITHIN_S or not _differs(before, now)


def is_scene_cut(before: Sample, following: Sequence[Sample]) -> bool:
    """Whether another scene begins with the samples that follow `before`.

    All of them have to differ: landmarks that jump for a frame and come back are no cut.
    """
    if following[0].time_s - before.time_s > _WITHIN_S:
        return False
    return all(not isnan(now.trunk_px) and _differs(before, now) for now in following)


def _differs(before: Sample, now: Sample) -> bool:
    trunk = max(before.trunk_px, 1e-6)
    jump = hypot(now.hip_x - before.hip_x, now.hip_y - before.hip_y) / trunk
    passed_s = max(now.time_s - before.time_s, 1e-3)
    scale = max(now.trunk_px, 1e-6) / trunk
    return (jump > _TRUNKS and jump / passed_s > _TRUNKS_PER_S) or not 1 / _SCALE < scale < _SCALE


_REST_WINDOW_S = 3.0
"""The rest is the lowest angle of this long: slow drift (a head that is lifted) is followed, and the slowest
raise that counts still leaves the floor within it. A choice."""

_DWELL_S = 1.0
_DWELL_DEG = 5.0
"""A pose held for this long within this much is a rest, wherever it is (a choice: a second is what
people on a mat call lying still)."""

_HUMP_SHARE = 0.6
"""Legs that sink less than 40 % of the rise and go up again never left the top (hips pushed up, a long hold);
deeper ones turned round on the way down."""

_TURN_SHARE = 0.25
"""A rise of this share of the movement after a deep dip is a new raise. A choice."""

_SETTLE_S = 0.4
_SETTLE_DEG = 1.0
_SETTLE_LIMIT_S = 3.0
"""The legs are down when they sank less than a degree in 0.4 s; real legs creep for up to 1.5 s. The limit
keeps a leg that sinks for ever from holding its count back."""

_TOP_SHARE = 0.1
"""Within a tenth of the rise from the highest point the legs are at the top."""


@dataclass(frozen=True, slots=True)
class State:
    """What the counter remembers; its size is bounded by `Config.max_rep_s`."""

    phase: Phase = Phase.UNKNOWN
    smooth_deg: float = nan
    """The smoothed hip angle."""
    guard: filters.OutlierGuard = field(default_factory=filters.OutlierGuard)
    filter: filters.OneEuro = field(default_factory=filters.OneEuro)
    waiting: tuple[Sample, ...] = ()
    """Samples that the guard has not answered for."""
    about: Sample | None = None
    """The sample that phase, angle and the events of the last step speak of."""
    place: Sample | None = None
    """The newest sample that shows where the person is."""
    trace: tuple[TracePoint, ...] = ()
    rest: float = nan
    """Lift at which this person's legs rest."""
    opened_s: float = nan
    """When the movement under way was noticed; NaN at the bottom."""
    peak: float = nan
    valley: float = nan
    """Lowest lift since the peak."""
    valley_s: float = nan
    sank: bool = False
    """Whether the legs have sunk deep enough since the peak for a new raise to be one of its own."""
    returned_s: float = nan
    """When the legs crossed the return threshold; NaN before."""


def step(config: Config, state: State, sample: Sample) -> tuple[State, tuple[Event, ...]]:
    """The state after `sample` and what became known by it.

    The times of the samples have to rise. The outlier guard looks ahead, so the state is about the sample
    `smoothing.DELAY` steps back. Numbers and sets of reps are given later, by `workout`.
    """
    waiting = (*state.waiting, sample)
    guarded, hip_deg = filters.push_outlier_guard(state.guard, sample.time_s, sample.hip_deg)
    late = len(waiting) > filters.DELAY
    state = replace(state, guard=guarded, waiting=waiting[1:] if late else waiting, about=None)
    return _decide(config, state, waiting[0], hip_deg) if late else (state, ())


def flush(config: Config, state: State) -> tuple[State, tuple[Event, ...]]:
    """The state after one of the samples that still wait, when no more come."""
    first, *others = state.waiting
    last_s = state.guard.window[-1][0]
    guarded, hip_deg = filters.push_outlier_guard(state.guard, last_s + 1.0, nan)
    return _decide(config, replace(state, guard=guarded, waiting=tuple(others)), first, hip_deg)


def finish(config: Config, state: State) -> tuple[Event, ...]:
    """What becomes known when no more samples come: a return on the last frame is a rep."""
    if isnan(state.opened_s):
        return ()
    if not isnan(state.returned_s):
        return _judged(config, state, returned=True)
    movement = Movement(state.trace, state.rest, state.peak)
    if state.peak - state.rest < config.partial_deg or rules.rejection_reason(config, movement):
        return ()
    return (UnfinishedRep(movement.start_s),)


def _decide(config: Config, state: State, sample: Sample, hip_deg: float) -> tuple[State, tuple[Event, ...]]:
    state, events = _break(config, replace(state, about=sample), sample)
    if isnan(hip_deg):
        return state, events
    state, more = _advance(config, state, sample, 180.0 - hip_deg)
    return state, events + more


def _break(config: Config, state: State, sample: Sample) -> tuple[State, tuple[Event, ...]]:
    """Give up the movement under way after a cut or a person out of sight for too long."""
    reason = None
    if state.trace and sample.time_s - state.trace[-1].time_s > config.max_gap_s:
        reason = RejectionReason.LOST
    if state.place is not None and is_scene_cut(state.place, (sample, *state.waiting)):
        reason = RejectionReason.CUT
    if reason is RejectionReason.CUT or is_same(state.place, sample):
        state = replace(state, place=sample)
    if reason is None:
        return state, ()
    return _reset(state), _given_up(config, state, sample.time_s, reason)


def _given_up(config: Config, state: State, time_s: float, reason: RejectionReason) -> tuple[Event, ...]:
    """What is left of a movement that goes out of sight: a rep if the legs were back, else the reason."""
    if not isnan(state.returned_s):
        return _judged(config, state, returned=True)
    tried = not isnan(state.opened_s) and state.peak - state.rest >= config.partial_deg
    return (Rejection(state.opened_s, time_s, reason),) if tried else ()


def _reset(state: State) -> State:
    """Forget the movement under way and what was seen before it, but not how this person rests."""
    return State(guard=state.guard, waiting=state.waiting, about=state.about, place=state.place, rest=state.rest)


def _advance(config: Config, state: State, sample: Sample, flexion: float) -> tuple[State, tuple[Event, ...]]:
    raw = elevation_above_floor(flexion, sample)
    lift = filters.one_euro(state.filter, sample.time_s, raw)
    point = TracePoint(sample, flexion, lift.value)
    smooth_deg = 180.0 - (lift.value + flexion - raw)
    state = replace(state, filter=lift, smooth_deg=smooth_deg, trace=(*state.trace, point))
    if isnan(state.opened_s):
        return _at_bottom(config, state, point), ()
    return _moving(config, state, point)


def _at_bottom(config: Config, state: State, point: TracePoint) -> State:
    """Follow the rest until the legs leave it."""
    trace = tuple(p for p in state.trace if point.time_s - p.time_s <= _REST_WINDOW_S)
    lowest = min(range(len(trace)), key=lambda i: trace[i].smooth)
    low = trace[lowest].smooth
    state = replace(state, trace=trace)
    if _robust_extreme(trace, min) <= low + config.leave_deg:
        phase = Phase.PAUSE if point.low_lift <= config.rest_deg else Phase.UNKNOWN
        return replace(state, rest=_rest(config, state, low), phase=phase)
    return _open(replace(state, trace=trace[lowest:]), point, low)


def _rest(config: Config, state: State, low: float) -> float:
    """The lowest place where the legs turned round or lay still lately; a place they dwell at wins."""
    newest = state.trace[-1]
    dwelt = [p.smooth for p in state.trace if newest.time_s - p.time_s <= _DWELL_S]
    long_enough = newest.time_s - state.trace[0].time_s >= _DWELL_S
    if long_enough and max(dwelt) - min(dwelt) <= _DWELL_DEG and min(dwelt) <= config.rest_deg:
        return sum(dwelt) / len(dwelt)
    return low if isnan(state.rest) else min(low, state.rest)


def _open(state: State, point: TracePoint, low: float) -> State:
    rest = low if isnan(state.rest) else min(low, state.rest)
    return replace(
        state,
        phase=Phase.RAISE,
        rest=rest,
        opened_s=point.time_s,
        peak=point.smooth,
        valley=point.smooth,
        valley_s=point.time_s,
        sank=False,
        returned_s=nan,
    )


def _robust_extreme(trace: tuple[TracePoint, ...], which: Callable[..., float]) -> float:
    """The smaller or larger of the two newest lifts: one wild value that got through decides nothing."""
    return which(p.smooth for p in trace[-2:])


def _moving(config: Config, state: State, point: TracePoint) -> tuple[State, tuple[Event, ...]]:
    if point.time_s - state.opened_s > config.max_rep_s:
        refusal = Rejection(state.opened_s, point.time_s, RejectionReason.TOO_LONG)
        return _reset(state), (refusal,)
    state = _track(config, state, point)
    rise = state.peak - state.rest
    up_again = _robust_extreme(state.trace, min) - state.valley
    if not isnan(state.returned_s):
        if up_again > config.leave_deg:
            return _start_next_rep(config, state, point, returned=True)
        return _settle(config, state, point)
    if state.sank and up_again > max(config.leave_deg, _TURN_SHARE * rise):
        return _start_next_rep(config, state, point, returned=False)
    return state, ()


def _track(config: Config, state: State, point: TracePoint) -> State:
    """Peak, valley and phase after one more point of a movement."""
    high = _robust_extreme(state.trace, min)
    if high > state.peak and isnan(state.returned_s):
        return replace(state, peak=high, valley=high, valley_s=point.time_s, sank=False, phase=Phase.RAISE)
    if point.smooth < state.valley:
        state = replace(state, valley=point.smooth, valley_s=point.time_s)
    rise = state.peak - state.rest
    sank = state.sank or _robust_extreme(state.trace, max) < state.rest + _HUMP_SHARE * rise
    phase = Phase.HOLD if point.smooth > state.peak - _TOP_SHARE * rise else Phase.LOWER
    if isnan(state.returned_s) and point.low_lift <= state.rest + config.return_share * rise:
        return replace(state, phase=phase, sank=sank, returned_s=point.time_s)
    return replace(state, phase=phase, sank=sank)


def _settle(config: Config, state: State, point: TracePoint) -> tuple[State, tuple[Event, ...]]:
    """Wait until the legs have stopped sinking, then judge the movement."""
    recent = [p.smooth for p in state.trace if point.time_s - p.time_s <= _SETTLE_S]
    still = max(recent) - point.smooth < _SETTLE_DEG and point.time_s - state.returned_s >= _SETTLE_S
    if not still and point.time_s - state.returned_s < _SETTLE_LIMIT_S:
        return state, ()
    events = _judged(config, state, returned=True)
    rest = min(state.rest, state.valley) if state.valley <= config.rest_deg else state.rest
    kept = tuple(p for p in state.trace if p.time_s >= state.valley_s)
    return replace(state, trace=kept, rest=rest, opened_s=nan, returned_s=nan, phase=Phase.PAUSE), events


def _start_next_rep(
    config: Config, state: State, point: TracePoint, *, returned: bool
) -> tuple[State, tuple[Event, ...]]:
    """The legs go up again: one movement ends at the valley and the next begins there."""
    events = _judged(config, state, returned=returned)
    kept = tuple(p for p in state.trace if p.time_s >= state.valley_s)
    return _open(replace(state, trace=kept), point, state.valley), events


def _judged(config: Config, state: State, *, returned: bool) -> tuple[Event, ...]:
    movement = Movement(state.trace, state.rest, state.peak, state.valley_s, returned)
    verdict = rules.classify_movement(config, movement)
    return () if verdict is None else (verdict,)
