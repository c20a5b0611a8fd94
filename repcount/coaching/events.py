"""The values of a live session: announcements, key commands, status. Times are seconds, angles degrees."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from math import nan

from repcount.types import Frame, Phase, Pose, Rep, Update


class Cue(enum.StrEnum):
    """What can be announced to the person on the mat: words in `coaching.phrases`, tones in `audio.synthesis`.

    Some need a number, which is described below them.
    """

    COUNT = "count"
    """A full rep. Number: the full reps of this set so far."""
    HIGHER = "higher"
    ALL_THE_WAY_DOWN = "all the way down"
    LEGS_STRAIGHT = "legs straight"
    LEGS_TOGETHER = "legs together"
    SLOWER = "slower"
    RAISE_SLOWER = "raise slower"
    LOWER_SLOWER = "lower slower"
    TAKE_YOUR_TIME = "take your time"
    GETTING_LOWER = "getting lower"
    GETTING_FASTER = "getting faster"
    HALFWAY = "halfway"
    LAST_FIVE = "last five"
    LAST_ONE = "last one"
    SET_DONE = "set done"
    """Number: the full reps of the set."""
    SET_BEGINS = "set begins"
    """The rep that was just counted is the first of the next set, before the rest was over. Number: the set."""
    REST_SOON_OVER = "rest soon over"
    """Number: the seconds left."""
    COUNTDOWN = "countdown"
    """Number: the seconds left of the rest, the last three."""
    REST_OVER = "rest over"
    """Number: the set that begins."""
    WORKOUT_DONE = "workout done"
    """Number: the full reps of the session."""
    DAY_LIMIT = "day limit"
    """The day's limit is reached. Number: the full reps of the day so far, which may be more than the limit."""

    READY = "ready"
    NOBODY = "nobody"
    NOT_LYING = "not lying"
    NOT_STILL = "not still"
    HEAD_OUT = "head out"
    FEET_OUT = "feet out"
    FROM_THE_END = "from the end"
    """The camera is at the head or the feet, not at the side."""
    TOO_FAR = "too far"
    TOO_DARK = "too dark"
    TWO_PEOPLE = "two people"

    PAUSED = "paused"
    PAUSED_OR_SET_DONE = "paused or set done"
    """Paused by an arm held up; if it was both of them, the set was meant to end."""
    RESUMED = "resumed"
    RESTARTED = "restarted"
    ADDED = "added"
    """A rep was added by hand. Number: as for COUNT."""
    REMOVED = "removed"
    """A rep was removed by hand. Number: the full reps of this set that remain."""

    ARM_PAUSES = "arm pauses"
    """One arm held up means pause or go on, both end the set."""
    OFFER_TARGET = "offer target"
    """Several partial reps in a row reached the same height; a key makes that the target."""
    TARGET_SET = "target set"
    """The partial reps just done count. Number: the target in degrees."""
    NO_TARGET = "no target"
    """There is no partial rep just done that a lower target would make full."""

    CAMERA_LOST = "camera lost"
    CAMERA_BUSY = "camera busy"
    CAMERA_REFUSED = "camera refused"
    CAMERA_FROZEN = "camera frozen"
    CAMERA_BACK = "camera back"
    CAMERA_SLOW = "camera slow"
    """Number: the frames per second that the camera delivers."""
    SLOWED_DOWN = "slowed down"
    """The machine is too slow for the configured rate. Number: the frames per second that are analysed."""


COUNTS = frozenset({Cue.COUNT, Cue.ADDED, Cue.REMOVED})
"""They announce the current count; a newer one makes an older one wrong."""

PARTIAL_CUES = frozenset({Cue.HIGHER, Cue.ALL_THE_WAY_DOWN, Cue.LEGS_STRAIGHT, Cue.LEGS_TOGETHER})
"""What is said instead of a number after a partial rep: why it was none."""

