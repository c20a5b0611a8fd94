"""How far the verdict and the times of a rep can be trusted: one number from 0 to 1, made of what can be measured."""

from __future__ import annotations

from itertools import pairwise
from math import erf, hypot, isnan, prod, sqrt
from statistics import median

from repcount.config import Config
from repcount.counting import other_leg
from repcount.counting.movement import Movement, nanmedian

_VIEW_GOOD_DEG, _VIEW_BAD_DEG = 35.0, 80.0
"""Angles hold up to here; beyond, doubt grows until nothing is left of them at the head-on view."""

_SEEN_WELL = 0.9
_JITTER_DEG, _TRUNK_SPREAD = 1.5, 0.3
_MOST_DOUBT = 0.5
"""Visibility from here on, jitter and spread of the trunk's length up to here leave no doubt; at twice as much it is a
coin's toss. Clean clips have a jitter of 0.2-0.8° and a spread of 0.05-0.25."""

_GAP_S, _LONG_GAP_S = 0.4, 1.0
"""Nor does a gap of the first length, for what lies on either side tells; one of the second may hide a whole raise."""

_ONE_LEG_SEEN = 0.6
"""How often a rep is right that is counted by one leg because the other one is on somebody else: 17 of 26 are (46-81 %
with 95 % confidence), on 20 rendered clips of two people."""

_SEVERAL_LIE = 0.75
"""Where several people lie it may be another one's rep, and landmarks hop onto that one's legs. Of 133 such reps of
four rendered clips, as they are and made worse, 56 % were right where 72 % would be stated without this."""

_EVEN, _TORN = 3.4, 6.8
"""Legs that move with the least jerk are at most 1.9 times as quick as on average, 3.4 times with the noise of 90 % of
the right reps. Quicker ones were hidden for a part of the way and jumped."""

_AROUND_S = 0.4
"""A jump is looked for this long around raise and lowering, too."""

_SUDDEN_S, _TOO_SUDDEN_S = 0.1, 0.02
"""Nor do legs leave the bottom, or come to rest there, in less than this, even quick ones; it is another sign that the
first or last part of the way was hidden. It and the one before count by their square roots: what hides a part of the
way makes the landmarks unsteady, too, which `_timed` knows."""

_APART_ERROR_DEG = 8.0
"""To this the angle between the legs is measured, of which one is half hidden."""

_SAME_MOMENT_S = 0.3
_LEAST_ERROR_S, _VAGUE_SHARE, _JITTER_S, _APART_SHARE, _MOST_APART_S = 0.02, 0.13, 0.043, 1.4, 0.5
"""Start and end are wrong when they are off by more than the first. The second is the error of those that are read
best. Three things add to it: the time that the legs take to be clearly off the bottom, as a share of it; jitter, by so
many seconds for each degree; and how far the moment lies from where it is reckoned to be, at most the last of these, by
that share for each degree of jitter. People who push off or creep down make the two ways differ, but so do unsteady
landmarks, and only their jitter tells which it is. Beyond half a second the reckoned one tells nothing.

The four were fitted together, as those under which 1,693 starts and ends of half of the people, as they are and made
worse, are most likely (Student's t with four degrees of freedom: one error in fifty is much larger than the others).
Fitted on the other half they are 0.03, 0.17, 0.034 and 0.97."""

_STYLE_SHARE, _OFTEN_S = 0.3, 1 / 15
"""A start has another error, by this share of how far what is seen and what is reckoned lie apart, at most 0.3 s, and
by more of it where samples are further apart than the second: whether legs push off or leave softly shows in few of
them, and real legs that push off are then taken for soft ones, 0.35-0.46 s early. Without the second, 4 of the 15 reps
of eight real clips made worse that were stated at 0.9 and more were wrong, two at 8 Hz and one at 10. With 0.4 clean
rendered clips would lose a tenth of theirs."""

