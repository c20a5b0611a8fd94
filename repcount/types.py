"""The values that flow through repcount, from a frame of pixels to a judged rep.

Times are seconds from the first frame, angles are degrees. Unknown is NaN (numbers) or None, never 0.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
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


class Landmark(enum.IntEnum):
    """Indices of the body landmarks, as numbered by MediaPipe's pose model; left and right are the person's."""

    NOSE = 0
    LEFT_EYE_INNER = 1
    LEFT_EYE = 2
    LEFT_EYE_OUTER = 3
    RIGHT_EYE_INNER = 4
    RIGHT_EYE = 5
    RIGHT_EYE_OUTER = 6
    LEFT_EAR = 7
    RIGHT_EAR = 8
    MOUTH_LEFT = 9
    MOUTH_RIGHT = 10
    LEFT_SHOULDER = 11
    RIGHT_SHOULDER = 12
    LEFT_ELBOW = 13
    RIGHT_ELBOW = 14
    LEFT_WRIST = 15
    RIGHT_WRIST = 16
    LEFT_PINKY = 17
    RIGHT_PINKY = 18
    LEFT_INDEX = 19
    RIGHT_INDEX = 20
    LEFT_THUMB = 21
    RIGHT_THUMB = 22
    LEFT_HIP = 23
    RIGHT_HIP = 24
    LEFT_KNEE = 25
    RIGHT_KNEE = 26
    LEFT_ANKLE = 27
    RIGHT_ANKLE = 28
    LEFT_HEEL = 29
    RIGHT_HEEL = 30
    LEFT_FOOT_INDEX = 31
    RIGHT_FOOT_INDEX = 32


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
    """Why a movement is no leg raise at all."""

    NOT_LYING = "the trunk was not lying"
    NOT_ON_BACK = "the person did not lie on the back"
    TRUNK_MOVED = "the trunk came up with the legs"
    UPPER_BODY_MOVED = "head and shoulders came up to the legs"
    ONE_LEG = "only one leg moved"
    NOT_FROM_BOTTOM = "the legs did not start from the bottom"
    KNEES_BENT_AT_BOTTOM = "the knees were bent at the bottom, too"
    KNEE_TUCK = "the knees folded as in a knee tuck"
    MOSTLY_KNEES = "the knees moved, not the straight legs"
    HIPS_MOVED = "the hips travelled"
    TOO_LONG = "it took too long to be one rep"
    TOO_SHORT = "it was too quick to be a rep"
    LOST = "the person was out of sight in the middle of it"
    CUT = "the picture changed to another scene in the middle of it"


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
