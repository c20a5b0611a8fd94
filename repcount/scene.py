"""Whether two samples show the same person in the same scene."""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot, isnan

from repcount.records import Sample

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
