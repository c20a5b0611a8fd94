"""The hysteresis state machine: samples in, classified movements out. State in, state out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import inf, isnan, nan

from repcount.config import Config
from repcount.counting import filters, identity, other_leg, rules
from repcount.counting.movement import Movement, TracePoint, elevation_above_floor
from repcount.types import Event, Phase, Rejection, RejectionReason, Rep, Sample, StrayLeg, UnfinishedRep

_REST_WINDOW_S = 3.0
"""The rest is the lowest angle of this long: slow drift (a head that is lifted) is followed, and the slowest
raise that counts still leaves the floor within it. Heuristic."""

_MIN_REST_DEG = -20.0
"""No legs rest lower: the floor stops them, seen by a camera that is tilted by 15° at most and measured to 5°."""

_MAX_EXTENSION_DEG, _MAX_FLEXION_DEG = -30.0, 150.0
"""A hip neither extends nor flexes further (the norms of the American Academy of Orthopaedic Surgeons are 30° and 120°;
a trunk that curls adds up to 30° to the latter): such an angle is no pose of a body and is left out."""

_CALM_S = 0.3
"""So long after a value that was left out nothing is learnt of the rest: wild values come in bursts. Heuristic."""

_BOTTOM_POINTS = 3
"""Legs are at a bottom for at least so many samples: those that turn round there within 0.8 s a flank stay within 5° of
it for 0.3 s, three samples at 10 Hz. One or two low values are none."""

_BEFORE_S = 0.5
"""So much before the thighs were lowest the feet may have left: 0.2-0.3 s on clips with noise. Heuristic."""

_LYING_DEG = 45.0
"""Half way between lying and standing: a trunk that is steeper does not lie, and its legs are not at rest."""

_EMERGED_S = 0.5
"""Legs that leave so soon after somebody came into sight were on their way up before. Heuristic."""

_DWELL_S = 1.0
_DWELL_DEG = 5.0
"""A pose held for this long within this much is a rest, wherever it is. Heuristic: a second is what
people on a mat call lying still."""

_HUMP_SHARE = 0.6
"""Legs that sink less than 40 % of the rise and go up again never left the top (hips pushed up, a long hold);
deeper ones turned round on the way down."""

_TURN_SHARE = 0.25
"""A rise of this share of the movement after a deep dip is a new raise. Heuristic."""

_SETTLE_S = 0.4
_SETTLE_DEG = 1.0
_SETTLE_LIMIT_S = 3.0
"""The legs are down when they sank less than a degree in 0.4 s; real legs creep for up to 1.5 s. The limit
keeps a leg that sinks for ever from holding its count back."""

_AT_REST_S = 0.22
_AT_REST_POINTS = 4
_AT_REST_DEG, _AT_REST_SINK_DEG = 3.0, 0.35
"""Within so much of where they rest, half of that time with four samples in it is enough, if they sank by less than a
third of a degree: they have nowhere further to sink, so a stall on the way down is not taken for the end. With 0.5°
legs that creep down for half a second would be called down that much early."""

_STILL_DUE_S = 0.25
"""So much later than noticed may be the end of legs that arrive softly: it is reckoned from their whole way, and the
last half degree takes them 0.25 s in a lower of 3.5 s."""

_HABIT_REPS = 9
"""So many reps tell how somebody leaves the floor and comes down: people tire, and do it otherwise then. Heuristic."""

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
    elsewhere: tuple[Sample, ...] = ()
    """Samples of what cannot be that person, the newest in a row: landmarks that have hopped, or a new scene."""
    wild_s: float = nan
    """When a value was left out last."""
    before: tuple[TracePoint, ...] = ()
    """Points shortly before those of the trace."""
    ended_s: float = -inf
    """When the last movement ended or, later, the person went out of sight; at first, the time of the first sample."""
    trace: tuple[TracePoint, ...] = ()
    sighted_s: float = nan
    """When the person came into sight."""
    rest: float = nan
    """Lift at which this person's legs rest."""
    learnt: bool = False
    """Whether that was learnt; else it only serves the movement under way."""
    opened_s: float = nan
    """When the movement under way was noticed; NaN at the bottom."""
    peak: float = nan
    valley: float = nan
    """Lowest lift since the peak."""
    valley_s: float = nan
    """When that was; what was seen before belongs to the movement that ended there."""
    sank: bool = False
    """Whether the legs have sunk deep enough since the peak for a new raise to be one of its own."""
    returned_s: float = nan
    """When the legs crossed the return threshold; NaN before."""
    abruptness: tuple[tuple[float, float], ...] = ()
    """How abruptly the legs left the bottom and came to rest there in the last reps, see `Movement.abruptness`."""