_STATED = (0.0, 0.1), (0.4, 0.68), (0.6, 0.83), (0.93, 0.89), (0.95, 0.98), (1.0, 1.0)
"""What is stated for a product of doubts, straight in between. Doubts that have one cause multiply as if they had many:
of 4,019 reps of 155 rendered and real clips, as they are and made worse, 0.4-0.5 is right 68 times in 100, 0.6-0.7 is
right 84 times and 0.85-0.94 is 94 times; from 0.94 on 2,482 of 2,488 are. Of six reps of a real clip made worse that
are at 0.91-0.94 two are wrong, both below 0.925, so 0.9 is stated from 0.931 on. On 856 reps of 20 other clips the
expected calibration error is 0.040."""

_TOP_ERROR_DEG, _KNEE_ERROR_DEG = 4.0, 7.0
"""To these top and knee are measured (rendered clips; the knee is the straighter of two readings)."""

_TILT_SHARE = 0.7
"""The top is measured worse by this share of how far the floor is seen tilted, as from above: of 1,289 reps of 31
rendered clips, as they are and made worse, the root mean square error is 4.6° up to 4° of tilt, 5.6° up to 8° and 11°
from there to 15°."""


def rep_confidence(config: Config, movement: Movement) -> float:
    """How likely verdict and moments are right: the product of what may be in doubt, 1 where nothing is known of it.

    How well the leg was seen, the view, how steady the landmarks were, how much of the movement was seen at all and
    whether its start was, whether the legs moved evenly and left the bottom gradually, whether the trunk kept its
    length, whether the other leg was seen, whether somebody else lies there, how exactly start and end are known,
    and how far top, bottom, knees and the angle between the legs are from the thresholds that decide.
    `benchmarks/calibration.py` holds it against what is right.
    """
    doubts = (_seen, _clear, _steady, _whole, _even, _gradual, _same_body, _both_legs, _timed)
    share = prod(doubt(movement) for doubt in doubts)
    share *= _decided(movement.top_deg - config.full_deg, hypot(_TOP_ERROR_DEG, _TILT_SHARE * movement.tilt_deg))
    share *= _bottom_decided(config, movement)
    share *= _knees_decided(config, movement) * _apart_decided(config, movement)
    return _stated(share) * _alone(movement)


def _stated(share: float) -> float:
    (low, low_stated), (high, high_stated) = next(pair for pair in pairwise(_STATED) if share <= pair[1][0])
    return low_stated + (high_stated - low_stated) * (share - low) / (high - low)


def _seen(movement: Movement) -> float:
    seen = nanmedian(p.sample.visibility for p in movement.points)
    return 1.0 if isnan(seen) else min(seen / _SEEN_WELL, 1.0)


def _clear(movement: Movement) -> float:
    view = nanmedian(p.sample.view_deg for p in movement.points)
    doubt = (view - _VIEW_GOOD_DEG) / (_VIEW_BAD_DEG - _VIEW_GOOD_DEG)
    return 1.0 if isnan(view) else 1.0 - min(max(doubt, 0.0), 1.0)


def _steady(movement: Movement) -> float:
    return _without_doubt(movement.jitter_deg, _JITTER_DEG, 2 * _JITTER_DEG)


def _whole(movement: Movement) -> float:
    return _MOST_DOUBT if movement.emerged else _without_doubt(movement.longest_gap_s, _GAP_S, _LONG_GAP_S)


def _both_legs(movement: Movement) -> float:
    return _ONE_LEG_SEEN if movement.one_leg_seen else 1.0


def _alone(movement: Movement) -> float:
    """Whether nobody else was seen to lie in most of the samples that tell."""
    known = [p.sample.people_lying > 1.0 for p in movement.points if not isnan(p.sample.people_lying)]
    return _SEVERAL_LIE if 2 * sum(known) > len(known) else 1.0


def _even(movement: Movement) -> float:
    """Whether the legs moved as evenly as legs do: the quickest step of raise and lowering against their mean speed."""
    (reached_s, left_s), way = movement.hold, max(movement.peak - movement.rest, 1e-6)
    quickest = 0.0
    for first_s, last_s, sign in ((movement.start_s, reached_s, 1.0), (left_s, movement.end_s, -1.0)):
        within = [p for p in movement.trace if first_s - _AROUND_S <= p.time_s <= last_s + _AROUND_S]
        speed = max((sign * (b.lift - a.lift) / (b.time_s - a.time_s) for a, b in pairwise(within)), default=0.0)
        quickest = max(quickest, speed * (last_s - first_s) / way)
    return sqrt(_without_doubt(quickest, _EVEN, _TORN))


