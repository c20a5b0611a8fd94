"""The values that flow through repcount, from a frame of pixels to a judged rep.

Times are seconds from the first frame, angles are degrees. An unknown value is NaN (numbers) or None, never 0.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf, nan
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Frame:
    """One image of a video or camera."""

    time_s: float
    image: NDArray[np.uint8]
    """(height, width, 3), RGB, upright."""


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


Pair = tuple[Landmark, Landmark]
"""The same landmark of the left and the right side."""

EARS: Pair = (Landmark.LEFT_EAR, Landmark.RIGHT_EAR)
SHOULDERS: Pair = (Landmark.LEFT_SHOULDER, Landmark.RIGHT_SHOULDER)
ELBOWS: Pair = (Landmark.LEFT_ELBOW, Landmark.RIGHT_ELBOW)
WRISTS: Pair = (Landmark.LEFT_WRIST, Landmark.RIGHT_WRIST)
HIPS: Pair = (Landmark.LEFT_HIP, Landmark.RIGHT_HIP)
KNEES: Pair = (Landmark.LEFT_KNEE, Landmark.RIGHT_KNEE)
ANKLES: Pair = (Landmark.LEFT_ANKLE, Landmark.RIGHT_ANKLE)
HEELS: Pair = (Landmark.LEFT_HEEL, Landmark.RIGHT_HEEL)
TOES: Pair = (Landmark.LEFT_FOOT_INDEX, Landmark.RIGHT_FOOT_INDEX)
FACE = (Landmark.NOSE, *EARS)


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a video, in seconds from its first frame."""

    from_s: float = 0.0
    to_s: float = inf


WHOLE = Span()
"""All of a video."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Which of several people who lie in a picture is meant: a number or a point."""

    number: int = 1
    """Counted from the left, from 1."""
    point: tuple[float, float] | None = None
    """Where the person lies, as shares of the width and the height of the picture, from its upper left corner."""

    def __str__(self) -> str:
        return f"{self.number}" if self.point is None else ",".join(f"{share:g}" for share in self.point)


@dataclass(frozen=True, slots=True, eq=False)
class Pose:
    """The 33 landmarks of one person, in MediaPipe's order."""

    xy_px: NDArray[np.float64]
    """(33, 2), x to the right and y down, in pixels of the image; may lie outside it."""
    world_m: NDArray[np.float64]
    """(33, 3), x to the right, y down, z away from the camera; in metres, the origin is midway between the hips."""
    visibility: NDArray[np.float64]
    """(33,), 0 to 1: probability that the landmark is inside the image and not occluded."""
    people_lying: float = nan
    """How many people lie in the image, this one included; NaN where nobody else was looked for."""
    neighbour_hidden: bool = False
    """Whether somebody else who lies there was painted out of the image."""
    shins_differ: float = nan
    """How different the colours along the two shins are, see `leg_colours.difference`; NaN where nobody looked."""
    legs_gone: float = nan
    """How different it looks where the legs lay, see `RestingLegs`; NaN where that is not known."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The measurements of one analysed frame. Counting needs only `time_s` and `hip_deg`."""

    time_s: float
    hip_deg: float = nan
    """Hip angle shoulder-hip-knee of the more visible leg, measured on the upper side of the body: 180 is straight, 90
    is legs upright, more than 180 is legs below the line of the trunk. NaN: nobody was seen."""
    knee_deg: float = nan
    """Knee angle hip-knee-ankle of that leg, 180 is straight."""
    other_hip_deg: float = nan
    """Hip angle of the other leg."""
    trunk_deg: float = nan
    """Elevation of the trunk: 0 is lying, 90 is upright, negative is hips above shoulders."""
    chest_deg: float = nan
    """Elevation of the chest's normal: 90 is up (on the back), 0 is level (upright or on the side), -90 is down."""
    ankle_deg: float = nan
    """Hip flexion of that leg to the ankle instead of the knee: from the line of the trunk to the hip-ankle line."""
    view_deg: float = nan
    """Angle between the camera and a side view: 0 is from the side, 90 is from the head or the feet."""
    hip_x: float = nan
    hip_y: float = nan
    """Midpoint of the hips in pixels."""
    trunk_px: float = nan
    """Length of the trunk in pixels."""
    visibility: float = nan
    """0 to 1, the lowest of shoulder, hip and knee on the side of that leg."""
    feet_visibility: float = nan
    """0 to 1, that of the ankle of that leg."""
    hands_on_head: float = nan
    """1 if the more visible wrist is at the head, else 0."""
    side: str = ""
    """`left` or `right`: the leg that `hip_deg` was measured on."""
    heading_deg: float = nan
    """Direction from the hips to the head in the image: 0 is right, 90 is up, 180 is left."""
    head_deg: float = nan
    """Elevation of the line from the hips to the ears."""
    hands_to_shins: float = nan
    """Distance from the nearer wrist to the shins, in trunk lengths."""
    heels_deg: float = nan
    """Elevation of the line from the middle of the hips to the middle of the heels: it does not depend on the trunk, so
    a head that is lifted doesn't move it."""
    people_lying: float = nan
    """How many people lie in the picture; NaN where only one was looked for."""
    leg_trunks: float = nan
    """Length of the legs in trunk lengths, in space."""
    leg_px: float = nan
    """Length of the longer leg in the image, in pixels."""
    other_knee_up: float = nan
    other_foot_up: float = nan
    """How far above the shoulders knee and ankle of the other leg are in the picture, in trunk lengths."""
    shins_differ: float = nan
    """Distance between the colours along the two shins in the plane of a* and b* of CIELAB."""
    legs_gone: float = nan
    """Distance in CIELAB between the colours of the legs as they lay and what looks most like them there now."""


