"""The values of a live session: what is shown and said after one frame. Times are seconds, angles degrees."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from math import nan

from repcount.types import Frame, Phase, Pose, Rep, Update


class Cue(enum.StrEnum):
    """What there is to tell the person on the mat. The words are in `words`, the tones in `voice`."""

    COUNT = "count"
    """A full rep; the number is that of the full reps in this set."""
    HIGHER = "higher"
    ALL_THE_WAY_DOWN = "all the way down"
    SLOWER = "slower"
    LEGS_STRAIGHT = "legs straight"
    LEGS_TOGETHER = "legs together"
    LAST_FIVE = "last five"
    SET_DONE = "set done"
    """The number is that of the full reps in it."""
    REST_SOON_OVER = "rest soon over"
    """The number is that of the seconds left."""
    REST_OVER = "rest over"
    """The number is that of the set that comes."""
    WORKOUT_DONE = "workout done"
    """The number is that of all full reps of the session."""
    DAY_LIMIT = "day limit"
    """The number is the limit."""

    READY = "ready"
    NOBODY = "nobody"
    NOT_LYING = "not lying"
    NOT_STILL = "not still"
    HEAD_OUT = "head out"
    FEET_OUT = "feet out"
    FROM_THE_END = "from the end"
    """The camera looks from the head or the feet."""
    TOO_FAR = "too far"
    TOO_DARK = "too dark"
    TWO_PEOPLE = "two people"

    PAUSED = "paused"
    GOING_ON = "going on"
    RESTARTED = "restarted"
    ADDED = "added"
    """A rep added by hand; the number is the count now, as for COUNT."""
    REMOVED = "removed"

    CAMERA_LOST = "camera lost"
    CAMERA_BUSY = "camera busy"
    CAMERA_REFUSED = "camera refused"
    CAMERA_FROZEN = "camera frozen"
    CAMERA_BACK = "camera back"
    CAMERA_SLOW = "camera slow"
    """The number is that of the frames a second."""
    SLOWED_DOWN = "slowed down"
    """This machine is slow, so fewer frames are analysed; the number is that a second."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """One thing to tell, once, and the number that belongs to it."""

    cue: Cue
    number: int = 0


class Stage(enum.StrEnum):
    """Where in a session the person is."""

    PLACING = "placing"
    """Not ready: nothing counts."""
    COUNTING = "counting"
    REST = "rest"
    PAUSED = "paused"
    DONE = "done"
    """All sets of the plan are done; more reps still count."""
    NO_PICTURE = "no picture"
    """The camera gives none."""


class Command(enum.StrEnum):
    """What a key asks for."""

    QUIT = "quit"
    PAUSE = "pause"
    """And go on again."""
    RESTART = "restart"
    NEXT = "next"
    """The next set."""
    ADD = "add"
    REMOVE = "remove"


KEYS = {
    "q": Command.QUIT,
    " ": Command.PAUSE,
    "r": Command.RESTART,
    "n": Command.NEXT,
    "+": Command.ADD,
    "=": Command.ADD,
    "-": Command.REMOVE,
}
"""The same in the window and in the terminal; `=` is the key of `+` without shift."""


@dataclass(frozen=True, slots=True)
class SessionStatus:
    """Where the workout stands: all that a picture shows beside the picture."""

    stage: Stage
    phase: Phase = Phase.UNKNOWN
    full: int = 0
    """Full reps in this set."""
    partial: int = 0
    """Partial reps in this set."""
    target: int | None = None
    """Full reps asked of this set; None without a plan."""
    set: int = 1
    sets: int | None = None
    """Sets asked; None without a plan."""
    session: int = 0
    """Full reps of the whole session."""
    today: int = 0
    """Full reps of the day, over all sessions."""
    day_limit: int | None = None
    last: Rep | None = None
    """The newest rep, full or partial."""
    lift_deg: float = nan
    """Elevation of the legs now, as the verdict sees it: 0 is flat, 90 upright. NaN: not known."""
    upright_deg: float = nan
    """From here on the legs count as upright."""
    back_deg: float = nan
    """Down to here they have to come to be back."""
    problem: Cue | None = None
    """What is wrong with the placement or the camera, one of `NOBODY` to `CAMERA_SLOW`; None where all is well."""
    rest_left_s: float = nan
    """Seconds of rest left; below 0 when it is over, NaN while there is none."""
    camera_hz: float = nan
    """Frames a second that the camera gives, measured."""
    analysed_hz: float = nan
    """Frames a second that are analysed, measured."""


@dataclass(frozen=True, slots=True)
class LiveUpdate:
    """What live sinks are handed: after each analysed frame, and about once a second while there is none."""

    time_s: float
    """Seconds from the first frame, by the clock that does not jump."""
    frame: Frame | None
    """None while the camera gives none."""
    pose: Pose | None
    side: str
    """`left` or `right`: the leg that counts; empty while nobody is seen."""
    status: SessionStatus
    updates: tuple[Update, ...] = ()
    announcements: tuple[Announcement, ...] = ()
