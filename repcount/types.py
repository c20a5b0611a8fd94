"""The values that flow through repcount, from a frame of pixels to a judged rep.

Times are seconds from the first frame, angles are degrees. Unknown is NaN (numbers) or None, never 0.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import nan
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of a video or camera."""

    time_s: float
    image: NDArray[np.uint8]
    """(height, width, 3), red-green-blue, upright."""


@dataclass(frozen=True, slots=True)
class Pose:
    """Where MediaPipe sees the body of one person: 33 landmarks in its order."""

    xy_px: NDArray[np.float64]
    """(33, 2), x to the right and y down, in pixels of the picture; may lie outside of it."""
    world_m: NDArray[np.float64]
    """(33, 3), x to the right, y down, z away from the camera; metres, the middle of the hips is the origin."""
    visibility: NDArray[np.float64]
    """(33,), 0 to 1: how likely the landmark is in the picture and not hidden."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What the counter reads of one analysed frame. Only `time_s` and `hip_deg` are needed to count."""

    time_s: float
    hip_deg: float = nan
    """Hip angle shoulder-hip-knee of the better-seen leg, measured on the upper side of the body: 180 is
    straight, 90 is legs upright, more than 180 is legs below the line of the trunk. NaN: nobody seen."""
    knee_deg: float = nan
    """Knee angle hip-knee-ankle of that leg, 180 is straight."""
    other_hip_deg: float = nan
    other_knee_deg: float = nan
    """The same angles of the other leg."""
    trunk_deg: float = nan
    """Elevation of the trunk: 0 lies, 90 is upright, negative with the hips above the shoulders."""
    chest_deg: float = nan
    """Where the chest points: 90 up (on the back), 0 level (upright or on the side), -90 down."""
    ankle_deg: float = nan
    """Flexion at which the ankle of the better-seen leg stands, seen from the hip: the hip-ankle line."""
    view_deg: float = nan
    """How far the camera is from the side view: 0 is from the side, 90 from the head or the feet."""
    hip_x: float = nan
    hip_y: float = nan
    """Middle of the hips in pixels."""
    trunk_px: float = nan
    """Length of the trunk in pixels."""
    visibility: float = nan
    """0 to 1, of the least visible of shoulder, hip and knee of the better-seen leg."""
    feet_visibility: float = nan
    """0 to 1, of that leg's ankle."""
    hands_on_head: float = nan
    """1 where the better-seen wrist is at the head, 0 where it is not."""
    side: str = ""
    """`left` or `right`: which leg `hip_deg` speaks of."""
    heading_deg: float = nan
    """Where the head is, seen from the hips, in the picture: 0 to the right, 90 up, 180 to the left."""
    head_deg: float = nan
    """Elevation of the line from the hips to the ears."""
    hands_to_shins: float = nan
    """Distance of the nearer wrist to the shins, in trunk lengths."""


class Phase(enum.StrEnum):
    """Where in a rep the legs are."""

    UNKNOWN = "unknown"
    PAUSE = "pause"
    RAISE = "raise"
    HOLD = "hold"
    LOWER = "lower"


class Flag(enum.StrEnum):
    """Why a rep is less than perfect."""

    SHORT_TOP = "short_top"
    SHORT_BOTTOM = "short_bottom"
    FAST_RAISE = "fast_raise"
    FAST_LOWER = "fast_lower"
    BENT_KNEES = "bent_knees"
    LEGS_APART = "legs_apart"
    HANDS_OFF_HEAD = "hands_off_head"
    LOW_CONFIDENCE = "low_confidence"
    BY_HAND = "by_hand"
    """Added with a key during a live session; nothing of it was measured."""


class RejectionReason(enum.StrEnum):
    """Why a movement is not a leg raise at all; `repcount.messages` has the sentences."""

    NOT_LYING = "not_lying"
    NOT_ON_BACK = "not_on_back"
    TRUNK_MOVED = "trunk_moved"
    UPPER_BODY_MOVED = "upper_body_moved"
    ONE_LEG = "one_leg"
    NOT_FROM_BOTTOM = "not_from_bottom"
    KNEES_BENT_AT_BOTTOM = "knees_bent_at_bottom"
    KNEE_TUCK = "knee_tuck"
    MOSTLY_KNEES = "mostly_knees"
    HIPS_MOVED = "hips_moved"
    TOO_LONG = "too_long"
    TOO_SHORT = "too_short"
    LOST = "lost"
    CUT = "cut"


class WarningCode(enum.StrEnum):
    """What limits the trust in a result; `repcount.messages` has the sentences."""

    INTERRUPTED = "interrupted"
    NO_TIMESTAMPS = "no_timestamps"
    TIMESTAMPS_REPAIRED = "timestamps_repaired"
    FILE_CUT_SHORT = "file_cut_short"
    NOBODY_FOUND = "nobody_found"
    RARELY_FOUND = "rarely_found"
    FEET_HIDDEN = "feet_hidden"
    OBLIQUE_VIEW = "oblique_view"
    SMALL_PERSON = "small_person"
    MOVEMENTS_REJECTED = "movements_rejected"
    LOW_CONFIDENCE = "low_confidence"
    UNFINISHED_REP = "unfinished_rep"
    REPS_ADDED = "reps_added"
    REPS_REMOVED = "reps_removed"


@dataclass(frozen=True, slots=True)
class AnalysisWarning:
    """One warning about a result: a code and the numbers that its sentence states."""

    code: WarningCode
    facts: Mapping[str, float] = field(default_factory=dict)
    """By name, such as `at_s`. MOVEMENTS_REJECTED has `movements` and how many were rejected by the code of the reason,
    the commonest first."""
    recorded: str = ""
    """The sentence, where it was read back from a JSON document, which does not keep the facts."""


@dataclass(frozen=True, slots=True)
class Rep:
    """One full or partial rep, in the fields and the order of the JSON and CSV contract."""

    number: int
    """1, 2, 3... over full and partial reps."""
    set: int
    start_s: float
    """When the legs leave the bottom."""
    top_s: float
    """When they are highest."""
    end_s: float
    """When they are back at the bottom."""
    raise_s: float
    hold_s: float
    lower_s: float
    pause_s: float | None
    """Time at the bottom until the next rep starts; None for the last."""
    top_flexion_deg: float
    rest_flexion_deg: float
    knee_deg: float
    """Knee angle at the top."""
    full: bool
    flags: tuple[Flag, ...]
    confidence: float
    """0 to 1."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """A movement that is not a rep, and why."""

    start_s: float
    end_s: float
    reason: RejectionReason


@dataclass(frozen=True, slots=True)
class UnfinishedRep:
    """A movement still under way when the samples ended."""

    start_s: float


@dataclass(frozen=True, slots=True)
class RepRemoved:
    """A rep that a key took off the record during a live session."""

    time_s: float
    number: int
    """That of the rep."""


Event = Rep | Rejection | UnfinishedRep | RepRemoved


@dataclass(frozen=True, slots=True)
class Update:
    """What is known after one sample; what every sink is handed."""

    sample: Sample | None
    """None where the update has no frame of its own: what only the end, or somebody's hand, makes known."""
    smooth_deg: float
    """The smoothed hip angle that the counter decides on; NaN while it knows none."""
    phase: Phase
    events: tuple[Event, ...]
    lift_deg: float = nan
    """Elevation of the legs as the verdict sees it: 0 is flat, 90 upright; NaN where it is not known."""
    rest_deg: float = nan
    """The elevation at which this person's legs rest; NaN while it is not known."""
