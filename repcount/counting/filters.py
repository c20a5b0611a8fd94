"""An outlier guard, a One-Euro filter and a Gaussian smoother: state in, state out, every value with its time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp, isnan, nan, pi

_SIDE = 2
_NEIGHBOUR_S = 0.5
"""A value is held against the median of itself and two neighbours on each side, none further away than this:
pairs of wild values are common, and the median of five bears them. Heuristic."""

_STRAY_DEG = 12.0
_MAX_SPEED_DEG_S = 400.0
"""A value may differ from the median, and from the last good value, by the larger of this angle and what legs
can turn in the time between: 90° with least jerk in 0.5 s peaks at 340°/s."""

_MAX_TURN_DEG_S2 = 2100.0
"""How quickly legs can turn round: 90° with least jerk in 0.5 s peaks at that."""

_JUMP_S = 0.3
"""A jump that no leg can make is left out for this long; what stays away longer is taken as the new truth."""

_MIN_CUTOFF_HZ = 2.0
_BETA = 0.05
"""At rest the filter passes 2 Hz, at 60°/s 5 Hz: jitter is 0.5-1° at rest, a raise of 1 s is 0.5 Hz."""

_EVEN_S = 0.08
"""Standard deviation of the weights with which neighbours even out a value, in time and not in frames: so from 10
to 30 Hz the moments shift by no more than 0.02 s at the median, on rendered and on real clips. Wider ones make starts
earlier and ends later."""

_EVEN_REACH_S = 2.5 * _EVEN_S


@dataclass(frozen=True, slots=True)
class OutlierGuard:
    """State of the outlier guard."""

    window: tuple[tuple[float, float], ...] = ()
    """The newest (time, value) pairs, five at most; the one judged next is third from the end."""
    good: tuple[float, float] | None = None
    """The last value let through."""


DELAY = _SIDE
"""The guard answers this many values late."""


def push_outlier_guard(state: OutlierGuard, time_s: float, value: float) -> tuple[OutlierGuard, float]:
    """Leave out values that neither their neighbours nor the speed of legs can explain (after Hampel).

    The answer is about the value `DELAY` calls ago, whose neighbours on both sides are now known: the value
    itself, or NaN where it was NaN, is left out, or there is none yet.
    """
    window = (*state.window, (time_s, value))[-(2 * _SIDE + 1) :]
    moved = replace(state, window=window)
    if len(window) <= _SIDE:
        return moved, nan
    at_s, judged = window[-1 - _SIDE]
    if isnan(judged) or _is_outlier(window, at_s, judged) or _jumped(state.good, at_s, judged) or _is_spike(window):
        return moved, nan
    return replace(moved, good=(at_s, judged)), judged


def _is_outlier(window: tuple[tuple[float, float], ...], at_s: float, judged: float) -> bool:
    near = [(t, x) for t, x in window if not isnan(x) and abs(t - at_s) <= _NEIGHBOUR_S]
    reach_s = min((abs(t - at_s) for t, _ in near if t != at_s), default=0.0)
    values = sorted(x for _, x in near)
    # An even number has two middles: the doubt is the value's own, so the nearer one counts.
    middles = (values[(len(values) - 1) // 2], values[len(values) // 2])
    return min(abs(judged - middle) for middle in middles) > _allowed(reach_s)


def _is_spike(window: tuple[tuple[float, float], ...]) -> bool:
    """Whether the value judged lies on no line through two neighbours: before it, after it, or on both sides of it.

    Legs on their way come as far from their median as a wild value may lie, but a line follows them. Unknown where one
    of the neighbours is.
    """
    if len(window) < 2 * _SIDE + 1 or any(isnan(value) for _, value in window):
        return False
    first, before, judged, after, last = window
    return all(_is_off(judged, *pair) for pair in ((first, before), (before, after), (after, last)))


def _is_off(judged: tuple[float, float], one: tuple[float, float], other: tuple[float, float]) -> bool:
    """Whether a value is further from the line through two others than legs can turn off it."""
    (at_s, value), (t0, x0), (t1, x1) = judged, one, other
    on_line = x0 + (x1 - x0) * (at_s - t0) / (t1 - t0)
    turned = _MAX_TURN_DEG_S2 * abs((at_s - t0) * (at_s - t1)) / 2
    return abs(value - on_line) > max(_STRAY_DEG, turned)


def _jumped(good: tuple[float, float] | None, at_s: float, judged: float) -> bool:
    if good is None or at_s - good[0] >= _JUMP_S:
        return False
    return abs(judged - good[1]) > _allowed(at_s - good[0])


def _allowed(passed_s: float) -> float:
    return max(_STRAY_DEG, _MAX_SPEED_DEG_S * passed_s)


@dataclass(frozen=True, slots=True)
class OneEuro:
    """State of the One-Euro filter: time, value and speed of the last output."""

    time_s: float = nan
    value: float = nan
    speed: float = 0.0


def one_euro(state: OneEuro, time_s: float, value: float) -> OneEuro:
    """Casiez, Roussel and Vogel, "1€ filter", CHI 2012: a low pass whose cutoff rises with the speed.

    The first value and the first one after a gap of `_JUMP_S` start it afresh.
    """
    passed = time_s - state.time_s
    if isnan(state.value) or passed > _JUMP_S:
        return OneEuro(time_s, value)
    speed = _low_pass(state.speed, (value - state.value) / passed, _share(1.0, passed))
    share = _share(_MIN_CUTOFF_HZ + _BETA * abs(speed), passed)
    return OneEuro(time_s, _low_pass(state.value, value, share), speed)


def _share(cutoff_hz: float, passed_s: float) -> float:
    return 1.0 - exp(-2.0 * pi * cutoff_hz * passed_s)


def _low_pass(old: float, new: float, share: float) -> float:
    return old + share * (new - old)


def gaussian_smooth(times_s: Sequence[float], values: Sequence[float]) -> tuple[float, ...]:
    """Each value evened out with its neighbours, by a Gaussian in time: no lag, less jitter. The times rise."""
    evened, first, last = [], 0, 0
    for at_s in times_s:
        while times_s[first] < at_s - _EVEN_REACH_S:
            first += 1
        while last < len(times_s) and times_s[last] <= at_s + _EVEN_REACH_S:
            last += 1
        weights = [exp(-(((t - at_s) / _EVEN_S) ** 2) / 2) for t in times_s[first:last]]
        evened.append(sum(w * x for w, x in zip(weights, values[first:last], strict=True)) / sum(weights))
    return tuple(evened)
