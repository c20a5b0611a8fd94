"""An outlier guard and a One-Euro filter: state in, state out, every value with its time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import exp, isnan, nan, pi

_NEIGHBOUR_S = 0.25
"""Values further apart than this say nothing about each other (a choice: 2.5 samples at 10 Hz)."""

_MAX_SPEED_DEG_S = 700.0
"""No leg raise turns the hip faster: 90° in the 0.4 s of a very quick raise peaks at 350°/s."""

_JUMP_DEG = 30.0
_JUMP_S = 0.3
"""A jump that no leg can make is left out for this long; what stays away longer is taken as the new truth."""

_MIN_CUTOFF_HZ = 2.0
_BETA = 0.05
"""At rest the filter passes 2 Hz, at 60°/s 5 Hz: jitter is 0.5-1° at rest, a raise of 1 s is 0.5 Hz."""


@dataclass(frozen=True, slots=True)
class Guard:
    """State of the outlier guard: the two newest values and the last one let through."""

    before: tuple[float, float] | None = None
    newest: tuple[float, float] | None = None
    good: tuple[float, float] | None = None


def guard(state: Guard, time_s: float, value: float) -> tuple[Guard, float]:
    """Median of three, then a limit of speed; NaN in or a value refused give NaN.

    The result belongs to the value *before* this one, whose both neighbours are now known.
    """
    middle = _median(state, time_s, value)
    moved = replace(state, before=state.newest, newest=(time_s, value))
    if state.newest is None or isnan(middle):
        return moved, nan
    at_s = state.newest[0]
    if state.good is not None and _jumped(state.good, at_s, middle):
        return moved, nan
    return replace(moved, good=(at_s, middle)), middle


def _median(state: Guard, time_s: float, value: float) -> float:
    if state.newest is None or isnan(state.newest[1]):
        return nan
    values = [state.newest[1]]
    for neighbour in (state.before, (time_s, value)):
        if neighbour and not isnan(neighbour[1]) and abs(neighbour[0] - state.newest[0]) <= _NEIGHBOUR_S:
            values.append(neighbour[1])
    return sorted(values)[1] if len(values) == 3 else values[0]


def _jumped(good: tuple[float, float], time_s: float, value: float) -> bool:
    passed = time_s - good[0]
    return passed < _JUMP_S and abs(value - good[1]) > max(_JUMP_DEG, _MAX_SPEED_DEG_S * passed)


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