def step(config: Config, state: State, sample: Sample) -> tuple[State, tuple[Event, ...]]:
    """The state after `sample` and what became known by it.

    The times of the samples have to rise. The outlier guard looks ahead, so the state is about the sample
    `filters.DELAY` steps back. Numbers and sets of reps are given later, by `counter`.
    """
    if state.ended_s == -inf:
        state = replace(state, ended_s=sample.time_s)
    if state.elsewhere and isnan(sample.trunk_px):
        return _take(config, replace(state, elsewhere=(*state.elsewhere, sample)), sample, nan)
    if identity.is_same_body(state.place, sample) or _out_of_sight(config, state, sample):
        place = state.place if isnan(sample.trunk_px) else sample
        return _take(config, replace(state, place=place, elsewhere=()), sample, sample.hip_deg)
    return _look_elsewhere(config, state, sample)


def _out_of_sight(config: Config, state: State, sample: Sample) -> bool:
    """Whether nobody was seen for longer than a gap: then whoever comes is not held against what was seen before."""
    return state.place is not None and not state.elsewhere and sample.time_s - state.place.time_s > config.max_gap_s


def _look_elsewhere(config: Config, state: State, sample: Sample) -> tuple[State, tuple[Event, ...]]:
    """Leave out what cannot be the person who was followed, unless it stays for longer than a gap: a new scene."""
    seen = [other for other in state.elsewhere if not isnan(other.trunk_px)]
    going_on = bool(seen) and identity.is_same_body(seen[-1], sample)
    elsewhere = (*state.elsewhere, sample) if going_on else (sample,)
    if sample.time_s - elsewhere[0].time_s <= config.max_gap_s:
        return _take(config, replace(state, elsewhere=elsewhere), sample, nan)
    return _move(config, state, elsewhere)


def _move(config: Config, state: State, elsewhere: tuple[Sample, ...]) -> tuple[State, tuple[Event, ...]]:
    """Begin afresh in a new scene, with all that has been seen of it."""
    events = list(_given_up(config, state, elsewhere[0].time_s, RejectionReason.CUT))
    waiting = tuple(sample for sample in state.waiting if sample.time_s < elsewhere[0].time_s)
    guard = filters.OutlierGuard(tuple((sample.time_s, nan) for sample in waiting))
    ended_s = max((event.end_s for event in events if isinstance(event, Rep | Rejection)), default=state.ended_s)
    state = State(guard=guard, waiting=waiting, ended_s=ended_s)
    for sample in elsewhere:
        place = state.place if isnan(sample.trunk_px) else sample
        state, more = _take(config, replace(state, place=place), sample, sample.hip_deg)
        events += more
    return state, tuple(events)


def _take(config: Config, state: State, sample: Sample, hip_deg: float) -> tuple[State, tuple[Event, ...]]:
    possible = _MAX_EXTENSION_DEG <= 180.0 - hip_deg <= _MAX_FLEXION_DEG
    guarded, hip_deg = filters.push_outlier_guard(state.guard, sample.time_s, hip_deg if possible else nan)
    waiting = (*state.waiting, sample)
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
        return _judged(config, _movement(state, returned=True))
    movement = _movement(state, returned=False)
    if state.peak - state.rest < config.partial_deg or rules.rejection_reason(config, movement):
        return ()
    return (UnfinishedRep(movement.start_s),)


def _decide(config: Config, state: State, sample: Sample, hip_deg: float) -> tuple[State, tuple[Event, ...]]:
    state, events = _break(config, replace(state, about=sample), sample)
    if isnan(hip_deg):
        wild_s = state.wild_s if isnan(sample.hip_deg) else sample.time_s
        return replace(state, wild_s=wild_s), events
    state, more = _advance(config, state, sample, 180.0 - hip_deg)
    return state, events + more


def _break(config: Config, state: State, sample: Sample) -> tuple[State, tuple[Event, ...]]:
    """Give up the movement under way after a person out of sight for too long."""
    if not state.trace or sample.time_s - state.trace[-1].time_s <= config.max_gap_s:
        return state, ()
    return _reset(state), _given_up(config, state, sample.time_s, RejectionReason.LOST)


