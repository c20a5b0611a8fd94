"""Whether somebody lies ready to be counted, what is in the way, and how often to say so."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf, isnan, nan
from typing import TYPE_CHECKING

import numpy as np

from repcount.coaching.events import Cue
from repcount.config import Config
from repcount.types import Frame, Landmark, Pose, Sample

if TYPE_CHECKING:
    from numpy.typing import NDArray

_HEAD = (Landmark.NOSE, Landmark.LEFT_EAR, Landmark.RIGHT_EAR)
_SHOULDERS = (Landmark.LEFT_SHOULDER, Landmark.RIGHT_SHOULDER)
_HIPS = (Landmark.LEFT_HIP, Landmark.RIGHT_HIP)
_ANKLES = (Landmark.LEFT_ANKLE, Landmark.RIGHT_ANKLE)
_HEELS = (Landmark.LEFT_HEEL, Landmark.RIGHT_HEEL)
_TOES = (Landmark.LEFT_FOOT_INDEX, Landmark.RIGHT_FOOT_INDEX)
_FEET = (*_ANKLES, *_HEELS, *_TOES)

_EVERY = 16
"""The brightness is that of each 16th pixel both ways: thousands of them are enough for a mean."""


@dataclass(frozen=True, slots=True)
class Framing:
    """What one frame shows of the place, beside the angles of its sample."""

    people: int
    """How many were looked at and found; where one is followed never more than one."""
    brightness: float
    """Mean of the picture, 0 black to 255 white."""
    head_inside: bool = True
    feet_inside: bool = True
    """The feet where they lie and where they will be when the legs stand upright."""
    trunk_share: float = 0.0
    """Length of the trunk as a share of the picture's longer side."""


def check_framing(frame: Frame, pose: Pose | None, people: int) -> Framing:
    """What `frame` shows; where `pose` is None there is nobody."""
    brightness = float(frame.image[::_EVERY, ::_EVERY].mean())
    if pose is None:
        return Framing(0, brightness)
    height, width = frame.image.shape[:2]
    size = np.array([width, height], dtype=np.float64)
    return Framing(
        people,
        brightness,
        head_inside=_inside(pose.xy_px[list(_HEAD)], size),
        feet_inside=_inside(pose.xy_px[list(_FEET)], size) and _inside(_raised(pose), size),
        trunk_share=_trunk_px(pose) / max(width, height),
    )


def _inside(points: NDArray[np.float64], size: NDArray[np.float64]) -> bool:
    """Whether most of the points lie in the picture: one of a pair may be guessed wrongly."""
    return float(np.mean(np.all((points >= 0) & (points <= size), axis=1))) > 0.5


def _raised(pose: Pose) -> NDArray[np.float64]:
    """Where the ankles will be with the legs upright: as far above the hips as they are from them now."""
    hips, ankles = pose.xy_px[list(_HIPS)], pose.xy_px[list(_ANKLES)]
    lengths = np.linalg.norm(ankles - hips, axis=1)
    raised: NDArray[np.float64] = hips - np.column_stack([np.zeros(2), lengths])
    return raised


def _trunk_px(pose: Pose) -> float:
    shoulders, hips = pose.xy_px[list(_SHOULDERS)].mean(axis=0), pose.xy_px[list(_HIPS)].mean(axis=0)
    return float(np.linalg.norm(shoulders - hips))


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


_AGAIN_S = 12.0
"""Time to get up, move the camera and lie down. A choice."""

_ONCE = {Cue.TOO_FAR, Cue.TWO_PEOPLE}
"""Advice that hinders nobody is given once."""


@dataclass(frozen=True, slots=True)
class ReminderState:
    """What is remembered of the problem at hand."""

    problem: Cue | None = None
    since_s: float = nan
    told_s: float = -inf
    told: frozenset[Cue] = frozenset()
    """All that was told."""


def update_reminder(
    state: ReminderState, time_s: float, problem: Cue | None, patience_s: float
) -> tuple[ReminderState, Cue | None]:
    """The state, and what to tell now: a problem that has lasted `patience_s`, or that goes on and on."""
    if problem is not state.problem:
        state = replace(state, problem=problem, since_s=time_s)
    if problem is None or time_s - state.since_s < patience_s:
        return state, None
    if problem in state.told and (problem in _ONCE or time_s - state.told_s < _AGAIN_S):
        return state, None
    return replace(state, told_s=time_s, told=state.told | {problem}), problem
