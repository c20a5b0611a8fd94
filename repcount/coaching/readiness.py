"""Whether the person is in position to be counted, what is in the way, and when to remind them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf, isnan, nan
from typing import TYPE_CHECKING

import numpy as np

from repcount.analysis import OBLIQUE_VIEW_DEG, SMALL_TRUNK_SHARE
from repcount.coaching.events import Cue
from repcount.config import Config
from repcount.pose.body import trunk_px
from repcount.types import ANKLES, FACE, HEELS, HIPS, TOES, Frame, Pose, Sample

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FEET = (*ANKLES, *HEELS, *TOES)

_BRIGHTNESS_STRIDE = 16
"""Brightness is averaged over every 16th pixel in both directions; thousands of pixels are enough for a mean."""

_DARK_BRIGHTNESS = 25.0
"""Mean brightness below which a frame without a person is called dark. A rendered dim evening has 81."""

_CHEST_UP_DEG = 5.0
"""Least chest elevation of somebody on their back; the counter uses the same limit."""

_STILL_S, _STILL_DEG, _STILL_TRUNKS = 1.0, 6.0, 0.15
"""Lying still means hip angle (degrees) and hip position (trunk lengths) stay within these bounds for a second.

Heuristic: jitter and breathing stay well below them, settling down on a mat does not.
"""

_SITTING_UP_S = 0.5
"""How long the trunk must be up to end readiness. Heuristic: a brief sit-up is rejected by the counter anyway."""

_OUT_OF_SIGHT_S = 3.0
"""How long somebody may be out of sight and still be ready. Heuristic."""

_REMINDER_INTERVAL_S = 12.0
"""Heuristic: time to get up, move the camera and lie down again."""

_ADVICE = {Cue.HEAD_OUT, Cue.FEET_OUT, Cue.TOO_FAR, Cue.TWO_PEOPLE}
"""Problems that do not prevent counting; they are announced once."""


@dataclass(frozen=True, slots=True)
class Framing:
    """How one frame shows the person, apart from the angles in its sample."""

    people: int
    """How many people were found or are known to lie there."""
    brightness: float
    """Mean of all channels, 0 black to 255 white."""
    head_inside: bool = True
    feet_inside: bool = True
    """Whether the feet are in the image now and will be when the legs are upright."""
    trunk_share: float = 0.0
    """Length of the trunk as a share of the image's longer side."""


def check_framing(frame: Frame, pose: Pose | None, people: int) -> Framing:
    """The framing of `frame`; without a `pose` only its brightness is known."""
    brightness = float(frame.image[::_BRIGHTNESS_STRIDE, ::_BRIGHTNESS_STRIDE].mean())
    if pose is None:
        return Framing(0, brightness)
    height, width = frame.image.shape[:2]
    size = np.array([width, height], dtype=np.float64)
    # While one person is followed nobody else is looked for, except beside that person.
    lying = 0 if isnan(pose.people_lying) else int(pose.people_lying)
    return Framing(
        max(people, lying),
        brightness,
        head_inside=_mostly_inside(pose.xy_px[list(FACE)], size),
        feet_inside=_mostly_inside(pose.xy_px[list(_FEET)], size) and _mostly_inside(_raised_ankles(pose), size),
        trunk_share=trunk_px(pose) / max(width, height),
    )


def _mostly_inside(points: NDArray[np.float64], size: NDArray[np.float64]) -> bool:
    """Whether most points (n, 2) are inside the image: one of a pair may be misplaced."""
    return float(np.mean(np.all((points >= 0) & (points <= size), axis=1))) > 0.5


def _raised_ankles(pose: Pose) -> NDArray[np.float64]:
    """Where the ankles (2, 2) will be with the legs upright: above the hips by their present distance from them."""
    hips, ankles = pose.xy_px[list(HIPS)], pose.xy_px[list(ANKLES)]
    lengths = np.linalg.norm(ankles - hips, axis=1)
    raised: NDArray[np.float64] = hips - np.column_stack([np.zeros(2), lengths])
    return raised


@dataclass(frozen=True, slots=True)
class ReadinessState:
    """The state of the readiness check. Times are those of the samples."""

    ready: bool = False
    problem: Cue | None = Cue.NOBODY
    """What prevents readiness or, once ready, what could be better."""
    still_samples: tuple[Sample, ...] = ()
    """Samples of somebody lying still in position, at most the last `_STILL_S`."""
    last_seen_s: float = nan
    last_lying_s: float = nan


def update_readiness(config: Config, state: ReadinessState, sample: Sample, framing: Framing) -> ReadinessState:
    """The state after one more frame. Sample times must increase."""
    if isnan(sample.hip_deg):
        return _while_nobody(state, sample, framing)
    state = replace(state, last_seen_s=sample.time_s)
    if abs(sample.trunk_deg) <= config.lying_deg:
        state = replace(state, last_lying_s=sample.time_s)
    if state.ready:
        return _while_ready(config, state, sample, framing)
    return _while_not_ready(config, state, sample, framing)