class Phase(enum.StrEnum):
    """Phase of a rep."""

    UNKNOWN = "unknown"
    PAUSE = "pause"
    RAISE = "raise"
    HOLD = "hold"
    LOWER = "lower"


class Flag(enum.StrEnum):
    """What was wrong with a rep, or is worth knowing about it."""

    SHORT_TOP = "short_top"
    SHORT_BOTTOM = "short_bottom"
    FAST_RAISE = "fast_raise"
    FAST_LOWER = "fast_lower"
    BENT_KNEES = "bent_knees"
    LEGS_APART = "legs_apart"
    HANDS_OFF_HEAD = "hands_off_head"
    LOW_CONFIDENCE = "low_confidence"
    BY_HAND = "by_hand"
    """Added with a key during a live session; nothing was measured."""


class RejectionReason(enum.StrEnum):
    """Why a movement is not a leg raise; `repcount.messages` has the sentences."""

    NOT_LYING = "not_lying"
    NOT_ON_BACK = "not_on_back"
    TRUNK_MOVED = "trunk_moved"
    UPPER_BODY_MOVED = "upper_body_moved"
    LEGS_SIDEWAYS = "legs_sideways"
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
    FILE_BREAKS_OFF = "file_breaks_off"
    """Like FILE_CUT_SHORT, of a file that does not say how long it lasts."""
    PART_LEFT_OUT = "part_left_out"
    ANOTHER_PROGRAM = "another_program"
    PICTURE_SPOILED = "picture_spoiled"
    VIEW_REPEATED = "view_repeated"
    PICTURE_BLANK = "picture_blank"
    PICTURE_FROZEN = "picture_frozen"
    FEW_FRAMES = "few_frames"
    NOBODY_FOUND = "nobody_found"
    NEVER_READY = "never_ready"
    """A live session that never began to count."""
    RARELY_FOUND = "rarely_found"
    FEET_HIDDEN = "feet_hidden"
    OBLIQUE_VIEW = "oblique_view"
    UPSIDE_DOWN = "upside_down"
    ONE_LEG_ALONE = "one_leg_alone"
    STRAY_LEG = "stray_leg"
    SMALL_PERSON = "small_person"
    SEVERAL_LYING = "several_lying"
    MOVEMENTS_REJECTED = "movements_rejected"
    LOW_CONFIDENCE = "low_confidence"
    UNFINISHED_REP = "unfinished_rep"
    REPS_ADDED = "reps_added"
    REPS_REMOVED = "reps_removed"
    OWN_TARGET = "own_target"
    TARGET_SET = "target_set"


