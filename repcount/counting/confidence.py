"""How far the verdict and the times of a rep can be trusted: one number from 0 to 1, made of what can be measured."""

from __future__ import annotations

from math import erf, isnan, prod, sqrt

from repcount.config import Config
from repcount.counting import other_leg
from repcount.counting.movement import Movement, nanmedian

_VIEW_GOOD_DEG, _VIEW_BAD_DEG = 35.0, 80.0
"""Angles hold up to here; beyond, doubt grows until nothing is left of them at the head-on view."""

_SEEN_WELL = 0.9
_JITTER_DEG, _GAP_S, _TRUNK_SPREAD = 1.5, 0.25, 0.3
_MOST_DOUBT = 0.5
"""Visibility from here on, jitter, gap and spread of the trunk's length up to here leave no doubt; at twice as much it
is a coin's toss. Clean clips have a jitter of 0.2-0.8°, gaps of one sample and a spread of 0.05-0.25."""

_ONE_LEG_SEEN = 0.85
"""How often the other leg did the same where it is not known. Heuristic."""

_SAME_MOMENT_S, _VAGUE_SHARE = 0.3, 0.42
"""Start and end are wrong when they are off by more than the first; their standard deviation is this share of the time
that the legs take to be clearly off the bottom."""

_TOP_ERROR_DEG, _KNEE_ERROR_DEG = 4.0, 7.0
"""To these top and knee are measured (rendered clips; the knee is the straighter of two readings)."""


def rep_confidence(config: Config, movement: Movement) -> float:
    """How likely verdict and moments are right: the product of what may be in doubt, 1 where nothing is known of it.

    How well the leg was seen, the view, how steady the landmarks were, how much of the movement was seen at all and
    whether its start was, whether the trunk kept its length, whether the other leg was seen, how clearly the legs left
    and came back, and how far the top and the knees are from the thresholds that decide. `benchmarks/calibration.py`
    holds it against what is right.
    """
    doubts = (_seen, _clear, _steady, _whole, _same_body, _both_legs, _timed)
    share = prod(doubt(movement) for doubt in doubts)
    return share * _decided(movement.top_deg - config.full_deg, _TOP_ERROR_DEG) * _knees_decided(config, movement)


def _seen(movement: Movement) -> float:
    seen = nanmedian(p.sample.visibility for p in movement.points)
    return 1.0 if isnan(seen) else min(seen / _SEEN_WELL, 1.0)


def _clear(movement: Movement) -> float:
    view = nanmedian(p.sample.view_deg for p in movement.points)
    doubt = (view - _VIEW_GOOD_DEG) / (_VIEW_BAD_DEG - _VIEW_GOOD_DEG)
    return 1.0 if isnan(view) else 1.0 - min(max(doubt, 0.0), 1.0)


def _steady(movement: Movement) -> float:
    return 1.0 - _MOST_DOUBT * min(max((movement.jitter_deg - _JITTER_DEG) / _JITTER_DEG, 0.0), 1.0)


def _whole(movement: Movement) -> float:
    gap = (movement.longest_gap_s - _GAP_S) / _GAP_S
    unseen = 1.0 if movement.emerged else min(max(gap, 0.0), 1.0)
    return 1.0 - _MOST_DOUBT * unseen


def _both_legs(movement: Movement) -> float:
    return _ONE_LEG_SEEN if other_leg.has_slipped(movement) else 1.0


def _timed(movement: Movement) -> float:
    """How likely start and end are within what people call the same moment."""
    return prod(erf(_SAME_MOMENT_S / max(_VAGUE_SHARE * vague_s, 1e-6) / sqrt(2.0)) for vague_s in movement.vague_s)


def _same_body(movement: Movement) -> float:
    lengths = sorted(p.sample.trunk_px for p in movement.points if not isnan(p.sample.trunk_px))
    if not lengths:
        return 1.0
    low, high = lengths[len(lengths) // 20], lengths[-1 - len(lengths) // 20]
    spread = (high - low) / max(lengths[len(lengths) // 2], 1e-6)
    return 1.0 - _MOST_DOUBT * min(max((spread - _TRUNK_SPREAD) / _TRUNK_SPREAD, 0.0), 1.0)


def _knees_decided(config: Config, movement: Movement) -> float:
    """Only the knees of a rep that may be full decide anything."""
    knee = movement.at_top(lambda sample: sample.knee_deg)
    if isnan(knee) or movement.top_deg < config.full_deg:
        return 1.0
    return _decided(knee - config.knee_deg, _KNEE_ERROR_DEG)


def _decided(margin_deg: float, error_deg: float) -> float:
    """How likely a value that is measured to `error_deg` (standard deviation) lies on the side where it was read."""
    return (1.0 + erf(abs(margin_deg) / error_deg / sqrt(2.0))) / 2.0