def _while_nobody(state: ReadinessState, sample: Sample, framing: Framing) -> ReadinessState:
    if state.ready and sample.time_s - state.last_seen_s < _OUT_OF_SIGHT_S:
        return state
    problem = Cue.TOO_DARK if framing.brightness < _DARK_BRIGHTNESS else Cue.NOBODY
    return replace(state, ready=False, still_samples=(), problem=problem)


def _while_ready(config: Config, state: ReadinessState, sample: Sample, framing: Framing) -> ReadinessState:
    if sample.time_s - state.last_lying_s > _SITTING_UP_S:
        return replace(state, ready=False, still_samples=(), problem=Cue.NOT_LYING)
    # What is inside of the picture is known while the legs are down.
    return state if _leg_elevation_deg(sample) > config.rest_deg else replace(state, problem=_advice(framing))


def _while_not_ready(config: Config, state: ReadinessState, sample: Sample, framing: Framing) -> ReadinessState:
    problem = _obstacle(config, sample)
    if problem is not None:
        return replace(state, still_samples=(), problem=problem)
    still = (*(s for s in state.still_samples if sample.time_s - s.time_s <= _STILL_S), sample)
    if not _is_still(still):
        return replace(state, still_samples=still[-1:], problem=Cue.NOT_STILL)
    # The oldest sample kept may be up to one interval younger than _STILL_S, so one interval less is enough.
    if len(still) > 1 and still[-1].time_s - still[0].time_s >= _STILL_S - (still[1].time_s - still[0].time_s):
        return replace(state, ready=True, still_samples=(), problem=_advice(framing))
    return replace(state, still_samples=still, problem=_advice(framing))


def _obstacle(config: Config, sample: Sample) -> Cue | None:
    """The first problem that prevents counting: there is nothing to count yet, or the angles would be wrong."""
    obstacles = {
        Cue.NOT_LYING: abs(sample.trunk_deg) > config.lying_deg or sample.chest_deg < _CHEST_UP_DEG,
        Cue.FROM_THE_END: sample.view_deg > OBLIQUE_VIEW_DEG,
        Cue.NOT_STILL: _leg_elevation_deg(sample) > config.rest_deg,
    }
    return next((cue for cue, present in obstacles.items() if present), None)


def _leg_elevation_deg(sample: Sample) -> float:
    return 180.0 - sample.hip_deg - sample.trunk_deg


def _advice(framing: Framing) -> Cue | None:
    """The first problem that does not prevent counting. What cannot be seen refuses nothing, but may be put right."""
    problems = {
        Cue.HEAD_OUT: not framing.head_inside,
        Cue.FEET_OUT: not framing.feet_inside,
        Cue.TOO_FAR: framing.trunk_share < SMALL_TRUNK_SHARE,
        Cue.TWO_PEOPLE: framing.people > 1,
    }
    return next((cue for cue, present in problems.items() if present), None)


def _is_still(samples: tuple[Sample, ...]) -> bool:
    hip_deg = [sample.hip_deg for sample in samples]
    tolerance_px = _STILL_TRUNKS * max(sample.trunk_px for sample in samples)
    hip_px = ([sample.hip_x for sample in samples], [sample.hip_y for sample in samples])
    return max(hip_deg) - min(hip_deg) <= _STILL_DEG and all(max(axis) - min(axis) <= tolerance_px for axis in hip_px)


@dataclass(frozen=True, slots=True)
class ReminderState:
    """The state of the reminders."""

    problem: Cue | None = None
    since_s: float = nan
    """Since when `problem` has lasted."""
    last_reminder_s: float = -inf
    announced: frozenset[Cue] = frozenset()
    """Every problem announced so far."""


def update_reminder(
    state: ReminderState, time_s: float, problem: Cue | None, patience_s: float, *, insist: bool
) -> tuple[ReminderState, Cue | None]:
    """The state after `time_s`, and the problem to announce now, if any.

    A problem is announced once it has lasted `patience_s` seconds. With `insist`, and unless it is mere advice, it may
    be announced again, at the earliest `_REMINDER_INTERVAL_S` after the last reminder. Nor does a moment without a
    problem end the one before then: who raises the legs all the time lies still in between, but not for long enough.
    """
    if problem is None and insist:
        return state, None
    if problem is not state.problem:
        state = replace(state, problem=problem, since_s=time_s)
    if problem is None or time_s - state.since_s < patience_s:
        return state, None
    again = insist and problem not in _ADVICE and time_s - state.last_reminder_s >= _REMINDER_INTERVAL_S
    if problem in state.announced and not again:
        return state, None
    return replace(state, last_reminder_s=time_s, announced=state.announced | {problem}), problem