@dataclass(frozen=True, slots=True)
class AnalysisWarning:
    """One warning about a result: a code and the numbers that its sentence states."""

    code: WarningCode
    facts: Mapping[str, float] = field(default_factory=dict)
    """By name, such as `at_s`. MOVEMENTS_REJECTED has `movements` and how many were rejected by the code of the reason,
    the commonest first."""
    obstacle: str = ""
    """NEVER_READY: what stood in the way, an English phrase that is in the catalogues."""
    recorded: str = ""
    """The sentence, if it was read back from a JSON document."""


UPRIGHT_DEG = 67.0
"""Elevation from which the legs measure as upright, by thigh and hip-ankle line together: on labelled clips partial
reps reach 29-58°, bent-knee reps 56-65°, full reps 76-102°."""


@dataclass(frozen=True, slots=True)
class Rep:
    """One full or partial rep, with the fields of the JSON and CSV contract in their order."""

    number: int
    """From 1, counting full and partial reps together."""
    set: int
    start_s: float
    """The legs leave the bottom."""
    top_s: float
    """They are highest."""
    end_s: float
    """They are back at the bottom."""
    raise_s: float
    hold_s: float
    lower_s: float
    pause_s: float | None
    """Time at the bottom until the next rep starts; None for the last rep."""
    top_flexion_deg: float
    rest_flexion_deg: float
    knee_deg: float
    """Knee angle at the top."""
    full: bool
    flags: tuple[Flag, ...]
    confidence: float
    """0 to 1."""

    @property
    def reach(self) -> float:
        """How much of the way to upright the legs came, 0 to 1, whatever the target was; NaN where unknown."""
        return min(max(self.top_flexion_deg / UPRIGHT_DEG, 0.0), 1.0)


@dataclass(frozen=True, slots=True)
class Rejection:
    """A movement that is not a leg raise, and why."""

    start_s: float
    end_s: float
    reason: RejectionReason


@dataclass(frozen=True, slots=True)
class StrayLeg:
    """The rep just counted was judged by one leg: the landmarks of the other one were on somebody or something else."""


@dataclass(frozen=True, slots=True)
class UnfinishedRep:
    """A movement that had not ended when the samples did."""

    start_s: float


@dataclass(frozen=True, slots=True)
class RepRemoved:
    """A rep that was removed with a key during a live session."""

    time_s: float
    number: int
    """The number of the removed rep."""


@dataclass(frozen=True, slots=True)
class TargetSet:
    """A target of the person's own, set with a key during a live session from the partial reps just done."""

    time_s: float
    target_deg: float
    """The elevation from which a rep is full from now on."""
    numbers: tuple[int, ...]
    """The numbers of those partial reps, which are full from now on."""


Event = Rep | Rejection | StrayLeg | UnfinishedRep | RepRemoved | TargetSet


@dataclass(frozen=True, slots=True)
class Update:
    """The counter's output for one sample, which every sink receives."""

    sample: Sample | None
    """None for an update without a frame of its own: at the end of the samples, or for a rep corrected by hand."""
    smooth_deg: float
    """The smoothed hip angle that the counter decides by; NaN while unknown."""
    phase: Phase
    events: tuple[Event, ...]
    lift_deg: float = nan
    """Elevation of the legs by which reps are judged: 0 is flat, 90 is upright; NaN while unknown."""
    rest_deg: float = nan
    """The elevation at which this person's legs rest; NaN while unknown."""