def _gradual(movement: Movement) -> float:
    """Whether they left and reached the bottom as gradually as legs do."""
    return sqrt(_without_doubt(-min(movement.vague_s), -_SUDDEN_S, -_TOO_SUDDEN_S))


def _without_doubt(value: float, fine: float, poor: float) -> float:
    """1 up to `fine`, then less, down to a coin's toss at `poor`."""
    return 1.0 - (1.0 - _MOST_DOUBT) * min(max((value - fine) / (poor - fine), 0.0), 1.0)


def _timed(movement: Movement) -> float:
    """How likely start and end are within what people call the same moment."""
    jitter_deg, likely = movement.jitter_deg, 1.0
    spacing_s = median(b.time_s - a.time_s for a, b in pairwise(movement.trace)) if movement.trace[1:] else _OFTEN_S
    style_share = _STYLE_SHARE * max(spacing_s / _OFTEN_S, 1.0)
    styles_s = style_share * min(movement.start_late_s, _SAME_MOMENT_S), 0.0
    for vague_s, apart_s, style_s in zip(movement.vague_s, movement.apart_s, styles_s, strict=True):
        apart_error_s = _APART_SHARE * jitter_deg * min(apart_s, _MOST_APART_S)
        error_s = hypot(_LEAST_ERROR_S, _VAGUE_SHARE * vague_s, _JITTER_S * jitter_deg, apart_error_s, style_s)
        likely *= _within(_SAME_MOMENT_S / error_s)
    return likely


def _within(errors: float) -> float:
    """How likely Student's t with four degrees of freedom is no further than this from 0."""
    share = errors / sqrt(errors**2 + 4.0)
    return share * (3.0 - share**2) / 2.0


def _same_body(movement: Movement) -> float:
    lengths = sorted(p.sample.trunk_px for p in movement.points if not isnan(p.sample.trunk_px))
    if not lengths:
        return 1.0
    low, high = lengths[len(lengths) // 20], lengths[-1 - len(lengths) // 20]
    spread = (high - low) / max(lengths[len(lengths) // 2], 1e-6)
    return _without_doubt(spread, _TRUNK_SPREAD, 2 * _TRUNK_SPREAD)


def _bottom_decided(config: Config, movement: Movement) -> float:
    """Legs that came into sight on their way up have left a bottom that nobody saw: of that there is doubt already."""
    margin = movement.lowest_deg - config.rest_deg
    return 1.0 if movement.emerged else _decided(margin, hypot(_TOP_ERROR_DEG, _TILT_SHARE * movement.tilt_deg))


def _knees_decided(config: Config, movement: Movement) -> float:
    """Only the knees of a rep that may be full decide anything; how steadily they are read tells how well."""
    knees = sorted(p.sample.knee_deg for p in movement.top_points if not isnan(p.sample.knee_deg))
    if not knees or movement.top_deg < config.full_deg:
        return 1.0
    knee, strays = median(knees), len(knees) // 10
    error_deg = max(_KNEE_ERROR_DEG, knees[-1 - strays] - knees[strays])
    decided = _decided(knee - config.knee_deg, error_deg)
    return min(decided, _MOST_DOUBT) if movement.feet_hidden and knee < config.knee_deg else decided


def _apart_decided(config: Config, movement: Movement) -> float:
    apart = movement.at_top(other_leg.apart)
    return 1.0 if isnan(apart) else _decided(apart - config.apart_deg, _APART_ERROR_DEG)


def _decided(margin_deg: float, error_deg: float) -> float:
    """How likely a value that is measured to `error_deg` (standard deviation) lies on the side where it was read."""
    return (1.0 + erf(abs(margin_deg) / error_deg / sqrt(2.0))) / 2.0