PACE_CUES = frozenset({Cue.SLOWER, Cue.RAISE_SLOWER, Cue.LOWER_SLOWER, Cue.TAKE_YOUR_TIME})
"""What is said after the number of a rep that was too fast."""

FATIGUE_CUES = frozenset({Cue.GETTING_LOWER, Cue.GETTING_FASTER})
"""What is said after the number where the reps of a set change for the worse."""

CORRECTIONS = PARTIAL_CUES | PACE_CUES | FATIGUE_CUES
"""What to do better in the next rep."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """A cue to be said and shown once, with its number; 0 for a cue without one."""

    cue: Cue
    number: int = 0


class Stage(enum.StrEnum):
    """The stage of a live session."""

    PLACING = "placing"
    """Not in position yet: nothing counts."""
    COUNTING = "counting"
    REST = "rest"
    PAUSED = "paused"
    DONE = "done"
    """All sets of the plan are done; further reps still count."""
    NO_PICTURE = "no picture"
    """The camera delivers no frames."""


class Command(enum.StrEnum):
    """An action bound to a key."""

    QUIT = "quit"
    PAUSE = "pause"
    """Pause, or resume."""
    RESTART = "restart"
    """Start the set again."""
    NEXT = "next"
    """End the set, or the rest."""
    ADD = "add"
    """Add a full rep by hand."""
    REMOVE = "remove"
    """Remove the newest full rep of the set."""
    TARGET = "target"
    """Count the partial reps just done, and from now on all that reach as high."""


KEYS = {
    "q": Command.QUIT,
    " ": Command.PAUSE,
    "r": Command.RESTART,
    "n": Command.NEXT,
    "+": Command.ADD,
    "=": Command.ADD,
    "-": Command.REMOVE,
    "t": Command.TARGET,
}
"""Key bindings of window and terminal; `=` is `+` without shift."""


@dataclass(frozen=True, slots=True)
class SessionStatus:
    """Everything the window and the terminal show besides the camera image."""

    stage: Stage
    phase: Phase = Phase.UNKNOWN
    full: int = 0
    """Full reps in this set."""
    partial: int = 0
    """Partial reps in this set."""
    target: int | None = None
    """Full reps planned for this set; None without a plan."""
    set: int = 1
    sets: int | None = None
    """Planned sets; None without a plan."""
    session: int = 0
    """Full reps of the whole session."""
    today: int = 0
    """Full reps of the day, over all sessions."""
    day_limit: int | None = None
    last: Rep | None = None
    """The newest rep, full or partial."""
    lift_deg: float = nan
    """Current elevation of the legs, as reps are judged by it: 0 is flat, 90 upright. NaN: unknown."""
    upright_deg: float = nan
    """Elevation at and above which the legs count as upright."""
    back_deg: float = nan
    """Elevation at and below which the legs count as back down. NaN: unknown."""
    problem: Cue | None = None
    """What is wrong with position, camera or machine, from `NOBODY` to `SLOWED_DOWN`; None if nothing is."""
    rest_left_s: float = nan
    """Seconds of rest left; NaN when not resting."""
    camera_hz: float = nan
    """Measured frames per second of the camera."""
    analysed_hz: float = nan
    """Measured frames per second that are analysed."""
    unsaved: int = 0
    """Reps that were announced and are not in the history yet."""


@dataclass(frozen=True, slots=True)
class LiveUpdate:
    """What views and the voice receive after each analysed frame, and regularly while no frames arrive."""

    time_s: float
    """Seconds from the first frame, by the monotonic clock."""
    frame: Frame | None
    """None while the camera delivers no frames."""
    pose: Pose | None
    """None if nobody is found."""
    side: str
    """The leg that is measured, `left` or `right`; empty until somebody has been found."""
    status: SessionStatus
    updates: tuple[Update, ...] = ()
    """Counter updates since the previous live update, already recorded."""
    announcements: tuple[Announcement, ...] = ()
    """Announcements since the previous live update."""
