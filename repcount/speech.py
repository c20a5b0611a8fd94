"""Who may speak now: what is waiting to be said goes in, what is said next comes out. No clock is read here.

A number is never talked over and never waits for anything but another number. What comes too late is not said.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf

from repcount.moment import Cue

NUMBERS = frozenset({Cue.COUNT, Cue.ADDED, Cue.REMOVED})
"""They tell the count as it is now; a newer one makes an older one wrong."""

CUES = frozenset({Cue.HIGHER, Cue.ALL_THE_WAY_DOWN, Cue.SLOWER, Cue.LEGS_STRAIGHT, Cue.LEGS_TOGETHER})
"""What to do better at the next rep."""

_CAMERA = frozenset(
    {
        Cue.CAMERA_LOST,
        Cue.CAMERA_BUSY,
        Cue.CAMERA_REFUSED,
        Cue.CAMERA_FROZEN,
        Cue.CAMERA_BACK,
        Cue.CAMERA_SLOW,
        Cue.SLOWED_DOWN,
    }
)
_PLACEMENT = frozenset(
    {
        Cue.READY,
        Cue.NOBODY,
        Cue.NOT_LYING,
        Cue.NOT_STILL,
        Cue.HEAD_OUT,
        Cue.FEET_OUT,
        Cue.FROM_THE_END,
        Cue.TOO_FAR,
        Cue.TOO_DARK,
        Cue.TWO_PEOPLE,
    }
)
_REST = frozenset({Cue.REST_SOON_OVER, Cue.REST_OVER})
_KEYS = frozenset({Cue.PAUSED, Cue.GOING_ON, Cue.RESTARTED})
_TOPICS = (NUMBERS, CUES, _CAMERA, _PLACEMENT, _REST, _KEYS)
"""Of one topic only the newest waits; what was true before no longer is."""

MUST = _CAMERA | {Cue.SET_DONE, Cue.WORKOUT_DONE, Cue.DAY_LIMIT, Cue.REST_OVER, Cue.READY}
"""What the person waits for or has to know; it is said late rather than not at all."""

CUE_GAP_S = 4.0
"""From one cue to the next. A choice, about one rep: users find a cue every 2-3 s the most they can take."""

LATE_S = 2.0
"""What could not be said in this time is about the past: half a rep of the default tempo. A choice."""

MUST_LATE_S = 15.0
"""The same for what must be said. Only a stopped process gets here. A choice."""

_NEARLY_S = 0.5
"""What is cut off with less than this left has been understood and is not said again. A choice."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """One thing to say."""

    say: Cue
    text: str
    made_s: float
    """When it became true, by the clock of the caller."""


@dataclass(frozen=True, slots=True)
class AnnouncementQueue:
    """What waits to be said."""

    waiting: tuple[Utterance, ...] = ()
    cue_s: float = -inf
    """When the last cue was begun."""


def enqueue(speech: AnnouncementQueue, line: Utterance) -> AnnouncementQueue:
    """`speech` with `line` waiting, too, and without what it makes untrue."""
    kept = (other for other in speech.waiting if not _replaces(line, other))
    return replace(speech, waiting=(*kept, line))


def _replaces(line: Utterance, other: Utterance) -> bool:
    """Cues of one and the same rep stand side by side: the first of them is the one that gets said."""
    if line.say in CUES and line.made_s == other.made_s:
        return False
    return any(line.say in topic and other.say in topic for topic in _TOPICS)


def next_announcement(
    speech: AnnouncementQueue, saying: Utterance | None, left_s: float, now_s: float
) -> tuple[AnnouncementQueue, Utterance | None]:
    """What to begin now, None for nothing; it cuts off what is being said.

    `saying` is being said and takes `left_s` more seconds; None: all is quiet.
    """
    speech = replace(speech, waiting=tuple(line for line in speech.waiting if not _late(line, now_s)))
    first = min(speech.waiting, key=_rank, default=None)
    if first is not None and first.say in CUES and now_s - speech.cue_s < CUE_GAP_S:
        first = min((line for line in speech.waiting if line.say not in CUES), key=_rank, default=None)
    if first is None or (saying and not _cuts(first, saying)):
        return speech, None
    return _begun(speech, first, saying if left_s >= _NEARLY_S else None, now_s), first


def _late(line: Utterance, now_s: float) -> bool:
    return now_s - line.made_s > (MUST_LATE_S if line.say in MUST else LATE_S)


def _rank(line: Utterance) -> int:
    """The number, then what is to be done better about it, then what is left of the set, then all else in turn."""
    order = (line.say in NUMBERS, line.say in CUES, line.say is Cue.LAST_FIVE, True)
    return order.index(True)


def _cuts(line: Utterance, saying: Utterance) -> bool:
    return line.say in NUMBERS and saying.say not in NUMBERS


def _begun(speech: AnnouncementQueue, line: Utterance, cut: Utterance | None, now_s: float) -> AnnouncementQueue:
    waiting = tuple(other for other in speech.waiting if other is not line)
    if cut and cut.say in MUST and not any(_replaces(other, cut) for other in waiting):
        waiting = (cut, *waiting)
    if line.say not in CUES:
        return replace(speech, waiting=waiting)
    return AnnouncementQueue(tuple(other for other in waiting if other.say not in CUES), now_s)


def closing(speech: AnnouncementQueue) -> AnnouncementQueue:
    """What is still said when the session ends: the numbers and what must be said."""
    return replace(speech, waiting=tuple(line for line in speech.waiting if line.say in NUMBERS | MUST))