def _given_up(config: Config, state: State, time_s: float, reason: RejectionReason) -> tuple[Event, ...]:
    """What is left of a movement that goes out of sight: a rep if the legs were back, else the reason."""
    if not isnan(state.returned_s):
        return _judged(config, _movement(state, returned=True))
    tried = not isnan(state.opened_s) and state.peak - state.rest >= config.partial_deg
    return (Rejection(state.opened_s, time_s, reason),) if tried else ()


def _reset(state: State) -> State:
    """Forget the movement under way and all that was seen before it."""
    return State(
        guard=state.guard,
        waiting=state.waiting,
        about=state.about,
        place=state.place,
        elsewhere=state.elsewhere,
        wild_s=state.wild_s,
        ended_s=state.trace[-1].time_s,
    )


def _advance(config: Config, state: State, sample: Sample, flexion: float) -> tuple[State, tuple[Event, ...]]:
    state, point = _follow(state, sample, flexion)
    if isnan(state.opened_s):
        return _at_bottom(config, state, point), ()
    return _moving(config, state, point)


def _follow(state: State, sample: Sample, flexion: float) -> tuple[State, TracePoint]:
    """Smooth one more value and add it to the trace."""
    raw = elevation_above_floor(flexion, sample)
    lift = filters.one_euro(state.filter, sample.time_s, raw)
    point = TracePoint(sample, flexion, lift.value)
    smooth_deg = 180.0 - (lift.value + flexion - raw)
    sighted_s = state.sighted_s if state.trace else sample.time_s
    state = replace(state, filter=lift, smooth_deg=smooth_deg, trace=(*state.trace, point), sighted_s=sighted_s)
    return state, point


def _at_bottom(config: Config, state: State, point: TracePoint) -> State:
    """Follow the rest until the legs leave it."""
    recent = (p for p in state.trace if point.time_s - p.time_s <= _REST_WINDOW_S)
    trace = tuple(p for p in recent if p is point or not p.time_s < state.valley_s)
    low, lowest = _bottom(trace)
    state = _from(state, trace[0].time_s)
    if _robust_extreme(trace, min) <= low + config.leave_deg:
        phase = Phase.PAUSE if point.low_lift <= config.rest_deg else Phase.UNKNOWN
        return replace(_rest(config, state, low), phase=phase)
    return _open(_from(state, trace[lowest].time_s), point, low)


def _from(state: State, since_s: float) -> State:
    """The state with the trace from then on; what was shortly before is kept apart."""
    points = (*state.before, *state.trace)
    before = tuple(p for p in points if since_s - _BEFORE_S <= p.time_s < since_s)
    return replace(state, before=before, trace=tuple(p for p in state.trace if p.time_s >= since_s))


def _bottom(trace: tuple[TracePoint, ...]) -> tuple[float, int]:
    """The lowest lift that is kept for some samples, and which is the first of them."""
    last = max(len(trace) - _BOTTOM_POINTS, 0)
    highs = [max(p.smooth for p in trace[i : i + _BOTTOM_POINTS]) for i in range(last + 1)]
    lowest = min(range(last + 1), key=lambda i: highs[i])
    return highs[lowest], lowest


def _rest(config: Config, state: State, low: float) -> State:
    """The lowest place where the legs turned round or lay still lately; a place they dwell at wins."""
    newest = state.trace[-1]
    if not _can_teach(state, newest):
        return state
    dwelt = [p.smooth for p in state.trace if newest.time_s - p.time_s <= _DWELL_S]
    long_enough = newest.time_s - state.trace[0].time_s >= _DWELL_S
    if long_enough and max(dwelt) - min(dwelt) <= _DWELL_DEG and min(dwelt) <= config.rest_deg:
        return replace(state, rest=max(sum(dwelt) / len(dwelt), _MIN_REST_DEG), learnt=True)
    return _learn(state, low)


def _can_teach(state: State, point: TracePoint) -> bool:
    """Whether the newest point may tell where the legs rest: of somebody who lies, in no burst of wild values.

    Nor before there are enough samples for a bottom: the very first values may be such a burst.
    """
    if len(state.trace) < _BOTTOM_POINTS:
        return False
    trunk = point.sample.trunk_deg
    return not point.time_s - state.wild_s <= _CALM_S and not abs(trunk) > _LYING_DEG


def _learn(state: State, low: float) -> State:
    """The rest after one more bottom."""
    return replace(state, rest=max(min(low, state.rest) if state.learnt else low, _MIN_REST_DEG), learnt=True)


