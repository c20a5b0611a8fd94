"""Tones where there are no words, and the ticks that set the pace. Sound is mono, -1 to 1, at RATE_HZ."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from repcount.config import parse_tempo
from repcount.moment import Cue

Clip = NDArray[np.float32]
"""(samples,) of sound."""

RATE_HZ = 22_050
"""What espeak-ng, SAPI and macOS speak at; twice the highest partial of the tones."""

_PEAK = 0.9
"""Of tones and of words, so that both are equally loud; the rest is room for ticks."""

_PACE_PEAK = 0.35
"""Ticks come every second: clearly softer than a word. A choice."""

_SOFT_S = 0.008
"""Attack and decay; shorter ones click."""

_PARTIALS = (1.0, 0.6, 0.35, 0.2)
"""Strengths of the first harmonics: a bare sine drowns in music and in small loudspeakers."""

_NOTES: dict[str, tuple[tuple[float, float], ...]] = {
    "rep": ((1047, 0.18),),
    "taken back": ((784, 0.10), (523, 0.16)),
    "partial": ((392, 0.12), (0, 0.05), (392, 0.12)),
    "fast": ((1319, 0.06), (0, 0.03), (1319, 0.06), (0, 0.03), (1319, 0.06)),
    "form": ((587, 0.10), (466, 0.10), (587, 0.10)),
    "last five": ((1047, 0.10), (0, 0.05), (1047, 0.10), (0, 0.05), (1047, 0.10)),
    "set done": ((523, 0.14), (659, 0.14), (784, 0.14), (1047, 0.35)),
    "all done": ((523, 0.14), (659, 0.14), (784, 0.14), (1047, 0.28), (784, 0.14), (1047, 0.45)),
    "limit": ((1047, 0.20), (784, 0.20), (523, 0.45)),
    "soon": ((659, 0.12),),
    "rest over": ((784, 0.25), (0, 0.12), (784, 0.25), (0, 0.12), (1047, 0.45)),
    "ready": ((523, 0.12), (784, 0.25)),
    "wait": ((784, 0.12), (523, 0.25)),
    "trouble": ((311, 0.30), (0, 0.08), (294, 0.40)),
}
"""Each tone as notes of (Hz, seconds); 0 Hz is silence. The ear keeps them apart by number, height and direction."""

_PLACEMENT = (Cue.NOBODY, Cue.NOT_LYING, Cue.NOT_STILL, Cue.HEAD_OUT, Cue.FEET_OUT, Cue.FROM_THE_END, Cue.TOO_FAR)
_CAMERA = (Cue.CAMERA_LOST, Cue.CAMERA_BUSY, Cue.CAMERA_REFUSED, Cue.CAMERA_FROZEN, Cue.CAMERA_SLOW)
_NAMES = {
    Cue.COUNT: "rep",
    Cue.ADDED: "rep",
    Cue.REMOVED: "taken back",
    Cue.HIGHER: "partial",
    Cue.ALL_THE_WAY_DOWN: "partial",
    Cue.SLOWER: "fast",
    Cue.LEGS_STRAIGHT: "form",
    Cue.LEGS_TOGETHER: "form",
    Cue.LAST_FIVE: "last five",
    Cue.SET_DONE: "set done",
    Cue.WORKOUT_DONE: "all done",
    Cue.DAY_LIMIT: "limit",
    Cue.REST_SOON_OVER: "soon",
    Cue.REST_OVER: "rest over",
    Cue.READY: "ready",
    Cue.GOING_ON: "ready",
    Cue.RESTARTED: "ready",
    Cue.CAMERA_BACK: "ready",
    Cue.PAUSED: "wait",
    Cue.SLOWED_DOWN: "wait",
    **dict.fromkeys((*_PLACEMENT, Cue.TOO_DARK, Cue.TWO_PEOPLE, *_CAMERA), "trouble"),
}


def tone(say: Cue) -> Clip:
    """The tone that stands for what there is to say."""
    return np.concatenate([_note(hz, hz, length_s) for hz, length_s in _NOTES[_NAMES[say]]])


def _note(from_hz: float, to_hz: float, length_s: float, peak: float = _PEAK) -> Clip:
    """A note that glides from one height to another."""
    count = round(length_s * RATE_HZ)
    turns = np.cumsum(np.linspace(from_hz, to_hz, count)) / RATE_HZ
    wave = sum(part * np.sin(2 * np.pi * order * turns) for order, part in enumerate(_PARTIALS, start=1))
    soft = np.minimum(1, np.minimum(np.arange(count), np.arange(count)[::-1]) / (_SOFT_S * RATE_HZ))
    loudest = max(float(np.abs(wave).max(initial=0)), 1.0)
    return np.asarray(peak * wave * soft / loudest, dtype=np.float32)


def cycle(tempo: str) -> Clip:
    """The ticks of one rep, from one raise to the next.

    A rising tone where the raise begins, a falling one where the lowering begins, a soft low click where a hold
    or a pause begins, and a tick after each second in between.

    Raises SettingError for a tempo that cannot be read. A tempo of no length at all gives no samples.
    """
    raise_s, hold_s, lower_s, pause_s = parse_tempo(tempo)
    parts = (
        _phase(500, 1000, raise_s),
        _phase(350, 350, hold_s),
        _phase(1000, 500, lower_s),
        _phase(350, 350, pause_s),
    )
    return np.concatenate(parts)


def _phase(from_hz: float, to_hz: float, length_s: float) -> Clip:
    ticks = np.zeros(round(length_s * RATE_HZ), dtype=np.float32)
    first = _note(from_hz, to_hz, min(0.22 if from_hz != to_hz else 0.05, length_s), _PACE_PEAK)
    ticks[: len(first)] = first[: len(ticks)]
    tick = _note(1500, 1500, 0.03, _PACE_PEAK)
    # A second that ends together with the phase has the sign of the next phase instead of a tick.
    for start in range(RATE_HZ, len(ticks) - RATE_HZ // 4, RATE_HZ):
        ticks[start : start + len(tick)] = tick[: len(ticks) - start]
    return ticks
