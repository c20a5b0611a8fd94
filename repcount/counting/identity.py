"""Whether two samples can show the same body in the same scene: by place, size and the side of the head."""

from __future__ import annotations

from math import hypot, isnan

from repcount.types import Sample

_TRUNKS = 1.0
_TRUNKS_PER_S = 0.25
"""Hips that jump by more than a trunk length, and a quarter more for each second that has passed, are another body's.
Heuristic: somebody who lies shuffles by less, and the bumps of a hand-held camera move the picture by a fifth of it."""

_SCALE = 1.8
"""A trunk that looks this much longer or shorter is another one. Heuristic: between lying and standing upright legs the
trunk's length in the picture changes by 1.2 at most (labelled clips, 95th percentile)."""

_TURN_DEG = 120.0
"""Nobody who lies turns end for end: a head that is suddenly where the feet were belongs to a mirrored shot, another
camera or another body. Sitting up turns the trunk by 90°."""


def is_same_body(before: Sample | None, now: Sample) -> bool:
    """Whether `now` can be the body of `before`, a moment later. What is not known does not tell them apart."""
    if before is None or isnan(now.trunk_px) or isnan(before.trunk_px):
        return True
    trunk = max(before.trunk_px, 1e-6)
    jump = hypot(now.hip_x - before.hip_x, now.hip_y - before.hip_y) / trunk
    scale = max(now.trunk_px, 1e-6) / trunk
    turn = abs((now.heading_deg - before.heading_deg + 180.0) % 360.0 - 180.0)
    far = jump > _TRUNKS + _TRUNKS_PER_S * (now.time_s - before.time_s)
    return not (far or turn > _TURN_DEG) and 1 / _SCALE < scale < _SCALE