def _open(state: State, point: TracePoint, low: float) -> State:
    if _can_teach(state, point):
        state = _learn(state, low)
    elif not state.learnt or abs(point.sample.trunk_deg) > _LYING_DEG:
        state = replace(state, rest=low, learnt=False)
    return replace(
        state,
        phase=Phase.RAISE,
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
    back = phase is Phase.LOWER and point.low_lift <= state.rest + config.return_share * rise
    if isnan(state.returned_s) and back:
        return replace(state, phase=phase, sank=sank, returned_s=point.time_s)
    return replace(state, phase=phase, sank=sank)


def _settle(config: Config, state: State, point: TracePoint) -> tuple[State, tuple[Event, ...]]:
    """Wait until the legs have stopped sinking, then judge the movement."""
    ahead = _look_ahead(config, state)
    newest = ahead.trace[-1]
    still = _is_still(ahead, newest, _SETTLE_S, _SETTLE_DEG)
    at_rest = newest.smooth <= state.rest + _AT_REST_DEG and _is_still(
        ahead, newest, _AT_REST_S, _AT_REST_SINK_DEG, _AT_REST_POINTS
    )
    if not (still or at_rest) and point.time_s - state.returned_s < _SETTLE_LIMIT_S:
        return state, ()
    movement = _movement(ahead, returned=True, still_due_s=0.0 if still else _STILL_DUE_S)
    state = _from(replace(state, ended_s=movement.end_s), min(ahead.valley_s, point.time_s))
    low, _ = _bottom(state.trace)
    if low <= config.rest_deg and _can_teach(state, point):
        state = _learn(state, low)
    state = replace(state, valley_s=ahead.valley_s, opened_s=nan, returned_s=nan, phase=Phase.PAUSE)
    events = _judged(config, movement)
    return _with_habit(state, movement, events), events


def _look_ahead(config: Config, state: State) -> State:
    """The state with the samples that still wait for the guard, which are good enough to see that the legs lie still.

    Where one of them is elsewhere, the guard's answer is waited for. So a rep is known 0.13 s after the legs are down
    (median of 112 on all labelled clips at 15 Hz) and not 0.26 s, with the same counts and moments.
    """
    ahead = state
    for sample, (_, hip_deg) in zip(state.waiting, state.guard.window[-filters.DELAY :], strict=False):
        if not isnan(hip_deg):
            ahead, point = _follow(ahead, sample, 180.0 - hip_deg)
            if abs(point.smooth - state.trace[-1].smooth) > _AT_REST_DEG:
                return state
            ahead = _track(config, ahead, point)
    return ahead


def _is_still(state: State, point: TracePoint, lasting_s: float, sink_deg: float, points: int = 1) -> bool:
    """Whether the legs, back for so long, sank by less than `sink_deg` in it; `points` are the fewest that tell."""
    recent = [p.smooth for p in state.trace if point.time_s - p.time_s <= lasting_s]
    long_enough = point.time_s - state.returned_s >= lasting_s and len(recent) >= points
    return long_enough and max(recent) - point.smooth < sink_deg


def _start_next_rep(
    config: Config, state: State, point: TracePoint, *, returned: bool
) -> tuple[State, tuple[Event, ...]]:
    """The legs go up again: one movement ends in the valley and the next begins there."""
    movement = _movement(state, returned=returned)
    events = _judged(config, movement)
    state = _from(replace(_with_habit(state, movement, events), ended_s=movement.end_s), state.valley_s)
    return _open(state, point, _bottom(state.trace)[0]), events


def _with_habit(state: State, movement: Movement, events: tuple[Event, ...]) -> State:
    """The state after a movement, which tells how this person does reps if it is one and was seen from its start."""
    if movement.emerged or not any(isinstance(event, Rep) for event in events):
        return state
    return replace(state, abruptness=(*state.abruptness, movement.abruptness)[-_HABIT_REPS:])


def _movement(state: State, *, returned: bool, still_due_s: float = 0.0) -> Movement:
    emerged = state.trace[0].time_s == state.sighted_s and state.opened_s - state.sighted_s <= _EMERGED_S
    return Movement(
        trace=state.trace,
        rest=state.rest,
        peak=state.peak,
        valley_s=state.valley_s,
        returned=returned,
        emerged=emerged,
        still_due_s=still_due_s,
        before=state.before,
        ended_s=state.ended_s,
        abruptness_before=state.abruptness,
    )


def _judged(config: Config, movement: Movement) -> tuple[Event, ...]:
    verdict = rules.classify_movement(config, movement)
    if verdict is None:
        return ()
    stray = isinstance(verdict, Rep) and other_leg.has_slipped(movement)
    return (verdict, StrayLeg()) if stray else (verdict,)
