"""The hysteresis state machine: samples in, judged movements out. State in, state out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import hypot, isnan, nan

from repcount import judge, smoothing
from repcount.config import Config
from repcount.records import Event, Phase, Reason, Refusal, Sample, Unfinished
from repcount.trace import Movement, Point, or_zero

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

_CUT_TRUNKS_S = 12.0
_CUT_TRUNKS = 1.0
_CUT_SCALE = 1.8
"""Hips that jump by a trunk length at more than 12 trunk lengths (about 6 m) a second, or a trunk that
changes its length by 1.8 at once, are another scene: nobody moves like that, a shaken camera neither."""


@dataclass(frozen=True, slots=True)
class State:
    """What the counter remembers; its size is bounded by `Config.max_rep_s`."""

    phase: Phase = Phase.UNKNOWN
    smooth_deg: float = nan
    """The smoothed hip angle."""
    guard: smoothing.Guard = smoothing.Guard()
    filter: smoothing.OneEuro = smoothing.OneEuro()
    newest: Sample | None = None
    """The newest sample; the guard is one sample behind."""
    place: Sample | None = None
    """The newest sample that shows where the person is."""
    trace: tuple[Point, ...] = ()
    rest: float = nan
    """Lift at which this person's legs rest."""
    opened_s: float = nan
    """When the movement under way was noticed; NaN at the bottom."""
    peak: float = nan
    valley: float = nan
    """Lowest lift since the peak."""
    valley_s: float = nan
    returned_s: float = nan
    """When the legs crossed the return threshold; NaN before."""


def step(config: Config, state: State, sample: Sample) -> tuple[State, tuple[Event, ...]]:
    """The state after `sample` and what became known by it.

    The times of the samples have to rise. Numbers and sets of reps are given later, by `workout`.
    """
    state, events = _break(config, state, sample)
    guarded, hip_deg = smoothing.guard(state.guard, sample.time_s, sample.hip_deg)
    about = state.newest
    state = replace(state, guard=guarded, newest=sample)
    if about is None or isnan(hip_deg):
        return state, events
    state, more = _advance(config, state, about, 180.0 - hip_deg)
    return state, events + more


def finish(config: Config, state: State) -> tuple[Event, ...]:
    """What becomes known when no more samples come: a return on the last frame is a rep."""
    if state.newest is None:
        return ()
    last = state.newest
    _, hip_deg = smoothing.guard(state.guard, last.time_s, nan)
    events: tuple[Event, ...] = ()
    if not isnan(hip_deg):
        state, events = _advance(config, state, last, 180.0 - hip_deg)
    if isnan(state.opened_s):
        return events
    if not isnan(state.returned_s):
        return events + _judged(config, state, returned=True)
    movement = Movement(state.trace, state.rest, state.peak)
    if state.peak - state.rest < config.partial_deg or judge.refusal(config, movement):
        return events
    return (*events, Unfinished(movement.start_s))


def _break(config: Config, state: State, sample: Sample) -> tuple[State, tuple[Event, ...]]:
    """Give up the movement under way after a cut or a person out of sight for too long."""
    reason = None
    if state.trace and sample.time_s - state.trace[-1].time_s > config.max_gap_s + 2 * _gap_slack(state, sample):
        reason = Reason.LOST
    if not isnan(sample.trunk_px):
        if state.place is not None and _is_cut(state.place, sample):
            reason = Reason.CUT
        state = replace(state, place=sample)
    if reason is None:
        return state, ()
    began = state.opened_s
    tried = not isnan(began) and state.peak - state.rest >= config.partial_deg
    state = State(newest=state.newest, place=state.place, rest=state.rest)
    return state, (Refusal(began, sample.time_s, reason),) if tried else ()


def _gap_slack(state: State, sample: Sample) -> float:
    """The guard answers one sample late; at 5 Hz that alone is 0.2 s."""
    return min(0.2, sample.time_s - state.newest.time_s) if state.newest else 0.0


def _is_cut(before: Sample, now: Sample) -> bool:
    passed = max(now.time_s - before.time_s, 1e-3)
    trunk = max(before.trunk_px, 1e-6)
    jump = hypot(now.hip_x - before.hip_x, now.hip_y - before.hip_y) / trunk
    scale = max(now.trunk_px, 1e-6) / trunk
    quick = passed < 0.5
    return quick and ((jump > _CUT_TRUNKS and jump / passed > _CUT_TRUNKS_S) or not 1 / _CUT_SCALE < scale < _CUT_SCALE)


def _advance(config: Config, state: State, sample: Sample, flexion: float) -> tuple[State, tuple[Event, ...]]:
    lift = smoothing.one_euro(state.filter, sample.time_s, flexion - or_zero(sample.trunk_deg))
    point = Point(sample, flexion, lift.value)
    smooth_deg = 180.0 - lift.value - or_zero(sample.trunk_deg)
    state = replace(state, filter=lift, smooth_deg=smooth_deg, trace=(*state.trace, point))
    if isnan(state.opened_s):
        return _at_bottom(config, state, point), ()
    return _moving(config, state, point)


def _at_bottom(config: Config, state: State, point: Point) -> State:
    """Follow the rest until the legs leave it."""
    trace = tuple(p for p in state.trace if point.time_s - p.time_s <= _REST_WINDOW_S)
    lowest = min(range(len(trace)), key=lambda i: trace[i].smooth)
    low = trace[lowest].smooth
    state = replace(state, trace=trace)
    if point.smooth <= low + config.leave_deg:
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


def _open(state: State, point: Point, low: float) -> State:
    rest = low if isnan(state.rest) else min(low, state.rest)
    return replace(
        state,
        phase=Phase.RAISE,
        rest=rest,
        opened_s=point.time_s,
        peak=point.smooth,
        valley=point.smooth,
        valley_s=point.time_s,
        returned_s=nan,
    )


def _moving(config: Config, state: State, point: Point) -> tuple[State, tuple[Event, ...]]:
    if point.time_s - state.opened_s > config.max_rep_s:
        refusal = Refusal(state.opened_s, point.time_s, Reason.TOO_LONG)
        return State(guard=state.guard, newest=state.newest, place=state.place, rest=state.rest), (refusal,)
    state = _track(config, state, point)
    rise = state.peak - state.rest
    up_again = point.smooth - state.valley
    if not isnan(state.returned_s):
        if up_again > config.leave_deg:
            return _turn(config, state, point, returned=True)
        return _settle(config, state, point)
    deep = state.valley < state.rest + _HUMP_SHARE * rise
    if deep and up_again > max(config.leave_deg, _TURN_SHARE * rise):
        return _turn(config, state, point, returned=False)
    return state, ()


def _track(config: Config, state: State, point: Point) -> State:
    """Peak, valley and phase after one more point of a movement."""
    if point.smooth > state.peak and isnan(state.returned_s):
        return replace(state, peak=point.smooth, valley=point.smooth, valley_s=point.time_s, phase=Phase.RAISE)
    if point.smooth < state.valley:
        # The time moves on only for a real sinking, so that creeping noise does not keep a leg from settling.
        sank = state.valley - point.smooth
        at_s = point.time_s if sank > 0 else state.valley_s
        state = replace(state, valley=point.smooth, valley_s=at_s)
    rise = state.peak - state.rest
    phase = Phase.HOLD if point.smooth > state.peak - _TOP_SHARE * rise else Phase.LOWER
    if isnan(state.returned_s) and point.low_lift <= state.rest + config.return_share * rise:
        return replace(state, phase=phase, returned_s=point.time_s)
    return replace(state, phase=phase)


def _settle(config: Config, state: State, point: Point) -> tuple[State, tuple[Event, ...]]:
    """Wait until the legs have stopped sinking, then judge the movement."""
    recent = [p.smooth for p in state.trace if point.time_s - p.time_s <= _SETTLE_S]
    still = max(recent) - point.smooth < _SETTLE_DEG and point.time_s - state.returned_s >= _SETTLE_S
    if not still and point.time_s - state.returned_s < _SETTLE_LIMIT_S:
        return state, ()
    events = _judged(config, state, returned=True)
    rest = min(state.rest, state.valley) if state.valley <= config.rest_deg else state.rest
    kept = tuple(p for p in state.trace if p.time_s >= state.valley_s)
    return replace(state, trace=kept, rest=rest, opened_s=nan, returned_s=nan, phase=Phase.PAUSE), events


def _turn(config: Config, state: State, point: Point, *, returned: bool) -> tuple[State, tuple[Event, ...]]:
    """The legs go up again: one movement ends at the valley and the next begins there."""
    events = _judged(config, state, returned=returned)
    kept = tuple(p for p in state.trace if p.time_s >= state.valley_s)
    state = _open(replace(state, trace=kept), point, state.valley)
    return replace(state, peak=max(p.smooth for p in kept)), events


def _judged(config: Config, state: State, *, returned: bool) -> tuple[Event, ...]:
    movement = Movement(state.trace, state.rest, state.peak, state.valley_s, returned)
    verdict = judge.judge(config, movement)
    return () if verdict is None else (verdict,)
